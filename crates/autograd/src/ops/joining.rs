//! Joining and repeating: results are fresh copies.
//!
//! A list of tensors may hold them or references to them, so each public function here is a thin shell
//! that is compiled for both; what works sees references only.

use crate::graph::{Keep, record_many};
use crate::tensor::{Tensor, refs};
use std::borrow::Borrow;
use tensor_core::{DType, RawTensor, Shape, check};

/// Tensors joined along a dimension; sizes elsewhere must agree, types are promoted. A tensor of shape `[0]` joins
/// any, and adds nothing.
///
/// ```
/// use autograd::{Tensor, cat};
/// let cpu = backend_cpu::device();
/// let (a, b) = (Tensor::ones([1, 2], &cpu), Tensor::zeros([2, 2], &cpu));
/// assert_eq!(cat(&[&a, &b], 0).shape().dims(), [3, 2]);
/// let parts = vec![a, b];
/// assert_eq!(cat(&parts, 0).to_vec::<f32>(), [1.0, 1.0, 0.0, 0.0, 0.0, 0.0]);
/// ```
///
/// # Panics
/// For no tensors, or shapes that do not fit.
#[track_caller]
pub fn cat(tensors: &[impl Borrow<Tensor>], dim: isize) -> Tensor {
    joined(&refs(tensors), dim)
}

/// What [`cat`] does.
#[track_caller]
fn joined(tensors: &[&Tensor], dim: isize) -> Tensor {
    let Some(first) = tensors.first() else {
        check::fail("cat", "no tensors to join", "give at least one");
    };
    // As in PyTorch, `[]` joins anything: it is what loops begin with.
    let blank = |t: &Tensor| t.shape().dims() == [0];
    let first = tensors.iter().find(|t| !blank(t)).unwrap_or(first);
    let axis = first.axis("cat", dim);
    let none = if first.rank() == 0 { *first.shape() } else { first.shape().with(axis, 0) };
    for (i, t) in tensors.iter().enumerate().filter(|(_, t)| !blank(t)) {
        let fits = t.rank() == first.rank()
            && t.rank() > 0
            && (0..t.rank()).all(|a| a == axis || t.shape()[a] == first.shape()[a]);
        if !fits {
            check::fail(
                "cat",
                format_args!(
                    "tensor {i} of shape {} does not join {} along dimension {axis}",
                    t.shape(),
                    first.shape()
                ),
                "all sizes but that dimension's must be equal",
            );
        }
    }
    let dtype = tensors.iter().map(|t| t.dtype()).reduce(DType::promote).expect("at least one");
    let shaped = |t: &Tensor| if blank(t) { t.raw().reshape(&none) } else { t.raw().clone() };
    let raws: Vec<RawTensor> = tensors.iter().map(|t| shaped(t).cast(dtype)).collect();
    let parts: Vec<(usize, Shape, DType)> =
        tensors.iter().zip(&raws).map(|(t, raw)| (raw.shape()[axis], *t.shape(), t.dtype())).collect();
    let out = RawTensor::cat(&raws, axis);
    record_many("CatBackward0", tensors, Keep::NOTHING, out, move |ctx, g| {
        let mut start = 0;
        let pieces = parts.iter().enumerate().map(|(i, &(len, shape, dtype))| {
            let piece = || g.sliced(axis, start, len, 1).to_dtype(dtype).reshape_to(&shape);
            let piece = ctx.needs(i).then(piece);
            start += len;
            piece
        });
        pieces.collect()
    })
}

/// Tensors of one shape stacked along a new dimension.
#[track_caller]
pub fn stack(tensors: &[impl Borrow<Tensor>], dim: isize) -> Tensor {
    stacked(&refs(tensors), dim)
}

