//! Eigenvalues and eigenvectors of symmetric matrices: tridiagonal form, then implicit QL or QR sweeps, from whichever
//! end has the larger numbers (LAPACK's `steqr`; Golub & Van Loan 8.3.5), whose rotations are applied to the rows of Qᵀ
//! many at a time. The sweeps themselves are in double precision.

use super::ascending;
use super::householder::product;
use super::rotations::{Rotated, Turn, turn_to_first};
use super::tridiagonal::reduce;
use super::unit;
use crate::gemm::Kernel;

/// Sweeps a row, after which a matrix is given up; LAPACK's number.
const SWEEPS: usize = 30;

/// Eigenvalues of `a` `[n, n]`, of which the lower triangle is read, ascending, into `values`; eigenvectors as columns
/// into `vectors`, if there is room for them, the last nonzero component of each positive. NaN if `a` is not finite.
pub fn eigh<T: Kernel>(a: &[T], n: usize, values: &mut [T], vectors: Option<&mut [T]>) {
    let mut full = vec![T::ZERO; n * n];
    for i in 0..n {
        for j in 0..=i {
            (full[i * n + j], full[j * n + i]) = (a[i * n + j], a[i * n + j]);
        }
    }
    let Some(size) = unit(&mut full) else {
        values.fill(T::of(f64::NAN));
        vectors.into_iter().for_each(|v| v.fill(T::of(f64::NAN)));
        return;
    };
    let form = reduce(&mut full, n, vectors.is_some());
    let double = |x: &[T]| x.iter().map(|&v| v.widen()).collect::<Vec<f64>>();
    let (mut d, mut e) = (double(&form.diagonal), double(&form.beside));
    let mut rows = vectors.is_some().then(|| Rotated::new(&product(&form.blocks, n, n), n, n));
    diagonalize(&mut d, &mut e, T::EPSILON / 2.0, |first, turns, upwards| {
        if let Some(rows) = &mut rows {
            rows.sweep(first, turns, upwards);
        }
    });
    let order = ascending(&d);
    values.iter_mut().zip(&order).for_each(|(to, &i)| *to = T::of(d[i]) * size);
    if let (Some(out), Some(rows)) = (vectors, &mut rows) {
        let sign = |rows: &Rotated<T>, row: usize| if rows.last(row) < T::ZERO { -T::ONE } else { T::ONE };
        rows.rows_into(&order, sign, true, out);
    }
}

/// Makes the tridiagonal matrix of diagonal `d` and `e` beside it diagonal, telling of every sweep its first row, its
/// rotations in the order of the rows, and whether the last comes first.
fn diagonalize(d: &mut [f64], e: &mut [f64], eps: f64, mut sweep: impl FnMut(usize, &[Turn], bool)) {
    let mut left = SWEEPS * d.len();
    let mut turns = Vec::with_capacity(d.len());
    let mut last = d.len(); // what comes from here on is done
    let (mut block, mut flipped) = (0..0, false);
    while last > 1 && left > 0 {
        let small = |i: usize| e[i] * e[i] <= eps * eps * (d[i] * d[i + 1]).abs() + f64::MIN_POSITIVE;
        let hi = last - 1;
        let lo = (0..hi).rev().find(|&i| small(i)).map_or(0, |i| i + 1);
        if lo == hi {
            last -= 1;
            continue;
        }
        if !(block.contains(&lo) && block.contains(&hi)) {
            // QL finds the eigenvalues at the beginning first, QR, which is QL read backwards, those at the end.
            flipped = d[hi].abs() < d[lo].abs();
        }
        block = lo..last;
        left -= 1;
        turns.clear();
        ql(&mut d[lo..last], &mut e[lo..hi], flipped, &mut turns);
        if !flipped {
            turns.reverse();
        }
        sweep(lo, &turns, !flipped);
    }
}

/// One implicit QL sweep with Wilkinson's shift over a block that nothing splits; all indices are read backwards if
/// `flipped`. The rotations come from the last pair to the first.
fn ql(d: &mut [f64], e: &mut [f64], flipped: bool, turns: &mut Vec<Turn>) {
    let end = d.len() - 1;
    let at = |i: usize| if flipped { end - i } else { i };
    let beside = |i: usize| if flipped { end - 1 - i } else { i };
    let first = d[at(0)];
    let half = (d[at(1)] - first) / (2.0 * e[beside(0)]);
    let root = if half.abs() < 1e150 { (half * half + 1.0).sqrt() } else { half.abs() };
    let mut g = d[at(end)] - first + e[beside(0)] / (half + root.copysign(half));
    let (mut s, mut c, mut p) = (1.0, 1.0, 0.0);
    for i in (0..end).rev() {
        let (f, b) = (s * e[beside(i)], c * e[beside(i)]);
        let length;
        (c, s, length) = turn_to_first(g, f);
        if i + 1 < end {
            e[beside(i + 1)] = length;
        }
        g = d[at(i + 1)] - p;
        let r = (d[at(i)] - g) * s + 2.0 * c * b;
        p = s * r;
        d[at(i + 1)] = g + p;
        g = c * r - b;
        turns.push((c, if flipped { s } else { -s }));
    }
    d[at(0)] -= p;
    e[beside(0)] = g;
}
