//! Indexing as Python writes it: `x.i(s![.., 0])`, ranges, steps, negative places, new axes,
//! ellipsis, index tensors and masks; and assignment to what they name.

use crate::TensorArg;
use crate::graph::{Keep, record};
use crate::mode::is_grad_enabled;
use crate::tensor::Tensor;
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};
use std::sync::Arc;
use tensor_core::{DType, Layout, RawTensor, check};

/// One entry of an index.
#[derive(Clone)]
pub enum Index {
    /// One place; its dimension goes.
    At(isize),
    /// `start..end` by `step`, Python's `start:end:step`; negative places count from the end.
    Range {
        /// First place; the end of the dimension when `None` and the step is negative.
        start: Option<isize>,
        /// Before this place; to the end when `None`.
        end: Option<isize>,
        /// Not 0; negative runs backwards.
        step: isize,
    },
    /// A new dimension of size 1: Python's `None`.
    NewAxis,
    /// All dimensions not named otherwise: Python's `...`.
    Ellipsis,
    /// The places in an integer tensor, or where a boolean one is true.
    Tensor(Tensor),
}

/// A new dimension of size 1, in [`s!`](crate::s).
pub struct NewAxis;
/// All dimensions not named otherwise, in [`s!`](crate::s).
pub struct Ellipsis;

impl From<NewAxis> for Index {
    fn from(_: NewAxis) -> Self {
        Index::NewAxis
    }
}
impl From<Ellipsis> for Index {
    fn from(_: Ellipsis) -> Self {
        Index::Ellipsis
    }
}
impl From<RangeFull> for Index {
    fn from(_: RangeFull) -> Self {
        Index::Range { start: None, end: None, step: 1 }
    }
}
impl From<&Tensor> for Index {
    fn from(t: &Tensor) -> Self {
        Index::Tensor(t.clone())
    }
}
impl From<Tensor> for Index {
    fn from(t: Tensor) -> Self {
        Index::Tensor(t)
    }
}

macro_rules! places {
    ($($ty:ty),+) => {$(
        impl From<$ty> for Index {
            fn from(at: $ty) -> Self {
                Index::At(at as isize)
            }
        }
        impl From<Range<$ty>> for Index {
            fn from(r: Range<$ty>) -> Self {
                Index::Range { start: Some(r.start as isize), end: Some(r.end as isize), step: 1 }
            }
        }
        impl From<RangeFrom<$ty>> for Index {
            fn from(r: RangeFrom<$ty>) -> Self {
                Index::Range { start: Some(r.start as isize), end: None, step: 1 }
            }
        }
        impl From<RangeTo<$ty>> for Index {
            fn from(r: RangeTo<$ty>) -> Self {
                Index::Range { start: None, end: Some(r.end as isize), step: 1 }
            }
        }
        impl From<RangeInclusive<$ty>> for Index {
            fn from(r: RangeInclusive<$ty>) -> Self {
                let end = *r.end() as isize;
                Index::Range { start: Some(*r.start() as isize), end: (end != -1).then_some(end + 1), step: 1 }
            }
        }
        impl From<RangeToInclusive<$ty>> for Index {
            fn from(r: RangeToInclusive<$ty>) -> Self {
                let end = r.end as isize;
                Index::Range { start: None, end: (end != -1).then_some(end + 1), step: 1 }
            }
        }
    )+};
}
places!(i32, isize, usize);

impl Index {
    /// A range with a step: `s![(0..6).step(2)]` is written `s![0..6; 2]` in [`s!`](crate::s).
    pub fn stepped(self, by: isize) -> Self {
        match self {
            Index::Range { start, end, .. } => Index::Range { start, end, step: by },
            other => other,
        }
    }
}

