//! Many elements to one, running sums, places of extremes, order.

use crate::Tolerance;
use crate::judge::{Allowed, answer, near};
use crate::reference::total;
use crate::samples::{Noise, SHAPES, Sample, floats, integers, plain, types, upload, views};
use tensor_core::{ArgOp, Axes, DType, Device, ReduceOp, ScanOp, Shape, compose};

/// The values of a sample in runs along `axes`, kept dimensions outermost and row-major.
fn runs(x: &Sample, axes: Axes) -> (Shape, Vec<Vec<f64>>) {
    let shape = x.shape().reduced(axes, false);
    let kept = x.shape().reduced(axes, true);
    let mut out = vec![Vec::new(); shape.numel()];
    let strides = kept.strides();
    let mut at = vec![0; x.shape().rank()];
    for &v in &x.values {
        let place: isize =
            (0..at.len()).filter(|&a| !axes.contains(a)).map(|a| at[a] as isize * strides[a]).sum();
        out[place as usize].push(v);
        for axis in (0..at.len()).rev() {
            at[axis] += 1;
            if at[axis] < x.shape()[axis] {
                break;
            }
            at[axis] = 0;
        }
    }
    (shape, out)
}

/// Every set of at least one dimension.
fn sets(rank: usize) -> Vec<Axes> {
    (1u32..1 << rank).map(|bits| (0..rank).filter(|a| bits >> a & 1 == 1).collect()).collect()
}

fn folded(op: ReduceOp, run: &[f64]) -> f64 {
    match op {
        ReduceOp::Sum => total(run.iter().copied()),
        ReduceOp::Prod => run.iter().product(),
        ReduceOp::Max => run.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        ReduceOp::Min => run.iter().copied().fold(f64::INFINITY, f64::min),
    }
}

/// Many columns side by side, several times, each longer than what is added up at once.
const COLUMNS: &[usize] = &[3, 70, 9];

/// A reduction over every set of dimensions.
pub fn reduce(device: &Device, tolerance: &Tolerance, op: ReduceOp) {
    let adds = matches!(op, ReduceOp::Sum | ReduceOp::Prod);
    let mut noise = Noise::new(30);
    for dtype in types(device).filter(|&d| !adds || !matches!(d, DType::U8 | DType::Bool)) {
        let mut next = || match (op, dtype.is_float()) {
            (ReduceOp::Prod, true) => noise.between(0.8, 1.25),
            (ReduceOp::Prod, false) => noise.whole(-2, 3),
            (_, true) => noise.between(-1.0, 1.0),
            _ => plain(dtype, &mut noise),
        };
        for shape in SHAPES.iter().copied().chain([COLUMNS]) {
            if op == ReduceOp::Prod && !dtype.is_float() && shape.iter().product::<usize>() > 20 {
                continue; // beyond any integer; wrapping is told in `integers_wrap`
            }
            for x in views(device, shape, dtype, &mut next) {
                for axes in sets(shape.len()) {
                    if !adds && axes.iter().any(|a| shape[a] == 0) {
                        continue;
                    }
                    let (kept, runs) = runs(&x, axes);
                    let got = answer(device, device.reduce(op, x.view(), axes), dtype, &kept);
                    let want: Vec<f64> = runs.iter().map(|run| folded(op, run)).collect();
                    let (scales, allowed): (Vec<f64>, _) = match op {
                        ReduceOp::Sum => (
                            runs.iter().map(|run| run.iter().map(|v| v.abs()).sum()).collect(),
                            Allowed::ulps(8.0),
                        ),
                        ReduceOp::Prod => {
                            let length = x.values.len() / runs.len().max(1);
                            (want.clone(), Allowed::ulps(length as f64))
                        }
                        _ => (want.clone(), Allowed::EXACT),
                    };
                    let scales: Vec<f64> = scales.iter().map(|s| s.abs()).collect();
                    let what = || format!("{op:?} of {dtype} {} {} over {axes:?}", x.kind, x.shape());
                    near(what, &got, &want, &scales, dtype, allowed, tolerance);
                }
            }
        }
    }
}

