//! Two-sided arithmetic with promotion and broadcasting, comparisons, and choosing.

use crate::graph::{Keep, record};
use crate::tensor::Tensor;
use tensor_core::{Arg, BinaryOp, CompareOp, DType, Scalar, UnaryOp};

/// One side of an operation: a tensor, or a plain number.
#[derive(Clone)]
pub enum TensorArg {
    /// A tensor.
    Tensor(Tensor),
    /// A number, whose kind takes part in promotion but not its width.
    Scalar(Scalar),
}

impl From<&Tensor> for TensorArg {
    fn from(tensor: &Tensor) -> Self {
        TensorArg::Tensor(tensor.clone())
    }
}
impl From<Tensor> for TensorArg {
    fn from(tensor: Tensor) -> Self {
        TensorArg::Tensor(tensor)
    }
}
impl<S: Into<Scalar>> From<S> for TensorArg {
    fn from(value: S) -> Self {
        TensorArg::Scalar(value.into())
    }
}

impl TensorArg {
    fn raw(&self) -> Arg<'_> {
        match self {
            TensorArg::Tensor(t) => Arg::Tensor(t.raw()),
            TensorArg::Scalar(s) => Arg::Scalar(*s),
        }
    }
}

/// The name that PyTorch prints for an operation's node.
fn node_name(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "AddBackward0",
        BinaryOp::Sub => "SubBackward0",
        BinaryOp::Mul => "MulBackward0",
        BinaryOp::Div => "DivBackward0",
        BinaryOp::FloorDiv => "NotImplemented",
        BinaryOp::Remainder => "RemainderBackward0",
        BinaryOp::Pow => "PowBackward0",
        BinaryOp::Maximum => "MaximumBackward0",
        BinaryOp::Minimum => "MinimumBackward0",
        BinaryOp::Atan2 => "Atan2Backward0",
        BinaryOp::Xor => "LogicalXor",
        BinaryOp::And => "BitwiseAnd",
    }
}

/// Which inputs the rule of a tensor-tensor operation reads.
fn keeps(op: BinaryOp) -> Keep {
    match op {
        BinaryOp::Add | BinaryOp::Sub | BinaryOp::FloorDiv | BinaryOp::Xor | BinaryOp::And => Keep::NOTHING,
        BinaryOp::Pow => Keep::BOTH.and(Keep::OUTPUT),
        _ => Keep::BOTH,
    }
}

/// The gradients `(∂a, ∂b)` of `a op b`, before they are fitted to their inputs.
fn rule(
    op: BinaryOp,
    a: &Tensor,
    b: &Tensor,
    y: Option<Tensor>,
    g: &Tensor,
    wants: [bool; 2],
) -> [Option<Tensor>; 2] {
    let [wants_a, wants_b] = wants;
    let if_a = |f: &dyn Fn() -> Tensor| wants_a.then(f);
    let if_b = |f: &dyn Fn() -> Tensor| wants_b.then(f);
    match op {
        BinaryOp::Add
        | BinaryOp::Sub
        | BinaryOp::Mul
        | BinaryOp::FloorDiv
        | BinaryOp::Xor
        | BinaryOp::And => {
            unreachable!("told where it is recorded: needs no operands, or one")
        }
        BinaryOp::Div => [if_a(&|| g / b), if_b(&|| -(g * (a / b) / b))],
        BinaryOp::Remainder => [if_a(&|| g.clone()), if_b(&|| -(g * a.floor_divide(b)))],
        BinaryOp::Pow => {
            let y = y.expect("the power was kept");
            [
                // b = 0 makes the power constant, also at a = 0 where a^(b−1) is infinite.
                if_a(&|| b.eq(0.0).where_(0.0, g * b * a.pow(b - 1.0))),
                // ln 0 counts only where the power itself does not vanish.
                if_b(&|| a.eq(0.0).logical_and(&b.ge(0.0)).where_(0.0, g * y.clone() * a.log())),
            ]
        }
        BinaryOp::Maximum | BinaryOp::Minimum => {
            let tie = a.eq(b);
            // Beside a NaN neither side loses: both get the whole gradient, as PyTorch's comparisons fall.
            let share = |lost: &Tensor| tie.where_(g * 0.5, lost.where_(0.0, g));
            let (less, more) = (a.lt(b), a.gt(b));
            let (a_lost, b_lost) = if op == BinaryOp::Maximum { (less, more) } else { (more, less) };
            [if_a(&|| share(&a_lost)), if_b(&|| share(&b_lost))]
        }
        BinaryOp::Atan2 => {
            // At (0, 0), where there is none, the gradient is 0.
            let d = a.square() + b.square();
            let d = d.eq(0).where_(f64::INFINITY, &d);
            [if_a(&|| g * b / &d), if_b(&|| -(g * a) / &d)]
        }
    }
}

