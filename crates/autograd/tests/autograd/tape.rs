//! The tape itself: order, memory, freeing, hooks, modes, views and writes in place.

use crate::common::{bools, cpu, given, ints};
use autograd::{
    BackwardOptions, Context, Function, MultiFunction, Tensor, apply_function, apply_multi_function, cat,
    detect_anomaly, enable_grad, grad, grad_with, gradgradcheck, is_anomaly_enabled, is_grad_enabled,
    no_grad, s,
};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tensor_core::{DType, Device};

/// The message that `f` panics with.
#[track_caller]
fn refusal<R>(f: impl FnOnce() -> R) -> String {
    let caught = catch_unwind(AssertUnwindSafe(f)).err().expect("this must panic");
    caught
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| caught.downcast_ref::<&str>().map(|s| s.to_string()))
        .unwrap()
}

#[track_caller]
fn refuses<R>(with: &str, f: impl FnOnce() -> R) {
    let message = refusal(f);
    assert!(message.contains(with), "\"{with}\" is not in: {message}");
}

fn values(t: &Tensor) -> Vec<f64> {
    t.to_vec()
}
fn grad_of(t: &Tensor) -> Vec<f64> {
    t.grad().expect("a gradient").to_vec()
}

#[test]
fn a_hundred_thousand_operations() {
    let run = || {
        let x = given(&[1.0], &[1]);
        let mut y = x.clone();
        for i in 0..100_000 {
            y = if i % 2 == 0 { &y + 1.0 } else { -&y };
        }
        y.sum().backward();
        assert_eq!(grad_of(&x), [1.0]);
        // And one that is dropped without a backward pass.
        let mut z = &x * 1.0;
        for _ in 0..100_000 {
            z = z * 1.0;
        }
        drop(z);
        // A ladder, each rung reached by two ways: 2^k paths, but as many nodes as rungs.
        let mut w = &x * 1.0;
        for _ in 0..60 {
            w = &w * 0.5 + &w * 0.5;
        }
        x.zero_grad();
        w.sum().backward();
        assert_eq!(grad_of(&x), [1.0]);
    };
    // A stack that recursion over the chain would overflow.
    std::thread::Builder::new().stack_size(256 << 10).spawn(run).unwrap().join().unwrap();
}

#[test]
fn gradients_accumulate_until_cleared() {
    let x = given(&[1.0, 2.0], &[2]);
    assert!(x.grad().is_none());
    (&x * 2.0).sum().backward();
    (&x * 3.0).sum().backward();
    assert_eq!(grad_of(&x), [5.0, 5.0]);
    x.zero_grad();
    assert!(x.grad().is_none());
    (&x * &x).sum().backward();
    assert_eq!(grad_of(&x), [2.0, 4.0]);
    x.set_grad(Some(x.detach()));
    (&x * 1.0).sum().backward();
    assert_eq!(grad_of(&x), [2.0, 3.0]);
}

#[test]
fn gradients_do_not_share_memory() {
    // One gradient reaches both leaves; each must own what it accumulates into.
    let (a, b) = (given(&[1.0, 2.0], &[2]), given(&[3.0, 4.0], &[2]));
    let c = Tensor::from_vec(vec![10.0, 20.0], 2, &cpu());
    for _ in 0..2 {
        ((&a + &b) * &c).sum().backward();
    }
    assert_eq!(grad_of(&a), [20.0, 40.0]);
    assert_eq!(grad_of(&b), [20.0, 40.0]);
    no_grad(|| {
        a.grad().unwrap().mul_(0.0);
    });
    assert_eq!(grad_of(&b), [20.0, 40.0]);
    // The gradient that the user gives stays the user's.
    let g = Tensor::from_vec(vec![1.0, 1.0], 2, &cpu());
    let x = given(&[0.0, 0.0], &[2]);
    x.backward_with(&g);
    x.backward_with(&g);
    assert_eq!((grad_of(&x), values(&g)), (vec![2.0, 2.0], vec![1.0, 1.0]));
    // What a hook kept is not written to by a later pass.
    let seen: Arc<Mutex<Vec<Tensor>>> = Arc::default();
    let (y, keep) = (given(&[1.0], &[1]), seen.clone());
    y.register_hook(move |g| {
        keep.lock().unwrap().push(g.clone());
        None
    });
    (&y * 2.0).sum().backward();
    (&y * 2.0).sum().backward();
    assert_eq!(values(&seen.lock().unwrap()[0]), [2.0]);
    assert_eq!(grad_of(&y), [4.0]);
}

