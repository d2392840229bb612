"""`rng.json`: programs of draws from a seed, with the generator's state after them."""

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, RandomSampler, random_split

from common import generator_state, stored, words, write_json

DTYPES = {"f32": torch.float32, "f64": torch.float64}


def layer(cls, *names, **renamed):
    """A layer's parameters, of positional arguments by name and keywords by other names."""

    def make(a):
        rest = {renamed.get(k, k): v for k, v in a.items() if k not in names}
        module = cls(*[a[n] for n in names], **rest)
        return {n: stored(p) for n, p in module.named_parameters()}
    return make


def init(name):
    return lambda a: stored(getattr(nn.init, name)(torch.zeros(a["shape"]), **{k: v for k, v in a.items() if k != "shape"}))


def loader(a):
    """The order of each pass, with the seed that it draws first."""
    own = torch.Generator().manual_seed(a["generator_seed"]) if "generator_seed" in a else None
    data = list(range(a["n"]))
    how = {"shuffle": a.get("shuffle", False)}
    if a.get("replacement"):
        how = {"sampler": RandomSampler(data, replacement=True, num_samples=a.get("num_samples"))}
    batches = DataLoader(data, a["batch_size"], drop_last=a.get("drop_last", False), generator=own, **how)
    epochs = []
    for _ in range(a["epochs"]):
        ahead = torch.Generator()
        ahead.set_state((own or torch.default_generator).get_state())
        base = torch.empty((), dtype=torch.int64).random_(generator=ahead).item()
        got = [b.tolist() for b in batches]
        sizes = [len(got[0]), len(got[-1]), len(got)]
        epochs.append({"base_seed": base, "batch_sizes": sizes, "order": stored(torch.tensor(sum(got, [])))})
    return {"epochs": epochs}


