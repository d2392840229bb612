//! The tape: one node per recorded operation, owned by what it made.
//!
//! There is no global graph. A node owns its parents, so dropping a loss frees everything behind it.
//! What a rule needs later is saved as raw tensors, never as `Tensor`s, so no node holds itself.
//! Invariant: a node's parents were made before it (`seq` grows), which is all the order that the
//! backward pass needs.

use crate::mode::{is_anomaly_enabled, is_grad_enabled};
use crate::tensor::{Inner, Tensor};
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use tensor_core::{Axes, RawTensor, ReduceOp, check};

/// Called with a gradient; what it returns replaces it.
pub(crate) type Hook = Arc<dyn Fn(&Tensor) -> Option<Tensor> + Send + Sync>;

/// Where the gradient of one input goes.
#[derive(Clone)]
pub(crate) enum Edge {
    /// Nowhere.
    None,
    /// To a leaf's `grad`.
    Leaf(Tensor),
    /// Further back.
    Node(Arc<Node>),
}

/// A gradient rule: the gradients of the inputs from that of the result.
type Rule = Box<dyn Fn(&Ctx, &Tensor) -> Vec<Option<Tensor>> + Send + Sync>;

/// A recorded operation.
pub(crate) struct Node {
    pub name: &'static str,
    pub seq: u64,
    pub inputs: Vec<Edge>,
    pub location: &'static Location<'static>,
    tape: Mutex<Option<Tape>>,
    extras: Mutex<Extras>,
}

/// What the backward pass needs, until it is freed.
struct Tape {
    rule: Rule,
    inputs: Vec<Option<Saved>>,
    output: Option<Saved>,
}

/// Hooks of the result, and the result itself if its gradient is to be kept.
#[derive(Default)]
pub(crate) struct Extras {
    pub hooks: Vec<(u64, Hook)>,
    pub retained: Option<Weak<Inner>>,
}

struct Saved {
    raw: RawTensor,
    version: u64,
}

/// Which tensors a rule reads again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep(u32);

impl Keep {
    pub const NOTHING: Keep = Keep(0);
    pub const OUTPUT: Keep = Keep(1 << 31);
    pub const FIRST: Keep = Keep(1);
    pub const SECOND: Keep = Keep(2);
    pub const THIRD: Keep = Keep(4);
    pub const BOTH: Keep = Keep(3);
    pub const fn and(self, other: Keep) -> Keep {
        Keep(self.0 | other.0)
    }
    fn input(self, index: usize) -> bool {
        index < 31 && self.0 >> index & 1 == 1
    }
}

/// What a rule sees of its operation.
pub(crate) struct Ctx<'a> {
    node: &'a Arc<Node>,
    tape: &'a Tape,
}

impl Ctx<'_> {
    /// Whether the gradient of an input is wanted at all.
    pub fn needs(&self, index: usize) -> bool {
        !matches!(self.node.inputs[index], Edge::None)
    }

    /// A saved input, with its history while a graph is being recorded.
    pub fn input(&self, index: usize) -> Tensor {
        let saved = self.tape.inputs[index].as_ref().expect("the rule kept this input");
        let raw = self.unpack(saved, &format!("input {index}"));
        match &self.node.inputs[index] {
            Edge::Node(node) if is_grad_enabled() => Tensor::from_node(raw, node.clone()),
            Edge::Leaf(leaf) if is_grad_enabled() => leaf.clone(),
            _ => Tensor::from_raw(raw),
        }
    }

    /// The saved result.
    pub fn output(&self) -> Tensor {
        let saved = self.tape.output.as_ref().expect("the rule kept the result");
        let raw = self.unpack(saved, "the result");
        if is_grad_enabled() { Tensor::from_node(raw, self.node.clone()) } else { Tensor::from_raw(raw) }
    }

    fn unpack(&self, saved: &Saved, what: &str) -> RawTensor {
        let now = saved.raw.buffer().version();
        if now != saved.version {
            check::fail(
                "backward",
                format!(
                    "{what} of {} (shape {}), recorded at {}, was written in place since: it is at version {now}, \
                     the gradient needs version {}",
                    self.node.name,
                    saved.raw.shape(),
                    self.node.location,
                    saved.version,
                ),
                "write to a .clone(), or write after backward()",
            );
        }
        saved.raw.clone()
    }
}

