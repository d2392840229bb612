//! Parameters of the kernels that read and write by strides, and how their work is cut into workgroups.

use tensor_core::{Layout, MAX_RANK};

/// The most workgroups along one dimension that WebGPU promises.
pub const MOST_GROUPS: u32 = 65_535;

/// The most turns all loops of an invocation may take together. Mesa's software driver ends loops after 65,535
/// without a word, and a card's watchdog resets it when one dispatch takes too long: longer work is cut into
/// pieces or several dispatches.
pub const MOST_TURNS: usize = 1 << 14;

/// Workgroups for `n` elements, `each` a workgroup; over the limit they spread over two dimensions.
pub fn linear(n: usize, each: usize) -> [u32; 3] {
    let groups = n.div_ceil(each) as u64;
    let rows = groups.div_ceil(MOST_GROUPS.into());
    [groups.div_ceil(rows.max(1)) as u32, rows as u32, 1]
}

/// The common block of parameters: see `Params` in the shaders.
#[derive(Clone, Debug)]
pub struct Strided {
    /// Elements, or lines.
    pub n: usize,
    /// Dimensions walked.
    pub rank: usize,
    /// Length of a line, where there are lines.
    pub len: usize,
    /// Scalars.
    pub s: [u32; 4],
    /// Where each operand starts.
    pub offsets: [i32; 4],
    shape: [u32; MAX_RANK],
    strides: [[i32; 4]; MAX_RANK],
}

impl Strided {
    /// Walks layouts of one shape together, dimensions merged where all of them allow it.
    pub fn new(layouts: &[&Layout]) -> Self {
        let mut all = Strided::empty(layouts);
        all.n = layouts[0].numel();
        all.rank = all.push(0, layouts, 0..layouts[0].rank()).max(1);
        all
    }

    /// Walks the lines of layouts apart from dimensions that a kernel walks itself: the first `kept`
    /// dimensions, merged, then the others, merged. `rank` counts the first, `s[0]` the others.
    pub fn lines(layouts: &[&Layout], kept: usize) -> Self {
        let mut all = Strided::empty(layouts);
        let shape = layouts[0].shape();
        all.n = shape[..kept].iter().product();
        all.len = shape[kept..].iter().product();
        all.rank = all.push(0, layouts, 0..kept).max(1);
        let inner = all.push(all.rank, layouts, kept..shape.rank()).max(1);
        all.s[0] = inner as u32;
        all
    }

    fn empty(layouts: &[&Layout]) -> Self {
        let mut offsets = [0; 4];
        for (offset, layout) in offsets.iter_mut().zip(layouts) {
            *offset = layout.offset() as i32;
        }
        Strided {
            n: 0,
            rank: 0,
            len: 0,
            s: [0; 4],
            offsets,
            shape: [1; MAX_RANK],
            strides: [[0; 4]; MAX_RANK],
        }
    }

    /// Appends dimensions at `place`, merged; says how many are left of them.
    fn push(&mut self, place: usize, layouts: &[&Layout], axes: std::ops::Range<usize>) -> usize {
        let mut filled = place;
        for axis in axes {
            let size = layouts[0].shape()[axis];
            if size == 1 {
                continue;
            }
            let mut step = [0i32; 4];
            for (step, layout) in step.iter_mut().zip(layouts) {
                *step = layout.strides()[axis] as i32;
            }
            let merges = filled > place
                && self.strides[filled - 1].iter().zip(step).all(|(&outer, s)| outer == s * size as i32);
            if merges {
                self.shape[filled - 1] *= size as u32;
                self.strides[filled - 1] = step;
            } else {
                self.shape[filled] = size as u32;
                self.strides[filled] = step;
                filled += 1;
            }
        }
        filled - place
    }

    /// Whether one dimension is left.
    pub fn flat(&self) -> bool {
        self.rank == 1
    }

    /// Whether one kept and one reduced dimension are left.
    pub fn flat_lines(&self) -> bool {
        self.rank == 1 && self.s[0] == 1
    }

    /// As the kernels see it.
    pub fn words(&self) -> Vec<u32> {
        let mut words = vec![self.n as u32, self.rank as u32, self.len as u32, 0];
        words.extend(self.s);
        words.extend(self.offsets.map(|v| v as u32));
        words.extend(self.shape);
        words.extend(self.strides.iter().flatten().map(|&v| v as u32));
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contiguous_operands_merge_to_one_dimension() {
        let x = Layout::contiguous([2, 3, 4]);
        let all = Strided::new(&[&x, &x]);
        assert_eq!((all.rank, all.shape[0], all.strides[0]), (1, 24, [1, 1, 0, 0]));
        let t = x.transpose(0, 1);
        let all = Strided::new(&[&t, &Layout::contiguous([3, 2, 4])]);
        assert_eq!((all.rank, &all.shape[..3]), (3, &[3, 2, 4][..]));
        let lines = Strided::lines(&[&x], 1);
        assert_eq!((lines.n, lines.len, lines.rank, lines.s[0]), (2, 12, 1, 1));
    }

    #[test]
    fn workgroups_spread_over_two_dimensions() {
        assert_eq!(linear(0, 256), [0, 0, 1]);
        assert_eq!(linear(257, 256), [2, 1, 1]);
        let [x, y, _] = linear(256 * 65_536, 256);
        assert!(x <= MOST_GROUPS && x * y >= 65_536);
    }
}