/// Gradients that meet are added in memory that nobody else holds: what hooks, callers and `grad` have stays.
#[test]
fn sums_of_gradients_change_nobody_elses() {
    let x = given(&[1.0, 2.0], &[2]);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let a = &x * 2.0;
    let keep = seen.clone();
    a.register_hook(move |g| {
        keep.lock().unwrap().push(g.clone());
        None
    });
    let y = &a * 3.0 + &a * 4.0 + &x * 5.0 + &a;
    y.sum().backward_retain();
    assert_eq!(grad_of(&x), [21.0; 2]);
    let weights = [given(&[1.0, 0.0], &[2]).detach(), given(&[0.0, 10.0], &[2]).detach()];
    let again = grad_with(
        &[&y, &y],
        &weights.clone().map(Some),
        &[&x],
        &BackwardOptions { retain_graph: true, create_graph: false },
    );
    assert_eq!(values(again[0].as_ref().unwrap()), [21.0, 210.0]);
    y.backward_with(&weights[1]);
    assert_eq!(grad_of(&x), [21.0, 231.0]);
    assert_eq!(values(again[0].as_ref().unwrap()), [21.0, 210.0]);
    assert_eq!((values(&weights[0]), values(&weights[1])), (vec![1.0, 0.0], vec![0.0, 10.0]));
    let seen: Vec<Vec<f64>> = seen.lock().unwrap().iter().map(values).collect();
    assert_eq!(seen, [[8.0, 8.0], [8.0, 80.0], [0.0, 80.0]]);
}

/// A gradient that is added to the one of before needs room for these two.
#[test]
fn accumulating_takes_no_memory_of_its_own() {
    const BYTES: usize = 4 << 16;
    let peak = |passes: u16| {
        let device = Device::new(backend_cpu::Cpu::default());
        let w = Tensor::from_vec(vec![1.0f32; 1 << 16], [256, 256], &device).requires_grad_(true);
        (0..passes).for_each(|_| (&w * 2.0).sum().backward());
        assert_eq!(w.grad().unwrap().to_vec::<f32>(), vec![f32::from(2 * passes); 1 << 16]);
        device.stats().peak
    };
    let (one, more) = (peak(1), peak(3));
    assert!(more < one + BYTES + BYTES / 2, "{one} bytes and {more}");
}

#[test]
fn a_second_backward_is_refused() {
    let x = given(&[1.0, 2.0], &[2]);
    let loss = x.square().sum();
    loss.backward();
    let message = refusal(|| loss.backward());
    assert!(message.contains("the graph was freed by an earlier backward()"), "{message}");
    assert!(message.contains("tape.rs"), "it names the line that recorded it: {message}");
    assert_eq!(grad_of(&x), [2.0, 4.0], "the refused pass left no trace");
    let loss = x.square().sum();
    loss.backward_retain();
    loss.backward();
    assert_eq!(grad_of(&x), [6.0, 12.0]);
    refuses("the graph was freed", || grad(&[&loss], &[&x], false));
}

#[test]
fn backward_needs_a_scalar_or_a_gradient() {
    let x = given(&[1.0, 2.0], &[2]);
    refuses("only a scalar has an implicit gradient, this tensor has shape [2]", || x.square().backward());
    let g = Tensor::from_vec(vec![1.0, 10.0], 2, &cpu());
    x.square().backward_with(&g);
    assert_eq!(grad_of(&x), [2.0, 40.0]);
    refuses("a gradient of shape [1] for a result of shape [2]", || {
        x.square().backward_with(&given(&[1.0], &[1]))
    });
    refuses("does not require gradients", || x.detach().sum().backward());
    // One element counts as a scalar, whatever its dimensions.
    let y = given(&[3.0], &[1, 1]);
    y.square().backward();
    assert_eq!(grad_of(&y), [6.0]);
}

