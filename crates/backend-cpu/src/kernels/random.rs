//! Normal numbers from uniform ones, on several threads.

use crate::simd::{opaque, vectorize_or_compact};
use crate::threads;
use tensor_core::random;

/// Numbers that a thread takes at a time, in whole blocks.
const GROUP: usize = 16 * 256;

/// Turns whole blocks of sixteen uniform numbers into normal ones. Where the machine has no fused multiply-add the
/// one that is computed in double precision gives the same bits (see [`random::box_muller`]).
pub fn box_muller(blocks: &mut [f32], mean: f32, std: f32) {
    threads::groups(blocks, GROUP, 8 * GROUP, &|_, blocks| {
        vectorize_or_compact!(f32, |COMPACT| random::box_muller_by(blocks, mean, std, |a, b, c| opaque::<
            COMPACT,
            _,
        >(a)
        .mul_add(b, c)));
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A fifth of the numbers that a word of 24 bits gives (all of them were tried once), as the first of a pair and as
    /// the second.
    #[test]
    fn the_bits_are_those_of_the_plain_loop() {
        let all: Vec<f32> = (0..1u32 << 24).map(|i| i as f32 / 16_777_216.0).collect();
        for (mean, std) in [(0.0, 1.0), (0.3, 0.7)] {
            for (part, turn) in all.chunks(1 << 18).step_by(5).flat_map(|part| [(part, 0), (part, 8)]) {
                let mut first: Vec<f32> = part.to_vec();
                first.chunks_exact_mut(16).for_each(|block| block.rotate_left(turn));
                let mut second = first.clone();
                box_muller(&mut first, mean, std);
                random::box_muller(&mut second, mean, std);
                let bits = |v: &[f32]| v.iter().map(|v| v.to_bits()).collect::<Vec<u32>>();
                assert_eq!(bits(&first), bits(&second), "mean {mean}, std {std}");
            }
        }
    }
}
