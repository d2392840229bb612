//! Methods that write in place: Python's underscore.

use super::{Entry, forms};
use autograd::{Tensor, TensorArg};
use tensor_core::Scalar;

macro_rules! unary {
    ($($name:ident)*) => { forms! { $("Tensor" $name(input: Tensor) => input.$name();)* } };
}

/// Python's underscore on functions that have no such form in Rust: of one tensor, with a number or a tensor, with a
/// tensor.
macro_rules! applied {
    ($($name:ident = $method:ident)*; $($with:ident = $of:ident)*; $($both:ident = $two:ident)*) => { forms! {
        $("Tensor" $name(input: Tensor) => input.apply_(Tensor::$method);)*
        $("Tensor" $with(input: Tensor, other: TensorArg) => input.apply_(|x| x.$of(other));)*
        $("Tensor" $both(input: Tensor, other: Tensor) => input.apply_(|x| x.$two(&other));)*
    } };
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = unary! {
        abs_ neg_ exp_ log_ sqrt_ rsqrt_ square_ reciprocal_ sin_ cos_ sigmoid_ tanh_ relu_ round_ floor_ ceil_
        trunc_ sign_ zero_
    };
    all.extend(applied! {
        tan_ = tan sinh_ = sinh cosh_ = cosh asin_ = asin acos_ = acos atan_ = atan asinh_ = asinh acosh_ = acosh
        atanh_ = atanh arcsin_ = asin arccos_ = acos arctan_ = atan arcsinh_ = asinh arccosh_ = acosh arctanh_ = atanh
        exp2_ = exp2 expm1_ = expm1 log2_ = log2 log10_ = log10 log1p_ = log1p erf_ = erf erfc_ = erfc erfinv_ = erfinv
        lgamma_ = lgamma digamma_ = digamma sinc_ = sinc i0_ = i0 frac_ = frac fix_ = trunc sgn_ = sign absolute_ = abs
        negative_ = neg deg2rad_ = deg2rad rad2deg_ = rad2deg logical_not_ = logical_not bitwise_not_ = bitwise_not;
        multiply_ = mul subtract_ = sub divide_ = div true_divide_ = div floor_divide_ = floor_divide fmod_ = fmod
        atan2_ = atan2 arctan2_ = atan2 xlogy_ = xlogy copysign_ = copysign float_power_ = float_power
        eq_ = eq ne_ = ne lt_ = lt le_ = le gt_ = gt ge_ = ge not_equal_ = ne less_ = lt less_equal_ = le greater_ = gt
        greater_equal_ = ge bitwise_and_ = bitwise_and bitwise_or_ = bitwise_or bitwise_xor_ = bitwise_xor;
        logical_and_ = logical_and logical_or_ = logical_or logical_xor_ = logical_xor hypot_ = hypot ldexp_ = ldexp
        nextafter_ = nextafter heaviside_ = heaviside gcd_ = gcd lcm_ = lcm
    });
    all.extend(forms! {
        "F" elu_(input: Tensor, alpha: f64 = 1.0) => input.apply_(|x| x.elu(alpha));
        "torch F" selu_(input: Tensor) => input.apply_(Tensor::selu);
        "torch F" celu_(input: Tensor, alpha: f64 = 1.0) => input.apply_(|x| x.celu(alpha));
        "F" hardtanh_(input: Tensor, min_val: f64 = -1.0, max_val: f64 = 1.0) => input.apply_(|x| x.hardtanh(min_val, max_val));
        "torch F" threshold_(input: Tensor, threshold: f64, value: f64) => input.apply_(|x| x.threshold(threshold, value));
        "torch F" rrelu_(input: Tensor, lower: f64 = 1.0 / 8.0, upper: f64 = 1.0 / 3.0, training: bool = false) => input.apply_(|x| x.rrelu(lower, upper, training));
        "Tensor" logit_(input: Tensor, eps: Option<f64> = None) => input.apply_(|x| x.logit(eps));
        "Tensor" nan_to_num_(input: Tensor, nan: f64 = 0.0, posinf: Option<f64> = None, neginf: Option<f64> = None) => input.apply_(|x| x.nan_to_num(nan, posinf, neginf));
        "Tensor" cumsum_(input: Tensor, dim: isize) => input.apply_(|x| x.cumsum(dim));
        "Tensor" cumprod_(input: Tensor, dim: isize) => input.apply_(|x| x.cumprod(dim));
        "Tensor" masked_scatter_(input: Tensor, mask: Tensor, source: Tensor) => input.apply_(|x| x.masked_scatter(&mask, &source));
        "Tensor" addmm_(input: Tensor, mat1: Tensor, mat2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.apply_(|x| x.addmm_scaled(&mat1, &mat2, beta, alpha));
        "Tensor" addmv_(input: Tensor, mat: Tensor, vec: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.apply_(|x| x.addmv(&mat, &vec, beta, alpha));
        "Tensor" addr_(input: Tensor, vec1: Tensor, vec2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.apply_(|x| x.addr(&vec1, &vec2, beta, alpha));
        "Tensor" addbmm_(input: Tensor, batch1: Tensor, batch2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.apply_(|x| x.addbmm(&batch1, &batch2, beta, alpha));
        "Tensor" baddbmm_(input: Tensor, batch1: Tensor, batch2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.apply_(|x| x.baddbmm(&batch1, &batch2, beta, alpha));
        "torch F" relu_(input: Tensor) => input.relu_();
        "F" leaky_relu_(input: Tensor, negative_slope: f64 = 0.01) => input.apply_(|x| x.leaky_relu(negative_slope));
        "Tensor" add_(input: Tensor, other: TensorArg) => input.add_(other);
        "Tensor" add_(input: Tensor, other: Tensor, alpha: Scalar) => input.apply_(|x| x.add_scaled(&other, alpha));
        "Tensor" sub_(input: Tensor, other: TensorArg) => input.sub_(other);
        "Tensor" sub_(input: Tensor, other: Tensor, alpha: Scalar) => input.apply_(|x| x.sub_scaled(&other, alpha));
        "Tensor" mul_(input: Tensor, other: TensorArg) => input.mul_(other);
        "Tensor" div_(input: Tensor, other: TensorArg) => input.div_(other);
        "Tensor" pow_(input: Tensor, exponent: TensorArg) => input.apply_(|x| x.pow(exponent));
        "Tensor" remainder_(input: Tensor, other: TensorArg) => input.apply_(|x| x.remainder(other));
        "Tensor" fill_(input: Tensor, value: Scalar) => input.fill_(value);
        "Tensor" copy_(input: Tensor, src: Tensor, non_blocking: bool = false) => input.copy_(&src);
        "Tensor" clamp_(input: Tensor, min: Option<f64> = None, max: Option<f64> = None) => input.apply_(|x| x.clamp(min, max));
        "Tensor" clip_(input: Tensor, min: Option<f64> = None, max: Option<f64> = None) => input.apply_(|x| x.clamp(min, max));
        "Tensor" clamp_min_(input: Tensor, min: f64) => input.apply_(|x| x.clamp_min(min));
        "Tensor" clamp_max_(input: Tensor, max: f64) => input.apply_(|x| x.clamp_max(max));
        "Tensor" lerp_(input: Tensor, end: Tensor, weight: TensorArg) => input.apply_(|x| x.lerp(&end, weight));
        "Tensor" addcmul_(input: Tensor, tensor1: Tensor, tensor2: Tensor, value: f64 = 1.0) => input.apply_(|x| x.addcmul(&tensor1, &tensor2, value));
        "Tensor" addcdiv_(input: Tensor, tensor1: Tensor, tensor2: Tensor, value: f64 = 1.0) => input.apply_(|x| x.addcdiv(&tensor1, &tensor2, value));
        "Tensor" masked_fill_(input: Tensor, mask: Tensor, value: Scalar) => input.apply_(|x| x.masked_fill(&mask, value));
        "Tensor" index_add_(input: Tensor, dim: isize, index: Tensor, source: Tensor, alpha: f64 = 1.0) => input.apply_(|x| x.index_add(dim, &index, &source, alpha));
        "Tensor" index_copy_(input: Tensor, dim: isize, index: Tensor, source: Tensor) => input.apply_(|x| x.index_copy(dim, &index, &source));
        "Tensor" index_fill_(input: Tensor, dim: isize, index: Tensor, value: Scalar) => input.apply_(|x| x.index_fill(dim, &index, value));
        "Tensor" scatter_(input: Tensor, dim: isize, index: Tensor, src: Tensor) => input.apply_(|x| x.scatter(dim, &index, &src));
        "Tensor" scatter_(input: Tensor, dim: isize, index: Tensor, value: Scalar) => input.apply_(|x| x.scatter_value(dim, &index, value));
        "Tensor" scatter_add_(input: Tensor, dim: isize, index: Tensor, src: Tensor) => input.apply_(|x| x.scatter_add(dim, &index, &src));
        "Tensor" put_(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = false) => input.apply_(|x| x.put(&index, &source, accumulate));
        "Tensor" fill_diagonal_(input: Tensor, fill_value: Scalar) => { let eye = Tensor::eye(*input.shape(), input.device()).ne(0); input.apply_(|x| x.masked_fill(&eye, fill_value)).clone() };
        "Tensor" tril_(input: Tensor, diagonal: isize = 0) => input.apply_(|x| x.tril(diagonal));
        "Tensor" triu_(input: Tensor, diagonal: isize = 0) => input.apply_(|x| x.triu(diagonal));
    });
    all
}
