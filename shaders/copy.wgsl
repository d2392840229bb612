// Moving elements: between views, between types, and filling.
//
// `convert`: out[w] = TO(a[x]) for places x and w by strides: strided copy (FROM = TO), cast, and unpacking
// of bytes (four to a word). `pack` makes bytes of integers, a word at a time; `store_bytes` writes single
// bytes in place, atomically, since neighbours in a word belong to other invocations.

override FROM: u32 = 0u; // 0 float, 1 integer, 2 boolean, 3 byte
override TO: u32 = 0u; // 0 float, 1 integer, 2 boolean
override FLAT: bool = false; // rank 1

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(2) var<storage, read_write> bytes: array<atomic<u32>>;

fn element(at: i32) -> u32 {
    if FROM == 3u {
        return (a[at >> 2u] >> (u32(at & 3) * 8u)) & 0xffu;
    }
    return a[at];
}

fn converted(v: u32) -> u32 {
    if TO == 2u {
        if FROM == 0u {
            return u32((v & 0x7fffffffu) != 0u);
        }
        return u32(v != 0u);
    }
    if TO == 0u && FROM != 0u {
        return bitcast<u32>(f32(bitcast<i32>(v)));
    }
    if TO == 1u && FROM == 0u {
        if (v & 0x7fffffffu) > 0x7f800000u {
            return 0u;
        }
        return bitcast<u32>(i32(bitcast<f32>(v)));
    }
    return v;
}

@compute @workgroup_size(256)
fn convert(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let at = places(i);
    out[at.w] = converted(element(at.x));
}

@compute @workgroup_size(256)
fn fill(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    out[places(i).w] = p.s.x;
}

@compute @workgroup_size(256)
fn pack(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    var word = 0u;
    for (var k = 0u; k < 4u; k++) {
        let at = 4u * i + k;
        if at < p.len {
            word |= (a[at] & 0xffu) << (8u * k);
        }
    }
    out[i] = word;
}

@compute @workgroup_size(256)
fn store_bytes(here: Here) {
    let i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    let at = places(i);
    let value = a[at.x] & 0xffu;
    let shift = u32(at.w & 3) * 8u;
    atomicAnd(&bytes[at.w >> 2u], ~(0xffu << shift));
    atomicOr(&bytes[at.w >> 2u], value << shift);
}
