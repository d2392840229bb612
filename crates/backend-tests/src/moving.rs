//! Moving elements: up, down, between views and types, and by index.

use crate::Tolerance;
use crate::judge::answer;
use crate::samples::{Noise, SHAPES, Sample, all_views, doubles, floats, host, plain, types, upload, views};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use tensor_core::{DType, Device, HostData, Layout, RawTensor, Scalar, Shape, View, compose};

/// It has a name, the types every backend must have, and answers `sync`.
pub fn name_and_types(device: &Device, _: &Tolerance) {
    assert!(!device.name().is_empty());
    for dtype in [DType::F32, DType::I32, DType::U8, DType::Bool] {
        assert!(device.supports(dtype), "every backend has {dtype}");
    }
    device.sync().expect("sync");
}

/// What goes up comes down the same, through every view.
pub fn upload_download(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(20);
    for dtype in types(device) {
        for x in all_views(device, dtype, || plain(dtype, &mut noise)) {
            let data = device.download(x.view()).expect("a download");
            assert_eq!(data.dtype(), dtype);
            assert_eq!(doubles(data), x.values, "{dtype} {} {}", x.kind, x.shape());
        }
    }
    // Every pattern of bits survives, NaN's payload and the sign of zero too.
    let odd = [f32::NAN, -0.0, f32::INFINITY, f32::NEG_INFINITY, 1e-42, f32::MAX, f32::MIN_POSITIVE, 0.0];
    let x = RawTensor::from_host(&HostData::F32(odd.to_vec()), [8], device).expect("an upload");
    let back: Vec<f32> = x.to_vec();
    let bits = |v: &[f32]| v.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
    assert_eq!(bits(&back), bits(&odd));
}

/// The asynchronous download gives the same.
pub fn download_async(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(21);
    for x in views(device, &[3, 5], DType::F32, || plain(DType::F32, &mut noise)) {
        let mut download = pin!(device.download_async(x.view()));
        let data = loop {
            match download.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(data) => break data.expect("a download"),
                Poll::Pending => std::thread::yield_now(),
            }
        };
        assert_eq!(doubles(data), x.values, "{}", x.kind);
    }
}

/// A number everywhere, converted as elements are.
pub fn full(device: &Device, _: &Tolerance) {
    for dtype in types(device) {
        for len in [0, 1, 7, 8, 9, 33, 1037] {
            for value in [Scalar::Int(3), Scalar::Float(2.75), Scalar::Bool(true), Scalar::Int(0)] {
                let got = answer(device, device.full(len, dtype, value), dtype, &Shape::new(&[len]));
                let want = host(&[value.to_f64()], dtype).get(0).to_f64();
                assert!(got.iter().all(|&v| v == want), "{len} of {value:?} as {dtype}: {got:?}");
            }
        }
    }
}

/// Destinations inside a buffer of zeros: the layout and the places that must stay zero.
fn targets(shape: &[usize]) -> Vec<(usize, Layout)> {
    let target = Shape::new(shape);
    let mut out = vec![(target.numel(), Layout::contiguous(target))];
    if let Some(last) = shape.len().checked_sub(1) {
        let wide = target.with(last, 2 * shape[last] + 3);
        out.push((wide.numel(), Layout::contiguous(wide).slice(last, 2, shape[last], 2)));
        let tall = target.with(0, shape[0] + 2);
        out.push((tall.numel(), Layout::contiguous(tall).slice(0, 1, shape[0], 1)));
        let back = Layout::contiguous(target).slice(last, shape[last].saturating_sub(1), shape[last], -1);
        out.push((target.numel(), back));
        let turned: Vec<usize> = shape.iter().rev().copied().collect();
        let order: Vec<usize> = (0..shape.len()).rev().collect();
        out.push((target.numel(), Layout::contiguous(turned).permute(&order)));
    }
    out
}

