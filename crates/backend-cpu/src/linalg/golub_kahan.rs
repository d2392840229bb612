//! Singular values of an upper bidiagonal matrix by implicit QR sweeps (Golub & Kahan 1965; with Demmel & Kahan's zero
//! shift and criteria, 1990, so that small singular values keep their digits: LAPACK's `bdsqr`; Golub & Van Loan 8.6.2).
//! In double precision.

use super::rotations::{Turn, turn_to_first};

/// Sweeps a row, after which a matrix is given up; LAPACK's number.
const SWEEPS: usize = 6;

/// The rotations of one sweep, in the order of the rows.
pub struct Sweep<'a> {
    /// The first row that is turned, of both.
    pub first: usize,
    /// Of the rows of Uᵀ.
    pub left: &'a [Turn],
    /// Of the rows of Vᵀ.
    pub right: &'a [Turn],
    /// Whether the last pair comes first.
    pub upwards: bool,
}

/// The numbers beside those of a 2 × 2 block `[[f, g], [0, h]]`: its smaller singular value (LAPACK's `las2`).
fn smaller(f: f64, g: f64, h: f64) -> f64 {
    let (f, g, h) = (f.abs(), g.abs(), h.abs());
    let (low, high) = (f.min(h), f.max(h));
    if low == 0.0 {
        return 0.0;
    }
    let (sum, gap) = (1.0 + low / high, (high - low) / high);
    if g < high {
        let square = (g / high) * (g / high);
        return low * (2.0 / ((sum * sum + square).sqrt() + (gap * gap + square).sqrt()));
    }
    let ratio = high / g;
    if ratio == 0.0 {
        return low * high / g;
    }
    let (a, b) = (sum * ratio, gap * ratio);
    2.0 * (low / ((1.0 + a * a).sqrt() + (1.0 + b * b).sqrt())) * ratio
}

/// Makes the bidiagonal matrix of diagonal `d` and `e` above it diagonal, `eps` being the relative error that is
/// wanted; numbers of `d` may be negative.
pub fn diagonalize(d: &mut [f64], e: &mut [f64], eps: f64, mut sweep: impl FnMut(Sweep)) {
    let n = d.len();
    if n < 2 {
        return;
    }
    let tolerance = eps * eps.powf(-0.125).clamp(10.0, 100.0);
    let threshold = absolute_threshold(d, e, tolerance);
    let mut work = SWEEPS * n * n;
    let (mut left, mut right) = (Vec::with_capacity(n), Vec::with_capacity(n));
    let (mut block, mut upwards) = (0..0, false);
    let mut hi = n - 1;
    while hi > 0 && work > 0 {
        let split = (0..hi).rev().find(|&i| e[i].abs() <= threshold);
        if let Some(i) = split {
            e[i] = 0.0;
        }
        let lo = split.map_or(0, |i| i + 1);
        if lo == hi {
            hi -= 1;
            continue;
        }
        if !(block.contains(&lo) && block.contains(&hi)) {
            upwards = d[lo].abs() < d[hi].abs();
        }
        block = lo..hi + 1;
        let (d, e) = (&mut d[lo..=hi], &mut e[lo..hi]);
        let Some(least) =
            (if upwards { least_upwards(d, e, tolerance) } else { least_downwards(d, e, tolerance) })
        else {
            continue;
        };
        work = work.saturating_sub(hi - lo);
        let shift = shift(d, e, n, least, tolerance, eps, upwards);
        left.clear();
        right.clear();
        match (upwards, shift == 0.0) {
            (false, true) => zero_down(d, e, &mut left, &mut right),
            (true, true) => zero_up(d, e, &mut left, &mut right),
            (false, false) => shifted_down(d, e, shift, &mut left, &mut right),
            (true, false) => shifted_up(d, e, shift, &mut left, &mut right),
        }
        if upwards {
            left.reverse();
            right.reverse();
        }
        sweep(Sweep { first: lo, left: &left, right: &right, upwards });
    }
}

/// What counts as zero beside the smallest singular value.
fn absolute_threshold(d: &[f64], e: &[f64], tolerance: f64) -> f64 {
    let mut least = d[0].abs();
    let mut mu = least;
    for (d, e) in d[1..].iter().zip(e) {
        if mu == 0.0 {
            break;
        }
        mu = d.abs() * (mu / (mu + e.abs()));
        least = least.min(mu);
    }
    let n = d.len() as f64;
    (tolerance * least / n.sqrt()).max(SWEEPS as f64 * n * n * f64::MIN_POSITIVE)
}

/// A lower bound of the block's singular values, found from its beginning; `None` if a number of `e` is negligible and
/// has become 0.
fn least_downwards(d: &[f64], e: &mut [f64], tolerance: f64) -> Option<f64> {
    let last = e.len() - 1;
    if e[last].abs() <= tolerance * d[last + 1].abs() {
        e[last] = 0.0;
        return None;
    }
    let mut mu = d[0].abs();
    let mut least = mu;
    for i in 0..e.len() {
        if e[i].abs() <= tolerance * mu {
            e[i] = 0.0;
            return None;
        }
        mu = d[i + 1].abs() * (mu / (mu + e[i].abs()));
        least = least.min(mu);
    }
    Some(least)
}

