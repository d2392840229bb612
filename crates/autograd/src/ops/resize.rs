//! Images of other sizes: interpolation, padding by what is there, and pixels moved between channels
//! and places.
//!
//! Interpolation and padding read one, two or four elements of a dimension for each new one: [`Taps`]. Reading
//! by them and spreading back are each other's transpose, and so each other's gradient rule.

use crate::graph::{Keep, record};
use crate::mode::no_grad;
use crate::tensor::Tensor;
use std::fmt;
use tensor_core::{BinaryOp, DType, Device, RawTensor, Shape, check};

/// The way new elements are made of old ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResizeMode {
    /// The nearest, as PyTorch's `"nearest"` counts: that at ⌊i·old/new⌋.
    Nearest,
    /// The nearest by the centres of pixels.
    NearestExact,
    /// Between the two nearest of each dimension, of which there are so many, one to three: PyTorch's
    /// `"linear"`, `"bilinear"`, `"trilinear"`.
    Linear(usize),
    /// By cubic convolution (Keys 1981, A = −0.75) of the four nearest of each of two dimensions.
    Bicubic,
    /// The average of what a new pixel covers.
    Area,
}

/// PyTorch's words.
impl From<&str> for ResizeMode {
    #[track_caller]
    fn from(word: &str) -> Self {
        match word {
            "nearest" => ResizeMode::Nearest,
            "nearest-exact" => ResizeMode::NearestExact,
            "linear" => ResizeMode::Linear(1),
            "bilinear" => ResizeMode::Linear(2),
            "trilinear" => ResizeMode::Linear(3),
            "bicubic" => ResizeMode::Bicubic,
            "area" => ResizeMode::Area,
            _ => check::fail(
                "interpolate",
                format_args!("mode \"{word}\" is not known"),
                "use \"nearest\", \"nearest-exact\", \"linear\", \"bilinear\", \"trilinear\", \"bicubic\" or \"area\"",
            ),
        }
    }
}

impl fmt::Display for ResizeMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ResizeMode::Nearest => "nearest",
            ResizeMode::NearestExact => "nearest-exact",
            ResizeMode::Linear(1) => "linear",
            ResizeMode::Linear(2) => "bilinear",
            ResizeMode::Linear(_) => "trilinear",
            ResizeMode::Bicubic => "bicubic",
            ResizeMode::Area => "area",
        })
    }
}

/// What [`Tensor::interpolate`] makes of an image: `Resize::size([8, 8]).mode("bilinear")`,
/// `Resize::scale_factor([2.0])`. One number stands for all dimensions.
#[derive(Clone, Debug, PartialEq)]
pub struct Resize {
    /// New sizes, or factors of the old ones.
    pub to: Result<Vec<usize>, Vec<f64>>,
    /// The way; nearest.
    pub mode: ResizeMode,
    /// Whether the centres of the corner pixels stay where they are, in the linear modes and the cubic one; no.
    pub align_corners: bool,
}

impl Resize {
    /// To sizes given.
    pub fn size<const D: usize>(size: [usize; D]) -> Self {
        Resize { to: Ok(size.to_vec()), mode: ResizeMode::Nearest, align_corners: false }
    }

    /// To the old sizes times a factor, rounded down.
    pub fn scale_factor<const D: usize>(factor: [f64; D]) -> Self {
        Resize { to: Err(factor.to_vec()), mode: ResizeMode::Nearest, align_corners: false }
    }

    /// The way new elements are made.
    #[must_use]
    #[track_caller]
    pub fn mode(self, mode: impl Into<ResizeMode>) -> Self {
        Resize { mode: mode.into(), ..self }
    }

    /// Whether the centres of the corner pixels stay where they are.
    #[must_use]
    pub fn align_corners(self, align_corners: bool) -> Self {
        Resize { align_corners, ..self }
    }
}

/// For each new element of a dimension, the old ones it is made of.
#[derive(Clone)]
pub(super) struct Taps {
    axis: usize,
    /// Which elements, and their weights, which broadcast along the dimension; without weights it is a copy.
    parts: Vec<(RawTensor, Option<RawTensor>)>,
}

