//! Linear regression by the normal equations, β = (XᵀX)⁻¹Xᵀy, with Firebrand and with nalgebra.
//!
//! The same data goes to both; their βs must agree, and a table compares the times over growing sizes.
//! `cargo run --release --example linear_regression`; with `--quick` the largest sizes are left out.

use firebrand::{self as torch, Tensor, s};
use nalgebra::{DMatrix, DVector};
use std::error::Error;
use std::time::Instant;

/// Rows and columns of X.
const SIZES: [(usize, usize); 5] = [(10, 5), (1_000, 10), (10_000, 50), (100_000, 50), (100_000, 100)];
/// Each time is the best of this many runs.
const RUNS: usize = 5;
/// How far the two βs may be apart: single precision, and well-conditioned data.
const TOLERANCE: f32 = 1e-4;

fn main() -> Result<(), Box<dyn Error>> {
    torch::manual_seed(0);

    // The tutorial's example: ten points, four features and a constant.
    let (x, y) = data(10, 5);
    println!("X = {x}\n\ny = {y}\n");
    println!("β = {}\n", firebrand(&x, &y)?);

    println!(
        "{:>16}  {:>12}  {:>12}  {:>7}  {:>10}",
        "X", "Firebrand ms", "nalgebra ms", "ratio", "max |Δβ|"
    );
    let sizes = if std::env::args().any(|arg| arg == "--quick") { &SIZES[..2] } else { &SIZES[..] };
    for &(rows, cols) in sizes {
        let (x, y) = data(rows, cols);
        let (their_x, their_y) = (to_matrix(&x), DVector::from_vec(y.to_vec::<f32>()));
        let (ours, our_time) = timed(|| firebrand(&x, &y))?;
        let (theirs, their_time) = timed(|| nalgebra(&their_x, &their_y))?;
        let theirs = torch::from_slice(theirs.as_slice(), cols);
        let apart = (&ours - &theirs).abs().max().item::<f32>();
        let (size, ratio) = (format!("{rows} × {cols}"), our_time / their_time);
        println!("{size:>16}  {our_time:>12.3}  {their_time:>12.3}  {ratio:>7.2}  {apart:>10.1e}");
        if apart > TOLERANCE {
            return Err(format!("the two βs of {size} differ by {apart}, more than {TOLERANCE}").into());
        }
    }
    println!("both agree to {TOLERANCE}");
    Ok(())
}

/// Random points whose first feature is the constant 1: `X[:, 0] = 1`.
fn data(rows: usize, cols: usize) -> (Tensor, Tensor) {
    let x = torch::randn([rows, cols]);
    x.assign(s![.., 0], 1.0);
    (x, torch::randn(rows))
}

fn firebrand(x: &Tensor, y: &Tensor) -> Result<Tensor, Box<dyn Error>> {
    Ok(x.t().matmul(x).inverse()?.matmul(&x.t().matmul(y)))
}

fn nalgebra(x: &DMatrix<f32>, y: &DVector<f32>) -> Result<DVector<f32>, Box<dyn Error>> {
    let inverse = x.tr_mul(x).try_inverse().ok_or("XᵀX is singular")?;
    Ok(inverse * x.tr_mul(y))
}

/// The same numbers; nalgebra keeps columns together, a tensor rows.
fn to_matrix(x: &Tensor) -> DMatrix<f32> {
    DMatrix::from_row_slice(x.dim(0), x.dim(1), &x.to_vec::<f32>())
}

/// A result, and the fewest milliseconds it took.
fn timed<T>(f: impl Fn() -> Result<T, Box<dyn Error>>) -> Result<(T, f64), Box<dyn Error>> {
    let mut best = f64::INFINITY;
    for _ in 1..RUNS {
        let clock = Instant::now();
        f()?;
        best = best.min(clock.elapsed().as_secs_f64());
    }
    let clock = Instant::now();
    let result = f()?;
    Ok((result, best.min(clock.elapsed().as_secs_f64()) * 1e3))
}
