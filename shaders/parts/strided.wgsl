// The parameters of kernels that read and write by strides: `Strided` in backend-wgpu/src/strided.rs.

struct Params {
    n: u32, // elements, or lines
    rank: u32,
    len: u32, // of a line
    spare: u32,
    s: vec4<u32>,
    offsets: vec4<i32>,
    shape: array<vec4<u32>, 2>,
    strides: array<vec4<i32>, 8>,
}
