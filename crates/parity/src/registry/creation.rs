//! Making tensors: constants, ranges, random numbers.

use super::convert::{Cast, Maker, Typed};
use super::kinds::Shape1;
use super::{Entry, forms};
use crate::python::{PyError, Value};
use autograd::Tensor;
use firebrand as torch;
use firebrand::device;
use nn::init::{Fan, Nonlinearity};
use tensor_core::random::Generator;
use tensor_core::{DType, Device, HostData, Scalar, Shape};

/// `torch.tensor(data)`: nested lists of numbers; floats if one is, else integers, else booleans.
pub(crate) fn tensor_of(data: &Value) -> Result<Tensor, PyError> {
    fn flatten(
        value: &Value,
        depth: usize,
        shape: &mut Vec<usize>,
        out: &mut Vec<Scalar>,
    ) -> Result<(), PyError> {
        let number = match value {
            Value::Tensor(t) if t.rank() == 0 => Some(t.scalar()),
            other => other.scalar(),
        };
        if let Some(number) = number {
            if depth < shape.len() {
                return Err(PyError::value(format!(
                    "expected a sequence of length {} at dim {depth}",
                    shape[depth]
                )));
            }
            out.push(number);
            return Ok(());
        }
        let items = match value {
            Value::Tensor(t) if t.rank() > 0 => t.unbind(0).into_iter().map(Value::Tensor).collect(),
            other => other
                .items()
                .ok_or_else(|| PyError::kind(format!("new(): invalid data type '{}'", other.type_name())))?,
        };
        if depth == shape.len() && out.is_empty() {
            shape.push(items.len());
        } else if shape.get(depth) != Some(&items.len()) {
            let want = shape.get(depth).copied().unwrap_or(0);
            let got = items.len();
            return Err(PyError::value(format!(
                "expected sequence of length {want} at dim {depth} (got {got})"
            )));
        }
        items.iter().try_for_each(|item| flatten(item, depth + 1, shape, out))
    }
    if let Value::Tensor(t) = data {
        return Ok(t.detach().copy());
    }
    let (mut shape, mut values) = (Vec::new(), Vec::new());
    flatten(data, 0, &mut shape, &mut values)?;
    let kind = values.iter().map(|v| v.category()).max().unwrap_or(tensor_core::Category::Float);
    let host = match DType::default_of(kind) {
        DType::F32 => HostData::F64(values.iter().map(|v| v.to_f64()).collect()),
        DType::I32 => HostData::I64(values.iter().map(|v| v.to_i64()).collect()),
        _ => HostData::Bool(values.iter().map(|v| v.to_bool()).collect()),
    };
    let big = values.iter().any(|v| i32::try_from(v.to_i64()).is_err());
    let dtype = match DType::default_of(kind) {
        DType::I32 if big => DType::I64,
        dtype => dtype,
    };
    Ok(Tensor::from_host(&host.cast(dtype), Shape::new(&shape), &home(dtype)))
}

/// Where a tensor of a type is made: on the default device, or on the CPU where that has no such type.
pub(crate) fn home(dtype: DType) -> Device {
    let device = device();
    if device.supports(dtype) { device } else { firebrand::cpu() }
}

/// `torch.tensor(data, dtype=…)`: doubles are not rounded on the way.
fn tensor_as(data: &Value, options: &Maker) -> Result<Tensor, PyError> {
    if options.dtype != DType::F64 {
        return Ok(tensor_of(data)?.to_dtype(options.dtype));
    }
    let flat = |t: &Tensor| t.to_vec::<f64>();
    fn numbers(value: &Value, out: &mut Vec<f64>) {
        match (value.scalar(), value.items()) {
            (Some(v), _) => out.push(v.to_f64()),
            (_, Some(items)) => items.iter().for_each(|v| numbers(v, out)),
            _ => {}
        }
    }
    let shape = *tensor_of(data)?.shape();
    let mut values = Vec::new();
    match data {
        Value::Tensor(t) => values = flat(t),
        other => numbers(other, &mut values),
    }
    Ok(Tensor::from_vec(values, shape, &home(DType::F64)))
}

