//! Bytes to normalised floats, by a table of the 256 possible results.

use super::index::indices;
use super::{fresh, hold};
use crate::storage::{Block, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{DType, View};

/// `(v/255 − mean)/std` of every byte v, each operation rounded.
fn table(mean: f32, std: f32) -> [f32; 256] {
    std::array::from_fn(|v| (v as f32 / 255.0 - mean) / std)
}

/// `(x/255 − mean)/std` of bytes; `None` for other types, which is composed.
pub fn normalize(pool: &Arc<Pool>, x: View, mean: f32, std: f32) -> Option<Block> {
    if x.dtype() != DType::U8 {
        return None;
    }
    let table = table(mean, std);
    let held = hold(x);
    Some(fresh(pool, x.numel(), |out: &mut [f32]| {
        crate::walk::map(x.layout.shape(), held.of::<u8>(), out, |v| table[v as usize]);
    }))
}

/// [`normalize`] of the rows at `index`; `None` for other types and for rows that are not runs of memory.
pub fn fetch(pool: &Arc<Pool>, x: View, index: View, mean: f32, std: f32) -> Option<Block> {
    let held = hold(x);
    if x.dtype() != DType::U8 {
        return None;
    }
    let flat = held.flat::<u8>()?;
    let table = table(mean, std);
    let index = indices(index);
    let width: usize = x.layout.shape()[1..].iter().product();
    Some(fresh(pool, index.len() * width, |out: &mut [f32]| {
        threads::groups(out, width, width, |i, row| {
            for (o, &v) in row.iter_mut().zip(&flat[index[i] * width..][..width]) {
                *o = table[v as usize];
            }
        });
    }))
}
