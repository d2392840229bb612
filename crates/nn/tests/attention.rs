//! Attention and the transformer's encoder: against the formulas of PyTorch's documentation.

use autograd::{Tensor, cat, gradcheck, gradgradcheck, stack};
use nn::*;
use tensor_core::{Activation, DType, Device};

fn cpu() -> Device {
    backend_cpu::device()
}

fn double() -> (DType, Device) {
    (DType::F64, cpu())
}

fn randn(shape: &[usize]) -> Tensor {
    let (dtype, device) = double();
    Tensor::randn(shape, (dtype, &device))
}

/// Fixed numbers in (−1, 1), no two alike, that ask for gradients.
fn spread(shape: &[usize], from: usize) -> Tensor {
    let n: usize = shape.iter().product();
    let at = |i: usize| 2.0 * (((from + i) as f64 + 0.5) * 0.618_033_988_75).fract() - 1.0;
    Tensor::from_vec((0..n).map(at).collect::<Vec<f64>>(), shape, &cpu()).requires_grad_(true)
}

/// `softmax(q·kᵀ·scale)·v` by loops over lists, with what is added to each score.
fn by_loops(
    q: &[Vec<f64>],
    k: &[Vec<f64>],
    v: &[Vec<f64>],
    scale: f64,
    add: impl Fn(usize, usize) -> f64,
) -> Vec<Vec<f64>> {
    let row = |(i, q): (usize, &Vec<f64>)| {
        let dot = |k: &Vec<f64>| q.iter().zip(k).map(|(a, b)| a * b).sum::<f64>();
        let e: Vec<f64> = k.iter().enumerate().map(|(j, k)| (dot(k) * scale + add(i, j)).exp()).collect();
        let total: f64 = e.iter().sum();
        (0..v[0].len()).map(|d| e.iter().zip(v).map(|(e, v)| e / total * v[d]).sum()).collect()
    };
    q.iter().enumerate().map(row).collect()
}

fn rows(t: &Tensor) -> Vec<Vec<f64>> {
    t.iter().map(|row| row.to_vec()).collect()
}

#[test]
fn scaled_dot_products_follow_the_formula() {
    let (q, k, v) = (randn(&[2, 3, 4]), randn(&[2, 5, 4]), randn(&[2, 5, 6]));
    let check = |y: Tensor, scale: f64, add: &dyn Fn(usize, usize) -> f64| {
        assert_eq!(y.shape().dims(), [2, 3, 6]);
        for b in 0..2 {
            let want =
                by_loops(&rows(&q.select(0, b)), &rows(&k.select(0, b)), &rows(&v.select(0, b)), scale, add);
            let want = Tensor::from_vec(want.concat(), [3, 6], &cpu());
            assert!(y.select(0, b).allclose(&want, 0.0, 1e-12));
        }
    };
    let attend = |mask: Option<&Tensor>, causal, scale| {
        q.scaled_dot_product_attention(&k, &v, mask, 0.0, causal, scale)
    };
    let no = f64::NEG_INFINITY;
    check(attend(None, false, None), 0.5, &|_, _| 0.0);
    check(attend(None, false, Some(2.0)), 2.0, &|_, _| 0.0);
    check(attend(None, true, None), 0.5, &|i, j| if j <= i { 0.0 } else { no });
    let looks = Tensor::new(&[[true, false, true, true, false]], &cpu());
    check(attend(Some(&looks), false, None), 0.5, &|_, j| if j == 1 || j == 4 { no } else { 0.0 });
    let added = randn(&[3, 5]);
    let numbers = rows(&added);
    check(attend(Some(&added), false, None), 0.5, &|i, j| numbers[i][j]);
}

#[test]
fn a_query_that_may_look_nowhere_gets_zeros_and_finite_gradients() {
    let [q, k, v] = [spread(&[2, 3], 0), spread(&[4, 3], 10), spread(&[4, 3], 30)];
    let looks = Tensor::new(&[[true, false, true, false], [false; 4]], &cpu());
    let y = q.scaled_dot_product_attention(&k, &v, Some(&looks), 0.0, false, None);
    assert_eq!(y.select(0, 1).to_vec::<f64>(), [0.0; 3]);
    y.sum().backward();
    assert_eq!(q.grad().unwrap().select(0, 1).to_vec::<f64>(), [0.0; 3]);
    assert!(k.grad().unwrap().isfinite().all().item::<bool>());
    let masked =
        |t: &[Tensor]| t[0].scaled_dot_product_attention(&t[1], &t[2], Some(&looks), 0.0, false, None);
    gradcheck(masked, &[q, k, v], 1e-6, 1e-4).unwrap();
}

