//! Linear algebra on the host, in single and double precision, on row-major slices.
//!
//! Algorithms after Golub & Van Loan, *Matrix Computations*, 4th edition; inner loops run along rows. This is the
//! default of [`crate::Backend::linalg`], short and accurate: what backends compute faster is held against it.

mod apply;
mod cholesky;
mod eigen;
mod lu;
mod op;
mod qr;

pub use apply::{Matrix, apply, eliminate};
pub use cholesky::cholesky;
pub use eigen::{eigh, svd};
pub use lu::Lu;
pub use op::LinalgOp;
pub use qr::{lstsq, qr};

/// A floating point type that matrices are made of.
pub trait Real:
    crate::Element
    + PartialOrd
    + std::ops::Add<Output = Self>
    + std::ops::Sub<Output = Self>
    + std::ops::Mul<Output = Self>
    + std::ops::Div<Output = Self>
    + std::ops::Neg<Output = Self>
{
    /// 0
    const ZERO: Self;
    /// 1
    const ONE: Self;
    /// |x|
    fn abs(self) -> Self;
    /// √x
    fn sqrt(self) -> Self;
    /// ln x
    fn ln(self) -> Self;
    /// In double precision.
    fn double(self) -> f64;
    /// Rounded from double precision.
    fn of(value: f64) -> Self;
}

impl Real for f32 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn abs(self) -> Self {
        f32::abs(self)
    }
    fn sqrt(self) -> Self {
        f32::sqrt(self)
    }
    fn ln(self) -> Self {
        libm::logf(self)
    }
    fn double(self) -> f64 {
        self.into()
    }
    fn of(value: f64) -> Self {
        value as Self
    }
}

impl Real for f64 {
    const ZERO: Self = 0.0;
    const ONE: Self = 1.0;
    fn abs(self) -> Self {
        f64::abs(self)
    }
    fn sqrt(self) -> Self {
        f64::sqrt(self)
    }
    fn ln(self) -> Self {
        libm::log(self)
    }
    fn double(self) -> f64 {
        self
    }
    fn of(value: f64) -> Self {
        value
    }
}

/// `y ← y + s·x`
pub(crate) fn axpy<T: Real>(s: T, x: &[T], y: &mut [T]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y = *y + s * x;
    }
}

/// In place: solves `A·X = B` for a triangular `A` `[n, n]`, `B` `[n, m]`; the diagonal is taken as
/// ones with `unit`.
pub fn solve_triangular<T: Real>(a: &[T], n: usize, b: &mut [T], m: usize, upper: bool, unit: bool) {
    if m == 0 {
        return;
    }
    let order: Box<dyn Iterator<Item = usize>> = if upper { Box::new((0..n).rev()) } else { Box::new(0..n) };
    for i in order {
        let known = if upper { i + 1..n } else { 0..i };
        let (above, rest) = b.split_at_mut(i * m);
        let (row, below) = rest.split_at_mut(m);
        for j in known {
            let source = if j < i { &above[j * m..][..m] } else { &below[(j - i - 1) * m..][..m] };
            axpy(-a[i * n + j], source, row);
        }
        if !unit {
            row.iter_mut().for_each(|v| *v = *v / a[i * n + i]);
        }
    }
}
