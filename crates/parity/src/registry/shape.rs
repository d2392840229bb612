//! Shapes, joining, indexing.

use super::convert::{Dims, Ints};
use super::kinds::Tensors;
use super::{Entry, forms};
use crate::python::{PyError, Value};
use autograd::{Index, Reduce, Tensor};
use firebrand as torch;
use tensor_core::{Scalar, Shape};

/// The places of a slice of a dimension, as an index.
fn places(size: usize, start: Option<isize>, end: Option<isize>, step: usize, like: &Tensor) -> Tensor {
    let place = |at: isize| (if at < 0 { at + size as isize } else { at }).clamp(0, size as isize) as i32;
    let (start, end) = (place(start.unwrap_or(0)), end.map_or(size as i32, place));
    let all: Vec<i32> = (start..end.max(start)).step_by(step.max(1)).collect();
    Tensor::from_slice(&all, all.len(), like.device())
}

/// What `scatter`'s `reduce` asks for.
fn combined(reduce: &str) -> Result<Reduce, PyError> {
    match reduce {
        "add" => Ok(Reduce::Sum),
        "multiply" => Ok(Reduce::Prod),
        _ => Err(PyError::runtime("reduce argument must be either add or multiply.")),
    }
}

/// A copy whose elements at an index are `values`, broadcast, or their sum with what stood there.
fn index_put(x: &Tensor, indices: &[Tensor], values: &Tensor, accumulate: bool) -> Tensor {
    let entries: Vec<Index> = indices.iter().cloned().map(Index::Tensor).collect();
    let places = torch::arange(0, x.numel() as i64, 1).reshape_as(x).i(&entries);
    x.put(&places, &values.to_dtype(x.dtype()).expand_as(&places).contiguous(), accumulate)
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    forms! {
        "torch" reshape(input: Tensor, shape: Dims) => input.reshape(&shape.0[..]);
        "Tensor" reshape(input: Tensor, shape: Ints) => input.reshape(&shape[..]);
        "Tensor" view(input: Tensor, shape: Ints) => input.view(&shape[..]);
        "torch Tensor" flatten(input: Tensor, start_dim: isize = 0, end_dim: isize = -1) => input.flatten(start_dim, end_dim);
        "torch Tensor" ravel(input: Tensor) => input.flatten(0, -1);
        "torch Tensor" squeeze(input: Tensor) => input.squeeze();
        "torch Tensor" squeeze(input: Tensor, dim: Dims) => input.squeeze_dims(dim);
        "torch Tensor" unsqueeze(input: Tensor, dim: isize) => input.unsqueeze(dim);
        "torch Tensor" transpose(input: Tensor, dim0: isize, dim1: isize) => input.transpose(dim0, dim1);
        "torch Tensor" swapdims(input: Tensor, dim0: isize, dim1: isize) => input.transpose(dim0, dim1);
        "torch Tensor" fliplr(input: Tensor) => input.flip(&[1]);
        "torch Tensor" flipud(input: Tensor) => input.flip(&[0]);
        "torch Tensor" argwhere(input: Tensor) => input.nonzero();
        "torch Tensor" swapaxes(input: Tensor, axis0: isize, axis1: isize) => input.transpose(axis0, axis1);
        "torch Tensor" t(input: Tensor) => input.t();
        "Tensor!" T(input: Tensor) => input.t();
        "torch" permute(input: Tensor, dims: Dims) => input.permute(&dims.0);
        "Tensor" permute(input: Tensor, dims: Ints) => input.permute(&dims);
        "Tensor" expand(input: Tensor, sizes: Ints) => input.expand(&sizes[..]);
        "torch Tensor" broadcast_to(input: Tensor, shape: Dims) => input.expand(shape);
        "Tensor!" mT(input: Tensor) => input.mt();
        "Tensor" reshape_as(input: Tensor, other: Tensor) => input.reshape_as(&other);
        "Tensor" view_as(input: Tensor, other: Tensor) => input.reshape_as(&other);
        "Tensor" expand_as(input: Tensor, other: Tensor) => input.expand_as(&other);
        "torch Tensor" narrow(input: Tensor, dim: isize, start: isize, length: usize) => input.narrow(dim, if start < 0 { (input.dim(dim) as isize + start).max(0) } else { start } as usize, length);
        "torch Tensor" select(input: Tensor, dim: isize, index: isize) => input.select(dim, index);
        "torch" flip(input: Tensor, dims: Dims) => input.flip(&dims.0);
        "Tensor" flip(input: Tensor, dims: Ints) => input.flip(&dims);
        "torch Tensor" unbind(input: Tensor, dim: isize = 0) => input.unbind(dim);
        "torch Tensor" split(tensor: Tensor, split_size: usize, dim: isize = 0) => tensor.split(split_size, dim);
        "torch Tensor" split(tensor: Tensor, split_size_or_sections: Vec<usize>, dim: isize = 0) => tensor.split(split_size_or_sections, dim);
        "torch Tensor" tensor_split(input: Tensor, sections: usize, dim: isize = 0) => input.tensor_split(sections, dim);
        "torch Tensor" tensor_split(input: Tensor, indices: Vec<usize>, dim: isize = 0) => input.tensor_split(indices, dim);
        "torch Tensor" hsplit(input: Tensor, sections: usize) => input.tensor_split(sections, isize::from(input.rank() > 1));
        "torch Tensor" hsplit(input: Tensor, indices: Vec<usize>) => input.tensor_split(indices, isize::from(input.rank() > 1));
        "torch Tensor" vsplit(input: Tensor, sections: usize) => input.tensor_split(sections, 0);
        "torch Tensor" vsplit(input: Tensor, indices: Vec<usize>) => input.tensor_split(indices, 0);
        "torch Tensor" dsplit(input: Tensor, sections: usize) => input.tensor_split(sections, 2);
        "torch Tensor" dsplit(input: Tensor, indices: Vec<usize>) => input.tensor_split(indices, 2);
        "torch" dstack(tensors: Vec<Tensor>) => torch::dstack(&tensors);
        "torch" column_stack(tensors: Vec<Tensor>) => torch::column_stack(&tensors);
        "torch" row_stack(tensors: Vec<Tensor>) => torch::vstack(&tensors);
        "torch" concatenate(tensors: Vec<Tensor>, dim: isize = 0) => torch::cat(&tensors, dim);
        "torch" broadcast_tensors(tensors: Tensors) => torch::broadcast_tensors(&tensors.0);
        "torch" cartesian_prod(tensors: Tensors) => torch::cartesian_prod(&tensors.0);
        "torch" combinations(input: Tensor, r: usize = 2, with_replacement: bool = false) => input.combinations(r, with_replacement);
        "torch" atleast_1d(input: Tensor) => input.at_least(1);
        "torch" atleast_2d(input: Tensor) => input.at_least(2);
        "torch" atleast_3d(input: Tensor) => input.at_least(3);
        "torch Tensor" moveaxis(input: Tensor, source: Dims, destination: Dims) => input.movedim(source, destination);
        "torch Tensor" adjoint(input: Tensor) => input.mt();
        "torch Tensor" diagflat(input: Tensor, offset: isize = 0) => input.flatten(0, -1).diag(offset);
        "Tensor" put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = false) => input.put(&index, &source, accumulate);
        "torch Tensor" select_scatter(input: Tensor, src: Tensor, dim: isize, index: isize) => { let at = if index < 0 { index + input.dim(dim) as isize } else { index }; input.index_copy(dim, &places(input.dim(dim), Some(at), Some(at + 1), 1, &input), &src.unsqueeze(dim)) };
        "torch Tensor" diagonal_scatter(input: Tensor, src: Tensor, offset: isize = 0, dim1: isize = 0, dim2: isize = 1) => input.diagonal_scatter(&src, offset, dim1, dim2);
        "torch Tensor" slice_scatter(input: Tensor, src: Tensor, dim: isize = 0, start: Option<isize> = None, end: Option<isize> = None, step: usize = 1) => input.index_copy(dim, &places(input.dim(dim), start, end, step, &input), &src);
        "torch" hstack(tensors: Vec<Tensor>) => torch::hstack(&tensors);
        "torch" vstack(tensors: Vec<Tensor>) => torch::vstack(&tensors);
        "torch" block_diag(tensors: Tensors) => torch::block_diag(&tensors.0);
        "torch" meshgrid(tensors: Tensors) => torch::meshgrid(&tensors.0);
        "torch" meshgrid(tensors: Tensors, indexing: String) => if indexing == "xy" { torch::meshgrid_xy(&tensors.0) } else { torch::meshgrid(&tensors.0) };
        "torch Tensor" diagonal(input: Tensor, offset: isize = 0, dim1: isize = 0, dim2: isize = 1) => input.diagonal(offset, dim1, dim2);
        "torch Tensor" diag_embed(input: Tensor, offset: isize = 0, dim1: isize = -2, dim2: isize = -1) => input.diag_embed(offset, dim1, dim2);
        "torch Tensor" diag(input: Tensor, diagonal: isize = 0) => input.diag(diagonal);
        "torch Tensor" rot90(input: Tensor, k: isize = 1, dims: (isize, isize) = (0, 1)) => input.rot90(k, dims.into());
        "torch Tensor" movedim(input: Tensor, source: Dims, destination: Dims) => input.movedim(source, destination);
        "torch Tensor" unflatten(input: Tensor, dim: isize, sizes: Vec<isize>) => input.unflatten(dim, &sizes[..]);
        "Tensor" unfold(input: Tensor, dimension: isize, size: usize, step: usize) => input.unfold(dimension, size, step);
        "torch Tensor" scatter(input: Tensor, dim: isize, index: Tensor, src: Tensor) => input.scatter(dim, &index, &src);
        "torch Tensor" scatter(input: Tensor, dim: isize, index: Tensor, value: Scalar) => input.scatter_value(dim, &index, value);
        "torch Tensor" scatter(input: Tensor, dim: isize, index: Tensor, src: Tensor, reduce: String) => Ok::<_, PyError>(input.scatter_reduce(dim, &index, &src, combined(&reduce)?, true));
        "torch Tensor" index_put(input: Tensor, indices: Vec<Tensor>, values: Tensor, accumulate: bool = false) => index_put(&input, &indices, &values, accumulate);
        "torch Tensor" scatter_reduce(input: Tensor, dim: isize, index: Tensor, src: Tensor, reduce: Reduce, include_self: bool = true) => input.scatter_reduce(dim, &index, &src, reduce, include_self);
        "torch Tensor" index_add(input: Tensor, dim: isize, index: Tensor, source: Tensor, alpha: f64 = 1.0) => input.index_add(dim, &index, &source, alpha);
        "torch Tensor" index_copy(input: Tensor, dim: isize, index: Tensor, source: Tensor) => input.index_copy(dim, &index, &source);
        "torch Tensor" index_fill(input: Tensor, dim: isize, index: Tensor, value: Scalar) => input.index_fill(dim, &index, value);
        "torch Tensor" take(input: Tensor, index: Tensor) => input.take(&index);
        "torch Tensor" take_along_dim(input: Tensor, indices: Tensor, dim: Option<isize> = None) => input.take_along_dim(&indices, dim);
        "torch Tensor" masked_scatter(input: Tensor, mask: Tensor, source: Tensor) => input.masked_scatter(&mask, &source);
        "torch Tensor" repeat_interleave(input: Tensor, repeats: usize, dim: Option<isize> = None) => input.repeat_interleave(repeats, dim);
        "torch Tensor" repeat_interleave(input: Tensor, repeats: Tensor, dim: isize) => input.repeat_interleave_each(&repeats, dim);
        "torch Tensor" repeat_interleave(input: Tensor, repeats: Tensor) => input.flatten(0, -1).repeat_interleave_each(&repeats, 0);
        "torch" repeat_interleave(repeats: Tensor) => torch::arange(0, repeats.numel() as i64, 1).repeat_interleave_each(&repeats, 0);
        "torch Tensor" nonzero(input: Tensor, as_tuple: bool = false) => if as_tuple { Value::from(input.nonzero_tuple()) } else { input.nonzero().into() };
        "torch" where(condition: Tensor) => condition.nonzero_tuple();
        "torch" tril_indices(row: usize, col: usize, offset: isize = 0) => Tensor::tril_indices(row, col, offset, &torch::device());
        "torch" triu_indices(row: usize, col: usize, offset: isize = 0) => Tensor::triu_indices(row, col, offset, &torch::device());
        "torch Tensor" chunk(input: Tensor, chunks: usize, dim: isize = 0) => input.chunk(chunks, dim);
        "torch" cat(tensors: Vec<Tensor>, dim: isize = 0) => torch::cat(&tensors, dim);
        "torch" concat(tensors: Vec<Tensor>, dim: isize = 0) => torch::cat(&tensors, dim);
        "torch" stack(tensors: Vec<Tensor>, dim: isize = 0) => torch::stack(&tensors, dim);
        "Tensor" repeat(input: Tensor, repeats: Ints) => input.repeat(&repeats.sizes());
        "torch Tensor" tile(input: Tensor, dims: Ints) => input.tile(&dims.sizes());
        "torch Tensor" roll(input: Tensor, shifts: Dims, dims: Dims = Dims(vec![])) => input.roll(&shifts.0, &dims.0);
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
        "Tensor" nelement(input: Tensor) => input.numel();
        "Tensor" is_contiguous(input: Tensor) => input.is_contiguous();
        "torch.Size" numel(size: Shape) => size.numel();
    }
}
