//! Eigenvalues and singular values with their vectors: orthonormal, in order, and factors of the matrix; the values are
//! also held against the default's.

use crate::Tolerance;
use crate::linalg::{Judge, Mat, SHAPES, SIZES, each, random, results};
use crate::samples::{Noise, floats, upload};
use tensor_core::{Device, LinalgOp, compose};

fn symmetric(noise: &mut Noise, n: usize, kind: &str) -> Mat {
    let x = random(noise, n, n);
    let a = match kind {
        "rank 1" => Mat::new(n, n, |i, j| x.at(0, i) * x.at(0, j)),
        "identity" => Mat::eye(n),
        "graded" => Mat::new(n, n, |i, j| (x.at(i, j) + x.at(j, i)) * 0.1f64.powi(i.max(j).min(18) as i32)),
        "split" => Mat::new(n, n, |i, j| if i / 3 == j / 3 { x.at(i, j) + x.at(j, i) } else { 0.0 }),
        "huge" => Mat::new(n, n, |i, j| (x.at(i, j) + x.at(j, i)) * 1e30),
        _ => Mat::new(n, n, |i, j| x.at(i, j) + x.at(j, i)),
    };
    // The upper triangle is not read.
    Mat::new(n, n, |i, j| if j > i { f64::NAN } else { a.at(i, j) })
}

/// Eigenvalues and eigenvectors.
pub fn eigh(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(87);
    for &n in SIZES {
        for kind in ["random", "rank 1", "identity", "graded", "split", "huge"] {
            let mut make = |_| (symmetric(&mut noise, n, kind), None);
            each(
                device,
                tolerance,
                LinalgOp::Eigh { vectors: true },
                kind,
                &mut make,
                &|judge, a, _, parts| {
                    let [l, v] = parts else { unreachable!("values and vectors") };
                    let whole = Mat::new(n, n, |i, j| a.at(i.max(j), i.min(j)));
                    let scaled = Mat::new(n, n, |i, j| v.at(i, j) * l.at(j, 0));
                    judge.orthonormal("V", v);
                    judge.near("V·Λ·Vᵀ", &scaled.times(&v.t()), &whole, whole.size());
                    assert!(l.data.windows(2).all(|w| w[0] <= w[1]), "{}: ascending", judge.what);
                    for j in 0..n {
                        let last = (0..n).rev().map(|i| v.at(i, j)).find(|&x| x != 0.0);
                        assert!(last.is_some_and(|x| x > 0.0), "{}: sign of vector {j}", judge.what);
                    }
                },
            );
        }
    }
}

/// Singular values and vectors.
pub fn svd(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(88);
    for [m, n] in SIZES.iter().map(|&n| [n, n]).chain(SHAPES.iter().copied()) {
        for kind in ["random", "rank 1", "zero", "identity", "graded", "tiny"] {
            let mut make = |_| {
                let x = random(&mut noise, m, n);
                let a = Mat::new(m, n, |i, j| match kind {
                    "rank 1" => x.at(i, 0) * x.at(0, j),
                    "zero" => 0.0,
                    "identity" => f64::from(u8::from(i == j)),
                    "graded" => x.at(i, j) * 0.1f64.powi(i.max(j).min(18) as i32),
                    "tiny" => x.at(i, j) * 1e-30,
                    _ => x.at(i, j),
                });
                (a, None)
            };
            each(
                device,
                tolerance,
                LinalgOp::Svd { vectors: true },
                kind,
                &mut make,
                &|judge, a, _, parts| {
                    let [u, s, vt] = parts else { unreachable!("three factors") };
                    let scaled = Mat::new(m, s.rows, |i, j| u.at(i, j) * s.at(j, 0));
                    judge.near("U·S·Vᵀ", &scaled.times(vt), a, a.size());
                    judge.orthonormal("U", u);
                    judge.orthonormal("V", &vt.t());
                    assert!(s.data.iter().all(|&x| x >= 0.0), "{}: none is negative", judge.what);
                    assert!(s.data.windows(2).all(|w| w[0] >= w[1]), "{}: descending", judge.what);
                },
            );
        }
    }
}

/// Values without vectors are those with vectors; the device's are the default's.
pub fn values_alone(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(89);
    for dtype in floats(device) {
        for [m, n] in SIZES.iter().map(|&n| [n, n]).chain(SHAPES.iter().copied()) {
            let a = random(&mut noise, m, n);
            let x = upload(device, &a.data, &[1, m, n], dtype);
            let values = |op, storages, which: usize| -> Mat {
                results(device, op, storages, &a, 0, dtype, 1).remove(0).remove(which)
            };
            let (all, alone) = (LinalgOp::Svd { vectors: true }, LinalgOp::Svd { vectors: false });
            let want = values(alone, compose::linalg(alone, &[x.view()]), 0);
            let judge = Judge { dtype, factor: tolerance.factor, what: format!("{m}x{n} of {dtype}") };
            judge.near(
                "singular values",
                &values(alone, device.linalg(alone, &[x.view()]), 0),
                &want,
                a.size(),
            );
            judge.near("singular values", &values(all, device.linalg(all, &[x.view()]), 1), &want, a.size());
            if m == n {
                let (all, alone) = (LinalgOp::Eigh { vectors: true }, LinalgOp::Eigh { vectors: false });
                let want = values(alone, compose::linalg(alone, &[x.view()]), 0);
                judge.near(
                    "eigenvalues",
                    &values(alone, device.linalg(alone, &[x.view()]), 0),
                    &want,
                    a.size(),
                );
                judge.near("eigenvalues", &values(all, device.linalg(all, &[x.view()]), 0), &want, a.size());
            }
        }
    }
}
