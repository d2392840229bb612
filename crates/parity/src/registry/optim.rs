//! `torch.optim`: optimizers, schedules, clipping.

#![allow(non_snake_case, reason = "parameters carry the names that Python gives them")]

use super::kinds::{Formula, Params};
use super::{Entry, forms};
use crate::modules::{AnyOptimizer, AnyScheduler, plateau, scheduler, taken};
use crate::python::{PyError, Value};
use autograd::Tensor;
use nn::optim::{
    self, Adadelta, Adagrad, Adam, AdamW, Adamax, Asgd, Cyclic, CyclicMode, NAdam, OneCycle, Plateau,
    PlateauMode, RAdam, RmsProp, Rprop, Sgd, Threshold,
};
use std::cell::RefCell;
use std::rc::Rc;

type Opt = Rc<RefCell<AnyOptimizer>>;
type Schedule = (Rc<RefCell<AnyScheduler>>, Opt);

fn cyclic_mode(mode: &str, gamma: f64) -> Result<CyclicMode, PyError> {
    match mode {
        "triangular" => Ok(CyclicMode::Triangular),
        "triangular2" => Ok(CyclicMode::Triangular2),
        "exp_range" => Ok(CyclicMode::ExpRange { gamma }),
        _ => Err(PyError::value("mode is invalid and scale_fn is None")),
    }
}

