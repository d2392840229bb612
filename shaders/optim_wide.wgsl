// Optimizer steps over many parameters a dispatch, in place, after PyTorch's single-tensor formulas.
//
// Six slots of parameter, gradient and two states: 24 storage buffers, more than the 8 that WebGPU promises.
// Adapters that have no more, or pay for branches not taken, use optim.wgsl.

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> param0: array<f32>;
@group(0) @binding(2) var<storage, read> grad0: array<f32>;
@group(0) @binding(3) var<storage, read_write> u0: array<f32>;
@group(0) @binding(4) var<storage, read_write> v0: array<f32>;
@group(0) @binding(5) var<storage, read_write> param1: array<f32>;
@group(0) @binding(6) var<storage, read> grad1: array<f32>;
@group(0) @binding(7) var<storage, read_write> u1: array<f32>;
@group(0) @binding(8) var<storage, read_write> v1: array<f32>;
@group(0) @binding(9) var<storage, read_write> param2: array<f32>;
@group(0) @binding(10) var<storage, read> grad2: array<f32>;
@group(0) @binding(11) var<storage, read_write> u2: array<f32>;
@group(0) @binding(12) var<storage, read_write> v2: array<f32>;
@group(0) @binding(13) var<storage, read_write> param3: array<f32>;
@group(0) @binding(14) var<storage, read> grad3: array<f32>;
@group(0) @binding(15) var<storage, read_write> u3: array<f32>;
@group(0) @binding(16) var<storage, read_write> v3: array<f32>;
@group(0) @binding(17) var<storage, read_write> param4: array<f32>;
@group(0) @binding(18) var<storage, read> grad4: array<f32>;
@group(0) @binding(19) var<storage, read_write> u4: array<f32>;
@group(0) @binding(20) var<storage, read_write> v4: array<f32>;
@group(0) @binding(21) var<storage, read_write> param5: array<f32>;
@group(0) @binding(22) var<storage, read> grad5: array<f32>;
@group(0) @binding(23) var<storage, read_write> u5: array<f32>;
@group(0) @binding(24) var<storage, read_write> v5: array<f32>;

fn slot0(i: u32) {
    let s = updated(State(param0[i], u0[at_u(i)], v0[at_v(i)], 0.0), grad0[p.offsets[0].x + i]);
    param0[i] = s.p;
    if has_u() {
        u0[i] = s.u;
    }
    if has_v() {
        v0[i] = s.v;
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

fn slot2(i: u32) {
    let s = updated(State(param2[i], u2[at_u(i)], v2[at_v(i)], 0.0), grad2[p.offsets[0].z + i]);
    param2[i] = s.p;
    if has_u() {
        u2[i] = s.u;
    }
    if has_v() {
        v2[i] = s.v;
    }
}

fn slot3(i: u32) {
    let s = updated(State(param3[i], u3[at_u(i)], v3[at_v(i)], 0.0), grad3[p.offsets[0].w + i]);
    param3[i] = s.p;
    if has_u() {
        u3[i] = s.u;
    }
    if has_v() {
        v3[i] = s.v;
    }
}

fn slot4(i: u32) {
    let s = updated(State(param4[i], u4[at_u(i)], v4[at_v(i)], 0.0), grad4[p.offsets[1].x + i]);
    param4[i] = s.p;
    if has_u() {
        u4[i] = s.u;
    }
    if has_v() {
        v4[i] = s.v;
    }
}

fn slot5(i: u32) {
    let s = updated(State(param5[i], u5[at_u(i)], v5[at_v(i)], 0.0), grad5[p.offsets[1].y + i]);
    param5[i] = s.p;
    if has_u() {
        u5[i] = s.u;
    }
    if has_v() {
        v5[i] = s.v;
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
    if i < p.lens[0].y {
        slot1(i);
        return;
    }
    i -= p.lens[0].y;
    if i < p.lens[0].z {
        slot2(i);
        return;
    }
    i -= p.lens[0].z;
    if i < p.lens[0].w {
        slot3(i);
        return;
    }
    i -= p.lens[0].w;
    if i < p.lens[1].x {
        slot4(i);
        return;
    }
    i -= p.lens[1].x;
    slot5(i);
}
