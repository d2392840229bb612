//! Memory: aligned blocks from a pool, shared copy-on-write.
//!
//! Invariant: a reader holds a block alive and unchanged for as long as it likes. A writer writes
//! in place when nobody reads, and else replaces the block by a changed copy; so no lock is held
//! while a kernel runs, an operation may name one buffer twice, and no one sees half a write.

use bytemuck::{AnyBitPattern, NoUninit, Pod, Zeroable};
use std::cell::RefCell;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tensor_core::{Error, Result, check};

/// What memory is counted and aligned in: a cache line, an AVX-512 register.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// An element as kernels see it: plain bytes, booleans being 0 or 1 in a `u8`.
pub trait Plain: Pod + NoUninit + AnyBitPattern + Send + Sync {}
impl<T: Pod + Send + Sync> Plain for T {}

/// Runs `f` on `len` elements of unspecified content that belong to this thread and are kept for the next time.
pub fn scratch<T: Plain, R>(len: usize, f: impl FnOnce(&mut [T]) -> R) -> R {
    thread_local!(static KEPT: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) });
    let mut memory = KEPT.take();
    let lines = (len * size_of::<T>()).div_ceil(size_of::<Line>());
    if memory.len() < lines {
        memory.resize(lines, Line::zeroed());
    }
    let result = f(&mut bytemuck::cast_slice_mut(&mut memory)[..len]);
    KEPT.set(memory);
    result
}

/// Spare memory by size, and the counts of what was asked for.
#[derive(Debug, Default)]
pub struct Pool(Mutex<Spare>);

/// Memory that waits, and the counts under the same lock, so that none can be ahead of it.
#[derive(Debug, Default)]
struct Spare {
    by_lines: HashMap<usize, Waiting, BuildHasherDefault<Spread>>,
    counts: Counts,
    /// How often a block was asked for.
    asked: u64,
}

/// Spare memory of one size.
#[derive(Debug, Default)]
struct Waiting {
    blocks: Vec<Vec<Line>>,
    /// When it was last asked for, in [`Spare::asked`].
    last: u64,
}

impl Spare {
    /// Spare memory of a size, counted as held from now on.
    fn reuse(&mut self, lines: usize) -> Option<Vec<Line>> {
        self.asked += 1;
        let waiting = self.by_lines.get_mut(&lines)?;
        waiting.last = self.asked;
        let memory = waiting.blocks.pop()?;
        let bytes = lines * size_of::<Line>();
        self.counts.spare -= bytes;
        self.counts.hold(bytes);
        Some(memory)
    }

    /// Keeps memory that nobody holds any more; what must go for it, the sizes first that nobody has asked for the
    /// longest, is returned, to be freed when the lock is.
    fn keep(&mut self, memory: Vec<Line>) -> Vec<Vec<Line>> {
        let (lines, limit) = (memory.len(), self.counts.peak.max(LEAST_LIMIT));
        let bytes = lines * size_of::<Line>();
        let mut gone = Vec::new();
        while self.counts.spare + bytes > limit {
            let others =
                self.by_lines.iter().filter(|(size, waiting)| **size != lines && !waiting.blocks.is_empty());
            let Some(size) = others.min_by_key(|(_, waiting)| waiting.last).map(|(&size, _)| size) else {
                gone.push(memory);
                return gone;
            };
            let waiting = self.by_lines.remove(&size).unwrap_or_default();
            self.counts.spare -= waiting.blocks.len() * size * size_of::<Line>();
            gone.extend(waiting.blocks);
        }
        self.counts.spare += bytes;
        self.by_lines
            .entry(lines)
            .or_insert(Waiting { blocks: Vec::new(), last: self.asked })
            .blocks
            .push(memory);
        gone
    }
}

/// What a pool counts, in bytes but for the last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    /// In blocks that somebody holds.
    pub live: usize,
    /// The most that ever was live.
    pub peak: usize,
    /// In memory that waits.
    pub spare: usize,
    /// How often the system was asked.
    pub allocations: u64,
}

impl Counts {
    /// A block of so many bytes more is held.
    fn hold(&mut self, bytes: usize) {
        self.live += bytes;
        self.peak = self.peak.max(self.live);
    }
}

