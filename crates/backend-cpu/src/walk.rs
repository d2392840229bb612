//! Walking several layouts of one shape together, row by row, over many threads.
//!
//! Dimensions that lie end to end in all operands are merged, so a contiguous operation is one long
//! row. Operands that are not runs of memory are brought into short buffers first, by code that knows
//! their type only: so an operator's own code is one plain loop a level of vectors, and a program that
//! has all operators stays small. The result is row-major; what a thread computes depends on its rows
//! alone, so the number of threads never shows in a result.

use crate::call::{Call2, Call3, Call4};
use crate::nest::{Nest, PIECE};
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::Plain;
use crate::threads;
use tensor_core::{Layout, Shape};

/// One operand, and where its elements are gathered when they do not lie next to each other.
pub struct Operand<'a, T> {
    data: &'a [T],
    stride: isize,
    /// As long as the longest piece that was gathered.
    buffer: Vec<T>,
    /// Which element, and how often, the buffer repeats.
    repeated: Option<(isize, usize)>,
}

impl<'a, T: Plain> Operand<'a, T> {
    /// Elements of `data`, `stride` apart.
    pub fn new(data: &'a [T], stride: isize) -> Self {
        Operand { data, stride, buffer: Vec::new(), repeated: None }
    }

    /// `len` elements from `offset`.
    #[inline(always)]
    pub fn piece(&mut self, offset: isize, len: usize) -> &[T] {
        if self.stride == 1 { &self.data[offset as usize..][..len] } else { self.gather(offset, len) }
    }

    #[inline(never)]
    fn gather(&mut self, offset: isize, len: usize) -> &[T] {
        if self.buffer.len() < len {
            self.buffer.resize(len, T::zeroed());
            self.repeated = None;
        }
        let buffer = &mut self.buffer[..len];
        if self.stride == 0 {
            if !self.repeated.is_some_and(|(at, count)| at == offset && count >= len) {
                buffer.fill(self.data[offset as usize]);
                self.repeated = Some((offset, len));
            }
        } else {
            let mut at = offset;
            let mut next = || {
                let value = self.data[at as usize];
                at += self.stride;
                value
            };
            // Four a round: how fast a loop of one is depends on where in memory its code comes to lie.
            let (fours, rest) = buffer.as_chunks_mut::<4>();
            fours.iter_mut().for_each(|four| *four = std::array::from_fn(|_| next()));
            rest.iter_mut().for_each(|o| *o = next());
        }
        buffer
    }
}

/// `out[i] = f(x[i])`
pub fn map<A: Plain, O: Plain>(
    shape: &Shape,
    x: (&[A], &Layout),
    out: &mut [O],
    f: impl Fn(A) -> O + Sync + Copy,
) {
    walk(shape, x, out, &|x: &[A], out: &mut [O]| along(out, x, f));
}

/// `out[i] = f(x[i], y[i])`
pub fn map2<A: Plain, B: Plain, O: Plain>(
    shape: &Shape,
    x: (&[A], &Layout),
    y: (&[B], &Layout),
    out: &mut [O],
    f: impl Fn(A, B) -> O + Sync + Copy,
) {
    walk2(shape, x, y, out, &|x: &[_], y: &[_], out: &mut [_]| along2(out, x, y, f));
}

/// As [`map2`], with a loop each for the sides that repeat one element along a row: for operators that take no longer
/// than reading that element again would.
pub fn map2_swift<T: Plain>(
    shape: &Shape,
    x: (&[T], &Layout),
    y: (&[T], &Layout),
    out: &mut [T],
    f: impl Fn(T, T) -> T + Sync + Copy,
) {
    let (one_left, one_right) = (
        |a: T, y: &[T], out: &mut [T]| {
            along(
                out,
                y,
                #[inline(always)]
                move |b| f(a, b),
            )
        },
        |b: T, x: &[T], out: &mut [T]| {
            along(
                out,
                x,
                #[inline(always)]
                move |a| f(a, b),
            )
        },
    );
    walk2_swift(shape, x, y, out, [&one_left, &one_right], &|x: &[_], y: &[_], out: &mut [_]| {
        along2(out, x, y, f)
    });
}

/// `out[i] = f(x[i], y[i], z[i])`
pub fn map3<A: Plain, B: Plain, C: Plain, O: Plain>(
    shape: &Shape,
    x: (&[A], &Layout),
    y: (&[B], &Layout),
    z: (&[C], &Layout),
    out: &mut [O],
    f: impl Fn(A, B, C) -> O + Sync + Copy,
) {
    walk3(shape, x, y, z, out, &|x: &[A], y: &[B], z: &[C], out: &mut [O]| {
        vectorize_or_compact!(O, |COMPACT| {
            for (((o, &a), &b), &c) in out.iter_mut().zip(x).zip(y).zip(z) {
                *o = f(opaque::<COMPACT, _>(a), b, c);
            }
        });
    });
}

/// `out[i] = f(x[i])` of one run.
#[inline(always)]
fn along<A: Plain, O: Plain>(out: &mut [O], x: &[A], f: impl Fn(A) -> O) {
    vectorize_or_compact!(O, |COMPACT| {
        for (o, &a) in out.iter_mut().zip(x) {
            *o = f(opaque::<COMPACT, _>(a));
        }
    });
}

/// `out[i] = f(x[i], y[i])` of two runs.
#[inline(always)]
fn along2<A: Plain, B: Plain, O: Plain>(out: &mut [O], x: &[A], y: &[B], f: impl Fn(A, B) -> O) {
    vectorize_or_compact!(O, |COMPACT| {
        for ((o, &a), &b) in out.iter_mut().zip(x).zip(y) {
            *o = f(opaque::<COMPACT, _>(a), b);
        }
    });
}

