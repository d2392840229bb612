//! Convolutions to so few channels that most lanes would idle, depthwise ones first of all: places lie in the lanes
//! instead, [`LANES`] of a line at a time.
//!
//! Invariant: a place's sum runs over the weights in their order; a weight's has a lane for each sixteenth place of a
//! line, and the lanes are added last. A lane without a place counts nothing, whatever the image holds there.

use super::{Correlation, Phase};
use crate::gemm::{Image, Kernel};
use crate::kernels::reduce::{By, pairwise};
use crate::math::Real;
use crate::simd::{Body, Vector, vectorize_for, with_registers};
use crate::storage::scratch;
use std::ops::Range;

/// Places of a line whose products are summed together.
pub const LANES: usize = 16;

/// The places of lines, in pieces that stand within [`LANES`] numbers of an image.
#[derive(Default)]
pub struct Pieces {
    /// The first number of each.
    starts: Vec<usize>,
    /// Its places.
    places: Vec<Range<usize>>,
    /// Whether the places stand side by side, each piece's in the image and all of them in the result, from its beginning:
    /// whole lines of sums may be written then, since what comes behind is written later, by this phase or another.
    are_runs: bool,
}

impl Pieces {
    /// Those of places that stand at `rows`, `line` in each line, whose results belong to `targets`.
    pub fn new(rows: &[usize], line: usize, targets: &[usize]) -> Self {
        let side_by_side = |list: &[usize]| list.windows(2).all(|two| two[1] == two[0] + 1);
        let mut pieces = Pieces {
            are_runs: targets.first() == Some(&0)
                && side_by_side(targets)
                && rows.chunks(line.max(1)).all(side_by_side),
            ..Pieces::default()
        };
        for (index, &at) in rows.iter().enumerate() {
            match (pieces.starts.last(), pieces.places.last_mut()) {
                (Some(start), Some(places)) if index % line != 0 && at - start < LANES => {
                    places.end = index + 1
                }
                _ => {
                    pieces.starts.push(at);
                    pieces.places.push(index..index + 1);
                }
            }
        }
        pieces
    }
}

/// Lines of sums, [`LANES`] long, of `image[starts[i] + along[p] + l]·f`: f is `factors[p]` if they are `SPREAD` over
/// the lanes, and the sums begin; else it is lane l's own, `factors[LANES·p + l]`, and the sums go on.
fn shifted<T: Kernel, const SPREAD: bool>(
    image: &[T],
    starts: &[usize],
    along: &[usize],
    factors: &[T],
    sums: &mut [[T; LANES]],
) {
    let furthest = |list: &[usize]| list.iter().copied().max().unwrap_or(0);
    assert!(furthest(starts) + furthest(along) + LANES <= image.len(), "conv: the image ends too early");
    assert!(factors.len() >= along.len() * if SPREAD { 1 } else { LANES } && sums.len() == starts.len());
    with_registers(Shifted::<T, SPREAD> { image, starts, along, factors, sums });
}

/// The arguments of [`shifted`], which has checked them.
struct Shifted<'a, T, const SPREAD: bool> {
    image: &'a [T],
    starts: &'a [usize],
    along: &'a [usize],
    factors: &'a [T],
    sums: &'a mut [[T; LANES]],
}

/// Lines of sums that are added to at once, so that one need not wait for its own last sum.
const CHAINS: usize = 5;

impl<T: Kernel, const SPREAD: bool> Body for Shifted<'_, T, SPREAD> {
    type Of = T;
    #[inline(always)]
    unsafe fn run<V: Vector<Of = T>>(self) {
        const MOST: usize = 8; // registers in a line of sums
        let vectors = const { LANES / V::LANES };
        for (starts, sums) in self.starts.chunks(CHAINS).zip(self.sums.chunks_mut(CHAINS)) {
            // SAFETY: the caller has the instruction set; `shifted` has checked all places.
            unsafe {
                // Of fewer the first is done again, which takes no longer.
                let from: [*const T; CHAINS] =
                    std::array::from_fn(|i| self.image.as_ptr().add(*starts.get(i).unwrap_or(&starts[0])));
                // Vector j of each line, for all j.
                let mut lines = [[V::splat(T::ZERO); CHAINS]; MOST];
                let lines = &mut lines[..vectors];
                if !SPREAD {
                    for (j, line) in lines.iter_mut().enumerate() {
                        for (v, sums) in line.iter_mut().zip(&*sums) {
                            *v = V::load(sums.as_ptr().add(j * V::LANES));
                        }
                    }
                }
                for (p, &along) in self.along.iter().enumerate() {
                    for (j, line) in lines.iter_mut().enumerate() {
                        let factor = if SPREAD {
                            V::splat(*self.factors.get_unchecked(p))
                        } else {
                            V::load(self.factors.as_ptr().add(p * LANES + j * V::LANES))
                        };
                        for (v, from) in line.iter_mut().zip(from) {
                            *v = V::load(from.add(along + j * V::LANES)).fma(factor, *v);
                        }
                    }
                }
                for (j, line) in lines.iter().enumerate() {
                    for (v, sums) in line.iter().zip(&mut *sums) {
                        v.store(sums.as_mut_ptr().add(j * V::LANES));
                    }
                }
            }
        }
    }
}

