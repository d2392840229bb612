//! How a flat buffer is seen as a tensor: sizes, signed strides and an offset, in elements.
//!
//! Everything here is arithmetic; no element moves. Invariant: every index within the shape maps
//! into the buffer that the layout was made for, so backends may trust it.

use crate::shape::{Axes, MAX_RANK, Shape, inserted, removed};
use crate::window::Window;

/// Sizes, strides and offset of a view into a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    shape: Shape,
    strides: [isize; MAX_RANK],
    offset: usize,
}

impl Layout {
    /// The row-major layout of a whole buffer.
    pub fn contiguous(shape: impl Into<Shape>) -> Self {
        let shape = shape.into();
        Layout { shape, strides: shape.strides(), offset: 0 }
    }

    /// A layout of given strides and offset; the caller vouches that it stays inside its buffer.
    pub fn new(shape: Shape, strides: &[isize], offset: usize) -> Self {
        let mut all = [0; MAX_RANK];
        all[..strides.len()].copy_from_slice(strides);
        Layout { shape, strides: all, offset }
    }

    /// The sizes.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// The strides, in elements; negative where the view runs backwards, 0 where it repeats.
    pub fn strides(&self) -> &[isize] {
        &self.strides[..self.shape.rank()]
    }

    /// Index in the buffer of the view's first element.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.shape.rank()
    }

    /// Number of elements seen.
    pub fn numel(&self) -> usize {
        self.shape.numel()
    }

    /// Whether the elements lie row-major without gaps (the offset may differ from 0).
    pub fn is_contiguous(&self) -> bool {
        let mut step = 1;
        for axis in (0..self.rank()).rev() {
            let size = self.shape[axis];
            if size == 0 {
                return true;
            }
            if size != 1 {
                if self.strides[axis] != step {
                    return false;
                }
                step *= size as isize;
            }
        }
        true
    }

    /// The layout with dimension `order[i]` moved to place `i`.
    pub fn permute(&self, order: &[usize]) -> Self {
        debug_assert_eq!(order.len(), self.rank(), "an order of all dimensions");
        let mut layout = *self;
        for (place, &axis) in order.iter().enumerate() {
            layout.shape.dims_mut()[place] = self.shape[axis];
            layout.strides[place] = self.strides[axis];
        }
        layout
    }

    /// Two dimensions swapped.
    pub fn transpose(&self, a: usize, b: usize) -> Self {
        let mut layout = *self;
        layout.shape.dims_mut().swap(a, b);
        layout.strides.swap(a, b);
        layout
    }

    /// Repeats dimensions of size 1 (and new leading ones) up to `shape`; `None` if it does not broadcast.
    pub fn expand(&self, shape: &Shape) -> Option<Self> {
        let added = shape.rank().checked_sub(self.rank())?;
        let mut strides = [0; MAX_RANK];
        for axis in 0..self.rank() {
            strides[axis + added] = match (self.shape[axis], shape[axis + added]) {
                (from, to) if from == to => self.strides[axis],
                (1, _) => 0,
                _ => return None,
            };
        }
        Some(Layout { shape: *shape, strides, offset: self.offset })
    }

    /// Every `step`-th element of `axis` from `start`, `len` of them; a negative step runs backwards.
    pub fn slice(&self, axis: usize, start: usize, len: usize, step: isize) -> Self {
        let mut layout = *self;
        layout.shape.dims_mut()[axis] = len;
        if len > 0 {
            layout.offset = (self.offset as isize + start as isize * self.strides[axis]) as usize;
        }
        layout.strides[axis] *= step;
        layout
    }

    /// `axis` as the places of a window that slides along it, and the window's elements as a new last
    /// dimension; padding is the caller's.
    pub fn windows(&self, axis: usize, window: Window) -> Self {
        let places = Window { padding: [0, 0], ..window }.places(self.shape[axis]);
        let shape = self.shape.with(axis, places).insert(self.rank(), window.size);
        let mut strides = self.strides;
        strides[self.rank()] = self.strides[axis] * window.dilation as isize;
        strides[axis] *= window.stride as isize;
        Layout { shape, strides, offset: self.offset }
    }

    /// The view at `index` of `axis`, which goes.
    pub fn select(&self, axis: usize, index: usize) -> Self {
        self.slice(axis, index, 1, 1).remove(axis)
    }

    /// Inserts a dimension of size 1 before `axis`.
    #[track_caller]
    pub fn unsqueeze(&self, axis: usize) -> Self {
        Layout {
            shape: self.shape.insert(axis, 1),
            strides: inserted(self.strides, axis, 0),
            offset: self.offset,
        }
    }

    /// Drops `axis`, which must have size 1 (or be selected at 0).
    pub fn remove(&self, axis: usize) -> Self {
        Layout { shape: self.shape.remove(axis), strides: removed(self.strides, axis), offset: self.offset }
    }

    /// The diagonal of two dimensions, moved to the end; `offset` is above (+) or below (−) the main one.
    pub fn diagonal(&self, offset: isize, a: usize, b: usize) -> Self {
        let (rows, cols) = (self.shape[a] as isize, self.shape[b] as isize);
        let len = (rows + offset.min(0)).min(cols - offset.max(0)).max(0) as usize;
        let (row, col) = ((-offset).max(0), offset.max(0));
        let (sa, sb) = (self.strides[a], self.strides[b]);
        let start = if len > 0 { self.offset as isize + row * sa + col * sb } else { self.offset as isize };
        let rest = self.remove(a.max(b)).remove(a.min(b));
        let mut strides = rest.strides;
        strides[rest.rank()] = sa + sb;
        Layout { shape: rest.shape.insert(rest.rank(), len), strides, offset: start as usize }
    }

    /// The same elements in the same order under another shape, if strides can express it.
    ///
    /// Walks both shapes from the right, matching groups of dimensions of equal product; a group can
    /// be re-split when its own dimensions are mutually contiguous (as `at::detail::computeStride`).
    pub fn reshape(&self, shape: &Shape) -> Option<Self> {
        if self.numel() != shape.numel() {
            return None;
        }
        if self.numel() == 0 {
            return Some(Layout { offset: self.offset, ..Layout::contiguous(*shape) });
        }
        let mut strides = [0isize; MAX_RANK];
        let mut to = shape.rank();
        let mut group_elements = 1; // of the source group gathered so far
        let mut filled = 1; // of the target dimensions laid into it
        let mut base = 1; // stride of the group's innermost dimension
        let mut started = false;
        for from in (0..self.rank()).rev() {
            if self.shape[from] == 1 {
                continue;
            }
            if started && self.strides[from] != base * group_elements as isize {
                if filled != group_elements {
                    return None; // a target dimension would straddle a gap
                }
                started = false;
            }
            if !started {
                (started, group_elements, filled, base) = (true, 1, 1, self.strides[from]);
            }
            group_elements *= self.shape[from];
            while to > 0 && (shape[to - 1] == 1 || filled * shape[to - 1] <= group_elements) {
                let size = shape[to - 1];
                if group_elements % (filled * size) != 0 {
                    break;
                }
                strides[to - 1] = base * filled as isize;
                filled *= size;
                to -= 1;
            }
        }
        if filled != group_elements && started {
            return None;
        }
        for axis in (0..to).rev() {
            if shape[axis] != 1 {
                return None;
            }
        }
        Some(Layout { shape: *shape, strides, offset: self.offset })
    }

    /// The dimensions `axes` moved to the end, both groups in their own order.
    pub fn axes_last(&self, axes: Axes) -> Self {
        let order: Vec<usize> = (0..self.rank())
            .filter(|&a| !axes.contains(a))
            .chain((0..self.rank()).filter(|&a| axes.contains(a)))
            .collect();
        self.permute(&order)
    }

    /// The range of buffer indices it touches, end exclusive; empty views touch none.
    pub fn extent(&self) -> std::ops::Range<usize> {
        if self.numel() == 0 {
            return 0..0;
        }
        let (mut low, mut high) = (self.offset as isize, self.offset as isize);
        for axis in 0..self.rank() {
            let reach = (self.shape[axis] as isize - 1) * self.strides[axis];
            if reach < 0 { low += reach } else { high += reach }
        }
        low as usize..high as usize + 1
    }

    /// Buffer indices of all elements, in row-major order.
    pub fn indices(&self) -> Indices {
        Indices { layout: *self, at: [0; MAX_RANK], next: self.offset as isize, left: self.numel() }
    }
}