/// A buffer of sevens (or `true`), and what it holds.
fn sevens(device: &Device, len: usize, dtype: DType) -> (RawTensor, Vec<f64>) {
    let x = upload(device, &vec![7.0; len], &[len], dtype);
    let held = doubles(x.to_host().expect("a download"));
    (x, held)
}

/// Copies between all layouts; what the destination does not see stays as it was.
pub fn copy(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(22);
    for dtype in types(device) {
        for shape in SHAPES {
            for (len, layout) in targets(shape) {
                for src in views(device, shape, dtype, || plain(dtype, &mut noise)) {
                    let (whole, mut want) = sevens(device, len, dtype);
                    let dst = View { buffer: whole.buffer(), layout: &layout };
                    device.copy(src.view(), dst).expect("a copy");
                    layout.indices().zip(&src.values).for_each(|(i, &v)| want[i] = v);
                    let got = doubles(whole.to_host().expect("a download"));
                    assert_eq!(got, want, "copy of {dtype} {} to {layout:?}", src.kind);
                }
            }
        }
    }
    overlapping(device);
}

/// Source and destination in one buffer: as if the source had been read first.
fn overlapping(device: &Device) {
    let line = Layout::contiguous([10]);
    let grid = Layout::contiguous([3, 3]);
    for (len, src, dst) in [
        (10, line.slice(0, 0, 8, 1), line.slice(0, 2, 8, 1)),
        (10, line.slice(0, 2, 8, 1), line.slice(0, 0, 8, 1)),
        (10, line.slice(0, 9, 10, -1), line),
        (9, grid.transpose(0, 1), grid),
        (9, grid.slice(0, 0, 1, 1).expand(&Shape::new(&[3, 3])).expect("a row expands"), grid),
    ] {
        let start: Vec<f64> = (0..len).map(f64::from).collect();
        let x = upload(device, &start, &[len as usize], DType::F32);
        let mut want = start.clone();
        dst.indices().zip(src.indices()).for_each(|(to, from)| want[to] = start[from]);
        let view = |layout| View { buffer: x.buffer(), layout };
        device.copy(view(&src), view(&dst)).expect("a copy");
        assert_eq!(doubles(x.to_host().expect("a download")), want, "{src:?} to {dst:?}");
    }
}

/// Fills what a view sees and nothing else.
pub fn fill(device: &Device, _: &Tolerance) {
    for dtype in types(device) {
        for shape in SHAPES {
            for (len, layout) in targets(shape) {
                let (whole, mut want) = sevens(device, len, dtype);
                device
                    .fill(View { buffer: whole.buffer(), layout: &layout }, Scalar::Int(0))
                    .expect("a fill");
                layout.indices().for_each(|i| want[i] = 0.0);
                let got = doubles(whole.to_host().expect("a download"));
                assert_eq!(got, want, "fill of {dtype} through {layout:?}");
            }
        }
    }
}

/// Every type to every type, as `Tensor.to(dtype)`.
pub fn cast(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(23);
    for from in types(device) {
        for to in types(device) {
            // In range of the target: floats are cut towards zero.
            let mut next = || match (from, to) {
                (_, DType::U8) if from != DType::Bool => noise.between(0.0, 255.9),
                (DType::F32 | DType::F64, _) => noise.between(-900.0, 900.0),
                _ => plain(from, &mut noise),
            };
            for x in all_views(device, from, &mut next) {
                let got = answer(device, device.cast(x.view(), to), to, x.shape());
                let want = doubles(host(&x.values, to));
                assert_eq!(got, want, "{from} to {to}, {} {}", x.kind, x.shape());
            }
        }
    }
    for dtype in floats(device) {
        let x = upload(device, &[-2.9, -0.5, 0.0, -0.0, 0.1, 2.9], &[6], dtype);
        let ints = answer(device, device.cast(x.view(), DType::I32), DType::I32, x.shape());
        assert_eq!(ints, [-2.0, 0.0, 0.0, 0.0, 0.0, 2.0]);
        let truth = answer(device, device.cast(x.view(), DType::Bool), DType::Bool, x.shape());
        assert_eq!(truth, [1.0, 1.0, 0.0, 0.0, 1.0, 1.0]);
    }
}

