//! Checkpoints: how far an optimizer, a schedule and the generator are, as values that [`save`](crate::save) writes.
//!
//! An optimizer's state has PyTorch's own form and names, so that either reads the other's: numbered parameters under
//! `state`, settings under `param_groups`. What PyTorch keeps although it follows from the steps (NAdam's
//! `mu_product`, ASGD's `eta` and `mu`) is written for it, and passed over in reading.

use crate::cpu;
use autograd::Tensor;
use formats::{Dict, Value};
use nn::optim::{Config, GroupState, OptimState, ParamState, SchedulerState};
use tensor_core::random::default_generator;
use tensor_core::{Error, Result};

/// A state that can stand in a checkpoint.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use firebrand::formats::{Dict, Value};
/// use firebrand::nn::{Linear, Module};
/// use firebrand::optim::{Adam, CosineAnnealingLR, OptimState, Optimizer, Scheduler, SchedulerState};
/// use firebrand::{self as torch, Checkpoint};
/// let model = Linear::new(2, 1, &torch::device());
/// let mut optimizer = Adam::new(model.parameters(), 1e-3);
/// let mut schedule = CosineAnnealingLR::new(&mut optimizer, 10, 0.0);
/// let path = std::env::temp_dir().join("firebrand-doc-checkpoint.pt");
///
/// let mut checkpoint = Dict::new();
/// checkpoint.insert("epoch", 3);
/// checkpoint.insert("model", model.state_dict());
/// checkpoint.insert("optimizer", optimizer.state_dict().to_value());
/// checkpoint.insert("schedule", schedule.state_dict().to_value());
/// checkpoint.insert("rng", torch::get_rng_state());
/// torch::save(checkpoint, &path)?;
///
/// let checkpoint = torch::load(&path)?;
/// let part = |name: &str| checkpoint.get(name).ok_or(format!("no {name}"));
/// model.load_state_dict(&part("model")?.state_dict()?, true)?;
/// optimizer.load_state_dict(&OptimState::from_value(part("optimizer")?)?)?;
/// schedule.load_state_dict(&SchedulerState::from_value(part("schedule")?)?)?;
/// torch::set_rng_state(part("rng")?.as_tensor().ok_or("no tensor")?)?;
/// # std::fs::remove_file(path)?;
/// # Ok(())
/// # }
/// ```
pub trait Checkpoint: Sized {
    /// As plain values.
    fn to_value(&self) -> Value;
    /// What [`Checkpoint::to_value`] wrote, or PyTorch.
    ///
    /// # Errors
    /// When something is missing or is of another kind, with its name.
    fn from_value(value: &Value) -> Result<Self>;
}

fn wrong(name: &str, problem: impl std::fmt::Display) -> Error {
    Error::Invalid(format!("checkpoint: {name} {problem}"))
}

/// The part of a name, converted.
fn part<'a, T>(value: &'a Value, name: &str, convert: impl Fn(&'a Value) -> Option<T>) -> Result<T> {
    let found = value.get(name).ok_or_else(|| wrong(name, "is missing"))?;
    convert(found).ok_or_else(|| wrong(name, format!("is not what it should be, but {}", found.kind())))
}

/// A setting's text as a value.
fn setting(text: &str) -> Value {
    match text {
        "None" => Value::None,
        "True" => true.into(),
        "False" => false.into(),
        _ => match (text.parse::<f64>(), text.strip_prefix('(').and_then(|t| t.strip_suffix(')'))) {
            (Ok(number), _) => number.into(),
            (_, Some(inside)) => Value::Tuple(inside.split(", ").map(setting).collect()),
            _ => text.into(),
        },
    }
}

/// What PyTorch lists among an optimizer's settings, and is about its kernels alone.
const OF_KERNELS: [&str; 4] = ["capturable", "differentiable", "foreach", "fused"];

impl<C: Config + Default> Checkpoint for OptimState<C> {
    fn to_value(&self) -> Value {
        let (mut state, mut groups) = (Dict::new(), Vec::new());
        let mut first = 0;
        for GroupState { config, initial_lr, params } in &self.groups {
            let mut entries: Dict =
                config.settings().into_iter().map(|(name, text)| (name, setting(&text))).collect();
            if let Some(lr) = initial_lr {
                entries.insert("initial_lr", *lr);
            }
            let numbers = first..first + params;
            entries.insert("params", numbers.clone().map(|number| number as i64).collect::<Vec<_>>());
            groups.push(Value::from(entries));
            for number in numbers {
                if let Some(Some(param)) = self.params.get(number) {
                    state.insert(number as i64, of_param(param, config));
                }
            }
            first += params;
        }
        let mut all = Dict::new();
        all.insert("state", state);
        all.insert("param_groups", groups);
        all.into()
    }

