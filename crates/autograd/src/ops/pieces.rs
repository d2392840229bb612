//! Parts of a tensor: slices, pieces, diagonals, dimensions backwards. Each is a view (no copy) unless it
//! says otherwise, and its gradient is the view undone.

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{RawTensor, check};

/// How [`Tensor::split`] cuts: pieces of one size, or of sizes of their own.
#[derive(Clone, Debug)]
pub enum Pieces {
    /// All of this size but the last, which takes what is left.
    Each(usize),
    /// Of these sizes.
    Sizes(Vec<usize>),
}

impl From<usize> for Pieces {
    fn from(size: usize) -> Self {
        Pieces::Each(size)
    }
}
impl<const N: usize> From<[usize; N]> for Pieces {
    fn from(sizes: [usize; N]) -> Self {
        Pieces::Sizes(sizes.to_vec())
    }
}
impl From<&[usize]> for Pieces {
    fn from(sizes: &[usize]) -> Self {
        Pieces::Sizes(sizes.to_vec())
    }
}
impl From<Vec<usize>> for Pieces {
    fn from(sizes: Vec<usize>) -> Self {
        Pieces::Sizes(sizes)
    }
}

impl Tensor {
    /// `length` elements of `dim` from `start`.
    #[track_caller]
    pub fn narrow(&self, dim: isize, start: usize, length: usize) -> Tensor {
        let axis = self.axis("narrow", dim);
        let size = self.shape().get(axis).copied().unwrap_or(0);
        if start + length > size {
            check::fail(
                "narrow",
                format_args!("{start}..{} leaves dimension {axis} of size {size}", start + length),
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
                format_args!("index {index} is out of range for dimension {axis} of size {size}"),
                format_args!("shape is {}; indices run from {} to {}", self.shape(), -size, size - 1),
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

    /// Some dimensions backwards, as a copy; the view of one is a slice with a step of −1, `s![..; -1]`.
    ///
    /// ```
    /// # let x = autograd::Tensor::from_vec(vec![1, 2, 3], 3, &backend_cpu::device());
    /// assert_eq!(x.flip(&[0]).to_vec::<i32>(), [3, 2, 1]);
    /// ```
    #[track_caller]
    pub fn flip(&self, dims: &[isize]) -> Tensor {
        self.backwards(dims).apart_from(self).named("FlipBackward0")
    }

    /// Some dimensions backwards, as a view.
    #[track_caller]
    pub(crate) fn backwards(&self, dims: &[isize]) -> Tensor {
        check::axes("flip", dims, self.rank());
        let mut out = self.clone();
        for &dim in dims.iter().filter(|_| self.rank() > 0) {
            let axis = self.axis("flip", dim);
            let size = self.shape()[axis];
            out = out.sliced(axis, size.saturating_sub(1), size, -1).named("FlipBackward0");
        }
        out
    }

    /// Turned by 90°, `k` times, from the first of two dimensions towards the second (PyTorch's
    /// defaults are 1 and `[0, 1]`), as a copy.
    #[track_caller]
    pub fn rot90(&self, k: isize, dims: [isize; 2]) -> Tensor {
        let [a, b] = dims;
        check::axes("rot90", &dims, self.rank());
        match k.rem_euclid(4) {
            1 => self.flip(&[b]).transpose(a, b),
            2 => self.flip(&dims),
            3 => self.flip(&[a]).transpose(a, b),
            _ => self.copy(),
        }
    }

    /// Pieces along a dimension: of one size, the last one shorter if need be, or of the sizes listed,
    /// which must add up. In the backward pass the pieces' gradients are written side by side, in no more time than the
    /// whole takes; so it is with [`Tensor::chunk`], [`Tensor::tensor_split`] and [`Tensor::unbind`].
    #[track_caller]
    pub fn split(&self, sizes: impl Into<Pieces>, dim: isize) -> Vec<Tensor> {
        self.pieces(sizes.into(), dim)
    }

    #[track_caller]
    fn pieces(&self, pieces: Pieces, dim: isize) -> Vec<Tensor> {
        let (axis, len) = self.sized_axis("split", dim);
        let (sizes, name) = match pieces {
            Pieces::Each(0) if len > 0 => check::fail("split", "pieces of size 0", "give a positive size"),
            Pieces::Each(size) => {
                let starts = (0..len.max(1)).step_by(size.max(1));
                (starts.map(|start| size.min(len - start)).collect(), "SplitBackward0")
            }
            Pieces::Sizes(sizes) => (sizes, "SplitWithSizesBackward0"),
        };
        if sizes.iter().sum::<usize>() != len {
            check::fail("split", format_args!("sizes {sizes:?} do not add up to the dimension's {len}"), "");
        }
        self.cut(axis, name, &sizes)
    }

    /// Neighbouring pieces of an axis, of given sizes, from its beginning.
    #[track_caller]
    pub(crate) fn cut(&self, axis: usize, name: &'static str, sizes: &[usize]) -> Vec<Tensor> {
        let mut end = 0;
        let places = sizes.iter().map(|&size| {
            end += size;
            let start = end - size;
            move |t: &RawTensor| t.narrow(axis, start, size)
        });
        self.taken_apart(name, places)
    }

    /// The slices of a dimension, which goes: PyTorch's `unbind`.
    #[track_caller]
    pub fn unbind(&self, dim: isize) -> Vec<Tensor> {
        let (axis, size) = self.sized_axis("unbind", dim);
        let places = (0..size).map(|index| move |t: &RawTensor| t.select(axis, index));
        self.taken_apart("UnbindBackward0", places)
    }

    /// At most `chunks` equal pieces along a dimension; 7 into 3 is 3, 3, 1.
    #[track_caller]
    pub fn chunk(&self, chunks: usize, dim: isize) -> Vec<Tensor> {
        if chunks == 0 {
            check::fail("chunk", "0 chunks", "give a positive number");
        }
        let len = self.sized_axis("chunk", dim).1;
        self.split(len.div_ceil(chunks).max(1), dim)
    }

    /// The diagonal of two dimensions, moved to the end; `offset` is above (+) or below (−) the main
    /// one (PyTorch's defaults are 0, 0 and 1).
    #[track_caller]
    pub fn diagonal(&self, offset: isize, dim1: isize, dim2: isize) -> Tensor {
        if self.rank() < 2 {
            check::fail("diagonal", format_args!("needs two dimensions, shape is {}", self.shape()), "");
        }
        check::axes("diagonal", &[dim1, dim2], self.rank());
        let (a, b) = (self.axis("diagonal", dim1), self.axis("diagonal", dim2));
        let shape = *self.shape();
        let out = self.raw().diagonal(offset, a, b);
        record("DiagonalBackward0", [self], Keep::NOTHING, out, move |_, g| {
            [Some(g.embedded(shape, move |t| t.diagonal(offset, a, b)))]
        })
        .mark_view()
    }

    /// The last dimension on a diagonal of two new ones, zeros elsewhere: what [`Tensor::diagonal`] undoes
    /// (PyTorch's defaults are 0, −2 and −1).
    #[track_caller]
    pub fn diag_embed(&self, offset: isize, dim1: isize, dim2: isize) -> Tensor {
        let rank = self.rank() + 1;
        let size = self.dim(-1) + offset.unsigned_abs();
        let (a, b) = (check::axis("diag_embed", dim1, rank), check::axis("diag_embed", dim2, rank));
        if a == b {
            check::fail("diag_embed", format_args!("dimensions {dim1} and {dim2} are the same"), "");
        }
        let lead = self.shape().remove(self.rank() - 1);
        let shape = lead.insert(a.min(b), size).insert(a.max(b), size);
        self.embedded(shape, move |t| t.diagonal(offset, a, b)).named("DiagEmbedBackward0")
    }

    /// A vector on the diagonal of a matrix, or a matrix's diagonal as a vector (PyTorch's default is 0).
    #[track_caller]
    pub fn diag(&self, diagonal: isize) -> Tensor {
        match self.rank() {
            1 => self.diag_embed(diagonal, 0, 1),
            2 => self.diagonal(diagonal, 0, 1).copy().named("DiagonalBackward0"),
            _ => check::fail(
                "diag",
                format_args!("needs one or two dimensions, shape is {}", self.shape()),
                "",
            ),
        }
    }

    /// The sum of a matrix's diagonal.
    #[track_caller]
    pub fn trace(&self) -> Tensor {
        if self.rank() != 2 {
            check::fail("trace", format_args!("needs a matrix, shape is {}", self.shape()), "");
        }
        self.diagonal(0, 0, 1).sum().named("TraceBackward0")
    }
}
