// NaN and signs by bits: WGSL may assume that there is no NaN, so comparisons do not tell it, and may take numbers
// below the smallest normal one for 0, so they do not tell the sign of those.

fn nan_of(x: f32) -> f32 {
    return bitcast<f32>(bitcast<u32>(x) | 0x7fc00000u);
}

fn is_nan(x: f32) -> bool {
    return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// −∞ to −0, or 0: what ReLU makes 0. It lets NaN through.
fn at_most_zero(x: f32) -> bool {
    let bits = bitcast<u32>(x);
    return bits == 0u || bits - 0x80000000u <= 0x7f800000u;
}

// The smallest denormal to ∞.
fn above_zero(x: f32) -> bool {
    return bitcast<u32>(x) - 1u < 0x7f800000u;
}
