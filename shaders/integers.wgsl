// Products of matrices of integers, which wrap: [B, M, K]·[B, K, N], one result an invocation.

struct Params {
    m: u32,
    n: u32,
    k: u32,
    batch: u32,
    a: vec4<i32>, // offset, strides of batch, row, column
    b: vec4<i32>,
    first: u32, // of the steps along K that this dispatch takes; from the second dispatch on it adds
    last: u32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<i32>;
@group(0) @binding(2) var<storage, read> b: array<i32>;
@group(0) @binding(3) var<storage, read_write> out: array<i32>;

@compute @workgroup_size(64)
fn product(here: Here) {
    let i = index_of(here, 64u);
    if i >= p.batch * p.m * p.n {
        return;
    }
    let column = i32(i % p.n);
    let row = i32(i / p.n % p.m);
    let batch = i32(i / p.n / p.m);
    let at_a = p.a.x + batch * p.a.y + row * p.a.z;
    let at_b = p.b.x + batch * p.b.y + column * p.b.w;
    var sum = 0;
    if p.first > 0u {
        sum = out[i];
    }
    for (var k = i32(p.first); k < i32(p.last); k++) {
        sum += a[at_a + k * p.a.w] * b[at_b + k * p.b.z];
    }
    out[i] = sum;
}
