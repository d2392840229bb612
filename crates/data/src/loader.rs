//! `DataLoader`: batches in order or shuffled, drawing from the generator exactly as PyTorch's.
//!
//! A pass draws one int64 (PyTorch's base seed, whether shuffled or not) when it begins; what the
//! sampler draws comes when the first batch is asked for.

use crate::dataset::Dataset;
use crate::sampler::{Order, RandomSampler, Sampler, SequentialSampler};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use tensor_core::check;
use tensor_core::random::{Generator, default_generator};

/// Batches of a dataset, pass after pass.
///
/// ```
/// use autograd::Tensor;
/// use data::{DataLoader, TensorDataset};
/// let cpu = backend_cpu::device();
/// let pairs = TensorDataset::new((Tensor::arange(0, 5, 1, &cpu), Tensor::ones(5, &cpu)));
/// let loader = DataLoader::new(pairs, 2);
/// let mut sizes = Vec::new();
/// for (x, y) in &loader {
///     assert_eq!(x.numel(), y.numel());
///     sizes.push(x.numel());
/// }
/// assert_eq!(sizes, [2, 2, 1]);
/// ```
pub struct DataLoader<D> {
    dataset: Arc<D>,
    batch_size: usize,
    shuffle: bool,
    drop_last: bool,
    sampler: Option<Arc<dyn Sampler>>,
    generator: Option<Generator>,
    prefetch: usize,
}

impl<D: Dataset + 'static> DataLoader<D> {
    /// Batches of `batch_size` items in order, the last one as short as it comes.
    ///
    /// # Panics
    /// For batches of 0.
    #[track_caller]
    pub fn new(dataset: D, batch_size: usize) -> Self {
        if batch_size == 0 {
            check::fail("DataLoader", "batches of 0 items", "give a positive batch_size");
        }
        DataLoader {
            dataset: Arc::new(dataset),
            batch_size,
            shuffle: false,
            drop_last: false,
            sampler: None,
            generator: None,
            prefetch: 0,
        }
    }

    /// Whether each pass takes the items in a new random order.
    ///
    /// # Panics
    /// When a sampler already gives the order.
    #[must_use]
    #[track_caller]
    pub fn shuffle(self, shuffle: bool) -> Self {
        DataLoader { shuffle, ..self }.one_order()
    }

    /// The order in which each pass takes the items.
    ///
    /// # Panics
    /// When the loader shuffles already.
    #[must_use]
    #[track_caller]
    pub fn sampler(self, sampler: impl Sampler + 'static) -> Self {
        DataLoader { sampler: Some(Arc::new(sampler)), ..self }.one_order()
    }

    #[track_caller]
    fn one_order(self) -> Self {
        if self.shuffle && self.sampler.is_some() {
            check::fail("DataLoader", "a sampler and shuffle(true) both give an order", "leave one out");
        }
        self
    }

    /// Whether a last batch that is short is left out.
    #[must_use]
    pub fn drop_last(self, drop_last: bool) -> Self {
        DataLoader { drop_last, ..self }
    }

    /// A generator of its own, for the base seed and for shuffling.
    #[must_use]
    pub fn generator(self, generator: &Generator) -> Self {
        DataLoader { generator: Some(generator.clone()), ..self }
    }

    /// Prepares up to `batches` batches ahead on a thread of their own, in the same order; 0 prepares
    /// each when it is asked for. The whole order is drawn when the pass begins. For datasets that
    /// draw random numbers of their own, leave it at 0.
    #[must_use]
    pub fn prefetch(self, batches: usize) -> Self {
        DataLoader { prefetch: batches, ..self }
    }

    /// The dataset.
    pub fn dataset(&self) -> &D {
        &self.dataset
    }

    /// Batches in a pass.
    pub fn len(&self) -> usize {
        let n = self.sampler.as_ref().map_or_else(|| self.dataset.len(), |s| s.len());
        if self.drop_last { n / self.batch_size } else { n.div_ceil(self.batch_size) }
    }

    /// Whether a pass has no batch.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One pass over the items.
    pub fn iter(&self) -> Batches<D> {
        self.generator.clone().unwrap_or_else(default_generator).random_i64();
        let n = self.dataset.len();
        let order = match (&self.sampler, self.shuffle) {
            (Some(sampler), _) => sampler.order(),
            (None, false) => SequentialSampler::new(n).order(),
            (None, true) => {
                let sampler = RandomSampler::new(n);
                match &self.generator {
                    Some(own) => sampler.generator(own).order(),
                    None => sampler.order(),
                }
            }
        };
        let work =
            Work { dataset: self.dataset.clone(), batch: self.batch_size, drop_last: self.drop_last, order };
        let source =
            if self.prefetch > 0 { Source::Ahead(work.ahead(self.prefetch)) } else { Source::Here(work) };
        Batches { left: self.len(), source }
    }
}

impl<D: Dataset + 'static> IntoIterator for &DataLoader<D> {
    type Item = D::Batch;
    type IntoIter = Batches<D>;
    fn into_iter(self) -> Batches<D> {
        self.iter()
    }
}

/// What one pass has to fetch.
struct Work<D> {
    dataset: Arc<D>,
    batch: usize,
    drop_last: bool,
    order: Order,
}

impl<D: Dataset> Work<D> {
    fn next(&mut self) -> Option<D::Batch> {
        let indices: Vec<i64> = self.order.by_ref().take(self.batch).collect();
        let short = indices.len() < self.batch;
        let over = indices.is_empty() || (short && self.drop_last);
        (!over).then(|| self.dataset.batch(&indices))
    }
}

/// A batch, or the panic that its thread met.
type Outcome<B> = Result<B, Box<dyn Any + Send>>;

impl<D: Dataset + 'static> Work<D> {
    /// Fetches on another thread, at most `limit` batches ahead.
    fn ahead(mut self, limit: usize) -> Receiver<Outcome<D::Batch>> {
        let (sender, receiver) = sync_channel(limit);
        let order: Vec<i64> = self.order.collect();
        self.order = Box::new(order.into_iter());
        std::thread::spawn(move || {
            loop {
                let outcome = match catch_unwind(AssertUnwindSafe(|| self.next())) {
                    Ok(Some(batch)) => Ok(batch),
                    Ok(None) => return,
                    Err(panic) => Err(panic),
                };
                let failed = outcome.is_err();
                if sender.send(outcome).is_err() || failed {
                    return; // the pass was left early, or cannot go on
                }
            }
        });
        receiver
    }
}

enum Source<D: Dataset> {
    Here(Work<D>),
    Ahead(Receiver<Outcome<D::Batch>>),
}

/// One pass over a dataset.
pub struct Batches<D: Dataset> {
    left: usize,
    source: Source<D>,
}

impl<D: Dataset> Iterator for Batches<D> {
    type Item = D::Batch;

    /// # Panics
    /// With the panic of a thread that prepares batches ahead.
    fn next(&mut self) -> Option<D::Batch> {
        let next = match &mut self.source {
            Source::Here(work) => work.next(),
            Source::Ahead(receiver) => match receiver.recv() {
                Ok(Ok(batch)) => Some(batch),
                Ok(Err(panic)) => resume_unwind(panic),
                Err(_) => None,
            },
        };
        self.left = if next.is_some() { self.left.saturating_sub(1) } else { 0 };
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl<D: Dataset> ExactSizeIterator for Batches<D> {}
