//! Pipelines and bind groups, made once: by (shader, entry, constants), by (layout, buffers).
//!
//! All kernels share one shape: parameters at binding 0 as a uniform with a dynamic offset, storage buffers
//! after it. Keys are looked up without allocating.

use crate::pool::Block;
use std::collections::HashMap;
use std::sync::Arc;

/// Bytes of parameters that a dispatch may have.
pub const PARAMS: u64 = 256;

/// A shader's entry point.
#[derive(Clone, Copy, Debug)]
pub struct Kernel {
    /// The file's text.
    pub text: &'static str,
    /// The function's name.
    pub entry: &'static str,
}

/// A storage buffer's place in a launch.
#[derive(Clone, Debug)]
pub enum Bind<'a> {
    /// Read at a binding.
    Read(u32, &'a Arc<Block>),
    /// Written, or read and written, at a binding.
    Write(u32, &'a Arc<Block>),
}

impl Bind<'_> {
    fn key(&self) -> u64 {
        match self {
            Bind::Read(at, _) => u64::from(*at) << 1,
            Bind::Write(at, _) => u64::from(*at) << 1 | 1,
        }
    }

    /// The block bound.
    pub fn block(&self) -> &Arc<Block> {
        match self {
            Bind::Read(_, block) | Bind::Write(_, block) => block,
        }
    }
}

#[derive(Debug)]
struct Made {
    pipeline: wgpu::ComputePipeline,
    layout: usize,
}

/// The caches.
#[derive(Debug, Default)]
pub struct Pipelines {
    modules: HashMap<usize, wgpu::ShaderModule>,
    layouts: Vec<wgpu::BindGroupLayout>,
    layout_places: HashMap<Vec<u64>, usize>,
    pipelines: HashMap<Vec<u64>, Made>,
    groups: HashMap<Vec<u64>, wgpu::BindGroup>,
    key: Vec<u64>,
    /// Shader modules, pipelines and bind groups made.
    pub creations: u64,
}

/// Bind groups kept at most; a program that passes through more starts over.
const GROUPS: usize = 16_384;

impl Pipelines {
    /// The pipeline and bind group of a launch.
    pub fn get(
        &mut self,
        device: &wgpu::Device,
        params: &wgpu::Buffer,
        kernel: Kernel,
        constants: &[(&'static str, f64)],
        binds: &[Bind],
    ) -> (&wgpu::ComputePipeline, &wgpu::BindGroup) {
        let mut key = std::mem::take(&mut self.key);
        key.clear();
        key.push(kernel.text.as_ptr() as u64);
        key.push(kernel.entry.as_ptr() as u64);
        for (name, value) in constants {
            key.extend([name.as_ptr() as u64, value.to_bits()]);
        }
        if !self.pipelines.contains_key(&key[..]) {
            let made = self.make(device, kernel, constants, binds);
            self.pipelines.insert(key.clone(), made);
        }
        let made = &self.pipelines[&key[..]];
        key.clear();
        key.push(made.layout as u64);
        key.extend(binds.iter().map(|bind| bind.block().memory().id));
        if !self.groups.contains_key(&key[..]) {
            if self.groups.len() >= GROUPS {
                self.groups.clear();
            }
            self.creations += 1;
            let group = group(device, &self.layouts[made.layout], params, binds);
            self.groups.insert(key.clone(), group);
        }
        self.key = key;
        (&made.pipeline, &self.groups[&self.key[..]])
    }

    /// Forgets all bind groups, which hold buffers alive.
    pub fn forget_groups(&mut self) {
        self.groups.clear();
    }

    fn make(
        &mut self,
        device: &wgpu::Device,
        kernel: Kernel,
        constants: &[(&'static str, f64)],
        binds: &[Bind],
    ) -> Made {
        let layout = self.layout(device, binds);
        let Pipelines { modules, creations, .. } = self;
        let module = modules.entry(kernel.text.as_ptr() as usize).or_insert_with(|| {
            *creations += 1;
            module(device, kernel.text)
        });
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: None,
            bind_group_layouts: &[Some(&self.layouts[layout])],
            immediate_size: 0,
        });
        let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.entry),
            layout: Some(&pipeline_layout),
            module,
            entry_point: Some(kernel.entry),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants,
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        *creations += 1;
        Made { pipeline, layout }
    }

    fn layout(&mut self, device: &wgpu::Device, binds: &[Bind]) -> usize {
        let key: Vec<u64> = binds.iter().map(Bind::key).collect();
        if let Some(&place) = self.layout_places.get(&key) {
            return place;
        }
        let entry = |binding, ty, has_dynamic_offset, size| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: wgpu::ShaderStages::COMPUTE,
            ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: size },
            count: None,
        };
        let mut entries =
            vec![entry(0, wgpu::BufferBindingType::Uniform, true, wgpu::BufferSize::new(PARAMS))];
        entries.extend(binds.iter().map(|bind| match bind {
            Bind::Read(at, _) => {
                entry(*at, wgpu::BufferBindingType::Storage { read_only: true }, false, None)
            }
            Bind::Write(at, _) => {
                entry(*at, wgpu::BufferBindingType::Storage { read_only: false }, false, None)
            }
        }));
        let descriptor = wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries };
        self.layouts.push(device.create_bind_group_layout(&descriptor));
        self.layout_places.insert(key, self.layouts.len() - 1);
        self.layouts.len() - 1
    }
}

fn group(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    params: &wgpu::Buffer,
    binds: &[Bind],
) -> wgpu::BindGroup {
    let first = wgpu::BindGroupEntry {
        binding: 0,
        resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: params,
            offset: 0,
            size: wgpu::BufferSize::new(PARAMS),
        }),
    };
    let rest = binds.iter().map(|bind| {
        let (Bind::Read(at, block) | Bind::Write(at, block)) = bind;
        wgpu::BindGroupEntry { binding: *at, resource: block.memory().buffer.as_entire_binding() }
    });
    let entries: Vec<_> = std::iter::once(first).chain(rest).collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}

fn module(device: &wgpu::Device, text: &'static str) -> wgpu::ShaderModule {
    let descriptor =
        wgpu::ShaderModuleDescriptor { label: None, source: wgpu::ShaderSource::Wgsl(text.into()) };
    let mut checks = wgpu::ShaderRuntimeChecks::unchecked();
    checks.int_div_checks = true;
    // SAFETY: these are our own kernels. Every index they form is bounded by the parameters that this crate
    // computes from layouts that fit their buffers, indices from tensors are clamped in the kernel, and all
    // loops end. Division of integers, whose operands are the user's, keeps its checks.
    unsafe { device.create_shader_module_trusted(descriptor, checks) }
}
