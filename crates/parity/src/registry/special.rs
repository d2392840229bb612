//! `torch.special`, and other names of functions that have several.

use super::{Entry, forms};
use autograd::Tensor;

/// Functions of one tensor.
macro_rules! unary {
    ($homes:literal: $($name:ident = $method:ident)*) => { forms! { $($homes $name(input: Tensor) => input.$method();)* } };
}
/// Functions of two tensors.
macro_rules! binary {
    ($homes:literal: $($name:ident = $method:ident)*) => { forms! { $($homes $name(input: Tensor, other: Tensor) => input.$method(&other);)* } };
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = unary! { "torch Tensor":
        arcsin = asin arccos = acos arctan = atan arcsinh = asinh arccosh = acosh arctanh = atanh fix = trunc
        positive = clone sgn = sign signbit = signbit erfinv = erfinv lgamma = lgamma digamma = digamma sinc = sinc i0 = i0
    };
    all.extend(unary! { "special":
        expit = sigmoid erf = erf erfc = erfc erfinv = erfinv gammaln = lgamma digamma = digamma psi = digamma
        exp2 = exp2 expm1 = expm1 log1p = log1p sinc = sinc i0 = i0 i0e = i0e i1 = i1 i1e = i1e entr = entr
        ndtr = ndtr log_ndtr = log_ndtr ndtri = ndtri
    });
    all.extend(binary! { "torch Tensor":
        logaddexp2 = logaddexp2 fmax = fmax fmin = fmin nextafter = nextafter ldexp = ldexp arctan2 = atan2
        not_equal = ne less = lt less_equal = le greater = gt greater_equal = ge
    });
    all.extend(forms! {
        "torch Tensor" frexp(input: Tensor) => input.frexp();
        "torch Tensor" not_equal(input: Tensor, other: f64) => input.ne(other);
        "torch Tensor" less(input: Tensor, other: f64) => input.lt(other);
        "torch Tensor" less_equal(input: Tensor, other: f64) => input.le(other);
        "torch Tensor" greater(input: Tensor, other: f64) => input.gt(other);
        "torch Tensor" greater_equal(input: Tensor, other: f64) => input.ge(other);
        "special" xlogy(input: Tensor, other: Tensor) => input.xlogy(other);
        "special" xlog1py(input: Tensor, other: Tensor) => input.xlog1py(&other);
        "special" logit(input: Tensor, eps: Option<f64> = None) => input.logit(eps);
        "special" round(input: Tensor, decimals: i32 = 0) => input.round_to(decimals);
        "torch special" polygamma(n: i64, input: Tensor) => input.polygamma(n.max(0) as u32);
        "Tensor" polygamma(input: Tensor, n: i64) => input.polygamma(n.max(0) as u32);
    });
    all
}