/// What [`stack`] does.
#[track_caller]
fn stacked(tensors: &[&Tensor], dim: isize) -> Tensor {
    let Some(first) = tensors.first() else {
        check::fail("stack", "no tensors to stack", "give at least one");
    };
    if let Some(odd) = tensors.iter().find(|t| t.shape() != first.shape()) {
        check::fail(
            "stack",
            format_args!("shapes {} and {} differ", first.shape(), odd.shape()),
            "all shapes must be equal; use cat to join along an existing dimension",
        );
    }
    let axis = check::axis("stack", dim, first.rank() + 1) as isize;
    let raised: Vec<Tensor> = tensors.iter().map(|t| t.unsqueeze(axis)).collect();
    cat(&raised, axis).named("StackBackward0")
}

/// Joined side by side: along the second dimension, or the only one.
#[track_caller]
pub fn hstack(tensors: &[impl Borrow<Tensor>]) -> Tensor {
    let all = raised(tensors, 1);
    let flat = all.first().is_none_or(|t| t.rank() == 1);
    cat(&all, if flat { 0 } else { 1 })
}

/// Joined one above the other: along the first dimension, vectors being rows.
#[track_caller]
pub fn vstack(tensors: &[impl Borrow<Tensor>]) -> Tensor {
    cat(&raised(tensors, 2), 0)
}

/// Each with at least so many dimensions: what [`Tensor::at_least`] gives.
pub(super) fn raised(tensors: &[impl Borrow<Tensor>], rank: usize) -> Vec<Tensor> {
    tensors.iter().map(|t| t.borrow().at_least(rank)).collect()
}

/// Matrices along the diagonal of one, zeros elsewhere; vectors count as rows.
#[track_caller]
pub fn block_diag(tensors: &[impl Borrow<Tensor>]) -> Tensor {
    diagonal_blocks(&raised(tensors, 2))
}

/// What [`block_diag`] does with matrices.
#[track_caller]
fn diagonal_blocks(blocks: &[Tensor]) -> Tensor {
    if let Some((i, t)) = blocks.iter().enumerate().find(|(_, t)| t.rank() > 2) {
        check::fail("block_diag", format_args!("tensor {i} has shape {}", t.shape()), "give matrices");
    }
    let width: usize = blocks.iter().map(|t| t.dim(1)).sum();
    let mut left = 0;
    let rows: Vec<Tensor> = blocks
        .iter()
        .map(|t| {
            left += t.dim(1);
            t.pad(&[left - t.dim(1), width - left], 0.0)
        })
        .collect();
    cat(&rows, 0)
}

/// Coordinate grids of one-dimensional tensors, indexed as matrices are (`indexing='ij'`).
#[track_caller]
pub fn meshgrid(tensors: &[impl Borrow<Tensor>]) -> Vec<Tensor> {
    grids(&refs(tensors))
}

/// What [`meshgrid`] does.
#[track_caller]
fn grids(tensors: &[&Tensor]) -> Vec<Tensor> {
    if let Some(t) = tensors.iter().find(|t| t.rank() > 1) {
        let hint = "give vectors, or .flatten(0, -1) them";
        check::fail("meshgrid", format!("a tensor of shape {} has no single axis", t.shape()), hint);
    }
    let sizes: Vec<usize> = tensors.iter().map(|t| t.numel()).collect();
    let shape = Shape::new(&sizes);
    let mut grids = Vec::new();
    for (i, t) in tensors.iter().enumerate() {
        let mut place = vec![1; sizes.len()];
        place[i] = sizes[i];
        grids.push(t.reshape(&place).expand_to(&shape));
    }
    grids
}

/// Coordinate grids of one-dimensional tensors, indexed as pictures are (`indexing='xy'`): the first
/// two dimensions are exchanged.
#[track_caller]
pub fn meshgrid_xy(tensors: &[impl Borrow<Tensor>]) -> Vec<Tensor> {
    let grids = meshgrid(tensors);
    if grids.len() < 2 { grids } else { grids.iter().map(|g| g.transpose(0, 1)).collect() }
}

