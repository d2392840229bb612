"""Writes fixtures/parity's `ops_nn.json`, `ops_nn.safetensors` and `module_repr_nn.json` with real PyTorch:
layers and losses of torch.nn, their values, gradients, text, names of parameters and what they draw.

    python3 -m venv venv && venv/bin/pip install torch numpy
    venv/bin/python crates/parity/tools/nn_fixtures.py

Run by hand when a case is added; the files are committed.
"""
import json, pathlib, struct, warnings
import torch
import torch.nn.functional as F
from torch import nn

warnings.filterwarnings("ignore")
torch.set_num_threads(1)
FOLDER = pathlib.Path(__file__).resolve().parents[3] / "fixtures" / "parity"
DTYPES = {torch.float32: ("F32", "f32"), torch.int64: ("I64", "i64"), torch.bool: ("BOOL", "bool")}
seeded = torch.Generator().manual_seed(2026)


def f(*shape, scale=1.0, grad=True):
    """Normal numbers that ask for gradients."""
    return (torch.randn(shape, generator=seeded) * scale).requires_grad_(grad)


def pos(*shape, grad=True):
    return (torch.rand(shape, generator=seeded) * 0.8 + 0.1).requires_grad_(grad)


def i(high, *shape, low=0):
    return torch.randint(low, high, shape, generator=seeded)


def signs(*shape):
    return (torch.randint(0, 2, shape, generator=seeded) * 2 - 1).float()


def values(*numbers, grad=True):
    return torch.tensor(numbers, requires_grad=grad)


line, image, volume = lambda: f(2, 4, 7), lambda: f(2, 4, 5, 6), lambda: f(1, 2, 4, 5, 6)
CASES = []


def case(name, expr, **inputs):
    CASES.append((name, expr, inputs))


def layer(name, make, x, seed=5):
    """A layer that draws: made after a seed."""
    case(name, f"[torch.manual_seed({seed}), {make}][1](x)", x=x)


# Layers that draw: what they compute proves what they drew.
layer("ConvTranspose1d", "nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1)", line())
layer("ConvTranspose1d_groups", "nn.ConvTranspose1d(4, 6, 3, groups=2, dilation=2, bias=False)", line())
layer("ConvTranspose2d", "nn.ConvTranspose2d(4, 3, (3, 2), stride=(2, 1), padding=1, output_padding=(1, 0))", image())
layer("ConvTranspose2d_groups", "nn.ConvTranspose2d(4, 6, 3, groups=2, dilation=(1, 2))", image())
layer("ConvTranspose3d", "nn.ConvTranspose3d(2, 3, 2, stride=(1, 2, 1), padding=(0, 1, 1))", volume())
layer("Conv1d_circular", "nn.Conv1d(4, 3, 3, padding=1, padding_mode='circular')", line())
layer("Conv2d_reflect", "nn.Conv2d(4, 3, 3, padding=(1, 2), padding_mode='reflect')", image())
layer("Conv2d_replicate", "nn.Conv2d(4, 2, (3, 5), padding='same', padding_mode='replicate')", image())
layer("Conv3d", "nn.Conv3d(2, 3, 2, padding=1, stride=2)", volume())
layer("PReLU", "nn.PReLU(4)", image())
case("Bilinear", "[torch.manual_seed(3), nn.Bilinear(3, 4, 5)][1](x, y)", x=f(2, 3), y=f(2, 4))
case("Bilinear_no_bias", "[torch.manual_seed(3), nn.Bilinear(3, 4, 2, bias=False)][1](x, y)", x=f(2, 3, 3), y=f(2, 3, 4))
for mode in ("mean", "sum", "max"):
    case(f"EmbeddingBag_{mode}", f"[torch.manual_seed(3), nn.EmbeddingBag(9, 4, mode='{mode}')][1](x)", x=i(9, 3, 5))
