//! Writing in place: the value is computed as a new tensor, then written over the old, whose history it
//! takes over. It is of the old one's type, or converted to it where nothing is cut: a float into integers is refused.

use crate::TensorArg;
use crate::mode::is_grad_enabled;
use crate::tensor::Tensor;
use tensor_core::{Scalar, check};

impl Tensor {
    /// In place: `self += other`. While a graph is recorded its history grows by the addition.
    #[track_caller]
    pub fn add_(&self, other: impl Into<TensorArg>) -> &Self {
        self.become_("add_", self.add(other))
    }

    /// In place: `self −= other`.
    #[track_caller]
    pub fn sub_(&self, other: impl Into<TensorArg>) -> &Self {
        self.become_("sub_", self.sub(other))
    }

    /// In place: `self *= other`.
    #[track_caller]
    pub fn mul_(&self, other: impl Into<TensorArg>) -> &Self {
        let other = other.into();
        self.become_("mul_", self.before_write(&other).mul(other))
    }

    /// In place: `self /= other`.
    #[track_caller]
    pub fn div_(&self, other: impl Into<TensorArg>) -> &Self {
        let other = other.into();
        self.become_("div_", self.before_write(&other).div(other))
    }

    /// What a rule may keep of this tensor when it is about to be written: a copy, if the other side's
    /// gradient will read it.
    fn before_write(&self, other: &TensorArg) -> Tensor {
        match other {
            TensorArg::Tensor(other) if is_grad_enabled() && other.requires_grad() => self.copy(),
            _ => self.clone(),
        }
    }

    /// In place: takes over the elements of `other`, broadcast and converted.
    #[track_caller]
    pub fn copy_(&self, other: &Tensor) -> &Self {
        self.become_("copy_", other.expand_to(self.shape()).to_dtype(self.dtype()))
    }

    /// In place: every element becomes `value`.
    #[track_caller]
    pub fn fill_(&self, value: impl Into<Scalar>) -> &Self {
        self.become_("fill_", self.full_like(value))
    }

    /// In place: every element becomes 0.
    #[track_caller]
    pub fn zero_(&self) -> &Self {
        self.fill_(0)
    }

    /// In place: what `f` makes of this tensor, of the same shape; its history grows by `f`.
    ///
    /// ```
    /// # let x = autograd::Tensor::ones(2, &backend_cpu::device());
    /// x.apply_(|x| x.clamp(0.0, 0.5));
    /// assert_eq!(x.to_vec::<f32>(), [0.5, 0.5]);
    /// ```
    #[track_caller]
    pub fn apply_(&self, f: impl FnOnce(&Tensor) -> Tensor) -> &Self {
        self.become_("apply_", f(&self.before_apply()))
    }

    /// What a function's rule may keep of this tensor: a copy of what is about to be written.
    #[track_caller]
    fn before_apply(&self) -> Tensor {
        if is_grad_enabled() && self.requires_grad() { self.copy() } else { self.clone() }
    }

    /// Writes `value`, computed from this tensor or not, over it, and takes over its history.
    #[track_caller]
    pub(crate) fn become_(&self, op: &str, value: Tensor) -> &Self {
        if value.shape() != self.shape() {
            check::fail(
                op,
                format_args!(
                    "a result of shape {} does not fit in place into shape {}",
                    value.shape(),
                    self.shape()
                ),
                "use the form without the underscore, which makes a new tensor",
            );
        }
        if value.dtype().category() > self.dtype().category() {
            check::fail(
                op,
                format!("a result of {} does not fit in place into {}", value.dtype(), self.dtype()),
                "use the form without the underscore, or convert first",
            );
        }
        let value = value.to_dtype(self.dtype());
        if is_grad_enabled() && (self.requires_grad() || value.requires_grad()) {
            // A leaf has no history to take over: its copy has.
            let value = if value.is_leaf() && value.requires_grad() { value.copy() } else { value };
            if self.is_leaf() && self.requires_grad() {
                check::fail(
                    op,
                    "a leaf that requires gradients is written in place while a graph is recorded",
                    "update parameters inside no_grad(|| …), or work on a .clone()",
                );
            }
            if self.is_tracked_view() && !self.is_alone() {
                check::fail(
                    op,
                    "a view with history is written in place, which its base would not learn",
                    "write to the base with .assign(s![…], …), or to a .clone()",
                );
            }
            self.raw().write(value.raw());
            self.rebase(&value);
        } else {
            self.raw().write(value.raw());
        }
        self
    }
}

/// In place, the functions of one tensor.
macro_rules! in_place {
    ($($name:ident = $function:ident),+ $(,)?) => {
        impl Tensor {$(
            #[doc = concat!("In place: [`Tensor::", stringify!($function), "`].")]
            #[track_caller]
            pub fn $name(&self) -> &Self {
                self.apply_(Tensor::$function)
            }
        )+}
    };
}
in_place! {
    abs_ = abs, neg_ = neg, exp_ = exp, log_ = log, sqrt_ = sqrt, rsqrt_ = rsqrt, square_ = square,
    reciprocal_ = reciprocal, sin_ = sin, cos_ = cos, sigmoid_ = sigmoid, tanh_ = tanh, relu_ = relu,
    round_ = round, floor_ = floor, ceil_ = ceil, trunc_ = trunc, sign_ = sign,
}