#[test]
fn grad_leaves_no_trace() {
    let (x, w) = (given(&[2.0], &[1]), given(&[3.0], &[1]));
    let h = &x * &w;
    let loss = h.square().sum();
    let unused = given(&[1.0], &[1]);
    let all = grad(&[&loss], &[&x, &w, &h, &unused], true);
    let got: Vec<Option<f64>> = all.iter().map(|g| g.as_ref().map(|g| g.item())).collect();
    assert_eq!(got, [Some(36.0), Some(24.0), Some(12.0), None]);
    assert!(x.grad().is_none() && w.grad().is_none());
    // Third derivative of x³·w by repeated grad.
    let y = x.pow(3.0) * &w;
    let d = |y: &Tensor| grad(&[&y.sum()], &[&x], true)[0].clone().unwrap();
    let (d1, d2) = (d(&y), d(&d(&y)));
    assert_eq!((d1.item::<f64>(), d2.item::<f64>(), d(&d2).item::<f64>()), (36.0, 36.0, 18.0));
    // Mixed: ∂²/∂x∂w.
    let dw = grad(&[&d1.sum()], &[&w], false)[0].clone().unwrap();
    assert_eq!(dw.item::<f64>(), 12.0);
    // Several outputs add up, each with its weight.
    let two = Tensor::from_vec(vec![2.0], 1, &cpu());
    let outputs = [&(&x * 3.0), &x.square()];
    let g = grad_with(&outputs, &[None, Some(two)], &[&x], &BackwardOptions::default());
    assert_eq!(g[0].as_ref().unwrap().item::<f64>(), 11.0);
    // The same input twice, and an output that is an input.
    let g = grad(&[&x.square()], &[&x, &x], false);
    assert_eq!((g[0].as_ref().unwrap().item::<f64>(), g[1].as_ref().unwrap().item::<f64>()), (4.0, 4.0));
    assert_eq!(grad(&[&x], &[&x], false)[0].as_ref().unwrap().item::<f64>(), 1.0);
}

#[test]
fn gradient_penalty_through_backward() {
    // backward() with create_graph: the gradients can be differentiated again into the same leaves.
    let x = given(&[2.0], &[1]);
    let options = BackwardOptions { create_graph: true, retain_graph: true };
    x.pow(3.0).sum().backward_opts(None, options);
    let penalty = x.grad().unwrap().square().sum(); // (3x²)² = 9x⁴
    x.zero_grad();
    penalty.backward();
    assert_eq!(grad_of(&x), [288.0]); // 36x³
}

#[test]
fn no_grad_records_nothing() {
    let x = given(&[1.0], &[1]);
    assert!(is_grad_enabled());
    let y = no_grad(|| {
        assert!(!is_grad_enabled());
        let inside = enable_grad(|| &x * 2.0);
        assert!(inside.requires_grad() && !is_grad_enabled());
        &x * 2.0
    });
    assert!(!y.requires_grad() && y.is_leaf() && y.grad_fn().is_none() && is_grad_enabled());
    // A panic inside puts the switch back.
    refusal(|| no_grad(|| panic!("stop")));
    assert!(is_grad_enabled());
    // The switch is this thread's alone.
    no_grad(|| std::thread::spawn(|| assert!(is_grad_enabled())).join().unwrap());
    // Parameters are updated in place.
    no_grad(|| {
        x.sub_(0.5);
    });
    assert_eq!(values(&x), [0.5]);
    assert!(x.requires_grad() && x.is_leaf());
}

#[test]
fn writes_over_what_the_graph_needs_are_refused() {
    let x = given(&[1.0, 2.0], &[2]);
    let h = &x * 2.0;
    let loss = h.square().sum(); // keeps h
    h.add_(1.0);
    let message = refusal(|| loss.backward());
    for part in ["input 0 of PowBackward0 (shape [2])", "tape.rs", "was written in place since", "version 1"]
    {
        assert!(message.contains(part), "\"{part}\" is not in: {message}");
    }
    let y = x.exp(); // keeps its result
    let loss = y.sum();
    no_grad(|| {
        y.mul_(2.0);
    });
    refuses("the result of ExpBackward0", || loss.backward());
    // Through a view of it, and through detach(), which shares memory.
    let h = &x * 2.0;
    let loss = h.square().sum();
    no_grad(|| {
        h.i(s![0]).fill_(9.0);
    });
    refuses("was written in place since", || loss.backward());
    let h = &x * 2.0;
    let loss = h.square().sum();
    h.detach().zero_();
    refuses("was written in place since", || loss.backward());
    // A parameter updated between forward and backward.
    let loss = (&x * &x).sum();
    no_grad(|| {
        x.sub_(0.1);
    });
    refuses("was written in place since", || loss.backward());
    // What no rule reads may be written.
    let h = &x * 2.0;
    let loss = (&h + 1.0).sum();
    h.zero_();
    loss.backward();
    let product = given(&[1.0, 1.0], &[2]);
    let (mask, h) = (Tensor::from_vec(vec![1.0, 0.0], 2, &cpu()), &product * 1.0);
    let loss = (&h * &mask).sum(); // needs the mask only
    h.zero_();
    loss.backward();
    assert_eq!(grad_of(&product), [1.0, 0.0]);
}

