//! Buffers: a backend's memory behind an opaque, counted handle, and views into them.

use crate::device::Device;
use crate::dtype::DType;
use crate::layout::Layout;
use std::any::Any;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A backend's own piece of memory; only the backend that made it knows what is inside.
pub type Storage = Box<dyn Any + Send + Sync>;

/// A flat run of elements on some device. Clones share the memory.
#[derive(Clone)]
pub struct Buffer(Arc<Inner>);

// A panic may leave elements half written, but every one is some number, and the storage is whole: see `Backend`.
impl UnwindSafe for Buffer {}
impl RefUnwindSafe for Buffer {}

struct Inner {
    device: Device,
    storage: Storage,
    dtype: DType,
    len: usize,
    version: AtomicU64,
}

impl Buffer {
    /// Wraps storage that `device`'s backend just made.
    pub fn new(device: Device, storage: Storage, dtype: DType, len: usize) -> Self {
        Buffer(Arc::new(Inner { device, storage, dtype, len, version: AtomicU64::new(0) }))
    }

    /// The device it lives on.
    pub fn device(&self) -> &Device {
        &self.0.device
    }

    /// Its element type.
    pub fn dtype(&self) -> DType {
        self.0.dtype
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.0.len
    }

    /// Whether it holds no elements.
    pub fn is_empty(&self) -> bool {
        self.0.len == 0
    }

    /// The backend's storage, as the type that backend knows it to be.
    ///
    /// # Panics
    /// When the buffer belongs to another kind of backend; `RawTensor` checks devices before.
    pub fn storage<S: 'static>(&self) -> &S {
        self.0.storage.downcast_ref().expect("a backend was handed another backend's buffer")
    }

    /// How often it has been written in place; autograd compares it with what it saved.
    pub fn version(&self) -> u64 {
        self.0.version.load(Ordering::Acquire)
    }

    /// Notes a write in place.
    pub fn bump_version(&self) {
        self.0.version.fetch_add(1, Ordering::AcqRel);
    }

    /// Whether both are the same memory.
    pub fn same(&self, other: &Buffer) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The storage itself, if nobody else holds the buffer.
    pub(crate) fn into_storage(self) -> Result<Storage, Self> {
        Arc::try_unwrap(self.0).map(|inner| inner.storage).map_err(Buffer)
    }

    /// Whether nobody else holds it.
    pub fn is_unique(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Buffer({} × {} on {})", self.len(), self.dtype(), self.device().name())
    }
}

/// What a backend reads: a buffer and how to see it.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The memory.
    pub buffer: &'a Buffer,
    /// How it is seen.
    pub layout: &'a Layout,
}

impl View<'_> {
    /// The element type.
    pub fn dtype(&self) -> DType {
        self.buffer.dtype()
    }

    /// Number of elements seen.
    pub fn numel(&self) -> usize {
        self.layout.numel()
    }
}
