//! Operations of the user's own: a forward pass on raw tensors and the gradient rule for it, as
//! `torch.autograd.Function`.

use crate::graph::{Ctx, Keep, record_many};
use crate::mode::{is_grad_enabled, no_grad};
use crate::tensor::{Tensor, refs};
use std::borrow::Borrow;
use std::sync::{Mutex, PoisonError};
use tensor_core::{RawTensor, Shape, check};

/// What a [`Function`] keeps from forward to backward.
#[derive(Debug, Default)]
pub struct Context {
    saved: Vec<Tensor>,
    versions: Vec<u64>,
    needs: Vec<bool>,
}

impl Context {
    /// Whether an input asks for a gradient: PyTorch's `ctx.needs_input_grad`, in the forward pass, to save less, and in
    /// the backward pass, to compute less.
    ///
    /// # Panics
    /// When there is no such input.
    #[track_caller]
    pub fn needs_input_grad(&self, index: usize) -> bool {
        match self.needs.get(index) {
            Some(&needs) => needs,
            None => {
                let problem = format!("input {index} of {}", self.needs.len());
                check::fail("needs_input_grad", problem, "they are counted from 0")
            }
        }
    }

    /// Keeps tensors for the backward pass: inputs, results or anything computed on the way.
    pub fn save(&mut self, tensors: &[impl Borrow<Tensor>]) {
        self.saved.extend(tensors.iter().map(|t| t.borrow().detach()));
        self.versions.extend(tensors.iter().map(|t| t.borrow().raw().buffer().version()));
    }

    /// Which of the saved tensors was written in place since.
    fn written(&self) -> Option<usize> {
        self.saved.iter().zip(&self.versions).position(|(t, &v)| t.raw().buffer().version() != v)
    }

    /// What was kept, in order. Second derivatives flow through saved inputs and results, as PyTorch's do; what
    /// was computed on the way is a constant to them.
    pub fn saved(&self) -> &[Tensor] {
        &self.saved
    }

    /// What each saved tensor is to the operation.
    fn roles(&self, inputs: &[&Tensor], outs: &[Tensor]) -> Vec<Role> {
        let alike = |a: &Tensor, b: &Tensor| {
            a.raw().buffer().same(b.raw().buffer()) && a.raw().layout() == b.raw().layout()
        };
        let role = |saved: &Tensor| {
            let input = inputs.iter().position(|t| alike(t, saved)).map(Role::Input);
            let result = || outs.iter().position(|t| alike(t, saved)).map(Role::Result);
            input.or_else(result).unwrap_or(Role::Constant)
        };
        self.saved.iter().map(role).collect()
    }

    /// The same with histories, while the backward pass is itself recorded.
    fn attached(&self, roles: &[Role], op: &Ctx, result: impl Fn(usize, RawTensor) -> Tensor) -> Context {
        let attach = |(t, role): (&Tensor, &Role)| match *role {
            Role::Input(index) => op.as_input(index, t.raw().clone()),
            Role::Result(index) => result(index, t.raw().clone()),
            Role::Constant => t.clone(),
        };
        let saved = self.saved.iter().zip(roles).map(attach).collect();
        Context { saved, versions: self.versions.clone(), needs: self.needs.clone() }
    }
}

/// What a saved tensor is to the operation. It is kept without its history, since a node must not hold itself.
enum Role {
    Input(usize),
    Result(usize),
    Constant,
}

/// What a function's rule is run with.
pub(crate) struct Rule {
    name: &'static str,
    ctx: Mutex<Context>,
    roles: Vec<Role>,
    shapes: Vec<Shape>,
}

impl Rule {
    /// Runs a forward pass.
    pub fn of(
        name: &'static str,
        inputs: &[&Tensor],
        forward: impl FnOnce(&mut Context, &[&Tensor]) -> Vec<Tensor>,
    ) -> (Vec<Tensor>, Rule) {
        let needs = inputs.iter().map(|t| t.requires_grad()).collect();
        let mut ctx = Context { needs, ..Context::default() };
        let outs = no_grad(|| forward(&mut ctx, inputs));
        let shapes = inputs.iter().map(|t| *t.shape()).collect();
        let roles = ctx.roles(inputs, &outs);
        (outs, Rule { name, ctx: Mutex::new(ctx), roles, shapes })
    }

    /// The inputs' gradients as `backward` gives them, `result` being a saved result with its history.
    #[track_caller]
    pub fn run(
        &self,
        op: &Ctx,
        result: impl Fn(usize, RawTensor) -> Tensor,
        backward: impl FnOnce(&Context) -> Vec<Option<Tensor>>,
    ) -> Vec<Option<Tensor>> {
        let ctx = self.ctx.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = ctx.written() {
            let hint = "save a .copy(), or write after backward()";
            check::fail(self.name, format_args!("saved tensor {index} was written in place since"), hint);
        }
        let grads =
            if is_grad_enabled() { backward(&ctx.attached(&self.roles, op, result)) } else { backward(&ctx) };
        if grads.len() != self.shapes.len() {
            let problem = format!("{} gradients for {} inputs", grads.len(), self.shapes.len());
            check::fail(self.name, problem, "give one for each, None where there is none");
        }
        for (i, (grad, shape)) in grads.iter().zip(&self.shapes).enumerate() {
            if let Some(grad) = grad.as_ref().filter(|grad| grad.shape() != shape) {
                let problem = format!("a gradient of shape {} for input {i} of shape {shape}", grad.shape());
                check::fail(self.name, problem, "a gradient has its input's shape");
            }
        }
        grads
    }
}

/// A differentiable operation of one result; [`MultiFunction`](crate::MultiFunction) has several.
///
/// ```
/// use autograd::{Context, Function, Tensor, apply_function};
/// struct Cube;
/// impl Function for Cube {
///     fn name(&self) -> &'static str { "CubeBackward" }
///     fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Tensor {
///         ctx.save(inputs);
///         inputs[0].pow(3.0)
///     }
///     fn backward(&self, ctx: &Context, grad: &Tensor) -> Vec<Option<Tensor>> {
///         vec![Some(grad * (ctx.saved()[0].square() * 3.0))]
///     }
/// }
/// let x = Tensor::from_vec(vec![2.0], 1, &backend_cpu::device()).requires_grad_(true);
/// apply_function(Cube, &[&x]).backward();
/// assert_eq!(x.grad().unwrap().item::<f32>(), 12.0);
/// ```
pub trait Function: Send + Sync + 'static {
    /// The name that printed tensors carry as their `grad_fn`.
    fn name(&self) -> &'static str;
    /// Computes the result; no graph is recorded inside.
    fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Tensor;
    /// The gradients of the inputs, in order, from the result's; `None` where there is none.
    fn backward(&self, ctx: &Context, grad: &Tensor) -> Vec<Option<Tensor>>;
}

/// Applies a [`Function`].
///
/// # Panics
/// In the backward pass: when the rule gives another number of gradients than there are inputs, or one
/// of another shape; and when a saved tensor was written in place meanwhile.
#[track_caller]
pub fn apply_function(function: impl Function, inputs: &[impl Borrow<Tensor>]) -> Tensor {
    let inputs = refs(inputs);
    let name = function.name();
    let (outs, rule) = Rule::of(name, &inputs, |ctx, inputs| vec![function.forward(ctx, inputs)]);
    record_many(name, &inputs, Keep::NOTHING, outs[0].raw().clone(), move |op, g| {
        rule.run(op, |_, raw| op.as_output(raw), |ctx| function.backward(ctx, g))
    })
}
