// Softmax, its logarithm, cross-entropy, and their gradients.
//
// A row is `width` elements `inner` apart. LANES invocations share a row (1, or a whole workgroup with a
// tree in workgroup memory); the largest element is taken off first, so nothing overflows.

struct Params {
    rows: u32,
    width: u32,
    inner: u32,
    n: u32, // elements, for the elementwise gradient
    offsets: vec4<u32>, // x or y, gradient, target, its stride
}

override LANES: u32 = 1u;
override LOG: bool = false;
override FUSED: bool = true; // cross_entropy: take the log-softmax too, not only the loss

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> target_: array<i32>;
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(0) @binding(5) var<storage, read_write> loss: array<f32>;

const WIDTH = 64u;
var<workgroup> values: array<f32, WIDTH>;

struct Row {
    base: u32,
    lane: u32,
    valid: bool,
}

// Rows beyond the last repeat it and are not written, so that barriers stay uniform.
fn row_of(group: u32, local: u32) -> Row {
    let i = group * (WIDTH / LANES) + local / LANES;
    let row = min(i, p.rows - 1u);
    return Row((row / p.inner) * p.width * p.inner + row % p.inner, local % LANES, i < p.rows);
}

fn largest_of(v: f32, local: u32, lane: u32) -> f32 {
    if LANES == 1u {
        return v;
    }
    workgroupBarrier();
    values[local] = v;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            values[local] = more(values[local], values[local + half]);
        }
    }
    workgroupBarrier();
    return values[local - lane];
}

fn sum_of(v: f32, local: u32, lane: u32) -> f32 {
    if LANES == 1u {
        return v;
    }
    workgroupBarrier();
    values[local] = v;
    for (var half = LANES / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if lane < half {
            values[local] += values[local + half];
        }
    }
    workgroupBarrier();
    return values[local - lane];
}

// The larger; NaN, known by its bits, wins.
fn more(v: f32, w: f32) -> f32 {
    return select(w, v, v > w || (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u);
}

@compute @workgroup_size(WIDTH)
fn softmax(here: Here) {
    let local = here.local;
    let row = row_of(group_of(here), local);
    let begin = p.offsets.x + row.base;
    var top = x[begin];
    for (var k = row.lane; k < p.width; k += LANES) {
        top = more(x[begin + k * p.inner], top);
    }
    top = largest_of(top, local, row.lane);
    var sum = 0.0;
    for (var k = row.lane; k < p.width; k += LANES) {
        sum += exp(x[begin + k * p.inner] - top);
    }
    sum = sum_of(sum, local, row.lane);
    if !row.valid {
        return;
    }
    let ln = log(sum);
    for (var k = row.lane; k < p.width; k += LANES) {
        let v = x[begin + k * p.inner] - top;
        if LOG {
            out[row.base + k * p.inner] = v - ln;
        } else {
            out[row.base + k * p.inner] = exp(v) / sum;
        }
    }
}

// x holds the result y: y·(g − Σ y·g), or for the logarithm g − exp(y)·Σ g
@compute @workgroup_size(WIDTH)
fn softmax_gradient(here: Here) {
    let row = row_of(group_of(here), here.local);
    let begin = p.offsets.x + row.base;
    let begin_g = p.offsets.y + row.base;
    var sum = 0.0;
    for (var k = row.lane; k < p.width; k += LANES) {
        let v = g[begin_g + k * p.inner];
        if LOG {
            sum += v;
        } else {
            sum += v * x[begin + k * p.inner];
        }
    }
    sum = sum_of(sum, here.local, row.lane);
    if !row.valid {
        return;
    }
    for (var k = row.lane; k < p.width; k += LANES) {
        let at = k * p.inner;
        let y = x[begin + at];
        let v = g[begin_g + at];
        if LOG {
            out[row.base + at] = v - exp(y) * sum;
        } else {
            out[row.base + at] = y * (v - sum);
        }
    }
}

fn class_of(row: u32) -> u32 {
    return u32(clamp(target_[p.offsets.z + row * p.offsets.w], 0, i32(p.width) - 1));
}

// One workgroup: the mean over rows of −out[row, target]; `FUSED` fills out = log softmax(x) on the way.
@compute @workgroup_size(WIDTH)
fn cross_entropy(@builtin(local_invocation_index) local: u32) {
    var total = 0.0;
    for (var row = local; row < p.rows; row += WIDTH) {
        let base = row * p.width;
        if FUSED {
            let begin = p.offsets.x + base;
            var top = x[begin];
            for (var k = 1u; k < p.width; k++) {
                top = more(x[begin + k], top);
            }
            var sum = 0.0;
            for (var k = 0u; k < p.width; k++) {
                sum += exp(x[begin + k] - top);
            }
            let ln = log(sum);
            for (var k = 0u; k < p.width; k++) {
                out[base + k] = (x[begin + k] - top) - ln;
            }
        }
        total += out[base + class_of(row)];
    }
    values[local] = total;
    for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            values[local] += values[local + half];
        }
    }
    if local == 0u {
        loss[0] = -(values[0] / f32(p.rows));
    }
}

// (exp(x) − onehot(target))·g/rows, x being log-probabilities
@compute @workgroup_size(WIDTH)
fn cross_entropy_gradient(here: Here) {
    let i = index_of(here, WIDTH);
    if i >= p.n {
        return;
    }
    let row = i / p.width;
    let scale = g[p.offsets.y] / f32(p.rows);
    let hit = f32(i - row * p.width == class_of(row));
    out[i] = (exp(x[p.offsets.x + i]) - hit) * scale;
}
