//! Modules: names, modes, moving, freezing, sharing, state dicts.

use autograd::Tensor;
use nn::{BatchNorm1d, Dropout, LayerNorm, Linear, Module, ModuleList, ReLU, StateDict, module, seq};
use tensor_core::{DType, Device};

fn cpu() -> Device {
    backend_cpu::device()
}

struct Tied {
    encode: Linear,
    decode: Linear,
}
module!(Tied { encode, decode }, |m, x| m.decode.forward(&m.encode.forward(x)));

fn tied() -> Tied {
    let encode = Linear::without_bias(3, 3, &cpu());
    let decode = Linear { weight: encode.weight.clone(), bias: None };
    Tied { encode, decode }
}

#[test]
fn shared_parameters_count_once_and_stay_shared() {
    let mut model = tied();
    assert_eq!((model.num_params(), model.parameters().len()), (9, 1));
    assert_eq!(model.named_parameters()[0].0, "encode.weight");
    let names: Vec<String> = model.state_dict().into_keys().collect();
    assert_eq!(names, ["encode.weight", "decode.weight"], "a state dict has every name, in order");
    model.to(&cpu()).unwrap();
    assert!(model.encode.weight.is(&model.decode.weight));
    model.to_dtype(DType::F64);
    assert!(model.encode.weight.is(&model.decode.weight));
    assert_eq!(model.forward(&Tensor::ones([1, 3], (DType::F64, &cpu()))).dtype(), DType::F64);
}

#[test]
fn freezing_holds_through_moves() {
    let mut model = seq![Linear::new(3, 2, &cpu()), ReLU, Linear::new(2, 1, &cpu())];
    model[0].requires_grad_(false);
    model.to(&cpu()).unwrap();
    let flags: Vec<bool> = model.parameters().iter().map(Tensor::requires_grad).collect();
    assert_eq!(flags, [false, false, true, true]);
    model.forward(&Tensor::ones([4, 3], &cpu())).sum().backward();
    let have: Vec<bool> = model.parameters().iter().map(|p| p.grad().is_some()).collect();
    assert_eq!(have, [false, false, true, true]);
    model.zero_grad();
    assert!(model.parameters().iter().all(|p| p.grad().is_none()));
}

#[test]
fn modes_reach_every_part() {
    let model = seq![Linear::new(4, 4, &cpu()), seq![Dropout::new(0.5), BatchNorm1d::new(4, &cpu())]];
    assert!(model.is_training() && model[1].is_training());
    model.eval();
    assert!(!model.is_training() && !model[1].is_training());
    assert!(model.named_modules().iter().all(|(name, m)| name == "0" || !m.is_training()));
    let names: Vec<String> = model.named_modules().into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["", "0", "1", "1.0", "1.1"]);
    let x = Tensor::randn([3, 4], &cpu());
    assert!(model.forward(&x).equal(&model.forward(&x)));
    model.train();
    assert!(model.is_training());
}

#[test]
fn apply_visits_parts_before_the_whole() {
    let model = seq![Linear::new(2, 2, &cpu()), seq![ReLU]];
    let mut seen = Vec::new();
    model.apply(|m| seen.push(m.name()));
    assert_eq!(seen, ["Linear", "ReLU", "Sequential", "Sequential"]);
}

#[test]
fn batch_norm_keeps_running_statistics() {
    let norm = BatchNorm1d::new(2, &cpu());
    let x = Tensor::new(&[[1.0f32, 10.0], [3.0, 30.0], [5.0, 20.0]], &cpu());
    norm.forward(&x);
    let state = norm.state_dict();
    let of = |name: &str| state[name].to_vec::<f32>();
    // 0.9·old + 0.1·new; the new variance is the unbiased one: 4 and 100.
    let near = |a: Vec<f32>, b: [f32; 2]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-5);
    assert!(near(of("running_mean"), [0.3, 2.0]), "{:?}", of("running_mean"));
    assert!(near(of("running_var"), [1.3, 10.9]), "{:?}", of("running_var"));
    assert_eq!(of("num_batches_tracked"), [1.0]);
    assert_eq!(state["num_batches_tracked"].dtype(), DType::I64, "as PyTorch stores it");
    // No momentum: the mean of all batches.
    let norm = BatchNorm1d::new(2, &cpu()).momentum(None);
    norm.forward(&x);
    norm.forward(&(&x + 2.0));
    assert!(near(norm.state_dict()["running_mean"].to_vec(), [4.0, 21.0]));
    let plain = BatchNorm1d::new(2, &cpu()).affine(false).track_running_stats(false);
    assert!(plain.state_dict().is_empty());
    plain.eval();
    assert!(plain.forward(&x).mean_dim(0, false).abs().max().item::<f32>() < 1e-6);
    assert_eq!(
        plain.to_string(),
        "BatchNorm1d(2, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)"
    );
}

