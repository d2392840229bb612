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
    var s = State(param0[i], 0.0, 0.0, 0.0);
    if has_u() {
        s.u = u0[i];
    }
    if has_v() {
        s.v = v0[i];
    }
    if THREE {
        s.w = u1[i];
    }
    s = updated(s, grad0[p.offsets[0].x + i]);
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
    var s = State(param1[i], 0.0, 0.0, 0.0);
    if has_u() {
        s.u = u1[i];
    }
    if has_v() {
        s.v = v1[i];
    }
    s = updated(s, grad1[p.offsets[0].y + i]);
    param1[i] = s.p;
    if has_u() {
        u1[i] = s.u;
    }
    if has_v() {
        v1[i] = s.v;
    }
}

@compute @workgroup_size(256)
fn step(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    var i = (group.y * groups.x + group.x) * 256u + local;
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
