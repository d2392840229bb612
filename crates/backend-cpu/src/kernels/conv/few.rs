//! Convolutions to so few channels that most lanes would idle, depthwise ones first of all: places lie in the lanes
//! instead, and a result is the sum of its image's shifted copies.

use super::{Correlation, Phase};
use crate::gemm::{Image, Kernel};
use crate::kernels::reduce::{By, pairwise};
use crate::math::Real;
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::scratch;

/// Places of a line whose products are summed together.
const LANES: usize = 16;

impl<T: Kernel> Correlation<'_, T> {
    /// One sample's result, of weights in rows of `width`.
    pub fn few(&self, image: &[T], weights: &[T], width: usize, phase: &Phase, group: usize, out: &mut [T]) {
        let (Some(&first), Some(&last)) = (phase.rows.first(), phase.rows.last()) else { return };
        // From the first place to the last one; what lies between lines is summed too, and left behind.
        let span = last - first + 1;
        let room = self.padded.room(self.from);
        scratch(room + span, |memory| {
            let (room, sums) = memory.split_at_mut(room);
            let image = self.padded.surround(image, self.from, room);
            for (column, out) in out.chunks_exact_mut(self.plane).enumerate() {
                let weights = weights.iter().skip(column).step_by(width);
                sums.fill(T::ZERO);
                vectorize_or_compact::<T, _>(
                    #[inline(always)]
                    |compact| {
                        for (&along, &w) in phase.along.iter().zip(weights) {
                            let image = &image[first + along..][..span];
                            sums.iter_mut()
                                .zip(image)
                                .for_each(|(sum, &v)| *sum = opaque(compact, v).fma(w, *sum));
                        }
                    },
                );
                let bias = self.bias.map(|bias| bias[group * self.to + column]);
                for (&row, &at) in phase.rows.iter().zip(&phase.targets) {
                    let sum = sums[row - first];
                    out[at] = bias.map_or(sum, |bias| sum + bias);
                }
            }
        });
    }
}

/// Adds to each of the weights' sums, lane by lane, what a channel of the gradient contributes, whose lines are `line`
/// long: the image's rows are the weights', along are the places.
pub fn weights<T: Kernel>(image: Image<T>, gradient: &[T], line: usize, sums: &mut [[T; LANES]]) {
    let Image { data, rows, along } = image;
    vectorize_or_compact::<T, _>(
        #[inline(always)]
        |compact| {
            for (along, gradient) in along.chunks(line).zip(gradient.chunks(line)) {
                for (along, gradient) in along.chunks(LANES).zip(gradient.chunks(LANES)) {
                    let (first, count) = (along[0], along.len());
                    let is_run = along[count - 1] - first == count - 1;
                    let mut factors = [T::ZERO; LANES];
                    factors[..count].copy_from_slice(gradient);
                    for (&row, sums) in rows.iter().zip(&mut *sums) {
                        match data[row + first..].first_chunk::<LANES>() {
                            Some(from) if is_run => {
                                for i in 0..opaque(compact, LANES) {
                                    // What follows the line must not meet the zeros: it may be infinite.
                                    let value = opaque(compact, if i < count { from[i] } else { T::ZERO });
                                    sums[i] = value.fma(factors[i], sums[i]);
                                }
                            }
                            _ => {
                                for ((sum, &at), &g) in sums.iter_mut().zip(along).zip(gradient) {
                                    *sum = opaque(compact, data[row + at]).fma(g, *sum);
                                }
                            }
                        }
                    }
                }
            }
        },
    );
}

/// The sum of lanes.
pub fn total<T: Real>(lanes: [T; LANES]) -> T {
    pairwise(lanes, By(T::ZERO, |a: T, b: T| a + b))
}

/// No sum yet, for each of so many weights.
pub fn none<T: Real>(weights: usize) -> Vec<[T; LANES]> {
    vec![[T::ZERO; LANES]; weights]
}
