//! Matrices: products and linear algebra.

#![allow(non_snake_case, reason = "parameters carry the names that Python gives them")]

use super::convert::Dims;
use super::kinds::Tensors;
use super::reduce::matrix_norm;
use super::{Entry, forms};
use crate::python::PyError;
use autograd::{MatrixNorm, Tensor};
use firebrand as torch;

/// The product of matrices from left to right, of which the first and the last may be vectors.
fn multi_dot(tensors: &[Tensor]) -> Result<Tensor, PyError> {
    let mut all = tensors.iter().cloned();
    let first = all.next().ok_or_else(|| PyError::runtime("multi_dot(): expected at least 2 tensors"))?;
    Ok(all.fold(first, |product, t| product.matmul(&t)))
}

/// The distances of all pairs of rows, once each.
fn pdist(x: &Tensor, p: f64) -> Tensor {
    let pairs = Tensor::triu_indices(x.dim(0), x.dim(0), 1, x.device());
    let row = |k: isize| x.index_select(0, &pairs.select(0, k));
    (row(0) - row(1)).norm_dim(p, -1, false)
}

/// The condition number in a norm; in the 2-norm without one.
fn cond(a: &Tensor, norm: Option<MatrixNorm>) -> tensor_core::Result<Tensor> {
    match norm {
        None => Ok(a.cond()),
        Some(MatrixNorm::Order(2.0)) => Ok(a.cond()),
        Some(norm) => Ok(a.matrix_norm(norm, false) * a.inverse()?.matrix_norm(norm, false)),
    }
}

