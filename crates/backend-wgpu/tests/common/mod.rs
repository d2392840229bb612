//! A GPU for tests: its own device, so that counters are this test's alone; numbers, and the comparison with
//! the CPU.
#![allow(dead_code, reason = "each test takes what it needs")]

use backend_wgpu::{OpenError, Options, choose, open, open_with};
use tensor_core::{Device, HostData, RawTensor, Shape};

/// A fresh device on the adapter that `FIREBRAND_DEVICE` names, else the fastest. Without an adapter it says
/// that the test is skipped, or fails with `FIREBRAND_REQUIRE_GPU=1`.
pub fn gpu() -> Option<Device> {
    gpu_with(&Options::default())
}

/// As [`gpu`], opened with options.
pub fn gpu_with(options: &Options) -> Option<Device> {
    or_skip(choose(&spec()).and_then(|adapter| open_with(&adapter, options)))
}

/// As [`gpu`], but the device that all share.
pub fn shared() -> Option<Device> {
    or_skip(open(&spec()))
}

fn spec() -> String {
    std::env::var("FIREBRAND_DEVICE").ok().filter(|s| s != "cpu").unwrap_or("wgpu".into())
}

fn or_skip(found: Result<Device, OpenError>) -> Option<Device> {
    match found {
        Ok(device) => Some(device),
        Err(error) if std::env::var("FIREBRAND_REQUIRE_GPU").is_ok_and(|v| v == "1") => {
            panic!("FIREBRAND_REQUIRE_GPU=1, but {error}")
        }
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}

/// Numbers that look random and are the same everywhere.
pub fn noise(len: usize, seed: u32) -> Vec<f32> {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(1);
    (0..len)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}

/// Floats `noise·scale + shift`.
pub fn floats(shape: &[usize], scale: f32, shift: f32, seed: u32, device: &Device) -> RawTensor {
    let values =
        noise(shape.iter().product(), seed).into_iter().map(|v| v * scale + shift).collect::<Vec<_>>();
    RawTensor::from_host(&HostData::F32(values), Shape::new(shape), device).unwrap()
}

/// Integers in `[low, high)`.
pub fn integers(shape: &[usize], low: i32, high: i32, seed: u32, device: &Device) -> RawTensor {
    let span = (high - low) as f32;
    let values: Vec<i32> = noise(shape.iter().product(), seed)
        .into_iter()
        .map(|v| low + (((v + 1.0) / 2.0 * span) as i32).min(high - low - 1))
        .collect();
    RawTensor::from_host(&HostData::I32(values), Shape::new(shape), device).unwrap()
}

/// Whether two tensors agree to `tolerance`, relative to the largest element.
pub fn assert_close(name: &str, got: &RawTensor, want: &RawTensor, tolerance: f32) {
    assert_eq!(got.shape(), want.shape(), "{name}");
    let (got, want) = (got.to_vec::<f32>(), want.to_vec::<f32>());
    let scale = want.iter().fold(1e-3f32, |m, v| m.max(v.abs()));
    for (i, (g, w)) in got.iter().zip(&want).enumerate() {
        assert!((g - w).abs() <= tolerance * scale, "{name}: element {i} is {g}, wanted is {w}");
    }
}

/// Compares the GPU with the CPU, case by case.
pub struct Check<'a> {
    cpu: Device,
    gpu: &'a Device,
    cases: usize,
}

impl Check<'_> {
    /// Runs `f` on both devices; `relative` is the tolerance of each element, floored at 1e-6 absolute.
    pub fn same(&mut self, name: &str, relative: f64, f: impl Fn(&Device) -> RawTensor) {
        let (want, got) = (f(&self.cpu), f(self.gpu));
        assert_eq!((want.shape(), want.dtype()), (got.shape(), got.dtype()), "{name}");
        let (want, got) = (want.to_host().unwrap(), got.to_host().unwrap());
        for i in 0..want.len() {
            let (w, g) = (want.get(i).to_f64(), got.get(i).to_f64());
            let close = w == g
                || (w.is_nan() && g.is_nan())
                || (w - g).abs() <= relative * w.abs() + 1e-6 * f64::from(relative > 0.0);
            assert!(close, "{name}: element {i} of {} is {g}, the CPU says {w}", want.len());
        }
        self.cases += 1;
    }

    /// As [`Check::same`], each element within `tolerance` of the largest: for sums, which may cancel.
    pub fn close(&mut self, name: &str, tolerance: f32, f: impl Fn(&Device) -> RawTensor) {
        assert_close(name, &f(self.gpu), &f(&self.cpu), tolerance);
        self.cases += 1;
    }
}

/// Runs cases on a fresh device opened with default options.
pub fn check(f: impl Fn(&mut Check)) {
    check_with(&Options::default(), f);
}

/// Runs cases on a fresh device.
pub fn check_with(options: &Options, f: impl Fn(&mut Check)) {
    let Some(gpu) = gpu_with(options) else { return };
    let mut check = Check { cpu: backend_cpu::device(), gpu: &gpu, cases: 0 };
    f(&mut check);
    println!("{} cases on {gpu}", check.cases);
}
