//! Products of vectors, matrices and batches of matrices, in all of PyTorch's rank combinations.

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{DType, Shape, check};

/// `[B, M, K] · [B, K, N]`, already shaped and of one type.
#[track_caller]
fn bmm(name: &'static str, a: &Tensor, b: &Tensor) -> Tensor {
    let out = a.raw().bmm(b.raw());
    record(name, [a, b], Keep::BOTH, out, move |ctx, g| {
        [
            ctx.needs(0).then(|| bmm("BmmBackward0", g, &ctx.input(1).transpose(1, 2))),
            ctx.needs(1).then(|| bmm("BmmBackward0", &ctx.input(0).transpose(1, 2), g)),
        ]
    })
}

/// `[M, K] · [K, N]`, of one type.
#[track_caller]
fn mm(name: &'static str, a: &Tensor, b: &Tensor) -> Tensor {
    let out = a.raw().mm(b.raw());
    record(name, [a, b], Keep::BOTH, out, move |ctx, g| {
        [
            ctx.needs(0).then(|| mm("MmBackward0", g, &ctx.input(1).t())),
            ctx.needs(1).then(|| mm("MmBackward0", &ctx.input(0).t(), g)),
        ]
    })
}

#[track_caller]
fn common(op: &str, a: &Tensor, b: &Tensor) -> (Tensor, Tensor) {
    a.raw().same_device(op, b.raw());
    let dtype = a.dtype().promote(b.dtype());
    check::arithmetic(op, dtype);
    if dtype == DType::Bool {
        check::fail(op, "is not defined for bool tensors", "convert with .to_dtype(DType::F32)");
    }
    if a.dtype() != b.dtype() {
        check::fail(
            op,
            format_args!("the operands have different types, {} and {}", a.dtype(), b.dtype()),
            format_args!("convert one with .to_dtype(DType::{:?})", dtype),
        );
    }
    (a.clone(), b.clone())
}

#[track_caller]
fn inner_sizes(op: &str, a: &Tensor, b: &Tensor, ka: usize, kb: usize) {
    if ka == kb {
        return;
    }
    let hint = if b.rank() >= 2 && b.dim(-1) == ka {
        "the second operand looks transposed: try .t() (or .transpose(-2, -1)) on it"
    } else if a.rank() >= 2 && a.dim(-2) == kb {
        "the first operand looks transposed: try .t() (or .transpose(-2, -1)) on it"
    } else {
        "the last size of the first must equal the next-to-last of the second"
    };
    check::fail(
        op,
        format_args!(
            "shapes {} and {} cannot be multiplied: the inner sizes {ka} and {kb} differ",
            a.shape(),
            b.shape()
        ),
        hint,
    );
}

