//! The register tile of the product: up to `M` rows by `N` vectors of C, summed over a block of k.
//!
//! Invariant: within a block of k each element is one chain of fused multiply-adds in the order of k, and the
//! blocks' sums are added up in their order, so no choice of tile or width shows in a result. (Sums of blocks
//! also round less than one long chain would.)

use super::pack::Turn;
use super::{Epilogue, Update};
use crate::math::Real;
use crate::simd::{Lanes, Level, Vector, level};

/// The widest tile of any level: rows, and numbers in a row of vectors.
pub const MAX_ROWS: usize = 8;
const MAX_WIDTH: usize = 48;

/// One tile's work: `C[rows × cols] (+)= A[rows × k] · B[k × cols]`.
#[derive(Clone, Copy)]
pub struct Tile<'a, T> {
    /// Numbers summed in this block.
    pub k: usize,
    /// A's first element, and its steps from row to row and along k.
    pub a: *const T,
    /// Elements from one row of A to the next.
    pub a_row: isize,
    /// Elements from one k of A to the next.
    pub a_k: isize,
    /// Where A's elements are if not at even steps; these count nothing then.
    pub listed: Option<Listed<'a>>,
    /// B's first element; its rows hold whole vectors (padding included) unless it is turned.
    pub b: *const T,
    /// Elements from one k of B to the next.
    pub b_k: isize,
    /// Elements from one column of B to the next: if not 1, its columns are runs of memory, turned on the way.
    pub b_col: isize,
    /// C's first element.
    pub c: *mut T,
    /// Elements from one row of C to the next.
    pub c_row: usize,
    /// Rows, 1 to [`Shape::rows`].
    pub rows: usize,
    /// Columns; B has whole vectors even where C has not.
    pub cols: usize,
    /// What becomes of the numbers in C.
    pub update: Update,
    /// What is done on the way out, after the last block; its bias is of this tile's columns.
    pub last: Option<Epilogue<'a, T>>,
}

impl<T: Copy> Tile<'_, T> {
    /// The first `rows` rows, and the others; there must be some.
    fn split(&self, rows: usize) -> (Self, Self) {
        let others = Tile {
            a: if self.listed.is_none() {
                self.a.wrapping_offset(rows as isize * self.a_row)
            } else {
                self.a
            },
            listed: self.listed.map(|list| Listed { rows: &list.rows[rows..], ..list }),
            c: self.c.wrapping_add(rows * self.c_row),
            rows: self.rows - rows,
            ..*self
        };
        (Tile { rows, ..*self }, others)
    }
}

/// Where the elements of a matrix are: (i, p) stands at `rows[i] + along[p]`.
#[derive(Clone, Copy)]
pub struct Listed<'a> {
    /// One a row.
    pub rows: &'a [usize],
    /// One a column.
    pub along: &'a [usize],
}

/// The tile that a level's registers hold.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// Rows of C.
    pub rows: usize,
    /// Vectors in a row.
    pub vectors: usize,
    /// Numbers in a vector.
    pub lanes: usize,
    /// Up to how many rows columns of B are turned on the way.
    pub turned_rows: usize,
}

/// Columns in a tile of turned ones: more lines at once than these would not stay in the nearest cache where
/// they are a power of two apart.
pub const TURNED_COLUMNS: usize = 16;

/// Types that have a tile kernel.
pub trait Kernel: Turn {
    /// The tile at this machine's level.
    fn shape() -> Shape;
    /// Computes one tile.
    ///
    /// # Safety
    /// The pointers must cover what the tile says, C being nobody else's meanwhile; `rows` and `cols` must be
    /// within [`Kernel::shape`].
    unsafe fn run(tile: &Tile<Self>);
}

/// Computes a tile of exactly `M` rows and `N` whole vectors: sums it over a block of k.
#[inline(always)]
unsafe fn exact<V: Vector, const M: usize, const N: usize>(t: &Tile<V::Of>) {
    // SAFETY: `run`'s caller vouches for all of A and B that the tile names.
    unsafe {
        let mut acc = [[V::splat(V::Of::ZERO); N]; M];
        let mut b = t.b;
        if let Some(list) = t.listed {
            let rows: [*const V::Of; M] = std::array::from_fn(|i| t.a.add(list.rows[i]));
            for &along in list.along {
                add(&mut acc, &rows, along as isize, b);
                b = b.offset(t.b_k);
            }
        } else {
            let rows: [*const V::Of; M] = std::array::from_fn(|i| t.a.offset(i as isize * t.a_row));
            let mut along = 0isize;
            for _ in 0..t.k {
                add(&mut acc, &rows, along, b);
                along += t.a_k;
                b = b.offset(t.b_k);
            }
        }
        finish(acc, t);
    }
}

