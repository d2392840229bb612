//! Convolutions and their transposes, against plain loops in double precision.

use crate::Tolerance;
use crate::judge::{Allowed, answer, near};
use crate::samples::{Noise, floats, upload, views};
use tensor_core::{DType, Device, RawTensor, Shape, Window, compose};

/// A convolution's sizes.
struct Case {
    /// Samples, channels of the image, channels of the result, groups.
    counts: [usize; 4],
    sizes: Vec<usize>,
    windows: Vec<Window>,
}

fn window(size: usize, stride: usize, dilation: usize, padding: [usize; 2]) -> Window {
    Window { size, stride, dilation, padding }
}

fn cases() -> Vec<Case> {
    let case = |counts, sizes: &[usize], windows: &[Window]| Case {
        counts,
        sizes: sizes.to_vec(),
        windows: windows.to_vec(),
    };
    let (same, bare) = (window(3, 1, 1, [1, 1]), window(3, 1, 1, [0, 0]));
    let (halved, far) = (window(3, 2, 1, [1, 1]), window(2, 3, 2, [0, 4]));
    let (sparse, one) = (window(2, 3, 1, [0, 0]), window(1, 1, 1, [0, 0]));
    vec![
        case([2, 3, 8, 1], &[6, 7], &[same, same]),
        case([3, 4, 5, 1], &[5, 9], &[bare, bare]),
        case([1, 8, 12, 2], &[7, 6], &[halved, window(2, 1, 2, [2, 0])]),
        case([2, 5, 20, 1], &[9], &[far]),
        case([2, 6, 4, 1], &[11, 8], &[sparse, halved]), // elements that no window covers
        case([2, 7, 9, 1], &[4, 5], &[one, one]),
        case([1, 4, 6, 1], &[3, 4, 5], &[window(2, 1, 1, [1, 0]), same, halved]),
        case([3, 6, 6, 6], &[8, 5], &[same, halved]), // a channel each
        case([2, 1, 3, 1], &[6, 6], &[same, same]),
        case([2, 1, 3, 1], &[3, 9], &[halved, same]), // lines of one phase between those of another
        case([1, 2, 2, 2], &[3, 2, 9], &[halved, same, same]),
        case([1, 40, 50, 1], &[6, 5], &[same, same]), // several blocks of k and panels
        case([1, 2, 17, 1], &[27, 23], &[bare, same]), // more places than are summed at once
        case([9, 8, 16, 1], &[8, 8], &[same, same]),  // enough for threads, and an odd number of samples
        case([2, 4, 4, 1], &[3, 1], &[window(3, 1, 1, [2, 2]), window(2, 2, 1, [3, 3])]), // windows on zeros alone
        case([0, 4, 4, 1], &[5, 5], &[same, same]),
        case([2, 0, 4, 1], &[5, 5], &[same, same]),
    ]
}

impl Case {
    fn places(&self) -> Vec<usize> {
        self.windows.iter().zip(&self.sizes).map(|(w, &s)| w.places(s)).collect()
    }

    fn shapes(&self) -> [Shape; 3] {
        let [batch, inputs, outputs, groups] = self.counts;
        let kernel: Vec<usize> = self.windows.iter().map(|w| w.size).collect();
        [
            Shape::new(&[&[batch, inputs], &self.sizes[..]].concat()),
            Shape::new(&[&[outputs, inputs / groups], &kernel[..]].concat()),
            Shape::new(&[&[batch, outputs], &self.places()[..]].concat()),
        ]
    }

    /// For each place and element of a window, where that stands among the sizes if not on padding.
    fn sources(&self) -> Vec<(usize, usize, usize)> {
        let places = self.places();
        let (count, kernel): (usize, usize) =
            (places.iter().product(), self.windows.iter().map(|w| w.size).product());
        let source = |o: usize, k: usize| {
            let (mut o, mut k, mut at, mut step) = (o, k, 0, 1);
            for ((window, &size), &places) in self.windows.iter().zip(&self.sizes).zip(&places).rev() {
                let stands = window.at(o % places, k % window.size);
                if stands < 0 || stands >= size as isize {
                    return None;
                }
                at += stands as usize * step;
                (o, k, step) = (o / places, k / window.size, step * size);
            }
            Some(at)
        };
        let pairs = (0..count).flat_map(|o| (0..kernel).map(move |k| (o, k)));
        pairs.filter_map(|(o, k)| source(o, k).map(|s| (o, k, s))).collect()
    }

    /// Calls `f` with the elements of the image, the weights and the result that meet in each product.
    fn products(&self, mut f: impl FnMut(usize, usize, usize)) {
        let [batch, inputs, outputs, groups] = self.counts;
        let (plane, count): (usize, usize) = (self.sizes.iter().product(), self.places().iter().product());
        let kernel: usize = self.windows.iter().map(|w| w.size).product();
        let (per_in, per_out, sources) = (inputs / groups, outputs / groups, self.sources());
        for n in 0..batch {
            for m in 0..outputs {
                for c in 0..per_in {
                    let channel = n * inputs + m / per_out * per_in + c;
                    for &(o, k, s) in &sources {
                        f(channel * plane + s, (m * per_in + c) * kernel + k, (n * outputs + m) * count + o);
                    }
                }
            }
        }
    }
}

/// Sums of products and of their magnitudes, `which` picking the target and the factors of each.
fn sums(
    case: &Case,
    len: usize,
    which: impl Fn(usize, usize, usize) -> (usize, f64),
) -> (Vec<f64>, Vec<f64>) {
    let (mut want, mut scales) = (vec![0.0; len], vec![0.0; len]);
    case.products(|x, w, y| {
        let (at, product) = which(x, w, y);
        want[at] += product;
        scales[at] += product.abs();
    });
    (want, scales)
}

