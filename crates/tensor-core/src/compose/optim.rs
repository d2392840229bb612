//! The optimizers' formulas as tensor arithmetic, after PyTorch's single-tensor implementations.
//!
//! Roundings differ from the fused kernels in the last bit, since a composed `a·s + b` rounds twice.

use crate::backend::OptimSlot;
use crate::buffer::Buffer;
use crate::error::Result;
use crate::layout::Layout;
use crate::op::BinaryOp::{Add, Div, Maximum, Mul, Sub};
use crate::op::{OptimStep, UnaryOp};
use crate::raw::RawTensor;

/// One optimizer step over many parameters, in place.
pub fn optim_step(step: OptimStep, slots: &[OptimSlot]) -> Result<()> {
    for slot in slots {
        let grad = RawTensor::from_view(slot.grad);
        let whole = |buffer: &Buffer| {
            let layout = Layout::contiguous(*grad.shape());
            RawTensor::from_view(crate::View { buffer, layout: &layout })
        };
        let state: Vec<RawTensor> = slot.state.iter().map(|buffer| whole(buffer)).collect();
        update(step, &whole(slot.param), grad.clone(), &state);
    }
    Ok(())
}

/// `x + s·y`
fn axpy(x: &RawTensor, y: &RawTensor, s: f64) -> RawTensor {
    x.binary(Add, &y.binary(Mul, s))
}

/// `old·decay + (1 − decay)·new²`
fn mean_square(old: &RawTensor, new: &RawTensor, decay: f64) -> RawTensor {
    axpy(&old.binary(Mul, decay), &new.unary(UnaryOp::Square), 1.0 - decay)
}

/// `old + (1 − decay)·(new − old)`
fn mean(old: &RawTensor, new: &RawTensor, decay: f64) -> RawTensor {
    axpy(old, &new.binary(Sub, old), 1.0 - decay)
}

fn update(step: OptimStep, param: &RawTensor, mut grad: RawTensor, state: &[RawTensor]) {
    let decay = |grad: RawTensor, rate: f64| if rate == 0.0 { grad } else { axpy(&grad, param, rate) };
    match step {
        OptimStep::Sgd { lr, momentum, dampening, weight_decay, nesterov, first } => {
            grad = decay(grad, weight_decay);
            if momentum != 0.0 {
                let buffer = &state[0];
                buffer.write(&if first {
                    grad.clone()
                } else {
                    axpy(&buffer.binary(Mul, momentum), &grad, 1.0 - dampening)
                });
                grad = if nesterov { axpy(&grad, buffer, momentum) } else { buffer.clone() };
            }
            param.write(&axpy(param, &grad, -lr));
        }
        OptimStep::Adam {
            lr,
            betas: (b1, b2),
            eps,
            weight_decay,
            decoupled,
            amsgrad,
            corrections: (c1, c2),
        } => {
            if decoupled {
                param.write(&param.binary(Mul, 1.0 - lr * weight_decay));
            } else {
                grad = decay(grad, weight_decay);
            }
            let (m, v) = (&state[0], &state[1]);
            m.write(&mean(m, &grad, b1));
            v.write(&mean_square(v, &grad, b2));
            let v = if amsgrad {
                state[2].write(&state[2].binary(Maximum, v));
                &state[2]
            } else {
                v
            };
            let root = v.unary(UnaryOp::Sqrt).binary(Div, c2.sqrt()).binary(Add, eps);
            param.write(&param.binary(Add, &m.binary(Mul, -lr / c1).binary(Div, &root)));
        }
        OptimStep::RmsProp { lr, alpha, eps, weight_decay, momentum, centered } => {
            grad = decay(grad, weight_decay);
            let mut state = state.iter();
            let square = state.next().expect("mean squares");
            square.write(&mean_square(square, &grad, alpha));
            let mut spread = square.clone();
            if centered {
                let average = state.next().expect("mean gradients");
                average.write(&mean(average, &grad, alpha));
                spread = spread.binary(Sub, &average.unary(UnaryOp::Square));
            }
            let scaled = grad.binary(Div, &spread.unary(UnaryOp::Sqrt).binary(Add, eps));
            if momentum > 0.0 {
                let buffer = state.next().expect("momentum");
                buffer.write(&buffer.binary(Mul, momentum).binary(Add, &scaled));
                param.write(&axpy(param, buffer, -lr));
            } else {
                param.write(&axpy(param, &scaled, -lr));
            }
        }
        OptimStep::Adagrad { lr, eps, weight_decay } => {
            grad = decay(grad, weight_decay);
            state[0].write(&state[0].binary(Add, &grad.unary(UnaryOp::Square)));
            let root = state[0].unary(UnaryOp::Sqrt).binary(Add, eps);
            param.write(&axpy(param, &grad.binary(Div, &root), -lr));
        }
        OptimStep::Adadelta { lr, rho, eps, weight_decay } => {
            grad = decay(grad, weight_decay);
            let (squares, updates) = (&state[0], &state[1]);
            squares.write(&mean_square(squares, &grad, rho));
            let root = |of: &RawTensor| of.binary(Add, eps).unary(UnaryOp::Sqrt);
            let delta = root(updates).binary(Div, &root(squares)).binary(Mul, &grad);
            updates.write(&mean_square(updates, &delta, rho));
            param.write(&axpy(param, &delta, -lr));
        }
        OptimStep::Adamax { lr, betas: (b1, b2), eps, weight_decay } => {
            grad = decay(grad, weight_decay);
            let (m, u) = (&state[0], &state[1]);
            m.write(&mean(m, &grad, b1));
            u.write(&u.binary(Mul, b2).binary(Maximum, &grad.unary(UnaryOp::Abs).binary(Add, eps)));
            param.write(&param.binary(Add, &m.binary(Mul, -lr).binary(Div, u)));
        }
        OptimStep::NAdam { betas: (b1, b2), eps, weight_decay, shrink, correction, rates } => {
            grad = decay(grad, weight_decay);
            let (m, v) = (&state[0], &state[1]);
            m.write(&mean(m, &grad, b1));
            v.write(&mean_square(v, &grad, b2));
            let root = v.binary(Div, correction).unary(UnaryOp::Sqrt).binary(Add, eps);
            let part = |of: &RawTensor, rate: f64| of.binary(Mul, rate).binary(Div, &root);
            let near = param.binary(Mul, shrink).binary(Add, &part(&grad, rates.0));
            param.write(&near.binary(Add, &part(m, rates.1)));
        }
        OptimStep::RAdam { lr, betas: (b1, b2), eps, weight_decay, shrink, correction, adaptive } => {
            grad = decay(grad, weight_decay);
            let (m, v) = (&state[0], &state[1]);
            m.write(&mean(m, &grad, b1));
            v.write(&mean_square(v, &grad, b2));
            let mut delta = m.binary(Div, correction).binary(Mul, lr);
            if let Some((root, rectify)) = adaptive {
                let spread = v.unary(UnaryOp::Sqrt).binary(Add, eps);
                delta = delta.binary(Div, &spread).binary(Mul, root * rectify);
            }
            param.write(&param.binary(Mul, shrink).binary(Sub, &delta));
        }
    }
}