/// Hashes a size by one multiplication (Knuth's, by the golden ratio): sizes are nobody's attack.
#[derive(Default)]
struct Spread(u64);

impl Hasher for Spread {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| self.write_usize(byte.into()));
    }
    fn write_usize(&mut self, size: usize) {
        self.0 = (self.0 ^ size as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15).rotate_left(32);
    }
}

/// Spare bytes a pool keeps at least; beyond, as many as ever were held at once. A step's blocks all wait for the
/// next one, and where sizes change all the time, old ones make room.
const LEAST_LIMIT: usize = 64 << 20;

impl Pool {
    /// A block of `len` elements of `T`, of unspecified content.
    ///
    /// # Errors
    /// When the system has no memory for it, also after what is spare was given back.
    pub fn take<T: Plain>(self: &Arc<Self>, len: usize) -> Result<Block> {
        // A size beyond the address space is refused with the rest.
        self.lines(len.saturating_mul(size_of::<T>()).div_ceil(size_of::<Line>()))
    }

    /// A block of so many lines.
    #[inline(never)]
    fn lines(self: &Arc<Self>, lines: usize) -> Result<Block> {
        let reused = self.lock().reuse(lines);
        let memory = match reused {
            Some(memory) => memory,
            None => {
                let memory = self.asked(lines)?;
                let counts = &mut self.lock().counts;
                counts.allocations += 1;
                counts.hold(lines * size_of::<Line>());
                memory
            }
        };
        Ok(Block { memory, pool: self.clone() })
    }

    /// Memory from the system.
    fn asked(&self, lines: usize) -> Result<Vec<Line>> {
        let mut memory = Vec::new();
        if memory.try_reserve_exact(lines).is_err() {
            self.trim();
            memory.try_reserve_exact(lines).map_err(|_| Error::OutOfMemory {
                device: "cpu".into(),
                requested: lines.saturating_mul(size_of::<Line>()),
                live: self.counts().live,
            })?;
        }
        prefer_huge_pages(&memory);
        memory.resize(lines, Line::zeroed());
        Ok(memory)
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// Gives all spare memory back to the system.
    pub fn trim(&self) {
        let spare = {
            let mut pool = self.lock();
            pool.counts.spare = 0;
            std::mem::take(&mut pool.by_lines)
        };
        drop(spare);
    }

    fn lock(&self) -> MutexGuard<'_, Spare> {
        lock(&self.0)
    }
}

/// Asks for pages of 2 MiB where a block is larger: a product of large matrices walks through thousands of small
/// ones, more than the processor remembers (3 % of a step of two layers of 2,048). A wish that the system may
/// decline; memory that has been touched already keeps its pages.
fn prefer_huge_pages(memory: &Vec<Line>) {
    #[cfg(target_os = "linux")]
    {
        use std::ffi::{c_int, c_void};
        const HUGE: usize = 2 << 20;
        const MADV_HUGEPAGE: c_int = 14;
        unsafe extern "C" {
            fn madvise(address: *mut c_void, length: usize, advice: c_int) -> c_int;
        }
        let (address, bytes) = (memory.as_ptr() as usize, memory.capacity() * size_of::<Line>());
        let (first, end) = (address.next_multiple_of(HUGE), (address + bytes) / HUGE * HUGE);
        if first < end {
            let first = memory.as_ptr().wrapping_byte_add(first - address);
            // SAFETY: the range is within the vector's own allocation, and this advice changes no content.
            unsafe { madvise(first.cast_mut().cast(), end - (first as usize), MADV_HUGEPAGE) };
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = memory;
}

/// A poisoned lock only means that some thread panicked elsewhere; the data under it is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A run of memory that goes back to its pool when dropped.
#[derive(Debug)]
pub struct Block {
    memory: Vec<Line>,
    pool: Arc<Pool>,
}

impl Block {
    /// The pool it goes back to.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// The first `len` elements.
    pub fn slice<T: Plain>(&self, len: usize) -> &[T] {
        &bytemuck::cast_slice(&self.memory)[..len]
    }

    /// The first `len` elements, to be written.
    pub fn slice_mut<T: Plain>(&mut self, len: usize) -> &mut [T] {
        &mut bytemuck::cast_slice_mut(&mut self.memory)[..len]
    }
}

impl Clone for Block {
    fn clone(&self) -> Self {
        let bytes = self.memory.len() * size_of::<Line>();
        // A write has no error of its own to give.
        let mut copy = check::done("copy on write", self.pool.take::<u8>(bytes));
        copy.memory.copy_from_slice(&self.memory);
        copy
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let memory = std::mem::take(&mut self.memory);
        let bytes = memory.len() * size_of::<Line>();
        if bytes > 0 {
            let mut pool = self.pool.lock();
            pool.counts.live -= bytes;
            let gone = pool.keep(memory);
            drop(pool);
            drop(gone);
        }
    }
}

/// What a CPU buffer holds.
#[derive(Debug)]
pub struct CpuStorage(Mutex<Arc<Block>>);

impl CpuStorage {
    /// Wraps a freshly written block.
    pub fn new(block: Block) -> Self {
        CpuStorage(Mutex::new(Arc::new(block)))
    }

    /// The block as it is now, unchanged for as long as it is held.
    pub fn read(&self) -> Arc<Block> {
        lock(&self.0).clone()
    }

    /// The block to be written, in place if nobody reads it, else a copy that takes its place; others wait
    /// until it is dropped.
    pub fn open(&self) -> Open<'_> {
        Open(lock(&self.0))
    }

    /// Runs `f` on the block as [`CpuStorage::open`] gives it.
    pub fn write<R>(&self, f: impl FnOnce(&mut Block) -> R) -> R {
        f(&mut self.open())
    }
}

/// A block being written.
pub struct Open<'a>(MutexGuard<'a, Arc<Block>>);

