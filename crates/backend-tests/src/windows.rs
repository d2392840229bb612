//! Windows laid out, added back and searched, against plain loops and against the composed defaults.

use crate::Tolerance;
use crate::judge::{Allowed, answer, close, near};
use crate::samples::{Noise, Sample, floats, integers, plain, types, upload, views};
use tensor_core::{DType, Device, Scalar, Shape, Window, compose};

fn window(size: usize, stride: usize, dilation: usize, padding: [usize; 2]) -> Window {
    Window { size, stride, dilation, padding }
}

/// Shapes, and windows over the last one, two or three of their dimensions.
fn cases() -> Vec<(Vec<usize>, Vec<Window>)> {
    let square = |w| vec![w, w];
    vec![
        (vec![2, 9], vec![window(3, 2, 1, [1, 1])]),
        (vec![3, 8], vec![window(2, 3, 2, [0, 4])]),
        (vec![4], vec![window(4, 1, 1, [2, 2])]),
        (vec![2, 3, 6, 7], square(window(3, 1, 1, [1, 1]))),
        (vec![2, 3, 8, 6], square(window(2, 2, 1, [0, 0]))),
        (vec![2, 2, 7, 5], vec![window(2, 2, 1, [0, 1]), window(3, 1, 2, [2, 0])]),
        (vec![1, 5, 6], vec![window(1, 2, 1, [0, 0]), window(6, 1, 1, [0, 0])]),
        (vec![3, 7, 9], vec![window(2, 3, 3, [2, 1]), window(3, 2, 2, [2, 2])]),
        (vec![2, 4, 3, 5], vec![window(2, 1, 1, [1, 0]), window(1, 1, 1, [0, 0]), window(3, 2, 1, [1, 1])]),
        (vec![16, 8, 12, 12], square(window(3, 1, 1, [1, 1]))), // enough for threads
        (vec![0, 4], vec![window(2, 1, 1, [0, 0])]),
    ]
}

/// A case with its numbers: planes, their sizes, the places of windows.
struct Case {
    shape: Shape,
    windows: Vec<Window>,
    lead: usize,
    places: Vec<usize>,
}

impl Case {
    fn all() -> impl Iterator<Item = Case> {
        cases().into_iter().map(|(shape, windows)| {
            let lead = shape.len() - windows.len();
            let places = windows.iter().zip(&shape[lead..]).map(|(w, &size)| w.places(size)).collect();
            Case { shape: Shape::new(&shape), windows, lead, places }
        })
    }

    fn sizes(&self) -> &[usize] {
        &self.shape[self.lead..]
    }

    /// `[L…, K…, O…]`
    fn columns(&self) -> Shape {
        let kernel: Vec<usize> = self.windows.iter().map(|w| w.size).collect();
        Shape::new(&[&self.shape[..self.lead], &kernel, &self.places].concat())
    }

    /// `[L…, O…]`
    fn pooled(&self) -> Shape {
        Shape::new(&[&self.shape[..self.lead], &self.places].concat())
    }

    /// For each element of the columns in turn, which of the whole tensor's it is, if it is not padding.
    fn sources(&self) -> Vec<Option<usize>> {
        let (columns, dims) = (self.columns(), self.windows.len());
        let inner: usize = columns[self.lead..].iter().product();
        let plane: usize = self.sizes().iter().product();
        let source = |i: usize| {
            let (mut rest, mut at) = (i % inner, vec![0; 2 * dims]);
            for d in (0..2 * dims).rev() {
                at[d] = rest % columns[self.lead + d];
                rest /= columns[self.lead + d];
            }
            let mut place = i / inner * plane;
            let mut step = plane;
            for (d, (window, &size)) in self.windows.iter().zip(self.sizes()).enumerate() {
                let stands = window.at(at[dims + d], at[d]);
                if stands < 0 || stands >= size as isize {
                    return None;
                }
                step /= size;
                place += stands as usize * step;
            }
            Some(place)
        };
        (0..columns.numel()).map(source).collect()
    }

    /// Where in its plane the first element of the window at a place stands, or the nearest to it: what a window
    /// of nothing but −∞ names.
    fn nearest(&self, mut o: usize) -> usize {
        let (mut at, mut step) = (0, 1);
        for (d, (window, &size)) in self.windows.iter().zip(self.sizes()).enumerate().rev() {
            at += window.at(o % self.places[d], 0).clamp(0, size as isize - 1) as usize * step;
            o /= self.places[d];
            step *= size;
        }
        at
    }

    fn name(&self) -> String {
        format!("{} {:?}", self.shape, self.windows)
    }
}

/// Windows laid out, padding and all.
pub fn unfold(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(60);
    for case in Case::all() {
        let sources = case.sources();
        for dtype in types(device) {
            let pad = if dtype == DType::Bool { Scalar::Bool(true) } else { Scalar::Int(7) };
            for x in views(device, &case.shape, dtype, || plain(dtype, &mut noise)) {
                let padded = |source: &Option<usize>| source.map_or(pad.to_f64(), |place| x.values[place]);
                let want: Vec<f64> = sources.iter().map(padded).collect();
                for (storage, how) in [
                    (device.unfold(x.view(), &case.windows, pad), "own"),
                    (compose::unfold(x.view(), &case.windows, pad), "composed"),
                ] {
                    let got = answer(device, storage, dtype, &case.columns());
                    let what = || format!("{how} unfold of {dtype} {} {}", x.kind, case.name());
                    close(what, &got, &want, dtype, Allowed::EXACT, tolerance);
                }
            }
        }
    }
}

