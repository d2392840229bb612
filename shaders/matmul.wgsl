// Products of matrices through workgroup memory: out = act(a·b + bias), [B, M, K]·[B, K, N].
//
// A workgroup of SIDE × SIDE invocations makes a tile of 4·SIDE rows and columns, 4 × 4 of it each, walking K
// in steps of 16 kept as vec4 in workgroup memory. Transposed operands are strides; A_ALONG_K and B_ALONG_K say
// along which dimension neighbours in memory lie, so that loads coalesce. Tall K is cut into p.splits pieces
// whose partial products `join` adds up in order.

override SIDE: u32 = 16u;
override A_ALONG_K: bool = true;
override B_ALONG_K: bool = false;

const DEPTH = 16u;
var<workgroup> tile_a: array<vec4<f32>, DEPTH * SIDE>;
var<workgroup> tile_b: array<vec4<f32>, DEPTH * SIDE>;

fn four_of_a(row: u32, k: u32, batch: i32, last: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if k < last {
        let at = p.a.x + batch * p.a.y + i32(k) * p.a.w;
        let at_y = p.y.x + batch * p.y.y + i32(k) * p.y.w;
        for (var j = 0u; j < 4u; j++) {
            if row + j < p.m {
                v[j] = left(at + i32(row + j) * p.a.z, at_y + i32(row + j) * p.y.z);
            }
        }
    }
    return v;
}

fn four_of_b(column: u32, k: u32, batch: i32, last: u32) -> vec4<f32> {
    var v = vec4<f32>();
    if k < last {
        let at = p.b.x + batch * p.b.y + i32(k) * p.b.z;
        for (var j = 0u; j < 4u; j++) {
            if column + j < p.n {
                v[j] = b[at + i32(column + j) * p.b.w];
            }
        }
    }
    return v;
}

@compute @workgroup_size(SIDE, SIDE)
fn product(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_id) id: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let batch = i32(p.base.z + group.z / p.splits);
    let piece = group.z % p.splits;
    let first = piece * p.chunk;
    let last = min(first + p.chunk, p.k);
    let row = p.base.y + group.y * SIDE * 4u;
    let column = p.base.x + group.x * SIDE * 4u;
    var acc0 = vec4<f32>();
    var acc1 = vec4<f32>();
    var acc2 = vec4<f32>();
    var acc3 = vec4<f32>();
    var row_sums = vec4<f32>();
    for (var k = first; k < last; k += DEPTH) {
        for (var i = local; i < DEPTH * SIDE; i += SIDE * SIDE) {
            let along = vec2<u32>(i % DEPTH, i / DEPTH); // depth, four
            let across = vec2<u32>(i / SIDE, i % SIDE);
            let u = select(across, along, A_ALONG_K);
            tile_a[u.x * SIDE + u.y] = four_of_a(row + 4u * u.y, k + u.x, batch, last);
            let w = select(across, along, B_ALONG_K);
            tile_b[w.x * SIDE + w.y] = four_of_b(column + 4u * w.y, k + w.x, batch, last);
        }
        workgroupBarrier();
        for (var d = 0u; d < DEPTH; d++) {
            let u = tile_a[d * SIDE + id.y];
            let w = tile_b[d * SIDE + id.x];
            acc0 = fma(vec4<f32>(u.x), w, acc0);
            acc1 = fma(vec4<f32>(u.y), w, acc1);
            acc2 = fma(vec4<f32>(u.z), w, acc2);
            acc3 = fma(vec4<f32>(u.w), w, acc3);
            if SUMS {
                row_sums += u;
            }
        }
        workgroupBarrier();
    }
    let slab = (piece * p.batch + u32(batch)) * p.m;
    let r = row + 4u * id.y;
    let c = column + 4u * id.x;
    put(batch, slab, r, c, acc0);
    put(batch, slab, r + 1u, c, acc1);
    put(batch, slab, r + 2u, c, acc2);
    put(batch, slab, r + 3u, c, acc3);
    if SUMS && c == 0u {
        for (var j = 0u; j < 4u; j++) {
            if r + j < p.m {
                sums[r + j] = row_sums[j];
            }
        }
    }
}

fn put(batch: i32, slab: u32, row: u32, column: u32, v: vec4<f32>) {
    if row >= p.m {
        return;
    }
    let at = (slab + row) * p.n;
    let bias_row = bias_of(batch, i32(row));
    for (var j = 0u; j < 4u; j++) {
        if column + j < p.n {
            out[at + column + j] = finished(v[j], bias_row, column + j);
        }
    }
}

// a holds p.splits partial products of batch·m·n elements: their sum, finished.
@compute @workgroup_size(256)
fn join(here: Here) {
    let i = index_of(here, 256u);
    let size = p.batch * p.m * p.n;
    if i >= size {
        return;
    }
    var v = 0.0;
    for (var piece = 0u; piece < p.splits; piece++) {
        v += a[piece * size + i];
    }
    let line = i / p.n;
    out[i] = finished(v, bias_of(i32(line / p.m), i32(line % p.m)), i % p.n);
}
