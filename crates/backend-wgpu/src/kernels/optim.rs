//! Optimizer steps: as many parameters a dispatch as the adapter can bind.

use super::{flag, hold, hold_packed};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::{Block, GpuStorage};
use crate::recorder::Launch;
use crate::strided::linear;
use std::sync::Arc;
use tensor_core::{OptimSlot, OptimStep, Result, compose};

const NARROW: Kernel = Kernel { text: firebrand_shaders::OPTIM, entry: "step" };
const WIDE: Kernel = Kernel { text: firebrand_shaders::OPTIM_WIDE, entry: "step" };
/// Parameters a dispatch, and the storage buffers that takes.
const NARROW_SLOTS: usize = 2;
const WIDE_SLOTS: usize = 6;

/// What a step is to the kernels: constants, rates, whether the momentum buffer is yet unset, and whether it
/// keeps a third state.
struct Rates {
    constants: Vec<(&'static str, f64)>,
    h: [f32; 12],
    first: bool,
    third: bool,
}

fn rates(step: OptimStep) -> Option<Rates> {
    let mut h = [0f64; 12];
    let (mut first, mut third) = (false, false);
    let constants = match step {
        OptimStep::Sgd { lr, momentum, dampening, weight_decay, nesterov, first: unset } => {
            h[..4].copy_from_slice(&[-lr, weight_decay, momentum, 1.0 - dampening]);
            first = unset;
            vec![
                ("ALGORITHM", 0.0),
                ("DECAY", flag(weight_decay != 0.0)),
                ("MOMENTUM", flag(momentum != 0.0)),
                ("NESTEROV", flag(nesterov)),
            ]
        }
        OptimStep::Adam {
            lr,
            betas: (b1, b2),
            eps,
            weight_decay,
            decoupled,
            amsgrad,
            corrections: (c1, c2),
        } => {
            h[..4].copy_from_slice(&[-lr / c1, weight_decay, 1.0 - b1, 1.0 - lr * weight_decay]);
            h[4..8].copy_from_slice(&[b2, 1.0 - b2, c2.sqrt(), eps]);
            third = amsgrad;
            vec![
                ("ALGORITHM", 1.0),
                ("DECAY", flag(weight_decay != 0.0 && !decoupled)),
                ("DECOUPLED", flag(decoupled)),
                ("AMSGRAD", flag(amsgrad)),
            ]
        }
        OptimStep::RmsProp { lr, alpha, eps, weight_decay, momentum, centered } => {
            h[..4].copy_from_slice(&[-lr, weight_decay, momentum, 0.0]);
            h[4..7].copy_from_slice(&[alpha, 1.0 - alpha, eps]);
            third = centered && momentum > 0.0;
            vec![
                ("ALGORITHM", 2.0),
                ("DECAY", flag(weight_decay != 0.0)),
                ("MOMENTUM", flag(momentum > 0.0)),
                ("CENTERED", flag(centered)),
            ]
        }
        OptimStep::Adagrad { lr, eps, weight_decay } => {
            h[..2].copy_from_slice(&[-lr, weight_decay]);
            h[6] = eps;
            vec![("ALGORITHM", 3.0), ("DECAY", flag(weight_decay != 0.0))]
        }
        OptimStep::Adadelta { .. }
        | OptimStep::Adamax { .. }
        | OptimStep::NAdam { .. }
        | OptimStep::RAdam { .. } => return None,
    };
    Some(Rates { constants, h: h.map(|v| v as f32), first, third })
}

/// One optimizer step over many parameters, in place.
pub fn optim_step(shared: &Arc<Shared>, step: OptimStep, slots: &[OptimSlot]) -> Result<()> {
    let Some(mut rates) = rates(step) else {
        // The rarer algorithms have no kernel of their own.
        return compose::optim_step(step, slots);
    };
    let most = shared.limits.max_storage_buffers_per_shader_stage as usize;
    // A software adapter walks through the branches of all slots for each element.
    let wide = !rates.third && !shared.software && slots.len() > NARROW_SLOTS && most >= 4 * WIDE_SLOTS;
    let each = match (rates.third, wide) {
        (true, _) => 1,
        (false, true) => WIDE_SLOTS,
        (false, false) => NARROW_SLOTS,
    };
    if !wide {
        rates.constants.push(("THREE", flag(rates.third)));
    }
    let filled: Vec<&OptimSlot> = slots.iter().filter(|slot| !slot.param.is_empty()).collect();
    for part in filled.chunks(each) {
        launch(shared, &rates, part, wide)?;
    }
    shared.step_ended()
}

fn launch(shared: &Arc<Shared>, rates: &Rates, slots: &[&OptimSlot], wide: bool) -> Result<()> {
    let in_all = if wide { WIDE_SLOTS } else { NARROW_SLOTS };
    let (mut lens, mut offsets) = ([0u32; 8], [0u32; 8]);
    // Parameter, gradient and two states for each slot; where there is none, a buffer that nobody reads, each
    // of its own since two bindings may not write one.
    let mut blocks: Vec<Arc<Block>> = Vec::with_capacity(4 * in_all);
    for place in 0..in_all {
        let Some(slot) = slots.get(place) else {
            for k in 0..4 {
                blocks.push(shared.unused(4 * place + k)?);
            }
            continue;
        };
        let grad =
            if slot.grad.layout.is_contiguous() { hold(slot.grad) } else { hold_packed(shared, slot.grad)? };
        lens[place] = slot.param.len() as u32;
        offsets[place] = grad.layout.offset() as u32;
        blocks.push(slot.param.storage::<GpuStorage>().write()?);
        blocks.push(grad.block);
        for k in 0..2 {
            blocks.push(match slot.state.get(k) {
                Some(state) => state.storage::<GpuStorage>().write()?,
                None => shared.unused(4 * place + 2 + k)?,
            });
        }
    }
    if rates.third {
        // The second slot stands empty: its first state is the third of the first.
        blocks[6] = slots[0].state[2].storage::<GpuStorage>().write()?;
    }
    let binds: Vec<Bind> = (1..)
        .zip(&blocks)
        .map(|(at, block)| if at % 4 == 2 { Bind::Read(at, block) } else { Bind::Write(at, block) })
        .collect();
    let n: u32 = lens.iter().sum();
    let mut params = vec![n, u32::from(rates.first), 0, 0];
    params.extend(lens);
    params.extend(offsets);
    params.extend(rates.h.map(f32::to_bits));
    shared.launch(&Launch {
        kernel: if wide { WIDE } else { NARROW },
        constants: &rates.constants,
        binds: &binds,
        params: &params,
        groups: linear(n as usize, 256),
    })
}
