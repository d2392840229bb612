//! Firebrand's Tensor: reverse-mode automatic differentiation with PyTorch's names and results.
