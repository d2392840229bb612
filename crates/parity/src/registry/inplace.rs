//! Methods that write in place: Python's underscore.

use super::{Entry, forms};
use autograd::{Tensor, TensorArg};
use tensor_core::Scalar;

macro_rules! unary {
    ($($name:ident)*) => { forms! { $("Tensor" $name(input: Tensor) => input.$name();)* } };
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = unary! {
        abs_ neg_ exp_ log_ sqrt_ rsqrt_ square_ reciprocal_ sin_ cos_ sigmoid_ tanh_ relu_ round_ floor_ ceil_
        trunc_ sign_ zero_
    };
    all.extend(forms! {
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
