//! Special functions: gamma and its relatives, the inverse of erf, Bessel functions, the normal
//! distribution's.
//!
//! They are rare in networks and have no kernels: those that are no composition are evaluated element by
//! element on the host, in double precision. Their slopes are compositions, so gradients stay on the device.

use crate::tensor::Tensor;
use std::f64::consts::{FRAC_1_SQRT_2, PI};
use tensor_core::{DType, check};

/// The logarithm of |Γ(x)|.
fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// Γ′/Γ: the asymptotic series after stepping up, reflected for negative arguments.
fn digamma(x: f64) -> f64 {
    if x == 0.0 {
        return f64::INFINITY.copysign(-x);
    }
    if x < 0.0 {
        return if x.fract() == 0.0 {
            f64::NAN
        } else {
            digamma(1.0 - x) - PI / (PI * (x - x.round())).tan()
        };
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series =
        [1.0 / 12.0, -1.0 / 120.0, 1.0 / 252.0, -1.0 / 240.0, 1.0 / 132.0, -691.0 / 32760.0, 1.0 / 12.0];
    sum + x.ln() - 0.5 / x - z * series.iter().rev().fold(0.0, |acc, c| acc * z + c)
}

/// The derivative of digamma.
fn trigamma(x: f64) -> f64 {
    if x < 0.5 {
        let sine = (PI * (x - x.round())).sin();
        return -trigamma(1.0 - x) + PI * PI / (sine * sine);
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum += 1.0 / (x * x);
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let series = [1.0 / 6.0, -1.0 / 30.0, 1.0 / 42.0, -1.0 / 30.0, 5.0 / 66.0, -691.0 / 2730.0];
    sum + 1.0 / x + z / 2.0 + z / x * series.iter().rev().fold(0.0, |acc, c| acc * z + c)
}

/// Hurwitz's ζ(s, q) = Σ 1/(q + k)^s for whole s > 1: ten terms, then Euler's and Maclaurin's sum of the rest;
/// for negative q the terms on both sides of 0.
fn zeta(s: f64, q: f64) -> f64 {
    if q <= 0.0 && q == q.floor() {
        return f64::INFINITY;
    }
    if q < 0.0 {
        let (above, sign) = (q - q.floor(), if s % 2.0 == 0.0 { 1.0 } else { -1.0 });
        return zeta(s, above) + sign * (zeta(s, 1.0 - above) - zeta(s, 1.0 - q));
    }
    const TERMS: u32 = 10;
    let head: f64 = (0..TERMS).map(|k| (q + f64::from(k)).powf(-s)).sum();
    let at = q + f64::from(TERMS);
    // B₂ₖ/(2k)!
    let series = [1.0 / 12.0, -1.0 / 720.0, 1.0 / 30240.0, -1.0 / 1_209_600.0, 1.0 / 47_900_160.0];
    let (mut term, mut rest) = (s * at.powf(-s - 1.0), at.powf(1.0 - s) / (s - 1.0) + at.powf(-s) / 2.0);
    for (k, c) in (0..).zip(series) {
        rest += c * term;
        let k = f64::from(2 * k + 1);
        term *= (s + k) * (s + k + 1.0) / (at * at);
    }
    head + rest
}

/// The inverse of erf: a first guess (Giles 2012), then Newton's steps.
fn erfinv(y: f64) -> f64 {
    if y.abs() >= 1.0 || y.is_nan() {
        return if y.abs() == 1.0 { f64::INFINITY.copysign(y) } else { f64::NAN };
    }
    let l = (1.0 - y * y).ln();
    let a = 2.0 / (PI * 0.147) + l / 2.0;
    let mut x = ((a * a - l / 0.147).sqrt() - a).max(0.0).sqrt().copysign(y);
    for _ in 0..4 {
        // The complement keeps digits near the ends.
        let off = if y.abs() < 0.5 {
            libm::erf(x) - y
        } else {
            ((1.0 - y.abs()) - libm::erfc(x.abs())) * y.signum()
        };
        let step = off / (2.0 / PI.sqrt() * (-x * x).exp());
        x -= step / (1.0 + x * step);
    }
    x
}

/// e^(−|x|)·Iₙ(x) for n = 0 or 1: the power series for small arguments, whose terms have one sign; Bessel's integral
/// for others; its asymptotic series where the integrand becomes a spike.
fn bessel_scaled(order: u32, x: f64) -> f64 {
    let half = x / 2.0;
    if x.abs() <= 8.0 {
        let first = if order == 0 { 1.0 } else { half };
        let term = |(k, last): (u32, f64)| (k + 1, last * half * half / f64::from((k + 1) * (k + 1 + order)));
        let series = std::iter::successors(Some((0, first)), |&at| Some(term(at)));
        return series.take(40).map(|(_, term)| term).sum::<f64>() * (-x.abs()).exp();
    }
    if x.abs() > 900.0 {
        let (mu, z) = (f64::from(4 * order * order), 1.0 / (8.0 * x.abs()));
        let step = |size: f64, k: u32| 1.0 - (mu - f64::from((2 * k - 1).pow(2))) * z / f64::from(k) * size;
        let size = (1..=4).rev().fold(1.0, step);
        return size / (2.0 * PI * x.abs()).sqrt() * if order == 0 { 1.0 } else { x.signum() };
    }
    // The trapezoidal rule on the periodic integrand converges exponentially.
    let points = 64 + (x.abs() * 2.0).min(2000.0) as u32;
    let at = |k: u32| {
        let angle = PI * f64::from(k) / f64::from(points);
        let wave = if order == 0 { 1.0 } else { angle.cos() };
        (x * angle.cos() - x.abs()).exp() * wave
    };
    let ends = (at(0) + at(points)) / 2.0;
    (ends + (1..points).map(at).sum::<f64>()) / f64::from(points)
}

/// Iₙ(x) for n = 0 or 1; NaN at infinities, as PyTorch's.
fn unscaled(order: u32, x: f64) -> f64 {
    bessel_scaled(order, x) * x.abs().exp()
}

/// The modified Bessel function of the first kind, of order 0.
pub(super) fn bessel_i0(x: f64) -> f64 {
    unscaled(0, x)
}

/// The standard normal distribution's logarithm.
fn log_ndtr(x: f64) -> f64 {
    if x < -30.0 {
        // erfc underflows: the logarithm of its asymptotic series.
        let z = 1.0 / (x * x);
        return -x * x / 2.0 - (-x).ln() - 0.5 * (2.0 * PI).ln() - z * (1.0 - z * (2.5 - z * (37.0 / 3.0)));
    }
    if x < 1.0 {
        (libm::erfc(-x * FRAC_1_SQRT_2) / 2.0).ln()
    } else {
        (-libm::erfc(x * FRAC_1_SQRT_2) / 2.0).ln_1p()
    }
}

/// ln of the density of the standard normal distribution.
fn log_density(x: &Tensor) -> Tensor {
    x.square() * -0.5 - 0.5 * (2.0 * PI).ln()
}

impl Tensor {
    /// `f` of each element in double precision, on the host.
    #[track_caller]
    pub(super) fn on_host(&self, op: &str, f: &dyn Fn(f64) -> f64) -> Tensor {
        check::arithmetic(op, self.dtype());
        let dtype = if self.dtype().is_float() { self.dtype() } else { DType::F32 };
        let values: Vec<f64> = self.to_vec::<f64>().into_iter().map(f).collect();
        let host = tensor_core::HostData::F64(values).cast(dtype);
        Tensor::from_host(&host, *self.shape(), self.device())
    }

    /// The logarithm of |Γ(x)|.
    #[track_caller]
    pub fn lgamma(&self) -> Tensor {
        self.with_slope("LgammaBackward0", |x| x.on_host("lgamma", &lgamma), Tensor::digamma)
    }

    /// The derivative of lgamma.
    #[track_caller]
    pub fn digamma(&self) -> Tensor {
        let slope = |x: &Tensor| x.polygamma(1);
        self.with_slope("DigammaBackward0", |x| x.on_host("digamma", &digamma), slope)
    }

    /// The `n`-th derivative of digamma: `torch.polygamma(n, x)`.
    ///
    /// ```
    /// let x = autograd::Tensor::from_vec(vec![1.0f64], 1, &backend_cpu::device());
    /// // −2·ζ(3)
    /// assert!((x.polygamma(2).item::<f64>() + 2.404_113_806_319_188).abs() < 1e-13);
    /// ```
    #[track_caller]
    pub fn polygamma(&self, n: u32) -> Tensor {
        if n == 0 {
            return self.digamma();
        }
        let factor: f64 = (1..=n).map(|k| -f64::from(k)).product();
        let value = move |x| if n == 1 { trigamma(x) } else { -factor * zeta(f64::from(n) + 1.0, x) };
        let slope = move |x: &Tensor| x.polygamma(n + 1);
        self.with_slope("PolygammaBackward0", |x| x.on_host("polygamma", &value), slope)
    }

    /// The inverse of erf, in (−1, 1).
    #[track_caller]
    pub fn erfinv(&self) -> Tensor {
        let slope = |x: &Tensor| x.erfinv().square().exp() * (PI.sqrt() / 2.0);
        self.with_slope("ErfinvBackward0", |x| x.on_host("erfinv", &erfinv), slope)
    }

    /// The modified Bessel function of the first kind, of order 0.
    #[track_caller]
    pub fn i0(&self) -> Tensor {
        self.with_slope("I0Backward0", |x| x.on_host("i0", &bessel_i0), Tensor::i1)
    }

    /// e^(−|x|)·[`Tensor::i0`]
    #[track_caller]
    pub fn i0e(&self) -> Tensor {
        let slope = |x: &Tensor| x.i1e() - x.sign() * x.i0e();
        self.with_slope("SpecialI0EBackward0", |x| x.on_host("i0e", &|v| bessel_scaled(0, v)), slope)
    }

    /// The modified Bessel function of the first kind, of order 1.
    #[track_caller]
    pub fn i1(&self) -> Tensor {
        let value = |v: f64| unscaled(1, v);
        let slope = |x: &Tensor| x.i0() - x.eq(0).where_(0.5, x.i1() / x);
        self.with_slope("SpecialI1Backward0", |x| x.on_host("i1", &value), slope)
    }

    /// e^(−|x|)·[`Tensor::i1`]
    #[track_caller]
    pub fn i1e(&self) -> Tensor {
        let slope = |x: &Tensor| {
            let over = x.eq(0).where_(0.5, x.i1e() / x);
            x.i0e() - x.sign() * x.i1e() - over
        };
        self.with_slope("SpecialI1EBackward0", |x| x.on_host("i1e", &|v| bessel_scaled(1, v)), slope)
    }

    /// sin(πx)/(πx), 1 at 0
    #[track_caller]
    pub fn sinc(&self) -> Tensor {
        let value = |x: &Tensor| {
            let angle = x * PI;
            x.eq(0).where_(1.0, angle.sin() / &angle)
        };
        let slope = |x: &Tensor| {
            let (angle, below) = (x * PI, x.square() * PI);
            below.eq(0).where_(0.0, (&angle * angle.cos() - angle.sin()) / &below)
        };
        self.with_slope("SincBackward0", value, slope)
    }

    /// −x·ln x, 0 at 0, −∞ below
    #[track_caller]
    pub fn entr(&self) -> Tensor {
        let value = |x: &Tensor| {
            let below = x.lt(0).where_(f64::NEG_INFINITY, -(x * x.log()));
            x.eq(0).where_(0.0, below)
        };
        self.with_slope("SpecialEntrBackward0", value, |x| -x.log() - 1.0)
    }

    /// The standard normal distribution function.
    #[track_caller]
    pub fn ndtr(&self) -> Tensor {
        let value = |x: &Tensor| (x * FRAC_1_SQRT_2).erf() * 0.5 + 0.5;
        self.with_slope("SpecialNdtrBackward0", value, |x| log_density(x).exp())
    }

    /// The logarithm of [`Tensor::ndtr`], precise far below 0.
    #[track_caller]
    pub fn log_ndtr(&self) -> Tensor {
        let slope = |x: &Tensor| (log_density(x) - x.log_ndtr()).exp();
        self.with_slope("SpecialLogNdtrBackward0", |x| x.on_host("log_ndtr", &log_ndtr), slope)
    }

    /// The inverse of [`Tensor::ndtr`], in (0, 1).
    #[track_caller]
    pub fn ndtri(&self) -> Tensor {
        let value = |p: f64| erfinv(2.0 * p - 1.0) * std::f64::consts::SQRT_2;
        let slope = |x: &Tensor| (-log_density(&x.ndtri())).exp();
        self.with_slope("SpecialNdtriBackward0", |x| x.on_host("ndtri", &value), slope)
    }

    /// `self·ln(1 + other)`, 0 where this is 0 (unless the other is NaN).
    #[track_caller]
    pub fn xlog1py(&self, other: &Tensor) -> Tensor {
        let (a, b) = self.floats(other);
        let none = a.detach().eq(0).logical_and(&b.detach().isnan().logical_not());
        none.where_(0.0, a * b.log1p()).named("SpecialXlog1PyBackward0")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        let near = |a: f64, b: f64| assert!((a - b).abs() <= 1e-12 * (1.0 + b.abs()), "{a} {b}");
        near(digamma(1.0), -0.577_215_664_901_532_9);
        near(digamma(-0.5), 0.036_489_973_978_576_52);
        near(trigamma(1.0), PI * PI / 6.0);
        near(trigamma(-0.5), 8.934_802_200_544_679);
        near(zeta(2.0, -0.5), trigamma(-0.5));
        near(zeta(3.0, 1.0), 1.202_056_903_159_594_3);
        near(zeta(3.0, -1.5), 0.118_102_025_820_863_7);
        near(zeta(4.0, -1e6 - 0.5), 32.469_697_011_334_15);
        assert!((zeta(20.0, 2.5) / 1.100_834_546_685_414_3e-8 - 1.0).abs() < 1e-13);
        assert!((zeta(4.0, 10.25) / 3.577_630_033_294_844e-4 - 1.0).abs() < 1e-13);
        near(erfinv(0.5), 0.476_936_276_204_469_9);
        assert!((erfinv(-0.999_999) + 3.458_910_737_279_5).abs() < 1e-10);
        near(bessel_scaled(0, 1.0) * 1f64.exp(), 1.266_065_877_752_008_2);
        near(bessel_scaled(1, -2.0) * 2f64.exp(), -1.590_636_854_637_329);
        let same = |a: f64, b: f64| assert!((a / b - 1.0).abs() < 1e-13, "{a} {b}");
        same(bessel_scaled(1, 1e-9), 0.5e-9 * (1.0 - 1e-9));
        same(unscaled(1, 3e-7), 1.500_000_000_000_017e-7);
        same(bessel_scaled(0, 1e30), 3.989_422_804_014_327e-16);
        same(bessel_scaled(1, -1e4), -0.003_989_273_195_983_662);
        for (x, i0e, i1e) in [
            (7.9, 0.144_369_864_141_041_91, 0.134_896_499_439_893_76),
            (8.1, 0.142_511_809_488_295_25, 0.133_400_688_325_836_62),
            (899.0, 0.013_307_321_192_055_513, 0.013_299_917_951_841_14),
            (901.0, 0.013_292_539_377_688_446, 0.013_285_160_780_711_586),
        ] {
            same(bessel_scaled(0, x), i0e);
            same(bessel_scaled(1, x), i1e);
        }
        let far = f64::INFINITY;
        assert_eq!([bessel_scaled(1, 0.0), bessel_scaled(0, far)], [0.0, 0.0]);
        near(log_ndtr(0.0), 0.5f64.ln());
        near(log_ndtr(-40.0), -804.608_442_013_753_9);
        near(log_ndtr(3.0), -0.001_350_809_964_748_202_5);
    }
}