#[test]
fn batch_norm_takes_sequences() {
    let norm = BatchNorm1d::new(2, &cpu());
    let x = Tensor::randn([5, 2, 7], &cpu());
    let y = norm.forward(&x);
    let rows = norm.forward(&x.movedim(1, -1).reshape([35, 2])).reshape([5, 7, 2]).movedim(-1, 1);
    assert!(y.allclose(&rows, 1e-5, 1e-6));
}

#[test]
#[should_panic(expected = "give [N, 3] or [N, 3, L]")]
fn batch_norm_refuses_other_shapes() {
    BatchNorm1d::new(3, &cpu()).forward(&Tensor::zeros([2, 4], &cpu()));
}

#[test]
fn layer_norm_over_several_dimensions() {
    let norm = LayerNorm::new([2, 3], &cpu()).eps(0.0);
    let y = norm.forward(&Tensor::randn([4, 2, 3], &cpu()));
    let flat = y.reshape([4, 6]);
    assert!(flat.mean_dim(1, false).abs().max().item::<f32>() < 1e-6);
    assert!((flat.var_dim(1, 0, false) - 1.0).abs().max().item::<f32>() < 1e-5);
}

#[test]
fn a_list_is_a_module() {
    let mut list: ModuleList = vec![Box::new(Linear::new(2, 2, &cpu())), Box::new(Dropout::default())];
    assert_eq!(list.named_parameters()[0].0, "0.weight");
    list.to_dtype(DType::F64);
    assert_eq!(list.parameters()[0].dtype(), DType::F64);
    Module::eval(&list);
    assert!(!list[1].is_training());
}

#[test]
#[should_panic(expected = "ModuleList: a list of modules has no forward pass")]
fn a_list_is_not_called() {
    vec![ReLU].forward(&Tensor::zeros([1, 2], &cpu()));
}

#[test]
fn state_dicts_go_in_whole_or_not_at_all() {
    let model = seq![Linear::new(2, 2, &cpu()), ReLU, Linear::new(2, 1, &cpu())];
    let saved = model.state_dict();
    let other = seq![Linear::new(2, 2, &cpu()), ReLU, Linear::new(2, 1, &cpu())];
    assert!(other.load_state_dict(&saved, true).unwrap().is_empty());
    let x = Tensor::randn([3, 2], &cpu());
    assert!(model.forward(&x).equal(&other.forward(&x)));

    let mut odd: StateDict = saved.clone();
    odd.shift_remove("2.bias");
    odd.insert("3.weight".into(), Tensor::zeros(1, &cpu()));
    odd.insert("0.bias".into(), Tensor::full(2, 9.0, &cpu()));
    let error = other.load_state_dict(&odd, true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the state dict does not fit Sequential:\n  missing: 2.bias\n  unexpected: 3.weight"
    );
    assert!(model.forward(&x).equal(&other.forward(&x)), "nothing was changed");
    let rest = other.load_state_dict(&odd, false).unwrap();
    assert_eq!((rest.missing, rest.unexpected), (vec!["2.bias".to_string()], vec!["3.weight".to_string()]));
    assert_eq!(other[0].parameters()[1].to_vec::<f32>(), [9.0, 9.0]);

    odd.insert("0.weight".into(), Tensor::zeros([3, 2], &cpu()));
    let error = other.load_state_dict(&odd, false).unwrap_err();
    assert!(error.to_string().contains("of another shape: 0.weight (here [2, 2], there [3, 2])"), "{error}");
}

#[test]
fn fused_layers_give_what_single_ones_do() {
    let linear = Linear::new(5, 4, &cpu());
    let x = Tensor::randn([3, 5], &cpu());
    let acts: [Box<dyn Module>; 3] = [Box::new(ReLU), Box::new(nn::Sigmoid), Box::new(nn::Tanh)];
    for act in acts {
        let want = act.forward(&linear.forward(&x));
        let fused = nn::Sequential::new(vec![Box::new(linear.clone()), act]);
        assert!(fused.forward(&x).allclose(&want, 1e-6, 1e-7));
    }
}
