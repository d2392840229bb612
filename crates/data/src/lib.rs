//! Firebrand's data: datasets, the loader that batches and shuffles as PyTorch's, MNIST from IDX files.

mod dataset;
#[cfg(feature = "download")]
mod download;
mod error;
mod idx;
mod loader;
mod mnist;
mod sampler;
mod split;
mod transforms;

pub use dataset::{Columns, Dataset, Subset, TensorDataset};
#[cfg(feature = "download")]
pub use download::Mirror;
pub use error::DataError;
pub use idx::Idx;
pub use loader::{Batches, DataLoader};
pub use mnist::{FashionMnist, Mnist, MnistFiles, MnistOptions};
pub use sampler::{
    Order, RandomSampler, Sampler, SequentialSampler, SubsetRandomSampler, WeightedRandomSampler,
};
pub use split::{random_split, random_split_fractions};
pub use transforms::{Compose, Normalize, ToTensor, Transform, Transformed};
