//! The transformer's encoder (Vaswani et al. 2017), normalised after each part or before (Xiong et al. 2020).

use super::stack::{Stacked, TransformerStack};
use super::{AttentionOptions, Dropout, LayerNorm, Linear, MultiheadAttention, display};
use crate::module::Module;
use autograd::Tensor;
use tensor_core::{Activation, Device};

/// Settings of a [`TransformerEncoderLayer`]; the default is PyTorch's.
#[derive(Clone, Debug)]
pub struct TransformerOptions {
    /// Width between the two linear layers; 2048.
    pub dim_feedforward: usize,
    /// Probability of dropout on the attention's weights and after each part, while training; 0.1.
    pub dropout: f64,
    /// Between the two linear layers; ReLU.
    pub activation: Activation,
    /// Added to the variance by the normalisations; 1e-5.
    pub layer_norm_eps: f64,
    /// Whether the batch is the first dimension; it is the second.
    pub batch_first: bool,
    /// Whether each part normalises what it reads, instead of its sum with that.
    pub norm_first: bool,
    /// Whether there are biases; there are.
    pub bias: bool,
}

impl Default for TransformerOptions {
    fn default() -> Self {
        TransformerOptions {
            dim_feedforward: 2048,
            dropout: 0.1,
            activation: Activation::Relu,
            layer_norm_eps: 1e-5,
            batch_first: false,
            norm_first: false,
            bias: true,
        }
    }
}

impl TransformerOptions {
    #[track_caller]
    pub(super) fn linear(&self, inputs: usize, outputs: usize, device: &Device) -> Linear {
        match self.bias {
            true => Linear::new(inputs, outputs, device),
            false => Linear::without_bias(inputs, outputs, device),
        }
    }

    #[track_caller]
    pub(super) fn attention(&self, d_model: usize, nhead: usize, device: &Device) -> MultiheadAttention {
        let attention = match self.bias {
            true => MultiheadAttention::new(d_model, nhead, device),
            false => MultiheadAttention::without_bias(d_model, nhead, device),
        };
        attention.dropout(self.dropout).batch_first(self.batch_first)
    }

    pub(super) fn layer_norm(&self, d_model: usize, device: &Device) -> LayerNorm {
        LayerNorm::new(d_model, device).eps(self.layer_norm_eps).bias(self.bias)
    }

    /// Two linear layers with the activation and dropout between them.
    #[track_caller]
    pub(super) fn feed_forward(
        &self,
        x: &Tensor,
        wide: &Linear,
        dropout: &Dropout,
        narrow: &Linear,
    ) -> Tensor {
        let hidden = match self.activation {
            act @ Activation::Relu => x.linear_act(&wide.weight, wide.bias.as_ref(), Some(act)),
            act => wide.forward(x).activation(act),
        };
        narrow.forward(&dropout.forward(&hidden))
    }
}

/// Self-attention, then two linear layers, each added to what it reads: `[L, B, E] → [L, B, E]`, or with
/// the batch first, or without B. As a [`Module`] it takes no masks.
///
/// ```
/// use autograd::Tensor;
/// use nn::{Module, TransformerEncoder, TransformerEncoderLayer, TransformerOptions};
/// let cpu = backend_cpu::device();
/// let options = TransformerOptions { dim_feedforward: 32, batch_first: true, ..Default::default() };
/// let encoder = TransformerEncoder::new(&TransformerEncoderLayer::with(8, 2, options, &cpu), 6);
/// assert_eq!(encoder.forward(&Tensor::randn([3, 5, 8], &cpu)).shape().dims(), [3, 5, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct TransformerEncoderLayer {
    /// Attention of the sequence to itself.
    pub self_attn: MultiheadAttention,
    /// `[E] → [F]`
    pub linear1: Linear,
    /// Between the linear layers.
    pub dropout: Dropout,
    /// `[F] → [E]`
    pub linear2: Linear,
    /// Of the attention.
    pub norm1: LayerNorm,
    /// Of the linear layers.
    pub norm2: LayerNorm,
    /// After the attention.
    pub dropout1: Dropout,
    /// After the linear layers.
    pub dropout2: Dropout,
    options: TransformerOptions,
}

