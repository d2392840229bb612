//! Poolings, unfolding and folding against plain loops, and their gradients against differences.

use autograd::{PoolOptions, Tensor, gradcheck, gradgradcheck};
use tensor_core::DType;

/// Irregular numbers, no two equal, the same on every run.
fn wavy(shape: &[usize], phase: f64) -> Tensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| ((i as f64 + phase) * 1.618).sin()).collect::<Vec<f64>>();
    Tensor::from_vec(values, shape, &backend_cpu::device())
}

fn leaf(shape: &[usize], phase: f64) -> Tensor {
    wavy(shape, phase).requires_grad_(true)
}

fn close(got: &Tensor, want: &[f64], what: &str) {
    let got = got.to_vec::<f64>();
    assert_eq!(got.len(), want.len(), "{what}");
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() < 1e-12, "{what}, element {i}: {g} is not {w}");
    }
}

fn smooth(what: &str, f: impl Fn(&[Tensor]) -> Tensor, x: Tensor) {
    gradcheck(&f, std::slice::from_ref(&x), 1e-7, 1e-6).unwrap_or_else(|e| panic!("{what}: {e}"));
    gradgradcheck(|t| f(t).square(), &[x], 1e-6, 1e-5).unwrap_or_else(|e| panic!("{what}, second: {e}"));
}

/// PyTorch's number of places, from its documentation: the last window must start inside the input or
/// the padding before it.
fn places(len: usize, o: &PoolOptions<1>) -> usize {
    let (kernel, stride, padding) = (o.kernel_size[0], o.stride[0], o.padding[0]);
    let span = o.dilation[0] * (kernel - 1) + 1;
    let mut count = (len + 2 * padding - span) / stride + 1;
    if o.ceil_mode && !(len + 2 * padding - span).is_multiple_of(stride) && count * stride < len + padding {
        count += 1;
    }
    count
}

/// The values and indices of every window of a line, by place.
fn line_windows(len: usize, o: &PoolOptions<1>) -> Vec<Vec<isize>> {
    (0..places(len, o))
        .map(|p| {
            let start = (p * o.stride[0]) as isize - o.padding[0] as isize;
            (0..o.kernel_size[0]).map(|k| start + (k * o.dilation[0]) as isize).collect()
        })
        .collect()
}

#[test]
fn lines_pool_as_their_windows_say() {
    let options = [
        PoolOptions::new(2),
        PoolOptions::new(3).stride(2),
        PoolOptions::new(3).stride(2).padding(1),
        PoolOptions::new(2).stride(3).ceil_mode(true),
        PoolOptions::new(3).stride(2).padding(1).ceil_mode(true),
        PoolOptions::new(4).stride(3).padding(2).ceil_mode(true).count_include_pad(false),
        PoolOptions::new(3).stride(1).padding(1).count_include_pad(false),
        PoolOptions::new(3).stride(2).divisor_override(7),
    ];
    for len in [5, 6, 7, 8] {
        for o in options {
            let what = format!("{len} {o:?}");
            let x = leaf(&[2, 3, len], len as f64);
            let values = x.to_vec::<f64>();
            let (mut max, mut index, mut avg) = (Vec::new(), Vec::new(), Vec::new());
            for row in values.chunks(len) {
                for window in line_windows(len, &o) {
                    let inside: Vec<usize> = window
                        .iter()
                        .filter(|i| (0..len as isize).contains(i))
                        .map(|&i| i as usize)
                        .collect();
                    let best = *inside.iter().max_by(|a, b| row[**a].total_cmp(&row[**b])).unwrap();
                    max.push(row[best]);
                    index.push(best as i32);
                    let padded = window.iter().filter(|&&i| i < (len + o.padding[0]) as isize).count();
                    let count = if o.count_include_pad { padded } else { inside.len() };
                    let sum: f64 = inside.iter().map(|&i| row[i]).sum();
                    avg.push(sum / o.divisor_override.unwrap_or(count) as f64);
                }
            }
            let (values, places) = x.max_pool1d_with_indices(o);
            close(&values, &max, &what);
            assert_eq!(places.to_vec::<i32>(), index, "{what}");
            close(&x.avg_pool1d(o), &avg, &what);
            smooth(&what, |t| t[0].max_pool1d(o), x.clone());
            smooth(&what, |t| t[0].avg_pool1d(o), x);
        }
    }
}

