//! Devices: cheap handles of backends.

use crate::backend::Backend;
use std::fmt;
use std::ops::Deref;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;

/// Where tensors live and are computed: a counted handle of a [`Backend`].
#[derive(Clone)]
pub struct Device(Arc<dyn Backend>);

impl Device {
    /// The device of a backend. Two devices are equal when they share one backend.
    pub fn new(backend: impl Backend) -> Self {
        Device(Arc::new(backend))
    }

    /// The backend, as the type it is, if it is that type.
    pub fn downcast_ref<B: Backend>(&self) -> Option<&B> {
        (&*self.0 as &dyn std::any::Any).downcast_ref()
    }
}

// What a backend changes behind a shared reference is whole after a panic: see `Backend`.
impl UnwindSafe for Device {}
impl RefUnwindSafe for Device {}

impl Deref for Device {
    type Target = dyn Backend;
    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl PartialEq for Device {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Device {}

impl fmt::Debug for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "device(type='{}')", self.name())
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}
