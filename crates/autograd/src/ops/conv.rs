//! Convolutions, and transposed ones.
//!
//! With `T(x, w, y) = Σ y·conv(x, w)`, linear in each of its three arguments, there are three
//! operations: the convolution, its transpose in the input (which is the transposed convolution) and
//! its transpose in the weight. The gradients of each are the other two, so the rules below are closed
//! under differentiation.

use super::sliding::{ConvOptions, Padding};
use super::window::{fits, windows};
use crate::graph::{Keep, record, record_many};
use crate::tensor::Tensor;
use tensor_core::{Axes, BinaryOp, RawTensor, Window, check};

/// A checked convolution.
#[derive(Clone)]
struct Conv {
    windows: Vec<Window>,
    groups: usize,
}

/// A number per channel over `[N, C, …]`.
fn per_channel(y: RawTensor, bias: Option<&Tensor>) -> RawTensor {
    let Some(bias) = bias else { return y };
    let mut shape = tensor_core::Shape::new(&vec![1; y.rank()]);
    shape.dims_mut()[1] = bias.numel();
    y.binary(BinaryOp::Add, &bias.raw().reshape(&shape))
}

/// The gradient of such a number.
fn channel_sums(g: &Tensor) -> Tensor {
    g.sum_axes((0..g.rank()).filter(|&a| a != 1).collect::<Axes>(), false)
}

impl Conv {
    /// `conv(x, w)`, and a bias.
    #[track_caller]
    fn forward(&self, x: &Tensor, w: &Tensor, bias: Option<&Tensor>) -> Tensor {
        let y = x.raw().conv(w.raw(), bias.map(Tensor::raw), &self.windows, self.groups);
        let (conv, sizes, has_bias) = (self.clone(), x.shape()[2..].to_vec(), bias.is_some());
        let mut inputs = vec![x, w];
        inputs.extend(bias);
        record_many("ConvolutionBackward0", &inputs, Keep::BOTH, y, move |ctx, g| {
            let mut grads = vec![
                ctx.needs(0).then(|| conv.input(g, &ctx.input(1), sizes.clone(), None)),
                ctx.needs(1).then(|| conv.weight(&ctx.input(0), g)),
            ];
            if has_bias {
                grads.push(ctx.needs(2).then(|| channel_sums(g)));
            }
            grads
        })
    }

    /// The transpose in the input, to `[N, C, sizes…]`, and a bias.
    #[track_caller]
    fn input(&self, y: &Tensor, w: &Tensor, sizes: Vec<usize>, bias: Option<&Tensor>) -> Tensor {
        let x = per_channel(y.raw().conv_input(w.raw(), &self.windows, self.groups, &sizes), bias);
        let (conv, has_bias) = (self.clone(), bias.is_some());
        let mut inputs = vec![y, w];
        inputs.extend(bias);
        record_many("ConvolutionBackward0", &inputs, Keep::BOTH, x, move |ctx, g| {
            let mut grads = vec![
                ctx.needs(0).then(|| conv.forward(g, &ctx.input(1), None)),
                ctx.needs(1).then(|| conv.weight(g, &ctx.input(0))),
            ];
            if has_bias {
                grads.push(ctx.needs(2).then(|| channel_sums(g)));
            }
            grads
        })
    }

    /// The transpose in the weight, to `[M, C/G, K…]`.
    #[track_caller]
    fn weight(&self, x: &Tensor, y: &Tensor) -> Tensor {
        let w = x.raw().conv_weight(y.raw(), &self.windows, self.groups);
        let (conv, sizes) = (self.clone(), x.shape()[2..].to_vec());
        record("ConvolutionBackwardBackward0", [x, y], Keep::BOTH, w, move |ctx, g| {
            [
                ctx.needs(0).then(|| conv.input(&ctx.input(1), g, sizes.clone(), None)),
                ctx.needs(1).then(|| conv.forward(&ctx.input(0), g, None)),
            ]
        })
    }
}

