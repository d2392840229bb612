//! PyTorch 2.15's training runs on MNIST, loss by loss.

use autograd::{Tensor, no_grad};
use data::{DataLoader, Dataset, Mnist, MnistFiles, Subset};
use nn::optim::{Adam, AdamW, Optimizer, Sgd};
use nn::{Dropout, Linear, Module, ReLU, Sequential};
use parity::{cases, fnv1a64};
use serde_json::Value;
use tensor_core::DType;
use tensor_core::random::{default_generator, manual_seed};

/// The numbers in the parentheses of `Linear(784,128)`, `Dropout(0.2)`, `SGD(lr=0.003, momentum=0.9)`.
fn numbers(text: &str) -> Vec<f64> {
    let inside = text.split_once('(').map_or("", |(_, rest)| rest.trim_end_matches(')'));
    let number = |part: &str| part.rsplit('=').next().and_then(|n| n.trim().parse().ok());
    inside.split(',').filter_map(number).collect()
}

/// The network that a text describes; `None` when it has a layer that Firebrand lacks.
fn build(text: &str) -> Option<Sequential> {
    let mut model = Sequential::new(Vec::new());
    for layer in text.split_whitespace() {
        let n = numbers(layer);
        match layer.split('(').next().expect("a name") {
            "Linear" => model.push(Linear::new(n[0] as usize, n[1] as usize, &backend_cpu::device())),
            "ReLU" => model.push(ReLU),
            "Dropout" => model.push(Dropout::new(n[0])),
            "Conv2d" | "MaxPool2d" | "Flatten" => return None,
            other => panic!("layer {other}"),
        }
    }
    Some(model)
}

fn optimizer(text: &str, params: Vec<Tensor>) -> Box<dyn Optimizer> {
    let n = numbers(text);
    match text.split('(').next().expect("a name") {
        "SGD" => Box::new(Sgd::new(params, n[0]).momentum(n.get(1).copied().unwrap_or(0.0))),
        "Adam" => Box::new(Adam::new(params, n[0])),
        "AdamW" => Box::new(AdamW::new(params, n[0])),
        other => panic!("optimizer {other}"),
    }
}

fn range(value: &Value) -> Vec<i64> {
    let [start, count] = [0, 1].map(|i| value[i].as_i64().expect("a number"));
    (start..start + count).collect()
}

fn correct(model: &Sequential, test: &Subset<Mnist>, count: usize) -> i64 {
    model.eval();
    let dtype = model.parameters()[0].dtype();
    let batch = test.batch(&(0..count as i64).collect::<Vec<_>>());
    let hits = no_grad(|| model.forward(&batch.0.to_dtype(dtype)).argmax_dim(1, false).eq(&batch.1))
        .to_vec::<bool>();
    model.train();
    hits.into_iter().filter(|&hit| hit).count() as i64
}

/// In `mlp_sgd` a ReLU's input lands within rounding of its switch at step 47, and from there the curve
/// runs beside PyTorch's: the shift of 1e-4 to 1e-3 that SPEC §12 (e) tells of. In double precision, where
/// nothing is that near, the same run follows PyTorch's to the last digit it gives.
const SWITCHED: f64 = 1e-3;

/// Turns a network's parameters into doubles.
fn to_double(model: &mut dyn Module) {
    for t in model.tensors_mut() {
        *t = t.detach().to_dtype(DType::F64).into_parameter();
    }
    model.children_mut().into_iter().for_each(to_double);
}

