//! Optimizers: groups, states, settings that are refused; and schedules saved and refused.

use autograd::Tensor;
use nn::optim::{
    Adagrad, Adam, AdamW, Asgd, ChainedScheduler, ConstantLR, ExponentialLR, LinearLR, OneCycle, OneCycleLR,
    OptimStateError, Optimizer, RMSprop, Rprop, SGD, Scheduler, Sgd, SgdConfig, StepLR, clip_grad_norm_,
};
use tensor_core::Device;

fn cpu() -> Device {
    backend_cpu::device()
}

fn param(values: &[f32]) -> Tensor {
    Tensor::from_slice(values, values.len(), &cpu()).into_parameter()
}

/// One step down (or up) the slope Σx².
fn step(optimizer: &mut dyn Optimizer, params: &[Tensor]) {
    optimizer.zero_grad();
    params.iter().map(|p| p.square().sum()).reduce(|a, b| a + b).expect("a parameter").backward();
    optimizer.step();
}

#[track_caller]
fn refused(f: impl FnOnce() + std::panic::UnwindSafe, says: &str) {
    let panic = std::panic::catch_unwind(f).expect_err("it must be refused");
    let text = panic.downcast_ref::<String>().expect("a message");
    assert!(text.contains(says), "{text}");
}

#[test]
fn groups_have_settings_of_their_own() {
    let (a, b) = (param(&[1.0]), param(&[1.0]));
    let mut optimizer = Sgd::new(vec![a.clone()], 0.25);
    optimizer.add_group(vec![b.clone()], SgdConfig { lr: 0.125, ..SgdConfig::default() });
    step(&mut optimizer, &[a.clone(), b.clone()]);
    assert_eq!((a.item::<f32>(), b.item::<f32>()), (0.5, 0.75));
    optimizer.groups_mut()[1].config.lr = 0.0;
    step(&mut optimizer, &[a.clone(), b.clone()]);
    assert_eq!((a.item::<f32>(), b.item::<f32>()), (0.25, 0.75));
    let text = optimizer.to_string();
    assert!(text.contains("    weight_decay: 0\n\nParameter Group 1\n    dampening: 0\n"), "{text}");
}

#[test]
fn maximize_climbs() {
    let x = param(&[1.0, -2.0]);
    let mut optimizer = SGD::new(vec![x.clone()], 0.5).maximize(true);
    step(&mut optimizer, std::slice::from_ref(&x));
    assert_eq!(x.to_vec::<f32>(), [2.0, -4.0]);
}

#[test]
fn rprop_grows_its_steps_until_the_sign_turns() {
    let x = param(&[1.0]);
    let mut optimizer = Rprop::new(vec![x.clone()], 0.5).etas((0.5, 2.0));
    let mut seen = Vec::new();
    for _ in 0..5 {
        step(&mut optimizer, std::slice::from_ref(&x));
        seen.push(x.item::<f32>());
    }
    // Steps of 0.5 and 1; a turn halves the step and waits; the next goes back by it.
    assert_eq!(seen, [0.5, -0.5, -0.5, 0.0, 0.0]);
    assert_eq!(optimizer.state()[0].as_ref().expect("it stepped").tensors[1].item::<f32>(), 0.5);
}

#[test]
fn asgd_averages_from_t0_on_and_takes_its_rate_from_the_step_before() {
    let x = param(&[1.0]);
    let mut optimizer = Asgd::new(vec![x.clone()], 0.25).lambd(0.0).t0(1.0);
    let mut seen = Vec::new();
    for lr in [0.25, 0.0, 0.125] {
        optimizer.set_lrs(&[lr]);
        step(&mut optimizer, std::slice::from_ref(&x));
        let average = &optimizer.state()[0].as_ref().expect("it stepped").tensors[0];
        seen.push((x.item::<f32>(), average.item::<f32>()));
    }
    assert_eq!(seen, [(0.5, 0.5), (0.25, 0.25), (0.25, 0.25)]);
    step(&mut optimizer, std::slice::from_ref(&x));
    let average = &optimizer.state()[0].as_ref().expect("it stepped").tensors[0];
    assert_eq!((x.item::<f32>(), average.item::<f32>()), (0.1875, 0.21875));
    let saved = optimizer.state_dict();
    assert_eq!(saved.params[0].as_ref().expect("a state").lr, Some(0.125));
}