/// Checks what both kinds share: `channels` of the input are those of the weight.
#[track_caller]
fn checked<const D: usize>(op: &str, x: &Tensor, w: &Tensor, channels: usize, groups: usize) {
    let sizes = ["L", "H, W", "D, H, W"][D - 1];
    if x.rank() != D + 2 || w.rank() != D + 2 {
        check::fail(
            op,
            format_args!("input of shape {} and weight of shape {}", x.shape(), w.shape()),
            format_args!("the input is [N, C, {sizes}] or [C, {sizes}], the weight has {} dimensions", D + 2),
        );
    }
    if groups == 0 || !w.shape()[0].is_multiple_of(groups) {
        check::fail(
            op,
            format_args!("weight of shape {} in {groups} groups", w.shape()),
            "the groups must divide it",
        );
    }
    if x.shape()[1] != channels {
        check::fail(
            op,
            format_args!(
                "input of shape {} has {} channels, weight {} in {groups} groups takes {channels}",
                x.shape(),
                x.shape()[1],
                w.shape()
            ),
            format_args!("the input is [N, {channels}, {sizes}]"),
        );
    }
    check::float(op, x.dtype());
    if x.dtype() != w.dtype() {
        check::fail(
            op,
            format_args!("the input is {}, the weight {}", x.dtype(), w.dtype()),
            format_args!("convert the input with .to_dtype(DType::{:?})", w.dtype()),
        );
    }
    x.raw().same_device(op, w.raw());
}

#[track_caller]
fn bias_fits(op: &str, bias: Option<&Tensor>, channels: usize, like: &Tensor) {
    let Some(b) = bias else { return };
    if *b.shape() != [channels] || b.dtype() != like.dtype() {
        check::fail(
            op,
            format_args!(
                "bias of shape {} and {} for {channels} channels of {}",
                b.shape(),
                b.dtype(),
                like.dtype()
            ),
            format_args!("the bias is [{channels}], of the weight's type"),
        );
    }
    like.raw().same_device(op, b.raw());
}

#[track_caller]
fn conv<const D: usize>(x: &Tensor, w: &Tensor, bias: Option<&Tensor>, options: ConvOptions<D>) -> Tensor {
    if x.rank() == D + 1 {
        return conv(&x.unsqueeze(0), w, bias, options).squeeze_dim(0);
    }
    let op = ["conv1d", "conv2d", "conv3d"][D - 1];
    let channels = w.shape().get(1).copied().unwrap_or(0) * options.groups;
    checked::<D>(op, x, w, channels, options.groups);
    bias_fits(op, bias, w.shape()[0], w);
    let kernel: [usize; D] = std::array::from_fn(|i| w.shape()[2 + i]);
    let zeros = if let Padding::Zeros(zeros) = options.padding { zeros } else { [0; D] };
    let mut windows = windows(op, kernel, options.stride, zeros, options.dilation);
    if options.padding == Padding::Same {
        if options.stride != [1; D] {
            check::fail(
                op,
                format_args!("padding \"same\" with a stride of {:?}", options.stride),
                "use a stride of 1",
            );
        }
        for window in &mut windows {
            let total = window.span() - 1;
            window.padding = [total / 2, total - total / 2];
        }
    }
    if options.output_padding != [0; D] {
        check::fail(op, "output_padding is for transposed convolutions", "leave it out");
    }
    fits(op, &windows, x);
    Conv { windows: windows.to_vec(), groups: options.groups }.forward(x, w, bias)
}