// The walks themselves know types only; the operator is what they call for each run of elements.
type Run<'a, A, O> = &'a dyn for<'x, 'o> Call2<&'x [A], &'o mut [O]>;
type Repeated<'a, T> = &'a dyn for<'x, 'o> Call3<T, &'x [T], &'o mut [T]>;
type Run2<'a, A, B, O> = &'a dyn for<'x, 'y, 'o> Call3<&'x [A], &'y [B], &'o mut [O]>;
type Run3<'a, A, B, C, O> = &'a dyn for<'x, 'y, 'z, 'o> Call4<&'x [A], &'y [B], &'z [C], &'o mut [O]>;

#[inline(never)]
fn walk<A: Plain, O: Plain>(shape: &Shape, (x, lx): (&[A], &Layout), out: &mut [O], f: Run<A, O>) {
    let nest = Nest::new(shape, [lx]);
    let [sx] = nest.row_strides();
    threads::chunks(out, &|first, part| {
        let mut x = Operand::new(x, sx);
        nest.pieces(first, part.len(), &mut |[ox], range| f.run(x.piece(ox, range.len()), &mut part[range]));
    });
}

#[inline(never)]
fn walk2<A: Plain, B: Plain, O: Plain>(
    shape: &Shape,
    (x, lx): (&[A], &Layout),
    (y, ly): (&[B], &Layout),
    out: &mut [O],
    f: Run2<A, B, O>,
) {
    let nest = Nest::new(shape, [lx, ly]);
    let [sx, sy] = nest.row_strides();
    threads::chunks(out, &|first, part| {
        let (mut x, mut y) = (Operand::new(x, sx), Operand::new(y, sy));
        nest.pieces(first, part.len(), &mut |[ox, oy], range| {
            f.run(x.piece(ox, range.len()), y.piece(oy, range.len()), &mut part[range]);
        });
    });
}

#[inline(never)]
fn walk3<A: Plain, B: Plain, C: Plain, O: Plain>(
    shape: &Shape,
    (x, lx): (&[A], &Layout),
    (y, ly): (&[B], &Layout),
    (z, lz): (&[C], &Layout),
    out: &mut [O],
    f: Run3<A, B, C, O>,
) {
    let nest = Nest::new(shape, [lx, ly, lz]);
    let [sx, sy, sz] = nest.row_strides();
    threads::chunks(out, &|first, part| {
        let (mut x, mut y, mut z) = (Operand::new(x, sx), Operand::new(y, sy), Operand::new(z, sz));
        nest.pieces(first, part.len(), &mut |[ox, oy, oz], range| {
            let (len, out) = (range.len(), &mut part[range]);
            f.run(x.piece(ox, len), y.piece(oy, len), z.piece(oz, len), out);
        });
    });
}

/// As [`walk2`]; `one` are for rows along which the left or the right side repeats one element.
#[inline(never)]
fn walk2_swift<T: Plain>(
    shape: &Shape,
    (x, lx): (&[T], &Layout),
    (y, ly): (&[T], &Layout),
    out: &mut [T],
    one: [Repeated<T>; 2],
    both: Run2<T, T, T>,
) {
    let nest = Nest::new(shape, [lx, ly]);
    let [sx, sy] = nest.row_strides();
    let most = if matches!((sx, sy), (0 | 1, 1) | (1, 0)) { usize::MAX } else { PIECE };
    threads::chunks(out, &|first, part| {
        let (mut by_x, mut by_y) = (Operand::new(x, sx), Operand::new(y, sy));
        nest.cut(first, part.len(), most, &mut |[ox, oy], range| {
            let (len, out) = (range.len(), &mut part[range]);
            if sx == 0 {
                one[0].run(x[ox as usize], by_y.piece(oy, len), out);
            } else if sy == 0 {
                one[1].run(y[oy as usize], by_x.piece(ox, len), out);
            } else {
                both.run(by_x.piece(ox, len), by_y.piece(oy, len), out);
            }
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What two layouts of `data` see, subtracted one by one.
    fn one_by_one(shape: &Shape, data: &[f32], [x, y]: [&Layout; 2]) -> Vec<f32> {
        let nest = Nest::new(shape, [x, y]);
        let at = (0..shape.numel()).map(|element| nest.offsets(element));
        at.map(|[x, y]| data[x as usize] - data[y as usize]).collect()
    }

    /// Rows short and long, of operands that lie in runs, repeat one element, lie apart or run backwards.
    #[test]
    fn every_pair_of_layouts_meets_its_own_elements() {
        for sizes in [[3, 5], [7, 300], [2, 20 * PIECE]] {
            let shape = Shape::from(sizes);
            let [rows, columns] = sizes.map(|size| size as isize);
            let data: Vec<f32> = (0..4 * shape.numel()).map(|i| i as f32 * 0.25).collect();
            let strides =
                [[columns, 1], [1, rows], [2 * columns, 2], [columns, -1], [1, 0], [0, 1], [0, 0], [0, 3]];
            let layouts = strides.map(|s| Layout::new(shape, &s, columns as usize));
            for (x, y) in layouts.iter().flat_map(|x| layouts.iter().map(move |y| (x, y))) {
                let want = one_by_one(&shape, &data, [x, y]);
                let mut got = [vec![0.0; want.len()], vec![0.0; want.len()]];
                map2(&shape, (&data, x), (&data, y), &mut got[0], |a, b| a - b);
                map2_swift(&shape, (&data, x), (&data, y), &mut got[1], |a, b| a - b);
                for got in got {
                    assert_eq!(got, want, "{sizes:?}: {:?} − {:?}", x.strides(), y.strides());
                }
            }
        }
    }
}
