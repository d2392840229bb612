//! Layers over sequences, called as Python calls them: several inputs, several results.

use parity::python::{Session, str_of};

#[track_caller]
fn shapes(program: &str, expression: &str) -> String {
    let mut session = Session::new();
    session.run(program).unwrap_or_else(|e| panic!("{program}: {e}"));
    str_of(&session.eval(expression).unwrap_or_else(|e| panic!("{expression}: {e}")))
}

#[test]
fn recurrent_layers_give_the_output_and_the_state() {
    let program = "
import torch
from torch import nn
lstm = nn.LSTM(10, 20, num_layers=2, bidirectional=True)
x = torch.randn(5, 3, 10)
output, (h, c) = lstm(x)
again, _ = lstm(x, (h, c))
gru = nn.GRU(10, 20, batch_first=True)
y, s = gru(x)
z = nn.GRUCell(10, 20)(x[0], torch.zeros(3, 20))
";
    let expression = "[list(t.shape) for t in (output, h, c, again, y, s, z)]";
    let expected = "[[5, 3, 40], [4, 3, 20], [4, 3, 20], [5, 3, 40], [5, 3, 20], [1, 5, 20], [3, 20]]";
    assert_eq!(shapes(program, expression), expected);
    let rnn = "nn.RNN(3, 5, 2, 'relu', bias=False)";
    assert_eq!(shapes("from torch import nn", rnn), "RNN(3, 5, num_layers=2, bias=False)");
}

#[test]
fn attention_gives_the_output_and_the_weights_or_none() {
    let program = "
import torch
import torch.nn.functional as F
from torch import nn
attention = nn.MultiheadAttention(8, 2, batch_first=True)
q, k = torch.randn(3, 4, 8), torch.randn(3, 6, 8)
output, weights = attention(q, k, k)
same, none = attention(q, k, k, need_weights=False)
layer = nn.TransformerEncoderLayer(d_model=8, nhead=2, activation=F.gelu, dim_feedforward=16)
encoder = nn.TransformerEncoder(layer, 2, norm=nn.LayerNorm(8))
mask = torch.ones(3, 3, dtype=torch.bool).triu(1)
encoded = encoder(q, mask)
";
    let expression = "[list(t.shape) for t in (output, weights, same, encoded)]";
    assert_eq!(shapes(program, expression), "[[3, 4, 8], [3, 4, 6], [3, 4, 8], [3, 4, 8]]");
    assert_eq!(shapes(program, "none is None and torch.equal(output, same)"), "True");
    assert_eq!(shapes(program, "list(encoder.layers[0](q).shape)"), "[3, 4, 8]");
}
