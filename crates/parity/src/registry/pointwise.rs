//! Functions of each element, arithmetic, comparisons, choosing.

use super::kinds::{Bools, Rounding};
use super::{Entry, forms};
use autograd::{Tensor, TensorArg};
use tensor_core::{DType, Scalar};

/// A number on the left of an operator, as a tensor: of the other side's type, unless it is of a higher kind.
fn side(number: Scalar, other: &Tensor) -> Tensor {
    let dtype = if number.category() > other.dtype().category() {
        DType::default_of(number.category())
    } else {
        other.dtype()
    };
    Tensor::full((), number, (dtype, other.device()))
}

/// Functions of one tensor whose names are the same on both sides, and methods of the same name.
macro_rules! unary {
    ($($name:ident)*) => { forms! { $("torch Tensor" $name(input: Tensor) => input.$name();)* } };
}
/// The same for two tensors, or a tensor and a number.
macro_rules! binary {
    ($($name:ident)*) => { forms! { $("torch Tensor" $name(input: Tensor, other: TensorArg) => input.$name(other);)* } };
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = unary! {
        neg abs sign sqrt rsqrt square reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan
        sinh cosh asinh acosh atanh erf erfc floor ceil trunc frac deg2rad rad2deg relu selu sigmoid tanh
        isnan isinf isposinf isneginf isfinite logical_not
    };
    all.extend(binary! {
        remainder fmod floor_divide maximum minimum atan2 xlogy eq ne lt le gt ge
        bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift
    });
    all.extend(forms! {
        "torch Tensor" add(input: Tensor, other: TensorArg) => input.add(other);
        "torch Tensor" add(input: Tensor, other: Tensor, alpha: Scalar) => input.add_scaled(&other, alpha);
        "torch Tensor" sub(input: Tensor, other: TensorArg) => input.sub(other);
        "torch Tensor" sub(input: Tensor, other: Tensor, alpha: Scalar) => input.sub_scaled(&other, alpha);
        "torch" rsub(input: Tensor, other: TensorArg) => input.neg().add(other);
        "torch Tensor" sgn(input: Tensor) => input.sign();
        "torch Tensor" subtract(input: Tensor, other: TensorArg) => input.sub(other);
        "torch Tensor" mul(input: Tensor, other: TensorArg) => input.mul(other);
        "torch Tensor" multiply(input: Tensor, other: TensorArg) => input.mul(other);
        "torch Tensor" div(input: Tensor, other: TensorArg) => input.div(other);
        "torch Tensor" div(input: Tensor, other: TensorArg, rounding_mode: Option<Rounding>) => match rounding_mode { None => input.div(other), Some(Rounding::Floor) => input.floor_divide(other), Some(Rounding::Trunc) => input.div_trunc(other) };
        "torch Tensor" round(input: Tensor, decimals: i32 = 0) => input.round_to(decimals);
        "torch Tensor" divide(input: Tensor, other: TensorArg) => input.div(other);
        "torch Tensor" divide(input: Tensor, other: TensorArg, rounding_mode: Option<Rounding>) => match rounding_mode { None => input.div(other), Some(Rounding::Floor) => input.floor_divide(other), Some(Rounding::Trunc) => input.div_trunc(other) };
        "torch" remainder(self_: Scalar, other: Tensor) => other.full_like(self_).remainder(other);
        "torch Tensor" copysign(input: Tensor, other: TensorArg) => input.copysign(other);
        "torch Tensor" float_power(input: Tensor, exponent: TensorArg) => input.float_power(exponent);
        "torch" isin(elements: Tensor, test_elements: Tensor, assume_unique: bool = false, invert: bool = false) => elements.isin(&test_elements, invert);
        "torch" isin(elements: Tensor, test_element: Scalar, assume_unique: bool = false, invert: bool = false) => elements.isin(&elements.full_like(test_element).flatten(0, -1), invert);
        "torch Tensor" celu(input: Tensor, alpha: f64 = 1.0) => input.celu(alpha);
        "torch Tensor" isreal(input: Tensor) => input.eq(&input).logical_or(&input.ne(&input));
        "torch Tensor" true_divide(input: Tensor, other: TensorArg) => input.div(other);
        "torch" pow(self_: Scalar, exponent: Tensor) => exponent.pow_of(self_.to_f64());
        "torch Tensor" pow(input: Tensor, exponent: TensorArg) => input.pow(exponent);
        "torch Tensor" negative(input: Tensor) => input.neg();
        "torch Tensor" absolute(input: Tensor) => input.abs();
        "torch Tensor" logical_and(input: Tensor, other: Tensor) => input.logical_and(&other);
        "torch Tensor" logical_or(input: Tensor, other: Tensor) => input.logical_or(&other);
        "torch Tensor" logical_xor(input: Tensor, other: Tensor) => input.logical_xor(&other);
        "torch Tensor" bitwise_not(input: Tensor) => input.bitwise_not();
        "torch Tensor" hypot(input: Tensor, other: Tensor) => input.hypot(&other);
        "torch Tensor" logaddexp(input: Tensor, other: Tensor) => input.logaddexp(&other);
        "torch Tensor" gcd(input: Tensor, other: Tensor) => input.gcd(&other);
        "torch Tensor" lcm(input: Tensor, other: Tensor) => input.lcm(&other);
        "torch Tensor" heaviside(input: Tensor, values: Tensor) => input.heaviside(&values);
        "torch Tensor" logit(input: Tensor, eps: Option<f64> = None) => input.logit(eps);
        "torch Tensor" nan_to_num(input: Tensor, nan: f64 = 0.0, posinf: Option<f64> = None, neginf: Option<f64> = None) => input.nan_to_num(nan, posinf, neginf);
        "torch Tensor" isclose(input: Tensor, other: Tensor, rtol: f64 = 1e-5, atol: f64 = 1e-8, equal_nan: bool = false) => input.isclose(&other, rtol, atol, equal_nan);
        "torch Tensor" lerp(input: Tensor, end: Tensor, weight: TensorArg) => input.lerp(&end, weight);
        "torch Tensor" addcmul(input: Tensor, tensor1: Tensor, tensor2: Tensor, value: f64 = 1.0) => input.addcmul(&tensor1, &tensor2, value);
        "torch Tensor" addcdiv(input: Tensor, tensor1: Tensor, tensor2: Tensor, value: f64 = 1.0) => input.addcdiv(&tensor1, &tensor2, value);
        "torch Tensor" clamp_min(input: Tensor, min: f64) => input.clamp_min(min);
        "torch Tensor" clamp_max(input: Tensor, max: f64) => input.clamp_max(max);
        "torch Tensor" clamp_min(input: Tensor, min: Tensor) => input.clamp_tensor(Some(&min), None);
        "torch Tensor" clamp_max(input: Tensor, max: Tensor) => input.clamp_tensor(None, Some(&max));
        "torch Tensor" clamp(input: Tensor, min: Option<Tensor> = None, max: Option<Tensor> = None) => input.clamp_tensor(min.as_ref(), max.as_ref());
        "torch Tensor" clamp(input: Tensor, min: Option<f64> = None, max: Option<f64> = None) => input.clamp(min, max);
        "torch Tensor" clip(input: Tensor, min: Option<Tensor> = None, max: Option<Tensor> = None) => input.clamp_tensor(min.as_ref(), max.as_ref());
        "torch Tensor" clip(input: Tensor, min: Option<f64> = None, max: Option<f64> = None) => input.clamp(min, max);
        "torch" where(condition: Tensor, input: TensorArg, other: TensorArg) => condition.where_(input, other);
        "Tensor" where(input: Tensor, condition: Tensor, other: TensorArg) => condition.where_(input, other);
        "torch Tensor" masked_fill(input: Tensor, mask: Tensor, value: Scalar) => input.masked_fill(&mask, value);
        "torch Tensor" masked_fill(input: Tensor, mask: Tensor, value: Tensor) => mask.where_(&value, &input);
        "Tensor" __add__(input: Tensor, other: TensorArg) => input + other;
        "Tensor" __radd__(input: Tensor, other: TensorArg) => input + other;
        "Tensor" __sub__(input: Tensor, other: TensorArg) => input - other;
        "Tensor" __rsub__(input: Tensor, other: i64) => other - input;
        "Tensor" __rsub__(input: Tensor, other: f64) => other - input;
        "Tensor" __mul__(input: Tensor, other: TensorArg) => input * other;
        "Tensor" __rmul__(input: Tensor, other: TensorArg) => input * other;
        "Tensor" __truediv__(input: Tensor, other: TensorArg) => input / other;
        "Tensor" __rtruediv__(input: Tensor, other: i64) => other / input;
        "Tensor" __rtruediv__(input: Tensor, other: f64) => other / input;
        "Tensor" __rfloordiv__(input: Tensor, other: Scalar) => side(other, &input).floor_divide(input);
        "Tensor" __rmod__(input: Tensor, other: Scalar) => side(other, &input).remainder(input);
        "Tensor" __rpow__(input: Tensor, base: i64) => side(base.into(), &input).pow(input);
        "Tensor" __rand__(input: Tensor, other: TensorArg) => input.bitwise_and(other);
        "Tensor" __ror__(input: Tensor, other: TensorArg) => input.bitwise_or(other);
        "Tensor" __rxor__(input: Tensor, other: TensorArg) => input.bitwise_xor(other);
        "Tensor" __rlshift__(input: Tensor, other: Scalar) => side(other, &input).bitwise_left_shift(input);
        "Tensor" __rrshift__(input: Tensor, other: Scalar) => side(other, &input).bitwise_right_shift(input);
        "Tensor" __floordiv__(input: Tensor, other: TensorArg) => input.floor_divide(other);
        "Tensor" __mod__(input: Tensor, other: TensorArg) => input % other;
        "Tensor" __pow__(input: Tensor, exponent: TensorArg) => input.pow(exponent);
        "Tensor" __rpow__(input: Tensor, base: f64) => input.pow_of(base);
        "Tensor" __matmul__(input: Tensor, other: Tensor) => input.matmul(&other);
        "Tensor" __neg__(input: Tensor) => -input;
        "Tensor" __iadd__(input: Tensor, other: TensorArg) => input.add_(other);
        "Tensor" __isub__(input: Tensor, other: TensorArg) => input.sub_(other);
        "Tensor" __imul__(input: Tensor, other: TensorArg) => input.mul_(other);
        "Tensor" __itruediv__(input: Tensor, other: TensorArg) => input.div_(other);
        "Tensor" __ifloordiv__(input: Tensor, other: TensorArg) => input.apply_(|x| x.floor_divide(other));
        "Tensor" __imod__(input: Tensor, other: TensorArg) => input.apply_(|x| x.remainder(other));
        "Tensor" __ipow__(input: Tensor, other: TensorArg) => input.apply_(|x| x.pow(other));
        "Tensor" __iand__(input: Tensor, other: TensorArg) => input.apply_(|x| x.bitwise_and(other));
        "Tensor" __ior__(input: Tensor, other: TensorArg) => input.apply_(|x| x.bitwise_or(other));
        "Tensor" __ixor__(input: Tensor, other: TensorArg) => input.apply_(|x| x.bitwise_xor(other));
        "Tensor" __eq__(input: Tensor, other: TensorArg) => input.eq(other);
        "Tensor" __ne__(input: Tensor, other: TensorArg) => input.ne(other);
        "Tensor" __lt__(input: Tensor, other: TensorArg) => input.lt(other);
        "Tensor" __le__(input: Tensor, other: TensorArg) => input.le(other);
        "Tensor" __gt__(input: Tensor, other: TensorArg) => input.gt(other);
        "Tensor" __ge__(input: Tensor, other: TensorArg) => input.ge(other);
        "Tensor" __and__(input: Bools, other: Bools) => input.0.logical_and(&other.0);
        "Tensor" __or__(input: Bools, other: Bools) => input.0.logical_or(&other.0);
        "Tensor" __xor__(input: Bools, other: Bools) => input.0.logical_xor(&other.0);
        "Tensor" __and__(input: Tensor, other: TensorArg) => input.bitwise_and(other);
        "Tensor" __or__(input: Tensor, other: TensorArg) => input.bitwise_or(other);
        "Tensor" __xor__(input: Tensor, other: TensorArg) => input.bitwise_xor(other);
        "Tensor" __lshift__(input: Tensor, other: TensorArg) => input.bitwise_left_shift(other);
        "Tensor" __rshift__(input: Tensor, other: TensorArg) => input.bitwise_right_shift(other);
        "Tensor" __invert__(input: Bools) => input.0.logical_not();
        "Tensor" __invert__(input: Tensor) => input.bitwise_not();
    });
    all
}
