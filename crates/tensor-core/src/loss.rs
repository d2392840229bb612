//! The losses of pairs of elements, as data; and their values and slopes, written once for all who need them, as
//! [`crate::derivative`] has it: autograd runs them on its tensors, the composed defaults of `Backend::loss` on raw ones.

use crate::derivative::Algebra;
use crate::op::{BinaryOp, CompareOp, UnaryOp};
use BinaryOp::{Add, Div, Mul, Sub};

/// Losses of an element `x` held against its target `y`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LossOp {
    /// (x − y)²
    Squared,
    /// |x − y|
    Absolute,
    /// ½d²/β where d = |x − y| < β, else d − ½β
    SmoothAbsolute(f64),
    /// ½d² where d = |x − y| < δ, else δ·(d − ½δ)
    Huber(f64),
    /// Binary cross-entropy of σ(x): (1 − y)·x + ln(1 + e⁻ˣ)
    Logits,
    /// y·(ln y − x) of a log-probability and a probability; −y·x where y is not positive
    Divergence,
    /// eʸ·(y − x) of two log-probabilities
    LogDivergence,
}

impl LossOp {
    /// PyTorch's name of the loss.
    pub fn name(self) -> &'static str {
        match self {
            LossOp::Squared => "mse_loss",
            LossOp::Absolute => "l1_loss",
            LossOp::SmoothAbsolute(_) => "smooth_l1_loss",
            LossOp::Huber(_) => "huber_loss",
            LossOp::Logits => "binary_cross_entropy_with_logits",
            LossOp::Divergence | LossOp::LogDivergence => "kl_div",
        }
    }
}

/// The loss of each `x` held against its target `y`.
pub fn loss<T: Algebra>(op: LossOp, x: &T, y: &T) -> T {
    let d = || x.binary(Sub, y);
    match op {
        LossOp::Squared => d().unary(UnaryOp::Square),
        LossOp::Absolute => d().unary(UnaryOp::Abs),
        LossOp::SmoothAbsolute(beta) => {
            let d = d().unary(UnaryOp::Abs);
            let bent = d.unary(UnaryOp::Square).with_number(Mul, 0.5).with_number(Div, beta);
            d.pick(CompareOp::Lt, beta, &bent, &d.with_number(Sub, 0.5 * beta))
        }
        LossOp::Huber(delta) => {
            let d = d().unary(UnaryOp::Abs);
            let bent = d.unary(UnaryOp::Square).with_number(Mul, 0.5);
            d.pick(CompareOp::Lt, delta, &bent, &d.with_number(Sub, 0.5 * delta).with_number(Mul, delta))
        }
        LossOp::Logits => {
            // −ln σ(x) = ln(1 + e⁻ˣ), computed as ln(1 + e^−|x|) + max(−x, 0).
            let tail = x.unary(UnaryOp::Abs).unary(UnaryOp::Neg).unary(UnaryOp::Exp).unary(UnaryOp::Log1p);
            let minus_log = tail.binary(Add, &x.unary(UnaryOp::Neg).with_number(BinaryOp::Maximum, 0.0));
            y.unary(UnaryOp::Neg).with_number(Add, 1.0).binary(Mul, x).binary(Add, &minus_log)
        }
        LossOp::Divergence => {
            let entropy = y.binary(Mul, &safe(y).unary(UnaryOp::Log));
            y.pick(CompareOp::Gt, 0.0, &entropy, &y.zeros()).binary(Sub, &y.binary(Mul, x))
        }
        LossOp::LogDivergence => y.unary(UnaryOp::Exp).binary(Mul, &y.binary(Sub, x)),
    }
}

/// Its slope along `x`, times `g`. At kinks it takes PyTorch's side: 0.
pub fn loss_grad<T: Algebra>(op: LossOp, x: &T, y: &T, g: &T) -> T {
    let times = |slope: &T| g.binary(Mul, slope);
    let d = || x.binary(Sub, y);
    match op {
        LossOp::Squared => times(&d().with_number(Mul, 2.0)),
        LossOp::Absolute => times(&d().unary(UnaryOp::Sign)),
        LossOp::SmoothAbsolute(beta) => {
            let d = d();
            let inside = d.with_number(Div, beta);
            times(&d.unary(UnaryOp::Abs).pick(CompareOp::Lt, beta, &inside, &d.unary(UnaryOp::Sign)))
        }
        LossOp::Huber(delta) => {
            let d = d();
            let outside = d.unary(UnaryOp::Sign).with_number(Mul, delta);
            times(&d.unary(UnaryOp::Abs).pick(CompareOp::Lt, delta, &d, &outside))
        }
        LossOp::Logits => times(&x.unary(UnaryOp::Act(crate::op::Activation::Sigmoid)).binary(Sub, y)),
        LossOp::Divergence => times(&y.unary(UnaryOp::Neg)),
        LossOp::LogDivergence => times(&y.unary(UnaryOp::Exp).unary(UnaryOp::Neg)),
    }
}

/// Its slope along the target `y`, times `g`.
pub fn target_grad<T: Algebra>(op: LossOp, x: &T, y: &T, g: &T) -> T {
    let times = |slope: &T| g.binary(Mul, slope);
    match op {
        LossOp::Squared | LossOp::Absolute | LossOp::SmoothAbsolute(_) | LossOp::Huber(_) => {
            loss_grad(op, x, y, g).unary(UnaryOp::Neg)
        }
        LossOp::Logits => times(&x.unary(UnaryOp::Neg)),
        LossOp::Divergence => {
            let slope = safe(y).unary(UnaryOp::Log).with_number(Add, 1.0);
            times(&y.pick(CompareOp::Gt, 0.0, &slope, &y.zeros()).binary(Sub, x))
        }
        LossOp::LogDivergence => {
            times(&y.unary(UnaryOp::Exp).binary(Mul, &y.binary(Sub, x).with_number(Add, 1.0)))
        }
    }
}

/// `y` where it is positive, else 1: whose logarithm is harmless.
fn safe<T: Algebra>(y: &T) -> T {
    y.pick(CompareOp::Gt, 0.0, y, &y.zeros().with_number(Add, 1.0))
}