#[test]
fn masks_and_indices_are_guarded_too() {
    let x = given(&[1.0, 2.0, 3.0], &[3]);
    let mask = bools(&[true, false, true], &[3]);
    let loss = mask.where_(&x, 0.0).sum();
    mask.assign(s![0], false);
    refuses("was written in place since", || loss.backward());
    let loss = x.masked_fill(&mask, 0.0).sum();
    mask.assign(s![1], true);
    refuses("was written in place since", || loss.backward());
    let index = ints(&[0, 2], &[2]);
    let losses = [
        x.index_select(0, &index).sum(),
        x.gather(0, &index).sum(),
        x.scatter_add(0, &index, &given(&[1.0, 1.0], &[2])).sum(),
        x.unsqueeze(0).expand([2, 3]).cross_entropy(&index),
    ];
    index.fill_(1);
    for loss in losses {
        refuses("was written in place since", || loss.backward());
    }
}

#[test]
fn writes_to_leaves_and_views() {
    let x = given(&[1.0, 2.0], &[2]);
    refuses("a leaf that requires gradients is written in place", || x.add_(1.0));
    refuses("a leaf that requires gradients is written in place", || x.assign(s![0], 1.0));
    let h = &x * 1.0;
    let view = h.i(s![0..1]);
    refuses("a view with history is written in place", || view.mul_(2.0));
    // A view taken before its base was written is stale; one taken after is not.
    h.mul_(3.0);
    refuses("this view's memory was written in place after the view was taken", || {
        (&view * 1.0).sum().backward()
    });
    h.i(s![0..1]).sum().backward();
    assert_eq!(grad_of(&x), [3.0, 0.0]);
    // A refused write changes nothing.
    assert_eq!(values(&x), [1.0, 2.0]);
    // In place on a plain tensor that then has history.
    let sum = Tensor::zeros([2], (DType::F64, &cpu()));
    sum.add_(&x).add_(&x);
    assert!(sum.requires_grad() && !sum.is_leaf());
    x.zero_grad();
    sum.sum().backward();
    assert_eq!(grad_of(&x), [2.0, 2.0]);
    refuses("a result of shape [2, 2] does not fit in place into shape [2]", || {
        (&x * 1.0).add_(Tensor::zeros([2, 2], (DType::F64, &cpu())));
    });
}

#[test]
fn versions_count_writes() {
    let x = Tensor::zeros([4], &cpu());
    let version = |t: &Tensor| t.raw().buffer().version();
    assert_eq!(version(&x), 0);
    x.add_(1.0);
    x.i(s![1..3]).fill_(2.0);
    x.assign(s![0], 5.0);
    x.copy_(&Tensor::ones([4], &cpu()));
    assert_eq!((version(&x), version(&x.i(s![..2]))), (4, 4));
    assert_eq!(version(&(&x + 1.0)), 0);
}

#[test]
fn hooks_see_and_change_gradients() {
    let x = given(&[1.0, 2.0], &[2]);
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let id = x.register_hook(move |g| {
        count.fetch_add(1, Ordering::Relaxed);
        Some(g * 10.0)
    });
    (&x * 2.0 + &x).sum().backward();
    assert_eq!(grad_of(&x), [30.0, 30.0]);
    assert_eq!(calls.load(Ordering::Relaxed), 1, "once, for the whole gradient");
    x.remove_hook(id);
    x.zero_grad();
    (&x * 2.0).sum().backward();
    assert_eq!((grad_of(&x), calls.load(Ordering::Relaxed)), (vec![2.0, 2.0], 1));
    // On a result in the middle, two in order; one that returns nothing only looks.
    x.zero_grad();
    let h = &x * 3.0;
    h.register_hook(|g| Some(g + 1.0));
    let look = h.register_hook(|_| None);
    h.register_hook(|g| Some(g * 2.0));
    h.remove_hook(look);
    h.sum().backward();
    assert_eq!(grad_of(&x), [12.0, 12.0]);
    x.register_hook(|g| Some(g.sum()));
    refuses("a gradient of shape [] for a tensor of shape [2]", || (&x * 1.0).sum().backward());
}

