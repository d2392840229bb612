//! Writing and reducing by index tensors: results are copies of what is written to.
//!
//! An index that names a place twice keeps the last write, as PyTorch does on one thread. Which write
//! that is, is settled on the host; the elements stay on the device.

use super::factor;
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{DType, Layout, Scalar, check};

/// What [`Tensor::scatter_reduce`] makes of several elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduce {
    /// Their sum.
    Sum,
    /// Their product.
    Prod,
    /// Their mean.
    Mean,
    /// The largest.
    Amax,
    /// The smallest.
    Amin,
}

/// The part of a source that an index covers.
fn covered(src: &Tensor, index: &Tensor) -> Tensor {
    (0..src.rank()).fold(src.clone(), |t, a| t.narrow(a as isize, 0, index.shape()[a]))
}

impl Tensor {
    /// The row-major places in this that an index along `axis` reaches, one per element of the index.
    #[track_caller]
    fn places(&self, op: &str, dim: isize, index: &Tensor) -> Vec<usize> {
        let axis = self.axis(op, dim);
        check::index_type(op, index.dtype());
        let fits = index.rank() == self.rank()
            && (0..self.rank()).all(|a| a == axis || index.shape()[a] <= self.shape()[a]);
        if !fits {
            check::fail(
                op,
                format_args!("an index of shape {} for a tensor of shape {}", index.shape(), self.shape()),
                "both have the same dimensions, and the index fits in all but the one it writes along",
            );
        }
        if self.rank() == 0 {
            return vec![0];
        }
        let along = index.raw().checked_index(op, self.shape()[axis]).to_vec::<i64>();
        let mut strides = self.shape().strides();
        let step = std::mem::take(&mut strides[axis]);
        let others = Layout::new(*index.shape(), &strides[..self.rank()], 0);
        others.indices().zip(along).map(|(rest, at)| rest + at as usize * step as usize).collect()
    }

    /// A copy with `values` (flat, one per place) written at row-major places, the last write winning.
    #[track_caller]
    pub(crate) fn written(&self, places: &[usize], values: &Tensor, name: &'static str) -> Tensor {
        let mut last = vec![-1i32; self.numel()];
        places.iter().enumerate().for_each(|(k, &at)| last[at] = k as i32);
        let hit: Vec<bool> = last.iter().map(|&k| k >= 0).collect();
        if places.is_empty() {
            return self.copy().named(name);
        }
        let from: Vec<i32> = last.into_iter().map(|k| k.max(0)).collect();
        let hit = Tensor::from_vec(hit, *self.shape(), self.device());
        let from = Tensor::from_vec(from, self.numel(), self.device());
        let values = values.to_dtype(self.dtype()).index_select(0, &from).reshape_to(self.shape());
        hit.where_(&values, self).named(name)
    }

    #[track_caller]
    fn source_fits(op: &str, src: &Tensor, index: &Tensor) {
        if src.rank() != index.rank() || (0..src.rank()).any(|a| index.shape()[a] > src.shape()[a]) {
            check::fail(
                op,
                format_args!("an index of shape {} for a source of shape {}", index.shape(), src.shape()),
                "the source must be at least as large as the index",
            );
        }
    }

    /// A copy with `out[…, index[…, i, …], …] = src[…, i, …]` along a dimension.
    #[track_caller]
    pub fn scatter(&self, dim: isize, index: &Tensor, src: &Tensor) -> Tensor {
        Tensor::source_fits("scatter", src, index);
        let places = self.places("scatter", dim, index);
        self.written(&places, &covered(src, index).flatten(0, -1), "ScatterBackward0")
    }

    /// A copy with `value` written at an index along a dimension.
    #[track_caller]
    pub fn scatter_value(&self, dim: isize, index: &Tensor, value: impl Into<Scalar>) -> Tensor {
        let places = self.places("scatter", dim, index);
        let value = Tensor::full(index.numel(), value, (self.dtype(), self.device()));
        self.written(&places, &value, "ScatterBackward1")
    }

