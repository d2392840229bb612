//! The step of long short-term memory and its gradient, against the formula in double precision.

use crate::Tolerance;
use crate::judge::{Allowed, answer, close};
use crate::samples::{Noise, floats, views};
use tensor_core::{Device, Shape, compose};

/// Rows and width: one vector and a half of any kind, and enough for threads.
const SIZES: [[usize; 2]; 4] = [[1, 1], [3, 24], [70, 65], [0, 4]];

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// The state of each unit, and the gradients of its gates and of c.
fn unit(gates: [f64; 4], c: f64, dh: f64, dc: f64) -> ([f64; 2], [f64; 4], f64) {
    let (i, f, g, o) = (sigmoid(gates[0]), sigmoid(gates[1]), gates[2].tanh(), sigmoid(gates[3]));
    let next = f * c + i * g;
    let t = next.tanh();
    let dc = dc + dh * o * (1.0 - t * t);
    let to_gates =
        [dc * g * i * (1.0 - i), dc * c * f * (1.0 - f), dc * i * (1.0 - g * g), dh * t * o * (1.0 - o)];
    ([o * t, next], to_gates, dc * f)
}

/// Both directions, in every layout, own and composed.
pub fn lstm_step(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(90);
    for dtype in floats(device) {
        for [count, width] in SIZES {
            let mut all = |shape: &[usize]| views(device, shape, dtype, || noise.between(-3.0, 3.0));
            let (inputs, hiddens) = (all(&[count, 4 * width]), all(&[count, 4 * width]));
            let (cells, grads) = (all(&[count, width]), all(&[2, count, width]));
            for (k, x) in inputs.iter().enumerate() {
                let (h, c) = (&hiddens[(k + 1) % hiddens.len()], &cells[(k + 2) % cells.len()]);
                let g = &grads[(k + 3) % grads.len()];
                let all = count * width;
                let (mut state, mut to_gates, mut to_c) =
                    (vec![0.0; 2 * all], vec![0.0; 4 * all], vec![0.0; all]);
                for at in 0..all {
                    let place = |gate: usize| (at / width * 4 + gate) * width + at % width;
                    let gates = std::array::from_fn(|gate| x.values[place(gate)] + h.values[place(gate)]);
                    let (next, gates, cell) = unit(gates, c.values[at], g.values[at], g.values[all + at]);
                    (state[at], state[all + at], to_c[at]) = (next[0], next[1], cell);
                    (0..4).for_each(|gate| to_gates[place(gate)] = gates[gate]);
                }
                let (xv, hv, cv, gv) = (x.view(), h.view(), c.view(), g.view());
                let allowed = Allowed { ulps: 32.0, absolute: 32.0 };
                for (forward, backward, how) in [
                    (device.lstm_step(xv, hv, cv), device.lstm_step_grad(xv, hv, cv, gv), "own"),
                    (compose::lstm_step(xv, hv, cv), compose::lstm_step_grad(xv, hv, cv, gv), "composed"),
                ] {
                    let judge = |what: &str, storage, shape: &[usize], want: &[f64]| {
                        let got = answer(device, storage, dtype, &Shape::new(shape));
                        let what = || format!("{how} {what} of {dtype} {count}x{width} {}", x.kind);
                        close(what, &got, want, dtype, allowed, tolerance);
                    };
                    let (gates, cell) = backward.expect("gradients");
                    judge("state", forward, &[2, count, width], &state);
                    judge("gradient of the gates", Ok(gates), &[count, 4 * width], &to_gates);
                    judge("gradient of c", Ok(cell), &[count, width], &to_c);
                }
            }
        }
    }
}