case("EmbeddingBag_offsets", "[torch.manual_seed(3), nn.EmbeddingBag(9, 4)][1](x, o)", x=i(9, 8), o=torch.tensor([0, 3, 3, 6]))
case("Embedding_padding", "[torch.manual_seed(3), nn.Embedding(9, 4, padding_idx=-1)][1](x)", x=i(9, 3, 5))

# Norms: three kinds without what they learn, and with it.
case("GroupNorm", "nn.GroupNorm(2, 4)(x)", x=image())
case("LayerNorm_plain", "nn.LayerNorm((5, 6), elementwise_affine=False)(x)", x=image())
case("LayerNorm_no_bias", "nn.LayerNorm(6, bias=False)(x)", x=image())
case("InstanceNorm2d", "nn.InstanceNorm2d(4, affine=True)(x)", x=image())
case("InstanceNorm3d", "nn.InstanceNorm3d(2)(x)", x=volume())
case("BatchNorm2d", "nn.BatchNorm2d(4)(x)", x=image())
case("BatchNorm3d", "nn.BatchNorm3d(2)(x)", x=volume())
case("BatchNorm1d_eval", "nn.BatchNorm1d(4).eval()(x)", x=line())
case("RMSNorm", "nn.RMSNorm(6)(x)", x=image())
case("LocalResponseNorm", "nn.LocalResponseNorm(3, alpha=0.1, k=2.0)(x)", x=image())

# Borders.
case("ZeroPad1d", "nn.ZeroPad1d((1, 2))(x)", x=line())
case("ZeroPad2d", "nn.ZeroPad2d((1, 2, 0, 3))(x)", x=image())
case("ZeroPad3d", "nn.ZeroPad3d(1)(x)", x=volume())
case("ConstantPad1d", "nn.ConstantPad1d(2, 3.5)(x)", x=line())
case("ConstantPad2d", "nn.ConstantPad2d((2, 1, 1, 0), -1.5)(x)", x=image())
case("ConstantPad3d", "nn.ConstantPad3d((1, 0, 2, 1, 0, 1), 0.5)(x)", x=volume())
for kind in ("Reflection", "Replication", "Circular"):
    case(f"{kind}Pad1d", f"nn.{kind}Pad1d((2, 1))(x)", x=line())
    case(f"{kind}Pad2d", f"nn.{kind}Pad2d((1, 2, 3, 0))(x)", x=image())
    case(f"{kind}Pad3d", f"nn.{kind}Pad3d(1)(x)", x=volume())

# Places and sizes.
case("Unfold", "nn.Unfold((2, 3), padding=1, stride=2)(x)", x=image())
case("Unfold_dilation", "nn.Unfold(2, dilation=2)(x)", x=image())
case("Fold", "nn.Fold((4, 5), (2, 3), padding=1)(x)", x=f(2, 12, 25))
case("Upsample_nearest", "nn.Upsample(scale_factor=2)(x)", x=image())
case("Upsample_size", "nn.Upsample(size=(7, 9), mode='bilinear')(x)", x=image())
case("Upsample_corners", "nn.Upsample(scale_factor=(2.0, 1.5), mode='bilinear', align_corners=True)(x)", x=image())
case("Upsample_linear", "nn.Upsample(scale_factor=3, mode='linear')(x)", x=line())
case("UpsamplingNearest2d", "nn.UpsamplingNearest2d(scale_factor=2)(x)", x=image())
case("UpsamplingNearest2d_size", "nn.UpsamplingNearest2d(size=(3, 10))(x)", x=image())
case("UpsamplingBilinear2d", "nn.UpsamplingBilinear2d(scale_factor=2)(x)", x=image())
case("PixelShuffle", "nn.PixelShuffle(2)(x)", x=image())
case("PixelUnshuffle", "nn.PixelUnshuffle(2)(x)", x=f(1, 3, 4, 6))
case("ChannelShuffle", "nn.ChannelShuffle(2)(x)", x=f(1, 6, 2, 3))
case("F_channel_shuffle", "F.channel_shuffle(x, 3)", x=f(1, 6, 2, 3))
case("Unflatten", "nn.Unflatten(1, (2, 2))(x)", x=line())
case("Unflatten_guess", "nn.Unflatten(-1, (3, -1))(x)", x=image())
case("Flatten", "nn.Flatten(0, 1)(x)", x=image())