#[track_caller]
fn binary(op: BinaryOp, a: &Tensor, b: TensorArg) -> Tensor {
    let out = a.raw().binary(op, b.raw());
    let name = node_name(op);
    let (shape, dtype) = (*a.shape(), a.dtype());
    match b {
        TensorArg::Tensor(b) => {
            let (shape_b, dtype_b) = (*b.shape(), b.dtype());
            record(name, [a, &b], keeps(op), out, move |ctx, g| {
                let wants = [ctx.needs(0), ctx.needs(1)];
                let [da, db] = match op {
                    BinaryOp::Add => [wants[0].then(|| g.clone()), wants[1].then(|| g.clone())],
                    BinaryOp::Sub => [wants[0].then(|| g.clone()), wants[1].then(|| -g)],
                    BinaryOp::FloorDiv | BinaryOp::Xor | BinaryOp::And => {
                        [wants[0].then(|| g.zeros_like()), wants[1].then(|| g.zeros_like())]
                    }
                    // Each side reads the other alone: what is not read may be written over meanwhile.
                    BinaryOp::Mul => [wants[0].then(|| g * ctx.input(1)), wants[1].then(|| g * ctx.input(0))],
                    BinaryOp::Div if !wants[1] => [wants[0].then(|| g / ctx.input(1)), None],
                    _ => {
                        let y = (op == BinaryOp::Pow).then(|| ctx.output());
                        rule(op, &ctx.input(0), &ctx.input(1), y, g, wants)
                    }
                };
                [da.map(|d| d.fit(&shape, dtype)), db.map(|d| d.fit(&shape_b, dtype_b))]
            })
        }
        TensorArg::Scalar(s) => {
            let keep = match op {
                BinaryOp::Pow | BinaryOp::Maximum | BinaryOp::Minimum | BinaryOp::Atan2 => Keep::FIRST,
                _ => Keep::NOTHING,
            };
            record(name, [a], keep, out, move |ctx, g| {
                let grad = match op {
                    BinaryOp::Add | BinaryOp::Sub | BinaryOp::Remainder => g.clone(),
                    BinaryOp::Mul => g.mul(s),
                    BinaryOp::Div => g.div(s),
                    BinaryOp::FloorDiv | BinaryOp::Xor | BinaryOp::And => g.zeros_like(),
                    BinaryOp::Pow => {
                        let power = s.to_f64();
                        if power == 0.0 {
                            g.zeros_like()
                        } else {
                            g * (ctx.input(0).pow(power - 1.0) * power)
                        }
                    }
                    BinaryOp::Maximum | BinaryOp::Minimum | BinaryOp::Atan2 => {
                        let a = ctx.input(0);
                        let b = a.full_like(s);
                        let [da, _] = rule(op, &a, &b, None, g, [true, false]);
                        da.expect("the first gradient was asked for")
                    }
                };
                [Some(grad.fit(&shape, dtype))]
            })
        }
    }
}