/// Iterator over the buffer indices that a [`Layout`] sees, row-major.
#[derive(Clone, Debug)]
pub struct Indices {
    layout: Layout,
    at: [usize; MAX_RANK],
    next: isize,
    left: usize,
}

impl Iterator for Indices {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.left == 0 {
            return None;
        }
        self.left -= 1;
        let current = self.next as usize;
        for axis in (0..self.layout.rank()).rev() {
            self.at[axis] += 1;
            self.next += self.layout.strides[axis];
            if self.at[axis] < self.layout.shape[axis] {
                break;
            }
            self.next -= self.layout.strides[axis] * self.at[axis] as isize;
            self.at[axis] = 0;
        }
        Some(current)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Indices {}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(layout: &Layout) -> Vec<usize> {
        layout.indices().collect()
    }

    #[test]
    fn views_are_arithmetic() {
        let base = Layout::contiguous([2, 3]);
        assert_eq!(seen(&base.transpose(0, 1)), [0, 3, 1, 4, 2, 5]);
        assert_eq!(seen(&base.slice(1, 2, 3, -1)), [2, 1, 0, 5, 4, 3]);
        assert_eq!(seen(&base.select(0, 1)), [3, 4, 5]);
        assert_eq!(seen(&base.diagonal(1, 0, 1)), [1, 5]);
        assert_eq!(seen(&base.diagonal(-1, 0, 1)), [3]);
        assert_eq!(base.diagonal(5, 0, 1).numel(), 0);
    }