# Pools.
case("AvgPool1d", "nn.AvgPool1d(3, stride=2, padding=1)(x)", x=line())
case("AvgPool2d", "nn.AvgPool2d((3, 2), padding=(1, 0), count_include_pad=False, ceil_mode=True)(x)", x=image())
case("AvgPool2d_divisor", "nn.AvgPool2d(2, divisor_override=3)(x)", x=image())
case("AvgPool3d", "nn.AvgPool3d(2, stride=1)(x)", x=volume())
case("MaxPool1d", "nn.MaxPool1d(3, stride=2, padding=1)(x)", x=line())
case("MaxPool2d_pair", "nn.MaxPool2d((2, 2))(x)", x=image())
case("MaxPool3d", "nn.MaxPool3d(2, stride=(1, 2, 2))(x)", x=volume())
case("AdaptiveAvgPool1d", "nn.AdaptiveAvgPool1d(3)(x)", x=line())
case("AdaptiveAvgPool2d", "nn.AdaptiveAvgPool2d((3, 4))(x)", x=image())
case("AdaptiveAvgPool3d", "nn.AdaptiveAvgPool3d((2, 3, 2))(x)", x=volume())
case("AdaptiveMaxPool1d", "nn.AdaptiveMaxPool1d(3)(x)", x=line())
case("AdaptiveMaxPool2d", "nn.AdaptiveMaxPool2d((3, 4))(x)", x=image())
case("AdaptiveMaxPool3d", "nn.AdaptiveMaxPool3d(2)(x)", x=volume())
case("LPPool1d", "nn.LPPool1d(2, 3, stride=2)(x)", x=line())
case("LPPool2d", "nn.LPPool2d(3, 2)(x)", x=pos(2, 4, 5, 6))
case("F_lp_pool2d", "F.lp_pool2d(x, 2.0, (2, 3), ceil_mode=True)", x=image())

# Activations.
edges = lambda: values(-4.0, -1.5, -0.5, -0.1, 0.0, 0.1, 0.5, 0.7, 1.0, 3.0, 6.5)
for make in ("Threshold(0.1, 20.0)", "Hardshrink()", "Hardshrink(0.1)", "Softshrink()", "Softshrink(0.7)", "CELU()",
             "CELU(0.5)", "SELU()", "Mish()", "Hardswish()", "Hardsigmoid()", "Hardtanh(-2.0, 0.5)", "ReLU6()", "ELU(0.7)",
             "Softsign()", "Tanhshrink()", "LogSigmoid()", "LeakyReLU(0.2)", "Softplus(2.0, 3.0)", "GELU('tanh')", "SiLU()"):
    case(make.replace("(", "_").replace(")", "").replace(", ", "_").replace("'", ""), f"nn.{make}(x)", x=edges())
case("RReLU_eval", "nn.RReLU(0.1, 0.3).eval()(x)", x=edges())
case("RReLU_train", "[torch.manual_seed(7), nn.RReLU()][1](x)", x=f(3, 5))
case("F_rrelu", "F.rrelu(x)", x=edges())
case("Softmin", "nn.Softmin(dim=1)(x)", x=f(3, 4))
case("Softmax2d", "nn.Softmax2d()(x)", x=image())
case("Softmax_implicit", "nn.Softmax()(x)", x=f(3, 4))
case("LogSoftmax", "nn.LogSoftmax(dim=-1)(x)", x=f(3, 4))
case("GLU", "nn.GLU(1)(x)", x=image())

