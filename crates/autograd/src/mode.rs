//! Switches of the calling thread: whether a graph is recorded, and whether every result is checked.

use std::cell::Cell;

thread_local! {
    static GRAD: Cell<bool> = const { Cell::new(true) };
    static ANOMALY: Cell<bool> = const { Cell::new(false) };
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
