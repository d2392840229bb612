// Optimizer steps over two parameters a dispatch, in place, after PyTorch's single-tensor formulas.
//
// Two slots of parameter, gradient and two states are the 8 storage buffers that WebGPU promises. THREE: one
// slot with three states, the third bound where the second slot has its first.

override THREE: bool = false;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> param0: array<f32>;
@group(0) @binding(2) var<storage, read> grad0: array<f32>;
@group(0) @binding(3) var<storage, read_write> u0: array<f32>;
@group(0) @binding(4) var<storage, read_write> v0: array<f32>;
@group(0) @binding(5) var<storage, read_write> param1: array<f32>;
@group(0) @binding(6) var<storage, read> grad1: array<f32>;
@group(0) @binding(7) var<storage, read_write> u1: array<f32>;
@group(0) @binding(8) var<storage, read_write> v1: array<f32>;

fn slot0(i: u32) {
    var third = 0.0;
    if THREE {
        third = u1[i];
    }
    let s = updated(State(param0[i], u0[at_u(i)], v0[at_v(i)], third), grad0[p.offsets[0].x + i]);
    param0[i] = s.p;
    if has_u() {
        u0[i] = s.u;
    }
    if has_v() {
        v0[i] = s.v;
    }
    if THREE {
        u1[i] = s.w;
    }
}

fn slot1(i: u32) {
    let s = updated(State(param1[i], u1[at_u(i)], v1[at_v(i)], 0.0), grad1[p.offsets[0].y + i]);
    param1[i] = s.p;
    if has_u() {
        u1[i] = s.u;
    }
    if has_v() {
        v1[i] = s.v;
    }
}

@compute @workgroup_size(256)
fn step(here: Here) {
    var i = index_of(here, 256u);
    if i >= p.n {
        return;
    }
    if i < p.lens[0].x {
        slot0(i);
        return;
    }
    i -= p.lens[0].x;
    if !THREE {
        slot1(i);
    }
}
