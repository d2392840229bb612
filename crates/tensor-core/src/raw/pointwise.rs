//! Element by element: functions, arithmetic with promotion and broadcasting, comparisons, choice.

use super::RawTensor;
use crate::backend::Operand;
use crate::check;
use crate::dtype::{Category, DType, Scalar};
use crate::op::{Activation, BinaryOp, CompareOp, LossOp, UnaryOp};
use crate::shape::Shape;
use std::borrow::Cow;

/// One side of a two-sided operation on tensors: a tensor, or a plain number.
#[derive(Clone, Copy, Debug)]
pub enum Arg<'a> {
    /// A tensor.
    Tensor(&'a RawTensor),
    /// A number, whose kind takes part in promotion but not its width.
    Scalar(Scalar),
}

impl<'a> From<&'a RawTensor> for Arg<'a> {
    fn from(tensor: &'a RawTensor) -> Self {
        Arg::Tensor(tensor)
    }
}

impl<S: Into<Scalar>> From<S> for Arg<'_> {
    fn from(value: S) -> Self {
        Arg::Scalar(value.into())
    }
}

impl Arg<'_> {
    fn shape(&self) -> Shape {
        match self {
            Arg::Tensor(t) => *t.shape(),
            Arg::Scalar(_) => Shape::new(&[]),
        }
    }
}

/// The type two operands are computed in, as `torch.result_type`.
///
/// Tensors with dimensions come first; 0-d tensors, then plain numbers, matter only when they are of
/// a higher category (bool < integer < float).
///
/// ```
/// use tensor_core::{Arg, DType, result_type};
/// assert_eq!(result_type(Arg::from(2), Arg::from(0.5)), DType::F32);
/// ```
pub fn result_type(a: Arg, b: Arg) -> DType {
    let mut ranked: [Option<DType>; 3] = [None; 3]; // with dimensions, 0-d, numbers
    for arg in [a, b] {
        let (level, dtype) = match arg {
            Arg::Tensor(t) => (usize::from(t.rank() == 0), t.dtype()),
            Arg::Scalar(s) => (2, DType::default_of(s.category())),
        };
        ranked[level] = Some(ranked[level].map_or(dtype, |other| other.promote(dtype)));
    }
    let mut result: Option<DType> = None;
    for dtype in ranked.into_iter().flatten() {
        result = Some(match result {
            Some(upper) if upper.category() >= dtype.category() => upper,
            Some(upper) => upper.promote(dtype),
            None => dtype,
        });
    }
    result.expect("two operands")
}

impl RawTensor {
    /// A function of each element. Integers become floats first where the function needs it.
    #[track_caller]
    pub fn unary(&self, op: UnaryOp) -> Self {
        let name = op.name();
        let x = match op {
            UnaryOp::Not => self.cast(DType::Bool),
            UnaryOp::Neg | UnaryOp::Abs | UnaryOp::Sign | UnaryOp::Square => {
                check::arithmetic(name, self.dtype());
                if self.dtype() == DType::Bool {
                    check::fail(
                        name,
                        "is not defined for bool tensors",
                        "use .logical_not(), or convert first",
                    );
                }
                self.clone()
            }
            UnaryOp::Act(Activation::Relu) if self.dtype().category() == Category::Int => {
                check::arithmetic(name, self.dtype());
                return self.binary(BinaryOp::Maximum, 0);
            }
            UnaryOp::Round | UnaryOp::Floor | UnaryOp::Ceil | UnaryOp::Trunc
                if self.dtype().category() == Category::Int =>
            {
                return self.copy();
            }
            _ => {
                check::arithmetic(name, self.dtype());
                self.cast(self.dtype().to_float())
            }
        };
        self.answer(name, x.device().unary(op, x.view()), x.dtype(), *x.shape())
    }

