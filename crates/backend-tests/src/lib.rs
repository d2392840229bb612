//! The conformance suite that every Firebrand backend must pass.
//!
//! Each check takes a device and holds one method of `tensor_core::Backend` against a reference that
//! is computed here, in double precision and plain loops over `Layout::indices`, never by a tensor
//! operation. Views come contiguous, transposed, stepped, reversed, offset, repeated and empty, of
//! sizes around vector widths and beyond the point where threads join in. Whatever a backend
//! overrides is also held against its composed default.
//!
//! A backend runs it all with one line in its `tests/conformance.rs`:
//!
//! ```text
//! backend_tests::suite!(backend_cpu::device());
//! ```

mod checksums;
pub mod convolutions;
pub mod fused;
mod judge;
mod levels;
pub mod linalg;
pub mod losses;
pub mod moving;
pub mod norms;
pub mod optim;
pub mod pointwise;
pub mod products;
pub mod properties;
pub mod recurrent;
pub mod reductions;
mod reference;
pub mod runs;
mod samples;
pub mod special;
pub mod spectra;
pub mod windows;

pub use checksums::checksums;
pub use levels::{assert_same, same_at_any_level};

/// How exact a backend is held to be, on top of each operator's own table.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// What every allowed error is multiplied by.
    pub factor: f64,
    /// Whether denormals, signed zeros, infinities and NaN are as IEEE 754 has them in every
    /// operation; a GPU's shading language promises less.
    pub ieee: bool,
}

impl Default for Tolerance {
    fn default() -> Self {
        Tolerance { factor: 1.0, ieee: true }
    }
}

/// One `#[test]` for every method of `Backend` and every operator, on a device; a second argument
/// gives a [`Tolerance`] other than the strictest.
#[macro_export]
macro_rules! suite {
    ($device:expr) => {
        $crate::suite!($device, $crate::Tolerance::default());
    };
    ($device:expr, $tolerance:expr) => {
        $crate::suite! { @checks $device, $tolerance;
            moving: name_and_types upload_download download_async full copy fill cast stats_and_trim
                index_select gather scatter_add index_range;
            runs: cat long_moves long_index;
            pointwise: select float_comparisons integer_comparisons integer_unary logical_not
                bool_binary bitwise composed_unary_grad added_in_place threaded;
            reductions: arg_max arg_min running_sum running_product sort topk threaded_reductions;
            products: matmul matmul_add integer_matmul matmul_special linear linear_backward;
            linalg: cholesky inverse_and_solve solve_triangular determinants_and_lu qr lstsq failures linalg_views;
            spectra: eigh svd values_alone;
            fused: softmax log_softmax softmax_grad cross_entropy cross_entropy_grad normalize
                fetch_pixels;
            recurrent: lstm_step;
            losses: loss loss_grad clamp box_muller;
            norms: moments normalized normalized_grad;
            optim: sgd adam rmsprop adagrad relatives;
            special: unary_specials binary_specials comparison_specials reduction_specials integers_wrap;
            windows: unfold fold max_pool max_pool_grad;
            convolutions: convolutions convolved_alone infinite_images;
            properties: view_chains matmul_shapes;
        }
        $crate::suite! { @ops unary $device, $tolerance, UnaryOp;
            neg = Neg, abs = Abs, sign = Sign, sqrt = Sqrt, rsqrt = Rsqrt, square = Square,
            reciprocal = Reciprocal, exp = Exp, expm1 = Expm1, log = Log, log1p = Log1p, sin = Sin,
            cos = Cos, tan = Tan, erf = Erf, round = Round, floor = Floor, ceil = Ceil, trunc = Trunc,
            log2 = Log2, log10 = Log10, sinh = Sinh, cosh = Cosh, asinh = Asinh, acosh = Acosh,
        }
        $crate::suite! { @ops activation $device, $tolerance, Activation;
            relu = Relu, leaky_relu = LeakyRelu(0.01), leaky_relu_steep = LeakyRelu(1.5), elu = Elu(1.0),
            elu_scaled = Elu(0.3), gelu = Gelu, gelu_tanh = GeluTanh, silu = Silu, sigmoid = Sigmoid,
            tanh = Tanh, softplus = Softplus { beta: 1.0, threshold: 20.0 },
            softplus_scaled = Softplus { beta: 2.5, threshold: 3.0 },
        }
        $crate::suite! { @ops binary $device, $tolerance, BinaryOp;
            add = Add, sub = Sub, mul = Mul, div = Div, floor_div = FloorDiv, remainder = Remainder,
            pow = Pow, maximum = Maximum, minimum = Minimum, atan2 = Atan2,
        }
        $crate::suite! { @ops reduce $device, $tolerance, ReduceOp;
            sum = Sum, prod = Prod, max = Max, min = Min,
        }
    };
    (@checks $device:expr, $tolerance:expr; $($theme:ident: $($check:ident)+;)+) => {$(
        mod $theme {
            $(
                #[test]
                fn $check() {
                    if let Some(device) = $crate::Here::here($device) {
                        $crate::$theme::$check(&device, &$tolerance);
                    }
                }
            )+
        }
    )+};
    (@ops $theme:ident $device:expr, $tolerance:expr, $ops:ident; $($name:ident = $arm:expr,)+) => {
        mod $theme {
            $(
                #[test]
                fn $name() {
                    #[allow(unused_imports, clippy::enum_glob_use, reason = "one list for four enums")]
                    use $crate::ops::$ops::*;
                    if let Some(device) = $crate::Here::here($device) {
                        $crate::ops::$theme(&device, &$tolerance, $arm);
                    }
                }
            )+
        }
    };
}

/// A device that may not be on this machine: then there is nothing to check, and whoever looked for it
/// has said so.
pub trait Here {
    /// The device, if it is here.
    fn here(self) -> Option<tensor_core::Device>;
}

impl Here for tensor_core::Device {
    fn here(self) -> Option<tensor_core::Device> {
        Some(self)
    }
}

impl Here for Option<tensor_core::Device> {
    fn here(self) -> Option<tensor_core::Device> {
        self
    }
}

/// What the expansion of [`suite!`] names.
#[doc(hidden)]
pub mod ops {
    pub use crate::pointwise::{activation, binary, unary};
    pub use crate::reductions::reduce;
    pub use tensor_core::{Activation, BinaryOp, ReduceOp, UnaryOp};
}
