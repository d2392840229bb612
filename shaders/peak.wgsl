// Fused multiply-adds on registers alone: the most a device computes when nothing is fetched.
//
// Eight independent chains of vec4, four links a turn: enough to hide the latency of each, and too many to a turn
// for the loop's own cost to show.

struct Params {
    turns: u32,
    a: f32,
    b: f32,
}

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;

fn links(x: vec4<f32>, a: vec4<f32>, b: vec4<f32>) -> vec4<f32> {
    return fma(fma(fma(fma(x, a, b), a, b), a, b), a, b);
}

@compute @workgroup_size(256)
fn chains(@builtin(global_invocation_id) id: vec3<u32>) {
    let a = vec4<f32>(p.a);
    let b = vec4<f32>(p.b);
    var x0 = vec4<f32>(f32(id.x));
    var x1 = x0 + b;
    var x2 = x1 + b;
    var x3 = x2 + b;
    var x4 = x3 + b;
    var x5 = x4 + b;
    var x6 = x5 + b;
    var x7 = x6 + b;
    for (var turn = 0u; turn < p.turns; turn++) {
        x0 = links(x0, a, b);
        x1 = links(x1, a, b);
        x2 = links(x2, a, b);
        x3 = links(x3, a, b);
        x4 = links(x4, a, b);
        x5 = links(x5, a, b);
        x6 = links(x6, a, b);
        x7 = links(x7, a, b);
    }
    let all = x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7;
    out[id.x] = all.x + all.y + all.z + all.w;
}