def raw(a):
    out = stored(torch.tensor(words(a["n"]), dtype=torch.int64))
    torch.empty(a["n"] // 2, dtype=torch.int64).random_()  # an int64 takes two words
    return out


OPS = {
    "raw_u32": raw,
    "manual_seed": lambda a: torch.manual_seed(a["seed"]) and None,
    "rand": lambda a: stored(torch.rand(a["shape"], dtype=DTYPES[a.get("dtype", "f32")])),
    "randn": lambda a: stored(torch.randn(a["shape"], dtype=DTYPES[a.get("dtype", "f32")])),
    "uniform_": lambda a: stored(torch.zeros(a["shape"]).uniform_(a["from"], a["to"])),
    "normal_": lambda a: stored(torch.zeros(a["shape"]).normal_(a["mean"], a["std"])),
    "normal_transposed_view": lambda a: stored(torch.zeros(a["shape"]).t().normal_()),
    "bernoulli_": lambda a: stored(torch.zeros(a["shape"]).bernoulli_(a["p"]).bool()),
    "bernoulli": lambda a: stored(torch.bernoulli(torch.full(a["shape"], a["p"])).bool()),
    "dropout_mask": lambda a: stored(F.dropout(torch.ones(a["shape"]), a["p"])),
    "randint": lambda a: stored(torch.randint(a["low"], a["high"], a["shape"])),
    "random_i64": lambda a: stored(torch.zeros(a["shape"], dtype=torch.int64).random_()),
    "randperm": lambda a: stored(torch.randperm(a["n"])),
    "exponential_": lambda a: stored(torch.zeros(a["shape"]).exponential_(a["lambd"])),
    "multinomial": lambda a: stored(torch.multinomial(torch.tensor(a["probs"]), a["num_samples"], a["replacement"])),
    "log_normal_": lambda a: stored(torch.zeros(a["shape"]).log_normal_(a["mean"], a["std"])),
    "cauchy_": lambda a: stored(torch.zeros(a["shape"]).cauchy_(a["median"], a["sigma"])),
    "geometric_": lambda a: stored(torch.zeros(a["shape"]).geometric_(a["p"])),
    "rand_like": lambda a: stored(torch.rand_like(torch.zeros(a["shape"]))),
    "randn_like": lambda a: stored(torch.randn_like(torch.zeros(a["shape"]))),
    "randint_like": lambda a: stored(torch.randint_like(torch.zeros(a["shape"]), a["low"], a["high"])),
    "normal": lambda a: stored(torch.normal(a["mean"], a["std"], size=a["shape"])),
    "dataloader": loader,
    "random_split": lambda a: [list(p.indices) for p in random_split(range(a["n"]), a["lengths"])],
    "nn.Linear": layer(nn.Linear, "in", "out"),
    "nn.Conv1d": layer(nn.Conv1d, "in", "out", "kernel"),
    "nn.Conv2d": layer(nn.Conv2d, "in", "out", "kernel"),
    "nn.Conv3d": layer(nn.Conv3d, "in", "out", "kernel"),
    "nn.ConvTranspose1d": layer(nn.ConvTranspose1d, "in", "out", "kernel"),
    "nn.ConvTranspose2d": layer(nn.ConvTranspose2d, "in", "out", "kernel"),
    "nn.Embedding": layer(nn.Embedding, "n", "dim"),
    "nn.RNN": layer(nn.RNN, "in", "hidden", layers="num_layers"),
    "nn.LSTM": layer(nn.LSTM, "in", "hidden", layers="num_layers"),
    "nn.GRU": layer(nn.GRU, "in", "hidden", layers="num_layers"),
    "nn.MultiheadAttention": layer(nn.MultiheadAttention, "dim", "heads"),
    "nn.BatchNorm1d": layer(nn.BatchNorm1d, "n"),
    "nn.BatchNorm2d": layer(nn.BatchNorm2d, "n"),
    "nn.LayerNorm": layer(nn.LayerNorm, "n"),
    **{n: init(n) for n in ["kaiming_uniform_", "kaiming_normal_", "xavier_uniform_", "xavier_normal_", "trunc_normal_", "sparse_", "constant_", "eye_", "dirac_"]},
}
SEEDS = [5, 77, 31337, 2**31, 2**32 - 2, 2**40 + 9, 2**63 - 1, 2**64 - 1, -1, -7, -(2**40), -(2**63)]
SHAPES = [[], [1], [2], [7], [15], [16], [17], [31], [32], [33], [47], [100], [3, 5], [4, 4], [2, 3, 4], [5, 1, 7], [0], [2, 0, 3], [997]]


def programs():
    """Name and steps; every program runs from several seeds."""
    yield "raw", [("raw_u32", {"n": 6}), ("raw_u32", {"n": 626})]
    yield "rand", [("rand", {"shape": s}) for s in SHAPES] + [("rand", {"shape": s, "dtype": "f64"}) for s in SHAPES[:12:3]]
    yield "randn", [("randn", {"shape": s}) for s in SHAPES]
    yield "randn_f64", [("randn", {"shape": s, "dtype": "f64"}) for s in SHAPES[:17:2]]
    yield "mixed", [
        ("randn", {"shape": [3]}), ("rand", {"shape": [2]}), ("randn", {"shape": []}), ("randperm", {"n": 12}), ("randn", {"shape": [16]}),
        ("bernoulli_", {"shape": [5], "p": 0.3}), ("randn", {"shape": [1]}), ("randint", {"low": -5, "high": 9, "shape": [4, 3]}),
        ("normal_", {"shape": [9], "mean": -2.0, "std": 3.0}), ("dropout_mask", {"shape": [3, 3], "p": 0.3}), ("uniform_", {"shape": [6], "from": -3.0, "to": 0.5}),
        ("exponential_", {"shape": [5], "lambd": 0.7}), ("normal_", {"shape": [20], "mean": 1.0, "std": 0.5}), ("randn", {"shape": [2]}),
    ]
    yield "reseeded", [("randn", {"shape": [1]}), ("manual_seed", {"seed": 3}), ("randn", {"shape": [1]}), ("manual_seed", {"seed": -9}), ("rand", {"shape": [3]}), ("manual_seed", {"seed": 2**63 + 11}), ("rand", {"shape": [3]})]
    yield "views", [("normal_transposed_view", {"shape": [3, 7]}), ("normal_transposed_view", {"shape": [2, 2]}), ("randn", {"shape": [2]})]
    yield "uniform", [("uniform_", {"shape": [17], "from": a, "to": b}) for a, b in [(0.0, 1.0), (-1e-3, 1e-3), (5.0, 6.0), (-100.0, 1000.0), (2.0, 2.0), (1e6, 1e6 + 1)]]
    yield "normal", [("normal_", {"shape": s, "mean": m, "std": d}) for s, m, d in [([5], 0.0, 1.0), ([16], 3.0, 0.0), ([18], -1.0, 1e-3), ([40], 1e4, 2.5), ([3, 11], 0.1, 0.02)]]
    yield "bernoulli", [("bernoulli_", {"shape": [13], "p": p}) for p in (0.0, 0.01, 0.5, 0.9, 1.0)] + [("bernoulli", {"shape": [3, 5], "p": p}) for p in (0.0, 0.2, 0.7, 1.0)]
    yield "dropout", [("dropout_mask", {"shape": s, "p": p}) for s, p in [([7], 0.1), ([4, 5], 0.5), ([3, 4, 2], 0.75), ([10], 0.999), ([5], 1.0), ([5], 0.0)]]
    yield "randint", [("randint", {"low": a, "high": b, "shape": s}) for a, b, s in [(0, 2, [9]), (-10, 10, [2, 3]), (0, 1, [3]), (5, 255, [17]), (0, 2**28 - 1, [4]), (0, 2**28, [4]), (0, 2**31, [4]), (-(2**31), 2**31, [4]), (0, 2**32 + 5, [4]), (-(2**62), 2**62, [4]), (3, 10, [])]] + [("random_i64", {"shape": [3]})]
    yield "randperm", [("randperm", {"n": n}) for n in (0, 1, 2, 3, 15, 16, 17, 100, 623, 1000)]
    yield "exponential", [("exponential_", {"shape": [s], "lambd": l}) for s, l in [(1, 1.0), (16, 0.1), (19, 5.0)]]
    yield "other_distributions", [("log_normal_", {"shape": [5], "mean": 0.5, "std": 1.2}), ("cauchy_", {"shape": [17], "median": -1.0, "sigma": 0.5}), ("geometric_", {"shape": [2, 9], "p": 0.3}), ("log_normal_", {"shape": [20], "mean": 0.0, "std": 0.1}), ("randn", {"shape": [1]})]
    yield "likes", [("rand_like", {"shape": [3, 4]}), ("randn_like", {"shape": [17]}), ("randint_like", {"shape": [5], "low": -3, "high": 9}), ("normal", {"shape": [4], "mean": 2.0, "std": 0.5}), ("normal", {"shape": [3, 6], "mean": -1.0, "std": 3.0})]
    yield "multinomial", [("multinomial", {"probs": p, "num_samples": n, "replacement": r}) for p, n, r in [
        ([0.2, 0.3, 0.5], 1, False), ([0.2, 0.3, 0.5], 3, False), ([1.0, 2.0, 3.0, 4.0], 10, True), ([0.0, 1.0, 1.0], 2, False), ([[1.0, 2.0], [3.0, 0.0]], 1, True), ([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], 4, True), ([[0.1, 0.2, 0.7], [0.5, 0.25, 0.25]], 2, False)]]
    yield "linear", [("nn.Linear", {"in": i, "out": o}) for i, o in [(1, 1), (2, 5), (7, 3), (16, 16), (100, 10)]] + [("nn.Linear", {"in": 5, "out": 2, "bias": False})]
    yield "conv", [
        ("nn.Conv1d", {"in": 4, "out": 2, "kernel": 5}), ("nn.Conv2d", {"in": 3, "out": 5, "kernel": 3, "groups": 1}), ("nn.Conv2d", {"in": 4, "out": 4, "kernel": [1, 2], "groups": 4, "bias": False}),
        ("nn.Conv3d", {"in": 2, "out": 2, "kernel": 2}), ("nn.ConvTranspose1d", {"in": 3, "out": 4, "kernel": 3}), ("nn.ConvTranspose2d", {"in": 4, "out": 2, "kernel": 3, "groups": 2}),
        ("nn.Conv2d", {"in": 1, "out": 8, "kernel": 5, "stride": 2})]
    yield "layers", [
        ("nn.Embedding", {"n": 7, "dim": 5}), ("nn.Embedding", {"n": 4, "dim": 3, "padding_idx": 2}), ("nn.RNN", {"in": 2, "hidden": 3, "layers": 2, "bidirectional": True}), ("nn.LSTM", {"in": 4, "hidden": 2, "bias": False}),
        ("nn.GRU", {"in": 3, "hidden": 4, "layers": 2}), ("nn.LSTM", {"in": 2, "hidden": 3, "bidirectional": True}), ("nn.MultiheadAttention", {"dim": 6, "heads": 3}), ("nn.BatchNorm1d", {"n": 5}), ("nn.LayerNorm", {"n": 6})]
    yield "kaiming", [(n, {"shape": s, **o}) for n in ("kaiming_uniform_", "kaiming_normal_") for s, o in [([3, 5], {}), ([20, 10], {"nonlinearity": "relu"}), ([4, 2, 3, 3], {"mode": "fan_out"}), ([6, 6], {"a": 0.2}), ([5, 4], {"a": 5**0.5}), ([3, 3], {"nonlinearity": "selu"}), ([3, 8], {"nonlinearity": "sigmoid"}), ([2, 9], {"nonlinearity": "linear", "mode": "fan_out"}), ([2, 3, 4], {})]]
    yield "xavier", [(n, {"shape": s, **o}) for n in ("xavier_uniform_", "xavier_normal_") for s, o in [([3, 5], {}), ([20, 10], {"gain": 0.5}), ([4, 2, 3, 3], {}), ([2, 2], {"gain": 5 / 3})]]
    yield "trunc_normal", [("trunc_normal_", {"shape": s, **o}) for s, o in [([3, 4], {}), ([50], {"std": 0.02}), ([6, 3], {"mean": 1.0, "std": 0.5, "a": 0.0, "b": 3.0}), ([20], {"a": 1.5, "b": 3.0}), ([9], {"a": -5.0, "b": -2.5}), ([16], {"std": 2.0})]]
    yield "inits", [("sparse_", {"shape": [6, 4], "sparsity": 0.3}), ("sparse_", {"shape": [5, 3], "sparsity": 0.5, "std": 1.0}), ("constant_", {"shape": [3], "val": 0.3}), ("eye_", {"shape": [3, 4]}), ("dirac_", {"shape": [4, 2, 3]})]
    yield "loader", [("dataloader", {"n": n, "batch_size": b, "epochs": 2, **o}) for n, b, o in [(7, 2, {"shuffle": True}), (9, 3, {"shuffle": False}), (20, 6, {"shuffle": True, "drop_last": True}), (100, 32, {"shuffle": True}), (5, 8, {"shuffle": True}), (1, 1, {"shuffle": True}), (12, 5, {"shuffle": True, "generator_seed": 4}), (12, 5, {"shuffle": False, "generator_seed": -4}), (6, 4, {"replacement": True, "num_samples": 33}), (6, 4, {"replacement": True, "num_samples": 32}), (6, 4, {"replacement": True})]] + [("rand", {"shape": [2]})]
    yield "split", [("random_split", {"n": n, "lengths": l}) for n, l in [(10, [6, 2, 2]), (11, [0.8, 0.2]), (7, [0.5, 0.5]), (100, [0.6, 0.2, 0.2]), (5, [5]), (5, [0.33, 0.33, 0.34]), (4, [4, 0])]]


def write(folder, seed, per_program=1):
    cases = []
    for i, (name, steps) in enumerate(programs()):
        for j in range(per_program):
            s = SEEDS[(i * per_program + j + seed) % len(SEEDS)]
            torch.manual_seed(s)
            done = []
            for op, args in steps:
                out = OPS[op](args)
                done.append({"op": op, "args": args} | ({} if out is None else {"out": out}))
            cases.append({"id": f"{name}_{s}", "seed": s, "steps": done, "after": generator_state()})
    write_json(folder / "rng.json", {}, "cases", cases)
