//! Layers of a transformer one after another: what its encoder and its decoder have in common.

use super::LayerNorm;
use crate::module::Module;
use crate::parts;
use autograd::Tensor;
use std::fmt;
use tensor_core::check;

/// A layer of which a transformer has several.
pub trait Stacked: Module + Clone {
    /// The name of several.
    const STACK: &'static str;
    /// What it makes of the result of the layers before, in a stack that is given nothing but `input`.
    #[track_caller]
    fn after(&self, x: &Tensor, input: &Tensor) -> Tensor;
}

/// Layers one after another, and a normalisation of the result if there is one: a
/// [`TransformerEncoder`](super::TransformerEncoder) or [`TransformerDecoder`](super::TransformerDecoder).
#[derive(Clone, Debug)]
pub struct TransformerStack<L> {
    /// The layers.
    pub layers: Vec<L>,
    /// Of the result.
    pub norm: Option<LayerNorm>,
}

/// A layer of the same settings, mode and values, with parameters of its own.
fn copied<M: Module + Clone>(layer: &M) -> M {
    let mut copy = layer.clone();
    copy.replace_tensors(&mut parts::copied()).expect("copying has no error of its own");
    copy
}

impl<L: Stacked> TransformerStack<L> {
    /// Copies of a layer, which all start with its values.
    ///
    /// # Panics
    /// When there are none.
    #[track_caller]
    pub fn new(layer: &L, num_layers: usize) -> Self {
        if num_layers == 0 {
            check::fail(L::STACK, "no layers", "num_layers must be greater than 0");
        }
        TransformerStack { layers: (0..num_layers).map(|_| copied(layer)).collect(), norm: None }
    }

    /// The normalisation of the result; none to begin with.
    #[must_use]
    pub fn norm(self, norm: LayerNorm) -> Self {
        TransformerStack { norm: Some(norm), ..self }
    }

    /// The output, each layer being applied by `apply`.
    #[track_caller]
    pub(super) fn through(&self, input: &Tensor, apply: impl Fn(&L, &Tensor) -> Tensor) -> Tensor {
        let x = self.layers.iter().fold(input.clone(), |x, layer| apply(layer, &x));
        self.norm.as_ref().map_or_else(|| x.clone(), |norm| norm.forward(&x))
    }
}

impl<L: Stacked> Module for TransformerStack<L> {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        self.through(input, |layer, x| layer.after(x, input))
    }
    fn name(&self) -> String {
        L::STACK.into()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        let mut all = vec![("layers".to_string(), &self.layers as &dyn Module)];
        all.extend(self.norm.as_ref().map(|norm| ("norm".to_string(), norm as &dyn Module)));
        all
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        let mut all = vec![&mut self.layers as &mut dyn Module];
        all.extend(self.norm.as_mut().map(|norm| norm as &mut dyn Module));
        all
    }
}

impl<L: Stacked> fmt::Display for TransformerStack<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
