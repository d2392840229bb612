//! `ops.json`: an expression's values and gradients, against the tensors of a safetensors file.

use super::denormal::{flushed, flushes};
use super::{Fixture, Outcome, Rule, Tally, compare_either, id, list, to_value};
use crate::fixture::from_safetensors;
use crate::python::{Session, Value};
use autograd::Tensor;
use firebrand::{cpu, device};
use safetensors::SafeTensors;
use serde_json::Value as Json;
use tensor_core::{DType, Device, HostData, Shape};

/// Runs every case.
pub(super) fn run(fixture: &Fixture, tally: &mut Tally) {
    let file = fixture.json["tensors"].as_str().unwrap_or("ops.safetensors");
    let bytes = std::fs::read(fixture.folder.join(file)).unwrap_or_else(|e| panic!("{file}: {e}"));
    let tensors = SafeTensors::deserialize(&bytes).unwrap_or_else(|e| panic!("{file}: {e}"));
    for case in list(&fixture.json, "cases") {
        tally.case(format!("{} `{}`", id(case), case["expr"].as_str().unwrap_or("?")), || {
            Case { json: case, tensors: &tensors }.check()
        });
    }
}

/// A tensor on a device, or on the CPU if only that has its type; whole numbers as the default integer where they fit.
fn upload(data: HostData, shape: &[usize], device: &Device) -> Tensor {
    let fits = matches!(&data, HostData::I64(v) if v.iter().all(|&v| i32::try_from(v).is_ok()));
    let data = if fits { data.cast(DType::I32) } else { data };
    let device = if device.supports(data.dtype()) { device } else { &cpu() };
    Tensor::from_host(&data, Shape::new(shape), device)
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

/// A case and the file that holds its tensors.
struct Case<'a> {
    json: &'a Json,
    tensors: &'a SafeTensors<'a>,
}

/// A case's inputs by name, and what its expression made of them.
struct Run<'a> {
    inputs: Vec<(&'a str, Tensor)>,
    outputs: Vec<Tensor>,
}

impl<'a> Case<'a> {
    fn stored(&self, what: &str) -> Result<(Vec<usize>, HostData), String> {
        from_safetensors(self.tensors, &format!("{}/{what}", id(self.json)))
    }

    fn expected(&self) -> &'a [Json] {
        list(self.json, "outputs")
    }

    fn check(&self) -> Outcome {
        let run = match self.run(&device(), |data| data) {
            Err(error) if self.is_refused(&error) => return Ok(()),
            run => run?,
        };
        let (got, want) = (run.outputs.len(), self.expected().len());
        if got != want {
            return Err(format!("{got} results, expected {want}"));
        }
        // What it may be instead, if the device takes denormals for 0.
        let other = if flushes() && self.holds_denormals()? {
            Some(self.run(&cpu(), |data| flushed(&data).unwrap_or(data))?)
        } else {
            None
        };
        for (k, (got, want)) in run.outputs.iter().zip(self.expected()).enumerate() {
            let other = other.as_ref().map(|other| &other.outputs[k]);
            self.compare(&format!("out {k}"), &format!("out/{k}"), got, other, want)?;
        }
        if !self.backward(&run)? {
            return Ok(());
        }
        if let Some(other) = &other {
            self.backward(other)?;
        }
        for want in list(self.json, "grads") {
            let name = want["name"].as_str().ok_or("a gradient without a name")?;
            let (what, key) = (format!("grad {name}"), format!("grad/{name}"));
            let got = self.gradient(&run, name)?;
            let other = other.as_ref().map(|other| self.gradient(other, name)).transpose()?;
            self.compare(&what, &key, &got, other.as_ref(), want)?;
        }
        Ok(())
    }

    /// Whether an error is the one due to a case that makes doubles of a device's tensors, which has none.
    fn is_refused(&self, error: &str) -> bool {
        let doubles = self.expected().iter().any(|want| want["dtype"] == "f64");
        doubles && !device().supports(DType::F64) && error.contains("has no float64 tensors")
    }

    fn holds_denormals(&self) -> Result<bool, String> {
        let mut names = list(self.json, "inputs").iter().filter_map(|input| input["name"].as_str());
        names
            .try_fold(false, |any, name| Ok(any || flushed(&self.stored(&format!("in/{name}"))?.1).is_some()))
    }

    /// Evaluates the expression on a device, with inputs altered so.
    fn run(&self, device: &Device, alter: impl Fn(HostData) -> HostData) -> Result<Run<'a>, String> {
        let mut session = Session::new();
        session.import_helpers();
        let mut inputs = Vec::new();
        for input in list(self.json, "inputs") {
            let name = input["name"].as_str().ok_or("an input without a name")?;
            let (shape, data) = self.stored(&format!("in/{name}"))?;
            let t = upload(alter(data), &shape, device).requires_grad_(input["grad"].as_bool() == Some(true));
            session.set(name, t.clone());
            inputs.push((name, t));
        }
        for (attr, value) in self.json["attrs"].as_object().into_iter().flatten() {
            session.set(attr, to_value(value));
        }
        let expression = self.json["expr"].as_str().ok_or("no expr")?;
        let outputs = results(session.eval(expression).map_err(|e| e.to_string())?)?;
        Ok(Run { inputs, outputs })
    }

    /// The gradients of the outputs' weighted sum; whether the case has any.
    fn backward(&self, run: &Run) -> Result<bool, String> {
        let mut total: Option<Tensor> = None;
        for (k, (got, want)) in run.outputs.iter().zip(self.expected()).enumerate() {
            if want["grad"].as_bool() == Some(true) && !list(self.json, "grads").is_empty() {
                let (shape, weights) = self.stored(&format!("gw/{k}"))?;
                let part = (got * upload(weights, &shape, got.device())).sum();
                total = Some(total.map_or(part.clone(), |t| t + part));
            }
        }
        if let Some(total) = total.as_ref().filter(|total| total.requires_grad()) {
            total.backward();
        }
        Ok(total.is_some())
    }

    fn gradient(&self, run: &Run, name: &str) -> Result<Tensor, String> {
        let (_, input) = run.inputs.iter().find(|(n, _)| *n == name).ok_or("a gradient of no input")?;
        let (_, data) = self.stored(&format!("grad/{name}"))?;
        // PyTorch's graph leads to some inputs only to multiply by zero: no gradient is as good as zeros.
        let zeros = (0..data.len()).all(|i| data.get(i).to_f64() == 0.0);
        match input.grad() {
            None if zeros => Ok(input.detach().zeros_like()),
            got => got.ok_or_else(|| format!("no gradient arrived at {name}")),
        }
    }

    /// Compares with a stored tensor, or element by element with another one.
    fn compare(&self, what: &str, key: &str, got: &Tensor, other: Option<&Tensor>, want: &Json) -> Outcome {
        let (shape, data) = self.stored(key)?;
        let other = other.map(|other| other.to_host().map_err(|e| e.to_string())).transpose()?;
        compare_either(what, got, &shape, &data, other.as_ref(), Rule::of(want))
    }
}
