//! Factorisations and what follows from them, held against what they are for: factors multiply back, are orthogonal or
//! triangular, solutions solve; determinants are also held against the default's.

use crate::Tolerance;
use crate::judge::{answer, epsilon};
use crate::samples::{Noise, floats, upload, views};
use tensor_core::{DType, Device, LinalgOp, RawTensor, Result, Shape, Storage, compose};

/// Sizes around blocks, leaves and vectors, and one where products are divided among threads.
pub(crate) const SIZES: &[usize] = &[0, 1, 2, 3, 5, 8, 16, 17, 33, 64, 100];
/// Rows and columns of what is not square.
pub(crate) const SHAPES: &[[usize; 2]] =
    &[[0, 3], [3, 0], [1, 4], [4, 1], [7, 5], [5, 7], [40, 33], [33, 40], [90, 35], [35, 90], [67, 66]];
/// Rows and columns up to which the default is judged too: beyond, it does nothing else.
const COMPOSED: usize = 40;

/// A matrix in double precision.
#[derive(Clone)]
pub(crate) struct Mat {
    pub rows: usize,
    pub cols: usize,
    pub data: Vec<f64>,
}

impl Mat {
    pub fn new(rows: usize, cols: usize, f: impl FnMut(usize, usize) -> f64) -> Mat {
        let mut f = f;
        Mat { rows, cols, data: (0..rows * cols).map(|e| f(e / cols.max(1), e % cols.max(1))).collect() }
    }

    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.data[i * self.cols + j]
    }

    pub fn t(&self) -> Mat {
        Mat::new(self.cols, self.rows, |i, j| self.at(j, i))
    }

    pub fn times(&self, other: &Mat) -> Mat {
        let mut out = Mat::new(self.rows, other.cols, |_, _| 0.0);
        for i in 0..self.rows {
            for k in 0..self.cols {
                let factor = self.at(i, k);
                for j in 0..other.cols {
                    out.data[i * other.cols + j] += factor * other.at(k, j);
                }
            }
        }
        out
    }

    pub fn minus(&self, other: &Mat) -> Mat {
        Mat::new(self.rows, self.cols, |i, j| self.at(i, j) - other.at(i, j))
    }

    pub fn size(&self) -> f64 {
        self.data.iter().map(|x| x * x).sum::<f64>().sqrt()
    }

    pub fn eye(n: usize) -> Mat {
        Mat::new(n, n, |i, j| f64::from(u8::from(i == j)))
    }
}

/// What a computation is judged by.
pub(crate) struct Judge {
    pub dtype: DType,
    pub factor: f64,
    pub what: String,
}

impl Judge {
    /// `got` is `want`, up to some units of `scale` a row.
    #[track_caller]
    pub fn near(&self, part: &str, got: &Mat, want: &Mat, scale: f64) {
        let allowed =
            8.0 * (want.rows.max(want.cols) as f64 + 8.0) * epsilon(self.dtype) * self.factor * scale;
        let error = got.minus(want).size();
        assert!(error <= allowed, "{} {part}: {error:e} > {allowed:e}", self.what);
    }

    #[track_caller]
    pub fn orthonormal(&self, part: &str, columns: &Mat) {
        let n = columns.cols;
        self.near(part, &columns.t().times(columns), &Mat::eye(n), (n as f64).sqrt().max(1.0));
    }
}

/// The results for every matrix of a batch.
pub(crate) fn results(
    device: &Device,
    op: LinalgOp,
    storages: Result<Vec<Storage>>,
    a: &Mat,
    p: usize,
    dtype: DType,
    count: usize,
) -> Vec<Vec<Mat>> {
    let shapes = op.results([a.rows, a.cols], p);
    let storages = storages.expect("results");
    assert_eq!(storages.len(), shapes.len(), "number of results");
    let all: Vec<(Vec<f64>, usize, usize)> = storages
        .into_iter()
        .zip(&shapes)
        .map(|(storage, shape)| {
            let whole = Shape::new(&[&[count], &shape[..]].concat());
            let [rows, cols] = match shape[..] {
                [rows, cols] => [rows, cols],
                [rows] => [rows, 1],
                _ => [1, 1],
            };
            (answer(device, Ok(storage), dtype, &whole), rows, cols)
        })
        .collect();
    (0..count)
        .map(|i| {
            all.iter()
                .map(|(data, rows, cols)| Mat::new(*rows, *cols, |r, c| data[(i * rows + r) * cols + c]))
                .collect()
        })
        .collect()
}

