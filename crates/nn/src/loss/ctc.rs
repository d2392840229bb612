//! Connectionist temporal classification (Graves et al. 2006): the loss of label sequences without an alignment.

use super::{Reduction, reduced};
use autograd::{Tensor, cat, stack};
use std::fmt;
use tensor_core::check;

/// The logarithm of what cannot be, finite so that gradients stay numbers.
const NEVER: f32 = -1e30;

/// The choices of [`ctc_loss`]; the default is PyTorch's.
#[derive(Clone, Copy, Debug, Default)]
pub struct CTCLoss {
    /// The class that stands for no label; 0.
    pub blank: usize,
    /// Mean (each loss first divided by its number of labels), sum or none.
    pub reduction: Reduction,
    /// Whether the loss of a sequence too short for its labels is 0, and not infinite; no.
    pub zero_infinity: bool,
}

impl CTCLoss {
    /// The loss.
    ///
    /// # Panics
    /// As [`ctc_loss`].
    #[track_caller]
    pub fn forward(
        &self,
        log_probs: &Tensor,
        targets: &Tensor,
        input_lengths: &[usize],
        target_lengths: &[usize],
    ) -> Tensor {
        ctc_loss(log_probs, targets, input_lengths, target_lengths, *self)
    }
}

impl fmt::Display for CTCLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CTCLoss()")
    }
}

/// −ln of the probability that any alignment of the labels has under log-probabilities `[T, N, C]` of which each
/// sequence has `input_lengths[n]` steps; targets `[N, S]`, or one behind the other in one dimension. Without a
/// batch: `[T, C]`, `[S]`.
///
/// The recursion over steps runs in tensor operations, so gradients of every order follow. As PyTorch's, the
/// gradient takes `log_probs` for a log_softmax's result: it also has the term `exp(log_probs)`, which the
/// log_softmax's own rule takes out again.
///
/// ```
/// use autograd::Tensor;
/// use nn::loss::{CTCLoss, ctc_loss};
/// let cpu = backend_cpu::device();
/// // Two steps of three equal classes: "1" is spelt 1 1, 1 –, – 1.
/// let log_probs = Tensor::zeros([2, 1, 3], &cpu).log_softmax(-1);
/// let loss = ctc_loss(&log_probs, &Tensor::new(&[[1]], &cpu), &[2], &[1], CTCLoss::default());
/// assert!((loss.item::<f32>() - 3f32.ln()).abs() < 1e-6);
/// ```
///
/// # Panics
/// When a shape, a length or a label does not fit.
#[track_caller]
pub fn ctc_loss(
    log_probs: &Tensor,
    targets: &Tensor,
    input_lengths: &[usize],
    target_lengths: &[usize],
    choices: CTCLoss,
) -> Tensor {
    let op = "ctc_loss";
    if log_probs.rank() == 2 {
        let log_probs = log_probs.unsqueeze(1);
        let loss = ctc_loss(&log_probs, &targets.flatten(0, -1), input_lengths, target_lengths, choices);
        return if loss.rank() == 1 { loss.squeeze_dim(0) } else { loss };
    }
    if log_probs.rank() != 3 {
        check::fail(op, format_args!("log_probs of shape {}", log_probs.shape()), "give [T, N, C] or [T, C]");
    }
    let [steps, batch, classes] = log_probs.dims();
    let most = input_lengths.iter().copied().max().unwrap_or(0);
    if [input_lengths.len(), target_lengths.len()] != [batch; 2] || most > steps || choices.blank >= classes {
        check::fail(
            op,
            format_args!(
                "lengths {input_lengths:?} and {target_lengths:?}, blank {} for log_probs of shape {}",
                choices.blank,
                log_probs.shape()
            ),
            "give both lengths for each sequence, at most T steps, and a blank among the classes",
        );
    }
    let lattice = Lattice::new(op, targets, target_lengths, classes, choices.blank);
    let likelihood = lattice.likelihood(log_probs, input_lengths, target_lengths);
    // Of no value, only the gradient that PyTorch's has beside the loss's own.
    let within = mask(input_lengths, steps, log_probs).unsqueeze(-1);
    let mass = within.where_(log_probs.exp(), 0.0).sum_dim([0, 2], false);
    let losses = (&mass - mass.detach()) - &likelihood;
    let impossible = likelihood.detach().lt(f64::from(NEVER) / 2.0);
    let losses = impossible.where_(if choices.zero_infinity { 0.0 } else { f64::INFINITY }, losses);
    if choices.reduction == Reduction::Mean {
        let counts: Vec<f32> = target_lengths.iter().map(|&n| n.max(1) as f32).collect();
        let counts = Tensor::from_vec(counts, batch, log_probs.device()).to_dtype(log_probs.dtype());
        return (losses / counts).mean();
    }
    reduced(losses, choices.reduction)
}

