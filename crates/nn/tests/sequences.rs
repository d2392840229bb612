//! Layers over sequences: names, texts, and what is said of mistakes.

use autograd::{Tensor, gradcheck};
use nn::*;
use tensor_core::Device;

fn cpu() -> Device {
    backend_cpu::device()
}

#[test]
fn names_and_texts_are_pytorchs() {
    let d = &cpu();
    let names = |m: &dyn Module| m.named_parameters().into_iter().map(|(n, _)| n).collect::<Vec<_>>();
    let options = RecurrentOptions {
        num_layers: 2,
        bias: false,
        batch_first: true,
        dropout: 0.25,
        bidirectional: true,
    };
    let rnn = RNN::with(3, 5, options, d).nonlinearity(RnnNonlinearity::ReLU);
    assert_eq!(
        rnn.to_string(),
        "RNN(3, 5, num_layers=2, bias=False, batch_first=True, dropout=0.25, bidirectional=True)"
    );
    assert_eq!(
        names(&rnn),
        [
            "weight_ih_l0",
            "weight_hh_l0",
            "weight_ih_l0_reverse",
            "weight_hh_l0_reverse",
            "weight_ih_l1",
            "weight_hh_l1",
            "weight_ih_l1_reverse",
            "weight_hh_l1_reverse"
        ]
    );
    assert_eq!(rnn.weights[2].weight_ih.shape().dims(), [5, 10], "the second layer reads both directions");
    let lstm = LSTM::new(3, 5, d);
    assert_eq!(names(&lstm), ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"]);
    assert_eq!(lstm.to_string(), "LSTM(3, 5)");
    assert_eq!(GRU::new(3, 5, d).to_string(), "GRU(3, 5)");
    let cell = RNNCell::without_bias(3, 5, d).nonlinearity(RnnNonlinearity::ReLU);
    assert_eq!(cell.to_string(), "RNNCell(3, 5, bias=False, nonlinearity=relu)");
    assert_eq!(names(&LSTMCell::new(3, 5, d)), ["weight_ih", "weight_hh", "bias_ih", "bias_hh"]);
    assert_eq!(GRUCell::new(3, 5, d).to_string(), "GRUCell(3, 5)");
    // A state dict goes from one to another.
    let other = LSTM::new(3, 5, d);
    other.load_state_dict(&lstm.state_dict(), true).unwrap();
    let x = Tensor::randn([4, 2, 3], d);
    assert!(lstm.forward(&x).equal(&other.forward(&x)));
}

/// Read off PyTorch 2.15.
#[test]
fn attention_prints_and_names_its_parts_as_pytorch() {
    let d = &cpu();
    let attention = "MultiheadAttention(
  (out_proj): NonDynamicallyQuantizableLinear(in_features=8, out_features=8, bias=True)
)";
    assert_eq!(MultiheadAttention::new(8, 2, d).to_string(), attention);
    let names = |m: &dyn Module| m.named_parameters().into_iter().map(|(n, _)| n).collect::<Vec<_>>();
    assert_eq!(
        names(&MultiheadAttention::new(8, 2, d)),
        ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]
    );
    assert_eq!(names(&MultiheadAttention::without_bias(8, 2, d)), ["in_proj_weight", "out_proj.weight"]);
    let layer = TransformerEncoderLayer::new(8, 2, d);
    let encoder = TransformerEncoder::new(&layer, 2).norm(LayerNorm::new(8, d));
    let norm = "LayerNorm((8,), eps=1e-05, elementwise_affine=True, bias=True)";
    let expected = format!(
        "TransformerEncoder(
  (layers): ModuleList(
    (0-1): 2 x TransformerEncoderLayer(
      (self_attn): {}
      (linear1): Linear(in_features=8, out_features=2048, bias=True)
      (dropout): Dropout(p=0.1, inplace=False)
      (linear2): Linear(in_features=2048, out_features=8, bias=True)
      (norm1): {norm}
      (norm2): {norm}
      (dropout1): Dropout(p=0.1, inplace=False)
      (dropout2): Dropout(p=0.1, inplace=False)
    )
  )
  (norm): {norm}
)",
        attention.replace('\n', "\n      ")
    );
    assert_eq!(encoder.to_string(), expected);
    let all = names(&encoder);
    assert_eq!((all.len(), &*all[0], &*all[24]), (26, "layers.0.self_attn.in_proj_weight", "norm.weight"));
    assert_eq!(
        all[12..15],
        [
            "layers.1.self_attn.in_proj_weight",
            "layers.1.self_attn.in_proj_bias",
            "layers.1.self_attn.out_proj.weight"
        ]
    );
}

