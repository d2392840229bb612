//! Devices: the CPU, the GPUs, and which of them is the default.

use std::sync::OnceLock;
use tensor_core::{Device, Error, Result};

/// The CPU.
pub fn cpu() -> Device {
    backend_cpu::device()
}

/// A GPU by name: `wgpu` (the fastest kind there is), `wgpu:low` (the one that draws least power), `wgpu:1` (by
/// number) or part of an adapter's name. Asking again gives the same device.
///
/// # Errors
/// When there is no such adapter, it cannot run the kernels, or this was built without feature `wgpu`.
pub fn wgpu(name: &str) -> Result<Device> {
    #[cfg(feature = "wgpu")]
    return backend_wgpu::open(name).map_err(|error| Error::Invalid(error.to_string()));
    #[cfg(not(feature = "wgpu"))]
    Err(Error::Invalid(if name == "wgpu" || name.starts_with("wgpu:") {
        format!("device {name}: this program was built without GPUs; build it with --features wgpu")
    } else {
        format!(
            "device {name}: not a name that is known; there is cpu, and with --features wgpu there are wgpu, wgpu:low, \
             wgpu:1 and parts of an adapter's name"
        )
    }))
}

/// The device of a name: `cpu`, or what [`wgpu`] takes.
///
/// ```
/// assert_eq!(firebrand::device_of("cpu").unwrap(), firebrand::cpu());
/// ```
///
/// # Errors
/// As [`wgpu`]; names are lower case.
pub fn device_of(name: &str) -> Result<Device> {
    match name {
        "cpu" => Ok(cpu()),
        _ if name.eq_ignore_ascii_case("cpu") => {
            Err(Error::Invalid(format!("device {name}: names are lower case: cpu")))
        }
        _ => wgpu(name),
    }
}

/// The default device. `FIREBRAND_DEVICE` names it (see [`device_of`]); otherwise it is a GPU if this was built
/// with feature `wgpu` and one is found, else the CPU. Where what was wanted is not to be had it is the CPU too,
/// which is said once, on stderr, with the reason.
pub fn device() -> Device {
    static DEFAULT: OnceLock<Device> = OnceLock::new();
    DEFAULT
        .get_or_init(|| {
            let (device, warning) = choose(std::env::var("FIREBRAND_DEVICE").ok().as_deref());
            if let Some(warning) = warning {
                eprintln!("firebrand: {warning}");
            }
            device
        })
        .clone()
}

/// The default device where the environment asks for `wanted`, and what to say about it.
fn choose(wanted: Option<&str>) -> (Device, Option<String>) {
    let wanted = wanted.map(str::trim).filter(|name| !name.is_empty());
    let default = if cfg!(feature = "wgpu") { "wgpu" } else { "cpu" };
    match device_of(wanted.unwrap_or(default)) {
        Ok(device) => (device, None),
        Err(error) => (cpu(), Some(format!("using the CPU: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_had_is_the_cpu_with_a_reason() {
        assert_eq!(choose(Some("cpu")), (cpu(), None));
        let (device, warning) = choose(Some("a card nobody makes"));
        assert_eq!(device, cpu());
        let warning = warning.expect("a reason");
        assert!(warning.starts_with("using the CPU: "), "{warning}");
        let told = |name: &str| device_of(name).unwrap_err().to_string();
        assert_eq!(told("CPU"), "device CPU: names are lower case: cpu");
        if cfg!(not(feature = "wgpu")) {
            assert!(told("cuda").starts_with("device cuda: not a name that is known; there is cpu, and "));
            assert!(told("wgpu:1").contains("built without GPUs"));
            assert_eq!(choose(None), (cpu(), None));
            assert!(warning.contains("--features wgpu"), "{warning}");
        }
    }
}
