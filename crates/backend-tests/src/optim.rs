//! Optimizer steps: three in a row over two parameters, against the formulas in double precision.

use crate::Tolerance;
use crate::judge::{Allowed, close};
use crate::samples::{Noise, doubles, floats, upload, views};
use tensor_core::{Device, OptimSlot, OptimStep, RawTensor, compose};

/// One element's step: the parameter, its gradient, the states.
fn stepped(step: OptimStep, p: f64, mut g: f64, s: &mut [f64]) -> f64 {
    match step {
        OptimStep::Sgd { lr, momentum, dampening, weight_decay, nesterov, first } => {
            g += weight_decay * p;
            if momentum != 0.0 {
                s[0] = if first { g } else { momentum * s[0] + (1.0 - dampening) * g };
                g = if nesterov { g + momentum * s[0] } else { s[0] };
            }
            p - lr * g
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
            let p = if decoupled { p * (1.0 - lr * weight_decay) } else { p };
            g += if decoupled { 0.0 } else { weight_decay * p };
            s[0] = b1 * s[0] + (1.0 - b1) * g;
            s[1] = b2 * s[1] + (1.0 - b2) * g * g;
            let v = if amsgrad {
                s[2] = s[2].max(s[1]);
                s[2]
            } else {
                s[1]
            };
            let (m, v) = (s[0] / c1, v / c2);
            p - lr * m / (v.sqrt() + eps)
        }
        OptimStep::RmsProp { lr, alpha, eps, weight_decay, momentum, centered } => {
            g += weight_decay * p;
            s[0] = alpha * s[0] + (1.0 - alpha) * g * g;
            let mut spread = s[0];
            let mut next = 1;
            if centered {
                s[1] = alpha * s[1] + (1.0 - alpha) * g;
                spread -= s[1] * s[1];
                next = 2;
            }
            let d = g / (spread.sqrt() + eps);
            if momentum > 0.0 {
                s[next] = momentum * s[next] + d;
                p - lr * s[next]
            } else {
                p - lr * d
            }
        }
        OptimStep::Adagrad { lr, eps, weight_decay } => {
            g += weight_decay * p;
            s[0] += g * g;
            p - lr * g / (s[0].sqrt() + eps)
        }
        OptimStep::Adadelta { lr, rho, eps, weight_decay } => {
            g += weight_decay * p;
            s[0] = rho * s[0] + (1.0 - rho) * g * g;
            let d = (s[1] + eps).sqrt() / (s[0] + eps).sqrt() * g;
            s[1] = rho * s[1] + (1.0 - rho) * d * d;
            p - lr * d
        }
        OptimStep::Adamax { lr, betas: (b1, b2), eps, weight_decay } => {
            g += weight_decay * p;
            s[0] = b1 * s[0] + (1.0 - b1) * g;
            s[1] = (b2 * s[1]).max(g.abs() + eps);
            p - lr * s[0] / s[1]
        }
        OptimStep::NAdam { betas: (b1, b2), eps, weight_decay, shrink, correction, rates } => {
            g += weight_decay * p;
            s[0] = b1 * s[0] + (1.0 - b1) * g;
            s[1] = b2 * s[1] + (1.0 - b2) * g * g;
            p * shrink + (rates.0 * g + rates.1 * s[0]) / ((s[1] / correction).sqrt() + eps)
        }
        OptimStep::RAdam { lr, betas: (b1, b2), eps, weight_decay, shrink, correction, adaptive } => {
            g += weight_decay * p;
            s[0] = b1 * s[0] + (1.0 - b1) * g;
            s[1] = b2 * s[1] + (1.0 - b2) * g * g;
            let scale = adaptive.map_or(1.0, |(root, rectify)| root * rectify / (s[1].sqrt() + eps));
            p * shrink - lr * s[0] / correction * scale
        }
    }
}

/// A parameter and its states on the device, and what both should hold.
struct Param {
    param: RawTensor,
    state: Vec<RawTensor>,
    held: Vec<f64>,
    memory: Vec<Vec<f64>>,
}

