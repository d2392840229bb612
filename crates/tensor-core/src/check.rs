//! Programmer mistakes, told at the caller's line: the op, the shapes, what clashes and the likely fix.

use crate::dtype::{Category, DType};
use crate::error::Error;
use crate::shape::{Axes, Shape};
use std::fmt::Display;

/// Panics with `op: problem`, and the likely fix on a line of its own.
#[track_caller]
#[cold]
pub fn fail(op: &str, problem: impl Display, hint: impl Display) -> ! {
    let hint = hint.to_string();
    if hint.is_empty() { panic!("{op}: {problem}") } else { panic!("{op}: {problem}\n  hint: {hint}") }
}

/// Takes a backend's answer, or panics with its error: eager operations have no `Result`.
#[track_caller]
pub fn done<T>(op: &str, answer: crate::Result<T>) -> T {
    match answer {
        Ok(value) => value,
        Err(error) => fail(op, error, ""),
    }
}

/// [`done`], where the answer is a tensor's memory: running out of it names the tensor.
#[track_caller]
pub fn made<T>(op: &str, answer: crate::Result<T>, dtype: DType, shape: &Shape) -> T {
    match answer {
        Err(error @ (Error::OutOfMemory { .. } | Error::TooLarge { .. })) => {
            fail(op, format_args!("a {dtype} tensor of shape {shape} does not fit: {error}"), "")
        }
        other => done(op, other),
    }
}

/// A dimension counted from the end when negative, as an index.
#[track_caller]
pub fn axis(op: &str, dim: isize, rank: usize) -> usize {
    let limit = rank.max(1) as isize; // a 0-d tensor accepts −1 and 0, as in PyTorch
    if dim < -limit || dim >= limit {
        fail(op, format_args!("dimension {dim} is out of range for a tensor of {rank} dimensions"), {
            format!("use a dimension from {} to {}", -limit, limit - 1)
        });
    }
    (if dim < 0 { dim + limit } else { dim }) as usize
}

/// Several dimensions as a set; none given means all.
#[track_caller]
pub fn axes(op: &str, dims: &[isize], rank: usize) -> Axes {
    if dims.is_empty() {
        return Axes::all(rank);
    }
    let mut set = Axes::NONE;
    for &dim in dims {
        let index = axis(op, dim, rank);
        if rank == 0 {
            continue;
        }
        if set.contains(index) {
            fail(op, format_args!("dimension {dim} is named twice in {dims:?}"), "name each dimension once");
        }
        set = set.with(index);
    }
    set
}

/// A dimension that has a largest and a smallest element, or else the message that it is empty.
#[track_caller]
pub fn extremes(op: &str, axis: usize, shape: &Shape) {
    if shape[axis] == 0 {
        let problem = format!("dimension {axis} of shape {shape} is empty: nothing is extreme");
        fail(op, problem, "reduce a dimension that is not empty, or ask .numel() first");
    }
}

/// The shape two operands broadcast to.
#[track_caller]
pub fn broadcast(op: &str, a: &Shape, b: &Shape) -> Shape {
    if let Some(shape) = a.broadcast(b) {
        return shape;
    }
    let rank = a.rank().max(b.rank());
    let size = |s: &Shape, from_end: usize| (from_end <= s.rank()).then(|| s[s.rank() - from_end]);
    let clash = (1..=rank)
        .find(|&e| matches!((size(a, e), size(b, e)), (Some(x), Some(y)) if x != y && x != 1 && y != 1))
        .expect("a clash when broadcasting fails");
    let row = |s: &Shape| {
        let cells = (1..=rank).rev().map(|e| size(s, e).map_or("·".to_string(), |v| v.to_string()));
        cells.map(|c| format!("{c:>5}")).collect::<String>()
    };
    let (x, y) = (size(a, clash).unwrap_or(1), size(b, clash).unwrap_or(1));
    let hint = if a.rank() == 2 && b.rank() == 2 && a[0] == b[1] && a[1] == b[0] {
        "the second operand looks transposed: try .t()".to_string()
    } else if b.rank() == 1 && a.contains(&b[0]) || a.rank() == 1 && b.contains(&a[0]) {
        "sizes are aligned at the right; .unsqueeze(…) adds a dimension of size 1 where one is missing"
            .to_string()
    } else {
        "sizes are aligned at the right and must be equal or 1".to_string()
    };
    let problem = format!(
        "shapes {a} and {b} do not broadcast: sizes {x} and {y} meet at dimension {}\n  {}\n  {}",
        rank - clash,
        row(a),
        row(b),
    );
    fail(op, problem, hint)
}

/// An element type that is floating, or else the message that says how to get one.
#[track_caller]
pub fn float(op: &str, dtype: DType) {
    if !dtype.is_float() {
        fail(
            op,
            format_args!("needs a floating point tensor, got {dtype}"),
            "convert with .to_dtype(DType::F32)",
        );
    }
}

/// An element type that can be computed with: not the pixels' [`DType::U8`].
#[track_caller]
pub fn arithmetic(op: &str, dtype: DType) {
    if dtype == DType::U8 {
        fail(
            op,
            "uint8 tensors hold pixels: they are stored, indexed, compared and cast, not computed with",
            "convert with .to_dtype(DType::F32) or .to_dtype(DType::I32)",
        );
    }
}

/// An element type that can index.
#[track_caller]
pub fn index_type(op: &str, dtype: DType) {
    if dtype.category() != Category::Int || dtype == DType::U8 {
        fail(op, format_args!("indices must be integers, got {dtype}"), "convert with .to_dtype(DType::I32)");
    }
}