/// Two heads of two sequences, each by itself; queries, keys and values from different places.
#[test]
fn several_heads_follow_the_formula() {
    let mut attention = MultiheadAttention::new(6, 2, &cpu()).batch_first(true);
    attention.to_dtype(DType::F64);
    let bias = attention.in_proj_bias.as_ref().unwrap();
    init::normal_(bias, 0.0, 1.0);
    init::normal_(attention.out_proj.0.bias.as_ref().unwrap(), 0.0, 1.0);
    let (query, key, value) = (randn(&[2, 3, 6]), randn(&[2, 4, 6]), randn(&[2, 4, 6]));
    let hidden = Tensor::new(&[[false, false, true, false], [false, true, false, false]], &cpu());
    let added = randn(&[3, 4]);
    let padding = Tensor::zeros([2, 4], (DType::F64, &cpu())).masked_fill(&hidden, f64::NEG_INFINITY);
    let options = |key_padding_mask: &Tensor| AttentionOptions {
        key_padding_mask: Some(key_padding_mask.clone()),
        attn_mask: Some(added.clone()),
        ..Default::default()
    };
    let (output, weights) = attention.attend(&query, &key, &value, &options(&hidden));
    let weights = weights.unwrap();
    assert!(weights.sum_dim(-1, false).allclose(&Tensor::ones([2, 3], (DType::F64, &cpu())), 0.0, 1e-12));
    let (w, b) = (attention.in_proj_weight.chunk(3, 0), bias.chunk(3, 0));
    let more = rows(&added);
    for n in 0..2 {
        let project = |i: usize, x: &Tensor| x.select(0, n).matmul(&w[i].t()) + &b[i];
        let (q, k, v) = (project(0, &query), project(1, &key), project(2, &value));
        let skip: Vec<bool> = hidden.select(0, n).to_vec();
        let heads: Vec<Tensor> = (0..2)
            .map(|h| {
                let [q, k, v] = [&q, &k, &v].map(|t| rows(&t.narrow(1, 3 * h, 3)));
                let add = |i: usize, j: usize| if skip[j] { f64::NEG_INFINITY } else { more[i][j] };
                Tensor::from_vec(by_loops(&q, &k, &v, 1.0 / 3f64.sqrt(), add).concat(), [3, 3], &cpu())
            })
            .collect();
        let want = attention.out_proj.forward(&cat(&heads, 1));
        assert!(output.select(0, n).allclose(&want, 0.0, 1e-12));
    }
    // The same with a mask of numbers, with a mask for each head, time first, and for one sequence alone.
    assert!(attention.attend(&query, &key, &value, &options(&padding)).0.equal(&output));
    let mut each = options(&hidden);
    each.attn_mask = Some(stack(&[&added; 4], 0));
    each.average_attn_weights = false;
    let (same, by_head) = attention.attend(&query, &key, &value, &each);
    assert!(same.equal(&output));
    assert!(by_head.unwrap().mean_dim(1, false).equal(&weights));
    let turned = attention.clone().batch_first(false);
    let [q, k, v] = [&query, &key, &value].map(|t| t.transpose(0, 1));
    let (late, same) = turned.attend(&q, &k, &v, &options(&hidden));
    assert!(late.transpose(0, 1).equal(&output) && same.unwrap().equal(&weights));
    let [q, k, v] = [&query, &key, &value].map(|t| t.select(0, 1));
    let (alone, one) = attention.attend(&q, &k, &v, &options(&hidden.select(0, 1)));
    assert!(alone.allclose(&output.select(0, 1), 0.0, 1e-12));
    assert!(one.unwrap().allclose(&weights.select(0, 1), 0.0, 1e-12));
}

#[test]
fn attention_to_itself_is_one_product_and_the_same() {
    let attention = MultiheadAttention::new(6, 3, &cpu());
    let x = Tensor::randn([4, 2, 6], &cpu());
    let apart = attention.attend(&x, &x.copy(), &x.copy(), &AttentionOptions::default()).0;
    assert!(attention.forward(&x).allclose(&apart, 1e-5, 1e-6));
}

