//! The steps of optimizers, as data: one method of [`crate::Backend`] takes any of them over many parameters.

/// One step of an optimizer over an element, with PyTorch's formulas and roundings.
///
/// Rates are doubles, rounded to the element type when they meet a tensor. `axpy(x, y, s) = fma(y, s, x)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimStep {
    /// Stochastic gradient descent; state: `[momentum buffer]` when `momentum ≠ 0`.
    Sgd {
        /// Learning rate.
        lr: f64,
        /// μ
        momentum: f64,
        /// 1 − the share of the gradient that enters the buffer.
        dampening: f64,
        /// λ, the L2 penalty's factor.
        weight_decay: f64,
        /// Look ahead along the buffer.
        nesterov: bool,
        /// Whether the buffer is yet unset: it becomes the gradient.
        first: bool,
    },
    /// Adam and AdamW; state: `[m, v]`, and `[m, v, vmax]` with `amsgrad`.
    Adam {
        /// Learning rate.
        lr: f64,
        /// (β₁, β₂)
        betas: (f64, f64),
        /// Added to the root.
        eps: f64,
        /// λ
        weight_decay: f64,
        /// AdamW: the parameter itself decays, not the gradient grows.
        decoupled: bool,
        /// Divide by the largest v so far.
        amsgrad: bool,
        /// 1 − β₁ᵗ and 1 − β₂ᵗ, t being this step counted from 1.
        corrections: (f64, f64),
    },
    /// RMSprop; state: `[s]`, then `[ga]` when centered, then `[buffer]` when `momentum > 0`.
    RmsProp {
        /// Learning rate.
        lr: f64,
        /// α, the squares' decay.
        alpha: f64,
        /// Added to the root.
        eps: f64,
        /// λ
        weight_decay: f64,
        /// μ
        momentum: f64,
        /// Subtract the squared running mean.
        centered: bool,
    },
    /// Adagrad; state: `[s]`.
    Adagrad {
        /// Learning rate, already divided by 1 + (t − 1)·decay.
        lr: f64,
        /// Added to the root.
        eps: f64,
        /// λ
        weight_decay: f64,
    },
    /// Adadelta; state: `[squares, squared updates]`.
    Adadelta {
        /// Learning rate.
        lr: f64,
        /// ρ, the decay of both running means.
        rho: f64,
        /// Added under both roots.
        eps: f64,
        /// λ
        weight_decay: f64,
    },
    /// Adamax; state: `[m, u]`.
    Adamax {
        /// Learning rate, already divided by 1 − β₁ᵗ.
        lr: f64,
        /// (β₁, β₂)
        betas: (f64, f64),
        /// Added to each gradient's magnitude.
        eps: f64,
        /// λ
        weight_decay: f64,
    },
    /// NAdam; state: `[m, v]`.
    NAdam {
        /// (β₁, β₂)
        betas: (f64, f64),
        /// Added to the root.
        eps: f64,
        /// λ of the L2 penalty; 0 when the parameter itself decays.
        weight_decay: f64,
        /// What the parameter is first multiplied by.
        shrink: f64,
        /// 1 − β₂ᵗ
        correction: f64,
        /// What the gradient and its mean are multiplied by: rates with a sign.
        rates: (f64, f64),
    },
    /// RAdam; state: `[m, v]`.
    RAdam {
        /// Learning rate.
        lr: f64,
        /// (β₁, β₂)
        betas: (f64, f64),
        /// Added to the root.
        eps: f64,
        /// λ of the L2 penalty; 0 when the parameter itself decays.
        weight_decay: f64,
        /// What the parameter is first multiplied by.
        shrink: f64,
        /// 1 − β₁ᵗ
        correction: f64,
        /// √(1 − β₂ᵗ) and the rectification, once the variance can be told.
        adaptive: Option<(f64, f64)>,
    },
}
