//! Firebrand's datasets, loaders and transforms: MNIST from IDX files, batched and shuffled as PyTorch does.
