//! The operators, as data: a new scalar function is one arm here, one line per backend and one
//! derivative; never a new method of [`crate::Backend`]. Those of a theme of their own stand with it.

pub use crate::linalg::LinalgOp;
pub use crate::loss::LossOp;
pub use crate::optim::OptimStep;

/// Functions of one element.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum UnaryOp {
    /// −x
    Neg,
    /// |x|
    Abs,
    /// −1, 0 or 1
    Sign,
    /// √x
    Sqrt,
    /// 1/√x
    Rsqrt,
    /// x²
    Square,
    /// 1/x
    Reciprocal,
    /// eˣ
    Exp,
    /// eˣ − 1
    Expm1,
    /// ln x
    Log,
    /// log₂ x, whole at powers of 2
    Log2,
    /// log₁₀ x, whole at powers of 10
    Log10,
    /// ln(1 + x)
    Log1p,
    /// sin x
    Sin,
    /// cos x
    Cos,
    /// tan x
    Tan,
    /// (eˣ − e⁻ˣ)/2
    Sinh,
    /// (eˣ + e⁻ˣ)/2
    Cosh,
    /// The inverse of sinh
    Asinh,
    /// The inverse of cosh, from 1 on
    Acosh,
    /// 2/√π · ∫₀ˣ e^(−t²) dt
    Erf,
    /// To the nearest whole number, ties to even.
    Round,
    /// Largest whole number ≤ x.
    Floor,
    /// Smallest whole number ≥ x.
    Ceil,
    /// Whole part, towards zero.
    Trunc,
    /// !x, of booleans.
    Not,
    /// An activation function.
    Act(Activation),
}

/// The nonlinear functions of networks, which products may apply on their way out.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Activation {
    /// max(x, 0)
    Relu,
    /// x if x > 0, else slope·x
    LeakyRelu(f64),
    /// x if x > 0, else α·(eˣ − 1)
    Elu(f64),
    /// x·½·(1 + erf(x/√2))
    Gelu,
    /// ½x·(1 + tanh(√(2/π)·(x + 0.044715x³)))
    GeluTanh,
    /// x·σ(x)
    Silu,
    /// 1/(1 + e⁻ˣ)
    Sigmoid,
    /// (eˣ − e⁻ˣ)/(eˣ + e⁻ˣ)
    Tanh,
    /// ln(1 + e^(βx))/β, and x itself where βx > threshold
    Softplus {
        /// β
        beta: f64,
        /// Where the function is x to working precision.
        threshold: f64,
    },
}

/// Functions of two elements of the same type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// a + b; of booleans: or
    Add,
    /// a − b
    Sub,
    /// a · b; of booleans: and
    Mul,
    /// a / b, of floats
    Div,
    /// ⌊a / b⌋
    FloorDiv,
    /// a − b·⌊a / b⌋, with the divisor's sign
    Remainder,
    /// aᵇ
    Pow,
    /// The larger; NaN wins.
    Maximum,
    /// The smaller; NaN wins.
    Minimum,
    /// Angle of (b, a): atan2
    Atan2,
    /// Exclusive or, of booleans.
    Xor,
    /// Bit by bit, of integers and booleans.
    And,
}

/// Comparisons, whose result is boolean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// a = b
    Eq,
    /// a ≠ b
    Ne,
    /// a < b
    Lt,
    /// a ≤ b
    Le,
    /// a > b
    Gt,
    /// a ≥ b
    Ge,
}

/// Reductions of many elements to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReduceOp {
    /// Σ; empty: 0
    Sum,
    /// Π; empty: 1
    Prod,
    /// Largest; NaN wins; of booleans: any
    Max,
    /// Smallest; NaN wins; of booleans: all
    Min,
}

/// Running reductions along one dimension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanOp {
    /// Running Σ
    Sum,
    /// Running Π
    Prod,
}

