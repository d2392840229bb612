//! What modules, losses, optimizers, sizes and types print, held to PyTorch's text.

use autograd::{ConvOptions, Tensor};
use nn::optim::{Adam, Optim, Sgd};
use nn::{
    AdaptiveAvgPool2d, AvgPool2d, BatchNorm1d, BatchNorm2d, Conv2d, CrossEntropyLoss, Dropout, Embedding,
    Flatten, GELU, Identity, LayerNorm, LeakyReLU, Linear, LogSoftmax, MSELoss, MaxPool2d, Module, NLLLoss,
    ReLU, Sequential, Sigmoid, Softmax, Tanh, seq,
};
use std::fmt::Display;
use tensor_core::Device;

/// An expression of PyTorch's, and what it is here. Extend it as layers come.
type Entry = (&'static str, fn(&Device) -> String);

fn text(value: impl Display) -> String {
    value.to_string()
}

fn tuned<C: nn::optim::Config>(make: impl FnOnce(Vec<Tensor>) -> Optim<C>, device: &Device) -> String {
    make(Linear::new(2, 2, device).parameters()).to_string()
}

const TABLE: &[Entry] = &[
    ("nn.Linear(4, 3)", |d| text(Linear::new(4, 3, d))),
    ("nn.Linear(784, 128, bias=False)", |d| text(Linear::without_bias(784, 128, d))),
    ("nn.ReLU()", |_| text(ReLU)),
    ("nn.ReLU(inplace=True)", |_| text(ReLU::inplace())),
    ("nn.Sigmoid()", |_| text(Sigmoid)),
    ("nn.Tanh()", |_| text(Tanh)),
    ("nn.GELU()", |_| text(GELU)),
    ("nn.LeakyReLU(0.2)", |_| text(LeakyReLU::new(0.2))),
    ("nn.Softmax(dim=1)", |_| text(Softmax::new(1))),
    ("nn.LogSoftmax(dim=1)", |_| text(LogSoftmax::new(1))),
    ("nn.Softmax()", |_| text(Softmax)),
    ("nn.Dropout(0.2)", |_| text(Dropout::new(0.2))),
    ("nn.Dropout()", |_| text(Dropout::default())),
    ("nn.Flatten()", |_| text(Flatten)),
    ("nn.BatchNorm1d(10)", |d| text(BatchNorm1d::new(10, d))),
    ("nn.BatchNorm2d(16)", |d| text(BatchNorm2d::new(16, d))),
    ("nn.Conv2d(1, 16, 3)", |d| text(Conv2d::new(1, 16, 3, d))),
    ("nn.Conv2d(3, 8, kernel_size=5, stride=2, padding=2)", |d| {
        text(Conv2d::new(3, 8, 5, d).stride(2).padding(2))
    }),
    ("nn.Conv2d(4, 8, (3, 5), groups=2, bias=False)", |d| {
        text(Conv2d::without_bias(4, 8, (3, 5), ConvOptions::new().groups(2), d))
    }),
    ("nn.MaxPool2d(2)", |_| text(MaxPool2d::new(2))),
    ("nn.MaxPool2d(3, stride=2, padding=1)", |_| text(MaxPool2d::new(3).stride(2).padding(1))),
    ("nn.AvgPool2d(2)", |_| text(AvgPool2d::new(2))),
    ("nn.AdaptiveAvgPool2d(1)", |_| text(AdaptiveAvgPool2d::new(1))),
    ("nn.Sequential(nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU()), nn.Flatten(), nn.Linear(4, 2))", |d| {
        text(seq![seq![Conv2d::new(1, 4, 3, d), ReLU], Flatten, Linear::new(4, 2, d)])
    }),
    ("nn.LayerNorm(10)", |d| text(LayerNorm::new(10, d))),
    ("nn.LayerNorm((3, 4))", |d| text(LayerNorm::new([3, 4], d))),
    ("nn.Embedding(10, 3)", |d| text(Embedding::new(10, 3, d))),
    ("nn.Embedding(10, 3, padding_idx=0)", |d| text(Embedding::new(10, 3, d).padding_idx(0))),
    ("nn.MSELoss()", |_| text(MSELoss::default())),
    ("nn.CrossEntropyLoss()", |_| text(CrossEntropyLoss::default())),
    ("nn.NLLLoss()", |_| text(NLLLoss::default())),
    ("nn.Identity()", |_| text(Identity)),
    ("nn.Sequential()", |_| text(Sequential::default())),
    ("nn.Sequential(nn.Linear(2, 3), nn.ReLU())", |d| text(seq![Linear::new(2, 3, d), ReLU])),
    (
        "nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))",
        |d| text(seq![Linear::new(784, 128, d), ReLU, Linear::new(128, 64, d), ReLU, Linear::new(64, 10, d)]),
    ),
    ("nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2), nn.ReLU()])", |d| {
        let list: nn::ModuleList =
            vec![Box::new(Linear::new(2, 2, d)), Box::new(Linear::new(2, 2, d)), Box::new(ReLU)];
        list.repr()
    }),
    ("torch.optim.SGD(nn.Linear(2, 2).parameters(), lr=0.003, momentum=0.9)", |d| {
        tuned(|p| Sgd::new(p, 0.003).momentum(0.9), d)
    }),
    ("torch.optim.Adam(nn.Linear(2, 2).parameters(), lr=0.001)", |d| tuned(|p| Adam::new(p, 0.001), d)),
    ("torch.zeros(2, 3).shape", |d| size(&Tensor::zeros([2, 3], d))),
    ("torch.zeros(2).dtype", |d| format!("torch.{}", Tensor::zeros(2, d).dtype())),
    ("torch.Size([])", |d| size(&Tensor::zeros((), d))),
];

/// A shape prints as a plain list here; PyTorch writes its type's name around it.
fn size(t: &Tensor) -> String {
    format!("torch.Size({})", t.shape())
}

/// Expressions whose layers are not here yet. A layer that comes moves its lines to the table.
const ABSENT: &[&str] = &["nn.LSTM(3, 5)", "nn.LSTM(3, 5, num_layers=2, batch_first=True)", "nn.GRU(3, 5)"];

#[test]
fn every_expression_prints_pytorchs_text() {
    let cpu = backend_cpu::device();
    let (mut wrong, mut unknown, mut known, mut absent) = (Vec::new(), Vec::new(), 0, 0);
    for case in parity::cases("module_repr.json") {
        let (expr, expected) =
            (case["expr"].as_str().expect("text"), case["expected"].as_str().expect("text"));
        match TABLE.iter().find(|(name, _)| *name == expr) {
            Some((_, make)) => {
                known += 1;
                let got = make(&cpu);
                if got != expected {
                    wrong.push(format!("{expr}\n--- printed\n{got}\n--- expected\n{expected}"));
                }
            }
            None if ABSENT.contains(&expr) => absent += 1,
            None => unknown.push(expr.to_string()),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(unknown.is_empty(), "no entry for:\n{}", unknown.join("\n"));
    assert_eq!(known, TABLE.len(), "every entry of the table is asked for by the fixture");
    assert_eq!(absent, ABSENT.len(), "an absent expression has an entry now, or is asked for no more");
}