/// An index of a tensor: one entry per dimension, `start..end; step` with a step.
///
/// ```
/// use autograd::{Tensor, s};
/// let x = Tensor::arange(0, 12, 1, &backend_cpu::device()).reshape([3, 4]);
/// assert_eq!(x.i(s![1, ..]).to_vec::<i32>(), [4, 5, 6, 7]);
/// assert_eq!(x.i(s![.., -1]).to_vec::<i32>(), [3, 7, 11]);
/// assert_eq!(x.i(s![0, ..; -2]).to_vec::<i32>(), [3, 1]);
/// ```
#[macro_export]
macro_rules! s {
    (@list [$($done:expr,)*]) => { &[$($done),*] };
    (@list [$($done:expr,)*] $entry:expr ; $step:expr $(, $($rest:tt)*)?) => {
        $crate::s!(@list [$($done,)* $crate::Index::from($entry).stepped($step),] $($($rest)*)?)
    };
    (@list [$($done:expr,)*] $entry:expr $(, $($rest:tt)*)?) => {
        $crate::s!(@list [$($done,)* $crate::Index::from($entry),] $($($rest)*)?)
    };
    ($($all:tt)*) => { $crate::s!(@list [] $($all)*) };
}

/// One step of arithmetic on a layout.
#[derive(Clone, Copy)]
enum Step {
    Select(usize, usize),
    Slice(usize, usize, usize, isize),
    Unsqueeze(usize),
}

/// The view that steps lead to, of any tensor of the same shape.
fn follow(steps: &[Step], start: &Layout) -> Layout {
    steps.iter().fold(*start, |layout, step| match *step {
        Step::Select(axis, at) => layout.select(axis, at),
        Step::Slice(axis, from, len, by) => layout.slice(axis, from, len, by),
        Step::Unsqueeze(axis) => layout.unsqueeze(axis),
    })
}

/// A resolved basic index: the steps to the view, before index tensors are applied.
struct Resolved {
    steps: Arc<[Step]>,
    /// Index tensors and the dimension of the view that each replaces.
    tensors: Vec<(usize, Tensor)>,
}

#[track_caller]
fn resolve(x: &Tensor, index: &[Index]) -> Resolved {
    let takes = |i: &Index| match i {
        Index::NewAxis | Index::Ellipsis => 0,
        Index::Tensor(t) if t.dtype() == DType::Bool => t.rank(),
        _ => 1,
    };
    let named: usize = index.iter().map(takes).sum();
    if named > x.rank() {
        check::fail(
            "index",
            format_args!(
                "{named} dimensions are indexed, the tensor of shape {} has {}",
                x.shape(),
                x.rank()
            ),
            "give at most one entry per dimension",
        );
    }
    let rest = x.rank() - named;
    let (mut steps, mut tensors) = (Vec::new(), Vec::new());
    let mut shape = *x.shape();
    let mut axis = 0;
    for entry in index {
        match entry {
            Index::At(at) => {
                let size = shape[axis] as isize;
                if *at < -size || *at >= size {
                    check::fail(
                        "index",
                        format_args!("index {at} is out of range for dimension {axis} of size {size}"),
                        format_args!("shape is {}; indices run from {} to {}", x.shape(), -size, size - 1),
                    );
                }
                steps.push(Step::Select(axis, at.rem_euclid(size) as usize));
                shape = shape.remove(axis);
            }
            Index::Range { start, end, step } => {
                let (from, len) = range(*start, *end, *step, shape[axis]);
                if (from, len, *step) != (0, shape[axis], 1) {
                    steps.push(Step::Slice(axis, from, len, *step));
                }
                shape = shape.with(axis, len);
                axis += 1;
            }
            Index::NewAxis => {
                steps.push(Step::Unsqueeze(axis));
                shape = shape.insert(axis, 1);
                axis += 1;
            }
            Index::Ellipsis => axis += rest,
            Index::Tensor(t) if t.dtype() == DType::Bool => {
                let covered = &shape[axis..axis + t.rank()];
                if covered != t.shape().dims() {
                    check::fail(
                        "index",
                        format_args!("a mask of shape {} for dimensions of sizes {covered:?}", t.shape()),
                        "the mask must have the sizes that it masks",
                    );
                }
                let places = true_places(t);
                for (k, column) in places.into_iter().enumerate() {
                    let count = column.len();
                    tensors.push((axis + k, Tensor::from_vec(column, count, x.device())));
                }
                axis += t.rank();
            }
            Index::Tensor(t) => {
                let size = shape[axis];
                tensors.push((axis, Tensor::from_raw(t.raw().wrapped_index("index", size))));
                axis += 1;
            }
        }
    }
    Resolved { steps: steps.into(), tensors }
}

