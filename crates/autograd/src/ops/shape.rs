//! Other ways to see the same elements. Each is a view (no copy) unless it says otherwise, and its
//! gradient is the view undone.

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{DType, Device, RawTensor, Result, Shape, check};

/// Sizes in which −1 stands for what is left, as a shape of `numel` elements.
#[track_caller]
fn infer(op: &str, sizes: &[isize], numel: usize) -> Shape {
    let known: usize = sizes.iter().filter(|&&s| s != -1).map(|&s| s.max(0) as usize).product();
    let unknown = sizes.iter().filter(|&&s| s == -1).count();
    if unknown > 1 || sizes.iter().any(|&s| s < -1) {
        check::fail(op, format!("sizes {sizes:?} are not a shape"), "at most one size may be -1");
    }
    if unknown == 1 && (known == 0 || !numel.is_multiple_of(known)) {
        check::fail(
            op,
            format!("{numel} elements do not divide into sizes {sizes:?}"),
            "the product of the known sizes must divide the number of elements",
        );
    }
    let dims: Vec<usize> = sizes.iter().map(|&s| if s == -1 { numel / known } else { s as usize }).collect();
    Shape::new(&dims)
}

/// Sizes of a new shape: `usize` sizes as they are, `isize` ones with −1 for what is left.
pub trait Sizes {
    /// The shape of `numel` elements.
    #[track_caller]
    fn shape(&self, op: &str, numel: usize) -> Shape;
}
impl<const N: usize> Sizes for [isize; N] {
    #[track_caller]
    fn shape(&self, op: &str, numel: usize) -> Shape {
        infer(op, self, numel)
    }
}
impl Sizes for &[isize] {
    #[track_caller]
    fn shape(&self, op: &str, numel: usize) -> Shape {
        infer(op, self, numel)
    }
}
impl Sizes for isize {
    #[track_caller]
    fn shape(&self, op: &str, numel: usize) -> Shape {
        infer(op, &[*self], numel)
    }
}
impl Sizes for Vec<usize> {
    fn shape(&self, _: &str, _: usize) -> Shape {
        Shape::new(self)
    }
}
impl Sizes for &Vec<usize> {
    fn shape(&self, _: &str, _: usize) -> Shape {
        Shape::new(self)
    }
}
impl Sizes for &Shape {
    fn shape(&self, _: &str, _: usize) -> Shape {
        **self
    }
}

impl Tensor {
    #[track_caller]
    pub(crate) fn reshape_to(&self, shape: &Shape) -> Tensor {
        if self.shape() == shape {
            return self.clone();
        }
        let before = *self.shape();
        let out = self.raw().reshape(shape);
        let is_view = out.buffer().same(self.raw().buffer());
        let result =
            record("ViewBackward0", [self], Keep::NOTHING, out, move |_, g| [Some(g.reshape_to(&before))]);
        if is_view { result.mark_view() } else { result }
    }

    #[track_caller]
    pub(crate) fn expand_to(&self, shape: &Shape) -> Tensor {
        if self.shape() == shape {
            return self.clone();
        }
        let (before, dtype) = (*self.shape(), self.dtype());
        let out = self.raw().expand(shape);
        record("ExpandBackward0", [self], Keep::NOTHING, out, move |_, g| [Some(g.fit(&before, dtype))])
            .mark_view()
    }

    /// Another shape for the same elements; one size may be −1. Copies only when strides demand it.
    ///
    /// # Panics
    /// When the numbers of elements differ.
    #[track_caller]
    pub fn reshape(&self, sizes: impl Sizes) -> Tensor {
        self.reshape_to(&sizes.shape("reshape", self.numel()))
    }

    /// As [`Tensor::reshape`], but never copies.
    ///
    /// # Panics
    /// When the elements cannot be seen in that shape without a copy.
    #[track_caller]
    pub fn view(&self, sizes: impl Sizes) -> Tensor {
        let shape = sizes.shape("view", self.numel());
        self.raw().view_as(&shape);
        self.reshape_to(&shape)
    }

    /// Repeats dimensions of size 1, and new leading ones, without copying; −1 keeps a size.
    #[track_caller]
    pub fn expand<const N: usize>(&self, sizes: [isize; N]) -> Tensor {
        let added = N.saturating_sub(self.rank());
        let dims: Vec<usize> = sizes
            .iter()
            .enumerate()
            .map(|(i, &s)| if s == -1 && i >= added { self.shape()[i - added] } else { s as usize })
            .collect();
        self.expand_to(&Shape::new(&dims))
    }

    /// Broadcast to the shape of another tensor.
    #[track_caller]
    pub fn expand_as(&self, other: &Tensor) -> Tensor {
        self.expand_to(other.shape())
    }

