//! Where the elements stand that each result of a reduction takes in.

use tensor_core::Layout;

/// How the elements of `[kept…, reduced…]` are reached.
pub struct Reach {
    /// Elements to one.
    pub count: usize,
    /// Where each result's elements begin.
    pub starts: Vec<usize>,
    /// Where they stand from there.
    pub inside: Inside,
}

/// Where the elements of one result stand, from its first.
pub enum Inside {
    /// In one run.
    Run,
    /// Beside those of the next result, in these rows; so many results, a divisor of all, are neighbours.
    Rows(Vec<usize>, usize),
    /// All the same.
    One,
    /// In runs of some length from these places on.
    Runs(Vec<isize>, usize),
}

/// Neighbours from which on joining rows is faster than bringing the elements of each result together.
const FEW: usize = 8;

/// How many results at a time begin one element after the other.
fn abreast(outer: &Layout) -> usize {
    let (mut count, sizes) = (1, outer.shape().iter().zip(outer.strides()));
    for (&size, &stride) in sizes.rev().filter(|&(&size, _)| size != 1) {
        if stride != count as isize {
            break;
        }
        count *= size;
    }
    count
}

impl Reach {
    pub fn new(layout: &Layout, kept: usize) -> Self {
        let part = |sizes: &[usize], strides: &[isize], offset| {
            Layout::new(tensor_core::Shape::new(sizes), strides, offset)
        };
        let (sizes, strides) = (layout.shape().split_at(kept), layout.strides().split_at(kept));
        let (outer, inner) = (part(sizes.0, strides.0, layout.offset()), part(sizes.1, strides.1, 0));
        let (count, starts) = (inner.numel(), outer.indices().collect::<Vec<usize>>());
        let abreast = abreast(&outer);
        let inside = if inner.is_contiguous() {
            Inside::Run
        } else if abreast >= FEW.min(starts.len()).max(2) && inner.strides().iter().all(|&s| s >= 0) {
            Inside::Rows(inner.indices().collect(), abreast)
        } else if inner.strides().iter().all(|&s| s == 0) {
            Inside::One
        } else {
            let last = inner.rank() - 1;
            let len = if inner.strides()[last] == 1 { inner.shape()[last] } else { 1 };
            Inside::Runs(inside_offsets(&if len == 1 { inner } else { inner.slice(last, 0, 1, 1) }), len)
        };
        Reach { count, starts, inside }
    }
}

/// Offsets of a layout's elements from its first, which may be negative.
fn inside_offsets(layout: &Layout) -> Vec<isize> {
    let mut offsets = vec![0isize];
    for (&size, &stride) in layout.shape().iter().zip(layout.strides()) {
        offsets =
            offsets.iter().flat_map(|&base| (0..size as isize).map(move |i| base + i * stride)).collect();
    }
    offsets
}