/// A whole run held against its fixture: initial weights bit for bit, the order of items, every loss,
/// the accuracy after each epoch, the generator at the end.
fn run(case: &Value, files: &MnistFiles, double: bool) {
    let id = case["id"].as_str().expect("an id");
    let pre = &case["preprocessing"];
    let (mean, std) = (pre["mean"].as_f64().unwrap_or(0.0), pre["std"].as_f64().unwrap_or(1.0));
    let cpu = backend_cpu::device();
    let part = |whole: Mnist, key: &str| Subset { dataset: whole, indices: range(&case[key]) };
    let train = part(files.train(mean as f32, std as f32, &cpu), "train_images");
    let test = part(files.test(mean as f32, std as f32, &cpu), "test_images");
    let tests = test.len();

    manual_seed(case["seed"].as_i64().expect("a seed"));
    let mut model = build(case["model"].as_str().expect("a model")).expect("layers that are there");
    for (name, t) in model.named_parameters() {
        let bytes = t.to_vec::<f32>().into_iter().flat_map(f32::to_le_bytes);
        let sum = format!("{:016x}", fnv1a64(bytes));
        assert_eq!(sum, case["init"][&name]["fnv1a64"], "{id}: initial {name}");
    }
    if double {
        to_double(&mut model);
    }
    let dtype = model.parameters()[0].dtype();
    let mut opt = optimizer(case["optimizer"].as_str().expect("an optimizer"), model.parameters());
    let loader = DataLoader::new(train, case["batch_size"].as_u64().expect("a size") as usize).shuffle(true);
    let key = if double { "losses_f64" } else { "losses" };
    let losses: Vec<f64> =
        case[key].as_array().expect("losses").iter().map(|l| l.as_f64().expect("a loss")).collect();
    let tolerance = &case["tolerance"];
    let allowed = |step: usize| match step {
        _ if double => 1e-7,
        0..50 => tolerance["loss_first_50"].as_f64().expect("a tolerance"),
        _ if id == "mlp_sgd" => SWITCHED,
        _ => tolerance["loss_all"].as_f64().expect("a tolerance"),
    };
    let (mut step, mut worst) = (0, 0.0f64);
    for epoch in 0..case["epochs"].as_u64().expect("epochs") as usize {
        for batch in &loader {
            let loss = model.forward(&batch.0.to_dtype(dtype)).cross_entropy(&batch.1);
            opt.zero_grad();
            loss.backward();
            opt.step();
            let off = (loss.item::<f64>() - losses[step]).abs();
            let allowed = allowed(step);
            assert!(off <= allowed, "{id}: loss {step} is off by {off:e}, not within {allowed:e}");
            (step, worst) = (step + 1, worst.max(off));
        }
        let (got, want) =
            (correct(&model, &test, tests), case["test_correct"][epoch].as_i64().expect("a count"));
        let slack = case["tolerance"]["test_correct"].as_i64().expect("a slack");
        assert!((got - want).abs() <= slack, "{id}: {got} of {tests} after epoch {epoch}, not {want}");
    }
    assert_eq!(step, losses.len(), "{id}: steps");
    let (left, next, cached) = default_generator().position();
    let after = &case["rng_after"];
    assert_eq!(
        (Some(left.into()), Some(next as u64)),
        (after["left"].as_i64(), after["next"].as_u64()),
        "{id}"
    );
    assert_eq!(cached.is_none(), after["cached_normal"].is_null(), "{id}");
    assert_eq!(serde_json::json!(default_generator().words(4)), after["next_u32"], "{id}: draws");
    println!("{id}: {step} losses within {worst:e}");
}

#[test]
fn runs_follow_pytorchs() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");
    let files = MnistFiles::from_dir(folder).expect("MNIST");
    let mut ran = Vec::new();
    for case in cases("training.json") {
        manual_seed(0);
        if build(case["model"].as_str().expect("a model")).is_none() {
            println!("{} has layers that are not there yet", case["id"]);
            continue;
        }
        run(&case, &files, false);
        if case["id"] == "mlp_sgd" {
            run(&case, &files, true);
        }
        ran.push(case["id"].as_str().expect("an id").to_string());
    }
    for id in ["mlp_sgd", "mlp_adam", "quickstart_sgd", "mlp_dropout_adamw"] {
        assert!(ran.iter().any(|r| r == id), "{id} must run");
    }
}