/// Long sums and columns, on several threads: the error stays small.
pub fn threaded_reductions(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(31);
    let (rows, cols) = (519, 521);
    let values: Vec<f64> = (0..rows * cols).map(|_| noise.between(0.0, 1.0)).collect();
    let x = upload(device, &values, &[rows, cols], DType::F32);
    let turned = x.transpose(0, 1);
    let values: Vec<f64> = x.to_vec::<f64>();
    for (view, kind) in [(&x, "contiguous"), (&turned, "transposed")] {
        let shape = *view.shape();
        let at =
            |i: usize, j: usize| if shape[0] == rows { values[i * cols + j] } else { values[j * cols + i] };
        let (m, n) = (shape[0], shape[1]);
        for (axes, kept) in [(Axes::one(0), vec![n]), (Axes::one(1), vec![m]), (Axes::all(2), vec![])] {
            let kept = Shape::new(&kept);
            let got = answer(device, device.reduce(ReduceOp::Sum, view.view(), axes), DType::F32, &kept);
            let want: Vec<f64> = match (axes.contains(0), axes.contains(1)) {
                (true, true) => vec![total(values.iter().copied())],
                (true, false) => (0..n).map(|j| total((0..m).map(|i| at(i, j)))).collect(),
                _ => (0..m).map(|i| total((0..n).map(|j| at(i, j)))).collect(),
            };
            let what = || format!("sum of {kind} {shape} over {axes:?}");
            near(what, &got, &want, &want, DType::F32, Allowed::ulps(8.0), tolerance);
        }
    }
}

fn arg(device: &Device, op: ArgOp) {
    let mut noise = Noise::new(32);
    for dtype in types(device) {
        // Few different values: the first of equal ones counts.
        let mut next = || if dtype == DType::Bool { noise.whole(0, 2) } else { noise.whole(0, 4) };
        for shape in SHAPES.iter().filter(|shape| !shape.contains(&0) || shape.len() > 1) {
            for x in views(device, shape, dtype, &mut next) {
                for axis in (0..shape.len().max(1)).filter(|&a| shape.get(a) != Some(&0)) {
                    let axes = if shape.is_empty() { Axes::NONE } else { Axes::one(axis) };
                    let (kept, runs) = runs(&x, axes);
                    let got = answer(device, device.arg_reduce(op, x.view(), axis), DType::I32, &kept);
                    for (run, &got) in runs.iter().zip(&got) {
                        let pick = if op == ArgOp::Max { ReduceOp::Max } else { ReduceOp::Min };
                        let extreme = folded(pick, run);
                        let want = run.iter().position(|&v| v == extreme).expect("the extreme is there");
                        assert_eq!(got, want as f64, "{op:?} of {dtype} {} {}", x.kind, x.shape());
                    }
                }
            }
        }
    }
}

/// The first place of the largest.
pub fn arg_max(device: &Device, _: &Tolerance) {
    arg(device, ArgOp::Max);
}

/// The first place of the smallest.
pub fn arg_min(device: &Device, _: &Tolerance) {
    arg(device, ArgOp::Min);
}

/// Elements laid out along `axis` last, as the running reductions and sorts see them.
fn lines(x: &Sample, axis: usize) -> Vec<(Vec<usize>, Vec<f64>)> {
    let shape = *x.shape();
    if shape.rank() == 0 {
        return vec![(vec![0], x.values.clone())];
    }
    let (inner, len): (usize, usize) = (shape[axis + 1..].iter().product(), shape[axis]);
    let outer: usize = shape[..axis].iter().product();
    let mut out = Vec::new();
    for o in 0..outer {
        for i in 0..inner {
            let places: Vec<usize> = (0..len).map(|k| (o * len + k) * inner + i).collect();
            let values = places.iter().map(|&p| x.values[p]).collect();
            out.push((places, values));
        }
    }
    out
}

fn running(device: &Device, tolerance: &Tolerance, op: ScanOp) {
    let mut noise = Noise::new(33);
    for dtype in floats(device).chain(integers(device)) {
        let mut next = || match (op, dtype.is_float()) {
            (ScanOp::Prod, true) => noise.between(0.95, 1.05),
            (ScanOp::Prod, false) => noise.whole(-1, 2),
            (_, true) => noise.between(-1.0, 1.0),
            _ => noise.whole(-100, 100),
        };
        for shape in SHAPES {
            for x in views(device, shape, dtype, &mut next) {
                for axis in 0..shape.len().max(1) {
                    let got = answer(device, device.scan(op, x.view(), axis), dtype, x.shape());
                    let (mut want, mut scales) = (vec![0.0; got.len()], vec![0.0; got.len()]);
                    for (places, values) in lines(&x, axis) {
                        let (mut total, mut scale) = (if op == ScanOp::Sum { 0.0 } else { 1.0 }, 0.0);
                        for (place, v) in places.into_iter().zip(values) {
                            total = if op == ScanOp::Sum { total + v } else { total * v };
                            scale += v.abs();
                            (want[place], scales[place]) = (total, scale);
                        }
                    }
                    // Element after element: one rounding each.
                    let length = shape.get(axis).copied().unwrap_or(1) as f64;
                    let allowed = Allowed::ulps((length / 4.0).max(2.0));
                    let what = || format!("{op:?} of {dtype} {} {} along {axis}", x.kind, x.shape());
                    near(what, &got, &want, &scales, dtype, allowed, tolerance);
                }
            }
        }
    }
}

