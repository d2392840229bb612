//! Judging results: how far a number may be from its reference, and what is said when it is farther.

use crate::Tolerance;
use crate::samples::doubles;
use tensor_core::{DType, Device, RawTensor, Result, Shape, Storage};

/// An allowed error: units in the last place of the reference, and a part that does not shrink with it.
#[derive(Clone, Copy, Debug)]
pub struct Allowed {
    /// Units in the last place.
    pub ulps: f64,
    /// As many units in the last place of 1.
    pub absolute: f64,
}

impl Allowed {
    /// Not the least error.
    pub const EXACT: Allowed = Allowed { ulps: 0.0, absolute: 0.0 };
    pub const fn ulps(ulps: f64) -> Allowed {
        Allowed { ulps, absolute: 0.0 }
    }
    pub const fn and(self, absolute: f64) -> Allowed {
        Allowed { absolute, ..self }
    }
}

/// The distance between 1 and the next number.
pub fn epsilon(dtype: DType) -> f64 {
    match dtype {
        DType::F32 => f64::from(f32::EPSILON),
        DType::F64 => f64::EPSILON,
        _ => 0.0,
    }
}

/// A reference rounded to a type.
pub fn rounded(value: f64, dtype: DType) -> f64 {
    if dtype == DType::F32 { f64::from(value as f32) } else { value }
}

/// Downloads what a backend answered.
#[track_caller]
pub fn answer(device: &Device, storage: Result<Storage>, dtype: DType, shape: &Shape) -> Vec<f64> {
    let storage = storage.expect("the backend answers");
    let tensor = RawTensor::from_storage(device, storage, dtype, *shape);
    let data = tensor.to_host().expect("a download");
    assert_eq!((data.dtype(), data.len()), (dtype, shape.numel()), "type and size of an answer");
    doubles(data)
}

/// Panics at the first number that is farther from its reference than allowed.
#[track_caller]
pub fn close(
    what: impl FnOnce() -> String,
    got: &[f64],
    want: &[f64],
    dtype: DType,
    allowed: Allowed,
    tolerance: &Tolerance,
) {
    let scales: Vec<f64> = want.iter().map(|w| w.abs()).collect();
    near(what, got, want, &scales, dtype, allowed, tolerance);
}

/// As [`close`], `scales` being what errors are relative to: the sum of the magnitudes that entered.
#[track_caller]
pub fn near(
    what: impl FnOnce() -> String,
    got: &[f64],
    want: &[f64],
    scales: &[f64],
    dtype: DType,
    allowed: Allowed,
    tolerance: &Tolerance,
) {
    assert_eq!(got.len(), want.len(), "number of elements");
    let eps = epsilon(dtype);
    let tiny = if dtype == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    // Below the normal range an ulp does not shrink; where denormals are flushed, all of it may go.
    let floor = if tolerance.ieee { tiny * eps * allowed.ulps.max(1.0) } else { tiny };
    for (place, ((&g, &w), &scale)) in got.iter().zip(want).zip(scales).enumerate() {
        let w = rounded(w, dtype);
        let slack = (allowed.ulps * scale + allowed.absolute) * eps * tolerance.factor
            + if allowed.ulps + allowed.absolute > 0.0 { floor } else { 0.0 };
        let same = g == w || (g.is_nan() && w.is_nan());
        let near = g.is_finite() && (g - w).abs() <= slack;
        assert!(same || near, "{}: element {place} of {} is {g:e}, not {w:e} ± {slack:e}", what(), got.len());
    }
}