#[test]
fn retained_gradients_of_results() {
    let x = given(&[1.0, 2.0], &[2]);
    let (h, plain) = (&x * 3.0, &x * 1.0);
    h.retain_grad();
    (h.square() + &plain).sum().backward();
    assert_eq!(grad_of(&h), [6.0, 12.0]);
    assert!(plain.grad().is_none());
    assert_eq!(grad_of(&x), [19.0, 37.0]);
    // A result that is gone by then is no trouble.
    let loss = {
        let gone = &x * 2.0;
        gone.retain_grad();
        gone.sum()
    };
    loss.backward();
}

#[test]
fn all_goes_on_after_a_panic() {
    let (x, other) = (given(&[2.0, 3.0], &[2]), given(&[1.0, 2.0, 3.0], &[3]));
    // Without AssertUnwindSafe, in the middle of no_grad and with a node recorded.
    let caught = catch_unwind(|| no_grad(|| enable_grad(|| x.square()) + &other));
    assert!(caught.is_err() && is_grad_enabled());
    let device = x.device();
    assert!(catch_unwind(|| Tensor::zeros([2, 2], device).matmul(&other)).is_err());
    (x.square() * 3.0).sum().backward();
    assert_eq!(grad_of(&x), [12.0, 18.0]);
}

/// A product that computes only the gradients that are asked for.
struct Frugal;

impl Function for Frugal {
    fn name(&self) -> &'static str {
        "FrugalBackward"
    }
    fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Tensor {
        // Each input's gradient is the other one.
        for (wanted, other) in [(0, 1), (1, 0)] {
            if ctx.needs_input_grad(wanted) {
                ctx.save(&inputs[other..=other]);
            }
        }
        inputs[0] * inputs[1]
    }
    fn backward(&self, ctx: &Context, grad: &Tensor) -> Vec<Option<Tensor>> {
        let mut saved = ctx.saved().iter();
        (0..2).map(|i| ctx.needs_input_grad(i).then(|| grad * saved.next().expect("it was saved"))).collect()
    }
}

#[test]
fn a_function_knows_which_gradients_are_wanted() {
    let (a, b) = (given(&[2.0, 3.0], &[2]), given(&[5.0, 7.0], &[2]));
    let (c, d) = (a.detach(), b.detach());
    apply_function(Frugal, &[&a, &d]).sum().backward();
    apply_function(Frugal, &[&c, &b]).sum().backward();
    assert_eq!((grad_of(&a), grad_of(&b)), (vec![5.0, 7.0], vec![2.0, 3.0]));
    assert!(c.grad().is_none() && d.grad().is_none());
    crate::common::first("with both wanted", &[a, b], |x| apply_function(Frugal, &[&x[0], &x[1]]));
    struct Third;
    impl Function for Third {
        fn name(&self) -> &'static str {
            "ThirdBackward"
        }
        fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Tensor {
            assert!(!ctx.needs_input_grad(2));
            inputs[0].clone()
        }
        fn backward(&self, _: &Context, _: &Tensor) -> Vec<Option<Tensor>> {
            Vec::new()
        }
    }
    refuses("needs_input_grad: input 2 of 1", || apply_function(Third, &[&c]));
}

struct Scaled(f64);

impl Function for Scaled {
    fn name(&self) -> &'static str {
        "ScaledBackward"
    }
    fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Tensor {
        assert!(!is_grad_enabled());
        ctx.save(inputs);
        inputs[0] * inputs[1] * self.0
    }
    fn backward(&self, ctx: &Context, grad: &Tensor) -> Vec<Option<Tensor>> {
        let [a, b] = ctx.saved() else { panic!("two were saved") };
        vec![Some(grad * b * self.0), Some(grad * a * self.0)]
    }
}

