//! The operators, as data: a new scalar function is one arm here, one line per backend and one
//! derivative; never a new method of [`crate::Backend`].

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

/// Losses of an element `x` held against its target `y`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LossOp {
    /// (x − y)²
    Squared,
    /// |x − y|
    Absolute,
    /// ½d²/β where d = |x − y| < β, else d − ½β
    SmoothAbsolute(f64),
    /// ½d² where d = |x − y| < δ, else δ·(d − ½δ)
    Huber(f64),
    /// Binary cross-entropy of σ(x): (1 − y)·x + ln(1 + e⁻ˣ)
    Logits,
    /// y·(ln y − x) of a log-probability and a probability; −y·x where y is not positive
    Divergence,
    /// eʸ·(y − x) of two log-probabilities
    LogDivergence,
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

/// A factorisation of matrices, or what follows from one. `A` is `[M, N]`, or `[N, N]` where it is square; K = min(M, N).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinalgOp {
    /// `A` symmetric positive-definite, of which the lower triangle is read: L, `A = L·Lᵀ`.
    Cholesky,
    /// `A⁻¹`
    Inverse,
    /// `A`, `B` `[N, P]`: `A⁻¹·B`.
    Solve,
    /// `A` triangular, `B` `[N, P]`: `A⁻¹·B`. The other triangle is not read.
    SolveTriangular {
        /// Which triangle.
        upper: bool,
        /// Whether the diagonal, not read, counts as ones.
        unit: bool,
    },
    /// The determinant.
    Det,
    /// The determinant's sign, and the logarithm of its magnitude.
    SlogDet,
    /// P `[M, M]`, L `[M, K]`, U `[K, N]`, `A = P·L·U`.
    Lu,
    /// Q `[M, K]`, R `[K, N]`, with LAPACK's signs.
    Qr,
    /// `A` of full rank, `B` `[M, P]`: the least-squares solution `[N, P]`, the smallest of several.
    LeastSquares,
    /// `A` symmetric, of which the lower triangle is read: eigenvalues `[N]`, ascending, and with `vectors` the
    /// eigenvectors as columns, the last nonzero component of each positive.
    Eigh {
        /// Whether eigenvectors are wanted.
        vectors: bool,
    },
    /// With `vectors` U `[M, K]`, S `[K]` descending, Vᵀ `[K, N]`; else S.
    Svd {
        /// Whether singular vectors are wanted.
        vectors: bool,
    },
}

/// Which extreme an arg-reduction looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgOp {
    /// First index of the largest; NaN wins.
    Max,
    /// First index of the smallest; NaN wins.
    Min,
}

/// One step of an optimizer over an element, with PyTorch's formulas and roundings.
///
/// Rates are doubles, rounded to the element type when they meet a tensor. `axpy(x, y, s) = fma(y, s, x)`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum OptimStep {
    /// Stochastic gradient descent; state: `[momentum buffer]` when `momentum ≠ 0`.
    Sgd {
        /// Learning rate.
        lr: f64,
        /// μ
        momentum: f64,
        /// 1 − the share of the gradient that enters the buffer.
        dampening: f64,
        /// λ, the L2 penalty's factor.
        weight_decay: f64,
        /// Look ahead along the buffer.
        nesterov: bool,
        /// Whether the buffer is yet unset: it becomes the gradient.
        first: bool,
    },
    /// Adam and AdamW; state: `[m, v]`, and `[m, v, vmax]` with `amsgrad`.
    Adam {
        /// Learning rate.
        lr: f64,
        /// (β₁, β₂)
        betas: (f64, f64),
        /// Added to the root.
        eps: f64,
        /// λ
        weight_decay: f64,
        /// AdamW: the parameter itself decays, not the gradient grows.
        decoupled: bool,
        /// Divide by the largest v so far.
        amsgrad: bool,
        /// t, counted from 1.
        step: u64,
    },
    /// RMSprop; state: `[s]`, then `[ga]` when centered, then `[buffer]` when `momentum > 0`.
    RmsProp {
        /// Learning rate.
        lr: f64,
        /// α, the squares' decay.
        alpha: f64,
        /// Added to the root.
        eps: f64,
        /// λ
        weight_decay: f64,
        /// μ
        momentum: f64,
        /// Subtract the squared running mean.
        centered: bool,
    },
    /// Adagrad; state: `[s]`.
    Adagrad {
        /// Learning rate, already divided by 1 + (t − 1)·decay.
        lr: f64,
        /// Added to the root.
        eps: f64,
        /// λ
        weight_decay: f64,
    },
    /// Adadelta; state: `[squares, squared updates]`.
    Adadelta {
        /// Learning rate.
        lr: f64,
        /// ρ, the decay of both running means.
        rho: f64,
        /// Added under both roots.
        eps: f64,
        /// λ
        weight_decay: f64,
    },
    /// Adamax; state: `[m, u]`.
    Adamax {
        /// Learning rate, already divided by 1 − β₁ᵗ.
        lr: f64,
        /// (β₁, β₂)
        betas: (f64, f64),
        /// Added to each gradient's magnitude.
        eps: f64,
        /// λ
        weight_decay: f64,
    },
    /// NAdam; state: `[m, v]`.
    NAdam {
        /// (β₁, β₂)
        betas: (f64, f64),
        /// Added to the root.
        eps: f64,
        /// λ of the L2 penalty; 0 when the parameter itself decays.
        weight_decay: f64,
        /// What the parameter is first multiplied by.
        shrink: f64,
        /// 1 − β₂ᵗ
        correction: f64,
        /// What the gradient and its mean are multiplied by: rates with a sign.
        rates: (f64, f64),
    },
    /// RAdam; state: `[m, v]`.
    RAdam {
        /// Learning rate.
        lr: f64,
        /// (β₁, β₂)
        betas: (f64, f64),
        /// Added to the root.
        eps: f64,
        /// λ of the L2 penalty; 0 when the parameter itself decays.
        weight_decay: f64,
        /// What the parameter is first multiplied by.
        shrink: f64,
        /// 1 − β₁ᵗ
        correction: f64,
        /// √(1 − β₂ᵗ) and the rectification, once the variance can be told.
        adaptive: Option<(f64, f64)>,
    },
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

