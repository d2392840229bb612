//! Layers that choose: dropout by chance, embeddings by index.

use super::display;
use crate::init;
use crate::module::{Module, Role};
use autograd::Tensor;
use std::sync::atomic::{AtomicBool, Ordering};
use tensor_core::random::default_generator;
use tensor_core::{Device, check};

/// Zeroes elements with probability `p` while training and scales the rest by 1/(1 − p)
/// (Srivastava et al. 2014).
#[derive(Debug)]
pub struct Dropout {
    p: f64,
    training: AtomicBool,
}

impl Dropout {
    /// Dropout of a probability in [0, 1].
    ///
    /// # Panics
    /// When it is not one.
    #[track_caller]
    pub fn new(p: f64) -> Self {
        if !(0.0..=1.0).contains(&p) {
            check::fail("Dropout", format!("{p} is not a probability"), "give a number from 0 to 1");
        }
        Dropout { p, training: AtomicBool::new(true) }
    }
}

impl Module for Dropout {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        if !self.training.load(Ordering::Relaxed) || self.p == 0.0 {
            return input.clone();
        }
        let mut mask = vec![0f32; input.numel()];
        default_generator().dropout_mask(&mut mask, self.p);
        input * Tensor::from_vec(mask, *input.shape(), input.device()).to_dtype(input.dtype())
    }
    fn name(&self) -> String {
        "Dropout".into()
    }
    fn extra_repr(&self) -> String {
        format!("p={}, inplace=False", self.p)
    }
    fn set_training(&self, training: bool) {
        self.training.store(training, Ordering::Relaxed);
    }
}

/// A vector for each index: `[…] → […, D]`, weight `[N, D]`, standard normal at first.
#[derive(Clone, Debug)]
pub struct Embedding {
    /// `[N, D]`
    pub weight: Tensor,
}

impl Embedding {
    /// `count` vectors of `size`.
    pub fn new(count: usize, size: usize, device: &Device) -> Self {
        let weight = Tensor::zeros([count, size], device);
        init::normal_(&weight, 0.0, 1.0);
        Embedding { weight: weight.into_parameter() }
    }
}

impl Module for Embedding {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let mut shape = input.shape().to_vec();
        shape.push(self.weight.dim(1));
        self.weight.index_select(0, &input.flatten(0, -1)).reshape(shape)
    }
    fn name(&self) -> String {
        "Embedding".into()
    }
    fn extra_repr(&self) -> String {
        let [count, size] = self.weight.dims();
        format!("{count}, {size}")
    }
    fn tensors(&self) -> Vec<(&'static str, &Tensor, Role)> {
        vec![("weight", &self.weight, Role::Parameter)]
    }
    fn tensors_mut(&mut self) -> Vec<&mut Tensor> {
        vec![&mut self.weight]
    }
}

display!(Dropout, Embedding);
