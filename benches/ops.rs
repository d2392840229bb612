//! Single operations: products of matrices, elementwise, reductions, softmax; CPU and GPU side by side.
//!
//! `cargo bench --bench ops`, `cargo bench --bench ops --features wgpu`.

mod support;

use criterion::Criterion;
use firebrand::{Device, Tensor, manual_seed, no_grad};
use support::{Table, Work, criterion, devices};

fn products(c: &mut Criterion, table: &Table) {
    // Squares, then the products of the notebook's network and of the wider one, as [M, K]·[K, N].
    let sizes =
        [(256, 256, 256), (512, 512, 512), (64, 784, 128), (128, 784, 512), (128, 512, 784), (1, 1024, 1024)];
    for (m, k, n) in sizes {
        for device in devices() {
            let (a, b) = (Tensor::rand([m, k], &device.1), Tensor::rand([k, n], &device.1));
            let work = Work::Flops(2.0 * (m * k * n) as f64);
            let what = format!("{m}x{k}x{n}");
            table.bench(c, "matmul", &what, &device, work, || drop(a.matmul(&b)));
        }
    }
}

fn elements(c: &mut Criterion, table: &Table) {
    const N: usize = 1 << 20;
    let bytes = |arrays: usize| Work::Bytes((4 * arrays * N) as f64);
    let square = |device: &Device| Tensor::rand([1024, N / 1024], device);
    for device in devices() {
        let (a, b) = (square(&device.1), square(&device.1));
        table.bench(c, "elementwise", "add", &device, bytes(3), || drop(&a + &b));
        table.bench(c, "elementwise", "add a transpose", &device, bytes(3), || drop(&a + b.t()));
        table.bench(c, "elementwise", "exp", &device, bytes(2), || drop(a.exp()));
        table.bench(c, "reduce", "sum of all", &device, bytes(1), || drop(a.sum()));
        table.bench(c, "reduce", "sum of rows", &device, bytes(1), || drop(a.sum_dim(1, false)));
        table.bench(c, "reduce", "sum of columns", &device, bytes(1), || drop(a.sum_dim(0, false)));
        table.bench(c, "softmax", "of rows", &device, bytes(2), || drop(a.softmax(1)));
    }
}

fn main() {
    manual_seed(0);
    let (mut c, table) = (criterion(), Table::default());
    no_grad(|| {
        products(&mut c, &table);
        elements(&mut c, &table);
    });
    c.final_summary();
    table.print();
}
