//! What training must keep to: memory stays flat, a run resumes where it stopped, a graph is freed.
//! That threads and vectors do not show is `exact.rs`'s.

use firebrand::nn::{self, Module, Sequential};
use firebrand::optim::{Adam, AdamW, Optimizer};
use firebrand::{Device, Generator, Tensor, default_generator, manual_seed};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The default generator is the program's: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

fn mlp(sizes: [usize; 3], device: &Device) -> Sequential {
    let [inputs, hidden, outputs] = sizes;
    nn::seq![nn::Linear::new(inputs, hidden, device), nn::ReLU, nn::Linear::new(hidden, outputs, device)]
}

/// A batch that depends on the generator alone.
fn batch(rows: usize, [inputs, _, classes]: [usize; 3], device: &Device) -> (Tensor, Tensor) {
    let x = Tensor::randn([rows, inputs], device);
    (x, Tensor::randint(0, classes as i64, [rows], device))
}

fn step(model: &Sequential, opt: &mut dyn Optimizer, (x, target): &(Tensor, Tensor)) -> Tensor {
    let loss = model.forward(x).cross_entropy(target);
    opt.zero_grad();
    loss.backward();
    opt.step();
    loss
}

/// The bits of all parameters.
fn bits(model: &Sequential) -> Vec<u32> {
    model.parameters().iter().flat_map(|p| p.to_vec::<f32>()).map(f32::to_bits).collect()
}

#[test]
fn two_thousand_steps_leave_memory_flat() {
    let _alone = alone();
    let device = Device::new(backend_cpu::Cpu::default()); // its counters are this test's alone
    manual_seed(0);
    let sizes = [8, 16, 4];
    let model = mlp(sizes, &device);
    let mut opt = Adam::new(model.parameters(), 1e-3);
    let data = batch(32, sizes, &device);
    for _ in 0..20 {
        step(&model, &mut opt, &data);
    }
    let warm = device.stats();
    let mut last = 0.0f32;
    for _ in 0..2000 {
        last = step(&model, &mut opt, &data).item();
    }
    let after = device.stats();
    assert_eq!(after.live, warm.live, "live bytes after 2,000 steps");
    assert_eq!(after.peak, warm.peak, "and the most at once");
    assert_eq!(after.allocations, warm.allocations, "nothing was asked of the system");
    assert_eq!(after.host_fallbacks, 0);
    assert_eq!(after.readbacks - warm.readbacks, 2000, "a loss a step");
    assert!(last.is_finite() && last < 1.0, "it learned something: {last}");
}

#[test]
fn a_run_resumes_where_it_stopped() {
    let _alone = alone();
    let sizes = [12, 24, 5];
    let device = firebrand::cpu();
    let make = || {
        let model = nn::seq![
            nn::Linear::new(12, 24, &device),
            nn::BatchNorm1d::new(24, &device),
            nn::ReLU,
            nn::Dropout::new(0.3),
            nn::Linear::new(24, 5, &device)
        ];
        let opt = AdamW::new(model.parameters(), 0.01).amsgrad(true);
        (model, opt)
    };
    let train = |model: &Sequential, opt: &mut dyn Optimizer, steps: usize| -> Vec<u32> {
        (0..steps).map(|_| step(model, opt, &batch(16, sizes, &device)).item::<f32>().to_bits()).collect()
    };
    manual_seed(5);
    let (model, mut opt) = make();
    train(&model, &mut opt, 30);
    // Everything that a checkpoint holds.
    let (weights, state, random) = (model.state_dict(), opt.state_dict(), default_generator().get_state());
    let losses = train(&model, &mut opt, 30);
    let end = (bits(&model), default_generator().words(4));

    manual_seed(77); // another program
    let (again, mut opt) = make();
    again.load_state_dict(&weights, true).expect("it fits");
    opt.load_state_dict(&state).expect("it fits");
    default_generator().set_state(&random).expect("it is a state");
    assert_eq!(train(&again, &mut opt, 30), losses);
    assert_eq!((bits(&again), default_generator().words(4)), end);
    for ((name, a), (_, b)) in model.named_buffers().iter().zip(again.named_buffers()) {
        assert_eq!(a.to_vec::<f32>(), b.to_vec::<f32>(), "{name}");
    }
}

#[test]
fn a_dropped_loss_frees_its_graph() {
    let _alone = alone();
    let device = Device::new(backend_cpu::Cpu::default());
    let sizes = [64, 128, 10];
    let model = mlp(sizes, &device);
    let generator = Generator::seeded(1);
    let x = Tensor::randn([256, 64], (&generator, &device));
    let target = Tensor::zeros([256], (firebrand::DType::I32, &device));
    let before = device.stats().live;
    let loss = model.forward(&x).cross_entropy(&target);
    assert!(device.stats().live > before + 256 * 128 * 4, "the graph holds activations");
    drop(loss);
    assert_eq!(device.stats().live, before);
}