    fn from_value(value: &Value) -> Result<Self> {
        let state = part(value, "state", Value::as_dict)?;
        let mut all = OptimState { groups: Vec::new(), params: Vec::new() };
        for group in part(value, "param_groups", Value::as_slice)? {
            let mut config = C::default();
            for (name, _) in config.settings() {
                let Some(given) = group.get(name).filter(|_| !OF_KERNELS.contains(&name)) else { continue };
                if !config.set(name, &given.to_string()) {
                    return Err(wrong(name, format!("cannot be {given}")));
                }
            }
            let numbers = part(group, "params", Value::as_slice)?;
            for number in numbers {
                let number = number.as_i64().ok_or_else(|| wrong("params", "are not numbers"))?;
                all.params.push(state.get(number).map(|param| to_param(param, &config)).transpose()?);
            }
            let initial_lr = group.get("initial_lr").and_then(Value::as_f64);
            all.groups.push(GroupState { config, initial_lr, params: numbers.len() });
        }
        Ok(all)
    }
}

/// The name under which ASGD's last rate is kept, which PyTorch keeps in `eta` instead.
const LAST_LR: &str = "last_lr";

fn of_param<C: Config>(param: &ParamState, config: &C) -> Dict {
    let mut entries = Dict::new();
    entries.insert("step", Tensor::full((), param.step as f64, &cpu()));
    for (name, tensor) in config.state_names().iter().zip(&param.tensors) {
        entries.insert(*name, tensor);
    }
    for (name, number) in config.derived(param.step, param.lr.unwrap_or(config.lr())) {
        entries.insert(name, Tensor::full((), number, &cpu()));
    }
    if let Some(lr) = param.lr.filter(|_| config.name() == "ASGD") {
        entries.insert(LAST_LR, lr);
    }
    entries
}

fn to_param<C: Config>(value: &Value, config: &C) -> Result<ParamState> {
    let tensors: Vec<Tensor> =
        config.state_names().iter().map_while(|name| value.get(*name)?.as_tensor().cloned()).collect();
    // PyTorch's SGD does not count its steps, nor does it need to.
    let step = match value.get("step") {
        None => 1,
        Some(Value::Tensor(step)) if step.numel() == 1 => step.item::<i64>(),
        Some(step) => step.as_i64().ok_or_else(|| wrong("step", "is no number"))?,
    };
    let step = u64::try_from(step).map_err(|_| wrong("step", "is negative"))?;
    Ok(ParamState { step, lr: value.get(LAST_LR).and_then(Value::as_f64), tensors })
}

impl Checkpoint for SchedulerState {
    fn to_value(&self) -> Value {
        let inner: Vec<Value> = self.inner.iter().map(Checkpoint::to_value).collect();
        let entries: [(&str, Value); 6] = [
            ("kind", self.kind.as_str().into()),
            ("last_epoch", (self.step as i64).into()),
            ("base_lrs", self.base_lrs.clone().into()),
            ("_last_lr", self.last_lrs.clone().into()),
            ("extra", self.extra.clone().into()),
            ("inner", inner.into()),
        ];
        Value::Dict(entries.into_iter().collect())
    }

    fn from_value(value: &Value) -> Result<Self> {
        let numbers = |name| part(value, name, |v| v.as_slice()?.iter().map(Value::as_f64).collect());
        Ok(SchedulerState {
            kind: part(value, "kind", Value::as_str)?.into(),
            step: part(value, "last_epoch", |v| v.as_i64()?.try_into().ok())?,
            base_lrs: numbers("base_lrs")?,
            last_lrs: numbers("_last_lr")?,
            extra: numbers("extra")?,
            inner: part(value, "inner", Value::as_slice)?
                .iter()
                .map(Self::from_value)
                .collect::<Result<_>>()?,
        })
    }
}

/// The state of the default generator, as bytes: `torch.get_rng_state`.
///
/// ```
/// use firebrand as torch;
/// let state = torch::get_rng_state();
/// let first = torch::randn(3).to_vec::<f32>();
/// torch::set_rng_state(&state)?;
/// assert_eq!(torch::randn(3).to_vec::<f32>(), first);
/// # Ok::<(), torch::Error>(())
/// ```
pub fn get_rng_state() -> Tensor {
    let bytes = default_generator().get_state();
    let size = bytes.len();
    Tensor::from_vec(bytes, size, &cpu())
}

