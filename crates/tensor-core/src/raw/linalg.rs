//! Factorisations of matrices and what follows from them.

use super::RawTensor;
use crate::error::Result;
use crate::op::LinalgOp;
use crate::shape::Shape;

impl RawTensor {
    /// A function of matrices `[…, M, N]` and, where it takes two, of `other` `[…, rows, P]` with the same batch: the
    /// results `[…, …]` of [`LinalgOp::results`].
    ///
    /// # Errors
    /// The first matrix's that has no result, or the device's.
    #[track_caller]
    pub fn linalg(&self, op: LinalgOp, other: Option<&RawTensor>) -> Result<Vec<Self>> {
        if let Some(other) = other {
            self.same_device(op.name(), other);
        }
        let lead = &self.shape()[..self.rank() - 2];
        let count = lead.iter().product();
        let flat = |x: &RawTensor| {
            let (rows, cols) = (x.shape()[x.rank() - 2], x.shape()[x.rank() - 1]);
            (x.reshape(&Shape::new(&[count, rows, cols])), [rows, cols])
        };
        let (a, size) = flat(self);
        let b = other.map(flat);
        let columns = b.as_ref().map_or(0, |(_, size)| size[1]);
        let storages = match &b {
            Some((b, _)) => self.device().linalg(op, &[a.view(), b.view()]),
            None => self.device().linalg(op, &[a.view()]),
        }?;
        let wrap = |(storage, last): (_, Vec<usize>)| {
            let shape = Shape::new(&[lead, &last].concat());
            RawTensor::from_storage(self.device(), storage, self.dtype(), shape)
        };
        Ok(storages.into_iter().zip(op.results(size, columns)).map(wrap).collect())
    }
}
