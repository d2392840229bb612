//! Functions of each element. Their derivatives are [`tensor_core::derivative`]'s.

use crate::graph::{Keep, record};
use crate::mode::is_grad_enabled;
use crate::tensor::Tensor;
use tensor_core::derivative::{Algebra, Reads, derivative};
use tensor_core::{Activation, BinaryOp, CompareOp, UnaryOp};

impl Algebra for Tensor {
    fn unary(&self, op: UnaryOp) -> Self {
        apply(op, node_name(op), self)
    }
    fn binary(&self, op: BinaryOp, other: &Self) -> Self {
        match op {
            BinaryOp::Add => self.add(other),
            BinaryOp::Sub => self.sub(other),
            BinaryOp::Mul => self.mul(other),
            BinaryOp::Div => self.div(other),
            BinaryOp::Minimum => self.minimum(other),
            BinaryOp::Maximum => self.maximum(other),
            other => unreachable!("no derivative uses {}", other.name()),
        }
    }
    fn with_number(&self, op: BinaryOp, number: f64) -> Self {
        match op {
            BinaryOp::Add => self.add(number),
            BinaryOp::Sub => self.sub(number),
            BinaryOp::Mul => self.mul(number),
            BinaryOp::Div => self.div(number),
            BinaryOp::Minimum => self.minimum(number),
            BinaryOp::Maximum => self.maximum(number),
            other => unreachable!("no derivative uses {}", other.name()),
        }
    }
    fn zeros(&self) -> Self {
        self.zeros_like()
    }
    fn pick(&self, op: CompareOp, number: f64, a: &Self, b: &Self) -> Self {
        Tensor::from_raw(self.raw().compare(op, number)).where_(a, b)
    }
}

/// The name that PyTorch prints for a function's node.
fn node_name(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Neg => "NegBackward0",
        UnaryOp::Abs => "AbsBackward0",
        UnaryOp::Sign => "SignBackward0",
        UnaryOp::Sqrt => "SqrtBackward0",
        UnaryOp::Rsqrt => "RsqrtBackward0",
        UnaryOp::Square => "PowBackward0",
        UnaryOp::Reciprocal => "ReciprocalBackward0",
        UnaryOp::Exp => "ExpBackward0",
        UnaryOp::Expm1 => "Expm1Backward0",
        UnaryOp::Log => "LogBackward0",
        UnaryOp::Log2 => "Log2Backward0",
        UnaryOp::Log10 => "Log10Backward0",
        UnaryOp::Log1p => "Log1PBackward0",
        UnaryOp::Sin => "SinBackward0",
        UnaryOp::Cos => "CosBackward0",
        UnaryOp::Tan => "TanBackward0",
        UnaryOp::Sinh => "SinhBackward0",
        UnaryOp::Cosh => "CoshBackward0",
        UnaryOp::Asinh => "AsinhBackward0",
        UnaryOp::Acosh => "AcoshBackward0",
        UnaryOp::Erf => "ErfBackward0",
        UnaryOp::Round => "RoundBackward0",
        UnaryOp::Floor => "FloorBackward0",
        UnaryOp::Ceil => "CeilBackward0",
        UnaryOp::Trunc => "TruncBackward0",
        UnaryOp::Not => "LogicalNot",
        UnaryOp::Act(act) => match act {
            Activation::Relu => "ReluBackward0",
            Activation::LeakyRelu(_) => "LeakyReluBackward0",
            Activation::Elu(_) => "EluBackward0",
            Activation::Gelu | Activation::GeluTanh => "GeluBackward0",
            Activation::Silu => "SiluBackward0",
            Activation::Sigmoid => "SigmoidBackward0",
            Activation::Tanh => "TanhBackward0",
            Activation::Softplus { .. } => "SoftplusBackward0",
        },
    }
}