# Distances.
case("CosineSimilarity", "nn.CosineSimilarity(dim=1)(x, y)", x=f(3, 4), y=f(3, 4))
case("CosineSimilarity_image", "nn.CosineSimilarity(dim=-1, eps=1e-6)(x, y)", x=image(), y=image())
case("PairwiseDistance", "nn.PairwiseDistance()(x, y)", x=f(3, 4), y=f(3, 4))
case("PairwiseDistance_1", "nn.PairwiseDistance(p=1.0, keepdim=True)(x, y)", x=f(3, 4), y=f(3, 4))

# Losses, by every reduction; as functions and as objects.
for r in ("mean", "sum", "none"):
    red = f"reduction='{r}'"
    case(f"HingeEmbedding_{r}", f"nn.HingeEmbeddingLoss(margin=1.2, {red})(x, y)", x=f(3, 4), y=signs(3, 4))
    case(f"MarginRanking_{r}", f"nn.MarginRankingLoss(margin=0.3, {red})(a, b, y)", a=f(6), b=f(6), y=signs(6))
    case(f"CosineEmbedding_{r}", f"nn.CosineEmbeddingLoss(margin=0.1, {red})(a, b, y)", a=f(5, 4), b=f(5, 4), y=signs(5))
    case(f"TripletMargin_{r}", f"nn.TripletMarginLoss({red})(a, p, n)", a=f(5, 4), p=f(5, 4), n=f(5, 4))
    case(f"TripletMarginWithDistance_{r}", f"nn.TripletMarginWithDistanceLoss({red})(a, p, n)", a=f(5, 4), p=f(5, 4), n=f(5, 4))
    case(f"MultiMargin_{r}", f"nn.MultiMarginLoss({red})(x, y)", x=f(4, 5), y=i(5, 4))
    case(f"MultiLabelMargin_{r}", f"nn.MultiLabelMarginLoss({red})(x, y)", x=f(3, 4), y=torch.tensor([[3, 0, -1, 1], [1, -1, 2, 0], [-1, 0, 0, 0]]))
    case(f"MultiLabelSoftMargin_{r}", f"nn.MultiLabelSoftMarginLoss({red})(x, y)", x=f(3, 4), y=i(2, 3, 4).float())
    case(f"SoftMargin_{r}", f"nn.SoftMarginLoss({red})(x, y)", x=f(3, 4), y=signs(3, 4))
    case(f"PoissonNLL_{r}", f"nn.PoissonNLLLoss({red})(x, y)", x=f(3, 4), y=i(5, 3, 4).float())
    case(f"GaussianNLL_{r}", f"nn.GaussianNLLLoss({red})(x, y, v)", x=f(3, 4), y=f(3, 4), v=pos(3, 4))
    case(f"KLDiv_{r}", f"nn.KLDivLoss({red})(x, y)", x=f(3, 4), y=pos(3, 4))
    case(f"KLDiv_log_{r}", f"nn.KLDivLoss({red}, log_target=True)(x, y)", x=f(3, 4), y=f(3, 4))
    case(f"Huber_{r}", f"nn.HuberLoss({red}, delta=0.7)(x, y)", x=f(3, 4), y=f(3, 4))
    case(f"SmoothL1_{r}", f"nn.SmoothL1Loss({red}, beta=0.5)(x, y)", x=f(3, 4), y=f(3, 4))
    case(f"BCE_{r}", f"nn.BCELoss({red})(x, y)", x=pos(3, 4), y=pos(3, 4, grad=False))
    case(f"L1_{r}", f"nn.L1Loss({red})(x, y)", x=f(3, 4), y=f(3, 4))
    case(f"CrossEntropy_{r}", f"nn.CrossEntropyLoss({red}, label_smoothing=0.1)(x, y)", x=f(2, 5, 3), y=i(5, 2, 3))