/// Windows added back: near the sums, and the default's to the last bit, since the order is the same.
pub fn fold(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(61);
    for case in Case::all() {
        let sources = case.sources();
        for dtype in floats(device).chain(integers(device)) {
            for x in views(device, &case.columns(), dtype, || noise.between(-90.0, 90.0)) {
                let (mut want, mut scales) = (vec![0.0; case.shape.numel()], vec![0.0; case.shape.numel()]);
                for (source, v) in sources.iter().zip(&x.values) {
                    if let Some(place) = *source {
                        want[place] += v;
                        scales[place] += v.abs();
                    }
                }
                let fold = |storage| answer(device, storage, dtype, &case.shape);
                let own = fold(device.fold(x.view(), &case.windows, case.sizes()));
                let composed = fold(compose::fold(x.view(), &case.windows, case.sizes()));
                let what = || format!("fold of {dtype} {} {}", x.kind, case.name());
                near(what, &own, &want, &scales, dtype, Allowed::ulps(32.0), tolerance);
                assert_eq!(own, composed, "{}: own and composed", what());
            }
        }
    }
}

/// What each window's largest is, and where in its plane.
fn largest(case: &Case, x: &Sample) -> (Vec<f64>, Vec<f64>) {
    let (sources, plane) = (case.sources(), case.sizes().iter().product::<usize>());
    let kernel: usize = case.windows.iter().map(|w| w.size).product();
    let count: usize = case.places.iter().product();
    let best = |i: usize| {
        let (row, o) = (i / count, i % count);
        let elements = (0..kernel).filter_map(|k| sources[(row * kernel + k) * count + o]);
        elements.fold((f64::NEG_INFINITY, case.nearest(o)), |(best, at), place| {
            let v = x.values[place];
            if !best.is_nan() && (v.is_nan() || v > best) { (v, place % plane) } else { (best, at) }
        })
    };
    (0..case.pooled().numel()).map(best).map(|(v, at)| (v, at as f64)).unzip()
}

/// The largest of every window: of few values, so that equal ones meet, NaN among them.
pub fn max_pool(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(62);
    for case in Case::all() {
        for dtype in floats(device) {
            let mut next = || match noise.whole(0, 40) {
                0.0 => f64::NAN,
                v => v - 20.0,
            };
            for x in views(device, &case.shape, dtype, &mut next) {
                let want = largest(&case, &x);
                for (both, how) in [
                    (device.max_pool(x.view(), &case.windows), "own"),
                    (compose::max_pool(x.view(), &case.windows), "composed"),
                ] {
                    if how == "composed" && x.values.is_empty() {
                        continue;
                    }
                    let (values, index) = both.expect("the largest");
                    let what = || format!("{how} max_pool of {dtype} {} {}", x.kind, case.name());
                    let values = answer(device, Ok(values), dtype, &case.pooled());
                    close(what, &values, &want.0, dtype, Allowed::EXACT, tolerance);
                    let index = answer(device, Ok(index), DType::I32, &case.pooled());
                    close(what, &index, &want.1, DType::I32, Allowed::EXACT, tolerance);
                }
            }
        }
    }
}

/// Gradients back to the largest, those of windows of nothing but −∞ too.
pub fn max_pool_grad(device: &Device, tolerance: &Tolerance) {
    let (mut noise, mut grads) = (Noise::new(63), Noise::new(64));
    for case in Case::all().filter(|case| case.shape.numel() > 0) {
        let (plane, count): (usize, usize) = (case.sizes().iter().product(), case.places.iter().product());
        for dtype in floats(device) {
            for bottomless in [false, true] {
                let values: Vec<f64> = (0..case.shape.numel())
                    .map(|_| if bottomless { f64::NEG_INFINITY } else { noise.whole(0, 9) })
                    .collect();
                let x = upload(device, &values, &case.shape, dtype);
                let index = x.max_pool(&case.windows).1;
                let at = index.to_vec::<i32>();
                for g in views(device, &case.pooled(), dtype, || grads.between(-1.0, 1.0)) {
                    let (mut want, mut scales) = (vec![0.0; values.len()], vec![0.0; values.len()]);
                    for (i, (v, &at)) in g.values.iter().zip(&at).enumerate() {
                        want[i / count * plane + at as usize] += v;
                        scales[i / count * plane + at as usize] += v.abs();
                    }
                    let back = |storage| answer(device, storage, dtype, &case.shape);
                    let own = device.max_pool_grad(index.view(), g.view(), &case.windows, case.sizes());
                    let composed =
                        compose::max_pool_grad(index.view(), g.view(), &case.windows, case.sizes());
                    let (own, composed) = (back(own), back(composed));
                    let what =
                        || format!("max_pool_grad of {dtype} {} {} (−∞: {bottomless})", g.kind, case.name());
                    near(what, &own, &want, &scales, dtype, Allowed::ulps(32.0), tolerance);
                    assert_eq!(own, composed, "{}: own and composed", what());
                }
            }
        }
    }
}
