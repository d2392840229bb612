//! Scaled dot-product attention (Vaswani et al. 2017), composed of differentiable operations.

use crate::tensor::Tensor;
use tensor_core::{DType, check};

impl Tensor {
    /// `softmax(q·kᵀ·scale + mask)·v`, this being q: `[…, L, E], […, S, E], […, S, V] → […, L, V]`, leading
    /// dimensions broadcast. PyTorch's `F.scaled_dot_product_attention`.
    ///
    /// A boolean `attn_mask`, `[…, L, S]` as far as it broadcasts, is true where a query may look; another
    /// one is added. `is_causal` lets query i look at keys 0 to i, in place of a mask. A query that may look
    /// nowhere gets 0. Dropout falls on the weights whenever `dropout_p` is not 0. The scale is 1/√E if none
    /// is given.
    ///
    /// # Panics
    /// When shapes or types do not fit, or both a mask and `is_causal` are given.
    #[track_caller]
    pub fn scaled_dot_product_attention(
        &self,
        key: &Tensor,
        value: &Tensor,
        attn_mask: Option<&Tensor>,
        dropout_p: f64,
        is_causal: bool,
        scale: Option<f64>,
    ) -> Tensor {
        let name = "scaled_dot_product_attention";
        let fits = [self, key, value].iter().all(|t| t.rank() >= 2)
            && self.dim(-1) == key.dim(-1)
            && key.dim(-2) == value.dim(-2);
        if !fits {
            check::fail(
                name,
                format_args!("query {}, key {}, value {}", self.shape(), key.shape(), value.shape()),
                "they are […, L, E], […, S, E] and […, S, V]",
            );
        }
        let causal = match (attn_mask, is_causal) {
            (Some(_), true) => {
                check::fail(name, "both a mask and is_causal", "put the causal mask into yours")
            }
            (None, true) => {
                let looks = Tensor::ones([self.dim(-2), key.dim(-2)], (DType::Bool, self.device()));
                Some(looks.tril(0))
            }
            _ => None,
        };
        let weights = self.attention_weights(key, causal.as_ref().or(attn_mask), scale);
        weights.dropout(dropout_p, true).matmul(value)
    }

    /// `softmax(q·kᵀ·scale + mask)`, this being q: the weights of
    /// [`Tensor::scaled_dot_product_attention`] before dropout.
    #[track_caller]
    pub fn attention_weights(&self, key: &Tensor, attn_mask: Option<&Tensor>, scale: Option<f64>) -> Tensor {
        let scale = scale.unwrap_or_else(|| 1.0 / (self.dim(-1) as f64).sqrt());
        let scores = (self * scale).matmul(&key.transpose(-2, -1));
        let Some(mask) = attn_mask else { return scores.softmax(-1) };
        let shape = check::broadcast("attention mask", scores.shape(), mask.shape());
        if shape != *scores.shape() {
            check::fail(
                "attention mask",
                format_args!("a mask of shape {} for scores of shape {}", mask.shape(), scores.shape()),
                "it may have no more dimensions, and each is the scores' or 1",
            );
        }
        let scores = match mask.dtype() {
            DType::Bool => scores.masked_fill(&mask.logical_not(), f64::NEG_INFINITY),
            _ => scores + mask,
        };
        // Rows with nothing to look at would be 0/0, and so would their gradients.
        let nowhere = scores.detach().eq(f64::NEG_INFINITY).all_dim(-1, true);
        scores.masked_fill(&nowhere, 0.0).softmax(-1).masked_fill(&nowhere, 0.0)
    }
}
