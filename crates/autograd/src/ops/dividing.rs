//! More ways to divide tensors, to stand them side by side, and to combine what they hold.

use super::Pieces;
use super::joining::raised;
use crate::tensor::{Tensor, refs};
use std::borrow::Borrow;
use tensor_core::{Shape, check};

/// Tensors side by side in the third dimension, those of fewer given it: `torch.dstack`.
#[track_caller]
pub fn dstack(tensors: &[impl Borrow<Tensor>]) -> Tensor {
    crate::cat(&raised(tensors, 3), 2)
}

/// Vectors as columns, and matrices, side by side: `torch.column_stack`.
#[track_caller]
pub fn column_stack(tensors: &[impl Borrow<Tensor>]) -> Tensor {
    let column = |t: &Tensor| if t.rank() < 2 { t.reshape([-1, 1]) } else { t.clone() };
    crate::hstack(&tensors.iter().map(|t| column(t.borrow())).collect::<Vec<_>>())
}

/// Tensors expanded to their common shape: `torch.broadcast_tensors`.
#[track_caller]
pub fn broadcast_tensors(tensors: &[impl Borrow<Tensor>]) -> Vec<Tensor> {
    to_common_shape(&refs(tensors))
}

/// What [`broadcast_tensors`] does.
#[track_caller]
fn to_common_shape(tensors: &[&Tensor]) -> Vec<Tensor> {
    let mut shape = Shape::new(&[]);
    for t in tensors {
        shape = check::broadcast("broadcast_tensors", &shape, t.shape());
    }
    tensors.iter().map(|t| t.expand_to(&shape)).collect()
}

/// All tuples of an element of each vector: `torch.cartesian_prod`.
#[track_caller]
pub fn cartesian_prod(tensors: &[impl Borrow<Tensor>]) -> Tensor {
    if let [one] = tensors {
        return one.borrow().clone();
    }
    let columns: Vec<Tensor> = crate::meshgrid(tensors).iter().map(|t| t.flatten(0, -1)).collect();
    crate::stack(&columns, 1)
}

impl Tensor {
    /// Pieces along a dimension whose sizes differ by at most one, the longer ones first; or cut at the
    /// places listed: `torch.tensor_split`.
    #[track_caller]
    pub fn tensor_split(&self, pieces: impl Into<Pieces>, dim: isize) -> Vec<Tensor> {
        let (axis, len) = self.sized_axis("tensor_split", dim);
        let ends: Vec<usize> = match pieces.into() {
            Pieces::Each(0) => check::fail("tensor_split", "0 pieces", "give a positive number"),
            Pieces::Each(count) => (1..=count).map(|k| k * (len / count) + k.min(len % count)).collect(),
            Pieces::Sizes(places) => places.into_iter().map(|p| p.min(len)).chain([len]).collect(),
        };
        let starts = || [0].into_iter().chain(ends.iter().copied());
        let sizes: Vec<usize> = starts().zip(&ends).map(|(start, &end)| end.saturating_sub(start)).collect();
        if ends.is_sorted() {
            return self.cut(axis, "SliceBackward0", &sizes);
        }
        // Places that go back make pieces that overlap.
        starts().zip(sizes).map(|(start, size)| self.narrow(dim, start, size)).collect()
    }

    /// At least `rank` dimensions, as `torch.atleast_1d`, `_2d` and `_3d` add them.
    #[track_caller]
    pub fn at_least(&self, rank: usize) -> Tensor {
        let mut t = self.clone();
        while t.rank() < rank {
            // The second comes in front, the third behind.
            t = t.unsqueeze(if t.rank() < 2 { 0 } else { -1 });
        }
        t
    }

    /// All choices of `r` elements of a vector, in order: `[choices, r]`.
    #[track_caller]
    pub fn combinations(&self, r: usize, with_replacement: bool) -> Tensor {
        if self.rank() != 1 {
            check::fail("combinations", format_args!("needs a vector, shape is {}", self.shape()), "");
        }
        let n = self.numel() as i32;
        let mut rows: Vec<Vec<i32>> = vec![Vec::new()];
        for _ in 0..r {
            let longer = |row: &Vec<i32>| {
                let first = row.last().map_or(0, |&last| if with_replacement { last } else { last + 1 });
                (first..n).map(|i| [&row[..], &[i]].concat()).collect::<Vec<_>>()
            };
            rows = rows.iter().flat_map(longer).collect();
        }
        let count = rows.len();
        let index = Tensor::from_vec(rows.concat(), count * r, self.device());
        self.index_select(0, &index).reshape([count as isize, r as isize])
    }