#[test]
fn a_parameter_without_a_gradient_is_left_alone() {
    let (a, b) = (param(&[1.0]), param(&[1.0]));
    let mut optimizer = Adam::new([&a, &b], 0.1);
    step(&mut optimizer, std::slice::from_ref(&a));
    assert_eq!(b.item::<f32>(), 1.0);
    assert!(optimizer.state()[1].is_none());
    step(&mut optimizer, &[a, b]);
    let steps: Vec<u64> = optimizer.state().iter().map(|s| s.as_ref().unwrap().step).collect();
    assert_eq!(steps, [2, 1]);
}

#[test]
fn a_momentum_that_comes_later_starts_from_the_gradient() {
    let x = param(&[1.0]);
    let mut optimizer = Sgd::new(vec![x.clone()], 0.25);
    step(&mut optimizer, std::slice::from_ref(&x)); // 1 − ¼·2 = ½
    optimizer.set_momenta(&[0.5]);
    step(&mut optimizer, std::slice::from_ref(&x)); // buffer 1; ½ − ¼·1 = ¼
    step(&mut optimizer, std::slice::from_ref(&x)); // buffer ½·1 + ½ = 1; ¼ − ¼·1 = 0
    assert_eq!(x.item::<f32>(), 0.0);
}

#[test]
fn a_state_goes_on_to_the_last_bit() {
    let start = [0.7f32, -1.3, 2.1];
    macro_rules! resume {
        ($make:expr) => {{
            let make = $make;
            let (x, y) = (param(&start), param(&start));
            let mut straight = make(vec![x.clone()]);
            (0..10).for_each(|_| step(&mut straight, std::slice::from_ref(&x)));
            let mut first = make(vec![y.clone()]);
            (0..4).for_each(|_| step(&mut first, std::slice::from_ref(&y)));
            let saved = first.state_dict();
            let mut second = make(vec![y.clone()]);
            second.set_lrs(&[123.0]);
            second.load_state_dict(&saved).unwrap();
            (0..6).for_each(|_| step(&mut second, std::slice::from_ref(&y)));
            assert_eq!(x.to_vec::<f32>(), y.to_vec::<f32>());
        }};
    }
    resume!(|p| Sgd::new(p, 0.05).momentum(0.9).nesterov(true));
    resume!(|p| Adam::new(p, 0.05).amsgrad(true));
    resume!(|p| AdamW::new(p, 0.05));
    resume!(|p| RMSprop::new(p, 0.05).momentum(0.5).centered(true));
    resume!(|p| Adagrad::new(p, 0.05).lr_decay(0.1));
}

#[test]
fn a_state_of_another_form_is_an_error() {
    let (a, b) = (param(&[1.0]), param(&[1.0, 2.0]));
    let mut one = Adam::new(vec![a.clone()], 0.1);
    step(&mut one, std::slice::from_ref(&a));
    let saved = one.state_dict();

    let mut two = Adam::new(vec![a.clone(), b.clone()], 0.2);
    let error = two.load_state_dict(&saved).unwrap_err();
    assert_eq!(error, OptimStateError::Params { group: 0, here: 2, there: 1 });
    assert_eq!(error.to_string(), "the state's group 0 has 1 parameters, the optimizer's 2");
    let mut grouped = Adam::new(vec![a], 0.2);
    grouped.add_group(vec![param(&[3.0])], grouped.groups()[0].config.clone());
    assert!(matches!(grouped.load_state_dict(&saved), Err(OptimStateError::Groups { here: 2, there: 1 })));
    let mut other = Adam::new(vec![b], 0.2);
    let error = other.load_state_dict(&saved).unwrap_err();
    assert_eq!(error.to_string(), "parameter 0 of shape [2] has 2 state tensors of shapes [[1], [1]]");
    assert_eq!((other.lrs(), other.state()[0].is_none()), (vec![0.2], true), "nothing was changed");
}

