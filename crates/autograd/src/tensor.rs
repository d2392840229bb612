//! `Tensor`: what users hold. A raw tensor, and what the tape knows of it.

use crate::graph::{Edge, Hook, Node};
use std::borrow::Borrow;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tensor_core::{DType, Device, Element, HostData, RawTensor, Result, Scalar, Shape, check};

/// A tensor that may take part in differentiation. Cloning is cheap and shares everything.
///
/// ```
/// use autograd::Tensor;
/// let cpu = backend_cpu::device();
/// let x = Tensor::from_vec(vec![1.0, 2.0, 3.0], 3, &cpu).requires_grad_(true);
/// (&x * &x).sum().backward();
/// assert_eq!(x.grad().unwrap().to_vec::<f32>(), [2.0, 4.0, 6.0]);
/// ```
#[derive(Clone)]
pub struct Tensor(Arc<Inner>);

pub(crate) struct Inner {
    raw: RawTensor,
    requires_grad: AtomicBool,
    /// For a view with history: the buffer's version when it was taken.
    view_version: AtomicU64,
    meta: Mutex<Meta>,
}

/// No view, or one without history.
const NOT_A_VIEW: u64 = u64::MAX;

#[derive(Default)]
pub(crate) struct Meta {
    pub node: Option<Arc<Node>>,
    pub grad: Option<Tensor>,
    pub hooks: Vec<(u64, Hook)>,
    pub parameter: bool,
}

/// References to the tensors of a list that holds them or references to them.
pub(crate) fn refs<T: Borrow<Tensor>>(tensors: &[T]) -> Vec<&Tensor> {
    tensors.iter().map(Borrow::borrow).collect()
}

impl Tensor {
    #[inline(never)]
    fn make(raw: RawTensor, node: Option<Arc<Node>>, requires_grad: bool) -> Self {
        Tensor(Arc::new(Inner {
            raw,
            requires_grad: AtomicBool::new(requires_grad),
            view_version: AtomicU64::new(NOT_A_VIEW),
            meta: Mutex::new(Meta { node, ..Meta::default() }),
        }))
    }

    /// A tensor without history.
    pub fn from_raw(raw: RawTensor) -> Self {
        Tensor::make(raw, None, false)
    }

    /// The result of a recorded operation.
    pub(crate) fn from_node(raw: RawTensor, node: Arc<Node>) -> Self {
        Tensor::make(raw, Some(node), true)
    }

    /// The tensor without gradients inside.
    pub fn raw(&self) -> &RawTensor {
        &self.0.raw
    }

    pub(crate) fn inner(&self) -> &Arc<Inner> {
        &self.0
    }

    pub(crate) fn from_inner(inner: Arc<Inner>) -> Self {
        Tensor(inner)
    }

    pub(crate) fn meta(&self) -> MutexGuard<'_, Meta> {
        self.0.meta.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where a gradient of this tensor goes.
    #[track_caller]
    pub(crate) fn edge(&self, op: &str) -> Edge {
        if !self.requires_grad() {
            return Edge::None;
        }
        let viewed = self.0.view_version.load(Ordering::Relaxed);
        if viewed != NOT_A_VIEW && viewed != self.raw().buffer().version() {
            check::fail(
                op,
                "this view's memory was written in place after the view was taken, so its history is stale",
                "take the view again after the write",
            );
        }
        match &self.meta().node {
            Some(node) => Edge::Node(node.clone()),
            None => Edge::Leaf(self.clone()),
        }
    }

    /// Gives a fresh result of composed operations the name that PyTorch prints for the whole. A node
    /// that others hold already keeps its own.
    pub(crate) fn named(mut self, name: &'static str) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.0)
            && let Ok(meta) = inner.meta.get_mut()
            && let Some(node) = meta.node.as_mut().and_then(Arc::get_mut)
        {
            node.name = name;
        }
        self
    }

    /// Marks the result of a view operation, so that a later write to the base is noticed.
    pub(crate) fn mark_view(self) -> Self {
        if self.requires_grad() {
            self.0.view_version.store(self.raw().buffer().version(), Ordering::Relaxed);
        }
        self
    }

    pub(crate) fn is_tracked_view(&self) -> bool {
        self.0.view_version.load(Ordering::Relaxed) != NOT_A_VIEW
    }

    /// Whether nobody else holds this memory, and no element stands twice in it: a view whose base is gone, such as the
    /// turned result of an operation, is a tensor of its own.
    pub(crate) fn is_alone(&self) -> bool {
        let layout = self.raw().layout();
        let steps = layout.strides().iter().map(|stride| stride.unsigned_abs());
        let mut steps: Vec<(usize, usize)> =
            steps.zip(layout.shape().iter().copied()).filter(|&(_, size)| size > 1).collect();
        steps.sort_unstable();
        // Each dimension steps over all that the narrower ones reach.
        let mut reach = 0;
        let apart = steps.iter().all(|&(step, size)| {
            let over = step > reach;
            reach += step * (size - 1);
            over
        });
        apart && self.raw().buffer().is_unique()
    }

    /// Takes over the history of `other`, after this was written in place with its values.
    pub(crate) fn rebase(&self, other: &Tensor) {
        let node = other.meta().node.clone();
        self.0.view_version.store(NOT_A_VIEW, Ordering::Relaxed);
        self.0.requires_grad.store(other.requires_grad(), Ordering::Relaxed);
        self.meta().node = node;
    }

    /// The sizes.
    pub fn shape(&self) -> &Shape {
        self.raw().shape()
    }

    /// The sizes, as PyTorch's `size()`.
    pub fn size(&self) -> &Shape {
        self.shape()
    }