/// Three steps of a kind with `states` states, the backend's own and the composed ones.
fn run(device: &Device, tolerance: &Tolerance, states: usize, kind: impl Fn(u64) -> OptimStep) {
    for dtype in floats(device) {
        for composed in [false, true] {
            let mut noise = Noise::new(60);
            let sizes: [&[usize]; 3] = [&[7], &[33, 9], &[0]];
            let mut params: Vec<Param> = Vec::new();
            for shape in sizes {
                let count: usize = shape.iter().product();
                let values: Vec<f64> = (0..count).map(|_| noise.between(-1.0, 1.0)).collect();
                let param = upload(device, &values, shape, dtype);
                let state = (0..states).map(|_| upload(device, &vec![0.0; count], shape, dtype)).collect();
                let held = param.to_vec::<f64>();
                params.push(Param { param, state, held, memory: vec![vec![0.0; states]; count] });
            }
            for t in 1..=3 {
                let step = kind(t);
                // Gradients come in any layout.
                let grads: Vec<_> = sizes
                    .iter()
                    .map(|shape| {
                        let mut all = views(device, shape, dtype, || noise.between(-1.0, 1.0));
                        let pick = (t as usize * 3) % all.len();
                        all.swap_remove(pick)
                    })
                    .collect();
                let slots: Vec<OptimSlot> = params
                    .iter()
                    .zip(&grads)
                    .map(|(Param { param, state, .. }, grad)| OptimSlot {
                        param: param.buffer(),
                        grad: grad.view(),
                        state: state.iter().map(RawTensor::buffer).collect(),
                    })
                    .collect();
                if composed { compose::optim_step(step, &slots) } else { device.optim_step(step, &slots) }
                    .expect("a step");
                for (Param { param, held, memory, .. }, grad) in params.iter_mut().zip(&grads) {
                    for ((p, g), s) in held.iter_mut().zip(&grad.values).zip(memory) {
                        *p = stepped(step, *p, *g, s);
                    }
                    let got = doubles(param.to_host().expect("a download"));
                    let what =
                        || format!("{step:?} of {dtype}, composed: {composed}, gradient {}", grad.kind);
                    close(what, &got, held, dtype, Allowed::ulps(4.0).and(16.0), tolerance);
                }
            }
        }
    }
}

/// Momentum, dampening, Nesterov, decay.
pub fn sgd(device: &Device, tolerance: &Tolerance) {
    for (momentum, dampening, weight_decay, nesterov) in [
        (0.0, 0.0, 0.0, false),
        (0.0, 0.0, 0.1, false),
        (0.9, 0.0, 0.0, false),
        (0.9, 0.3, 0.01, false),
        (0.9, 0.0, 0.01, true),
    ] {
        run(device, tolerance, usize::from(momentum != 0.0), |t| OptimStep::Sgd {
            lr: 0.1,
            momentum,
            dampening,
            weight_decay,
            nesterov,
            first: t == 1,
        });
    }
}

/// Adam and AdamW, with and without amsgrad.
pub fn adam(device: &Device, tolerance: &Tolerance) {
    for (weight_decay, decoupled, amsgrad) in
        [(0.0, false, false), (0.1, false, false), (0.1, true, false), (0.0, false, true), (0.01, true, true)]
    {
        run(device, tolerance, if amsgrad { 3 } else { 2 }, |step| OptimStep::Adam {
            lr: 0.01,
            betas: (0.9, 0.999),
            eps: 1e-8,
            weight_decay,
            decoupled,
            amsgrad,
            corrections: (1.0 - 0.9f64.powf(step as f64), 1.0 - 0.999f64.powf(step as f64)),
        });
    }
    // β₁ below a half takes the other branch of PyTorch's lerp.
    run(device, tolerance, 2, |step| OptimStep::Adam {
        lr: 0.01,
        betas: (0.3, 0.9),
        eps: 1e-6,
        weight_decay: 0.0,
        decoupled: false,
        amsgrad: false,
        corrections: (1.0 - 0.3f64.powf(step as f64), 1.0 - 0.9f64.powf(step as f64)),
    });
}

/// RMSprop, centered and with momentum.
pub fn rmsprop(device: &Device, tolerance: &Tolerance) {
    for (momentum, centered, weight_decay) in
        [(0.0, false, 0.0), (0.9, false, 0.1), (0.0, true, 0.0), (0.9, true, 0.01)]
    {
        let states = 1 + usize::from(centered) + usize::from(momentum > 0.0);
        run(device, tolerance, states, |_| OptimStep::RmsProp {
            lr: 0.01,
            alpha: 0.9,
            eps: 1e-4,
            weight_decay,
            momentum,
            centered,
        });
    }
}

/// Adagrad.
pub fn adagrad(device: &Device, tolerance: &Tolerance) {
    for weight_decay in [0.0, 0.1] {
        run(device, tolerance, 1, |_| OptimStep::Adagrad { lr: 0.1, eps: 1e-10, weight_decay });
    }
}

/// Adadelta, Adamax, NAdam and RAdam.
pub fn relatives(device: &Device, tolerance: &Tolerance) {
    let (betas, correction) = ((0.8, 0.95), 0.3);
    for weight_decay in [0.0, 0.1] {
        run(device, tolerance, 2, |_| OptimStep::Adadelta { lr: 0.5, rho: 0.8, eps: 1e-3, weight_decay });
        run(device, tolerance, 2, |_| OptimStep::Adamax { lr: 0.01, betas, eps: 1e-3, weight_decay });
        let (eps, rates) = (1e-3, (-0.002, -0.01));
        run(device, tolerance, 2, |_| OptimStep::NAdam {
            betas,
            eps,
            weight_decay,
            shrink: 0.99,
            correction,
            rates,
        });
        for adaptive in [None, Some((0.7, 0.2))] {
            run(device, tolerance, 2, |_| OptimStep::RAdam {
                lr: 0.01,
                betas,
                eps,
                weight_decay,
                shrink: 0.99,
                correction,
                adaptive,
            });
        }
    }
}