impl Tensor {
    /// The product, by rank as PyTorch's: vectors `[K]·[K] → []`, matrices `[M, K]·[K, N] → [M, N]`,
    /// a vector on either side is a row or column that goes again, and leading dimensions are
    /// batches that broadcast: `[…, M, K]·[…, K, N] → […, M, N]`.
    ///
    /// # Panics
    /// When the inner sizes differ, the batches do not broadcast, or the types differ.
    #[track_caller]
    pub fn matmul(&self, other: &Tensor) -> Tensor {
        let (a, b) = common("matmul", self, other);
        if a.rank() == 0 || b.rank() == 0 {
            check::fail(
                "matmul",
                format_args!("needs at least one dimension, shapes are {} and {}", a.shape(), b.shape()),
                "multiply by a number with *",
            );
        }
        inner_sizes("matmul", &a, &b, a.dim(-1), if b.rank() == 1 { b.dim(0) } else { b.dim(-2) });
        match (a.rank(), b.rank()) {
            (2, 2) => mm("MmBackward0", &a, &b),
            (1, 1) => mm("MmBackward0", &a.unsqueeze(0), &b.unsqueeze(1))
                .reshape_to(&().into())
                .named("DotBackward0"),
            (1, 2) => mm("MmBackward0", &a.unsqueeze(0), &b).squeeze_dim(0).named("SqueezeBackward4"),
            (2, 1) => mm("MmBackward0", &a, &b.unsqueeze(1)).squeeze_dim(1).named("MvBackward0"),
            (1, _) => a.unsqueeze(0).matmul(&b).squeeze_dim(-2).named("UnsafeViewBackward0"),
            (_, 1) => a.matmul(&b.unsqueeze(1)).squeeze_dim(-1).named("UnsafeViewBackward0"),
            _ => {
                let (batch_a, batch_b) = (&a.shape()[..a.rank() - 2], &b.shape()[..b.rank() - 2]);
                let batch = check::broadcast("matmul", &Shape::new(batch_a), &Shape::new(batch_b));
                let (m, k, n) = (a.dim(-2), a.dim(-1), b.dim(-1));
                let lead = |last: [usize; 2]| Shape::new(&[batch.dims(), &last].concat());
                if batch_b.iter().product::<usize>() == 1 && batch_a.len() >= batch_b.len() {
                    // One right matrix for all: a single tall product.
                    let tall = a.reshape(vec![batch.numel() * m, k]).matmul(&b.reshape(vec![k, n]));
                    return tall.reshape_to(&lead([m, n])).named("UnsafeViewBackward0");
                }
                let flat = |t: &Tensor, last: [usize; 2]| {
                    t.expand_to(&lead(last)).reshape_to(&Shape::new(&[batch.numel(), last[0], last[1]]))
                };
                let out = bmm("UnsafeViewBackward0", &flat(&a, [m, k]), &flat(&b, [k, n]));
                out.reshape_to(&lead([m, n])).named("UnsafeViewBackward0")
            }
        }
    }

    #[track_caller]
    fn ranks(&self, op: &str, other: &Tensor, a: usize, b: usize) {
        if self.rank() != a || other.rank() != b {
            check::fail(
                op,
                format_args!(
                    "needs {a} and {b} dimensions, shapes are {} and {}",
                    self.shape(),
                    other.shape()
                ),
                "matmul takes every combination of ranks",
            );
        }
    }

    /// Matrix times matrix: `[M, K]·[K, N] → [M, N]`.
    #[track_caller]
    pub fn mm(&self, other: &Tensor) -> Tensor {
        self.ranks("mm", other, 2, 2);
        self.matmul(other)
    }

    /// Batches of matrices: `[B, M, K]·[B, K, N] → [B, M, N]`.
    #[track_caller]
    pub fn bmm(&self, other: &Tensor) -> Tensor {
        self.ranks("bmm", other, 3, 3);
        if self.dim(0) != other.dim(0) {
            check::fail(
                "bmm",
                format_args!("batches of {} and {}", self.dim(0), other.dim(0)),
                "matmul broadcasts batches",
            );
        }
        let (a, b) = common("bmm", self, other);
        inner_sizes("bmm", &a, &b, a.dim(2), b.dim(1));
        bmm("BmmBackward0", &a, &b)
    }

    /// Matrix times vector: `[M, K]·[K] → [M]`.
    #[track_caller]
    pub fn mv(&self, other: &Tensor) -> Tensor {
        self.ranks("mv", other, 2, 1);
        self.matmul(other)
    }

    /// The inner product of two vectors: `[K]·[K] → []`.
    #[track_caller]
    pub fn dot(&self, other: &Tensor) -> Tensor {
        self.ranks("dot", other, 1, 1);
        self.matmul(other)
    }

    /// The outer product of two vectors: `[M], [N] → [M, N]`.
    #[track_caller]
    pub fn outer(&self, other: &Tensor) -> Tensor {
        self.ranks("outer", other, 1, 1);
        self.unsqueeze(1) * other.unsqueeze(0)
    }

    /// `self + a·b`: PyTorch's `torch.addmm(self, a, b)`.
    #[track_caller]
    pub fn addmm(&self, a: &Tensor, b: &Tensor) -> Tensor {
        (self + a.mm(b)).named("AddmmBackward0")
    }
}
