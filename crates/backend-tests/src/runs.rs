//! Moving long runs: joining, and what is large enough for several threads and for squares turned in registers.

use crate::Tolerance;
use crate::judge::answer;
use crate::samples::{Noise, Sample, doubles, plain, types, upload, views};
use tensor_core::{DType, Device, RawTensor, Shape, View, compose};

/// Row-major place, in a part of a joined shape, of every element: which part, and where in it.
fn origins(sizes: &[usize], outer: usize, inner: usize) -> Vec<(usize, usize)> {
    let line = |o: usize| {
        let part = move |(p, &size): (usize, &usize)| {
            (0..size * inner).map(move |k| (p, o * size * inner + k)).collect::<Vec<_>>()
        };
        sizes.iter().enumerate().flat_map(part).collect::<Vec<_>>()
    };
    (0..outer).flat_map(line).collect()
}

/// Views of every kind joined along every dimension, empty ones among them.
pub fn cat(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(31);
    let cases: [(&[usize], &[usize]); 6] = [
        (&[0], &[3, 0, 5, 1]),
        (&[4, 0], &[1, 1, 1]),
        (&[0, 6], &[2, 3]),
        (&[2, 0, 3], &[4, 1, 0, 2]),
        (&[130, 0], &[150, 170]),
        (&[0, 9], &[2000, 2500]),
    ];
    for dtype in types(device) {
        for (shape, sizes) in cases {
            let axis = shape.iter().position(|&s| s == 0).expect("the dimension that is joined");
            let (outer, inner) = (shape[..axis].iter().product(), shape[axis + 1..].iter().product());
            let mut kinds: Vec<Vec<Sample>> = Vec::new();
            for &size in sizes {
                let shape = Shape::new(shape).with(axis, size);
                kinds.push(views(device, &shape, dtype, || plain(dtype, &mut noise)));
            }
            let fewest = kinds.iter().map(Vec::len).min().expect("parts");
            for turn in 0..fewest {
                let parts: Vec<&Sample> =
                    kinds.iter().enumerate().map(|(p, all)| &all[(turn + p) % all.len()]).collect();
                let seen: Vec<View> = parts.iter().map(|part| part.view()).collect();
                let whole = Shape::new(shape).with(axis, sizes.iter().sum());
                let want: Vec<f64> =
                    origins(sizes, outer, inner).iter().map(|&(p, k)| parts[p].values[k]).collect();
                for (got, how) in [(device.cat(&seen, axis), "own"), (compose::cat(&seen, axis), "composed")]
                {
                    assert_eq!(answer(device, got, dtype, &whole), want, "{how}: {dtype} {whole}, {turn}");
                }
            }
        }
    }
}

/// Large views copied, written and filled.
pub fn long_moves(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(32);
    for dtype in types(device) {
        for shape in [&[300, 130][..], &[33, 1500], &[5, 90, 100], &[70_000]] {
            let all = views(device, shape, dtype, || plain(dtype, &mut noise));
            let ones = vec![1.0; shape.iter().map(|&s| 2 * s + 1).product()];
            for (k, x) in all.iter().enumerate() {
                let (kind, shape) = (x.kind, x.shape());
                let copy = answer(device, device.cast(x.view(), dtype), dtype, shape);
                assert_eq!(copy, x.values, "{dtype} {kind} {shape}");
                let down = doubles(device.download(x.view()).expect("a download"));
                assert_eq!(down, x.values, "{dtype} {kind} {shape}");
                // Written to places of every kind, whose surroundings stay.
                let wide: Vec<usize> = shape.iter().map(|&s| 2 * s + 1).collect();
                let backwards: Vec<usize> = (0..wide.len()).rev().collect();
                let targets = [(1, false), (2, false), (-1, false), (1, true)];
                for (step, turned) in if k == 0 { &targets[..] } else { &targets[1..2] } {
                    let sizes = backwards.iter().map(|&a| wide[if *turned { a } else { wide.len() - 1 - a }]);
                    let base = upload(device, &ones, &sizes.collect::<Vec<_>>(), dtype);
                    let mut layout = if *turned { base.layout().permute(&backwards) } else { *base.layout() };
                    for axis in 0..wide.len() {
                        let start = if *step < 0 { shape[axis] } else { 1 };
                        layout = layout.slice(axis, start, shape[axis], *step);
                    }
                    let target = base.with_layout(layout);
                    device.copy(x.view(), target.view()).expect("a copy");
                    let mut want = ones.clone();
                    layout.indices().zip(&x.values).for_each(|(i, &v)| want[i] = v);
                    assert!(base.to_vec::<f64>() == want, "{dtype} {kind} {shape} by {step}");
                    device.fill(target.view(), 0.into()).expect("a fill");
                    layout.indices().for_each(|i| want[i] = 0.0);
                    assert!(base.to_vec::<f64>() == want, "{dtype} fill {shape} by {step}");
                }
            }
        }
    }
}

