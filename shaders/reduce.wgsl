// Many elements to one: reductions over any dimensions, arg-reductions, running reductions.
//
// The first `rank` dimensions are kept, the `s.x` after them are reduced. `serial` gives each result to one
// invocation; `grouped` gives it to a workgroup, or cuts it into s.y pieces of s.z elements for as many
// (a second pass joins them); so do `arg_grouped` and `running_grouped`. Joining runs over strided lanes and then
// a tree: the order is fixed. No loop is longer than a piece has elements: see MOST_TURNS in strided.rs.

override OP: u32 = 0u; // 0 sum, 1 product, 2 largest, 3 smallest
override TYPE: u32 = 0u; // 0 float, 1 integer, 2 boolean or byte
override FLAT: bool = false; // one kept and one reduced dimension

@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> a: array<u32>;
@group(0) @binding(2) var<storage, read_write> out: array<u32>;
@group(0) @binding(3) var<storage, read> pieces: array<u32>; // what an earlier pass made of each piece

const WIDTH = 128u;
var<workgroup> values: array<u32, WIDTH>;
var<workgroup> places_of: array<u32, WIDTH>;

// Offsets in a and in out of the i-th combination of dimensions first ≤ k < last.
fn offset(i: u32, first: i32, last: i32) -> vec2<i32> {
    var rest = i;
    var at = vec2<i32>(0, 0);
    for (var k = last - 1; k >= first; k--) {
        let size = p.shape[k >> 2u][k & 3];
        at += i32(rest % size) * p.strides[k].xw;
        rest /= size;
    }
    return at;
}

fn kept(i: u32) -> i32 {
    if FLAT {
        return p.offsets.x + i32(i) * p.strides[0].x;
    }
    return p.offsets.x + offset(i, 0, i32(p.rank)).x;
}

fn inside(i: u32) -> i32 {
    if FLAT {
        return i32(i) * p.strides[1].x;
    }
    return offset(i, i32(p.rank), i32(p.rank + p.s.x)).x;
}

fn is_nan(v: u32) -> bool {
    return (v & 0x7fffffffu) > 0x7f800000u;
}

fn start() -> u32 {
    switch OP {
        case 0u: { return 0u; }
        case 1u: { return select(1u, 0x3f800000u, TYPE == 0u); }
        case 2u: { return select(select(0u, 0x80000000u, TYPE == 1u), 0xff800000u, TYPE == 0u); }
        default: { return select(select(0xffffffffu, 0x7fffffffu, TYPE == 1u), 0x7f800000u, TYPE == 0u); }
    }
}

// Whether v is more extreme than w: NaN is the most.
fn beyond(v: u32, w: u32) -> bool {
    let largest = OP == 2u;
    if TYPE == 0u {
        let x = bitcast<f32>(v);
        let y = bitcast<f32>(w);
        return !is_nan(w) && (is_nan(v) || select((x < y), (x > y), largest));
    }
    if TYPE == 1u {
        let x = bitcast<i32>(v);
        let y = bitcast<i32>(w);
        return select((x < y), (x > y), largest);
    }
    return select((v < w), (v > w), largest);
}

fn join(v: u32, w: u32) -> u32 {
    if OP >= 2u {
        return select(w, v, beyond(v, w));
    }
    if TYPE == 0u {
        let x = bitcast<f32>(v);
        let y = bitcast<f32>(w);
        return bitcast<u32>(select(x * y, x + y, OP == 0u));
    }
    return select(v * w, v + w, OP == 0u);
}

// The part of a line that a workgroup walks.
struct Piece {
    i: u32, // its number
    line: u32,
    first: u32,
    last: u32,
}

fn piece_of(here: Here) -> Piece {
    let i = min(group_of(here), p.n * p.s.y - 1u); // the surplus repeats the last
    let first = (i % p.s.y) * p.s.z;
    return Piece(i, i / p.s.y, first, min(first + p.s.z, p.len));
}

@compute @workgroup_size(64)
fn serial(here: Here) {
    let i = index_of(here, 64u);
    if i >= p.n {
        return;
    }
    let base = kept(i);
    var total = start();
    for (var k = 0u; k < p.len; k++) {
        total = join(total, a[base + inside(k)]);
    }
    out[i] = total;
}

