//! Linear algebra through the host: downloaded, computed matrix by matrix, uploaded.

use crate::buffer::{Storage, View};
use crate::dtype::DType;
use crate::error::Result;
use crate::linalg::{Matrix, Real, apply};
use crate::op::LinalgOp;

/// A function of matrices `[B, rows, columns]`, by [`crate::linalg`].
///
/// # Errors
/// The error of the first matrix that has no result.
pub fn linalg(op: LinalgOp, args: &[View]) -> Result<Vec<Storage>> {
    if args[0].buffer.dtype() == DType::F64 { each::<f64>(op, args) } else { each::<f32>(op, args) }
}

fn each<T: Real>(op: LinalgOp, args: &[View]) -> Result<Vec<Storage>> {
    let device = args[0].buffer.device();
    let count = args[0].layout.shape()[0];
    let values = args
        .iter()
        .map(|&arg| device.download(arg).map(crate::HostData::into_vec::<T>))
        .collect::<Result<Vec<_>>>()?;
    let sizes: Vec<[usize; 2]> =
        args.iter().map(|arg| [arg.layout.shape()[1], arg.layout.shape()[2]]).collect();
    let columns = sizes.last().map_or(0, |size| size[1]);
    let mut results: Vec<Vec<T>> = op.results(sizes[0], columns).iter().map(|_| Vec::new()).collect();
    for index in 0..count {
        let operands: Vec<Matrix<T>> = values
            .iter()
            .zip(&sizes)
            .map(|(data, &[rows, cols])| Matrix {
                data: &data[index * rows * cols..][..rows * cols],
                rows,
                cols,
            })
            .collect();
        let parts = apply(op, &operands).map_err(|pivot| op.failed(index, count, pivot))?;
        results.iter_mut().zip(parts).for_each(|(all, part)| all.extend(part));
    }
    results.into_iter().map(|values| device.upload(&values.into())).collect()
}
