//! Adapters: what is there, which to take, and why none would do.

use std::fmt;
use std::sync::OnceLock;

/// Why there is no such device.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Nothing at all: no driver, or no loader of drivers.
    #[error(
        "no GPU adapter found ({tried} loaded no driver); install a Vulkan driver, or for a software one \
         `apt-get install mesa-vulkan-drivers libvulkan1`"
    )]
    NoAdapter {
        /// The interfaces that were tried.
        tried: String,
    },
    /// Fewer adapters than that.
    #[error("there is no adapter wgpu:{index}; found: {}", .found.join(", "))]
    NoSuchIndex {
        /// The number asked for.
        index: usize,
        /// The adapters there are.
        found: Vec<String>,
    },
    /// None of that name.
    #[error("no adapter is called `{name}`; found: {}", .found.join(", "))]
    NoSuchName {
        /// The name asked for.
        name: String,
        /// The adapters there are.
        found: Vec<String>,
    },
    /// It cannot do what the kernels need.
    #[error("{adapter} allows {has} for {limit}, the kernels need {needs}")]
    LimitTooSmall {
        /// The adapter.
        adapter: String,
        /// The limit's name in WebGPU.
        limit: &'static str,
        /// What the kernels need.
        needs: u64,
        /// What the adapter has.
        has: u64,
    },
    /// The driver refused.
    #[error("{adapter} refused to open: {reason}")]
    Refused {
        /// The adapter.
        adapter: String,
        /// What the driver said.
        reason: String,
    },
}

/// A GPU, or what computes like one.
#[derive(Clone, Debug)]
pub struct Adapter {
    /// Its number among [`adapters`].
    pub index: usize,
    pub(crate) raw: wgpu::Adapter,
}

impl fmt::Display for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "wgpu:{} ({}, {})", self.index, self.raw.get_info().name, self.raw.get_info().backend)
    }
}

impl Adapter {
    /// Its name, the driver's.
    pub fn name(&self) -> String {
        self.raw.get_info().name
    }

    /// Its kind, the interface and the driver, in words.
    pub fn details(&self) -> String {
        let info = self.raw.get_info();
        format!("{:?}, {}, {} {}", info.device_type, info.backend, info.driver, info.driver_info)
    }

    /// Whether it computes on the processor.
    pub fn is_software(&self) -> bool {
        self.raw.get_info().device_type == wgpu::DeviceType::Cpu
    }

    /// What bounds programs here, by WebGPU's names.
    pub fn limits(&self) -> Vec<(&'static str, u64)> {
        named(&self.raw.limits())
    }

    pub(crate) fn subgroup_sizes(&self) -> (u32, u32) {
        let info = self.raw.get_info();
        (info.subgroup_min_size, info.subgroup_max_size)
    }

    pub(crate) fn check_limits(&self) -> Result<(), OpenError> {
        enough(&self.to_string(), &self.raw.limits())
    }

    /// The faster kinds first, or with `low` those that draw less power; software last.
    fn rank(&self, low: bool) -> usize {
        use wgpu::DeviceType::{Cpu, DiscreteGpu, IntegratedGpu, Other, VirtualGpu};
        match self.raw.get_info().device_type {
            DiscreteGpu => usize::from(low),
            IntegratedGpu => usize::from(!low),
            VirtualGpu => 2,
            Other => 3,
            Cpu => 4,
        }
    }
}

fn named(limits: &wgpu::Limits) -> Vec<(&'static str, u64)> {
    vec![
        ("maxBufferSize", limits.max_buffer_size),
        ("maxStorageBufferBindingSize", limits.max_storage_buffer_binding_size),
        ("maxStorageBuffersPerShaderStage", limits.max_storage_buffers_per_shader_stage.into()),
        ("maxComputeInvocationsPerWorkgroup", limits.max_compute_invocations_per_workgroup.into()),
        ("maxComputeWorkgroupStorageSize", limits.max_compute_workgroup_storage_size.into()),
        ("maxComputeWorkgroupsPerDimension", limits.max_compute_workgroups_per_dimension.into()),
    ]
}

