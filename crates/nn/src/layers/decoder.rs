//! The transformer's decoder (Vaswani et al. 2017): the encoder's layer with an attention to what the encoder made.

use super::stack::{Stacked, TransformerStack};
use super::{AttentionOptions, Dropout, LayerNorm, Linear, MultiheadAttention, TransformerOptions, display};
use crate::module::Module;
use autograd::Tensor;
use tensor_core::Device;

/// Where a decoder may not look, as [`AttentionOptions`] has it; nowhere by default.
#[derive(Clone, Debug, Default)]
pub struct DecoderMasks {
    /// Of the target to itself, `[L, L]` or `[B·heads, L, L]`.
    pub tgt_mask: Option<Tensor>,
    /// Of the target to the memory, `[L, S]` or `[B·heads, L, S]`.
    pub memory_mask: Option<Tensor>,
    /// Places of the target to ignore, `[B, L]`, or `[L]` without a batch.
    pub tgt_key_padding_mask: Option<Tensor>,
    /// Places of the memory to ignore, `[B, S]`, or `[S]` without a batch.
    pub memory_key_padding_mask: Option<Tensor>,
    /// A hint that `tgt_mask` is causal: [`AttentionOptions::is_causal`].
    pub tgt_is_causal: bool,
    /// A hint that `memory_mask` is causal.
    pub memory_is_causal: bool,
}

/// Self-attention, attention to the memory, two linear layers, each added to what it reads: target `[L, B, E]` and
/// memory `[S, B, E]`, or with the batch first, or without B. As a [`Module`] it takes its input for both.
///
/// ```
/// use autograd::Tensor;
/// use nn::{TransformerDecoder, TransformerDecoderLayer, TransformerOptions};
/// let cpu = backend_cpu::device();
/// let options = TransformerOptions { dim_feedforward: 32, batch_first: true, ..Default::default() };
/// let decoder = TransformerDecoder::new(&TransformerDecoderLayer::with(8, 2, options, &cpu), 2);
/// let (target, memory) = (Tensor::randn([3, 5, 8], &cpu), Tensor::randn([3, 7, 8], &cpu));
/// assert_eq!(decoder.decode(&target, &memory, &Default::default()).shape().dims(), [3, 5, 8]);
/// ```
#[derive(Clone, Debug)]
pub struct TransformerDecoderLayer {
    /// Attention of the target to itself.
    pub self_attn: MultiheadAttention,
    /// Attention of the target to the memory.
    pub multihead_attn: MultiheadAttention,
    /// `[E] → [F]`
    pub linear1: Linear,
    /// Between the linear layers.
    pub dropout: Dropout,
    /// `[F] → [E]`
    pub linear2: Linear,
    /// Of the self-attention.
    pub norm1: LayerNorm,
    /// Of the attention to the memory.
    pub norm2: LayerNorm,
    /// Of the linear layers.
    pub norm3: LayerNorm,
    /// After the self-attention.
    pub dropout1: Dropout,
    /// After the attention to the memory.
    pub dropout2: Dropout,
    /// After the linear layers.
    pub dropout3: Dropout,
    options: TransformerOptions,
}

impl TransformerDecoderLayer {
    /// A layer of `nhead` heads over `d_model` numbers, with PyTorch's defaults.
    ///
    /// # Panics
    /// When the heads do not divide `d_model`.
    #[track_caller]
    pub fn new(d_model: usize, nhead: usize, device: &Device) -> Self {
        Self::with(d_model, nhead, TransformerOptions::default(), device)
    }

    /// A layer with settings. Draws the two attentions, then the linear layers.
    ///
    /// # Panics
    /// When the heads do not divide `d_model`, or `dropout` is not a probability.
    #[track_caller]
    pub fn with(d_model: usize, nhead: usize, options: TransformerOptions, device: &Device) -> Self {
        let norm = || options.layer_norm(d_model, device);
        let dropout = || Dropout::new(options.dropout);
        TransformerDecoderLayer {
            self_attn: options.attention(d_model, nhead, device),
            multihead_attn: options.attention(d_model, nhead, device),
            linear1: options.linear(d_model, options.dim_feedforward, device),
            dropout: dropout(),
            linear2: options.linear(options.dim_feedforward, d_model, device),
            norm1: norm(),
            norm2: norm(),
            norm3: norm(),
            dropout1: dropout(),
            dropout2: dropout(),
            dropout3: dropout(),
            options,
        }
    }

