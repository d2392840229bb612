//! A network trained in PyTorch, moved over: its weights are read from the file that `torch.save` wrote,
//! its logits are PyTorch's, and what is saved here PyTorch reads.
//!
//! `cargo run --release --example from_pytorch -- [FILE TO WRITE]`

use firebrand::nn::{self, BatchNorm2d, Conv2d, Flatten, Linear, MaxPool2d, Module, ReLU};
use firebrand::{self as torch, formats, no_grad};
use std::error::Error;

/// Files that PyTorch 2.15 wrote: the network's state dict, and an input with the logits of it.
const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/parity");

fn main() -> Result<(), Box<dyn Error>> {
    let device = torch::device();
    // The same layers in the same order, so the names are the same: 0.weight, 0.bias, 1.weight, …
    let model = nn::seq![
        Conv2d::new(1, 4, 3, &device),
        BatchNorm2d::new(4, &device),
        ReLU,
        MaxPool2d::new(2),
        Flatten::default(),
        Linear::new(676, 10, &device),
    ];
    println!("{}", model.repr());

    let state = torch::load(format!("{FILES}/cnn_state.pt"))?.state_dict()?;
    model.load_state_dict(&state, true)?;
    for (name, tensor) in &state {
        println!("  {name}: {} {}", tensor.shape(), tensor.dtype());
    }

    model.eval();
    let io = formats::safetensors::load_file(format!("{FILES}/cnn_io.safetensors"), &device)?;
    let logits = no_grad(|| model.forward(&io["input"]));
    println!("logits here:\n{logits}\nlogits of PyTorch:\n{}", io["logits"]);
    let difference = (&logits - &io["logits"]).abs().max().item::<f32>();
    println!("largest difference {difference:e}");
    if difference > 1e-5 {
        return Err("the logits are not PyTorch's".into());
    }
    if logits.argmax_dim(1, false).to_vec::<i32>() != io["prediction"].to_vec::<i32>() {
        return Err("the predictions are not PyTorch's".into());
    }

    let default = std::env::temp_dir().join("from_firebrand.pt");
    let path = std::env::args_os().nth(1).map_or(default, Into::into);
    torch::save(model.state_dict(), &path)?;
    println!("wrote it again: torch.load({path:?}, weights_only=True)");
    Ok(())
}
