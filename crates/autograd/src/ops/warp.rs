//! Images read at places of one's own (Jaderberg et al. 2015, *Spatial transformer networks*): `F.grid_sample`, and
//! the places of an affine map, `F.affine_grid`.
//!
//! Places run from −1 to 1 over each dimension, x before y before z. Both are composed: the weights of the pixels
//! around a place, four in an image and eight in a volume, are ordinary tensors, so the grid's gradient follows
//! from theirs.

use crate::tensor::Tensor;
use tensor_core::{DType, check};

/// How a pixel between pixels is made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SampleMode {
    /// Between the nearest on either side of each dimension.
    #[default]
    Bilinear,
    /// The nearest; the grid gets no gradient.
    Nearest,
}

/// What lies outside an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Outside {
    /// Zeros.
    #[default]
    Zeros,
    /// The pixels of its border.
    Border,
    /// The image mirrored, again and again.
    Reflection,
}

/// PyTorch's `padding_mode`.
impl From<&str> for Outside {
    #[track_caller]
    fn from(word: &str) -> Self {
        match word {
            "zeros" => Outside::Zeros,
            "border" => Outside::Border,
            "reflection" => Outside::Reflection,
            _ => check::fail(
                "grid_sample",
                format_args!("padding_mode \"{word}\" is not known"),
                "use \"zeros\", \"border\" or \"reflection\"",
            ),
        }
    }
}

/// PyTorch's `mode`.
impl From<&str> for SampleMode {
    #[track_caller]
    fn from(word: &str) -> Self {
        match word {
            "bilinear" => SampleMode::Bilinear,
            "nearest" => SampleMode::Nearest,
            _ => check::fail(
                "grid_sample",
                format_args!("mode \"{word}\" is not known"),
                "use \"bilinear\" or \"nearest\"",
            ),
        }
    }
}

/// Limited to [0, last], without a gradient at and beyond the ends, as PyTorch has it.
fn limited(x: &Tensor, last: f64) -> Tensor {
    let inside = x.detach().gt(0.0).logical_and(&x.detach().lt(last));
    inside.where_(x, x.detach().clamp(0.0, last))
}

/// Mirrored at both ends of [low, low + span] until it lies within.
fn mirrored(x: &Tensor, low: f64, span: f64) -> Tensor {
    if span <= 0.0 {
        return x.detach().zeros_like();
    }
    let from_low = x - low;
    let away = from_low.detach().lt(0.0).where_(-&from_low, &from_low);
    let flips = (away.detach() / span).floor();
    let rest = away.fmod(span);
    flips.fmod(2.0).eq(0.0).where_(&rest + low, span + low - &rest)
}