/// Adds one k's products: each row's number `along` times the vectors of B.
#[inline(always)]
unsafe fn add<V: Vector, const M: usize, const N: usize>(
    acc: &mut [[V; N]; M],
    rows: &[*const V::Of; M],
    along: isize,
    b: *const V::Of,
) {
    // SAFETY: the callers' own promise.
    unsafe {
        let mut right = [V::splat(V::Of::ZERO); N];
        for (j, v) in right.iter_mut().enumerate() {
            *v = V::load(b.add(j * V::LANES));
        }
        for i in 0..M {
            let left = V::splat(*rows[i].offset(along));
            for j in 0..N {
                acc[i][j] = left.fma(right[j], acc[i][j]);
            }
        }
    }
}

/// As [`exact`], of a B whose columns are runs of memory: its squares are turned in registers and multiplied at
/// once, for rows so few that they would not repay the packing.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
unsafe fn turning<V: crate::simd::Square, const M: usize, const N: usize>(t: &Tile<V::Of>) {
    // SAFETY: `run`'s caller vouches for all of A and B that the tile names.
    unsafe {
        let mut acc = [[V::splat(V::Of::ZERO); N]; M];
        let b = |k: usize, column: usize| t.b.offset(column as isize * t.b_col).add(k);
        let mut add = |j: usize, k: usize, right: V| {
            for (i, row) in acc.iter_mut().enumerate() {
                let left = V::splat(*t.a.offset(i as isize * t.a_row + k as isize * t.a_k));
                row[j] = left.fma(right, row[j]);
            }
        };
        let whole = t.k / V::LANES * V::LANES;
        for k in (0..whole).step_by(V::LANES) {
            for j in 0..N {
                let square = V::turn(|c| b(k, j * V::LANES + c));
                square.into_iter().take(V::LANES).enumerate().for_each(|(q, right)| add(j, k + q, right));
            }
        }
        for k in whole..t.k {
            for j in 0..N {
                let mut right = [V::Of::ZERO; MAX_WIDTH];
                for (c, number) in right[..V::LANES].iter_mut().enumerate() {
                    *number = *b(k, j * V::LANES + c);
                }
                add(j, k, V::load(right.as_ptr()));
            }
        }
        finish(acc, t);
    }
}

/// Brings a block's sums into C: adds what earlier blocks left there and, after the last, the epilogue.
#[inline(always)]
unsafe fn finish<V: Vector, const M: usize, const N: usize>(mut acc: [[V; N]; M], t: &Tile<V::Of>) {
    // SAFETY: `run`'s caller vouches for C and the bias.
    unsafe {
        if t.update != Update::Write {
            // Times 1 or −1 is exact: a sum or a difference, rounded once.
            let sign = V::splat(if t.update == Update::Add { V::Of::ONE } else { -V::Of::ONE });
            for (i, row) in acc.iter_mut().enumerate() {
                for (j, v) in row.iter_mut().enumerate() {
                    *v = v.fma(sign, V::load(t.c.add(i * t.c_row + j * V::LANES)));
                }
            }
        }
        if let Some(epilogue) = t.last {
            if let Some(bias) = epilogue.bias {
                for j in 0..N {
                    let bias = V::load(bias.as_ptr().add(j * V::LANES));
                    for row in &mut acc {
                        row[j] = row[j].add(bias);
                    }
                }
            }
            if epilogue.relu {
                for row in &mut acc {
                    for v in row {
                        *v = v.relu();
                    }
                }
            }
        }
        for (i, row) in acc.iter().enumerate() {
            for (j, v) in row.iter().enumerate() {
                v.store(t.c.add(i * t.c_row + j * V::LANES));
            }
        }
    }
}

/// Computes a tile whose last vector is partly padding, in a copy of C and the bias that has room for it.
///
/// # Safety
/// As for [`Kernel::run`].
#[inline(never)]
unsafe fn edge<T: Kernel>(t: &Tile<T>) {
    let width = t.cols.next_multiple_of(T::shape().lanes);
    let (mut c, mut bias) = ([T::ZERO; MAX_ROWS * MAX_WIDTH], [T::ZERO; MAX_WIDTH]);
    let rows = c.chunks_exact_mut(width).take(t.rows).enumerate();
    // SAFETY: the caller vouches for `rows` rows of `cols` numbers in C; `c` holds any tile.
    unsafe {
        if t.update != Update::Write {
            for (i, row) in rows {
                std::ptr::copy_nonoverlapping(t.c.add(i * t.c_row), row.as_mut_ptr(), t.cols);
            }
        }
        let last = t.last.map(|epilogue| {
            let padded = epilogue.bias.map(|from| {
                bias[..t.cols].copy_from_slice(from);
                &bias[..width]
            });
            Epilogue { bias: padded, ..epilogue }
        });
        T::run(&Tile { c: c.as_mut_ptr(), c_row: width, cols: width, last, ..*t });
        for (i, row) in c.chunks_exact(width).take(t.rows).enumerate() {
            std::ptr::copy_nonoverlapping(row.as_ptr(), t.c.add(i * t.c_row), t.cols);
        }
    }
}

