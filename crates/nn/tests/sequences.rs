//! Layers over sequences: names, texts, and what is said of mistakes.

use autograd::Tensor;
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