case("KLDiv_batchmean", "nn.KLDivLoss(reduction='batchmean')(x, y)", x=f(3, 4), y=pos(3, 4))
case("KLDiv_zero", "F.kl_div(x, y, reduction='sum')", x=f(4), y=values(0.0, 0.5, 1.0, 0.0, grad=False))
case("TripletMargin_swap", "nn.TripletMarginLoss(margin=0.7, p=1.0, swap=True)(a, p, n)", a=f(5, 4), p=f(5, 4), n=f(5, 4))
case("F_triplet_margin_loss", "F.triplet_margin_loss(a, p, n, margin=0.5)", a=f(5, 4), p=f(5, 4), n=f(5, 4))
case("TripletMarginWithDistance_swap", "nn.TripletMarginWithDistanceLoss(margin=0.5, swap=True)(a, p, n)", a=f(5, 4), p=f(5, 4), n=f(5, 4))
case("MultiMargin_squared", "nn.MultiMarginLoss(p=2, margin=0.5, weight=w)(x, y)", x=f(4, 5), y=i(5, 4), w=pos(5, grad=False))
case("F_multi_margin_loss", "F.multi_margin_loss(x, y)", x=f(4, 5), y=i(5, 4))
case("MultiMargin_one", "nn.MultiMarginLoss()(x, y)", x=f(5), y=torch.tensor(3))
case("MultiLabelMargin_one", "F.multilabel_margin_loss(x, y)", x=f(4), y=torch.tensor([2, 0, -1, 3]))
case("MultiLabelSoftMargin_weight", "F.multilabel_soft_margin_loss(x, y, weight=w)", x=f(3, 4), y=i(2, 3, 4).float(), w=pos(4, grad=False))
case("F_soft_margin_loss", "F.soft_margin_loss(x, y)", x=f(3, 4), y=signs(3, 4))
case("F_margin_ranking_loss", "F.margin_ranking_loss(a, b, y)", a=f(6), b=f(6), y=signs(6))
case("F_hinge_embedding_loss", "F.hinge_embedding_loss(x, y)", x=f(6), y=signs(6))
case("F_cosine_embedding_loss", "F.cosine_embedding_loss(a, b, y)", a=f(5, 4), b=f(5, 4), y=signs(5))
case("CosineEmbedding_one", "nn.CosineEmbeddingLoss()(a, b, y)", a=f(4), b=f(4), y=torch.tensor(-1.0))
case("PoissonNLL_full", "nn.PoissonNLLLoss(log_input=False, full=True)(x, y)", x=pos(3, 4), y=i(5, 3, 4).float())
case("F_poisson_nll_loss", "F.poisson_nll_loss(x, y, full=True)", x=f(3, 4), y=i(5, 3, 4).float())
case("GaussianNLL_full", "nn.GaussianNLLLoss(full=True, eps=0.3)(x, y, v)", x=f(3, 4), y=f(3, 4), v=pos(3, 4))
case("GaussianNLL_per_row", "F.gaussian_nll_loss(x, y, v)", x=f(3, 4), y=f(3, 4), v=pos(3, 1))
case("SmoothL1_edges", "F.smooth_l1_loss(x, y, reduction='none')", x=values(-2.0, -1.0, 0.0, 1.0, 2.0), y=torch.zeros(5))
case("SmoothL1_beta_0", "F.smooth_l1_loss(x, y, beta=0.0)", x=values(-2.0, 0.0, 0.0, 1.0), y=torch.zeros(4))
case("Huber_edges", "F.huber_loss(x, y, reduction='none')", x=values(-2.0, -1.0, 0.0, 1.0, 2.0), y=torch.zeros(5))
case("BCE_edges", "F.binary_cross_entropy(x, y, reduction='none')", x=values(0.0, 0.0, 1.0, 1.0, 0.0, 1.0), y=values(0.0, 1.0, 1.0, 0.0, 0.3, 0.7, grad=False))
case("BCE_edges_weight", "F.binary_cross_entropy(x, y, weight=w)", x=values(0.0, 1.0, 0.5, 1e-30), y=values(1.0, 0.0, 0.5, 0.5, grad=False), w=values(1.0, 2.0, 3.0, 0.5, grad=False))

