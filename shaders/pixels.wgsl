// Pixels on their way into a network: rows of bytes (four to a word) chosen, cast and normalised at once,
// out = (byte/255 − mean)/std. Four results an invocation.

struct Params {
    n: u32,
    width: u32, // bytes a row
    rows: u32, // of the set
    chosen: u32, // 1: rows come by index; 0: in order
    offset: u32,
    index_offset: u32,
    index_stride: u32,
    spare: u32,
    mean: f32,
    deviation: f32,
}

override ALIGNED: bool = false; // rows start at words and are whole words

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> bytes: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<i32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

fn start_of(row: u32) -> u32 {
    var source = row;
    if p.chosen == 1u {
        source = u32(clamp(index[p.index_offset + row * p.index_stride], 0, i32(p.rows) - 1));
    }
    return p.offset + source * p.width;
}

fn normalised(byte: u32) -> f32 {
    return (f32(byte) / 255.0 - p.mean) / p.deviation;
}

@compute @workgroup_size(128)
fn fetch(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) local: u32,
) {
    let i = ((group.y * groups.x + group.x) * 128u + local) * 4u;
    if i >= p.n {
        return;
    }
    if ALIGNED {
        let row = i / p.width;
        let word = bytes[(start_of(row) + i - row * p.width) >> 2u];
        out[i] = normalised(word & 0xffu);
        out[i + 1u] = normalised((word >> 8u) & 0xffu);
        out[i + 2u] = normalised((word >> 16u) & 0xffu);
        out[i + 3u] = normalised(word >> 24u);
        return;
    }
    for (var k = i; k < min(i + 4u, p.n); k++) {
        let row = k / p.width;
        let at = start_of(row) + k - row * p.width;
        out[k] = normalised((bytes[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu);
    }
}
