//! Modules one after another.

use crate::module::Module;
use autograd::Tensor;
use std::fmt;

/// Modules applied in order. A linear layer followed by ReLU, sigmoid or tanh runs as one fused
/// operation, with the same result.
#[derive(Default)]
pub struct Sequential {
    modules: Vec<Box<dyn Module>>,
}

impl Sequential {
    /// Modules in order; [`seq!`](crate::seq) is shorter.
    pub fn new(modules: Vec<Box<dyn Module>>) -> Self {
        Sequential { modules }
    }

    /// Appends a module.
    pub fn push(&mut self, module: impl Module + 'static) {
        self.modules.push(Box::new(module));
    }

    /// Number of modules.
    pub fn len(&self) -> usize {
        self.modules.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }
}

/// Modules one after another: `seq![Linear::new(784, 10, &dev), ReLU]`.
#[macro_export]
macro_rules! seq {
    ($($module:expr),* $(,)?) => {
        $crate::Sequential::new(vec![$(Box::new($module) as Box<dyn $crate::Module>),*])
    };
}

impl Module for Sequential {
    #[track_caller]
    fn forward(&self, input: &Tensor) -> Tensor {
        let mut x = input.clone();
        let mut modules = self.modules.iter().peekable();
        while let Some(module) = modules.next() {
            let act = modules.peek().and_then(|next| next.as_activation());
            x = match (module.as_linear(), act) {
                (Some(linear), Some(act)) => {
                    modules.next();
                    x.linear_act(&linear.weight, linear.bias.as_ref(), Some(act))
                }
                _ => module.forward(&x),
            };
        }
        x
    }
    fn name(&self) -> String {
        "Sequential".into()
    }
    fn children(&self) -> Vec<(String, &dyn Module)> {
        self.modules.iter().enumerate().map(|(i, m)| (i.to_string(), &**m)).collect()
    }
    fn children_mut(&mut self) -> Vec<&mut dyn Module> {
        self.modules.iter_mut().map(|m| &mut **m as &mut dyn Module).collect()
    }
}

impl fmt::Display for Sequential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.repr())
    }
}