#[track_caller]
fn apply(op: UnaryOp, name: &'static str, x: &Tensor) -> Tensor {
    let (keep, reads) = match op.reads() {
        Reads::Nothing => (Keep::NOTHING, Reads::Nothing),
        Reads::Argument => (Keep::FIRST, Reads::Argument),
        Reads::Result => (Keep::OUTPUT, Reads::Result),
    };
    let dtype = x.dtype();
    record(name, [x], keep, x.raw().unary(op), move |ctx, g| {
        let known = match reads {
            Reads::Nothing => g.clone(), // stands in; the derivative does not look at it
            Reads::Argument => ctx.input(0),
            Reads::Result => ctx.output(),
        };
        let grad = if is_grad_enabled() {
            derivative(op, &known, &known, g)
        } else {
            Tensor::from_raw(known.raw().unary_grad(op, known.raw(), g.raw()))
        };
        [Some(grad.to_dtype(dtype))]
    })
}

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $name:ident $op:expr;)+) => {
        impl Tensor {$(
            $(#[$doc])*
            #[track_caller]
            pub fn $name(&self) -> Tensor {
                apply($op, node_name($op), self)
            }
        )+}
    };
}
unary_methods! {
    /// −x; also the operator `-`.
    neg UnaryOp::Neg;
    /// |x|
    abs UnaryOp::Abs;
    /// −1, 0 or 1
    sign UnaryOp::Sign;
    /// √x
    sqrt UnaryOp::Sqrt;
    /// 1/√x
    rsqrt UnaryOp::Rsqrt;
    /// x²
    square UnaryOp::Square;
    /// 1/x
    reciprocal UnaryOp::Reciprocal;
    /// eˣ
    exp UnaryOp::Exp;
    /// eˣ − 1, accurate near 0
    expm1 UnaryOp::Expm1;
    /// ln x
    log UnaryOp::Log;
    /// log₂ x
    log2 UnaryOp::Log2;
    /// log₁₀ x
    log10 UnaryOp::Log10;
    /// ln(1 + x), accurate near 0
    log1p UnaryOp::Log1p;
    /// sin x, x in radians
    sin UnaryOp::Sin;
    /// cos x, x in radians
    cos UnaryOp::Cos;
    /// tan x, x in radians
    tan UnaryOp::Tan;
    /// Hyperbolic sine
    sinh UnaryOp::Sinh;
    /// Hyperbolic cosine
    cosh UnaryOp::Cosh;
    /// The inverse of sinh
    asinh UnaryOp::Asinh;
    /// The inverse of cosh, for x ≥ 1
    acosh UnaryOp::Acosh;
    /// The error function 2/√π · ∫₀ˣ e^(−t²) dt
    erf UnaryOp::Erf;
    /// To the nearest whole number, ties to even
    round UnaryOp::Round;
    /// The largest whole number ≤ x
    floor UnaryOp::Floor;
    /// The smallest whole number ≥ x
    ceil UnaryOp::Ceil;
    /// The whole part, towards zero
    trunc UnaryOp::Trunc;
    /// max(x, 0); its gradient at 0 is 0
    relu UnaryOp::Act(Activation::Relu);
    /// x·½·(1 + erf(x/√2)), Hendrycks & Gimpel 2016
    gelu UnaryOp::Act(Activation::Gelu);
    /// GELU by its tanh approximation: `F.gelu(x, approximate='tanh')`
    gelu_tanh UnaryOp::Act(Activation::GeluTanh);
    /// x·σ(x)
    silu UnaryOp::Act(Activation::Silu);
    /// 1/(1 + e⁻ˣ)
    sigmoid UnaryOp::Act(Activation::Sigmoid);
    /// Hyperbolic tangent
    tanh UnaryOp::Act(Activation::Tanh);
}

impl Tensor {
    /// x if x > 0, else `slope`·x (PyTorch's default slope is 0.01).
    #[track_caller]
    pub fn leaky_relu(&self, slope: f64) -> Tensor {
        apply(UnaryOp::Act(Activation::LeakyRelu(slope)), "LeakyReluBackward0", self)
    }

    /// x if x > 0, else `alpha`·(eˣ − 1) (PyTorch's default alpha is 1).
    #[track_caller]
    pub fn elu(&self, alpha: f64) -> Tensor {
        apply(UnaryOp::Act(Activation::Elu(alpha)), "EluBackward0", self)
    }

    /// ln(1 + e^(βx))/β, and x where βx > `threshold` (PyTorch's defaults are 1 and 20).
    #[track_caller]
    pub fn softplus(&self, beta: f64, threshold: f64) -> Tensor {
        apply(UnaryOp::Act(Activation::Softplus { beta, threshold }), "SoftplusBackward0", self)
    }

    /// The activation of that name; what a fused layer applies on its way out.
    #[track_caller]
    pub fn activation(&self, act: Activation) -> Tensor {
        apply(UnaryOp::Act(act), node_name(UnaryOp::Act(act)), self)
    }

    /// Where x is NaN, to booleans.
    #[track_caller]
    pub fn isnan(&self) -> Tensor {
        self.ne(self)
    }

    /// Where x is an infinity, to booleans.
    #[track_caller]
    pub fn isinf(&self) -> Tensor {
        if self.dtype().is_float() { self.abs().eq(f64::INFINITY) } else { self.ne(self) }
    }

    /// Where x is neither NaN nor an infinity, to booleans.
    #[track_caller]
    pub fn isfinite(&self) -> Tensor {
        if self.dtype().is_float() { self.abs().lt(f64::INFINITY) } else { self.eq(self) }
    }
}
