//! Operations of the user's own with several results: a [`Function`](crate::Function) whose `forward` gives a tuple.
//!
//! Each result has a node of its own, and all of them one behind them, which runs the rule. A result's gradient waits in
//! a place that all share until the turn of that node, the oldest of them; the first one sends something to it, so that
//! its turn comes. Results that got no gradient have one of zeros, as PyTorch's have.

use crate::function::{Context, Rule};
use crate::graph::{Keep, record, record_many};
use crate::mode::pass;
use crate::tensor::{Tensor, refs};
use std::borrow::Borrow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tensor_core::{DType, RawTensor, Shape, check};

/// A differentiable operation of several results, which differs from a [`Function`](crate::Function) by no more than
/// that.
///
/// ```
/// use autograd::{Context, MultiFunction, Tensor, apply_multi_function};
/// /// The sine and the cosine.
/// struct Circle;
/// impl MultiFunction for Circle {
///     fn name(&self) -> &'static str { "CircleBackward" }
///     fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Vec<Tensor> {
///         let results = vec![inputs[0].sin(), inputs[0].cos()];
///         ctx.save(&results);
///         results
///     }
///     fn backward(&self, ctx: &Context, grads: &[Tensor]) -> Vec<Option<Tensor>> {
///         let [sin, cos] = ctx.saved() else { unreachable!("two were saved") };
///         vec![Some(&grads[0] * cos - &grads[1] * sin)]
///     }
/// }
/// let x = Tensor::from_vec(vec![0.0], 1, &backend_cpu::device()).requires_grad_(true);
/// let [sin, cos] = apply_multi_function(Circle, &[&x]).try_into().unwrap();
/// (&sin * 3.0 + cos).backward();
/// assert_eq!((sin.grad_fn(), x.grad().unwrap().item::<f32>()), (Some("CircleBackward"), 3.0));
/// ```
pub trait MultiFunction: Send + Sync + 'static {
    /// The name that printed tensors carry as their `grad_fn`.
    fn name(&self) -> &'static str;
    /// Computes the results, at least one; no graph is recorded inside.
    fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Vec<Tensor>;
    /// The gradients of the inputs, in order, from those of all results; `None` where there is none.
    fn backward(&self, ctx: &Context, grads: &[Tensor]) -> Vec<Option<Tensor>>;
}

/// The gradients of results that have arrived, by backward pass.
struct Arrivals {
    all: Mutex<Vec<(u64, Vec<Option<Tensor>>)>>,
    /// Shape and element type of each result.
    results: Vec<(Shape, DType)>,
}

impl Arrivals {
    fn lock(&self) -> MutexGuard<'_, Vec<(u64, Vec<Option<Tensor>>)>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps a result's gradient; whether it is the first of this pass.
    fn put(&self, index: usize, grad: &Tensor) -> bool {
        let (mut all, pass) = (self.lock(), pass());
        if let Some((_, grads)) = all.iter_mut().find(|(of, _)| *of == pass) {
            // A result that the rule itself has used comes a second time.
            grads[index] = Some(grads[index].take().map_or_else(|| grad.clone(), |sum| sum + grad));
            return false;
        }
        let mut grads = vec![None; self.results.len()];
        grads[index] = Some(grad.clone());
        all.push((pass, grads));
        true
    }

    /// The gradients of all results in this pass, of which there is at least one.
    fn take(&self) -> Vec<Tensor> {
        let (mut all, pass) = (self.lock(), pass());
        let place = all.iter().position(|(of, _)| *of == pass).expect("a result sent its gradient");
        let grads = all.swap_remove(place).1;
        let device = grads.iter().flatten().next().expect("a gradient").device().clone();
        let zeros = |&(shape, dtype): &(Shape, DType)| {
            Tensor::from_raw(RawTensor::full((), 0, dtype, &device).expand(&shape))
        };
        grads.into_iter().zip(&self.results).map(|(g, of)| g.unwrap_or_else(|| zeros(of))).collect()
    }
}

/// A result, `whole` being that of the node behind all.
#[track_caller]
fn result(name: &'static str, whole: &Tensor, index: usize, raw: RawTensor, to: &Arc<Arrivals>) -> Tensor {
    let to = to.clone();
    record(name, [whole], Keep::NOTHING, raw, move |_, g| [to.put(index, g).then(|| g.clone())])
}

/// Applies a [`MultiFunction`]. Results that are not floating have no gradients.
///
/// # Panics
/// When there is no result. In the backward pass as [`apply_function`](crate::apply_function).
#[track_caller]
pub fn apply_multi_function(function: impl MultiFunction, inputs: &[impl Borrow<Tensor>]) -> Vec<Tensor> {
    let inputs = refs(inputs);
    let name = function.name();
    let (outs, rule) = Rule::of(name, &inputs, |ctx, inputs| function.forward(ctx, inputs));
    // What stands for all results is one that has a gradient, if any has.
    let Some(stand_in) = outs.iter().find(|t| t.dtype().is_float()).or(outs.first()) else {
        check::fail(name, "no result", "forward gives at least one")
    };
    let results = outs.iter().map(|t| (*t.shape(), t.dtype())).collect();
    let arrivals = Arc::new(Arrivals { all: Mutex::default(), results });
    let (from, stand_in) = (arrivals.clone(), stand_in.raw().clone());
    let whole = record_many(name, &inputs, Keep::NOTHING, stand_in.clone(), move |op, _| {
        let grads = from.take();
        let again = |index, raw| result(name, &op.as_output(stand_in.clone()), index, raw, &from);
        rule.run(op, again, |ctx| function.backward(ctx, &grads))
    });
    let outs = outs.iter().enumerate();
    outs.map(|(index, t)| result(name, &whole, index, t.raw().clone(), &arrivals)).collect()
}
