//! `multinomial`: indices drawn as often as weights say, in single or in double precision.

use super::Generator;

/// The precision that weights are summed and compared in.
pub trait Weight: Copy + Into<f64> {
    /// The sum.
    fn plus(self, other: Self) -> Self;
    /// The quotient.
    fn over(self, other: Self) -> Self;
    /// A double, rounded.
    fn of(value: f64) -> Self;
}

impl Weight for f32 {
    fn plus(self, other: f32) -> f32 {
        self + other
    }
    fn over(self, other: f32) -> f32 {
        self / other
    }
    fn of(value: f64) -> f32 {
        value as f32
    }
}

impl Weight for f64 {
    fn plus(self, other: f64) -> f64 {
        self + other
    }
    fn over(self, other: f64) -> f64 {
        self / other
    }
    fn of(value: f64) -> f64 {
        value
    }
}

impl Generator {
    /// `k` indices drawn from a row of weights, as `torch.multinomial`.
    pub fn multinomial<W: Weight>(&self, weights: &[W], k: usize, replacement: bool) -> Vec<i64> {
        if replacement && k > 1 {
            let mut total = W::of(0.0);
            let mut running: Vec<W> = weights
                .iter()
                .map(|&w| {
                    total = total.plus(w);
                    total
                })
                .collect();
            running.iter_mut().for_each(|c| *c = c.over(total));
            if let Some(last) = running.last_mut() {
                *last = W::of(1.0);
            }
            let engine = &mut self.state().engine;
            return (0..k)
                .map(|_| {
                    let u = engine.unit64();
                    running.partition_point(|&c| c.into() < u) as i64
                })
                .collect();
        }
        let q = self.exponential(weights.len(), 1.0);
        let score: Vec<f64> = weights.iter().zip(q).map(|(&w, q)| w.over(W::of(q)).into()).collect();
        largest(&score, k)
    }
}

/// Where the `k` largest are, those first.
fn largest(score: &[f64], k: usize) -> Vec<i64> {
    let mut order: Vec<i64> = (0..score.len() as i64).collect();
    order.sort_by(|&a, &b| score[b as usize].total_cmp(&score[a as usize]));
    order.truncate(k);
    order
}
