//! `torch.nn`: layers, and modules as objects.

use super::convert::{Modules, Shape1d};
use super::{Entry, forms};
use crate::modules::ModuleRef;
use crate::python::Value;
use autograd::Tensor;
use firebrand::device;
use nn::{Approximate, Module};

/// `model.named_parameters()`, as a list of pairs.
fn named(tensors: Vec<(String, Tensor)>) -> Value {
    let pair = |(name, t): (String, Tensor)| Value::tuple(vec![Value::from(name), t.into()]);
    Value::list(tensors.into_iter().map(pair).collect())
}

fn boxed(modules: Vec<ModuleRef>) -> Vec<Box<dyn Module>> {
    modules.into_iter().map(|m| Box::new(m) as Box<dyn Module>).collect()
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = forms! { via ModuleRef::new;
        "nn" Linear(in_features: usize, out_features: usize) => nn::Linear::new(in_features, out_features, &device());
        "nn" Linear(in_features: usize, out_features: usize, bias: bool) => if bias { nn::Linear::new(in_features, out_features, &device()) } else { nn::Linear::without_bias(in_features, out_features, &device()) };
        "nn" Sequential(modules: Modules) => nn::Sequential::new(modules.0);
        "nn" Flatten(start_dim: isize = 1, end_dim: isize = -1) => nn::Flatten { start_dim, end_dim };
        "nn" Identity() => nn::Identity;
        "nn" ModuleList(modules: Vec<ModuleRef> = vec![]) => boxed(modules) as nn::ModuleList;
        "nn" ReLU(inplace: bool = false) => nn::ReLU { inplace };
        "nn" Sigmoid() => nn::Sigmoid;
        "nn" Tanh() => nn::Tanh;
        "nn" SiLU() => nn::SiLU;
        "nn" GELU(approximate: Approximate = Approximate::None) => nn::GELU { approximate };
        "nn" LeakyReLU(negative_slope: f64 = 0.01) => nn::LeakyReLU { negative_slope };
        "nn" ELU(alpha: f64 = 1.0) => nn::ELU { alpha };
        "nn" Softplus(beta: f64 = 1.0, threshold: f64 = 20.0) => nn::Softplus { beta, threshold };
        "nn" Softmax(dim: Option<isize> = None) => nn::Softmax { dim };
        "nn" LogSoftmax(dim: Option<isize> = None) => nn::LogSoftmax { dim };
        "nn" Dropout(p: f64 = 0.5, inplace: bool = false) => nn::Dropout::new(p);
        "nn" Embedding(num_embeddings: usize, embedding_dim: usize) => nn::Embedding::new(num_embeddings, embedding_dim, &device());
        "nn" Embedding(num_embeddings: usize, embedding_dim: usize, padding_idx: isize) => nn::Embedding::new(num_embeddings, embedding_dim, &device()).padding_idx(padding_idx);
        "nn" BatchNorm1d(num_features: usize, eps: f64 = 1e-5, momentum: Option<f64> = Some(0.1), affine: bool = true, track_running_stats: bool = true) =>
            nn::BatchNorm1d::new(num_features, &device()).eps(eps).momentum(momentum).affine(affine).track_running_stats(track_running_stats);
        "nn" LayerNorm(normalized_shape: Shape1d, eps: f64 = 1e-5, elementwise_affine: bool = true) => nn::LayerNorm::new(normalized_shape.0, &device()).eps(eps).elementwise_affine(elementwise_affine);
    };
    all.extend(forms! {
        "nn.Module" forward(module: ModuleRef, input: Tensor) => module.get().forward(&input);
        "nn.Module" parameters(module: ModuleRef) => Value::list(module.get().parameters().into_iter().map(Value::Tensor).collect());
        "nn.Module" named_parameters(module: ModuleRef) => named(module.get().named_parameters());
        "nn.Module" state_dict(module: ModuleRef) => crate::modules::dict(module.get().state_dict());
        "nn.Module" train(module: ModuleRef, mode: bool = true) => { module.get().set_mode(mode); module };
        "nn.Module" eval(module: ModuleRef) => { module.get().eval(); module };
        "nn.Module" zero_grad(module: ModuleRef) => module.get().zero_grad();
        "nn.Module" to(module: ModuleRef, device: Value) => module;
    });
    all
}
