//! What each operator is, in double precision and plain Rust, and how exactly it must be met.
//!
//! The matches have no default arm: a new operator does not compile before it has its reference
//! here; then give it a line in `suite!`.

use crate::judge::Allowed;
use tensor_core::{Activation, BinaryOp, CompareOp, DType, UnaryOp};

/// The error function by its series of positive terms, 2/√π·e^(−x²)·Σ 2ⁿx²ⁿ⁺¹/(1·3·…·(2n+1)).
pub fn erf(x: f64) -> f64 {
    if x.is_nan() || x.abs() > 6.0 {
        return if x.is_nan() { x } else { x.signum() };
    }
    let (mut term, mut sum, mut n) = (x, x, 1.0);
    while term.abs() > sum.abs() * 1e-18 {
        term *= 2.0 * x * x / (2.0 * n + 1.0);
        sum += term;
        n += 1.0;
    }
    std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp() * sum
}

/// To the nearest whole number, halves to the even one.
fn round_half_even(x: f64) -> f64 {
    let floor = x.floor();
    let up = match (x - floor).partial_cmp(&0.5) {
        Some(std::cmp::Ordering::Less) => false,
        Some(std::cmp::Ordering::Greater) => true,
        Some(std::cmp::Ordering::Equal) => floor % 2.0 != 0.0,
        None => return x,
    };
    if up { (floor + 1.0).copysign(x) } else { floor.copysign(x) }
}

/// A function of one floating number, the domain it is tried on, and the error allowed.
pub fn unary(op: UnaryOp, x: f64) -> f64 {
    match op {
        UnaryOp::Neg => -x,
        UnaryOp::Abs => x.abs(),
        UnaryOp::Sign if x == 0.0 || x.is_nan() => 0.0, // of NaN too, as PyTorch's
        UnaryOp::Sign => x.signum(),
        UnaryOp::Sqrt => x.sqrt(),
        UnaryOp::Rsqrt => x.sqrt().recip(),
        UnaryOp::Square => x * x,
        UnaryOp::Reciprocal => x.recip(),
        UnaryOp::Exp => x.exp(),
        UnaryOp::Expm1 => x.exp_m1(),
        UnaryOp::Log => x.ln(),
        UnaryOp::Log1p => x.ln_1p(),
        UnaryOp::Sin => x.sin(),
        UnaryOp::Cos => x.cos(),
        UnaryOp::Tan => x.tan(),
        UnaryOp::Erf => erf(x),
        UnaryOp::Round => round_half_even(x),
        UnaryOp::Floor => x.floor(),
        UnaryOp::Ceil => x.ceil(),
        UnaryOp::Trunc => x.trunc(),
        UnaryOp::Log2 => x.log2(),
        UnaryOp::Log10 => x.log10(),
        UnaryOp::Sinh => x.sinh(),
        UnaryOp::Cosh => x.cosh(),
        UnaryOp::Asinh => x.asinh(),
        UnaryOp::Acosh => x.acosh(),
        UnaryOp::Not => f64::from(x == 0.0),
        UnaryOp::Act(act) => activation(act, x),
    }
}

/// An activation of one number.
pub fn activation(act: Activation, x: f64) -> f64 {
    let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
    match act {
        Activation::Relu => {
            if x > 0.0 || x.is_nan() {
                x
            } else {
                0.0
            }
        }
        Activation::LeakyRelu(slope) => {
            if x > 0.0 {
                x
            } else {
                slope * x
            }
        }
        Activation::Elu(alpha) => {
            if x > 0.0 {
                x
            } else {
                alpha * x.exp_m1()
            }
        }
        Activation::Gelu => x * 0.5 * (1.0 + erf(x / std::f64::consts::SQRT_2)),
        Activation::GeluTanh => {
            0.5 * x * (1.0 + ((2.0 / std::f64::consts::PI).sqrt() * (x + 0.044715 * x.powi(3))).tanh())
        }
        Activation::Silu => x * sigmoid(x),
        Activation::Sigmoid => sigmoid(x),
        Activation::Tanh => x.tanh(),
        Activation::Softplus { beta, threshold } => {
            if x * beta > threshold {
                x
            } else {
                (x * beta).exp().ln_1p() / beta
            }
        }
    }
}

