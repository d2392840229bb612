//! `training.json`: whole training runs on MNIST: the initial parameters, the loader's orders, the
//! first step, every loss, the accuracy, the parameters' norms and the generator at the end.

use super::rng::state_is;
use super::{Fixture, Outcome, Tally, id, list};
use crate::fixture::{element_bytes, f32s, fnv1a64, sizes};
use crate::modules::ModuleRef;
use crate::python::{Session, Value};
use crate::registry::lookup;
use autograd::{Tensor, no_grad};
use data::{DataLoader, Dataset, MnistFiles};
use firebrand::{default_generator, device, manual_seed};
use nn::Module;
use serde_json::Value as Json;
use std::path::PathBuf;
use tensor_core::random::Generator;

/// The folder of MNIST's files: `FIREBRAND_MNIST_DIR`, else the repository's own.
fn mnist() -> Result<MnistFiles, String> {
    let folder = std::env::var_os("FIREBRAND_MNIST_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist")),
        PathBuf::from,
    );
    MnistFiles::from_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))
}

/// Runs every training run.
pub(super) fn run(fixture: &Fixture, tally: &mut Tally) {
    for case in list(&fixture.json, "cases") {
        tally.case(id(case), || train(case));
    }
}

/// Images as PyTorch's `ToTensor` and `Normalize` give them, with their labels.
#[derive(Clone)]
struct Images {
    pixels: Tensor,
    labels: Tensor,
}

impl Images {
    /// A range of a file's images: u8/255, minus the mean, divided by the deviation, in single precision.
    fn new(images: &[u8], labels: &[u8], range: &Json, prep: &Json, flat: bool) -> Result<Self, String> {
        let [start, count] = sizes(range)[..] else { return Err("a range is [start, count]".into()) };
        let (mean, std) = (prep["mean"].as_f64(), prep["std"].as_f64());
        let pixel = |&p: &u8| {
            let unit = f32::from(p) / 255.0;
            match (mean, std) {
                (Some(mean), Some(std)) => (unit - mean as f32) / std as f32,
                _ => unit,
            }
        };
        let pixels: Vec<f32> = images[start * 784..(start + count) * 784].iter().map(pixel).collect();
        let pixels = Tensor::from_vec(pixels, [count, 784], &device());
        let pixels = if flat { pixels } else { pixels.reshape([-1, 1, 28, 28]) };
        let labels = labels[start..start + count].iter().map(|&l| i32::from(l)).collect();
        Ok(Images { pixels, labels: Tensor::from_vec(labels, count, &device()) })
    }
}

impl Dataset for Images {
    type Batch = (Vec<i64>, Tensor, Tensor);
    fn len(&self) -> usize {
        self.labels.numel()
    }
    fn batch(&self, indices: &[i64]) -> Self::Batch {
        let index: Vec<i32> = indices.iter().map(|&i| i as i32).collect();
        let index = Tensor::from_vec(index, indices.len(), &device());
        (indices.to_vec(), self.pixels.index_select(0, &index), self.labels.index_select(0, &index))
    }
}

/// `Linear(784,128) ReLU …` as PyTorch writes it: `nn.Sequential(nn.Linear(784,128), nn.ReLU(), …)`.
pub(super) fn sequential(model: &str) -> String {
    let layers = model
        .split_whitespace()
        .map(|layer| if layer.ends_with(')') { format!("nn.{layer}") } else { format!("nn.{layer}()") });
    format!("nn.Sequential({})", layers.collect::<Vec<_>>().join(", "))
}

fn close(what: &str, got: f64, want: f64, tolerance: f64) -> Outcome {
    if (got - want).abs() <= tolerance {
        return Ok(());
    }
    Err(format!(
        "{what}: {got}, expected {want} (off by {:.1e}, allowed {tolerance:.0e})",
        (got - want).abs()
    ))
}

fn initial(model: &dyn Module, want: &Json) -> Outcome {
    let named = model.named_parameters();
    if named.len() != want.as_object().map_or(0, |m| m.len()) {
        return Err(format!("{} parameters, expected {want}", named.len()));
    }
    for (name, t) in named {
        let host = t.to_host().map_err(|e| e.to_string())?;
        let sum = format!("{:016x}", fnv1a64(element_bytes(&host)));
        if want[&name]["fnv1a64"].as_str() != Some(&sum) {
            return Err(format!("initial {name}: checksum {sum}, expected {}", want[&name]["fnv1a64"]));
        }
    }
    Ok(())
}

fn order_is(epoch: usize, order: &[i64], want: &Json) -> Outcome {
    let holds = if let Some(full) = want.as_array() {
        full.iter().map(Json::as_i64).eq(order.iter().copied().map(Some))
    } else {
        let sum = format!("{:016x}", fnv1a64(order.iter().flat_map(|i| i.to_le_bytes())));
        want["fnv1a64"].as_str() == Some(&sum)
    };
    if holds { Ok(()) } else { Err(format!("epoch {epoch}: the loader's order differs")) }
}

fn first_step(model: &dyn Module, logits: &Tensor, want: &Json) -> Outcome {
    let row = logits.select(0, 0).to_vec::<f32>();
    for (k, (got, want)) in row.iter().zip(f32s(&want["logits_row0"])).enumerate() {
        close(&format!("first step, logit {k}"), f64::from(*got), f64::from(want), 2e-5)?;
    }
    for (name, p) in model.named_parameters() {
        let norm = p.grad().ok_or_else(|| format!("no gradient at {name}"))?.norm(2.0).item::<f64>();
        let want =
            want["grads"][&name]["norm"].as_f64().ok_or_else(|| format!("no gradient norm of {name}"))?;
        close(&format!("first step, gradient norm of {name}"), norm, want, 1e-6 + 2e-5 * want)?;
    }
    Ok(())
}