#[track_caller]
fn fails(f: impl FnOnce(), words: &[&str]) {
    let error = std::panic::catch_unwind(std::panic::AssertUnwindSafe(f)).expect_err("it must fail");
    let text = error.downcast_ref::<String>().expect("a message");
    words.iter().for_each(|word| assert!(text.contains(word), "{text}"));
}

#[test]
fn mistakes_are_told_with_their_shapes() {
    let x = |shape: &[usize]| Tensor::zeros(shape, &cpu());
    fails(|| drop(LSTM::new(3, 4, &cpu()).forward(&x(&[5, 2, 6]))), &["LSTM", "[5, 2, 6]", "[T, B, 3]"]);
    fails(|| drop(GRU::new(3, 4, &cpu()).forward(&x(&[3]))), &["GRU", "[3]"]);
    fails(|| drop(RNN::new(3, 4, &cpu()).forward(&x(&[0, 2, 3]))), &["RNN", "no steps"]);
    let state = x(&[1, 1, 4]);
    fails(
        move || drop(GRU::new(3, 4, &cpu()).run(&Tensor::zeros([5, 2, 3], &cpu()), Some(&state))),
        &["initial state of shape [1, 1, 4]", "[1, 2, 4]"],
    );
    fails(|| drop(LSTMCell::new(3, 4, &cpu()).forward(&x(&[5, 2, 3]))), &["LSTMCell", "[B, 3]"]);
    fails(|| drop(RNN::new(0, 4, &cpu())), &["greater than 0"]);
    let layers = |num_layers| RecurrentOptions { num_layers, dropout: 1.5, ..Default::default() };
    fails(move || drop(GRU::with(1, 1, layers(0), &cpu())), &["no layers"]);
    fails(move || drop(GRU::with(1, 1, layers(2), &cpu())), &["1.5 is not a probability"]);
}

#[test]
fn mistakes_of_attention_are_told_with_their_shapes() {
    let x = |shape: &[usize]| Tensor::zeros(shape, &cpu());
    let attention = MultiheadAttention::new(4, 2, &cpu());
    fails(|| drop(attention.forward(&x(&[3, 2, 5]))), &["query [3, 2, 5]", "[L, B, 4]"]);
    let (query, key) = (x(&[3, 2, 4]), x(&[5, 1, 4]));
    fails(|| drop(attention.attend(&query, &key, &key, &Default::default())), &["key [5, 1, 4]"]);
    let options =
        |key_padding_mask, attn_mask| AttentionOptions { key_padding_mask, attn_mask, ..Default::default() };
    let wrong = options(None, Some(x(&[3, 4])));
    fails(
        || drop(attention.attend(&query, &query, &query, &wrong)),
        &["attn_mask of shape [3, 4]", "[3, 3] or [4, 3, 3]"],
    );
    let wrong = options(Some(x(&[3, 2])), None);
    fails(
        || drop(attention.attend(&query, &query, &query, &wrong)),
        &["key_padding_mask of shape [3, 2]", "[2, 3]"],
    );
    fails(|| drop(MultiheadAttention::new(4, 3, &cpu())), &["4 dimensions among 3 heads"]);
    let layer = TransformerEncoderLayer::with(
        4,
        2,
        TransformerOptions { dim_feedforward: 4, ..Default::default() },
        &cpu(),
    );
    fails(|| drop(TransformerEncoder::new(&layer, 0)), &["no layers"]);
    let mask = x(&[3, 4]);
    fails(
        || drop(query.scaled_dot_product_attention(&key, &key, Some(&mask), 0.0, true, None)),
        &["both a mask and is_causal"],
    );
    fails(
        || drop(query.scaled_dot_product_attention(&x(&[3, 2, 5]), &key, None, 0.0, false, None)),
        &["[3, 2, 4]", "[3, 2, 5]", "[…, S, E]"],
    );
}