impl Deref for Open<'_> {
    type Target = Block;
    fn deref(&self) -> &Block {
        &self.0
    }
}

impl DerefMut for Open<'_> {
    fn deref_mut(&mut self) -> &mut Block {
        Arc::make_mut(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is not to be had changes no count but that of spare memory, which was given back to look for room.
    #[test]
    fn memory_that_is_not_there_is_an_error() {
        let pool = Arc::new(Pool::default());
        drop(pool.take::<f32>(1000).unwrap());
        let held = pool.take::<u8>(64).unwrap();
        let Error::OutOfMemory { requested, live, .. } = pool.take::<f64>(1 << 50).unwrap_err() else {
            panic!("another error")
        };
        assert_eq!((requested, live), (1 << 53, 64));
        assert!(pool.take::<f64>(usize::MAX).is_err(), "more than can be counted");
        let counts = pool.counts();
        assert_eq!((counts.live, counts.spare, counts.allocations), (64, 0, 2));
        assert_eq!(held.slice::<u8>(64).len(), 64);
    }

    const MIB: usize = 1 << 20;

    #[test]
    fn sizes_that_nobody_asks_for_make_room() {
        let pool = Arc::new(Pool::default());
        let take = |bytes: usize| pool.take::<u8>(bytes).unwrap();
        for i in 0..200 {
            drop(take(MIB + i * 4096)); // another size each time
            drop(take(4096)); // and one that stays
        }
        let counts = pool.counts();
        assert!(counts.spare <= LEAST_LIMIT && counts.spare > LEAST_LIMIT / 2, "{counts:?}");
        assert_eq!((counts.live, counts.allocations), (0, 201), "the size that stays was asked for once");
        drop(take(MIB + 199 * 4096));
        assert_eq!(pool.counts().allocations, 201, "the latest size waits");
        drop(take(MIB));
        assert_eq!(pool.counts().allocations, 202, "the oldest went");
    }

    #[test]
    fn as_much_waits_as_was_held_at_once() {
        let pool = Arc::new(Pool::default());
        for _ in 0..3 {
            let blocks: Vec<Block> = (0..100).map(|_| pool.take::<u8>(MIB).unwrap()).collect();
            assert_eq!((blocks.len(), pool.counts().live), (100, 100 * MIB));
        }
        let counts = pool.counts();
        assert_eq!((counts.spare, counts.allocations), (100 * MIB, 100));
        pool.trim();
        assert_eq!(pool.counts().spare, 0);
    }
}
