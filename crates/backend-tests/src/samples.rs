//! Views to test with: one logical shape, every way to lay it out, and what its elements are.

use tensor_core::{DType, Device, HostData, Layout, RawTensor, Shape, View};

/// A view on the device and, row-major, the numbers it must be seen to hold.
pub struct Sample {
    pub tensor: RawTensor,
    pub values: Vec<f64>,
    pub kind: &'static str,
}

impl Sample {
    pub fn view(&self) -> View<'_> {
        self.tensor.view()
    }
    pub fn shape(&self) -> &Shape {
        self.tensor.shape()
    }
}

/// Sizes around vector widths, with and without dimensions, empty ones among them.
pub const SHAPES: &[&[usize]] = &[
    &[],
    &[1],
    &[7],
    &[8],
    &[9],
    &[33],
    &[100],
    &[1037],
    &[0],
    &[3, 0, 2],
    &[3, 5],
    &[4, 33],
    &[17, 8],
    &[2, 3, 4],
    &[2, 1, 5, 3],
];

/// Numbers without a pattern that a kernel could hit by chance, in [0, 1): Knuth's MMIX generator.
pub struct Noise(u64);

impl Noise {
    pub fn new(seed: u64) -> Self {
        Noise(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }
    pub fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
    /// A whole number in `low..high`.
    pub fn whole(&mut self, low: i64, high: i64) -> f64 {
        (low + (self.unit() * (high - low) as f64) as i64) as f64
    }
}

/// Numbers as elements of a type; the type rounds.
pub fn host(values: &[f64], dtype: DType) -> HostData {
    HostData::F64(values.to_vec()).cast(dtype)
}

/// Host elements as doubles.
pub fn doubles(data: HostData) -> Vec<f64> {
    data.into_vec::<f64>()
}

/// A contiguous tensor.
pub fn upload(device: &Device, values: &[f64], shape: &[usize], dtype: DType) -> RawTensor {
    RawTensor::from_host(&host(values, dtype), shape, device).expect("an upload")
}

/// A sample of `base` elements seen through `layout`.
fn seen(
    device: &Device,
    dtype: DType,
    base: &Shape,
    layout: Layout,
    next: &mut dyn FnMut() -> f64,
    kind: &'static str,
) -> Sample {
    let raw: Vec<f64> = (0..base.numel()).map(|_| next()).collect();
    let data = host(&raw, dtype);
    let held = doubles(data.clone());
    let values = layout.indices().map(|i| held[i]).collect();
    let tensor = RawTensor::from_host(&data, base, device).expect("an upload").with_layout(layout);
    assert_eq!(tensor.shape(), layout.shape());
    Sample { tensor, values, kind }
}

/// A shape laid out in every way that it can be.
pub fn views(device: &Device, shape: &[usize], dtype: DType, mut next: impl FnMut() -> f64) -> Vec<Sample> {
    let rank = shape.len();
    let target = Shape::new(shape);
    let mut out = Vec::new();
    let mut add = |base: Shape, kind, view: &dyn Fn(Layout) -> Layout| {
        out.push(seen(device, dtype, &base, view(Layout::contiguous(base)), &mut next, kind));
    };
    add(target, "contiguous", &|l| l);
    if rank == 0 {
        add(Shape::new(&[3]), "offset", &|l| l.select(0, 2));
        return out;
    }
    let last = rank - 1;
    add(target.with(0, shape[0] + 2), "offset", &|l| l.slice(0, 1, shape[0], 1));
    add(target.with(last, 2 * shape[last] + 1), "stepped", &|l| l.slice(last, 1, shape[last], 2));
    add(target, "reversed", &|l| {
        (0..rank).fold(l, |l, axis| l.slice(axis, shape[axis].saturating_sub(1), shape[axis], -1))
    });
    if shape[0] > 0 {
        add(target.with(0, 1), "repeated", &|l| l.expand(&target).expect("a size of 1 expands"));
    }
    add(Shape::new(&[]), "one number", &|l| l.expand(&target).expect("a number expands"));
    if rank > 1 {
        let backwards: Vec<usize> = (0..rank).rev().collect();
        let turned: Vec<usize> = shape.iter().rev().copied().collect();
        add(Shape::new(&turned), "transposed", &|l| l.permute(&backwards));
        if shape[last] > 0 {
            add(target.with(last, 1), "columns", &|l| l.expand(&target).expect("a size of 1 expands"));
        }
        // Transposed, every third from the end, offset: nothing about it is friendly.
        let mut wild = Shape::new(&turned);
        wild.dims_mut()[last] = 3 * shape[0] + 2;
        let start = (3 * shape[0] + 1).min(3 * shape[0].max(1));
        add(wild, "wild", &|l| l.slice(last, start, shape[0], -3).permute(&backwards));
    }
    out
}

/// Every shape of [`SHAPES`] in every layout.
pub fn all_views(device: &Device, dtype: DType, mut next: impl FnMut() -> f64) -> Vec<Sample> {
    SHAPES.iter().flat_map(|shape| views(device, shape, dtype, &mut next)).collect()
}

/// The floating types that the device has.
pub fn floats(device: &Device) -> impl Iterator<Item = DType> {
    [DType::F32, DType::F64].into_iter().filter(|&dtype| device.supports(dtype))
}

/// The integer types with arithmetic that the device has.
pub fn integers(device: &Device) -> impl Iterator<Item = DType> {
    [DType::I32, DType::I64].into_iter().filter(|&dtype| device.supports(dtype))
}

/// All types that the device has.
pub fn types(device: &Device) -> impl Iterator<Item = DType> {
    DType::ALL.into_iter().filter(|&dtype| device.supports(dtype))
}

/// Whole numbers that every type holds exactly and tells apart as well as it can.
pub fn plain(dtype: DType, noise: &mut Noise) -> f64 {
    match dtype {
        DType::Bool => noise.whole(0, 2),
        DType::U8 => noise.whole(0, 256),
        _ => noise.whole(-1000, 1000),
    }
}
