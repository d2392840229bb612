//! Making tensors. Every function takes the device last; PyTorch's defaults are the facade's.

use crate::tensor::Tensor;
use tensor_core::random::{Generator, default_generator};
use tensor_core::{BinaryOp, Category, DType, Device, HostData, RawTensor, Scalar, Shape, check};

/// The length of the rows that long ranges of integers are made of.
const ROW: i64 = 1024;

/// Where and how a tensor is made.
#[derive(Clone, Debug)]
pub struct Options {
    /// Element type.
    pub dtype: DType,
    /// Where it lives.
    pub device: Device,
    /// Source of random numbers; the default generator when `None`.
    pub generator: Option<Generator>,
}

impl From<&Device> for Options {
    fn from(device: &Device) -> Self {
        Options { dtype: DType::F32, device: device.clone(), generator: None }
    }
}
impl From<(DType, &Device)> for Options {
    fn from((dtype, device): (DType, &Device)) -> Self {
        Options { dtype, device: device.clone(), generator: None }
    }
}
impl From<(&Generator, &Device)> for Options {
    fn from((generator, device): (&Generator, &Device)) -> Self {
        Options { generator: Some(generator.clone()), ..Options::from(device) }
    }
}
impl From<&Options> for Options {
    fn from(options: &Options) -> Self {
        options.clone()
    }
}

impl Options {
    fn generator(&self) -> Generator {
        self.generator.clone().unwrap_or_else(default_generator)
    }
}

#[track_caller]
fn of(data: HostData, shape: Shape, dtype: DType, device: &Device) -> Tensor {
    Tensor::from_host(&data.cast(dtype), shape, device)
}

/// The default integer for numbers from `low` to `high`: I64 where they do not fit I32.
fn default_integer(low: i64, high: i64) -> DType {
    if i32::try_from(low).is_ok() && i32::try_from(high).is_ok() { DType::I32 } else { DType::I64 }
}

/// How many numbers a range has.
#[track_caller]
fn range_length(start: Scalar, end: Scalar, step: Scalar) -> usize {
    let (a, b, by) = (start.to_f64(), end.to_f64(), step.to_f64());
    if by == 0.0 || (b - a) / by < 0.0 {
        check::fail(
            "arange",
            format_args!("from {a} to {b} by {by}"),
            "the step must not be 0 and must lead from start to end",
        );
    }
    ((b - a) / by).ceil() as usize
}

/// The first half counted from the first number, the second from the last.
fn from_both_ends<T>(steps: usize, first: impl Fn(usize) -> T, last: impl Fn(usize) -> T) -> Vec<T> {
    // One number alone is the first.
    let half = if steps == 1 { 1 } else { steps / 2 };
    (0..steps).map(|i| if i < half { first(i) } else { last(steps - 1 - i) }).collect()
}

