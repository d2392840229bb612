//! Layers for images: what they print, draw and compute.

use autograd::{ConvOptions, Resize, Tensor};
use nn::optim::Optimizer;
use nn::*;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tensor_core::random::manual_seed;

/// The generator, which all tests share, for one of them at a time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reprs that PyTorch 2.15 prints, read off the `extra_repr` of its modules.
#[test]
fn layers_print_as_pytorchs() {
    let _turn = turn();
    let d = &backend_cpu::device();
    let table: Vec<(String, &str)> = vec![
        (
            Conv1d::new(2, 3, 5, d).padding("same").to_string(),
            "Conv1d(2, 3, kernel_size=(5,), stride=(1,), padding=same)",
        ),
        (
            Conv2d::new(2, 3, 3, d).padding(1).padding_mode("circular").to_string(),
            "Conv2d(2, 3, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), padding_mode=circular)",
        ),
        (
            Conv3d::with(2, 4, (1, 2, 3), ConvOptions::new().groups(2).dilation(2), false, d).to_string(),
            "Conv3d(2, 4, kernel_size=(1, 2, 3), stride=(1, 1, 1), dilation=(2, 2, 2), groups=2, bias=False)",
        ),
        (
            ConvTranspose1d::without_bias(4, 2, 3, d).stride(2).output_padding(1).to_string(),
            "ConvTranspose1d(4, 2, kernel_size=(3,), stride=(2,), output_padding=(1,), bias=False)",
        ),
        (
            ConvTranspose2d::new(16, 8, 3, d).stride(2).padding(1).output_padding(1).to_string(),
            "ConvTranspose2d(16, 8, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))",
        ),
        (
            MaxPool1d::new(3).ceil_mode(true).to_string(),
            "MaxPool1d(kernel_size=3, stride=3, padding=0, dilation=1, ceil_mode=True)",
        ),
        (AvgPool1d::new(3).to_string(), "AvgPool1d(kernel_size=(3,), stride=(3,), padding=(0,))"),
        (AvgPool2d::new((2, 3)).to_string(), "AvgPool2d(kernel_size=(2, 3), stride=(2, 3), padding=0)"),
        (AdaptiveMaxPool2d::new((5, 7)).to_string(), "AdaptiveMaxPool2d(output_size=(5, 7))"),
        (
            InstanceNorm2d::new(4, d).to_string(),
            "InstanceNorm2d(4, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=False)",
        ),
        (
            BatchNorm3d::new(4, d).momentum(None).bias(false).to_string(),
            "BatchNorm3d(4, eps=1e-05, momentum=None, affine=True, bias=False, track_running_stats=True)",
        ),
        (LocalResponseNorm::new(5).to_string(), "LocalResponseNorm(5, alpha=0.0001, beta=0.75, k=1.0)"),
        (
            Fold::new((4, 5), 2).stride((2, 1)).to_string(),
            "Fold(output_size=(4, 5), kernel_size=2, dilation=1, padding=0, stride=(2, 1))",
        ),
        (Unfold::new((2, 3)).to_string(), "Unfold(kernel_size=(2, 3), dilation=1, padding=0, stride=1)"),
        (Upsample::new(Resize::size([8, 9])).to_string(), "Upsample(size=(8, 9), mode='nearest')"),
        (PixelShuffle::new(3).to_string(), "PixelShuffle(upscale_factor=3)"),
        (ReflectionPad2d::new(2).to_string(), "ReflectionPad2d((2, 2, 2, 2))"),
        (ConstantPad1d::new([1, 2], 3.5).to_string(), "ConstantPad1d(padding=(1, 2), value=3.5)"),
        (Dropout2d::default().to_string(), "Dropout2d(p=0.5, inplace=False)"),
    ];
    for (printed, expected) in table {
        assert_eq!(printed, expected);
    }
}

#[test]
fn convolutions_draw_the_weight_and_then_the_bias() {
    let _turn = turn();
    let d = &backend_cpu::device();
    // PyTorch after manual_seed(s): uniform ±1/√fan, fan being in/groups · kernel, in this order.
    manual_seed(5);
    let conv = Conv2d::with(4, 6, (3, 5), ConvOptions::new().groups(2), true, d);
    manual_seed(5);
    let bound = 1.0 / (2.0 * 15.0f64).sqrt();
    let weight = Tensor::uniform([6, 2, 3, 5], -bound, bound, d);
    let bias = Tensor::uniform(6, -bound, bound, d);
    assert!(conv.weight.allclose(&weight, 1e-6, 0.0));
    assert_eq!(conv.bias.as_ref().unwrap().to_vec::<f32>(), bias.to_vec::<f32>());
    // Without a bias the weight is the same, and nothing else is drawn.
    manual_seed(5);
    let bare = Conv2d::without_bias(2, 6, (3, 5), d).stride(2);
    assert_eq!((bare.weight.to_vec::<f32>(), bare.bias.is_none()), (conv.weight.to_vec::<f32>(), true));
    assert_eq!(
        Tensor::uniform(6, -bound, bound, d).to_vec::<f32>(),
        conv.bias.as_ref().unwrap().to_vec::<f32>()
    );
    // The fan of a transposed one is out/groups · kernel.
    manual_seed(6);
    let conv = ConvTranspose2d::new(3, 2, 2, d);
    manual_seed(6);
    let bound = 1.0 / 8.0f64.sqrt();
    assert!(conv.weight.allclose(&Tensor::uniform([3, 2, 2, 2], -bound, bound, d), 1e-6, 0.0));
    assert_eq!(conv.bias.unwrap().to_vec::<f32>(), Tensor::uniform(2, -bound, bound, d).to_vec::<f32>());
}

