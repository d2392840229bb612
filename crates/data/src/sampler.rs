//! Samplers: in which order a pass takes the items, drawing from the generator exactly as PyTorch's.
//!
//! Orders are lazy: a sampler draws when its first item is asked for, and its last draw may come when
//! it is asked for one item too many. A loader's pass depends on both.

use tensor_core::check;
use tensor_core::random::{Generator, default_generator};

/// The items of one pass, by number.
pub type Order = Box<dyn Iterator<Item = i64> + Send>;

/// An order of items for each pass.
#[expect(clippy::len_without_is_empty, reason = "a pass without items is nothing anyone asks for")]
pub trait Sampler: Send + Sync {
    /// Number of items in a pass.
    fn len(&self) -> usize;
    /// The items of a new pass; draws nothing before the first is asked for.
    fn order(&self) -> Order;
}

/// The items as they stand.
#[derive(Clone, Copy, Debug)]
pub struct SequentialSampler {
    n: usize,
}

impl SequentialSampler {
    /// Items 0 to n − 1.
    pub fn new(n: usize) -> Self {
        SequentialSampler { n }
    }
}

impl Sampler for SequentialSampler {
    fn len(&self) -> usize {
        self.n
    }
    fn order(&self) -> Order {
        Box::new(0..self.n as i64)
    }
}

/// The items in random order, each once, or any item each time.
///
/// ```
/// use data::{RandomSampler, Sampler};
/// let sampler = RandomSampler::new(10).replacement(true).num_samples(25);
/// assert_eq!(sampler.order().count(), 25);
/// ```
#[derive(Clone, Debug)]
pub struct RandomSampler {
    n: usize,
    replacement: bool,
    num_samples: usize,
    generator: Option<Generator>,
}

impl RandomSampler {
    /// Items 0 to n − 1, each once.
    pub fn new(n: usize) -> Self {
        RandomSampler { n, replacement: false, num_samples: n, generator: None }
    }

    /// Whether an item may come again.
    #[must_use]
    pub fn replacement(self, replacement: bool) -> Self {
        RandomSampler { replacement, ..self }
    }

    /// Items in a pass; without replacement, more than n begin a new order.
    #[must_use]
    pub fn num_samples(self, num_samples: usize) -> Self {
        RandomSampler { num_samples, ..self }
    }

    /// A generator of its own. Without one, each pass draws a seed from the default generator.
    #[must_use]
    pub fn generator(self, generator: &Generator) -> Self {
        RandomSampler { generator: Some(generator.clone()), ..self }
    }
}

/// Draws of `randint` at a time, PyTorch's.
const BLOCK: usize = 32;

impl Sampler for RandomSampler {
    fn len(&self) -> usize {
        if self.n == 0 { 0 } else { self.num_samples }
    }
    fn order(&self) -> Order {
        let RandomSampler { n, replacement, num_samples, generator } = self.clone();
        if n == 0 {
            return Box::new(std::iter::empty());
        }
        let source =
            move || generator.unwrap_or_else(|| Generator::seeded(default_generator().random_i64() as u64));
        // Whole blocks, then one of the rest, which is drawn even when nothing of it is kept.
        let size = if replacement { BLOCK } else { n };
        Box::new(std::iter::once_with(source).flat_map(move |source| {
            (0..=num_samples / size).flat_map(move |block| {
                let count = if block < num_samples / size { size } else { num_samples % size };
                let mut items =
                    if replacement { source.randint(count, 0, n as i64) } else { source.randperm(n) };
                items.truncate(count);
                items
            })
        }))
    }
}

/// Some items in random order: one `randperm` of the default generator, or of its own.
#[derive(Clone, Debug)]
pub struct SubsetRandomSampler {
    indices: Vec<i64>,
    generator: Option<Generator>,
}

impl SubsetRandomSampler {
    /// The items at `indices`.
    pub fn new(indices: impl IntoIterator<Item = i64>) -> Self {
        SubsetRandomSampler { indices: indices.into_iter().collect(), generator: None }
    }

    /// A generator of its own.
    #[must_use]
    pub fn generator(self, generator: &Generator) -> Self {
        SubsetRandomSampler { generator: Some(generator.clone()), ..self }
    }
}

impl Sampler for SubsetRandomSampler {
    fn len(&self) -> usize {
        self.indices.len()
    }
    fn order(&self) -> Order {
        let SubsetRandomSampler { indices, generator } = self.clone();
        let draw = move || {
            let order = generator.unwrap_or_else(default_generator).randperm(indices.len());
            order.into_iter().map(move |i| indices[i as usize])
        };
        Box::new(std::iter::once_with(draw).flatten())
    }
}

/// Items as often as their weights say: one `multinomial` in double precision.
#[derive(Clone, Debug)]
pub struct WeightedRandomSampler {
    weights: Vec<f64>,
    num_samples: usize,
    replacement: bool,
    generator: Option<Generator>,
}

impl WeightedRandomSampler {
    /// `num_samples` items, item i with probability wᵢ/Σw, with replacement.
    ///
    /// # Panics
    /// When a weight is negative or not finite, or all are 0.
    #[track_caller]
    pub fn new(weights: impl IntoIterator<Item = f64>, num_samples: usize) -> Self {
        let weights: Vec<f64> = weights.into_iter().collect();
        if weights.iter().any(|w| !w.is_finite() || *w < 0.0) || weights.iter().all(|&w| w == 0.0) {
            check::fail(
                "WeightedRandomSampler",
                "weights must be finite, not negative, and not all 0",
                "give each item a weight such as 1/(items of its class)",
            );
        }
        WeightedRandomSampler { weights, num_samples, replacement: true, generator: None }
    }

    /// Whether an item may come again.
    ///
    /// # Panics
    /// Without replacement, when there are fewer weights above 0 than samples.
    #[must_use]
    #[track_caller]
    pub fn replacement(self, replacement: bool) -> Self {
        let possible = self.weights.iter().filter(|&&w| w > 0.0).count();
        if !replacement && possible < self.num_samples {
            check::fail(
                "WeightedRandomSampler",
                format_args!("{} samples without replacement of {possible} possible items", self.num_samples),
                "ask for fewer, or allow replacement",
            );
        }
        WeightedRandomSampler { replacement, ..self }
    }

    /// A generator of its own.
    #[must_use]
    pub fn generator(self, generator: &Generator) -> Self {
        WeightedRandomSampler { generator: Some(generator.clone()), ..self }
    }
}

impl Sampler for WeightedRandomSampler {
    fn len(&self) -> usize {
        self.num_samples
    }
    fn order(&self) -> Order {
        let own = self.clone();
        let draw = move || {
            let generator = own.generator.unwrap_or_else(default_generator);
            generator.multinomial(&own.weights, own.num_samples, own.replacement)
        };
        Box::new(std::iter::once_with(draw).flatten())
    }
}
