//! Errors as Python names them.

use std::fmt;

/// A raised error: its kind and its message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PyError {
    /// `NameError`, `TypeError`, …
    pub kind: &'static str,
    /// What went wrong.
    pub message: String,
}

impl fmt::Display for PyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.message.is_empty() {
            f.write_str(self.kind)
        } else {
            write!(f, "{}: {}", self.kind, self.message)
        }
    }
}

impl std::error::Error for PyError {}

macro_rules! kinds {
    ($($make:ident $kind:literal;)+) => {
        impl PyError {$(
            #[doc = concat!("A `", $kind, "`.")]
            pub fn $make(message: impl fmt::Display) -> Self {
                PyError { kind: $kind, message: message.to_string() }
            }
        )+}
    };
}
kinds! {
    syntax "SyntaxError";
    name "NameError";
    attribute "AttributeError";
    kind "TypeError";
    value "ValueError";
    index "IndexError";
    key "KeyError";
    runtime "RuntimeError";
    import "ModuleNotFoundError";
    assertion "AssertionError";
    missing "NotImplementedError";
}

impl From<tensor_core::Error> for PyError {
    fn from(error: tensor_core::Error) -> Self {
        match error {
            tensor_core::Error::Singular { .. } | tensor_core::Error::NotPositiveDefinite { .. } => {
                PyError { kind: "torch._C._LinAlgError", message: error.to_string() }
            }
            other => PyError::runtime(other),
        }
    }
}

/// Runs a call of Firebrand's, whose mistakes are panics, and raises them as `RuntimeError`.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, PyError> {
    use std::cell::Cell;
    use std::panic::{AssertUnwindSafe, catch_unwind, set_hook, take_hook};
    use std::sync::Once;
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| {
            if !QUIET.get() {
                before(info);
            }
        }));
    });
    let outer = QUIET.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(call));
    QUIET.set(outer);
    outcome.map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        PyError::runtime(text.unwrap_or_else(|| {
            panic.downcast_ref::<&str>().map_or("unknown panic".into(), |s| s.to_string())
        }))
    })
}
