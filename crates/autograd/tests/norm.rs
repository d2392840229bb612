//! Normalisations against plain loops in double precision, and their gradients against differences.

use autograd::{Tensor, gradcheck, gradgradcheck};
use tensor_core::DType;

const EPS: f64 = 1e-5;

/// Irregular numbers, the same on every run.
fn wavy(shape: &[usize], phase: f64) -> Tensor {
    let count: usize = shape.iter().product();
    let values = (0..count).map(|i| ((i as f64 + phase) * 1.618).sin() * 2.0 + 0.3).collect::<Vec<f64>>();
    Tensor::from_vec(values, shape, &backend_cpu::device())
}

fn leaf(shape: &[usize], phase: f64) -> Tensor {
    wavy(shape, phase).requires_grad_(true)
}

/// Mean and biased variance.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    (mean, values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / values.len() as f64)
}

fn close(got: &Tensor, want: &[f64]) {
    let got = got.to_vec::<f64>();
    assert_eq!(got.len(), want.len());
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        assert!((g - w).abs() <= 1e-11 * w.abs().max(1.0), "element {i}: {g} is not {w}");
    }
}

/// Normalises `x` of `[N, C, S]` with statistics over the places that `group(n, c)` shares.
fn by_loops(x: &Tensor, group: impl Fn(usize, usize) -> usize, w: &[f64], b: &[f64]) -> Vec<f64> {
    let [_, channels, inner] = x.dims();
    let values = x.to_vec::<f64>();
    let places: Vec<(usize, usize)> =
        (0..values.len()).map(|i| (i / inner / channels, i / inner % channels)).collect();
    let of = |(n, c): (usize, usize)| group(n, c);
    (0..values.len())
        .map(|i| {
            let peers: Vec<f64> =
                (0..values.len()).filter(|&j| of(places[j]) == of(places[i])).map(|j| values[j]).collect();
            let (mean, var) = moments(&peers);
            let c = places[i].1;
            (values[i] - mean) / (var + EPS).sqrt() * w[c] + b[c]
        })
        .collect()
}

#[test]
fn values_are_those_of_plain_loops() {
    let (x, w, b) = (wavy(&[3, 4, 5], 0.0), wavy(&[4], 7.0), wavy(&[4], 11.0));
    let (wv, bv) = (w.to_vec::<f64>(), b.to_vec::<f64>());
    let batch = x.batch_norm(None, None, Some(&w), Some(&b), true, 0.1, EPS);
    close(&batch, &by_loops(&x, |_, c| c, &wv, &bv));
    let instance = x.instance_norm(None, None, Some(&w), Some(&b), true, 0.1, EPS);
    close(&instance, &by_loops(&x, |n, c| n * 4 + c, &wv, &bv));
    let group = x.group_norm(2, Some(&w), Some(&b), EPS);
    close(&group, &by_loops(&x, |n, c| n * 2 + c / 2, &wv, &bv));
    let layer = x.layer_norm(&[4, 5], None, None, EPS);
    close(&layer, &by_loops(&x, |n, _| n, &[1.0; 4], &[0.0; 4]));

    let (row, scale) = (wavy(&[2, 6], 3.0), wavy(&[6], 5.0));
    let (values, scales) = (row.to_vec::<f64>(), scale.to_vec::<f64>());
    let want: Vec<f64> = values
        .chunks(6)
        .flat_map(|r| {
            let rms = (r.iter().map(|v| v * v).sum::<f64>() / 6.0 + f64::EPSILON).sqrt();
            r.iter().zip(&scales).map(move |(v, s)| v / rms * s).collect::<Vec<f64>>()
        })
        .collect();
    close(&row.rms_norm(&[6], Some(&scale), None), &want);
}

#[test]
fn running_statistics_move_and_then_normalise() {
    let x = wavy(&[3, 2, 2, 2], 1.0);
    let (mean, var) = (wavy(&[2], 2.0), wavy(&[2], 4.0).square() + 0.5);
    let before = (mean.to_vec::<f64>(), var.to_vec::<f64>());
    x.batch_norm(Some(&mean), Some(&var), None, None, true, 0.3, EPS);
    let per_channel: Vec<Vec<f64>> = (0..2).map(|c| x.transpose(0, 1).select(0, c).to_vec::<f64>()).collect();
    let new: Vec<(f64, f64)> = per_channel.iter().map(|v| moments(v)).collect();
    close(&mean, &[0, 1].map(|c| 0.7 * before.0[c] + 0.3 * new[c].0));
    close(&var, &[0, 1].map(|c| 0.7 * before.1[c] + 0.3 * new[c].1 * 12.0 / 11.0)); // stored unbiased

    let (m, v) = (mean.to_vec::<f64>(), var.to_vec::<f64>());
    let y = x.batch_norm(Some(&mean), Some(&var), None, None, false, 0.3, EPS);
    let want: Vec<f64> = x
        .to_vec::<f64>()
        .iter()
        .enumerate()
        .map(|(i, x)| (x - m[i / 4 % 2]) / (v[i / 4 % 2] + EPS).sqrt())
        .collect();
    close(&y, &want);
    assert_eq!(mean.to_vec::<f64>(), m, "evaluation moves nothing");
}

