//! `RawTensor`: a tensor without gradients — a shared buffer seen through a layout.
//!
//! Its methods check shapes, element types and devices once, with the good message, promote and
//! broadcast, and then ask the backend, which trusts its arguments. Views share memory with what
//! they view; every other result is fresh and contiguous.

mod index;
mod linalg;
mod norm;
mod pointwise;
mod recurrent;
mod reduce;
mod views;
mod window;

pub use norm::Scale;
pub use pointwise::{Arg, result_type};

use crate::backend::Operand;
use crate::buffer::{Buffer, Storage, View};
use crate::check;
use crate::device::Device;
use crate::dtype::{DType, Element, Scalar};
use crate::error::{Error, Result};
use crate::host::HostData;
use crate::layout::Layout;
use crate::shape::Shape;

/// A tensor without gradients.
#[derive(Clone, Debug)]
pub struct RawTensor {
    buffer: Buffer,
    layout: Layout,
}

impl RawTensor {
    /// Wraps fresh row-major storage of `device`'s backend.
    pub fn from_storage(device: &Device, storage: Storage, dtype: DType, shape: impl Into<Shape>) -> Self {
        RawTensor::row_major(device, storage, dtype, shape.into())
    }

    fn row_major(device: &Device, storage: Storage, dtype: DType, shape: Shape) -> Self {
        let layout = Layout::contiguous(shape);
        RawTensor { buffer: Buffer::new(device.clone(), storage, dtype, layout.numel()), layout }
    }

    /// What a view sees.
    pub fn from_view(view: View) -> Self {
        RawTensor { buffer: view.buffer.clone(), layout: *view.layout }
    }

    /// Uploads row-major elements.
    ///
    /// # Errors
    /// When the device is out of memory, or has no such element type.
    ///
    /// # Panics
    /// When the number of elements is not the shape's.
    #[track_caller]
    pub fn from_host(data: &HostData, shape: impl Into<Shape>, device: &Device) -> Result<Self> {
        RawTensor::uploaded(data, shape.into(), device)
    }

    #[track_caller]
    fn uploaded(data: &HostData, shape: Shape, device: &Device) -> Result<Self> {
        if data.len() != shape.numel() {
            check::fail(
                "tensor",
                format_args!(
                    "{} elements do not fill shape {shape}, which has {}",
                    data.len(),
                    shape.numel()
                ),
                "the sizes' product must be the number of elements",
            );
        }
        supported(device, data.dtype())?;
        Ok(RawTensor::from_storage(device, device.upload(data)?, data.dtype(), shape))
    }

    /// A tensor of one number.
    #[track_caller]
    pub fn full(shape: impl Into<Shape>, value: impl Into<Scalar>, dtype: DType, device: &Device) -> Self {
        RawTensor::filled(shape.into(), value.into(), dtype, device)
    }

    #[track_caller]
    fn filled(shape: Shape, value: Scalar, dtype: DType, device: &Device) -> Self {
        check::done("full", supported(device, dtype));
        let storage = check::made("full", device.full(shape.numel(), dtype, value), dtype, &shape);
        RawTensor::from_storage(device, storage, dtype, shape)
    }

    /// The memory.
    pub fn buffer(&self) -> &Buffer {
        &self.buffer
    }

