//! The derivative of every function of one element, written once for all who need it.
//!
//! [`derivative`] is generic over [`Algebra`]: autograd runs it on its tensors (so that second
//! derivatives follow by themselves), the composed default of `Backend::unary_grad` on raw ones.

use crate::op::{Activation, BinaryOp, CompareOp, UnaryOp};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LN_2, LN_10, PI};

/// What arithmetic a derivative is written in.
pub trait Algebra: Sized {
    /// A function of each element.
    fn unary(&self, op: UnaryOp) -> Self;
    /// A function of two elements.
    fn binary(&self, op: BinaryOp, other: &Self) -> Self;
    /// A function of an element and a number.
    fn with_number(&self, op: BinaryOp, number: f64) -> Self;
    /// Zeros of its shape, whatever it holds.
    fn zeros(&self) -> Self;
    /// `condition(self, number) ? a : b`
    fn pick(&self, op: CompareOp, number: f64, a: &Self, b: &Self) -> Self;
}

/// Which of `x` and `y = f(x)` a derivative reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// Neither: it is constant.
    Nothing,
    /// The argument.
    Argument,
    /// The result.
    Result,
}

impl UnaryOp {
    /// Which of argument and result its derivative reads, hence what autograd must keep.
    pub fn reads(self) -> Reads {
        use Activation as A;
        match self {
            UnaryOp::Neg
            | UnaryOp::Sign
            | UnaryOp::Round
            | UnaryOp::Floor
            | UnaryOp::Ceil
            | UnaryOp::Trunc
            | UnaryOp::Not => Reads::Nothing,
            UnaryOp::Sqrt
            | UnaryOp::Rsqrt
            | UnaryOp::Reciprocal
            | UnaryOp::Exp
            | UnaryOp::Expm1
            | UnaryOp::Tan
            | UnaryOp::Act(A::Relu | A::Sigmoid | A::Tanh) => Reads::Result,
            _ => Reads::Argument,
        }
    }
}

/// `f′(x)·g`, where `y = f(x)`. Only what [`UnaryOp::reads`] names is read.
///
/// At kinks it takes PyTorch's side: 0 for ReLU and |x| at 0, the slope for leaky ReLU.
pub fn derivative<T: Algebra>(op: UnaryOp, x: &T, y: &T, g: &T) -> T {
    use BinaryOp::{Add, Div, Mul};
    let times = |a: &T, b: &T| a.binary(Mul, b);
    let scaled = |a: &T, s: f64| a.with_number(Mul, s);
    let plus = |a: &T, s: f64| a.with_number(Add, s);
    match op {
        UnaryOp::Neg => g.unary(UnaryOp::Neg),
        UnaryOp::Abs => times(g, &x.unary(UnaryOp::Sign)),
        UnaryOp::Sign | UnaryOp::Round | UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc | UnaryOp::Not => {
            g.zeros()
        }
        UnaryOp::Sqrt => g.binary(Div, &scaled(y, 2.0)),
        UnaryOp::Rsqrt => scaled(&times(g, &times(y, &y.unary(UnaryOp::Square))), -0.5),
        UnaryOp::Square => times(g, &scaled(x, 2.0)),
        UnaryOp::Reciprocal => times(g, &y.unary(UnaryOp::Square)).unary(UnaryOp::Neg),
        UnaryOp::Exp => times(g, y),
        UnaryOp::Expm1 => times(g, &plus(y, 1.0)),
        UnaryOp::Log => g.binary(Div, x),
        UnaryOp::Log2 => g.binary(Div, &scaled(x, LN_2)),
        UnaryOp::Log10 => g.binary(Div, &scaled(x, LN_10)),
        UnaryOp::Log1p => g.binary(Div, &plus(x, 1.0)),
        UnaryOp::Sin => times(g, &x.unary(UnaryOp::Cos)),
        UnaryOp::Cos => times(g, &x.unary(UnaryOp::Sin)).unary(UnaryOp::Neg),
        UnaryOp::Tan => times(g, &plus(&y.unary(UnaryOp::Square), 1.0)),
        UnaryOp::Sinh => times(g, &x.unary(UnaryOp::Cosh)),
        UnaryOp::Cosh => times(g, &x.unary(UnaryOp::Sinh)),
        UnaryOp::Asinh => times(g, &plus(&x.unary(UnaryOp::Square), 1.0).unary(UnaryOp::Rsqrt)),
        UnaryOp::Acosh => times(g, &plus(&x.unary(UnaryOp::Square), -1.0).unary(UnaryOp::Rsqrt)),
        UnaryOp::Erf => {
            let bell = x.unary(UnaryOp::Square).unary(UnaryOp::Neg).unary(UnaryOp::Exp);
            times(g, &scaled(&bell, FRAC_2_SQRT_PI))
        }
        UnaryOp::Act(act) => activation(act, x, y, g),
    }
}

