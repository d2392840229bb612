//! A model of your own: a plain struct, one line of `module!`, a schedule, and its weights saved and loaded.
//!
//! Two interleaved spirals are told apart by a residual network with batch norm and dropout.
//! `cargo run --release --example custom_model`

use firebrand::data::{DataLoader, Subset, TensorDataset, random_split_fractions};
use firebrand::nn::{self, BatchNorm1d, Dropout, Linear, Module};
use firebrand::optim::{AdamW, CosineAnnealingLR, Optimizer, Scheduler};
use firebrand::{self as torch, Device, Tensor, no_grad};
use std::error::Error;

/// Points of each spiral.
const POINTS: usize = 500;
const EPOCHS: u64 = 40;

/// `x + dropout(relu(norm(W·x + b)))`
struct Block {
    linear: Linear,
    norm: BatchNorm1d,
    dropout: Dropout,
}
nn::module!(Block { linear, norm, dropout }, |m, x| {
    x + m.dropout.forward(&m.norm.forward(&m.linear.forward(x)).relu())
});

impl Block {
    fn new(width: usize, device: &Device) -> Self {
        let (linear, norm) = (Linear::new(width, width, device), BatchNorm1d::new(width, device));
        Block { linear, norm, dropout: Dropout::new(0.1) }
    }
}

/// Two coordinates in, two scores out.
struct Spirals {
    enter: Linear,
    first: Block,
    second: Block,
    leave: Linear,
}
nn::module!(Spirals { enter, first, second, leave }, |m, x| {
    let x = m.enter.forward(x).relu();
    m.leave.forward(&m.second.forward(&m.first.forward(&x)))
});

impl Spirals {
    fn new(width: usize, device: &Device) -> Self {
        Spirals {
            enter: Linear::new(2, width, device),
            first: Block::new(width, device),
            second: Block::new(width, device),
            leave: Linear::new(width, 2, device),
        }
    }
}

/// Batches of points and spirals.
type Loader = DataLoader<Subset<TensorDataset<(Tensor, Tensor)>>>;

fn main() -> Result<(), Box<dyn Error>> {
    torch::manual_seed(0);
    let device = torch::device();
    let parts = random_split_fractions(&TensorDataset::new(spirals()), &[0.8, 0.2], None);
    let train = DataLoader::new(parts[0].clone(), 32).shuffle(true);
    let test = DataLoader::new(parts[1].clone(), 200);

    let model = Spirals::new(64, &device);
    println!("{model}\n{} parameters\n", model.num_params());
    let mut optimizer = AdamW::new(model.parameters(), 1e-2);
    let mut schedule = CosineAnnealingLR::new(&mut optimizer, EPOCHS, 0.0);
    for epoch in 1..=EPOCHS {
        let mut total = torch::zeros(());
        for (points, spiral) in &train {
            optimizer.zero_grad();
            let loss = model.forward(&points).cross_entropy(&spiral);
            loss.backward();
            optimizer.step();
            total = total + loss.detach();
        }
        schedule.step(&mut optimizer);
        if epoch % 10 == 0 {
            let mean = total.item::<f32>() / train.len() as f32;
            println!("epoch {epoch:2}  loss {mean:.4}  test accuracy {:.1} %", accuracy(&model, &test));
        }
    }

    // The weights by name, to a file in PyTorch's format and back into a fresh model.
    let path = std::env::temp_dir().join("firebrand-spirals.pt");
    torch::save(model.state_dict(), &path)?;
    let copy = Spirals::new(64, &device);
    copy.load_state_dict(&torch::load(&path)?.state_dict()?, true)?;
    std::fs::remove_file(&path)?;
    println!("saved, loaded again: test accuracy {:.1} %", accuracy(&copy, &test));
    Ok(())
}

/// Points `[2·POINTS, 2]` and which spiral each is on.
fn spirals() -> (Tensor, Tensor) {
    let turn = torch::linspace(0.25, 1.0, POINTS) * (3.0 * std::f64::consts::PI);
    let arm = |angle: f64| torch::stack(&[(&turn + angle).cos() * &turn, (&turn + angle).sin() * &turn], 1);
    let points = torch::cat(&[arm(0.0), arm(std::f64::consts::PI)], 0) / 10.0;
    let noise = torch::randn([2 * POINTS, 2]) * 0.02;
    let spiral = torch::cat(&[torch::full(POINTS, 0), torch::full(POINTS, 1)], 0);
    (points + noise, spiral)
}

/// Percent of points told right.
fn accuracy(model: &Spirals, points: &Loader) -> f32 {
    model.eval();
    let (mut right, mut count) = (0.0, 0);
    for (points, spiral) in points {
        right += no_grad(|| model.forward(&points).argmax_dim(1, false).eq(&spiral).sum()).item::<f32>();
        count += spiral.numel();
    }
    model.train();
    100.0 * right / count as f32
}
