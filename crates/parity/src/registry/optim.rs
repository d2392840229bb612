//! `torch.optim`: optimizers, schedules, clipping.

#![allow(non_snake_case, reason = "parameters carry the names that Python gives them")]

use super::convert::Params;
use super::{Entry, forms};
use crate::modules::{AnyOptimizer, AnyScheduler, scheduler};
use autograd::Tensor;
use nn::optim::{self, Adagrad, Adam, RmsProp, Sgd};
use std::cell::RefCell;
use std::rc::Rc;

type Opt = Rc<RefCell<AnyOptimizer>>;
type Schedule = (Rc<RefCell<AnyScheduler>>, Opt);

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = forms! { via AnyOptimizer::value;
        "optim" SGD(params: Params, lr: f64 = 0.001, momentum: f64 = 0.0, dampening: f64 = 0.0, weight_decay: f64 = 0.0, nesterov: bool = false) =>
            Sgd::new(params.0, lr).momentum(momentum).dampening(dampening).weight_decay(weight_decay).nesterov(nesterov);
        "optim" Adam(params: Params, lr: f64 = 0.001, betas: (f64, f64) = (0.9, 0.999), eps: f64 = 1e-8, weight_decay: f64 = 0.0, amsgrad: bool = false) =>
            Adam::new(params.0, lr).betas(betas).eps(eps).weight_decay(weight_decay).amsgrad(amsgrad);
        "optim" AdamW(params: Params, lr: f64 = 0.001, betas: (f64, f64) = (0.9, 0.999), eps: f64 = 1e-8, weight_decay: f64 = 0.01, amsgrad: bool = false) =>
            Adam::w(params.0, lr).betas(betas).eps(eps).weight_decay(weight_decay).amsgrad(amsgrad);
        "optim" RMSprop(params: Params, lr: f64 = 0.01, alpha: f64 = 0.99, eps: f64 = 1e-8, weight_decay: f64 = 0.0, momentum: f64 = 0.0, centered: bool = false) =>
            RmsProp::new(params.0, lr).alpha(alpha).eps(eps).weight_decay(weight_decay).momentum(momentum).centered(centered);
        "optim" Adagrad(params: Params, lr: f64 = 0.01, lr_decay: f64 = 0.0, weight_decay: f64 = 0.0, eps: f64 = 1e-10) =>
            Adagrad::new(params.0, lr).lr_decay(lr_decay).weight_decay(weight_decay).eps(eps);
    };
    all.extend(forms! {
        "optim.Optimizer" step(optimizer: Opt) => optimizer.borrow_mut().step();
        "optim.Optimizer" zero_grad(optimizer: Opt) => optimizer.borrow().zero_grad();
        "lr_scheduler" StepLR(optimizer: Opt, step_size: u64, gamma: f64 = 0.1) => scheduler(optimizer, |o| optim::StepLR::new(o, step_size, gamma));
        "lr_scheduler" MultiStepLR(optimizer: Opt, milestones: Vec<u64>, gamma: f64 = 0.1) => scheduler(optimizer, |o| optim::MultiStepLR::new(o, milestones, gamma));
        "lr_scheduler" ExponentialLR(optimizer: Opt, gamma: f64) => scheduler(optimizer, |o| optim::ExponentialLR::new(o, gamma));
        "lr_scheduler" LinearLR(optimizer: Opt, start_factor: f64 = 1.0 / 3.0, end_factor: f64 = 1.0, total_iters: u64 = 5) => scheduler(optimizer, |o| optim::LinearLR::new(o, start_factor, end_factor, total_iters));
        "lr_scheduler" ConstantLR(optimizer: Opt, factor: f64 = 1.0 / 3.0, total_iters: u64 = 5) => scheduler(optimizer, |o| optim::ConstantLR::new(o, factor, total_iters));
        "lr_scheduler" PolynomialLR(optimizer: Opt, total_iters: u64 = 5, power: f64 = 1.0) => scheduler(optimizer, |o| optim::PolynomialLR::new(o, total_iters, power));
        "lr_scheduler" CosineAnnealingLR(optimizer: Opt, T_max: u64, eta_min: f64 = 0.0) => scheduler(optimizer, |o| optim::CosineAnnealingLR::new(o, T_max, eta_min));
        "LRScheduler" step(scheduler: Schedule) => scheduler.0.borrow_mut().step(&mut **scheduler.1.borrow_mut());
        "nn.utils" clip_grad_norm_(parameters: Vec<Tensor>, max_norm: f64) => optim::clip_grad_norm_(&parameters, max_norm);
        "nn.utils" clip_grad_value_(parameters: Vec<Tensor>, clip_value: f64) => optim::clip_grad_value_(&parameters, clip_value);
    });
    all
}
