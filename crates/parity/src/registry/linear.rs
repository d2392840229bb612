//! Matrices: products and linear algebra.

#![allow(non_snake_case, reason = "parameters carry the names that Python gives them")]

use super::convert::Dims;
use super::kinds::Tensors;
use super::{Entry, forms};
use autograd::{MatrixNorm, Tensor};
use firebrand as torch;

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
        "torch Tensor" baddbmm(input: Tensor, batch1: Tensor, batch2: Tensor, beta: f64 = 1.0, alpha: f64 = 1.0) => input.baddbmm(&batch1, &batch2, beta, alpha);
        "torch" tensordot(a: Tensor, b: Tensor, dims: usize = 2) => torch::tensordot(&a, &b, dims);
        "torch" tensordot(a: Tensor, b: Tensor, dims: (Dims, Dims)) => torch::tensordot(&a, &b, dims);
        "torch Tensor" kron(input: Tensor, other: Tensor) => torch::kron(&input, &other);
        "torch" cdist(x1: Tensor, x2: Tensor, p: f64 = 2.0) => torch::cdist(&x1, &x2, p);
        "torch Tensor" trace(input: Tensor) => input.trace();
        "torch Tensor" cov(input: Tensor, correction: usize = 1) => input.cov(correction);
        "torch Tensor" corrcoef(input: Tensor) => input.corrcoef();
        "torch linalg" matrix_power(input: Tensor, n: i32) => input.matrix_power(n);
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
        "linalg" matrix_norm(A: Tensor, ord: MatrixNorm = MatrixNorm::Frobenius, keepdim: bool = false) => A.matrix_norm(ord, keepdim);
        "linalg" matrix_rank(A: Tensor, rtol: Option<f64> = None) => A.matrix_rank(rtol);
        "linalg" cond(A: Tensor) => A.cond();
        "torch" cholesky_solve(B: Tensor, L: Tensor, upper: bool = false) => B.cholesky_solve(&L, upper);
        "torch" einsum(equation: String, operands: Tensors) => torch::einsum(&equation, &operands.refs());
        "torch Tensor" inverse(input: Tensor) => input.inverse();
        "linalg" inv(A: Tensor) => A.inverse();
        "linalg" solve(A: Tensor, B: Tensor) => A.solve(&B);
        "torch Tensor" det(input: Tensor) => input.det();
        "linalg" det(A: Tensor) => A.det();
        "linalg" cholesky(A: Tensor) => A.cholesky();
        "torch Tensor" cholesky(input: Tensor) => input.cholesky();
        "linalg" qr(A: Tensor) => A.qr();
    }
}
