//! The backward pass: gradients flow from younger nodes to older ones, without recursion.
//!
//! A node's parents are always older than it, so taking the youngest pending node next means that
//! all gradients of a node have arrived when its turn comes. Sums form in that fixed order, and leaves
//! are written only at the end: a panic on the way leaves every `grad` as it was.

use crate::graph::{Edge, Node, assert_finite};
use crate::mode::{Pass, is_anomaly_enabled, with_grad};
use crate::tensor::{Tensor, refs};
use std::borrow::Borrow;
use std::collections::HashMap;
use std::collections::btree_map::{BTreeMap, Entry};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use tensor_core::{BinaryOp, RawTensor, check};

/// Gradients on their way.
#[derive(Default)]
struct Flow {
    /// Nodes waiting for their turn by age, each with the sum of what has arrived: one map keeps both the
    /// order and the sums.
    waiting: BTreeMap<u64, (Arc<Node>, Tensor)>,
    leaves: Vec<(Tensor, Tensor)>,
    leaf_places: HashMap<usize, usize>,
}

fn address(leaf: &Tensor) -> usize {
    Arc::as_ptr(leaf.inner()) as usize
}

impl Flow {
    fn push(&mut self, edge: &Edge, grad: Tensor) {
        match edge {
            Edge::None => {}
            Edge::Leaf(leaf) => match self.leaf_places.get(&address(leaf)) {
                Some(&place) => add(&mut self.leaves[place].1, grad),
                None => {
                    self.leaf_places.insert(address(leaf), self.leaves.len());
                    self.leaves.push((leaf.clone(), grad));
                }
            },
            Edge::Node(node) => match self.waiting.entry(node.seq) {
                Entry::Occupied(mut earlier) => add(&mut earlier.get_mut().1, grad),
                Entry::Vacant(place) => {
                    place.insert((node.clone(), grad));
                }
            },
        }
    }

    #[track_caller]
    fn run(&mut self, retain: bool, wanted: &mut HashMap<u64, Option<Tensor>>) {
        let _pass = Pass::begin();
        while let Some((_, (node, mut grad))) = self.waiting.pop_last() {
            if node.has_extras() {
                grad = show(&node, grad);
            }
            if let Some(slot) = wanted.get_mut(&node.seq) {
                *slot = Some(grad.clone());
            }
            node.backward(&grad, retain, &mut |edge, grad| {
                if is_anomaly_enabled() {
                    let what = format!("a gradient from {} (recorded at {})", node.name, node.location);
                    assert_finite(grad.raw(), "backward", &what);
                }
                self.push(edge, grad);
            });
        }
    }
}

/// Runs the hooks of a node's result on its gradient, and adds what they make of it to the `grad` of a result that
/// keeps it.
#[track_caller]
fn show(node: &Node, mut grad: Tensor) -> Tensor {
    let (hooks, retained) = {
        let extras = node.extras();
        (extras.hooks.clone(), extras.retained.as_ref().and_then(Weak::upgrade))
    };
    for (_, hook) in hooks {
        grad = hook(&grad).unwrap_or(grad);
    }
    if let Some(tensor) = retained {
        accumulate(&Tensor::from_inner(tensor), grad.clone());
    }
    grad
}

/// Whether this is the only handle of a tensor that is the only view of its memory, all of it.
fn is_sole(grad: &Tensor) -> bool {
    Arc::strong_count(grad.inner()) == 1 && grad.raw().buffer().is_unique() && grad.raw().is_compact()
}

/// Adds a gradient to a sum, in the memory of either that nobody else holds, unless a graph is kept of them.
#[track_caller]
fn add(sum: &mut Tensor, grad: Tensor) {
    let is_recorded = sum.requires_grad() || grad.requires_grad();
    if !is_recorded && is_sole(sum) && sum.raw().add_assign(grad.raw()) {
        return;
    }
    *sum =
        if !is_recorded && is_sole(&grad) && grad.raw().add_assign(sum.raw()) { grad } else { &*sum + &grad };
}

