//! Random numbers: PyTorch's CPU generator and its distributions, word for word.
//!
//! Every fill is serial on the host and takes words in a fixed order, so the same seed gives the same
//! numbers on every device and at any number of threads. A [`Generator`] is a shared handle; the
//! default one is seeded from the clock until [`manual_seed`].

mod mt19937;
mod multinomial;
mod normal;

pub use mt19937::Mt19937;
pub use normal::{box_muller, box_muller_by};

use crate::error::{Error, Result};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// The seed of a fresh generator, PyTorch's.
const DEFAULT_SEED: u64 = 67_280_421_310_721;

/// Bytes of a saved state: PyTorch's `get_state()`.
const STATE_BYTES: usize = 5056;

#[derive(Clone, Debug)]
struct State {
    seed: u64,
    engine: Mt19937,
    /// The second number of the last scalar normal pair.
    cached: Option<f64>,
}

/// A source of random numbers. Clones share one state.
///
/// ```
/// use tensor_core::random::Generator;
/// let generator = Generator::new();
/// generator.manual_seed(0);
/// assert_eq!(generator.randperm(10), [4, 1, 7, 5, 3, 9, 0, 8, 6, 2]);
/// ```
#[derive(Clone, Debug)]
pub struct Generator(Arc<Mutex<State>>);

impl Default for Generator {
    fn default() -> Self {
        Generator::new()
    }
}

/// The generator that creation functions use when none is given.
pub fn default_generator() -> Generator {
    static DEFAULT: OnceLock<Generator> = OnceLock::new();
    DEFAULT
        .get_or_init(|| {
            let generator = Generator::new();
            let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
            generator.manual_seed(clock.map_or(DEFAULT_SEED as i64, |t| t.as_nanos() as i64));
            generator
        })
        .clone()
}

/// Seeds the default generator: the same seed, the same numbers as `torch.manual_seed`.
pub fn manual_seed(seed: impl Into<i128>) -> Generator {
    let generator = default_generator();
    generator.manual_seed(seed);
    generator
}

impl Generator {
    /// A generator of its own, seeded as PyTorch's fresh ones are.
    pub fn new() -> Self {
        Generator::seeded(DEFAULT_SEED)
    }

