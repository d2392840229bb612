//! Printed tensors, character by character as PyTorch 2.15 prints them.

use parity::{cases, decode};
use serde_json::Value;
use tensor_core::display::{PrintOptions, Suffixes, shown, text};
use tensor_core::{HostData, each_host};

fn options(case: &Value) -> PrintOptions {
    let mut options = PrintOptions::DEFAULT;
    let Some(given) = case["options"].as_object() else { return options };
    for (name, value) in given {
        let size = || value.as_u64().expect("a size") as usize;
        match (name.as_str(), value.as_str()) {
            ("profile", Some("short")) => options = PrintOptions::SHORT,
            ("profile", Some("full")) => options = PrintOptions::FULL,
            ("precision", _) => options.precision = size(),
            ("threshold", _) => options.threshold = size(),
            ("edgeitems", _) => options.edgeitems = size(),
            ("linewidth", _) => options.linewidth = size(),
            ("sci_mode", _) => options.sci_mode = value.as_bool(),
            other => panic!("option {other:?}"),
        }
    }
    options
}

/// The elements at the kept places of every dimension, row-major: what a summary shows.
fn corners(data: &HostData, shape: &[usize], keep: &[Vec<usize>]) -> HostData {
    let places = keep.iter().zip(shape).fold(vec![0usize], |places, (kept, &size)| {
        places.iter().flat_map(|&p| kept.iter().map(move |&k| p * size + k)).collect()
    });
    each_host!(data, v => places.iter().map(|&p| v[p]).collect::<Vec<_>>().into())
}

#[test]
fn every_tensor_prints_as_in_pytorch() {
    let (mut wrong, mut done) = (Vec::new(), 0);
    for case in cases("display.json") {
        let dtype = case["dtype"].as_str().expect("a dtype");
        if matches!(dtype, "f16" | "bf16" | "i16") {
            continue; // types that Firebrand does not have
        }
        let (shape, data) = decode(&case);
        let default = matches!(dtype, "f32" | "i64" | "bool");
        let name = data.dtype().torch_name();
        let suffixes = Suffixes {
            dtype: Some((name, default)),
            grad_fn: case["grad_fn"].as_str(),
            requires_grad: case["requires_grad"].as_bool().unwrap_or(false),
            parameter: case["parameter"].as_bool().unwrap_or(false),
        };
        let options = options(&case);
        let visible = match shown(&shape, &options) {
            Some(keep) => corners(&data, &shape, &keep),
            None => data,
        };
        let got = text(&visible, &shape, &suffixes, &options);
        let want = case["expected"].as_str().expect("a text");
        done += 1;
        if got != want {
            wrong.push(format!("{}:\n{got}\nnot\n{want}", case["id"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {done} differ\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(done >= 90, "{done} cases");
}
