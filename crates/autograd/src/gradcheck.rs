//! Gradients held against differences: PyTorch's `gradcheck` and `gradgradcheck`, in double precision.

use crate::engine::{BackwardOptions, grad_with};
use crate::mode::no_grad;
use crate::tensor::Tensor;
use std::borrow::Borrow;
use tensor_core::DType;

/// Step of the central differences.
const STEP: f64 = 1e-6;

/// Compares the gradients of `f` at `inputs` (F64, requiring gradients) with central differences, to
/// `atol` + `rtol`·|difference|. The result may have any shape: it is weighted by fixed numbers, so the
/// operation stands in the middle of a graph, not at its end.
///
/// # Errors
/// The first element that differs: input, place, both numbers.
///
/// ```
/// use autograd::{Tensor, gradcheck};
/// use tensor_core::DType;
/// let x = Tensor::randn([3], (DType::F64, &backend_cpu::device())).requires_grad_(true);
/// gradcheck(|x| x[0].exp() * &x[0], &[&x], 1e-6, 1e-4).unwrap();
/// ```
pub fn gradcheck(
    f: impl Fn(&[Tensor]) -> Tensor,
    inputs: &[impl Borrow<Tensor>],
    atol: f64,
    rtol: f64,
) -> Result<(), String> {
    first_derivatives(&f, &held(inputs), atol, rtol)
}

/// The tensors themselves, as the functions under test take them.
fn held(inputs: &[impl Borrow<Tensor>]) -> Vec<Tensor> {
    inputs.iter().map(|t| t.borrow().clone()).collect()
}

/// What [`gradcheck`] does.
fn first_derivatives(
    f: &dyn Fn(&[Tensor]) -> Tensor,
    inputs: &[Tensor],
    atol: f64,
    rtol: f64,
) -> Result<(), String> {
    let scalar = |inputs: &[Tensor]| -> Tensor {
        let y = f(inputs);
        (&y * weights(&y)).sum()
    };
    let out = scalar(inputs);
    // A result without history claims that nothing depends on the inputs: held against differences too.
    let exact = if out.requires_grad() {
        grad_with(&[&out], &[None], inputs, &BackwardOptions::default())
    } else {
        vec![None; inputs.len()]
    };
    for (which, input) in inputs.iter().enumerate() {
        assert!(input.dtype() == DType::F64, "gradcheck: input {which} is {}, not float64", input.dtype());
        let base = input.to_vec::<f64>();
        let given = exact[which].as_ref().map_or_else(|| vec![0.0; base.len()], Tensor::to_vec::<f64>);
        for place in 0..base.len() {
            let at = |offset: f64| {
                let mut values = base.clone();
                values[place] += offset;
                let mut moved: Vec<Tensor> = inputs.iter().map(Tensor::detach).collect();
                moved[which] = Tensor::from_vec(values, *input.shape(), input.device());
                no_grad(|| scalar(&moved)).item::<f64>()
            };
            let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
            let near = (given[place] - difference).abs() <= atol + rtol * difference.abs();
            if !near {
                return Err(format!(
                    "input {which} of shape {}, element {place}: the gradient is {}, the difference {difference}",
                    input.shape(),
                    given[place]
                ));
            }
        }
    }
    Ok(())
}

/// Compares the second derivatives of `f` at `inputs` with differences of the first. The gradient that
/// comes into `f` counts as an input too, so that linear functions have something to be wrong about.
///
/// # Errors
/// As [`gradcheck`]; the incoming gradient is the input after the last.
pub fn gradgradcheck(
    f: impl Fn(&[Tensor]) -> Tensor,
    inputs: &[impl Borrow<Tensor>],
    atol: f64,
    rtol: f64,
) -> Result<(), String> {
    let mut all = held(inputs);
    all.push(weights(&no_grad(|| f(&all))).requires_grad_(true));
    gradcheck(
        |all| {
            // Differences need the first gradients too, so a graph is recorded whatever the mode.
            crate::mode::enable_grad(|| {
                let leaf =
                    |t: &Tensor| if t.requires_grad() { t.clone() } else { t.detach().requires_grad_(true) };
                let all: Vec<Tensor> = all.iter().map(leaf).collect();
                let (coming, inputs) = all.split_last().expect("the incoming gradient is there");
                let y = f(inputs);
                let options = BackwardOptions { create_graph: true, retain_graph: true };
                let grads = grad_with(&[&y], &[Some(coming.clone())], inputs, &options);
                let total = grads.iter().flatten().map(|g| (g * weights(g)).sum());
                total.reduce(|a, b| a + b).unwrap_or_else(|| y.sum() * 0.0)
            })
        },
        &all,
        atol,
        rtol,
    )
}

/// Fixed numbers of a tensor's shape, no two alike.
fn weights(like: &Tensor) -> Tensor {
    let values = (0..like.numel()).map(|i| 0.5 + ((i as f64 + 1.0) * 0.754_877_666).fract()).collect();
    Tensor::from_vec::<f64>(values, *like.shape(), like.device())
}