/// Which extreme an arg-reduction looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgOp {
    /// First index of the largest; NaN wins.
    Max,
    /// First index of the smallest; NaN wins.
    Min,
}

impl UnaryOp {
    /// PyTorch's name of the function.
    pub fn name(self) -> &'static str {
        match self {
            UnaryOp::Neg => "neg",
            UnaryOp::Abs => "abs",
            UnaryOp::Sign => "sign",
            UnaryOp::Sqrt => "sqrt",
            UnaryOp::Rsqrt => "rsqrt",
            UnaryOp::Square => "square",
            UnaryOp::Reciprocal => "reciprocal",
            UnaryOp::Exp => "exp",
            UnaryOp::Expm1 => "expm1",
            UnaryOp::Log => "log",
            UnaryOp::Log2 => "log2",
            UnaryOp::Log10 => "log10",
            UnaryOp::Log1p => "log1p",
            UnaryOp::Sin => "sin",
            UnaryOp::Cos => "cos",
            UnaryOp::Tan => "tan",
            UnaryOp::Sinh => "sinh",
            UnaryOp::Cosh => "cosh",
            UnaryOp::Asinh => "asinh",
            UnaryOp::Acosh => "acosh",
            UnaryOp::Erf => "erf",
            UnaryOp::Round => "round",
            UnaryOp::Floor => "floor",
            UnaryOp::Ceil => "ceil",
            UnaryOp::Trunc => "trunc",
            UnaryOp::Not => "logical_not",
            UnaryOp::Act(act) => act.name(),
        }
    }
}

impl Activation {
    /// PyTorch's name of the function.
    pub fn name(self) -> &'static str {
        match self {
            Activation::Relu => "relu",
            Activation::LeakyRelu(_) => "leaky_relu",
            Activation::Elu(_) => "elu",
            Activation::Gelu | Activation::GeluTanh => "gelu",
            Activation::Silu => "silu",
            Activation::Sigmoid => "sigmoid",
            Activation::Tanh => "tanh",
            Activation::Softplus { .. } => "softplus",
        }
    }
}

impl BinaryOp {
    /// PyTorch's name of the function.
    pub fn name(self) -> &'static str {
        match self {
            BinaryOp::Add => "add",
            BinaryOp::Sub => "sub",
            BinaryOp::Mul => "mul",
            BinaryOp::Div => "div",
            BinaryOp::FloorDiv => "floor_divide",
            BinaryOp::Remainder => "remainder",
            BinaryOp::Pow => "pow",
            BinaryOp::Maximum => "maximum",
            BinaryOp::Minimum => "minimum",
            BinaryOp::Atan2 => "atan2",
            BinaryOp::Xor => "logical_xor",
            BinaryOp::And => "bitwise_and",
        }
    }
}

impl CompareOp {
    /// PyTorch's name of the comparison.
    pub fn name(self) -> &'static str {
        match self {
            CompareOp::Eq => "eq",
            CompareOp::Ne => "ne",
            CompareOp::Lt => "lt",
            CompareOp::Le => "le",
            CompareOp::Gt => "gt",
            CompareOp::Ge => "ge",
        }
    }
}

impl ReduceOp {
    /// PyTorch's name of the reduction.
    pub fn name(self) -> &'static str {
        match self {
            ReduceOp::Sum => "sum",
            ReduceOp::Prod => "prod",
            ReduceOp::Max => "amax",
            ReduceOp::Min => "amin",
        }
    }
}

impl ScanOp {
    /// PyTorch's name of the running reduction.
    pub fn name(self) -> &'static str {
        match self {
            ScanOp::Sum => "cumsum",
            ScanOp::Prod => "cumprod",
        }
    }
}

impl ArgOp {
    /// PyTorch's name of the arg-reduction.
    pub fn name(self) -> &'static str {
        match self {
            ArgOp::Max => "argmax",
            ArgOp::Min => "argmin",
        }
    }
}