    /// The areas between neighbours along a dimension, by the trapezoidal rule: `x` holds the places, or
    /// they are `dx` apart.
    #[track_caller]
    fn trapezia(&self, x: Option<&Tensor>, dx: f64, dim: isize) -> Tensor {
        let (axis, size) = self.sized_axis("trapezoid", dim);
        let short = size.saturating_sub(1);
        let sums = self.narrow(dim, 0, short) + self.narrow(dim, size - short, short);
        match x {
            None => sums * dx / 2.0,
            Some(x) if x.rank() == 1 => {
                let mut sizes = vec![1isize; self.rank()];
                sizes[axis] = -1;
                sums * x.diff(1, -1).reshape(&sizes[..]) / 2.0
            }
            Some(x) => sums * x.diff(1, dim) / 2.0,
        }
    }

    /// The integral along a dimension by the trapezoidal rule (PyTorch's defaults are `None`, 1 and −1).
    #[track_caller]
    pub fn trapezoid(&self, x: Option<&Tensor>, dx: f64, dim: isize) -> Tensor {
        self.trapezia(x, dx, dim).sum_dim(dim, false)
    }

    /// The running integral along a dimension, as [`Tensor::trapezoid`].
    #[track_caller]
    pub fn cumulative_trapezoid(&self, x: Option<&Tensor>, dx: f64, dim: isize) -> Tensor {
        self.trapezia(x, dx, dim).cumsum(dim)
    }

    /// The slopes along dimensions, one tensor each: central differences, one-sided ones at the ends;
    /// elements are `spacing` apart (PyTorch's default is 1). `torch.gradient`.
    #[track_caller]
    pub fn gradient(&self, spacing: f64, dims: impl super::Dims) -> Vec<Tensor> {
        let axes = check::axes("gradient", &dims.list(), self.rank());
        (0..self.rank())
            .filter(|&axis| axes.contains(axis))
            .map(|axis| {
                let (dim, size) = (axis as isize, self.shape()[axis]);
                if size < 2 {
                    check::fail(
                        "gradient",
                        format_args!("dimension {axis} of shape {} is too short", self.shape()),
                        "",
                    );
                }
                let step = self.diff(1, dim) / spacing;
                let inner = (self.narrow(dim, 2, size - 2) - self.narrow(dim, 0, size - 2)) / (2.0 * spacing);
                crate::cat(&[step.narrow(dim, 0, 1), inner, step.narrow(dim, size - 2, 1)], dim)
            })
            .collect()
    }

    /// Columns of powers of a vector, `columns` of them, ascending if `increasing`: `torch.vander`.
    #[track_caller]
    pub fn vander(&self, columns: usize, increasing: bool) -> Tensor {
        let power = |k: usize| self.pow(if increasing { k } else { columns - 1 - k } as f64);
        crate::stack(&(0..columns).map(power).collect::<Vec<_>>(), -1)
    }

    /// A copy whose elements at row-major places are those of `source`, or their sum with what stood there; negative
    /// places count from the end.
    #[track_caller]
    pub fn put(&self, index: &Tensor, source: &Tensor, accumulate: bool) -> Tensor {
        let flat = self.flatten(0, -1);
        let index = self.wrapped("put", &index.flatten(0, -1), self.numel());
        let source = source.flatten(0, -1);
        let out =
            if accumulate { flat.scatter_add(0, &index, &source) } else { flat.scatter(0, &index, &source) };
        out.reshape_to(self.shape()).named("PutBackward0")
    }

    /// A copy whose [`Tensor::diagonal`] is `source`: `torch.diagonal_scatter`.
    #[track_caller]
    pub fn diagonal_scatter(&self, source: &Tensor, offset: isize, dim1: isize, dim2: isize) -> Tensor {
        let places = Tensor::arange(0, self.numel() as i64, 1, self.device()).reshape_to(self.shape());
        let places = places.diagonal(offset, dim1, dim2);
        if places.shape() != source.shape() {
            check::fail(
                "diagonal_scatter",
                format_args!("source of shape {} for a diagonal of shape {}", source.shape(), places.shape()),
                "give one element for each of the diagonal",
            );
        }
        self.put(&places, source, false).named("DiagonalScatterBackward0")
    }

    /// Products of vectors along a dimension, summed: `torch.linalg.vecdot`.
    #[track_caller]
    pub fn vecdot(&self, other: &Tensor, dim: isize) -> Tensor {
        (self * other).sum_dim(dim, false)
    }

    /// Products of the last dimensions, all with all: `torch.inner`.
    #[track_caller]
    pub fn inner_product(&self, other: &Tensor) -> Tensor {
        if self.rank() == 0 || other.rank() == 0 {
            return self * other;
        }
        crate::tensordot(self, other, (-1isize, -1isize))
    }
}
