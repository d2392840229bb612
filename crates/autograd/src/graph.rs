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
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
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

/// A recorded operation. Its inputs are inside, in an array of their number, so that it costs one allocation, a second
/// if its rule holds anything, and a third if it saves anything.
pub(crate) struct Node<O: Operation + ?Sized = dyn Operation> {
    pub name: &'static str,
    pub seq: u64,
    pub location: &'static Location<'static>,
    /// Made when first asked for: few have any.
    extras: OnceLock<Box<Mutex<Extras>>>,
    operation: O,
}

/// What differs from operation to operation.
pub(crate) trait Operation: Send + Sync {
    /// Where the inputs' gradients go.
    fn inputs(&self) -> &[Edge];
    /// The same, to be taken away.
    fn inputs_mut(&mut self) -> &mut [Edge];
    /// Applies the rule and hands the gradients on; frees what was saved unless `retain`. `None` if it was freed before.
    fn backward(&self, node: &Arc<Node>, grad: &Tensor, retain: bool, to: &mut Sink) -> Option<()>;
}

/// Takes the gradient of one input.
pub(crate) type Sink<'a> = dyn FnMut(&Edge, Tensor) + 'a;

/// Gives the gradients of the inputs, an array or a vector `G`, from that of the result. Behind a pointer, so that one
/// copy of the tape's code serves every operation of as many inputs; not a `dyn Fn`, whose table holds each rule twice.
pub(crate) trait Rule<G>: Send + Sync {
    fn apply(&self, ctx: &Ctx, grad: &Tensor) -> G;
}

impl<G, F: Fn(&Ctx, &Tensor) -> G + Send + Sync> Rule<G> for F {
    fn apply(&self, ctx: &Ctx, grad: &Tensor) -> G {
        self(ctx, grad)
    }
}

/// An operation of inputs `I`, an array or a vector too.
struct Recorded<I, G> {
    inputs: I,
    tape: Mutex<Option<Tape<G>>>,
}

/// What the backward pass needs, until it is freed.
struct Tape<G> {
    rule: Box<dyn Rule<G>>,
    saved: Vec<Saved>,
}

impl<I, G> Operation for Recorded<I, G>
where
    I: AsRef<[Edge]> + AsMut<[Edge]> + Send + Sync,
    G: IntoIterator<Item = Option<Tensor>>,
{
    fn inputs(&self) -> &[Edge] {
        self.inputs.as_ref()
    }

    fn inputs_mut(&mut self) -> &mut [Edge] {
        self.inputs.as_mut()
    }

    fn backward(&self, node: &Arc<Node>, grad: &Tensor, retain: bool, to: &mut Sink) -> Option<()> {
        let lock = || self.tape.lock().unwrap_or_else(PoisonError::into_inner);
        let tape = lock().take()?;
        let grads = tape.rule.apply(&Ctx { node, saved: &tape.saved }, grad);
        if retain {
            *lock() = Some(tape);
        }
        for (edge, grad) in self.inputs().iter().zip(grads) {
            if let Some(grad) = grad {
                to(edge, grad);
            }
        }
        Some(())
    }
}

/// Hooks of the result, and the result itself if its gradient is to be kept.
#[derive(Default)]
pub(crate) struct Extras {
    pub hooks: Vec<(u64, Hook)>,
    pub retained: Option<Weak<Inner>>,
}

/// A tensor that the rule reads again.
struct Saved {
    /// Which input, or [`RESULT`].
    which: u8,
    raw: RawTensor,
    version: u64,
}

/// The result, among what is saved.
const RESULT: u8 = 31;

/// Which tensors a rule reads again.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Keep(u32);

impl Keep {
    pub const NOTHING: Keep = Keep(0);
    pub const OUTPUT: Keep = Keep(1 << RESULT);
    pub const FIRST: Keep = Keep(1);
    pub const SECOND: Keep = Keep(2);
    pub const THIRD: Keep = Keep(4);
    pub const BOTH: Keep = Keep(3);
    pub const fn and(self, other: Keep) -> Keep {
        Keep(self.0 | other.0)
    }
    /// Those of the inputs, and then the result, that are kept.
    #[inline(never)]
    fn of(self, inputs: &[&Tensor], result: &RawTensor) -> Vec<Saved> {
        let inputs = (0..RESULT).zip(inputs).map(|(which, t)| (which, t.raw()));
        let kept = inputs.chain([(RESULT, result)]).filter(|(which, _)| self.0 >> which & 1 == 1);
        kept.map(|(which, raw)| Saved { which, raw: raw.clone(), version: raw.buffer().version() }).collect()
    }
}

/// What a rule sees of its operation.
pub(crate) struct Ctx<'a> {
    node: &'a Arc<Node>,
    saved: &'a [Saved],
}