#[test]
fn functions_of_the_users_own() {
    let (a, b) = (given(&[2.0, 3.0], &[2]), given(&[5.0, 7.0], &[2]));
    let y = apply_function(Scaled(10.0), &[&a, &b]);
    assert_eq!((values(&y), y.grad_fn()), (vec![100.0, 210.0], Some("ScaledBackward")));
    (y * 2.0).sum().backward();
    assert_eq!((grad_of(&a), grad_of(&b)), (vec![100.0, 140.0], vec![40.0, 60.0]));
    crate::common::first("a function of the user's own", &[a.clone(), b], |x| {
        apply_function(Scaled(0.5), &[&x[0], &x[1]])
    });

    struct Wrong;
    impl Function for Wrong {
        fn name(&self) -> &'static str {
            "WrongBackward"
        }
        fn forward(&self, _: &mut Context, inputs: &[&Tensor]) -> Tensor {
            inputs[0] * 1.0
        }
        fn backward(&self, _: &Context, grad: &Tensor) -> Vec<Option<Tensor>> {
            vec![Some(grad.clone()), None]
        }
    }
    refuses("WrongBackward: 2 gradients for 1 inputs", || apply_function(Wrong, &[&a]).sum().backward());

    let kept = &a * 1.0;
    let y = apply_function(Scaled(1.0), &[&kept, &a]);
    kept.zero_();
    refuses("ScaledBackward: saved tensor 0 was written in place since", || y.sum().backward());

    struct Misshapen;
    impl Function for Misshapen {
        fn name(&self) -> &'static str {
            "MisshapenBackward"
        }
        fn forward(&self, _: &mut Context, inputs: &[&Tensor]) -> Tensor {
            inputs[0].sum()
        }
        fn backward(&self, _: &Context, grad: &Tensor) -> Vec<Option<Tensor>> {
            vec![Some(grad.clone())] // forgot to expand
        }
    }
    refuses("MisshapenBackward: a gradient of shape [] for input 0 of shape [2]", || {
        apply_function(Misshapen, &[&a]).backward()
    });
}

#[test]
fn second_derivatives_of_functions_of_the_users_own() {
    /// eˣ, whose rule reads its own result.
    struct Exp;
    impl Function for Exp {
        fn name(&self) -> &'static str {
            "MyExpBackward"
        }
        fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Tensor {
            let y = inputs[0].exp();
            ctx.save(&[&y]);
            y
        }
        fn backward(&self, ctx: &Context, grad: &Tensor) -> Vec<Option<Tensor>> {
            vec![Some(grad * &ctx.saved()[0])]
        }
    }
    let doubles = |v: &[f64]| Tensor::from_slice(v, v.len(), &cpu()).requires_grad_(true);
    let (a, b) = (doubles(&[0.5, -1.5]), doubles(&[2.0, 0.25]));
    // Inputs that are leaves, inputs that are results, and a result that the rule reads.
    let f = |x: &[Tensor]| {
        let y = apply_function(Scaled(3.0), &[&x[0].sin(), &x[1]]);
        apply_function(Exp, &[&apply_function(Scaled(0.5), &[&y, &x[0]])])
    };
    gradgradcheck(f, &[a.clone(), b], 1e-6, 1e-4).unwrap();
    // d³eˣ/dx³ = eˣ
    let x = doubles(&[1.0]);
    let mut y = apply_function(Exp, &[&x]);
    for _ in 0..3 {
        y = grad(&[&y.sum()], &[&x], true)[0].clone().expect("a gradient");
    }
    assert!((y.item::<f64>() - std::f64::consts::E).abs() < 1e-12);
}

/// eˣ·y and x·y², of which the rule reads both inputs and the first result.
struct Both;
impl MultiFunction for Both {
    fn name(&self) -> &'static str {
        "BothBackward"
    }
    fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Vec<Tensor> {
        let (x, y) = (inputs[0], inputs[1]);
        let results = vec![x.exp() * y, x * y.square(), x.gt(0.0)];
        ctx.save(inputs);
        ctx.save(&results[..1]);
        results
    }
    fn backward(&self, ctx: &Context, grads: &[Tensor]) -> Vec<Option<Tensor>> {
        let [x, y, first] = ctx.saved() else { panic!("three were saved") };
        assert_eq!(grads.len(), 3);
        let to_x = &grads[0] * first + &grads[1] * y.square();
        vec![Some(to_x), Some(&grads[0] * x.exp() + &grads[1] * (x * y * 2.0))]
    }
}

