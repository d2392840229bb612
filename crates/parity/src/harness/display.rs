//! `display.json` and `module_repr.json`: text, to the character.

use super::{Fixture, Outcome, Tally, id, list};
use crate::fixture::decode;
use crate::python::{Session, repr};
use autograd::Tensor;
use serde_json::Value as Json;
use tensor_core::display::{PrintOptions, Suffixes, print_options, set_printoptions, text};
use tensor_core::{HostData, Shape};

fn equal(got: &str, want: &str) -> Outcome {
    if got == want { Ok(()) } else { Err(format!("prints {got:?}, expected {want:?}")) }
}

/// The options of a case on top of the defaults.
fn options(case: &Json) -> PrintOptions {
    let given = &case["options"];
    let mut o = match given["profile"].as_str() {
        Some("short") => PrintOptions::SHORT,
        Some("full") => PrintOptions::FULL,
        _ => PrintOptions::DEFAULT,
    };
    let number = |key: &str| given[key].as_u64().map(|v| v as usize);
    o.precision = number("precision").unwrap_or(o.precision);
    o.threshold = number("threshold").unwrap_or(o.threshold);
    o.edgeitems = number("edgeitems").unwrap_or(o.edgeitems);
    o.linewidth = number("linewidth").unwrap_or(o.linewidth);
    o.sci_mode = given["sci_mode"].as_bool().or(o.sci_mode);
    o
}

/// Python's name of a fixture's element type, and whether a tensor of it prints without it.
fn dtype(name: &str) -> (&'static str, bool) {
    match name {
        "f32" => ("torch.float32", true),
        "f64" => ("torch.float64", false),
        "f16" => ("torch.float16", false),
        "bf16" => ("torch.bfloat16", false),
        "i64" => ("torch.int64", true),
        "i32" => ("torch.int32", false),
        "i16" => ("torch.int16", false),
        "i8" => ("torch.int8", false),
        "u8" => ("torch.uint8", false),
        _ => ("torch.bool", true),
    }
}

/// Runs every case: the text of the numbers, and of the tensor where Firebrand has its type.
pub(super) fn run(fixture: &Fixture, tally: &mut Tally) {
    for case in list(&fixture.json, "cases") {
        tally.case(id(case), || {
            let (shape, data) = decode(case);
            let want = case["expected"].as_str().ok_or("no expected text")?;
            let (name, is_default) = dtype(case["dtype"].as_str().unwrap_or("f32"));
            let flag = |key: &str| case[key].as_bool() == Some(true);
            let suffixes = Suffixes {
                dtype: Some((name, is_default)),
                grad_fn: case["grad_fn"].as_str(),
                requires_grad: flag("requires_grad"),
                parameter: flag("parameter"),
            };
            let options = options(case);
            let shown = tensor_core::display::shown(&shape, &options);
            let visible = match &shown {
                None => data.clone(),
                Some(keep) => pick(&data, &shape, keep),
            };
            equal(&text(&visible, &shape, &suffixes, &options), want)?;
            let whole = ["torch.float32", "torch.float64", "torch.int64", "torch.uint8", "torch.bool"];
            if !whole.contains(&name) || suffixes.grad_fn.is_some() {
                return Ok(());
            }
            let mut t = Tensor::from_host(&data, Shape::new(&shape), &firebrand::cpu());
            if suffixes.parameter {
                t = t.into_parameter().requires_grad_(suffixes.requires_grad);
            } else if suffixes.requires_grad {
                t = t.requires_grad_(true);
            }
            let before = print_options();
            set_printoptions(options);
            let printed = t.to_string();
            set_printoptions(before);
            equal(&printed, want)
        });
    }
}

/// The elements at the kept indices of every dimension.
fn pick(data: &HostData, shape: &[usize], keep: &[Vec<usize>]) -> HostData {
    let mut t = Tensor::from_host(data, Shape::new(shape), &firebrand::cpu());
    for (axis, places) in keep.iter().enumerate() {
        let index: Vec<i32> = places.iter().map(|&p| p as i32).collect();
        t = t.index_select(axis as isize, &Tensor::from_vec(index, places.len(), &firebrand::cpu()));
    }
    t.to_host().unwrap_or_else(|e| panic!("{e}"))
}

/// Runs every case: an expression's `repr`.
pub(super) fn run_reprs(fixture: &Fixture, tally: &mut Tally) {
    for case in list(&fixture.json, "cases") {
        tally.case(id(case), || {
            let expression = case["expr"].as_str().ok_or("no expr")?;
            let value = Session::new().eval(expression).map_err(|e| e.to_string())?;
            equal(&repr(&value), case["expected"].as_str().ok_or("no expected text")?)
        });
    }
}
