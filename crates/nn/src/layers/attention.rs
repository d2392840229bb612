//! Attention of several heads (Vaswani et al. 2017).

use super::{Linear, display};
use crate::init;
use crate::module::{Mode, Module, Role};
use autograd::Tensor;
use tensor_core::{DType, Device, Shape, check};

/// What [`MultiheadAttention::attend`] takes beside query, key and value; the default is PyTorch's.
#[derive(Clone, Debug)]
pub struct AttentionOptions {
    /// Keys to ignore, `[B, S]`, or `[S]` without a batch: true, or a number to add to their scores.
    pub key_padding_mask: Option<Tensor>,
    /// Where a query may not look, `[L, S]` or `[B·heads, L, S]`: true, or a number to add to the score.
    pub attn_mask: Option<Tensor>,
    /// Whether the weights are given back; they are.
    pub need_weights: bool,
    /// Whether they are the mean over heads; they are.
    pub average_attn_weights: bool,
    /// Says that `attn_mask`, which must be there, lets query i look at keys 0 to i. Where neither weights nor a
    /// padding mask are asked for it is taken at its word, and the mask is not looked at: as PyTorch has it.
    pub is_causal: bool,
}

impl Default for AttentionOptions {
    fn default() -> Self {
        AttentionOptions {
            key_padding_mask: None,
            attn_mask: None,
            need_weights: true,
            average_attn_weights: true,
            is_causal: false,
        }
    }
}

/// Each head attends in E/heads dimensions of its own: query `[L, B, E]`, key and value `[S, B, E]`, with
/// the batch first if so set, or without B. As a [`Module`] it gives its input's attention to itself.
///
/// ```
/// use autograd::Tensor;
/// use nn::MultiheadAttention;
/// let cpu = backend_cpu::device();
/// let attention = MultiheadAttention::new(8, 2, &cpu).batch_first(true);
/// let (query, memory) = (Tensor::randn([3, 4, 8], &cpu), Tensor::randn([3, 6, 8], &cpu));
/// let (output, weights) = attention.attend(&query, &memory, &memory, &Default::default());
/// assert_eq!(output.shape().dims(), [3, 4, 8]);
/// assert_eq!(weights.unwrap().shape().dims(), [3, 4, 6]);
/// ```
#[derive(Clone, Debug)]
pub struct MultiheadAttention {
    /// The projections of query, key and value below each other, `[3E, E]`
    pub in_proj_weight: Tensor,
    /// `[3E]`
    pub in_proj_bias: Option<Tensor>,
    /// Of the heads' outputs side by side.
    pub out_proj: Projection,
    heads: usize,
    dropout: f64,
    batch_first: bool,
    training: Mode,
}

/// The last linear layer of an attention, with PyTorch's own name for it.
#[derive(Clone, Debug)]
pub struct Projection(pub Linear);

impl MultiheadAttention {
    /// Heads over `embed_dim` numbers together, with biases, which start as 0. Draws the last projection
    /// first (its bias too, though it becomes 0).
    ///
    /// # Panics
    /// When the heads do not divide `embed_dim`.
    #[track_caller]
    pub fn new(embed_dim: usize, num_heads: usize, device: &Device) -> Self {
        let out_proj = Linear::new(embed_dim, embed_dim, device);
        let mut attention = Self::around(out_proj, num_heads, device);
        attention.in_proj_bias = Some(Tensor::zeros(3 * embed_dim, device).into_parameter());
        attention.out_proj.0.bias.iter().for_each(init::zeros_);
        attention
    }

    /// Heads without biases.
    ///
    /// # Panics
    /// When the heads do not divide `embed_dim`.
    #[track_caller]
    pub fn without_bias(embed_dim: usize, num_heads: usize, device: &Device) -> Self {
        Self::around(Linear::without_bias(embed_dim, embed_dim, device), num_heads, device)
    }

