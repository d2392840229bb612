//! Element by element: functions, their gradients, arithmetic, comparisons, choice.

use super::copy::{pack, word};
use super::{Held, code, flag, fresh, hold, hold_words, over};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::Block;
use crate::strided::Strided;
use std::sync::Arc;
use tensor_core::{Activation, BinaryOp, CompareOp, DType, Layout, Operand, Result, Scalar, UnaryOp, View};

const UNARY: Kernel = Kernel { text: firebrand_shaders::UNARY, entry: "apply" };
const GRADIENT: Kernel = Kernel { text: firebrand_shaders::UNARY, entry: "gradient" };
const BINARY: Kernel = Kernel { text: firebrand_shaders::BINARY, entry: "apply" };
const COMPARE: Kernel = Kernel { text: firebrand_shaders::BINARY, entry: "compare" };
const CHOOSE: Kernel = Kernel { text: firebrand_shaders::BINARY, entry: "choose" };

/// `OP` of `unary.wgsl`, and the function's own numbers.
fn unary_code(op: UnaryOp) -> (f64, [f32; 2]) {
    let plain = |code: u8| (f64::from(code), [0.0; 2]);
    match op {
        UnaryOp::Neg => plain(0),
        UnaryOp::Abs => plain(1),
        UnaryOp::Sign => plain(2),
        UnaryOp::Sqrt => plain(3),
        UnaryOp::Rsqrt => plain(4),
        UnaryOp::Square => plain(5),
        UnaryOp::Reciprocal => plain(6),
        UnaryOp::Exp => plain(7),
        UnaryOp::Expm1 => plain(8),
        UnaryOp::Log => plain(9),
        UnaryOp::Log1p => plain(10),
        UnaryOp::Sin => plain(11),
        UnaryOp::Cos => plain(12),
        UnaryOp::Tan => plain(13),
        UnaryOp::Erf => plain(14),
        UnaryOp::Round => plain(15),
        UnaryOp::Floor => plain(16),
        UnaryOp::Ceil => plain(17),
        UnaryOp::Trunc => plain(18),
        UnaryOp::Not => plain(19),
        UnaryOp::Log2 => plain(20),
        UnaryOp::Log10 => plain(21),
        UnaryOp::Sinh => plain(22),
        UnaryOp::Cosh => plain(23),
        UnaryOp::Asinh => plain(24),
        UnaryOp::Acosh => plain(25),
        UnaryOp::Act(act) => match act {
            Activation::Relu => plain(30),
            Activation::LeakyRelu(slope) => (31.0, [slope as f32, 0.0]),
            Activation::Elu(alpha) => (32.0, [alpha as f32, 0.0]),
            Activation::Gelu => plain(33),
            Activation::GeluTanh => plain(34),
            Activation::Silu => plain(35),
            Activation::Sigmoid => plain(36),
            Activation::Tanh => plain(37),
            Activation::Softplus { beta, threshold } => (38.0, [beta as f32, threshold as f32]),
        },
    }
}

/// A function of each element.
pub fn unary(shared: &Arc<Shared>, op: UnaryOp, x: View) -> Result<Arc<Block>> {
    let held = hold(x);
    let out = fresh(shared, x.numel())?;
    let mut params = Strided::new(&[&held.layout]);
    let (op, numbers) = unary_code(op);
    params.s = [numbers[0].to_bits(), numbers[1].to_bits(), 0, 0];
    let constants = [("OP", op), ("TYPE", code(x.dtype())), ("FLAT", flag(params.flat()))];
    let binds = [Bind::Read(1, &held.block), Bind::Write(4, &out)];
    over(shared, UNARY, &constants, &binds, &params.words(), (params.n, 256))?;
    Ok(out)
}

/// `f′(x)·grad`, given also `y = f(x)`.
pub fn unary_grad(shared: &Arc<Shared>, op: UnaryOp, x: View, y: View, grad: View) -> Result<Arc<Block>> {
    let (x, y, g) = (hold(x), hold(y), hold(grad));
    let out = fresh(shared, grad.numel())?;
    let mut params = Strided::new(&[&x.layout, &y.layout, &g.layout]);
    let (op, numbers) = unary_code(op);
    params.s = [numbers[0].to_bits(), numbers[1].to_bits(), 0, 0];
    let constants = [("OP", op), ("FLAT", flag(params.flat()))];
    let binds =
        [Bind::Read(1, &x.block), Bind::Read(2, &y.block), Bind::Read(3, &g.block), Bind::Write(4, &out)];
    over(shared, GRADIENT, &constants, &binds, &params.words(), (params.n, 256))?;
    Ok(out)
}

