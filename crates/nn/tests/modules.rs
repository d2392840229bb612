//! Modules: names, modes, moving, freezing, sharing, state dicts.

use autograd::Tensor;
use nn::{BatchNorm1d, Dropout, LayerNorm, Linear, Mode, Module, ModuleList, ReLU, StateDict, module, seq};
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

#[derive(Clone)]
struct Gated<M> {
    inner: M,
    around: Option<Linear>,
    gain: Tensor,
    shift: Option<Tensor>,
    count: Tensor,
    mode: Mode,
}
module!(
    Gated<M: Module + Clone + std::fmt::Display> { inner, around, gain: param, shift: param, count: buffer, mode: mode },
    |m, x| m.inner.forward(x) * &m.gain + m.around.forward(x)
);

fn gated(around: bool) -> Gated<BatchNorm1d> {
    Gated {
        inner: BatchNorm1d::new(3, &cpu()),
        around: around.then(|| Linear::without_bias(3, 3, &cpu())),
        gain: Tensor::ones(3, &cpu()).into_parameter(),
        shift: around.then(|| Tensor::zeros(3, &cpu()).into_parameter()),
        count: Tensor::zeros(1, &cpu()),
        mode: Mode::default(),
    }
}

#[test]
fn module_lists_own_tensors_before_parts_and_nothing_that_is_none() {
    let names = |m: &Gated<BatchNorm1d>| m.named_parameters().into_iter().map(|(n, _)| n).collect::<Vec<_>>();
    let (with, without) = (gated(true), gated(false));
    assert_eq!(names(&with), ["gain", "shift", "inner.weight", "inner.bias", "around.weight"]);
    assert_eq!(names(&without), ["gain", "inner.weight", "inner.bias"]);
    assert_eq!(with.named_buffers()[0].0, "count");
    let parts = |m: &Gated<BatchNorm1d>| m.named_modules().into_iter().map(|(n, _)| n).collect::<Vec<_>>();
    assert_eq!((parts(&with).len(), parts(&without)), (3, vec!["".to_string(), "inner".to_string()]));
    assert!(!without.to_string().contains("around") && with.to_string().contains("(around): Linear("));
    with.eval();
    assert!(!with.is_training() && !with.inner.is_training() && !with.mode.get());
    // What is none gives its input back; no gain, so the sum is x's.
    without.eval();
    without.gain.detach().fill_(0.0);
    let x = Tensor::ones([2, 3], &cpu());
    assert_eq!(without.forward(&x).to_vec::<f32>(), x.to_vec::<f32>());
    let mut moved = with;
    moved.to_dtype(DType::F64);
    assert!(moved.named_parameters().iter().all(|(_, p)| p.dtype() == DType::F64 && p.is_parameter()));
    assert_eq!(moved.count.dtype(), DType::F64);
}

struct Pair {
    left: Linear,
    right: Linear,
}
module!(Pair { left, right }, |m, x, y| m.left.forward(x) - m.right.forward(y));

#[test]
fn a_module_of_two_inputs_says_so() {
    let pair = Pair { left: Linear::new(2, 1, &cpu()), right: Linear::new(3, 1, &cpu()) };
    let (x, y) = (Tensor::ones([1, 2], &cpu()), Tensor::ones([1, 3], &cpu()));
    assert_eq!(
        pair.forward_pair(&x, &y).item::<f32>(),
        (pair.left.forward(&x) - pair.right.forward(&y)).item()
    );
    // Devices, tensors and modules may be there in what unwinds, boxed ones too.
    fn unwinds<T: std::panic::UnwindSafe + std::panic::RefUnwindSafe>(_: &T) {}
    unwinds(&(cpu(), x.clone(), seq![ReLU], BatchNorm1d::new(2, &cpu())));
    let told = std::panic::catch_unwind(|| pair.forward(&x)).unwrap_err().downcast::<String>().unwrap();
    assert_eq!(*told, "Pair: one input\n  hint: it takes two: call forward_pair");
}

#[test]
fn a_deep_copy_has_tensors_of_its_own_and_a_clone_has_not() {
    let model = gated(true);
    model.inner.requires_grad_(false);
    model.forward(&Tensor::randn([4, 3], &cpu())).sum().backward();
    model.eval();
    let (clone, copy) = (model.clone(), model.deep_copy());
    let tensors =
        |m: &Gated<BatchNorm1d>| m.named_tensors().into_iter().map(|(_, t, _)| t).collect::<Vec<_>>();
    for ((own, shared), new) in tensors(&model).iter().zip(tensors(&clone)).zip(tensors(&copy)) {
        assert!(own.is(&shared) && !own.is(&new));
        assert_eq!((own.requires_grad(), own.is_parameter()), (new.requires_grad(), new.is_parameter()));
        assert_eq!(own.to_vec::<f64>(), new.to_vec::<f64>());
        let before = new.to_vec::<f64>();
        own.detach().add_(1);
        assert_eq!(
            (own.to_vec::<f64>(), new.to_vec::<f64>()),
            (shared.to_vec::<f64>(), before),
            "only the clone follows"
        );
    }
    assert!(model.gain.grad().is_some() && copy.gain.grad().is_none());
    assert!(!copy.is_training() && !copy.inner.is_training());
    copy.train();
    assert!(!model.is_training() && !model.inner.is_training(), "the copy's mode is its own");
    // Tied weights are tied in the copy, to each other.
    #[derive(Clone)]
    struct Twice(Linear, Linear);
    impl Module for Twice {
        fn forward(&self, x: &Tensor) -> Tensor {
            self.1.forward(&self.0.forward(x))
        }
        fn name(&self) -> String {
            "Twice".into()
        }
        fn children(&self) -> Vec<(String, &dyn Module)> {
            vec![("0".into(), &self.0), ("1".into(), &self.1)]
        }
        fn children_mut(&mut self) -> Vec<&mut dyn Module> {
            vec![&mut self.0, &mut self.1]
        }
    }
    let layer = Linear::without_bias(2, 2, &cpu());
    let copy = Twice(layer.clone(), layer.clone()).deep_copy();
    assert!(copy.0.weight.is(&copy.1.weight) && !copy.0.weight.is(&layer.weight));
}
