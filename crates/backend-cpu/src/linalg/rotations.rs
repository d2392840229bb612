//! Chains of plane rotations on the rows of a matrix, many sweeps at a time (Van Zee, van de Geijn & Quintana-Ortí
//! 2014): the matrix is kept in strips of a few columns that stay in a near cache while all sweeps pass over them.
//!
//! Invariant: strips are independent, so threads divide them without a change of bits.

use crate::math::Real;
use crate::simd::{opaque, vectorize_or_compact};
use crate::threads;

/// Columns in a strip: some registers, so that one hides the latency of another. (Of 16 doubles the compiler made
/// shuffles instead of a loop over whole registers.)
const STRIP: usize = 32;
/// Rotations that wait before they are applied together.
const WAITING: usize = 1 << 16;

/// Cosine and sine of a rotation of rows x, y: `(c·x + s·y, c·y − s·x)`.
pub type Turn = (f64, f64);

/// The rotation that turns (f, g) into (r, 0), r of f's sign: cosine, sine and r (LAPACK's `lartg`).
#[inline(always)]
pub fn turn_to_first(f: f64, g: f64) -> (f64, f64, f64) {
    if g == 0.0 {
        return (1.0, 0.0, f);
    }
    let square = f * f + g * g;
    let length = if square > 1e-280 && square < 1e280 { square.sqrt() } else { f.hypot(g) };
    let r = if f < 0.0 { -length } else { length };
    (f / r, g / r, r)
}

/// A chain over neighbouring rows: `first` and the next, that and the one after it, …, or from the last pair upwards.
struct Sweep {
    first: usize,
    /// Where its rotations are, in the order of the rows.
    turns: std::ops::Range<usize>,
    upwards: bool,
}

/// A matrix of `rows × cols`, and rotations of its rows that wait.
pub struct Rotated<T> {
    rows: usize,
    cols: usize,
    strips: Vec<T>,
    sweeps: Vec<Sweep>,
    turns: Vec<Turn>,
}

impl<T: Real> Rotated<T> {
    /// The transpose of `q` `[cols, rows]`.
    pub fn new(q: &[T], cols: usize, rows: usize) -> Self {
        let mut strips = vec![T::ZERO; cols.next_multiple_of(STRIP) * rows];
        for (i, row) in q.chunks(rows.max(1)).enumerate().take(cols) {
            let strip = &mut strips[i / STRIP * STRIP * rows + i % STRIP..];
            strip.iter_mut().step_by(STRIP).zip(row).for_each(|(to, &from)| *to = from);
        }
        Rotated { rows, cols, strips, sweeps: Vec::new(), turns: Vec::new() }
    }

    /// Turns rows `first` and the next by the first of `turns`, and so on; with `upwards` the last pair comes first.
    pub fn sweep(&mut self, first: usize, turns: &[Turn], upwards: bool) {
        let start = self.turns.len();
        self.turns.extend_from_slice(turns);
        self.sweeps.push(Sweep { first, turns: start..self.turns.len(), upwards });
        if self.turns.len() >= WAITING {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let turns: Vec<(T, T)> = self.turns.iter().map(|&(c, s)| (T::of(c), T::of(s))).collect();
        let work = STRIP * turns.len();
        threads::groups(&mut self.strips, STRIP * self.rows.max(1), work, &|_, strip| {
            pass(&self.sweeps, &turns, strip);
        });
        self.sweeps.clear();
        self.turns.clear();
    }

    /// The rows in the order of `from`, each times its sign, into `out` `[rows, cols]`; with `turned` its transpose.
    pub fn rows_into(
        &mut self,
        from: &[usize],
        sign: impl Fn(&Self, usize) -> T,
        turned: bool,
        out: &mut [T],
    ) {
        self.flush();
        let signs: Vec<T> = from.iter().map(|&row| sign(self, row)).collect();
        for j in 0..self.cols {
            for (i, (&row, &sign)) in from.iter().zip(&signs).enumerate() {
                let place = if turned { j * from.len() + i } else { i * self.cols + j };
                out[place] = sign * self.at(row, j);
            }
        }
    }

    /// An element; no rotation may wait.
    pub fn at(&self, row: usize, col: usize) -> T {
        self.strips[(col / STRIP * self.rows + row) * STRIP + col % STRIP]
    }

    /// The last element of a row that is not zero; no rotation may wait.
    pub fn last(&self, row: usize) -> T {
        (0..self.cols).rev().map(|j| self.at(row, j)).find(|&x| x != T::ZERO).unwrap_or(T::ZERO)
    }
}

/// All sweeps over one strip.
fn pass<T: Real>(sweeps: &[Sweep], turns: &[(T, T)], strip: &mut [T]) {
    let rows = strip.as_chunks_mut::<STRIP>().0;
    vectorize_or_compact!(T, |COMPACT| {
        for sweep in sweeps {
            let turns = &turns[sweep.turns.clone()];
            let rows = &mut rows[sweep.first..][..turns.len() + 1];
            if sweep.upwards { up::<T, COMPACT>(rows, turns) } else { down::<T, COMPACT>(rows, turns) }
        }
    });
}

#[inline(always)]
fn down<T: Real, const COMPACT: bool>(rows: &mut [[T; STRIP]], turns: &[(T, T)]) {
    let mut x = rows[0];
    for (i, &(c, s)) in turns.iter().enumerate() {
        let y = rows[i + 1];
        for k in 0..opaque::<COMPACT, _>(STRIP) {
            rows[i][k] = c.fma(x[k], s * y[k]);
            // What does not wait for the rotation before is multiplied first.
            x[k] = (-s).fma(opaque::<COMPACT, _>(x[k]), c * y[k]);
        }
    }
    rows[turns.len()] = x;
}

#[inline(always)]
fn up<T: Real, const COMPACT: bool>(rows: &mut [[T; STRIP]], turns: &[(T, T)]) {
    let mut y = rows[turns.len()];
    for (i, &(c, s)) in turns.iter().enumerate().rev() {
        let x = rows[i];
        for k in 0..opaque::<COMPACT, _>(STRIP) {
            rows[i + 1][k] = c.fma(y[k], -(s * x[k]));
            y[k] = s.fma(opaque::<COMPACT, _>(y[k]), c * x[k]);
        }
    }
    rows[0] = y;
}
