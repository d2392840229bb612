//! Many elements to one, in an order that depends on shapes alone.
//!
//! A run of elements is summed in sixteen lanes over blocks of [`BLOCK`], the blocks pairwise: the
//! error grows with the logarithm of the length, and the bits are the same at any number of threads
//! and any width of vector (compare ndarray's `unrolled_fold` and NumPy's pairwise sum).

use super::reach::{Inside, Reach};
use super::{fresh, hold, strided, with_type};
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{Block, Plain, Pool};
use crate::threads;
use std::sync::Arc;
use tensor_core::{Axes, DType, Layout, ReduceOp, Result, View};

const LANES: usize = 16;
const BLOCK: usize = 512;
/// Elements of a long run that one thread takes at a time: far more than handing them over costs.
const PIECE: usize = 1 << 16;
/// Rows that a column sum adds up before it joins the total.
const ROWS: usize = 64;

/// What a reduction does with two elements.
pub trait Fold<T>: Sync {
    /// What nothing reduces to.
    fn start(&self) -> T;
    /// Two elements to one.
    fn join(&self, a: T, b: T) -> T;
}

/// A fold by its start and its function.
#[derive(Clone, Copy)]
pub struct By<T, F>(pub T, pub F);

impl<T: Copy + Sync, F: Fn(T, T) -> T + Copy + Sync> Fold<T> for By<T, F> {
    #[inline(always)]
    fn start(&self) -> T {
        self.0
    }
    #[inline(always)]
    fn join(&self, a: T, b: T) -> T {
        (self.1)(a, b)
    }
}

/// A reduction, as code sees it that knows its type only.
pub trait Reducer<T: Plain>: Fold<T> {
    /// A run of any length to one.
    fn run(&self, x: &[T]) -> T;
    /// Runs of `count` elements of `x`, which begin at `starts`, to one each.
    fn runs(&self, x: &[T], starts: &[usize], count: usize, out: &mut [T]) {
        for (o, &start) in out.iter_mut().zip(starts) {
            *o = self.run(&x[start..][..count]);
        }
    }
    /// As many columns as `out` has places to one each: the numbers of `x` from `at` on in each of the rows.
    fn columns(&self, x: &[T], at: usize, rows: &[usize], out: &mut [T]);
}

impl<T: Plain, F: Fn(T, T) -> T + Copy + Sync> Reducer<T> for By<T, F> {
    #[inline(never)]
    fn run(&self, x: &[T]) -> T {
        vectorize_or_compact!(T, |COMPACT| if COMPACT { run_compact(x, *self) } else { run(x, *self) })
    }
    fn columns(&self, x: &[T], at: usize, rows: &[usize], out: &mut [T]) {
        vectorize_or_compact!(T, |COMPACT| columns::<T, Self, COMPACT>(x, at, rows, out, self));
    }
}

/// A reduction whose order shows in no result, as of whole numbers: the compiler may choose it.
struct Unordered<F>(F);

impl<T, F: Fold<T>> Fold<T> for Unordered<F> {
    #[inline(always)]
    fn start(&self) -> T {
        self.0.start()
    }
    #[inline(always)]
    fn join(&self, a: T, b: T) -> T {
        self.0.join(a, b)
    }
}

impl<T: Plain, F: Fold<T>> Reducer<T> for Unordered<F> {
    fn run(&self, x: &[T]) -> T {
        vectorize_or_compact!(T, |COMPACT| x
            .iter()
            .fold(self.start(), |a, &b| self.join(a, opaque::<COMPACT, _>(b))))
    }
    fn columns(&self, x: &[T], at: usize, rows: &[usize], out: &mut [T]) {
        out.fill(self.start());
        vectorize_or_compact!(T, |COMPACT| join_rows::<T, Self, COMPACT>(x, at, rows, out, self));
    }
}

/// Element types, and how they are reduced.
pub trait Reduced: Plain {
    /// The reduction.
    fn by(op: ReduceOp) -> &'static dyn Reducer<Self>;
}

