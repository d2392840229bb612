// Products of matrices in registers and subgroups of 8 lanes: out = act(a·b + bias), [B, M, K]·[B, K, N].
//
// For software adapters, where a load costs the same whether its 8 lanes read one address or eight. So no lane
// loads what another has: each lane loads 4 elements of a and 4 of b for a step along K, and lane i's elements
// of a reach the others by a broadcast. A workgroup is one subgroup and makes 32 rows of 32 columns.

@compute @workgroup_size(8)
fn product(@builtin(workgroup_id) group: vec3<u32>, @builtin(subgroup_invocation_id) lane: u32) {
    let row = i32(p.base.y + group.y * 32u);
    let column = p.base.x + (group.x * 8u + lane) * 4u;
    let batch = i32(p.base.z + group.z);
    let last_row = i32(p.m) - 1;
    var at_a = p.a.x + batch * p.a.y;
    var at_y = p.y.x + batch * p.y.y;
    var at_b = p.b.x + batch * p.b.y;
    let r0 = min(row + 0 + i32(lane), last_row);
    let r1 = min(row + 8 + i32(lane), last_row);
    let r2 = min(row + 16 + i32(lane), last_row);
    let r3 = min(row + 24 + i32(lane), last_row);
    let a0 = r0 * p.a.z;
    let y0 = r0 * p.y.z;
    var sum0 = 0.0;
    let a1 = r1 * p.a.z;
    let y1 = r1 * p.y.z;
    var sum1 = 0.0;
    let a2 = r2 * p.a.z;
    let y2 = r2 * p.y.z;
    var sum2 = 0.0;
    let a3 = r3 * p.a.z;
    let y3 = r3 * p.y.z;
    var sum3 = 0.0;
    let c0 = vec4<i32>(min(vec4<u32>(column + 0u) + vec4<u32>(0u, 1u, 2u, 3u), vec4<u32>(p.n - 1u))) * p.b.w;
    var v000 = vec4<f32>();
    var v010 = vec4<f32>();
    var v020 = vec4<f32>();
    var v030 = vec4<f32>();
    var v040 = vec4<f32>();
    var v050 = vec4<f32>();
    var v060 = vec4<f32>();
    var v070 = vec4<f32>();
    var v100 = vec4<f32>();
    var v110 = vec4<f32>();
    var v120 = vec4<f32>();
    var v130 = vec4<f32>();
    var v140 = vec4<f32>();
    var v150 = vec4<f32>();
    var v160 = vec4<f32>();
    var v170 = vec4<f32>();
    var v200 = vec4<f32>();
    var v210 = vec4<f32>();
    var v220 = vec4<f32>();
    var v230 = vec4<f32>();
    var v240 = vec4<f32>();
    var v250 = vec4<f32>();
    var v260 = vec4<f32>();
    var v270 = vec4<f32>();
    var v300 = vec4<f32>();
    var v310 = vec4<f32>();
    var v320 = vec4<f32>();
    var v330 = vec4<f32>();
    var v340 = vec4<f32>();
    var v350 = vec4<f32>();
    var v360 = vec4<f32>();
    var v370 = vec4<f32>();
    for (var k = 0u; k < p.k; k++) {
        let w0 = vec4<f32>(b[at_b + c0.x], b[at_b + c0.y], b[at_b + c0.z], b[at_b + c0.w]);
        let u0 = left(at_a + a0, at_y + y0);
        let u1 = left(at_a + a1, at_y + y1);
        let u2 = left(at_a + a2, at_y + y2);
        let u3 = left(at_a + a3, at_y + y3);
        let e00 = vec4<f32>(subgroupBroadcast(u0, 0u));
        v000 = fma(e00, w0, v000);
        let e01 = vec4<f32>(subgroupBroadcast(u0, 1u));
        v010 = fma(e01, w0, v010);
        let e02 = vec4<f32>(subgroupBroadcast(u0, 2u));
        v020 = fma(e02, w0, v020);
        let e03 = vec4<f32>(subgroupBroadcast(u0, 3u));
        v030 = fma(e03, w0, v030);
        let e04 = vec4<f32>(subgroupBroadcast(u0, 4u));
        v040 = fma(e04, w0, v040);
        let e05 = vec4<f32>(subgroupBroadcast(u0, 5u));
        v050 = fma(e05, w0, v050);
        let e06 = vec4<f32>(subgroupBroadcast(u0, 6u));
        v060 = fma(e06, w0, v060);
        let e07 = vec4<f32>(subgroupBroadcast(u0, 7u));
        v070 = fma(e07, w0, v070);
        let e10 = vec4<f32>(subgroupBroadcast(u1, 0u));
        v100 = fma(e10, w0, v100);
        let e11 = vec4<f32>(subgroupBroadcast(u1, 1u));
        v110 = fma(e11, w0, v110);
        let e12 = vec4<f32>(subgroupBroadcast(u1, 2u));
        v120 = fma(e12, w0, v120);
        let e13 = vec4<f32>(subgroupBroadcast(u1, 3u));
        v130 = fma(e13, w0, v130);
        let e14 = vec4<f32>(subgroupBroadcast(u1, 4u));
        v140 = fma(e14, w0, v140);
        let e15 = vec4<f32>(subgroupBroadcast(u1, 5u));
        v150 = fma(e15, w0, v150);
        let e16 = vec4<f32>(subgroupBroadcast(u1, 6u));
        v160 = fma(e16, w0, v160);
        let e17 = vec4<f32>(subgroupBroadcast(u1, 7u));
        v170 = fma(e17, w0, v170);
        let e20 = vec4<f32>(subgroupBroadcast(u2, 0u));
        v200 = fma(e20, w0, v200);
        let e21 = vec4<f32>(subgroupBroadcast(u2, 1u));
        v210 = fma(e21, w0, v210);
        let e22 = vec4<f32>(subgroupBroadcast(u2, 2u));
        v220 = fma(e22, w0, v220);
        let e23 = vec4<f32>(subgroupBroadcast(u2, 3u));
        v230 = fma(e23, w0, v230);
        let e24 = vec4<f32>(subgroupBroadcast(u2, 4u));
        v240 = fma(e24, w0, v240);
        let e25 = vec4<f32>(subgroupBroadcast(u2, 5u));
        v250 = fma(e25, w0, v250);
        let e26 = vec4<f32>(subgroupBroadcast(u2, 6u));
        v260 = fma(e26, w0, v260);
        let e27 = vec4<f32>(subgroupBroadcast(u2, 7u));
        v270 = fma(e27, w0, v270);
        let e30 = vec4<f32>(subgroupBroadcast(u3, 0u));
        v300 = fma(e30, w0, v300);
        let e31 = vec4<f32>(subgroupBroadcast(u3, 1u));
        v310 = fma(e31, w0, v310);
        let e32 = vec4<f32>(subgroupBroadcast(u3, 2u));
        v320 = fma(e32, w0, v320);
        let e33 = vec4<f32>(subgroupBroadcast(u3, 3u));
        v330 = fma(e33, w0, v330);
        let e34 = vec4<f32>(subgroupBroadcast(u3, 4u));
        v340 = fma(e34, w0, v340);
        let e35 = vec4<f32>(subgroupBroadcast(u3, 5u));
        v350 = fma(e35, w0, v350);
        let e36 = vec4<f32>(subgroupBroadcast(u3, 6u));
        v360 = fma(e36, w0, v360);
        let e37 = vec4<f32>(subgroupBroadcast(u3, 7u));
        v370 = fma(e37, w0, v370);
        if SUMS {
            sum0 += u0;
            sum1 += u1;
            sum2 += u2;
            sum3 += u3;
        }
        at_a += p.a.w;
        at_y += p.y.w;
        at_b += p.b.z;
    }
    put(batch, row + 0, column + 0u, v000);
    put(batch, row + 1, column + 0u, v010);
    put(batch, row + 2, column + 0u, v020);
    put(batch, row + 3, column + 0u, v030);
    put(batch, row + 4, column + 0u, v040);
    put(batch, row + 5, column + 0u, v050);
    put(batch, row + 6, column + 0u, v060);
    put(batch, row + 7, column + 0u, v070);
    put(batch, row + 8, column + 0u, v100);
    put(batch, row + 9, column + 0u, v110);
    put(batch, row + 10, column + 0u, v120);
    put(batch, row + 11, column + 0u, v130);
    put(batch, row + 12, column + 0u, v140);
    put(batch, row + 13, column + 0u, v150);
    put(batch, row + 14, column + 0u, v160);
    put(batch, row + 15, column + 0u, v170);
    put(batch, row + 16, column + 0u, v200);
    put(batch, row + 17, column + 0u, v210);
    put(batch, row + 18, column + 0u, v220);
    put(batch, row + 19, column + 0u, v230);
    put(batch, row + 20, column + 0u, v240);
    put(batch, row + 21, column + 0u, v250);
    put(batch, row + 22, column + 0u, v260);
    put(batch, row + 23, column + 0u, v270);
    put(batch, row + 24, column + 0u, v300);
    put(batch, row + 25, column + 0u, v310);
    put(batch, row + 26, column + 0u, v320);
    put(batch, row + 27, column + 0u, v330);
    put(batch, row + 28, column + 0u, v340);
    put(batch, row + 29, column + 0u, v350);
    put(batch, row + 30, column + 0u, v360);
    put(batch, row + 31, column + 0u, v370);
    if SUMS && group.x == 0u && p.base.x == 0u {
        put_sum(row + 0 + i32(lane), sum0);
        put_sum(row + 8 + i32(lane), sum1);
        put_sum(row + 16 + i32(lane), sum2);
        put_sum(row + 24 + i32(lane), sum3);
    }
}

fn put(batch: i32, row: i32, column: u32, v: vec4<f32>) {
    if row >= i32(p.m) {
        return;
    }
    let at = u32(batch * i32(p.m) + row) * p.n;
    let bias_row = bias_of(batch, row);
    for (var j = 0u; j < 4u; j++) {
        if column + j < p.n {
            out[at + column + j] = finished(v[j], bias_row, column + j);
        }
    }
}

fn put_sum(row: i32, v: f32) {
    if row < i32(p.m) {
        sums[row] = v;
    }
}
