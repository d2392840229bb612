// What the products of floats share: their parameters and buffers, the left operand through a mask, and what
// happens to each element on its way out.

struct Params {
    m: u32,
    n: u32,
    k: u32,
    splits: u32, // pieces of K, one partial product each
    a: vec4<i32>, // offset, strides of batch, row, column
    b: vec4<i32>,
    y: vec4<i32>,
    bias: vec4<i32>,
    base: vec3<u32>, // first column, row and batch of this dispatch
    chunk: u32, // elements of K a piece
    batch: u32,
}

override ACT: u32 = 0u; // 0 none, 1 ReLU, 2 sigmoid, 3 tanh
override BIAS: bool = false;
override MASK: u32 = 0u; // a is multiplied by the derivative of this activation at its result y
override SUMS: bool = false; // also the sums of the rows of a

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<f32>;
@group(0) @binding(2) var<storage, read> b: array<f32>;
@group(0) @binding(3) var<storage, read> y: array<f32>;
@group(0) @binding(4) var<storage, read> bias: array<f32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(0) @binding(6) var<storage, read_write> sums: array<f32>;

fn masked(v: f32, y: f32) -> f32 {
    switch MASK {
        case 1u: { return select(v, 0.0, at_most_zero(y)); }
        case 2u: { return v * (y * (1.0 - y)); }
        default: { return v * (1.0 - y * y); }
    }
}

fn left(at: i32, at_y: i32) -> f32 {
    if MASK == 0u {
        return a[at];
    }
    return masked(a[at], y[at_y]);
}

// Where the bias of a row begins.
fn bias_of(batch: i32, row: i32) -> i32 {
    return p.bias.x + batch * p.bias.y + row * p.bias.z;
}

fn finished(v: f32, bias_row: i32, column: u32) -> f32 {
    var r = v;
    if BIAS {
        r += bias[bias_row + i32(column) * p.bias.w];
    }
    switch ACT {
        case 1u: { return select(r, 0.0, at_most_zero(r)); }
        case 2u: { return 1.0 / (1.0 + exp(-r)); }
        case 3u: {
            let far = 1.0 - 2.0 / (exp(2.0 * min(abs(r), 20.0)) + 1.0);
            let z = r * r;
            let near = fma(r * z, fma(z, fma(z, -0.053968254, 0.133333333), -0.33333333), r);
            return select(select(far, -far, r < 0.0), near, abs(r) < 0.1);
        }
        default: { return r; }
    }
}
