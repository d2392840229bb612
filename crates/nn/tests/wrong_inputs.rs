//! What a layer cannot take is refused under the layer's or its function's own name, with the shape.

use autograd::{ConvOptions, Tensor};
use nn::Module;
use std::panic::{AssertUnwindSafe, catch_unwind};
use tensor_core::{DType, Device};

fn cpu() -> Device {
    backend_cpu::device()
}

/// The message that a call panics with.
fn message(f: impl FnOnce() -> Tensor) -> String {
    let Err(panic) = catch_unwind(AssertUnwindSafe(f)) else { return "nothing".into() };
    panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "no text".into())
}

#[test]
fn layers_name_themselves() {
    let cpu = cpu();
    let layers: Vec<(&str, Box<dyn Module>)> = vec![
        ("linear", Box::new(nn::Linear::new(4, 2, &cpu))),
        ("layer_norm", Box::new(nn::LayerNorm::new(4, &cpu))),
        ("rms_norm", Box::new(nn::RMSNorm::new(4, &cpu))),
        ("GroupNorm", Box::new(nn::GroupNorm::new(2, 4, &cpu))),
        ("BatchNorm1d", Box::new(nn::BatchNorm1d::new(4, &cpu))),
        ("BatchNorm2d", Box::new(nn::BatchNorm2d::new(4, &cpu))),
        ("InstanceNorm2d", Box::new(nn::InstanceNorm2d::new(4, &cpu))),
        ("conv1d", Box::new(nn::Conv1d::new(4, 2, 3, &cpu))),
        ("conv2d", Box::new(nn::Conv2d::new(4, 2, 3, &cpu))),
        ("conv3d", Box::new(nn::Conv3d::new(4, 2, 3, &cpu))),
        ("conv_transpose2d", Box::new(nn::ConvTranspose2d::with(4, 2, 3, ConvOptions::new(), true, &cpu))),
        ("max_pool2d", Box::new(nn::MaxPool2d::new(2))),
        ("avg_pool2d", Box::new(nn::AvgPool2d::new(2))),
        ("avg_pool2d", Box::new(nn::LPPool2d::new(2, 2))),
        ("adaptive_avg_pool2d", Box::new(nn::AdaptiveAvgPool2d::new(2))),
        ("Dropout2d", Box::new(nn::Dropout2d::new(0.5))),
        ("embedding_bag", Box::new(nn::EmbeddingBag::new(4, 2, &cpu))),
        ("im2col", Box::new(nn::Unfold::new(2))),
        ("col2im", Box::new(nn::Fold::new(2, 2))),
        ("interpolate", Box::new(nn::UpsamplingNearest2d::new(autograd::Resize::scale_factor([2.0, 2.0])))),
        ("pixel_shuffle", Box::new(nn::PixelShuffle::new(2))),
        ("channel_shuffle", Box::new(nn::ChannelShuffle::new(2))),
        ("pad_reflect", Box::new(nn::ReflectionPad2d::new(1))),
        ("unflatten", Box::new(nn::Unflatten::new(0, [2, 2]))),
        ("Softmax2d", Box::new(nn::Softmax2d)),
        ("prelu", Box::new(nn::PReLU::new(4, &cpu))),
        ("glu", Box::new(nn::GLU)),
    ];
    let mut odd = Vec::new();
    for (name, layer) in layers {
        let text = message(|| layer.forward(&Tensor::ones([5], &cpu)));
        if !text.starts_with(&format!("{name}: ")) || !text.contains('5') {
            odd.push(format!("{name} says {text}"));
        }
    }
    assert!(odd.is_empty(), "{}", odd.join("\n"));
}

#[test]
fn embeddings_say_which_index_there_is_not() {
    let (cpu, layer) = (cpu(), nn::Embedding::new(4, 2, &cpu()));
    let text = message(|| layer.forward(&Tensor::new(&[[1, 4]], &cpu)));
    assert!(text.starts_with("embedding: ") && text.contains('4'), "{text}");
    let text = message(|| layer.forward(&Tensor::zeros([2], (DType::F32, &cpu))));
    assert!(text.starts_with("embedding: ") && text.contains("float32"), "{text}");
}

/// A module that shows a tensor or a part and gives none to be changed would stay as it is without a word.
#[test]
fn modules_that_cannot_be_converted_say_so() {
    struct Gain(Tensor);
    impl Module for Gain {
        fn forward(&self, x: &Tensor) -> Tensor {
            x * &self.0
        }
        fn name(&self) -> String {
            "Gain".into()
        }
        fn tensors(&self) -> Vec<(&str, &Tensor, nn::Role)> {
            vec![("gain", &self.0, nn::Role::Parameter)]
        }
    }
    struct Outer(Gain);
    impl Module for Outer {
        fn forward(&self, x: &Tensor) -> Tensor {
            self.0.forward(x)
        }
        fn name(&self) -> String {
            "Outer".into()
        }
        fn children(&self) -> Vec<(String, &dyn Module)> {
            vec![("gain".into(), &self.0)]
        }
    }
    let gain = || Gain(Tensor::ones(1, &cpu()));
    let converted = |mut module: Box<dyn Module>| {
        message(|| {
            module.to_dtype(DType::F64);
            Tensor::ones(1, &cpu())
        })
    };
    let hint = "implement both, with the same entries";
    let told = converted(Box::new(gain()));
    assert_eq!(told, format!("Gain: tensors() lists 1, tensors_mut() 0\n  hint: {hint}"));
    let told = converted(Box::new(Outer(gain())));
    assert_eq!(told, format!("Outer: children() lists 1, children_mut() 0\n  hint: {hint}"));
}