#[test]
fn functions_of_several_results() {
    let both = |x: &[Tensor]| apply_multi_function(Both, &[&x[0], &x[1]]);
    let inputs = [given(&[0.5, -1.0], &[2]), given(&[2.0, 3.0], &[2])];
    let results = both(&inputs);
    assert_eq!(results[0].grad_fn(), Some("BothBackward"));
    assert_eq!(results[2].to_vec::<bool>(), [true, false]);
    assert!(!results[2].requires_grad());
    crate::common::both("all results", &inputs, |x| {
        let all = both(x);
        &all[0] * &all[1] + &all[0]
    });
    // Those of which one alone is used: the other's gradient is 0.
    crate::common::both("the first", &inputs, |x| both(x).swap_remove(0));
    crate::common::both("the second", &inputs, |x| both(x).swap_remove(1));
    results[1].sum().backward_retain();
    assert_eq!((grad_of(&inputs[0]), grad_of(&inputs[1])), (vec![4.0, 9.0], vec![2.0, -6.0]));
    // Each result's gradient alone, what hooks make of it, and a pass that breaks off.
    let both_used = &results[0] * 0.0 + &results[1];
    let stop = results[0].register_hook(|_| panic!("stop"));
    assert!(catch_unwind(AssertUnwindSafe(|| both_used.sum().backward_retain())).is_err());
    results[0].remove_hook(stop);
    results[1].register_hook(|g| Some(g * 10.0));
    let got = grad(&[both_used.sum()], &[&results[1], &inputs[0]], true);
    assert_eq!(values(got[0].as_ref().unwrap()), [10.0; 2]);
    assert_eq!(values(got[1].as_ref().unwrap()), [40.0, 90.0]);

    struct Nothing;
    impl MultiFunction for Nothing {
        fn name(&self) -> &'static str {
            "NothingBackward"
        }
        fn forward(&self, _: &mut Context, _: &[&Tensor]) -> Vec<Tensor> {
            Vec::new()
        }
        fn backward(&self, _: &Context, _: &[Tensor]) -> Vec<Option<Tensor>> {
            Vec::new()
        }
    }
    refuses("NothingBackward: no result", || apply_multi_function(Nothing, &inputs));
}

#[test]
fn a_function_that_returns_its_input() {
    struct Same;
    impl Function for Same {
        fn name(&self) -> &'static str {
            "SameBackward"
        }
        fn forward(&self, _: &mut Context, inputs: &[&Tensor]) -> Tensor {
            inputs[0].clone()
        }
        fn backward(&self, _: &Context, grad: &Tensor) -> Vec<Option<Tensor>> {
            vec![Some(-grad)] // reversed, as for domain adaptation
        }
    }
    let x = given(&[1.0, 2.0], &[2]);
    apply_function(Same, &[&x]).sum().backward();
    assert_eq!(grad_of(&x), [-1.0, -1.0]);
}

#[test]
fn anomalies_have_a_name_and_a_line() {
    let x = given(&[1.0, -1.0], &[2]);
    let line = line!() + 1;
    let message = refusal(|| detect_anomaly(|| x.log().sum()));
    assert!(
        message.contains("the result of LogBackward0 is not finite: NaN at element 1 of shape [2]"),
        "{message}"
    );
    assert!(!is_anomaly_enabled());
    // The panic is at the line of the operation.
    let at: Arc<Mutex<Option<(String, u32)>>> = Arc::default();
    let place = at.clone();
    let hook = std::panic::take_hook();
    let me = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() == me {
            let here = info.location().unwrap();
            *place.lock().unwrap() = Some((here.file().into(), here.line()));
        }
    }));
    refusal(|| detect_anomaly(|| x.sqrt()));
    std::panic::set_hook(hook);
    let (file, at_line) = at.lock().unwrap().clone().unwrap();
    assert!(file.ends_with("tape.rs") && at_line > line, "{file}:{at_line}");
    // A gradient that overflows: the backward pass names the operation and where it was recorded.
    let zero = given(&[0.0], &[1]);
    let message = refusal(|| detect_anomaly(|| zero.sqrt().sum().backward()));
    assert!(message.contains("SqrtBackward0 (recorded at") && message.contains("tape.rs"), "{message}");
    // Without the mode both run.
    assert!(x.log().sum().item::<f64>().is_nan());
    zero.sqrt().sum().backward();
    assert_eq!(grad_of(&zero), [f64::INFINITY]);
    // Finite work is left alone, integers and empty tensors too.
    detect_anomaly(|| {
        assert!(is_anomaly_enabled());
        (x.square().sum() + ints(&[1], &[1]).sum()).backward();
        Tensor::zeros([0], &cpu()).exp();
    });
}