/// Live bytes follow tensors, kernels and downloads are counted, spare memory can be given back.
pub fn stats_and_trim(device: &Device, _: &Tolerance) {
    let before = device.stats();
    // Far larger than what tests beside this one allocate meanwhile.
    let bytes = 64 << 20;
    let x = RawTensor::full([bytes / 4], 1.0, DType::F32, device);
    let during = device.stats();
    assert!(during.live >= before.live + bytes / 2, "{} live, then {}", before.live, during.live);
    assert!(during.peak >= bytes && during.dispatches > before.dispatches);
    drop(x);
    device.trim();
    device.sync().expect("sync");
    let after = device.stats();
    assert!(after.live + bytes / 2 <= during.live, "{} live, then {}", during.live, after.live);
    let x = upload(device, &[1.0, 2.0], &[2], DType::F32);
    let readbacks = device.stats().readbacks;
    assert_eq!(x.to_vec::<f32>(), [1.0, 2.0]);
    assert!(device.stats().readbacks > readbacks);
}

fn index_types(device: &Device) -> impl Iterator<Item = DType> {
    [DType::I32, DType::I64].into_iter().filter(|&dtype| device.supports(dtype))
}

/// Shapes with something to choose from.
const INDEXED: &[&[usize]] = &[&[1], &[9], &[33], &[3, 5], &[4, 33], &[2, 3, 4], &[2, 1, 5, 3], &[3, 0, 2]];

/// Calls `check` for every view, dimension with elements, index type and layout of the index.
fn each_index(
    device: &Device,
    index_shape: impl Fn(&Shape, usize) -> Vec<usize>,
    mut check: impl FnMut(&Sample, usize, &Sample),
) {
    let (mut noise, mut places) = (Noise::new(24), Noise::new(25));
    for dtype in types(device) {
        for shape in INDEXED {
            for x in views(device, shape, dtype, || plain(dtype, &mut noise)) {
                for axis in (0..shape.len()).filter(|&axis| shape[axis] > 0) {
                    for index_type in index_types(device) {
                        let size = shape[axis] as i64;
                        let sizes = index_shape(x.shape(), axis);
                        for index in views(device, &sizes, index_type, || places.whole(0, size)) {
                            check(&x, axis, &index);
                        }
                    }
                }
            }
        }
    }
}

/// Coordinates of a row-major place.
fn coordinates(mut place: usize, shape: &Shape) -> Vec<usize> {
    let mut at = vec![0; shape.rank()];
    for axis in (0..shape.rank()).rev() {
        at[axis] = place % shape[axis];
        place /= shape[axis];
    }
    at
}

/// Row-major place of coordinates.
fn place(at: &[usize], shape: &Shape) -> usize {
    at.iter().zip(shape.iter()).fold(0, |place, (&at, &size)| place * size + at)
}

/// Elements of a dimension by index.
pub fn index_select(device: &Device, _: &Tolerance) {
    each_index(
        device,
        |_, _| vec![6],
        |x, axis, index| {
            let shape = x.shape().with(axis, 6);
            let got =
                answer(device, device.index_select(x.view(), axis, index.view()), x.tensor.dtype(), &shape);
            for (k, &got) in got.iter().enumerate() {
                let mut at = coordinates(k, &shape);
                at[axis] = index.values[at[axis]] as usize;
                let want = x.values[place(&at, x.shape())];
                assert_eq!(got, want, "{} by {} along {axis}, element {k}", x.kind, index.kind);
            }
        },
    );
    // Nothing chosen, and enough chosen for threads.
    let x = upload(device, &(0..640).map(f64::from).collect::<Vec<_>>(), &[10, 64], DType::F32);
    let none = upload(device, &[], &[0], DType::I32);
    let storage = device.index_select(x.view(), 0, none.view());
    assert!(answer(device, storage, DType::F32, &Shape::new(&[0, 64])).is_empty());
    let many: Vec<f64> = (0..3000).map(|i| f64::from(i * 7 % 10)).collect();
    let index = upload(device, &many, &[3000], DType::I32);
    let storage = device.index_select(x.view(), 0, index.view());
    let got = answer(device, storage, DType::F32, &Shape::new(&[3000, 64]));
    assert!(got.iter().enumerate().all(|(k, &g)| g == many[k / 64] * 64.0 + (k % 64) as f64));
}

