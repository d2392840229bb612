//! Tensors as objects: types, numbers, gradients.

use super::{Entry, IntoValue, forms};
use crate::python::{Fields, PyError, Value};
use autograd::{BackwardOptions, Tensor};
use firebrand as torch;
use tensor_core::{DType, Device};

/// `tensor.tolist()`
fn nested(t: &Tensor) -> Value {
    if t.rank() == 0 { t.scalar().into() } else { Value::list(t.unbind(0).iter().map(nested).collect()) }
}

/// The only element as a Python number.
fn item(t: &Tensor) -> Result<Value, PyError> {
    if t.numel() != 1 {
        let count = t.numel();
        return Err(PyError::runtime(format!(
            "a Tensor with {count} elements cannot be converted to Scalar"
        )));
    }
    Ok(t.scalar().into())
}

/// `x.stride()`, or that of one dimension.
fn stride(t: &Tensor, dim: Option<isize>) -> Result<Value, PyError> {
    let all: Vec<Value> = t.stride().into_iter().map(|s| Value::Int(s as i64)).collect();
    let Some(dim) = dim else { return Ok(Value::tuple(all)) };
    let at = if dim < 0 { dim + all.len() as isize } else { dim };
    let rank = all.len();
    let none = || PyError::index(format!("Dimension out of range (expected one of {rank}, but got {dim})"));
    usize::try_from(at).ok().and_then(|at| all.get(at).cloned()).ok_or_else(none)
}

/// `torch.finfo` as an object with its names.
impl IntoValue for torch::FloatInfo {
    fn into_value(self) -> Result<Value, PyError> {
        static FINFO: Fields = Fields {
            name: "finfo",
            fields: &["bits", "eps", "max", "min", "smallest_normal", "tiny", "resolution"],
        };
        let small = self.smallest_normal;
        let numbers = [self.eps, self.max, self.min, small, small, self.resolution].map(Value::Float);
        let all: Vec<Value> = [Value::Int(self.bits.into())].into_iter().chain(numbers).collect();
        Ok(Value::Named(&FINFO, all.into()))
    }
}

/// `torch.autograd.grad(outputs, inputs)`
fn grads(outputs: &Tensor, inputs: &[Tensor], weight: Option<Tensor>, options: BackwardOptions) -> Value {
    let grads = torch::grad_with(&[outputs], &[weight], inputs, &options);
    Value::tuple(grads.into_iter().map(|g| g.map_or(Value::None, Value::Tensor)).collect())
}

/// The type that `torch.int64` names here: I64 where the device has it, else the default integer.
pub(crate) fn int64() -> DType {
    if device().supports(DType::I64) { DType::I64 } else { DType::I32 }
}

/// Whether two types are one to PyTorch: the default integer stands for `torch.int64`.
pub(crate) fn same_dtype(a: DType, b: DType) -> bool {
    let stand = |d| if d == DType::I32 { DType::I64 } else { d };
    stand(a) == stand(b)
}

use firebrand::device;

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "torch!" float32() => DType::F32;
        "torch!" float() => DType::F32;
        "torch!" float64() => DType::F64;
        "torch!" double() => DType::F64;
        "torch!" int64() => int64();
        "torch!" long() => int64();
        "torch!" int32() => DType::I32;
        "torch!" int() => DType::I32;
        "torch!" uint8() => DType::U8;
        "torch!" bool() => DType::Bool;
        "torch" finfo(dtype: DType = DType::F32) => torch::finfo(dtype);
        "Tensor" stride(input: Tensor, dim: Option<isize> = None) => stride(&input, dim);
        "Tensor!" dtype(input: Tensor) => input.dtype();
        "Tensor!" device(input: Tensor) => input.device().clone();
        "Tensor" to(input: Tensor, dtype: DType) => input.to_dtype(dtype);
        "Tensor" to(input: Tensor, device: Device) => input.to(&device);
        "Tensor" to(input: Tensor, other: Tensor) => input.to_dtype(other.dtype());
        "Tensor" type_as(input: Tensor, other: Tensor) => input.to_dtype(other.dtype());
        "Tensor" type(input: Tensor, dtype: DType) => input.to_dtype(dtype);
        "Tensor" float(input: Tensor) => input.to_dtype(DType::F32);
        "Tensor" double(input: Tensor) => input.to_dtype(DType::F64);
        "Tensor" long(input: Tensor) => input.to_dtype(int64());
        "Tensor" int(input: Tensor) => input.to_dtype(DType::I32);
        "Tensor" bool(input: Tensor) => input.to_dtype(DType::Bool);
        "Tensor" cpu(input: Tensor) => input.to(&torch::cpu());
        "torch" is_tensor(obj: Value) => matches!(obj, Value::Tensor(_));
        "torch Tensor" is_floating_point(input: Tensor) => input.dtype().is_float();
        "Tensor" item(input: Tensor) => item(&input);
        "Tensor" tolist(input: Tensor) => nested(&input);
        "Tensor" backward(input: Tensor) => input.backward();
        "Tensor" backward(input: Tensor, gradient: Tensor) => input.backward_with(&gradient);
        "Tensor" backward(input: Tensor, retain_graph: bool) => input.backward_retain();
        "Tensor!" grad(input: Tensor) => input.grad();
        "Tensor!" requires_grad(input: Tensor) => input.requires_grad();
        "Tensor" requires_grad_(input: Tensor, requires_grad: bool = true) => input.requires_grad_(requires_grad);
        "Tensor!" is_leaf(input: Tensor) => input.is_leaf();
        "Tensor" retain_grad(input: Tensor) => input.retain_grad();
        "Tensor" detach(input: Tensor) => input.detach();
        "Tensor!" data(input: Tensor) => input.detach();
        "autograd" grad(outputs: Tensor, inputs: Vec<Tensor>, grad_outputs: Option<Tensor> = None, retain_graph: Option<bool> = None, create_graph: bool = false, allow_unused: Option<bool> = None) => grads(&outputs, &inputs, grad_outputs, BackwardOptions { create_graph, retain_graph: retain_graph.unwrap_or(create_graph) });
        "autograd" grad(outputs: Tensor, inputs: Tensor, grad_outputs: Option<Tensor> = None, retain_graph: Option<bool> = None, create_graph: bool = false, allow_unused: Option<bool> = None) => grads(&outputs, &[inputs], grad_outputs, BackwardOptions { create_graph, retain_graph: retain_graph.unwrap_or(create_graph) });
        "torch" no_grad() => Value::GradMode(false);
        "torch" enable_grad() => Value::GradMode(true);
        "torch" inference_mode() => Value::GradMode(false);
        "torch" is_grad_enabled() => torch::is_grad_enabled();
    }
}
