//! Text of tensors, to the character as PyTorch prints them (`torch/_tensor_str.py`).
//!
//! One width and one format serve a whole tensor, found from the elements that will be shown. A long
//! tensor is summarised: only `edgeitems` at both ends of every long dimension are shown, and only
//! those need to be downloaded (see [`shown`]).

use crate::dtype::Scalar;
use crate::host::HostData;
use std::sync::RwLock;

/// How tensors are printed; PyTorch's `set_printoptions`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrintOptions {
    /// Digits after the point.
    pub precision: usize,
    /// Elements above which a tensor is summarised.
    pub threshold: usize,
    /// Elements shown at each end of a summarised dimension.
    pub edgeitems: usize,
    /// Characters per line.
    pub linewidth: usize,
    /// Whether to use exponents; found from the elements when `None`.
    pub sci_mode: Option<bool>,
}

impl PrintOptions {
    /// PyTorch's default profile.
    pub const DEFAULT: PrintOptions =
        PrintOptions { precision: 4, threshold: 1000, edgeitems: 3, linewidth: 80, sci_mode: None };
    /// PyTorch's `profile="short"`.
    pub const SHORT: PrintOptions = PrintOptions { precision: 2, edgeitems: 2, ..PrintOptions::DEFAULT };
    /// PyTorch's `profile="full"`: nothing is left out.
    pub const FULL: PrintOptions = PrintOptions { threshold: usize::MAX, ..PrintOptions::DEFAULT };
}

static OPTIONS: RwLock<PrintOptions> = RwLock::new(PrintOptions::DEFAULT);

/// The options in force.
pub fn print_options() -> PrintOptions {
    *OPTIONS.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Sets the options for the whole program.
pub fn set_printoptions(options: PrintOptions) {
    *OPTIONS.write().unwrap_or_else(std::sync::PoisonError::into_inner) = options;
}

/// What is printed besides the elements.
#[derive(Clone, Debug, Default)]
pub struct Suffixes<'a> {
    /// `torch.float64`, and whether a tensor with elements prints without it.
    pub dtype: Option<(&'a str, bool)>,
    /// The name of the operation that made it.
    pub grad_fn: Option<&'a str>,
    /// Whether it is a leaf that requires gradients.
    pub requires_grad: bool,
    /// Whether it is a trainable parameter.
    pub parameter: bool,
}

/// Whether a tensor of `shape` is summarised, and then which indices of each dimension are shown.
pub fn shown(shape: &[usize], options: &PrintOptions) -> Option<Vec<Vec<usize>>> {
    (shape.iter().product::<usize>() > options.threshold).then(|| {
        shape
            .iter()
            .map(|&size| {
                if size > 2 * options.edgeitems {
                    (0..options.edgeitems).chain(size - options.edgeitems..size).collect()
                } else {
                    (0..size).collect()
                }
            })
            .collect()
    })
}

/// A tensor's text. `data` holds the elements that [`shown`] names, or all when it names none.
pub fn text(data: &HostData, shape: &[usize], suffixes: &Suffixes, options: &PrintOptions) -> String {
    let empty = shape.contains(&0);
    let cut = shown(shape, options);
    let visible: Vec<usize> =
        cut.as_ref().map_or_else(|| shape.to_vec(), |c| c.iter().map(Vec::len).collect());
    let prefix = "tensor(";
    let body = if empty {
        "[]".to_string()
    } else {
        let format = Format::new(data, options);
        let layout = Body { data, format, shape, visible: &visible, cut: cut.is_some(), options };
        layout.render(0, 0, prefix.len())
    };
    let mut words = Vec::new();
    if empty && shape.len() != 1 {
        words.push(format!("size={}", tuple(shape)));
    }
    if let Some((name, is_default)) = suffixes.dtype
        && (!is_default || (empty && name != "torch.float32"))
    {
        words.push(format!("dtype={name}"));
    }
    if let Some(name) = suffixes.grad_fn {
        words.push(format!("grad_fn=<{name}>"));
    } else if suffixes.requires_grad {
        words.push("requires_grad=True".into());
    }
    let mut out = format!("{prefix}{body}");
    let mut last = out.rsplit('\n').next().map_or(0, str::len) + 2;
    for word in words {
        if last + word.len() + 2 > options.linewidth {
            out += &format!(",\n{}{word}", " ".repeat(prefix.len()));
            last = prefix.len() + word.len();
        } else {
            out += &format!(", {word}");
            last += word.len() + 2;
        }
    }
    out.push(')');
    if suffixes.parameter { format!("Parameter containing:\n{out}") } else { out }
}

/// Sizes as Python prints a tuple: `(2, 0)`, `(3,)`.
fn tuple(shape: &[usize]) -> String {
    let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
    if sizes.len() == 1 { format!("({},)", sizes[0]) } else { format!("({})", sizes.join(", ")) }
}

/// Sizes as `torch.Size([2, 3])`.
pub fn size_text(shape: &[usize]) -> String {
    format!("torch.Size({shape:?})")
}

/// One format for all elements of a tensor.
struct Format {
    kind: Kind,
    precision: usize,
    width: usize,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    Whole,
    Decimal,
    Scientific,
}

impl Format {
    fn new(data: &HostData, options: &PrintOptions) -> Self {
        let precision = options.precision;
        let texts =
            |f: &Format, values: &mut dyn Iterator<Item = Scalar>| values.map(|v| f.raw(v).len()).max();
        let mut all = (0..data.len()).map(|i| data.get(i));
        if !data.dtype().is_float() {
            let mut format = Format { kind: Kind::Plain, precision, width: 1 };
            format.width = texts(&format, &mut all).unwrap_or(1).max(1);
            return format;
        }
        let finite: Vec<f64> = all.map(Scalar::to_f64).filter(|v| v.is_finite() && *v != 0.0).collect();
        if finite.is_empty() {
            return Format { kind: Kind::Whole, precision, width: 1 };
        }
        let largest = finite.iter().fold(0f64, |m, v| m.max(v.abs()));
        let smallest = finite.iter().fold(f64::INFINITY, |m, v| m.min(v.abs()));
        let whole = finite.iter().all(|v| v.ceil() == *v);
        let wide = largest / smallest > 1000.0 || largest > 1e8;
        let scientific = options.sci_mode.unwrap_or(wide || (!whole && smallest < 1e-4));
        let kind = match (scientific, whole) {
            (true, _) => Kind::Scientific,
            (false, true) => Kind::Whole,
            (false, false) => Kind::Decimal,
        };
        let mut format = Format { kind, precision, width: 1 };
        format.width = texts(&format, &mut finite.into_iter().map(Scalar::Float)).unwrap_or(1).max(1);
        format
    }

    fn raw(&self, value: Scalar) -> String {
        let v = match value {
            Scalar::Bool(v) => return if v { "True" } else { "False" }.into(),
            Scalar::Int(v) => return v.to_string(),
            Scalar::Float(v) => v,
        };
        if v.is_nan() {
            return "nan".into();
        }
        if v.is_infinite() {
            return if v > 0.0 { "inf" } else { "-inf" }.into();
        }
        match self.kind {
            Kind::Scientific => {
                // Rust writes 1.0000e-5 where C writes 1.0000e-05.
                let text = format!("{v:.*e}", self.precision);
                let (digits, exponent) = text.split_once('e').expect("an exponent");
                let exponent: i32 = exponent.parse().expect("a number");
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{digits}e{sign}{:02}", exponent.abs())
            }
            Kind::Whole => format!("{v:.0}."),
            Kind::Decimal | Kind::Plain => format!("{v:.*}", self.precision),
        }
    }

    fn element(&self, value: Scalar) -> String {
        format!("{:>width$}", self.raw(value), width = self.width)
    }
}

struct Body<'a> {
    data: &'a HostData,
    format: Format,
    shape: &'a [usize],
    visible: &'a [usize],
    cut: bool,
    options: &'a PrintOptions,
}

