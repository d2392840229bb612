//! The optimizers' trajectories and gradient clipping, held to PyTorch's.

use autograd::Tensor;
use nn::optim::{Adagrad, Adam, AdamW, Optimizer, RmsProp, Sgd, clip_grad_norm_of_, clip_grad_value_};
use parity::{load, sizes};
use serde_json::Value;

fn list(value: &Value) -> &Vec<Value> {
    value.as_array().unwrap_or_else(|| panic!("not a list: {value}"))
}

fn bits(value: &Value) -> Vec<f32> {
    list(value).iter().map(|v| f32::from_bits(v.as_u64().expect("bits") as u32)).collect()
}

fn tensors(values: &Value, shapes: &Value) -> Vec<Tensor> {
    let cpu = backend_cpu::device();
    let pairs = list(values).iter().zip(list(shapes));
    pairs.map(|(v, shape)| Tensor::from_vec(bits(v), sizes(shape), &cpu)).collect()
}

/// An optimizer by PyTorch's name and arguments; an argument that is not known fails by name.
fn optimizer(name: &str, args: &Value, params: Vec<Tensor>) -> Box<dyn Optimizer> {
    let lr = args["lr"].as_f64().expect("a learning rate");
    let args = args.as_object().expect("arguments").iter().filter(|(key, _)| *key != "lr");
    macro_rules! build {
        ($ty:ident { $($key:ident $read:ident),+ }) => {{
            let mut optimizer = $ty::new(params, lr);
            for (key, value) in args {
                optimizer = match key.as_str() {
                    $(stringify!($key) => optimizer.$key($read(value)),)+
                    other => panic!("{name} has no argument {other}"),
                };
            }
            Box::new(optimizer)
        }};
    }
    let number = |v: &Value| v.as_f64().expect("a number");
    let flag = |v: &Value| v.as_bool().expect("a truth value");
    let pair = |v: &Value| (number(&v[0]), number(&v[1]));
    match name {
        "SGD" => build!(Sgd { momentum number, dampening number, weight_decay number, nesterov flag }),
        "Adam" => build!(Adam { betas pair, eps number, weight_decay number, amsgrad flag }),
        "AdamW" => build!(AdamW { betas pair, eps number, weight_decay number, amsgrad flag }),
        "RMSprop" => {
            build!(RmsProp { alpha number, eps number, weight_decay number, momentum number, centered flag })
        }
        "Adagrad" => build!(Adagrad {
            lr_decay number, eps number, weight_decay number, initial_accumulator_value number
        }),
        other => panic!("no optimizer {other}"),
    }
}

#[test]
fn trajectories() {
    let file = load("optim.json");
    let shapes = &file["shapes"];
    let (c, t) = (tensors(&file["quadratic"]["c"], shapes), tensors(&file["quadratic"]["t"], shapes));
    let cases = list(&file["trajectories"]);
    assert_eq!(cases.len(), 32);
    for case in cases {
        let id = case["id"].as_str().expect("an id");
        let params: Vec<Tensor> =
            tensors(&file["initial"], shapes).into_iter().map(Tensor::into_parameter).collect();
        let mut optimizer =
            optimizer(case["optimizer"].as_str().expect("a name"), &case["args"], params.clone());
        for step in 0..10 {
            let grads = match case["gradient"].as_str() {
                Some("fixed") => tensors(&file["fixed_gradients"][step], shapes),
                Some("quadratic") => {
                    let each = params.iter().zip(&c).zip(&t);
                    each.map(|((p, c), t)| c * (p.detach() - t)).collect()
                }
                other => panic!("{id}: gradient {other:?}"),
            };
            params.iter().zip(grads).for_each(|(p, g)| p.set_grad(Some(g)));
            optimizer.step();
            for (i, p) in params.iter().enumerate() {
                let got = p.to_vec::<f32>();
                let exact = case.get("params_exact_sqrt").unwrap_or(&case["params"]);
                assert_eq!(
                    got.iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                    bits(&exact[step][i]).iter().map(|v| v.to_bits()).collect::<Vec<_>>(),
                    "{id}, step {step}, parameter {i}"
                );
                // PyTorch's own root is off by an ulp now and then, which shows most where a parameter
                // of the order of 1 comes near 0.
                for (a, b) in got.iter().zip(bits(&case["params"][step][i])) {
                    assert!((a - b).abs() <= 1e-6 * b.abs().max(0.1), "{id}, step {step}: {a} for {b}");
                }
            }
        }
    }
}

#[test]
fn clipping() {
    let file = load("schedules.json");
    let cases = list(&file["clipping"]);
    assert_eq!(cases.len(), 7);
    for case in cases {
        let id = case["id"].as_str().expect("an id");
        let grads = tensors(&case["grads"], &case["shapes"]);
        let params: Vec<Tensor> = grads
            .into_iter()
            .map(|g| {
                let p = g.zeros_like().into_parameter();
                p.set_grad(Some(g));
                p
            })
            .collect();
        match case["kind"].as_str() {
            Some("norm") => {
                let norm_type = case["norm_type"].as_f64().unwrap_or(f64::INFINITY);
                let max_norm = case["max_norm"].as_f64().expect("a norm");
                let total = clip_grad_norm_of_(&params, max_norm, norm_type).item::<f64>();
                let want = case["total_norm"].as_f64().expect("a norm");
                assert!((total - want).abs() <= 1e-6 * want, "{id}: norm {total} for {want}");
            }
            Some("value") => clip_grad_value_(&params, case["clip_value"].as_f64().expect("a limit")),
            other => panic!("{id}: kind {other:?}"),
        }
        for (p, want) in params.iter().zip(list(&case["clipped"])) {
            let got = p.grad().expect("a gradient").to_vec::<f32>();
            for (a, b) in got.into_iter().zip(bits(want)) {
                let ulps = i64::from(a.to_bits()).abs_diff(i64::from(b.to_bits()));
                assert!(ulps <= 2, "{id}: {a} for {b}, {ulps} ulps");
            }
        }
    }
}