@compute @workgroup_size(WIDTH)
fn grouped(here: Here) {
    let local = here.local;
    let piece = piece_of(here);
    let base = kept(piece.line);
    var total = start();
    for (var k = piece.first + local; k < piece.last; k += WIDTH) {
        total = join(total, a[base + inside(k)]);
    }
    values[local] = total;
    for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            values[local] = join(values[local], values[local + half]);
        }
    }
    if local == 0u {
        out[piece.i] = values[0];
    }
}

@compute @workgroup_size(64)
fn arg_serial(here: Here) {
    let i = index_of(here, 64u);
    if i >= p.n {
        return;
    }
    let base = kept(i);
    var best = a[base];
    var place = 0u;
    for (var k = 1u; k < p.len; k++) {
        let v = a[base + inside(k)];
        if beyond(v, best) {
            best = v;
            place = k;
        }
    }
    out[i] = place;
}

@compute @workgroup_size(WIDTH)
fn arg_grouped(here: Here) {
    let local = here.local;
    let piece = piece_of(here);
    let base = kept(piece.line);
    var place = min(piece.first + local, piece.last - 1u);
    var best = a[base + inside(place)];
    for (var k = piece.first + local + WIDTH; k < piece.last; k += WIDTH) {
        let v = a[base + inside(k)];
        if beyond(v, best) {
            best = v;
            place = k;
        }
    }
    values[local] = best;
    places_of[local] = place;
    for (var half = WIDTH / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if local < half {
            let v = values[local + half];
            let at = places_of[local + half];
            // Of equals the first.
            if beyond(v, values[local]) || (!beyond(values[local], v) && at < places_of[local]) {
                values[local] = v;
                places_of[local] = at;
            }
        }
    }
    if local == 0u {
        out[piece.i] = places_of[0];
    }
}

// The best of the s.y places that `arg_grouped` found in the pieces of each line.
@compute @workgroup_size(64)
fn arg_join(here: Here) {
    let i = index_of(here, 64u);
    if i >= p.n {
        return;
    }
    let base = kept(i);
    var place = pieces[i * p.s.y];
    var best = a[base + inside(place)];
    for (var k = 1u; k < p.s.y; k++) {
        let at = pieces[i * p.s.y + k];
        let v = a[base + inside(at)];
        if beyond(v, best) {
            best = v;
            place = at;
        }
    }
    out[i] = place;
}

// The running reduction: one line an invocation; s.w: step of the line in out.
@compute @workgroup_size(64)
fn running(here: Here) {
    let i = index_of(here, 64u);
    if i >= p.n {
        return;
    }
    let at = offset(i, 0, i32(p.rank));
    let base = p.offsets.x + at.x;
    var total = start();
    for (var k = 0u; k < p.len; k++) {
        total = join(total, a[base + inside(k)]);
        out[u32(at.y) + k * p.s.w] = total;
    }
}

const STRIP = 16u;

// The running reduction of a piece of a line by a workgroup, in blocks of WIDTH strips: each invocation reduces
// its strip, learns what lies before it in the block, and walks the strip again. `pieces` holds the running
// reduction of whole pieces.
@compute @workgroup_size(WIDTH)
fn running_grouped(here: Here) {
    let local = here.local;
    let piece = piece_of(here);
    let at = offset(piece.line, 0, i32(p.rank));
    let base = p.offsets.x + at.x;
    var carry = start();
    if piece.first > 0u {
        carry = pieces[piece.i - 1u];
    }
    for (var block = piece.first; block < piece.last; block += WIDTH * STRIP) {
        let first = block + local * STRIP;
        let last = min(first + STRIP, piece.last);
        var total = start();
        for (var k = first; k < last; k++) {
            total = join(total, a[base + inside(k)]);
        }
        values[local] = total;
        for (var step = 1u; step < WIDTH; step *= 2u) {
            workgroupBarrier();
            var before = start();
            if local >= step {
                before = values[local - step];
            }
            workgroupBarrier();
            values[local] = join(before, values[local]);
        }
        workgroupBarrier();
        total = carry;
        if local > 0u {
            total = join(carry, values[local - 1u]);
        }
        for (var k = first; k < last; k++) {
            total = join(total, a[base + inside(k)]);
            out[u32(at.y) + k * p.s.w] = total;
        }
        carry = join(carry, values[WIDTH - 1u]);
        workgroupBarrier();
    }
}