/// The weights of the four elements around a place that is `t` behind the second.
fn cubic(t: f64) -> [f64; 4] {
    const A: f64 = -0.75;
    let near = |x: f64| ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    let far = |x: f64| ((A * x - 5.0 * A) * x + 8.0 * A) * x - 4.0 * A;
    [far(t + 1.0), near(t), near(1.0 - t), far(2.0 - t)]
}

impl Taps {
    pub(super) fn new(axis: usize, index: Vec<i32>, device: &Device) -> Self {
        Taps { axis, parts: vec![(upload(index, device), None)] }
    }

    /// Nearest, linear or cubic, from `old` to `new` elements, one new one being `step` old ones.
    fn resize(x: &Tensor, axis: usize, new: usize, step: f64, resize: &Resize) -> Self {
        let (old, device) = (x.shape()[axis], x.device());
        let last = old - 1;
        // PyTorch's own shortcuts, which it takes whatever the factor says: the size stays, or doubles. Of the nearest
        // ones it does so in images alone.
        let of_image = x.rank() == 4 && resize.mode == ResizeMode::Nearest;
        if new == old && (of_image || matches!(resize.mode, ResizeMode::Linear(_))) {
            return Taps::new(axis, (0..new as i32).collect(), device);
        }
        if new == 2 * old && of_image {
            return Taps::new(axis, (0..new as i32).map(|i| i / 2).collect(), device);
        }
        if matches!(resize.mode, ResizeMode::Nearest | ResizeMode::NearestExact) {
            let shift = if resize.mode == ResizeMode::NearestExact { 0.5 } else { 0.0 };
            let at = |i: usize| (((i as f32 + shift) * step as f32).floor() as usize).min(last) as i32;
            return Taps::new(axis, (0..new).map(at).collect(), device);
        }
        // Computed in the elements' own precision, as PyTorch does.
        let single = x.dtype() != DType::F64;
        let round = |v: f64| if single { f64::from(v as f32) } else { v };
        let bicubic = resize.mode == ResizeMode::Bicubic;
        let source = |i: usize| {
            if resize.align_corners {
                let step = if new > 1 { round(last as f64 / (new - 1) as f64) } else { 0.0 };
                round(step * i as f64)
            } else {
                let place = round(round(round(step) * (i as f64 + 0.5)) - 0.5);
                if bicubic { place } else { place.max(0.0) }
            }
        };
        let places: Vec<f64> = (0..new).map(source).collect();
        let low: Vec<isize> = places.iter().map(|p| (p.floor() as isize).min(last as isize)).collect();
        let rest: Vec<f64> =
            places.iter().zip(&low).map(|(&p, &l)| round(p - l as f64).clamp(0.0, 1.0)).collect();
        let mut shape = Shape::new(&vec![1; x.rank()]);
        shape.dims_mut()[axis] = new;
        let part = |offset: isize, weight: &dyn Fn(f64) -> f64| {
            let index = low.iter().map(|&l| (l + offset).clamp(0, last as isize) as i32).collect();
            let weights = rest.iter().map(|&t| round(weight(t))).collect();
            (upload(index, device), Some(x.numbers("interpolate", weights, shape).raw().clone()))
        };
        let parts = match bicubic {
            true => (0..4).map(|k| part(k as isize - 1, &|t| cubic(t)[k])).collect(),
            false => vec![part(0, &|t| 1.0 - t), part(1, &|t| t)],
        };
        Taps { axis, parts }
    }

    fn read(&self, x: &RawTensor) -> RawTensor {
        let of = |(index, weights): &(RawTensor, Option<RawTensor>)| {
            let read = x.index_select(self.axis, index);
            weights.as_ref().map_or_else(|| read.clone(), |w| read.binary(BinaryOp::Mul, w))
        };
        let sum = |a: RawTensor, b: RawTensor| a.binary(BinaryOp::Add, &b);
        self.parts.iter().map(of).reduce(sum).expect("taps have a part at least")
    }

