//! A row times a column.

use super::{BLOCK_K, Kernel, UNIT_K, pieces};
use crate::simd::vectorize_for;
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
    let mut fours = blocks.chunks_exact(4);
    for four in &mut fours {
        add(&chains::<T, 4>(a, b, four));
    }
    match fours.remainder() {
        rest @ [_, _, _] => add(&chains::<T, 3>(a, b, rest)),
        rest @ [_, _] => add(&chains::<T, 2>(a, b, rest)),
        rest => rest.iter().for_each(|block| add(&chains::<T, 1>(a, b, std::slice::from_ref(block)))),
    }
    total.unwrap_or(T::ZERO)
}

/// The sums of `N` blocks of products, each in its order.
fn chains<T: Kernel, const N: usize>(a: &[T], b: &[T], blocks: &[Range<usize>]) -> [T; N] {
    vectorize_for::<T, _>(
        #[inline(always)]
        || {
            let common = blocks.iter().map(Range::len).min().unwrap_or(0);
            let both: [(&[T], &[T]); N] = std::array::from_fn(|i| {
                let block = blocks[i].start..blocks[i].start + common;
                (&a[block.clone()], &b[block])
            });
            let mut sums = [T::ZERO; N];
            for p in 0..common {
                for (sum, (a, b)) in sums.iter_mut().zip(both) {
                    *sum = a[p].fma(b[p], *sum);
                }
            }
            for (sum, block) in sums.iter_mut().zip(blocks) {
                for p in block.start + common..block.end {
                    *sum = a[p].fma(b[p], *sum);
                }
            }
            sums
        },
    )
}