macro_rules! floats {
    ($($T:ty),+) => {$(
        impl Reduced for $T {
            fn by(op: ReduceOp) -> &'static dyn Reducer<Self> {
                match op {
                    ReduceOp::Sum => const { &By(0.0, |a: $T, b: $T| a + b) },
                    ReduceOp::Prod => const { &By(1.0, |a: $T, b: $T| a * b) },
                    // NaN wins.
                    ReduceOp::Max => const { &By(-<$T>::INFINITY, |a: $T, b: $T| if a > b || a.is_nan() { a } else { b }) },
                    ReduceOp::Min => const { &By(<$T>::INFINITY, |a: $T, b: $T| if a < b || a.is_nan() { a } else { b }) },
                }
            }
        }
    )+};
}
floats!(f32, f64);

macro_rules! ints {
    ($($T:ty),+) => {$(
        impl Reduced for $T {
            fn by(op: ReduceOp) -> &'static dyn Reducer<Self> {
                match op {
                    ReduceOp::Sum => const { &Unordered(By(0, |a: $T, b: $T| a.wrapping_add(b))) },
                    ReduceOp::Prod => const { &Unordered(By(1, |a: $T, b: $T| a.wrapping_mul(b))) },
                    ReduceOp::Max => const { &Unordered(By(<$T>::MIN, |a: $T, b: $T| a.max(b))) },
                    ReduceOp::Min => const { &Unordered(By(<$T>::MAX, |a: $T, b: $T| a.min(b))) },
                }
            }
        }
    )+};
}
ints!(i32, i64);

impl Reduced for u8 {
    fn by(op: ReduceOp) -> &'static dyn Reducer<Self> {
        match op {
            ReduceOp::Max => const { &Unordered(By(u8::MIN, |a: u8, b: u8| a.max(b))) },
            ReduceOp::Min => const { &Unordered(By(u8::MAX, |a: u8, b: u8| a.min(b))) },
            ReduceOp::Sum | ReduceOp::Prod => unreachable!("sums and products of bytes are wider integers"),
        }
    }
}

/// Where a run longer than a block is halved.
#[inline(always)]
fn half(len: usize) -> usize {
    (len / 2).next_multiple_of(BLOCK)
}

/// One run of elements in lanes, blocks joined pairwise.
#[inline(always)]
fn run<T: Plain, F: Reducer<T> + Copy>(x: &[T], fold: F) -> T {
    match x.len() {
        FOUR => {
            let [a, b, c, d] = abreast(x, fold);
            fold.join(fold.join(a, b), fold.join(c, d))
        }
        TWO => {
            let [a, b] = abreast(x, fold);
            fold.join(a, b)
        }
        len if len > BLOCK => {
            let (low, high) = x.split_at(half(len));
            fold.join(Reducer::run(&fold, low), Reducer::run(&fold, high))
        }
        _ => in_lanes(x, fold),
    }
}

/// As [`run`], an element at a time.
#[inline(always)]
fn run_compact<T: Plain, F: Reducer<T> + Copy>(x: &[T], fold: F) -> T {
    if x.len() > BLOCK {
        let (low, high) = x.split_at(half(x.len()));
        return fold.join(Reducer::run(&fold, low), Reducer::run(&fold, high));
    }
    let mut lanes = [fold.start(); LANES];
    for (i, &v) in x.iter().enumerate() {
        lanes[i % LANES] = fold.join(lanes[i % LANES], opaque::<true, _>(v));
    }
    let mut width = LANES;
    while width > 1 {
        width = opaque::<true, _>(width / 2);
        for i in 0..width {
            lanes[i] = fold.join(lanes[i], lanes[i + width]);
        }
    }
    lanes[0]
}

const TWO: usize = 2 * BLOCK;
const FOUR: usize = 4 * BLOCK;

/// `N` whole blocks, each joined as [`in_lanes`] does, but read side by side: within a block every join waits for
/// the one before.
#[inline(always)]
fn abreast<T: Plain, F: Fold<T> + Copy, const N: usize>(x: &[T], fold: F) -> [T; N] {
    type Chunks<T> = [[T; LANES]; BLOCK / LANES];
    let chunks = x.as_chunks::<LANES>().0;
    let blocks: [&Chunks<T>; N] =
        std::array::from_fn(|b| chunks[b * BLOCK / LANES..][..BLOCK / LANES].try_into().expect("a block"));
    let mut lanes = [[fold.start(); LANES]; N];
    for i in 0..BLOCK / LANES {
        for (lanes, block) in lanes.iter_mut().zip(blocks) {
            for (lane, &v) in lanes.iter_mut().zip(&block[i]) {
                *lane = fold.join(*lane, v);
            }
        }
    }
    lanes.map(|lanes| ended(lanes, fold))
}

