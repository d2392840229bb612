//! Initialisers: new values for a tensor, in place, PyTorch's draws in PyTorch's order.
//!
//! Bounds are computed in double precision and rounded once (He et al. 2015; Glorot & Bengio 2010).

use autograd::{Tensor, no_grad};
use tensor_core::random::default_generator;
use tensor_core::{DType, Shape, check};

/// Which size a variance is divided by: PyTorch's `mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fan {
    /// Inputs of one unit: the variance of activations is kept.
    #[default]
    In,
    /// Outputs that one unit feeds: the variance of gradients is kept.
    Out,
}

/// What follows a layer: it decides how much its weights must gain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nonlinearity {
    /// Nothing, or a convolution.
    Linear,
    /// The logistic function.
    Sigmoid,
    /// The hyperbolic tangent.
    Tanh,
    /// max(x, 0)
    ReLU,
    /// ReLU with a slope below 0.
    #[default]
    LeakyReLU,
    /// Klambauer et al. 2017.
    SELU,
}

/// The factor by which weights make up for a nonlinearity; `param` is LeakyReLU's slope, 0.01 if not given.
///
/// ```
/// use nn::init::{Nonlinearity, calculate_gain};
/// assert_eq!(calculate_gain(Nonlinearity::ReLU, None), 2f64.sqrt());
/// ```
pub fn calculate_gain(nonlinearity: Nonlinearity, param: Option<f64>) -> f64 {
    match nonlinearity {
        Nonlinearity::Linear | Nonlinearity::Sigmoid => 1.0,
        Nonlinearity::Tanh => 5.0 / 3.0,
        Nonlinearity::ReLU => 2f64.sqrt(),
        Nonlinearity::LeakyReLU => (2.0 / (1.0 + param.unwrap_or(0.01).powi(2))).sqrt(),
        Nonlinearity::SELU => 0.75,
    }
}

/// `(fan_in, fan_out)` of a weight `[out, in, …]`.
///
/// # Panics
/// With fewer than two dimensions.
#[track_caller]
pub fn fans(shape: &Shape) -> (usize, usize) {
    if shape.rank() < 2 {
        check::fail(
            "init",
            format_args!("fan in and fan out can not be computed for shape {shape}"),
            "give a weight [out, in, …] of two dimensions or more",
        );
    }
    let field: usize = shape[2..].iter().product();
    (shape[1] * field, shape[0] * field)
}

/// Uniform in [low, high).
#[track_caller]
pub fn uniform_(t: &Tensor, low: f64, high: f64) {
    no_grad(|| {
        t.uniform_(low, high);
    });
}

/// Normal of a mean and a standard deviation.
#[track_caller]
pub fn normal_(t: &Tensor, mean: f64, std: f64) {
    no_grad(|| {
        t.normal_(mean, std);
    });
}

/// One value.
pub fn constant_(t: &Tensor, value: f64) {
    no_grad(|| {
        t.fill_(value);
    });
}

/// Zeros.
pub fn zeros_(t: &Tensor) {
    constant_(t, 0.0);
}

/// Ones.
pub fn ones_(t: &Tensor) {
    constant_(t, 1.0);
}

/// gain/√fan
#[track_caller]
fn kaiming(t: &Tensor, a: f64, mode: Fan, nonlinearity: Nonlinearity) -> f64 {
    let (fan_in, fan_out) = fans(t.shape());
    let fan = if mode == Fan::In { fan_in } else { fan_out };
    calculate_gain(nonlinearity, Some(a)) / (fan as f64).sqrt()
}

/// Uniform in ±√3·gain/√fan. PyTorch's defaults are a slope `a` of 0, [`Fan::In`], [`Nonlinearity::LeakyReLU`].
#[track_caller]
pub fn kaiming_uniform_(t: &Tensor, a: f64, mode: Fan, nonlinearity: Nonlinearity) {
    let bound = 3f64.sqrt() * kaiming(t, a, mode, nonlinearity);
    if t.numel() > 0 {
        uniform_(t, -bound, bound);
    }
}

