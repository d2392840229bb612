//! Shapes, joining, indexing.

use super::convert::{Dims, Ints};
use super::{Entry, forms};
use autograd::Tensor;
use firebrand as torch;
use tensor_core::Shape;

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "torch" reshape(input: Tensor, shape: Dims) => input.reshape(&shape.0[..]);
        "Tensor" reshape(input: Tensor, shape: Ints) => input.reshape(&shape[..]);
        "Tensor" view(input: Tensor, shape: Ints) => input.view(&shape[..]);
        "torch Tensor" flatten(input: Tensor, start_dim: isize = 0, end_dim: isize = -1) => input.flatten(start_dim, end_dim);
        "torch Tensor" ravel(input: Tensor) => input.flatten(0, -1);
        "torch Tensor" squeeze(input: Tensor) => input.squeeze();
        "torch Tensor" squeeze(input: Tensor, dim: isize) => input.squeeze_dim(dim);
        "torch Tensor" unsqueeze(input: Tensor, dim: isize) => input.unsqueeze(dim);
        "torch Tensor" transpose(input: Tensor, dim0: isize, dim1: isize) => input.transpose(dim0, dim1);
        "torch Tensor" swapaxes(input: Tensor, axis0: isize, axis1: isize) => input.transpose(axis0, axis1);
        "torch Tensor" t(input: Tensor) => input.t();
        "Tensor!" T(input: Tensor) => input.t();
        "torch" permute(input: Tensor, dims: Dims) => input.permute(&dims.0);
        "Tensor" permute(input: Tensor, dims: Ints) => input.permute(&dims);
        "Tensor" expand_as(input: Tensor, other: Tensor) => input.expand_as(&other);
        "torch Tensor" narrow(input: Tensor, dim: isize, start: usize, length: usize) => input.narrow(dim, start, length);
        "torch Tensor" select(input: Tensor, dim: isize, index: isize) => input.select(dim, index);
        "torch" flip(input: Tensor, dims: Dims) => input.flip(&dims.0);
        "Tensor" flip(input: Tensor, dims: Ints) => input.flip(&dims);
        "torch Tensor" unbind(input: Tensor, dim: isize = 0) => input.unbind(dim);
        "torch Tensor" split(tensor: Tensor, split_size: usize, dim: isize = 0) => tensor.split(split_size, dim);
        "torch Tensor" chunk(input: Tensor, chunks: usize, dim: isize = 0) => input.chunk(chunks, dim);
        "torch" cat(tensors: Vec<Tensor>, dim: isize = 0) => torch::cat(&tensors, dim);
        "torch" concat(tensors: Vec<Tensor>, dim: isize = 0) => torch::cat(&tensors, dim);
        "torch" stack(tensors: Vec<Tensor>, dim: isize = 0) => torch::stack(&tensors, dim);
        "Tensor" repeat(input: Tensor, repeats: Ints) => input.repeat(&repeats.sizes());
        "torch Tensor" tile(input: Tensor, dims: Ints) => input.tile(&dims.sizes());
        "torch Tensor" roll(input: Tensor, shifts: Dims, dims: Dims) => input.roll(&shifts.0, &dims.0);
        "torch Tensor" tril(input: Tensor, diagonal: isize = 0) => input.tril(diagonal);
        "torch Tensor" triu(input: Tensor, diagonal: isize = 0) => input.triu(diagonal);
        "torch Tensor" index_select(input: Tensor, dim: isize, index: Tensor) => input.index_select(dim, &index);
        "torch Tensor" gather(input: Tensor, dim: isize, index: Tensor) => input.gather(dim, &index);
        "torch Tensor" scatter_add(input: Tensor, dim: isize, index: Tensor, src: Tensor) => input.scatter_add(dim, &index, &src);
        "torch Tensor" masked_select(input: Tensor, mask: Tensor) => input.masked_select(&mask);
        "Tensor" contiguous(input: Tensor) => input.contiguous();
        "torch Tensor" clone(input: Tensor) => input.copy();
        "Tensor!" shape(input: Tensor) => input.shape();
        "Tensor" size(input: Tensor) => input.shape();
        "Tensor" size(input: Tensor, dim: isize) => input.dim(dim);
        "Tensor" dim(input: Tensor) => input.rank();
        "Tensor" ndimension(input: Tensor) => input.rank();
        "Tensor!" ndim(input: Tensor) => input.rank();
        "torch Tensor" numel(input: Tensor) => input.numel();
        "Tensor" is_contiguous(input: Tensor) => input.is_contiguous();
        "torch.Size" numel(size: Shape) => size.numel();
    }
}