/// As [`least_downwards`], from the block's end.
fn least_upwards(d: &[f64], e: &mut [f64], tolerance: f64) -> Option<f64> {
    if e[0].abs() <= tolerance * d[0].abs() {
        e[0] = 0.0;
        return None;
    }
    let mut mu = d[e.len()].abs();
    let mut least = mu;
    for i in (0..e.len()).rev() {
        if e[i].abs() <= tolerance * mu {
            e[i] = 0.0;
            return None;
        }
        mu = d[i].abs() * (mu / (mu + e[i].abs()));
        least = least.min(mu);
    }
    Some(least)
}

/// The shift: 0 where another would cost small singular values their digits.
fn shift(d: &[f64], e: &[f64], n: usize, least: f64, tolerance: f64, eps: f64, upwards: bool) -> f64 {
    let largest = d.iter().chain(e).fold(0.0f64, |m, v| m.max(v.abs()));
    if n as f64 * tolerance * (least / largest) <= eps.max(0.01 * tolerance) {
        return 0.0;
    }
    let end = e.len();
    let (lead, shift) = if upwards {
        (d[end].abs(), smaller(d[0], e[0], d[1]))
    } else {
        (d[0].abs(), smaller(d[end - 1], e[end - 1], d[end]))
    };
    if lead > 0.0 && (shift / lead) * (shift / lead) < eps { 0.0 } else { shift }
}

fn zero_down(d: &mut [f64], e: &mut [f64], left: &mut Vec<Turn>, right: &mut Vec<Turn>) {
    let end = e.len();
    let (mut c, mut s, mut r);
    let (mut cosine, mut old_c, mut old_s) = (1.0, 1.0, 0.0);
    for i in 0..end {
        (c, s, r) = turn_to_first(d[i] * cosine, e[i]);
        if i > 0 {
            e[i - 1] = old_s * r;
        }
        (old_c, old_s, d[i]) = turn_to_first(old_c * r, d[i + 1] * s);
        cosine = c;
        right.push((c, s));
        left.push((old_c, old_s));
    }
    let h = d[end] * cosine;
    d[end] = h * old_c;
    e[end - 1] = h * old_s;
}

fn zero_up(d: &mut [f64], e: &mut [f64], left: &mut Vec<Turn>, right: &mut Vec<Turn>) {
    let end = e.len();
    let (mut c, mut s, mut r);
    let (mut cosine, mut old_c, mut old_s) = (1.0, 1.0, 0.0);
    for i in (1..=end).rev() {
        (c, s, r) = turn_to_first(d[i] * cosine, e[i - 1]);
        if i < end {
            e[i] = old_s * r;
        }
        (old_c, old_s, d[i]) = turn_to_first(old_c * r, d[i - 1] * s);
        cosine = c;
        right.push((old_c, -old_s));
        left.push((c, -s));
    }
    let h = d[0] * cosine;
    d[0] = h * old_c;
    e[0] = h * old_s;
}

fn shifted_down(d: &mut [f64], e: &mut [f64], shift: f64, left: &mut Vec<Turn>, right: &mut Vec<Turn>) {
    let end = e.len();
    let mut f = (d[0].abs() - shift) * (1f64.copysign(d[0]) + shift / d[0]);
    let mut g = e[0];
    for i in 0..end {
        let (c, s, r) = turn_to_first(f, g);
        if i > 0 {
            e[i - 1] = r;
        }
        f = c * d[i] + s * e[i];
        e[i] = c * e[i] - s * d[i];
        g = s * d[i + 1];
        d[i + 1] *= c;
        right.push((c, s));
        let (c, s, r) = turn_to_first(f, g);
        d[i] = r;
        f = c * e[i] + s * d[i + 1];
        d[i + 1] = c * d[i + 1] - s * e[i];
        if i + 1 < end {
            g = s * e[i + 1];
            e[i + 1] *= c;
        }
        left.push((c, s));
    }
    e[end - 1] = f;
}

fn shifted_up(d: &mut [f64], e: &mut [f64], shift: f64, left: &mut Vec<Turn>, right: &mut Vec<Turn>) {
    let end = e.len();
    let mut f = (d[end].abs() - shift) * (1f64.copysign(d[end]) + shift / d[end]);
    let mut g = e[end - 1];
    for i in (1..=end).rev() {
        let (c, s, r) = turn_to_first(f, g);
        if i < end {
            e[i] = r;
        }
        f = c * d[i] + s * e[i - 1];
        e[i - 1] = c * e[i - 1] - s * d[i];
        g = s * d[i - 1];
        d[i - 1] *= c;
        left.push((c, -s));
        let (c, s, r) = turn_to_first(f, g);
        d[i] = r;
        f = c * e[i - 1] + s * d[i - 1];
        d[i - 1] = c * d[i - 1] - s * e[i - 1];
        if i > 1 {
            g = s * e[i - 2];
            e[i - 2] *= c;
        }
        right.push((c, -s));
    }
    e[0] = f;
}
