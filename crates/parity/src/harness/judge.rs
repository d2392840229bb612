//! Whether a tensor is the expected one: to the bit, or within a case's own tolerance.

use super::Outcome;
use autograd::Tensor;
use serde_json::Value as Json;
use tensor_core::{Category, DType, Device, HostData, Scalar};

/// How near is near enough.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Equal bits; NaN equals NaN, 0 equals −0.
    pub exact: bool,
    /// Else |a − b| ≤ atol + rtol·|b|.
    pub atol: f64,
    /// See `atol`.
    pub rtol: f64,
}

/// Another device than the CPU rounds its functions and sums in another order: what is exact on the
/// CPU is held to these, and a case's own tolerance is widened to them.
const DEVICE_ATOL: f64 = 2e-5;
const DEVICE_RTOL: f64 = 1e-4;

/// The fixtures' `atol` is 2·10⁻⁶ of a tensor's largest element. Where the edges of the floats are among them
/// (`relu_edge`: 2·10³²) it would let every other element pass.
const OF_EXTREMES: f64 = 1e3;

impl Rule {
    /// Equal bits.
    pub const EXACT: Rule = Rule { exact: true, atol: 0.0, rtol: 0.0 };

    /// The rule that a fixture states: `exact`, or `atol` and `rtol`. One whose `atol` is beyond `OF_EXTREMES`
    /// judges each element by its own size, down to denormals: there PyTorch's gradient of `frexp` is 0.
    pub fn of(json: &Json) -> Self {
        let number = |key: &str| json[key].as_f64().unwrap_or(0.0);
        let atol = number("atol");
        let atol = if atol < OF_EXTREMES { atol } else { f32::MIN_POSITIVE.into() };
        Rule { exact: json["exact"].as_bool() == Some(true), atol, rtol: number("rtol") }
    }

    /// The rule on a device.
    pub fn on(self, device: &Device) -> Self {
        if *device == firebrand::cpu() {
            return self;
        }
        Rule { exact: false, atol: self.atol.max(DEVICE_ATOL), rtol: self.rtol.max(DEVICE_RTOL) }
    }

    fn holds(&self, got: f64, want: f64) -> bool {
        if got == want || (got.is_nan() && want.is_nan()) {
            return true;
        }
        !self.exact && want.is_finite() && (got - want).abs() <= self.atol + self.rtol * want.abs()
    }
}

fn category(host: &HostData) -> Category {
    host.dtype().category()
}

/// Compares shape, kind and elements. The default integer stands for torch's int64.
///
/// # Errors
/// The first element that differs, and how many do.
pub fn compare(what: &str, got: &Tensor, shape: &[usize], want: &HostData, rule: Rule) -> Outcome {
    compare_either(what, got, shape, want, None, rule)
}

/// As [`compare`]; an element may be that of `other` instead.
///
/// # Errors
/// The same.
pub fn compare_either(
    what: &str,
    got: &Tensor,
    shape: &[usize],
    want: &HostData,
    other: Option<&HostData>,
    rule: Rule,
) -> Outcome {
    if got.shape().dims() != shape {
        return Err(format!("{what}: shape {}, expected {shape:?}", got.shape()));
    }
    let host = got.to_host().map_err(|e| e.to_string())?;
    let same_kind = match want.dtype() {
        DType::I64 => matches!(host.dtype(), DType::I32 | DType::I64),
        dtype => host.dtype() == dtype,
    };
    if !same_kind {
        return Err(format!("{what}: {}, expected {}", host.dtype(), want.dtype()));
    }
    let floats = category(&host) == Category::Float;
    let rule = if floats { rule.on(got.device()) } else { Rule::EXACT };
    let (mut wrong, mut first) = (0, None);
    for i in 0..want.len() {
        let (a, b) = (host.get(i), want.get(i));
        let holds =
            |b: Scalar| if floats { rule.holds(a.to_f64(), b.to_f64()) } else { a.to_i64() == b.to_i64() };
        if !holds(b) && !other.is_some_and(|other| holds(other.get(i))) {
            wrong += 1;
            first.get_or_insert((i, a, b));
        }
    }
    match first {
        None => Ok(()),
        Some((i, a, b)) => {
            let (a, b) = (a.to_f64(), b.to_f64());
            let off = (a - b).abs();
            Err(format!(
                "{what}: {wrong} of {} differ, first [{i}]: {a:e}, expected {b:e} (off by {off:.1e})",
                want.len()
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_means_bits_but_for_nan_and_zero() {
        assert!(Rule::EXACT.holds(f64::NAN, f64::NAN) && Rule::EXACT.holds(-0.0, 0.0));
        assert!(!Rule::EXACT.holds(1.0, 1.0 + f64::EPSILON));
        let near = Rule { exact: false, atol: 1e-6, rtol: 1e-5 };
        assert!(near.holds(1.000_005, 1.0) && !near.holds(1.000_05, 1.0));
        assert!(
            !near.holds(1.0, f64::INFINITY) && !near.holds(f64::INFINITY, 1.0) && !near.holds(f64::NAN, 1.0)
        );
    }

    #[test]
    fn among_extremes_each_element_counts() {
        let rule = Rule::of(&serde_json::json!({ "atol": 2e32, "rtol": 1e-5 }));
        assert!(rule.holds(1e38, 1.000_001e38) && !rule.holds(0.0, 1e-30) && !rule.holds(1.0, 2.0));
        assert_eq!(Rule::of(&serde_json::json!({ "atol": 47.0 })).atol, 47.0);
    }

    #[test]
    fn a_wrong_shape_kind_or_element_is_told() {
        let t = Tensor::from_vec(vec![1.0f32, 2.0], 2, &firebrand::cpu());
        let want = HostData::F32(vec![1.0, 2.5]);
        assert!(compare("y", &t, &[2], &want, Rule::EXACT).unwrap_err().contains("first [1]"));
        assert!(compare("y", &t, &[1, 2], &want, Rule::EXACT).unwrap_err().contains("shape"));
        assert!(
            compare("y", &t, &[2], &HostData::I64(vec![1, 2]), Rule::EXACT).unwrap_err().contains("int64")
        );
    }

    #[test]
    fn an_element_may_be_the_other_one_but_nothing_else() {
        let t = Tensor::from_vec(vec![1.0f32, f32::INFINITY], 2, &firebrand::cpu());
        let want = HostData::F32(vec![1.0, 5.0]);
        let either = |other: Option<Vec<f32>>| {
            compare_either("y", &t, &[2], &want, other.map(HostData::F32).as_ref(), Rule::EXACT)
        };
        assert!(either(None).is_err());
        assert!(either(Some(vec![0.0, f32::INFINITY])).is_ok());
        assert!(either(Some(vec![1.0, 4.0])).is_err());
    }
}
