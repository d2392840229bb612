//! `files.json`: what PyTorch saved, read back: tensors of every type, a checkpoint, and a network's
//! state in both formats with what the network computes.

use super::training::sequential;
use super::{Fixture, Outcome, Rule, Tally, compare, list, to_value};
use crate::fixture::{from_safetensors, sizes};
use crate::modules::stored;
use crate::python::{Session, Value, equal};
use autograd::Tensor;
use firebrand::device;
use safetensors::SafeTensors;
use serde_json::Value as Json;
use tensor_core::{DType, Device, HostData};

/// Runs every file that it describes.
pub(super) fn run(fixture: &Fixture, tally: &mut Tally) {
    let all = &fixture.json;
    for (name, want) in all["misc_tensors"].as_object().into_iter().flatten() {
        tally.case(format!("misc_tensors.pt {name}"), || misc(fixture, name, want));
    }
    for (name, want) in all["checkpoint"].as_object().into_iter().flatten() {
        tally.case(format!("checkpoint.pt {name}"), || checkpoint(fixture, name, want));
    }
    if all["cnn"].is_object() {
        tally.case("cnn_state.pt", || network(fixture, &all["cnn"], "cnn_state.pt"));
        tally.case("cnn_state.safetensors", || network(fixture, &all["cnn"], "cnn_state.safetensors"));
    }
}

/// What a file of this folder holds, on a device.
fn load(fixture: &Fixture, file: &str, device: &Device) -> Result<Vec<(String, Value)>, String> {
    let path = fixture.folder.join(file);
    if file.ends_with(".safetensors") {
        let loaded = formats::safetensors::load_file(&path, device).map_err(|e| e.to_string())?;
        return Ok(loaded.value.iter().map(|(name, t)| (name.to_string(), t.clone().into())).collect());
    }
    let loaded = formats::pt::load(&path, device).map_err(|e| e.to_string())?;
    let Value::Dict(pairs) = stored(&loaded.value) else { return Err(format!("{file} is not a dict")) };
    let pairs = pairs.borrow();
    Ok(pairs.iter().map(|(name, v)| (crate::python::str_of(name), v.clone())).collect())
}

fn find(all: &[(String, Value)], name: &str) -> Result<Value, String> {
    let found = all.iter().find(|(n, _)| n == name);
    found.map(|(_, v)| v.clone()).ok_or_else(|| format!("the file has no '{name}'"))
}

/// The elements as Firebrand holds them: halves and short integers widened.
fn widened(want: &Json) -> HostData {
    let numbers: Vec<f64> = list(want, "values").iter().filter_map(Json::as_f64).collect();
    let dtype = match want["dtype"].as_str() {
        Some("f64") => DType::F64,
        Some("i64") => DType::I64,
        Some("i32" | "i16" | "i8") => DType::I32,
        Some("u8") => DType::U8,
        Some("bool") => DType::Bool,
        _ => DType::F32,
    };
    HostData::F64(numbers).cast(dtype)
}

fn misc(fixture: &Fixture, name: &str, want: &Json) -> Outcome {
    // Every type there is: the CPU's, whatever the default device.
    match find(&load(fixture, "misc_tensors.pt", &firebrand::cpu())?, name)? {
        Value::Tensor(t) => compare(name, &t, &sizes(&want["shape"]), &widened(want), Rule::EXACT),
        other => Err(format!("'{name}' is a {}", other.type_name())),
    }
}

fn checkpoint(fixture: &Fixture, name: &str, want: &Json) -> Outcome {
    let got = find(&load(fixture, "checkpoint.pt", &device())?, name)?;
    let kinds = matches!((&got, want), (Value::Bool(_), Json::Bool(_)) | (Value::None, Json::Null))
        || !matches!((&got, want), (Value::Bool(_), _) | (_, Json::Bool(_)));
    if kinds && equal(&got, &to_value(want)) {
        Ok(())
    } else {
        Err(format!("{}, expected {want}", crate::python::repr(&got)))
    }
}

fn network(fixture: &Fixture, want: &Json, file: &str) -> Outcome {
    let state = load(fixture, file, &device())?;
    for (name, shape) in want["keys"].as_object().into_iter().flatten() {
        match find(&state, name)? {
            Value::Tensor(t) if t.shape().dims() == sizes(shape) => {}
            other => {
                return Err(format!("'{name}' is {}, expected shape {shape}", crate::python::repr(&other)));
            }
        }
    }
    let mut session = Session::new();
    let layers = want["model"].as_str().ok_or("no model")?.trim_end_matches(", eval mode");
    let pairs = state.into_iter().map(|(name, v)| (Value::from(name), v)).collect();
    session.set("state", Value::Dict(std::rc::Rc::new(std::cell::RefCell::new(pairs))));
    let bytes = std::fs::read(fixture.folder.join("cnn_io.safetensors")).map_err(|e| e.to_string())?;
    let io = SafeTensors::deserialize(&bytes).map_err(|e| e.to_string())?;
    let (shape, input) = from_safetensors(&io, "input")?;
    session.set("x", Tensor::from_host(&input, tensor_core::Shape::new(&shape), &device()));
    let program = format!(
        "model = {}\nmodel.load_state_dict(state)\nmodel.eval()\nwith torch.no_grad(): logits = model(x)\n",
        sequential(layers)
    );
    session.run(&program).map_err(|e| e.to_string())?;
    let near = Rule { exact: false, atol: 1e-5, rtol: 1e-5 };
    let results = [
        ("logits", "logits", near),
        ("log_softmax", "F.log_softmax(logits, dim=1)", near),
        ("prediction", "logits.argmax(dim=1)", Rule::EXACT),
    ];
    for (key, expression, rule) in results {
        if io.tensor(key).is_err() {
            continue;
        }
        let (shape, expected) = from_safetensors(&io, key)?;
        match session.eval(expression).map_err(|e| e.to_string())? {
            Value::Tensor(t) => compare(key, &t, &shape, &expected, rule)?,
            other => return Err(format!("{key} is a {}", other.type_name())),
        }
    }
    Ok(())
}
