//! Eigenvalues of symmetric matrices and singular values, by Jacobi rotations (algorithms 8.5.3 and
//! 8.6.3): slower than QR iterations for large matrices, and more accurate. In double precision.

use crate::order::sorted_places;

/// Sweeps after which nothing more is gained; Jacobi needs about log₂ n + 5.
const SWEEPS: usize = 60;

/// The eigenvalues of a symmetric `a` of `[n, n]`, ascending, and the eigenvectors as columns; the
/// lower triangle is read. The last nonzero component of each vector is positive.
pub fn eigh(a: &[f64], n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut a: Vec<f64> = (0..n * n).map(|k| a[(k / n).max(k % n) * n + (k / n).min(k % n)]).collect();
    let mut v = identity(n); // eigenvectors as rows
    let size = a.iter().map(|x| x * x).sum::<f64>().sqrt();
    for _ in 0..SWEEPS {
        let mut turned = false;
        for p in 0..n {
            for q in p + 1..n {
                let (app, aqq, apq) = (a[p * n + p], a[q * n + q], a[p * n + q]);
                if apq == 0.0 || apq.abs() <= 1e-3 * f64::EPSILON * size {
                    continue;
                }
                turned = true;
                let (c, s) = rotation(app, aqq, apq);
                rows(&mut a, n, p, q, c, s);
                for k in 0..n {
                    let (x, y) = (a[k * n + p], a[k * n + q]);
                    (a[k * n + p], a[k * n + q]) = (c * x - s * y, s * x + c * y);
                }
                (a[p * n + q], a[q * n + p]) = (0.0, 0.0);
                rows(&mut v, n, p, q, c, s);
            }
        }
        if !turned {
            break;
        }
    }
    let order = sorted_places(n, &|i, j| a[i * n + i].total_cmp(&a[j * n + j]));
    let sign = |i: usize| {
        let last = v[i * n..][..n].iter().rev().find(|x| **x != 0.0);
        if last.is_some_and(|&x| x < 0.0) { -1.0 } else { 1.0 }
    };
    let signs: Vec<f64> = order.iter().map(|&i| sign(i)).collect();
    let vectors = (0..n * n).map(|k| v[order[k % n] * n + k / n] * signs[k % n]).collect();
    (order.iter().map(|&i| a[i * n + i]).collect(), vectors)
}

/// Cosine and sine of the rotation that makes `[[p, x], [x, q]]` diagonal.
fn rotation(p: f64, q: f64, x: f64) -> (f64, f64) {
    let theta = (q - p) / (2.0 * x);
    let t = if theta.is_infinite() { 0.0 } else { theta.signum() / (theta.abs() + theta.hypot(1.0)) };
    let c = 1.0 / t.hypot(1.0);
    (c, t * c)
}

/// Rows `p` and `q` turned: `(c·p − s·q, s·p + c·q)`.
fn rows(a: &mut [f64], n: usize, p: usize, q: usize, c: f64, s: f64) {
    let (above, below) = a.split_at_mut(q * n);
    for (x, y) in above[p * n..][..n].iter_mut().zip(&mut below[..n]) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

fn identity(n: usize) -> Vec<f64> {
    (0..n * n).map(|k| f64::from(u8::from(k / n == k % n))).collect()
}

/// `A = U·diag(S)·Vᵀ` of `a` `[m, n]`, k = min(m, n): U `[m, k]`, S `[k]` descending, Vᵀ `[k, n]`.
pub fn svd(a: &[f64], m: usize, n: usize) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
    let transposed = |x: &[f64], rows: usize, cols: usize| {
        (0..rows * cols).map(|e| x[(e % rows) * cols + e / rows]).collect()
    };
    if m < n {
        let t: Vec<f64> = transposed(a, m, n);
        let (u, s, vt) = svd(&t, n, m);
        return (transposed(&vt, m, m), s, transposed(&u, n, m));
    }
    // Columns as rows, turned until they are orthogonal to each other.
    let (mut w, mut v): (Vec<f64>, Vec<f64>) = (transposed(a, m, n), identity(n));
    let dot = |x: &[f64], y: &[f64]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f64>();
    for _ in 0..SWEEPS {
        let mut turned = false;
        for p in 0..n {
            for q in p + 1..n {
                let (x, y) = (&w[p * m..][..m], &w[q * m..][..m]);
                let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
                if xy == 0.0 || xy.abs() <= 4.0 * f64::EPSILON * (xx * yy).sqrt() {
                    continue;
                }
                turned = true;
                let (c, s) = rotation(xx, yy, xy);
                rows(&mut w, m, p, q, c, s);
                rows(&mut v, n, p, q, c, s);
            }
        }
        if !turned {
            break;
        }
    }
    let lengths: Vec<f64> = (0..n).map(|i| dot(&w[i * m..][..m], &w[i * m..][..m]).sqrt()).collect();
    let order = sorted_places(n, &|i, j| lengths[j].total_cmp(&lengths[i]));
    let tiny = lengths.iter().fold(0.0, |a: f64, &b| a.max(b)) * f64::EPSILON * 1e-3;
    // Left vectors as rows; where the singular value is 0, any that complete the set.
    let mut u: Vec<f64> = Vec::with_capacity(n * m);
    for &i in &order {
        if lengths[i] > tiny {
            u.extend(w[i * m..][..m].iter().map(|x| x / lengths[i]));
        } else {
            let next = orthogonal_to(&u, m);
            u.extend(next);
        }
    }
    let vt = order.iter().flat_map(|&i| v[i * n..][..n].iter().copied()).collect();
    (transposed(&u, n, m), order.iter().map(|&i| lengths[i]).collect(), vt)
}

