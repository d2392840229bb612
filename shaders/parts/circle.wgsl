// Sine and cosine made here: Vulkan lets a device's own be off by 2⁻¹¹, and SwiftShader's are by 6·10⁻⁵.
//
// After Cephes: the nearest quarter turns come off in three steps, the first two of few enough bits to be exact
// below 8192; polynomials do the rest within an eighth of a turn. Beyond 8192 the device's own serve.

struct Turned {
    rest: f32,
    quarters: i32,
}

fn turned(x: f32) -> Turned {
    let k = round(x * 0.63661977);
    return Turned(((x - k * 1.5703125) - k * 4.837513e-4) - k * 7.54979e-8, i32(k));
}

// The sine of the rest after so many quarters.
fn wave(rest: f32, quarters: i32) -> f32 {
    let z = rest * rest;
    let sine = fma(rest * z, fma(z, fma(z, -1.9515296e-4, 8.332161e-3), -1.6666655e-1), rest);
    let cosine = fma(z * z, fma(z, fma(z, 2.4433157e-5, -1.3887316e-3), 4.1666646e-2), fma(z, -0.5, 1.0));
    let v = select(sine, cosine, (quarters & 1) != 0);
    return select(v, -v, (quarters & 2) != 0);
}

fn sine(x: f32) -> f32 {
    if abs(x) > 8192.0 {
        return sin(x);
    }
    let t = turned(x);
    return select(wave(t.rest, t.quarters), x, abs(x) < 2e-4);
}

fn cosine(x: f32) -> f32 {
    if abs(x) > 8192.0 {
        return cos(x);
    }
    let t = turned(x);
    return wave(t.rest, t.quarters + 1);
}
