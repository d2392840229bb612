//! Embeddings: a vector for each index, or one for each bag of them.

use super::{display, number};
use crate::init;
use crate::module::{Module, Role};
use autograd::{Tensor, no_grad, stack};
use tensor_core::{Device, check};

/// A vector for each index: `[…] → […, D]`, weight `[N, D]`, standard normal at first.
///
/// ```
/// use autograd::Tensor;
/// use nn::{Embedding, Module};
/// let cpu = backend_cpu::device();
/// let embedding = Embedding::new(10, 3, &cpu).padding_idx(0);
/// let words = Tensor::new(&[[4, 2, 0]], &cpu);
/// let vectors = embedding.forward(&words);
/// assert_eq!(vectors.shape().dims(), [1, 3, 3]);
/// assert_eq!(vectors.select(1, 2).to_vec::<f32>(), [0.0; 3]);
/// ```
#[derive(Clone, Debug)]
pub struct Embedding {
    /// `[N, D]`
    pub weight: Tensor,
    padding_idx: Option<usize>,
    max_norm: Option<f64>,
    norm_type: f64,
}

impl Embedding {
    /// `count` vectors of `size`.
    pub fn new(count: usize, size: usize, device: &Device) -> Self {
        let weight = Tensor::zeros([count, size], device);
        init::normal_(&weight, 0.0, 1.0);
        Embedding { weight: weight.into_parameter(), padding_idx: None, max_norm: None, norm_type: 2.0 }
    }

    /// The index that stands for nothing: its vector becomes 0, and gets no gradient. Counted from the
    /// end when negative.
    ///
    /// # Panics
    /// When there is no such vector.
    #[must_use]
    #[track_caller]
    pub fn padding_idx(self, index: isize) -> Self {
        let count = self.weight.dim(0);
        let at = if index < 0 { index + count as isize } else { index };
        if !(0..count as isize).contains(&at) {
            check::fail("Embedding", format_args!("padding_idx {index} is not one of {count} vectors"), "");
        }
        no_grad(|| {
            self.weight.select(0, at).zero_();
        });
        Embedding { padding_idx: Some(at as usize), ..self }
    }

    /// The largest norm that a vector may have: those above are shrunk, in the weight itself, when they are read.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// # use nn::{Embedding, Module};
    /// # let cpu = backend_cpu::device();
    /// let embedding = Embedding::new(10, 3, &cpu).max_norm(0.5);
    /// let vectors = embedding.forward(&Tensor::new(&[4, 2], &cpu));
    /// assert!(vectors.norm_dim(2.0, 1, false).max().item::<f32>() <= 0.5);
    /// ```
    #[must_use]
    pub fn max_norm(self, max_norm: f64) -> Self {
        Embedding { max_norm: Some(max_norm), ..self }
    }

    /// The p of the norm that [`Embedding::max_norm`] limits; 2.
    #[must_use]
    pub fn norm_type(self, norm_type: f64) -> Self {
        Embedding { norm_type, ..self }
    }
}

impl Module for Embedding {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        if let Some(max_norm) = self.max_norm {
            self.weight.embedding_renorm_(input, max_norm, self.norm_type);
        }
        let vectors = self.weight.embedding(input);
        match self.padding_idx {
            Some(padding) => input.eq(padding as i64).unsqueeze(-1).where_(vectors.detach(), vectors),
            None => vectors,
        }
    }
    fn name(&self) -> String {
        "Embedding".into()
    }
    fn extra_repr(&self) -> String {
        let [count, size] = self.weight.dims();
        let padding = self.padding_idx.map(|index| format!(", padding_idx={index}"));
        let limit = self.max_norm.map(|norm| format!(", max_norm={}", number(norm)));
        let of = (self.norm_type != 2.0).then(|| format!(", norm_type={}", number(self.norm_type)));
        let parts = [padding, limit, of].into_iter().flatten().collect::<String>();
        format!("{count}, {size}{parts}")
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        vec![("weight", &self.weight, Role::Parameter)]
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        vec![&mut self.weight]
    }
}

/// What [`EmbeddingBag`] makes of a bag's vectors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BagMode {
    /// Their sum.
    Sum,
    /// Their mean.
    #[default]
    Mean,
    /// The largest of each component.
    Max,
}

/// One vector for each bag of indices: `[B, N] → [B, D]`, weight `[V, D]`, standard normal at first.
///
/// ```
/// use autograd::Tensor;
/// use nn::{BagMode, EmbeddingBag, Module};
/// let cpu = backend_cpu::device();
/// let bags = EmbeddingBag::new(10, 3, &cpu).mode(BagMode::Sum);
/// assert_eq!(bags.to_string(), "EmbeddingBag(10, 3, mode='sum')");
/// assert_eq!(bags.forward(&Tensor::new(&[[4, 2, 0], [1, 1, 9]], &cpu)).shape().dims(), [2, 3]);
/// ```
#[derive(Clone, Debug)]
pub struct EmbeddingBag {
    /// `[V, D]`
    pub weight: Tensor,
    mode: BagMode,
}