#[rustfmt::skip]
pub(super) fn entries() -> Vec<Entry> {
    let mut all = forms! { via AnyOptimizer::value;
        "optim" SGD(params: Params, lr: f64 = 0.001, momentum: f64 = 0.0, dampening: f64 = 0.0, weight_decay: f64 = 0.0, nesterov: bool = false, maximize: bool = false, foreach: Option<bool> = None, differentiable: bool = false, fused: Option<bool> = None) =>
            Sgd::new(params.0, lr).momentum(momentum).dampening(dampening).weight_decay(weight_decay).nesterov(nesterov).maximize(maximize);
        "optim" Adam(params: Params, lr: f64 = 0.001, betas: (f64, f64) = (0.9, 0.999), eps: f64 = 1e-8, weight_decay: f64 = 0.0, amsgrad: bool = false, foreach: Option<bool> = None, maximize: bool = false, capturable: bool = false, differentiable: bool = false, fused: Option<bool> = None) =>
            Adam::new(params.0, lr).betas(betas).eps(eps).weight_decay(weight_decay).amsgrad(amsgrad).maximize(maximize);
        "optim" AdamW(params: Params, lr: f64 = 0.001, betas: (f64, f64) = (0.9, 0.999), eps: f64 = 1e-8, weight_decay: f64 = 0.01, amsgrad: bool = false, foreach: Option<bool> = None, maximize: bool = false, capturable: bool = false, differentiable: bool = false, fused: Option<bool> = None) =>
            AdamW::new(params.0, lr).betas(betas).eps(eps).weight_decay(weight_decay).amsgrad(amsgrad).maximize(maximize);
        "optim" RMSprop(params: Params, lr: f64 = 0.01, alpha: f64 = 0.99, eps: f64 = 1e-8, weight_decay: f64 = 0.0, momentum: f64 = 0.0, centered: bool = false, capturable: bool = false, foreach: Option<bool> = None, maximize: bool = false, differentiable: bool = false) =>
            RmsProp::new(params.0, lr).alpha(alpha).eps(eps).weight_decay(weight_decay).momentum(momentum).centered(centered).maximize(maximize);
        "optim" Adagrad(params: Params, lr: f64 = 0.01, lr_decay: f64 = 0.0, weight_decay: f64 = 0.0, initial_accumulator_value: f64 = 0.0, eps: f64 = 1e-10, foreach: Option<bool> = None, maximize: bool = false, differentiable: bool = false, fused: Option<bool> = None) =>
            Adagrad::new(params.0, lr).lr_decay(lr_decay).weight_decay(weight_decay).initial_accumulator_value(initial_accumulator_value).eps(eps).maximize(maximize);
        "optim" Adadelta(params: Params, lr: f64 = 1.0, rho: f64 = 0.9, eps: f64 = 1e-6, weight_decay: f64 = 0.0, foreach: Option<bool> = None, capturable: bool = false, maximize: bool = false, differentiable: bool = false) =>
            Adadelta::new(params.0, lr).rho(rho).eps(eps).weight_decay(weight_decay).maximize(maximize);
        "optim" Adamax(params: Params, lr: f64 = 0.002, betas: (f64, f64) = (0.9, 0.999), eps: f64 = 1e-8, weight_decay: f64 = 0.0, foreach: Option<bool> = None, maximize: bool = false, differentiable: bool = false, capturable: bool = false) =>
            Adamax::new(params.0, lr).betas(betas).eps(eps).weight_decay(weight_decay).maximize(maximize);
        "optim" NAdam(params: Params, lr: f64 = 0.002, betas: (f64, f64) = (0.9, 0.999), eps: f64 = 1e-8, weight_decay: f64 = 0.0, momentum_decay: f64 = 0.004, decoupled_weight_decay: bool = false, foreach: Option<bool> = None, maximize: bool = false, capturable: bool = false, differentiable: bool = false) =>
            NAdam::new(params.0, lr).betas(betas).eps(eps).weight_decay(weight_decay).momentum_decay(momentum_decay).decoupled_weight_decay(decoupled_weight_decay).maximize(maximize);
        "optim" Rprop(params: Params, lr: f64 = 0.01, etas: (f64, f64) = (0.5, 1.2), step_sizes: (f64, f64) = (1e-6, 50.0), capturable: bool = false, foreach: Option<bool> = None, maximize: bool = false, differentiable: bool = false) =>
            Rprop::new(params.0, lr).etas(etas).step_sizes(step_sizes).maximize(maximize);
        "optim" ASGD(params: Params, lr: f64 = 0.01, lambd: f64 = 1e-4, alpha: f64 = 0.75, t0: f64 = 1e6, weight_decay: f64 = 0.0, foreach: Option<bool> = None, maximize: bool = false, differentiable: bool = false, capturable: bool = false) =>
            Asgd::new(params.0, lr).lambd(lambd).alpha(alpha).t0(t0).weight_decay(weight_decay).maximize(maximize);
        "optim" RAdam(params: Params, lr: f64 = 0.001, betas: (f64, f64) = (0.9, 0.999), eps: f64 = 1e-8, weight_decay: f64 = 0.0, decoupled_weight_decay: bool = false, foreach: Option<bool> = None, maximize: bool = false, capturable: bool = false, differentiable: bool = false) =>
            RAdam::new(params.0, lr).betas(betas).eps(eps).weight_decay(weight_decay).decoupled_weight_decay(decoupled_weight_decay).maximize(maximize);
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
        "lr_scheduler" CosineAnnealingWarmRestarts(optimizer: Opt, T_0: u64, T_mult: u64 = 1, eta_min: f64 = 0.0) => scheduler(optimizer, |o| optim::CosineAnnealingWarmRestarts::new(o, T_0, T_mult, eta_min));
        "lr_scheduler" OneCycleLR(optimizer: Opt, max_lr: f64, total_steps: Option<u64> = None, epochs: u64 = 0, steps_per_epoch: u64 = 0, pct_start: f64 = 0.3, anneal_strategy: String = "cos".into(), cycle_momentum: bool = true, base_momentum: f64 = 0.85, max_momentum: f64 = 0.95, div_factor: f64 = 25.0, final_div_factor: f64 = 1e4, three_phase: bool = false) =>
            scheduler(optimizer, |o| optim::OneCycleLR::new(o, OneCycle { max_lr, total_steps: total_steps.unwrap_or(epochs * steps_per_epoch), pct_start, linear: anneal_strategy == "linear", cycle_momentum, base_momentum, max_momentum, div_factor, final_div_factor, three_phase }));
        "lr_scheduler" LambdaLR(optimizer: Opt, lr_lambda: Formula) => scheduler(optimizer, |o| optim::LambdaLR::new(o, move |epoch| lr_lambda.at(epoch)));
        "lr_scheduler" MultiplicativeLR(optimizer: Opt, lr_lambda: Formula) => scheduler(optimizer, |o| optim::MultiplicativeLR::new(o, move |epoch| lr_lambda.at(epoch)));
        "lr_scheduler" CyclicLR(optimizer: Opt, base_lr: f64, max_lr: f64, step_size_up: u64 = 2000, step_size_down: Option<u64> = None, mode: String = "triangular".into(), gamma: f64 = 1.0, cycle_momentum: bool = true, base_momentum: f64 = 0.8, max_momentum: f64 = 0.9) =>
            cyclic_mode(&mode, gamma).map(|mode| scheduler(optimizer, |o| optim::CyclicLR::new(o, Cyclic { base_lr, max_lr, step_size_up, step_size_down, mode, cycle_momentum, base_momentum, max_momentum })));
        "lr_scheduler" SequentialLR(optimizer: Opt, schedulers: Vec<Schedule>, milestones: Vec<u64>) => scheduler(optimizer, |o| optim::SequentialLR::new(o, taken(schedulers), milestones));
        "lr_scheduler" ChainedScheduler(schedulers: Vec<Schedule>, optimizer: Option<Opt> = None) => scheduler(optimizer.unwrap_or_else(|| schedulers[0].1.clone()), |o| optim::ChainedScheduler::new(o, taken(schedulers)));
        "lr_scheduler" ReduceLROnPlateau(optimizer: Opt, mode: PlateauMode = PlateauMode::Min, factor: f64 = 0.1, patience: u64 = 10, threshold: f64 = 1e-4, threshold_mode: String = "rel".into(), cooldown: u64 = 0, min_lr: f64 = 0.0, eps: f64 = 1e-8) =>
            plateau(optimizer, Plateau { mode, factor, patience, threshold: if threshold_mode == "abs" { Threshold::Absolute(threshold) } else { Threshold::Relative(threshold) }, cooldown, min_lr, eps });
        "LRScheduler" step(scheduler: Schedule) => scheduler.0.borrow_mut().step(None, &mut **scheduler.1.borrow_mut());
        "LRScheduler" step(scheduler: Schedule, metrics: f64) => scheduler.0.borrow_mut().step(Some(metrics), &mut **scheduler.1.borrow_mut());
        "LRScheduler" get_last_lr(scheduler: Schedule) => Value::list(scheduler.1.borrow().lrs().into_iter().map(Value::Float).collect());
        "nn.utils" clip_grad_norm_(parameters: Vec<Tensor>, max_norm: f64) => optim::clip_grad_norm_(&parameters, max_norm);
        "nn.utils" clip_grad_norm_(parameters: Vec<Tensor>, max_norm: f64, norm_type: f64) => optim::clip_grad_norm_of_(&parameters, max_norm, norm_type);
        "nn.utils" clip_grad_value_(parameters: Vec<Tensor>, clip_value: f64) => optim::clip_grad_value_(&parameters, clip_value);
    });
    all
}
