//! What a product is asked for: its matrices in memory, their sizes, and what becomes of the numbers in C.

/// A matrix in memory: element (i, j) is at `offset + i·row_stride + j·col_stride`.
#[derive(Clone, Copy, Debug)]
pub struct MatRef<'a, T> {
    /// The memory.
    pub data: &'a [T],
    /// Where element (0, 0) is.
    pub offset: usize,
    /// From one row to the next.
    pub row_stride: isize,
    /// From one column to the next.
    pub col_stride: isize,
}

impl<T> MatRef<'_, T> {
    /// Where element (i, j) is.
    #[inline(always)]
    pub fn index(&self, i: usize, j: usize) -> usize {
        (self.offset as isize + i as isize * self.row_stride + j as isize * self.col_stride) as usize
    }

    /// The same memory, rows and columns exchanged.
    pub fn transpose(&self) -> Self {
        MatRef { row_stride: self.col_stride, col_stride: self.row_stride, ..*self }
    }

    /// Whether `rows × cols` elements all lie inside the memory.
    pub fn covers(&self, rows: usize, cols: usize) -> bool {
        let reach = |n: usize, stride: isize| (n as isize - 1) * stride;
        let (r, c) = (reach(rows, self.row_stride), reach(cols, self.col_stride));
        let first = self.offset as isize;
        let (low, high) = (first + r.min(0) + c.min(0), first + r.max(0) + c.max(0));
        low >= 0 && (high as usize) < self.data.len()
    }
}

/// What becomes of the numbers that C holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// They are overwritten by the product.
    Write,
    /// The product is added to them.
    Add,
    /// The product is taken from them.
    Sub,
}

/// What happens to each element on its way out.
#[derive(Clone, Copy, Debug)]
pub struct Epilogue<'a, T> {
    /// A number added per column.
    pub bias: Option<&'a [T]>,
    /// Then max(·, 0).
    pub relu: bool,
}

impl<T> Epilogue<'_, T> {
    /// Nothing happens.
    pub const NONE: Self = Epilogue { bias: None, relu: false };
}

/// C's memory, of which each thread writes columns or rows of its own.
pub struct Out<T>(pub *mut T);
// SAFETY: `gemm` hands every thread a region of C that no other thread touches.
unsafe impl<T> Sync for Out<T> {}

impl<T> Out<T> {
    /// The element at `index`.
    pub fn at(&self, index: usize) -> *mut T {
        self.0.wrapping_add(index)
    }
}

/// The sizes of a product `[m, k] · [k, n]`.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Rows of A and C.
    pub m: usize,
    /// Columns of B and C.
    pub n: usize,
    /// What is summed over.
    pub k: usize,
}
