//! Walking several layouts of one shape together, row by row, over many threads.
//!
//! Dimensions that lie end to end in all operands are merged, so a contiguous operation is one long
//! row. The result is row-major; what a thread computes depends on its rows alone, so the number of
//! threads never shows in a result.

use crate::simd::vectorize;
use crate::threads;
use tensor_core::{Layout, Shape};

/// The merged loop nest of `N` layouts of one shape.
pub struct Nest<const N: usize> {
    sizes: Vec<usize>,
    strides: Vec<[isize; N]>,
    start: [isize; N],
}

impl<const N: usize> Nest<N> {
    /// Merges what can be merged.
    pub fn new(shape: &Shape, layouts: [&Layout; N]) -> Self {
        let mut sizes: Vec<usize> = Vec::with_capacity(shape.rank().max(1));
        let mut strides: Vec<[isize; N]> = Vec::with_capacity(shape.rank().max(1));
        for axis in 0..shape.rank() {
            let (size, step) = (shape[axis], std::array::from_fn(|i| layouts[i].strides()[axis]));
            if size == 1 {
                continue;
            }
            match strides.last_mut() {
                Some(outer) if (0..N).all(|i| outer[i] == step[i] * size as isize) => {
                    *sizes.last_mut().expect("as many sizes as strides") *= size;
                    *outer = step;
                }
                _ => {
                    sizes.push(size);
                    strides.push(step);
                }
            }
        }
        if sizes.is_empty() {
            (sizes, strides) = (vec![1], vec![[0; N]]);
        }
        Nest { sizes, strides, start: std::array::from_fn(|i| layouts[i].offset() as isize) }
    }

    /// Length of a row.
    pub fn row_len(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// The operands' strides along a row.
    pub fn row_strides(&self) -> [isize; N] {
        self.strides[self.strides.len() - 1]
    }

    /// Where each operand stands at a row-major element.
    fn offsets(&self, mut element: usize) -> [isize; N] {
        let mut at = self.start;
        for (size, stride) in self.sizes.iter().zip(&self.strides).rev() {
            let index = (element % size) as isize;
            element /= size;
            for (place, step) in at.iter_mut().zip(stride) {
                *place += index * step;
            }
        }
        at
    }

    /// Calls `row(offsets, out)` for runs of the result that lie within one row each.
    #[inline(always)]
    fn rows<O>(&self, first: usize, out: &mut [O], row: impl Fn([isize; N], &mut [O])) {
        let len = self.row_len();
        let (mut element, mut rest) = (first, out);
        while !rest.is_empty() {
            let take = (len - element % len).min(rest.len());
            let (now, later) = rest.split_at_mut(take);
            row(self.offsets(element), now);
            element += take;
            rest = later;
        }
    }
}

/// One operand of a row: `len` elements from `offset` by `stride`.
#[derive(Clone, Copy)]
pub struct Run<'a, T> {
    data: &'a [T],
    offset: isize,
    stride: isize,
}

impl<'a, T: Copy> Run<'a, T> {
    /// The row as a slice, when its elements lie next to each other.
    #[inline(always)]
    fn slice(&self, len: usize) -> Option<&'a [T]> {
        (self.stride == 1).then(|| &self.data[self.offset as usize..][..len])
    }

    /// The one element that the whole row repeats.
    #[inline(always)]
    fn single(&self) -> Option<T> {
        (self.stride == 0).then(|| self.data[self.offset as usize])
    }

    #[inline(always)]
    fn at(&self, index: usize) -> T {
        self.data[(self.offset + index as isize * self.stride) as usize]
    }
}

