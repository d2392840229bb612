//! `schedules.json`: learning rates step by step, and gradients clipped.

use super::optim::{optimizer, step};
use super::{Fixture, Outcome, Rule, Tally, compare, fields, id, list, to_value};
use crate::fixture::{f32s, sizes};
use crate::python::Value;
use crate::registry::lookup;
use autograd::Tensor;
use serde_json::Value as Json;
use tensor_core::{HostData, Shape};

/// Runs every schedule, then every clipping.
pub(super) fn run(fixture: &Fixture, tally: &mut Tally) {
    for case in list(&fixture.json, "schedulers") {
        tally.case(id(case), || schedule(case));
    }
    for case in list(&fixture.json, "clipping") {
        tally.case(id(case), || clipping(case));
    }
}

/// Calls `home.name(...)`.
fn call(home: &str, name: &str, positional: &[Value], keywords: &[(String, Value)]) -> Result<Value, String> {
    let f = lookup(home, name).ok_or_else(|| format!("'{home}' has no attribute '{name}'"))?;
    f.call(positional, keywords).map_err(|e| e.to_string())
}

/// A scheduler of an optimizer; those of a `SequentialLR` are made first, in order.
fn make(name: &str, args: &Json, optimizer: &Value) -> Result<Value, String> {
    let mut keywords = Vec::new();
    for (key, value) in fields(args) {
        let value = match (name, key.as_str()) {
            ("SequentialLR" | "ChainedScheduler", "schedulers") => {
                let inner = list(args, "schedulers")
                    .iter()
                    .map(|s| make(s[0].as_str().unwrap_or("?"), &s[1], optimizer));
                Value::list(inner.collect::<Result<_, _>>()?)
            }
            _ => value,
        };
        let key = if key == "formula" { "lr_lambda".into() } else { key };
        keywords.push((key, value));
    }
    if name == "ChainedScheduler" {
        // Its first parameter is the list, not the optimizer.
        keywords.push(("optimizer".into(), optimizer.clone()));
        return call("lr_scheduler", name, &[], &keywords);
    }
    call("lr_scheduler", name, std::slice::from_ref(optimizer), &keywords)
}

fn near(what: &str, got: f64, want: &Json) -> Outcome {
    let want = want.as_f64().ok_or("no number")?;
    let holds = (got - want).abs() <= 1e-12 * want.abs().max(1e-300) || (got - want).abs() < 1e-18;
    if holds { Ok(()) } else { Err(format!("{what}: {got:e}, expected {want:e}")) }
}

fn schedule(case: &Json) -> Outcome {
    let p = Tensor::zeros(1, &firebrand::device()).requires_grad_(true);
    p.set_grad(Some(p.detach()));
    let name = case["optimizer"].as_str().unwrap_or("SGD");
    let mut args = vec![("lr".to_string(), to_value(&case["base_lr"]))];
    if name == "SGD" && case["momentums"].is_array() {
        args.push(("momentum".into(), Value::Float(0.9)));
    }
    let opt = optimizer(name, &[p], &args)?;
    let scheduler = make(case["scheduler"].as_str().ok_or("no scheduler")?, &case["args"], &opt)?;
    let Value::Optimizer(o) = &opt else { return Err("not an optimizer".into()) };
    for (k, want) in list(case, "lrs").iter().enumerate() {
        near(&format!("rate in step {k}"), o.borrow().lrs()[0], want)?;
        if let Some(want) = case["momentums"].get(k) {
            let got = o.borrow().momenta().ok_or("the optimizer has no momentum")?[0];
            near(&format!("momentum in step {k}"), got, want)?;
        }
        step(&opt)?;
        let metric: Vec<Value> = case["metrics"].get(k).map(to_value).into_iter().collect();
        let mut positional = vec![scheduler.clone()];
        positional.extend(metric);
        call("LRScheduler", "step", &positional, &[])?;
    }
    near("rate after the last step", o.borrow().lrs()[0], &case["lr_after"])
}

fn clipping(case: &Json) -> Outcome {
    let shapes: Vec<Vec<usize>> = list(case, "shapes").iter().map(sizes).collect();
    let params: Vec<Tensor> = shapes
        .iter()
        .zip(list(case, "grads"))
        .map(|(shape, bits)| {
            let p = Tensor::zeros(Shape::new(shape), &firebrand::device()).requires_grad_(true);
            p.set_grad(Some(Tensor::from_vec(f32s(bits), Shape::new(shape), &firebrand::device())));
            p
        })
        .collect();
    let list_of = Value::list(params.iter().cloned().map(Value::Tensor).collect());
    if case["kind"].as_str() == Some("norm") {
        let norm_type = match &case["norm_type"] {
            Json::String(_) => Value::Float(f64::INFINITY),
            number => to_value(number),
        };
        let keywords = [("max_norm".into(), to_value(&case["max_norm"])), ("norm_type".into(), norm_type)];
        let total = call("nn.utils", "clip_grad_norm_", &[list_of], &keywords)?;
        let Value::Tensor(total) = total else { return Err("the total norm is not a Tensor".into()) };
        let want = HostData::F32(vec![case["total_norm"].as_f64().ok_or("no total_norm")? as f32]);
        compare("total_norm", &total, &[], &want, Rule { exact: false, atol: 0.0, rtol: 1e-6 })?;
    } else {
        call(
            "nn.utils",
            "clip_grad_value_",
            &[list_of],
            &[("clip_value".into(), to_value(&case["clip_value"]))],
        )?;
    }
    // One or two ulps: the norm is a sum, whose order is ours.
    let rule = Rule { exact: false, atol: 0.0, rtol: 2.4e-7 };
    for (i, p) in params.iter().enumerate() {
        let got = p.grad().ok_or("the gradient is gone")?;
        compare(&format!("gradient {i}"), &got, &shapes[i], &HostData::F32(f32s(&case["clipped"][i])), rule)?;
    }
    Ok(())
}
