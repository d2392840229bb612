//! Normalisation: over a batch (Ioffe & Szegedy 2015), features (Ba et al. 2016), groups (Wu & He 2018),
//! single images (Ulyanov et al. 2016), or by the root mean square alone (Zhang & Sennrich 2019).
//!
//! All are one operation, `(x − mean)/√(var + eps)·weight + bias`, that differs in which elements share
//! their statistics: a [`Plan`]. The variance is the biased one, in two passes, so that a large mean
//! costs no accuracy.

use crate::graph::{Keep, record_many};
use crate::mode::{is_grad_enabled, no_grad};
use crate::tensor::Tensor;
use tensor_core::BinaryOp::{Add, Div, Mul};
use tensor_core::{Axes, DType, RawTensor, ReduceOp, Scale, Shape, UnaryOp, Window, check};

/// How a normalisation sees its input.
#[derive(Clone, Copy)]
struct Plan {
    /// The name of the node.
    name: &'static str,
    /// The input's elements, grouped.
    view: Shape,
    /// The dimensions of `view` whose elements share their statistics.
    axes: Axes,
    /// Weight and bias as they broadcast over `view`.
    affine: Shape,
    /// Whether the mean is taken off; without it the variance is the mean square.
    centred: bool,
    eps: f64,
}

/// Mean (if one is taken off) and biased variance, broadcasting over [`Plan::view`].
type Moments = (Option<RawTensor>, RawTensor);

impl Plan {
    #[track_caller]
    fn moments(&self, x: &RawTensor) -> Moments {
        x.reshape(&self.view).moments(self.axes, self.centred)
    }

    fn mean(&self, x: &Tensor) -> Tensor {
        let dims: Vec<isize> = self.axes.iter().map(|a| a as isize).collect();
        x.mean_dim(dims, true)
    }

    /// The normalised input and 1/√(var + eps), with history.
    fn standardised(&self, x: &Tensor) -> (Tensor, Tensor) {
        let centred = if self.centred { x - self.mean(x) } else { x.clone() };
        let rstd = (self.mean(&centred.square()) + self.eps).rsqrt();
        (centred * &rstd, rstd)
    }

    /// Normalises by `moments`; gradients flow through them too if they are the input's `own`.
    #[track_caller]
    fn apply(self, x: &Tensor, moments: Moments, own: bool, affine: [Option<&Tensor>; 2]) -> Tensor {
        let (shape, (mean, var)) = (*x.shape(), moments);
        let rstd = var.binary(Add, self.eps).unary(UnaryOp::Rsqrt);
        let [weight, bias] = affine;
        let [raw_weight, raw_bias] = affine.map(|t| t.map(|t| t.raw().reshape(&self.affine)));
        let mut scale = Scale { mean, rstd, weight: raw_weight, bias: raw_bias };
        let y = x.raw().reshape(&self.view).normalized(&scale);
        // The weight is kept by the node, which tells when it was written since.
        (scale.weight, scale.bias) = (None, None);
        let mut inputs = vec![x];
        inputs.extend(affine.into_iter().flatten());
        let (has_weight, has_bias) = (weight.is_some(), bias.is_some());
        let keep = if has_weight { Keep::BOTH } else { Keep::FIRST };
        let features = affine.into_iter().flatten().next().map(|t| *t.shape());
        record_many(self.name, &inputs, keep, y.reshape(&shape), move |ctx, g| {
            let x = ctx.input(0).reshape_to(&self.view);
            let g = g.reshape_to(&self.view);
            let of_features = |t: Tensor| t.reshape_to(&features.expect("there is a weight or a bias"));
            if !is_grad_enabled() {
                let weight = has_weight.then(|| ctx.input(1).raw().reshape(&self.affine));
                let scale = Scale { weight, ..scale.clone() };
                let bias = 1 + usize::from(has_weight);
                let wants = [ctx.needs(0), has_weight && ctx.needs(1), has_bias && ctx.needs(bias)];
                let axes = own.then_some(self.axes);
                let [dx, dw, db] = x.raw().normalized_grad(&scale, g.raw(), axes, &self.affine, wants);
                let mut grads = vec![dx.map(|dx| Tensor::from_raw(dx).reshape_to(&shape))];
                grads.extend(has_weight.then(|| dw.map(|dw| of_features(Tensor::from_raw(dw)))));
                grads.extend(has_bias.then(|| db.map(|db| of_features(Tensor::from_raw(db)))));
                return grads;
            }
            let (normal, rstd) = if own {
                self.standardised(&x)
            } else {
                let rstd = Tensor::from_raw(scale.rstd.clone());
                let mean = scale.mean.clone().map(Tensor::from_raw);
                (mean.map_or_else(|| x.clone(), |mean| &x - mean) * &rstd, rstd)
            };
            let to_features = |t: Tensor| of_features(t.fit(&self.affine, t.dtype()));
            let mut grads = vec![ctx.needs(0).then(|| {
                let g = if has_weight { &g * ctx.input(1).reshape_to(&self.affine) } else { g.clone() };
                let inner = match (own, self.centred) {
                    (false, _) => g,
                    (true, true) => &g - self.mean(&g) - &normal * self.mean(&(&g * &normal)),
                    (true, false) => &g - &normal * self.mean(&(&g * &normal)),
                };
                (inner * &rstd).reshape_to(&shape)
            })];
            if has_weight {
                grads.push(ctx.needs(1).then(|| to_features(&g * &normal)));
            }
            if has_bias {
                grads.push(ctx.needs(1 + usize::from(has_weight)).then(|| to_features(g.clone())));
            }
            grads
        })
    }
}