#[test]
fn settings_out_of_range_are_refused_in_pytorchs_words() {
    let p = || vec![param(&[1.0])];
    refused(move || drop(Sgd::new(p(), -0.1)), "SGD: Invalid learning rate: -0.1");
    refused(move || drop(Adam::new(p(), -1.0)), "Adam: Invalid learning rate: -1.0");
    refused(
        move || Adam::new(p(), 0.1).betas((1.0, 0.9)).step(),
        "Adam: Invalid beta parameter at index 0: 1.0",
    );
    refused(
        move || AdamW::new(p(), 0.1).weight_decay(-1.0).step(),
        "AdamW: Invalid weight_decay value: -1.0",
    );
    refused(move || RMSprop::new(p(), 0.1).eps(-1.0).step(), "RMSprop: Invalid epsilon value: -1.0");
    refused(move || Adagrad::new(p(), 0.1).lr_decay(-1.0).step(), "Adagrad: Invalid lr_decay value: -1.0");
    let nesterov = "Nesterov momentum requires a momentum and zero dampening";
    refused(move || Sgd::new(p(), 0.1).nesterov(true).step(), nesterov);
    Sgd::new(p(), 0.1).nesterov(true).momentum(0.9).step(); // in any order
    refused(|| drop(Sgd::new(Vec::<Tensor>::new(), 0.1)), "SGD: got an empty parameter list");
    refused(
        move || {
            let x = param(&[1.0]);
            drop(Sgd::new(vec![x.clone(), x], 0.1));
        },
        "a parameter appears twice",
    );
    refused(move || drop(Sgd::new(vec![&param(&[1.0]) * 2.0], 0.1)), "can't optimize a result");
}

#[test]
fn every_group_gets_its_rate() {
    let mut optimizer = Sgd::new([param(&[1.0])], 0.1).momentum(0.9);
    let mut other = Sgd::new([param(&[1.0])], 0.1);
    refused(move || other.set_lrs(&[0.1, 0.2]), "set_lrs: 2 rates for 1 parameter groups");
    optimizer.add_group([param(&[2.0])], SgdConfig::default());
    optimizer.set_lrs(&[0.5, 0.25]);
    assert_eq!(optimizer.lrs(), [0.5, 0.25]);
    refused(move || optimizer.set_momenta(&[0.5]), "set_momenta: 1 momenta for 2 parameter groups");
}

#[test]
fn without_gradients_the_norm_is_zero() {
    assert_eq!(clip_grad_norm_(&[param(&[1.0])], 1.0).item::<f32>(), 0.0);
    refused(|| drop(clip_grad_norm_(&Vec::<Tensor>::new(), 1.0)), "got an empty parameter list");
}

#[test]
fn chained_schedules_multiply() {
    let mut optimizer = Sgd::new(vec![param(&[1.0])], 1.0);
    let constant = ConstantLR::new(&mut optimizer, 0.5, 2);
    let falling = ExponentialLR::new(&mut optimizer, 0.5);
    let mut schedule = ChainedScheduler::new(&mut optimizer, vec![Box::new(constant), Box::new(falling)]);
    let mut rates = optimizer.lrs();
    for _ in 0..3 {
        schedule.step(&mut optimizer);
        rates.push(schedule.last_lr()[0]);
    }
    assert_eq!(rates, [0.5, 0.25, 0.25, 0.125]);
    let saved = schedule.state_dict();
    assert_eq!(saved.inner.len(), 2);
    schedule.restart(&mut optimizer);
    assert_eq!(optimizer.lrs(), [0.5]);
    schedule.load_state_dict(&saved).unwrap();
    assert_eq!(schedule.last_lr(), [0.125]);
}

#[test]
fn a_schedule_refuses_a_state_of_another_kind() {
    let mut optimizer = Sgd::new(vec![param(&[1.0])], 1.0);
    let saved = ExponentialLR::new(&mut optimizer, 0.5).state_dict();
    let mut other = StepLR::new(&mut optimizer, 2, 0.5);
    let error = other.load_state_dict(&saved).unwrap_err();
    assert!(error.to_string().starts_with("the state is of ExponentialLR"), "{error}");
    assert!(error.to_string().contains("expected StepLR"), "{error}");
}

#[test]
fn schedules_refuse_what_cannot_be() {
    let sgd = || Sgd::new(vec![param(&[1.0])], 1.0);
    refused(move || drop(StepLR::new(&mut sgd(), 0, 0.5)), "StepLR: the step size is 0");
    refused(move || drop(LinearLR::new(&mut sgd(), 0.0, 1.0, 5)), "LinearLR: a factor is not in");
    refused(
        || {
            let mut adagrad = Adagrad::new(vec![param(&[1.0])], 0.1);
            drop(OneCycleLR::new(&mut adagrad, OneCycle::new(0.1, 10)));
        },
        "the optimizer has no momentum",
    );
    refused(
        move || {
            let mut optimizer = sgd();
            let mut schedule = OneCycleLR::new(&mut optimizer, OneCycle::new(0.1, 3));
            (0..4).for_each(|_| schedule.step(&mut optimizer));
        },
        "OneCycleLR: step 4 of a cycle of 3",
    );
}