/// Which steps belong to each sequence: `[T, N]`.
fn mask(lengths: &[usize], steps: usize, like: &Tensor) -> Tensor {
    let all: Vec<bool> = (0..steps).flat_map(|t| lengths.iter().map(move |&n| t < n)).collect();
    Tensor::from_vec(all, [steps, lengths.len()], like.device())
}

/// The labels of each sequence with a blank before, between and behind them.
struct Lattice {
    /// `N·W` classes.
    labels: Vec<i32>,
    /// What it costs to come from two places before: nothing, or [`NEVER`] where the blank between may not be left
    /// out.
    skips: Vec<f32>,
    width: usize,
}

impl Lattice {
    #[track_caller]
    fn new(op: &str, targets: &Tensor, lengths: &[usize], classes: usize, blank: usize) -> Self {
        let all = targets.to_vec::<i64>();
        let rows = targets.rank() == 2;
        let stride = if rows { targets.dim(1) } else { 0 };
        let fits = match rows {
            true => targets.dim(0) == lengths.len() && lengths.iter().all(|&n| n <= stride),
            false => targets.rank() == 1 && lengths.iter().sum::<usize>() <= all.len(),
        };
        if !fits {
            check::fail(
                op,
                format_args!("targets of shape {} for target lengths {lengths:?}", targets.shape()),
                "give [N, S], or all labels in one dimension",
            );
        }
        let width = 2 * lengths.iter().copied().max().unwrap_or(0) + 1;
        let mut labels = vec![blank as i32; lengths.len() * width];
        let mut skips = vec![NEVER; labels.len()];
        let mut start = 0;
        for (n, &length) in lengths.iter().enumerate() {
            let own = &all[if rows { n * stride } else { start }..][..length];
            start += length;
            for (k, &label) in own.iter().enumerate() {
                if !(0..classes as i64).contains(&label) {
                    check::fail(op, format_args!("target {label} is not one of {classes} classes"), "");
                }
                let place = n * width + 2 * k + 1;
                labels[place] = label as i32;
                if k > 0 && own[k - 1] != label {
                    skips[place] = 0.0;
                }
            }
        }
        Lattice { labels, skips, width }
    }

    /// The logarithm of the probability of each sequence's labels, `[N]`.
    fn likelihood(&self, log_probs: &Tensor, input_lengths: &[usize], target_lengths: &[usize]) -> Tensor {
        let [steps, batch, _] = log_probs.dims();
        let (width, device, dtype) = (self.width, log_probs.device(), log_probs.dtype());
        let numbers = |v: Vec<f32>, size: usize| Tensor::from_vec(v, [batch, size], device).to_dtype(dtype);
        let index = |v: Vec<i32>, size: usize| Tensor::from_vec(v, [batch, size], device);
        let labels = index(self.labels.clone(), width).unsqueeze(0);
        let labels = labels.expand([steps as isize, batch as isize, width as isize]);
        let scores = log_probs.gather(2, &labels);
        let skips = numbers(self.skips.clone(), width);
        let running = mask(input_lengths, steps, log_probs).unsqueeze(-1);
        let same_length = input_lengths.iter().all(|&n| n == steps);
        // Before the first step all stand on the first blank.
        let start = (0..batch * width).map(|i| if i % width == 0 { 0.0 } else { NEVER }).collect();
        let mut alpha = numbers(start, width);
        for t in 0..steps as isize {
            let from = |back: usize| alpha.narrow(1, 0, width - back).pad(&[back, 0], f64::from(NEVER));
            let reached = match width {
                1 => alpha.clone(),
                _ => stack(&[&alpha, &from(1), &(from(2) + &skips)], 0).logsumexp(0, false),
            };
            let next = reached + scores.select(0, t);
            alpha = if same_length { next } else { running.select(0, t).where_(next, &alpha) };
        }
        // Either the last blank or the last label; without labels there is none of these.
        let last = index(target_lengths.iter().map(|&n| 2 * n as i32).collect(), 1);
        let before = index(target_lengths.iter().map(|&n| (2 * n as i32 - 1).max(0)).collect(), 1);
        let none = numbers(target_lengths.iter().map(|&n| if n == 0 { NEVER } else { 0.0 }).collect(), 1);
        let ends = [alpha.gather(1, &last), alpha.gather(1, &before) + none];
        cat(&ends, 1).logsumexp(1, false)
    }
}