/// The convolution with and without a bias, and its transposes in the input and in the weights, of every layout.
pub fn convolutions(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(65);
    for case in cases() {
        let ([x, w, y], groups) = (case.shapes(), case.counts[3]);
        let name = format!("{:?} {:?} {:?}", case.counts, case.sizes, case.windows);
        for dtype in floats(device) {
            let mut all = |shape: &Shape| views(device, shape, dtype, || noise.between(-1.0, 1.0));
            let (xs, ws, ys) = (all(&x), all(&w), all(&y));
            let b: Vec<f64> = ws[0].values.iter().copied().chain(std::iter::repeat(0.5)).take(w[0]).collect();
            let bias = upload(device, &b, &[w[0]], dtype);
            for i in 0..xs.len() {
                let (x_, w_, y_) = (&xs[i], &ws[i % ws.len()], &ys[(i + 1) % ys.len()]);
                let (xv, wv, yv) = (&x_.values, &w_.values, &y_.values);
                let count: usize = case.places().iter().product();
                let judge = |op: &str, storage, shape: &Shape, (want, scales): &(Vec<f64>, Vec<f64>)| {
                    let got = answer(device, storage, dtype, shape);
                    let what = || format!("{op} of {dtype} {} {name}", x_.kind);
                    near(what, &got, want, scales, dtype, Allowed::ulps(64.0), tolerance);
                };
                let forward = sums(&case, y.numel(), |x, w, y| (y, xv[x] * wv[w]));
                let (mut more, mut scales) = forward.clone();
                for (j, v) in more.iter_mut().enumerate() {
                    *v += b[j / count % w[0]];
                    scales[j] += b[j / count % w[0]].abs();
                }
                let shifted = (more, scales);
                let (xx, ww, yy) = (x_.view(), w_.view(), y_.view());
                judge("own conv", device.conv(xx, ww, None, &case.windows, groups), &y, &forward);
                let with = device.conv(xx, ww, Some(bias.view()), &case.windows, groups);
                judge("own conv with bias", with, &y, &shifted);
                let input = sums(&case, x.numel(), |x, w, y| (x, wv[w] * yv[y]));
                let own = device.conv_input(yy, ww, &case.windows, groups, &case.sizes);
                judge("own conv_input", own, &x, &input);
                let weight = sums(&case, w.numel(), |x, w, y| (w, xv[x] * yv[y]));
                judge("own conv_weight", device.conv_weight(xx, yy, &case.windows, groups), &w, &weight);
                if i > 0 || x.numel() == 0 {
                    continue;
                }
                judge("composed conv", compose::conv(xx, ww, None, &case.windows, groups), &y, &forward);
                let with = compose::conv(xx, ww, Some(bias.view()), &case.windows, groups);
                judge("composed conv with bias", with, &y, &shifted);
                let composed = compose::conv_input(yy, ww, &case.windows, groups, &case.sizes);
                judge("composed conv_input", composed, &x, &input);
                let composed = compose::conv_weight(xx, yy, &case.windows, groups);
                judge("composed conv_weight", composed, &w, &weight);
            }
        }
    }
}

/// A sample convolved alone has the bits that it has in a batch.
pub fn convolved_alone(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(66);
    let mut numbers = |shape: &[usize]| {
        let values: Vec<f64> = (0..shape.iter().product()).map(|_| noise.between(-1.0, 1.0)).collect();
        upload(device, &values, shape, DType::F32)
    };
    let (x, w) = (numbers(&[33, 5, 9, 8]), numbers(&[19, 5, 3, 3]));
    let windows = [window(3, 1, 1, [1, 1]), window(3, 2, 1, [0, 1])];
    let whole = x.conv(&w, None, &windows, 1);
    let back = whole.conv_input(&w, &windows, 1, &x.shape()[2..]);
    let bits = |t: RawTensor| t.copy().to_vec::<f32>();
    for n in [0, 7, 32] {
        let y = x.narrow(0, n, 1).conv(&w, None, &windows, 1);
        assert_eq!(bits(y.clone()), bits(whole.narrow(0, n, 1)), "sample {n}");
        let back_alone = y.conv_input(&w, &windows, 1, &x.shape()[2..]);
        assert_eq!(bits(back_alone), bits(back.narrow(0, n, 1)), "gradient of sample {n}");
    }
}

/// An infinite number in the image reaches those weights' gradients whose windows cover it, and no other's.
pub fn infinite_images(device: &Device, _: &Tolerance) {
    let [width, kernel] = [20, 3];
    for (channels, outputs, groups) in [(3, 3, 3), (2, 1, 1)] {
        for at in [0, width - 1, width * width - 1] {
            let mut image = vec![1.0f32; 2 * channels * width * width];
            image[at] = f32::INFINITY;
            let x = RawTensor::from_host(&image.into(), Shape::new(&[2, channels, width, width]), device);
            let places = width - kernel + 1;
            let y = RawTensor::full(Shape::new(&[2, outputs, places, places]), 1, DType::F32, device);
            let bare = window(kernel, 1, 1, [0, 0]);
            let weights = x.expect("room for an image").conv_weight(&y, &[bare, bare], groups);
            let got = weights.to_vec::<f32>().into_iter().map(f64::from);
            // Corner elements of the window alone ever stand on a corner of the image.
            let covers = [(0, 0), (width - 1, kernel - 1), (width * width - 1, kernel * kernel - 1)];
            let (_, element) = covers.into_iter().find(|&(corner, _)| corner == at).expect("a corner");
            for (i, value) in got.enumerate() {
                let want = if i == element { f64::INFINITY } else { (2 * places * places) as f64 };
                assert_eq!(value, want, "{channels} channels, corner {at}, weight {i}");
            }
        }
    }
}