    #[test]
    fn reshape_keeps_order_or_declines() {
        let shape = |dims: &[usize]| Shape::new(dims);
        let base = Layout::contiguous([4, 6]);
        for dims in [&[24][..], &[2, 2, 6], &[4, 3, 2], &[1, 8, 3, 1], &[4, 1, 6]] {
            assert_eq!(seen(&base.reshape(&shape(dims)).unwrap()), (0..24).collect::<Vec<_>>(), "{dims:?}");
        }
        let columns = base.slice(1, 0, 3, 2); // gaps of 2 inside rows, rows contiguous with them
        assert_eq!(seen(&columns.reshape(&shape(&[12])).unwrap()), seen(&columns));
        let left = base.slice(1, 0, 3, 1); // rows of 3 in rows of 6
        assert_eq!(left.reshape(&shape(&[12])), None);
        assert_eq!(left.reshape(&shape(&[6, 2])), None);
        assert_eq!(seen(&left.reshape(&shape(&[2, 2, 3])).unwrap()), seen(&left));
        assert_eq!(base.transpose(0, 1).reshape(&shape(&[24])), None);
        assert_eq!(
            seen(&base.transpose(0, 1).reshape(&shape(&[6, 2, 2])).unwrap()),
            seen(&base.transpose(0, 1))
        );
        let ones = Layout::contiguous([1, 1]).reshape(&shape(&[])).unwrap();
        assert_eq!(seen(&ones), [0]);
        assert_eq!(seen(&Layout::contiguous(()).reshape(&shape(&[1, 1, 1])).unwrap()), [0]);
        let repeated = Layout::contiguous([1, 3]).expand(&shape(&[2, 3])).unwrap();
        assert_eq!(repeated.reshape(&shape(&[6])), None);
        assert_eq!(seen(&repeated), [0, 1, 2, 0, 1, 2]);
    }

    #[test]
    fn windows_overlap_without_copies() {
        let window = Window { size: 3, stride: 2, dilation: 1, padding: [0, 0] };
        let layout = Layout::contiguous(7).windows(0, window);
        assert_eq!(*layout.shape(), [3, 3]);
        assert_eq!(seen(&layout), [0, 1, 2, 2, 3, 4, 4, 5, 6]);
        let sparse = Window { size: 2, stride: 1, dilation: 3, padding: [0, 0] };
        assert_eq!(seen(&Layout::contiguous([2, 4]).windows(1, sparse)), [0, 3, 4, 7]);
    }

    #[test]
    fn extents_bound_every_index() {
        let view = Layout::contiguous([5, 7]).slice(0, 4, 3, -2).slice(1, 1, 3, 2);
        let (low, high) = (view.indices().min().unwrap(), view.indices().max().unwrap());
        assert_eq!(view.extent(), low..high + 1);
    }
}