    /// The elements of `src` reduced into the places that an index along a dimension names, together
    /// with what stands there unless `include_self` is false (PyTorch's default is true).
    #[track_caller]
    pub fn scatter_reduce(
        &self,
        dim: isize,
        index: &Tensor,
        src: &Tensor,
        reduce: Reduce,
        include_self: bool,
    ) -> Tensor {
        check::arithmetic("scatter_reduce", self.dtype());
        Tensor::source_fits("scatter_reduce", src, index);
        let places = self.places("scatter_reduce", dim, index);
        let src = covered(src, index).to_dtype(self.dtype());
        let mut base = self.clone();
        if !include_self {
            // What stands at a place that is written becomes the reduction's neutral element.
            let mut hit = vec![false; self.numel()];
            places.iter().for_each(|&at| hit[at] = true);
            let hit = Tensor::from_vec(hit, *self.shape(), self.device());
            let float = self.dtype().is_float();
            let neutral = match reduce {
                Reduce::Sum | Reduce::Mean => Scalar::Int(0),
                Reduce::Prod => Scalar::Int(1),
                Reduce::Amax if float => Scalar::Float(f64::NEG_INFINITY),
                Reduce::Amin if float => Scalar::Float(f64::INFINITY),
                Reduce::Amax => {
                    Scalar::Int(if self.dtype() == DType::I32 { i32::MIN.into() } else { i64::MIN })
                }
                Reduce::Amin => {
                    Scalar::Int(if self.dtype() == DType::I32 { i32::MAX.into() } else { i64::MAX })
                }
            };
            base = self.masked_fill(&hit, neutral);
        }
        let out = match reduce {
            Reduce::Sum => base.scatter_add(dim, index, &src),
            Reduce::Mean => {
                let own = i32::from(include_self);
                let ones = Tensor::ones(*index.shape(), (DType::I32, self.device()));
                let count = Tensor::full(*self.shape(), own, (DType::I32, self.device()));
                let count = count.scatter_add(dim, index, &ones).maximum(1);
                let sum = base.scatter_add(dim, index, &src);
                if self.dtype().is_float() { sum / count } else { sum.floor_divide(count) }
            }
            Reduce::Prod | Reduce::Amax | Reduce::Amin => {
                base.scatter_fold(dim, index, &src, reduce, &places)
            }
        };
        out.named("ScatterReduceBackward0")
    }

    /// Products and extremes, folded on the host in row-major order of the source.
    #[track_caller]
    fn scatter_fold(
        &self,
        dim: isize,
        index: &Tensor,
        src: &Tensor,
        reduce: Reduce,
        places: &[usize],
    ) -> Tensor {
        let (mut values, from) = (self.to_vec::<f64>(), src.to_vec::<f64>());
        let larger = |a: f64, b: f64| if a > b || a.is_nan() { a } else { b };
        let single = self.dtype() == DType::F32;
        for (&at, v) in places.iter().zip(from) {
            let old = values[at];
            values[at] = match reduce {
                Reduce::Amax => larger(old, v),
                Reduce::Amin => -larger(-old, -v),
                _ if single => f64::from((old * v) as f32),
                _ => old * v,
            };
        }
        let out = self.numbers("scatter_reduce", values, *self.shape());
        let index = index.detach();
        record(
            "ScatterReduceBackward0",
            [self, src],
            Keep::BOTH.and(Keep::OUTPUT),
            out.raw().clone(),
            move |ctx, g| {
                let (x, src, y) = (ctx.input(0), ctx.input(1), ctx.output());
                let [own, from] = if reduce == Reduce::Prod {
                    product_rule(&x, &src, &y, g, dim, &index)
                } else {
                    // Equal extremes share the gradient.
                    let hit = x.detach().eq(y.detach()).to_dtype(x.dtype());
                    let hits = src.detach().eq(y.detach().gather(dim, &index)).to_dtype(x.dtype());
                    let share = g / hit.scatter_add(dim, &index, &hits);
                    [&share * hit, share.gather(dim, &index) * hits]
                };
                [Some(own), Some(from)]
            },
        )
    }

    /// The rows of a dimension at an index of one dimension replaced by those of `src`, in a copy.
    #[track_caller]
    pub fn index_copy(&self, dim: isize, index: &Tensor, src: &Tensor) -> Tensor {
        let (axis, index) = self.row_index("index_copy", dim, index, src);
        let (hit, last) = self.last_rows(axis, &index);
        if index.numel() == 0 {
            return self.copy().named("IndexCopyBackward0");
        }
        let last = Tensor::from_vec(last, self.shape()[axis], self.device());
        let values = src.to_dtype(self.dtype()).index_select(axis as isize, &last);
        hit.where_(&values, self).named("IndexCopyBackward0")
    }

