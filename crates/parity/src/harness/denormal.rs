//! Adapters that take numbers below the smallest normal one for 0, as WGSL permits ("Differences from IEEE-754"):
//! there, and only in cases that hold such numbers, an element may also be what the same case gives on the CPU with
//! each of them replaced by 0 of its sign. Any other result is as wrong as elsewhere.

use autograd::Tensor;
use firebrand::device;
use std::sync::OnceLock;
use tensor_core::HostData;

/// Whether the default device was seen to take a denormal for 0.
pub(super) fn flushes() -> bool {
    static SEEN: OnceLock<bool> = OnceLock::new();
    *SEEN.get_or_init(|| {
        let x = Tensor::from_vec(vec![f32::MIN_POSITIVE / 2.0], 1, &device());
        [&x * 2f32.powi(24), x.sqrt()].iter().any(|y| y.item::<f32>() == 0.0)
    })
}

/// The elements with 0 for every denormal single, if there is one.
pub(super) fn flushed(data: &HostData) -> Option<HostData> {
    let HostData::F32(v) = data else { return None };
    let flush = |&v: &f32| if v.is_subnormal() { 0f32.copysign(v) } else { v };
    v.iter().any(|v| v.is_subnormal()).then(|| HostData::F32(v.iter().map(flush).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_denormals_are_flushed_and_keep_their_sign() {
        let numbers = HostData::F32(vec![1e-38, -1e-40, f32::MIN_POSITIVE, -0.0, f32::NAN]);
        let Some(HostData::F32(v)) = flushed(&numbers) else { panic!("there were two") };
        let bits: Vec<u32> = v.iter().map(|v| v.to_bits()).collect();
        assert_eq!(bits, [0, 1 << 31, f32::MIN_POSITIVE.to_bits(), 1 << 31, f32::NAN.to_bits()]);
        assert_eq!(flushed(&HostData::F32(vec![f32::MIN_POSITIVE, 0.0])), None);
        assert_eq!(flushed(&HostData::F64(vec![1e-310])), None);
    }
}
