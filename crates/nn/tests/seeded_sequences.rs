//! Layers over sequences after PyTorch's seeds: PyTorch 2.15's numbers, and that they learn.

use autograd::Tensor;
use nn::optim::{Adam, Optimizer};
use nn::*;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tensor_core::random::manual_seed;
use tensor_core::{DType, Device};

fn cpu() -> Device {
    backend_cpu::device()
}

/// Seeds the generator, which all tests share, and keeps it for one of them.
fn seeded(seed: i64) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    manual_seed(seed);
    turn
}

/// Numbers from −1 to 1 in even steps.
fn ramp(shape: &[usize]) -> Tensor {
    let n: usize = shape.iter().product();
    Tensor::linspace(-1.0, 1.0, n, &cpu()).reshape(shape.to_vec())
}

#[track_caller]
fn near(got: &Tensor, shape: &[usize], want: &[f64]) {
    assert_eq!(got.shape().dims(), shape);
    for (i, (a, b)) in got.to_dtype(DType::F64).to_vec::<f64>().iter().zip(want).enumerate() {
        assert!((a - b).abs() <= 2e-6, "element {i} is {a}, expected {b}");
    }
}

/// PyTorch 2.15 after `manual_seed(0)`: `cls(2, 2, num_layers=2, bidirectional=True)` of
/// `linspace(-1, 1, 12).view(3, 2, 2)`, and the gradient of `output.square().sum()`.
#[test]
fn two_layers_both_ways_give_pytorchs_numbers() {
    let _turn = seeded(0);
    let x = ramp(&[3, 2, 2]);
    let options = || RecurrentOptions { num_layers: 2, bidirectional: true, ..Default::default() };
    let grad = |output: &Tensor, weights: &[RecurrentWeights]| {
        output.square().sum().backward();
        weights[0].weight_ih.grad().unwrap()
    };
    manual_seed(0);
    let layer = RNN::with(2, 2, options(), &cpu()).nonlinearity(RnnNonlinearity::ReLU);
    let (output, h) = layer.run(&x, None);
    near(
        &output,
        &[3, 2, 4],
        &[
            0.617107, 0.733830, 0.084731, 0.490784, 0.127021, 1.050673, 0.029490, 0.497859, 0.0, 0.338940,
            0.0, 0.144588, 0.0, 0.568351, 0.119772, 0.148339, 0.0, 1.282576, 0.098775, 0.031141, 0.0,
            1.063973, 0.163113, 0.0,
        ],
    );
    near(
        &h,
        &[4, 2, 2],
        &[
            0.122972, 0.0, 0.140357, 0.0, 1.758823, 0.748170, 1.186839, 0.891272, 0.0, 1.282576, 0.0,
            1.063973, 0.084731, 0.490784, 0.029490, 0.497859,
        ],
    );
    near(&grad(&output, &layer.weights), &[2, 2], &[-1.439675, -1.880822, 1.734736, 1.135843]);
    manual_seed(0);
    let layer = LSTM::with(2, 2, options(), &cpu());
    let (output, (_, c)) = layer.run(&x, None);
    near(
        &output,
        &[3, 2, 4],
        &[
            0.025568, -0.106069, 0.048487, 0.154443, 0.023650, -0.108620, 0.067735, 0.146551, 0.040406,
            -0.149428, 0.050185, 0.146272, 0.040639, -0.153601, 0.065889, 0.134749, 0.050805, -0.167062,
            0.028820, 0.115344, 0.052067, -0.169471, 0.034681, 0.108723,
        ],
    );
    near(
        &c,
        &[4, 2, 2],
        &[
            -0.448248, -0.013144, -0.459160, -0.029187, 0.576010, 0.258707, 0.439204, 0.143402, 0.184893,
            -0.540729, 0.189999, -0.550519, 0.086379, 0.254037, 0.122207, 0.246506,
        ],
    );
    near(
        &grad(&output, &layer.weights),
        &[8, 2],
        &[
            -0.001267, 0.000557, -0.000213, 0.000021, 0.000897, 0.001466, -0.000110, -0.000232, -0.000270,
            -0.002506, -0.004150, -0.004983, 0.002361, 0.003634, -0.000428, -0.000306,
        ],
    );
    manual_seed(0);
    let layer = GRU::with(2, 2, options(), &cpu());
    let (output, h) = layer.run(&x, None);
    near(
        &output,
        &[3, 2, 4],
        &[
            -0.161769, 0.139675, -0.270095, -0.290507, -0.178904, 0.170468, -0.258649, -0.398547, -0.222107,
            0.228920, -0.197737, -0.414684, -0.230704, 0.278232, -0.179746, -0.503118, -0.241274, 0.276972,
            -0.104131, -0.364981, -0.236756, 0.317755, -0.090425, -0.409228,
        ],
    );
    near(
        &h,
        &[4, 2, 2],
        &[
            -0.596409, -0.607748, -0.599890, -0.626951, 0.301321, -0.201552, 0.072010, -0.082604, -0.241274,
            0.276972, -0.236756, 0.317755, -0.270095, -0.290507, -0.258649, -0.398547,
        ],
    );
    near(
        &grad(&output, &layer.weights),
        &[6, 2],
        &[
            -0.009120, -0.000170, 0.003189, -0.002132, 0.057908, 0.034219, -0.004840, -0.000010, 0.098711,
            0.042116, -0.058554, -0.022423,
        ],
    );
}

/// PyTorch 2.15: `manual_seed(1); GRU(2, 2, num_layers=2, dropout=0.5, batch_first=True)(x)`.
#[test]
fn dropout_between_layers_draws_as_pytorch() {
    let _turn = seeded(1);
    let options = RecurrentOptions { num_layers: 2, dropout: 0.5, batch_first: true, ..Default::default() };
    let gru = GRU::with(2, 2, options, &cpu());
    let x = ramp(&[3, 2, 2]);
    near(
        &gru.forward(&x),
        &[3, 2, 2],
        &[
            -0.129067, -0.102883, -0.036021, -0.042466, -0.035744, -0.013998, 0.057877, 0.062802, 0.006137,
            0.013879, -0.033949, -0.039611,
        ],
    );
    gru.eval();
    assert!(gru.forward(&x).equal(&gru.forward(&x)), "no dropout in evaluation");
}

/// An LSTM learns to say, at the end, whether the first number was positive: 8 steps to remember.
#[test]
fn an_lstm_learns_to_remember() {
    let _turn = seeded(0);
    let (lstm, head) = (LSTM::new(1, 8, &cpu()), Linear::new(8, 2, &cpu()));
    let mut opt = Adam::new([lstm.parameters(), head.parameters()].concat(), 0.02);
    let scores = |x: &Tensor| head.forward(&lstm.forward(x).select(0, -1));
    let batch = || {
        let x = Tensor::randn([8, 32, 1], &cpu());
        let target = x.select(0, 0).select(1, 0).gt(0).to_dtype(DType::I32);
        (x, target)
    };
    for _ in 0..150 {
        let (x, target) = batch();
        opt.zero_grad();
        scores(&x).cross_entropy(&target).backward();
        opt.step();
    }
    let (x, target) = batch();
    let right = scores(&x).argmax_dim(1, false).eq(&target).to_dtype(DType::F32).mean().item::<f32>();
    assert!(right > 0.9, "{right}");
}