    /// The transpose of reading from a dimension of `size`.
    fn spread(&self, y: &RawTensor, size: usize) -> RawTensor {
        let mut along = Shape::new(&vec![1; y.rank()]);
        along.dims_mut()[self.axis] = y.shape()[self.axis];
        let zeros = RawTensor::full(y.shape().with(self.axis, size), 0, y.dtype(), y.device());
        self.parts.iter().fold(zeros, |to, (index, weights)| {
            let weighted = weights.as_ref().map_or_else(|| y.clone(), |w| y.binary(BinaryOp::Mul, w));
            to.scatter_add(self.axis, &index.reshape(&along).expand(y.shape()), &weighted)
        })
    }
}

fn upload(index: Vec<i32>, device: &Device) -> RawTensor {
    let count = index.len();
    Tensor::from_vec(index, count, device).raw().clone()
}

impl Tensor {
    /// New elements along some dimensions, read by their taps.
    #[track_caller]
    pub(super) fn resampled(&self, name: &'static str, taps: Vec<Taps>) -> Tensor {
        let out = taps.iter().fold(self.raw().clone(), |x, tap| tap.read(&x));
        let shape = *self.shape();
        record(name, [self], Keep::NOTHING, out, move |_, g| [Some(g.respread(name, taps.clone(), shape))])
    }

    /// Spread back to a tensor of `shape`: the transpose of [`Tensor::resampled`].
    #[track_caller]
    fn respread(&self, name: &'static str, taps: Vec<Taps>, shape: Shape) -> Tensor {
        let out = taps.iter().rev().fold(self.raw().clone(), |y, tap| tap.spread(&y, shape[tap.axis]));
        record(name, [self], Keep::NOTHING, out, move |_, g| [Some(g.resampled(name, taps.clone()))])
    }

    /// Another size of `[N, C, L]`, `[N, C, H, W]` or `[N, C, D, H, W]`: PyTorch's `F.interpolate`.
    ///
    /// # Panics
    /// When the numbers of sizes or factors are not 1 or that of the dimensions, the mode is linear in another
    /// number of them, or a size becomes 0.
    #[track_caller]
    pub fn interpolate(&self, resize: &Resize) -> Tensor {
        let op = "interpolate";
        check::float(op, self.dtype());
        let dims = self.rank().saturating_sub(2);
        let given = resize.to.as_ref().map_or_else(Vec::len, Vec::len);
        if !(1..=3).contains(&dims) || (given != 1 && given != dims) || self.shape()[2..].contains(&0) {
            check::fail(
                op,
                format_args!("{:?} for an input of shape {}", resize.to, self.shape()),
                "give [N, C, L], [N, C, H, W] or [N, C, D, H, W], and one number or one for each of the last",
            );
        }
        let old = &self.shape()[2..];
        let wrong = match resize.mode {
            ResizeMode::Linear(of) => of != dims,
            mode => mode == ResizeMode::Bicubic && dims != 2,
        };
        if wrong {
            check::fail(
                op,
                format_args!("mode \"{}\" for an input of shape {}", resize.mode, self.shape()),
                format_args!("use \"{}\"", ResizeMode::Linear(dims)),
            );
        }
        let pick = |i: usize| if given == 1 { 0 } else { i };
        let new: Vec<usize> = (0..dims)
            .map(|i| match &resize.to {
                Ok(sizes) => sizes[pick(i)],
                Err(factors) => (old[i] as f64 * factors[pick(i)]).floor() as usize,
            })
            .collect();
        if new.contains(&0) {
            check::fail(
                op,
                format_args!("sizes {new:?} from {:?}", self.shape()),
                "every one must be positive",
            );
        }
        if resize.mode == ResizeMode::Area {
            return match dims {
                1 => self.adaptive_avg_pool1d(new[0]),
                2 => self.adaptive_avg_pool2d([new[0], new[1]]),
                _ => self.adaptive_avg_pool3d([new[0], new[1], new[2]]),
            };
        }
        let step = |i: usize| match &resize.to {
            Ok(_) => old[i] as f64 / new[i] as f64,
            Err(factors) => 1.0 / factors[pick(i)],
        };
        let taps = (0..dims).rev().map(|i| Taps::resize(self, 2 + i, new[i], step(i), resize)).collect();
        let names = match resize.mode {
            ResizeMode::Linear(_) => {
                ["UpsampleLinear1DBackward0", "UpsampleBilinear2DBackward0", "UpsampleTrilinear3DBackward0"]
            }
            // Of two dimensions alone.
            ResizeMode::Bicubic => ["UpsampleBicubic2DBackward0"; 3],
            ResizeMode::NearestExact => [
                "UpsampleNearestExact1DBackward0",
                "UpsampleNearestExact2DBackward0",
                "UpsampleNearestExact3DBackward0",
            ],
            _ => ["UpsampleNearest1DBackward0", "UpsampleNearest2DBackward0", "UpsampleNearest3DBackward0"],
        };
        self.resampled(names[dims - 1], taps)
    }