impl Tensor {
    /// The tensor repeated `times[i]` times along dimension `i`; more times than dimensions add leading ones.
    #[track_caller]
    pub fn repeat(&self, times: &[usize]) -> Tensor {
        if times.len() < self.rank() {
            check::fail(
                "repeat",
                format_args!("{} repeats for {} dimensions", times.len(), self.rank()),
                "give a number for every dimension, or use tile",
            );
        }
        // [t₀, s₀, t₁, s₁, …] seen with strides of 0 along the tᵢ, then flattened pairwise.
        let added = times.len() - self.rank();
        let size = |i: usize| if i < added { 1 } else { self.shape()[i - added] };
        let spread: Vec<usize> = (0..times.len()).map(size).collect();
        let mut out = self.reshape_to(&Shape::new(&spread));
        for (i, &count) in times.iter().enumerate() {
            if count != 1 {
                let parts = vec![out.clone(); count];
                out = if count == 0 { out.narrow(i as isize, 0, 0) } else { cat(&parts, i as isize) };
            }
        }
        out.apart_from(self).named("RepeatBackward0")
    }

    /// As [`Tensor::repeat`], missing leading numbers being 1: NumPy's `tile`.
    #[track_caller]
    pub fn tile(&self, times: &[usize]) -> Tensor {
        let mut all = vec![1; self.rank().saturating_sub(times.len())];
        all.extend(times);
        self.repeat(&all)
    }

    /// Elements shifted along dimensions, those that fall off the end coming back at the start.
    #[track_caller]
    pub fn roll(&self, shifts: &[isize], dims: &[isize]) -> Tensor {
        if dims.is_empty() && shifts.len() == 1 {
            return self.flatten(0, -1).roll(shifts, &[0]).reshape_to(self.shape());
        }
        if shifts.len() != dims.len() {
            check::fail("roll", format_args!("{} shifts for {} dimensions", shifts.len(), dims.len()), "");
        }
        let mut out = self.clone();
        for (&shift, &dim) in shifts.iter().zip(dims) {
            let axis = self.axis("roll", dim);
            let Some(&size) = self.shape().get(axis) else { continue }; // a number rolls onto itself
            let cut = if size == 0 { 0 } else { (-shift).rem_euclid(size as isize) as usize };
            if cut != 0 {
                out =
                    cat(&[out.sliced(axis, cut, size - cut, 1), out.sliced(axis, 0, cut, 1)], axis as isize);
            }
        }
        out.apart_from(self).named("RollBackward0")
    }

    /// The lower triangle of the last two dimensions up to `diagonal`, zeros elsewhere.
    #[track_caller]
    pub fn tril(&self, diagonal: isize) -> Tensor {
        self.triangle("tril", diagonal, |col, row| col.gt(row)).named("TrilBackward0")
    }

    /// The upper triangle of the last two dimensions from `diagonal`, zeros elsewhere.
    #[track_caller]
    pub fn triu(&self, diagonal: isize) -> Tensor {
        self.triangle("triu", diagonal, |col, row| col.lt(row)).named("TriuBackward0")
    }

    /// Zeros where a column's index is `outside` of its row's index plus `diagonal`.
    #[track_caller]
    fn triangle(
        &self,
        op: &str,
        diagonal: isize,
        outside: impl FnOnce(&Tensor, &Tensor) -> Tensor,
    ) -> Tensor {
        if self.rank() < 2 {
            check::fail(op, format_args!("needs two dimensions, shape is {}", self.shape()), "");
        }
        let (rows, cols) = (self.dim(-2) as isize, self.dim(-1) as isize);
        let first = diagonal.clamp(-rows, cols); // further away is all the same
        let count = |from: isize, to: isize| Tensor::arange(from as i64, to as i64, 1, self.device());
        self.masked_fill(&outside(&count(0, cols), &count(first, first + rows).unsqueeze(1)), 0)
    }
}