#[track_caller]
fn conv_transpose<const D: usize>(
    x: &Tensor,
    w: &Tensor,
    bias: Option<&Tensor>,
    options: ConvOptions<D>,
) -> Tensor {
    if x.rank() == D + 1 {
        return conv_transpose(&x.unsqueeze(0), w, bias, options).squeeze_dim(0);
    }
    let op = ["conv_transpose1d", "conv_transpose2d", "conv_transpose3d"][D - 1];
    checked::<D>(op, x, w, w.shape().first().copied().unwrap_or(0), options.groups);
    bias_fits(op, bias, w.shape()[1] * options.groups, w);
    let kernel: [usize; D] = std::array::from_fn(|i| w.shape()[2 + i]);
    let zeros = match options.padding {
        Padding::Zeros(zeros) => zeros,
        Padding::Valid => [0; D],
        Padding::Same => check::fail(op, "padding \"same\" is for convolutions", "give numbers"),
    };
    let mut windows = windows(op, kernel, options.stride, zeros, options.dilation);
    let mut sizes = Vec::with_capacity(D);
    for (i, window) in windows.iter_mut().enumerate() {
        let (places, extra) = (x.shape()[2 + i], options.output_padding[i]);
        if places == 0 {
            check::fail(
                op,
                format!("an input of shape {}", x.shape()),
                "give at least one place to write from",
            );
        }
        if extra >= window.stride.max(window.dilation) {
            check::fail(
                op,
                format_args!(
                    "output_padding {extra} with a stride of {} and a dilation of {}",
                    window.stride, window.dilation
                ),
                "it must be smaller than one of them",
            );
        }
        // What a convolution that gave `places` may have had as its input.
        let whole = places.saturating_sub(1) * window.stride + window.span() + extra;
        if whole <= 2 * window.padding[0] {
            check::fail(
                op,
                format_args!("padding {} leaves nothing of {whole}", window.padding[0]),
                "use less padding",
            );
        }
        sizes.push(whole - 2 * window.padding[0]);
    }
    let conv = Conv { windows: windows.to_vec(), groups: options.groups };
    if (0..D).all(|i| windows[i].places(sizes[i]) == x.shape()[2 + i]) {
        return conv.input(x, w, sizes, bias);
    }
    // An output_padding of a stride or more, where that convolution would have had more places: fold to
    // where the last windows end, and cut there or add zeros.
    let mut bare = conv;
    let mut reached = Vec::with_capacity(D);
    for (window, &places) in bare.windows.iter_mut().zip(&x.shape()[2..]) {
        window.padding[1] = 0;
        reached.push((places - 1) * window.stride + window.span() - window.padding[0]);
    }
    let mut out = bare.input(x, w, reached.clone(), None);
    let mut zeros = Vec::with_capacity(2 * D);
    for i in (0..D).rev() {
        out = out.narrow(2 + i as isize, 0, sizes[i].min(reached[i]));
        zeros.extend([0, sizes[i].saturating_sub(reached[i])]);
    }
    let out = out.pad(&zeros, 0.0);
    bias.map_or_else(
        || out.clone(),
        |b| {
            let mut shape = vec![1; D + 2];
            shape[1] = b.numel();
            &out + b.reshape(shape)
        },
    )
}

impl Tensor {
    /// The convolution of `D` dimensions, one to three: see [`Tensor::conv2d`].
    #[track_caller]
    pub fn conv_nd<const D: usize>(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        options: impl Into<ConvOptions<D>>,
    ) -> Tensor {
        conv(self, weight, bias, options.into())
    }

    /// The transposed convolution of `D` dimensions, one to three: see [`Tensor::conv_transpose2d`].
    #[track_caller]
    pub fn conv_transpose_nd<const D: usize>(
        &self,
        weight: &Tensor,
        bias: Option<&Tensor>,
        options: impl Into<ConvOptions<D>>,
    ) -> Tensor {
        conv_transpose(self, weight, bias, options.into())
    }
}

/// The methods of one number of dimensions.
macro_rules! methods {
    ($($conv:ident, $transpose:ident, $d:literal, $x:literal, $w:literal, $wt:literal;)+) => {
        impl Tensor {$(
            #[doc = concat!(
                "The cross-correlation with filters: `", $x, "`, weight `", $w, "`, bias `[M]`: PyTorch's `F.",
                stringify!($conv), "`. Options are a [`ConvOptions`] or `()`.\n\n# Panics\nWhen shapes, types or ",
                "groups do not fit each other, or the kernel is longer than the padded input.",
            )]
            #[track_caller]
            pub fn $conv(
                &self,
                weight: &Tensor,
                bias: Option<&Tensor>,
                options: impl Into<ConvOptions<$d>>,
            ) -> Tensor {
                self.conv_nd(weight, bias, options)
            }

            #[doc = concat!(
                "The transpose of [`Tensor::", stringify!($conv), "`] in its input: `", $x, "`, weight `", $wt,
                "`, bias `[M]`: PyTorch's `F.", stringify!($transpose), "`.\n\n# Panics\nAs it, and for an ",
                "`output_padding` that is smaller than neither stride nor dilation.",
            )]
            #[track_caller]
            pub fn $transpose(
                &self,
                weight: &Tensor,
                bias: Option<&Tensor>,
                options: impl Into<ConvOptions<$d>>,
            ) -> Tensor {
                self.conv_transpose_nd(weight, bias, options)
            }
        )+}
    };
}
methods! {
    conv1d, conv_transpose1d, 1, "[N, C, L]", "[M, C/groups, k]", "[C, M/groups, k]";
    conv2d, conv_transpose2d, 2, "[N, C, H, W]", "[M, C/groups, kh, kw]", "[C, M/groups, kh, kw]";
    conv3d, conv_transpose3d, 3, "[N, C, D, H, W]", "[M, C/groups, kd, kh, kw]", "[C, M/groups, kd, kh, kw]";
}