static SEQUENCE: AtomicU64 = AtomicU64::new(1);

impl Node {
    fn tape(&self) -> MutexGuard<'_, Option<Tape>> {
        self.tape.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn extras(&self) -> MutexGuard<'_, Extras> {
        self.extras.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies the rule; frees what was saved unless `retain`.
    #[track_caller]
    pub fn backward(self: &Arc<Self>, grad: &Tensor, retain: bool) -> Vec<Option<Tensor>> {
        let Some(tape) = self.tape().take() else {
            check::fail(
                "backward",
                format!(
                    "the graph was freed by an earlier backward(): {} recorded at {} has nothing left",
                    self.name, self.location
                ),
                "keep it with backward_retain(), or compute the forward pass again",
            );
        };
        let grads = (tape.rule)(&Ctx { node: self, tape: &tape }, grad);
        if retain {
            *self.tape() = Some(tape);
        }
        grads
    }
}

/// Frees long chains without recursion: parents that nobody else holds are taken apart in a loop.
impl Drop for Node {
    fn drop(&mut self) {
        let mut doomed = std::mem::take(&mut self.inputs);
        while let Some(edge) = doomed.pop() {
            if let Edge::Node(node) = edge
                && let Some(mut node) = Arc::into_inner(node)
            {
                doomed.append(&mut node.inputs);
            }
        }
    }
}

/// Wraps the result of an operation, recording it if any input asks for gradients.
#[track_caller]
pub(crate) fn record<const N: usize>(
    name: &'static str,
    inputs: [&Tensor; N],
    keep: Keep,
    out: RawTensor,
    rule: impl Fn(&Ctx, &Tensor) -> [Option<Tensor>; N] + Send + Sync + 'static,
) -> Tensor {
    record_many(name, &inputs, keep, out, move |ctx, grad| rule(ctx, grad).into())
}

/// As [`record`], of any number of inputs.
#[track_caller]
pub(crate) fn record_many(
    name: &'static str,
    inputs: &[&Tensor],
    keep: Keep,
    out: RawTensor,
    rule: impl Fn(&Ctx, &Tensor) -> Vec<Option<Tensor>> + Send + Sync + 'static,
) -> Tensor {
    if is_anomaly_enabled() {
        assert_finite(&out, name, "the result");
    }
    if !is_grad_enabled() || !out.dtype().is_float() || !inputs.iter().any(|t| t.requires_grad()) {
        return Tensor::from_raw(out);
    }
    let save = |raw: &RawTensor| Saved { raw: raw.clone(), version: raw.buffer().version() };
    let tape = Tape {
        rule: Box::new(rule),
        inputs: inputs.iter().enumerate().map(|(i, t)| keep.input(i).then(|| save(t.raw()))).collect(),
        output: (keep.0 & Keep::OUTPUT.0 != 0).then(|| save(&out)),
    };
    let node = Node {
        name,
        seq: SEQUENCE.fetch_add(1, Ordering::Relaxed),
        inputs: inputs.iter().map(|t| t.edge(name)).collect(),
        location: Location::caller(),
        tape: Mutex::new(Some(tape)),
        extras: Mutex::default(),
    };
    Tensor::from_node(out, Arc::new(node))
}

/// Panics at the caller's line when a floating tensor holds NaN or an infinity.
#[track_caller]
pub(crate) fn assert_finite(raw: &RawTensor, name: &str, what: &str) {
    if !raw.dtype().is_float() || raw.numel() == 0 {
        return;
    }
    // x·0 is 0 for every finite x and NaN for all others; a maximum keeps NaN.
    let zeroed = raw.binary(tensor_core::BinaryOp::Mul, 0.0);
    if zeroed.reduce(ReduceOp::Max, Axes::all(raw.rank()), false).item().to_f64().is_nan() {
        let values: Vec<f64> = raw.to_vec();
        let at = values.iter().position(|v| !v.is_finite()).unwrap_or(0);
        check::fail(
            "anomaly",
            format!(
                "{what} of {name} is not finite: {} at element {at} of shape {}",
                values[at],
                raw.shape()
            ),
            "look at what went into this operation, and at the learning rate",
        );
    }
}
