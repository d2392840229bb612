//! Datasets: numbered items that come in batches.

use autograd::Tensor;
use std::sync::Arc;
use tensor_core::check;
use tensor_core::random::{Generator, default_generator};

/// Items by number, fetched a batch at a time.
#[expect(clippy::len_without_is_empty, reason = "a dataset without items is nothing anyone asks for")]
pub trait Dataset: Send + Sync {
    /// Number of items.
    fn len(&self) -> usize;
    /// The items at `indices`, stacked: one tensor per column (images, labels, …).
    fn batch(&self, indices: &[i64]) -> Vec<Tensor>;
}

impl<D: Dataset + ?Sized> Dataset for Arc<D> {
    fn len(&self) -> usize {
        (**self).len()
    }
    fn batch(&self, indices: &[i64]) -> Vec<Tensor> {
        (**self).batch(indices)
    }
}

/// Tensors whose first dimension numbers the items.
#[derive(Clone, Debug)]
pub struct TensorDataset {
    columns: Vec<Tensor>,
}

impl TensorDataset {
    /// A dataset of columns of equal length.
    ///
    /// # Panics
    /// When the lengths differ.
    #[track_caller]
    pub fn new(columns: Vec<Tensor>) -> Self {
        let lengths: Vec<usize> = columns.iter().map(|c| c.dim(0)).collect();
        if lengths.is_empty() || lengths.iter().any(|&l| l != lengths[0]) {
            check::fail(
                "TensorDataset",
                format!("columns of lengths {lengths:?}"),
                "all must be equally long",
            );
        }
        TensorDataset { columns }
    }
}

impl Dataset for TensorDataset {
    fn len(&self) -> usize {
        self.columns[0].dim(0)
    }
    fn batch(&self, indices: &[i64]) -> Vec<Tensor> {
        let index: Vec<i32> = indices.iter().map(|&i| i as i32).collect();
        let pick = |c: &Tensor| c.index_select(0, &Tensor::from_vec(index.clone(), index.len(), c.device()));
        self.columns.iter().map(pick).collect()
    }
}

/// Some items of another dataset.
#[derive(Clone, Debug)]
pub struct Subset<D> {
    /// The other dataset.
    pub dataset: D,
    /// The items' numbers in it.
    pub indices: Vec<i64>,
}

impl<D: Dataset> Dataset for Subset<D> {
    fn len(&self) -> usize {
        self.indices.len()
    }
    fn batch(&self, indices: &[i64]) -> Vec<Tensor> {
        let inner: Vec<i64> = indices.iter().map(|&i| self.indices[i as usize]).collect();
        self.dataset.batch(&inner)
    }
}

/// Cuts a dataset into parts of given lengths, at random: one `randperm` of the generator.
///
/// # Panics
/// When the lengths do not add up to the dataset's.
#[track_caller]
pub fn random_split<D: Dataset + Clone>(
    dataset: &D,
    lengths: &[usize],
    generator: Option<&Generator>,
) -> Vec<Subset<D>> {
    if lengths.iter().sum::<usize>() != dataset.len() {
        check::fail(
            "random_split",
            format!("lengths {lengths:?} do not add up to the dataset's {}", dataset.len()),
            "use random_split_fractions for shares",
        );
    }
    let order = generator.cloned().unwrap_or_else(default_generator).randperm(dataset.len());
    let mut rest = order.as_slice();
    lengths
        .iter()
        .map(|&len| {
            let (now, later) = rest.split_at(len);
            rest = later;
            Subset { dataset: dataset.clone(), indices: now.to_vec() }
        })
        .collect()
}

/// As [`random_split`], by fractions that add up to 1: each is rounded down, and what is left is dealt
/// out one by one from the first.
#[track_caller]
pub fn random_split_fractions<D: Dataset + Clone>(
    dataset: &D,
    fractions: &[f64],
    generator: Option<&Generator>,
) -> Vec<Subset<D>> {
    let mut lengths: Vec<usize> =
        fractions.iter().map(|f| (dataset.len() as f64 * f).floor() as usize).collect();
    let left = dataset.len().saturating_sub(lengths.iter().sum());
    (0..left).for_each(|i| lengths[i % fractions.len()] += 1);
    random_split(dataset, &lengths, generator)
}
