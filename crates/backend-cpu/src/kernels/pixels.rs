//! Bytes to normalised floats.
//!
//! There are only 256 possible results, so a table says what each must be. Reading it is one lookup a pixel,
//! though, and does not vectorise; multiplications by reciprocals with a correction do, and give the same bits
//! for nearly every mean and deviation. So the formula is tried on all 256 bytes first and used if it is exact.

use super::index::indices;
use super::{fresh, hold, packed};
use crate::simd::{Level, level, prefetch, vectorize};
use crate::storage::{Block, Pool};
use crate::threads;
use std::sync::{Arc, Mutex, PoisonError};
use tensor_core::{DType, Result, View};

/// Rows fetched ahead of the one at hand.
const AHEAD: usize = 4;
/// Bytes that come from memory together.
const LINE: usize = 64;

/// `(v/255 − mean)/std` of a byte v, each operation rounded.
struct Normalizer {
    table: [f32; 256],
    formula: Option<Formula>,
}

impl Normalizer {
    /// The one of a mean and a deviation; the last one made is kept, since a program has one for its data.
    fn of(mean: f32, std: f32) -> Arc<Self> {
        type Kept = Option<([u32; 2], Arc<Normalizer>)>;
        static LAST: Mutex<Kept> = Mutex::new(None);
        let key = [mean.to_bits(), std.to_bits()];
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        match &*last {
            Some((kept, normalizer)) if *kept == key => normalizer.clone(),
            _ => last.insert((key, Arc::new(Normalizer::new(mean, std)))).1.clone(),
        }
    }

    fn new(mean: f32, std: f32) -> Self {
        let table: [f32; 256] = std::array::from_fn(|v| (v as f32 / 255.0 - mean) / std);
        let formula = Formula { mean, std, reciprocal: 1.0 / std };
        // Without fused multiply-adds in hardware the table is faster.
        let exact = level() > Level::Portable
            && vectorize(
                #[inline(always)]
                || formula.gives(&table),
            );
        let formula = exact.then_some(formula);
        Normalizer { table, formula }
    }

    fn run(&self, bytes: &[u8], out: &mut [f32]) {
        match self.formula {
            Some(formula) => vectorize(
                #[inline(always)]
                || {
                    for (o, &v) in out.iter_mut().zip(bytes) {
                        *o = formula.of(v);
                    }
                },
            ),
            None => {
                for (o, &v) in out.iter_mut().zip(bytes) {
                    *o = self.table[usize::from(v)];
                }
            }
        }
    }
}

/// The two divisions as multiplications by a reciprocal, each corrected by its remainder (Markstein 1990).
#[derive(Clone, Copy)]
struct Formula {
    mean: f32,
    std: f32,
    reciprocal: f32,
}

impl Formula {
    /// Whether it gives the table's bits for every byte.
    #[inline(always)]
    fn gives(self, table: &[f32; 256]) -> bool {
        (0..=255).all(|v| self.of(v).to_bits() == table[usize::from(v)].to_bits())
    }

    #[inline(always)]
    fn of(self, v: u8) -> f32 {
        let divide = |a: f32, b: f32, reciprocal: f32| {
            let q = a * reciprocal;
            (-b).mul_add(q, a).mul_add(reciprocal, q)
        };
        divide(divide(f32::from(v), 255.0, 1.0 / 255.0) - self.mean, self.std, self.reciprocal)
    }
}

/// `(x/255 − mean)/std` of bytes; `None` for other types, which is composed.
pub fn normalize(pool: &Arc<Pool>, x: View, mean: f32, std: f32) -> Option<Result<Block>> {
    if x.dtype() != DType::U8 {
        return None;
    }
    let normalizer = Normalizer::of(mean, std);
    let held = hold(x);
    let bytes = packed::<u8>(&held);
    Some(fresh(pool, x.numel(), |out: &mut [f32]| {
        threads::chunks(out, &|first, out| normalizer.run(&bytes[first..first + out.len()], out));
    }))
}

/// [`normalize`] of the rows at `index`; `None` for other types and for rows that are not runs of memory.
pub fn fetch(pool: &Arc<Pool>, x: View, index: View, mean: f32, std: f32) -> Option<Result<Block>> {
    let held = hold(x);
    if x.dtype() != DType::U8 {
        return None;
    }
    let flat = held.flat::<u8>()?;
    let normalizer = Normalizer::of(mean, std);
    let index = indices(index);
    let width: usize = x.layout.shape()[1..].iter().product();
    Some(fresh(pool, index.len() * width, |out: &mut [f32]| {
        threads::groups(out, width, width, &|i, row| {
            // Rows are drawn at random from more memory than any cache holds: the next ones are asked for early.
            if let Some(&next) = index.get(i + AHEAD) {
                let row = flat.as_ptr().wrapping_add(next * width);
                (0..width).step_by(LINE).for_each(|byte| prefetch(row.wrapping_add(byte)));
            }
            normalizer.run(&flat[index[i] * width..][..width], row);
        });
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_deviations_take_the_formula_and_odd_ones_are_right_all_the_same() {
        for (mean, std) in
            [(0.5, 0.5), (0.0, 1.0), (0.1307, 0.3081), (0.286, 0.353), (0.3, 1e-38), (0.1, 3e38)]
        {
            let normalizer = Normalizer::new(mean, std);
            if level() > Level::Portable && std > 1e-3 && std < 10.0 {
                assert!(normalizer.formula.is_some(), "mean {mean}, deviation {std}");
            }
            let bytes: Vec<u8> = (0..=255).collect();
            let mut out = [0.0; 256];
            normalizer.run(&bytes, &mut out);
            for (v, got) in out.into_iter().enumerate() {
                let want = (v as f32 / 255.0 - mean) / std;
                assert_eq!(got.to_bits(), want.to_bits(), "{v} by {mean} and {std}");
            }
        }
    }
}