/// One side of a two-sided kernel: elements, or a number that the kernel knows.
struct Side {
    held: Held,
    number: Option<Scalar>,
}

impl Side {
    fn new(shared: &Arc<Shared>, operand: Operand, like: &Layout) -> Result<Self> {
        Ok(match operand {
            Operand::View(view) => Side { held: hold_words(shared, view)?, number: None },
            Operand::Scalar(value) => {
                let repeated = Layout::contiguous(()).expand(like.shape()).expect("a number expands");
                Side { held: Held { block: shared.unused(0)?, layout: repeated }, number: Some(value) }
            }
        })
    }
}

/// What bytes become while kernels work on them.
fn widened(dtype: DType) -> DType {
    if dtype == DType::U8 { DType::I32 } else { dtype }
}

/// The shape's layout and the element type of two operands.
fn common<'a>(a: &Operand<'a>, b: &Operand<'a>) -> (&'a Layout, DType) {
    let ((Operand::View(view), _) | (_, Operand::View(view))) = (*a, *b) else {
        unreachable!("one side is a view");
    };
    (view.layout, widened(view.dtype()))
}

/// Launches a two-sided kernel; `third` is the condition of a choice.
fn two_sided(
    shared: &Arc<Shared>,
    kernel: Kernel,
    op: f64,
    (a, b): (Operand, Operand),
    (like, dtype): (&Layout, DType),
    third: Option<View>,
) -> Result<Arc<Block>> {
    let (a, b) = (Side::new(shared, a, like)?, Side::new(shared, b, like)?);
    let out = fresh(shared, like.numel())?;
    let third = third.map(hold);
    let mut layouts = vec![&a.held.layout, &b.held.layout];
    layouts.extend(third.as_ref().map(|held| &held.layout));
    let mut params = Strided::new(&layouts);
    let number = |side: &Side| side.number.map_or(0, |value| word(value, dtype));
    params.s = [number(&a), number(&b), 0, 0];
    let constants = [
        ("OP", op),
        ("TYPE", code(dtype)),
        ("FLAT", flag(params.flat())),
        ("NUMBER_A", flag(a.number.is_some())),
        ("NUMBER_B", flag(b.number.is_some())),
    ];
    let mut binds = vec![Bind::Read(1, &a.held.block), Bind::Read(2, &b.held.block)];
    binds.extend(third.as_ref().map(|held| Bind::Read(3, &held.block)));
    binds.push(Bind::Write(4, &out));
    over(shared, kernel, &constants, &binds, &params.words(), (params.n, 256))?;
    Ok(out)
}

/// A function of two elements.
pub fn binary(shared: &Arc<Shared>, op: BinaryOp, a: Operand, b: Operand) -> Result<Arc<Block>> {
    let code = match op {
        BinaryOp::Add => 0,
        BinaryOp::Sub => 1,
        BinaryOp::Mul => 2,
        BinaryOp::Div => 3,
        BinaryOp::FloorDiv => 4,
        BinaryOp::Remainder => 5,
        BinaryOp::Pow => 6,
        BinaryOp::Maximum => 7,
        BinaryOp::Minimum => 8,
        BinaryOp::Atan2 => 9,
        BinaryOp::Xor => 10,
        BinaryOp::And => 11,
    };
    two_sided(shared, BINARY, f64::from(code), (a, b), common(&a, &b), None)
}

/// A comparison of two elements.
pub fn compare(shared: &Arc<Shared>, op: CompareOp, a: Operand, b: Operand) -> Result<Arc<Block>> {
    let code = match op {
        CompareOp::Eq => 0,
        CompareOp::Ne => 1,
        CompareOp::Lt => 2,
        CompareOp::Le => 3,
        CompareOp::Gt => 4,
        CompareOp::Ge => 5,
    };
    two_sided(shared, COMPARE, f64::from(code), (a, b), common(&a, &b), None)
}

/// `condition ? a : b`
pub fn select(
    shared: &Arc<Shared>,
    condition: View,
    a: Operand,
    b: Operand,
    dtype: DType,
) -> Result<Arc<Block>> {
    let words = two_sided(shared, CHOOSE, 0.0, (a, b), (condition.layout, widened(dtype)), Some(condition))?;
    if dtype == DType::U8 { pack(shared, &words, condition.numel()) } else { Ok(words) }
}
