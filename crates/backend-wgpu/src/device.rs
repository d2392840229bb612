//! A device: its queue, its pool, its recorder, and what went wrong with it.

use crate::adapter::Adapter;
use crate::pool::{Block, Pool, class, lock};
use crate::recorder::Recorder;
use crate::{OpenError, Options};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use tensor_core::{Error, Result};

/// Why the device can no longer be used.
#[derive(Debug, Default)]
pub struct Fault {
    set: AtomicBool,
    reason: Mutex<String>,
}

impl Fault {
    /// Notes the first reason; later ones follow from it.
    fn note(&self, reason: String) {
        let mut first = lock(&self.reason);
        if !self.set.load(Ordering::Acquire) {
            *first = reason;
            self.set.store(true, Ordering::Release);
        }
    }
}

/// What all buffers of a device share.
#[derive(Debug)]
pub struct Shared {
    /// `wgpu:0 (NVIDIA …)`
    pub name: String,
    /// What it was opened on.
    pub adapter: Adapter,
    /// The device.
    pub device: wgpu::Device,
    /// Its queue.
    pub queue: wgpu::Queue,
    /// What it can do.
    pub limits: wgpu::Limits,
    /// Whether it computes on the processor: loads and barriers cost more there, and branches not taken too.
    pub software: bool,
    /// Whether its subgroups have exactly 8 lanes and can exchange values.
    pub lanes_of_8: bool,
    /// Bytes it may hold.
    pub memory_limit: u64,
    /// Memory.
    pub pool: Mutex<Pool>,
    /// Commands.
    pub recorder: Mutex<Recorder>,
    /// Blocks of single numbers, by element type and bits, shared copy-on-write.
    pub numbers: Mutex<HashMap<(bool, u32), Arc<Block>>>,
    /// Buffers that stand where a kernel reads nothing.
    pub unused: Mutex<Vec<Arc<Block>>>,
    /// Buffers that the host maps, by size.
    pub staging: Mutex<HashMap<u64, Vec<wgpu::Buffer>>>,
    /// Downloads.
    pub readbacks: AtomicU64,
    /// Operations that went through the host.
    pub fallbacks: AtomicU64,
    fault: Arc<Fault>,
}

impl Shared {
    /// Opens a device of an adapter.
    pub fn open(adapter: &Adapter, options: &Options) -> Result<Arc<Shared>, OpenError> {
        adapter.check_limits()?;
        let limits = adapter.raw.limits();
        let subgroups = adapter.raw.features() & wgpu::Features::SUBGROUP;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("firebrand"),
            required_features: subgroups,
            required_limits: limits.clone(),
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.raw.request_device(&descriptor))
            .map_err(|e| OpenError::Refused { adapter: adapter.to_string(), reason: e.to_string() })?;
        let fault = Arc::new(Fault::default());
        let note = fault.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| note.note(error.to_string())));
        let note = fault.clone();
        device.set_device_lost_callback(move |reason, message| {
            note.note(format!("the device was lost ({reason:?}): {message}"));
        });
        Ok(Arc::new(Shared {
            name: adapter.to_string(),
            adapter: adapter.clone(),
            recorder: Mutex::new(Recorder::new(&device)),
            device,
            queue,
            limits,
            software: adapter.is_software() && !options.as_hardware,
            lanes_of_8: !subgroups.is_empty() && adapter.subgroup_sizes() == (8, 8),
            memory_limit: options.memory_limit.unwrap_or(u64::MAX),
            pool: Mutex::default(),
            numbers: Mutex::default(),
            unused: Mutex::default(),
            staging: Mutex::default(),
            readbacks: AtomicU64::new(0),
            fallbacks: AtomicU64::new(0),
            fault,
        }))
    }

    /// The error, if the device has failed.
    pub fn check(&self) -> Result<()> {
        if self.fault.set.load(Ordering::Acquire) {
            return Err(self.failure(lock(&self.fault.reason).clone()));
        }
        Ok(())
    }

    /// An error of this device.
    pub fn failure(&self, reason: String) -> Error {
        Error::Device { device: self.name.clone(), reason }
    }

    /// A block of at least `bytes`, of unspecified content, to be written by a kernel.
    pub fn alloc(self: &Arc<Self>, bytes: u64) -> Result<Block> {
        self.take(bytes, u64::MAX)
    }

    /// A block of the bytes of `data`, a multiple of 4.
    pub fn upload(self: &Arc<Self>, data: &[u8]) -> Result<Block> {
        // Not one that commands still to be submitted use: the write would overtake them.
        let serial = lock(&self.recorder).serial;
        let block = self.take(data.len() as u64, serial)?;
        block.memory().used.store(serial, Ordering::Relaxed);
        if !data.is_empty() {
            self.queue.write_buffer(&block.memory().buffer, 0, data);
        }
        self.check()?;
        Ok(block)
    }

    fn take(self: &Arc<Self>, bytes: u64, before: u64) -> Result<Block> {
        self.check()?;
        let limit = self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size);
        if bytes > limit {
            return Err(Error::TooLarge {
                device: self.name.clone(),
                requested: bytes as usize,
                limit: limit as usize,
            });
        }
        let size = class(bytes).min(limit & !3);
        let mut pool = lock(&self.pool);
        if let Some(memory) = pool.take(size, before) {
            drop(pool);
            return Ok(Block::new(memory, self));
        }
        if pool.live + pool.spare_bytes + size > self.memory_limit {
            pool.trim();
        }
        let full = |live| Error::OutOfMemory { device: self.name.clone(), requested: bytes as usize, live };
        if pool.live + size > self.memory_limit {
            return Err(full(pool.live as usize));
        }
        let buffer = self.make(size).or_else(|_| {
            pool.trim();
            self.make(size)
        });
        match buffer {
            Ok(buffer) => {
                let memory = pool.made(buffer, size);
                drop(pool);
                Ok(Block::new(memory, self))
            }
            Err(wgpu::Error::OutOfMemory { .. }) => Err(full(pool.live as usize)),
            Err(other) => Err(self.failure(other.to_string())),
        }
    }

    fn make(&self, size: u64) -> Result<wgpu::Buffer, wgpu::Error> {
        let memory = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let validation = self.device.push_error_scope(wgpu::ErrorFilter::Validation);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let validation = pollster::block_on(validation.pop());
        let memory = pollster::block_on(memory.pop());
        memory.or(validation).map_or(Ok(buffer), Err)
    }

    /// The `place`-th buffer that stands where a kernel reads and writes nothing.
    pub fn unused(self: &Arc<Self>, place: usize) -> Result<Arc<Block>> {
        let have = lock(&self.unused).len();
        for _ in have..=place {
            let block = Arc::new(self.alloc(4)?);
            lock(&self.unused).push(block);
        }
        Ok(lock(&self.unused)[place].clone())
    }
}
