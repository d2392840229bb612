//! Convolutions against the sum that defines them, and their gradients against differences.

use autograd::{ConvOptions, Padding, Tensor, gradcheck, gradgradcheck};

/// Irregular numbers, the same on every run.
fn wavy(shape: &[usize], phase: f64) -> Tensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| ((i as f64 + phase) * 1.618).sin()).collect::<Vec<f64>>();
    Tensor::from_vec(values, shape, &backend_cpu::device())
}

fn leaf(shape: &[usize], phase: f64) -> Tensor {
    wavy(shape, phase).requires_grad_(true)
}

/// Every index of a shape, row-major.
fn indices(shape: &[usize]) -> Vec<Vec<usize>> {
    shape.iter().fold(vec![vec![]], |all, &size| {
        all.iter().flat_map(|i| (0..size).map(move |k| [i.clone(), vec![k]].concat())).collect()
    })
}

fn at(shape: &[usize], index: &[usize]) -> usize {
    shape.iter().zip(index).fold(0, |at, (size, i)| at * size + i)
}

/// Calls `f(place in x, place in w, place in y)` for every product in the definition of a convolution of
/// zeros `before` and stride, dilation and groups as in `o`.
fn products<const D: usize>(
    [x, w, y]: [&[usize]; 3],
    o: &ConvOptions<D>,
    before: [usize; D],
    mut f: impl FnMut(usize, usize, usize),
) {
    let (inputs, outputs) = (w[1], w[0] / o.groups);
    for yi in indices(y) {
        for wi in indices(&w[1..]) {
            let channel = yi[1] / outputs * inputs + wi[0];
            let place: Option<Vec<usize>> = (0..D)
                .map(|d| {
                    let at = yi[2 + d] * o.stride[d] + wi[1 + d] * o.dilation[d];
                    at.checked_sub(before[d]).filter(|&at| at < x[2 + d])
                })
                .collect();
            if let Some(place) = place {
                let xi = [vec![yi[0], channel], place].concat();
                f(at(x, &xi), at(w, &[vec![yi[1]], wi].concat()), at(y, &yi));
            }
        }
    }
}

fn close(got: &Tensor, shape: &[usize], want: &[f64], what: &str) {
    assert_eq!(got.shape().dims(), shape, "{what}");
    for (i, (g, w)) in got.to_vec::<f64>().iter().zip(want).enumerate() {
        assert!((g - w).abs() < 1e-11, "{what}, element {i}: {g} is not {w}");
    }
}

/// A convolution of any number of dimensions, by its method.
fn call<const D: usize>(
    x: &Tensor,
    w: &Tensor,
    b: Option<&Tensor>,
    o: ConvOptions<D>,
    transposed: bool,
) -> Tensor {
    if transposed { x.conv_transpose_nd(w, b, o) } else { x.conv_nd(w, b, o) }
}

/// A convolution of `x` and `w` with a bias: values by the definition, gradients by differences.
fn check<const D: usize>(x: [usize; D], channels: [usize; 2], kernel: [usize; D], o: ConvOptions<D>) {
    let what = format!("{x:?} {channels:?} {kernel:?} {o:?}");
    let [inputs, outputs] = channels;
    let xs = [vec![2, inputs], x.to_vec()].concat();
    let ws = [vec![outputs, inputs / o.groups], kernel.to_vec()].concat();
    let (before, total): (Vec<usize>, Vec<usize>) = (0..D)
        .map(|d| match o.padding {
            Padding::Zeros(zeros) => (zeros[d], 2 * zeros[d]),
            Padding::Valid => (0, 0),
            Padding::Same => (o.dilation[d] * (kernel[d] - 1) / 2, o.dilation[d] * (kernel[d] - 1)),
        })
        .unzip();
    let before: [usize; D] = before.try_into().unwrap();
    let places: Vec<usize> =
        (0..D).map(|d| (x[d] + total[d] - o.dilation[d] * (kernel[d] - 1) - 1) / o.stride[d] + 1).collect();
    let ys = [vec![2, outputs], places].concat();
    let (xt, wt, bt) = (leaf(&xs, 0.0), leaf(&ws, 50.0), leaf(&[outputs], 90.0));
    let (xv, wv, bv) = (xt.to_vec::<f64>(), wt.to_vec::<f64>(), bt.to_vec::<f64>());
    let each = ys[2..].iter().product::<usize>();
    let mut want: Vec<f64> = (0..2 * outputs * each).map(|i| bv[i / each % outputs]).collect();
    products([&xs, &ws, &ys], &o, before, |x, w, y| want[y] += xv[x] * wv[w]);
    close(&call(&xt, &wt, Some(&bt), o, false), &ys, &want, &what);
    let f = |t: &[Tensor]| call(&t[0], &t[1], Some(&t[2]), o, false);
    gradcheck(f, &[xt.clone(), wt.clone(), bt.clone()], 1e-7, 1e-6).unwrap_or_else(|e| panic!("{what}: {e}"));
    if xt.numel() < 80 {
        gradgradcheck(f, &[xt, wt, bt], 1e-6, 1e-5).unwrap_or_else(|e| panic!("{what}, second: {e}"));
    }
}

