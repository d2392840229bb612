//! Switches of the calling thread: whether a graph is recorded, and whether every result is checked.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

thread_local! {
    static GRAD: Cell<bool> = const { Cell::new(true) };
    static ANOMALY: Cell<bool> = const { Cell::new(false) };
    static PASS: Cell<u64> = const { Cell::new(0) };
}

/// Puts a switch back when the scope ends, also by a panic.
struct Restore(&'static std::thread::LocalKey<Cell<bool>>, bool);

impl Drop for Restore {
    fn drop(&mut self) {
        self.0.set(self.1);
    }
}

fn with<R>(key: &'static std::thread::LocalKey<Cell<bool>>, value: bool, f: impl FnOnce() -> R) -> R {
    let _restore = Restore(key, key.replace(value));
    f()
}

/// A backward pass of its own, inside another one or not, for as long as this lives.
pub(crate) struct Pass(u64);

impl Pass {
    pub fn begin() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Pass(PASS.replace(NEXT.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        PASS.set(self.0);
    }
}

/// The number of the backward pass that this thread is in, or 0.
pub(crate) fn pass() -> u64 {
    PASS.get()
}

/// Runs `f` without recording a graph: for evaluation and for updating parameters, as `torch.no_grad`.
pub fn no_grad<R>(f: impl FnOnce() -> R) -> R {
    with(&GRAD, false, f)
}

/// Runs `f` recording a graph, also inside [`no_grad`], as `torch.enable_grad`.
pub fn enable_grad<R>(f: impl FnOnce() -> R) -> R {
    with(&GRAD, true, f)
}

pub(crate) fn with_grad<R>(enabled: bool, f: impl FnOnce() -> R) -> R {
    with(&GRAD, enabled, f)
}

/// Whether operations on this thread record a graph.
pub fn is_grad_enabled() -> bool {
    GRAD.get()
}

/// Runs `f` checking every result and every gradient: the first that is not finite panics with the
/// operation and the line that called it, as `torch.autograd.detect_anomaly` but for the forward pass too.
///
/// Each check downloads a result; this is for finding a fault, not for training.
pub fn detect_anomaly<R>(f: impl FnOnce() -> R) -> R {
    with(&ANOMALY, true, f)
}

/// Whether results are being checked.
pub fn is_anomaly_enabled() -> bool {
    ANOMALY.get()
}
