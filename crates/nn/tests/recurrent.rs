//! Recurrent layers and cells: against the formulas of PyTorch's documentation.

use autograd::{Tensor, cat, gradcheck};
use nn::*;
use tensor_core::{DType, Device};

fn cpu() -> Device {
    backend_cpu::device()
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

/// `w·x + b` by loops.
fn affine(w: &Tensor, b: Option<&Tensor>, x: &[f64]) -> Vec<f64> {
    let rows = w.to_vec::<f64>();
    let mut y: Vec<f64> =
        rows.chunks(x.len()).map(|row| row.iter().zip(x).map(|(a, b)| a * b).sum()).collect();
    for (y, b) in y.iter_mut().zip(b.map(Tensor::to_vec::<f64>).unwrap_or_default()) {
        *y += b;
    }
    y
}

/// A step of a vector, as PyTorch's documentation writes it: from `(h, c)` to the next.
type Step = fn(&[f64], &[f64], &[f64], &[f64]) -> (Vec<f64>, Vec<f64>);

fn rnn(a: &[f64], b: &[f64], _: &[f64], c: &[f64]) -> (Vec<f64>, Vec<f64>) {
    (a.iter().zip(b).map(|(a, b)| (a + b).tanh()).collect(), c.to_vec())
}

fn lstm(a: &[f64], b: &[f64], h: &[f64], c: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let n = h.len();
    let gate = |k: usize, j: usize| a[k * n + j] + b[k * n + j];
    let next: Vec<f64> =
        (0..n).map(|j| sigmoid(gate(1, j)) * c[j] + sigmoid(gate(0, j)) * gate(2, j).tanh()).collect();
    ((0..n).map(|j| sigmoid(gate(3, j)) * next[j].tanh()).collect(), next)
}

fn gru(a: &[f64], b: &[f64], h: &[f64], c: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let n = h.len();
    let next = (0..n).map(|j| {
        let (r, z) = (sigmoid(a[j] + b[j]), sigmoid(a[n + j] + b[n + j]));
        let new = (a[2 * n + j] + r * b[2 * n + j]).tanh();
        (1.0 - z) * new + z * h[j]
    });
    (next.collect(), c.to_vec())
}

/// One sequence through one direction.
fn direction(step: Step, w: &RecurrentWeights, xs: &[Vec<f64>], backwards: bool) -> Vec<Vec<f64>> {
    let zeros = vec![0.0; w.weight_hh.dim(1)];
    let (mut h, mut c, mut out) = (zeros.clone(), zeros, vec![Vec::new(); xs.len()]);
    let order: Vec<usize> = if backwards { (0..xs.len()).rev().collect() } else { (0..xs.len()).collect() };
    for t in order {
        let a = affine(&w.weight_ih, w.bias_ih.as_ref(), &xs[t]);
        let b = affine(&w.weight_hh, w.bias_hh.as_ref(), &h);
        (h, c) = step(&a, &b, &h, &c);
        out[t] = h.clone();
    }
    out
}

/// Two layers, both directions, with and without biases, for each sequence of a batch by itself.
#[track_caller]
fn follows_the_formulas<R: Recurrence>(step: Step) {
    for bias in [true, false] {
        let options = RecurrentOptions { num_layers: 2, bidirectional: true, bias, ..Default::default() };
        let mut layer = Recurrent::<R>::with(3, 4, options, &cpu());
        layer.to_dtype(DType::F64);
        let x = Tensor::randn([7, 2, 3], (DType::F64, &cpu()));
        let y = layer.forward(&x);
        assert_eq!(y.shape().dims(), [7, 2, 8]);
        for sequence in 0..2 {
            let mut xs: Vec<Vec<f64>> = x.select(1, sequence).iter().map(|row| row.to_vec()).collect();
            for pair in layer.weights.chunks(2) {
                let (there, back) =
                    (direction(step, &pair[0], &xs, false), direction(step, &pair[1], &xs, true));
                xs = there.into_iter().zip(back).map(|(a, b)| [a, b].concat()).collect();
            }
            let want = Tensor::from_vec(xs.concat(), [7, 8], &cpu());
            assert!(y.select(1, sequence).allclose(&want, 0.0, 1e-12), "{}, bias {bias}", R::NAME);
        }
    }
}

#[test]
fn sequences_follow_the_formulas() {
    follows_the_formulas::<ElmanRecurrence>(rnn);
    follows_the_formulas::<LongShortTerm>(lstm);
    follows_the_formulas::<GatedRecurrence>(gru);
}

/// A cell called step by step, a layer of the same weights, and a layer in two parts agree.
#[track_caller]
fn steps_agree<R: Recurrence>() {
    let x = Tensor::randn([5, 2, 3], &cpu());
    let layer = Recurrent::<R>::new(3, 4, &cpu());
    let mut cell = RecurrentCell::<R>::new(3, 4, &cpu());
    cell.weights = layer.weights[0].clone();
    let (output, last) = layer.run(&x, None);
    let mut state = None;
    for (t, step) in x.iter().enumerate() {
        let next = cell.run(&step, state.as_ref());
        assert!(next.hidden().allclose(&output.select(0, t as isize), 1e-6, 1e-6), "{} step {t}", R::NAME);
        state = Some(next);
    }
    let state = state.unwrap();
    for (a, b) in state.parts().iter().zip(last.parts()) {
        assert!(a.unsqueeze(0).allclose(b, 1e-6, 1e-6));
    }
    let (first, between) = layer.run(&x.narrow(0, 0, 2), None);
    let (second, end) = layer.run(&x.narrow(0, 2, 3), Some(&between));
    assert!(cat(&[first, second], 0).allclose(&output, 1e-6, 1e-6));
    assert!(end.hidden().allclose(last.hidden(), 1e-6, 1e-6));
    // One sequence, or one vector, without a batch.
    let (alone, state) = layer.run(&x.select(1, 1), None);
    assert!(alone.allclose(&output.select(1, 1), 1e-6, 1e-6));
    assert_eq!(state.hidden().shape().dims(), [1, 4]);
    assert_eq!(cell.forward(&x.select(1, 1).select(0, 0)).shape().dims(), [4]);
}

#[test]
fn cells_and_parts_of_a_sequence_agree_with_the_whole() {
    steps_agree::<ElmanRecurrence>();
    steps_agree::<LongShortTerm>();
    steps_agree::<GatedRecurrence>();
}

#[test]
fn the_batch_may_come_first() {
    let options = RecurrentOptions { batch_first: true, bidirectional: true, ..Default::default() };
    let mut first = GRU::with(3, 4, options, &cpu());
    let x = Tensor::randn([2, 5, 3], &cpu());
    let (y, h) = first.run(&x, None);
    assert_eq!((y.shape().dims(), h.shape().dims()), (&[2, 5, 8][..], &[2, 2, 4][..]));
    let options = RecurrentOptions { bidirectional: true, ..Default::default() };
    let mut second = GRU::with(3, 4, options, &cpu());
    second.weights = std::mem::take(&mut first.weights);
    let (z, g) = second.run(&x.transpose(0, 1), None);
    assert!(y.equal(&z.transpose(0, 1)) && h.equal(&g));
    // h: the last step forwards, the first one backwards.
    assert!(h.select(0, 0).equal(&z.select(0, -1).narrow(1, 0, 4)));
    assert!(h.select(0, 1).equal(&z.select(0, 0).narrow(1, 4, 4)));
}

#[track_caller]
fn differentiable<R: Recurrence>() {
    let spread = |shape: &[usize]| {
        let n: usize = shape.iter().product();
        let at = |i: usize| 1.6 * ((i as f64 + 0.5) * 0.618_033_988_75).fract() - 0.8;
        Tensor::from_vec((0..n).map(at).collect::<Vec<f64>>(), shape, &cpu()).requires_grad_(true)
    };
    let rows = 2 * R::GATES;
    let weights = [spread(&[rows, 3]), spread(&[rows, 2]), spread(&[rows]), spread(&[rows])];
    let put = |t: &[Tensor]| RecurrentWeights {
        weight_ih: t[0].clone(),
        weight_hh: t[1].clone(),
        bias_ih: Some(t[2].clone()),
        bias_hh: Some(t[3].clone()),
    };
    let start = (0..R::State::PARTS).map(|i| spread(&[4, 2]) * (1.0 - 0.5 * i as f64));
    let mut inputs = weights.to_vec();
    inputs.push(spread(&[4, 3]));
    inputs.extend(start.map(|t| t.detach().requires_grad_(true)));
    let cell = |t: &[Tensor]| {
        let mut cell = RecurrentCell::<R>::new(3, 2, &cpu());
        cell.weights = put(t);
        let state = cell.run(&t[4], Some(&R::State::from_parts(t[5..].to_vec())));
        cat(&state.parts(), 1)
    };
    gradcheck(cell, &inputs, 1e-6, 1e-4).unwrap_or_else(|e| panic!("{} cell: {e}", R::NAME));
    // Five steps, and both what comes out and the last state.
    let mut inputs = weights.to_vec();
    inputs.push(spread(&[5, 2, 3]));
    let layer = |t: &[Tensor]| {
        let mut layer = Recurrent::<R>::new(3, 2, &cpu());
        layer.weights = vec![put(t)];
        let (output, state) = layer.run(&t[4], None);
        let mut all = vec![output];
        all.extend(state.parts().into_iter().cloned());
        cat(&all, 0)
    };
    gradcheck(layer, &inputs, 1e-6, 1e-4).unwrap_or_else(|e| panic!("{}: {e}", R::NAME));
}

#[test]
fn gradients_agree_with_differences() {
    differentiable::<ElmanRecurrence>();
    differentiable::<LongShortTerm>();
    differentiable::<GatedRecurrence>();
}