#[test]
fn dropping_the_loss_frees_the_graph() {
    // A device of its own, so that other tests do not disturb the count.
    let device = Device::new(backend_cpu::Cpu::default());
    let x = Tensor::full([1000], 0.5, &device).requires_grad_(true);
    let before = device.stats().live;
    let loss = (0..50).fold(x.clone(), |h, _| h.tanh().square() + &x).sum();
    assert!(device.stats().live > before + 49 * 4000);
    drop(loss);
    assert_eq!(device.stats().live, before);
    // After a backward pass nothing is left but the gradient, while the loss still lives.
    let loss = (0..50).fold(x.clone(), |h, _| h.tanh().square()).sum();
    loss.backward();
    let after = device.stats().live;
    assert!(after <= before + 4096 + 64, "{} bytes beyond the gradient", after - before - 4096);
    // A graph of the backward pass goes as well.
    let loss = x.pow(3.0).sum();
    let g = grad(&[&loss], &[&x], true);
    drop((loss, g));
    assert_eq!(device.stats().live, after);
}

#[test]
fn tensors_cross_threads() {
    fn crosses<T: Send + Sync + Clone + 'static>() {}
    crosses::<Tensor>();
    let x = given(&[1.0, 2.0], &[2]);
    let y = x.square();
    // The graph is recorded here and walked there.
    std::thread::spawn(move || y.sum().backward()).join().unwrap();
    assert_eq!(grad_of(&x), [2.0, 4.0]);
    // Several graphs over one leaf at once: no deadlock, every gradient a whole one.
    let results: Vec<f64> = std::thread::scope(|scope| {
        let workers: Vec<_> = (1..5)
            .map(|k| {
                let x = &x;
                scope.spawn(move || grad(&[&(x * f64::from(k)).sum()], &[x], false)[0].clone().unwrap())
            })
            .collect();
        workers.into_iter().map(|w| w.join().unwrap().i(s![0]).item()).collect()
    });
    assert_eq!(results, [1.0, 2.0, 3.0, 4.0]);
    // And adding into it from several threads loses nothing.
    x.zero_grad();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..200).for_each(|_| (&x * 1.0).sum().backward()));
        }
    });
    assert_eq!(grad_of(&x), [800.0, 800.0]);
}

#[test]
fn what_tensors_say_of_themselves() {
    let x = given(&[1.0, 2.0], &[2]);
    assert!(x.is_leaf() && x.requires_grad() && x.grad_fn().is_none());
    let y = &x + 1.0;
    assert!(!y.is_leaf() && y.requires_grad());
    assert_eq!(y.grad_fn(), Some("AddBackward0"));
    let names = [
        (&x * &x, "MulBackward0"),
        (x.exp(), "ExpBackward0"),
        (x.sum(), "SumBackward0"),
        (x.sum_dim(0, false), "SumBackward1"),
        (x.mean(), "MeanBackward0"),
        (x.unsqueeze(0).t(), "TBackward0"),
        (x.unsqueeze(0).mm(&x.unsqueeze(1)), "MmBackward0"),
        (cat(&[&x, &x], 0), "CatBackward0"),
        (x.softmax(0), "SoftmaxBackward0"),
        (x.reshape([1, 2]), "ViewBackward0"),
        (x.copy(), "CloneBackward0"),
        (x.relu(), "ReluBackward0"),
    ];
    for (t, name) in names {
        assert_eq!(t.grad_fn(), Some(name));
    }
    assert_eq!(x.to_string(), "tensor([1., 2.], dtype=torch.float64, requires_grad=True)");
    assert_eq!(y.to_string(), "tensor([2., 3.], dtype=torch.float64, grad_fn=<AddBackward0>)");
    refuses("only leaves can stop requiring gradients", || y.clone().requires_grad_(false));
    refuses("only floating point tensors have gradients, this one is int32", || {
        ints(&[1], &[1]).requires_grad_(true)
    });
    assert!(x.is(&x.clone()) && !x.is(&y));
}