    /// For each row of a dimension whether an index names it, as a mask that broadcasts, and where it does so last.
    fn last_rows(&self, axis: usize, index: &Tensor) -> (Tensor, Vec<i32>) {
        let size = self.shape()[axis];
        let (mut hit, mut last) = (vec![false; size], vec![0; size]);
        for (k, at) in index.to_vec::<i64>().into_iter().enumerate() {
            (hit[at as usize], last[at as usize]) = (true, k as i32);
        }
        let mut sizes = vec![1; self.rank()];
        sizes[axis] = size;
        (Tensor::from_vec(hit, &sizes[..], self.device()), last)
    }

    /// `alpha`·`src` added to the rows of a dimension at an index of one dimension, in a copy.
    #[track_caller]
    pub fn index_add(&self, dim: isize, index: &Tensor, src: &Tensor, alpha: f64) -> Tensor {
        let (index, src) = self.rows("index_add", dim, index, src);
        let src = if alpha == 1.0 { src } else { src * factor(alpha, self.dtype()) };
        self.scatter_add(dim, &index, &src).named("IndexAddBackward0")
    }

    /// The rows of a dimension at an index of one dimension filled with `value`, in a copy; negative indices count
    /// from the end.
    #[track_caller]
    pub fn index_fill(&self, dim: isize, index: &Tensor, value: impl Into<Scalar>) -> Tensor {
        let axis = self.axis("index_fill", dim);
        let value = value.into();
        let shape = self.shape().with(axis, index.numel());
        let src = Tensor::full(1, value, (self.dtype(), self.device())).expand_to(&shape);
        let index = self.wrapped("index_fill", index, self.shape().get(axis).copied().unwrap_or(1));
        let (axis, index) = self.row_index("index_fill", dim, &index, &src);
        self.masked_fill(&self.last_rows(axis, &index).0, value).named("IndexFillBackward0")
    }

    /// The dimension, and an index of its rows, checked, as is the source's shape.
    #[track_caller]
    fn row_index(&self, op: &str, dim: isize, index: &Tensor, src: &Tensor) -> (usize, Tensor) {
        let axis = self.axis(op, dim);
        if self.rank() == 0 || index.rank() > 1 || *src.shape() != self.shape().with(axis, index.numel()) {
            check::fail(
                op,
                format_args!(
                    "{} indices and a source of shape {} for shape {}",
                    index.shape(),
                    src.shape(),
                    self.shape()
                ),
                "the source has the tensor's shape but for one row per index",
            );
        }
        (axis, self.index(op, index, self.shape()[axis]))
    }

    /// An index of one dimension, checked and seen over the others, and the source, whose shape is checked.
    #[track_caller]
    fn rows(&self, op: &str, dim: isize, index: &Tensor, src: &Tensor) -> (Tensor, Tensor) {
        let (axis, index) = self.row_index(op, dim, index, src);
        let mut sizes = vec![1; self.rank()];
        sizes[axis] = index.numel();
        (index.reshape(&sizes).expand_to(src.shape()), src.clone())
    }

    /// The elements at row-major places, of the index's shape; negative places count from the end.
    #[track_caller]
    pub fn take(&self, index: &Tensor) -> Tensor {
        let places = self.wrapped("take", &index.flatten(0, -1), self.numel());
        let flat = self.flatten(0, -1).index_select(0, &places);
        flat.reshape_to(index.shape()).named("TakeBackward0")
    }