/// Adds to a tensor's `grad`, in place where nobody keeps a graph of it. The lock is held meanwhile, so
/// that passes on several threads lose nothing.
#[track_caller]
fn accumulate(leaf: &Tensor, grad: Tensor) {
    if grad.shape() != leaf.shape() {
        check::fail(
            "backward",
            format_args!("a gradient of shape {} for a tensor of shape {}", grad.shape(), leaf.shape()),
            "a hook must return a gradient of its tensor's shape",
        );
    }
    let mut meta = leaf.meta();
    let new = match meta.grad.take() {
        Some(old) if !old.requires_grad() && !grad.requires_grad() => {
            if !old.raw().add_assign(grad.raw()) {
                old.raw().write(&old.raw().binary(BinaryOp::Add, grad.raw()));
            }
            old
        }
        Some(old) => {
            drop(meta); // recording looks at other tensors' locks
            let sum = &old + &grad;
            meta = leaf.meta();
            sum
        }
        // A gradient that is somebody else's memory too, or repeats itself by strides, is copied.
        None if grad.requires_grad() || is_sole(&grad) => grad,
        None => Tensor::from_raw(grad.raw().copy()),
    };
    meta.grad = Some(new);
}

/// How a backward pass is run; [`Default`] is what `backward()` does.
#[derive(Clone, Debug, Default)]
pub struct BackwardOptions {
    /// Keep what the rules saved, so that another backward pass can follow.
    pub retain_graph: bool,
    /// Record the backward pass itself, so that gradients can be differentiated again.
    pub create_graph: bool,
}

#[track_caller]
fn start(flow: &mut Flow, output: &Tensor, grad: Option<Tensor>) {
    if !output.requires_grad() {
        check::fail(
            "backward",
            "this tensor does not require gradients and has no history",
            "call .requires_grad_(true) on what you differentiate by, outside no_grad",
        );
    }
    let grad = grad.unwrap_or_else(|| {
        if output.numel() != 1 {
            check::fail(
                "backward",
                format_args!(
                    "only a scalar has an implicit gradient, this tensor has shape {}",
                    output.shape()
                ),
                "reduce it first (.sum(), .mean()), or give a gradient with backward_with(…)",
            );
        }
        Tensor::from_raw(RawTensor::full(*output.shape(), 1.0, output.dtype(), output.device()))
    });
    if grad.shape() != output.shape() {
        check::fail(
            "backward",
            format_args!("a gradient of shape {} for a result of shape {}", grad.shape(), output.shape()),
            "the gradient must have the result's shape",
        );
    }
    let edge = output.edge("backward");
    flow.push(&edge, grad);
}

impl Tensor {
    /// Computes the gradients of this scalar with respect to every leaf behind it and adds them to
    /// their `grad`. What the graph saved is freed.
    ///
    /// # Panics
    /// When this is not a scalar, has no history, or its graph was freed by an earlier call.
    #[track_caller]
    pub fn backward(&self) {
        self.backward_opts(None, BackwardOptions::default());
    }

    /// As [`Tensor::backward`], from a given gradient of this tensor's shape.
    #[track_caller]
    pub fn backward_with(&self, grad: &Tensor) {
        self.backward_opts(Some(grad), BackwardOptions::default());
    }

    /// As [`Tensor::backward`], keeping the graph for another pass.
    #[track_caller]
    pub fn backward_retain(&self) {
        self.backward_opts(None, BackwardOptions { retain_graph: true, ..BackwardOptions::default() });
    }

    /// The backward pass with every choice.
    #[track_caller]
    pub fn backward_opts(&self, grad: Option<&Tensor>, options: BackwardOptions) {
        let mut flow = Flow::default();
        start(&mut flow, self, grad.cloned());
        with_grad(options.create_graph, || {
            flow.run(options.retain_graph || options.create_graph, &mut HashMap::new());
            for (leaf, mut grad) in flow.leaves.drain(..) {
                let hooks = leaf.meta().hooks.clone();
                for (_, hook) in hooks {
                    grad = hook(&grad).unwrap_or(grad);
                }
                accumulate(&leaf, grad);
            }
        });
    }