    /// A generator of a given seed.
    pub fn seeded(seed: u64) -> Self {
        Generator(Arc::new(Mutex::new(State { seed, engine: Mt19937::new(seed), cached: None })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts over from a seed in −2⁶³ … 2⁶⁴−1; negative ones wrap. Only the low 32 bits matter.
    ///
    /// # Panics
    /// When the seed is out of that range.
    #[track_caller]
    pub fn manual_seed(&self, seed: impl Into<i128>) {
        let seed = seed.into();
        if seed < i128::from(i64::MIN) || seed > i128::from(u64::MAX) {
            crate::check::fail("manual_seed", format!("seed {seed} is out of range"), "use -2⁶³ to 2⁶⁴ - 1");
        }
        let seed = seed as u64;
        *self.state() = State { seed, engine: Mt19937::new(seed), cached: None };
    }

    /// The seed it started from.
    pub fn initial_seed(&self) -> u64 {
        self.state().seed
    }

    /// The words left, the place of the next one, and the cached normal: to compare two generators.
    pub fn position(&self) -> (i32, usize, Option<f64>) {
        let state = self.state();
        (state.engine.left, state.engine.next, state.cached)
    }

    /// The state as PyTorch's `get_state()` lays it out, 5056 bytes.
    pub fn get_state(&self) -> Vec<u8> {
        let state = self.state();
        let mut out = Vec::with_capacity(STATE_BYTES);
        out.extend(state.seed.to_le_bytes());
        out.extend(state.engine.left.to_le_bytes());
        out.extend(1i32.to_le_bytes());
        out.extend((state.engine.next as u64).to_le_bytes());
        state.engine.words.iter().for_each(|&w| out.extend(u64::from(w).to_le_bytes()));
        out.extend(0f64.to_le_bytes());
        out.extend(state.cached.unwrap_or(0.0).to_le_bytes());
        out.extend(0f64.to_le_bytes());
        out.extend(i32::from(state.cached.is_some()).to_le_bytes());
        out.resize(STATE_BYTES, 0);
        out
    }

    /// Takes over a state made by [`Generator::get_state`], or by PyTorch.
    ///
    /// # Errors
    /// When the bytes are not such a state.
    pub fn set_state(&self, bytes: &[u8]) -> Result<()> {
        let wrong = |reason: String| Error::GeneratorState { reason };
        if bytes.len() != STATE_BYTES {
            return Err(wrong(format!("{} bytes, a state has {STATE_BYTES}", bytes.len())));
        }
        let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
        let i32_at = |at: usize| i32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
        let (left, next) = (i32_at(8), u64_at(16));
        if !(1..=624).contains(&left) || next > 624 {
            return Err(wrong(format!("position {next} with {left} words left is not one of 624")));
        }
        let mut words = [0u32; 624];
        for (i, word) in words.iter_mut().enumerate() {
            *word =
                u32::try_from(u64_at(24 + 8 * i)).map_err(|_| wrong(format!("word {i} is over 32 bits")))?;
        }
        let base = 24 + 8 * 624;
        let cached = (i32_at(base + 24) != 0).then(|| f64::from_bits(u64_at(base + 8)));
        *self.state() =
            State { seed: u64_at(0), engine: Mt19937 { words, left, next: next as usize }, cached };
        Ok(())
    }

    /// The next `n` raw words.
    pub fn words(&self, n: usize) -> Vec<u32> {
        let mut state = self.state();
        (0..n).map(|_| state.engine.u32()).collect()
    }

    /// `random_()` of int64: uniform in [0, 2⁶³).
    pub fn random_i64(&self) -> i64 {
        (self.state().engine.u64() & (u64::MAX >> 1)) as i64
    }

    /// Uniform in [low, high): one fused multiply-add from 24 random bits.
    pub fn uniform_f32(&self, out: &mut [f32], low: f64, high: f64) {
        let (low, high) = (low as f32, high as f32);
        let width = high - low;
        self.state().engine.fill(out, |word| {
            // The fused sum, in double: the product of two singles is exact there.
            let x = (f64::from(mt19937::unit32(word)) * f64::from(width) + f64::from(low)) as f32;
            if x == high { low } else { x }
        });
    }

    /// Uniform in [low, high) from 53 random bits.
    pub fn uniform_f64(&self, out: &mut [f64], low: f64, high: f64) {
        let engine = &mut self.state().engine;
        for v in out {
            let x = engine.unit64().mul_add(high - low, low);
            *v = if x == high { low } else { x };
        }
    }

    /// Normal numbers of a contiguous tensor.
    pub fn normal_f32(&self, out: &mut [f32], mean: f64, std: f64) {
        self.normal_f32_by(out, mean, std, box_muller);
    }

    /// The same, made of uniform numbers by `transform`, which must be [`box_muller`] or give its bits:
    /// `Backend::box_muller` of a device, say.
    pub fn normal_f32_by(
        &self,
        out: &mut [f32],
        mean: f64,
        std: f64,
        transform: impl Fn(&mut [f32], f32, f32),
    ) {
        if out.len() < 16 {
            return self.normal_scalar_f32(out, mean, std);
        }
        normal::blocks_f32(&mut self.state().engine, out, |blocks| {
            transform(blocks, mean as f32, std as f32)
        });
    }

    /// Normal numbers of a tensor that is not contiguous: one at a time, in double precision.
    pub fn normal_scalar_f32(&self, out: &mut [f32], mean: f64, std: f64) {
        let state = &mut *self.state();
        out.iter_mut().for_each(|v| {
            *v = normal::single(&mut state.engine, &mut state.cached).mul_add(std, mean) as f32
        });
    }

    /// `n` normal doubles of a tensor that is not contiguous.
    pub fn normal_scalar_f64(&self, n: usize, mean: f64, std: f64) -> Vec<f64> {
        let state = &mut *self.state();
        (0..n).map(|_| normal::single(&mut state.engine, &mut state.cached).mul_add(std, mean)).collect()
    }

    /// Normal numbers of a contiguous tensor of doubles.
    pub fn normal_f64(&self, out: &mut [f64], mean: f64, std: f64) {
        let state = &mut *self.state();
        if out.len() >= 16 {
            return normal::blocks_f64(&mut state.engine, out, mean, std);
        }
        out.iter_mut()
            .for_each(|v| *v = normal::single(&mut state.engine, &mut state.cached).mul_add(std, mean));
    }

    /// `n` draws of true with probability `p`, as `bernoulli_(p)`: 53 bits each.
    pub fn bernoulli(&self, n: usize, p: f64) -> Vec<bool> {
        let engine = &mut self.state().engine;
        (0..n).map(|_| engine.unit64() < p).collect()
    }

    /// A draw for each probability, as `torch.bernoulli(p)` of singles: 24 bits each.
    pub fn bernoulli_each(&self, p: &[f32]) -> Vec<bool> {
        let engine = &mut self.state().engine;
        p.iter().map(|&p| engine.unit32() < p).collect()
    }

    /// The factors of dropout: 0 with probability `p`, else 1/(1 − p). No draws for p = 0 or 1.
    pub fn dropout_mask(&self, out: &mut [f32], p: f64) {
        let keep = 1.0 - p;
        if p == 0.0 || p == 1.0 {
            return out.fill(if p == 0.0 { 1.0 } else { 0.0 });
        }
        let scale = 1.0 / keep as f32;
        let engine = &mut self.state().engine;
        out.iter_mut().for_each(|v| *v = if engine.unit64() < keep { scale } else { 0.0 });
    }

    /// `n` whole numbers in [low, high): a word modulo the range, two words from 2²⁸ on.
    pub fn randint(&self, n: usize, low: i64, high: i64) -> Vec<i64> {
        let range = high.wrapping_sub(low) as u64;
        let engine = &mut self.state().engine;
        (0..n)
            .map(|_| {
                let word = if range >= 1 << 28 { engine.u64() } else { engine.u32().into() };
                low.wrapping_add((word % range) as i64)
            })
            .collect()
    }

    /// `n` whole numbers in [0, range): one word each, modulo the range.
    pub fn random_words(&self, n: usize, range: u32) -> Vec<i64> {
        let engine = &mut self.state().engine;
        (0..n).map(|_| i64::from(engine.u32() % range)).collect()
    }

    /// The numbers 0 to n − 1 in random order: Fisher & Yates, forward up to 214,748,363 and inside out above.
    pub fn randperm(&self, n: usize) -> Vec<i64> {
        let engine = &mut self.state().engine;
        if n < 214_748_364 {
            let mut order: Vec<i64> = (0..n as i64).collect();
            for i in 0..n.saturating_sub(1) {
                let k = engine.u32() as usize % (n - i);
                order.swap(i, i + k);
            }
            return order;
        }
        let mut order = vec![0i64; n];
        for i in 0..n {
            let k = (engine.u64() % (i as u64 + 1)) as usize;
            order[i] = order[k];
            order[k] = i as i64;
        }
        order
    }

    /// Exponential numbers of a rate, −ln(1 − u)/λ.
    pub fn exponential(&self, n: usize, rate: f64) -> Vec<f64> {
        let engine = &mut self.state().engine;
        (0..n).map(|_| (-1.0 / rate) * libm::log1p(-engine.unit64())).collect()
    }
}

/// Serves users of the `rand` crates: the same words.
impl rand_core::TryRng for Generator {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(self.state().engine.u32())
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(self.state().engine.u64())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        let engine = &mut self.state().engine;
        for chunk in out.chunks_mut(4) {
            chunk.copy_from_slice(&engine.u32().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}
