//! Random numbers into a tensor that is there already, PyTorch's draws in PyTorch's order.
//!
//! A fill goes through memory, not through the indices: a transposed tensor is filled as it lies
//! (`zeros(5, 4).t().uniform_()` fills the storage from front to back).

use crate::tensor::Tensor;
use tensor_core::random::{Generator, default_generator};
use tensor_core::{DType, HostData, RawTensor, Shape, check, sorted_places};

/// Numbers in [0, 1) in double precision.
fn uniform(generator: Generator, n: usize) -> impl Iterator<Item = f64> {
    let mut out = vec![0f64; n];
    generator.uniform_f64(&mut out, 0.0, 1.0);
    out.into_iter()
}

impl Tensor {
    /// In place: uniform numbers in [low, high) (PyTorch's defaults are 0 and 1).
    #[track_caller]
    pub fn uniform_(&self, low: f64, high: f64) -> &Self {
        let op = "uniform_";
        check::float(op, self.dtype());
        if low > high {
            check::fail(op, format_args!("nothing lies in [{low}, {high})"), "low must not be above high");
        }
        self.draw(op, &|generator, n, _| {
            if self.dtype() == DType::F64 {
                let mut out = vec![0f64; n];
                generator.uniform_f64(&mut out, low, high);
                HostData::F64(out)
            } else {
                let mut out = vec![0f32; n];
                generator.uniform_f32(&mut out, low, high);
                HostData::F32(out)
            }
        })
    }

    /// In place: normal numbers (PyTorch's defaults are mean 0, std 1).
    #[track_caller]
    pub fn normal_(&self, mean: f64, std: f64) -> &Self {
        let op = "normal_";
        check::float(op, self.dtype());
        if std.is_nan() || std < 0.0 {
            check::fail(op, format_args!("a standard deviation of {std}"), "it must not be negative");
        }
        self.draw(op, &|generator, n, contiguous| match (self.dtype(), contiguous) {
            (DType::F64, true) => {
                let mut out = vec![0f64; n];
                generator.normal_f64(&mut out, mean, std);
                HostData::F64(out)
            }
            (DType::F64, false) => HostData::F64(generator.normal_scalar_f64(n, mean, std)),
            (_, contiguous) => {
                let mut out = vec![0f32; n];
                if contiguous {
                    generator.normal_f32_by(&mut out, mean, std, |b, m, s| self.device().box_muller(b, m, s));
                } else {
                    generator.normal_scalar_f32(&mut out, mean, std);
                }
                HostData::F32(out)
            }
        })
    }

    /// In place: 1 with probability `p`, else 0 (PyTorch's default is ½).
    #[track_caller]
    pub fn bernoulli_(&self, p: f64) -> &Self {
        if !(0.0..=1.0).contains(&p) {
            check::fail("bernoulli_", format_args!("{p} is not a probability"), "give a number from 0 to 1");
        }
        self.draw("bernoulli_", &|generator, n, _| HostData::Bool(generator.bernoulli(n, p)))
    }

    /// In place: exponential numbers of a rate (PyTorch's default is 1).
    #[track_caller]
    pub fn exponential_(&self, rate: f64) -> &Self {
        check::float("exponential_", self.dtype());
        if rate.is_nan() || rate <= 0.0 {
            check::fail("exponential_", format_args!("a rate of {rate}"), "it must be positive");
        }
        self.draw("exponential_", &|generator, n, _| HostData::F64(generator.exponential(n, rate)))
    }

    /// In place: numbers whose logarithms are normal (PyTorch's defaults are mean 1, std 2).
    #[track_caller]
    pub fn log_normal_(&self, mean: f64, std: f64) -> &Self {
        check::float("log_normal_", self.dtype());
        if std.is_nan() || std <= 0.0 {
            check::fail("log_normal_", format_args!("a standard deviation of {std}"), "it must be positive");
        }
        self.draw("log_normal_", &|generator, n, _| {
            HostData::F64(generator.normal_scalar_f64(n, mean, std).into_iter().map(f64::exp).collect())
        })
    }

    /// In place: Cauchy's distribution (PyTorch's defaults are 0 and 1).
    #[track_caller]
    pub fn cauchy_(&self, median: f64, sigma: f64) -> &Self {
        check::float("cauchy_", self.dtype());
        if sigma.is_nan() || sigma <= 0.0 {
            check::fail("cauchy_", format_args!("a width of {sigma}"), "it must be positive");
        }
        let value = |u: f64| median + sigma * (std::f64::consts::PI * (u - 0.5)).tan();
        self.draw("cauchy_", &|generator, n, _| HostData::F64(uniform(generator, n).map(value).collect()))
    }

    /// In place: how many trials of probability `p` it takes until one succeeds.
    #[track_caller]
    pub fn geometric_(&self, p: f64) -> &Self {
        if p.is_nan() || p <= 0.0 || p >= 1.0 {
            check::fail(
                "geometric_",
                format_args!("{p} is not a probability"),
                "give a number between 0 and 1",
            );
        }
        let value = |u: f64| (u.ln() / (-p).ln_1p()).ceil();
        self.draw("geometric_", &|generator, n, _| HostData::F64(uniform(generator, n).map(value).collect()))
    }

