//! Whether the device computes rightly: products against sums in double precision on sampled rows, operations
//! and a training run against the CPU's. Each line has its own tolerance.

use crate::work::WORKLOADS;
use crate::{Report, cpu};
use firebrand::backend_wgpu::Gpu;
use firebrand::{self as torch, Device, Error, Tensor};

/// What a product must be right for: squares, one row, one column, odd sizes, a long K, many tiles.
const PRODUCTS: [[usize; 3]; 8] = [
    [256, 256, 256],
    [1, 4096, 1000],
    [1000, 4096, 1],
    [1, 784, 128],
    [65, 77, 131],
    [33, 100_003, 17],
    [1024, 512, 1024],
    [512, 512, 512],
];
const LARGE: [[usize; 3]; 3] = [[2048, 2048, 2048], [4096, 4096, 4096], [4001, 65, 4003]];

/// Adds the table; whether all is right.
pub fn add(report: &mut Report, device: &Device, gpu: &Gpu, quick: bool) -> Result<bool, Error> {
    report.add("## Correctness\n");
    let mut lines = Vec::new();
    let mut right = true;
    let mut line = |what: String, how: String, error: f64, allowed: f64| {
        // Written so that NaN is wrong too.
        let good = error <= allowed;
        right &= good;
        let verdict = if good { "right" } else { "**WRONG**" };
        lines.push(vec![what, how, format!("{error:.1e}"), format!("{allowed:.0e}"), verdict.into()]);
    };
    let sizes = PRODUCTS.into_iter().chain(if quick { None } else { Some(LARGE) }.into_iter().flatten());
    for size @ [m, k, n] in sizes {
        let how = gpu.product_plan([1, m, k], n).to_string();
        // Sums of K products in any order: in practice far better than a rounding for each.
        line(format!("matmul {m}×{k}×{n}"), how, product(size, device)?, 6e-8 * (8.0 + k as f64 / 128.0));
    }
    for (what, allowed, f) in OPERATIONS {
        let [want, got] = [cpu(), device.clone()].map(|device| {
            torch::manual_seed(3);
            f(&device).to_vec::<f32>()
        });
        let largest = want.iter().fold(1e-6f32, |most, v| most.max(v.abs()));
        let errors = got.iter().zip(&want).map(|(g, w)| f64::from((g - w).abs() / largest));
        let worst = if got.len() == want.len() { errors.fold(0.0, worse) } else { f64::NAN };
        line((*what).into(), "against the CPU".into(), worst, *allowed);
    }
    let losses = |device: &Device| -> Vec<f64> {
        torch::manual_seed(1);
        let mut step = WORKLOADS[0].stepper(device);
        torch::enable_grad(|| (0..30).map(|_| f64::from(step().item::<f32>())).collect())
    };
    let (want, got) = (losses(&cpu()), losses(device));
    let worst = got.iter().zip(&want).map(|(g, w)| ((g - w) / w).abs()).fold(0.0, worse);
    line("losses of 30 training steps".into(), "W1, against the CPU".into(), worst, 1e-4);
    report.table(&["what", "how", "largest error, relative", "allowed", ""], &lines);
    Ok(right)
}

/// The larger, and NaN if there is one.
fn worse(most: f64, v: f64) -> f64 {
    if v.is_nan() || v > most { v } else { most }
}

type Operation = (&'static str, f64, fn(&Device) -> Tensor);

/// Operations that give floats, and how far they may be from the CPU's, relative to the largest element.
const OPERATIONS: &[Operation] = &[
    ("exp", 1e-6, |d| Tensor::randn([300, 257], d).exp()),
    ("tanh", 1e-6, |d| Tensor::randn([300, 257], d).tanh()),
    ("add a transpose", 0.0, |d| Tensor::randn([257, 257], d) + Tensor::randn([257, 257], d).t()),
    ("sum of all", 1e-5, |d| Tensor::rand([1000, 1000], d).sum()),
    ("sum of columns", 1e-5, |d| Tensor::rand([1000, 333], d).sum_dim(0, false)),
    ("max of rows", 0.0, |d| Tensor::randn([100, 1001], d).max_dim(1, false).0),
    ("softmax", 1e-6, |d| Tensor::randn([128, 1000], d).softmax(1)),
    ("running sum", 1e-5, |d| Tensor::rand([7, 5000], d).cumsum(1)),
    ("choice by index", 0.0, |d| {
        Tensor::randn([100, 64], d).index_select(0, &Tensor::randint(0, 100, [500], d))
    }),
];

/// The largest error of sampled rows, relative to the magnitudes that were summed.
fn product([m, k, n]: [usize; 3], device: &Device) -> Result<f64, Error> {
    let (a, b) = (Tensor::rand([m, k], device) - 0.5, Tensor::rand([k, n], device) - 0.5);
    let got = a.matmul(&b);
    let rows: Vec<usize> = if m <= 4 { (0..m).collect() } else { vec![0, m / 3, m / 2 + 1, m - 1] };
    let take: Vec<i32> = rows.iter().map(|&row| row as i32).collect();
    let take = Tensor::from_vec(take, rows.len(), device);
    let (got, a) = (got.index_select(0, &take).to_vec::<f32>(), a.index_select(0, &take).to_vec::<f32>());
    let b = b.to_vec::<f32>();
    let mut worst = 0.0;
    for row in 0..rows.len() {
        let (mut sums, mut magnitudes) = (vec![0.0f64; n], vec![0.0f64; n]);
        for (&x, line) in a[row * k..][..k].iter().zip(b.chunks_exact(n)) {
            for (j, &y) in line.iter().enumerate() {
                let term = f64::from(x) * f64::from(y);
                sums[j] += term;
                magnitudes[j] += term.abs();
            }
        }
        for (j, (sum, magnitude)) in sums.into_iter().zip(magnitudes).enumerate() {
            worst = worse(worst, (f64::from(got[row * n + j]) - sum).abs() / magnitude.max(1e-30));
        }
    }
    Ok(worst)
}