#[test]
fn a_decoder_has_the_gradients_of_its_target_and_memory() {
    let d = &cpu();
    let options = TransformerOptions { dim_feedforward: 6, dropout: 0.0, ..Default::default() };
    let layer = TransformerDecoderLayer::with(4, 2, options, d);
    let mut layer = TransformerDecoder::new(&layer, 2).norm(LayerNorm::new(4, d));
    layer.to_dtype(tensor_core::DType::F64);
    let wavy = |rows: usize, phase: f64| {
        let values = (0..rows * 8).map(|i| ((i as f64 + phase) * 1.618).sin()).collect();
        Tensor::from_vec::<f64>(values, [rows, 2, 4], d).requires_grad_(true)
    };
    let later = Tensor::new(&[[false, true, true], [false, false, true], [false, false, false]], d);
    let masks = DecoderMasks { tgt_mask: Some(later), ..Default::default() };
    gradcheck(|x| layer.decode(&x[0], &x[1], &masks), &[wavy(3, 0.0), wavy(2, 0.5)], 1e-6, 1e-4).unwrap();
}

/// PyTorch's numbers: the hint is taken at its word over a mask that hides nothing, unless places are padded.
#[test]
fn a_decoder_takes_the_hint_that_its_masks_are_causal() {
    let d = &cpu();
    let options =
        TransformerOptions { dim_feedforward: 8, dropout: 0.0, batch_first: true, ..Default::default() };
    let layer = TransformerDecoderLayer::with(4, 2, options, d);
    for (k, (_, p)) in layer.named_parameters().into_iter().enumerate() {
        let values = (0..p.numel()).map(|i| (((i as f32) * 0.37 + k as f32).sin()) * 0.5).collect();
        autograd::no_grad(|| p.copy_(&Tensor::from_vec::<f32>(values, *p.shape(), d)).rank());
    }
    let filled = |f: &dyn Fn(f32) -> f32| {
        Tensor::from_vec::<f32>((0..12).map(|i| f(i as f32)).collect(), [1, 3, 4], d)
    };
    let (target, memory) = (filled(&|i| (i * 0.3).sin()), filled(&|i| (i * 0.7).cos()));
    let open = Some(Tensor::zeros([3, 3], d));
    let hinted = DecoderMasks {
        tgt_mask: open.clone(),
        memory_mask: open.clone(),
        tgt_is_causal: true,
        memory_is_causal: true,
        ..Default::default()
    };
    let want = [
        -0.533830, -0.936809, -0.201206, 0.265608, -0.368529, -0.933336, -0.640999, 0.199136, -0.427130,
        -0.993724, -0.393732, 0.212646,
    ];
    let got = layer.decode(&target, &memory, &hinted).to_vec::<f32>();
    assert!(got.iter().zip(want).all(|(a, b): (&f32, f32)| (a - b).abs() < 2e-6), "{got:?}");

    let padded = DecoderMasks {
        tgt_mask: open,
        tgt_key_padding_mask: Some(Tensor::new(&[[false, false, true]], d)),
        ..Default::default()
    };
    let plain = layer.decode(&target, &memory, &padded).to_vec::<f32>();
    let with_hint = DecoderMasks { tgt_is_causal: true, ..padded };
    assert_eq!(layer.decode(&target, &memory, &with_hint).to_vec::<f32>(), plain);
    let bare = DecoderMasks { memory_is_causal: true, ..Default::default() };
    fails(|| drop(layer.decode(&target, &memory, &bare)), &["is_causal without attn_mask"]);
}