/// A transposed convolution of `y` to the sizes that its options say, by the same definition.
fn check_transposed<const D: usize>(
    y: [usize; D],
    channels: [usize; 2],
    kernel: [usize; D],
    o: ConvOptions<D>,
) {
    let what = format!("transposed {y:?} {channels:?} {kernel:?} {o:?}");
    let [inputs, outputs] = channels;
    let Padding::Zeros(zeros) = o.padding else { panic!("numbers") };
    let ys = [vec![2, inputs], y.to_vec()].concat();
    let ws = [vec![inputs, outputs / o.groups], kernel.to_vec()].concat();
    let sizes: Vec<usize> = (0..D)
        .map(|d| {
            (y[d] - 1) * o.stride[d] + o.dilation[d] * (kernel[d] - 1) + o.output_padding[d] + 1
                - 2 * zeros[d]
        })
        .collect();
    let xs = [vec![2, outputs], sizes].concat();
    let (yt, wt, bt) = (leaf(&ys, 0.0), leaf(&ws, 50.0), leaf(&[outputs], 90.0));
    let (yv, wv, bv) = (yt.to_vec::<f64>(), wt.to_vec::<f64>(), bt.to_vec::<f64>());
    let each = xs[2..].iter().product::<usize>();
    let mut want: Vec<f64> = (0..2 * outputs * each).map(|i| bv[i / each % outputs]).collect();
    products([&xs, &ws, &ys], &o, zeros, |x, w, y| want[x] += yv[y] * wv[w]);
    close(&call(&yt, &wt, Some(&bt), o, true), &xs, &want, &what);
    let f = |t: &[Tensor]| call(&t[0], &t[1], Some(&t[2]), o, true);
    gradcheck(f, &[yt.clone(), wt.clone(), bt.clone()], 1e-7, 1e-6).unwrap_or_else(|e| panic!("{what}: {e}"));
    gradgradcheck(f, &[yt, wt, bt], 1e-6, 1e-5).unwrap_or_else(|e| panic!("{what}, second: {e}"));
}

#[test]
fn convolutions_are_their_definition() {
    check([7], [2, 3], [3], ConvOptions::new());
    check([8], [2, 4], [2], ConvOptions::new().stride(3).padding(1).dilation(2).groups(2));
    check([5], [1, 2], [4], ConvOptions::new().padding("same").dilation(1));
    check([4, 4], [2, 2], [3, 3], ConvOptions::new());
    check([5, 6], [1, 2], [3, 2], ConvOptions::new().stride((2, 1)).padding((1, 0)));
    check([5, 4], [2, 4], [2, 3], ConvOptions::new().padding("same").dilation((3, 1)).groups(2));
    check([4, 4], [3, 3], [3, 3], ConvOptions::new().padding(1).groups(3)); // depthwise
    check([3, 3], [3, 2], [1, 1], ConvOptions::new()); // a matrix product per pixel
    check([6, 5], [2, 2], [1, 1], ConvOptions::new().stride(2).padding("valid"));
    check([3, 3, 4], [2, 2], [2, 2, 2], ConvOptions::new().stride((1, 2, 1)).padding((0, 1, 0)));
}