impl EmbeddingBag {
    /// `count` vectors of `size`; the mean of each bag.
    pub fn new(count: usize, size: usize, device: &Device) -> Self {
        EmbeddingBag { weight: Embedding::new(count, size, device).weight, mode: BagMode::Mean }
    }

    /// What is made of a bag's vectors.
    #[must_use]
    pub fn mode(self, mode: BagMode) -> Self {
        EmbeddingBag { mode, ..self }
    }

    /// Bags of different sizes: indices `[N]`, and where each bag starts. A bag without any is 0.
    ///
    /// # Panics
    /// When `input` is not of one dimension, or an offset is not within it.
    #[track_caller]
    pub fn forward_offsets(&self, input: &Tensor, offsets: &[usize]) -> Tensor {
        embedding_bag(input, &self.weight, Some(offsets), self.mode, None)
    }

    /// The sum of each bag's vectors, each times a weight of its own, shaped as `input`: PyTorch's
    /// `bags(input, offsets, per_sample_weights)`.
    ///
    /// # Panics
    /// In another mode than [`BagMode::Sum`], for weights of another shape; and as [`EmbeddingBag::forward_offsets`].
    #[track_caller]
    pub fn forward_weighted(
        &self,
        input: &Tensor,
        offsets: Option<&[usize]>,
        per_sample_weights: &Tensor,
    ) -> Tensor {
        embedding_bag(input, &self.weight, offsets, self.mode, Some(per_sample_weights))
    }
}

/// The mean, sum or maximum of the rows of `weight` that each bag of indices names: the bags are the rows of `[B, N]`,
/// or of `[N]` they start at `offsets`: PyTorch's `F.embedding_bag`. A bag without any is 0. For sums, each row may
/// have a weight, which gets a gradient too.
///
/// ```
/// use autograd::Tensor;
/// use nn::{BagMode, embedding_bag};
/// let cpu = backend_cpu::device();
/// let table = Tensor::new(&[[1.0f32, 2.0], [10.0, 20.0]], &cpu);
/// let weights = Tensor::new(&[[1.0f32, 0.5]], &cpu);
/// let sums = embedding_bag(&Tensor::new(&[[0, 1]], &cpu), &table, None, BagMode::Sum, Some(&weights));
/// assert_eq!(sums.to_vec::<f32>(), [6.0, 12.0]);
/// ```
///
/// # Panics
/// When the indices are not of two dimensions, or of one with offsets; for weights in another mode than
/// [`BagMode::Sum`] or of another shape than the indices; and as [`EmbeddingBag::forward_offsets`].
#[track_caller]
pub fn embedding_bag(
    input: &Tensor,
    weight: &Tensor,
    offsets: Option<&[usize]>,
    mode: BagMode,
    per_sample_weights: Option<&Tensor>,
) -> Tensor {
    let op = "embedding_bag";
    if let Some(weights) = per_sample_weights {
        if mode != BagMode::Sum {
            check::fail(
                op,
                format_args!("per_sample_weights with mode {mode:?}"),
                "they are for BagMode::Sum",
            );
        }
        if weights.shape() != input.shape() {
            check::fail(
                op,
                format_args!(
                    "per_sample_weights of shape {} for indices of shape {}",
                    weights.shape(),
                    input.shape()
                ),
                "give one weight for each index",
            );
        }
    }
    let read = || {
        let vectors = weight.embedding(input);
        per_sample_weights.map_or(vectors.clone(), |weights| vectors * weights.unsqueeze(-1))
    };
    let of_bag = |vectors: &Tensor, dim: isize| match mode {
        _ if vectors.dim(dim) == 0 => vectors.sum_dim(dim, false),
        BagMode::Sum => vectors.sum_dim(dim, false),
        BagMode::Mean => vectors.mean_dim(dim, false),
        BagMode::Max => vectors.max_dim(dim, false).0,
    };
    let offsets = match (input.rank(), offsets) {
        (2, None) => return of_bag(&read(), 1),
        (1, Some(offsets)) if offsets.first().is_none_or(|&first| first == 0) => offsets,
        _ => check::fail(
            op,
            format_args!("indices of shape {}", input.shape()),
            "give [B, N], or [N] with offsets from 0 on",
        ),
    };
    let ends = offsets.iter().skip(1).copied().chain([input.numel()]);
    let vectors = read();
    let bags = offsets.iter().zip(ends).map(|(&start, end)| {
        if end < start || end > input.numel() {
            check::fail(
                op,
                format_args!("a bag from {start} to {end} of {}", input.numel()),
                "offsets ascend",
            );
        }
        of_bag(&vectors.narrow(0, start, end - start), 0)
    });
    stack(&bags.collect::<Vec<_>>(), 0)
}

impl Module for EmbeddingBag {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        embedding_bag(input, &self.weight, None, self.mode, None)
    }
    fn name(&self) -> String {
        "EmbeddingBag".into()
    }
    fn extra_repr(&self) -> String {
        let [count, size] = self.weight.dims();
        format!("{count}, {size}, mode='{}'", format!("{:?}", self.mode).to_lowercase())
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        vec![("weight", &self.weight, Role::Parameter)]
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        vec![&mut self.weight]
    }
}

display!(Embedding, EmbeddingBag);
