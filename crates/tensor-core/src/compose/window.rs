//! Windows by views: see [`crate::window`].

use crate::buffer::{Storage, View};
use crate::dtype::{DType, Scalar};
use crate::error::Result;
use crate::op::{ArgOp, BinaryOp};
use crate::raw::RawTensor;
use crate::shape::Shape;
use crate::window::Window;

/// Shape `[L…, S…]` with the padding of the windows, which slide along the last dimensions, added.
fn padded(shape: &Shape, windows: &[Window]) -> Shape {
    let lead = shape.rank() - windows.len();
    let mut shape = *shape;
    for (size, window) in shape.dims_mut()[lead..].iter_mut().zip(windows) {
        *size += window.padding[0] + window.padding[1];
    }
    shape
}

/// The part of a padded tensor that is not padding, of `sizes` in the last dimensions.
fn inside(x: &RawTensor, windows: &[Window], sizes: &[usize]) -> RawTensor {
    let lead = x.rank() - windows.len();
    let pairs = windows.iter().zip(sizes).enumerate();
    pairs.fold(x.clone(), |x, (i, (window, &size))| x.narrow(lead + i, window.padding[0], size))
}

/// The windows of a padded tensor, `[L…, S…] → [L…, K…, O…]`.
pub fn unfold(x: View, windows: &[Window], pad: Scalar) -> Result<Storage> {
    let x = RawTensor::from_view(x);
    let (rank, dims) = (x.rank(), windows.len());
    let lead = rank - dims;
    let shape = padded(x.shape(), windows);
    let x = if shape == *x.shape() {
        x
    } else {
        let around = RawTensor::full(shape, pad, x.dtype(), x.device());
        inside(&around, windows, &x.shape()[lead..]).write(&x);
        around
    };
    let layout = windows.iter().enumerate().fold(*x.layout(), |l, (i, &w)| l.windows(lead + i, w));
    let order: Vec<usize> = (0..lead).chain(rank..rank + dims).chain(lead..rank).collect();
    x.with_layout(layout.permute(&order)).into_storage()
}

/// Windows added back to where they came from, `[L…, K…, O…] → [L…, S…]` of S `sizes`: the transpose of
/// [`unfold`]. What falls on padding is dropped; an element's windows are added in the order of K.
pub fn fold(x: View, windows: &[Window], sizes: &[usize]) -> Result<Storage> {
    let x = RawTensor::from_view(x);
    let (dims, lead) = (windows.len(), x.rank() - 2 * windows.len());
    let whole = Shape::new(&[&x.shape()[..lead], sizes].concat());
    let total = RawTensor::full(padded(&whole, windows), 0, x.dtype(), x.device());
    let kernel = Shape::new(&x.shape()[lead..lead + dims]);
    for place in crate::Layout::contiguous(kernel).indices() {
        let (mut part, mut target, mut rest) = (x.clone(), total.clone(), place);
        for (i, window) in windows.iter().enumerate().rev() {
            let k = rest % window.size;
            rest /= window.size;
            let places = x.shape()[lead + dims + i];
            target = target.slice(lead + i, k * window.dilation, places, window.stride as isize);
            part = part.select(lead + i, k);
        }
        target.write(&target.binary(BinaryOp::Add, &part));
    }
    inside(&total, windows, sizes).into_storage()
}

/// The largest element of every window and, as I32, where it stands among the last dimensions flattened:
/// `[L…, S…] → [L…, O…]`, the first of equal ones.
pub fn max_pool(x: View, windows: &[Window]) -> Result<(Storage, Storage)> {
    let x = RawTensor::from_view(x);
    let lead = x.rank() - windows.len();
    let sizes = &x.shape()[lead..];
    let places: Vec<usize> = windows.iter().zip(sizes).map(|(w, &s)| w.places(s)).collect();
    let (rows, count) = (x.shape()[..lead].iter().product(), places.iter().product());
    let kernel: usize = windows.iter().map(|w| w.size).product();
    let cols = x.unfold(windows, f64::NEG_INFINITY).reshape(&Shape::new(&[rows, kernel, count]));
    if cols.numel() == 0 {
        return Ok((cols.into_storage()?, RawTensor::full((), 0, DType::I32, x.device()).into_storage()?));
    }
    let best = cols.arg_reduce(ArgOp::Max, 1, true);
    // Where element k of place o stands: on padding, where only a window of −∞ can point, the nearest.
    let table: Vec<i32> = (0..kernel * count)
        .map(|i| {
            let (mut k, mut o, mut at, mut step) = (i / count, i % count, 0, 1);
            for ((window, &size), &places) in windows.iter().zip(sizes).zip(&places).rev() {
                let place = window.at(o % places, k % window.size).clamp(0, size as isize - 1);
                at += place as usize * step;
                step *= size;
                k /= window.size;
                o /= places;
            }
            at as i32
        })
        .collect();
    let table = RawTensor::from_host(&table.into(), [1, kernel, count], x.device())?;
    let index = table.expand(&Shape::new(&[rows, kernel, count])).gather(1, &best);
    Ok((cols.gather(1, &best).into_storage()?, index.into_storage()?))
}

/// Gradients added to where the largest of their windows stand, `[L…, O…] → [L…, S…]`, S being `sizes`.
pub fn max_pool_grad(index: View, grad: View, windows: &[Window], sizes: &[usize]) -> Result<Storage> {
    let (index, grad) = (RawTensor::from_view(index), RawTensor::from_view(grad));
    let lead = grad.rank() - windows.len();
    let rows: usize = grad.shape()[..lead].iter().product();
    let flat = Shape::new(&[rows, grad.shape()[lead..].iter().product()]);
    let zeros = RawTensor::full([rows, sizes.iter().product()], 0, grad.dtype(), grad.device());
    zeros.scatter_add(1, &index.reshape(&flat), &grad.reshape(&flat)).into_storage()
}
