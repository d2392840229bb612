//! `torch.nn`: layers, and modules as objects.

use super::kinds::{Anything, Modules, NamedModules, Shape1d, State};
use super::{Entry, forms};
use crate::modules::ModuleRef;
use crate::modules::stored;
use crate::python::{PyError, Value};
use autograd::{ConvOptions, Each, Padding, Tensor};
use firebrand::device;
use nn::{Approximate, Module, PaddingMode};
use tensor_core::Scalar;

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
        "nn" Sequential(modules: Modules = Modules(vec![])) => nn::Sequential::new(modules.0);
        "nn" Flatten(start_dim: isize = 1, end_dim: isize = -1) => nn::Flatten { start_dim, end_dim };
        "nn" Identity(args: Anything = Anything) => nn::Identity;
        "nn" ModuleList(modules: Vec<ModuleRef> = vec![]) => boxed(modules) as nn::ModuleList;
        "nn" ModuleDict(modules: NamedModules = NamedModules(vec![])) => modules.0.into_iter().fold(nn::ModuleDict::default(), |all, (name, module)| all.with(&name, module));
        "nn" ParameterList(values: Vec<Tensor> = vec![]) => nn::ParameterList::new(values);
        "nn" ReLU(inplace: bool = false) => nn::ReLU.inplace(inplace);
        "nn" Sigmoid() => nn::Sigmoid;
        "nn" Tanh() => nn::Tanh;
        "nn" SiLU(inplace: bool = false) => nn::SiLU.inplace(inplace);
        "nn" GELU(approximate: Approximate = Approximate::None) => nn::GELU { approximate };
        "nn" LeakyReLU(negative_slope: Scalar = 0.01.into(), inplace: bool = false) => nn::LeakyReLU::new(negative_slope).inplace(inplace);
        "nn" ELU(alpha: Scalar = 1.0.into(), inplace: bool = false) => nn::ELU::new(alpha).inplace(inplace);
        "nn" Softplus(beta: Scalar = 1.0.into(), threshold: Scalar = 20.0.into()) => nn::Softplus::new(beta, threshold);
        "nn" Softmax(dim: Option<isize> = None) => nn::Softmax { dim };
        "nn" LogSoftmax(dim: Option<isize> = None) => nn::LogSoftmax { dim };
        "nn" Dropout(p: Scalar = 0.5.into(), inplace: bool = false) => nn::Dropout::new(p).inplace(inplace);
        "nn" AlphaDropout(p: Scalar = 0.5.into(), inplace: bool = false) => nn::AlphaDropout::new(p).inplace(inplace);
        "nn" FeatureAlphaDropout(p: Scalar = 0.5.into(), inplace: bool = false) => nn::FeatureAlphaDropout::new(p).inplace(inplace);
        "nn" Embedding(num_embeddings: usize, embedding_dim: usize, padding_idx: Option<isize> = None, max_norm: Option<f64> = None, norm_type: f64 = 2.0) => {
            let embedding = nn::Embedding::new(num_embeddings, embedding_dim, &device()).norm_type(norm_type);
            let embedding = if let Some(index) = padding_idx { embedding.padding_idx(index) } else { embedding };
            if let Some(max) = max_norm { embedding.max_norm(max) } else { embedding }
        };
        "nn" BatchNorm1d(num_features: usize, eps: f64 = 1e-5, momentum: Option<f64> = Some(0.1), affine: bool = true, track_running_stats: bool = true) =>
            nn::BatchNorm1d::new(num_features, &device()).eps(eps).momentum(momentum).affine(affine).track_running_stats(track_running_stats);
        "nn" Conv1d(in_channels: usize, out_channels: usize, kernel_size: Each<1>, stride: Each<1> = 1.into(), padding: Padding<1> = 0.into(), dilation: Each<1> = 1.into(), groups: usize = 1, bias: bool = true, padding_mode: PaddingMode = PaddingMode::Zeros) => {
            let options = ConvOptions::new().stride(stride).padding(padding).dilation(dilation).groups(groups);
            nn::Conv1d::with(in_channels, out_channels, kernel_size, options, bias, &device()).padding_mode(padding_mode)
        };
        "nn" Conv2d(in_channels: usize, out_channels: usize, kernel_size: Each<2>, stride: Each<2> = 1.into(), padding: Padding<2> = 0.into(), dilation: Each<2> = 1.into(), groups: usize = 1, bias: bool = true, padding_mode: PaddingMode = PaddingMode::Zeros) => {
            let options = ConvOptions::new().stride(stride).padding(padding).dilation(dilation).groups(groups);
            nn::Conv2d::with(in_channels, out_channels, kernel_size, options, bias, &device()).padding_mode(padding_mode)
        };
        "nn" Conv3d(in_channels: usize, out_channels: usize, kernel_size: Each<3>, stride: Each<3> = 1.into(), padding: Padding<3> = 0.into(), dilation: Each<3> = 1.into(), groups: usize = 1, bias: bool = true, padding_mode: PaddingMode = PaddingMode::Zeros) => {
            let options = ConvOptions::new().stride(stride).padding(padding).dilation(dilation).groups(groups);
            nn::Conv3d::with(in_channels, out_channels, kernel_size, options, bias, &device()).padding_mode(padding_mode)
        };
        "nn" ConvTranspose1d(in_channels: usize, out_channels: usize, kernel_size: Each<1>, stride: Each<1> = 1.into(), padding: Padding<1> = 0.into(), output_padding: Each<1> = 0.into(), groups: usize = 1, bias: bool = true, dilation: Each<1> = 1.into()) => {
            let options = ConvOptions::new().stride(stride).padding(padding).output_padding(output_padding).groups(groups).dilation(dilation);
            nn::ConvTranspose1d::with(in_channels, out_channels, kernel_size, options, bias, &device())
        };
        "nn" ConvTranspose2d(in_channels: usize, out_channels: usize, kernel_size: Each<2>, stride: Each<2> = 1.into(), padding: Padding<2> = 0.into(), output_padding: Each<2> = 0.into(), groups: usize = 1, bias: bool = true, dilation: Each<2> = 1.into()) => {
            let options = ConvOptions::new().stride(stride).padding(padding).output_padding(output_padding).groups(groups).dilation(dilation);
            nn::ConvTranspose2d::with(in_channels, out_channels, kernel_size, options, bias, &device())
        };
        "nn" ConvTranspose3d(in_channels: usize, out_channels: usize, kernel_size: Each<3>, stride: Each<3> = 1.into(), padding: Padding<3> = 0.into(), output_padding: Each<3> = 0.into(), groups: usize = 1, bias: bool = true, dilation: Each<3> = 1.into()) => {
            let options = ConvOptions::new().stride(stride).padding(padding).output_padding(output_padding).groups(groups).dilation(dilation);
            nn::ConvTranspose3d::with(in_channels, out_channels, kernel_size, options, bias, &device())
        };
        "nn" BatchNorm2d(num_features: usize, eps: f64 = 1e-5, momentum: Option<f64> = Some(0.1), affine: bool = true, track_running_stats: bool = true) =>
            nn::BatchNorm2d::new(num_features, &device()).eps(eps).momentum(momentum).affine(affine).track_running_stats(track_running_stats);
        "nn" BatchNorm3d(num_features: usize, eps: f64 = 1e-5, momentum: Option<f64> = Some(0.1), affine: bool = true, track_running_stats: bool = true) =>
            nn::BatchNorm3d::new(num_features, &device()).eps(eps).momentum(momentum).affine(affine).track_running_stats(track_running_stats);
        "nn" InstanceNorm1d(num_features: usize, eps: f64 = 1e-5, momentum: Option<f64> = Some(0.1), affine: bool = false, track_running_stats: bool = false) =>
            nn::InstanceNorm1d::new(num_features, &device()).eps(eps).momentum(momentum).affine(affine).track_running_stats(track_running_stats);
        "nn" InstanceNorm2d(num_features: usize, eps: f64 = 1e-5, momentum: Option<f64> = Some(0.1), affine: bool = false, track_running_stats: bool = false) =>
            nn::InstanceNorm2d::new(num_features, &device()).eps(eps).momentum(momentum).affine(affine).track_running_stats(track_running_stats);
        "nn" InstanceNorm3d(num_features: usize, eps: f64 = 1e-5, momentum: Option<f64> = Some(0.1), affine: bool = false, track_running_stats: bool = false) =>
            nn::InstanceNorm3d::new(num_features, &device()).eps(eps).momentum(momentum).affine(affine).track_running_stats(track_running_stats);
        "nn" GroupNorm(num_groups: usize, num_channels: usize, eps: f64 = 1e-5, affine: bool = true) => nn::GroupNorm::new(num_groups, num_channels, &device()).eps(eps).affine(affine);
        "nn" RMSNorm(normalized_shape: Shape1d, eps: Option<f64> = None, elementwise_affine: bool = true) => nn::RMSNorm::new(normalized_shape.0, &device()).eps(eps).elementwise_affine(elementwise_affine);
        "nn" Dropout1d(p: Scalar = 0.5.into(), inplace: bool = false) => nn::Dropout1d::new(p).inplace(inplace);
        "nn" Dropout2d(p: Scalar = 0.5.into(), inplace: bool = false) => nn::Dropout2d::new(p).inplace(inplace);
        "nn" Dropout3d(p: Scalar = 0.5.into(), inplace: bool = false) => nn::Dropout3d::new(p).inplace(inplace);
        "nn" LayerNorm(normalized_shape: Shape1d, eps: f64 = 1e-5, elementwise_affine: bool = true, bias: bool = true) => nn::LayerNorm::new(normalized_shape.0, &device()).eps(eps).elementwise_affine(elementwise_affine).bias(bias);
        "nn" LocalResponseNorm(size: usize, alpha: f64 = 1e-4, beta: f64 = 0.75, k: f64 = 1.0) => nn::LocalResponseNorm::new(size).alpha(alpha).beta(beta).k(k);
    };
    all.extend(forms! {
        "nn.Module" forward(module: ModuleRef, input: Tensor) => module.get().forward(&input);
        "nn.Module" parameters(module: ModuleRef) => Value::list(module.get().parameters().into_iter().map(Value::Tensor).collect());
        "nn.Module" named_parameters(module: ModuleRef) => named(module.get().named_parameters());
        "nn.Module" state_dict(module: ModuleRef) => crate::modules::dict(module.get().state_dict());
        "nn.Module" load_state_dict(module: ModuleRef, state_dict: State, strict: bool = true) => module.get().load_state_dict(&state_dict.0, strict).map(drop).map_err(PyError::runtime);
        "torch" load(f: String, weights_only: bool = true) => formats::pt::load(&f, &device()).map_err(PyError::runtime).map(|loaded| stored(&loaded.value));
        "nn.Module" train(module: ModuleRef, mode: bool = true) => { module.get().set_mode(mode); module };
        "nn.Module" eval(module: ModuleRef) => { module.get().eval(); module };
        "nn.Module" zero_grad(module: ModuleRef) => module.get().zero_grad();
        "nn.Module" to(module: ModuleRef, device: Value) => module;
    });
    all
}
