//! Datasets: numbered items that come in batches.

use crate::transforms::{Transform, Transformed};
use autograd::Tensor;
use std::sync::Arc;
use tensor_core::check;

/// Items by number, fetched a batch at a time.
///
/// ```
/// use autograd::Tensor;
/// use data::Dataset;
/// struct Squares(tensor_core::Device);
/// impl Dataset for Squares {
///     type Batch = (Tensor, Tensor);
///     fn len(&self) -> usize {
///         100
///     }
///     fn batch(&self, indices: &[i64]) -> (Tensor, Tensor) {
///         let x = Tensor::from_vec(indices.iter().map(|&i| i as f32).collect(), indices.len(), &self.0);
///         (x.clone(), &x * &x)
///     }
/// }
/// let (x, y) = Squares(backend_cpu::device()).batch(&[2, 3]);
/// assert_eq!((x.to_vec::<f32>(), y.to_vec::<f32>()), (vec![2.0, 3.0], vec![4.0, 9.0]));
/// ```
#[expect(clippy::len_without_is_empty, reason = "a dataset without items is nothing anyone asks for")]
pub trait Dataset: Send + Sync {
    /// Several items stacked: one tensor, or a tuple of columns (images, labels, …).
    type Batch: Send + 'static;
    /// Number of items.
    fn len(&self) -> usize;
    /// The items at `indices`, stacked.
    fn batch(&self, indices: &[i64]) -> Self::Batch;

    /// The same items with a transform applied to the first of two columns, as torchvision's
    /// `transform=`; see [`Compose`](crate::Compose).
    fn transform<T: Transform, L>(self, transform: T) -> Transformed<Self, T>
    where
        Self: Dataset<Batch = (Tensor, L)> + Sized,
    {
        Transformed { dataset: self, transform }
    }
}

impl<D: Dataset + ?Sized> Dataset for Arc<D> {
    type Batch = D::Batch;
    fn len(&self) -> usize {
        (**self).len()
    }
    fn batch(&self, indices: &[i64]) -> D::Batch {
        (**self).batch(indices)
    }
}

/// Item numbers as an index on a column's device.
pub(crate) fn index(indices: &[i64], column: &Tensor) -> Tensor {
    Tensor::from_vec(indices.iter().map(|&i| i as i32).collect(), indices.len(), column.device())
}

/// What a [`TensorDataset`] is made of: a tensor, a tuple, an array or a vector of tensors.
pub trait Columns: Clone + Send + Sync + 'static {
    /// The columns in order.
    fn columns(&self) -> Vec<&Tensor>;
    /// The same form, every column mapped.
    fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> Self;
}

impl Columns for Tensor {
    fn columns(&self) -> Vec<&Tensor> {
        vec![self]
    }
    fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> Self {
        f(self)
    }
}
impl Columns for Vec<Tensor> {
    fn columns(&self) -> Vec<&Tensor> {
        self.iter().collect()
    }
    fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> Self {
        self.iter().map(f).collect()
    }
}
impl<const N: usize> Columns for [Tensor; N] {
    fn columns(&self) -> Vec<&Tensor> {
        self.iter().collect()
    }
    fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> Self {
        std::array::from_fn(|i| f(&self[i]))
    }
}
macro_rules! tuples {
    ($(($($ty:ident $at:tt),+))+) => {$(
        impl Columns for ($($ty,)+) {
            fn columns(&self) -> Vec<&Tensor> {
                vec![$(&self.$at),+]
            }
            fn map(&self, f: impl Fn(&Tensor) -> Tensor) -> Self {
                ($(f(&self.$at),)+)
            }
        }
    )+};
}
tuples! { (Tensor 0) (Tensor 0, Tensor 1) (Tensor 0, Tensor 1, Tensor 2) (Tensor 0, Tensor 1, Tensor 2, Tensor 3) }

/// Tensors whose first dimension numbers the items; a batch has the form they were given in.
///
/// ```
/// use autograd::Tensor;
/// use data::{Dataset, TensorDataset};
/// let cpu = backend_cpu::device();
/// let pairs = TensorDataset::new((Tensor::arange(0, 10, 1, &cpu), Tensor::arange(10, 20, 1, &cpu)));
/// let (x, y) = pairs.batch(&[3, 1]);
/// assert_eq!((x.to_vec::<i32>(), y.to_vec::<i32>()), (vec![3, 1], vec![13, 11]));
/// ```
#[derive(Clone, Debug)]
pub struct TensorDataset<C = Vec<Tensor>> {
    columns: C,
}

impl<C: Columns> TensorDataset<C> {
    /// A dataset of columns of equal length.
    ///
    /// # Panics
    /// When the lengths differ, or a column has no dimension.
    #[track_caller]
    pub fn new(columns: C) -> Self {
        let all = columns.columns();
        if let Some(flat) = all.iter().find(|c| c.rank() == 0) {
            check::fail(
                "TensorDataset",
                format_args!("a column of shape {} has no first dimension to number its items", flat.shape()),
                "",
            );
        }
        let lengths: Vec<usize> = all.iter().map(|c| c.dim(0)).collect();
        if lengths.is_empty() || lengths.iter().any(|&l| l != lengths[0]) {
            check::fail(
                "TensorDataset",
                format_args!("columns of lengths {lengths:?}"),
                "all must be equally long",
            );
        }
        TensorDataset { columns }
    }

    /// The columns.
    pub fn columns(&self) -> &C {
        &self.columns
    }
}

impl<C: Columns> Dataset for TensorDataset<C> {
    type Batch = C;
    fn len(&self) -> usize {
        self.columns.columns()[0].dim(0)
    }
    fn batch(&self, indices: &[i64]) -> C {
        self.columns.map(|c| c.index_select(0, &index(indices, c)))
    }
}

/// Some items of another dataset.
#[derive(Clone, Debug)]
pub struct Subset<D> {
    /// The other dataset.
    pub dataset: D,
    /// The items' numbers in it.
    pub indices: Vec<i64>,
}

impl<D: Dataset> Subset<D> {
    /// The items of `dataset` at `indices`.
    pub fn new(dataset: D, indices: impl IntoIterator<Item = i64>) -> Self {
        Subset { dataset, indices: indices.into_iter().collect() }
    }
}

impl<D: Dataset> Dataset for Subset<D> {
    type Batch = D::Batch;
    fn len(&self) -> usize {
        self.indices.len()
    }
    #[track_caller]
    fn batch(&self, indices: &[i64]) -> D::Batch {
        let item = |&i: &i64| match self.indices.get(i as usize) {
            Some(&inner) => inner,
            None => check::fail("Subset", format_args!("item {i} of {}", self.indices.len()), ""),
        };
        let inner: Vec<i64> = indices.iter().map(item).collect();
        self.dataset.batch(&inner)
    }
}