#[test]
fn transposed_convolutions_are_the_transpose() {
    check_transposed([4], [2, 3], [3], ConvOptions::new().stride(2).padding(1).output_padding(1));
    check_transposed([3], [2, 4], [2], ConvOptions::new().dilation(3).groups(2).output_padding(2)); // past a stride
    check_transposed([3], [1, 1], [3], ConvOptions::new().dilation(2).padding(2).output_padding(1));
    check_transposed(
        [3, 2],
        [2, 2],
        [3, 2],
        ConvOptions::new().stride(2).padding((1, 0)).output_padding((1, 0)),
    );
    check_transposed([2, 3], [2, 2], [2, 2], ConvOptions::new().stride((1, 3)).groups(2));
    check_transposed([2, 1, 2], [1, 2], [2, 2, 1], ConvOptions::new().stride(2));
}

#[test]
fn images_without_a_batch_and_strided_inputs() {
    let (x, w) = (wavy(&[2, 4, 5], 0.0), wavy(&[3, 2, 2, 2], 9.0));
    let one = x.conv2d(&w, None, ());
    assert_eq!(x.conv_nd::<2>(&w, None, ()).to_vec::<f64>(), one.to_vec::<f64>());
    let many = x.unsqueeze(0).conv2d(&w, None, ());
    assert_eq!(one.shape().dims(), [3, 3, 4]);
    assert_eq!(one.to_vec::<f64>(), many.to_vec::<f64>());
    let turned = x.transpose(1, 2).copy().transpose(1, 2);
    assert_eq!(turned.conv2d(&w, None, ()).to_vec::<f64>(), one.to_vec::<f64>());
    assert_eq!(one.grad_fn(), None);
    let w = w.requires_grad_(true);
    assert_eq!(x.conv2d(&w, None, ()).squeeze_dim(0).grad_fn(), Some("SqueezeBackward1"));
    assert_eq!(x.unsqueeze(0).conv2d(&w, None, ()).grad_fn(), Some("ConvolutionBackward0"));
}

#[test]
fn second_derivatives_reach_every_partial() {
    // The gradient of the weight depends on x and on what flows back; all three partials of T are used.
    let f = |t: &[Tensor]| t[0].conv2d(&t[1], None, ConvOptions::new().stride(2).padding(1)).square();
    let inputs = [leaf(&[1, 2, 4, 3], 0.0), leaf(&[2, 2, 3, 3], 30.0)];
    gradcheck(f, &inputs, 1e-6, 1e-5).unwrap();
    gradgradcheck(f, &inputs, 1e-5, 1e-4).unwrap();
}

fn message(f: impl FnOnce()) -> String {
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).unwrap_err();
    panic.downcast_ref::<String>().expect("a message").clone()
}

#[test]
fn mistakes_are_named() {
    let (x, w) = (wavy(&[1, 3, 4, 4], 0.0), wavy(&[2, 2, 3, 3], 0.0));
    let text = message(|| drop(x.conv2d(&w, None, ())));
    assert!(text.contains("input of shape [1, 3, 4, 4] has 3 channels, weight [2, 2, 3, 3]"), "{text}");
    let (x, w) = (wavy(&[1, 2, 2, 4], 0.0), wavy(&[2, 2, 3, 3], 0.0));
    let text = message(|| drop(x.conv2d(&w, None, ())));
    assert!(text.contains("a window of 3 elements does not fit a dimension of 2"), "{text}");
    let (x, w) = (wavy(&[2, 4], 0.0), wavy(&[2, 2, 3, 3], 0.0));
    let text = message(|| drop(x.conv2d(&w, None, ())));
    assert!(text.contains("the input is [N, C, H, W] or [C, H, W]"), "{text}");
}

#[test]
#[should_panic(expected = "conv_transpose1d: an input of shape [1, 2, 0]")]
fn nothing_to_write_from_is_refused() {
    let w = Tensor::ones([2, 1, 3], &backend_cpu::device());
    Tensor::ones([1, 2, 0], &backend_cpu::device()).conv_transpose1d(&w, None, ConvOptions::new().stride(2));
}
