//! Normalisation, composed.

use crate::buffer::{Storage, View};
use crate::error::Result;
use crate::norm::Standard;
use crate::op::{BinaryOp, ReduceOp, UnaryOp};
use crate::raw::RawTensor;
use crate::shape::{Axes, Shape};
use BinaryOp::{Add, Div, Mul, Sub};

/// The mean over `axes`, which stay as size 1.
fn mean(x: &RawTensor, axes: Axes) -> RawTensor {
    let count: usize = axes.iter().map(|a| x.shape()[a]).product();
    x.reduce(ReduceOp::Sum, axes, true).binary(Div, count as f64)
}

/// Mean and biased variance, in two passes, so that a large mean costs no accuracy.
pub fn moments(x: View, axes: Axes, centred: bool) -> Result<(Option<Storage>, Storage)> {
    let x = RawTensor::from_view(x);
    if !centred {
        return Ok((None, mean(&x.unary(UnaryOp::Square), axes).into_storage()?));
    }
    let centre = mean(&x, axes);
    let variance = mean(&x.binary(Sub, &centre).unary(UnaryOp::Square), axes);
    Ok((Some(centre.into_storage()?), variance.into_storage()?))
}

/// `(x − mean)·rstd`
fn standardised(of: Standard) -> RawTensor {
    let x = RawTensor::from_view(of.x);
    let centred = match of.mean {
        Some(mean) => x.binary(Sub, &RawTensor::from_view(mean)),
        None => x,
    };
    centred.binary(Mul, &RawTensor::from_view(of.rstd))
}

/// `(x − mean)·rstd·weight + bias`
pub fn normalized(of: Standard, bias: Option<View>) -> Result<Storage> {
    let mut y = standardised(of);
    if let Some(weight) = of.weight {
        y = y.binary(Mul, &RawTensor::from_view(weight));
    }
    if let Some(bias) = bias {
        y = y.binary(Add, &RawTensor::from_view(bias));
    }
    y.into_storage()
}

/// The gradients of [`normalized`].
pub fn normalized_grad(
    of: Standard,
    grad: View,
    own: Option<Axes>,
    affine: &Shape,
    wants: [bool; 3],
) -> Result<[Option<Storage>; 3]> {
    let (g, n) = (RawTensor::from_view(grad), standardised(of));
    let storage = |wanted: bool, make: &dyn Fn() -> RawTensor| {
        if wanted { make().into_storage().map(Some) } else { Ok(None) }
    };
    let to_input = || {
        let mut h = match of.weight {
            Some(weight) => g.binary(Mul, &RawTensor::from_view(weight)),
            None => g.clone(),
        };
        if let Some(axes) = own {
            let along = n.binary(Mul, &mean(&h.binary(Mul, &n), axes));
            if of.mean.is_some() {
                h = h.binary(Sub, &mean(&h, axes));
            }
            h = h.binary(Sub, &along);
        }
        h.binary(Mul, &RawTensor::from_view(of.rstd))
    };
    Ok([
        storage(wants[0], &to_input)?,
        storage(wants[1], &|| g.binary(Mul, &n).sum_to(affine))?,
        storage(wants[2], &|| g.sum_to(affine))?,
    ])
}