/// `torch.linalg.qr` in its three modes; `'r'` has an empty Q.
fn qr(a: &Tensor, mode: &str) -> Result<(Tensor, Tensor), PyError> {
    match mode {
        "reduced" => Ok(a.qr()),
        "complete" => Ok(a.qr_complete()),
        "r" => Ok((Tensor::zeros(0, (a.dtype(), a.device())), a.qr().1)),
        _ => Err(PyError::runtime(format!("qr received unrecognized mode '{mode}'"))),
    }
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "torch Tensor" matmul(input: Tensor, other: Tensor) => input.matmul(&other);
        "torch Tensor" mm(input: Tensor, mat2: Tensor) => input.mm(&mat2);
        "torch Tensor" bmm(input: Tensor, mat2: Tensor) => input.bmm(&mat2);
        "torch Tensor" mv(input: Tensor, vec: Tensor) => input.mv(&vec);
        "torch Tensor" dot(input: Tensor, tensor: Tensor) => input.dot(&tensor);
        "torch Tensor" outer(input: Tensor, vec2: Tensor) => input.outer(&vec2);
        "torch Tensor" addmm(input: Tensor, mat1: Tensor, mat2: Tensor) => input.addmm(&mat1, &mat2);
        "torch Tensor" addmm(input: Tensor, mat1: Tensor, mat2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.addmm_scaled(&mat1, &mat2, beta, alpha);
        "torch Tensor" addmv(input: Tensor, mat: Tensor, vec: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.addmv(&mat, &vec, beta, alpha);
        "torch Tensor" addr(input: Tensor, vec1: Tensor, vec2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.addr(&vec1, &vec2, beta, alpha);
        "torch Tensor" addbmm(input: Tensor, batch1: Tensor, batch2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.addbmm(&batch1, &batch2, beta, alpha);
        "torch Tensor" vdot(input: Tensor, other: Tensor) => input.dot(&other);
        "torch Tensor" inner(input: Tensor, other: Tensor) => input.inner_product(&other);
        "torch Tensor" ger(input: Tensor, vec2: Tensor) => input.outer(&vec2);
        "torch Tensor" cross(input: Tensor, other: Tensor, dim: Option<isize> = None) => input.cross(&other, dim.unwrap_or_else(|| input.shape().iter().position(|&d| d == 3).unwrap_or(0) as isize));
        "linalg" cross(input: Tensor, other: Tensor, dim: isize = -1) => input.cross(&other, dim);
        "linalg" multi_dot(tensors: Vec<Tensor>) => multi_dot(&tensors);
        "linalg" vecdot(x: Tensor, y: Tensor, dim: isize = -1) => x.vecdot(&y, dim);
        "linalg" matmul(input: Tensor, other: Tensor) => input.matmul(&other);
        "linalg" diagonal(A: Tensor, offset: isize = 0, dim1: isize = -2, dim2: isize = -1) => A.diagonal(offset, dim1, dim2);
        "linalg" vander(x: Tensor, N: Option<usize> = None) => x.vander(N.unwrap_or(x.dim(-1)), true);
        "torch" vander(x: Tensor, N: Option<usize> = None, increasing: bool = false) => x.vander(N.unwrap_or(x.dim(-1)), increasing);
        "torch F" pdist(input: Tensor, p: f64 = 2.0) => pdist(&input, p);
        "torch Tensor" baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.baddbmm(&batch1, &batch2, beta, alpha);
        "torch" tensordot(a: Tensor, b: Tensor, dims: usize = 2) => torch::tensordot(&a, &b, dims);
        "torch" tensordot(a: Tensor, b: Tensor, dims: (Dims, Dims)) => torch::tensordot(&a, &b, dims);
        "torch Tensor" kron(input: Tensor, other: Tensor) => torch::kron(&input, &other);
        "torch" cdist(x1: Tensor, x2: Tensor, p: f64 = 2.0) => torch::cdist(&x1, &x2, p);
        "torch Tensor" trace(input: Tensor) => input.trace();
        "torch Tensor" cov(input: Tensor, correction: usize = 1) => input.cov(correction);
        "torch Tensor" corrcoef(input: Tensor) => input.corrcoef();
        "torch Tensor linalg" matrix_power(input: Tensor, n: i32) => input.matrix_power(n);
        "linalg" eigh(A: Tensor) => A.eigh();
        "linalg" eigvalsh(A: Tensor) => A.eigvalsh();
        "linalg" svd(A: Tensor, full_matrices: bool = true) => A.svd(full_matrices);
        "linalg" svdvals(A: Tensor) => A.svdvals();
        "linalg" lu(A: Tensor) => A.lu();
        "linalg" solve_triangular(A: Tensor, B: Tensor, upper: bool, left: bool = true, unitriangular: bool = false) => A.solve_triangular(&B, upper, left, unitriangular);
        "linalg" lstsq(A: Tensor, B: Tensor) => A.lstsq(&B).map(|solution| vec![solution]);
        "linalg" pinv(A: Tensor, rtol: Option<f64> = None) => A.pinv(rtol);
        "torch linalg" slogdet(A: Tensor) => A.slogdet();
        "torch Tensor" logdet(input: Tensor) => input.logdet();
        "linalg" matrix_norm(A: Tensor, ord: MatrixNorm = MatrixNorm::Frobenius, dim: Dims = Dims(vec![]), keepdim: bool = false) => matrix_norm(&A, ord, dim, keepdim);
        "linalg" matrix_rank(A: Tensor, rtol: Option<f64> = None) => A.matrix_rank(rtol);
        "linalg" cond(A: Tensor, p: Option<MatrixNorm> = None) => cond(&A, p);
        "torch" cholesky_solve(B: Tensor, L: Tensor, upper: bool = false) => B.cholesky_solve(&L, upper);
        "torch" einsum(equation: String, operands: Tensors) => torch::einsum(&equation, &operands.0);
        "torch Tensor" inverse(input: Tensor) => input.inverse();
        "torch Tensor linalg" matrix_exp(input: Tensor) => input.matrix_exp();
        "linalg" inv_ex(A: Tensor) => A.inverse_ex();
        "linalg" cholesky_ex(input: Tensor, upper: bool = false) => { let (l, info) = input.cholesky_ex(); (if upper { l.mt() } else { l }, info) };
        "linalg" inv(A: Tensor) => A.inverse();
        "linalg" solve(A: Tensor, B: Tensor) => A.solve(&B);
        "torch Tensor" det(input: Tensor) => input.det();
        "linalg" det(A: Tensor) => A.det();
        "linalg" cholesky(A: Tensor, upper: bool = false) => A.cholesky().map(|l| if upper { l.mt() } else { l });
        "torch" cholesky_inverse(L: Tensor, upper: bool = false) => Tensor::eye(L.dim(-1), (L.dtype(), L.device())).cholesky_solve(&L, upper);
        "torch" pinverse(input: Tensor) => input.pinv(None);
        "torch" svd(input: Tensor, some: bool = true) => { let (u, s, vh) = input.svd(!some); (u, s, vh.mt()) };
        "torch Tensor" cholesky(input: Tensor) => input.cholesky();
        "linalg" qr(A: Tensor, mode: String = "reduced".into()) => qr(&A, &mode);
    }
}
