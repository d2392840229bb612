//! A GPU for tests: its own device, so that counters are this test's alone.

use backend_wgpu::{Options, choose, open_with};
use tensor_core::Device;

/// A fresh device on the adapter that `FIREBRAND_DEVICE` names, else the fastest. Without an adapter it says
/// that the test is skipped, or fails with `FIREBRAND_REQUIRE_GPU=1`.
pub fn gpu() -> Option<Device> {
    gpu_with(&Options::default())
}

/// As [`gpu`], opened with options.
pub fn gpu_with(options: &Options) -> Option<Device> {
    let spec = std::env::var("FIREBRAND_DEVICE").ok().filter(|s| s != "cpu").unwrap_or("wgpu".into());
    match choose(&spec).and_then(|adapter| open_with(&adapter, options)) {
        Ok(device) => Some(device),
        Err(error) if std::env::var("FIREBRAND_REQUIRE_GPU").is_ok_and(|v| v == "1") => {
            panic!("FIREBRAND_REQUIRE_GPU=1, but {error}")
        }
        Err(error) => {
            eprintln!("skipped: {error}");
            None
        }
    }
}