/// Rounds to the type.
fn rounded(mats: &mut [Mat], dtype: DType) {
    if dtype == DType::F32 {
        mats.iter_mut().flat_map(|m| &mut m.data).for_each(|x| *x = f64::from(*x as f32));
    }
}

/// Judges the results for one matrix and, where there is one, the other operand.
pub(crate) type Verdict<'a> = dyn Fn(&Judge, &Mat, Option<&Mat>, &[Mat]) + 'a;

/// Runs `op` on a batch by the device and by the default, and judges each.
pub(crate) fn each(
    device: &Device,
    tolerance: &Tolerance,
    op: LinalgOp,
    what: &str,
    make: &mut dyn FnMut(usize) -> (Mat, Option<Mat>),
    judge: &Verdict,
) {
    for dtype in floats(device) {
        let count = 2;
        let (mut left, mut right) = (Vec::new(), Vec::new());
        for i in 0..count {
            let (a, b) = make(i);
            left.push(a);
            right.extend(b);
        }
        rounded(&mut left, dtype);
        rounded(&mut right, dtype);
        let put = |mats: &[Mat]| {
            let data: Vec<f64> = mats.iter().flat_map(|m| m.data.iter().copied()).collect();
            upload(device, &data, &[mats.len(), mats[0].rows, mats[0].cols], dtype)
        };
        let operands: Vec<RawTensor> =
            [&left, &right].into_iter().filter(|m| !m.is_empty()).map(|m| put(m)).collect();
        let seen: Vec<_> = operands.iter().map(RawTensor::view).collect();
        let p = right.first().map_or(0, |b| b.cols);
        let composed = left[0].rows.max(left[0].cols) <= COMPOSED;
        let composed = composed.then(|| (compose::linalg(op, &seen), "composed"));
        for (storages, how) in std::iter::once((device.linalg(op, &seen), "own")).chain(composed) {
            let all = results(device, op, storages, &left[0], p, dtype, count);
            for (i, parts) in all.iter().enumerate() {
                let what = format!("{how} {op:?} of {}x{}, {dtype}, {what}", left[i].rows, left[i].cols);
                let of = Judge { dtype, factor: tolerance.factor, what };
                judge(&of, &left[i], right.get(i), parts);
            }
        }
    }
}

pub(crate) fn random(noise: &mut Noise, rows: usize, cols: usize) -> Mat {
    Mat::new(rows, cols, |_, _| noise.between(-1.0, 1.0))
}

/// Symmetric positive-definite.
fn definite(noise: &mut Noise, n: usize) -> Mat {
    let x = random(noise, n, n);
    let mut a = x.times(&x.t());
    (0..n).for_each(|i| a.data[i * n + i] += 1.0);
    a
}

/// Cholesky factors, of which only the lower triangle of the matrix is read.
pub fn cholesky(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(81);
    for &n in SIZES {
        for graded in [false, true] {
            let mut make = |_| {
                let a = definite(&mut noise, n);
                let s = |i: usize| if graded { 0.5f64.powi(i.min(20) as i32) } else { 1.0 };
                (Mat::new(n, n, |i, j| if j > i { f64::NAN } else { a.at(i, j) * s(i) * s(j) }), None)
            };
            each(device, tolerance, LinalgOp::Cholesky, "definite", &mut make, &|judge, a, _, parts| {
                let l = &parts[0];
                assert!((0..n * n).all(|e| e % n <= e / n || l.data[e] == 0.0), "{}: triangle", judge.what);
                let whole = Mat::new(n, n, |i, j| a.at(i.max(j), i.min(j)));
                judge.near("L·Lᵀ", &l.times(&l.t()), &whole, whole.size());
            });
        }
    }
}

/// Inverses and solutions.
pub fn inverse_and_solve(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(82);
    for &n in SIZES {
        let mut make = |_| (random(&mut noise, n, n), None);
        each(device, tolerance, LinalgOp::Inverse, "random", &mut make, &|judge, a, _, parts| {
            let scale = a.size() * parts[0].size();
            judge.near("A·A⁻¹", &a.times(&parts[0]), &Mat::eye(n), scale);
        });
        for p in [0, 1, 2, 3, 5, 9, 40] {
            let mut make = |_| (random(&mut noise, n, n), Some(random(&mut noise, n, p)));
            each(device, tolerance, LinalgOp::Solve, "random", &mut make, &|judge, a, b, parts| {
                let scale = a.size() * parts[0].size();
                judge.near("A·X", &a.times(&parts[0]), b.expect("B"), scale);
            });
        }
    }
}

