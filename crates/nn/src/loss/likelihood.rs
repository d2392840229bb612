//! Negative log-likelihoods of numbers: normal ones with a variance of their own, and counts.

use super::{Reduction, reduced, same_shape};
use autograd::Tensor;
use tensor_core::check;

/// `½·(ln var + (x − y)²/var)`, and ½·ln 2π more if `full`; the variance is at least `eps` (PyTorch's
/// defaults are `false` and 1e-6) and broadcasts, or lacks the last dimension.
///
/// # Panics
/// When the shapes do not fit.
#[track_caller]
pub fn gaussian_nll_loss(
    x: &Tensor,
    y: &Tensor,
    var: &Tensor,
    full: bool,
    eps: f64,
    reduction: Reduction,
) -> Tensor {
    let (rank, vars) = (x.rank(), var.rank());
    let var = if vars + 1 == rank && var.shape()[..] == x.shape()[..vars] {
        var.unsqueeze(-1)
    } else {
        var.clone()
    };
    check::broadcast(
        "gaussian_nll_loss",
        &check::broadcast("gaussian_nll_loss", x.shape(), y.shape()),
        var.shape(),
    );
    // The bound holds for values and leaves the gradient as it is, as PyTorch clamps outside the graph.
    let raised = &var + (var.detach().clamp_min(eps) - var.detach());
    let mut losses = (raised.log() + (x - y).square() / &raised) * 0.5;
    if full {
        losses = losses + 0.5 * (2.0 * std::f64::consts::PI).ln();
    }
    reduced(losses, reduction)
}

/// The choices of [`poisson_nll_loss`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PoissonNll {
    /// Whether the input is the logarithm of the rate.
    pub log_input: bool,
    /// Add Stirling's approximation of ln y! where y > 1.
    pub full: bool,
    /// Added to a rate before its logarithm is taken.
    pub eps: f64,
}

impl Default for PoissonNll {
    fn default() -> Self {
        PoissonNll { log_input: true, full: false, eps: 1e-8 }
    }
}

/// `eˣ − y·x` for logarithms of rates, or `x − y·ln(x + eps)` for rates.
///
/// # Panics
/// When the shapes differ.
#[track_caller]
pub fn poisson_nll_loss(x: &Tensor, y: &Tensor, choices: PoissonNll, reduction: Reduction) -> Tensor {
    same_shape("poisson_nll_loss", x, y);
    let PoissonNll { log_input, full, eps } = choices;
    let mut losses = if log_input { x.exp() - y * x } else { x - y * (x + eps).log() };
    if full {
        let counts = y.gt(1);
        let safe = counts.where_(y, 1.0);
        let stirling = &safe * safe.log() - &safe + (&safe * (2.0 * std::f64::consts::PI)).log() * 0.5;
        losses = losses + counts.where_(stirling, 0.0);
    }
    reduced(losses, reduction)
}