/// [`pairwise`], not inlined: or the compiler would fit the loop before to what it makes of this end, at half the speed.
#[inline(never)]
fn ended<T: Plain, F: Fold<T> + Copy>(lanes: [T; LANES], fold: F) -> T {
    pairwise(lanes, fold)
}

/// The lanes joined, a power of two of them, each of the lower half with its counterpart.
#[inline(always)]
pub fn pairwise<T: Plain, F: Fold<T> + Copy, const N: usize>(mut lanes: [T; N], fold: F) -> T {
    let mut width = N;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            lanes[i] = fold.join(lanes[i], lanes[i + width]);
        }
    }
    lanes[0]
}

/// One run of elements in lanes, and these pairwise.
#[inline(always)]
pub fn in_lanes<T: Plain, F: Fold<T> + Copy>(x: &[T], fold: F) -> T {
    /// Lanes of singles are one vector at best, which should not lie across two lines of memory.
    #[repr(align(64))]
    struct Aligned<T>([T; LANES]);
    if size_of::<T>() == size_of::<f32>() {
        let mut lanes = Aligned([fold.start(); LANES]);
        fill(&mut lanes.0, x, fold);
        return pairwise(lanes.0, fold);
    }
    let mut lanes = [fold.start(); LANES];
    fill(&mut lanes, x, fold);
    pairwise(lanes, fold)
}

/// Joins a run's elements into lanes.
#[inline(always)]
fn fill<T: Plain, F: Fold<T>>(lanes: &mut [T; LANES], x: &[T], fold: F) {
    let mut chunks = x.chunks_exact(LANES);
    for chunk in &mut chunks {
        for (lane, &v) in lanes.iter_mut().zip(chunk) {
            *lane = fold.join(*lane, v);
        }
    }
    for (lane, &v) in lanes.iter_mut().zip(chunks.remainder()) {
        *lane = fold.join(*lane, v);
    }
}

/// As [`run`] and the same bits, on several threads: the tree's branches below [`PIECE`] are theirs.
fn run_on_threads<T: Plain>(x: &[T], by: &dyn Reducer<T>) -> T {
    fn cut<'a, T>(x: &'a [T], pieces: &mut Vec<&'a [T]>) {
        if x.len() <= PIECE {
            return pieces.push(x);
        }
        let (low, high) = x.split_at(half(x.len()));
        cut(low, pieces);
        cut(high, pieces);
    }
    fn joined<T: Copy>(len: usize, results: &mut std::slice::Iter<T>, by: &dyn Reducer<T>) -> T {
        if len <= PIECE {
            return *results.next().expect("a result for each piece");
        }
        let low = joined(half(len), results, by);
        by.join(low, joined(len - half(len), results, by))
    }
    let mut pieces = Vec::new();
    cut(x, &mut pieces);
    let mut results = vec![by.start(); pieces.len()];
    threads::groups(&mut results, 1, PIECE, &|index, out| out[0] = by.run(pieces[index]));
    joined(x.len(), &mut results.iter(), by)
}

