//! The product of matrices against the machine's peak: `cargo bench --bench gemm`.
//!
//! The peak is what one core's fused multiply-adds reach in a loop that touches registers only. Every figure
//! is the best of several repeats of `Tensor::matmul` without gradients, in one run, in GFLOP/s (two per
//! multiply-add) and in percent of the peak of the threads used.

use firebrand::{Tensor, cpu, manual_seed, no_grad};
use std::hint::black_box;
use std::time::Instant;

/// The sizes of `[m, k] · [k, n]`, and which operands are read transposed.
struct Case {
    name: &'static str,
    m: usize,
    k: usize,
    n: usize,
    transposed: [bool; 2],
}

fn cases() -> Vec<Case> {
    let case = |name, m, k, n, transposed| Case { name, m, k, n, transposed };
    vec![
        case("square", 256, 256, 256, [false, false]),
        case("square", 512, 512, 512, [false, false]),
        case("square", 1024, 1024, 1024, [false, false]),
        case("square", 2048, 2048, 2048, [false, false]),
        case("W1 forward", 64, 784, 128, [false, true]),
        case("W1 weights", 128, 64, 784, [true, false]),
        case("W1 inputs", 64, 128, 784, [false, false]),
        case("W2 forward", 128, 784, 512, [false, true]),
        case("W2 forward", 128, 512, 512, [false, true]),
        case("W2 weights", 512, 128, 784, [true, false]),
        case("W2 inputs", 128, 512, 512, [false, false]),
        case("W3 forward", 1024, 2048, 2048, [false, true]),
        case("W3 weights", 2048, 1024, 2048, [true, false]),
        case("one image", 1, 784, 128, [false, true]),
        case("last layer", 64, 64, 10, [false, true]),
    ]
}

fn main() {
    let machine = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = machine.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("processor{}; {:?}; {cores} cores", model.trim_start_matches('\t'), backend_cpu::simd::level());
    println!(
        "\n{:<12} {:>17} {:>2}  {:>9} {:>9} {:>6}  {:>9}",
        "product", "m × k × n", "t", "µs", "GFLOP/s", "%", "peak"
    );
    for case in cases() {
        let mut serial = f64::NAN;
        for threads in [1, cores] {
            backend_cpu::set_num_threads(threads);
            let peak = 2.0 * backend_cpu::simd::fma_peak() * threads as f64 / 1e9;
            let seconds = measure(&case);
            let Case { m, k, n, .. } = case;
            let rate = 2.0 * (m * n * k) as f64 / seconds / 1e9;
            if threads == 1 {
                serial = seconds;
            }
            println!(
                "{:<12} {:>17} {threads:>2}  {:>9.1} {rate:>9.1} {:>6.1}  {peak:>9.1}  ×{:.2}",
                case.name,
                format!("{m} × {k} × {n}"),
                seconds * 1e6,
                100.0 * rate / peak,
                serial / seconds,
            );
        }
    }
}

/// Seconds of the fastest of many runs.
fn measure(case: &Case) -> f64 {
    let &Case { m, k, n, transposed, .. } = case;
    manual_seed(0);
    let matrix = |rows: usize, cols: usize, transposed| {
        if transposed { Tensor::randn([cols, rows], &cpu()).t() } else { Tensor::randn([rows, cols], &cpu()) }
    };
    let (left, right) = (matrix(m, k, transposed[0]), matrix(k, n, transposed[1]));
    let product = || no_grad(|| drop(black_box(left.matmul(&right))));
    let repeats = (400_000_000 / (m * n * k)).clamp(5, 2000);
    // The first tens of milliseconds are the threads' way to cores of their own.
    let warm = Instant::now();
    while warm.elapsed().as_millis() < 50 {
        product();
    }
    let mut best = f64::INFINITY;
    for _ in 0..repeats {
        let clock = Instant::now();
        product();
        best = best.min(clock.elapsed().as_secs_f64());
    }
    best
}
