//! `torch.nn` over sequences: recurrent layers, attention, the transformer's encoder, and their calls.

use super::{Entry, FromValue, forms};
use crate::modules::ModuleRef;
use crate::python::Value;
use autograd::Tensor;
use firebrand::device;
use nn::{
    AttentionOptions, DecoderMasks, LayerNorm, Module, MultiheadAttention, RecurrentOptions, RnnNonlinearity,
    TransformerDecoder, TransformerDecoderLayer, TransformerEncoder, TransformerEncoderLayer,
    TransformerOptions,
};
use std::ops::Deref;
use std::sync::Arc;
use tensor_core::Activation;

/// A module of one type.
pub struct Of<M>(Arc<M>);

impl<M> Deref for Of<M> {
    type Target = M;
    fn deref(&self) -> &M {
        &self.0
    }
}
impl<M: Module + 'static> FromValue for Of<M> {
    const KIND: &'static str = "a Module of this kind";
    fn from_value(value: &Value) -> Option<Self> {
        ModuleRef::from_value(value)?.downcast().map(Of)
    }
}

impl FromValue for RnnNonlinearity {
    const KIND: &'static str = "'tanh' or 'relu'";
    fn from_value(value: &Value) -> Option<Self> {
        match &*String::from_value(value)? {
            "tanh" => Some(RnnNonlinearity::Tanh),
            "relu" => Some(RnnNonlinearity::ReLU),
            _ => None,
        }
    }
}

