// Products of matrices without workgroup memory: out = act(a·b + bias), [B, M, K]·[B, K, N].
//
// One invocation makes 16 rows of 4 columns in registers. All invocations of a workgroup share the rows, so
// the elements of a are uniform: one load serves all. Best where barriers and workgroup memory cost more than
// loads (software adapters), and where M or N is small; matmul.wgsl is for the rest.

override LANES: u32 = 8u;

@compute @workgroup_size(LANES)
fn product(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) local: u32) {
    let row = i32(p.base.y + group.y * 16u);
    let column = p.base.x + (group.x * LANES + local) * 4u;
    let batch = i32(p.base.z + group.z);
    let last_row = i32(p.m) - 1;
    let c = min(vec4<u32>(column, column + 1u, column + 2u, column + 3u), vec4<u32>(p.n - 1u));
    let at_b = p.b.x + batch * p.b.y + vec4<i32>(c) * p.b.w;
    let at_a = p.a.x + batch * p.a.y;
    let at_y = p.y.x + batch * p.y.y;
    let r0 = min(row + 0, last_row);
    let r1 = min(row + 1, last_row);
    let r2 = min(row + 2, last_row);
    let r3 = min(row + 3, last_row);
    let r4 = min(row + 4, last_row);
    let r5 = min(row + 5, last_row);
    let r6 = min(row + 6, last_row);
    let r7 = min(row + 7, last_row);
    let r8 = min(row + 8, last_row);
    let r9 = min(row + 9, last_row);
    let r10 = min(row + 10, last_row);
    let r11 = min(row + 11, last_row);
    let r12 = min(row + 12, last_row);
    let r13 = min(row + 13, last_row);
    let r14 = min(row + 14, last_row);
    let r15 = min(row + 15, last_row);
    var acc0 = vec4<f32>();
    var acc1 = vec4<f32>();
    var acc2 = vec4<f32>();
    var acc3 = vec4<f32>();
    var acc4 = vec4<f32>();
    var acc5 = vec4<f32>();
    var acc6 = vec4<f32>();
    var acc7 = vec4<f32>();
    var acc8 = vec4<f32>();
    var acc9 = vec4<f32>();
    var acc10 = vec4<f32>();
    var acc11 = vec4<f32>();
    var acc12 = vec4<f32>();
    var acc13 = vec4<f32>();
    var acc14 = vec4<f32>();
    var acc15 = vec4<f32>();
    var row_sums = array<f32, 16>();
    for (var k = 0; k < i32(p.k); k++) {
        let kb = at_b + k * p.b.z;
        let v = vec4<f32>(b[kb.x], b[kb.y], b[kb.z], b[kb.w]);
        let ka = at_a + k * p.a.w;
        let ky = at_y + k * p.y.w;
        let a0 = left(ka + r0 * p.a.z, ky + r0 * p.y.z);
        let a1 = left(ka + r1 * p.a.z, ky + r1 * p.y.z);
        let a2 = left(ka + r2 * p.a.z, ky + r2 * p.y.z);
        let a3 = left(ka + r3 * p.a.z, ky + r3 * p.y.z);
        let a4 = left(ka + r4 * p.a.z, ky + r4 * p.y.z);
        let a5 = left(ka + r5 * p.a.z, ky + r5 * p.y.z);
        let a6 = left(ka + r6 * p.a.z, ky + r6 * p.y.z);
        let a7 = left(ka + r7 * p.a.z, ky + r7 * p.y.z);
        let a8 = left(ka + r8 * p.a.z, ky + r8 * p.y.z);
        let a9 = left(ka + r9 * p.a.z, ky + r9 * p.y.z);
        let a10 = left(ka + r10 * p.a.z, ky + r10 * p.y.z);
        let a11 = left(ka + r11 * p.a.z, ky + r11 * p.y.z);
        let a12 = left(ka + r12 * p.a.z, ky + r12 * p.y.z);
        let a13 = left(ka + r13 * p.a.z, ky + r13 * p.y.z);
        let a14 = left(ka + r14 * p.a.z, ky + r14 * p.y.z);
        let a15 = left(ka + r15 * p.a.z, ky + r15 * p.y.z);
        acc0 = fma(vec4<f32>(a0), v, acc0);
        acc1 = fma(vec4<f32>(a1), v, acc1);
        acc2 = fma(vec4<f32>(a2), v, acc2);
        acc3 = fma(vec4<f32>(a3), v, acc3);
        acc4 = fma(vec4<f32>(a4), v, acc4);
        acc5 = fma(vec4<f32>(a5), v, acc5);
        acc6 = fma(vec4<f32>(a6), v, acc6);
        acc7 = fma(vec4<f32>(a7), v, acc7);
        acc8 = fma(vec4<f32>(a8), v, acc8);
        acc9 = fma(vec4<f32>(a9), v, acc9);
        acc10 = fma(vec4<f32>(a10), v, acc10);
        acc11 = fma(vec4<f32>(a11), v, acc11);
        acc12 = fma(vec4<f32>(a12), v, acc12);
        acc13 = fma(vec4<f32>(a13), v, acc13);
        acc14 = fma(vec4<f32>(a14), v, acc14);
        acc15 = fma(vec4<f32>(a15), v, acc15);
        if SUMS {
            row_sums[0] += a0;
            row_sums[1] += a1;
            row_sums[2] += a2;
            row_sums[3] += a3;
            row_sums[4] += a4;
            row_sums[5] += a5;
            row_sums[6] += a6;
            row_sums[7] += a7;
            row_sums[8] += a8;
            row_sums[9] += a9;
            row_sums[10] += a10;
            row_sums[11] += a11;
            row_sums[12] += a12;
            row_sums[13] += a13;
            row_sums[14] += a14;
            row_sums[15] += a15;
        }
    }
    put(batch, row + 0, column, acc0);
    put(batch, row + 1, column, acc1);
    put(batch, row + 2, column, acc2);
    put(batch, row + 3, column, acc3);
    put(batch, row + 4, column, acc4);
    put(batch, row + 5, column, acc5);
    put(batch, row + 6, column, acc6);
    put(batch, row + 7, column, acc7);
    put(batch, row + 8, column, acc8);
    put(batch, row + 9, column, acc9);
    put(batch, row + 10, column, acc10);
    put(batch, row + 11, column, acc11);
    put(batch, row + 12, column, acc12);
    put(batch, row + 13, column, acc13);
    put(batch, row + 14, column, acc14);
    put(batch, row + 15, column, acc15);
    if SUMS && column == 0u {
        put_sum(row + 0, row_sums[0]);
        put_sum(row + 1, row_sums[1]);
        put_sum(row + 2, row_sums[2]);
        put_sum(row + 3, row_sums[3]);
        put_sum(row + 4, row_sums[4]);
        put_sum(row + 5, row_sums[5]);
        put_sum(row + 6, row_sums[6]);
        put_sum(row + 7, row_sums[7]);
        put_sum(row + 8, row_sums[8]);
        put_sum(row + 9, row_sums[9]);
        put_sum(row + 10, row_sums[10]);
        put_sum(row + 11, row_sums[11]);
        put_sum(row + 12, row_sums[12]);
        put_sum(row + 13, row_sums[13]);
        put_sum(row + 14, row_sums[14]);
        put_sum(row + 15, row_sums[15]);
    }
}