    /// As [`Tensor::gather`], both broadcast but for the dimension; without one, of the flattened tensor. Negative
    /// indices count from the end.
    #[track_caller]
    pub fn take_along_dim(&self, index: &Tensor, dim: impl Into<Option<isize>>) -> Tensor {
        let Some(dim) = dim.into() else {
            let places = self.wrapped("take_along_dim", &index.flatten(0, -1), self.numel());
            return self.flatten(0, -1).gather(0, &places);
        };
        let axis = self.axis("take_along_dim", dim);
        if self.rank() != index.rank() || self.rank() == 0 {
            check::fail(
                "take_along_dim",
                format_args!("shapes {} and {}", self.shape(), index.shape()),
                "equal ranks",
            );
        }
        let index = self.wrapped("take_along_dim", index, self.shape()[axis]);
        let one = |t: &Tensor| t.shape().with(axis, 1);
        let shape = check::broadcast("take_along_dim", &one(self), &one(&index));
        let x = self.expand_to(&shape.with(axis, self.shape()[axis]));
        x.gather(dim, &index.expand_to(&shape.with(axis, index.shape()[axis])).contiguous())
    }

    /// A copy in which the places where a mask is true take the elements of `source` in order.
    #[track_caller]
    pub fn masked_scatter(&self, mask: &Tensor, source: &Tensor) -> Tensor {
        let shape = check::broadcast("masked_scatter", self.shape(), mask.shape());
        let hits = mask.expand_to(&shape).to_vec::<bool>();
        let places: Vec<usize> = (0..hits.len()).filter(|&k| hits[k]).collect();
        if source.numel() < places.len() {
            check::fail(
                "masked_scatter",
                format_args!("{} elements for {} places", source.numel(), places.len()),
                "",
            );
        }
        self.expand_to(&shape).written(&places, &source.flatten(0, -1), "MaskedScatterBackward0")
    }

    /// Each element `repeats` times in a row along a dimension; without one, of the flattened tensor.
    #[track_caller]
    pub fn repeat_interleave(&self, repeats: usize, dim: impl Into<Option<isize>>) -> Tensor {
        let Some(dim) = dim.into() else { return self.flatten(0, -1).repeat_interleave(repeats, 0) };
        let axis = self.axis("repeat_interleave", dim);
        let shape = *self.shape();
        let spread = self.unsqueeze(axis as isize + 1).expand_to(&shape.insert(axis + 1, repeats));
        spread.apart_from(self).reshape_to(&shape.with(axis, shape[axis] * repeats))
    }

    /// As [`Tensor::repeat_interleave`], each element its own number of times: `repeats` is `[size]`.
    #[track_caller]
    pub fn repeat_interleave_each(&self, repeats: &Tensor, dim: isize) -> Tensor {
        check::index_type("repeat_interleave", repeats.dtype());
        let size = self.shape().get(self.axis("repeat_interleave", dim)).copied().unwrap_or(1);
        let counts = repeats.to_vec::<i64>();
        if repeats.rank() != 1 || counts.len() != size || counts.iter().any(|&c| c < 0) {
            check::fail(
                "repeat_interleave",
                format_args!("repeats of shape {} for a dimension of size {size}", repeats.shape()),
                "give one number, not negative, per element",
            );
        }
        let index: Vec<i32> =
            counts.iter().enumerate().flat_map(|(i, &c)| std::iter::repeat_n(i as i32, c as usize)).collect();
        self.index_select(dim, &Tensor::from_slice(&index, index.len(), self.device()))
    }
}

/// The gradients of a scattered product `y` of `x` and `src`: the product of the others, without
/// dividing by a zero that stands alone.
fn product_rule(x: &Tensor, src: &Tensor, y: &Tensor, g: &Tensor, dim: isize, index: &Tensor) -> [Tensor; 2] {
    let fold = |x: &Tensor, src: &Tensor| x.scatter_reduce(dim, index, src, Reduce::Prod, true);
    let ones_at = |t: &Tensor, mask: &Tensor| mask.where_(1.0, t);
    let (zero_x, zero_src) = (x.detach().eq(0), src.detach().eq(0));
    let own = g * zero_x.where_(fold(&ones_at(x, &zero_x), src), y / ones_at(x, &zero_x));
    let zeros = zero_x.to_dtype(x.dtype()).scatter_add(dim, index, &zero_src.to_dtype(x.dtype()));
    let alone = zero_src.logical_and(&zeros.gather(dim, index).eq(1));
    let others = fold(x, &ones_at(src, &alone));
    let at = |t: Tensor| t.gather(dim, index);
    let from = alone.where_(at(g * others), at(g * y) / ones_at(src, &zero_src));
    [own, from]
}