#[test]
fn gradients_agree_with_differences() {
    let parts = [spread(&[12, 4], 0), spread(&[12], 50), spread(&[4, 4], 70), spread(&[4], 90)];
    let attend = |t: &[Tensor], options: &AttentionOptions| {
        let mut attention = MultiheadAttention::new(4, 2, &cpu());
        attention.in_proj_weight = t[0].clone();
        attention.in_proj_bias = Some(t[1].clone());
        attention.out_proj.0 = Linear { weight: t[2].clone(), bias: Some(t[3].clone()) };
        let (output, weights) = attention.attend(&t[4], &t[5], &t[5], options);
        cat(&[output.flatten(0, -1), weights.unwrap().flatten(0, -1)], 0)
    };
    let mut inputs = parts.to_vec();
    inputs.extend([spread(&[2, 2, 4], 100), spread(&[3, 2, 4], 130)]);
    let hidden = Tensor::new(&[[false, true, false], [false, false, true]], &cpu());
    let options = AttentionOptions { key_padding_mask: Some(hidden), ..Default::default() };
    gradcheck(|t| attend(t, &options), &inputs, 1e-6, 1e-4).unwrap();
    gradgradcheck(|t| attend(t, &options), &inputs, 1e-5, 1e-3).unwrap();
}

/// The encoder layer from its parts, normalised after and before, and the stack of it.
#[test]
fn an_encoder_is_its_layers_in_turn() {
    let x = Tensor::randn([5, 2, 6], &cpu());
    for norm_first in [false, true] {
        let options = TransformerOptions {
            dim_feedforward: 7,
            norm_first,
            activation: Activation::Gelu,
            ..Default::default()
        };
        let layer = TransformerEncoderLayer::with(6, 2, options, &cpu());
        layer.eval();
        let attention = |x: &Tensor| layer.self_attn.forward(x);
        let linear = |x: &Tensor| layer.linear2.forward(&layer.linear1.forward(x).gelu());
        let want = if norm_first {
            let y = &x + attention(&layer.norm1.forward(&x));
            &y + linear(&layer.norm2.forward(&y))
        } else {
            let y = layer.norm1.forward(&(&x + attention(&x)));
            layer.norm2.forward(&(&y + linear(&y)))
        };
        assert!(layer.forward(&x).allclose(&want, 1e-5, 1e-6));
        let encoder = TransformerEncoder::new(&layer, 3).norm(LayerNorm::new(6, &cpu()));
        assert!(!encoder.layers[2].is_training(), "copies keep the mode");
        let thrice = layer.forward(&layer.forward(&want));
        let normed = encoder.norm.as_ref().unwrap().forward(&thrice);
        assert!(encoder.forward(&x).allclose(&normed, 1e-4, 1e-5));
        // Copies start alike, and are trained apart.
        assert_eq!(encoder.parameters().len(), 3 * layer.parameters().len() + 2);
        encoder.forward(&x).sum().backward();
        assert!(layer.parameters().iter().all(|p| p.grad().is_none()));
    }
}

/// With a causal mask no output depends on later inputs; padding changes nothing.
#[test]
fn masks_hide_what_they_say() {
    let options = TransformerOptions { dim_feedforward: 8, batch_first: true, ..Default::default() };
    let encoder = TransformerEncoder::new(&TransformerEncoderLayer::with(4, 2, options, &cpu()), 2);
    encoder.eval();
    let x = Tensor::randn([1, 5, 4], &cpu());
    let changed = cat(&[x.narrow(1, 0, 3), Tensor::randn([1, 2, 4], &cpu())], 1);
    let later = Tensor::ones([5, 5], (DType::Bool, &cpu())).triu(1);
    let [y, z] = [&x, &changed].map(|x| encoder.encode(x, Some(&later), None, false));
    assert!(y.narrow(1, 0, 3).allclose(&z.narrow(1, 0, 3), 1e-5, 1e-6));
    assert!(!y.narrow(1, 3, 2).allclose(&z.narrow(1, 3, 2), 1e-2, 1e-2));
    let padding = Tensor::new(&[[false, false, false, true, true]], &cpu());
    let short = encoder.forward(&x.narrow(1, 0, 3));
    let padded = encoder.encode(&changed, None, Some(&padding), false);
    assert!(padded.narrow(1, 0, 3).allclose(&short, 1e-5, 1e-6));
    // The hint is taken at its word: a mask that hides nothing hides what is later. Beside padding it is none.
    let nothing = Tensor::zeros([5, 5], (DType::Bool, &cpu()));
    assert!(encoder.encode(&x, Some(&nothing), None, true).allclose(&y, 1e-6, 1e-7));
    let [hinted, plain] = [true, false].map(|hint| encoder.encode(&x, Some(&nothing), Some(&padding), hint));
    assert_eq!(hinted.to_vec::<f32>(), plain.to_vec::<f32>());
    let told = std::panic::catch_unwind(|| encoder.encode(&x, None, None, true)).unwrap_err();
    assert!(told.downcast_ref::<String>().unwrap().contains("is_causal without attn_mask"));
}
