//! Firebrand's data: datasets, the loader that batches and shuffles as PyTorch's, MNIST from IDX files.

mod dataset;
mod error;
mod idx;
mod loader;
mod mnist;

pub use dataset::{Dataset, Subset, TensorDataset, random_split, random_split_fractions};
pub use error::DataError;
pub use idx::Idx;
pub use loader::{Batches, DataLoader};
pub use mnist::{Mnist, MnistFiles};