/// `number op tensor`
#[track_caller]
pub(super) fn from_number(op: BinaryOp, number: Scalar, b: &Tensor) -> Tensor {
    let out = b.raw().binary_from(op, number);
    let (shape, dtype) = (*b.shape(), b.dtype());
    match op {
        BinaryOp::Sub => {
            record("RsubBackward1", [b], Keep::NOTHING, out, move |_, g| [Some((-g).fit(&shape, dtype))])
        }
        BinaryOp::Div => record("MulBackward0", [b], Keep::FIRST.and(Keep::OUTPUT), out, move |ctx, g| {
            [Some((-(g * ctx.output() / ctx.input(0))).fit(&shape, dtype))]
        }),
        BinaryOp::Pow => record("PowBackward1", [b], Keep::FIRST.and(Keep::OUTPUT), out, move |ctx, g| {
            let base = number.to_f64();
            let grad = g * ctx.output() * base.ln();
            // 0ˣ stays 0 (or, at x = 0, counts as if it did) where x ≥ 0.
            let grad = if base == 0.0 { ctx.input(0).ge(0.0).where_(0.0, grad) } else { grad };
            [Some(grad.fit(&shape, dtype))]
        }),
        _ => {
            let a = b.full_like(0.0).add(number);
            binary(op, &a, b.into())
        }
    }
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $name:ident $op:ident;)+) => {
        impl Tensor {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $name(&self, other: impl Into<TensorArg>) -> Tensor {
                binary(BinaryOp::$op, self, other.into())
            }
        )+}
    };
}
binary_methods! {
    /// `self + other`; also the operator `+`.
    add Add;
    /// `self − other`; also the operator `-`.
    sub Sub;
    /// `self · other` element by element; also the operator `*`.
    mul Mul;
    /// `self / other`, true division: integers become floats; also the operator `/`.
    div Div;
    /// `⌊self / other⌋`, Python's `//`. Integers stay integers.
    floor_divide FloorDiv;
    /// `self − other·⌊self / other⌋`, Python's `%`: the sign is the divisor's.
    remainder Remainder;
    /// `selfᵒᵗʰᵉʳ`
    pow Pow;
    /// The larger of two; NaN wins; a tie shares its gradient.
    maximum Maximum;
    /// The smaller of two; NaN wins; a tie shares its gradient.
    minimum Minimum;
    /// The angle of the point (other, self), in (−π, π].
    atan2 Atan2;
}

#[track_caller]
fn compare(op: CompareOp, a: &Tensor, b: TensorArg) -> Tensor {
    Tensor::from_raw(a.raw().compare(op, b.raw()))
}

