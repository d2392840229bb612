//! Where a convolution's numbers stand: images with zeros around them, and lists of places in them.

use crate::kernels::window::{DIMS, Plan};
use crate::storage::Plain;
use tensor_core::Window;

/// An image with zeros around it.
pub struct Padded {
    pub before: [usize; DIMS],
    pub sizes: [usize; DIMS],
    pub whole: [usize; DIMS],
}

impl Padded {
    /// Numbers of a channel, zeros included.
    pub fn plane(&self) -> usize {
        self.whole.iter().product()
    }

    /// `channels` of an image where kernels may read them: in `room`, unless there are no zeros to add.
    pub fn surround<'a, T: Plain + Default>(
        &self,
        image: &'a [T],
        channels: usize,
        room: &'a mut [T],
    ) -> &'a [T] {
        if self.whole == self.sizes { image } else { self.lay_out(image, channels, room) }
    }

    /// The same in `room` at any rate, with zeros behind it if the room is longer than the image.
    pub fn lay_out<'a, T: Plain + Default>(
        &self,
        image: &[T],
        channels: usize,
        room: &'a mut [T],
    ) -> &'a [T] {
        let ([depth, height, width], [_, rows, line]) = (self.sizes, self.whole);
        room.fill(T::default());
        let mut lines = image.chunks_exact(width.max(1));
        for c in 0..channels {
            for d in 0..depth {
                let first = (c * self.whole[0] + d + self.before[0]) * rows + self.before[1];
                for (h, from) in (0..height).zip(&mut lines) {
                    let to = (first + h) * line + self.before[2];
                    copy_line(from, &mut room[to..to + width]);
                }
            }
        }
        room
    }

    /// Numbers of the room that [`Padded::surround`] needs.
    pub fn room(&self, channels: usize) -> usize {
        if self.whole == self.sizes { 0 } else { channels * self.plane() }
    }
}

/// Copies a line to one as long: whole vectors in registers, since a call of memmove for each short line would cost
/// more.
#[inline(always)]
fn copy_line<T: Plain>(from: &[T], to: &mut [T]) {
    let (vectors, rest) = from.as_chunks::<8>();
    let (to_vectors, to_rest) = to.as_chunks_mut::<8>();
    to_vectors.iter_mut().zip(vectors).for_each(|(o, v)| *o = *v);
    to_rest.iter_mut().zip(rest).for_each(|(o, v)| *o = *v);
}

/// Where the points of a grid stand in an array of `sizes`, row-major.
pub fn grid(axes: &[Vec<usize>; DIMS], sizes: [usize; DIMS]) -> Vec<usize> {
    let [depth, height, width] = axes;
    let lines = depth.iter().flat_map(|d| height.iter().map(move |h| (d * sizes[1] + h) * sizes[2]));
    lines.flat_map(|line| width.iter().map(move |w| line + w)).collect()
}

/// `count` numbers from 0, `step` apart.
pub fn steps(count: usize, step: usize) -> Vec<usize> {
    (0..count).map(|i| i * step).collect()
}

/// The same places again, `plane` further for each channel.
pub fn per_channel(places: &[usize], channels: usize, plane: usize) -> Vec<usize> {
    (0..channels).flat_map(|c| places.iter().map(move |at| c * plane + at)).collect()
}

/// The geometry of what a convolution reads.
pub struct Reading {
    pub padded: Padded,
    /// Where windows begin.
    pub places: Vec<usize>,
    /// Where their elements stand from there.
    pub elements: Vec<usize>,
}

impl Reading {
    pub fn new(plan: &Plan) -> Self {
        let whole =
            std::array::from_fn(|i| plan.sizes[i] + plan.windows[i].padding[0] + plan.windows[i].padding[1]);
        let before = plan.windows.map(|w| w.padding[0]);
        let starts = std::array::from_fn(|i| steps(plan.places[i], plan.windows[i].stride));
        let elements = plan.windows.map(|w| steps(w.size, w.dilation));
        Reading {
            padded: Padded { before, sizes: plan.sizes, whole },
            places: grid(&starts, whole),
            elements: grid(&elements, whole),
        }
    }
}

/// The elements of one dimension that stand alike between two windows, and the windows that cover them.
pub struct Covering {
    pub first: usize,
    pub stride: usize,
    pub count: usize,
    /// An element of the window, and where the window stands that covers the first of them by it, negative before
    /// the first window; the next one's window is the next.
    pub elements: Vec<(usize, isize)>,
}

impl Covering {
    pub fn all(window: Window, size: usize) -> Vec<Covering> {
        let stride = window.stride;
        let of = |first: usize| {
            let at = |k: usize| (first + window.padding[0]) as isize - (k * window.dilation) as isize;
            let covers = |&k: &usize| at(k).rem_euclid(stride as isize) == 0;
            let elements =
                (0..window.size).filter(covers).map(|k| (k, at(k).div_euclid(stride as isize))).collect();
            Covering { first, stride, count: (size - first).div_ceil(stride), elements }
        };
        (0..stride.min(size)).map(of).collect()
    }

    /// Windows imagined before the first.
    pub fn before(&self) -> usize {
        self.elements.iter().map(|e| (-e.1).max(0) as usize).max().unwrap_or(0)
    }

    /// Where the last window ends that is asked for.
    pub fn end(&self) -> usize {
        let last = self.elements.iter().map(|e| e.1 + self.count as isize).max();
        last.map_or(0, |end| end.max(0) as usize)
    }

    /// Where the first one's windows stand behind `before` zeros.
    pub fn places(&self, before: usize) -> Vec<usize> {
        self.elements.iter().map(|e| (e.1 + before as isize) as usize).collect()
    }

    pub fn targets(&self) -> Vec<usize> {
        (0..self.count).map(|i| self.first + i * self.stride).collect()
    }
}