/// Goes on from a state of [`get_rng_state`], or of PyTorch's: `torch.set_rng_state`.
///
/// # Errors
/// When the bytes are not such a state.
pub fn set_rng_state(state: &Tensor) -> Result<()> {
    default_generator().set_state(&state.to_vec::<u8>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nn::optim::*;
    use nn::{Linear, Module};

    /// Six steps at once, and three, a file and three more, from another optimizer's start: the same bits.
    fn resumes<C: Config + Default>(make: impl Fn(Vec<Tensor>) -> Optim<C>) {
        let path = std::env::temp_dir().join(format!("firebrand-resume-{}.pt", std::process::id()));
        let start = Linear::new(3, 2, &cpu()).state_dict();
        let fresh = || {
            let model = Linear::new(3, 2, &cpu());
            model.load_state_dict(&start, true).unwrap();
            let optimizer = make(model.parameters());
            (model, optimizer)
        };
        let run = |model: &Linear, optimizer: &mut Optim<C>, steps: std::ops::Range<i64>| {
            for step in steps {
                optimizer.zero_grad();
                let x = Tensor::arange(step, step + 6, 1, &cpu()).to_dtype(tensor_core::DType::F32).sin();
                model.forward(&x.reshape([2, 3])).square().sum().backward();
                optimizer.step();
            }
        };
        let (whole, mut optimizer) = fresh();
        run(&whole, &mut optimizer, 0..6);

        let (model, mut optimizer) = fresh();
        let schedule = StepLR::new(&mut optimizer, 100, 0.5);
        run(&model, &mut optimizer, 0..3);
        let mut checkpoint = Dict::new();
        checkpoint.insert("model", model.state_dict());
        checkpoint.insert("optimizer", optimizer.state_dict().to_value());
        checkpoint.insert("schedule", schedule.state_dict().to_value());
        crate::save(checkpoint, &path).unwrap();
        let read = crate::load(&path).unwrap();
        std::fs::remove_file(&path).unwrap();

        let (model, mut resumed) = fresh();
        resumed.set_lrs(&[123.0]);
        model.load_state_dict(&read.get("model").unwrap().state_dict().unwrap(), true).unwrap();
        let state = OptimState::from_value(read.get("optimizer").unwrap()).unwrap();
        resumed.load_state_dict(&state).unwrap();
        assert_eq!(resumed.to_string(), optimizer.to_string());
        run(&model, &mut resumed, 3..6);
        let bits =
            |model: &Linear| model.parameters().iter().flat_map(Tensor::to_vec::<f32>).collect::<Vec<_>>();
        assert_eq!(bits(&model), bits(&whole), "{optimizer}");
        let saved = SchedulerState::from_value(read.get("schedule").unwrap()).unwrap();
        assert_eq!(saved, schedule.state_dict());
    }

    #[test]
    fn every_optimizer_goes_on_from_a_file() {
        resumes(|p| Sgd::new(p, 0.1).momentum(0.9).nesterov(true));
        resumes(|p| Sgd::new(p, 0.1));
        resumes(|p| Adam::new(p, 0.01).betas((0.8, 0.99)).amsgrad(true));
        resumes(|p| AdamW::new(p, 0.01));
        resumes(|p| RmsProp::new(p, 0.01).momentum(0.5).centered(true));
        resumes(|p| RmsProp::new(p, 0.01).momentum(0.5));
        resumes(|p| Adagrad::new(p, 0.1).lr_decay(0.1));
        resumes(|p| Adadelta::new(p, 1.0));
        resumes(|p| Adamax::new(p, 0.01));
        resumes(|p| NAdam::new(p, 0.01));
        resumes(|p| RAdam::new(p, 0.01).maximize(true));
        resumes(|p| Rprop::new(p, 0.01));
        resumes(|p| Asgd::new(p, 0.01).t0(2.0));
    }

    #[test]
    fn what_pytorch_needs_to_go_on_is_there() {
        // After two steps of PyTorch 2.15 with these settings.
        let number = |value: Value, name: &str| {
            let state = value.get("state").and_then(|all| all.get(0)?.get(name)).unwrap().clone();
            let tensor = state.as_tensor().unwrap();
            assert_eq!((tensor.rank(), tensor.dtype()), (0, tensor_core::DType::F32));
            tensor.item::<f32>()
        };
        let x = Tensor::ones(2, &cpu()).into_parameter();
        let mut nadam = NAdam::new([&x], 2e-3);
        let mut asgd = Asgd::new([&x], 0.5).lambd(0.1).t0(0.0);
        for _ in 0..2 {
            x.zero_grad();
            x.sum().backward();
            nadam.step();
            asgd.step();
        }
        assert_eq!(number(nadam.state_dict().to_value(), "mu_product"), 0.2025992);
        assert_eq!(number(asgd.state_dict().to_value(), "eta"), 0.46550623);
        assert_eq!(number(asgd.state_dict().to_value(), "mu"), 0.5);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let optimizer = Adam::new(vec![Tensor::ones(1, &cpu()).into_parameter()], 0.1);
        let told =
            |value: &Value| OptimState::<AdamConfig<false>>::from_value(value).unwrap_err().to_string();
        assert_eq!(told(&Value::None), "checkpoint: state is missing");
        let mut group: Dict = Dict::new();
        group.insert("lr", Tensor::ones(2, &cpu()));
        group.insert("params", vec![0]);
        let mut state = Dict::new();
        state.insert("state", Dict::new());
        state.insert("param_groups", vec![Value::from(group)]);
        assert_eq!(told(&state.into()), "checkpoint: lr cannot be tensor([1., 1.])");
        let text = optimizer.state_dict().to_value().to_string();
        assert!(text.contains("'betas': (0.9, 0.999)") && text.contains("'params': [0]"), "{text}");
    }
}
