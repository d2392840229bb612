//! Layers that set a border around lines, images and volumes.

use super::conv::tuple;
use super::number;
use crate::module::Module;
use autograd::Tensor;
use std::fmt;
use tensor_core::check;

/// The widths of a border: one number for all sides, or (left, right), (left, right, top, bottom) and so on.
#[derive(Clone, Debug)]
pub struct Sides(Vec<usize>);

impl From<usize> for Sides {
    fn from(width: usize) -> Self {
        Sides(vec![width])
    }
}
impl<const N: usize> From<[usize; N]> for Sides {
    fn from(widths: [usize; N]) -> Self {
        Sides(widths.to_vec())
    }
}

impl From<Vec<usize>> for Sides {
    fn from(widths: Vec<usize>) -> Self {
        Sides(widths)
    }
}

impl Sides {
    /// A width for each side of `dims` dimensions.
    #[track_caller]
    fn of(self, op: &str, dims: usize) -> Vec<usize> {
        match self.0[..] {
            [one] => vec![one; 2 * dims],
            _ if self.0.len() == 2 * dims => self.0,
            _ => check::fail(
                op,
                format_args!("{:?} are not the sides of {dims} dimensions", self.0),
                format_args!("give one number, or {}", 2 * dims),
            ),
        }
    }
}

/// Layers that pad: by their aliases of one to three dimensions.
macro_rules! pads {
    ($($(#[$doc:meta])* $name:ident, $label:literal, $one:ident, $two:ident, $three:ident,
        |$x:ident, $sides:ident| $body:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name<const D: usize> {
            sides: Vec<usize>,
        }
        #[doc = concat!("[`", stringify!($name), "`] of a line.")]
        pub type $one = $name<1>;
        #[doc = concat!("[`", stringify!($name), "`] of an image.")]
        pub type $two = $name<2>;
        #[doc = concat!("[`", stringify!($name), "`] of a volume.")]
        pub type $three = $name<3>;

        impl<const D: usize> $name<D> {
            /// One number for all sides, or (left, right), (left, right, top, bottom) and so on.
            ///
            /// # Panics
            /// For another number of them.
            #[track_caller]
            pub fn new(padding: impl Into<Sides>) -> Self {
                $name { sides: padding.into().of(concat!($label, "Pad"), D) }
            }
        }

        impl<const D: usize> Module for $name<D> {
            #[track_caller]
            fn forward(&self, $x: &Tensor) -> Tensor {
                let $sides = &self.sides;
                $body
            }
            fn name(&self) -> String {
                format!(concat!($label, "Pad{}d"), D)
            }
            fn extra_repr(&self) -> String {
                tuple(&self.sides)
            }
        }

        impl<const D: usize> fmt::Display for $name<D> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.repr())
            }
        }
    )+};
}

pads! {
    /// Zeros around.
    ///
    /// ```
    /// use nn::ZeroPad2d;
    /// assert_eq!(ZeroPad2d::new([1, 2, 0, 3]).to_string(), "ZeroPad2d((1, 2, 0, 3))");
    /// assert_eq!(ZeroPad2d::new(1).to_string(), "ZeroPad2d((1, 1, 1, 1))");
    /// ```
    ZeroPadNd, "Zero", ZeroPad1d, ZeroPad2d, ZeroPad3d, |x, sides| x.pad(sides, 0.0);
    /// The image mirrored at its border.
    ReflectionPadNd, "Reflection", ReflectionPad1d, ReflectionPad2d, ReflectionPad3d,
        |x, sides| x.pad_reflect(sides);
    /// The border repeated.
    ReplicationPadNd, "Replication", ReplicationPad1d, ReplicationPad2d, ReplicationPad3d,
        |x, sides| x.pad_replicate(sides);
    /// The image continued, as on a ring.
    CircularPadNd, "Circular", CircularPad1d, CircularPad2d, CircularPad3d, |x, sides| x.pad_circular(sides);
}

/// One value around; use it by its aliases [`ConstantPad1d`] to [`ConstantPad3d`].
#[derive(Clone, Debug)]
pub struct ConstantPadNd<const D: usize> {
    sides: Vec<usize>,
    value: f64,
}

/// One value around a line.
pub type ConstantPad1d = ConstantPadNd<1>;
/// One value around an image.
pub type ConstantPad2d = ConstantPadNd<2>;
/// One value around a volume.
pub type ConstantPad3d = ConstantPadNd<3>;

impl<const D: usize> ConstantPadNd<D> {
    /// One number for all sides, or (left, right), (left, right, top, bottom) and so on; and the value.
    ///
    /// # Panics
    /// For another number of them.
    #[track_caller]
    pub fn new(padding: impl Into<Sides>, value: f64) -> Self {
        ConstantPadNd { sides: padding.into().of("ConstantPad", D), value }
    }
}

impl<const D: usize> Module for ConstantPadNd<D> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        input.pad(&self.sides, self.value)
    }
    fn name(&self) -> String {
        format!("ConstantPad{D}d")
    }
    fn extra_repr(&self) -> String {
        format!("padding={}, value={}", tuple(&self.sides), number(self.value))
    }
}

impl<const D: usize> fmt::Display for ConstantPadNd<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
