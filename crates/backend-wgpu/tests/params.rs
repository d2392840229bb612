//! Both ways that parameters go to a kernel, alone and mixed: as immediates, and through the uniform buffer.

mod common;

use backend_wgpu::{Gpu, Options};
use common::{Check, check_with, floats, gpu_with, integers};
use tensor_core::{BinaryOp, DType, Device, OptimSlot, OptimStep, RawTensor, ReduceOp, ScanOp, UnaryOp};

/// None as immediates; those of up to 128 bytes, as with Direct3D; as many as the adapter takes.
const WAYS: [Option<u32>; 3] = [Some(0), Some(128), None];

fn opened(immediates: Option<u32>) -> Options {
    Options { immediates, ..Options::default() }
}

#[test]
fn an_adapter_that_has_immediates_uses_them() {
    for (way, most) in WAYS.into_iter().zip([0, 128, u32::MAX]) {
        let Some(device) = gpu_with(&opened(way)) else { return };
        let gpu = device.downcast_ref::<Gpu>().expect("a GPU");
        assert_eq!(gpu.immediates(), gpu.adapter().immediates().min(most), "{way:?}");
    }
}

/// Something from every file of kernels, all in one recording, so that one's parameters cannot pass for another's.
fn everything(c: &mut Check) {
    let x = |d: &Device| floats(&[6, 40, 8], 2.0, 0.1, 1, d);
    let flat = |d: &Device| x(d).reshape(&[240, 8].into());
    c.same("strided", 3e-6, |d| {
        let turned = x(d).with_layout(x(d).layout().permute(&[2, 0, 1]).slice(1, 4, 3, -2));
        let index = integers(&[5], 0, 3, 2, d);
        let chosen = turned.unary(UnaryOp::Exp).binary(BinaryOp::Mul, 0.5).index_select(1, &index);
        chosen.cast(DType::I32).reduce(ReduceOp::Sum, tensor_core::Axes::one(2), false)
    });
    c.close("running sums of softmax", 3e-6, |d| flat(d).softmax(1, true).scan(ScanOp::Sum, 0));
    c.close("a product", 3e-6, |d| x(d).bmm(&x(d).with_layout(x(d).layout().transpose(1, 2))));
    c.same("a product of integers", 0.0, |d| {
        integers(&[1, 9, 30], -9, 9, 1, d).bmm(&integers(&[1, 30, 4], -9, 9, 2, d))
    });
    c.same("pixels", 1e-6, |d| {
        let set = integers(&[50, 12], 0, 256, 3, d).cast(DType::U8);
        set.fetch_pixels(&integers(&[17], 0, 50, 4, d), 0.13, 0.31)
    });
    c.same("an optimizer", 1e-6, |d| {
        let (p, g) = (floats(&[33], 1.0, 0.0, 5, d), floats(&[33], 1.0, 0.0, 6, d));
        let slots = [OptimSlot { param: p.buffer(), grad: g.view(), state: Vec::new() }];
        let sgd = OptimStep::Sgd {
            lr: 0.1,
            momentum: 0.0,
            dampening: 0.0,
            weight_decay: 0.01,
            nesterov: false,
            first: true,
        };
        d.optim_step(sgd, &slots).unwrap();
        p
    });
}

#[test]
fn every_file_of_kernels_computes_the_same_in_every_way() {
    WAYS.into_iter().for_each(|way| check_with(&opened(way), everything));
}

/// More dispatches than one recording holds, each with a number and strides of its own.
#[test]
fn parameters_stay_with_their_dispatch() {
    for way in WAYS {
        let Some(device) = gpu_with(&opened(way)) else { return };
        let x = RawTensor::full(7, 1.0, DType::F32, &device);
        let sums: Vec<RawTensor> = (0..700).map(|i| x.binary(BinaryOp::Add, f64::from(i))).collect();
        let before = device.stats().submits;
        for (i, sum) in sums.iter().enumerate() {
            assert_eq!(sum.to_vec::<f32>(), [1.0 + i as f32; 7], "{way:?}");
        }
        assert!(before >= 2, "they did not fill a recording");
    }
}