impl Tensor {
    /// `value` everywhere.
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, value: impl Into<Scalar>, options: impl Into<Options>) -> Tensor {
        let options = options.into();
        Tensor::from_raw(RawTensor::full(shape, value, options.dtype, &options.device))
    }

    /// Zeros.
    #[track_caller]
    pub fn zeros(shape: impl Into<Shape>, options: impl Into<Options>) -> Tensor {
        Tensor::full(shape, 0, options)
    }

    /// Ones.
    #[track_caller]
    pub fn ones(shape: impl Into<Shape>, options: impl Into<Options>) -> Tensor {
        Tensor::full(shape, 1, options)
    }

    /// `value` everywhere, of this tensor's shape, type and device.
    #[track_caller]
    pub fn full_like(&self, value: impl Into<Scalar>) -> Tensor {
        Tensor::from_raw(RawTensor::full(*self.shape(), value, self.dtype(), self.device()))
    }

    /// Zeros of this tensor's shape, type and device.
    #[track_caller]
    pub fn zeros_like(&self) -> Tensor {
        self.full_like(0)
    }

    /// Ones of this tensor's shape, type and device.
    #[track_caller]
    pub fn ones_like(&self) -> Tensor {
        self.full_like(1)
    }

    /// The identity matrix `[n, n]`, or of `[n, m]` its first columns.
    #[track_caller]
    pub fn eye(size: impl Into<Shape>, options: impl Into<Options>) -> Tensor {
        let size = size.into();
        let (n, m) = match size[..] {
            [n] => (n, n),
            [n, m] => (n, m),
            _ => check::fail("eye", format_args!("sizes {size} are not a matrix's"), "give n, or [n, m]"),
        };
        let eye = Tensor::zeros([n, m], options);
        eye.diagonal(0, 0, 1).fill_(1);
        eye
    }

    /// Where the lower triangle of a matrix `[rows, cols]` is, up to `offset`: rows and columns, `[2, n]`.
    #[track_caller]
    pub fn tril_indices(rows: usize, cols: usize, offset: isize, device: &Device) -> Tensor {
        Tensor::ones([rows, cols], device).tril(offset).nonzero().t().contiguous()
    }

    /// Where the upper triangle of a matrix `[rows, cols]` is, from `offset`: rows and columns, `[2, n]`.
    #[track_caller]
    pub fn triu_indices(rows: usize, cols: usize, offset: isize, device: &Device) -> Tensor {
        Tensor::ones([rows, cols], device).triu(offset).nonzero().t().contiguous()
    }

    /// `start, start + step, …` before `end`; integers when all three are, else F32. Integers beyond I32 are I64.
    #[track_caller]
    pub fn arange(
        start: impl Into<Scalar>,
        end: impl Into<Scalar>,
        step: impl Into<Scalar>,
        device: &Device,
    ) -> Tensor {
        let (start, end, step) = (start.into(), end.into(), step.into());
        if [start, end, step].iter().any(|s| s.category() == Category::Float) {
            return Tensor::arange_as(start, end, step, device);
        }
        let count = range_length(start, end, step) as i64;
        let (a, by) = (start.to_i64(), step.to_i64());
        let numbers = |a: i64, by: i64, count: i64| {
            let values: Vec<i32> = (0..count).map(|i| (a + i * by) as i32).collect();
            Tensor::from_vec(values, count as usize, device)
        };
        if default_integer(a, a + by * (count - 1).max(0)) == DType::I64 {
            return Tensor::arange_as(start, end, step, (DType::I64, device));
        }
        if count < 2 * ROW {
            return numbers(a, by, count);
        }
        // Many are a column and a row added on the device, which is faster than counting here and sending.
        let column = numbers(a, ROW * by, (count + ROW - 1) / ROW).unsqueeze(1);
        (column + numbers(0, by, ROW)).flatten(0, -1).narrow(0, 0, count as usize).detach()
    }

    /// [`Tensor::arange`] of a given element type: PyTorch's `dtype=`.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// # use tensor_core::DType;
    /// let x = Tensor::arange_as(0, 1, 0.25, (DType::F64, &backend_cpu::device()));
    /// assert_eq!(x.to_vec::<f64>(), [0.0, 0.25, 0.5, 0.75]);
    /// ```
    #[track_caller]
    pub fn arange_as(
        start: impl Into<Scalar>,
        end: impl Into<Scalar>,
        step: impl Into<Scalar>,
        options: impl Into<Options>,
    ) -> Tensor {
        let (start, end, step, options) = (start.into(), end.into(), step.into(), options.into());
        let count = range_length(start, end, step);
        let data = if [start, end, step].iter().any(|s| s.category() == Category::Float) {
            let (a, by) = (start.to_f64(), step.to_f64());
            HostData::F64((0..count).map(|i| a + i as f64 * by).collect())
        } else {
            let (a, by) = (start.to_i64(), step.to_i64());
            HostData::I64((0..count as i64).map(|i| a + i * by).collect())
        };
        of(data, Shape::new(&[count]), options.dtype, &options.device)
    }

    /// `steps` numbers from `start` to `end`, both included, evenly spaced; computed from both ends
    /// towards the middle, as PyTorch does.
    #[track_caller]
    pub fn linspace(start: f64, end: f64, steps: usize, options: impl Into<Options>) -> Tensor {
        let options = options.into();
        let data = if options.dtype == DType::F64 {
            let step = if steps > 1 { (end - start) / (steps - 1) as f64 } else { 0.0 };
            HostData::F64(from_both_ends(
                steps,
                |i| step.mul_add(i as f64, start),
                |i| (-step).mul_add(i as f64, end),
            ))
        } else {
            let (a, b) = (start as f32, end as f32);
            let step = if steps > 1 { (b - a) / (steps - 1) as f32 } else { 0.0 };
            HostData::F32(from_both_ends(
                steps,
                |i| step.mul_add(i as f32, a),
                |i| (-step).mul_add(i as f32, b),
            ))
        };
        of(data, Shape::new(&[steps]), options.dtype, &options.device)
    }

    /// `base` to the powers of [`Tensor::linspace`].
    #[track_caller]
    pub fn logspace(start: f64, end: f64, steps: usize, base: f64, options: impl Into<Options>) -> Tensor {
        let powers = Tensor::linspace(start, end, steps, options);
        Tensor::from_raw(powers.raw().binary_from(BinaryOp::Pow, base))
    }

    /// Uniform numbers in [0, 1).
    #[track_caller]
    pub fn rand(shape: impl Into<Shape>, options: impl Into<Options>) -> Tensor {
        Tensor::uniform(shape, 0.0, 1.0, options)
    }

    /// Uniform numbers in [low, high).
    ///
    /// # Panics
    /// For a type that is not floating.
    #[track_caller]
    pub fn uniform(shape: impl Into<Shape>, low: f64, high: f64, options: impl Into<Options>) -> Tensor {
        let (shape, options) = (shape.into(), options.into());
        check::float("rand", options.dtype);
        let data = if options.dtype == DType::F64 {
            let mut values = vec![0f64; shape.numel()];
            options.generator().uniform_f64(&mut values, low, high);
            HostData::F64(values)
        } else {
            let mut values = vec![0f32; shape.numel()];
            options.generator().uniform_f32(&mut values, low, high);
            HostData::F32(values)
        };
        of(data, shape, options.dtype, &options.device)
    }

    /// Standard normal numbers.
    #[track_caller]
    pub fn randn(shape: impl Into<Shape>, options: impl Into<Options>) -> Tensor {
        Tensor::normal(shape, 0.0, 1.0, options)
    }

    /// Normal numbers of a mean and a standard deviation.
    ///
    /// # Panics
    /// For a type that is not floating.
    #[track_caller]
    pub fn normal(shape: impl Into<Shape>, mean: f64, std: f64, options: impl Into<Options>) -> Tensor {
        let (shape, options) = (shape.into(), options.into());
        check::float("randn", options.dtype);
        let data = if options.dtype == DType::F64 {
            let mut values = vec![0f64; shape.numel()];
            options.generator().normal_f64(&mut values, mean, std);
            HostData::F64(values)
        } else {
            let mut values = vec![0f32; shape.numel()];
            let transform = |blocks: &mut [f32], m, s| options.device.box_muller(blocks, m, s);
            options.generator().normal_f32_by(&mut values, mean, std, transform);
            HostData::F32(values)
        };
        of(data, shape, options.dtype, &options.device)
    }

    /// Uniform numbers in [0, 1) of this tensor's shape, type and device.
    #[track_caller]
    pub fn rand_like(&self) -> Tensor {
        Tensor::rand(*self.shape(), (self.dtype(), self.device()))
    }

    /// Standard normal numbers of this tensor's shape, type and device.
    #[track_caller]
    pub fn randn_like(&self) -> Tensor {
        Tensor::randn(*self.shape(), (self.dtype(), self.device()))
    }

    /// Whole numbers in [low, high), each equally likely; I64 where they do not fit I32.
    #[track_caller]
    pub fn randint(low: i64, high: i64, shape: impl Into<Shape>, options: impl Into<Options>) -> Tensor {
        let (shape, options) = (shape.into(), options.into());
        if low >= high {
            check::fail(
                "randint",
                format_args!("no whole number is in [{low}, {high})"),
                "low must be less than high",
            );
        }
        let values = options.generator().randint(shape.numel(), low, high);
        let dtype = if options.dtype.is_float() { default_integer(low, high - 1) } else { options.dtype };
        of(HostData::I64(values), shape, dtype, &options.device)
    }

    /// The numbers 0 to n − 1 in random order.
    #[track_caller]
    pub fn randperm(n: usize, options: impl Into<Options>) -> Tensor {
        let options = options.into();
        let values = options.generator().randperm(n);
        of(HostData::I64(values), Shape::new(&[n]), DType::I32, &options.device)
    }

    /// Rows of zeros with a one at each class: `[…] → […, classes]`, as integers. Without a number
    /// there are as many classes as the largest asks for.
    #[track_caller]
    pub fn one_hot(&self, classes: impl Into<Option<usize>>) -> Tensor {
        let classes = classes.into().unwrap_or_else(|| match self.numel() {
            0 => check::fail("one_hot", "no classes to count", "give their number"),
            _ => self.max().item::<i64>().max(-1).unsigned_abs() as usize + 1,
        });
        self.one_hot_of(classes)
    }

    #[track_caller]
    fn one_hot_of(&self, classes: usize) -> Tensor {
        check::index_type("one_hot", self.dtype());
        if self.device().checks_indices() {
            crate::ops::in_range("one_hot", self, classes);
        }
        let index = self.unsqueeze(-1);
        let shape = self.shape().insert(self.rank(), classes);
        let zeros = Tensor::full(shape, 0, (DType::I32, self.device()));
        let ones = Tensor::full(*index.shape(), 1, (DType::I32, self.device()));
        zeros.scatter_add(-1, &index, &ones)
    }
}
