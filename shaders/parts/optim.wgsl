// What optimizer steps share: their parameters, and the formulas of one element with its states.

struct Params {
    n: u32, // elements of all slots
    first: u32, // the momentum buffer is yet unset
    spare: vec2<u32>,
    lens: array<vec4<u32>, 2>,
    offsets: array<vec4<u32>, 2>, // of the gradients
    h: array<vec4<f32>, 3>, // rates, as the algorithm below names them
}

override ALGORITHM: u32 = 0u; // 0 SGD, 1 Adam, 2 RMSprop, 3 Adagrad
override DECAY: bool = false; // the gradient grows by h[0].y·parameter
override MOMENTUM: bool = false;
override NESTEROV: bool = false;
override DECOUPLED: bool = false; // AdamW
override AMSGRAD: bool = false;
override CENTERED: bool = false;

// A parameter and its states, on the way through a step.
struct State {
    p: f32,
    u: f32,
    v: f32,
    w: f32,
}

fn toward(x: f32, y: f32, weight: f32) -> f32 {
    if weight < 0.5 {
        return fma(weight, y - x, x);
    }
    return fma(-(y - x), 1.0 - weight, y);
}

fn updated(start: State, gradient: f32) -> State {
    var s = start;
    var g = gradient;
    let rate = p.h[0].x; // −lr, for Adam −lr/(1 − β₁ᵗ)
    if DECAY {
        g = fma(s.p, p.h[0].y, g);
    }
    switch ALGORITHM {
        case 0u: { // h[0].z: μ, h[0].w: 1 − dampening
            if MOMENTUM {
                s.u = select(fma(g, p.h[0].w, s.u * p.h[0].z), g, p.first == 1u);
                g = select(s.u, fma(s.u, p.h[0].z, g), NESTEROV);
            }
            s.p = fma(g, rate, s.p);
        }
        case 1u: { // h[0].z: 1 − β₁, h[0].w: 1 − lr·λ, h[1]: β₂, 1 − β₂, √(1 − β₂ᵗ), ε
            if DECOUPLED {
                s.p *= p.h[0].w;
            }
            s.u = toward(s.u, g, p.h[0].z);
            s.v = fma(p.h[1].y * g, g, s.v * p.h[1].x);
            var spread = s.v;
            if AMSGRAD {
                s.w = max(s.w, s.v);
                spread = s.w;
            }
            s.p += (rate * s.u) / (sqrt(spread) / p.h[1].z + p.h[1].w);
        }
        case 2u: { // h[0].z: μ, h[1]: α, 1 − α, ε
            s.u = fma(p.h[1].y * g, g, s.u * p.h[1].x);
            var spread = s.u;
            if CENTERED {
                s.v = toward(s.v, g, p.h[1].y);
                spread = fma(-s.v, s.v, spread);
            }
            let average = sqrt(spread) + p.h[1].z;
            if MOMENTUM {
                let old = select(s.v, s.w, CENTERED);
                let buffer = fma(old, p.h[0].z, g / average);
                if CENTERED {
                    s.w = buffer;
                } else {
                    s.v = buffer;
                }
                s.p = fma(buffer, rate, s.p);
            } else {
                s.p += (rate * g) / average;
            }
        }
        default: { // h[1].z: ε
            s.u = fma(g, g, s.u);
            s.p += (rate * g) / (sqrt(s.u) + p.h[1].z);
        }
    }
    return s;
}

const ADAM = 1u;
const RMSPROP = 2u;

fn has_u() -> bool {
    return ALGORITHM != 0u || MOMENTUM;
}

fn has_v() -> bool {
    return ALGORITHM == ADAM || (ALGORITHM == RMSPROP && (CENTERED || MOMENTUM));
}

// Where a slot's states of element i stand. Where it has none an unused buffer of one element is bound, which is
// read and not heeded.
fn at_u(i: u32) -> u32 {
    return select(0u, i, has_u());
}

fn at_v(i: u32) -> u32 {
    return select(0u, i, has_v());
}
