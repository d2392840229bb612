//! Layers over sequences after PyTorch's seeds: PyTorch 2.15's numbers, and that they learn.

use autograd::Tensor;
use nn::optim::{Adam, Optimizer};
use nn::*;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tensor_core::random::manual_seed;
use tensor_core::{Activation, DType, Device};

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

/// What the attention below reads: waves, `(linspace(-1, 1, n) * by).sin()`.
fn waves(shape: &[usize], by: f64) -> Tensor {
    (ramp(shape) * by).sin()
}

/// PyTorch 2.15: `MultiheadAttention(4, 2)` with both masks, and with dropout on the weights.
#[test]
fn attention_gives_pytorchs_numbers() {
    let _turn = seeded(2);
    let attention = MultiheadAttention::new(4, 2, &cpu());
    let x = waves(&[3, 2, 4], 7.0);
    let options = AttentionOptions {
        attn_mask: Some(Tensor::new(&[[false, true, true], [false, false, true], [false; 3]], &cpu())),
        key_padding_mask: Some(Tensor::new(&[[false, false, true], [false; 3]], &cpu())),
        ..Default::default()
    };
    let (output, weights) = attention.attend(&x, &x, &x, &options);
    near(
        &output,
        &[3, 2, 4],
        &[
            -0.034433, 0.264835, -0.301709, 0.140295, 0.028761, -0.171800, 0.117656, 0.053007, -0.011350,
            0.126636, -0.061882, -0.067356, 0.010557, -0.003849, -0.078050, 0.156731, -0.021031, 0.156888,
            -0.124075, -0.012022, 0.011510, 0.076623, -0.084910, 0.086364,
        ],
    );
    near(
        &weights.unwrap(),
        &[2, 3, 3],
        &[
            1.000000, 0.000000, 0.000000, 0.497493, 0.502507, 0.000000, 0.601823, 0.398177, 0.000000,
            1.000000, 0.000000, 0.000000, 0.527040, 0.472960, 0.000000, 0.419977, 0.283198, 0.296825,
        ],
    );
    manual_seed(5);
    let attention = MultiheadAttention::new(4, 2, &cpu()).dropout(0.5);
    near(
        &attention.forward(&x),
        &[3, 2, 4],
        &[
            -0.096502, -0.120433, 0.135522, 0.116764, 0.353926, 0.126770, -0.112483, -0.089892, 0.227080,
            -0.049921, 0.080280, 0.092819, 0.150028, 0.125897, -0.067663, -0.048889, 0.064546, -0.059490,
            0.017099, 0.035188, 0.118560, 0.160184, -0.171032, -0.186476,
        ],
    );
    let key = waves(&[1, 2, 4, 2], 5.0);
    let causal =
        key.narrow(2, 0, 3).scaled_dot_product_attention(&key, &(&key * 2.0 + 1.0), None, 0.0, true, None);
    near(
        &causal,
        &[1, 2, 3, 2],
        &[
            2.917849, 2.858029, 2.472882, 1.817546, 0.327592, -0.333988, 1.654389, 2.682942, 2.457634,
            2.540633, 1.898478, 1.463129,
        ],
    );
}

/// PyTorch 2.15: `TransformerEncoder(TransformerEncoderLayer(4, 2, dim_feedforward=8, dropout=0.0, …), 2,
/// norm=LayerNorm(4))`, and a layer with dropout.
#[test]
fn encoders_give_pytorchs_numbers() {
    let _turn = seeded(3);
    let x = waves(&[3, 2, 4], 7.0);
    let options = |dropout| TransformerOptions { dim_feedforward: 8, dropout, ..Default::default() };
    let encode = |options| {
        manual_seed(3);
        let layer = TransformerEncoderLayer::with(4, 2, options, &cpu());
        TransformerEncoder::new(&layer, 2).norm(LayerNorm::new(4, &cpu())).forward(&x)
    };
    near(
        &encode(options(0.0)),
        &[3, 2, 4],
        &[
            -1.703166, 0.277242, 0.659618, 0.766306, 0.723157, 0.918619, -0.019194, -1.622583, -0.963941,
            0.163613, -0.766829, 1.567157, -1.604989, 0.129671, 1.136956, 0.338362, 1.072572, 0.836980,
            -1.358396, -0.551156, -1.614087, -0.034550, 0.693005, 0.955632,
        ],
    );
    let other = TransformerOptions {
        norm_first: true,
        activation: Activation::Gelu,
        batch_first: true,
        ..options(0.0)
    };
    near(
        &encode(other),
        &[3, 2, 4],
        &[
            -1.642318, 0.175063, 1.046436, 0.420820, -1.672642, 0.564217, 0.921220, 0.187205, -1.208935,
            -0.338871, -0.008954, 1.556760, -1.643132, 0.044393, 0.699102, 0.899638, 0.726424, 0.431200,
            -1.722498, 0.564873, -1.724303, 0.502690, 0.728796, 0.492817,
        ],
    );
    manual_seed(4);
    let layer = TransformerEncoderLayer::with(4, 2, options(0.5), &cpu());
    near(
        &layer.forward(&x),
        &[3, 2, 4],
        &[
            -1.460885, -0.376493, 0.784452, 1.052925, 1.428676, 0.340498, -0.511805, -1.257369, 0.050762,
            -0.953398, -0.706493, 1.609129, -1.557899, -0.137808, 1.088915, 0.606792, 1.364041, 0.527280,
            -0.754903, -1.136418, -1.292325, -0.637494, 1.140064, 0.789755,
        ],
    );
    for (norm_first, want) in [
        (
            false,
            [
                -1.308344, -0.633969, 0.971984, 0.970330, 0.417015, 1.425343, -0.700581, -1.141776,
                -0.051391, -0.192002, -1.280235, 1.523628, -1.664495, 0.240663, 0.992851, 0.430982, 1.406197,
                0.466971, -0.778252, -1.094916, -0.736840, -1.144168, 0.505287, 1.375720,
            ],
        ),
        (
            true,
            [
                -0.860927, 0.059061, 0.479932, 0.669234, 0.989190, 2.394023, 0.389653, 0.408603, -0.748756,
                -0.998797, -0.598333, 0.084032, -0.111355, 0.791368, 0.998797, 0.798785, 0.417201, -0.215856,
                -1.244674, -1.311706, -0.895375, -1.757184, -0.210053, 0.559539,
            ],
        ),
    ] {
        manual_seed(4);
        let options = TransformerOptions { batch_first: true, norm_first, ..options(0.5) };
        near(&TransformerEncoderLayer::with(4, 2, options, &cpu()).forward(&x), &[3, 2, 4], &want);
    }
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