fn activation<T: Algebra>(act: Activation, x: &T, y: &T, g: &T) -> T {
    use BinaryOp::{Add, Mul};
    let times = |a: &T, b: &T| a.binary(Mul, b);
    let scaled = |a: &T, s: f64| a.with_number(Mul, s);
    let plus = |a: &T, s: f64| a.with_number(Add, s);
    let one_minus = |a: &T| plus(&a.unary(UnaryOp::Neg), 1.0);
    match act {
        // NaN lets the gradient through, as PyTorch's.
        Activation::Relu => y.pick(CompareOp::Le, 0.0, &g.zeros(), g),
        Activation::LeakyRelu(slope) => x.pick(CompareOp::Gt, 0.0, g, &scaled(g, slope)),
        Activation::Elu(alpha) => {
            // Only the negative half is used; there eˣ cannot overflow, so neither may the other half.
            let negative = x.with_number(BinaryOp::Minimum, 0.0);
            let bent = times(g, &scaled(&negative.unary(UnaryOp::Exp), alpha));
            // NaN is on the straight side, as PyTorch has it.
            x.pick(CompareOp::Le, 0.0, &bent, g)
        }
        Activation::Gelu => {
            let cdf = scaled(&plus(&scaled(x, FRAC_1_SQRT_2).unary(UnaryOp::Erf), 1.0), 0.5);
            let bell = scaled(&x.unary(UnaryOp::Square), -0.5).unary(UnaryOp::Exp);
            let pdf = scaled(&bell, (2.0 * PI).sqrt().recip());
            times(g, &cdf.binary(Add, &times(x, &pdf)))
        }
        Activation::GeluTanh => {
            let (k, c) = ((2.0 / PI).sqrt(), 0.044715);
            let square = x.unary(UnaryOp::Square);
            let inner = scaled(&times(x, &plus(&scaled(&square, c), 1.0)), k);
            let tanh = inner.unary(UnaryOp::Act(Activation::Tanh));
            let slope = scaled(&plus(&scaled(&square, 3.0 * c), 1.0), k);
            let left = scaled(&plus(&tanh, 1.0), 0.5);
            let right = scaled(&times(&times(x, &one_minus(&tanh.unary(UnaryOp::Square))), &slope), 0.5);
            times(g, &left.binary(Add, &right))
        }
        Activation::Silu => {
            let s = x.unary(UnaryOp::Act(Activation::Sigmoid));
            times(g, &times(&s, &plus(&times(x, &one_minus(&s)), 1.0)))
        }
        Activation::Sigmoid => times(g, &times(y, &one_minus(y))),
        Activation::Tanh => times(g, &one_minus(&y.unary(UnaryOp::Square))),
        Activation::Softplus { beta, threshold } => {
            let s = scaled(x, beta).unary(UnaryOp::Act(Activation::Sigmoid));
            scaled(x, beta).pick(CompareOp::Gt, threshold, g, &times(g, &s))
        }
    }
}
