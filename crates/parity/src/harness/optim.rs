//! `optim.json`: parameters after each step of an optimizer.

use super::{Fixture, Outcome, Rule, Tally, compare, fields, id, list};
use crate::fixture::{f32s, sizes};
use crate::python::Value;
use crate::registry::lookup;
use autograd::Tensor;
use serde_json::Value as Json;
use tensor_core::{HostData, Shape};

/// The tensors of a list of bit patterns.
fn tensors(bits: &Json, shapes: &Json) -> Vec<Tensor> {
    let of = |(bits, shape): (&Json, &Json)| {
        Tensor::from_vec(f32s(bits), Shape::new(&sizes(shape)), &firebrand::device())
    };
    bits.as_array().into_iter().flatten().zip(shapes.as_array().into_iter().flatten()).map(of).collect()
}

/// Calls `optim.Name(params, **args)`.
pub(super) fn optimizer(name: &str, params: &[Tensor], args: &[(String, Value)]) -> Result<Value, String> {
    let class =
        lookup("optim", name).ok_or_else(|| format!("module 'torch.optim' has no attribute '{name}'"))?;
    let params = Value::list(params.iter().cloned().map(Value::Tensor).collect());
    class.call(&[params], args).map_err(|e| e.to_string())
}

/// Takes one step.
pub(super) fn step(optimizer: &Value) -> Result<(), String> {
    let Value::Optimizer(o) = optimizer else { return Err("not an optimizer".into()) };
    o.borrow_mut().step();
    Ok(())
}

/// Runs every trajectory.
pub(super) fn run(fixture: &Fixture, tally: &mut Tally) {
    for case in list(&fixture.json, "trajectories") {
        tally.case(id(case), || trajectory(&fixture.json, case));
    }
}

fn trajectory(all: &Json, case: &Json) -> Outcome {
    let shapes = &all["shapes"];
    let params: Vec<Tensor> =
        tensors(&all["initial"], shapes).into_iter().map(|t| t.requires_grad_(true)).collect();
    let optimizer =
        optimizer(case["optimizer"].as_str().ok_or("no optimizer")?, &params, &fields(&case["args"]))?;
    let quadratic = (tensors(&all["quadratic"]["c"], shapes), tensors(&all["quadratic"]["t"], shapes));
    for (k, want) in list(case, "params").iter().enumerate() {
        for (i, p) in params.iter().enumerate() {
            p.set_grad(Some(match case["gradient"].as_str() {
                Some("fixed") => tensors(&all["fixed_gradients"][k], shapes)[i].clone(),
                Some("quadratic") => &quadratic.0[i] * (p.detach() - &quadratic.1[i]),
                other => return Err(format!("gradient {other:?} is unknown")),
            }));
        }
        step(&optimizer)?;
        // A correctly rounded square root gives `params_exact_sqrt`; PyTorch's own is an ulp off at times.
        let exact = case["params_exact_sqrt"].get(k);
        for (i, p) in params.iter().enumerate() {
            let shape = sizes(&shapes[i]);
            let what = format!("step {} parameter {i}", k + 1);
            let bits = HostData::F32(f32s(&exact.unwrap_or(want)[i]));
            compare(&what, p, &shape, &bits, Rule::EXACT)?;
            let want = f32s(&want[i]);
            let largest = want.iter().fold(0f32, |m, v| m.max(v.abs()));
            let near = Rule { exact: false, atol: 1e-6 * f64::from(largest), rtol: 1e-6 };
            compare(&what, p, &shape, &HostData::F32(want), near)?;
        }
    }
    Ok(())
}
