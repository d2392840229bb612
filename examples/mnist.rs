//! MNIST, from a look at the data to a trained network: PyTorch's first tutorial in one page.
//!
//! `cargo run --release --example mnist` trains on the data embedded here; `--help` lists the choices.
//! `examples/pytorch/mnist.py` is the same in PyTorch; `docs/parity.md` shows what both print.

use clap::Parser;
use firebrand::data::{DataLoader, Dataset, Mnist, MnistFiles};
use firebrand::nn::{Linear, Module, ReLU, Sequential};
use firebrand::optim::{Adam, Optimizer, Sgd};
use firebrand::{self as torch, DType, Device, Tensor, no_grad};
use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

/// Trains a feed-forward network on MNIST.
#[derive(Parser)]
struct Args {
    /// Folder of the four MNIST files; the embedded ones if absent
    #[arg(long)]
    data: Option<PathBuf>,
    /// Sizes of the hidden layers
    #[arg(long, default_value = "128,64", value_delimiter = ',')]
    hidden: Vec<usize>,
    /// Images per step
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    /// Passes over the training set
    #[arg(long, default_value_t = 15)]
    epochs: usize,
    /// Optimizer
    #[arg(long, default_value = "sgd", value_parser = ["sgd", "adam"])]
    opt: String,
    /// Learning rate
    #[arg(long, default_value_t = 0.003)]
    lr: f64,
    /// Computes in double precision, on the CPU: PyTorch's every digit
    #[arg(long)]
    double: bool,
    /// Seed of the random numbers
    #[arg(long, default_value_t = 0)]
    seed: i64,
    /// Steps per epoch; 0 for all
    #[arg(long, default_value_t = 0)]
    steps: usize,
    /// Device: cpu, wgpu, wgpu:1 or part of a GPU's name; the default one if absent
    #[arg(long)]
    device: Option<String>,
    /// Threads; 0 for all cores
    #[arg(long, default_value_t = 0)]
    threads: usize,
    /// File for one line of JSON with the measurements
    #[arg(long)]
    json: Option<PathBuf>,
}

fn main() {
    if let Err(error) = run(&Args::parse()) {
        eprintln!("error: {error}");
        std::process::exit(1);
    }
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    if args.threads > 0 {
        torch::set_num_threads(args.threads);
    }
    let device = match &args.device {
        Some(name) => torch::device_of(name)?,
        None => torch::device(),
    };
    let files = match &args.data {
        Some(folder) => MnistFiles::from_dir(folder)?,
        None => MnistFiles::from_bytes([
            include_bytes!("../data/mnist/train-images-idx3-ubyte.gz"),
            include_bytes!("../data/mnist/train-labels-idx1-ubyte.gz"),
            include_bytes!("../data/mnist/t10k-images-idx3-ubyte.gz"),
            include_bytes!("../data/mnist/t10k-labels-idx1-ubyte.gz"),
        ])?,
    };
    let (train, test) = (files.train(0.5, 0.5, &device), files.test(0.5, 0.5, &device));
    look(&train);

    torch::manual_seed(args.seed);
    let mut model = network(&args.hidden, &device);
    let dtype = if args.double { DType::F64 } else { DType::F32 };
    if !device.supports(dtype) {
        return Err(format!("{device} has no double precision; --double is for --device cpu").into());
    }
    if args.double {
        model.to_dtype(dtype);
    }
    println!("{model}\n{} parameters\n", model.num_params());
    let mut optimizer: Box<dyn Optimizer> = match args.opt.as_str() {
        "adam" => Box::new(Adam::new(model.parameters(), args.lr)),
        _ => Box::new(Sgd::new(model.parameters(), args.lr).momentum(0.9)),
    };

    let loader = DataLoader::new(train, args.batch as usize).shuffle(true);
    let (mut times, mut mean_loss) = (Vec::new(), 0.0);
    let (mut correct, count) = (0, test.len());
    for epoch in 1..=args.epochs {
        let clock = Instant::now();
        let mut total = Tensor::zeros((), (dtype, &device));
        let mut steps = 0;
        for (images, labels) in &loader {
            optimizer.zero_grad();
            let loss = model.forward(&images.to_dtype(dtype)).cross_entropy(&labels);
            loss.backward();
            optimizer.step();
            total = total + loss.detach();
            steps += 1;
            if args.steps > 0 && steps == args.steps {
                break;
            }
        }
        mean_loss = total.item::<f64>() / steps as f64;
        let seconds = clock.elapsed().as_secs_f64();
        times.push(seconds / steps as f64 * 1e3);
        correct = evaluate(&model, &test, dtype);
        println!(
            "epoch {epoch:2}  loss {mean_loss:.digits$}  test accuracy {:.2} %  {seconds:.2} s",
            100.0 * correct as f64 / count as f64,
            digits = if args.double { 10 } else { 4 }
        );
    }
    if args.epochs == 0 {
        correct = evaluate(&model, &test, dtype);
    }
    if let Some(path) = &args.json {
        let hidden: Vec<String> = args.hidden.iter().map(usize::to_string).collect();
        let line = serde_json::json!({
            "peer": format!("firebrand {}", env!("CARGO_PKG_VERSION")),
            "backend": device.name(), "threads": torch::num_threads(), "hidden": hidden.join(","),
            "batch": args.batch, "opt": args.opt, "ms_per_step": times, "loss": mean_loss,
            "acc": correct as f64 / count as f64,
        });
        std::fs::write(path, format!("{line}\n")).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    let accuracy = 100.0 * correct as f64 / count as f64;
    println!("test accuracy {accuracy:.2} % ({correct}/{count}) in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// 784 pixels, the hidden layers with ReLU, ten scores.
fn network(hidden: &[usize], device: &Device) -> Sequential {
    let mut model = Sequential::default();
    let mut inputs = 784;
    for &size in hidden {
        model.push(Linear::new(inputs, size, device));
        model.push(ReLU);
        inputs = size;
    }
    model.push(Linear::new(inputs, 10, device));
    model
}

/// The first digit as text, and how many images each class has.
fn look(train: &Mnist) {
    let label = train.labels().to_vec::<i32>()[0];
    println!("{} training images; the first is a {label}:", train.len());
    for row in train.pixels().select(0, 0).to_vec::<u8>().chunks(28) {
        let shades: String =
            row.iter().map(|&v| [' ', '░', '▒', '▓', '█'][usize::from(v) * 4 / 255]).collect();
        println!("  {}", shades.trim_end());
    }
    println!("images per class: {:?}\n", train.class_counts());
}

/// Right answers on the test set.
fn evaluate(model: &Sequential, test: &Mnist, dtype: DType) -> usize {
    model.eval();
    let all: Vec<i64> = (0..test.len() as i64).collect();
    let (images, labels) = test.batch(&all);
    let correct = no_grad(|| model.forward(&images.to_dtype(dtype)).argmax_dim(1, false).eq(&labels).sum());
    model.train();
    correct.item::<i32>() as usize
}
