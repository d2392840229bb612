//! The step of long short-term memory and its gradient, written once for all who need it: autograd's second
//! derivatives and the composed default. Generic over [`Algebra`], as [`crate::derivative`] is.

use crate::derivative::Algebra;
use crate::op::{Activation, BinaryOp, UnaryOp};

fn sigmoid<A: Algebra>(x: &A) -> A {
    x.unary(UnaryOp::Act(Activation::Sigmoid))
}

fn tanh<A: Algebra>(x: &A) -> A {
    x.unary(UnaryOp::Act(Activation::Tanh))
}

/// `c' = σ(f)·c + σ(i)·tanh(g)` and `h' = σ(o)·tanh(c')`: `[h', c']` of gates `[i, f, g, o]`.
pub fn lstm_step<A: Algebra>([i, f, g, o]: &[A; 4], c: &A) -> [A; 2] {
    let kept = sigmoid(f).binary(BinaryOp::Mul, c);
    let c = kept.binary(BinaryOp::Add, &sigmoid(i).binary(BinaryOp::Mul, &tanh(g)));
    [sigmoid(o).binary(BinaryOp::Mul, &tanh(&c)), c]
}

/// The gradients of the gates and of `c`, from those of `[h', c']`.
pub fn lstm_step_grad<A: Algebra>([i, f, g, o]: &[A; 4], c: &A, [dh, dc]: &[A; 2]) -> ([A; 4], A) {
    let mul = |a: &A, b: &A| a.binary(BinaryOp::Mul, b);
    // 1 − v
    let rest = |v: &A| v.unary(UnaryOp::Neg).with_number(BinaryOp::Add, 1.0);
    let slope = |s: &A| mul(s, &rest(s));
    let (i, f, g, o) = (sigmoid(i), sigmoid(f), tanh(g), sigmoid(o));
    let t = tanh(&mul(&f, c).binary(BinaryOp::Add, &mul(&i, &g)));
    let through = mul(&mul(dh, &o), &rest(&mul(&t, &t)));
    let dc = dc.binary(BinaryOp::Add, &through);
    let gates = [
        mul(&mul(&dc, &g), &slope(&i)),
        mul(&mul(&dc, c), &slope(&f)),
        mul(&mul(&dc, &i), &rest(&mul(&g, &g))),
        mul(&mul(dh, &t), &slope(&o)),
    ];
    (gates, mul(&dc, &f))
}
