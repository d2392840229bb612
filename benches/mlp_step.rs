//! Whole training steps (fetch a batch, forward, loss, backward, optimizer) of the networks W1, W2 and W3 that
//! the project measures itself by; CPU and GPU side by side.
//!
//! `cargo bench --bench mlp_step`, `cargo bench --bench mlp_step --features wgpu`.

mod support;

use firebrand::manual_seed;
use support::work::{Case, SOFTWARE, WORKLOADS, Work, devices, is_software};
use support::{Table, criterion};

fn main() {
    manual_seed(0);
    let (mut c, table) = (criterion(), Table::default());
    for device in devices() {
        for workload in &WORKLOADS {
            if workload.is_long() && is_software(&device.1) {
                eprintln!("{} on {}: left out, {SOFTWARE}", workload.name, device.1);
                continue;
            }
            let mut step = workload.stepper(&device.1);
            let call = Box::new(move || drop(step()));
            let case = Case { group: "step", what: workload.name.into(), work: Work::Step, call };
            table.bench(&mut c, &device, case);
        }
    }
    c.final_summary();
    table.print();
}