/// Triangular solutions; what is not to be read is NaN.
pub fn solve_triangular(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(83);
    for &n in SIZES {
        for p in [0, 1, 3, 4, 37] {
            for (upper, unit) in [(false, false), (false, true), (true, false), (true, true)] {
                let inside = |i: usize, j: usize| if upper { j > i } else { j < i };
                let mut make = |_| {
                    let a = Mat::new(n, n, |i, j| match (i == j, inside(i, j)) {
                        (true, _) if unit => f64::NAN,
                        (true, _) => noise.between(1.0, 2.0),
                        (_, true) => noise.between(-1.0, 1.0) / n as f64,
                        _ => f64::NAN,
                    });
                    (a, Some(random(&mut noise, n, p)))
                };
                let op = LinalgOp::SolveTriangular { upper, unit };
                each(device, tolerance, op, "triangle", &mut make, &|judge, a, b, parts| {
                    let read = Mat::new(n, n, |i, j| match (i == j, inside(i, j)) {
                        (true, _) if unit => 1.0,
                        (false, false) => 0.0,
                        _ => a.at(i, j),
                    });
                    let scale = read.size() * parts[0].size();
                    judge.near("A·X", &read.times(&parts[0]), b.expect("B"), scale);
                });
            }
        }
    }
}

/// Determinants by their logarithm, which must agree with the default's, and LU factors.
pub fn determinants_and_lu(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(84);
    for dtype in floats(device) {
        for &n in SIZES {
            let a = random(&mut noise, n, n);
            let x = upload(device, &a.data, &[1, n, n], dtype);
            let both = |op, storages| results(device, op, storages, &a, 0, dtype, 1).remove(0);
            let slack = epsilon(dtype) * tolerance.factor * (n * n + 8) as f64 * 8.0;
            for op in [LinalgOp::SlogDet, LinalgOp::Det] {
                let own = both(op, device.linalg(op, &[x.view()]));
                let want = both(op, compose::linalg(op, &[x.view()]));
                for (own, want) in own.iter().zip(&want) {
                    let (own, want) = (own.data[0], want.data[0]);
                    let near = (own - want).abs() <= slack * want.abs().max(f64::MIN_POSITIVE);
                    assert!(near || own == want, "{op:?} of {n}, {dtype}: {own:e}, not {want:e}");
                }
            }
        }
    }
    for [m, n] in SIZES.iter().map(|&n| [n, n]).chain(SHAPES.iter().copied()) {
        for deficient in [false, true] {
            let mut make = |_| {
                let mut a = random(&mut noise, m, n);
                if deficient && m > 1 {
                    a.data.copy_within(0..n, n);
                }
                (a, None)
            };
            each(device, tolerance, LinalgOp::Lu, "random", &mut make, &|judge, a, _, parts| {
                let [p, l, u] = parts else { unreachable!("three factors") };
                judge.near("P·L·U", &p.times(l).times(u), a, a.size());
                assert!(l.data.iter().all(|x| x.abs() <= 1.0), "{}: pivots are the largest", judge.what);
            });
        }
    }
}

/// QR factors, also of dependent and zero columns.
pub fn qr(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(85);
    for [m, n] in SIZES.iter().map(|&n| [n, n]).chain(SHAPES.iter().copied()) {
        for kind in ["random", "dependent", "zero", "tiny"] {
            let mut make = |_| {
                let a = random(&mut noise, m, n);
                let a = Mat::new(m, n, |i, j| match kind {
                    "dependent" => a.at(i, j % 2),
                    "zero" => {
                        if j % 2 == 0 {
                            0.0
                        } else {
                            a.at(i, j)
                        }
                    }
                    "tiny" => a.at(i, j) * 1e-30,
                    _ => a.at(i, j),
                });
                (a, None)
            };
            if kind == "dependent" && n < 2 {
                continue;
            }
            each(device, tolerance, LinalgOp::Qr, kind, &mut make, &|judge, a, _, parts| {
                let [q, r] = parts else { unreachable!("two factors") };
                judge.near("Q·R", &q.times(r), a, a.size());
                judge.orthonormal("Q", q);
                assert!((0..r.data.len()).all(|e| e % n >= e / n || r.data[e] == 0.0), "{}", judge.what);
            });
        }
    }
}

