// How the products in registers write: a row's four columns, and a row's sum. Rows and columns beyond the
// result's are not there.

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