macro_rules! compare_methods {
    ($($(#[$doc:meta])* $name:ident $op:ident;)+) => {
        impl Tensor {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $name(&self, other: impl Into<TensorArg>) -> Tensor {
                compare(CompareOp::$op, self, other.into())
            }
        )+}
    };
}
compare_methods! {
    /// Where `self = other`, to booleans.
    eq Eq;
    /// Where `self ≠ other`, to booleans.
    ne Ne;
    /// Where `self < other`, to booleans.
    lt Lt;
    /// Where `self ≤ other`, to booleans.
    le Le;
    /// Where `self > other`, to booleans.
    gt Gt;
    /// Where `self ≥ other`, to booleans.
    ge Ge;
}

impl Tensor {
    /// Both true (nonzero).
    #[track_caller]
    pub fn logical_and(&self, other: &Tensor) -> Tensor {
        self.logical(BinaryOp::Mul, other)
    }

    /// Either true (nonzero).
    #[track_caller]
    pub fn logical_or(&self, other: &Tensor) -> Tensor {
        self.logical(BinaryOp::Add, other)
    }

    /// Exactly one true (nonzero).
    #[track_caller]
    pub fn logical_xor(&self, other: &Tensor) -> Tensor {
        self.logical(BinaryOp::Xor, other)
    }

    #[track_caller]
    fn logical(&self, op: BinaryOp, other: &Tensor) -> Tensor {
        let (a, b) = (self.raw().cast(DType::Bool), other.raw().cast(DType::Bool));
        Tensor::from_raw(a.binary(op, &b))
    }

    /// Not true (nonzero).
    #[track_caller]
    pub fn logical_not(&self) -> Tensor {
        Tensor::from_raw(self.raw().unary(UnaryOp::Not))
    }

    /// `condition.where_(a, b)`: `a` where this is true, else `b`; all broadcast. PyTorch's
    /// `torch.where(condition, a, b)`.
    #[track_caller]
    pub fn where_(&self, a: impl Into<TensorArg>, b: impl Into<TensorArg>) -> Tensor {
        self.chosen(a.into(), b.into())
    }

    #[track_caller]
    fn chosen(&self, a: TensorArg, b: TensorArg) -> Tensor {
        let out = self.raw().choose(a.raw(), b.raw());
        let as_tensor = |arg: TensorArg| match arg {
            TensorArg::Tensor(t) => t,
            TensorArg::Scalar(_) => self.detach(), // has no gradient either; stands in
        };
        let (a, b) = (as_tensor(a), as_tensor(b));
        let (sa, da, sb, db) = (*a.shape(), a.dtype(), *b.shape(), b.dtype());
        record("WhereBackward0", [&a, &b, self], Keep::THIRD, out, move |ctx, g| {
            let condition = ctx.input(2);
            [
                ctx.needs(0).then(|| condition.where_(g, 0.0).fit(&sa, da)),
                ctx.needs(1).then(|| condition.where_(0.0, g).fit(&sb, db)),
                None,
            ]
        })
    }

    /// A copy with `value` where `mask` is true.
    #[track_caller]
    pub fn masked_fill(&self, mask: &Tensor, value: impl Into<Scalar>) -> Tensor {
        self.filled(mask, value.into())
    }

    #[track_caller]
    fn filled(&self, mask: &Tensor, value: Scalar) -> Tensor {
        let out = mask.raw().choose(value, self.raw()).cast(self.dtype());
        let (shape, dtype) = (*self.shape(), self.dtype());
        record("MaskedFillBackward0", [self, mask], Keep::SECOND, out, move |ctx, g| {
            [Some(ctx.input(1).where_(0.0, g).fit(&shape, dtype)), None]
        })
    }

    /// Limits every element to `[min, max]`. At the bounds themselves the gradient is 0, as PyTorch's.
    #[track_caller]
    pub fn clamp(&self, min: impl Into<Option<f64>>, max: impl Into<Option<f64>>) -> Tensor {
        self.limited(min.into(), max.into())
    }

    #[track_caller]
    fn limited(&self, min: Option<f64>, max: Option<f64>) -> Tensor {
        let number = |v: f64| {
            // A whole bound leaves integers integers, any other makes them floats, as Python's kinds do.
            if self.dtype().is_float() || v.fract() != 0.0 { Scalar::Float(v) } else { Scalar::Int(v as i64) }
        };
        let mut out = self.raw().clone();
        match (min, max) {
            (Some(min), Some(max)) if self.dtype().is_float() => out = out.clamp(min, max),
            _ => {
                if let Some(min) = min {
                    out = out.binary(BinaryOp::Maximum, number(min));
                }
                if let Some(max) = max {
                    out = out.binary(BinaryOp::Minimum, number(max));
                }
            }
        }
        record("ClampBackward1", [self], Keep::FIRST, out, move |ctx, g| {
            let x = ctx.input(0).detach();
            let mut grad = g.clone();
            if let Some(min) = min {
                grad = x.gt(min).where_(&grad, 0.0);
            }
            if let Some(max) = max {
                grad = x.lt(max).where_(&grad, 0.0);
            }
            [Some(grad)]
        })
    }

    /// Limits every element from below by `min` and from above by `max`, both broadcast: PyTorch's `clamp`
    /// with tensors for bounds. At a bound the gradient is shared.
    #[track_caller]
    pub fn clamp_tensor(&self, min: Option<&Tensor>, max: Option<&Tensor>) -> Tensor {
        let low = min.map_or_else(|| self.clone(), |min| self.maximum(min));
        let out = max.map_or_else(|| low.clone(), |max| low.minimum(max));
        drop(low);
        out.named("ClampBackward0")
    }

    /// Limits every element from below.
    #[track_caller]
    pub fn clamp_min(&self, min: f64) -> Tensor {
        self.clamp(min, None).named("ClampMinBackward0")
    }

    /// Limits every element from above.
    #[track_caller]
    pub fn clamp_max(&self, max: f64) -> Tensor {
        self.clamp(None, max).named("ClampMaxBackward0")
    }
}