#[test]
fn images_pool_in_both_directions() {
    // An average over a rectangle is the average over columns of the averages over rows.
    let x = leaf(&[2, 2, 5, 7], 3.0);
    let o = PoolOptions::new((2, 3)).stride((1, 2)).padding((1, 1));
    let rows =
        x.reshape(vec![20, 7]).avg_pool1d(PoolOptions::new(3).stride(2).padding(1)).reshape(vec![2, 2, 5, 4]);
    let cols = rows.transpose(2, 3).reshape(vec![16, 5]).avg_pool1d(PoolOptions::new(2).stride(1).padding(1));
    let want = cols.reshape(vec![2, 2, 4, 6]).transpose(2, 3).to_vec::<f64>();
    close(&x.avg_pool2d(o), &want, "avg_pool2d");
    smooth("avg_pool2d", |t| t[0].avg_pool2d(o), x.clone());
    smooth("max_pool2d", |t| t[0].max_pool2d(o.dilation((2, 1))), x.clone());
    assert_eq!(x.max_pool2d(2).shape().dims(), [2, 2, 2, 3]);
    assert_eq!(x.select(0, 1).max_pool2d(2).to_vec::<f64>(), x.max_pool2d(2).select(0, 1).to_vec::<f64>());
    assert_eq!(x.max_pool2d(2).grad_fn(), Some("MaxPool2DWithIndicesBackward0"));
    assert_eq!(x.avg_pool2d(2).grad_fn(), Some("AvgPool2DBackward0"));
}

#[test]
fn equal_elements_give_the_gradient_to_the_first() {
    let x = Tensor::ones([1, 1, 2, 4], (DType::F64, &backend_cpu::device())).requires_grad_(true);
    x.max_pool2d(2).sum().backward();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), [1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}

#[test]
fn adaptive_poolings_divide_as_evenly_as_they_can() {
    let x = leaf(&[1, 2, 5, 7], 2.0);
    let values = x.to_vec::<f64>();
    for (height, width) in [(5usize, 7usize), (1, 1), (2, 3), (3, 7), (5, 2), (7, 4)] {
        let what = format!("{height}×{width}");
        let (mut avg, mut max, mut index) = (Vec::new(), Vec::new(), Vec::new());
        for plane in values.chunks(35) {
            for (i, j) in (0..height).flat_map(|i| (0..width).map(move |j| (i, j))) {
                let rows = i * 5 / height..((i + 1) * 5).div_ceil(height);
                let cols = j * 7 / width..((j + 1) * 7).div_ceil(width);
                let places: Vec<usize> = rows.flat_map(|r| cols.clone().map(move |c| r * 7 + c)).collect();
                avg.push(places.iter().map(|&p| plane[p]).sum::<f64>() / places.len() as f64);
                let best = *places.iter().max_by(|a, b| plane[**a].total_cmp(&plane[**b])).unwrap();
                max.push(plane[best]);
                index.push(best as i32);
            }
        }
        close(&x.adaptive_avg_pool2d((height, width)), &avg, &what);
        let (values, places) = x.adaptive_max_pool2d_with_indices((height, width));
        close(&values, &max, &what);
        assert_eq!(places.to_vec::<i32>(), index, "{what}");
        smooth(&what, |t| t[0].adaptive_avg_pool2d((height, width)), x.clone());
        smooth(&what, |t| t[0].adaptive_max_pool2d((height, width)), x.clone());
    }
    assert_eq!(x.select(0, 0).adaptive_avg_pool1d(3).shape().dims(), [2, 5, 3]);
}

