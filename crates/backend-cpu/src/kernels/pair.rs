//! Functions of two elements, as those of one ([`super::pointwise`]): one closure for each operator, compiled for each
//! element type and vectorised by the walk.

use super::copy::Number;
use super::pointwise::power;
use super::{Held, fresh, hold, packed, strided, with_float, with_type, with_width};
use crate::math::Real;
use crate::simd::{opaque, vectorize_or_compact};
use crate::storage::{Block, CpuStorage, Plain, Pool};
use crate::threads;
use crate::walk::{map2, map2_swift, map3};
use crate::wide;
use std::sync::Arc;
use tensor_core::{BinaryOp, Buffer, CompareOp, DType, Layout, Operand, Result, Shape, View};

/// One side of a two-sided kernel, in memory: a held view, or a number repeated by strides of 0.
enum Side<'a> {
    View(Held<'a>),
    Number(Number, Layout),
}

impl<'a> Side<'a> {
    fn new(operand: Operand<'a>, shape: &Shape, dtype: DType) -> Self {
        match operand {
            Operand::View(view) => Side::View(hold(view)),
            Operand::Scalar(value) => {
                let repeated = Layout::contiguous(()).expand(shape).expect("a number expands to any shape");
                Side::Number(Number::new(value, dtype), repeated)
            }
        }
    }

    /// The elements and their layout.
    fn of<T: Plain>(&self) -> (&[T], &Layout) {
        match self {
            Side::View(held) => held.of(),
            Side::Number(value, layout) => (value.of(), layout),
        }
    }
}

fn sides<'a>(a: Operand<'a>, b: Operand<'a>) -> (Shape, DType, Side<'a>, Side<'a>) {
    let ((Operand::View(view), _) | (_, Operand::View(view))) = (a, b) else {
        unreachable!("one side is a view");
    };
    let (shape, dtype) = (*view.layout.shape(), view.dtype());
    (shape, dtype, Side::new(a, &shape, dtype), Side::new(b, &shape, dtype))
}

/// An operand that lies as walks like it: turned round in squares first where it lies transposed, since gathering
/// it one by one would read every line of memory many times.
enum Straight<'a, T> {
    AsItIs(&'a [T], &'a Layout),
    Turned(Block, Layout),
}

impl<'a, T: Plain> Straight<'a, T> {
    fn new(pool: &Arc<Pool>, (data, layout): (&'a [T], &'a Layout)) -> Result<Self> {
        if !strided::is_turned(layout) {
            return Ok(Straight::AsItIs(data, layout));
        }
        let turned = fresh(pool, layout.numel(), |out: &mut [T]| strided::pack((data, layout), out))?;
        Ok(Straight::Turned(turned, Layout::contiguous(*layout.shape())))
    }

    fn of(&self) -> (&[T], &Layout) {
        match self {
            Straight::AsItIs(data, layout) => (data, layout),
            Straight::Turned(block, layout) => (block.slice(layout.numel()), layout),
        }
    }
}

/// A function of two elements.
pub fn binary(pool: &Arc<Pool>, op: BinaryOp, a: Operand, b: Operand) -> Result<Block> {
    if let (BinaryOp::Pow, Operand::View(x), Operand::Scalar(p)) = (op, a, b)
        && let Some(block) = power(pool, x, p.to_f64())
    {
        return block;
    }
    let (shape, dtype, a, b) = sides(a, b);
    let len = shape.numel();
    macro_rules! run {
        ($T:ty, $f:ident) => {{
            let (x, y) = (Straight::new(pool, a.of::<$T>())?, Straight::new(pool, b.of())?);
            fresh(pool, len, |out| $f(op, &shape, x.of(), y.of(), out))
        }};
    }
    match dtype {
        DType::F32 => run!(f32, float_binary),
        DType::F64 => run!(f64, float_binary),
        DType::I32 => run!(i32, i32_binary),
        DType::I64 => run!(i64, i64_binary),
        DType::U8 | DType::Bool => run!(u8, bool_binary),
    }
}

