//! The kernels of windows against the composed defaults, bit for bit, at one thread and at several.

use backend_cpu::{device, set_num_threads};
use tensor_core::{DType, HostData, RawTensor, Shape, Window, compose};

fn window(size: usize, stride: usize, dilation: usize, padding: [usize; 2]) -> Window {
    Window { size, stride, dilation, padding }
}

/// Windows over one, two and three dimensions of the given sizes.
fn cases() -> Vec<(Vec<usize>, Vec<Window>)> {
    vec![
        (vec![2, 9], vec![window(3, 2, 1, [1, 1])]),
        (vec![3, 8], vec![window(2, 3, 2, [0, 4])]),
        (vec![2, 3, 6, 7], vec![window(3, 1, 1, [1, 1]), window(3, 1, 1, [1, 1])]),
        (vec![2, 2, 7, 5], vec![window(2, 2, 1, [0, 1]), window(3, 1, 2, [2, 0])]),
        (vec![1, 5, 6], vec![window(1, 2, 1, [0, 0]), window(6, 1, 1, [0, 0])]),
        (vec![2, 4, 3, 5], vec![window(2, 1, 1, [1, 0]), window(1, 1, 1, [0, 0]), window(3, 2, 1, [1, 1])]),
        (vec![64, 8, 12, 12], vec![window(3, 1, 1, [1, 1]), window(3, 1, 1, [1, 1])]), // enough for threads
        (vec![0, 4], vec![window(2, 1, 1, [0, 0])]),
    ]
}

fn wavy(shape: &[usize]) -> RawTensor {
    let count: usize = shape.iter().product();
    let values: Vec<f32> = (0..count).map(|i| ((i * 37 % 101) as f32 * 0.7).sin()).collect();
    RawTensor::from_host(&values.into(), shape, &device()).unwrap()
}

fn same(kernel: &RawTensor, storage: tensor_core::Storage, what: &str) {
    let default = RawTensor::from_storage(&device(), storage, kernel.dtype(), *kernel.shape());
    let bits = |t: &RawTensor| match t.to_host().unwrap() {
        HostData::F32(v) => v.iter().map(|x| x.to_bits()).collect::<Vec<u32>>(),
        other => other.into_vec::<i32>().iter().map(|&x| x as u32).collect(),
    };
    assert_eq!(bits(kernel), bits(&default), "{what}");
}

/// A view whose last two dimensions are swapped in memory, to see that strides are respected.
fn strided(x: &RawTensor) -> RawTensor {
    let rank = x.rank();
    if rank < 2 { x.clone() } else { x.transpose(rank - 2, rank - 1).copy().transpose(rank - 2, rank - 1) }
}

#[test]
fn kernels_equal_the_defaults() {
    for threads in [1, 3] {
        set_num_threads(threads);
        for (shape, windows) in cases() {
            let lead = shape.len() - windows.len();
            let what = format!("{shape:?} {windows:?} at {threads} threads");
            for x in [wavy(&shape), strided(&wavy(&shape))] {
                let cols = x.unfold(&windows, 0.5);
                same(
                    &cols,
                    compose::unfold(x.view(), &windows, 0.5.into()).unwrap(),
                    &format!("unfold {what}"),
                );
                let (values, index) = x.max_pool(&windows);
                if x.numel() > 0 {
                    let (want, at) = compose::max_pool(x.view(), &windows).unwrap();
                    same(&values, want, &format!("max_pool {what}"));
                    same(&index, at, &format!("max_pool index {what}"));
                }
                for y in [cols.clone(), strided(&cols), cols.narrow(lead, 0, 1).expand(cols.shape())] {
                    let back = y.fold(&windows, &shape[lead..]);
                    let default = compose::fold(y.view(), &windows, &shape[lead..]).unwrap();
                    same(&back, default, &format!("fold {what}"));
                }
            }
        }
    }
}

#[test]
fn folding_is_the_transpose_of_unfolding() {
    for (shape, windows) in cases() {
        let lead = shape.len() - windows.len();
        let x = wavy(&shape).cast(DType::F64);
        let cols = x.unfold(&windows, 0.0);
        let y = wavy(cols.shape()).cast(DType::F64);
        let dot =
            |a: &RawTensor, b: &RawTensor| a.binary(tensor_core::BinaryOp::Mul, b).sum_all().item().to_f64();
        let (left, right) = (dot(&cols, &y), dot(&x, &y.fold(&windows, &shape[lead..])));
        assert!(
            (left - right).abs() < 1e-9 * left.abs().max(1.0),
            "{shape:?} {windows:?}: {left} and {right}"
        );
    }
}

#[test]
fn the_first_of_equal_elements_wins_and_nan_wins_over_all() {
    let square =
        |values: [f32; 4]| RawTensor::from_host(&values.to_vec().into(), [1, 2, 2], &device()).unwrap();
    let whole = [window(2, 2, 1, [0, 0]); 2];
    let place = |values| square(values).max_pool(&whole).1.item().to_i64();
    assert_eq!(place([1.0, 3.0, 3.0, 2.0]), 1);
    assert_eq!(place([1.0, 3.0, f32::NAN, f32::NAN]), 2);
    assert_eq!(place([f32::NEG_INFINITY; 4]), 0);
    let padded = [window(2, 2, 1, [1, 1]); 2];
    let x = RawTensor::full(Shape::new(&[1, 2, 2]), f64::NEG_INFINITY, DType::F32, &device());
    assert_eq!(x.max_pool(&padded).1.to_vec::<i32>(), [0, 1, 2, 3], "padding is never pointed at");
}
