//! `module!`: a struct of parts, parameters and buffers becomes a [`Module`](crate::Module) by one line.
//!
//! What a field is decides where it is listed: a part among the children, `param` and `buffer` among the tensors, `mode`
//! in neither. A field that is `None` is listed nowhere, as an attribute of PyTorch's that was set to `None`.

use autograd::Tensor;

/// What [`module!`](crate::module!) lists as a tensor: one, or one that may be missing.
pub trait Slot {
    /// The tensor, if there is one.
    fn slot(&self) -> Option<&Tensor>;
    /// The tensor, to be replaced.
    fn slot_mut(&mut self) -> Option<&mut Tensor>;
}

impl Slot for Tensor {
    fn slot(&self) -> Option<&Tensor> {
        Some(self)
    }
    fn slot_mut(&mut self) -> Option<&mut Tensor> {
        Some(self)
    }
}

impl Slot for Option<Tensor> {
    fn slot(&self) -> Option<&Tensor> {
        self.as_ref()
    }
    fn slot_mut(&mut self) -> Option<&mut Tensor> {
        self.as_mut()
    }
}

/// Makes a struct a [`Module`](crate::Module): its name, its parts, and its forward pass.
///
/// `module!(Mlp { fc1, fc2 }, |m, x| m.fc2.forward(&m.fc1.forward(x).relu()));`
///
/// A part is any module: a layer, another struct of one's own, a vector of them, or an `Option`, of which `None` gives
/// its input back. So a block of a ResNet, whose way around needs a convolution only where the sizes change:
///
/// ```
/// use autograd::Tensor;
/// use nn::{BatchNorm2d, Conv2d, Module, Sequential, module, seq};
/// struct Block { conv1: Conv2d, bn1: BatchNorm2d, conv2: Conv2d, bn2: BatchNorm2d, downsample: Option<Sequential> }
/// module!(Block { conv1, bn1, conv2, bn2, downsample }, |m, x| {
///     let y = m.bn1.forward(&m.conv1.forward(x)).relu();
///     (m.bn2.forward(&m.conv2.forward(&y)) + m.downsample.forward(x)).relu()
/// });
/// struct Net { blocks: Vec<Block>, head: Conv2d }
/// module!(Net { blocks, head }, |m, x| {
///     m.head.forward(&m.blocks.iter().fold(x.clone(), |x, block| block.forward(&x)))
/// });
///
/// let cpu = backend_cpu::device();
/// let block = |inputs, outputs, stride| Block {
///     conv1: Conv2d::without_bias(inputs, outputs, 3, &cpu).stride(stride).padding(1),
///     bn1: BatchNorm2d::new(outputs, &cpu),
///     conv2: Conv2d::without_bias(outputs, outputs, 3, &cpu).padding(1),
///     bn2: BatchNorm2d::new(outputs, &cpu),
///     downsample: (stride > 1).then(|| seq![
///         Conv2d::without_bias(inputs, outputs, 1, &cpu).stride(stride), BatchNorm2d::new(outputs, &cpu),
///     ]),
/// };
/// let net = Net { blocks: vec![block(3, 3, 1), block(3, 8, 2)], head: Conv2d::new(8, 1, 1, &cpu) };
/// assert_eq!(net.forward(&Tensor::zeros([1, 3, 8, 8], &cpu)).shape().dims(), [1, 1, 4, 4]);
/// let names = net.state_dict().into_keys().filter(|name| name.contains("downsample"));
/// assert_eq!(names.take(1).collect::<Vec<_>>(), ["blocks.1.downsample.0.weight"]);
/// ```
///
/// Tensors of one's own are marked `param` (trained) or `buffer` (kept, not trained), and may be `Option`s too; a
/// [`Mode`](crate::Mode) is marked `mode`. Type parameters stand after the name, with their bounds.
///
/// ```
/// use autograd::{Tensor, no_grad};
/// use nn::{Linear, Mode, Module, module};
/// /// `inner`, scaled by what is learned, which counts its calls while training
/// struct Scaled<M> { inner: M, gain: Tensor, bias: Option<Tensor>, count: Tensor, mode: Mode }
/// module!(Scaled<M: Module> { inner, gain: param, bias: param, count: buffer, mode: mode }, |m, x| {
///     if m.is_training() {
///         no_grad(|| m.count.add_(1));
///     }
///     let y = m.inner.forward(x) * &m.gain;
///     match &m.bias {
///         Some(bias) => y + bias,
///         None => y,
///     }
/// });
///
/// let cpu = backend_cpu::device();
/// let gain = Tensor::ones(3, &cpu).into_parameter();
/// let (inner, count) = (Linear::new(2, 3, &cpu), Tensor::new(&0, &cpu));
/// let layer = Scaled { inner, gain, bias: None, count, mode: Mode::default() };
/// layer.forward(&Tensor::ones([1, 2], &cpu));
/// layer.eval();
/// layer.forward(&Tensor::ones([1, 2], &cpu));
/// let names: Vec<String> = layer.state_dict().into_keys().collect();
/// assert_eq!(names, ["gain", "count", "inner.weight", "inner.bias"]);
/// assert_eq!((layer.count.item::<i32>(), layer.parameters().len()), (1, 3));
/// ```
///
/// Of two inputs, `|m, x, y|`, it writes a method `forward_pair`; [`Module::forward`](crate::Module::forward), which
/// has one, then panics and says so. What takes more (masks, states) is a method of the struct itself.
///
/// ```
/// use autograd::Tensor;
/// use nn::{Linear, Module, module};
/// struct Towers { left: Linear, right: Linear }
/// module!(Towers { left, right }, |m, x, y| m.left.forward(x) * m.right.forward(y));
///
/// let cpu = backend_cpu::device();
/// let towers = Towers { left: Linear::new(2, 3, &cpu), right: Linear::new(4, 3, &cpu) };
/// let y = towers.forward_pair(&Tensor::ones([1, 2], &cpu), &Tensor::ones([1, 4], &cpu));
/// assert_eq!(y.shape().dims(), [1, 3]);
/// ```
#[macro_export]
macro_rules! module {
    // One field, as a part and as a tensor: `None` where it is not one.
    (@part $this:ident $field:ident) => {
        $crate::Module::is_present(&$this.$field)
            .then(|| (String::from(stringify!($field)), &$this.$field as &dyn $crate::Module))
    };
    (@part $this:ident $field:ident $kind:ident) => {{
        $crate::module!(@known $kind);
        None
    }};
    (@part_mut $this:ident $field:ident) => {
        $crate::Module::is_present(&$this.$field).then_some(&mut $this.$field as &mut dyn $crate::Module)
    };
    (@part_mut $($other:tt)*) => { None };
    (@tensor $this:ident $field:ident param) => {
        $crate::module!(@as $this $field Parameter)
    };
    (@tensor $this:ident $field:ident buffer) => {
        $crate::module!(@as $this $field Buffer)
    };
    (@tensor $($other:tt)*) => { None };
    (@as $this:ident $field:ident $role:ident) => {
        $crate::__private::Slot::slot(&$this.$field).map(|t| (stringify!($field), t, $crate::Role::$role))
    };
    (@tensor_mut $this:ident $field:ident param) => { $crate::__private::Slot::slot_mut(&mut $this.$field) };
    (@tensor_mut $this:ident $field:ident buffer) => { $crate::__private::Slot::slot_mut(&mut $this.$field) };
    (@tensor_mut $($other:tt)*) => { None };
    (@mode $this:ident $field:ident mode) => { Some(&$this.$field) };
    (@mode $($other:tt)*) => { None };
    (@known param) => {};
    (@known buffer) => {};
    (@known mode) => {};
    (@known $kind:ident) => {
        compile_error!(concat!("module!: a field is `param`, `buffer` or `mode`, not `", stringify!($kind), "`"));
    };
    (@forward $self:ident $given:ident $name:ident [$this:ident $input:ident] $body:expr) => {{
        let ($this, $input) = ($self, $given);
        $body
    }};
    (@forward $self:ident $given:ident $name:ident [$this:ident $input:ident $second:ident] $body:expr) => {{
        let _ = $given;
        $crate::__private::fail(stringify!($name), "one input", "it takes two: call forward_pair")
    }};
    (@pair [$($head:tt)*] [$this:ident $input:ident] $body:expr) => {};
    (@pair [$($head:tt)*] [$this:ident $input:ident $second:ident] $body:expr) => {
        $($head)* {
            /// The output for two inputs.
            #[track_caller]
            pub fn forward_pair(
                &self,
                $input: &$crate::__private::Tensor,
                $second: &$crate::__private::Tensor,
            ) -> $crate::__private::Tensor {
                let $this = self;
                $body
            }
        }
    };
    (
        $name:ident $(<$($generic:ident $(: $($bound:tt)::+ $(+ $($more:tt)::+)*)?),+ $(,)?>)?
        { $($field:ident $(: $kind:ident)?),* $(,)? },
        |$this:ident, $input:ident $(, $second:ident)?| $body:expr
    ) => {
        impl $(<$($generic $(: $($bound)::+ $(+ $($more)::+)*)?),+>)? $crate::Module for $name $(<$($generic),+>)? {
            #[track_caller]
            fn forward(&self, input: &$crate::__private::Tensor) -> $crate::__private::Tensor {
                $crate::module!(@forward self input $name [$this $input $($second)?] $body)
            }
            fn name(&self) -> String {
                stringify!($name).into()
            }
            fn children(&self) -> Vec<(String, &dyn $crate::Module)> {
                let parts: [Option<(String, &dyn $crate::Module)>; _] =
                    [$($crate::module!(@part self $field $($kind)?)),*];
                parts.into_iter().flatten().collect()
            }
            fn children_mut(&mut self) -> Vec<&mut dyn $crate::Module> {
                let parts: [Option<&mut dyn $crate::Module>; _] =
                    [$($crate::module!(@part_mut self $field $($kind)?)),*];
                parts.into_iter().flatten().collect()
            }
            fn tensors(&self) -> Vec<(&str, &$crate::__private::Tensor, $crate::Role)> {
                let tensors: [Option<(&str, &$crate::__private::Tensor, $crate::Role)>; _] =
                    [$($crate::module!(@tensor self $field $($kind)?)),*];
                tensors.into_iter().flatten().collect()
            }
            fn tensors_mut(&mut self) -> Vec<&mut $crate::__private::Tensor> {
                let tensors: [Option<&mut $crate::__private::Tensor>; _] =
                    [$($crate::module!(@tensor_mut self $field $($kind)?)),*];
                tensors.into_iter().flatten().collect()
            }
            fn set_training(&self, training: bool) {
                let modes: [Option<&$crate::Mode>; _] = [$($crate::module!(@mode self $field $($kind)?)),*];
                modes.into_iter().flatten().for_each(|mode| mode.set(training));
            }
            fn is_training(&self) -> bool {
                let modes: [Option<&$crate::Mode>; _] = [$($crate::module!(@mode self $field $($kind)?)),*];
                match modes.into_iter().flatten().next() {
                    Some(mode) => mode.get(),
                    None => $crate::Module::children(self).iter().all(|(_, part)| part.is_training()),
                }
            }
        }
        impl $(<$($generic $(: $($bound)::+ $(+ $($more)::+)*)?),+>)? ::std::fmt::Display
            for $name $(<$($generic),+>)?
        {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(&$crate::Module::repr(self))
            }
        }
        $crate::module!(
            @pair
            [impl $(<$($generic $(: $($bound)::+ $(+ $($more)::+)*)?),+>)? $name $(<$($generic),+>)?]
            [$this $input $($second)?]
            $body
        );
    };
}
