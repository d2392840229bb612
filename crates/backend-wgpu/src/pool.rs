//! Device memory: buffers by size class, given back to the pool when dropped.
//!
//! A freed buffer is reusable at once: whoever takes it writes it by a command that comes later in the
//! queue. Only uploads jump that queue (they take effect before the commands still being recorded), so they
//! take a buffer that the open recording has not touched. The lowest-numbered spare buffer goes first: a loop
//! that repeats itself then meets the same buffers every time, and every cached bind group.

use crate::device::Shared;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Spare bytes kept before buffers are given back to the driver at once.
const SPARE_LIMIT: u64 = 1 << 30;

/// A poisoned lock only means that some thread panicked elsewhere; the data under it is whole.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A buffer of the device.
#[derive(Debug)]
pub struct Memory {
    /// The device's buffer.
    pub buffer: wgpu::Buffer,
    /// Its number, never used again.
    pub id: u64,
    /// Its size in bytes.
    pub size: u64,
    /// The last recording that reads or writes it.
    pub used: AtomicU64,
}

/// Spare buffers, and the counts of what is held.
#[derive(Debug, Default)]
pub struct Pool {
    spare: BTreeMap<u64, BTreeMap<u64, Memory>>,
    next: u64,
    /// Bytes held now.
    pub live: u64,
    /// The most bytes held at once.
    pub peak: u64,
    /// Bytes waiting.
    pub spare_bytes: u64,
    /// Buffers made.
    pub allocations: u64,
    /// Buffers were given back: cached bind groups may hold them alive.
    pub stale: bool,
}

/// The size class of a request: multiples of 256 bytes, then four steps to an octave.
pub fn class(bytes: u64) -> u64 {
    let bytes = bytes.max(4);
    if bytes <= 4096 {
        return bytes.next_multiple_of(256);
    }
    bytes.next_multiple_of((bytes.next_power_of_two() / 8).max(256))
}

impl Pool {
    /// A spare buffer of a class, last used by a recording before `before`.
    pub fn take(&mut self, size: u64, before: u64) -> Option<Memory> {
        let spare = self.spare.get_mut(&size)?;
        let fits = |memory: &Memory| memory.used.load(Ordering::Relaxed) < before;
        let id = *spare.iter().find(|(_, memory)| fits(memory))?.0;
        let memory = spare.remove(&id)?;
        self.spare_bytes -= size;
        self.hold(size);
        Some(memory)
    }

    /// Counts and numbers a buffer just made.
    pub fn made(&mut self, buffer: wgpu::Buffer, size: u64) -> Memory {
        self.next += 1;
        self.allocations += 1;
        self.hold(size);
        Memory { buffer, id: self.next, size, used: AtomicU64::new(0) }
    }

    fn hold(&mut self, size: u64) {
        self.live += size;
        self.peak = self.peak.max(self.live);
    }

    fn give(&mut self, memory: Memory) {
        self.live -= memory.size;
        if self.spare_bytes + memory.size > SPARE_LIMIT {
            self.stale = true;
            return;
        }
        self.spare_bytes += memory.size;
        self.spare.entry(memory.size).or_default().insert(memory.id, memory);
    }

    /// Drops all spare buffers.
    pub fn trim(&mut self) {
        self.spare.clear();
        self.spare_bytes = 0;
        self.stale = true;
    }
}

/// A buffer that goes back to its pool when dropped.
#[derive(Debug)]
pub struct Block {
    memory: Option<Memory>,
    shared: Arc<Shared>,
}

impl Block {
    /// Wraps a buffer of `shared`'s pool.
    pub fn new(memory: Memory, shared: &Arc<Shared>) -> Self {
        Block { memory: Some(memory), shared: shared.clone() }
    }

    /// The buffer.
    pub fn memory(&self) -> &Memory {
        self.memory.as_ref().expect("held until dropped")
    }

    /// The device it belongs to.
    pub fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Some(memory) = self.memory.take() {
            lock(&self.shared.pool).give(memory);
        }
    }
}

/// What a GPU tensor's buffer holds: a block, shared copy-on-write.
#[derive(Debug)]
pub struct GpuStorage(Mutex<Arc<Block>>);

impl GpuStorage {
    /// Wraps a block.
    pub fn new(block: Arc<Block>) -> Self {
        GpuStorage(Mutex::new(block))
    }

    /// The block as it is now.
    pub fn read(&self) -> Arc<Block> {
        lock(&self.0).clone()
    }

    /// The block, to be written in place; a copy takes its place first if somebody else reads it.
    pub fn write(&self) -> tensor_core::Result<Arc<Block>> {
        let mut block = lock(&self.0);
        if Arc::strong_count(&block) > 1 {
            *block = crate::kernels::copy::duplicate(&block)?;
        }
        Ok(block.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::class;

    #[test]
    fn classes_waste_at_most_a_quarter() {
        assert_eq!((class(0), class(4), class(257), class(4096)), (256, 256, 512, 4096));
        for bytes in (1..200_000).step_by(97) {
            let size = class(bytes);
            assert!(size >= bytes && size.is_multiple_of(4) && class(size) == size, "{bytes} → {size}");
            assert!(bytes <= 4096 || size <= bytes + bytes / 4, "{bytes} → {size}");
        }
    }
}