/// Σ so far.
pub fn running_sum(device: &Device, tolerance: &Tolerance) {
    running(device, tolerance, ScanOp::Sum);
}

/// Π so far.
pub fn running_product(device: &Device, tolerance: &Tolerance) {
    running(device, tolerance, ScanOp::Prod);
}

/// Stable in both directions, of every type, with places; NaN is the largest.
pub fn sort(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(34);
    for dtype in types(device) {
        let nan = dtype.is_float() && tolerance.ieee;
        let mut next = || match noise.whole(0, 6) {
            5.0 if nan => f64::NAN,
            v => v.min(if dtype == DType::Bool { 1.0 } else { 9.0 }),
        };
        for shape in SHAPES {
            for x in views(device, shape, dtype, &mut next) {
                for axis in 0..shape.len().max(1) {
                    for descending in [false, true] {
                        let (values, places) = x.tensor.sort(axis, descending);
                        sorted(&x, axis, descending, &values.to_vec(), &places.to_vec());
                        if axis + 1 >= shape.len() {
                            let (values, places) = compose::sort(x.view(), descending).expect("a sort");
                            let values = answer(device, Ok(values), dtype, x.shape());
                            let places = answer(device, Ok(places), DType::I32, x.shape());
                            sorted(&x, axis, descending, &values, &places);
                        }
                    }
                }
            }
        }
    }
}

/// The first of what is sorted, with the same order among equals.
pub fn topk(device: &Device, tolerance: &Tolerance) {
    let mut noise = Noise::new(35);
    let long: &[&[usize]] = &[&[3, 700], &[40_000]];
    for dtype in types(device) {
        let nan = dtype.is_float() && tolerance.ieee;
        let most = if dtype == DType::Bool { 2 } else { 60 };
        let mut next = || match noise.whole(0, 61) {
            60.0 if nan => f64::NAN,
            v => v.min(f64::from(most - 1)),
        };
        for shape in SHAPES.iter().chain(long).filter(|shape| !shape.is_empty()) {
            for x in views(device, shape, dtype, &mut next) {
                for axis in 0..shape.len() {
                    let len = shape[axis];
                    for (k, largest) in [(0, true), (1.min(len), false), (len.min(10), true), (len, false)] {
                        let (values, places) = x.tensor.topk(k, axis, largest);
                        let (all, from) = x.tensor.sort(axis, largest);
                        let what = format!("top {k} of {dtype} {} {} along {axis}", x.kind, x.shape());
                        assert_eq!(places.to_vec::<f64>(), from.narrow(axis, 0, k).to_vec::<f64>(), "{what}");
                        let (got, want) = (values.to_vec::<f64>(), all.narrow(axis, 0, k).to_vec::<f64>());
                        let same = |(a, b): (&f64, &f64)| a == b || a.is_nan() && b.is_nan();
                        assert!(got.len() == want.len() && got.iter().zip(&want).all(same), "{what}");
                        if axis + 1 == shape.len() {
                            let (values, places) = compose::topk(x.view(), k, largest).expect("the first");
                            let shape = x.shape().with(axis, k);
                            let values = answer(device, Ok(values), dtype, &shape);
                            assert!(values.iter().zip(&want).all(same), "composed {what}");
                            let places = answer(device, Ok(places), DType::I32, &shape);
                            assert_eq!(places, from.narrow(axis, 0, k).to_vec::<f64>(), "composed {what}");
                        }
                    }
                }
            }
        }
    }
}

fn sorted(x: &Sample, axis: usize, descending: bool, values: &[f64], places: &[f64]) {
    for (at, line) in lines(x, axis) {
        let mut order: Vec<usize> = (0..line.len()).collect();
        order.sort_by(|&i, &j| {
            let up = line[i].total_cmp(&line[j]);
            if descending { up.reverse() } else { up }
        });
        for (&p, &from) in at.iter().zip(&order) {
            let (got, want) = (values[p], line[from]);
            let what = format!("{} {} along {axis}, descending: {descending}", x.kind, x.shape());
            assert!(got == want || got.is_nan() && want.is_nan(), "{what}: {got}, not {want}");
            assert_eq!(places[p], from as f64, "places of {what}");
        }
    }
}
