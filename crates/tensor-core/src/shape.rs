//! Shapes: up to [`MAX_RANK`] sizes kept inline, so that copying one allocates nothing.

use std::fmt;
use std::ops::Deref;

/// The largest number of dimensions a tensor has. Eight holds every layer's needs and keeps
/// shapes, strides and GPU parameters of a fixed size.
pub const MAX_RANK: usize = 8;

/// The sizes of a tensor's dimensions, outermost first; `[]` is a single number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    rank: u8,
    dims: [usize; MAX_RANK],
}

impl Shape {
    /// A shape of the given sizes.
    ///
    /// # Panics
    /// With more than [`MAX_RANK`] sizes.
    #[track_caller]
    pub fn new(dims: &[usize]) -> Self {
        assert!(dims.len() <= MAX_RANK, "a tensor has at most {MAX_RANK} dimensions, got {dims:?}");
        let mut all = [0; MAX_RANK];
        all[..dims.len()].copy_from_slice(dims);
        Shape { rank: dims.len() as u8, dims: all }
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.rank.into()
    }

    /// The sizes.
    pub fn dims(&self) -> &[usize] {
        &self.dims[..self.rank()]
    }

    /// The sizes, to be changed in place.
    pub fn dims_mut(&mut self) -> &mut [usize] {
        &mut self.dims[..self.rank as usize]
    }

    /// Number of elements: the product of the sizes, 1 for `[]`. Beyond what can be counted it is the most that
    /// can, for which no device has memory.
    pub fn numel(&self) -> usize {
        self.dims().iter().fold(1, |all, &size| all.saturating_mul(size))
    }

    /// The row-major strides, in elements.
    pub fn strides(&self) -> [isize; MAX_RANK] {
        let mut strides = [0; MAX_RANK];
        let mut step = 1isize;
        for axis in (0..self.rank()).rev() {
            strides[axis] = step;
            step = step.saturating_mul(self.dims[axis].max(1) as isize);
        }
        strides
    }

    /// This shape with `size` inserted before `axis`.
    #[track_caller]
    pub fn insert(&self, axis: usize, size: usize) -> Self {
        assert!(self.rank() < MAX_RANK, "a tensor has at most {MAX_RANK} dimensions, {self} is full");
        Shape { rank: self.rank + 1, dims: inserted(self.dims, axis, size) }
    }

    /// This shape without `axis`.
    pub fn remove(&self, axis: usize) -> Self {
        Shape { rank: self.rank - 1, dims: removed(self.dims, axis) }
    }

    /// This shape with the size of `axis` replaced.
    pub fn with(&self, axis: usize, size: usize) -> Self {
        let mut shape = *self;
        shape.dims_mut()[axis] = size;
        shape
    }

    /// The shape both broadcast to, by PyTorch's rule: aligned at the right, sizes equal or 1.
    /// `None` when some aligned pair is neither.
    pub fn broadcast(&self, other: &Shape) -> Option<Shape> {
        let rank = self.rank().max(other.rank());
        let mut shape = Shape { rank: rank as u8, dims: [0; MAX_RANK] };
        for from_end in 1..=rank {
            let size = |s: &Shape| if from_end <= s.rank() { s.dims[s.rank() - from_end] } else { 1 };
            let (a, b) = (size(self), size(other));
            shape.dims[rank - from_end] = match (a, b) {
                (1, b) => b,
                (a, 1) => a,
                (a, b) if a == b => a,
                _ => return None,
            };
        }
        Some(shape)
    }

    /// The shape after reducing `axes` (a bit set), which stay as 1 or go.
    pub fn reduced(&self, axes: Axes, keepdim: bool) -> Shape {
        let mut shape = Shape { rank: 0, dims: [0; MAX_RANK] };
        for axis in (0..self.rank()).filter(|&axis| keepdim || !axes.contains(axis)) {
            shape.dims[shape.rank()] = if axes.contains(axis) { 1 } else { self.dims[axis] };
            shape.rank += 1;
        }
        shape
    }
}

