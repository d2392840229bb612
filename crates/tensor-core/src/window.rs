//! Windows that slide along dimensions: what convolutions multiply, poolings reduce and `unfold` shows.
//!
//! Two operations are all there is to them, each the transpose of the other: *unfold* lays the windows
//! of a padded tensor out, `[L…, S…] → [L…, K…, O…]`, and *fold* adds windows back to where they came
//! from. S are the sizes that windows slide along, K the windows' own, O the numbers of their places.

/// A window sliding along one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Elements in it, at least one.
    pub size: usize,
    /// From one place to the next, at least 1.
    pub stride: usize,
    /// From one of its elements to the next, at least 1.
    pub dilation: usize,
    /// Elements imagined before and after the dimension.
    pub padding: [usize; 2],
}

impl Window {
    /// The window of one element at every place, which shows a dimension as it is.
    pub const WHOLE: Window = Window { size: 1, stride: 1, dilation: 1, padding: [0, 0] };

    /// From its first element to its last, both included.
    pub fn span(self) -> usize {
        self.dilation * (self.size - 1) + 1
    }

    /// In how many places it fits a dimension of `len`: 0 when it is too long.
    pub fn places(self, len: usize) -> usize {
        let padded = len + self.padding[0] + self.padding[1];
        padded.checked_sub(self.span()).map_or(0, |slack| slack / self.stride + 1)
    }

    /// Where element `k` of place `o` stands in the dimension; negative or past its end in the padding.
    pub fn at(self, o: usize, k: usize) -> isize {
        (o * self.stride + k * self.dilation) as isize - self.padding[0] as isize
    }

    /// The places whose element `k` stands inside a dimension of `len`.
    pub fn inside(self, k: usize, len: usize) -> std::ops::Range<usize> {
        let first_at = self.at(0, k);
        let first = (-first_at).max(0) as usize;
        let start = first.div_ceil(self.stride);
        let end = (len as isize - first_at).max(0) as usize;
        let end = end.div_ceil(self.stride).min(self.places(len));
        start.min(end)..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_elements_agree_with_the_padded_line() {
        for (len, size, stride, dilation, padding) in [
            (7, 3, 1, 1, [0, 0]),
            (7, 3, 2, 1, [1, 1]),
            (5, 2, 3, 2, [2, 0]),
            (4, 1, 1, 1, [0, 3]),
            (2, 3, 1, 1, [0, 0]),
        ] {
            let w = Window { size, stride, dilation, padding };
            let padded = len + padding[0] + padding[1];
            let starts: Vec<usize> =
                (0..padded).step_by(stride).filter(|s| s + (size - 1) * dilation < padded).collect();
            assert_eq!(w.places(len), starts.len(), "{w:?}");
            for k in 0..size {
                let inside: Vec<usize> = (0..starts.len())
                    .filter(|&o| {
                        let at = starts[o] + k * dilation;
                        assert_eq!(w.at(o, k), at as isize - padding[0] as isize);
                        at >= padding[0] && at < padding[0] + len
                    })
                    .collect();
                assert_eq!(w.inside(k, len).collect::<Vec<_>>(), inside, "{w:?}, element {k}");
            }
        }
    }
}