fn float_binary<T: Real>(op: BinaryOp, shape: &Shape, x: (&[T], &Layout), y: (&[T], &Layout), out: &mut [T]) {
    match op {
        BinaryOp::Add => map2_swift(shape, x, y, out, |a: T, b: T| a + b),
        BinaryOp::Sub => map2_swift(shape, x, y, out, |a: T, b: T| a - b),
        BinaryOp::Mul => map2_swift(shape, x, y, out, |a: T, b: T| a * b),
        BinaryOp::Div => map2_swift(shape, x, y, out, |a: T, b: T| a / b),
        BinaryOp::FloorDiv => map2(shape, x, y, out, |a: T, b: T| {
            a.double2(
                b,
                #[inline(always)]
                |a, b| floor_divide(a, b, wide::fmod),
                |a, b| floor_divide(a, b, libm::fmod),
            )
        }),
        BinaryOp::Remainder => map2(shape, x, y, out, |a: T, b: T| {
            a.double2(
                b,
                #[inline(always)]
                |a, b| remainder(a, b, wide::fmod),
                |a, b| remainder(a, b, libm::fmod),
            )
        }),
        BinaryOp::Pow => map2(shape, x, y, out, |a: T, b: T| a.double2(b, wide::pow, libm::pow)),
        // NaN on either side wins: a + b is NaN then.
        BinaryOp::Maximum => map2(shape, x, y, out, |a: T, b: T| {
            if a > b {
                a
            } else if b >= a {
                b
            } else {
                a + b
            }
        }),
        BinaryOp::Minimum => map2(shape, x, y, out, |a: T, b: T| {
            if a < b {
                a
            } else if b <= a {
                b
            } else {
                a + b
            }
        }),
        BinaryOp::Atan2 => map2(shape, x, y, out, |a: T, b: T| a.double2(b, wide::atan2, libm::atan2)),
        BinaryOp::Xor | BinaryOp::And => unreachable!("{} of floats", op.name()),
    }
}

/// ⌊a / b⌋ by the exact remainder, so that a quotient that rounds up to a whole number does not count.
#[inline(always)]
fn floor_divide(a: f64, b: f64, fmod: impl Fn(f64, f64) -> f64) -> f64 {
    if b == 0.0 {
        return a / b;
    }
    let rest = fmod(a, b);
    // Nothing here is foretold, so nothing is a branch.
    let beyond = (rest != 0.0) & ((b < 0.0) != (rest < 0.0));
    let quotient = (a - rest) / b - f64::from(u8::from(beyond));
    let floor = quotient.floor();
    let whole = floor + f64::from(u8::from(quotient - floor > 0.5));
    let zero = if a.is_sign_negative() != b.is_sign_negative() { -0.0 } else { 0.0 };
    if quotient == 0.0 { zero } else { whole }
}

/// The remainder with the divisor's sign.
#[inline(always)]
fn remainder(a: f64, b: f64, fmod: impl Fn(f64, f64) -> f64) -> f64 {
    let rest = fmod(a, b);
    let beyond = (rest != 0.0) & ((b < 0.0) != (rest < 0.0));
    if beyond { rest + b } else { rest }
}

