//! Adaptive pooling: as many windows as asked for, whose sizes may differ by one.
//!
//! Their elements are laid side by side, as many for each as the longest has, and pooled as equal windows.

use super::sliding::Each;
use crate::tensor::Tensor;
use tensor_core::{Shape, Window, check};

/// The sizes that adaptive pooling gives: one for all dimensions or one for each, of which `None` keeps the
/// input's.
///
/// ```
/// # use autograd::{AdaptiveSize, Tensor};
/// let x = Tensor::ones([1, 2, 5, 8], &backend_cpu::device());
/// assert_eq!(x.adaptive_avg_pool2d([None, Some(3)]).shape().dims(), [1, 2, 5, 3]);
/// assert_eq!(AdaptiveSize::from([None, Some(3)]).to_string(), "(None, 3)");
/// ```
pub type AdaptiveSize<const D: usize> = Each<D, Option<usize>>;

impl Tensor {
    /// For each of `outputs` places along `axis`, the elements ⌊o·S/O⌋ to ⌈(o+1)·S/O⌉ side by side, as many
    /// as the longest of them: `[…, S, …] → […, O·k, …]`. Shorter ones repeat their last element. Gives k
    /// and the lengths too.
    #[track_caller]
    fn adaptive_windows(&self, axis: usize, outputs: usize) -> (Tensor, usize, Vec<usize>) {
        let size = self.shape()[axis];
        let start = |o: usize| o * size / outputs;
        let lengths: Vec<usize> =
            (0..outputs).map(|o| ((o + 1) * size).div_ceil(outputs) - start(o)).collect();
        let longest = lengths.iter().copied().max().unwrap_or(1);
        if size == outputs * longest {
            return (self.clone(), longest, lengths);
        }
        let index: Vec<i32> = (0..outputs * longest)
            .map(|i| (start(i / longest) + (i % longest).min(lengths[i / longest] - 1)) as i32)
            .collect();
        let count = index.len();
        let index = Tensor::from_vec(index, count, self.device());
        (self.index_select(axis as isize, &index), longest, lengths)
    }

    /// How many windows along each of the last dimensions.
    #[track_caller]
    fn adaptive_sizes<const D: usize>(&self, op: &str, size: AdaptiveSize<D>) -> [usize; D] {
        check::float(op, self.dtype());
        let rank = self.rank();
        let own = |i: usize| self.shape().get((rank + i).wrapping_sub(D)).copied().unwrap_or(0);
        let outputs = std::array::from_fn(|i| size[i].unwrap_or_else(|| own(i)));
        if (rank != D + 1 && rank != D + 2) || outputs.contains(&0) || self.shape()[rank - D..].contains(&0) {
            check::fail(
                op,
                format_args!("input of shape {} to sizes {outputs:?}", self.shape()),
                format_args!("the input has {} dimensions, or {} without a batch, none empty", D + 2, D + 1),
            );
        }
        outputs
    }

    /// The averages of as many windows of `D` dimensions, one to three, as asked for: see
    /// [`Tensor::adaptive_avg_pool2d`].
    #[track_caller]
    pub fn adaptive_avg_pool_nd<const D: usize>(&self, output_size: impl Into<AdaptiveSize<D>>) -> Tensor {
        let op = ["adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d"][D - 1];
        let outputs = self.adaptive_sizes(op, output_size.into());
        let names = ["SqueezeBackward1", "AdaptiveAvgPool2DBackward0", "AdaptiveAvgPool3DBackward0"];
        let lead = self.rank() - D;
        if outputs == [1; D] {
            let dims: Vec<isize> = (lead..self.rank()).map(|a| a as isize).collect();
            return self.mean_dim(dims, true);
        }
        let mut x = self.clone();
        let mut counts: [Vec<usize>; D] = std::array::from_fn(|_| Vec::new());
        let mut windows = [Window::WHOLE; D];
        for i in 0..D {
            let (spread, longest, lengths) = x.adaptive_windows(lead + i, outputs[i]);
            windows[i] = Window { size: longest, stride: longest, ..Window::WHOLE };
            x = if lengths.iter().all(|&len| len == longest) {
                spread
            } else {
                // The repeats of shorter ones count nothing.
                let inside = (0..outputs[i] * longest).map(|at| at % longest < lengths[at / longest]);
                let mut shape = vec![1; spread.rank()];
                shape[lead + i] = outputs[i] * longest;
                let inside = Tensor::from_vec(inside.collect::<Vec<bool>>(), shape, self.device());
                inside.where_(&spread, 0.0)
            };
            counts[i] = lengths;
        }
        x.window_means(names[D - 1], &windows, x.counts(&windows, &counts))
    }

    /// The largest of as many windows of `D` dimensions, one to three, as asked for, and where: see
    /// [`Tensor::adaptive_max_pool2d_with_indices`].
    #[track_caller]
    pub fn adaptive_max_pool_nd<const D: usize>(
        &self,
        output_size: impl Into<AdaptiveSize<D>>,
    ) -> (Tensor, Tensor) {
        let op = ["adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d"][D - 1];
        let outputs = self.adaptive_sizes(op, output_size.into());
        let names = ["SqueezeBackward1", "AdaptiveMaxPool2DBackward0", "AdaptiveMaxPool3DBackward0"];
        let lead = self.rank() - D;
        let mut x = self.clone();
        // Where each element of the spread planes stood.
        let plane: Vec<i32> = (0..self.shape()[lead..].iter().product::<usize>() as i32).collect();
        let mut origin = Tensor::from_vec(plane, &self.shape()[lead..], self.device());
        let mut windows = [Window::WHOLE; D];
        for i in 0..D {
            let (spread, longest, _) = x.adaptive_windows(lead + i, outputs[i]);
            windows[i] = Window { size: longest, stride: longest, ..Window::WHOLE };
            origin = origin.adaptive_windows(i, outputs[i]).0;
            x = spread;
        }
        let (values, at) = x.largest(names[D - 1], &windows);
        let index = origin.raw().reshape(&Shape::new(&[origin.numel()]));
        let index = index.index_select(0, &at.raw().reshape(&Shape::new(&[at.numel()])));
        (values, Tensor::from_raw(index.reshape(at.shape())))
    }
}