/// PyTorch's numbers for `F.embedding_bag(…, mode='sum', per_sample_weights=…)`, and its refusals.
#[test]
fn a_bag_weighs_its_vectors() {
    let d = &cpu();
    let table = Tensor::from_vec::<f32>((0..12).map(|i| (i as f32).sin()).collect(), [4, 3], d);
    let table = table.requires_grad_(true);
    let weights = Tensor::new(&[[0.5f32, -1.0], [2.0, 0.25]], d).requires_grad_(true);
    let near = |got: &Tensor, want: &[f32]| {
        let got = got.to_vec::<f32>();
        assert!(got.len() == want.len(), "{got:?}");
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 2e-6 * b.abs().max(1.0)), "{got:?}");
    };
    let indices = Tensor::new(&[[0, 2], [3, 3]], d);
    let out = embedding_bag(&indices, &table, None, BagMode::Sum, Some(&weights));
    near(&out, &[0.279415, -0.236251, -0.534710, 0.927267, -1.224048, -2.249978]);
    out.square().sum().backward();
    near(&weights.grad().unwrap(), &[-1.370017, -1.524612, 6.596015, 6.596015]);
    near(
        &table.grad().unwrap(),
        &[
            0.279415, -0.236251, -0.534710, 0., 0., 0., -0.558831, 0.472502, 1.069419, 4.1727, -5.508214,
            -10.1249,
        ],
    );
    // The bag in the middle is empty.
    let (indices, flat) = (indices.flatten(0, -1), weights.detach().flatten(0, -1));
    let out = embedding_bag(&indices, &table, Some(&[0, 1, 1]), BagMode::Sum, Some(&flat));
    near(&out, &[0.0, 0.420735, 0.454649, 0.0, 0.0, 0.0, 1.206682, -1.881034, -3.239336]);

    let bags = EmbeddingBag::new(4, 3, d);
    fails(
        || drop(bags.forward_weighted(&indices, Some(&[0]), &flat)),
        &["per_sample_weights with mode Mean"],
    );
    let bags = bags.mode(BagMode::Sum);
    fails(
        || drop(bags.forward_weighted(&indices, Some(&[0]), &weights)),
        &["shape [2, 2] for indices of shape [4]"],
    );
}

/// Few long rows of a large table are written one by one; all others stay as they are.
#[test]
fn a_large_table_is_shrunk_where_it_is_read() {
    let d = &cpu();
    let table = Tensor::full([1000, 2], 3.0f32, d);
    table.embedding_renorm_(&Tensor::new(&[[7, 900], [7, 3]], d), 1.0, 2.0);
    let rows = table.to_vec::<f32>();
    for (row, pair) in rows.chunks(2).enumerate() {
        let want = if [3, 7, 900].contains(&row) { 0.5f32.sqrt() } else { 3.0 };
        assert!(pair.iter().all(|v| (v - want).abs() < 1e-6), "{row}: {pair:?}");
    }
}

#[test]
fn an_embedding_shrinks_only_the_long_vectors_that_are_read() {
    let mut embedding = Embedding::new(3, 2, &cpu()).max_norm(5.0);
    let values = Tensor::new(&[[6.0f32, 8.0], [3.0, 4.0], [6.0, 8.0]], &cpu());
    autograd::no_grad(|| embedding.weight.copy_(&values).rank());
    embedding.forward(&Tensor::new(&[0, 1, 0], &cpu())).sum().backward();
    let rows = embedding.weight.detach().to_vec::<f32>();
    assert!((rows[0] - 3.0).abs() < 1e-5 && (rows[1] - 4.0).abs() < 1e-5, "{rows:?}");
    assert_eq!(rows[2..], [3.0, 4.0, 6.0, 8.0]);
    assert_eq!(embedding.weight.grad().expect("one").to_vec::<f32>(), [2.0, 2.0, 1.0, 1.0, 0.0, 0.0]);
    embedding = embedding.norm_type(1.0);
    assert_eq!(embedding.to_string(), "Embedding(3, 2, max_norm=5.0, norm_type=1.0)");
}
