//! Matrices: products and linear algebra.

#![allow(non_snake_case, reason = "parameters carry the names that Python gives them")]

use super::convert::Tensors;
use super::{Entry, forms};
use autograd::Tensor;
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