/// An index of the tensor's own dimensions, smaller in all but the one it chooses along.
fn smaller(shape: &Shape, axis: usize) -> Vec<usize> {
    (0..shape.rank()).map(|a| if a == axis { 4 } else { shape[a] - usize::from(shape[a] > 2) }).collect()
}

/// One element per index.
pub fn gather(device: &Device, _: &Tolerance) {
    each_index(device, smaller, |x, axis, index| {
        let storage = device.gather(x.view(), axis, index.view());
        let got = answer(device, storage, x.tensor.dtype(), index.shape());
        for (k, &got) in got.iter().enumerate() {
            let mut at = coordinates(k, index.shape());
            at[axis] = index.values[k] as usize;
            let want = x.values[place(&at, x.shape())];
            assert_eq!(got, want, "{} by {} along {axis}, element {k}", x.kind, index.kind);
        }
    });
    let x = upload(device, &[5.0], &[], DType::F32);
    let zero = upload(device, &[0.0], &[], DType::I32);
    assert_eq!(answer(device, device.gather(x.view(), 0, zero.view()), DType::F32, &Shape::new(&[])), [5.0]);
}

/// The ends of a range of indices.
pub fn index_range(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(27);
    for dtype in [DType::I32, DType::I64].into_iter().filter(|&dtype| device.supports(dtype)) {
        for shape in [&[][..], &[1], &[7], &[5, 130], &[70_000]] {
            for x in views(device, shape, dtype, || noise.whole(-90_000, 90_000)) {
                let end =
                    |f: fn(f64, f64) -> f64| x.values.iter().copied().reduce(f).expect("an element") as i64;
                let want = (end(f64::min), end(f64::max));
                for (got, how) in
                    [(device.index_range(x.view()), "own"), (compose::index_range(x.view()), "composed")]
                {
                    assert_eq!(got.expect("a range"), want, "{how}: {dtype} {} {}", x.kind, x.shape());
                }
            }
        }
    }
}

/// Adding by index: repeats add up, a source larger than the index is cut.
pub fn scatter_add(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(26);
    each_index(device, smaller, |x, axis, index| {
        let dtype = x.tensor.dtype();
        if dtype == DType::U8 {
            return; // pixels have no arithmetic
        }
        let larger: Vec<usize> = index.shape().iter().map(|&s| s + 1).collect();
        let sources = views(device, &larger, dtype, || plain(dtype, &mut noise));
        let src = sources.iter().rev().find(|s| s.kind != index.kind).unwrap_or(&sources[0]);
        let storage = device.scatter_add(x.view(), axis, index.view(), src.view());
        let got = answer(device, storage, dtype, x.shape());
        let mut want = x.values.clone();
        for (k, &i) in index.values.iter().enumerate() {
            let at = coordinates(k, index.shape());
            let mut to = at.clone();
            to[axis] = i as usize;
            let place_to = place(&to, x.shape());
            want[place_to] += src.values[place(&at, src.shape())];
            if dtype == DType::Bool {
                want[place_to] = want[place_to].min(1.0);
            }
        }
        assert_eq!(got, want, "{dtype} {} at {} with {} along {axis}", x.kind, index.kind, src.kind);
    });
    let number = |v: f64, dtype| upload(device, &[v], &[], dtype);
    let (x, zero, src) = (number(5.0, DType::F32), number(0.0, DType::I32), number(2.0, DType::F32));
    let storage = device.scatter_add(x.view(), 0, zero.view(), src.view());
    assert_eq!(answer(device, storage, DType::F32, &Shape::new(&[])), [7.0]);
}