/// First place and number of places of a Python slice of a dimension.
#[track_caller]
fn range(start: Option<isize>, end: Option<isize>, step: isize, size: usize) -> (usize, usize) {
    let size = size as isize;
    let from_end = |v: isize| if v < 0 { v + size } else { v };
    if step > 0 {
        let start = from_end(start.unwrap_or(0)).clamp(0, size);
        let end = from_end(end.unwrap_or(size)).clamp(0, size);
        (start as usize, ((end - start).max(0) as usize).div_ceil(step as usize))
    } else if step < 0 {
        let start = start.map_or(size - 1, |v| from_end(v).clamp(-1, size - 1));
        let end = end.map_or(-1, |v| from_end(v).clamp(-1, size - 1));
        (start.max(0) as usize, ((start - end).max(0) as usize).div_ceil(step.unsigned_abs()))
    } else {
        check::fail("index", "a step of 0", "give a positive or negative step")
    }
}

/// The coordinates of a mask's true elements, one list per dimension, row-major.
pub(crate) fn true_places(mask: &Tensor) -> Vec<Vec<i32>> {
    let mut places = vec![Vec::new(); mask.rank()];
    let Some((last, leading)) = places.split_last_mut() else { return places };
    let hits = mask.to_vec::<bool>();
    // Every place is written, and the next one over it unless it was a hit: a branch could not be foreseen.
    last.resize(hits.len(), 0);
    let (width, mut found, mut at) = (mask.dim(-1), 0, vec![0; leading.len()]);
    for row in hits.chunks(width.max(1)) {
        let before = found;
        for (column, &hit) in row.iter().enumerate() {
            last[found] = column as i32;
            found += usize::from(hit);
        }
        for (list, &place) in leading.iter_mut().zip(&at) {
            list.extend(std::iter::repeat_n(place, found - before));
        }
        for (axis, place) in at.iter_mut().enumerate().rev() {
            *place += 1;
            if (*place as usize) < mask.shape()[axis] {
                break;
            }
            *place = 0;
        }
    }
    last.truncate(found);
    places
}

impl Tensor {
    /// What an index names: a view for places and ranges, a copy where index tensors are involved.
    ///
    /// # Panics
    /// When a place is out of range, or more dimensions are indexed than there are.
    #[track_caller]
    pub fn i<I: AsRef<[Index]> + ?Sized>(&self, index: &I) -> Tensor {
        let Resolved { steps, tensors } = resolve(self, index.as_ref());
        let view = self.through(steps);
        match tensors.len() {
            0 => view,
            1 if tensors[0].1.rank() == 1 => {
                view.index_select(tensors[0].0 as isize, &tensors[0].1).named("IndexBackward0")
            }
            _ => view.take_at(&tensors).named("IndexBackward0"),
        }
    }

    /// The view that steps lead to.
    #[track_caller]
    fn through(&self, steps: Arc<[Step]>) -> Tensor {
        // PyTorch takes the steps one by one and prints the last.
        let name = match steps.last() {
            None => return self.clone(),
            Some(Step::Select(..)) => "SelectBackward0",
            Some(Step::Slice(..)) => "SliceBackward0",
            Some(Step::Unsqueeze(_)) => "UnsqueezeBackward0",
        };
        let shape = *self.shape();
        let place = move |t: &RawTensor| t.with_layout(follow(&steps, t.layout()));
        let out = place(self.raw());
        record(name, [self], Keep::NOTHING, out, move |_, g| [Some(g.embedded(shape, place.clone()))])
            .mark_view()
    }

