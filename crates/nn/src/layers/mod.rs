//! The layers.

use tensor_core::Scalar;

mod activation;
mod attention;
mod containers;
mod conv;
mod decoder;
mod dropout;
mod group;
mod image;
mod linear;
mod norm;
mod pad;
mod pairs;
mod pool;
mod rectifier;
mod recurrent;
mod sequential;
mod sparse;
mod stack;
mod transformer;

pub use activation::{
    Approximate, ELU, Flatten, GELU, Identity, LeakyReLU, LogSoftmax, ReLU, SiLU, Sigmoid, Softmax, Softplus,
    Tanh, Unflatten,
};
pub use attention::{AttentionOptions, MultiheadAttention, Projection};
pub use containers::{ModuleDict, ParameterList};
pub use conv::{
    Conv1d, Conv2d, Conv3d, ConvNd, ConvTranspose1d, ConvTranspose2d, ConvTranspose3d, PaddingMode,
};
pub use decoder::{DecoderMasks, TransformerDecoder, TransformerDecoderLayer};
pub use dropout::{AlphaDropout, Dropout, Dropout1d, Dropout2d, Dropout3d, DropoutNd, FeatureAlphaDropout};
pub use group::{GroupNorm, LocalResponseNorm, RMSNorm};
pub use image::{
    ChannelShuffle, Fold, PixelShuffle, PixelUnshuffle, Unfold, Upsample, UpsamplingBilinear2d,
    UpsamplingNearest2d,
};
pub use linear::Linear;
pub use norm::{
    BatchNorm1d, BatchNorm2d, BatchNorm3d, ChannelNorm, InstanceNorm1d, InstanceNorm2d, InstanceNorm3d,
    LayerNorm,
};
pub use pad::{
    CircularPad1d, CircularPad2d, CircularPad3d, CircularPadNd, ConstantPad1d, ConstantPad2d, ConstantPad3d,
    ConstantPadNd, ReflectionPad1d, ReflectionPad2d, ReflectionPad3d, ReflectionPadNd, ReplicationPad1d,
    ReplicationPad2d, ReplicationPad3d, ReplicationPadNd, Sides, ZeroPad1d, ZeroPad2d, ZeroPad3d, ZeroPadNd,
};
pub use pairs::{Bilinear, CosineSimilarity, PairwiseDistance};
pub use pool::{
    AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d, AdaptiveMaxPool1d, AdaptiveMaxPool2d,
    AdaptiveMaxPool3d, AdaptivePoolNd, AvgPool1d, AvgPool2d, AvgPool3d, AvgPoolNd, LPPool1d, LPPool2d,
    LPPool3d, LPPoolNd, MaxPool1d, MaxPool2d, MaxPool3d, MaxPoolNd,
};
pub use rectifier::{
    CELU, GLU, Hardshrink, Hardsigmoid, Hardswish, Hardtanh, LogSigmoid, Mish, PReLU, RReLU, ReLU6, SELU,
    Softmax2d, Softmin, Softshrink, Softsign, Tanhshrink, Threshold,
};
pub use recurrent::{
    ElmanRecurrence, GRU, GRUCell, GatedRecurrence, LSTM, LSTMCell, LongShortTerm, RNN, RNNCell, Recurrence,
    Recurrent, RecurrentCell, RecurrentOptions, RecurrentState, RecurrentWeights, RnnNonlinearity,
};
pub use sequential::{ModuleList, Sequential};
pub use sparse::{BagMode, Embedding, EmbeddingBag, embedding_bag};
pub use stack::{Stacked, TransformerStack};
pub use transformer::{TransformerEncoder, TransformerEncoderLayer, TransformerOptions};

/// Prints a layer as PyTorch does.
macro_rules! display {
    ($($name:ident),+) => {$(
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&crate::Module::repr(self))
            }
        }
    )+};
}
pub(crate) use display;

/// A truth value as Python prints it.
pub(crate) fn python(value: bool) -> &'static str {
    if value { "True" } else { "False" }
}

/// A layer's settings as printed, with `inplace=True` behind them where it was asked for.
pub(crate) fn inplace(mut settings: String, inplace: bool) -> String {
    if inplace {
        settings += if settings.is_empty() { "inplace=True" } else { ", inplace=True" };
    }
    settings
}

/// A number as Python prints it: whole ones as they were given, 2 or 2.0.
pub(crate) fn scalar(v: Scalar) -> String {
    match v {
        Scalar::Int(v) => v.to_string(),
        other => number(other.to_f64()),
    }
}

/// A float as Python prints it: whole ones keep their point, exponents have two digits.
pub(crate) fn number(v: f64) -> String {
    if v != 0.0 && v.is_finite() && !(1e-4..1e16).contains(&v.abs()) {
        let text = format!("{v:e}");
        let (digits, exponent) = text.split_once('e').expect("an exponent");
        let exponent: i32 = exponent.parse().expect("a whole exponent");
        return format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    if v == v.trunc() && v.is_finite() { format!("{v:.1}") } else { format!("{v}") }
}
