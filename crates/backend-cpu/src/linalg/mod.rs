//! Linear algebra: blocked factorisations on the backend's own product of matrices, batches divided among threads.
//!
//! Small matrices, where blocks gain nothing, are left to `tensor_core::linalg`; eigenvalues and singular values of
//! small single precision matrices are computed in double precision, as there. Invariant: blocks depend on sizes alone
//! and every sum's order on them, so results are the same bits at any number of threads and any vector width.

mod bidiagonal;
mod cholesky;
mod eigen;
mod golub_kahan;
mod householder;
mod lu;
mod qr;
mod rotations;
mod rows;
mod svd;
mod triangular;
mod tridiagonal;

use crate::gemm::Kernel;
use crate::kernels::{hold, packed, with_float};
use crate::storage::{Block, Pool};
use crate::threads;
use std::sync::{Arc, Mutex, PoisonError};
use tensor_core::linalg::{Lu, Matrix, Real, eliminate};
use tensor_core::{DType, LinalgOp, Result, View};
use triangular::Triangle;

/// Rows and columns up to which plain loops are as fast.
const SMALL: usize = 16;
/// Rows and columns up to which eigenvalues and singular values are computed in double precision.
const DOUBLE: usize = 32;

/// A function of matrices `[B, rows, columns]`, see [`tensor_core::Backend::linalg`].
pub fn linalg(pool: &Arc<Pool>, op: LinalgOp, args: &[View]) -> Result<Vec<Block>> {
    with_float!(args[0].dtype(), T => each::<T>(pool, op, args))
}

/// The places of the numbers from the smallest on, equal ones in their order.
fn ascending(numbers: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|&i, &j| numbers[i].total_cmp(&numbers[j]));
    order
}

fn each<T: Kernel + Real>(pool: &Arc<Pool>, op: LinalgOp, args: &[View]) -> Result<Vec<Block>> {
    let held: Vec<_> = args.iter().map(|&view| hold(view)).collect();
    let values: Vec<_> = held.iter().map(packed::<T>).collect();
    let sizes: Vec<[usize; 2]> =
        args.iter().map(|arg| [arg.layout.shape()[1], arg.layout.shape()[2]]).collect();
    let (count, [m, n]) = (args[0].layout.shape()[0], sizes[0]);
    let columns = sizes.last().map_or(0, |size| size[1]);
    let lens: Vec<usize> = op.results(sizes[0], columns).iter().map(|shape| shape.iter().product()).collect();
    let mut blocks: Vec<Block> =
        lens.iter().map(|&len| pool.take::<T>(count * len)).collect::<Result<_>>()?;
    // Some runs of matrices for each thread.
    let run = count.div_ceil(8 * threads::num_threads()).max(1);
    let mut parts: Vec<_> = blocks
        .iter_mut()
        .zip(&lens)
        .map(|(block, &len)| block.slice_mut::<T>(count * len).chunks_mut((run * len).max(1)))
        .collect();
    let runs = (0..count.div_ceil(run)).map(move |index| {
        (index, parts.iter_mut().map(|part| part.next().unwrap_or_default()).collect::<Vec<&mut [T]>>())
    });
    let failed: Mutex<Option<(usize, usize)>> = Mutex::new(None);
    let one = |first: usize, mut results: Vec<&mut [T]>| {
        for index in first..(first + run).min(count) {
            let operand = |i: usize| {
                let [rows, cols] = sizes[i];
                Matrix { data: &values[i][index * rows * cols..][..rows * cols], rows, cols }
            };
            let (a, b) = (operand(0), operand(sizes.len() - 1));
            let mut own: [&mut [T]; 3] = Default::default();
            for ((own, rest), &len) in own.iter_mut().zip(&mut results).zip(&lens) {
                let (head, tail) = std::mem::take(rest).split_at_mut(len);
                (*own, *rest) = (head, tail);
            }
            if let Err(pivot) = matrix(op, a, b, own) {
                let mut failed = failed.lock().unwrap_or_else(PoisonError::into_inner);
                if failed.is_none_or(|(earlier, _)| index < earlier) {
                    *failed = Some((index, pivot));
                }
            }
        }
    };
    let work = count.saturating_mul(m * n * m.min(n)).max(1);
    if count == 1 {
        // Its own products are divided among the threads.
        runs.for_each(|(index, results)| one(index, results));
    } else {
        threads::each(runs, work, &|(index, results)| one(index * run, results));
    }
    match failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        Some((index, pivot)) => Err(op.failed(index, count, pivot)),
        None => Ok(blocks),
    }
}

