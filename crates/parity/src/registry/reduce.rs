//! Many elements to one: sums, means, extremes, norms, running sums, order.

#![allow(non_snake_case, reason = "parameters carry the names that Python gives them")]

use super::convert::{As, Dims};
use super::kinds::Quantiles;
use super::{Entry, forms};
use crate::python::Value;
use autograd::{MatrixNorm, QuantileMode, Tensor, TensorArg};
use tensor_core::Scalar;

/// The parts of `unique` that were asked for.
fn wanted(
    (values, inverse, counts): (Tensor, Tensor, Tensor),
    with_inverse: bool,
    with_counts: bool,
) -> Value {
    let parts = [Some(values), with_inverse.then_some(inverse), with_counts.then_some(counts)];
    let mut parts: Vec<Value> = parts.into_iter().flatten().map(Value::Tensor).collect();
    if parts.len() == 1 { parts.remove(0) } else { Value::tuple(parts) }
}

/// What is put in front and behind, along a dimension.
fn joined(prepend: Option<Tensor>, input: &Tensor, append: Option<Tensor>, dim: isize) -> Tensor {
    let parts: Vec<Tensor> = [prepend, Some(input.clone()), append].into_iter().flatten().collect();
    if parts.len() == 1 { input.clone() } else { autograd::cat(&parts, dim) }
}

/// `torch.linalg.norm`: of matrices where two dimensions, or an order and a matrix, are given; else of vectors.
fn linalg_norm(x: &Tensor, ord: Option<MatrixNorm>, dim: Dims, keepdim: bool) -> Tensor {
    let matrices = dim.0.len() == 2 || (dim.0.is_empty() && x.rank() == 2);
    match ord {
        None => x.norm_dim(2.0, dim, keepdim),
        Some(norm) if matrices => matrix_norm(x, norm, dim, keepdim),
        Some(MatrixNorm::Order(p)) => x.norm_dim(p, dim, keepdim),
        Some(_) => x.norm_dim(2.0, dim, keepdim),
    }
}

