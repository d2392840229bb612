//! How convolutions slide: sizes for each dimension, paddings, options.

use std::fmt;
use std::ops::Deref;
use tensor_core::check;

/// One number for each of `D` dimensions: a single one for all, or an array or tuple of them. It prints as it
/// was given, `3` or `(3, 3)`, and is read as an array.
#[derive(Clone, Copy, Debug)]
pub struct Each<const D: usize, T = usize>([T; D], Given);

/// How the numbers were given.
#[derive(Clone, Copy, Debug)]
enum Given {
    Once,
    Listed,
}

impl<const D: usize, T> Deref for Each<D, T> {
    type Target = [T; D];
    fn deref(&self) -> &[T; D] {
        &self.0
    }
}

impl<const D: usize, T: PartialEq> PartialEq for Each<D, T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<const D: usize, T: Eq> Eq for Each<D, T> {}

impl<const D: usize, T: Copy> Each<D, T> {
    fn python(&self, text: impl Fn(T) -> String) -> String {
        if let (Given::Once, [value, ..]) = (self.1, &self.0[..]) {
            return text(*value);
        }
        format!("({}{})", self.0.map(text).join(", "), if D == 1 { "," } else { "" })
    }
}
impl<const D: usize> fmt::Display for Each<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.python(|value| value.to_string()))
    }
}
impl<const D: usize> fmt::Display for Each<D, Option<usize>> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.python(|value| value.map_or_else(|| "None".into(), |value| value.to_string())))
    }
}

impl<const D: usize> From<usize> for Each<D> {
    fn from(value: usize) -> Self {
        Each([value; D], Given::Once)
    }
}
impl<const D: usize> From<Option<usize>> for Each<D, Option<usize>> {
    fn from(value: Option<usize>) -> Self {
        Each([value; D], Given::Once)
    }
}
impl<const D: usize, T> From<[T; D]> for Each<D, T> {
    fn from(values: [T; D]) -> Self {
        Each(values, Given::Listed)
    }
}
impl<T> From<(T, T)> for Each<2, T> {
    fn from((height, width): (T, T)) -> Self {
        [height, width].into()
    }
}
impl<T> From<(T, T, T)> for Each<3, T> {
    fn from((depth, height, width): (T, T, T)) -> Self {
        [depth, height, width].into()
    }
}

/// Whole numbers where some might be missing: none is.
macro_rules! all_there {
    ($(<$(const $d:ident: usize)?> $from:ty => $dims:tt;)+) => {$(
        impl<$(const $d: usize)?> From<$from> for Each<$dims, Option<usize>> {
            fn from(values: $from) -> Self {
                let Each(values, given) = Each::<$dims>::from(values);
                Each(values.map(Some), given)
            }
        }
    )+};
}
all_there! {
    <const D: usize> usize => D;
    <const D: usize> [usize; D] => D;
    <> (usize, usize) => 2;
    <> (usize, usize, usize) => 3;
}

/// The padding of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding<const D: usize> {
    /// So many zeros on both sides of each dimension.
    Zeros([usize; D]),
    /// As many as keep the sizes, at a stride of 1; an odd one goes to the end.
    Same,
    /// None.
    Valid,
}

impl<const D: usize, T: Into<Each<D>>> From<T> for Padding<D> {
    fn from(zeros: T) -> Self {
        Padding::Zeros(*zeros.into())
    }
}
/// PyTorch's words, `"same"` and `"valid"`.
impl<const D: usize> From<&str> for Padding<D> {
    #[track_caller]
    fn from(word: &str) -> Self {
        match word {
            "same" => Padding::Same,
            "valid" => Padding::Valid,
            _ => check::fail(
                "padding",
                format_args!("\"{word}\" is no padding"),
                "use \"same\", \"valid\" or numbers",
            ),
        }
    }
}

/// How a convolution slides, as PyTorch's arguments: `ConvOptions::new().stride(2).padding(1)`; `()` is
/// the default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvOptions<const D: usize> {
    /// From one place to the next; 1.
    pub stride: [usize; D],
    /// Zeros around; none.
    pub padding: Padding<D>,
    /// From one element of the kernel to the next; 1.
    pub dilation: [usize; D],
    /// Parts that channels are divided into, each convolved by itself; 1.
    pub groups: usize,
    /// Extra size at the end of a transposed convolution's result; 0.
    pub output_padding: [usize; D],
}

impl<const D: usize> ConvOptions<D> {
    /// PyTorch's defaults.
    pub fn new() -> Self {
        ConvOptions {
            stride: [1; D],
            padding: Padding::Zeros([0; D]),
            dilation: [1; D],
            groups: 1,
            output_padding: [0; D],
        }
    }

    /// From one place to the next.
    #[must_use]
    pub fn stride(self, stride: impl Into<Each<D>>) -> Self {
        ConvOptions { stride: *stride.into(), ..self }
    }

    /// Zeros around: numbers, `"same"` or `"valid"`.
    #[must_use]
    #[track_caller]
    pub fn padding(self, padding: impl Into<Padding<D>>) -> Self {
        ConvOptions { padding: padding.into(), ..self }
    }

    /// From one element of the kernel to the next.
    #[must_use]
    pub fn dilation(self, dilation: impl Into<Each<D>>) -> Self {
        ConvOptions { dilation: *dilation.into(), ..self }
    }

    /// Parts that channels are divided into.
    #[must_use]
    pub fn groups(self, groups: usize) -> Self {
        ConvOptions { groups, ..self }
    }

    /// Extra size at the end of a transposed convolution's result.
    #[must_use]
    pub fn output_padding(self, extra: impl Into<Each<D>>) -> Self {
        ConvOptions { output_padding: *extra.into(), ..self }
    }
}

impl<const D: usize> Default for ConvOptions<D> {
    fn default() -> Self {
        ConvOptions::new()
    }
}
impl<const D: usize> From<()> for ConvOptions<D> {
    fn from((): ()) -> Self {
        ConvOptions::new()
    }
}