/// The results for one matrix, or the pivot that failed.
fn matrix<T: Kernel + Real>(
    op: LinalgOp,
    a: Matrix<T>,
    b: Matrix<T>,
    [x, y, z]: [&mut [T]; 3],
) -> std::result::Result<(), usize> {
    let Matrix { data, rows: m, cols: n } = a;
    match op {
        LinalgOp::Eigh { vectors } if double::<T>(m, n) => {
            in_double(data, [x, y, z], |data, [x, y, _]| eigen::eigh(data, n, x, vectors.then_some(y)));
        }
        LinalgOp::Eigh { vectors } => eigen::eigh(data, n, x, vectors.then_some(y)),
        LinalgOp::Svd { vectors: false } if double::<T>(m, n) => {
            in_double(data, [x, y, z], |data, [x, ..]| svd::svd(data, m, n, x, None));
        }
        LinalgOp::Svd { vectors: false } => svd::svd(data, m, n, x, None),
        LinalgOp::Svd { .. } if double::<T>(m, n) => {
            in_double(data, [x, y, z], |data, [x, y, z]| svd::svd(data, m, n, y, Some([x, z])));
        }
        LinalgOp::Svd { .. } => svd::svd(data, m, n, y, Some([x, z])),
        _ if m.max(n) <= SMALL => {
            let args = [a, b];
            for (to, from) in [x, y, z].into_iter().zip(eliminate(op, &args)?) {
                to.copy_from_slice(&from);
            }
        }
        LinalgOp::Cholesky => cholesky::cholesky(data, n, x)?,
        LinalgOp::Inverse => lu::inverse(&regular(data, n)?, n, x),
        LinalgOp::Solve => lu::solve(&regular(data, n)?, n, b.data, b.cols, x),
        LinalgOp::SolveTriangular { upper, unit } => {
            x.copy_from_slice(b.data);
            Triangle::new(data, n, upper, unit).solve(n, x, b.cols, b.cols);
        }
        LinalgOp::Det => x[0] = lu::factor(data, n, n).det(),
        LinalgOp::SlogDet => (x[0], y[0]) = lu::factor(data, n, n).slogdet(),
        LinalgOp::Lu => {
            let parts = lu::factor(data, m, n).parts();
            [x, y, z].into_iter().zip(parts).for_each(|(to, from)| to.copy_from_slice(&from));
        }
        LinalgOp::Qr => qr::qr(data, m, n, x, y),
        LinalgOp::LeastSquares => qr::lstsq(data, m, n, b.data, b.cols, x)?,
    }
    Ok(())
}

/// The factors of a square matrix that is not singular.
fn regular<T: Kernel + Real>(a: &[T], n: usize) -> std::result::Result<Lu<T>, usize> {
    let lu = lu::factor(a, n, n);
    lu.singular().map_or(Ok(lu), Err)
}

fn double<T>(m: usize, n: usize) -> bool {
    size_of::<T>() < size_of::<f64>() && m.min(n) <= DOUBLE
}

/// Computes in double precision and rounds.
fn in_double<T: Kernel>(a: &[T], results: [&mut [T]; 3], f: impl FnOnce(&[f64], [&mut [f64]; 3])) {
    let a: Vec<f64> = a.iter().map(|x| x.widen()).collect();
    let mut wide = results.each_ref().map(|part| vec![0.0; part.len()]);
    f(&a, wide.each_mut().map(Vec::as_mut_slice));
    for (to, from) in results.into_iter().zip(&wide) {
        to.iter_mut().zip(from).for_each(|(to, &from)| *to = T::of(from));
    }
}

/// Divides a matrix whose largest magnitude is far from 1 by it, so that squares neither overflow nor vanish: what to
/// multiply by again; `None` if it is not finite.
fn unit<T: Kernel>(a: &mut [T]) -> Option<T> {
    if !a.iter().all(|x| x.abs() < T::INFINITY) {
        return None;
    }
    let largest = a.iter().fold(T::ZERO, |m, x| m.max(x.abs()));
    if largest == T::ZERO || largest > T::of(1e-4) && largest < T::of(1e4) {
        return Some(T::ONE);
    }
    a.iter_mut().for_each(|x| *x = *x / largest);
    Some(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_finite_has_no_values() {
        for n in [3, 50] {
            for bad in [f64::NAN, f64::INFINITY] {
                let mut a: Vec<f64> = (0..n * n).map(|i| (i * 7 % 11) as f64).collect();
                a[n] = bad;
                let (mut values, mut u, mut vt) = (vec![0.0; n], vec![0.0; n * n], vec![0.0; n * n]);
                svd::svd(&a, n, n, &mut values, Some([&mut u, &mut vt]));
                assert!(values.iter().chain(&u).chain(&vt).all(|x| x.is_nan()), "{n} {bad}");
                eigen::eigh(&a, n, &mut values, Some(&mut u));
                assert!(values.iter().chain(&u).all(|x| x.is_nan()), "{n} {bad}");
            }
        }
    }
}