    /// In place: whole numbers from 0 to the largest that the type tells apart from its neighbours
    /// (2²⁴ for F32, 2⁵³ for F64), each equally likely.
    #[track_caller]
    pub fn random_(&self) -> &Self {
        let values = self.dtype();
        self.draw("random_", &|generator, n, _| {
            HostData::I64(match values {
                DType::I64 => (0..n).map(|_| generator.random_i64()).collect(),
                DType::F64 => generator.randint(n, 0, (1 << 53) + 1),
                DType::F32 => generator.random_words(n, (1 << 24) + 1),
                DType::I32 => generator.random_words(n, 1 << 31),
                DType::U8 => generator.random_words(n, 1 << 8),
                DType::Bool => generator.random_words(n, 2),
            })
        })
    }

    /// In place: whole numbers in [low, high), each equally likely; PyTorch's `random_(low, high)`.
    #[track_caller]
    pub fn random_range_(&self, low: i64, high: i64) -> &Self {
        if low >= high {
            check::fail(
                "random_",
                format_args!("no whole number is in [{low}, {high})"),
                "low must be less than high",
            );
        }
        self.draw("random_", &|generator, n, _| HostData::I64(generator.randint(n, low, high)))
    }

    /// 1 with each element's own probability, else 0: `torch.bernoulli`.
    ///
    /// # Panics
    /// When an element is not a probability.
    #[track_caller]
    pub fn bernoulli(&self) -> Tensor {
        check::float("bernoulli", self.dtype());
        let out = self.detach().zeros_like();
        let p = self.to_vec::<f64>();
        if let Some(odd) = p.iter().find(|p| !(0.0..=1.0).contains(*p)) {
            check::fail("bernoulli", format_args!("{odd} is not a probability"), "give numbers from 0 to 1");
        }
        let generator = default_generator();
        let drawn = if self.dtype() == DType::F64 {
            p.into_iter().map(|p| generator.bernoulli(1, p)[0]).collect()
        } else {
            generator.bernoulli_each(&self.to_vec::<f32>())
        };
        out.copy_(&Tensor::from_vec(drawn, *self.shape(), self.device()));
        out
    }

    /// `samples` indices drawn as often as weights say, of one row `[C] → [S]` or of several
    /// `[N, C] → [N, S]`: `torch.multinomial`.
    ///
    /// ```
    /// use autograd::Tensor;
    /// let weights = Tensor::new(&[0.0f32, 10.0, 3.0], &backend_cpu::device());
    /// let mut drawn = weights.multinomial(2, false).to_vec::<i32>();
    /// drawn.sort();
    /// assert_eq!(drawn, [1, 2]);
    /// ```
    ///
    /// # Panics
    /// For weights that are negative, not finite or all 0, and for more samples than there are when
    /// none may come again.
    #[track_caller]
    pub fn multinomial(&self, samples: usize, replacement: bool) -> Tensor {
        let op = "multinomial";
        check::float(op, self.dtype());
        if !(1..=2).contains(&self.rank()) || samples == 0 {
            check::fail(
                op,
                format_args!("{samples} samples of shape {}", self.shape()),
                "give [C] or [N, C] weights",
            );
        }
        let generator = default_generator();
        let mut drawn = Vec::with_capacity(self.numel());
        for row in self.to_vec::<f64>().chunks(self.dim(-1)) {
            let possible = row.iter().filter(|&&w| w > 0.0).count();
            if row.iter().any(|w| !w.is_finite() || *w < 0.0) || possible == 0 {
                check::fail(op, "weights must be finite, not negative, and not all 0", "");
            }
            if !replacement && samples > possible {
                check::fail(
                    op,
                    format_args!("{samples} samples of {possible} possible ones"),
                    "allow replacement",
                );
            }
            drawn.extend(if self.dtype() == DType::F64 {
                generator.multinomial(row, samples, replacement)
            } else {
                let row: Vec<f32> = row.iter().map(|&w| w as f32).collect();
                generator.multinomial(&row, samples, replacement)
            });
        }
        let shape = self.shape().with(self.rank() - 1, samples);
        Tensor::from_host(&HostData::I64(drawn).cast(DType::I32), shape, self.device())
    }

    /// While `training`, zeroes elements with probability `p` and scales the rest by 1/(1 − p):
    /// `F.dropout`.
    ///
    /// # Panics
    /// When `p` is not a probability.
    #[track_caller]
    pub fn dropout(&self, p: f64, training: bool) -> Tensor {
        if !(0.0..=1.0).contains(&p) {
            check::fail("dropout", format_args!("{p} is not a probability"), "give a number from 0 to 1");
        }
        if training && p > 0.0 { self * self.dropout_mask(p) } else { self.clone() }
    }

