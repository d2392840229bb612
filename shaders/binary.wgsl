// Functions of two elements, comparisons and choice.
//
// `apply`: out[i] = f(a[i], b[i]); `compare`: 1 or 0; `choose`: c[i] != 0 ? a[i] : b[i]. Operands are read
// by strides (repeats are strides of 0) or are the numbers s.x (a) and s.y (b); the result is contiguous.

override OP: u32 = 0u;
override TYPE: u32 = 0u; // 0 float, 1 integer, 2 boolean
override FLAT: bool = false; // rank 1
override NUMBER_A: bool = false;
override NUMBER_B: bool = false;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> b: array<u32>;
@group(0) @binding(3) var<storage, read> c: array<u32>;
@group(0) @binding(4) var<storage, read_write> out: array<u32>;

fn left(at: i32) -> u32 {
    if NUMBER_A {
        return p.s.x;
    }
    return a[at];
}

fn right(at: i32) -> u32 {
    if NUMBER_B {
        return p.s.y;
    }
    return b[at];
}

// Whole exponents up to 64 by repeated squaring; the rest by logarithms of |x|, the sign by hand.
fn power(x: f32, y: f32) -> f32 {
    let size = abs(y);
    if y == trunc(y) && size <= 64.0 {
        var left = u32(size);
        var factor = x;
        var product = 1.0;
        while left > 0u {
            if (left & 1u) == 1u {
                product *= factor;
            }
            factor *= factor;
            left >>= 1u;
        }
        return select(product, 1.0 / product, y < 0.0);
    }
    if x == 1.0 {
        return 1.0;
    }
    if is_nan(x) || is_nan(y) {
        return x + y;
    }
    if y == 0.5 {
        return sqrt(x);
    }
    let magnitude = pow(abs(x), y);
    if x < 0.0 {
        if y != trunc(y) {
            return nan_of(x);
        }
        return select(magnitude, -magnitude, fract(y * 0.5) != 0.0);
    }
    if x == 0.0 {
        return select(0.0, 1.0 / abs(x), y < 0.0);
    }
    return magnitude;
}

fn remainder(x: f32, y: f32) -> f32 {
    if abs(x) < abs(y) {
        return select(x, x + y, x != 0.0 && (x < 0.0) != (y < 0.0));
    }
    let rest = fma(-trunc(x / y), y, x);
    return select(rest, rest + y, rest != 0.0 && (rest < 0.0) != (y < 0.0));
}

fn of_floats(x: f32, y: f32) -> f32 {
    switch OP {
        case 0u: { return x + y; }
        case 1u: { return x - y; }
        case 2u: { return x * y; }
        case 3u: { return x / y; }
        case 4u: {
            if y == 0.0 {
                return x / y;
            }
            return round((x - remainder(x, y)) / y);
        }
        case 5u: { return remainder(x, y); }
        case 6u: { return power(x, y); }
        case 7u: {
            if x > y {
                return x;
            }
            return select(x + y, y, y >= x);
        }
        case 8u: {
            if x < y {
                return x;
            }
            return select(x + y, y, y <= x);
        }
        default: { return angle(x, y); }
    }
}

// atan2(x, y), the axes and the signs of zero by hand.
fn angle(x: f32, y: f32) -> f32 {
    if is_nan(x) || is_nan(y) {
        return x + y;
    }
    let below = (bitcast<u32>(x) >> 31u) == 1u;
    if x == 0.0 {
        let behind = (bitcast<u32>(y) >> 31u) == 1u;
        return select(x, select(3.14159265, -3.14159265, below), behind);
    }
    let u = abs(x);
    let v = abs(y);
    // The angle of the first octant, exact where the sides are equal, also if both are infinite.
    let t = select(min(u, v) / max(u, v), 1.0, u == v);
    let near = select(t, (t - 1.0) / (t + 1.0), t > 0.41421356);
    let z = near * near;
    var q = fma(z, 8.05374449538e-2, -1.38776856032e-1);
    q = fma(q, z, 1.99777106478e-1);
    q = fma(q, z, -3.33329491539e-1);
    var turn = fma(q * z, near, near);
    turn = select(turn, 0.785398163 + turn, t > 0.41421356);
    turn = select(turn, 1.57079633 - turn, u > v);
    turn = select(turn, 3.14159265 - turn, y < 0.0);
    return select(turn, -turn, below);
}

fn of_integers(x: i32, y: i32) -> i32 {
    switch OP {
        case 0u: { return x + y; }
        case 1u: { return x - y; }
        case 2u: { return x * y; }
        case 4u: {
            let quotient = x / y;
            return quotient - i32(x % y != 0 && (x < 0) != (y < 0));
        }
        case 5u: {
            let rest = x % y;
            return select(rest, rest + y, rest != 0 && (rest < 0) != (y < 0));
        }
        case 6u: {
            if y < 0 {
                return select(0, select(1, 1 - 2 * (y & 1), x == -1), x == 1 || x == -1);
            }
            var left = y;
            var factor = x;
            var product = 1;
            while left > 0 {
                if (left & 1) == 1 {
                    product *= factor;
                }
                factor *= factor;
                left >>= 1u;
            }
            return product;
        }
        case 7u: { return max(x, y); }
        case 10u: { return x ^ y; }
        case 11u: { return x & y; }
        default: { return min(x, y); }
    }
}

fn of_booleans(x: u32, y: u32) -> u32 {
    switch OP {
        case 0u, 7u: { return x | y; }
        case 2u, 8u, 11u: { return x & y; }
        default: { return x ^ y; }
    }
}

@compute @workgroup_size(256)
fn apply(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let at = places(i);
    let x = left(at.x);
    let y = right(at.y);
    if TYPE == 0u {
        out[i] = bitcast<u32>(of_floats(bitcast<f32>(x), bitcast<f32>(y)));
    } else if TYPE == 1u {
        out[i] = bitcast<u32>(of_integers(bitcast<i32>(x), bitcast<i32>(y)));
    } else {
        out[i] = of_booleans(x, y);
    }
}

fn holds_floats(x: f32, y: f32) -> bool {
    switch OP {
        case 0u: { return x == y; }
        case 1u: { return x != y; }
        case 2u: { return x < y; }
        case 3u: { return x <= y; }
        case 4u: { return x > y; }
        default: { return x >= y; }
    }
}

fn holds_integers(x: i32, y: i32) -> bool {
    switch OP {
        case 0u: { return x == y; }
        case 1u: { return x != y; }
        case 2u: { return x < y; }
        case 3u: { return x <= y; }
        case 4u: { return x > y; }
        default: { return x >= y; }
    }
}

@compute @workgroup_size(256)
fn compare(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let at = places(i);
    let x = left(at.x);
    let y = right(at.y);
    if TYPE == 0u {
        let u = bitcast<f32>(x);
        let v = bitcast<f32>(y);
        // By bits, since a driver may take comparisons to be free of NaN.
        let unordered = is_nan(u) || is_nan(v);
        out[i] = select(u32(holds_floats(u, v)), u32(OP == 1u), unordered);
    } else {
        out[i] = u32(holds_integers(bitcast<i32>(x), bitcast<i32>(y)));
    }
}

@compute @workgroup_size(256)
fn choose(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let at = places(i);
    if c[at.z] != 0u {
        out[i] = left(at.x);
    } else {
        out[i] = right(at.y);
    }
}
