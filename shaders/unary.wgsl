// Functions of one element, and their gradients.
//
// `apply`: out[i] = f(a[i]); `gradient`: out[i] = f'(x)·g with a = x, b = y = f(x), c = g. Operands are
// read by strides, the result is contiguous. OP chooses the function (codes.rs), TYPE the element type.

override OP: u32 = 0u;
override TYPE: u32 = 0u; // 0 float, 1 integer, 2 boolean
override FLAT: bool = false; // rank 1

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> c: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

// eˣ to 2 units of the last place (WGSL's own may be off by 2|x|): x = n·ln 2 + r, a polynomial in r, 2ⁿ in two
// halves.
fn exp_(x: f32) -> f32 {
    let v = clamp(x, -104.0, 89.0);
    let n = round(v * 1.44269504);
    var r = fma(n, -0.693359375, v);
    // Or'ing a zero that no compiler knows keeps the two steps apart: joined, they lose what the split is for.
    r = bitcast<f32>(bitcast<u32>(r) | p.spare);
    r = fma(n, 2.12194440e-4, r);
    var q = 1.9875691e-4;
    q = fma(q, r, 1.3981999e-3);
    q = fma(q, r, 8.333452e-3);
    q = fma(q, r, 4.1665796e-2);
    q = fma(q, r, 1.6666665e-1);
    q = fma(q, r, 0.5);
    let y = fma(q, r * r, r) + 1.0;
    let half = i32(n) >> 1u;
    let scaled = y * bitcast<f32>((half + 127) << 23u) * bitcast<f32>((i32(n) - half + 127) << 23u);
    return select(scaled, x, is_nan(x));
}

fn tanh_(x: f32) -> f32 {
    let m = abs(x);
    if m < 0.625 {
        let z = x * x;
        var q = -5.7049887e-3;
        q = fma(q, z, 2.063909e-2);
        q = fma(q, z, -5.3739715e-2);
        q = fma(q, z, 1.3331442e-1);
        q = fma(q, z, -3.333328e-1);
        return fma(q * z, x, x);
    }
    let far = 1.0 - 2.0 / (exp_(2.0 * min(m, 20.0)) + 1.0);
    return select(select(far, -far, x < 0.0), x, is_nan(x));
}

// A rational function of x² on [−4, 4], within 2 units of the last place (as in Eigen).
fn erf_(v: f32) -> f32 {
    let x = clamp(v, -4.0, 4.0);
    let z = x * x;
    var q = fma(z, -2.72614225801306e-10, 2.77068142495902e-08);
    q = fma(z, q, -2.10102402082508e-06);
    q = fma(z, q, -5.69250639462346e-05);
    q = fma(z, q, -7.34990630326855e-04);
    q = fma(z, q, -2.95459980854025e-03);
    q = fma(z, q, -1.60960333262415e-02);
    var d = fma(z, -1.45660718464996e-05, -2.13374055278905e-04);
    d = fma(z, d, -1.68282697438203e-03);
    d = fma(z, d, -7.37332916720468e-03);
    d = fma(z, d, -1.42647390514189e-02);
    return select(x * q / d, v, is_nan(v));
}

fn expm1_(x: f32) -> f32 {
    if abs(x) < 0.35 {
        var q = 1.0 + x / 7.0;
        q = 1.0 + x / 6.0 * q;
        q = 1.0 + x / 5.0 * q;
        q = 1.0 + x / 4.0 * q;
        q = 1.0 + x / 3.0 * q;
        q = 1.0 + x / 2.0 * q;
        return x * q;
    }
    return exp_(x) - 1.0;
}

fn log_(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    if (bits & 0x7fffffffu) == 0u {
        return bitcast<f32>((bits & 0u) | 0xff800000u);
    }
    if bits == 0x7f800000u {
        return x;
    }
    // Below the smallest normal number, where WGSL's own need not be right (or the number is taken for 0), the bits
    // count units of 2⁻¹⁴⁹.
    let tiny = bits < 0x00800000u;
    let y = log(select(x, f32(bits), tiny)) - select(0.0, 103.27892990343185, tiny);
    return select(nan_of(x), y, above_zero(x));
}

fn is_power_of_two(x: f32) -> bool {
    let bits = bitcast<u32>(x);
    return (bits & 0x807fffffu) == 0u && bits != 0u && bits != 0x7f800000u;
}

fn log1p_(x: f32) -> f32 {
    if abs(x) < 0.3 {
        let s = x / (2.0 + x);
        let z = s * s;
        return 2.0 * s * (1.0 + z * (1.0 / 3.0 + z * (0.2 + z * (1.0 / 7.0 + z / 9.0))));
    }
    return log_(1.0 + x);
}

fn sigmoid(x: f32) -> f32 {
    return 1.0 / (1.0 + exp_(-x));
}

fn sign_(x: f32) -> f32 {
    let bits = bitcast<u32>(x);
    let one = bitcast<f32>((bits & 0x80000000u) | 0x3f800000u);
    return select(0.0, one, (bits & 0x7fffffffu) - 1u < 0x7f800000u);
}