    #[track_caller]
    fn around(out_proj: Linear, heads: usize, device: &Device) -> Self {
        let size = out_proj.weight.dim(0);
        if size == 0 || heads == 0 || !size.is_multiple_of(heads) {
            check::fail(
                "MultiheadAttention",
                format_args!("{size} dimensions among {heads} heads"),
                "the number of heads must divide embed_dim, and neither may be 0",
            );
        }
        let in_proj_weight = Tensor::zeros([3 * size, size], device);
        init::xavier_uniform_(&in_proj_weight, 1.0);
        MultiheadAttention {
            in_proj_weight: in_proj_weight.into_parameter(),
            in_proj_bias: None,
            out_proj: Projection(out_proj),
            heads,
            dropout: 0.0,
            batch_first: false,
            training: Mode::default(),
        }
    }

    /// Probability of dropout on the weights, while training; 0 to begin with.
    ///
    /// # Panics
    /// When it is not a probability.
    #[must_use]
    #[track_caller]
    pub fn dropout(self, dropout: f64) -> Self {
        if !(0.0..=1.0).contains(&dropout) {
            let problem = format!("dropout {dropout} is not a probability");
            check::fail("MultiheadAttention", problem, "give a number from 0 to 1");
        }
        MultiheadAttention { dropout, ..self }
    }

    /// Whether the batch is the first dimension; it is the second to begin with.
    #[must_use]
    pub fn batch_first(self, batch_first: bool) -> Self {
        MultiheadAttention { batch_first, ..self }
    }

    /// The output, shaped as the query, and the weights if needed, `[B, L, S]` or `[B, heads, L, S]`,
    /// without B if the query has none: PyTorch's `attention(query, key, value, …)`. A query that may look
    /// nowhere gets the last projection of 0.
    ///
    /// # Panics
    /// When a shape does not fit.
    #[track_caller]
    pub fn attend(
        &self,
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        options: &AttentionOptions,
    ) -> (Tensor, Option<Tensor>) {
        self.fits(query, key, value);
        let single = query.rank() == 2;
        let inputs = [query, key, value].map(|t| match (single, self.batch_first) {
            (true, _) => t.unsqueeze(0),
            (false, true) => t.clone(),
            (false, false) => t.transpose(0, 1),
        });
        let [batch, len, size] = inputs[0].dims();
        let source = inputs[1].dim(1);
        let mask = self.mask(options, [batch, len, source], query.dtype());
        let [q, k, v] = self.project(&inputs, query.is(key) && key.is(value)).map(|t| {
            let per_head = [batch as isize, -1, self.heads as isize, (size / self.heads) as isize];
            t.reshape(per_head).transpose(1, 2)
        });
        let weights = q.attention_weights(&k, mask.as_ref(), None).dropout(self.dropout, self.is_training());
        // Time first in memory, whatever the order of dimensions: dropout after it draws in that order.
        let heads = weights.matmul(&v).permute(&[2, 0, 1, 3]).reshape(vec![len, batch, size]);
        let output = self.out_proj.forward(&heads);
        let weights = options.need_weights.then(|| {
            let weights = if options.average_attn_weights { weights.mean_dim(1, false) } else { weights };
            if single { weights.squeeze_dim(0) } else { weights }
        });
        let output = match (single, self.batch_first) {
            (true, _) => output.squeeze_dim(1),
            (false, true) => output.transpose(0, 1),
            (false, false) => output,
        };
        (output, weights)
    }

    /// q, k and v of `[B, …, E]`: one product if all are one.
    #[track_caller]
    fn project(&self, inputs: &[Tensor; 3], same: bool) -> [Tensor; 3] {
        if same {
            let all = inputs[0].linear(&self.in_proj_weight, self.in_proj_bias.as_ref()).chunk(3, -1);
            return all.try_into().expect("three equal parts");
        }
        let weights = self.in_proj_weight.chunk(3, 0);
        let biases = self.in_proj_bias.as_ref().map(|bias| bias.chunk(3, 0));
        [0, 1, 2].map(|i| inputs[i].linear(&weights[i], biases.as_ref().map(|biases| &biases[i])))
    }

