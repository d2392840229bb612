//! The kernels, by theme. Each takes views that have been checked and returns a fresh block.

pub mod along;
pub mod conv;
pub mod copy;
pub mod index;
pub mod loss;
pub mod norm;
pub mod optim;
pub mod pair;
pub mod pixels;
pub mod pointwise;
pub mod product;
pub mod random;
mod reach;
pub mod recurrent;
pub mod reduce;
pub mod slopes;
pub mod softmax;
pub mod sort;
pub mod strided;
pub mod topk;
pub mod window;

use crate::storage::{Block, CpuStorage, Plain, Pool};
use std::sync::Arc;
use tensor_core::{DType, Layout, Result, View, check};

/// A view's block, held against changes while a kernel reads it.
pub struct Held<'a> {
    block: Arc<Block>,
    len: usize,
    /// How the elements are seen.
    pub layout: &'a Layout,
}

impl Held<'_> {
    /// The elements, and how they are seen.
    pub fn of<T: Plain>(&self) -> (&[T], &Layout) {
        (self.block.slice(self.len), self.layout)
    }

    /// The elements the view sees, when they lie in row-major order without gaps.
    pub fn flat<T: Plain>(&self) -> Option<&[T]> {
        let (data, layout) = self.of();
        layout.is_contiguous().then(|| &data[layout.extent()])
    }
}

/// Holds a view for reading.
#[inline(never)]
pub fn hold<'a>(view: View<'a>) -> Held<'a> {
    let block = view.buffer.storage::<CpuStorage>().read();
    Held { block, len: view.buffer.len(), layout: view.layout }
}

/// A fresh block of `len` elements, written by `f`.
///
/// # Errors
/// When there is no memory for it.
pub fn fresh<T: Plain>(pool: &Arc<Pool>, len: usize, f: impl FnOnce(&mut [T])) -> Result<Block> {
    let mut block = pool.take::<T>(len)?;
    f(block.slice_mut(len));
    Ok(block)
}

/// Elements in row-major order: where the view's own lie, or laid out in memory of its pool.
pub enum Packed<'a, T> {
    InPlace(&'a [T]),
    LaidOut(Block, usize),
}

impl<T: Plain> std::ops::Deref for Packed<'_, T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Packed::InPlace(elements) => elements,
            Packed::LaidOut(block, len) => block.slice(*len),
        }
    }
}

/// The view's elements in row-major order, copied only if they do not lie so already.
///
/// # Panics
/// When there is no memory to lay them out.
#[inline(never)]
pub fn packed<'a, T: Plain>(held: &'a Held) -> Packed<'a, T> {
    match held.flat() {
        Some(flat) => Packed::InPlace(flat),
        None => {
            let len = held.layout.numel();
            let lay_out = |out: &mut [T]| strided::pack(held.of(), out);
            Packed::LaidOut(check::done("contiguous", fresh(held.block.pool(), len, lay_out)), len)
        }
    }
}

/// Runs `$body` with `$T` standing for the Rust type of `$dtype` (booleans as bytes).
macro_rules! with_type {
    ($dtype:expr, $T:ident => $body:expr) => {
        match $dtype {
            DType::F32 => {
                type $T = f32;
                $body
            }
            DType::F64 => {
                type $T = f64;
                $body
            }
            DType::I32 => {
                type $T = i32;
                $body
            }
            DType::I64 => {
                type $T = i64;
                $body
            }
            DType::U8 | DType::Bool => {
                type $T = u8;
                $body
            }
        }
    };
}
pub(crate) use with_type;

/// Runs `$body` with `$W` standing for a whole number as wide as an element of `$dtype`: what moves elements and never
/// looks at them is compiled once a width, not once a type.
macro_rules! with_width {
    ($dtype:expr, $W:ident => $body:expr) => {
        match $dtype {
            DType::F32 | DType::I32 => {
                type $W = u32;
                $body
            }
            DType::F64 | DType::I64 => {
                type $W = u64;
                $body
            }
            DType::U8 | DType::Bool => {
                type $W = u8;
                $body
            }
        }
    };
}
pub(crate) use with_width;

/// Runs `$body` with `$T` standing for `f32` or `f64`.
macro_rules! with_float {
    ($dtype:expr, $T:ident => $body:expr) => {
        if $dtype == DType::F64 {
            type $T = f64;
            $body
        } else {
            type $T = f32;
            $body
        }
    };
}
pub(crate) use with_float;

/// Bytes of one element of a type, as a check that kernels and host agree.
const _: () = assert!(size_of::<bool>() == 1 && DType::ALL.len() == 6);