/// Normal of standard deviation gain/√fan, with the defaults of [`kaiming_uniform_`].
#[track_caller]
pub fn kaiming_normal_(t: &Tensor, a: f64, mode: Fan, nonlinearity: Nonlinearity) {
    let std = kaiming(t, a, mode, nonlinearity);
    if t.numel() > 0 {
        normal_(t, 0.0, std);
    }
}

/// gain·√(2/(fan_in + fan_out))
#[track_caller]
fn xavier(t: &Tensor, gain: f64) -> f64 {
    let (fan_in, fan_out) = fans(t.shape());
    gain * (2.0 / (fan_in + fan_out) as f64).sqrt()
}

/// Uniform in ±√3·gain·√(2/(fan_in + fan_out)).
#[track_caller]
pub fn xavier_uniform_(t: &Tensor, gain: f64) {
    let bound = 3f64.sqrt() * xavier(t, gain);
    uniform_(t, -bound, bound);
}

/// Normal of standard deviation gain·√(2/(fan_in + fan_out)).
#[track_caller]
pub fn xavier_normal_(t: &Tensor, gain: f64) {
    normal_(t, 0.0, xavier(t, gain));
}

/// Normal numbers, those outside [a, b] drawn again (PyTorch's defaults are 0, 1, −2, 2). Where little of
/// the bell lies inside, uniform numbers are drawn and kept as often as the bell is high.
///
/// # Panics
/// When a is not less than b, or the deviation is not positive.
#[track_caller]
pub fn trunc_normal_(t: &Tensor, mean: f64, std: f64, a: f64, b: f64) {
    if a >= b || std.is_nan() || std <= 0.0 {
        check::fail(
            "trunc_normal_",
            format_args!("a normal of deviation {std} cut to [{a}, {b}]"),
            "the deviation must be positive, and a less than b",
        );
    }
    let phi = |x: f64| (1.0 + libm::erf((x - mean) / std / std::f64::consts::SQRT_2)) / 2.0;
    no_grad(|| if phi(b) - phi(a) > 0.3 { redraw(t, mean, std, a, b) } else { reject(t, mean, std, a, b) });
}

/// Bounds as the tensor's type has them.
fn rounded(t: &Tensor, v: f64) -> f64 {
    if t.dtype() == DType::F32 { f64::from(v as f32) } else { v }
}

fn redraw(t: &Tensor, mean: f64, std: f64, a: f64, b: f64) {
    let (a, b) = (rounded(t, a), rounded(t, b));
    t.normal_(mean, std);
    loop {
        let bad = t.lt(a).logical_or(&t.gt(b));
        if !bad.any().item::<bool>() {
            return;
        }
        let again = t.zeros_like();
        again.normal_(mean, std);
        t.copy_(&bad.where_(again, t.detach()));
    }
}

fn reject(t: &Tensor, mean: f64, std: f64, a: f64, b: f64) {
    let peak = -0.5 * ((mean.clamp(a, b) - mean) / std).powi(2);
    let log_height = |c: &Tensor| ((c - mean) / std).square() * -0.5 - peak;
    let uniform = |low: f64, high: f64| {
        let u = t.zeros_like();
        u.uniform_(low, high);
        u
    };
    t.uniform_(a, b);
    let mut pending = uniform(0.0, 1.0).log().gt(log_height(&t.detach()));
    while pending.any().item::<bool>() {
        let candidate = uniform(a, b);
        t.copy_(&pending.where_(&candidate, t.detach()));
        pending = pending.logical_and(&uniform(0.0, 1.0).log().gt(log_height(&candidate)));
    }
}