impl Body<'_> {
    /// Whether a dimension has a gap in the middle.
    fn gap(&self, axis: usize) -> bool {
        self.cut && self.shape[axis] > 2 * self.options.edgeitems
    }

    /// The elements from `first` on, dimension `axis` being the next to unfold.
    fn render(&self, axis: usize, first: usize, indent: usize) -> String {
        match self.shape.len() - axis {
            0 => self.format.element(self.data.get(first)),
            1 => self.row(axis, first, indent),
            left => {
                let inner: usize = self.visible[axis + 1..].iter().product();
                let mut parts: Vec<String> = (0..self.visible[axis])
                    .map(|i| self.render(axis + 1, first + i * inner, indent + 1))
                    .collect();
                if self.gap(axis) {
                    parts.insert(self.options.edgeitems, "...".into());
                }
                let between = format!(",{}{}", "\n".repeat(left - 1), " ".repeat(indent + 1));
                format!("[{}]", parts.join(&between))
            }
        }
    }

    fn row(&self, axis: usize, first: usize, indent: usize) -> String {
        let per_line = (self.options.linewidth.saturating_sub(indent) / (self.format.width + 2)).max(1);
        let mut items: Vec<String> =
            (0..self.visible[axis]).map(|i| self.format.element(self.data.get(first + i))).collect();
        if self.gap(axis) {
            items.insert(self.options.edgeitems, " ...".into());
        }
        let lines: Vec<String> = items.chunks(per_line).map(|line| line.join(", ")).collect();
        format!("[{}]", lines.join(&format!(",\n{}", " ".repeat(indent + 1))))
    }
}