impl Ctx<'_> {
    /// Whether the gradient of an input is wanted at all.
    pub fn needs(&self, index: usize) -> bool {
        !matches!(self.node.operation.inputs()[index], Edge::None)
    }

    /// A saved input, with its history while a graph is being recorded.
    pub fn input(&self, index: usize) -> Tensor {
        self.as_input(index, self.unpack(index as u8))
    }

    /// The saved result.
    pub fn output(&self) -> Tensor {
        self.as_output(self.unpack(RESULT))
    }

    /// The elements of an input, with its history while a graph is being recorded.
    pub fn as_input(&self, index: usize, raw: RawTensor) -> Tensor {
        match &self.node.operation.inputs()[index] {
            Edge::Node(node) if is_grad_enabled() => Tensor::from_node(raw, node.clone()),
            Edge::Leaf(leaf) if is_grad_enabled() => leaf.clone(),
            _ => Tensor::from_raw(raw),
        }
    }

    /// The elements of the result, likewise.
    pub fn as_output(&self, raw: RawTensor) -> Tensor {
        if is_grad_enabled() { Tensor::from_node(raw, self.node.clone()) } else { Tensor::from_raw(raw) }
    }

    fn unpack(&self, which: u8) -> RawTensor {
        let saved =
            self.saved.iter().find(|saved| saved.which == which).expect("the rule kept what it reads");
        let now = saved.raw.buffer().version();
        if now != saved.version {
            let what = if which == RESULT { "the result".into() } else { format!("input {which}") };
            check::fail(
                "backward",
                format_args!(
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

impl<O: Operation + ?Sized> Node<O> {
    /// Whether hooks or a tensor were ever asked to see its gradient.
    pub fn has_extras(&self) -> bool {
        self.extras.get().is_some()
    }

    pub fn extras(&self) -> MutexGuard<'_, Extras> {
        self.extras.get_or_init(Box::default).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Node {
    /// Applies the rule and hands the inputs' gradients on; frees what was saved unless `retain`.
    #[track_caller]
    pub fn backward(self: &Arc<Self>, grad: &Tensor, retain: bool, to: &mut Sink) {
        if self.operation.backward(self, grad, retain, to).is_none() {
            check::fail(
                "backward",
                format_args!(
                    "the graph was freed by an earlier backward(): {} recorded at {} has nothing left",
                    self.name, self.location
                ),
                "keep it with backward_retain(), or compute the forward pass again",
            );
        }
    }
}

/// Frees long chains without recursion: parents that nobody else holds are taken apart in a loop. (Of two threads
/// that let go of a parent at once neither may find itself the last; its own drop then goes on with the loop.)
impl<O: Operation + ?Sized> Drop for Node<O> {
    fn drop(&mut self) {
        let_go(self.operation.inputs_mut());
    }
}

/// As [`Node`]'s drop says.
#[inline(never)]
fn let_go(inputs: &mut [Edge]) {
    let mut rest = Vec::new();
    let mut next = take_parents(inputs, &mut rest);
    while let Some(mut node) = next.or_else(|| rest.pop()) {
        next = Arc::get_mut(&mut node).and_then(|node| take_parents(node.operation.inputs_mut(), &mut rest));
    }
}

/// Moves the edges to other nodes to `rest`, all but one: that is the answer, since most have but one.
fn take_parents(inputs: &mut [Edge], rest: &mut Vec<Arc<Node>>) -> Option<Arc<Node>> {
    let mut first = None;
    for edge in inputs {
        if let Edge::Node(node) = std::mem::replace(edge, Edge::None) {
            rest.extend(first.replace(node));
        }
    }
    first
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
    let rule = is_recorded(name, &inputs, &out).then(|| Box::new(rule) as Box<dyn Rule<_>>);
    push(name, inputs, keep, out, rule)
}

/// What [`record`] does for every rule.
#[track_caller]
fn push<const N: usize>(
    name: &'static str,
    inputs: [&Tensor; N],
    keep: Keep,
    out: RawTensor,
    rule: Option<Box<dyn Rule<[Option<Tensor>; N]>>>,
) -> Tensor {
    match rule {
        Some(rule) => node(name, inputs.map(|t| t.edge(name)), keep.of(&inputs, &out), out, rule),
        None => Tensor::from_raw(out),
    }
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
    if !is_recorded(name, inputs, &out) {
        return Tensor::from_raw(out);
    }
    let edges: Vec<Edge> = inputs.iter().map(|t| t.edge(name)).collect();
    node(name, edges, keep.of(inputs, &out), out, Box::new(rule))
}

/// Whether an operation belongs on the tape. Looks at its result, if all results are looked at.
#[track_caller]
#[inline(never)]
fn is_recorded(name: &str, inputs: &[&Tensor], out: &RawTensor) -> bool {
    if is_anomaly_enabled() {
        assert_finite(out, name, "the result");
    }
    is_grad_enabled() && out.dtype().is_float() && inputs.iter().any(|t| t.requires_grad())
}

/// Records an operation.
#[track_caller]
fn node<G: IntoIterator<Item = Option<Tensor>> + 'static>(
    name: &'static str,
    inputs: impl AsRef<[Edge]> + AsMut<[Edge]> + Send + Sync + 'static,
    saved: Vec<Saved>,
    out: RawTensor,
    rule: Box<dyn Rule<G>>,
) -> Tensor {
    let node = Node {
        name,
        seq: SEQUENCE.fetch_add(1, Ordering::Relaxed),
        location: Location::caller(),
        extras: OnceLock::new(),
        operation: Recorded { inputs, tape: Mutex::new(Some(Tape { rule, saved })) },
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
            format_args!(
                "{what} of {name} is not finite: {} at element {at} of shape {}",
                values[at],
                raw.shape()
            ),
            "look at what went into this operation, and at the learning rate",
        );
    }
}