/// Panics unless a tensor of per-feature numbers has the right shape and type.
#[track_caller]
fn features(op: &str, what: &str, t: Option<&Tensor>, shape: &[usize], x: &Tensor) {
    let Some(t) = t else { return };
    if t.shape().dims() != shape || t.dtype() != x.dtype() {
        check::fail(
            op,
            format_args!(
                "{what} is {} of shape {}, the input {} of shape {}",
                t.dtype(),
                t.shape(),
                x.dtype(),
                x.shape()
            ),
            format_args!("it must be {} of shape {shape:?}", x.dtype()),
        );
    }
}

/// `running = (1 − momentum)·running + momentum·new`, in place.
fn track(running: &Tensor, new: RawTensor, momentum: f64) {
    let new = Tensor::from_raw(new).reshape_to(running.shape());
    no_grad(|| running.copy_(&(running * (1.0 - momentum) + new * momentum)));
}

impl Tensor {
    /// `(x − mean)/√(var + eps)·weight + bias` for each channel of `[N, C, …]`, PyTorch's `F.batch_norm`.
    ///
    /// In `training` by the mean and biased variance of the batch, moving the running ones (the variance
    /// unbiased) towards them by `momentum`, in place; otherwise by the running ones. All others are `[C]`.
    ///
    /// # Panics
    /// When shapes differ, for a single value per channel in training, and without running statistics
    /// outside it.
    #[track_caller]
    #[expect(clippy::too_many_arguments, reason = "PyTorch's arguments in PyTorch's order")]
    pub fn batch_norm(
        &self,
        running_mean: Option<&Tensor>,
        running_var: Option<&Tensor>,
        weight: Option<&Tensor>,
        bias: Option<&Tensor>,
        training: bool,
        momentum: f64,
        eps: f64,
    ) -> Tensor {
        let op = "batch_norm";
        check::float(op, self.dtype());
        if self.rank() < 2 {
            check::fail(op, format_args!("input of shape {}", self.shape()), "give [N, C] or [N, C, …]");
        }
        let (batch, channels) = (self.shape()[0], self.shape()[1]);
        for (what, t) in
            [("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias)]
        {
            features(op, what, t, &[channels], self);
        }
        let inner: usize = self.shape()[2..].iter().product();
        let plan = Plan {
            name: "NativeBatchNormBackward0",
            view: Shape::new(&[batch, channels, inner]),
            axes: Axes::one(0).with(2),
            affine: Shape::new(&[1, channels, 1]),
            centred: true,
            eps,
        };
        let count = batch * inner;
        if training {
            if count < 2 {
                check::fail(
                    op,
                    format_args!("one value per channel has no variance: input of shape {}", self.shape()),
                    "train on batches of two or more, or switch to evaluation",
                );
            }
            let (mean, var) = plan.moments(self.raw());
            if let (Some(running), Some(mean)) = (running_mean, &mean) {
                track(running, mean.clone(), momentum);
            }
            if let Some(running) = running_var {
                track(running, var.binary(Mul, count as f64 / (count - 1) as f64), momentum);
            }
            return plan.apply(self, (mean, var), true, [weight, bias]);
        }
        let (Some(mean), Some(var)) = (running_mean, running_var) else {
            check::fail(op, "there are no running statistics to evaluate by", "give both, or train")
        };
        // A copy: the running mean may be written in place before the gradient is asked for.
        let fixed = |t: &Tensor| t.raw().copy().reshape(&plan.affine);
        plan.apply(self, (Some(fixed(mean)), fixed(var)), false, [weight, bias])
    }

    /// `(x − mean)/√(var + eps)·weight + bias` over the channels of each sample alone, PyTorch's
    /// `F.instance_norm` of `[N, C, …]`. With running statistics it moves them by the batch's average
    /// while `use_input_stats`, and normalises by them otherwise.
    ///
    /// # Panics
    /// As [`Tensor::batch_norm`].
    #[track_caller]
    #[expect(clippy::too_many_arguments, reason = "PyTorch's arguments in PyTorch's order")]
    pub fn instance_norm(
        &self,
        running_mean: Option<&Tensor>,
        running_var: Option<&Tensor>,
        weight: Option<&Tensor>,
        bias: Option<&Tensor>,
        use_input_stats: bool,
        momentum: f64,
        eps: f64,
    ) -> Tensor {
        let op = "instance_norm";
        if !use_input_stats {
            return self.batch_norm(running_mean, running_var, weight, bias, false, momentum, eps);
        }
        check::float(op, self.dtype());
        let inner: usize = self.shape().get(2..).unwrap_or_default().iter().product();
        if self.rank() < 3 || inner < 2 {
            check::fail(
                op,
                format_args!("input of shape {}", self.shape()),
                "give [N, C, …] with more than one place per channel",
            );
        }
        let (batch, channels) = (self.shape()[0], self.shape()[1]);
        for (what, t) in
            [("running_mean", running_mean), ("running_var", running_var), ("weight", weight), ("bias", bias)]
        {
            features(op, what, t, &[channels], self);
        }
        let plan = Plan {
            name: "NativeBatchNormBackward0",
            view: Shape::new(&[batch, channels, inner]),
            axes: Axes::one(2),
            affine: Shape::new(&[1, channels, 1]),
            centred: true,
            eps,
        };
        let (mean, var) = plan.moments(self.raw());
        let average = |t: &RawTensor| t.reduce(ReduceOp::Sum, Axes::one(0), true).binary(Div, batch as f64);
        if let (Some(running), Some(mean)) = (running_mean, &mean) {
            track(running, average(mean), momentum);
        }
        if let Some(running) = running_var {
            track(running, average(&var).binary(Mul, inner as f64 / (inner - 1) as f64), momentum);
        }
        plan.apply(self, (mean, var), true, [weight, bias])
    }

    /// `(x − mean)/√(var + eps)·weight + bias` over the last dimensions, whose sizes are
    /// `normalized_shape` and weight's and bias's: PyTorch's `F.layer_norm`.
    ///
    /// # Panics
    /// When the input does not end in those sizes.
    #[track_caller]
    pub fn layer_norm(
        &self,
        normalized_shape: &[usize],
        weight: Option<&Tensor>,
        bias: Option<&Tensor>,
        eps: f64,
    ) -> Tensor {
        let plan = self.last_dims("layer_norm", "NativeLayerNormBackward0", normalized_shape, eps, true);
        features("layer_norm", "weight", weight, normalized_shape, self);
        features("layer_norm", "bias", bias, normalized_shape, self);
        plan.apply(self, plan.moments(self.raw()), true, [weight, bias])
    }

    /// `x/√(mean x² + eps)·weight` over the last dimensions, whose sizes are `normalized_shape`:
    /// PyTorch's `F.rms_norm`. No `eps` means the element type's machine epsilon.
    ///
    /// # Panics
    /// When the input does not end in those sizes.
    #[track_caller]
    pub fn rms_norm(&self, normalized_shape: &[usize], weight: Option<&Tensor>, eps: Option<f64>) -> Tensor {
        let epsilon = if self.dtype() == DType::F64 { f64::EPSILON } else { f32::EPSILON.into() };
        let eps = eps.unwrap_or(epsilon);
        let plan = self.last_dims("rms_norm", "FusedRmsNormBackward0", normalized_shape, eps, false);
        features("rms_norm", "weight", weight, normalized_shape, self);
        plan.apply(self, plan.moments(self.raw()), true, [weight, None])
    }

    #[track_caller]
    fn last_dims(&self, op: &str, name: &'static str, sizes: &[usize], eps: f64, centred: bool) -> Plan {
        check::float(op, self.dtype());
        if sizes.is_empty() || !self.shape().ends_with(sizes) {
            check::fail(
                op,
                format_args!(
                    "input of shape {} does not end in the normalised sizes {sizes:?}",
                    self.shape()
                ),
                "name the sizes of the last dimensions",
            );
        }
        let inner: usize = sizes.iter().product();
        let rows = self.shape()[..self.rank() - sizes.len()].iter().product();
        let (view, affine) = (Shape::new(&[rows, inner]), Shape::new(&[1, inner]));
        Plan { name, view, axes: Axes::one(1), affine, centred, eps }
    }

    /// `(x − mean)/√(var + eps)·weight + bias` over groups of the channels of `[N, C, …]`; weight and
    /// bias are `[C]`: PyTorch's `F.group_norm`.
    ///
    /// # Panics
    /// When the groups do not divide the channels.
    #[track_caller]
    pub fn group_norm(
        &self,
        num_groups: usize,
        weight: Option<&Tensor>,
        bias: Option<&Tensor>,
        eps: f64,
    ) -> Tensor {
        let op = "group_norm";
        check::float(op, self.dtype());
        if self.rank() < 2 || num_groups == 0 || !self.shape()[1].is_multiple_of(num_groups) {
            check::fail(
                op,
                format_args!("input of shape {} in {num_groups} groups", self.shape()),
                "give [N, C, …], C being divisible by the number of groups",
            );
        }
        let (batch, channels) = (self.shape()[0], self.shape()[1]);
        features(op, "weight", weight, &[channels], self);
        features(op, "bias", bias, &[channels], self);
        let each = channels / num_groups;
        let plan = Plan {
            name: "NativeGroupNormBackward0",
            view: Shape::new(&[batch, num_groups, each, self.shape()[2..].iter().product()]),
            axes: Axes::one(2).with(3),
            affine: Shape::new(&[1, num_groups, each, 1]),
            centred: true,
            eps,
        };
        plan.apply(self, plan.moments(self.raw()), true, [weight, bias])
    }

    /// `x/(k + alpha·mean x²)^beta`, the mean over `size` neighbouring channels of `[N, C, …]`: PyTorch's
    /// `F.local_response_norm` (Krizhevsky et al. 2012).
    #[track_caller]
    pub fn local_response_norm(&self, size: usize, alpha: f64, beta: f64, k: f64) -> Tensor {
        let op = "local_response_norm";
        check::float(op, self.dtype());
        if self.rank() < 3 || size == 0 {
            check::fail(op, format_args!("input of shape {}, size {size}", self.shape()), "give [N, C, …]");
        }
        let window = Window { size, stride: 1, dilation: 1, padding: [size / 2, (size - 1) / 2] };
        let squares = self.square().movedim(1, -1);
        let mean = squares.window_means("AvgPool3DBackward0", &[window], (size as f64).into());
        self / (mean.movedim(-1, 1) * alpha + k).pow(beta)
    }
}