impl<T: Kernel> Correlation<'_, T> {
    /// One sample's result, of weights in rows of `width`.
    pub fn few(&self, image: &[T], weights: &[T], width: usize, phase: &Phase, group: usize, out: &mut [T]) {
        let (k, pieces) = (phase.along.len(), &phase.pieces);
        let sums = pieces.starts.len() * LANES;
        // The last piece may reach beyond the image.
        scratch(sums + k + self.padded.plane() * self.from + LANES, |memory| {
            let (sums, memory) = memory.split_at_mut(sums);
            let (filter, room) = memory.split_at_mut(k);
            let sums = sums.as_chunks_mut().0;
            let image = self.padded.lay_out(image, self.from, room);
            for (column, out) in out.chunks_exact_mut(self.plane).enumerate() {
                let weights = weights.iter().skip(column).step_by(width);
                filter.iter_mut().zip(weights).for_each(|(o, &w)| *o = w);
                shifted::<T, true>(image, &pieces.starts, &phase.along, filter, sums);
                let bias = self.bias.map(|bias| bias[group * self.to + column]);
                for ((sums, &at), places) in sums.iter_mut().zip(&pieces.starts).zip(&pieces.places) {
                    if let Some(bias) = bias {
                        sums.iter_mut().for_each(|sum| *sum += bias);
                    }
                    let (rows, targets) = (&phase.rows[places.clone()], &phase.targets[places.clone()]);
                    match out[targets[0]..].first_chunk_mut() {
                        // The next pieces come over what is not a place.
                        Some(out) if pieces.are_runs => *out = *sums,
                        _ => {
                            rows.iter().zip(targets).for_each(|(&row, &at_out)| out[at_out] = sums[row - at])
                        }
                    }
                }
            }
        });
    }
}

/// Adds to each of the weights' sums, lane by lane, what a channel of the gradient contributes: the weights' first
/// numbers stand at `rows`, the gradient's places in `pieces` from there, at `places`.
pub fn weights<T: Kernel>(
    Image { data, rows, along: places }: Image<T>,
    pieces: &Pieces,
    gradient: &[T],
    sums: &mut [[T; LANES]],
) {
    let lanes = |piece: usize| {
        let start = pieces.starts[piece];
        pieces.places[piece].clone().map(move |place| (place, places[place] - start))
    };
    let all = 0..pieces.starts.len();
    // A lane without a place would be multiplied by zero: it must not hold an infinity.
    if is_finite(data) {
        return scratch(all.len() * LANES, |factors| {
            factors.fill(T::ZERO);
            for (piece, factors) in all.zip(factors.chunks_exact_mut(LANES)) {
                lanes(piece).for_each(|(place, lane)| factors[lane] = gradient[place]);
            }
            shifted::<T, false>(data, rows, &pieces.starts, factors, sums);
        });
    }
    for (&row, sums) in rows.iter().zip(sums) {
        for (place, lane) in all.clone().flat_map(lanes) {
            sums[lane] = data[row + places[place]].fma(gradient[place], sums[lane]);
        }
    }
}

/// Whether no number is infinite or NaN.
fn is_finite<T: Kernel>(numbers: &[T]) -> bool {
    vectorize_for::<T, _>(
        #[inline(always)]
        || numbers.iter().fold(true, |all, &v| all & (v * T::ZERO == T::ZERO)),
    )
}

/// The sum of lanes.
pub fn total<T: Real>(lanes: [T; LANES]) -> T {
    pairwise(lanes, By(T::ZERO, |a: T, b: T| a + b))
}

/// No sum yet, for each of so many weights.
pub fn none<T: Real>(weights: usize) -> Vec<[T; LANES]> {
    vec![[T::ZERO; LANES]; weights]
}