/// Least squares: what is left over is orthogonal to the columns, and the solution lies in the rows' span.
pub fn lstsq(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(86);
    for [m, n] in SIZES.iter().map(|&n| [n, n]).chain(SHAPES.iter().copied()) {
        for p in [1, 6] {
            let mut make = |_| (random(&mut noise, m, n), Some(random(&mut noise, m, p)));
            each(device, tolerance, LinalgOp::LeastSquares, "random", &mut make, &|judge, a, b, parts| {
                let (x, b) = (&parts[0], b.expect("B"));
                let left = a.times(x).minus(b);
                let nothing = Mat::new(n, p, |_, _| 0.0);
                let scale = a.size() * (a.size() * x.size() + b.size());
                judge.near("Aᵀ·(A·X − B)", &a.t().times(&left), &nothing, scale);
                if m < n {
                    judge.near("A·X", &left, &Mat::new(m, p, |_, _| 0.0), a.size() * x.size());
                }
            });
        }
    }
}

/// Errors name the first matrix that fails and its pivot, as the default's do; what is not finite ends.
pub fn failures(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(90);
    let told = |storages: Result<Vec<Storage>>| storages.err().map(|error| error.to_string());
    for dtype in floats(device) {
        for n in [3, 16, 40, 70] {
            // Columns that do not depend on the others are whole numbers, so that elimination is exact.
            let eye = |zero: usize| Mat::new(n, n, |i, j| f64::from(u8::from(i == j && i != zero)));
            let data: Vec<f64> = [eye(n), eye(n - 2), eye(1)].iter().flat_map(|m| m.data.clone()).collect();
            let a = upload(device, &data, &[3, n, n], dtype);
            let b = upload(device, &vec![1.0; 3 * n * 2], &[3, n, 2], dtype);
            let one = [a.view()];
            let two = [a.view(), b.view()];
            for (op, args) in [
                (LinalgOp::Cholesky, &one[..]),
                (LinalgOp::Inverse, &one[..]),
                (LinalgOp::Solve, &two[..]),
                (LinalgOp::LeastSquares, &two[..]),
            ] {
                let own = told(device.linalg(op, args));
                assert!(own.as_ref().is_some_and(|text| text.contains("index 1")), "{op:?} of {n}: {own:?}");
                assert_eq!(own, told(compose::linalg(op, args)), "{op:?} of {n}");
            }
            for bad in [f64::NAN, f64::INFINITY] {
                let mut a = random(&mut noise, n, n);
                a.data[n + 1] = bad;
                let a = upload(device, &a.data, &[1, n, n], dtype);
                let b = upload(device, &vec![1.0; n], &[1, n, 1], dtype);
                let svd = LinalgOp::Svd { vectors: true };
                let eigh = LinalgOp::Eigh { vectors: true };
                for op in [svd, eigh, LinalgOp::Qr, LinalgOp::Lu, LinalgOp::Det, LinalgOp::SlogDet] {
                    assert!(device.linalg(op, &[a.view()]).is_ok(), "{op:?} of {n} with {bad}");
                }
                assert!(device.linalg(LinalgOp::Cholesky, &[a.view()]).is_err(), "{n} with {bad}");
                // Whatever comes out, it does.
                let _ = device.linalg(LinalgOp::LeastSquares, &[a.view(), b.view()]);
                let _ = device.linalg(LinalgOp::Solve, &[a.view(), b.view()]);
            }
        }
    }
}

/// Views of every kind are read where they lie.
pub fn linalg_views(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(91);
    let (mut left, mut right) = (Noise::new(92), Noise::new(93));
    for dtype in floats(device) {
        let n = 18;
        let lefts = views(device, &[2, n, n], dtype, || left.between(-1.0, 1.0));
        let rights = views(device, &[2, n, 5], dtype, || right.between(-1.0, 1.0));
        for (i, a) in lefts.iter().enumerate() {
            let b = &rights[(i + 1) % rights.len()];
            let op = LinalgOp::Solve;
            let shape = random(&mut noise, n, n);
            let Ok(storages) = device.linalg(op, &[a.view(), b.view()]) else {
                continue; // repeated rows
            };
            for (k, parts) in results(device, op, Ok(storages), &shape, 5, dtype, 2).iter().enumerate() {
                let part =
                    |values: &[f64], cols: usize| Mat::new(n, cols, |r, c| values[(k * n + r) * cols + c]);
                let (a_k, b_k) = (part(&a.values, n), part(&b.values, 5));
                let what = format!("{} {} of {dtype}", a.kind, b.kind);
                let judge = Judge { dtype, factor: tolerance.factor, what };
                judge.near("A·X", &a_k.times(&parts[0]), &b_k, a_k.size() * parts[0].size());
            }
        }
    }
}
