// Windows laid out, added back to where they came from, and searched: see tensor-core/src/window.rs.
//
// A row is one set of leading indices: a plane of `sizes`, over which windows slide, and their `places`; fewer than
// three dimensions have sizes of 1 in front. Whatever adds up gathers: an invocation makes one element of the result
// and walks the windows that reach it in the order of the default's sums, so no atomics are needed.

struct Params {
    n: u32, // elements of the result
    pad: u32, // what is read in the padding
    row: i32, // steps of the operand from row to row, and its start
    offset: i32,
    sizes: vec4<u32>, // w: their product, as of the next two
    places: vec4<u32>,
    window: vec4<u32>,
    stride: vec4<u32>,
    dilation: vec4<u32>,
    before: vec4<u32>, // padding
    inner: vec4<i32>, // steps of the operand: along the plane, or from place to place
    outer: vec4<i32>, // from element to element of a window
}

override TYPE: u32 = 0u; // 0 float, 1 integer

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;
@group(0) @binding(4) var<storage, read_write> index_out: array<u32>;

// The quotients of numbers below 2²⁰, on which dividing floats is exact: half of one away from the next whole number
// they are farther from it than the error. Integers divide slowly everywhere, and one by one on the processor.
fn quotient(n: u32, by: u32) -> u32 {
    return u32((f32(n) + 0.5) / f32(by));
}

fn quotients(n: vec3<u32>, by: vec3<u32>) -> vec3<u32> {
    return vec3<u32>((vec3<f32>(n) + 0.5) / vec3<f32>(by));
}

// A row-major number taken apart.
fn apart(i: u32, sizes: vec4<u32>) -> vec3<u32> {
    let line = quotient(i, sizes.z);
    let x = quotient(line, sizes.y);
    return vec3<u32>(x, line - x * sizes.y, i - line * sizes.z);
}

fn steps(at: vec3<u32>, strides: vec4<i32>) -> i32 {
    let v = vec3<i32>(at) * strides.xyz;
    return v.x + v.y + v.z;
}

// Where element k of place o stands; far beyond the sizes where that is before the plane.
fn stands(o: vec3<u32>, k: vec3<u32>) -> vec3<u32> {
    return o * p.stride.xyz + k * p.dilation.xyz - p.before.xyz;
}

@compute @workgroup_size(256)
fn unfold(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let line = i / p.places.w;
    let row = line / p.window.w;
    let o = apart(i - line * p.places.w, p.places);
    let at = stands(o, apart(line - row * p.window.w, p.window));
    var v = p.pad;
    if all(at < p.sizes.xyz) {
        v = a[p.offset + i32(row) * p.row + steps(at, p.inner)];
    }
    out[i] = v;
}

// The first and the last place in each dimension whose windows span an element, and one past the last.
fn first_place(at: vec3<u32>) -> vec3<u32> {
    let reach = (p.window.xyz - 1u) * p.dilation.xyz;
    let end = at + p.before.xyz;
    return quotients(max(end, reach) - reach + p.stride.xyz - 1u, p.stride.xyz);
}

fn end_place(at: vec3<u32>) -> vec3<u32> {
    return min(quotients(at + p.before.xyz, p.stride.xyz) + 1u, p.places.xyz);
}

// The number of the element of the window at place o, in one dimension, that stands `beyond` its first, from 1;
// 0 if there is none.
fn element(beyond: u32, dilation: u32) -> u32 {
    if dilation == 1u {
        return beyond + 1u;
    }
    let k = quotient(beyond, dilation);
    return select(0u, k + 1u, k * dilation == beyond);
}

fn plus(v: u32, w: u32) -> u32 {
    if TYPE == 0u {
        return bitcast<u32>(bitcast<f32>(v) + bitcast<f32>(w));
    }
    return v + w;
}

// In the order of the elements, which is that of the places backwards.
@compute @workgroup_size(256)
fn fold(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let plane = i / p.sizes.w;
    let at = apart(i - plane * p.sizes.w, p.sizes);
    let end = end_place(at);
    let first = first_place(at);
    let away = at + p.before.xyz;
    let row = p.offset + i32(plane) * p.row;
    var total = 0u;
    for (var x = end.x; x > first.x; x--) {
        let k_x = element(away.x - (x - 1u) * p.stride.x, p.dilation.x);
        for (var y = end.y; y > first.y; y--) {
            let k_y = element(away.y - (y - 1u) * p.stride.y, p.dilation.y);
            for (var z = end.z; z > first.z; z--) {
                let k = vec3<u32>(k_x, k_y, element(away.z - (z - 1u) * p.stride.z, p.dilation.z));
                if all(k > vec3<u32>()) {
                    let place = row + steps(k - 1u, p.outer) + steps(vec3<u32>(x, y, z) - 1u, p.inner);
                    total = plus(total, a[place]);
                }
            }
        }
    }
    out[i] = total;
}

// The largest of every window, NaN more than any, and where it stands: the first of equal ones.
@compute @workgroup_size(256)
fn max_pool(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let plane = i / p.places.w;
    let o = apart(i - plane * p.places.w, p.places);
    let row = p.offset + i32(plane) * p.row;
    // Nothing exceeds −∞: such a window names its first element, or the nearest to it.
    let start = vec3<i32>(o * p.stride.xyz) - vec3<i32>(p.before.xyz);
    var place = vec3<u32>(clamp(start, vec3<i32>(), vec3<i32>(p.sizes.xyz) - 1));
    var best = 0xff800000u;
    for (var x = 0u; x < p.window.x; x++) {
        for (var y = 0u; y < p.window.y; y++) {
            for (var z = 0u; z < p.window.z; z++) {
                let at = stands(o, vec3<u32>(x, y, z));
                if all(at < p.sizes.xyz) {
                    let v = a[row + steps(at, p.inner)];
                    let value = bitcast<f32>(v);
                    let so_far = bitcast<f32>(best);
                    if !is_nan(so_far) && (is_nan(value) || value > so_far) {
                        best = v;
                        place = at;
                    }
                }
            }
        }
    }
    out[i] = best;
    index_out[i] = (place.x * p.sizes.y + place.y) * p.sizes.z + place.z;
}

// Each element's share of the gradients a of the windows whose largest it was, in the order of their places.
@compute @workgroup_size(256)
fn max_pool_gradient(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let row = i / p.sizes.w;
    let me = i - row * p.sizes.w;
    let at = apart(me, p.sizes);
    // Windows of −∞ that begin or lie in the padding name the elements at the edges.
    let first = select(first_place(at), vec3<u32>(), at == vec3<u32>());
    let end = select(end_place(at), p.places.xyz, at == p.sizes.xyz - 1u);
    var total = 0.0;
    for (var x = first.x; x < end.x; x++) {
        for (var y = first.y; y < end.y; y++) {
            for (var z = first.z; z < end.z; z++) {
                let o = (x * p.places.y + y) * p.places.z + z;
                if index[row * p.places.w + o] == me {
                    let place = p.offset + i32(row) * p.row + steps(vec3<u32>(x, y, z), p.inner);
                    total += bitcast<f32>(a[place]);
                }
            }
        }
    }
    out[i] = bitcast<u32>(total);
}