/// `out[i] = f(x[i])`
pub fn map<A, O, F>(shape: &Shape, (x, lx): (&[A], &Layout), out: &mut [O], f: F)
where
    A: Copy + Sync,
    O: Copy + Send,
    F: Fn(A) -> O + Sync + Copy,
{
    let nest = Nest::new(shape, [lx]);
    let [sx] = nest.row_strides();
    threads::chunks(out, |first, part| {
        vectorize(
            #[inline(always)]
            || {
                nest.rows(
                    first,
                    part,
                    #[inline(always)]
                    |[ox], row| {
                        let a = Run { data: x, offset: ox, stride: sx };
                        if let Some(a) = a.slice(row.len()) {
                            for (o, &a) in row.iter_mut().zip(a) {
                                *o = f(a);
                            }
                        } else if let Some(a) = a.single() {
                            row.fill(f(a));
                        } else {
                            for (i, o) in row.iter_mut().enumerate() {
                                *o = f(a.at(i));
                            }
                        }
                    },
                );
            },
        );
    });
}

/// `out[i] = f(x[i], y[i])`
pub fn map2<A, B, O, F>(
    shape: &Shape,
    (x, lx): (&[A], &Layout),
    (y, ly): (&[B], &Layout),
    out: &mut [O],
    f: F,
) where
    A: Copy + Sync,
    B: Copy + Sync,
    O: Copy + Send,
    F: Fn(A, B) -> O + Sync + Copy,
{
    let nest = Nest::new(shape, [lx, ly]);
    let [sx, sy] = nest.row_strides();
    threads::chunks(out, |first, part| {
        vectorize(
            #[inline(always)]
            || {
                nest.rows(
                    first,
                    part,
                    #[inline(always)]
                    |[ox, oy], row| {
                        let (a, b) = (
                            Run { data: x, offset: ox, stride: sx },
                            Run { data: y, offset: oy, stride: sy },
                        );
                        let len = row.len();
                        match (a.slice(len), b.slice(len), a.single(), b.single()) {
                            (Some(a), Some(b), ..) => {
                                for ((o, &a), &b) in row.iter_mut().zip(a).zip(b) {
                                    *o = f(a, b);
                                }
                            }
                            (Some(a), _, _, Some(b)) => {
                                for (o, &a) in row.iter_mut().zip(a) {
                                    *o = f(a, b);
                                }
                            }
                            (_, Some(b), Some(a), _) => {
                                for (o, &b) in row.iter_mut().zip(b) {
                                    *o = f(a, b);
                                }
                            }
                            _ => {
                                for (i, o) in row.iter_mut().enumerate() {
                                    *o = f(a.at(i), b.at(i));
                                }
                            }
                        }
                    },
                );
            },
        );
    });
}

/// `out[i] = f(x[i], y[i], z[i])`
pub fn map3<A, B, C, O, F>(
    shape: &Shape,
    (x, lx): (&[A], &Layout),
    (y, ly): (&[B], &Layout),
    (z, lz): (&[C], &Layout),
    out: &mut [O],
    f: F,
) where
    A: Copy + Sync,
    B: Copy + Sync,
    C: Copy + Sync,
    O: Copy + Send,
    F: Fn(A, B, C) -> O + Sync + Copy,
{
    let nest = Nest::new(shape, [lx, ly, lz]);
    let [sx, sy, sz] = nest.row_strides();
    threads::chunks(out, |first, part| {
        vectorize(
            #[inline(always)]
            || {
                nest.rows(
                    first,
                    part,
                    #[inline(always)]
                    |[ox, oy, oz], row| {
                        let a = Run { data: x, offset: ox, stride: sx };
                        let b = Run { data: y, offset: oy, stride: sy };
                        let c = Run { data: z, offset: oz, stride: sz };
                        let len = row.len();
                        if let (Some(a), Some(b), Some(c)) = (a.slice(len), b.slice(len), c.slice(len)) {
                            for (((o, &a), &b), &c) in row.iter_mut().zip(a).zip(b).zip(c) {
                                *o = f(a, b, c);
                            }
                        } else {
                            for (i, o) in row.iter_mut().enumerate() {
                                *o = f(a.at(i), b.at(i), c.at(i));
                            }
                        }
                    },
                );
            },
        );
    });
}
