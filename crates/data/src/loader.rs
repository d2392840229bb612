//! `DataLoader`: batches in order or shuffled, drawing from the generator exactly as PyTorch's.
//!
//! A pass draws one int64 (PyTorch's base seed, whether shuffled or not); shuffling without a generator
//! of its own draws another, which seeds the pass's own generator for one `randperm`.

use crate::dataset::Dataset;
use autograd::Tensor;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use tensor_core::random::{Generator, default_generator};

/// Batches of a dataset, pass after pass.
///
/// ```
/// use autograd::Tensor;
/// use data::{DataLoader, TensorDataset};
/// let x = Tensor::arange(0, 5, 1, &backend_cpu::device());
/// let loader = DataLoader::new(TensorDataset::new(vec![x]), 2);
/// let sizes: Vec<usize> = loader.iter().map(|batch| batch[0].numel()).collect();
/// assert_eq!(sizes, [2, 2, 1]);
/// ```
pub struct DataLoader<D> {
    dataset: Arc<D>,
    batch_size: usize,
    shuffle: bool,
    drop_last: bool,
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
        assert!(batch_size > 0, "DataLoader: batch_size must be positive");
        DataLoader {
            dataset: Arc::new(dataset),
            batch_size,
            shuffle: false,
            drop_last: false,
            generator: None,
            prefetch: 0,
        }
    }

    /// Whether each pass takes the items in a new random order.
    #[must_use]
    pub fn shuffle(self, shuffle: bool) -> Self {
        DataLoader { shuffle, ..self }
    }

    /// Whether a last batch that is short is left out.
    #[must_use]
    pub fn drop_last(self, drop_last: bool) -> Self {
        DataLoader { drop_last, ..self }
    }

    /// A generator of its own.
    #[must_use]
    pub fn generator(self, generator: &Generator) -> Self {
        DataLoader { generator: Some(generator.clone()), ..self }
    }

    /// Prepares up to `batches` batches ahead on a thread of their own, in the same order; 0 prepares
    /// each when it is asked for. For datasets that draw random numbers of their own, leave it at 0.
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
        let n = self.dataset.len();
        if self.drop_last { n / self.batch_size } else { n.div_ceil(self.batch_size) }
    }

    /// Whether a pass has no batch.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One pass over the items.
    pub fn iter(&self) -> Batches<D> {
        let own = self.generator.clone();
        own.clone().unwrap_or_else(default_generator).random_i64();
        let mut batches = Batches {
            dataset: self.dataset.clone(),
            batch_size: self.batch_size,
            left: self.len(),
            order: Order::Sequential,
            at: 0,
            ready: None,
        };
        if self.shuffle {
            batches.order = Order::Unshuffled(own);
        }
        if self.prefetch > 0 {
            let (sender, receiver) = sync_channel(self.prefetch);
            batches.draw();
            let left = batches.left;
            std::thread::spawn(move || {
                for batch in batches {
                    if sender.send(batch).is_err() {
                        return; // the pass was left early
                    }
                }
            });
            let dataset = self.dataset.clone();
            let order = Order::Sequential;
            return Batches {
                dataset,
                batch_size: self.batch_size,
                left,
                order,
                at: 0,
                ready: Some(receiver),
            };
        }
        batches
    }
}

impl<D: Dataset + 'static> IntoIterator for &DataLoader<D> {
    type Item = Vec<Tensor>;
    type IntoIter = Batches<D>;
    fn into_iter(self) -> Batches<D> {
        self.iter()
    }
}

enum Order {
    Sequential,
    /// Drawn when the first batch is asked for, as PyTorch does.
    Unshuffled(Option<Generator>),
    Shuffled(Vec<i64>, Option<Generator>),
}

/// One pass over a dataset.
pub struct Batches<D> {
    dataset: Arc<D>,
    batch_size: usize,
    left: usize,
    order: Order,
    at: usize,
    ready: Option<Receiver<Vec<Tensor>>>,
}

impl<D: Dataset> Batches<D> {
    fn draw(&mut self) {
        if let Order::Unshuffled(own) = &self.order {
            let n = self.dataset.len();
            let order = match own {
                Some(own) => own.randperm(n),
                None => Generator::seeded(default_generator().random_i64() as u64).randperm(n),
            };
            self.order = Order::Shuffled(order, own.clone());
        }
    }

    /// The numbers of the items of the next batch.
    fn next_indices(&mut self) -> Option<Vec<i64>> {
        self.draw();
        if self.left == 0 {
            // A sampler with its own generator asks it for one more order when a pass is over.
            if let Order::Shuffled(order, own @ Some(_)) = &mut self.order {
                let n = order.len();
                own.take().expect("matched").randperm(n);
            }
            return None;
        }
        self.left -= 1;
        let range = self.at..(self.at + self.batch_size).min(self.dataset.len());
        self.at = range.end;
        Some(match &self.order {
            Order::Shuffled(order, _) => order[range].to_vec(),
            _ => range.map(|i| i as i64).collect(),
        })
    }
}

impl<D: Dataset> Iterator for Batches<D> {
    type Item = Vec<Tensor>;

    fn next(&mut self) -> Option<Vec<Tensor>> {
        match &self.ready {
            Some(receiver) => receiver.recv().ok(),
            None => self.next_indices().map(|indices| self.dataset.batch(&indices)),
        }
    }
}