impl Tensor {
    /// Pixels of images `[N, C, H, W]` at places `[N, H', W', 2]`, to `[N, C, H', W']`, or of volumes
    /// `[N, C, D, H, W]` at `[N, D', H', W', 3]`: PyTorch's `F.grid_sample(x, grid, mode, padding_mode,
    /// align_corners)`.
    ///
    /// With `align_corners`, −1 and 1 are the centres of the outermost pixels, else their outer edges.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let cpu = backend_cpu::device();
    /// let image = Tensor::new(&[[[[1.0f32, 3.0], [5.0, 7.0]]]], &cpu);
    /// let grid = Tensor::new(&[[[[0.0f32, 0.0], [1.0, -1.0]]]], &cpu);
    /// assert_eq!(image.grid_sample(&grid, "bilinear", "zeros", true).to_vec::<f32>(), [4.0, 3.0]);
    /// ```
    ///
    /// # Panics
    /// When a shape or a word does not fit.
    #[track_caller]
    pub fn grid_sample(
        &self,
        grid: &Tensor,
        mode: impl Into<SampleMode>,
        padding_mode: impl Into<Outside>,
        align_corners: bool,
    ) -> Tensor {
        let op = "grid_sample";
        check::float(op, self.dtype());
        let dims = self.rank().saturating_sub(2);
        let fits = (2..=3).contains(&dims)
            && grid.rank() == self.rank()
            && grid.dim(-1) == dims
            && grid.dim(0) == self.dim(0)
            && self.shape()[2..].iter().all(|&size| size > 0);
        if !fits {
            check::fail(
                op,
                format_args!("a grid of shape {} for images of shape {}", grid.shape(), self.shape()),
                "give images [N, C, H, W] and a grid [N, H', W', 2], or volumes and one of [N, D', H', W', 3]",
            );
        }
        let (mode, outside) = (mode.into(), padding_mode.into());
        let (n, c) = (self.dim(0), self.dim(1));
        // Sizes of the dimensions as a place names them, the last one first.
        let sizes: Vec<usize> = self.shape()[2..].iter().rev().copied().collect();
        let places = &grid.shape().dims()[1..=dims];
        let count: usize = places.iter().product();
        let grid = grid.to_dtype(self.dtype());
        let place = |(k, &size): (usize, &usize)| {
            let (g, last) = (grid.select(-1, k as isize), size as f64 - 1.0);
            let at =
                if align_corners { (g + 1.0) * (last / 2.0) } else { ((g + 1.0) * size as f64 - 1.0) / 2.0 };
            match outside {
                Outside::Zeros => at,
                Outside::Border => limited(&at, last),
                Outside::Reflection if align_corners => limited(&mirrored(&at, 0.0, last), last),
                Outside::Reflection => limited(&mirrored(&at, -0.5, size as f64), last),
            }
        };
        let at: Vec<Tensor> = sizes.iter().enumerate().map(place).collect();
        let pixels = self.reshape(vec![n, c, sizes.iter().product()]);
        let shape: Vec<usize> = [n, c].iter().chain(places).copied().collect();
        // The pixels at whole places `[N, H', W']`, a tensor for each dimension; 0 outside.
        let read = |at: &[Tensor]| {
            let within = |at: &Tensor, size: usize| at.ge(0.0).logical_and(&at.lt(size as f64));
            let index = |at: &Tensor, size: usize| at.clamp(0.0, size as f64 - 1.0).to_dtype(DType::I32);
            let each = || at.iter().zip(sizes.iter().copied());
            let inside = each().map(|(at, size)| within(at, size)).reduce(|a, b| a.logical_and(&b));
            let inside = inside.expect("two dimensions or three");
            let flat = each().rev().map(|(at, size)| (index(at, size), size as i32));
            let (flat, _) =
                flat.reduce(|(far, _), (near, size)| (far * size + near, size)).expect("as above");
            let flat = inside.where_(flat, 0).reshape(vec![n, 1, count]);
            let flat = flat.expand([n as isize, c as isize, count as isize]);
            inside.unsqueeze(1).where_(pixels.gather(2, &flat).reshape(&shape), 0.0)
        };
        let name = if dims == 2 { "GridSampler2DBackward0" } else { "GridSampler3DBackward0" };
        if mode == SampleMode::Nearest {
            return read(&at.iter().map(|x| x.detach().round()).collect::<Vec<_>>()).named(name);
        }
        let low: Vec<Tensor> = at.iter().map(|x| x.detach().floor()).collect();
        let high: Vec<Tensor> = low.iter().map(|low| low + 1.0).collect();
        // The corners around each place, x changing fastest: bit k says which side of dimension k.
        let mut parts: Vec<Tensor> = (0..1usize << dims)
            .map(|corner| {
                let upper = |k: usize| corner >> k & 1 == 1;
                let side: Vec<Tensor> =
                    (0..dims).map(|k| if upper(k) { high[k].clone() } else { low[k].clone() }).collect();
                let weight = |k: usize| if upper(k) { &at[k] - &low[k] } else { &high[k] - &at[k] };
                let weight = (0..dims).map(weight).reduce(|a, b| a * b).expect("as above");
                read(&side) * weight.unsqueeze(1)
            })
            .collect();
        while parts.len() > 1 {
            parts = parts.chunks(2).map(|two| &two[0] + &two[1]).collect();
        }
        parts.remove(0).named(name)
    }

    /// The places `[N, H, W, 2]` that affine maps `[N, 2, 3]` send those of an image of `size` `[N, C, H, W]` to; of
    /// volumes `[N, C, D, H, W]`, maps `[N, 3, 4]` give `[N, D, H, W, 3]`. PyTorch's `F.affine_grid`; for
    /// [`Tensor::grid_sample`].
    ///
    /// # Panics
    /// When a shape does not fit.
    #[track_caller]
    pub fn affine_grid(&self, size: &[usize], align_corners: bool) -> Tensor {
        let op = "affine_grid";
        check::float(op, self.dtype());
        let dims = size.len().saturating_sub(2);
        let fits = (2..=3).contains(&dims) && self.shape().dims() == [size[0], dims, dims + 1];
        if !fits || size.contains(&0) {
            check::fail(
                op,
                format_args!("maps of shape {} for a size of {size:?}", self.shape()),
                "give maps [N, 2, 3] and [N, C, H, W], or [N, 3, 4] and [N, C, D, H, W]",
            );
        }
        let spatial = &size[2..];
        let coordinate = |i: usize, size: usize| match (align_corners, size) {
            (true, 1) => 0.0,
            (true, _) => 2.0 * i as f64 / (size - 1) as f64 - 1.0,
            (false, _) => (2 * i + 1) as f64 / size as f64 - 1.0,
        };
        let count: usize = spatial.iter().product();
        let mut base = Vec::with_capacity(count * (dims + 1));
        for place in 0..count {
            // The last dimension is x, and comes first.
            let mut rest = place;
            for &size in spatial.iter().rev() {
                base.push(coordinate(rest % size, size));
                rest /= size;
            }
            base.push(1.0);
        }
        let base = self.numbers(op, base, [1, count, dims + 1]);
        let mut shape = vec![size[0]];
        shape.extend(spatial);
        shape.push(dims);
        base.matmul(&self.transpose(1, 2)).reshape(shape).named("AffineGridGeneratorBackward0")
    }
}