/// How far losses may be off on another device than the CPU: in the first 20 steps, and later. Sums in another
/// order flip the sign of some unit's sum that is all but zero, and from there on two runs part.
const DEVICE_LOSS: [f64; 2] = [1e-3, 5e-2];
/// How far an epoch's end may be off there: the norms of parameters, relative, and the share of test images.
const DEVICE_NORM: f64 = 1e-3;
const DEVICE_CORRECT: f64 = 0.01;

/// Where losses part: the first 50 steps are held tighter, on another device the first 20.
fn tolerance(case: &Json, step: usize) -> f64 {
    if device() != firebrand::cpu() {
        return DEVICE_LOSS[usize::from(step >= 20)];
    }
    let stated = &case["tolerance"][if step < 50 { "loss_first_50" } else { "loss_all" }];
    stated.as_f64().unwrap_or(2e-5)
}

fn train(case: &Json) -> Outcome {
    let text = |key: &str| case[key].as_str().ok_or_else(|| format!("no {key}"));
    let loss_name = text("loss")?;
    let criterion = lookup("F", loss_name).ok_or_else(|| format!("loss {loss_name} is not known"))?;
    let files = mnist()?;
    let flat = text("model")?.starts_with("Linear");
    let prep = &case["preprocessing"];
    let (images, labels) = (&files.train_images.bytes, &files.train_labels.bytes);
    let train = Images::new(images, labels, &case["train_images"], prep, flat)?;
    let (images, labels) = (&files.test_images.bytes, &files.test_labels.bytes);
    let test = Images::new(images, labels, &case["test_images"], prep, flat)?;

    let mut session = Session::new();
    manual_seed(case["seed"].as_i64().ok_or("no seed")?);
    let model = session.eval(&sequential(text("model")?)).map_err(|e| e.to_string())?;
    let Value::Module(module) = &model else { return Err("not a module".into()) };
    let module: ModuleRef = module.clone();
    initial(module.get(), &case["init"])?;
    session.set("model", model.clone());
    let with_parameters = text("optimizer")?.replacen('(', "(model.parameters(), ", 1);
    let optimizer = session.eval(&format!("optim.{with_parameters}")).map_err(|e| e.to_string())?;
    let Value::Optimizer(optimizer) = optimizer else { return Err("not an optimizer".into()) };
    let loader = DataLoader::new(train, case["batch_size"].as_u64().ok_or("no batch_size")? as usize)
        .shuffle(case["shuffle"].as_bool() != Some(false))
        .drop_last(case["drop_last"].as_bool() == Some(true));

    let on_cpu = device() == firebrand::cpu();
    let losses = list(case, "losses");
    let mut step = 0;
    for epoch in 0..case["epochs"].as_u64().ok_or("no epochs")? as usize {
        let ahead = Generator::new();
        ahead.set_state(&default_generator().get_state()).map_err(|e| e.to_string())?;
        let (seed, want) = (ahead.random_i64(), case["base_seeds"][epoch].as_i64());
        if Some(seed) != want {
            return Err(format!("epoch {epoch}: base seed {seed}, expected {want:?}"));
        }
        module.get().train();
        let mut order = Vec::new();
        for (indices, x, y) in &loader {
            order.extend(indices);
            let logits = module.forward(&x);
            let loss = criterion.call(&[logits.clone().into(), y.into()], &[]).map_err(|e| e.to_string())?;
            let Value::Tensor(loss) = loss else { return Err("the loss is not a Tensor".into()) };
            optimizer.borrow().zero_grad();
            loss.backward();
            if step == 0 {
                first_step(module.get(), &logits, &case["first_step"])?;
            }
            let want = losses.get(step).and_then(Json::as_f64).ok_or("fewer losses than steps")?;
            close(&format!("loss of step {step}"), loss.item::<f64>(), want, tolerance(case, step))?;
            optimizer.borrow_mut().step();
            step += 1;
        }
        order_is(epoch, &order, &case["orders"][epoch])?;
        module.get().eval();
        let correct: i64 =
            no_grad(|| module.forward(&test.pixels).argmax_dim(1, false).eq(&test.labels).sum()).item();
        let want = case["test_correct"][epoch].as_f64().ok_or("no test_correct")?;
        let stated = case["tolerance"]["test_correct"].as_f64().unwrap_or(1.0);
        let allowed = if on_cpu { stated } else { DEVICE_CORRECT * test.labels.numel() as f64 };
        close(&format!("epoch {epoch}, correct test images"), correct as f64, want, allowed)?;
        for (name, p) in module.get().named_parameters() {
            let want = case["param_norms_after_epoch"][epoch][&name]
                .as_f64()
                .ok_or_else(|| format!("no norm of {name}"))?;
            close(
                &format!("epoch {epoch}, norm of {name}"),
                p.detach().norm(2.0).item(),
                want,
                if on_cpu { 1e-4 } else { DEVICE_NORM } * (1.0 + want),
            )?;
        }
    }
    if step != losses.len() {
        return Err(format!("{step} steps, expected {}", losses.len()));
    }
    state_is(&case["rng_after"])
}
