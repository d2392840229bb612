//! `torch.nn`: layers, and modules as objects.

use super::convert::Modules;
use super::{Entry, forms};
use crate::modules::ModuleRef;
use crate::python::Value;
use autograd::Tensor;
use firebrand::device;

/// `model.named_parameters()`, as a list of pairs.
fn named(tensors: Vec<(String, Tensor)>) -> Value {
    let pair = |(name, t): (String, Tensor)| Value::tuple(vec![Value::from(name), t.into()]);
    Value::list(tensors.into_iter().map(pair).collect())
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = forms! { via ModuleRef::new;
        "nn" Linear(in_features: usize, out_features: usize) => nn::Linear::new(in_features, out_features, &device());
        "nn" Linear(in_features: usize, out_features: usize, bias: bool) => if bias { nn::Linear::new(in_features, out_features, &device()) } else { nn::Linear::without_bias(in_features, out_features, &device()) };
        "nn" Sequential(modules: Modules) => nn::Sequential::new(modules.0);
        "nn" Flatten() => nn::Flatten;
        "nn" ReLU() => nn::ReLU;
        "nn" Sigmoid() => nn::Sigmoid;
        "nn" Tanh() => nn::Tanh;
        "nn" SiLU() => nn::SiLU;
        "nn" GELU(approximate: String = "none".into()) => nn::Gelu { tanh: approximate == "tanh" };
        "nn" LeakyReLU(negative_slope: f64 = 0.01) => nn::LeakyReLU { negative_slope };
        "nn" ELU(alpha: f64 = 1.0) => nn::Elu { alpha };
        "nn" Softplus(beta: f64 = 1.0, threshold: f64 = 20.0) => nn::Softplus { beta, threshold };
        "nn" Softmax(dim: isize) => nn::Softmax { dim };
        "nn" LogSoftmax(dim: isize) => nn::LogSoftmax { dim };
        "nn" Dropout(p: f64 = 0.5) => nn::Dropout::new(p);
        "nn" Embedding(num_embeddings: usize, embedding_dim: usize) => nn::Embedding::new(num_embeddings, embedding_dim, &device());
        "nn" BatchNorm1d(num_features: usize) => nn::BatchNorm1d::new(num_features, &device());
        "nn" LayerNorm(normalized_shape: usize) => nn::LayerNorm::new(normalized_shape, &device());
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
