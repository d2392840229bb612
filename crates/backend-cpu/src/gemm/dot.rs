//! A row times a column.

use super::{BLOCK_K, Kernel, UNIT_K, pieces};
use crate::simd::{opaque, vectorize_or_compact};
use std::ops::Range;

/// A row times a column, both of them runs of memory: four blocks of k at a time, since each is a chain in which every
/// sum waits for the one before.
pub fn dot<T: Kernel>(a: &[T], b: &[T]) -> T {
    let blocks: Vec<Range<usize>> = pieces(0..a.len(), BLOCK_K, UNIT_K).collect();
    let mut total = None;
    let mut add = |sums: &[T]| {
        total =
            sums.iter().fold(total, |total: Option<T>, &sum| Some(total.map_or(sum, |total| total + sum)));
    };
    for some in blocks.chunks(CHAINS) {
        // Of fewer the first is done again, which takes no longer.
        let all = std::array::from_fn(|i| some.get(i).unwrap_or(&some[0]).clone());
        add(&chains(a, b, all)[..some.len()]);
    }
    total.unwrap_or(T::ZERO)
}

/// Blocks of k that are summed side by side.
const CHAINS: usize = 4;

/// The sums of blocks of products, each in its order.
fn chains<T: Kernel>(a: &[T], b: &[T], blocks: [Range<usize>; CHAINS]) -> [T; CHAINS] {
    vectorize_or_compact!(T, |COMPACT| {
        let common = blocks.iter().map(Range::len).min().unwrap_or(0);
        let both: [(&[T], &[T]); CHAINS] = std::array::from_fn(|i| {
            let block = blocks[i].start..blocks[i].start + common;
            (&a[block.clone()], &b[block])
        });
        let mut sums = [T::ZERO; CHAINS];
        for p in 0..common {
            for (sum, (a, b)) in sums.iter_mut().zip(both) {
                *sum = opaque::<COMPACT, _>(a[p]).fma(b[p], *sum);
            }
        }
        for (sum, block) in sums.iter_mut().zip(&blocks) {
            for p in block.start + common..block.end {
                *sum = opaque::<COMPACT, _>(a[p]).fma(b[p], *sum);
            }
        }
        sums
    })
}