/// `activation='gelu'` or `F.gelu`.
impl FromValue for Activation {
    const KIND: &'static str = "'relu', 'gelu', F.relu or F.gelu";
    fn from_value(value: &Value) -> Option<Self> {
        let name = match value {
            Value::Str(name) => &**name,
            Value::Function(f) => f.path.strip_prefix("F.")?,
            _ => return None,
        };
        match name {
            "relu" => Some(Activation::Relu),
            "gelu" => Some(Activation::Gelu),
            _ => None,
        }
    }
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = forms! { via ModuleRef::new;
        "nn" RNN(input_size: usize, hidden_size: usize, num_layers: usize = 1, nonlinearity: RnnNonlinearity = RnnNonlinearity::Tanh, bias: bool = true, batch_first: bool = false, dropout: f64 = 0.0, bidirectional: bool = false) =>
            nn::RNN::with(input_size, hidden_size, RecurrentOptions { num_layers, bias, batch_first, dropout, bidirectional }, &device()).nonlinearity(nonlinearity);
        "nn" LSTM(input_size: usize, hidden_size: usize, num_layers: usize = 1, bias: bool = true, batch_first: bool = false, dropout: f64 = 0.0, bidirectional: bool = false) =>
            nn::LSTM::with(input_size, hidden_size, RecurrentOptions { num_layers, bias, batch_first, dropout, bidirectional }, &device());
        "nn" GRU(input_size: usize, hidden_size: usize, num_layers: usize = 1, bias: bool = true, batch_first: bool = false, dropout: f64 = 0.0, bidirectional: bool = false) =>
            nn::GRU::with(input_size, hidden_size, RecurrentOptions { num_layers, bias, batch_first, dropout, bidirectional }, &device());
        "nn" RNNCell(input_size: usize, hidden_size: usize, bias: bool = true, nonlinearity: RnnNonlinearity = RnnNonlinearity::Tanh) => if bias { nn::RNNCell::new(input_size, hidden_size, &device()) } else { nn::RNNCell::without_bias(input_size, hidden_size, &device()) }.nonlinearity(nonlinearity);
        "nn" LSTMCell(input_size: usize, hidden_size: usize, bias: bool = true) => if bias { nn::LSTMCell::new(input_size, hidden_size, &device()) } else { nn::LSTMCell::without_bias(input_size, hidden_size, &device()) };
        "nn" GRUCell(input_size: usize, hidden_size: usize, bias: bool = true) => if bias { nn::GRUCell::new(input_size, hidden_size, &device()) } else { nn::GRUCell::without_bias(input_size, hidden_size, &device()) };
        "nn" MultiheadAttention(embed_dim: usize, num_heads: usize, dropout: f64 = 0.0, bias: bool = true, batch_first: bool = false) => {
            let attention = if bias { MultiheadAttention::new(embed_dim, num_heads, &device()) } else { MultiheadAttention::without_bias(embed_dim, num_heads, &device()) };
            attention.dropout(dropout).batch_first(batch_first)
        };
        "nn" TransformerEncoderLayer(d_model: usize, nhead: usize, dim_feedforward: usize = 2048, dropout: f64 = 0.1, activation: Activation = Activation::Relu, layer_norm_eps: f64 = 1e-5, batch_first: bool = false, norm_first: bool = false, bias: bool = true) =>
            TransformerEncoderLayer::with(d_model, nhead, TransformerOptions { dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias }, &device());
        "nn" TransformerEncoder(encoder_layer: Of<TransformerEncoderLayer>, num_layers: usize, norm: Option<Of<LayerNorm>> = None) => {
            let encoder = TransformerEncoder::new(&encoder_layer, num_layers);
            if let Some(norm) = norm { encoder.norm(LayerNorm::clone(&norm)) } else { encoder }
        };
        "nn" TransformerDecoderLayer(d_model: usize, nhead: usize, dim_feedforward: usize = 2048, dropout: f64 = 0.1, activation: Activation = Activation::Relu, layer_norm_eps: f64 = 1e-5, batch_first: bool = false, norm_first: bool = false, bias: bool = true) =>
            TransformerDecoderLayer::with(d_model, nhead, TransformerOptions { dim_feedforward, dropout, activation, layer_norm_eps, batch_first, norm_first, bias }, &device());
        "nn" TransformerDecoder(decoder_layer: Of<TransformerDecoderLayer>, num_layers: usize, norm: Option<Of<LayerNorm>> = None) => {
            let decoder = TransformerDecoder::new(&decoder_layer, num_layers);
            if let Some(norm) = norm { decoder.norm(LayerNorm::clone(&norm)) } else { decoder }
        };
    };
    all.extend(forms! {
        "nn.RNN" forward(module: Of<nn::RNN>, input: Tensor, hx: Option<Tensor> = None) => module.run(&input, hx.as_ref());
        "nn.RNNCell" forward(module: Of<nn::RNNCell>, input: Tensor, hx: Option<Tensor> = None) => module.run(&input, hx.as_ref());
        "nn.LSTM" forward(module: Of<nn::LSTM>, input: Tensor, hx: Option<(Tensor, Tensor)> = None) => module.run(&input, hx.as_ref());
        "nn.LSTMCell" forward(module: Of<nn::LSTMCell>, input: Tensor, hx: Option<(Tensor, Tensor)> = None) => module.run(&input, hx.as_ref());
        "nn.GRU" forward(module: Of<nn::GRU>, input: Tensor, hx: Option<Tensor> = None) => module.run(&input, hx.as_ref());
        "nn.GRUCell" forward(module: Of<nn::GRUCell>, input: Tensor, hx: Option<Tensor> = None) => module.run(&input, hx.as_ref());
        "nn.MultiheadAttention" forward(module: Of<MultiheadAttention>, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Option<Tensor> = None, need_weights: bool = true, attn_mask: Option<Tensor> = None, average_attn_weights: bool = true, is_causal: bool = false) =>
            module.attend(&query, &key, &value, &AttentionOptions { key_padding_mask, attn_mask, need_weights, average_attn_weights, is_causal });
        "nn.TransformerEncoderLayer" forward(module: Of<TransformerEncoderLayer>, src: Tensor, src_mask: Option<Tensor> = None, src_key_padding_mask: Option<Tensor> = None, is_causal: bool = false) =>
            module.encode(&src, src_mask.as_ref(), src_key_padding_mask.as_ref(), is_causal);
        "nn.TransformerEncoder" forward(module: Of<TransformerEncoder>, src: Tensor, mask: Option<Tensor> = None, src_key_padding_mask: Option<Tensor> = None, is_causal: Option<bool> = None) =>
            module.encode(&src, mask.as_ref(), src_key_padding_mask.as_ref(), is_causal == Some(true));
        "nn.TransformerDecoderLayer" forward(module: Of<TransformerDecoderLayer>, tgt: Tensor, memory: Tensor, tgt_mask: Option<Tensor> = None, memory_mask: Option<Tensor> = None, tgt_key_padding_mask: Option<Tensor> = None, memory_key_padding_mask: Option<Tensor> = None, tgt_is_causal: bool = false, memory_is_causal: bool = false) =>
            module.decode(&tgt, &memory, &DecoderMasks { tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask, tgt_is_causal, memory_is_causal });
        "nn.TransformerDecoder" forward(module: Of<TransformerDecoder>, tgt: Tensor, memory: Tensor, tgt_mask: Option<Tensor> = None, memory_mask: Option<Tensor> = None, tgt_key_padding_mask: Option<Tensor> = None, memory_key_padding_mask: Option<Tensor> = None, tgt_is_causal: bool = false, memory_is_causal: bool = false) =>
            module.decode(&tgt, &memory, &DecoderMasks { tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask, tgt_is_causal, memory_is_causal });
        "F" scaled_dot_product_attention(query: Tensor, key: Tensor, value: Tensor, attn_mask: Option<Tensor> = None, dropout_p: f64 = 0.0, is_causal: bool = false, scale: Option<f64> = None) =>
            query.scaled_dot_product_attention(&key, &value, attn_mask.as_ref(), dropout_p, is_causal, scale);
    });
    all
}
