//! Stable sorting along the last dimension: each element and its place packed into one whole number, whose order
//! is theirs, so that numbers are sorted that need no look elsewhere.

use super::{fresh, hold, packed};
use crate::storage::{Block, Plain, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{DType, Result, View};

/// An element as an unsigned number of the same order; all NaN are one, above everything, and −0 is 0.
pub trait Key: Plain {
    /// The number.
    fn key(self) -> u64;
}

macro_rules! float_key {
    ($float:ty, $bits:ty) => {
        impl Key for $float {
            fn key(self) -> u64 {
                if self.is_nan() {
                    return <$bits>::MAX.into();
                }
                let bits = (self + 0.0).to_bits(); // −0 + 0 is 0
                let sign = 1 << (<$bits>::BITS - 1);
                (if bits & sign == 0 { bits | sign } else { !bits }).into()
            }
        }
    };
}
float_key!(f32, u32);
float_key!(f64, u64);
impl Key for i32 {
    fn key(self) -> u64 {
        (self as u32 ^ 1 << 31).into()
    }
}
impl Key for i64 {
    fn key(self) -> u64 {
        self as u64 ^ 1 << 63
    }
}
impl Key for u8 {
    fn key(self) -> u64 {
        self.into()
    }
}

/// Where the elements of `run` stand in order; `keys` is room that is used again.
fn places<T: Key, P: Copy + Ord>(
    run: &[T],
    descending: bool,
    keys: &mut Vec<P>,
    pack: impl Fn(u64, u32) -> P,
    place: impl Fn(P) -> u32,
    out: &mut [i32],
) {
    let flip = if descending { u64::MAX } else { 0 };
    keys.clear();
    keys.extend(run.iter().zip(0..).map(|(&v, i)| pack(v.key() ^ flip, i)));
    keys.sort_unstable(); // no two are equal: their places differ
    for (o, &key) in out.iter_mut().zip(&*keys) {
        *o = place(key) as i32;
    }
}

/// The elements in order along the last dimension, NaN largest, and where they stood.
pub fn sort(pool: &Arc<Pool>, x: View, descending: bool) -> Result<(Block, Block)> {
    let len = x.layout.shape().last().copied().unwrap_or(1).max(1);
    let held = hold(x);
    macro_rules! sorted {
        ($T:ty, $P:ty, $pack:expr) => {{
            let flat = packed::<$T>(&held);
            let from = fresh(pool, flat.len(), |out: &mut [i32]| {
                let runs = (1 << 14_u32.saturating_sub(len.ilog2())).max(1);
                threads::groups(out, runs * len, 16 * runs * len, &|index, out| {
                    let mut keys = Vec::with_capacity(len);
                    for (out, run) in out.chunks_mut(len).zip(flat[index * runs * len..].chunks(len)) {
                        places(run, descending, &mut keys, $pack, |key| key as u32, out);
                    }
                });
            })?;
            let values = fresh(pool, flat.len(), |out: &mut [$T]| {
                let from = from.slice::<i32>(flat.len());
                threads::groups(out, len, len, &|index, out| {
                    let run = &flat[index * len..][..len];
                    for (o, &place) in out.iter_mut().zip(&from[index * len..]) {
                        *o = run[place as usize];
                    }
                });
            })?;
            Ok((values, from))
        }};
    }
    // The place below, the key above: of 32 bits of a short key the flipped upper half falls away.
    let short = |key: u64, place: u32| key << 32 | u64::from(place);
    let long = |key: u64, place: u32| u128::from(key) << 32 | u128::from(place);
    match x.dtype() {
        DType::F32 => sorted!(f32, u64, short),
        DType::F64 => sorted!(f64, u128, long),
        DType::I32 => sorted!(i32, u64, short),
        DType::I64 => sorted!(i64, u128, long),
        DType::U8 | DType::Bool => sorted!(u8, u64, short),
    }
}