/// `x` is `[kept…, reduced…]`.
fn reduce_last<T: Plain>(x: &[T], layout: &Layout, kept: usize, out: &mut [T], by: &dyn Reducer<T>) {
    if layout.shape()[kept..].contains(&0) {
        return out.fill(by.start());
    }
    let Reach { count, starts, inside } = Reach::new(layout, kept);
    match inside {
        Inside::Run if count > PIECE && starts.len() < threads::num_threads() => {
            for (o, &start) in out.iter_mut().zip(&starts) {
                *o = run_on_threads(&x[start..][..count], by);
            }
        }
        Inside::Run => {
            let several = (PIECE / count).max(1);
            threads::groups(out, several, several * count, &|index, out| {
                by.runs(x, &starts[index * several..][..out.len()], count, out);
            });
        }
        // Columns: whole rows are joined, vectorised over the kept elements.
        Inside::Rows(rows, abreast) if abreast == out.len() => {
            let width = out.len().div_ceil(threads::num_threads()).next_multiple_of(64).max(64);
            threads::groups(out, width, count * width, &|index, part| {
                by.columns(x, starts[0] + index * width, &rows, part);
            });
        }
        Inside::Rows(rows, abreast) => threads::groups(out, abreast, count * abreast, &|index, part| {
            by.columns(x, starts[index * abreast], &rows, part);
        }),
        // The gradient of a sum, for one, is the same number everywhere.
        Inside::One => {
            let alike = starts.windows(2).all(|pair| pair[0] == pair[1]);
            let (out, repeated) = out.split_at_mut(if alike { out.len().min(1) } else { out.len() });
            threads::groups(out, 1, count, &|index, out| out[0] = by.run(&vec![x[starts[index]]; count]));
            repeated.fill(out.first().copied().unwrap_or(by.start()));
        }
        // Brought together first: by all threads for a single result, in runs where there are any.
        Inside::Runs(..) if starts.len() == 1 && count > PIECE => {
            let mut gathered = vec![T::zeroed(); count];
            strided::pack((x, layout), &mut gathered);
            out[0] = run_on_threads(&gathered, by);
        }
        Inside::Runs(inside, len) => threads::groups(out, 1, count, &|index, out| {
            let at = |offset: isize| (starts[index] as isize + offset) as usize;
            let mut gathered = Vec::with_capacity(count);
            if len == 1 {
                gathered.extend(inside.iter().map(|&offset| x[at(offset)]));
            } else {
                inside.iter().for_each(|&offset| gathered.extend_from_slice(&x[at(offset)..][..len]));
            }
            out[0] = by.run(&gathered);
        }),
    }
}

#[inline(always)]
fn columns<T: Plain, F: Fold<T>, const COMPACT: bool>(
    x: &[T],
    at: usize,
    rows: &[usize],
    out: &mut [T],
    fold: &F,
) {
    let mut total = vec![fold.start(); out.len()];
    for block in rows.chunks(ROWS) {
        out.fill(fold.start());
        join_rows::<T, F, COMPACT>(x, at, block, out, fold);
        for (t, &o) in total.iter_mut().zip(&*out) {
            *t = fold.join(*t, opaque::<COMPACT, _>(o));
        }
    }
    out.copy_from_slice(&total);
}

/// Joins rows into `out`, in their order.
#[inline(always)]
fn join_rows<T: Plain, F: Fold<T>, const COMPACT: bool>(
    x: &[T],
    at: usize,
    rows: &[usize],
    out: &mut [T],
    fold: &F,
) {
    // Four rows are joined one after the other while the result stays in a register.
    let mut fours = rows.chunks_exact(4);
    for four in &mut fours {
        let row = |i: usize| &x[at + four[i]..][..out.len()];
        let (a, b, c, d) = (row(0), row(1), row(2), row(3));
        for ((((o, &a), &b), &c), &d) in out.iter_mut().zip(a).zip(b).zip(c).zip(d) {
            *o = fold.join(fold.join(fold.join(fold.join(*o, opaque::<COMPACT, _>(a)), b), c), d);
        }
    }
    for &row in fours.remainder() {
        for (o, &v) in out.iter_mut().zip(&x[at + row..]) {
            *o = fold.join(*o, opaque::<COMPACT, _>(v));
        }
    }
}

/// Reduces the dimensions `axes`.
pub fn reduce(pool: &Arc<Pool>, op: ReduceOp, x: View, axes: Axes) -> Result<Block> {
    let held = hold(x);
    let layout = x.layout.axes_last(axes);
    let kept = x.layout.rank() - axes.iter().count();
    let len = layout.shape()[..kept].iter().product();
    with_type!(x.dtype(), T => {
        let (data, _) = held.of::<T>();
        fresh(pool, len, |out| reduce_last(data, &layout, kept, out, T::by(op)))
    })
}

/// Σ over the rows of a matrix `[N, C] → [C]`.
pub fn sum_rows<T: Reduced>(x: &[T], layout: &Layout, out: &mut [T]) {
    reduce_last(x, &layout.transpose(0, 1), 1, out, T::by(ReduceOp::Sum));
}
