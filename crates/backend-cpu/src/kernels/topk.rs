//! The largest few along the last dimension, in one pass over each run: who is not before the last of the best so far
//! is passed over, whole vectors at a time. Order and ties are those of [`super::sort`].

use super::sort::Key;
use super::{fresh, hold, packed};
use crate::simd::vectorize_for;
use crate::storage::{Block, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{DType, Result, View};

/// Elements that are asked together whether any of them may be among the best.
const CHUNK: usize = 64;

/// The best `k` of a run, in order: their keys (flipped where the largest come first) and places.
struct Best {
    k: usize,
    flip: u64,
    /// Candidates, at most `room` of them, among which are the best so far.
    found: Vec<(u64, u32)>,
    room: usize,
    /// The key of the last of the best, once there are `k` of them: only a smaller one can still enter, since of
    /// equal keys the first come first.
    limit: Option<u64>,
}

impl Best {
    fn new(k: usize, largest: bool) -> Self {
        let room = 2 * k + CHUNK;
        Best {
            k,
            flip: if largest { u64::MAX } else { 0 },
            found: Vec::with_capacity(room),
            room,
            limit: None,
        }
    }

    /// Leaves the best `k`.
    fn settle(&mut self) {
        if self.found.len() > self.k {
            self.found.select_nth_unstable(self.k - 1);
            self.found.truncate(self.k);
        }
        if self.found.len() == self.k {
            self.limit = self.found.iter().map(|&(key, _)| key).max();
        }
    }

    /// The best of a run, in order.
    fn of<T: Key>(&mut self, run: &[T]) -> &[(u64, u32)] {
        self.found.clear();
        self.limit = None;
        let flip = self.flip;
        for (chunk, first) in run.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
            if let Some(limit) = self.limit {
                let any = vectorize_for::<T, _>(
                    #[inline(always)]
                    || chunk.iter().fold(false, |any, &v| any | (v.key() ^ flip < limit)),
                );
                if !any {
                    continue;
                }
            }
            for (&v, place) in chunk.iter().zip(first..) {
                let key = v.key() ^ flip;
                if self.limit.is_none_or(|limit| key < limit) {
                    self.found.push((key, place));
                }
            }
            // The first `k` are held against the others as soon as they are there.
            if self.found.len() + CHUNK > self.room || self.limit.is_none() {
                self.settle();
            }
        }
        self.settle();
        self.found.sort_unstable(); // no two are equal: their places differ
        &self.found
    }
}

/// The first `k` elements in descending order along the last dimension, or in ascending, and where they stood.
pub fn topk(pool: &Arc<Pool>, x: View, k: usize, largest: bool) -> Result<(Block, Block)> {
    let len = x.layout.shape().last().copied().unwrap_or(1);
    let held = hold(x);
    macro_rules! chosen {
        ($T:ty) => {{
            let flat = packed::<$T>(&held);
            let runs = if len == 0 { 0 } else { flat.len() / len };
            let from = fresh(pool, runs * k, |out: &mut [i32]| {
                if k == 0 {
                    return;
                }
                // A few runs at a time, so that room for candidates is found once for all of them.
                let several = ((1 << 14) / len).max(1);
                threads::groups(out, several * k, several * len, &|index, out| {
                    let mut best = Best::new(k, largest);
                    for (out, run) in out.chunks_mut(k).zip(flat[index * several * len..].chunks(len)) {
                        for (o, &(_, place)) in out.iter_mut().zip(best.of(run)) {
                            *o = place as i32;
                        }
                    }
                });
            })?;
            let values = fresh(pool, runs * k, |out: &mut [$T]| {
                let from = from.slice::<i32>(runs * k);
                for (i, (o, &place)) in out.iter_mut().zip(from).enumerate() {
                    *o = flat[i / k * len + place as usize];
                }
            })?;
            Ok((values, from))
        }};
    }
    match x.dtype() {
        DType::F32 => chosen!(f32),
        DType::F64 => chosen!(f64),
        DType::I32 => chosen!(i32),
        DType::I64 => chosen!(i64),
        DType::U8 | DType::Bool => chosen!(u8),
    }
}