    /// While `training`, moves elements to SELU's least value with probability `p`, then scales and moves all so
    /// that mean 0 and variance 1 stay so: `F.alpha_dropout` (Klambauer et al. 2017).
    ///
    /// ```
    /// # let x = autograd::Tensor::ones([2, 8], &backend_cpu::device());
    /// assert!(x.alpha_dropout(0.5, false).equal(&x));
    /// assert_eq!(x.alpha_dropout(1.0, true).sum().item::<f32>(), 0.0);
    /// ```
    ///
    /// # Panics
    /// When `p` is not a probability.
    #[track_caller]
    pub fn alpha_dropout(&self, p: f64, training: bool) -> Tensor {
        self.alpha_noise("alpha_dropout", p, training, || self.zeros_like())
    }

    /// [`Tensor::alpha_dropout`] of whole channels of `[N, C, …]`: `F.feature_alpha_dropout`.
    ///
    /// # Panics
    /// When `p` is not a probability, or there are less than two dimensions.
    #[track_caller]
    pub fn feature_alpha_dropout(&self, p: f64, training: bool) -> Tensor {
        let op = "feature_alpha_dropout";
        let shape = self.shape();
        if training && p > 0.0 && shape.rank() < 2 {
            check::fail(op, format_args!("input of shape {shape}"), "give [N, C, …]");
        }
        let mut sizes = shape.to_vec();
        sizes.iter_mut().skip(2).for_each(|size| *size = 1);
        self.alpha_noise(op, p, training, || Tensor::zeros(&sizes[..], (self.dtype(), self.device())))
    }

    #[track_caller]
    fn alpha_noise(&self, op: &str, p: f64, training: bool, noise: impl FnOnce() -> Tensor) -> Tensor {
        check::float(op, self.dtype());
        if !(0.0..=1.0).contains(&p) {
            check::fail(op, format_args!("{p} is not a probability"), "give a number from 0 to 1");
        }
        if p == 0.0 || !training || self.numel() == 0 {
            return self.clone();
        }
        if p == 1.0 {
            return self * 0.0;
        }
        // SELU's limit far below 0, with the sign turned.
        const ALPHA: f64 = 1.758_099_340_847_376_6;
        let scale = 1.0 / ((ALPHA * ALPHA * p + 1.0) * (1.0 - p)).sqrt();
        let kept = noise();
        kept.bernoulli_(1.0 - p);
        let moved = (&kept - 1.0) * (ALPHA * scale) + ALPHA * scale * p;
        self * (kept * scale) + moved
    }

    /// The factors of dropout for this tensor, drawn in the order of its memory and laid out as it is:
    /// 0 with probability `p`, else 1/(1 − p).
    #[track_caller]
    pub fn dropout_mask(&self, p: f64) -> Tensor {
        check::float("dropout", self.dtype());
        let mut mask = vec![0f32; self.numel()];
        default_generator().dropout_mask(&mut mask, p);
        let data = if self.dtype() == DType::F64 {
            let scale = 1.0 / (1.0 - p);
            HostData::F64(mask.iter().map(|&m| if m == 0.0 { 0.0 } else { scale }).collect())
        } else {
            HostData::F32(mask)
        };
        self.laid_out("dropout", data)
    }

    /// x if x > 0, else x times a slope: while `training` one drawn for each such element, uniform in
    /// [lower, upper), otherwise the bounds' mean. PyTorch's `F.rrelu`.
    #[track_caller]
    pub fn rrelu(&self, lower: f64, upper: f64, training: bool) -> Tensor {
        check::float("rrelu", self.dtype());
        if !training {
            return self.leaky_relu(f64::midpoint(lower, upper)).named("RreluWithNoiseBackward0");
        }
        let generator = default_generator();
        let mut slope = [0.0];
        let slopes = self.to_vec::<f64>().into_iter().map(|x| {
            if x <= 0.0 {
                generator.uniform_f64(&mut slope, lower, upper);
                slope[0]
            } else {
                1.0
            }
        });
        let slopes = self.numbers("rrelu", slopes.collect(), *self.shape());
        (self * slopes).named("RreluWithNoiseBackward0")
    }

    /// Fills with numbers drawn for `(elements, whether they lie row-major)`.
    #[track_caller]
    fn draw(&self, op: &str, f: &dyn Fn(Generator, usize, bool) -> HostData) -> &Self {
        if self.raw().layout().strides().iter().zip(self.shape().dims()).any(|(&s, &d)| s == 0 && d > 1) {
            check::fail(op, "several elements of an expanded tensor share one place", "call .copy() first");
        }
        let data = f(default_generator(), self.numel(), self.is_contiguous());
        self.become_(op, self.laid_out(op, data))
    }

    /// A tensor of this shape and type of elements given in memory order.
    #[track_caller]
    fn laid_out(&self, op: &str, data: HostData) -> Tensor {
        // The dimensions from the one that is widest apart in memory to the narrowest.
        let strides = self.raw().layout().strides();
        let order =
            sorted_places(self.rank(), &|a, b| strides[b].unsigned_abs().cmp(&strides[a].unsigned_abs()));
        let sizes: Shape = order.iter().map(|&a| self.shape()[a]).collect();
        let drawn = check::done(op, RawTensor::from_host(&data.cast(self.dtype()), sizes, self.device()));
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(at, &axis)| back[axis] = at);
        Tensor::from_raw(drawn.permute(&back))
    }
}
