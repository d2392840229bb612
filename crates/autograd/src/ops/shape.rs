//! Other ways to see the same elements. Each is a view (no copy) unless it says otherwise, and its
//! gradient is the view undone.

use super::Dims;
use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{DType, Device, RawTensor, Result, Shape, check};

/// Sizes in which −1 stands for what is left, as a shape of `numel` elements.
#[track_caller]
fn infer(op: &str, sizes: &[isize], numel: usize) -> Shape {
    let known: usize = sizes.iter().filter(|&&s| s != -1).map(|&s| s.max(0) as usize).product();
    let unknown = sizes.iter().filter(|&&s| s == -1).count();
    if unknown > 1 || sizes.iter().any(|&s| s < -1) {
        check::fail(op, format_args!("sizes {sizes:?} are not a shape"), "at most one size may be -1");
    }
    if unknown == 1 && (known == 0 || !numel.is_multiple_of(known)) {
        check::fail(
            op,
            format_args!("{numel} elements do not divide into sizes {sizes:?}"),
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
    pub fn expand(&self, sizes: impl Dims) -> Tensor {
        let sizes = sizes.list();
        let added = sizes.len().saturating_sub(self.rank());
        if let Some(place) = (0..sizes.len()).find(|&i| sizes[i] < -1 || (sizes[i] == -1 && i < added)) {
            check::fail(
                "expand",
                format_args!("size {} at dimension {place} of {sizes:?}", sizes[place]),
                "-1 keeps the size of a dimension that is there; new leading ones need a size",
            );
        }
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
                format_args!("{order:?} is not an order of the {rank} dimensions of shape {}", self.shape()),
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
                format_args!("needs at most 2 dimensions, shape {} has {rank}", self.shape()),
                "use .transpose(-2, -1) for batches of matrices",
            ),
        }
    }

    /// One or several dimensions moved to other places, the others staying in order.
    #[track_caller]
    pub fn movedim(&self, from: impl Dims, to: impl Dims) -> Tensor {
        self.moved(&from.list(), &to.list())
    }

    #[track_caller]
    fn moved(&self, from: &[isize], to: &[isize]) -> Tensor {
        if from.len() != to.len() {
            check::fail("movedim", format_args!("{} dimensions to {} places", from.len(), to.len()), "");
        }
        check::axes("movedim", from, self.rank());
        check::axes("movedim", to, self.rank());
        if self.rank() == 0 {
            return self.clone();
        }
        let axes = |dims: &[isize]| dims.iter().map(|&d| self.axis("movedim", d)).collect::<Vec<_>>();
        let (from, to) = (axes(from), axes(to));
        let mut others = (0..self.rank()).filter(|a| !from.contains(a));
        let order: Vec<isize> = (0..self.rank())
            .map(|place| match to.iter().position(|&t| t == place) {
                Some(k) => from[k] as isize,
                None => others.next().expect("as many others as places left") as isize,
            })
            .collect();
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
        self.reshape_to(&Shape::new(&dims)).named("SqueezeBackward0")
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

    /// Without those of `dims` whose size is 1.
    #[track_caller]
    pub fn squeeze_dims(&self, dims: impl Dims) -> Tensor {
        let axes = check::axes("squeeze", &dims.list(), self.rank());
        let kept = (0..self.rank()).filter(|&a| self.shape()[a] != 1 || !axes.contains(a));
        self.reshape_to(&kept.map(|a| self.shape()[a]).collect::<Vec<_>>().into()).named("SqueezeBackward2")
    }

    /// One dimension as several, of which one size may be −1: the inverse of [`Tensor::flatten`].
    #[track_caller]
    pub fn unflatten(&self, dim: isize, sizes: impl Sizes) -> Tensor {
        let axis = self.axis("unflatten", dim);
        let size = self.shape()[axis];
        let parts = sizes.shape("unflatten", size);
        if parts.numel() != size {
            check::fail(
                "unflatten",
                format_args!("sizes {parts} do not make up dimension {axis} of size {size}"),
                "",
            );
        }
        self.reshape_to(&[&self.shape()[..axis], &parts, &self.shape()[axis + 1..]].concat().into())
    }

    /// In the shape of another tensor.
    #[track_caller]
    pub fn reshape_as(&self, other: &Tensor) -> Tensor {
        self.reshape_to(other.shape())
    }

    /// The rows and columns of matrices exchanged: PyTorch's `mT`.
    #[track_caller]
    pub fn mt(&self) -> Tensor {
        if self.rank() < 2 {
            check::fail("mT", format_args!("needs two dimensions, shape is {}", self.shape()), "");
        }
        self.transpose(-2, -1)
    }

    /// Dimensions `start` to `end`, both included, as one: `flatten(1, -1)` keeps the batch.
    #[track_caller]
    pub fn flatten(&self, start: isize, end: isize) -> Tensor {
        if self.rank() == 0 {
            return self.reshape_to(&Shape::new(&[1]));
        }
        let (start, end) = (self.axis("flatten", start), self.axis("flatten", end));
        if start > end {
            check::fail("flatten", format_args!("dimension {start} comes after dimension {end}"), "");
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
        // Nothing but turned round: so is its gradient, which need not be written anywhere.
        let turned = step == -1 && len == shape[axis];
        record("SliceBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(if turned {
                g.sliced(axis, start, len, step)
            } else {
                g.embedded(shape, move |t| t.slice(axis, start, len, step))
            })]
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

    /// A copy, with history.
    #[allow(clippy::should_implement_trait, reason = "Rust's `clone` shares; this is torch's, which copies")]
    #[track_caller]
    pub fn copy(&self) -> Tensor {
        record("CloneBackward0", [self], Keep::NOTHING, self.raw().copy(), |_, g| [Some(g.clone())])
    }

    /// A copy if it is the memory of `source`, seen in whatever way: what an operation makes that is no view is written
    /// without its source.
    #[track_caller]
    pub(crate) fn apart_from(self, source: &Tensor) -> Tensor {
        if self.raw().buffer().same(source.raw().buffer()) { self.copy() } else { self }
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