#[test]
fn gradients_are_those_of_differences_to_second_order() {
    let inputs = || [leaf(&[3, 4, 2], 0.5), leaf(&[4], 7.0), leaf(&[4], 9.0)];
    let (mean, var) = (wavy(&[4], 2.0), wavy(&[4], 4.0).square() + 0.5);
    type Op = Box<dyn Fn(&[Tensor]) -> Tensor>;
    let ops: Vec<(&str, Op)> = vec![
        ("batch", Box::new(|t| t[0].batch_norm(None, None, Some(&t[1]), Some(&t[2]), true, 0.1, EPS))),
        (
            "batch, evaluation",
            Box::new(move |t| {
                t[0].batch_norm(Some(&mean), Some(&var), Some(&t[1]), Some(&t[2]), false, 0.1, EPS)
            }),
        ),
        ("instance", Box::new(|t| t[0].instance_norm(None, None, Some(&t[1]), Some(&t[2]), true, 0.1, EPS))),
        ("group", Box::new(|t| t[0].group_norm(2, Some(&t[1]), Some(&t[2]), EPS))),
        ("group, bias alone", Box::new(|t| t[0].group_norm(4, None, Some(&t[2]), EPS) * t[1].sum())),
        ("layer", Box::new(|t| t[0].transpose(1, 2).layer_norm(&[4], Some(&t[1]), Some(&t[2]), EPS))),
        ("rms", Box::new(|t| t[0].transpose(1, 2).rms_norm(&[4], Some(&t[1]), Some(EPS)) + t[2].sum())),
    ];
    for (name, op) in ops {
        gradcheck(&op, &inputs(), 1e-6, 1e-5).unwrap_or_else(|e| panic!("{name}: {e}"));
        gradgradcheck(&op, &inputs(), 1e-5, 1e-4).unwrap_or_else(|e| panic!("{name}, second: {e}"));
    }
}

#[test]
fn neighbouring_channels_normalise_each_other() {
    let x = wavy(&[2, 5, 3], 1.0);
    let (values, alpha, beta, k) = (x.to_vec::<f64>(), 0.3, 0.75, 2.0);
    let want: Vec<f64> = (0..values.len())
        .map(|i| {
            let (n, c, s) = (i / 15, i / 3 % 5, i % 3);
            // Of 4 channels: two before, itself, one after; what is missing counts as zero.
            let near = c.saturating_sub(2)..(c + 2).min(5);
            let mean = near.map(|c| values[(n * 5 + c) * 3 + s].powi(2)).sum::<f64>() / 4.0;
            values[i] / (k + alpha * mean).powf(beta)
        })
        .collect();
    close(&x.local_response_norm(4, alpha, beta, k), &want);
    let f = |t: &[Tensor]| t[0].local_response_norm(3, alpha, beta, k);
    gradcheck(f, &[leaf(&[1, 4, 2], 0.0)], 1e-6, 1e-5).unwrap();
}

#[test]
fn a_large_mean_costs_no_accuracy() {
    // 1000 ± 1/8: E[x²] − E[x]² would lose the variance of 1/64 in 24 bits of mantissa.
    let values: Vec<f32> = (0..64).map(|i| if i % 2 == 0 { 1000.125 } else { 999.875 }).collect();
    let x = Tensor::from_vec(values, [64, 1], &backend_cpu::device());
    let y = x.batch_norm(None, None, None, None, true, 0.1, 0.0).to_vec::<f32>();
    assert!(y.iter().all(|v| (v.abs() - 1.0).abs() < 1e-6), "{y:?}");
}

#[test]
fn nodes_carry_pytorch_names() {
    let x = Tensor::ones([2, 4, 3], (DType::F32, &backend_cpu::device())).requires_grad_(true);
    let name = |t: Tensor| t.grad_fn();
    assert_eq!(name(x.layer_norm(&[3], None, None, EPS)), Some("NativeLayerNormBackward0"));
    assert_eq!(name(x.group_norm(2, None, None, EPS)), Some("NativeGroupNormBackward0"));
    let batch = x.batch_norm(None, None, None, None, true, 0.1, EPS);
    assert_eq!(name(batch), Some("NativeBatchNormBackward0"));
}

#[test]
#[should_panic(expected = "one value per channel has no variance")]
fn a_single_row_cannot_train() {
    wavy(&[1, 3], 0.0).batch_norm(None, None, None, None, true, 0.1, EPS);
}

#[test]
#[should_panic(expected = "does not end in the normalised sizes [3, 3]")]
fn layer_norm_names_the_sizes() {
    wavy(&[2, 3], 0.0).layer_norm(&[3, 3], None, None, EPS);
}
