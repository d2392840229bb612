//! The Mersenne Twister MT19937 (Matsumoto & Nishimura 1998), with PyTorch's bookkeeping.

const N: usize = 624;
const M: usize = 397;

/// The generator's words and where it stands among them.
#[derive(Clone, Debug, PartialEq)]
pub struct Mt19937 {
    pub(super) words: [u32; N],
    /// Words left before the next twist, plus one.
    pub(super) left: i32,
    /// The next word to give out.
    pub(super) next: usize,
}

impl Mt19937 {
    /// Seeds from the low 32 bits, as `init_genrand`.
    pub fn new(seed: u64) -> Self {
        let mut words = [0u32; N];
        words[0] = seed as u32;
        for j in 1..N {
            let before = words[j - 1];
            words[j] = 1_812_433_253u32.wrapping_mul(before ^ (before >> 30)).wrapping_add(j as u32);
        }
        Mt19937 { words, left: 1, next: 0 }
    }

    fn twist(&mut self) {
        let mix = |a: u32, b: u32| {
            let bits = (a & 0x8000_0000) | (b & 0x7fff_ffff);
            (bits >> 1) ^ if b & 1 == 1 { 0x9908_b0df } else { 0 }
        };
        let w = &mut self.words;
        for i in 0..N - M {
            w[i] = w[i + M] ^ mix(w[i], w[i + 1]);
        }
        for i in N - M..N - 1 {
            w[i] = w[i + M - N] ^ mix(w[i], w[i + 1]);
        }
        w[N - 1] = w[M - 1] ^ mix(w[N - 1], w[0]);
        self.left = N as i32;
        self.next = 0;
    }

    /// The next 32 bits.
    #[inline]
    pub fn u32(&mut self) -> u32 {
        self.left -= 1;
        if self.left == 0 {
            self.twist();
        }
        let y = self.words[self.next];
        self.next += 1;
        tempered(y)
    }

    /// `f` of the next words, as many as `out` is long; many at a time.
    pub fn fill<T>(&mut self, out: &mut [T], f: impl Fn(u32) -> T) {
        let mut rest = out;
        while !rest.is_empty() {
            if self.left == 1 {
                self.twist();
                self.left += 1; // what the next word takes away before it looks
            }
            let (now, later) = rest.split_at_mut(rest.len().min(self.left as usize - 1));
            for (v, &word) in now.iter_mut().zip(&self.words[self.next..]) {
                *v = f(tempered(word));
            }
            self.left -= now.len() as i32;
            self.next += now.len();
            rest = later;
        }
    }

    /// The next 64 bits: two draws, the first being the high half.
    #[inline]
    pub fn u64(&mut self) -> u64 {
        let high = self.u32();
        u64::from(high) << 32 | u64::from(self.u32())
    }

    /// Uniform in [0, 1) of 24 bits.
    #[inline]
    pub fn unit32(&mut self) -> f32 {
        unit32(self.u32())
    }

    /// Uniform in [0, 1) of 53 bits.
    #[inline]
    pub fn unit64(&mut self) -> f64 {
        (self.u64() & 0x001f_ffff_ffff_ffff) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }
}

/// A word as it is given out.
#[inline(always)]
fn tempered(mut y: u32) -> u32 {
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c_5680;
    y ^= (y << 15) & 0xefc6_0000;
    y ^ (y >> 18)
}

/// A word as a number in [0, 1) of 24 bits.
#[inline(always)]
pub(super) fn unit32(word: u32) -> f32 {
    // The cast is of a signed number, since few machines have one for unsigned vectors.
    (word & 0x00ff_ffff) as i32 as f32 * (1.0 / 16_777_216.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_the_same_in_bulk_and_one_by_one() {
        let (mut one, mut bulk) = (Mt19937::new(5), Mt19937::new(5));
        for len in [1, 0, 623, 624, 1, 625, 3000, 7] {
            let mut words = vec![0; len];
            bulk.fill(&mut words, |word| word);
            assert_eq!(words, (0..len).map(|_| one.u32()).collect::<Vec<u32>>(), "{len}");
            assert_eq!(one, bulk, "{len}");
        }
    }
}
