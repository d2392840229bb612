//! Something around the last dimensions: a number, or what is inside.

use super::resize::Taps;
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{RawTensor, check};

/// What [`Tensor::pad_mode`] puts around a tensor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum PadMode {
    /// One number.
    Constant(f64),
    /// The tensor mirrored at its edge element, which is not repeated.
    Reflect,
    /// The edge element.
    Replicate,
    /// The tensor from its other end.
    Circular,
}

impl Tensor {
    /// `value` around the last dimensions: pairs (before, after) from the last dimension backwards, as `F.pad`.
    #[track_caller]
    pub fn pad(&self, padding: &[usize], value: f64) -> Tensor {
        if !padding.len().is_multiple_of(2) || padding.len() / 2 > self.rank() {
            check::fail(
                "pad",
                format_args!("{padding:?} are not pairs for the dimensions of shape {}", self.shape()),
                "give (before, after) for the last dimension, then the one before it, …",
            );
        }
        let mut shape = *self.shape();
        let mut starts = vec![0; self.rank()];
        for (i, pair) in padding.chunks(2).enumerate() {
            let axis = self.rank() - 1 - i;
            shape.dims_mut()[axis] += pair[0] + pair[1];
            starts[axis] = pair[0];
        }
        let sizes = *self.shape();
        let place = starts.clone();
        let inside = move |t: &RawTensor| {
            (0..sizes.rank()).fold(t.clone(), |t, axis| t.narrow(axis, place[axis], sizes[axis]))
        };
        let out = RawTensor::full(shape, value, self.dtype(), self.device());
        inside(&out).write(self.raw());
        record("ConstantPadNdBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some((0..sizes.rank()).fold(g.clone(), |t, axis| t.sliced(axis, starts[axis], sizes[axis], 1)))]
        })
    }

    /// What the mode says around the last dimensions: `F.pad(x, padding, mode)`.
    #[track_caller]
    pub fn pad_mode(&self, padding: &[usize], mode: PadMode) -> Tensor {
        match mode {
            PadMode::Constant(value) => self.pad(padding, value),
            PadMode::Reflect => self.pad_reflect(padding),
            PadMode::Replicate => self.pad_replicate(padding),
            PadMode::Circular => self.pad_circular(padding),
        }
    }

    /// What is inside repeated around it: pairs (before, after) from the last dimension backwards, as
    /// `F.pad` with `mode="reflect"`: …, 2, 1, **0, 1, 2**, 1, 0, …
    ///
    /// # Panics
    /// When a padding is not smaller than its dimension.
    #[track_caller]
    pub fn pad_reflect(&self, padding: &[usize]) -> Tensor {
        let names = ["ReflectionPad1DBackward0", "ReflectionPad2DBackward0", "ReflectionPad3DBackward0"];
        self.padded("pad_reflect", padding, names, 1, |at, size| {
            let at = at.abs();
            if at < size { at } else { 2 * (size - 1) - at }
        })
    }

    /// The border repeated around what is inside, as `F.pad` with `mode="replicate"`.
    #[track_caller]
    pub fn pad_replicate(&self, padding: &[usize]) -> Tensor {
        let names = ["ReplicationPad1DBackward0", "ReplicationPad2DBackward0", "ReplicationPad3DBackward0"];
        self.padded("pad_replicate", padding, names, usize::MAX, |at, size| at.clamp(0, size - 1))
    }

    /// What is inside continued around it as if on a ring, as `F.pad` with `mode="circular"`.
    ///
    /// # Panics
    /// When a padding is larger than its dimension.
    #[track_caller]
    pub fn pad_circular(&self, padding: &[usize]) -> Tensor {
        let names = ["SliceBackward0"; 3];
        self.padded("pad_circular", padding, names, 0, |at, size| at.rem_euclid(size))
    }

    /// Paddings of at most the size less `short` (any, if that is the largest number).
    #[track_caller]
    fn padded(
        &self,
        op: &str,
        padding: &[usize],
        names: [&'static str; 3],
        short: usize,
        source: fn(isize, isize) -> isize,
    ) -> Tensor {
        let dims = padding.len() / 2;
        if !padding.len().is_multiple_of(2) || !(1..=3).contains(&dims) || dims > self.rank() {
            check::fail(
                op,
                format_args!("{padding:?} are not pairs for the last dimensions of shape {}", self.shape()),
                "give (before, after) for the last dimension, then the one before it, up to three",
            );
        }
        let mut taps = Vec::with_capacity(dims);
        for (i, pair) in padding.chunks(2).enumerate() {
            let axis = self.rank() - 1 - i;
            let size = self.shape()[axis];
            let most = if short == usize::MAX { usize::MAX } else { size.saturating_sub(short) };
            if size == 0 || pair.iter().any(|&p| p > most) {
                check::fail(
                    op,
                    format_args!("padding {pair:?} of dimension {axis} of shape {}", self.shape()),
                    format_args!("it may be at most {most} there"),
                );
            }
            let (size, before) = (size as isize, pair[0] as isize);
            let index = (-before..size + pair[1] as isize).map(|at| source(at, size) as i32).collect();
            taps.push(Taps::new(axis, index, self.device()));
        }
        self.resampled(names[dims - 1], taps)
    }
}