REPRS = """
nn.ConvTranspose1d(4, 6, 3, stride=2, padding=1, output_padding=1)
nn.ConvTranspose2d(4, 3, (3, 2), groups=1, bias=False, dilation=2)
nn.ConvTranspose3d(2, 3, 2)
nn.Conv2d(4, 3, 3, padding='same', padding_mode='circular')
nn.Conv3d(2, 3, 2)
nn.Bilinear(3, 4, 5)
nn.Bilinear(3, 4, 5, bias=False)
nn.EmbeddingBag(9, 4)
nn.EmbeddingBag(9, 4, mode='sum')
nn.PReLU()
nn.ZeroPad1d(2)
nn.ZeroPad2d((1, 2, 0, 3))
nn.ZeroPad3d(1)
nn.ConstantPad1d(2, 3.5)
nn.ConstantPad2d(1, -1.0)
nn.ConstantPad3d(1, 0.5)
nn.ReflectionPad1d(2)
nn.ReflectionPad2d((1, 2, 0, 3))
nn.ReplicationPad2d(1)
nn.ReplicationPad3d(1)
nn.CircularPad1d((1, 2))
nn.CircularPad2d(1)
nn.Unfold((2, 3), padding=1)
nn.Unfold(2)
nn.Fold((4, 5), (2, 3))
nn.Upsample(scale_factor=2)
nn.Upsample(size=(7, 9), mode='bilinear')
nn.Upsample(scale_factor=(2.0, 1.5), mode='bilinear', align_corners=True)
nn.Upsample(size=5)
nn.UpsamplingNearest2d(scale_factor=2)
nn.UpsamplingBilinear2d(size=(3, 4))
nn.PixelShuffle(2)
nn.PixelUnshuffle(3)
nn.ChannelShuffle(2)
nn.Unflatten(1, (2, 3))
nn.Flatten(0, 2)
nn.AvgPool1d(3)
nn.AvgPool2d((3, 2))
nn.AvgPool3d(2)
nn.MaxPool1d(3, stride=2)
nn.MaxPool2d((2, 2))
nn.MaxPool2d((2, 3), stride=(1, 1), padding=(1, 0))
nn.MaxPool3d(2)
nn.AdaptiveAvgPool1d(3)
nn.AdaptiveAvgPool2d((3, 3))
nn.AdaptiveMaxPool2d((3, 4))
nn.AdaptiveMaxPool3d(2)
nn.LPPool1d(2, 3)
nn.LPPool2d(2.0, (2, 3), stride=2, ceil_mode=True)
nn.Threshold(0.1, 20)
nn.Threshold(0.1, 20.0)
nn.Hardshrink()
nn.Softshrink(0.7)
nn.CELU()
nn.SELU()
nn.RReLU()
nn.RReLU(0.1, 0.3)
nn.Softmin(dim=1)
nn.Softmax2d()
nn.GLU()
nn.Hardtanh()
nn.ReLU6()
nn.Mish()
nn.Tanhshrink()
nn.LogSigmoid()
nn.CosineSimilarity(dim=1)
nn.PairwiseDistance()
nn.GroupNorm(2, 4)
nn.GroupNorm(2, 4, affine=False)
nn.LayerNorm(6, elementwise_affine=False)
nn.LayerNorm((5, 6), bias=False)
nn.RMSNorm(6)
nn.LocalResponseNorm(3)
nn.InstanceNorm2d(4, affine=True)
nn.BatchNorm3d(2, momentum=None)
nn.Dropout3d(0.3)
nn.ModuleList([nn.Linear(2, 2), nn.ReLU()])
nn.ModuleDict({'a': nn.Linear(2, 3), 'act': nn.ReLU()})
nn.ModuleDict()
nn.ParameterList([nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(4))])
nn.Parameter(torch.tensor([1.0, 2.5]))
nn.HingeEmbeddingLoss()
nn.MarginRankingLoss()
nn.CosineEmbeddingLoss()
nn.TripletMarginLoss()
nn.TripletMarginWithDistanceLoss()
nn.MultiMarginLoss()
nn.MultiLabelMarginLoss()
nn.MultiLabelSoftMarginLoss()
nn.SoftMarginLoss()
nn.PoissonNLLLoss()
nn.GaussianNLLLoss()
nn.KLDivLoss(log_target=True)
nn.HuberLoss()
nn.SmoothL1Loss(beta=0.5)
list(nn.Bilinear(3, 4, 5).state_dict())
list(nn.EmbeddingBag(9, 4).state_dict())
list(nn.ConvTranspose2d(4, 3, 2).state_dict())
list(nn.BatchNorm2d(4).state_dict())
list(nn.InstanceNorm2d(4, affine=True, track_running_stats=True).state_dict())
list(nn.GroupNorm(2, 4).state_dict())
list(nn.LayerNorm(4, bias=False).state_dict())
list(nn.PReLU().state_dict())
list(nn.ModuleDict({'a': nn.Linear(2, 3), 'b': nn.PReLU()}).state_dict())
list(nn.ModuleList([nn.Linear(2, 3), nn.PReLU()]).state_dict())
list(nn.ParameterList([nn.Parameter(torch.zeros(2, 3)), nn.Parameter(torch.zeros(4))]).state_dict())
nn.BatchNorm1d(4).state_dict()['num_batches_tracked'].dtype
""".strip().splitlines()

