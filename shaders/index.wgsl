// Choosing and adding by index.
//
// `gather`: out[i] = a[x + index·step], where x and the place in the index come by strides (the chosen axis
// has stride 0 in x): index_select and gather alike. `scatter_add`: one invocation walks all indices of one
// line along the axis in order and adds in place, so that sums form in the order of `src` without atomics.
// Indices are clamped: the host does not check them, and memory beyond the buffer is nobody's.

override TYPE: u32 = 0u; // 0 float, 1 integer, 2 boolean
override FLAT: bool = false; // rank 1

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<i32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

// s.x: step of the axis in x, s.y: size of the axis
@compute @workgroup_size(256)
fn gather(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let at = places(i);
    let chosen = clamp(index[at.y], 0, i32(p.s.y) - 1);
    out[i] = a[at.x + chosen * bitcast<i32>(p.s.x)];
}

// len: indices in a line; s: steps of the axis in out, index and src, and its size in out
@compute @workgroup_size(256)
fn scatter_add(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let at = places(i);
    for (var k = 0; k < i32(p.len); k++) {
        let chosen = clamp(index[at.y + k * bitcast<i32>(p.s.y)], 0, i32(p.s.w) - 1);
        let value = a[at.x + k * bitcast<i32>(p.s.z)];
        let to = at.w + chosen * bitcast<i32>(p.s.x);
        if TYPE == 0u {
            out[to] = bitcast<u32>(bitcast<f32>(out[to]) + bitcast<f32>(value));
        } else if TYPE == 1u {
            out[to] = out[to] + value;
        } else {
            out[to] = out[to] | value;
        }
    }
}