#[test]
fn unpooling_puts_the_largest_back() {
    let x = wavy(&[1, 1, 4, 4], 5.0);
    let (values, index) = x.max_pool2d_with_indices(2);
    let back = values.max_unpool2d(&index, 2, None).to_vec::<f64>();
    for (i, (b, x)) in back.iter().zip(x.to_vec::<f64>()).enumerate() {
        let kept = index.to_vec::<i32>().contains(&(i as i32));
        assert_eq!(*b, if kept { x } else { 0.0 }, "element {i}");
    }
    // Overlapping windows that share their largest write it once.
    let peak = Tensor::from_vec(vec![0.0, 9.0, 0.0], [1, 1, 3], &backend_cpu::device());
    let o = PoolOptions::new(2).stride(1);
    let (values, index) = peak.max_pool1d_with_indices(o);
    assert_eq!(values.max_unpool1d(&index, o, None).to_vec::<f64>(), [0.0, 9.0, 0.0]);
    let (values, index) = leaf(&[2, 6], 1.0).max_pool1d_with_indices(2);
    smooth("unpool", move |t| t[0].max_unpool1d(&index, 2, Some([7])), values.detach().requires_grad_(true));
}

#[test]
fn unfolding_shows_windows_and_folding_adds_them_up() {
    let x = leaf(&[2, 5], 1.0);
    let view = x.unfold(1, 3, 2);
    assert_eq!(view.shape().dims(), [2, 2, 3]);
    assert!(view.raw().buffer().same(x.raw().buffer()), "no copy");
    let v = x.to_vec::<f64>();
    close(&view, &[v[0], v[1], v[2], v[2], v[3], v[4], v[5], v[6], v[7], v[7], v[8], v[9]], "unfold");
    smooth("unfold", |t| t[0].unfold(0, 2, 1).unfold(1, 2, 2), leaf(&[3, 5], 4.0));

    let image = leaf(&[1, 2, 3, 4], 2.0);
    let cols = image.im2col((2, 3), 1, 0, 1);
    assert_eq!(cols.shape().dims(), [1, 12, 4]);
    // Row c·6 + i·3 + j, column p·2 + q is element (c, p + i, q + j).
    let (flat, pixels) = (cols.to_vec::<f64>(), image.to_vec::<f64>());
    for (row, col) in (0..12).flat_map(|r| (0..4).map(move |c| (r, c))) {
        let (c, i, j, p, q) = (row / 6, row % 6 / 3, row % 3, col / 2, col % 2);
        assert_eq!(flat[row * 4 + col], pixels[c * 12 + (p + i) * 4 + q + j]);
    }
    // Each pixel comes back as often as it is in windows.
    let ones = image.ones_like();
    let times = ones.im2col((2, 3), 1, 0, 1).col2im((3, 4), (2, 3), 1, 0, 1);
    let back = image.im2col((2, 3), 1, 0, 1).col2im((3, 4), (2, 3), 1, 0, 1);
    close(&back, &(&image * times).to_vec::<f64>(), "fold of unfold");
    smooth("im2col", |t| t[0].im2col(2, 2, 1, 2), image);
    smooth("col2im", |t| t[0].col2im((4, 3), 2, 1, 1, 2), leaf(&[1, 8, 6], 3.0));
}

#[test]
#[should_panic(expected = "padding 2 of a window of 3")]
fn padding_is_at_most_half_a_window() {
    wavy(&[1, 1, 8], 0.0).max_pool1d(PoolOptions::new(3).padding(2));
}

#[test]
fn with_ceil_mode_a_window_may_be_longer_than_all_there_is() {
    let x = Tensor::from_vec(vec![1.0, 3.0], [1, 2], &backend_cpu::device());
    let reaching = PoolOptions::new(3).ceil_mode(true);
    assert_eq!(x.max_pool1d(reaching).to_vec::<f64>(), [3.0]);
    assert_eq!(x.avg_pool1d(reaching).to_vec::<f64>(), [2.0], "what lies beyond the end does not count");
    // Two strides short of a window, there is no place.
    let far = std::panic::catch_unwind(|| x.max_pool1d(PoolOptions::new(4).stride(1).ceil_mode(true)));
    assert!(far.is_err());
}