    /// The channels of `[N, C, …]`, the first of each group first, then the second, and so on (Zhang et al. 2018):
    /// PyTorch's `channel_shuffle`.
    ///
    /// # Panics
    /// When the groups do not divide the channels.
    #[track_caller]
    pub fn channel_shuffle(&self, groups: usize) -> Tensor {
        if self.rank() < 3 || groups == 0 || !self.dim(1).is_multiple_of(groups) {
            check::fail(
                "channel_shuffle",
                format_args!("{groups} groups of an input of shape {}", self.shape()),
                "give [N, C, …], and groups that divide the channels",
            );
        }
        let parts = [groups as isize, (self.dim(1) / groups) as isize];
        self.unflatten(1, parts).transpose(1, 2).flatten(1, 2)
    }

    /// Channels as places, `[…, C·r², H, W] → […, C, H·r, W·r]`: PyTorch's `pixel_shuffle`.
    ///
    /// # Panics
    /// When r² does not divide the channels.
    #[track_caller]
    pub fn pixel_shuffle(&self, upscale_factor: usize) -> Tensor {
        let (r, rank) = (upscale_factor, self.rank());
        if rank < 3 || r == 0 || !self.dim(-3).is_multiple_of(r * r) {
            check::fail(
                "pixel_shuffle",
                format_args!("input of shape {} by a factor of {r}", self.shape()),
                "give [N, C·r², H, W]",
            );
        }
        let lead = &self.shape()[..rank - 3];
        let [c, h, w] = [self.dim(-3) / (r * r), self.dim(-2), self.dim(-1)];
        let batch: usize = lead.iter().product();
        let out = no_grad(|| {
            let split = self.reshape(vec![batch, c, r, r, h, w]).permute(&[0, 1, 4, 2, 5, 3]);
            split.reshape_to(&Shape::new(&[lead, &[c, h * r, w * r]].concat()))
        });
        record("PixelShuffleBackward0", [self], Keep::NOTHING, out.raw().clone(), move |_, g| {
            [Some(g.pixel_unshuffle(r))]
        })
    }

    /// Places as channels, `[…, C, H·r, W·r] → […, C·r², H, W]`: the reverse of [`Tensor::pixel_shuffle`].
    ///
    /// # Panics
    /// When r does not divide height and width.
    #[track_caller]
    pub fn pixel_unshuffle(&self, downscale_factor: usize) -> Tensor {
        let (r, rank) = (downscale_factor, self.rank());
        if rank < 3 || r == 0 || !self.dim(-2).is_multiple_of(r) || !self.dim(-1).is_multiple_of(r) {
            check::fail(
                "pixel_unshuffle",
                format_args!("input of shape {} by a factor of {r}", self.shape()),
                "give [N, C, H·r, W·r]",
            );
        }
        let lead = &self.shape()[..rank - 3];
        let [c, h, w] = [self.dim(-3), self.dim(-2) / r, self.dim(-1) / r];
        let batch: usize = lead.iter().product();
        let out = no_grad(|| {
            let split = self.reshape(vec![batch, c, h, r, w, r]).permute(&[0, 1, 3, 5, 2, 4]);
            split.reshape_to(&Shape::new(&[lead, &[c * r * r, h, w]].concat()))
        });
        record("PixelUnshuffleBackward0", [self], Keep::NOTHING, out.raw().clone(), move |_, g| {
            [Some(g.pixel_shuffle(r))]
        })
    }
}