/// A list of one number a dimension, zeros after the last, with `value` put before `axis`.
pub(crate) fn inserted<T: Copy>(mut list: [T; MAX_RANK], axis: usize, value: T) -> [T; MAX_RANK] {
    list.copy_within(axis..MAX_RANK - 1, axis + 1);
    list[axis] = value;
    list
}

/// Such a list without `axis`.
pub(crate) fn removed<T: Copy + Default>(mut list: [T; MAX_RANK], axis: usize) -> [T; MAX_RANK] {
    list.copy_within(axis + 1.., axis);
    list[MAX_RANK - 1] = T::default();
    list
}

impl Deref for Shape {
    type Target = [usize];
    fn deref(&self) -> &[usize] {
        self.dims()
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.dims(), f)
    }
}

/// As Python prints a list of sizes: `[2, 3]`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.dims(), f)
    }
}

impl PartialEq<[usize]> for Shape {
    fn eq(&self, other: &[usize]) -> bool {
        self.dims() == other
    }
}

impl<const N: usize> PartialEq<[usize; N]> for Shape {
    fn eq(&self, other: &[usize; N]) -> bool {
        self.dims() == other
    }
}

impl From<usize> for Shape {
    fn from(size: usize) -> Self {
        Shape::new(&[size])
    }
}

impl From<()> for Shape {
    fn from((): ()) -> Self {
        Shape::new(&[])
    }
}

impl<const N: usize> From<[usize; N]> for Shape {
    #[track_caller]
    fn from(dims: [usize; N]) -> Self {
        Shape::new(&dims)
    }
}

impl From<&[usize]> for Shape {
    #[track_caller]
    fn from(dims: &[usize]) -> Self {
        Shape::new(dims)
    }
}

impl From<Vec<usize>> for Shape {
    #[track_caller]
    fn from(dims: Vec<usize>) -> Self {
        Shape::new(&dims)
    }
}

impl From<&Shape> for Shape {
    fn from(shape: &Shape) -> Self {
        *shape
    }
}

impl FromIterator<usize> for Shape {
    /// # Panics
    /// With more than [`MAX_RANK`] sizes.
    #[track_caller]
    fn from_iter<I: IntoIterator<Item = usize>>(sizes: I) -> Self {
        let mut shape = Shape::new(&[]);
        for size in sizes {
            shape = shape.insert(shape.rank(), size);
        }
        shape
    }
}

/// A set of dimensions, one bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Axes(u32);

impl Axes {
    /// No dimension.
    pub const NONE: Axes = Axes(0);

    /// The first `rank` dimensions: all of a tensor's.
    pub fn all(rank: usize) -> Self {
        Axes((1u32 << rank) - 1)
    }

    /// A single dimension.
    pub fn one(axis: usize) -> Self {
        Axes(1 << axis)
    }

    /// This set and `axis`.
    #[must_use]
    pub fn with(self, axis: usize) -> Self {
        Axes(self.0 | (1 << axis))
    }

    /// Whether `axis` is in the set.
    pub fn contains(self, axis: usize) -> bool {
        self.0 >> axis & 1 == 1
    }

    /// Whether the set is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The dimensions, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_RANK).filter(move |&axis| self.contains(axis))
    }
}

impl FromIterator<usize> for Axes {
    fn from_iter<I: IntoIterator<Item = usize>>(axes: I) -> Self {
        axes.into_iter().fold(Axes::NONE, Axes::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broadcasting_aligns_at_the_right() {
        let shape = |dims: &[usize]| Shape::new(dims);
        assert_eq!(shape(&[3, 1]).broadcast(&shape(&[4])), Some(shape(&[3, 4])));
        assert_eq!(shape(&[]).broadcast(&shape(&[2, 0])), Some(shape(&[2, 0])));
        assert_eq!(shape(&[1]).broadcast(&shape(&[0])), Some(shape(&[0])));
        assert_eq!(shape(&[2]).broadcast(&shape(&[3])), None);
    }

    #[test]
    fn reduction_keeps_or_drops() {
        let axes = Axes::one(0).with(2);
        assert_eq!(Shape::new(&[2, 3, 4]).reduced(axes, false), [3]);
        assert_eq!(Shape::new(&[2, 3, 4]).reduced(axes, true), [1, 3, 1]);
    }
}