#[test]
fn padding_modes_pad_before_they_convolve() {
    let _turn = turn();
    let d = &backend_cpu::device();
    let x = Tensor::randn([1, 2, 5, 6], d);
    let conv = Conv2d::new(2, 3, 3, d).padding((2, 1)).padding_mode("reflect");
    let padded = x.pad_reflect(&[1, 1, 2, 2]).conv2d(&conv.weight, conv.bias.as_ref(), ());
    assert_eq!(conv.forward(&x).to_vec::<f32>(), padded.to_vec::<f32>());
    let conv = Conv1d::new(2, 3, 4, d).padding("same").padding_mode("circular");
    let x = Tensor::randn([1, 2, 7], d);
    let padded = x.pad_circular(&[1, 2]).conv1d(&conv.weight, conv.bias.as_ref(), ());
    assert_eq!(conv.forward(&x).to_vec::<f32>(), padded.to_vec::<f32>());
}

#[test]
fn instance_norm_follows_its_running_statistics_in_evaluation() {
    let _turn = turn();
    let d = &backend_cpu::device();
    let norm = InstanceNorm2d::new(2, d).affine(true).track_running_stats(true);
    let x = Tensor::randn([3, 2, 4, 4], d) * 2.0 + 1.0;
    let y = norm.forward(&x);
    assert!(y.mean_dim([2, 3], false).abs().max().item::<f32>() < 1e-5, "each sample by itself");
    let state = norm.state_dict();
    let mean = x.mean_dim([0, 2, 3], false) * 0.1;
    let (_, running) = state.iter().find(|(name, _)| *name == "running_mean").unwrap();
    assert!(running.allclose(&mean, 1e-5, 1e-6));
    norm.eval();
    assert!(!norm.forward(&x).allclose(&y, 1e-3, 1e-3));
    let plain = InstanceNorm1d::new(2, d);
    plain.eval();
    let one = Tensor::randn([2, 5], d);
    assert!(
        plain.forward(&one).mean_dim(1, false).abs().max().item::<f32>() < 1e-6,
        "by its input, without a batch"
    );
}

/// A network of two convolutions learns to tell bright left halves from bright right ones.
#[test]
fn a_small_network_of_convolutions_learns() {
    let _turn = turn();
    let d = &backend_cpu::device();
    manual_seed(1);
    let model = seq![
        Conv2d::new(1, 4, 3, d).padding(1),
        BatchNorm2d::new(4, d),
        ReLU,
        MaxPool2d::new(2),
        Conv2d::new(4, 8, 3, d),
        ReLU,
        AdaptiveAvgPool2d::new((1, 2)),
        Flatten,
        Linear::new(16, 2, d)
    ];
    let labels: Vec<i32> = (0..16).map(|i| i % 2).collect();
    let mut pixels = vec![0f32; 16 * 64];
    for (i, p) in pixels.iter_mut().enumerate() {
        let (image, column) = (i / 64, i % 8);
        *p = ((i * 7919 % 13) as f32) / 13.0 + if (column / 4 == 1) == (image % 2 == 1) { 0.5 } else { 0.0 };
    }
    let (x, t) = (Tensor::from_vec(pixels, [16, 1, 8, 8], d), Tensor::from_vec(labels.clone(), 16, d));
    let mut opt = optim::Adam::new(model.parameters(), 0.01);
    let before = model.forward(&x).cross_entropy(&t).item::<f32>();
    for _ in 0..40 {
        let loss = model.forward(&x).cross_entropy(&t);
        opt.zero_grad();
        loss.backward();
        opt.step();
    }
    let y = model.forward(&x);
    let after = y.cross_entropy(&t).item::<f32>();
    assert!(after < 0.2 && before > 0.5, "{before} became {after}");
    assert_eq!(y.argmax_dim(1, false).to_vec::<i32>(), labels);
}

#[test]
fn a_step_has_the_same_bits_at_any_number_of_threads() {
    let _turn = turn();
    let d = &backend_cpu::device();
    let step = |threads: usize| {
        backend_cpu::set_num_threads(threads);
        manual_seed(3);
        let model = seq![
            Conv2d::new(3, 16, 3, d).padding(1),
            BatchNorm2d::new(16, d),
            ReLU,
            MaxPool2d::new(3).stride(2).padding(1),
            Conv2d::with(16, 16, 3, ConvOptions::new().groups(4), true, d),
            AvgPool2d::new(2),
            Flatten,
            Linear::new(16 * 25, 4, d)
        ];
        let x = Tensor::randn([32, 3, 24, 24], d);
        let t = Tensor::from_vec((0..32).map(|i| i % 4).collect::<Vec<i32>>(), 32, d);
        model.forward(&x).cross_entropy(&t).backward();
        let grads = model.parameters().into_iter().map(|p| p.grad().unwrap().to_vec::<f32>());
        grads.map(|g| g.iter().map(|v| v.to_bits()).collect()).collect::<Vec<Vec<u32>>>()
    };
    let one = step(1);
    assert!(one.iter().flatten().any(|&bits| bits != 0));
    for threads in [2, 3] {
        assert_eq!(step(threads), one, "{threads} threads");
    }
}