macro_rules! int_binary {
    ($name:ident, $ty:ty) => {
        fn $name(op: BinaryOp, shape: &Shape, x: (&[$ty], &Layout), y: (&[$ty], &Layout), out: &mut [$ty]) {
            match op {
                BinaryOp::Add => map2(shape, x, y, out, <$ty>::wrapping_add),
                BinaryOp::Sub => map2(shape, x, y, out, <$ty>::wrapping_sub),
                BinaryOp::Mul => map2(shape, x, y, out, <$ty>::wrapping_mul),
                BinaryOp::FloorDiv => map2(shape, x, y, out, |a: $ty, b: $ty| {
                    let quotient = a.wrapping_div(b);
                    if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
                }),
                BinaryOp::Remainder => map2(shape, x, y, out, |a: $ty, b: $ty| {
                    let rest = a.wrapping_rem(b);
                    if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
                }),
                BinaryOp::Pow => map2(shape, x, y, out, |a: $ty, b: $ty| match (a, u32::try_from(b)) {
                    (_, Ok(power)) => a.wrapping_pow(power),
                    (1, _) => 1,
                    (-1, _) => {
                        if b % 2 == 0 {
                            1
                        } else {
                            -1
                        }
                    }
                    _ => 0, // 1/aⁿ rounds to 0
                }),
                BinaryOp::Maximum => map2(shape, x, y, out, |a: $ty, b: $ty| a.max(b)),
                BinaryOp::Minimum => map2(shape, x, y, out, |a: $ty, b: $ty| a.min(b)),
                BinaryOp::And => map2(shape, x, y, out, |a: $ty, b: $ty| a & b),
                BinaryOp::Div | BinaryOp::Atan2 | BinaryOp::Xor => unreachable!("{} of integers", op.name()),
            }
        }
    };
}
int_binary!(i32_binary, i32);
int_binary!(i64_binary, i64);

fn bool_binary(op: BinaryOp, shape: &Shape, x: (&[u8], &Layout), y: (&[u8], &Layout), out: &mut [u8]) {
    match op {
        BinaryOp::Add | BinaryOp::Maximum => map2(shape, x, y, out, |a: u8, b: u8| a | b),
        BinaryOp::Mul | BinaryOp::Minimum | BinaryOp::And => map2(shape, x, y, out, |a: u8, b: u8| a & b),
        BinaryOp::Xor => map2(shape, x, y, out, |a: u8, b: u8| a ^ b),
        _ => unreachable!("{} of booleans", op.name()),
    }
}

/// A comparison of two elements.
pub fn compare(pool: &Arc<Pool>, op: CompareOp, a: Operand, b: Operand) -> Result<Block> {
    fn run<T: Plain + PartialOrd>(
        op: CompareOp,
        shape: &Shape,
        x: (&[T], &Layout),
        y: (&[T], &Layout),
        out: &mut [u8],
    ) {
        // The larger side is the other's smaller one.
        let (op, x, y) = match op {
            CompareOp::Gt => (CompareOp::Lt, y, x),
            CompareOp::Ge => (CompareOp::Le, y, x),
            op => (op, x, y),
        };
        match op {
            CompareOp::Eq => map2(shape, x, y, out, |a: T, b: T| u8::from(a == b)),
            CompareOp::Ne => map2(shape, x, y, out, |a: T, b: T| u8::from(a != b)),
            CompareOp::Lt => map2(shape, x, y, out, |a: T, b: T| u8::from(a < b)),
            _ => map2(shape, x, y, out, |a: T, b: T| u8::from(a <= b)),
        }
    }
    let (shape, dtype, a, b) = sides(a, b);
    with_type!(dtype, T => {
        fresh(pool, shape.numel(), |out| run::<T>(op, &shape, a.of(), b.of(), out))
    })
}

/// `condition ? a : b`
pub fn select(pool: &Arc<Pool>, condition: View, a: Operand, b: Operand, dtype: DType) -> Result<Block> {
    let shape = *condition.layout.shape();
    let (held, a, b) = (hold(condition), Side::new(a, &shape, dtype), Side::new(b, &shape, dtype));
    with_width!(dtype, W => fresh(pool, shape.numel(), |out| {
        map3(&shape, held.of(), a.of(), b.of(), out, |c: u8, a: W, b: W| if c != 0 { a } else { b });
    }))
}

/// In place: adds what `term` sees to a whole buffer of floats.
pub fn add_assign(sum: &Buffer, term: View) {
    let held = hold(term);
    with_float!(sum.dtype(), T => {
        let term = packed::<T>(&held);
        sum.storage::<CpuStorage>().write(|block| {
            threads::chunks(block.slice_mut::<T>(term.len()), &|first, part| {
                let term = &term[first..][..part.len()];
                vectorize_or_compact!(T, |COMPACT| part.iter_mut().zip(term).for_each(|(sum, &v)| *sum += opaque::<COMPACT, _>(v)));
            });
        });
    });
}