stored, cases = {}, []
near = lambda t: {"atol": float(f"{max(2e-6, 1e-6 * t.detach().abs().nan_to_num(0, 0, 0).max().item()) if t.numel() else 2e-6:.1e}"), "rtol": 1e-5}
for name, expr, inputs in CASES:
    out = eval(expr, {"torch": torch, "nn": nn, "F": F, **inputs})
    for key, t in inputs.items():
        stored[f"{name}/in/{key}"] = t.detach()
    stored[f"{name}/out/0"] = out.detach()
    record = {"id": name, "op": expr.split("(")[0], "expr": expr, "attrs": {}, "tier": "extra",
              "inputs": [{"name": k, "dtype": DTYPES[t.dtype][1], "shape": list(t.shape), "grad": t.requires_grad} for k, t in inputs.items()],
              "outputs": [{"dtype": "f32", "shape": list(out.shape), "grad": out.requires_grad, "exact": False, **near(out)}], "grads": []}
    if out.requires_grad and any(t.requires_grad for t in inputs.values()):
        weights = torch.randn(out.shape, generator=seeded)
        stored[f"{name}/gw/0"] = weights
        (out * weights).sum().backward()
        for key, t in inputs.items():
            if t.requires_grad:
                stored[f"{name}/grad/{key}"] = t.grad
                record["grads"].append({"name": key, **near(t.grad)})
    else:
        record["outputs"][0]["grad"] = False
    cases.append(record)

header, body = {}, b""
for key, t in stored.items():
    data = t.contiguous().numpy().tobytes()
    header[key] = {"dtype": DTYPES[t.dtype][0], "shape": list(t.shape), "data_offsets": [len(body), len(body) + len(data)]}
    body += data
text = json.dumps(header).encode()
text += b" " * (-len(text) % 8)
(FOLDER / "ops_nn.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + body)
meta = {"torch": torch.__version__, "threads": 1}
lines = lambda records: "[\n" + ",\n".join(json.dumps(r, ensure_ascii=False) for r in records) + "\n]"
write = lambda file, extra, records: (FOLDER / file).write_text('{"meta": %s, %s"cases": %s}\n' % (json.dumps(meta), extra, lines(records)))
write("ops_nn.json", '"tensors": "ops_nn.safetensors", ', cases)
write("module_repr_nn.json", "", [{"expr": r, "expected": repr(eval(r))} for r in REPRS])
print(len(cases), "cases,", len(REPRS), "texts")