/// `torch.linalg.matrix_norm` over any two dimensions.
pub(super) fn matrix_norm(x: &Tensor, norm: MatrixNorm, dim: Dims, keepdim: bool) -> Tensor {
    if dim.0.is_empty() {
        return x.matrix_norm(norm, keepdim);
    }
    let value = x.movedim(&dim.0[..], [-2, -1]).matrix_norm(norm, keepdim);
    if keepdim { value.movedim([-2, -1], &dim.0[..]) } else { value }
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "torch Tensor" sum(input: Tensor, options: As) => options.of(input).sum();
        "torch Tensor" sum(input: Tensor, dim: Dims, keepdim: bool = false, options: As) => options.of(input).sum_dim(dim, keepdim);
        "torch Tensor" mean(input: Tensor, options: As) => options.of(input).mean();
        "torch Tensor" mean(input: Tensor, dim: Dims, keepdim: bool = false, options: As) => options.of(input).mean_dim(dim, keepdim);
        "torch Tensor" prod(input: Tensor, options: As) => options.of(input).prod();
        "torch Tensor" prod(input: Tensor, dim: isize, keepdim: bool = false, options: As) => options.of(input).prod_dim(dim, keepdim);
        "torch Tensor" var(input: Tensor) => input.var();
        "torch Tensor" var(input: Tensor, unbiased: bool) => input.var_dim((), unbiased.into(), false);
        "torch Tensor" var(input: Tensor, dim: Dims, unbiased: bool, keepdim: bool = false) => input.var_dim(dim, unbiased.into(), keepdim);
        "torch Tensor" var(input: Tensor, dim: Dims = Dims(vec![]), correction: usize = 1, keepdim: bool = false) => input.var_dim(dim, correction, keepdim);
        "torch Tensor" std(input: Tensor) => input.std();
        "torch Tensor" std(input: Tensor, unbiased: bool) => input.std_dim((), unbiased.into(), false);
        "torch Tensor" std(input: Tensor, dim: Dims, unbiased: bool, keepdim: bool = false) => input.std_dim(dim, unbiased.into(), keepdim);
        "torch Tensor" std(input: Tensor, dim: Dims = Dims(vec![]), correction: usize = 1, keepdim: bool = false) => input.std_dim(dim, correction, keepdim);
        "torch Tensor" max(input: Tensor) => input.max();
        "torch Tensor" max(input: Tensor, dim: isize, keepdim: bool = false) => input.max_dim(dim, keepdim);
        "torch Tensor" max(input: Tensor, other: Tensor) => input.maximum(other);
        "torch Tensor" min(input: Tensor) => input.min();
        "torch Tensor" min(input: Tensor, dim: isize, keepdim: bool = false) => input.min_dim(dim, keepdim);
        "torch Tensor" min(input: Tensor, other: Tensor) => input.minimum(other);
        "torch Tensor" amax(input: Tensor, dim: Dims = Dims(vec![]), keepdim: bool = false) => input.amax(dim, keepdim);
        "torch Tensor" amin(input: Tensor, dim: Dims = Dims(vec![]), keepdim: bool = false) => input.amin(dim, keepdim);
        "torch Tensor" argmax(input: Tensor) => input.argmax();
        "torch Tensor" argmax(input: Tensor, dim: Option<isize> = None, keepdim: bool = false) => match dim { Some(dim) => input.argmax_dim(dim, keepdim), None if keepdim => input.argmax().reshape(&vec![1isize; input.rank()][..]), None => input.argmax() };
        "torch Tensor" argmin(input: Tensor) => input.argmin();
        "torch Tensor" argmin(input: Tensor, dim: Option<isize> = None, keepdim: bool = false) => match dim { Some(dim) => input.argmin_dim(dim, keepdim), None if keepdim => input.argmin().reshape(&vec![1isize; input.rank()][..]), None => input.argmin() };
        "torch Tensor" any(input: Tensor) => input.any();
        "torch Tensor" any(input: Tensor, dim: Dims, keepdim: bool = false) => input.any_dim(dim, keepdim);
        "torch Tensor" all(input: Tensor) => input.all();
        "torch Tensor" all(input: Tensor, dim: Dims, keepdim: bool = false) => input.all_dim(dim, keepdim);
        "torch Tensor" count_nonzero(input: Tensor) => input.count_nonzero();
        "torch Tensor" count_nonzero(input: Tensor, dim: Dims) => input.count_nonzero_dim(dim);
        "torch Tensor" norm(input: Tensor, p: f64 = 2.0) => input.norm(p);
        "torch Tensor" norm(input: Tensor, p: f64 = 2.0, dim: Dims = Dims(vec![]), keepdim: bool = false) => input.norm_dim(p, dim, keepdim);
        "torch Tensor" norm(input: Tensor, p: String, dim: Dims = Dims(vec![]), keepdim: bool = false) => if p == "nuc" { linalg_norm(&input, Some(MatrixNorm::Nuclear), dim, keepdim) } else { input.norm_dim(2.0, dim, keepdim) };
        "linalg" norm(A: Tensor, ord: Option<MatrixNorm> = None, dim: Dims = Dims(vec![]), keepdim: bool = false) => linalg_norm(&A, ord, dim, keepdim);
        "linalg" vector_norm(x: Tensor, ord: f64 = 2.0, dim: Dims = Dims(vec![]), keepdim: bool = false) => x.vector_norm(ord, dim, keepdim);
        "torch Tensor special" logsumexp(input: Tensor, dim: Dims, keepdim: bool = false) => input.logsumexp(dim, keepdim);
        "torch Tensor" cumsum(input: Tensor, dim: isize, options: As) => options.of(input).cumsum(dim);
        "torch Tensor" cumprod(input: Tensor, dim: isize, options: As) => options.of(input).cumprod(dim);
        "torch Tensor" logcumsumexp(input: Tensor, dim: isize) => input.logcumsumexp(dim);
        "torch Tensor" cummax(input: Tensor, dim: isize) => input.cummax(dim);
        "torch Tensor" cummin(input: Tensor, dim: isize) => input.cummin(dim);
        "torch Tensor" nansum(input: Tensor, dim: Dims = Dims(vec![]), keepdim: bool = false) => input.nansum(dim, keepdim);
        "torch Tensor" nanmean(input: Tensor, dim: Dims = Dims(vec![]), keepdim: bool = false) => input.nanmean(dim, keepdim);
        "torch" var_mean(input: Tensor, dim: Dims = Dims(vec![]), correction: usize = 1, keepdim: bool = false) => input.var_mean(dim, correction, keepdim);
        "torch" var_mean(input: Tensor, dim: Dims, unbiased: bool, keepdim: bool = false) => input.var_mean(dim, unbiased.into(), keepdim);
        "torch" var_mean(input: Tensor, unbiased: bool) => input.var_mean((), unbiased.into(), false);
        "torch" std_mean(input: Tensor, dim: Dims = Dims(vec![]), correction: usize = 1, keepdim: bool = false) => input.std_mean(dim, correction, keepdim);
        "torch" std_mean(input: Tensor, dim: Dims, unbiased: bool, keepdim: bool = false) => input.std_mean(dim, unbiased.into(), keepdim);
        "torch" std_mean(input: Tensor, unbiased: bool) => input.std_mean((), unbiased.into(), false);
        "torch Tensor" aminmax(input: Tensor, dim: Dims = Dims(vec![]), keepdim: bool = false) => input.aminmax(dim, keepdim);
        "torch Tensor" median(input: Tensor) => input.median();
        "torch Tensor" median(input: Tensor, dim: isize, keepdim: bool = false) => input.median_dim(dim, keepdim);
        "torch Tensor" nanmedian(input: Tensor) => input.nanmedian();
        "torch Tensor" nanmedian(input: Tensor, dim: isize, keepdim: bool = false) => input.nanmedian_dim(dim, keepdim);
        "torch Tensor" mode(input: Tensor, dim: isize = -1, keepdim: bool = false) => input.mode(dim, keepdim);
        "torch Tensor" kthvalue(input: Tensor, k: usize, dim: isize = -1, keepdim: bool = false) => input.kthvalue(k, dim, keepdim);
        "torch Tensor" quantile(input: Tensor, q: Quantiles, interpolation: QuantileMode = QuantileMode::Linear) => input.flatten(0, -1).quantile_dim(&q.of(&input), 0, false, interpolation);
        "torch Tensor" quantile(input: Tensor, q: Quantiles, dim: isize, keepdim: bool = false, interpolation: QuantileMode = QuantileMode::Linear) => input.quantile_dim(&q.of(&input), dim, keepdim, interpolation);
        "torch Tensor" nanquantile(input: Tensor, q: Quantiles, interpolation: QuantileMode = QuantileMode::Linear) => input.flatten(0, -1).nanquantile_dim(&q.of(&input), 0, false, interpolation);
        "torch Tensor" nanquantile(input: Tensor, q: Quantiles, dim: isize, keepdim: bool = false, interpolation: QuantileMode = QuantileMode::Linear) => input.nanquantile_dim(&q.of(&input), dim, keepdim, interpolation);
        "torch" searchsorted(sorted_sequence: Tensor, input: Tensor, right: bool = false, side: Option<String> = None) => sorted_sequence.searchsorted(&input, right || side.as_deref() == Some("right"));
        "torch" searchsorted(sorted_sequence: Tensor, input: Scalar, right: bool = false, side: Option<String> = None) => sorted_sequence.searchsorted(&Tensor::full((), input, (sorted_sequence.dtype(), sorted_sequence.device())), right || side.as_deref() == Some("right"));
        "torch" bucketize(input: Tensor, boundaries: Tensor, right: bool = false) => input.bucketize(&boundaries, right);
        "torch" bucketize(input: Scalar, boundaries: Tensor, right: bool = false) => Tensor::full((), input, (boundaries.dtype(), boundaries.device())).bucketize(&boundaries, right);
        "torch Tensor" histogram(input: Tensor, bins: usize, range: Option<(f64, f64)> = None, weight: Option<Tensor> = None, density: bool = false) => input.histogram(bins, range, weight.as_ref(), density);
        "torch Tensor" histogram(input: Tensor, bins: Tensor, weight: Option<Tensor> = None, density: bool = false) => (input.histogram_of(&bins, weight.as_ref(), density), bins);
        "torch Tensor" histc(input: Tensor, bins: usize = 100, min: f64 = 0.0, max: f64 = 0.0) => input.histc(bins, min, max);
        "torch Tensor" bincount(input: Tensor, weights: Option<Tensor> = None, minlength: usize = 0) => input.bincount(weights.as_ref(), minlength);
        "torch Tensor" unique(input: Tensor, sorted: bool = true) => input.unique();
        "torch Tensor" unique(input: Tensor, sorted: bool = true, return_inverse: bool = false, return_counts: bool = false) => wanted(input.unique_all(), return_inverse, return_counts);
        "torch Tensor" unique(input: Tensor, dim: isize, sorted: bool = true, return_inverse: bool = false, return_counts: bool = false) => wanted(input.unique_dim(dim, true), return_inverse, return_counts);
        "torch Tensor" unique_consecutive(input: Tensor, dim: isize, return_inverse: bool = false, return_counts: bool = false) => wanted(input.unique_dim(dim, false), return_inverse, return_counts);
        "torch Tensor" unique_consecutive(input: Tensor, return_inverse: bool = false, return_counts: bool = false) => wanted(input.unique_consecutive(), return_inverse, return_counts);
        "torch Tensor" sort(input: Tensor, dim: isize = -1, descending: bool = false, stable: bool = true) => input.sort(dim, descending);
        "torch Tensor" argsort(input: Tensor, dim: isize = -1, descending: bool = false, stable: bool = true) => input.argsort(dim, descending);
        "torch Tensor" msort(input: Tensor) => input.sort(0, false).0;
        "torch" diff(input: Tensor, n: usize = 1, dim: isize = -1, prepend: Option<Tensor> = None, append: Option<Tensor> = None) => joined(prepend, &input, append, dim).diff(n, dim);
        "Tensor" diff(input: Tensor, n: usize = 1, dim: isize = -1, prepend: Option<Tensor> = None, append: Option<Tensor> = None) => joined(prepend, &input, append, dim).diff(n, dim);
        "torch" trapezoid(y: Tensor, x: Tensor, dim: isize = -1) => y.trapezoid(Some(&x), 1.0, dim);
        "torch" trapezoid(y: Tensor, dx: f64 = 1.0, dim: isize = -1) => y.trapezoid(None, dx, dim);
        "torch" trapz(y: Tensor, x: Tensor, dim: isize = -1) => y.trapezoid(Some(&x), 1.0, dim);
        "torch" trapz(y: Tensor, dx: f64 = 1.0, dim: isize = -1) => y.trapezoid(None, dx, dim);
        "torch" cumulative_trapezoid(y: Tensor, x: Tensor, dim: isize = -1) => y.cumulative_trapezoid(Some(&x), 1.0, dim);
        "torch" cumulative_trapezoid(y: Tensor, dx: f64 = 1.0, dim: isize = -1) => y.cumulative_trapezoid(None, dx, dim);
        "torch" gradient(input: Tensor, spacing: f64 = 1.0, dim: Dims = Dims(vec![])) => input.gradient(spacing, dim);
        "torch Tensor" topk(input: Tensor, k: usize, dim: isize = -1, largest: bool = true, sorted: bool = true) => input.topk(k, dim, largest);
        "torch Tensor" allclose(input: Tensor, other: Tensor, rtol: f64 = 1e-5, atol: f64 = 1e-8) => input.allclose(&other, rtol, atol);
        "torch Tensor" equal(input: Tensor, other: Tensor) => input.equal(&other);
        "torch Tensor" dist(input: Tensor, other: TensorArg, p: f64 = 2.0) => input.sub(other).norm(p);
    }
}