fn of_float(x: f32) -> f32 {
    let s0 = bitcast<f32>(p.s.x);
    let s1 = bitcast<f32>(p.s.y);
    switch OP {
        case 0u: { return -x; }
        case 1u: { return abs(x); }
        case 2u: { return sign_(x); }
        case 3u: { return sqrt(x); }
        case 4u: { return 1.0 / sqrt(x); }
        case 5u: { return x * x; }
        case 6u: { return 1.0 / x; }
        case 7u: { return exp_(x); }
        case 8u: { return expm1_(x); }
        case 9u: { return log_(x); }
        case 10u: { return log1p_(x); }
        case 11u: { return sine(x); }
        case 12u: { return cosine(x); }
        case 13u: { return sine(x) / cosine(x); }
        case 14u: { return erf_(x); }
        case 15u: { return round(x); }
        case 16u: { return floor(x); }
        case 17u: { return ceil(x); }
        case 18u: { return trunc(x); }
        case 20u: { return select(log_(x) * 1.4426950408889634, round(log2(x)), is_power_of_two(x)); }
        case 21u: { return log_(x) * 0.4342944819032518; }
        case 22u: {
            if abs(x) < 1.0 {
                let e = expm1_(x);
                return 0.5 * (e + e / (e + 1.0));
            }
            let h = exp_(0.5 * abs(x)); // whose square may overflow where sinh does not
            let y = 0.5 * h * h - 0.5 / (h * h);
            return select(y, -y, x < 0.0);
        }
        case 23u: {
            let h = exp_(0.5 * abs(x));
            return 0.5 * h * h + 0.5 / (h * h);
        }
        case 24u: {
            let m = abs(x);
            // ln(m + √(m² + 1)), for large m ln 2m.
            let y = select(log1p_(m + m * m / (1.0 + sqrt(m * m + 1.0))), log_(m) + 0.6931471805599453, m > 1e4);
            return select(select(y, -y, x < 0.0), x, x == 0.0 || is_nan(x));
        }
        case 25u: {
            if x < 1.0 {
                return nan_of(x);
            }
            let t = x - 1.0;
            return select(log1p_(t + sqrt(2.0 * t + t * t)), log_(x) + 0.6931471805599453, x > 1e4);
        }
        case 30u: { return select(x, 0.0, at_most_zero(x)); }
        case 31u: { return select(s0 * x, x, above_zero(x)); }
        case 32u: { return select(s0 * expm1_(x), x, x > 0.0); }
        case 33u: { return 0.5 * x * (1.0 + erf_(x * 0.70710678118654752)); }
        case 34u: { return 0.5 * x * (1.0 + tanh_(0.7978845608028654 * (x + 0.044715 * x * x * x))); }
        case 35u: { return x * sigmoid(x); }
        case 36u: { return sigmoid(x); }
        case 37u: { return tanh_(x); }
        default: { // softplus
            let scaled = x * s0;
            return select(log1p_(exp_(min(scaled, 80.0))) / s0, x, scaled > s1 || is_nan(x));
        }
    }
}

fn of_integer(x: i32) -> i32 {
    switch OP {
        case 0u: { return -x; }
        case 1u: { return abs(x); }
        case 2u: { return sign(x); }
        default: { return x * x; }
    }
}

@compute @workgroup_size(256)
fn apply(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let x = a[places(i).x];
    if TYPE == 0u {
        out[i] = bitcast<u32>(of_float(bitcast<f32>(x)));
    } else if TYPE == 1u {
        out[i] = bitcast<u32>(of_integer(bitcast<i32>(x)));
    } else {
        out[i] = 1u - x;
    }
}

fn slope(x: f32, y: f32, g: f32) -> f32 {
    let s0 = bitcast<f32>(p.s.x);
    let s1 = bitcast<f32>(p.s.y);
    switch OP {
        case 0u: { return -g; }
        case 1u: { return g * sign_(x); }
        case 3u: { return g / (2.0 * y); }
        case 4u: { return -0.5 * g * y * y * y; }
        case 5u: { return g * (2.0 * x); }
        case 6u: { return -(g * (y * y)); }
        case 7u: { return g * y; }
        case 8u: { return g * (y + 1.0); }
        case 9u: { return g / x; }
        case 10u: { return g / (x + 1.0); }
        case 11u: { return g * cosine(x); }
        case 12u: { return -(g * sine(x)); }
        case 13u: { return g * (y * y + 1.0); }
        case 14u: { return g * (exp_(-(x * x)) * 1.1283791670955126); }
        case 20u: { return g / (x * 0.6931471805599453); }
        case 21u: { return g / (x * 2.302585092994046); }
        case 22u: { return g * (0.5 * (exp_(x) + exp_(-x))); }
        case 23u: { return g * (0.5 * (exp_(x) - exp_(-x))); }
        case 24u: { return g / sqrt(x * x + 1.0); }
        case 25u: { return g / sqrt(x * x - 1.0); }
        case 30u: { return select(g, 0.0, at_most_zero(y)); }
        case 31u: { return select(g * s0, g, above_zero(x)); }
        case 32u: { return select(g, g * (exp_(min(x, 0.0)) * s0), at_most_zero(x)); }
        case 33u: {
            let cdf = 0.5 * (1.0 + erf_(x * 0.70710678118654752));
            return g * (cdf + x * (exp_(-0.5 * x * x) * 0.3989422804014327));
        }
        case 34u: {
            let z = x * x;
            let t = tanh_(0.7978845608028654 * (x * (z * 0.044715 + 1.0)));
            let inner = 0.7978845608028654 * (3.0 * 0.044715 * z + 1.0);
            return g * (0.5 * (t + 1.0) + 0.5 * x * (1.0 - t * t) * inner);
        }
        case 35u: {
            let s = sigmoid(x);
            return g * (s * (x * (1.0 - s) + 1.0));
        }
        case 36u: { return g * (y * (1.0 - y)); }
        case 37u: { return g * (1.0 - y * y); }
        case 38u: { return select(g * sigmoid(x * s0), g, x * s0 > s1); }
        default: { return 0.0 * g; } // the piecewise constant ones
    }
}

@compute @workgroup_size(256)
fn gradient(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let at = places(i);
    let g = bitcast<f32>(c[at.z]);
    out[i] = bitcast<u32>(slope(bitcast<f32>(a[at.x]), bitcast<f32>(b[at.y]), g));
}
