// Where an element of the result stands in each operand: a row-major index taken apart by the strides of
// `Params`, all operands at once.

fn places(i: u32) -> vec4<i32> {
    var at = p.offsets;
    if FLAT {
        return at + i32(i) * p.strides[0];
    }
    var rest = i;
    for (var k = i32(p.rank) - 1; k >= 0; k--) {
        let size = p.shape[k >> 2u][k & 3];
        at += i32(rest % size) * p.strides[k];
        rest /= size;
    }
    return at;
}