/// A unit vector orthogonal to the orthonormal rows of `set`, of length `m`.
fn orthogonal_to(set: &[f64], m: usize) -> Vec<f64> {
    // The unit vector with the least in their span keeps the most of itself.
    let within = |e: usize| set.chunks(m).map(|row| row[e] * row[e]).sum::<f64>();
    let best = (0..m).min_by(|&a, &b| within(a).total_cmp(&within(b))).unwrap_or(0);
    let mut x = vec![0.0; m];
    x[best] = 1.0;
    for _ in 0..2 {
        for row in set.chunks(m) {
            let share: f64 = row.iter().zip(&x).map(|(a, b)| a * b).sum();
            x.iter_mut().zip(row).for_each(|(x, r)| *x -= share * r);
        }
    }
    let length = x.iter().map(|v| v * v).sum::<f64>().sqrt();
    x.iter().map(|v| v / length).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: usize) -> Vec<f64> {
        (0..count).map(|i| ((i as f64 + 1.0) * 0.754_877_666).fract() - 0.5).collect()
    }

    fn product(a: &[f64], b: &[f64], m: usize, k: usize, n: usize) -> Vec<f64> {
        (0..m * n).map(|e| (0..k).map(|i| a[e / n * k + i] * b[i * n + e % n]).sum()).collect()
    }

    fn near(a: &[f64], b: &[f64]) -> bool {
        a.len() == b.len() && a.iter().zip(b).all(|(x, y)| (x - y).abs() < 1e-12)
    }

    #[test]
    fn known_eigenvalues() {
        let (l, v) = eigh(&[2.0, 9.0, 1.0, 2.0], 2); // the upper triangle is not read
        let r = 0.5f64.sqrt();
        assert!(near(&l, &[1.0, 3.0]) && near(&v, &[-r, r, r, r]), "{l:?} {v:?}");
    }

    #[test]
    fn eigenvectors_rebuild_the_matrix() {
        let n = 9;
        let x = numbers(n * n);
        let a: Vec<f64> = (0..n * n).map(|e| x[e] + x[e % n * n + e / n]).collect();
        let (l, v) = eigh(&a, n);
        let scaled: Vec<f64> = (0..n * n).map(|e| v[e] * l[e % n]).collect();
        let vt: Vec<f64> = (0..n * n).map(|e| v[e % n * n + e / n]).collect();
        assert!(near(&product(&scaled, &vt, n, n, n), &a));
        assert!(near(&product(&vt, &v, n, n, n), &identity(n)));
        assert!(l.windows(2).all(|w| w[0] <= w[1]));
    }

    #[test]
    fn singular_values_rebuild_the_matrix() {
        for (m, n) in [(6, 4), (4, 6), (5, 5), (1, 3), (3, 1)] {
            let mut a = numbers(m * n);
            if m == 5 {
                a.copy_within(0..n, n); // rank 4
            }
            let k = m.min(n);
            let (u, s, vt) = svd(&a, m, n);
            let scaled: Vec<f64> = (0..m * k).map(|e| u[e] * s[e % k]).collect();
            assert!(near(&product(&scaled, &vt, m, k, n), &a), "{m} {n}");
            let ut: Vec<f64> = (0..k * m).map(|e| u[e % m * k + e / m]).collect();
            assert!(near(&product(&ut, &u, k, m, k), &identity(k)), "{m} {n}");
        }
    }
}