impl TransformerEncoderLayer {
    /// A layer of `nhead` heads over `d_model` numbers, with PyTorch's defaults.
    ///
    /// # Panics
    /// When the heads do not divide `d_model`.
    #[track_caller]
    pub fn new(d_model: usize, nhead: usize, device: &Device) -> Self {
        Self::with(d_model, nhead, TransformerOptions::default(), device)
    }

    /// A layer with settings. Draws the attention, then the linear layers.
    ///
    /// # Panics
    /// When the heads do not divide `d_model`, or `dropout` is not a probability.
    #[track_caller]
    pub fn with(d_model: usize, nhead: usize, options: TransformerOptions, device: &Device) -> Self {
        TransformerEncoderLayer {
            self_attn: options.attention(d_model, nhead, device),
            linear1: options.linear(d_model, options.dim_feedforward, device),
            dropout: Dropout::new(options.dropout),
            linear2: options.linear(options.dim_feedforward, d_model, device),
            norm1: options.layer_norm(d_model, device),
            norm2: options.layer_norm(d_model, device),
            dropout1: Dropout::new(options.dropout),
            dropout2: Dropout::new(options.dropout),
            options,
        }
    }

    /// The output, with masks, and the hint that `src_mask` is causal, as [`AttentionOptions`] has them: PyTorch's
    /// `layer(src, src_mask, src_key_padding_mask, is_causal)`, whose default is false.
    ///
    /// # Panics
    /// When a shape does not fit.
    #[track_caller]
    pub fn encode(
        &self,
        src: &Tensor,
        src_mask: Option<&Tensor>,
        src_key_padding_mask: Option<&Tensor>,
        is_causal: bool,
    ) -> Tensor {
        let options = AttentionOptions {
            attn_mask: src_mask.cloned(),
            key_padding_mask: src_key_padding_mask.cloned(),
            need_weights: false,
            is_causal,
            ..Default::default()
        };
        let attention = |x: &Tensor| self.dropout1.forward(&self.self_attn.attend(x, x, x, &options).0);
        if self.options.norm_first {
            let x = src + attention(&self.norm1.forward(src));
            &x + self.feed_forward(&self.norm2.forward(&x))
        } else {
            let x = self.norm1.forward(&(src + attention(src)));
            self.norm2.forward(&(&x + self.feed_forward(&x)))
        }
    }

    #[track_caller]
    fn feed_forward(&self, x: &Tensor) -> Tensor {
        let out = self.options.feed_forward(x, &self.linear1, &self.dropout, &self.linear2);
        self.dropout2.forward(&out)
    }
}

/// Encoder layers one after another, and a normalisation of the result if there is one.
pub type TransformerEncoder = TransformerStack<TransformerEncoderLayer>;

impl TransformerEncoder {
    /// The output, with the same masks and hint for each layer: PyTorch's
    /// `encoder(src, mask, src_key_padding_mask, is_causal)`. PyTorch's default, `None`, finds out whether the mask is
    /// causal, which changes no result; here that is false.
    ///
    /// # Panics
    /// When a shape does not fit.
    #[track_caller]
    pub fn encode(
        &self,
        src: &Tensor,
        mask: Option<&Tensor>,
        src_key_padding_mask: Option<&Tensor>,
        is_causal: bool,
    ) -> Tensor {
        self.through(src, |layer, x| layer.encode(x, mask, src_key_padding_mask, is_causal))
    }
}

impl Module for TransformerEncoderLayer {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        self.encode(input, None, None, false)
    }
    fn name(&self) -> String {
        "TransformerEncoderLayer".into()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        vec![
            ("self_attn".into(), &self.self_attn),
            ("linear1".into(), &self.linear1),
            ("dropout".into(), &self.dropout),
            ("linear2".into(), &self.linear2),
            ("norm1".into(), &self.norm1),
            ("norm2".into(), &self.norm2),
            ("dropout1".into(), &self.dropout1),
            ("dropout2".into(), &self.dropout2),
        ]
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        vec![
            &mut self.self_attn,
            &mut self.linear1,
            &mut self.dropout,
            &mut self.linear2,
            &mut self.norm1,
            &mut self.norm2,
            &mut self.dropout1,
            &mut self.dropout2,
        ]
    }
}

impl Stacked for TransformerEncoderLayer {
    const STACK: &'static str = "TransformerEncoder";
    #[track_caller]
    fn after(&self, x: &Tensor, _input: &Tensor) -> Tensor {
        self.forward(x)
    }
}

display!(TransformerEncoderLayer);
