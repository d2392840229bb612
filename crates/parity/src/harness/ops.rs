//! `ops.json`: an expression's values and gradients, against the tensors of a safetensors file.

use super::{Fixture, Outcome, Rule, Tally, compare, id, list, to_value};
use crate::fixture::from_safetensors;
use crate::python::{Session, Value};
use autograd::Tensor;
use safetensors::SafeTensors;
use serde_json::Value as Json;
use tensor_core::{DType, HostData};

/// Runs every case.
pub(super) fn run(fixture: &Fixture, tally: &mut Tally) {
    let file = fixture.json["tensors"].as_str().unwrap_or("ops.safetensors");
    let bytes = std::fs::read(fixture.folder.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let tensors = SafeTensors::deserialize(&bytes).unwrap_or_else(|e| panic!("{file}: {e}"));
    for case in list(&fixture.json, "cases") {
        tally.case(format!("{} `{}`", id(case), case["expr"].as_str().unwrap_or("?")), || {
            run_case(case, &tensors)
        });
    }
}

/// A tensor on the default device; whole numbers as the default integer where they fit.
fn upload(data: HostData, shape: &[usize]) -> Tensor {
    let fits = matches!(&data, HostData::I64(v) if v.iter().all(|&v| i32::try_from(v).is_ok()));
    let data = if fits { data.cast(DType::I32) } else { data };
    Tensor::from_host(&data, tensor_core::Shape::new(shape), &firebrand::device())
}

fn results(value: Value) -> Result<Vec<Tensor>, String> {
    let tensor = |v: &Value| match v {
        Value::Tensor(t) => Ok(t.clone()),
        other => Err(format!("the result is a {}, not a Tensor", other.type_name())),
    };
    match value.items() {
        Some(items) => items.iter().map(tensor).collect(),
        None => Ok(vec![tensor(&value)?]),
    }
}

fn run_case(case: &Json, tensors: &SafeTensors) -> Outcome {
    let name = id(case);
    let stored = |key: String| from_safetensors(tensors, &key);
    let mut session = Session::new();
    session.import_helpers();
    let mut inputs = Vec::new();
    for input in list(case, "inputs") {
        let input_name = input["name"].as_str().ok_or("an input without a name")?;
        let (shape, data) = stored(format!("{name}/in/{input_name}"))?;
        let t = upload(data, &shape).requires_grad_(input["grad"].as_bool() == Some(true));
        session.set(input_name, t.clone());
        inputs.push((input_name, t));
    }
    for (attr, value) in case["attrs"].as_object().into_iter().flatten() {
        session.set(attr, to_value(value));
    }
    let expression = case["expr"].as_str().ok_or("no expr")?;
    let outputs = results(session.eval(expression).map_err(|e| e.to_string())?)?;
    let expected = list(case, "outputs");
    if outputs.len() != expected.len() {
        return Err(format!("{} results, expected {}", outputs.len(), expected.len()));
    }
    let mut total: Option<Tensor> = None;
    for (k, (got, want)) in outputs.iter().zip(expected).enumerate() {
        let (shape, data) = stored(format!("{name}/out/{k}"))?;
        compare(&format!("out {k}"), got, &shape, &data, Rule::of(want))?;
        if want["grad"].as_bool() == Some(true) && !list(case, "grads").is_empty() {
            let (shape, weights) = stored(format!("{name}/gw/{k}"))?;
            let part = (got * upload(weights, &shape)).sum();
            total = Some(total.map_or(part.clone(), |t| t + part));
        }
    }
    let Some(total) = total else { return Ok(()) };
    if total.requires_grad() {
        total.backward();
    }
    for want in list(case, "grads") {
        let input_name = want["name"].as_str().ok_or("a gradient without a name")?;
        let (_, input) = inputs.iter().find(|(n, _)| *n == input_name).ok_or("a gradient of no input")?;
        let (shape, data) = stored(format!("{name}/grad/{input_name}"))?;
        // PyTorch's graph leads to some inputs only to multiply by zero: no gradient is as good as zeros.
        let zeros = (0..data.len()).all(|i| data.get(i).to_f64() == 0.0);
        let got = match input.grad() {
            None if zeros => input.detach().zeros_like(),
            got => got.ok_or_else(|| format!("no gradient arrived at {input_name}"))?,
        };
        compare(&format!("grad {input_name}"), &got, &shape, &data, Rule::of(want))?;
    }
    Ok(())
}