    /// The size of one dimension, counted from the end when negative.
    #[track_caller]
    pub fn dim(&self, dim: isize) -> usize {
        self.sized_axis("dim", dim).1
    }

    /// Number of dimensions: PyTorch's `dim()`.
    pub fn rank(&self) -> usize {
        self.raw().rank()
    }

    /// The sizes as an array, when there are `N` of them.
    ///
    /// # Panics
    /// When the tensor has another number of dimensions.
    #[track_caller]
    pub fn dims<const N: usize>(&self) -> [usize; N] {
        match self.shape().dims().try_into() {
            Ok(dims) => dims,
            Err(_) => {
                check::fail("dims", format_args!("shape {} does not have {N} dimensions", self.shape()), "")
            }
        }
    }

    /// Number of elements.
    pub fn numel(&self) -> usize {
        self.raw().numel()
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.raw().dtype()
    }

    /// The device.
    pub fn device(&self) -> &Device {
        self.raw().device()
    }

    /// How many elements lie from one to the next of each dimension: PyTorch's `stride()`.
    ///
    /// ```
    /// # use autograd::Tensor;
    /// let x = Tensor::ones([2, 3], &backend_cpu::device());
    /// assert_eq!((x.stride(), x.t().stride()), (vec![3, 1], vec![1, 3]));
    /// ```
    pub fn stride(&self) -> Vec<isize> {
        self.raw().layout().strides().to_vec()
    }

    /// Whether the elements lie row-major without gaps.
    pub fn is_contiguous(&self) -> bool {
        self.raw().layout().is_contiguous()
    }

    /// Whether gradients flow to or through it.
    pub fn requires_grad(&self) -> bool {
        self.0.requires_grad.load(Ordering::Relaxed)
    }

    /// Whether it was made by the user rather than by a recorded operation.
    pub fn is_leaf(&self) -> bool {
        self.meta().node.is_none()
    }

    /// The name of the operation that made it, `AddBackward0`, if one was recorded.
    pub fn grad_fn(&self) -> Option<&'static str> {
        self.meta().node.as_ref().map(|node| node.name)
    }

    /// Asks for gradients (or no longer), in place; returns the tensor itself.
    ///
    /// # Panics
    /// For integers, and when taking it back from a result of recorded operations.
    #[track_caller]
    pub fn requires_grad_(self, requires_grad: bool) -> Self {
        if requires_grad && !self.dtype().is_float() {
            check::fail(
                "requires_grad_",
                format_args!("only floating point tensors have gradients, this one is {}", self.dtype()),
                "convert with .to_dtype(DType::F32)",
            );
        }
        if !requires_grad && !self.is_leaf() {
            check::fail(
                "requires_grad_",
                "only leaves can stop requiring gradients",
                "use .detach() for a tensor without history",
            );
        }
        self.0.requires_grad.store(requires_grad, Ordering::Relaxed);
        self
    }

    /// Marks it as a trainable parameter: it requires gradients, and prints as PyTorch's `Parameter`.
    #[track_caller]
    pub fn into_parameter(self) -> Self {
        self.meta().parameter = true;
        self.requires_grad_(true)
    }

    /// Whether it is a trainable parameter.
    pub fn is_parameter(&self) -> bool {
        self.meta().parameter
    }

    /// The same elements without history; memory is shared.
    pub fn detach(&self) -> Self {
        Tensor::from_raw(self.raw().clone())
    }

    /// The accumulated gradient, if any arrived.
    pub fn grad(&self) -> Option<Tensor> {
        self.meta().grad.clone()
    }

    /// Sets or clears the gradient.
    #[track_caller]
    pub fn set_grad(&self, grad: Option<Tensor>) {
        if let Some(grad) = &grad
            && grad.shape() != self.shape()
        {
            check::fail(
                "set_grad",
                format_args!("a gradient of shape {} for a tensor of shape {}", grad.shape(), self.shape()),
                "",
            );
        }
        self.meta().grad = grad;
    }

    /// Forgets the gradient.
    pub fn zero_grad(&self) {
        self.meta().grad = None;
    }

    /// Whether both are the very same tensor.
    pub fn is(&self, other: &Tensor) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The only element, as a Rust number: `loss.item::<f32>()`.
    ///
    /// # Panics
    /// When there is not exactly one element.
    #[track_caller]
    pub fn item<T: Element>(&self) -> T {
        T::from_scalar(self.raw().item())
    }

    /// The only element, as a number of its kind.
    #[track_caller]
    pub fn scalar(&self) -> Scalar {
        self.raw().item()
    }

    /// The elements, row-major, converted to `T`.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        self.raw().to_vec()
    }

    /// The elements, row-major, as they are.
    ///
    /// # Errors
    /// When the device fails.
    pub fn to_host(&self) -> Result<HostData> {
        self.raw().to_host()
    }

    /// A tensor of row-major elements.
    ///
    /// # Panics
    /// When their number is not the shape's.
    #[track_caller]
    pub fn from_vec<T: Element>(values: Vec<T>, shape: impl Into<Shape>, device: &Device) -> Self {
        Tensor::from_host(&values.into(), shape, device)
    }

    /// A tensor of row-major elements, copied.
    ///
    /// # Panics
    /// When their number is not the shape's.
    #[track_caller]
    pub fn from_slice<T: Element>(values: &[T], shape: impl Into<Shape>, device: &Device) -> Self {
        Tensor::from_vec(values.to_vec(), shape, device)
    }

    /// A tensor of row-major host data.
    #[track_caller]
    pub fn from_host(data: &HostData, shape: impl Into<Shape>, device: &Device) -> Self {
        Tensor::from_raw(check::done("tensor", RawTensor::from_host(data, shape, device)))
    }
}