impl LossOp {
    /// PyTorch's name of the loss.
    pub fn name(self) -> &'static str {
        match self {
            LossOp::Squared => "mse_loss",
            LossOp::Absolute => "l1_loss",
            LossOp::SmoothAbsolute(_) => "smooth_l1_loss",
            LossOp::Huber(_) => "huber_loss",
            LossOp::Logits => "binary_cross_entropy_with_logits",
            LossOp::Divergence | LossOp::LogDivergence => "kl_div",
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

impl LinalgOp {
    /// PyTorch's name of the function, in `torch.linalg`.
    pub fn name(self) -> &'static str {
        match self {
            LinalgOp::Cholesky => "cholesky",
            LinalgOp::Inverse => "inv",
            LinalgOp::Solve => "solve",
            LinalgOp::SolveTriangular { .. } => "solve_triangular",
            LinalgOp::Det => "det",
            LinalgOp::SlogDet => "slogdet",
            LinalgOp::Lu => "lu",
            LinalgOp::Qr => "qr",
            LinalgOp::LeastSquares => "lstsq",
            LinalgOp::Eigh { .. } => "eigh",
            LinalgOp::Svd { .. } => "svd",
        }
    }

    /// The shapes of the results for one matrix `[m, n]`, `p` being the columns of the other operand, if there is one.
    pub fn results(self, [m, n]: [usize; 2], p: usize) -> Vec<Vec<usize>> {
        let k = m.min(n);
        match self {
            LinalgOp::Cholesky | LinalgOp::Inverse => vec![vec![n, n]],
            LinalgOp::Solve | LinalgOp::SolveTriangular { .. } | LinalgOp::LeastSquares => vec![vec![n, p]],
            LinalgOp::Det => vec![vec![]],
            LinalgOp::SlogDet => vec![vec![], vec![]],
            LinalgOp::Lu => vec![vec![m, m], vec![m, k], vec![k, n]],
            LinalgOp::Qr => vec![vec![m, k], vec![k, n]],
            LinalgOp::Eigh { vectors: true } => vec![vec![n], vec![n, n]],
            LinalgOp::Eigh { vectors: false } => vec![vec![n]],
            LinalgOp::Svd { vectors: true } => vec![vec![m, k], vec![k], vec![k, n]],
            LinalgOp::Svd { vectors: false } => vec![vec![k]],
        }
    }

    /// The error that matrix `index` of `count` has, its pivot being what failed.
    pub fn failed(self, index: usize, count: usize, pivot: usize) -> crate::Error {
        let batch = (count > 1).then_some(index);
        match self {
            LinalgOp::Cholesky => crate::Error::NotPositiveDefinite { batch, pivot },
            _ => crate::Error::Singular { op: self.name(), batch, pivot },
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
