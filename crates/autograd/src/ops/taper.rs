//! Window functions, which taper a signal towards its ends.
//!
//! Each is a function of the share t of the window that lies behind, computed in double precision on the host. A
//! periodic window, PyTorch's default, is one element longer and lacks the last: its copies join smoothly.

use super::special::bessel_i0;
use crate::creation::Options;
use crate::tensor::Tensor;
use std::f64::consts::TAU;
use tensor_core::{HostData, check};

impl Tensor {
    #[track_caller]
    fn tapered(op: &str, size: usize, periodic: bool, options: Options, at: &dyn Fn(f64) -> f64) -> Tensor {
        check::float(op, options.dtype);
        let last = if periodic { size } else { size.max(1) - 1 } as f64;
        // PyTorch's window of one element is 1, whichever it is.
        let values = match size {
            1 => vec![1.0],
            _ => (0..size).map(|k| at(k as f64 / last)).collect(),
        };
        Tensor::from_host(&HostData::F64(values).cast(options.dtype), size, &options.device)
    }

    /// Hann's window, ½ − ½·cos 2πt: `torch.hann_window`.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let window = Tensor::hann_window(4, true, &backend_cpu::device());
    /// assert_eq!(window.to_string(), "tensor([0.0000, 0.5000, 1.0000, 0.5000])");
    /// ```
    #[track_caller]
    pub fn hann_window(size: usize, periodic: bool, options: impl Into<Options>) -> Tensor {
        Tensor::tapered("hann_window", size, periodic, options.into(), &|t| 0.5 - 0.5 * (TAU * t).cos())
    }

    /// Hamming's window, `alpha` − `beta`·cos 2πt (PyTorch's defaults are 0.54 and 0.46): `torch.hamming_window`.
    #[track_caller]
    pub fn hamming_window(
        size: usize,
        periodic: bool,
        alpha: f64,
        beta: f64,
        options: impl Into<Options>,
    ) -> Tensor {
        let at = |t: f64| alpha - beta * (TAU * t).cos();
        Tensor::tapered("hamming_window", size, periodic, options.into(), &at)
    }

    /// Blackman's window, 0.42 − ½·cos 2πt + 0.08·cos 4πt: `torch.blackman_window`.
    #[track_caller]
    pub fn blackman_window(size: usize, periodic: bool, options: impl Into<Options>) -> Tensor {
        let at = |t: f64| 0.42 - 0.5 * (TAU * t).cos() + 0.08 * (2.0 * TAU * t).cos();
        Tensor::tapered("blackman_window", size, periodic, options.into(), &at)
    }

    /// Bartlett's window, a triangle, 1 − |2t − 1|: `torch.bartlett_window`.
    #[track_caller]
    pub fn bartlett_window(size: usize, periodic: bool, options: impl Into<Options>) -> Tensor {
        let at = |t: f64| 1.0 - (2.0 * t - 1.0).abs();
        Tensor::tapered("bartlett_window", size, periodic, options.into(), &at)
    }

    /// Kaiser's window, I₀(β·√(1 − (2t − 1)²))/I₀(β) (PyTorch's default β is 12): `torch.kaiser_window`.
    #[track_caller]
    pub fn kaiser_window(size: usize, periodic: bool, beta: f64, options: impl Into<Options>) -> Tensor {
        let peak = bessel_i0(beta);
        let at = |t: f64| bessel_i0(beta * (1.0 - (2.0 * t - 1.0).powi(2)).max(0.0).sqrt()) / peak;
        Tensor::tapered("kaiser_window", size, periodic, options.into(), &at)
    }
}