/// Rows (or columns, where they are fewer) of length `gain` at right angles (Saxe et al. 2014).
///
/// # Panics
/// With fewer than two dimensions.
#[track_caller]
pub fn orthogonal_(t: &Tensor, gain: f64) {
    if t.rank() < 2 {
        check::fail(
            "orthogonal_",
            format_args!("shape {} is not a matrix", t.shape()),
            "give two dimensions or more",
        );
    }
    if t.numel() == 0 {
        return;
    }
    let (rows, cols) = (t.dim(0), t.numel() / t.dim(0));
    no_grad(|| {
        let mut flat = Tensor::zeros([rows, cols], (t.dtype(), t.device()));
        flat.normal_(0.0, 1.0);
        if rows < cols {
            flat = flat.t().contiguous();
        }
        let (q, r) = flat.qr();
        // The signs of R's diagonal make the distribution even (Mezzadri 2007).
        let on_diagonal = Tensor::eye(r.dim(0), (t.dtype(), t.device()));
        let mut q = q * (r * on_diagonal).sum_dim(0, false).sign();
        if rows < cols {
            q = q.t();
        }
        t.copy_(&(q.reshape(t.shape()) * gain));
    });
}

/// Normal of a deviation (PyTorch's default is 0.01), with a share of each column set to 0 (Martens 2010).
///
/// # Panics
/// For anything but two dimensions.
#[track_caller]
pub fn sparse_(t: &Tensor, sparsity: f64, std: f64) {
    if t.rank() != 2 || !(0.0..=1.0).contains(&sparsity) {
        check::fail(
            "sparse_",
            format_args!("a share of {sparsity} zeros for shape {}", t.shape()),
            "give a matrix, and a share from 0 to 1",
        );
    }
    let [rows, cols] = t.dims();
    let zeros = (sparsity * rows as f64).ceil() as usize;
    no_grad(|| {
        t.normal_(0.0, std);
        let mut off = vec![false; rows * cols];
        for col in 0..cols {
            let order = default_generator().randperm(rows);
            order[..zeros].iter().for_each(|&row| off[row as usize * cols + col] = true);
        }
        let off = Tensor::from_vec(off, [rows, cols], t.device());
        t.copy_(&off.where_(0.0, t.detach()));
    });
}

/// The identity: ones on the diagonal, zeros elsewhere.
///
/// # Panics
/// For anything but two dimensions.
#[track_caller]
pub fn eye_(t: &Tensor) {
    if t.rank() != 2 {
        check::fail("eye_", format_args!("shape {} is not a matrix", t.shape()), "give two dimensions");
    }
    let [rows, cols] = t.dims();
    let places = (0..rows.min(cols)).map(|i| i * cols + i);
    ones_at(t, places);
}

/// A convolution's identity: each output channel of a group passes on the input channel of its number.
///
/// # Panics
/// For anything but 3 to 5 dimensions, and groups that do not divide the output channels.
#[track_caller]
pub fn dirac_(t: &Tensor, groups: usize) {
    let shape = t.shape();
    if !(3..=5).contains(&shape.rank()) || groups == 0 || !shape[0].is_multiple_of(groups) {
        check::fail(
            "dirac_",
            format_args!("shape {shape} in {groups} groups"),
            "give a convolution's weight [out, in, k, …], and groups that divide its outputs",
        );
    }
    let (per_group, field) = (shape[0] / groups, shape[2..].iter().product::<usize>());
    let middle = shape[2..].iter().fold(0, |at, &k| at * k + k / 2);
    let places = (0..groups).flat_map(|g| {
        (0..per_group.min(shape[1])).map(move |d| ((g * per_group + d) * shape[1] + d) * field + middle)
    });
    ones_at(t, places);
}

/// Zeros, but ones at row-major places.
fn ones_at(t: &Tensor, places: impl Iterator<Item = usize>) {
    let mut values = vec![0f32; t.numel()];
    places.for_each(|at| values[at] = 1.0);
    no_grad(|| {
        t.copy_(&Tensor::from_vec(values, *t.shape(), t.device()));
    });
}