/// Where a function is tried.
pub fn domain(op: UnaryOp) -> (f64, f64) {
    match op {
        UnaryOp::Sqrt => (0.0, 1e4),
        UnaryOp::Rsqrt | UnaryOp::Log | UnaryOp::Log2 | UnaryOp::Log10 => (1e-4, 1e4),
        UnaryOp::Acosh => (1.001, 100.0),
        UnaryOp::Reciprocal => (0.01, 100.0),
        UnaryOp::Log1p => (-0.9, 100.0),
        UnaryOp::Exp | UnaryOp::Expm1 => (-30.0, 30.0),
        UnaryOp::Tan => (-1.4, 1.4),
        UnaryOp::Sin | UnaryOp::Cos => (-20.0, 20.0),
        _ => (-6.0, 6.0),
    }
}

/// A sum whose error does not grow with its length (Neumaier 1974).
pub fn total(values: impl IntoIterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0f64, 0.0);
    for v in values {
        let next = sum + v;
        lost += if sum.abs() >= v.abs() { (sum - next) + v } else { (v - next) + sum };
        sum = next;
    }
    if lost.is_finite() { sum + lost } else { sum }
}

/// The error allowed to a function.
pub fn unary_error(op: UnaryOp, dtype: DType) -> Allowed {
    // This crate's own series is good to some units of a double.
    let series = if dtype == DType::F64 { 16.0 } else { 0.0 };
    match op {
        UnaryOp::Neg | UnaryOp::Abs | UnaryOp::Sign | UnaryOp::Not => Allowed::EXACT,
        UnaryOp::Round | UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc => Allowed::EXACT,
        UnaryOp::Square | UnaryOp::Sqrt | UnaryOp::Reciprocal => Allowed::ulps(0.5),
        UnaryOp::Rsqrt | UnaryOp::Exp | UnaryOp::Expm1 | UnaryOp::Log1p => Allowed::ulps(2.0),
        UnaryOp::Erf => Allowed::ulps(2.0 + series),
        UnaryOp::Log | UnaryOp::Log2 | UnaryOp::Log10 => Allowed::ulps(2.0).and(0.5),
        UnaryOp::Sinh | UnaryOp::Cosh => Allowed::ulps(4.0),
        // The standard library's own formulas cancel in doubles; one rounding is left of that in singles.
        UnaryOp::Asinh | UnaryOp::Acosh => {
            Allowed::ulps(2.0).and(if dtype == DType::F64 { 8.0 } else { 0.0 })
        }
        UnaryOp::Sin | UnaryOp::Cos | UnaryOp::Tan => Allowed::ulps(2.0).and(0.5),
        UnaryOp::Act(Activation::Relu) => Allowed::EXACT,
        UnaryOp::Act(Activation::LeakyRelu(_)) => Allowed::ulps(1.0),
        UnaryOp::Act(Activation::Sigmoid | Activation::Tanh | Activation::Silu) => Allowed::ulps(4.0),
        UnaryOp::Act(Activation::Elu(_)) => Allowed::ulps(3.0),
        // βx is rounded before eˣ magnifies the error by its size.
        UnaryOp::Act(Activation::Softplus { beta, .. }) => {
            Allowed::ulps(if beta == 1.0 { 4.0 } else { 12.0 })
        }
        // Written as PyTorch evaluates it; its left tail cancels, at the scale of x.
        UnaryOp::Act(Activation::Gelu | Activation::GeluTanh) => Allowed::ulps(4.0).and(8.0 + 4.0 * series),
    }
}

