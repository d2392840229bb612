//! Single operations: products of matrices, elementwise, reductions, softmax; CPU and GPU side by side.
//!
//! `cargo bench --bench ops`, `cargo bench --bench ops --features wgpu`.

mod support;

use firebrand::{manual_seed, no_grad};
use support::work::{devices, elements, product};
use support::{Table, criterion};

/// Squares, then products of the notebook's network and of the wider one, then one row.
const PRODUCTS: [[usize; 3]; 7] = [
    [256, 256, 256],
    [512, 512, 512],
    [1024, 1024, 1024],
    [64, 784, 128],
    [128, 784, 512],
    [128, 512, 784],
    [1, 1024, 1024],
];

fn main() {
    manual_seed(0);
    let (mut c, table) = (criterion(), Table::default());
    no_grad(|| {
        for device in devices() {
            for size in PRODUCTS {
                table.bench(&mut c, &device, product(size, &device.1));
            }
            for case in elements(1024, &device.1) {
                table.bench(&mut c, &device, case);
            }
        }
    });
    c.final_summary();
    table.print();
}
