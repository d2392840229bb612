//! Singular values and vectors: bidiagonal form, then implicit QR sweeps whose rotations are applied to the rows of Qᵀ
//! and Pᵀ many at a time (LAPACK's `gesvd`). Of a matrix much taller than wide R of its QR factors is taken (Chan 1982;
//! Golub & Van Loan 8.6.3).

use super::rows::turned;
use super::{ascending, bidiagonal, golub_kahan, householder, qr, rotations::Rotated, unit};
use crate::gemm::Kernel;

/// Singular values of `a` `[m, n]`, descending, into `s` `[k]`, k = min(m, n); U `[m, k]` and Vᵀ `[k, n]` into
/// `vectors`, if there is room for them. NaN if `a` is not finite.
pub fn svd<T: Kernel>(a: &[T], m: usize, n: usize, s: &mut [T], vectors: Option<[&mut [T]; 2]>) {
    if m < n {
        let flipped = turned(a, m, n, n);
        let Some([u, vt]) = vectors else { return svd(&flipped, n, m, s, None) };
        let (mut left, mut right) = (vec![T::ZERO; n * m], vec![T::ZERO; m * m]);
        svd(&flipped, n, m, s, Some([&mut left, &mut right]));
        u.copy_from_slice(&turned(&right, m, m, m));
        vt.copy_from_slice(&turned(&left, n, m, m));
        return;
    }
    let mut work = a.to_vec();
    let Some(size) = unit(&mut work) else {
        s.fill(T::of(f64::NAN));
        vectors.into_iter().flatten().for_each(|x| x.fill(T::of(f64::NAN)));
        return;
    };
    if 5 * n <= 3 * m {
        let blocks = qr::reduce(&mut work, m, n);
        let mut r = vec![T::ZERO; n * n];
        qr::upper(&work, n, n, &mut r);
        let vectors = vectors.map(|[u, vt]| {
            u.fill(T::ZERO);
            (u, vt)
        });
        match vectors {
            None => square(&mut r, n, n, size, s, None),
            Some((u, vt)) => {
                square(&mut r, n, n, size, s, Some([&mut u[..n * n], vt]));
                blocks.iter().rev().for_each(|block| block.apply(&mut u[block.start * n..], n, n, false));
            }
        }
    } else {
        square(&mut work, m, n, size, s, vectors);
    }
}

/// As [`svd`], of `a` times `size`, m ≥ n.
fn square<T: Kernel>(
    a: &mut [T],
    m: usize,
    n: usize,
    size: T,
    values: &mut [T],
    vectors: Option<[&mut [T]; 2]>,
) {
    let form = bidiagonal::reduce(a, m, n, vectors.is_some());
    let double = |x: &[T]| x.iter().map(|&v| v.widen()).collect::<Vec<f64>>();
    let (mut d, mut e) = (double(&form.diagonal), double(&form.above));
    let mut rows = vectors.is_some().then(|| {
        let (q, p) = (householder::product(&form.left, m, n), householder::product(&form.right, n, n));
        (Rotated::new(&q, m, n), Rotated::new(&p, n, n))
    });
    golub_kahan::diagonalize(&mut d, &mut e, T::EPSILON / 2.0, |sweep| {
        if let Some((u, v)) = &mut rows {
            u.sweep(sweep.first, sweep.left, sweep.upwards);
            v.sweep(sweep.first, sweep.right, sweep.upwards);
        }
    });
    let order = ascending(&d.iter().map(|v| -v.abs()).collect::<Vec<f64>>());
    values.iter_mut().zip(&order).for_each(|(to, &i)| *to = T::of(d[i].abs()) * size);
    if let (Some([left, right]), Some((u, v))) = (vectors, &mut rows) {
        u.rows_into(&order, |_, _| T::ONE, true, left);
        v.rows_into(&order, |_, row| if d[row] < 0.0 { -T::ONE } else { T::ONE }, false, right);
    }
}