/// A function of two floating numbers.
pub fn binary(op: BinaryOp, a: f64, b: f64) -> f64 {
    // The whole number below the exact quotient: corrected where the division itself rounded up to it.
    let floor_div = || {
        let q = (a / b).floor();
        let rest = (-q).mul_add(b, a);
        if rest != 0.0 && (rest < 0.0) != (b < 0.0) && q.is_finite() { q - 1.0 } else { q }
    };
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::FloorDiv => floor_div(),
        BinaryOp::Remainder => (-floor_div()).mul_add(b, a),
        BinaryOp::Pow => a.powf(b),
        BinaryOp::Maximum if a.is_nan() || b.is_nan() => f64::NAN,
        BinaryOp::Minimum if a.is_nan() || b.is_nan() => f64::NAN,
        BinaryOp::Maximum => a.max(b),
        BinaryOp::Minimum => a.min(b),
        BinaryOp::Atan2 => a.atan2(b),
        BinaryOp::Xor => f64::from((a != 0.0) != (b != 0.0)),
        BinaryOp::And => f64::from(a != 0.0 && b != 0.0),
    }
}

/// Where the two sides of a function are tried.
pub fn binary_domain(op: BinaryOp) -> [(f64, f64); 2] {
    match op {
        BinaryOp::Pow => [(0.05, 4.0), (-3.0, 3.0)],
        BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Remainder => [(-50.0, 50.0), (0.3, 9.0)],
        _ => [(-10.0, 10.0), (-10.0, 10.0)],
    }
}

/// The error allowed to a function of two numbers.
pub fn binary_error(op: BinaryOp) -> Allowed {
    match op {
        BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => Allowed::ulps(0.5),
        BinaryOp::Maximum | BinaryOp::Minimum | BinaryOp::Xor | BinaryOp::And | BinaryOp::FloorDiv => {
            Allowed::EXACT
        }
        BinaryOp::Remainder => Allowed::ulps(1.0).and(9.0),
        BinaryOp::Pow | BinaryOp::Atan2 => Allowed::ulps(2.0),
    }
}

/// A function of two integers of a type, wrapping as it does.
pub fn integer(op: BinaryOp, a: i64, b: i64, dtype: DType) -> i64 {
    let (x, y) = (i128::from(a), i128::from(b));
    let exact = match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        BinaryOp::Mul => x * y,
        BinaryOp::FloorDiv => {
            let q = x / y;
            if x % y != 0 && (x < 0) != (y < 0) { q - 1 } else { q }
        }
        BinaryOp::Remainder => ((x % y) + y) % y,
        BinaryOp::Pow if y < 0 => match x {
            1 => 1,
            -1 => {
                if y % 2 == 0 {
                    1
                } else {
                    -1
                }
            }
            _ => 0,
        },
        BinaryOp::Pow => (0..y).fold(1, |p, _| (p * x) as i64 as i128),
        BinaryOp::Maximum => x.max(y),
        BinaryOp::Minimum => x.min(y),
        BinaryOp::And => x & y,
        BinaryOp::Div | BinaryOp::Atan2 | BinaryOp::Xor => unreachable!("{} of integers", op.name()),
    };
    if dtype == DType::I32 { i64::from(exact as i32) } else { exact as i64 }
}

/// A comparison of two numbers.
pub fn compare(op: CompareOp, a: f64, b: f64) -> bool {
    match op {
        CompareOp::Eq => a == b,
        CompareOp::Ne => a != b,
        CompareOp::Lt => a < b,
        CompareOp::Le => a <= b,
        CompareOp::Gt => a > b,
        CompareOp::Ge => a >= b,
    }
}

/// Every comparison.
pub const COMPARISONS: [CompareOp; 6] =
    [CompareOp::Eq, CompareOp::Ne, CompareOp::Lt, CompareOp::Le, CompareOp::Gt, CompareOp::Ge];