/// What the kernels need: WebGPU's defaults or less.
const NEEDS: [(&str, u64); 6] = [
    ("maxBufferSize", 64 << 20),
    ("maxStorageBufferBindingSize", 64 << 20),
    ("maxStorageBuffersPerShaderStage", 8),
    ("maxComputeInvocationsPerWorkgroup", 256),
    ("maxComputeWorkgroupStorageSize", 8192),
    ("maxComputeWorkgroupsPerDimension", 65_535),
];

fn enough(adapter: &str, limits: &wgpu::Limits) -> Result<(), OpenError> {
    for ((limit, has), (name, needs)) in named(limits).into_iter().zip(NEEDS) {
        debug_assert_eq!(limit, name);
        if has < needs {
            return Err(OpenError::LimitTooSmall { adapter: adapter.into(), limit, needs, has });
        }
    }
    Ok(())
}

const BACKENDS: wgpu::Backends = wgpu::Backends::PRIMARY;

/// All adapters, the fastest kind first.
pub fn adapters() -> Vec<Adapter> {
    static INSTANCE: OnceLock<wgpu::Instance> = OnceLock::new();
    let instance = INSTANCE.get_or_init(|| {
        let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
        descriptor.backends = BACKENDS;
        descriptor.flags = wgpu::InstanceFlags::empty();
        wgpu::Instance::new(descriptor)
    });
    let mut found: Vec<Adapter> = pollster::block_on(instance.enumerate_adapters(BACKENDS))
        .into_iter()
        .map(|raw| Adapter { index: 0, raw })
        .collect();
    found.sort_by_key(|adapter| adapter.rank(false));
    found.iter_mut().enumerate().for_each(|(index, adapter)| adapter.index = index);
    found
}

/// The adapter that `spec` names: `wgpu` (the fastest kind), `wgpu:low` (the one that draws least power),
/// `wgpu:1` (by number), or part of a name.
///
/// # Errors
/// When there is none.
pub fn choose(spec: &str) -> Result<Adapter, OpenError> {
    pick(spec, adapters())
}

fn pick(spec: &str, found: Vec<Adapter>) -> Result<Adapter, OpenError> {
    let tried = || OpenError::NoAdapter { tried: "Vulkan, Metal, DX12".into() };
    let names: Vec<String> = found.iter().map(Adapter::to_string).collect();
    let by_rank = |low| found.iter().min_by_key(|a| a.rank(low)).cloned().ok_or_else(tried);
    match spec.strip_prefix("wgpu") {
        Some("") => by_rank(false),
        Some(":low") => by_rank(true),
        Some(rest) if rest.strip_prefix(':').is_some_and(|n| n.parse::<usize>().is_ok()) => {
            let index: usize = rest[1..].parse().expect("just parsed");
            let adapter = found.get(index).cloned();
            adapter.ok_or(if names.is_empty() {
                tried()
            } else {
                OpenError::NoSuchIndex { index, found: names }
            })
        }
        _ => {
            let wanted = spec.to_lowercase();
            let adapter = found.iter().find(|a| a.name().to_lowercase().contains(&wanted)).cloned();
            adapter.ok_or(if names.is_empty() {
                tried()
            } else {
                OpenError::NoSuchName { name: spec.into(), found: names }
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_adapters_every_choice_says_so() {
        for spec in ["wgpu", "wgpu:low", "wgpu:0", "nvidia"] {
            let error = pick(spec, Vec::new()).unwrap_err();
            assert!(matches!(error, OpenError::NoAdapter { .. }), "{spec}");
            assert!(error.to_string().contains("mesa-vulkan-drivers"), "{error}");
        }
    }

    #[test]
    fn webgpu_defaults_are_enough_and_less_is_named() {
        assert_eq!(enough("a", &wgpu::Limits::default()), Ok(()));
        let small = wgpu::Limits { max_storage_buffers_per_shader_stage: 4, ..Default::default() };
        let error = enough("wgpu:0 (toy)", &small).unwrap_err();
        assert_eq!(
            error.to_string(),
            "wgpu:0 (toy) allows 4 for maxStorageBuffersPerShaderStage, the kernels need 8"
        );
    }
}