    /// Several index tensors at once: they broadcast together, as NumPy's advanced indexing. The
    /// result's dimensions stand where the first index stood, or in front when indices are apart.
    #[track_caller]
    fn take_at(&self, tensors: &[(usize, Tensor)]) -> Tensor {
        let shape = tensors
            .iter()
            .fold(tensor_core::Shape::new(&[]), |s, (_, t)| check::broadcast("index", &s, t.shape()));
        let axes: Vec<usize> = tensors.iter().map(|(axis, _)| *axis).collect();
        let mut order: Vec<isize> = axes.iter().map(|&a| a as isize).collect();
        order.extend((0..self.rank()).filter(|a| !axes.contains(a)).map(|a| a as isize));
        let front = self.permute(&order);
        // One index into the flattened indexed dimensions.
        let mut flat = Tensor::from_raw(RawTensor::full(shape, 0, DType::I32, self.device()));
        for (axis, index) in tensors {
            flat = flat * self.shape()[*axis] as i64 + index;
        }
        let count = axes.len();
        let mut merged = vec![front.shape()[..count].iter().product::<usize>()];
        merged.extend(&front.shape()[count..]);
        let picked = front.reshape(&merged).index_select(0, &flat.flatten(0, -1));
        let mut sizes = shape.to_vec();
        sizes.extend(&front.shape()[count..]);
        let out = picked.reshape(&sizes);
        let adjacent = axes.windows(2).all(|w| w[1] == w[0] + 1);
        if !adjacent || axes[0] == 0 {
            return out;
        }
        let (rank, lead) = (out.rank(), axes[0]);
        let wide = shape.rank();
        let mut back: Vec<isize> = (wide..wide + lead).map(|a| a as isize).collect();
        back.extend((0..wide).map(|a| a as isize));
        back.extend((wide + lead..rank).map(|a| a as isize));
        out.permute(&back)
    }

    /// In place: writes `value`, broadcast, to what an index names, as Python's `x[…] = value`.
    /// Gradients flow to `value`, and to the rest of what stood here.
    ///
    /// # Panics
    /// As [`Tensor::i`]; and for a leaf that requires gradients outside [`no_grad`](crate::no_grad).
    #[track_caller]
    pub fn assign<I: AsRef<[Index]> + ?Sized>(&self, index: &I, value: impl Into<TensorArg>) -> &Self {
        let value = match value.into() {
            TensorArg::Tensor(t) => t,
            TensorArg::Scalar(v) => Tensor::from_raw(RawTensor::full((), v, self.dtype(), self.device())),
        };
        let tracked = is_grad_enabled() && (self.requires_grad() || value.requires_grad());
        let Resolved { steps, tensors } = resolve(self, index.as_ref());
        let view = self.raw().with_layout(follow(&steps, self.raw().layout()));
        if !tracked && tensors.is_empty() {
            view.write(value.raw());
            return self;
        }
        let shape = *view.shape();
        drop(view); // so that nobody but this tensor holds its memory
        let target = |t: &Tensor| t.i(index);
        if !tensors.is_empty() {
            // Bytes and truth values too are placed, not added: the last of several writes to one place wins.
            let numbers: Vec<i32> = (0..self.numel() as i32).collect();
            let places = target(&Tensor::from_vec(numbers, *self.shape(), self.device()));
            let full = value.expand_to(places.shape()).flatten(0, -1);
            let places: Vec<usize> = places.to_vec::<i32>().into_iter().map(|at| at as usize).collect();
            return self.become_("assign", self.written(&places, &full, "IndexPutBackward0"));
        }
        // Where the index points is true in a mask; what is written comes from a copy.
        let mask = Tensor::from_raw(RawTensor::full(*self.shape(), false, DType::Bool, self.device()));
        target(&mask).fill_(true);
        let full = value.expand_to(&shape).to_dtype(self.dtype());
        let placed = full.embedded(*self.shape(), move |t| t.with_layout(follow(&steps, t.layout())));
        self.become_("assign", mask.where_(&placed, self).to_dtype(self.dtype()))
    }
}