    #[track_caller]
    fn fits(&self, query: &Tensor, key: &Tensor, value: &Tensor) {
        let (size, rank, batch) = (self.in_proj_weight.dim(1), query.rank(), isize::from(!self.batch_first));
        let fits = matches!(rank, 2 | 3)
            && key.rank() == rank
            && key.shape() == value.shape()
            && [query, key].iter().all(|t| t.dim(-1) == size)
            && (rank == 2 || query.dim(batch) == key.dim(batch));
        if !fits {
            let hint = match self.batch_first {
                true => format!("they are [B, L, {size}] and twice [B, S, {size}], or all without B"),
                false => format!("they are [L, B, {size}] and twice [S, B, {size}], or all without B"),
            };
            check::fail(
                "MultiheadAttention",
                format_args!("query {}, key {}, value {}", query.shape(), key.shape(), value.shape()),
                hint,
            );
        }
    }

    /// What is added to the scores `[B, heads, L, S]`, of both masks.
    #[track_caller]
    fn mask(
        &self,
        options: &AttentionOptions,
        [batch, len, source]: [usize; 3],
        dtype: DType,
    ) -> Option<Tensor> {
        let shaped = |name: &str, mask: &Option<Tensor>, accepted: &[(Shape, [usize; 4])]| {
            let mask = mask.as_ref()?;
            let Some((_, shape)) = accepted.iter().find(|(shape, _)| shape == mask.shape()) else {
                let accepted: Vec<String> = accepted.iter().map(|(shape, _)| shape.to_string()).collect();
                check::fail(
                    "MultiheadAttention",
                    format_args!("{name} of shape {}", mask.shape()),
                    format_args!("it must be {}", accepted.join(" or ")),
                )
            };
            let mask = mask.reshape(shape.to_vec());
            Some(match mask.dtype() {
                DType::Bool => {
                    Tensor::zeros(*mask.shape(), (dtype, mask.device())).masked_fill(&mask, f64::NEG_INFINITY)
                }
                _ => mask.to_dtype(dtype),
            })
        };
        let heads = self.heads;
        let causal = || Tensor::ones([len, source], (DType::Bool, self.in_proj_weight.device())).triu(1);
        let attn_mask = match (&options.attn_mask, options.is_causal) {
            (None, true) => check::fail(
                "MultiheadAttention",
                "is_causal without attn_mask",
                "it is a hint: give the mask as well",
            ),
            (_, true) if options.key_padding_mask.is_none() && !options.need_weights => Some(causal()),
            (mask, _) => mask.clone(),
        };
        let attn = shaped(
            "attn_mask",
            &attn_mask,
            &[
                (Shape::new(&[len, source]), [1, 1, len, source]),
                (Shape::new(&[batch * heads, len, source]), [batch, heads, len, source]),
            ],
        );
        let mut accepted = vec![(Shape::new(&[batch, source]), [batch, 1, 1, source])];
        if batch == 1 {
            accepted.push((Shape::new(&[source]), [1, 1, 1, source]));
        }
        let padding = shaped("key_padding_mask", &options.key_padding_mask, &accepted);
        match (attn, padding) {
            (Some(attn), Some(padding)) => Some(attn + padding),
            (attn, padding) => attn.or(padding),
        }
    }
}

impl Module for MultiheadAttention {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let options = AttentionOptions { need_weights: false, ..Default::default() };
        self.attend(input, input, input, &options).0
    }
    fn name(&self) -> String {
        "MultiheadAttention".into()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        vec![("out_proj".into(), &self.out_proj)]
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        vec![&mut self.out_proj]
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        let mut all = vec![("in_proj_weight", &self.in_proj_weight, Role::Parameter)];
        all.extend(self.in_proj_bias.as_ref().map(|b| ("in_proj_bias", b, Role::Parameter)));
        all
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        std::iter::once(&mut self.in_proj_weight).chain(&mut self.in_proj_bias).collect()
    }
    fn set_training(&self, training: bool) {
        self.training.set(training);
    }
    fn is_training(&self) -> bool {
        self.training.get()
    }
}

impl Module for Projection {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        self.0.forward(input)
    }
    fn name(&self) -> String {
        "NonDynamicallyQuantizableLinear".into()
    }
    fn extra_repr(&self) -> String {
        self.0.extra_repr()
    }
    fn tensors(&self) -> Vec<(&str, &Tensor, Role)> {
        self.0.tensors()
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        self.0.tensors_mut()
    }
    fn as_linear(&self) -> Option<&Linear> {
        Some(&self.0)
    }
}

display!(MultiheadAttention);
