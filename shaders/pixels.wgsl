// Pixels on their way into a network: rows of bytes (four to a word) chosen, cast and normalised at once,
// out = (byte/255 − mean)/std. Four results an invocation. LABELS: what stands at the same index among labels
// comes along, by the invocation that has the row's first pixel.

struct Params {
    n: u32,
    width: u32, // bytes a row
    rows: u32, // of the set
    chosen: u32, // 1: rows come by index; 0: in order
    offset: u32,
    index_offset: u32,
    index_stride: u32,
    labels_offset: u32,
    mean: f32,
    deviation: f32,
    labels_stride: u32,
}

override ALIGNED: bool = false; // rows start at words and are whole words
override LABELS: bool = false;

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> bytes: array<u32>;
@group(0) @binding(2) var<storage, read> index: array<i32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(0) @binding(4) var<storage, read> labels: array<u32>;
@group(0) @binding(5) var<storage, read_write> labels_out: array<u32>;

fn source_of(row: u32) -> u32 {
    if p.chosen == 1u {
        return u32(clamp(index[p.index_offset + row * p.index_stride], 0, i32(p.rows) - 1));
    }
    return row;
}

// Where a pixel's byte is; the first of a row brings the label along.
fn place_of(i: u32) -> u32 {
    let row = i / p.width;
    let source = source_of(row);
    if LABELS && i == row * p.width {
        labels_out[row] = labels[p.labels_offset + source * p.labels_stride];
    }
    return p.offset + source * p.width + i - row * p.width;
}

fn normalised(byte: u32) -> f32 {
    return (f32(byte) / 255.0 - p.mean) / p.deviation;
}

@compute @workgroup_size(128)
fn fetch(here: Here) {
    let i = index_of(here, 128u) * 4u;
    if i >= p.n {
        return;
    }
    if ALIGNED {
        let word = bytes[place_of(i) >> 2u];
        out[i] = normalised(word & 0xffu);
        out[i + 1u] = normalised((word >> 8u) & 0xffu);
        out[i + 2u] = normalised((word >> 16u) & 0xffu);
        out[i + 3u] = normalised(word >> 24u);
        return;
    }
    for (var k = i; k < min(i + 4u, p.n); k++) {
        let at = place_of(k);
        out[k] = normalised((bytes[at >> 2u] >> ((at & 3u) * 8u)) & 0xffu);
    }
}