    /// The output: PyTorch's `layer(tgt, memory, …)`.
    ///
    /// # Panics
    /// When a shape does not fit.
    #[track_caller]
    pub fn decode(&self, tgt: &Tensor, memory: &Tensor, masks: &DecoderMasks) -> Tensor {
        let options = |attn: &Option<Tensor>, padding: &Option<Tensor>, is_causal| AttentionOptions {
            attn_mask: attn.clone(),
            key_padding_mask: padding.clone(),
            need_weights: false,
            is_causal,
            ..Default::default()
        };
        let own = options(&masks.tgt_mask, &masks.tgt_key_padding_mask, masks.tgt_is_causal);
        let other = options(&masks.memory_mask, &masks.memory_key_padding_mask, masks.memory_is_causal);
        let to_itself = |x: &Tensor| self.dropout1.forward(&self.self_attn.attend(x, x, x, &own).0);
        let to_memory =
            |x: &Tensor| self.dropout2.forward(&self.multihead_attn.attend(x, memory, memory, &other).0);
        let feed_forward = |x: &Tensor| {
            let out = self.options.feed_forward(x, &self.linear1, &self.dropout, &self.linear2);
            self.dropout3.forward(&out)
        };
        if self.options.norm_first {
            let x = tgt + to_itself(&self.norm1.forward(tgt));
            let x = &x + to_memory(&self.norm2.forward(&x));
            &x + feed_forward(&self.norm3.forward(&x))
        } else {
            let x = self.norm1.forward(&(tgt + to_itself(tgt)));
            let x = self.norm2.forward(&(&x + to_memory(&x)));
            self.norm3.forward(&(&x + feed_forward(&x)))
        }
    }
}

/// Decoder layers one after another, and a normalisation of the result if there is one.
pub type TransformerDecoder = TransformerStack<TransformerDecoderLayer>;

impl TransformerDecoder {
    /// The output, with the same memory and masks for each layer: PyTorch's `decoder(tgt, memory, …)`.
    ///
    /// # Panics
    /// When a shape does not fit.
    #[track_caller]
    pub fn decode(&self, tgt: &Tensor, memory: &Tensor, masks: &DecoderMasks) -> Tensor {
        self.through(tgt, |layer, x| layer.decode(x, memory, masks))
    }
}

impl Module for TransformerDecoderLayer {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        self.decode(input, input, &DecoderMasks::default())
    }
    fn name(&self) -> String {
        "TransformerDecoderLayer".into()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        vec![
            ("self_attn".into(), &self.self_attn),
            ("multihead_attn".into(), &self.multihead_attn),
            ("linear1".into(), &self.linear1),
            ("dropout".into(), &self.dropout),
            ("linear2".into(), &self.linear2),
            ("norm1".into(), &self.norm1),
            ("norm2".into(), &self.norm2),
            ("norm3".into(), &self.norm3),
            ("dropout1".into(), &self.dropout1),
            ("dropout2".into(), &self.dropout2),
            ("dropout3".into(), &self.dropout3),
        ]
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        vec![
            &mut self.self_attn,
            &mut self.multihead_attn,
            &mut self.linear1,
            &mut self.dropout,
            &mut self.linear2,
            &mut self.norm1,
            &mut self.norm2,
            &mut self.norm3,
            &mut self.dropout1,
            &mut self.dropout2,
            &mut self.dropout3,
        ]
    }
}

impl Stacked for TransformerDecoderLayer {
    const STACK: &'static str = "TransformerDecoder";
    #[track_caller]
    fn after(&self, x: &Tensor, input: &Tensor) -> Tensor {
        self.decode(x, input, &DecoderMasks::default())
    }
}

display!(TransformerDecoderLayer);
