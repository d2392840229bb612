"""`display.json` and `module_repr.json`: what PyTorch prints."""

import math
from pathlib import Path

import torch
import torch.nn as nn

from common import NAMES, bits, write_json

CODES = {**NAMES, torch.float16: "f16", torch.bfloat16: "bf16", torch.int16: "i16", torch.int8: "i8"}


def values(t):
    t = t.detach()
    if t.dtype in (torch.float16, torch.bfloat16):
        return {"bits": [v & 0xFFFF for v in t.contiguous().view(torch.int16).flatten().tolist()]}
    return {"bits": bits(t)} if t.is_floating_point() else {"data": [int(v) for v in t.flatten().tolist()]}


def tensors(g):
    f = lambda *s: torch.randn(s, generator=g)
    u = lambda *s: torch.rand(s, generator=g)
    i = lambda lo, hi, *s: torch.randint(lo, hi, s, generator=g)
    shapes = [(), (1,), (2,), (5,), (9,), (13,), (1, 1), (2, 3), (3, 4), (4, 10), (7, 1), (2, 2, 2), (1, 3, 5), (3, 1, 2, 2), (2, 1, 1, 3), (0,), (3, 0), (0, 4), (2, 0, 3)]
    for s in shapes:
        yield f(*s)
        yield f(*s) * 10.0 ** i(-8, 9).item()
        yield i(-1000, 1000, *s)
        yield i(0, 2, *s).bool()
        yield f(*s).double() * 10.0 ** i(-12, 13).item()
    for s in [(12,), (3, 4), (2, 2, 3), (25,)]:
        base = f(*s)
        for make in [
            lambda t: t * 1e5, lambda t: t * 1e-5, lambda t: t.exp() * 100, lambda t: t.mul(3).round(), lambda t: t.mul(3).round() * 1e4, lambda t: t.mul(30).round() * 1e7,
            lambda t: torch.where(t > 0, t, math.nan), lambda t: torch.where(t > 0, t, math.inf), lambda t: torch.where(t > 0, t.round(), -math.inf), lambda t: torch.where(t > 0, t * 0, t * 1e-6),
            lambda t: torch.where(t > 0, t * 0, t), lambda t: torch.full_like(t, math.nan), lambda t: torch.zeros_like(t) * t, lambda t: t * 999.99, lambda t: t.abs() * 1000 + 1, lambda t: 10 ** (t * 3), lambda t: t * 1e20, lambda t: t * 1e-40,
            lambda t: (t * 1000).round() / 1000, lambda t: t.half(), lambda t: t.bfloat16(), lambda t: (t * 100).to(torch.int16), lambda t: (t * 30).to(torch.int8), lambda t: (t * 1e9).to(torch.int32), lambda t: (t * 1e17).long(), lambda t: (t.abs() * 50).to(torch.uint8), lambda t: t.double(), lambda t: (t * 1e9).double().round(),
        ]:
            yield make(base)
    for s in [(1001,), (2000,), (40, 30), (7, 200), (200, 7), (11, 10, 10), (3, 20, 20), (5, 6, 7, 8), (1200, 1), (1, 1300), (6, 6, 30)]:
        yield f(*s)
        yield f(*s) * 1e6
        yield torch.arange(math.prod(s)).reshape(s)
        yield i(0, 2, *s).bool()
        yield u(*s).double()
    for v in [0.0, -0.0, 1.0, 1.5, 1e-4, 1e-5, 123456.0, 1e8, 1.1e8, 99999.5, math.inf, -math.inf, math.nan, 0.99995, 0.1, -3.0, 1e38]:
        yield torch.tensor(v)
        yield torch.tensor([v, 1.0])
        yield torch.tensor([v, -0.5, 1000.25])
        yield torch.tensor([[v], [2.0]], dtype=torch.float64)


OPTIONS = [
    {"precision": 2}, {"precision": 6}, {"precision": 0}, {"precision": 10}, {"linewidth": 40}, {"linewidth": 120}, {"linewidth": 20}, {"threshold": 5}, {"threshold": 0, "edgeitems": 2}, {"edgeitems": 1, "threshold": 3}, {"edgeitems": 5}, {"sci_mode": True}, {"sci_mode": False},
    {"profile": "short"}, {"profile": "full"}, {"profile": "short", "precision": 3}, {"profile": "default"}, {"sci_mode": True, "precision": 1}, {"threshold": 10, "edgeitems": 2, "linewidth": 60},
]


def display(folder, seed, thin):
    g = torch.Generator().manual_seed(seed)
    cases, long, count = [], 0, {"all": 0}

    def add(t, **how):
        nonlocal long
        count["all"] += 1
        long += t.numel() > 150
        # A few of the long ones tell all that there is to tell.
        if count["all"] % thin != seed % thin or (t.numel() > 150 and long > 12):
            return
        options = how.get("options", {})
        torch.set_printoptions(profile="default")
        torch.set_printoptions(**options)
        text = how.pop("text", None) or repr(t)
        torch.set_printoptions(profile="default")
        cases.append({"id": f"d{len(cases)}", "dtype": CODES[t.dtype], "shape": list(t.shape), **values(t), **how, "expected": text})

    plain = list(tensors(g))
    for t in plain:
        add(t)
    floats = [t for t in plain if t.dtype in (torch.float32, torch.float64)]
    for k, t in enumerate(floats[::3]):
        add(t.clone().requires_grad_(), requires_grad=True)
    for t in floats[1:120:8]:
        add(nn.Parameter(t.clone()), requires_grad=True, parameter=True)
        frozen = nn.Parameter(t.clone(), requires_grad=False)
        add(frozen, parameter=True)
    rules = [lambda t: t * 1, lambda t: t.sum(), lambda t: t.relu(), lambda t: t.reshape(-1), lambda t: t.unsqueeze(0), lambda t: t.exp(), lambda t: t.softmax(-1), lambda t: t - 2, lambda t: t.mean()]
    for k, t in enumerate(floats[2::5]):
        y = rules[k % len(rules)](t.clone().requires_grad_())
        add(y, grad_fn=type(y.grad_fn).__name__)
    for k, o in enumerate(OPTIONS):
        for t in plain[k % 7 : 200 : 23]:
            add(t, options=o)
    for t in floats[5:200:37]:
        add(t.clone().requires_grad_(), options={"linewidth": 50}, requires_grad=True)
    write_json(folder / "display.json", {}, "cases", cases)


def reprs(folder):
    cases = []
    for line in Path(__file__).with_name("modules.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            cases.append({"expr": line, "expected": repr(eval(line, {"torch": torch, "nn": nn, "optim": torch.optim}))})
    write_json(folder / "module_repr.json", {}, "cases", cases)