    /// Dimension `order[i]` moved to place `i`.
    #[track_caller]
    pub fn permute(&self, order: &[isize]) -> Tensor {
        let rank = self.rank();
        let places: Vec<usize> = order.iter().map(|&d| self.axis("permute", d)).collect();
        let mut back = vec![isize::MAX; rank];
        places.iter().enumerate().for_each(|(i, &p)| back[p] = i as isize);
        if places.len() != rank || back.contains(&isize::MAX) {
            check::fail(
                "permute",
                format!("{order:?} is not an order of the {rank} dimensions of shape {}", self.shape()),
                "name every dimension once",
            );
        }
        let out = self.raw().permute(&places);
        record("PermuteBackward0", [self], Keep::NOTHING, out, move |_, g| [Some(g.permute(&back))])
            .mark_view()
    }

    /// Two dimensions swapped.
    #[track_caller]
    pub fn transpose(&self, a: isize, b: isize) -> Tensor {
        let (a, b) = (self.axis("transpose", a), self.axis("transpose", b));
        if self.rank() == 0 {
            return self.clone();
        }
        let out = self.raw().transpose(a, b);
        record("TransposeBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.transpose(a as isize, b as isize))]
        })
        .mark_view()
    }

    /// The transpose of a matrix; vectors stay as they are.
    ///
    /// # Panics
    /// With more than two dimensions.
    #[track_caller]
    pub fn t(&self) -> Tensor {
        match self.rank() {
            0 | 1 => self.clone(),
            2 => {
                let out = self.raw().transpose(0, 1);
                record("TBackward0", [self], Keep::NOTHING, out, |_, g| [Some(g.t())]).mark_view()
            }
            rank => check::fail(
                "t",
                format!("needs at most 2 dimensions, shape {} has {rank}", self.shape()),
                "use .transpose(-2, -1) for batches of matrices",
            ),
        }
    }

    /// One dimension moved to another place, the others staying in order.
    #[track_caller]
    pub fn movedim(&self, from: isize, to: isize) -> Tensor {
        let (from, to) = (self.axis("movedim", from), self.axis("movedim", to));
        let mut order: Vec<isize> = (0..self.rank() as isize).filter(|&d| d != from as isize).collect();
        order.insert(to, from as isize);
        self.permute(&order)
    }

    /// A dimension of size 1 inserted before `dim` (−1: at the end).
    #[track_caller]
    pub fn unsqueeze(&self, dim: isize) -> Tensor {
        let axis = check::axis("unsqueeze", dim, self.rank() + 1);
        let out = self.raw().unsqueeze(axis);
        record("UnsqueezeBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.squeeze_dim(axis as isize))]
        })
        .mark_view()
    }

    /// Without all dimensions of size 1.
    #[track_caller]
    pub fn squeeze(&self) -> Tensor {
        let dims: Vec<usize> = self.shape().iter().copied().filter(|&s| s != 1).collect();
        self.reshape_to(&Shape::new(&dims))
    }

    /// Without `dim` if its size is 1; else as it is.
    #[track_caller]
    pub fn squeeze_dim(&self, dim: isize) -> Tensor {
        let axis = self.axis("squeeze", dim);
        if self.rank() == 0 || self.shape()[axis] != 1 {
            return self.clone();
        }
        let out = self.raw().squeeze(axis);
        record("SqueezeBackward1", [self], Keep::NOTHING, out, move |_, g| [Some(g.unsqueeze(axis as isize))])
            .mark_view()
    }

    /// Dimensions `start` to `end`, both included, as one: `flatten(1, -1)` keeps the batch.
    #[track_caller]
    pub fn flatten(&self, start: isize, end: isize) -> Tensor {
        if self.rank() == 0 {
            return self.reshape_to(&Shape::new(&[1]));
        }
        let (start, end) = (self.axis("flatten", start), self.axis("flatten", end));
        if start > end {
            check::fail("flatten", format!("dimension {start} comes after dimension {end}"), "");
        }
        let mut dims = self.shape()[..start].to_vec();
        dims.push(self.shape()[start..=end].iter().product());
        dims.extend(&self.shape()[end + 1..]);
        self.reshape_to(&Shape::new(&dims))
    }

    /// Every `step`-th element of `axis` from `start`, `len` of them.
    #[track_caller]
    pub(crate) fn sliced(&self, axis: usize, start: usize, len: usize, step: isize) -> Tensor {
        let shape = *self.shape();
        let out = self.raw().slice(axis, start, len, step);
        record("SliceBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.embedded(shape, move |t| t.slice(axis, start, len, step)))]
        })
        .mark_view()
    }

    /// Zeros of `shape` with this at the view `place` of them: the gradient of every selection.
    #[track_caller]
    pub(crate) fn embedded(
        &self,
        shape: Shape,
        place: impl Fn(&RawTensor) -> RawTensor + Send + Sync + Clone + 'static,
    ) -> Tensor {
        let out = self.raw().embed(&shape, &place);
        record("SliceBackward0", [self], Keep::NOTHING, out, move |_, g| [Some(g.picked(place.clone()))])
    }

    /// The view `place` of this: the gradient of [`Tensor::embedded`].
    #[track_caller]
    fn picked(&self, place: impl Fn(&RawTensor) -> RawTensor + Send + Sync + Clone + 'static) -> Tensor {
        let shape = *self.shape();
        let out = place(self.raw());
        record("SliceBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.embedded(shape, place.clone()))]
        })
        .mark_view()
    }

    /// `length` elements of `dim` from `start`.
    #[track_caller]
    pub fn narrow(&self, dim: isize, start: usize, length: usize) -> Tensor {
        let axis = self.axis("narrow", dim);
        let size = self.shape().get(axis).copied().unwrap_or(0);
        if start + length > size {
            check::fail(
                "narrow",
                format!("{start}..{} leaves dimension {axis} of size {size}", start + length),
                "start + length must not exceed the size",
            );
        }
        self.sliced(axis, start, length, 1)
    }

    /// The view at `index` of `dim`, which goes; negative indices count from the end.
    #[track_caller]
    pub fn select(&self, dim: isize, index: isize) -> Tensor {
        let axis = self.axis("select", dim);
        let size = self.shape().get(axis).copied().unwrap_or(0) as isize;
        if index < -size || index >= size {
            check::fail(
                "index",
                format!("index {index} is out of range for dimension {axis} of size {size}"),
                format!("shape is {}; indices run from {} to {}", self.shape(), -size, size - 1),
            );
        }
        let at = if index < 0 { index + size } else { index } as usize;
        let shape = *self.shape();
        let out = self.raw().select(axis, at);
        record("SelectBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.embedded(shape, move |t| t.select(axis, at)))]
        })
        .mark_view()
    }

    /// Some dimensions backwards.
    #[track_caller]
    pub fn flip(&self, dims: &[isize]) -> Tensor {
        let mut out = self.clone();
        for &dim in dims {
            let axis = self.axis("flip", dim);
            let size = self.shape()[axis];
            out = out.sliced(axis, size.saturating_sub(1), size, -1);
        }
        out
    }

    /// The slices of a dimension, which goes: PyTorch's `unbind`.
    #[track_caller]
    pub fn unbind(&self, dim: isize) -> Vec<Tensor> {
        let axis = self.axis("unbind", dim);
        (0..self.shape()[axis]).map(|i| self.select(dim, i as isize)).collect()
    }

    /// Pieces of `size` along a dimension, the last one shorter if need be.
    #[track_caller]
    pub fn split(&self, size: usize, dim: isize) -> Vec<Tensor> {
        let len = self.shape()[self.axis("split", dim)];
        if size == 0 {
            check::fail("split", "pieces of size 0", "give a positive size");
        }
        let starts = (0..len.max(1)).step_by(size);
        starts.map(|start| self.narrow(dim, start, size.min(len - start))).collect()
    }

    /// At most `chunks` equal pieces along a dimension; 7 into 3 is 3, 3, 1.
    #[track_caller]
    pub fn chunk(&self, chunks: usize, dim: isize) -> Vec<Tensor> {
        if chunks == 0 {
            check::fail("chunk", "0 chunks", "give a positive number");
        }
        let len = self.shape()[self.axis("chunk", dim)];
        self.split(len.div_ceil(chunks).max(1), dim)
    }

    /// The diagonal of the first two dimensions, moved to the end; `offset` is above (+) or below (−) the main one.
    #[track_caller]
    pub fn diagonal(&self, offset: isize) -> Tensor {
        if self.rank() < 2 {
            check::fail("diagonal", format!("needs two dimensions, shape is {}", self.shape()), "");
        }
        let shape = *self.shape();
        let out = self.raw().diagonal(offset, 0, 1);
        record("DiagonalBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.embedded(shape, move |t| t.diagonal(offset, 0, 1)))]
        })
        .mark_view()
    }

    /// A copy, with history.
    #[allow(clippy::should_implement_trait, reason = "Rust's `clone` shares; this is torch's, which copies")]
    #[track_caller]
    pub fn copy(&self) -> Tensor {
        record("CloneBackward0", [self], Keep::NOTHING, self.raw().copy(), |_, g| [Some(g.clone())])
    }

    /// Itself when row-major without gaps, else a copy that is.
    #[track_caller]
    pub fn contiguous(&self) -> Tensor {
        if self.is_contiguous() { self.clone() } else { self.copy() }
    }

    /// Converted to another element type; itself when it has it already.
    #[track_caller]
    pub fn to_dtype(&self, dtype: DType) -> Tensor {
        let before = self.dtype();
        if dtype == before {
            return self.clone();
        }
        record("ToCopyBackward0", [self], Keep::NOTHING, self.raw().cast(dtype), move |_, g| {
            [Some(g.to_dtype(before))]
        })
    }

    /// Moved to another device; itself when it is there already.
    ///
    /// # Errors
    /// When either device fails, or the other has no such element type.
    #[track_caller]
    pub fn to(&self, device: &Device) -> Result<Tensor> {
        if device == self.device() {
            return Ok(self.clone());
        }
        let before = self.device().clone();
        let out = self.raw().to_device(device)?;
        Ok(record("ToCopyBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(check::done("to", g.to(&before)))]
        }))
    }
}