/// Rows of a portable tile. Where a fused multiply-add is a call, as on x86-64 before AVX2, more would save nothing.
const PORTABLE_ROWS: usize = if cfg!(target_arch = "x86_64") { 1 } else { 6 };

/// Picks the kernel of a tile's own size among those of the given rows and vectors. Among the rows must be the powers of
/// two: a tile of a height that is missing is two tiles.
macro_rules! pick {
    ($kernel:ident::<$V:ty>($tile:ident ), $rows:tt by $vectors:tt) => {
        // SAFETY: `run`'s caller vouches for the tile; this is compiled for `$V`'s instruction set.
        unsafe {
            pick!(@rows $kernel, ($tile.rows, $tile.cols / <$V>::LANES), $V, ($tile), $rows, $vectors)
        }
    };
    (@rows $kernel:ident, $size:expr, $V:ty, $args:tt, [$($rows:literal)+], $vectors:tt) => {
        match $size.0 {
            $($rows => pick!(@vectors $kernel, $size, $V, $args, $rows, $vectors),)+
            rows => {
                let (above, below) = $args.split(1 << rows.ilog2());
                Kernel::run(&above);
                Kernel::run(&below);
            }
        }
    };
    (@vectors $kernel:ident, $size:expr, $V:ty, $args:tt, $rows:literal, [$($vectors:literal)+]) => {
        match $size.1 {
            $($vectors => $kernel::<$V, $rows, $vectors> $args,)+
            _ => unreachable!("a tile wider than the registers"),
        }
    };
}

/// The length of a list.
macro_rules! count {
    ([$($rows:literal)+]) => {
        <[usize]>::len(&[$($rows),+])
    };
}

macro_rules! kernels {
    ($ty:ty, $lanes512:literal $v512:ty: $rows512:tt, $lanes256:literal $v256:ty: $rows256:tt $(, turned $few512:tt $few256:tt)?) => {
        impl Kernel for $ty {
            fn shape() -> Shape {
                // 12 sums, 2 vectors of B and one number of A: with 4 × 3 the compiler ran out of 16 registers.
                let narrow = Shape { rows: 6, vectors: 2, lanes: $lanes256, turned_rows: 0 };
                match level() {
                    Level::Avx512 => {
                        Shape { rows: 8, vectors: 3, lanes: $lanes512, turned_rows: 0 $(+ count!($few512))? }
                    }
                    Level::Avx2 => Shape { turned_rows: 0 $(+ count!($few256))?, ..narrow },
                    Level::Portable => Shape { rows: PORTABLE_ROWS, ..narrow },
                }
            }
            #[inline]
            unsafe fn run(tile: &Tile<Self>) {
                if !tile.cols.is_multiple_of(Self::shape().lanes) {
                    // SAFETY: the caller's promise is passed on.
                    return unsafe { edge(tile) };
                }
                #[cfg(target_arch = "x86_64")]
                {
                    use std::arch::x86_64::*;
                    #[target_feature(enable = "avx2,fma,avx512f,avx512vl,avx512bw,avx512dq")]
                    fn wide(tile: &Tile<$ty>) {
                        $(if tile.b_col != 1 {
                            return pick!(turning::<$v512>(tile), $few512 by [1]);
                        })?
                        pick!(exact::<$v512>(tile), $rows512 by [1 2 3]);
                    }
                    #[target_feature(enable = "avx2,fma")]
                    fn narrow(tile: &Tile<$ty>) {
                        $(if tile.b_col != 1 {
                            return pick!(turning::<$v256>(tile), $few256 by [1 2]);
                        })?
                        pick!(exact::<$v256>(tile), $rows256 by [1 2]);
                    }
                    match level() {
                        // SAFETY: `level` is never above what was detected on this machine.
                        Level::Avx512 => return unsafe { wide(tile) },
                        // SAFETY: as above.
                        Level::Avx2 => return unsafe { narrow(tile) },
                        Level::Portable => {}
                    }
                }
                type Portable = Lanes<$ty, $lanes256>;
                let tile = &Tile { rows: tile.rows.min(PORTABLE_ROWS), ..*tile };
                pick!(exact::<Portable>(tile), [1 2 3 4 5 6] by [1 2]);
            }
        }
    };
}
kernels!(f32, 16 __m512: [1 2 3 4 5 6 7 8], 8 __m256: [1 2 3 4 5 6], turned [1 2 3 4] [1 2]);
kernels!(f64, 8 __m512d: [1 2 4 8], 4 __m256d: [1 2 4 6]); // double precision is for checks, not for speed