    /// Keeps the gradient that passes through this result in its `grad`, as if it were a leaf.
    pub fn retain_grad(&self) {
        if let Some(node) = &self.meta().node {
            node.extras().retained = Some(Arc::downgrade(self.inner()));
        }
    }

    /// Calls `hook` with this tensor's gradient whenever it is computed; what it returns replaces it.
    /// The number names the hook for [`Tensor::remove_hook`].
    pub fn register_hook(&self, hook: impl Fn(&Tensor) -> Option<Tensor> + Send + Sync + 'static) -> u64 {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        let mut meta = self.meta();
        match &meta.node {
            Some(node) => node.extras().hooks.push((id, Arc::new(hook))),
            None => meta.hooks.push((id, Arc::new(hook))),
        }
        id
    }

    /// Forgets a hook.
    pub fn remove_hook(&self, id: u64) {
        let mut meta = self.meta();
        meta.hooks.retain(|(other, _)| *other != id);
        if let Some(node) = &meta.node {
            node.extras().hooks.retain(|(other, _)| *other != id);
        }
    }
}

/// The gradients of the sum of scalar `outputs` with respect to `inputs`, without touching any
/// `grad`; `None` where an input does not matter. With `create_graph` they can be differentiated again.
///
/// ```
/// use autograd::{Tensor, grad};
/// let x = Tensor::from_vec(vec![2.0], 1, &backend_cpu::device()).requires_grad_(true);
/// let y = x.pow(3.0).sum();
/// let first = grad(&[&y], &[&x], true)[0].clone().unwrap();
/// let second = grad(&[&first.sum()], &[&x], false)[0].clone().unwrap();
/// assert_eq!((first.item::<f32>(), second.item::<f32>()), (12.0, 12.0));
/// ```
#[track_caller]
pub fn grad(
    outputs: &[impl Borrow<Tensor>],
    inputs: &[impl Borrow<Tensor>],
    create_graph: bool,
) -> Vec<Option<Tensor>> {
    let weights = vec![None; outputs.len()];
    grad_with(outputs, &weights, inputs, &BackwardOptions { create_graph, retain_graph: create_graph })
}

/// As [`grad`], each output weighted by a gradient of its shape.
#[track_caller]
pub fn grad_with(
    outputs: &[impl Borrow<Tensor>],
    weights: &[Option<Tensor>],
    inputs: &[impl Borrow<Tensor>],
    options: &BackwardOptions,
) -> Vec<Option<Tensor>> {
    gradients(&refs(outputs), weights, &refs(inputs), options)
}

/// What [`grad_with`] does.
#[track_caller]
fn gradients(
    outputs: &[&Tensor],
    weights: &[Option<Tensor>],
    inputs: &[&Tensor],
    options: &BackwardOptions,
) -> Vec<Option<Tensor>> {
    let mut flow = Flow::default();
    for (output, weight) in outputs.iter().zip(weights) {
        start(&mut flow, output, weight.clone());
    }
    let node_of = |t: &&Tensor| t.meta().node.as_ref().map(|node| node.seq);
    let mut wanted: HashMap<u64, Option<Tensor>> =
        inputs.iter().filter_map(|t| node_of(t).map(|seq| (seq, None))).collect();
    with_grad(options.create_graph, || {
        flow.run(options.retain_graph || options.create_graph, &mut wanted);
    });
    inputs
        .iter()
        .map(|t| match node_of(t) {
            Some(seq) => wanted[&seq].clone(),
            None => flow.leaf_places.get(&address(t)).map(|&place| flow.leaves[place].1.clone()),
        })
        .collect()
}