/// Large choices by index, and sums by index, of views of every kind.
pub fn long_index(device: &Device, _: &Tolerance) {
    let mut noise = Noise::new(33);
    let shape = [190, 210];
    for x in views(device, &shape, DType::F32, || plain(DType::F32, &mut noise)) {
        for axis in 0..2 {
            let mut sizes = [180, 205];
            sizes[axis] = 230;
            let numbers = |count: usize, noise: &mut Noise| -> Vec<f64> {
                (0..count).map(|_| noise.whole(0, shape[axis] as i64)).collect()
            };
            let places = numbers(sizes[0] * sizes[1], &mut noise);
            let index = upload(device, &places, &sizes, DType::I32);
            let at = |k: usize, place: f64| {
                let mut at = [k / sizes[1], k % sizes[1]];
                at[axis] = place as usize;
                at[0] * shape[1] + at[1]
            };
            let from: Vec<usize> = places.iter().enumerate().map(|(k, &place)| at(k, place)).collect();
            let got = answer(device, device.gather(x.view(), axis, index.view()), DType::F32, index.shape());
            let want: Vec<f64> = from.iter().map(|&i| x.values[i]).collect();
            assert!(got == want, "gather {} along {axis}", x.kind);

            // Whole numbers, so that a sum is exact in whatever order it is added.
            let sources = views(device, &sizes, DType::F32, || noise.whole(-1000, 1000));
            for src in &sources {
                let mut want = x.values.clone();
                from.iter().zip(&src.values).for_each(|(&i, &v)| want[i] += v);
                let sum = device.scatter_add(x.view(), axis, index.view(), src.view());
                assert!(answer(device, sum, DType::F32, x.shape()) == want, "{} by {}", x.kind, src.kind);
            }

            // One index for all of a line.
            let lines = numbers(sizes[axis], &mut noise);
            let line = upload(device, &lines, &[sizes[axis]], DType::I32);
            let mut column = [1, 1];
            column[axis] = sizes[axis];
            let index: RawTensor = line.reshape(&Shape::new(&column)).expand(&Shape::new(&sizes));
            let from: Vec<usize> =
                (0..from.len()).map(|k| at(k, lines[[k / sizes[1], k % sizes[1]][axis]])).collect();
            let got = answer(device, device.gather(x.view(), axis, index.view()), DType::F32, index.shape());
            assert!(got == from.iter().map(|&i| x.values[i]).collect::<Vec<_>>(), "lines of {}", x.kind);
            for src in &sources {
                let mut want = x.values.clone();
                from.iter().zip(&src.values).for_each(|(&i, &v)| want[i] += v);
                let sum = device.scatter_add(x.view(), axis, index.view(), src.view());
                assert!(answer(device, sum, DType::F32, x.shape()) == want, "lines {} {}", x.kind, src.kind);
            }
            let got = answer(
                device,
                device.index_select(x.view(), axis, line.view()),
                DType::F32,
                &x.shape().with(axis, lines.len()),
            );
            let width = if axis == 0 { shape[1] } else { lines.len() };
            for (k, got) in got.into_iter().enumerate() {
                let mut at = [k / width, k % width];
                at[axis] = lines[at[axis]] as usize;
                assert_eq!(got, x.values[at[0] * shape[1] + at[1]], "select {} along {axis}", x.kind);
            }
        }
    }
}