    /// `self op other`, promoted and broadcast.
    #[track_caller]
    pub fn binary<'a>(&self, op: BinaryOp, other: impl Into<Arg<'a>>) -> Self {
        binary(op, Arg::Tensor(self), other.into())
    }

    /// `number op self`.
    #[track_caller]
    pub fn binary_from(&self, op: BinaryOp, number: impl Into<Scalar>) -> Self {
        binary(op, Arg::Scalar(number.into()), Arg::Tensor(self))
    }

    /// `self op other`, to booleans, promoted and broadcast.
    #[track_caller]
    pub fn compare<'a>(&self, op: CompareOp, other: impl Into<Arg<'a>>) -> Self {
        self.compared(op, other.into())
    }

    #[track_caller]
    fn compared(&self, op: CompareOp, b: Arg) -> Self {
        let a = Arg::Tensor(self);
        let mut dtype = result_type(a, b);
        if dtype == DType::U8 {
            dtype = DType::I32; // so that pixels compare with numbers beyond a byte
        }
        let name = op.name();
        let shape = check::broadcast(name, &a.shape(), &b.shape());
        let (x, y) = (prepare(name, self, a, dtype, &shape), prepare(name, self, b, dtype, &shape));
        self.answer(name, self.device().compare(op, x.operand(), y.operand()), DType::Bool, shape)
    }

    /// `self ? a : b`, `self` being boolean; broadcast, and promoted over `a` and `b`.
    #[track_caller]
    pub fn choose<'a>(&self, a: impl Into<Arg<'a>>, b: impl Into<Arg<'a>>) -> Self {
        self.chosen(a.into(), b.into())
    }

    #[track_caller]
    fn chosen(&self, a: Arg, b: Arg) -> Self {
        if self.dtype() != DType::Bool {
            check::fail(
                "where",
                format_args!("the condition must be bool, got {}", self.dtype()),
                "compare first: x.gt(0)",
            );
        }
        let dtype = result_type(a, b);
        let shape =
            check::broadcast("where", &check::broadcast("where", self.shape(), &a.shape()), &b.shape());
        let condition = self.expand(&shape);
        let (x, y) = (prepare("where", self, a, dtype, &shape), prepare("where", self, b, dtype, &shape));
        let answer = self.device().select(condition.view(), x.operand(), y.operand(), dtype);
        self.answer("where", answer, dtype, shape)
    }

    /// Floats brought between two numbers.
    #[track_caller]
    pub fn clamp(&self, low: f64, high: f64) -> Self {
        self.answer("clamp", self.device().clamp(self.view(), low, high), self.dtype(), *self.shape())
    }

    /// The loss of each element held against its target; of one floating type and shape.
    #[track_caller]
    pub fn loss(&self, op: LossOp, target: &RawTensor) -> Self {
        self.same_device(op.name(), target);
        let answer = self.device().loss(op, self.view(), target.view());
        self.answer(op.name(), answer, self.dtype(), *self.shape())
    }

    /// Its slope along the elements, times `grad`.
    #[track_caller]
    pub fn loss_grad(&self, op: LossOp, target: &RawTensor, grad: &RawTensor) -> Self {
        let answer = self.device().loss_grad(op, self.view(), target.view(), grad.view());
        self.answer(op.name(), answer, self.dtype(), *self.shape())
    }

    /// `f′(x)·grad` for `y = f(x)`; all of one floating type and shape.
    #[track_caller]
    pub fn unary_grad(&self, op: UnaryOp, y: &RawTensor, grad: &RawTensor) -> Self {
        let answer = self.device().unary_grad(op, self.view(), y.view(), grad.view());
        self.answer(op.name(), answer, self.dtype(), *self.shape())
    }
}

#[track_caller]
fn binary(op: BinaryOp, a: Arg, b: Arg) -> RawTensor {
    let name = op.name();
    let mut dtype = result_type(a, b);
    check::arithmetic(name, dtype);
    let anchor = match (a, b) {
        (Arg::Tensor(t), _) | (_, Arg::Tensor(t)) => t,
        _ => unreachable!("one side is a tensor"),
    };
    match op {
        BinaryOp::Div | BinaryOp::Atan2 => dtype = dtype.to_float(),
        BinaryOp::Sub if dtype == DType::Bool => {
            check::fail(name, "is not defined for bool tensors", "use .logical_xor(…), or convert first")
        }
        BinaryOp::Pow | BinaryOp::FloorDiv | BinaryOp::Remainder if dtype == DType::Bool => {
            check::fail(name, "is not defined for bool tensors", "convert with .to_dtype(DType::I32)")
        }
        // A tensor of powers is taken as it comes, as PyTorch does: 2 to the power -1 is 0 there.
        BinaryOp::Pow if dtype.category() == Category::Int => {
            if let Arg::Scalar(power) = b
                && power.to_i64() < 0
            {
                let hint = "write the power with a point, -1.0, or convert with .to_dtype(DType::F32)";
                check::fail(
                    name,
                    format_args!("integers to the power {} are not integers", power.to_i64()),
                    hint,
                );
            }
        }
        BinaryOp::Xor => dtype = DType::Bool,
        BinaryOp::And if dtype.is_float() => check::fail(
            name,
            format_args!("is not defined for {dtype} tensors"),
            "convert with .to_dtype(DType::I32)",
        ),
        _ => {}
    }
    let shape = check::broadcast(name, &a.shape(), &b.shape());
    let (x, y) = (prepare(name, anchor, a, dtype, &shape), prepare(name, anchor, b, dtype, &shape));
    if dtype.category() == Category::Int
        && matches!(op, BinaryOp::FloorDiv | BinaryOp::Remainder)
        && y.has_zero()
    {
        check::fail(name, "integer division by zero", "divide floats, or replace the zeros first");
    }
    anchor.answer(name, anchor.device().binary(op, x.operand(), y.operand()), dtype, shape)
}

/// An operand converted to the common type and repeated to the common shape.
enum Prepared<'a> {
    Tensor(Cow<'a, RawTensor>),
    Scalar(Scalar),
}

impl Prepared<'_> {
    fn operand(&self) -> Operand<'_> {
        match self {
            Prepared::Tensor(t) => t.operand(),
            Prepared::Scalar(s) => Operand::Scalar(*s),
        }
    }

    fn has_zero(&self) -> bool {
        match self {
            Prepared::Scalar(s) => s.to_i64() == 0,
            Prepared::Tensor(t) => t.numel() > 0 && t.compare(CompareOp::Eq, 0).any().item().to_bool(),
        }
    }
}

#[track_caller]
fn prepare<'a>(op: &str, anchor: &RawTensor, arg: Arg<'a>, dtype: DType, shape: &Shape) -> Prepared<'a> {
    match arg {
        Arg::Tensor(t) => {
            anchor.same_device(op, t);
            let as_it_is = t.dtype() == dtype && t.shape() == shape;
            Prepared::Tensor(if as_it_is {
                Cow::Borrowed(t)
            } else {
                Cow::Owned(t.cast(dtype).expand(shape))
            })
        }
        Arg::Scalar(s) => Prepared::Scalar(s),
    }
}