/// Options for whole numbers of a range: I64 where the default integer is too narrow.
fn whole(options: Maker, low: i64, high: i64) -> Maker {
    let fits = i32::try_from(low).is_ok() && i32::try_from(high - 1).is_ok();
    if fits { options } else { Maker { dtype: DType::I64, device: home(DType::I64), ..options } }
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "torch" tensor(data: Value, options: Typed) => tensor_as(&data, &options.0);
        "torch" tensor(data: Value, options: Cast) => tensor_of(&data);
        "torch" Tensor(data: Vec<Value>) => tensor_of(&Value::list(data)).map(|t| t.to_dtype(DType::F32));
        "torch" Tensor(size: Shape) => torch::zeros(size);
        "torch" FloatTensor(data: Value) => tensor_of(&data).map(|t| t.to_dtype(DType::F32));
        "torch" LongTensor(data: Value) => tensor_of(&data).map(|t| t.to_dtype(DType::I32));
        "torch" as_tensor(data: Value, options: Cast) => tensor_of(&data);
        "torch" zeros(size: Shape, options: Maker) => Tensor::zeros(size, options);
        "torch" ones(size: Shape, options: Maker) => Tensor::ones(size, options);
        "torch" empty(size: Shape, options: Maker) => Tensor::zeros(size, options);
        "torch" full(size: Shape1, fill_value: Scalar, options: Cast) => torch::full(size.0, fill_value);
        "torch" zeros_like(input: Tensor, options: Cast) => input.zeros_like();
        "torch" ones_like(input: Tensor, options: Cast) => input.ones_like();
        "torch" empty_like(input: Tensor, options: Cast) => input.zeros_like();
        "torch" full_like(input: Tensor, fill_value: Scalar, options: Cast) => input.full_like(fill_value);
        "Tensor" new_zeros(input: Tensor, size: Shape, options: Cast) => Tensor::zeros(size, (input.dtype(), input.device()));
        "Tensor" new_ones(input: Tensor, size: Shape, options: Cast) => Tensor::ones(size, (input.dtype(), input.device()));
        "Tensor" new_full(input: Tensor, size: Shape1, fill_value: Scalar, options: Cast) => Tensor::full(size.0, fill_value, (input.dtype(), input.device()));
        "Tensor" new_empty(input: Tensor, size: Shape, options: Cast) => Tensor::zeros(size, (input.dtype(), input.device()));
        "torch" scalar_tensor(value: f64, options: Cast) => torch::full((), value);
        "Tensor" new_tensor(input: Tensor, data: Value, options: Cast) => tensor_of(&data).map(|t| t.to_dtype(input.dtype()));
        "torch" eye(n: usize, options: Maker) => Tensor::eye(n, options);
        "torch" eye(n: usize, m: usize, options: Maker) => Tensor::eye([n, m], options);
        "torch" arange(end: Scalar, options: Typed) => Tensor::arange_as(0, end, 1, options.0);
        "torch" arange(start: Scalar, end: Scalar, step: Scalar = 1.into(), options: Typed) => Tensor::arange_as(start, end, step, options.0);
        "torch" arange(end: Scalar, options: Cast) => torch::arange(0, end, 1);
        "torch" arange(start: Scalar, end: Scalar, step: Scalar = 1.into(), options: Cast) => torch::arange(start, end, step);
        "torch" linspace(start: f64, end: f64, steps: usize, options: Maker) => Tensor::linspace(start, end, steps, options);
        "torch" logspace(start: f64, end: f64, steps: usize, base: f64 = 10.0, options: Maker) => Tensor::logspace(start, end, steps, base, options);
        "torch" hann_window(window_length: usize, periodic: bool = true, options: Maker) => Tensor::hann_window(window_length, periodic, options);
        "torch" hamming_window(window_length: usize, periodic: bool = true, alpha: f64 = 0.54, beta: f64 = 0.46, options: Maker) => Tensor::hamming_window(window_length, periodic, alpha, beta, options);
        "torch" blackman_window(window_length: usize, periodic: bool = true, options: Maker) => Tensor::blackman_window(window_length, periodic, options);
        "torch" bartlett_window(window_length: usize, periodic: bool = true, options: Maker) => Tensor::bartlett_window(window_length, periodic, options);
        "torch" kaiser_window(window_length: usize, periodic: bool = true, beta: f64 = 12.0, options: Maker) => Tensor::kaiser_window(window_length, periodic, beta, options);
        "torch" manual_seed(seed: i64) => torch::manual_seed(seed);
        "torch" initial_seed() => torch::default_generator().initial_seed() as i64;
        "torch" get_rng_state() => torch::get_rng_state();
        "torch" set_rng_state(new_state: Tensor) => torch::set_rng_state(&new_state).map(|()| Value::None);
        "torch!" default_generator() => torch::default_generator();
        "torch" Generator(device: Option<Device> = None) => Generator::new();
        "torch.Generator" manual_seed(generator: Generator, seed: i64) => { generator.manual_seed(seed); generator };
        "torch.Generator" initial_seed(generator: Generator) => generator.initial_seed() as i64;
        "torch" rand(size: Shape, options: Maker) => Tensor::rand(size, options);
        "torch" randn(size: Shape, options: Maker) => Tensor::randn(size, options);
        "torch" randint(high: i64, size: Shape1, options: Maker) => Tensor::randint(0, high, size.0, whole(options, 0, high));
        "torch" randint(low: i64, high: i64, size: Shape1, options: Maker) => Tensor::randint(low, high, size.0, whole(options, low, high));
        "torch" randperm(n: usize, options: Maker) => Tensor::randperm(n, options);
        "torch" rand_like(input: Tensor, options: Typed) => Tensor::rand(*input.shape(), options.0);
        "torch" randn_like(input: Tensor, options: Typed) => Tensor::randn(*input.shape(), options.0);
        "torch" rand_like(input: Tensor, options: Cast) => input.rand_like();
        "torch" randn_like(input: Tensor, options: Cast) => input.randn_like();
        "torch" normal(mean: f64, std: f64, size: Shape1, options: Maker) => Tensor::normal(size.0, mean, std, options);
        "torch" normal(mean: Tensor, std: Tensor) => { let noise = autograd::broadcast_tensors(&[mean.detach(), std.detach()])[0].contiguous().zeros_like(); noise.normal_(0.0, 1.0); noise * std + mean };
        "torch" normal(mean: Tensor, std: f64 = 1.0) => { let noise = mean.detach().zeros_like(); noise.normal_(0.0, 1.0); noise * std + mean };
        "torch" normal(mean: f64, std: Tensor) => { let noise = std.detach().zeros_like(); noise.normal_(0.0, 1.0); noise * std + mean };
        "torch" randint_like(input: Tensor, high: i64) => { let like = input.detach().zeros_like(); like.random_range_(0, high); like };
        "torch" randint_like(input: Tensor, low: i64, high: i64) => { let like = input.detach().zeros_like(); like.random_range_(low, high); like };
        "torch Tensor" bernoulli(input: Tensor) => input.bernoulli();
        "torch Tensor" multinomial(input: Tensor, num_samples: usize, replacement: bool = false) => input.multinomial(num_samples, replacement);
        "Tensor" uniform_(input: Tensor, from: f64 = 0.0, to: f64 = 1.0) => input.uniform_(from, to);
        "Tensor" normal_(input: Tensor, mean: f64 = 0.0, std: f64 = 1.0) => input.normal_(mean, std);
        "Tensor" bernoulli_(input: Tensor, p: f64 = 0.5) => input.bernoulli_(p);
        "Tensor" exponential_(input: Tensor, lambd: f64 = 1.0) => input.exponential_(lambd);
        "Tensor" log_normal_(input: Tensor, mean: f64 = 1.0, std: f64 = 2.0) => input.log_normal_(mean, std);
        "Tensor" cauchy_(input: Tensor, median: f64 = 0.0, sigma: f64 = 1.0) => input.cauchy_(median, sigma);
        "Tensor" geometric_(input: Tensor, p: f64) => input.geometric_(p);
        "Tensor" random_(input: Tensor) => input.random_();
        "Tensor" random_(input: Tensor, from: i64, to: i64) => input.random_range_(from, to);
        "Tensor" random_(input: Tensor, to: i64) => input.random_range_(0, to);
        "init" uniform_(tensor: Tensor, a: f64 = 0.0, b: f64 = 1.0) => { nn::init::uniform_(&tensor, a, b); tensor };
        "init" normal_(tensor: Tensor, mean: f64 = 0.0, std: f64 = 1.0) => { nn::init::normal_(&tensor, mean, std); tensor };
        "init" constant_(tensor: Tensor, val: f64) => { nn::init::constant_(&tensor, val); tensor };
        "init" zeros_(tensor: Tensor) => { nn::init::zeros_(&tensor); tensor };
        "init" ones_(tensor: Tensor) => { nn::init::ones_(&tensor); tensor };
        "init" xavier_uniform_(tensor: Tensor, gain: f64 = 1.0) => { nn::init::xavier_uniform_(&tensor, gain); tensor };
        "init" xavier_normal_(tensor: Tensor, gain: f64 = 1.0) => { nn::init::xavier_normal_(&tensor, gain); tensor };
        "init" kaiming_uniform_(tensor: Tensor, a: f64 = 0.0, mode: Fan = Fan::In, nonlinearity: Nonlinearity = Nonlinearity::LeakyReLU) => { nn::init::kaiming_uniform_(&tensor, a, mode, nonlinearity); tensor };
        "init" kaiming_normal_(tensor: Tensor, a: f64 = 0.0, mode: Fan = Fan::In, nonlinearity: Nonlinearity = Nonlinearity::LeakyReLU) => { nn::init::kaiming_normal_(&tensor, a, mode, nonlinearity); tensor };
        "init" trunc_normal_(tensor: Tensor, mean: f64 = 0.0, std: f64 = 1.0, a: f64 = -2.0, b: f64 = 2.0) => { nn::init::trunc_normal_(&tensor, mean, std, a, b); tensor };
        "init" orthogonal_(tensor: Tensor, gain: f64 = 1.0) => { nn::init::orthogonal_(&tensor, gain); tensor };
        "init" sparse_(tensor: Tensor, sparsity: f64, std: f64 = 0.01) => { nn::init::sparse_(&tensor, sparsity, std); tensor };
        "init" eye_(tensor: Tensor) => { nn::init::eye_(&tensor); tensor };
        "init" dirac_(tensor: Tensor, groups: usize = 1) => { nn::init::dirac_(&tensor, groups); tensor };
        "init" calculate_gain(nonlinearity: Nonlinearity, param: Option<f64> = None) => nn::init::calculate_gain(nonlinearity, param);
        "torch" Size(sizes: Shape) => sizes;
        "torch" device(type_: Device) => type_;
    }
}