    /// How the memory is seen.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The memory and how it is seen, for a backend.
    pub fn view(&self) -> View<'_> {
        View { buffer: &self.buffer, layout: &self.layout }
    }

    /// As one side of a two-sided operation.
    pub fn operand(&self) -> Operand<'_> {
        Operand::View(self.view())
    }

    /// The sizes.
    pub fn shape(&self) -> &Shape {
        self.layout.shape()
    }

    /// Number of dimensions.
    pub fn rank(&self) -> usize {
        self.layout.rank()
    }

    /// Number of elements.
    pub fn numel(&self) -> usize {
        self.layout.numel()
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        self.buffer.dtype()
    }

    /// The device.
    pub fn device(&self) -> &Device {
        self.buffer.device()
    }

    /// The same buffer seen through another layout, which must stay inside it.
    pub fn with_layout(&self, layout: Layout) -> Self {
        debug_assert!(layout.extent().end <= self.buffer.len(), "{layout:?} leaves its buffer");
        RawTensor { buffer: self.buffer.clone(), layout }
    }

    /// Wraps a backend's answer to `op`, of this device.
    #[track_caller]
    pub(crate) fn answer(&self, op: &str, answer: Result<Storage>, dtype: DType, shape: Shape) -> Self {
        RawTensor::from_storage(self.device(), check::made(op, answer, dtype, &shape), dtype, shape)
    }

    /// Downloads the elements, row-major.
    ///
    /// # Errors
    /// When the device fails.
    pub fn to_host(&self) -> Result<HostData> {
        self.device().download(self.view())
    }

    /// Downloads the elements as `T`, converting if need be.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        check::done("to_vec", self.to_host()).into_vec()
    }

    /// The only element, as a number.
    #[track_caller]
    pub fn item(&self) -> Scalar {
        if self.numel() != 1 {
            check::fail(
                "item",
                format_args!("a tensor of shape {} has {} elements, not one", self.shape(), self.numel()),
                "reduce it first (.mean(), .sum()), index one element, or take .to_vec()",
            );
        }
        check::done("item", self.to_host()).get(0)
    }

    /// A fresh contiguous copy.
    #[track_caller]
    pub fn copy(&self) -> Self {
        let shape = *self.shape();
        self.answer("clone", self.device().cast(self.view(), self.dtype()), self.dtype(), shape)
    }

    /// Itself when row-major and without gaps, else a copy that is.
    #[track_caller]
    pub fn contiguous(&self) -> Self {
        if self.layout.is_contiguous() { self.clone() } else { self.copy() }
    }

    /// Itself when it covers its whole buffer row-major, else a copy that does.
    #[track_caller]
    pub fn compact(&self) -> Self {
        if self.is_compact() { self.clone() } else { self.copy() }
    }

    /// Whether it covers its whole buffer row-major.
    pub fn is_compact(&self) -> bool {
        self.layout.is_contiguous() && self.layout.offset() == 0 && self.numel() == self.buffer.len()
    }

    /// Converted to another element type; itself when it has it already.
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Self {
        if dtype == self.dtype() {
            return self.clone();
        }
        check::done("to_dtype", supported(self.device(), dtype));
        self.answer("to_dtype", self.device().cast(self.view(), dtype), dtype, *self.shape())
    }

    /// Moved to another device; itself when it is there already.
    ///
    /// # Errors
    /// When either device fails, or the other has no such element type.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        if device == self.device() {
            return Ok(self.clone());
        }
        RawTensor::from_host(&self.to_host()?, *self.shape(), device)
    }

    /// In place: writes `src`, broadcast and converted, to what this sees, and notes the new version.
    #[track_caller]
    pub fn write(&self, src: &RawTensor) {
        let src = src.cast(self.dtype()).expand(self.shape());
        self.same_device("copy_", &src);
        check::done("copy_", self.device().copy(src.view(), self.view()));
        self.buffer.bump_version();
    }

    /// In place: adds a tensor of the same shape and floating type, and notes the new version; `false`, and nothing
    /// done, where it does not cover its buffer, or the machine has nothing better than a sum in memory of its own.
    #[track_caller]
    pub fn add_assign(&self, term: &RawTensor) -> bool {
        let alike = self.shape() == term.shape() && self.dtype() == term.dtype() && self.dtype().is_float();
        if !alike || !self.is_compact() || self.buffer.same(&term.buffer) {
            return false;
        }
        self.same_device("add_", term);
        let done = check::done("add_", self.device().add_assign(&self.buffer, term.view()));
        if done {
            self.buffer.bump_version();
        }
        done
    }

    /// In place: fills what this sees with a number, and notes the new version.
    #[track_caller]
    pub fn fill(&self, value: impl Into<Scalar>) {
        check::done("fill_", self.device().fill(self.view(), value.into()));
        self.buffer.bump_version();
    }

    /// Panics unless both live on one device.
    #[track_caller]
    pub fn same_device(&self, op: &str, other: &RawTensor) {
        if self.device() != other.device() {
            check::fail(
                op,
                format_args!("tensors are on different devices: {} and {}", self.device(), other.device()),
                "move one with .to(&device)",
            );
        }
    }

    /// Gives up the tensor for its storage, as a composed kernel's result: its own where nobody else holds it, else
    /// a copy.
    pub(crate) fn into_storage(self) -> Result<Storage> {
        if !self.is_compact() {
            return self.device().cast(self.view(), self.dtype()); // to the same type: a fresh row-major copy
        }
        let RawTensor { buffer, layout } = self;
        buffer
            .into_storage()
            .or_else(|buffer| buffer.device().cast(View { buffer: &buffer, layout: &layout }, buffer.dtype()))
    }
}

fn supported(device: &Device, dtype: DType) -> Result<()> {
    if device.supports(dtype) {
        Ok(())
    } else {
        Err(Error::UnsupportedDType { device: device.name(), dtype })
    }
}
