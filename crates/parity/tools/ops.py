"""`ops.json` and `ops.safetensors`: the values and gradients of every line of `expressions.txt`."""

import math
import re
import warnings
import zlib
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from common import NAMES, write_json, write_safetensors

warnings.filterwarnings("ignore")
INF, NAN = math.inf, math.nan


def tensors(g):
    """The variables of an expression: fresh numbers from a generator, the same shapes always."""
    f = lambda *shape: torch.randn(*shape, generator=g)
    near = lambda *shape: torch.rand(*shape, generator=g)
    ints = lambda lo, hi, *shape: torch.randint(lo, hi, shape, generator=g)
    square = lambda *shape: f(*shape)
    definite = lambda t: t @ t.mT + 0.5 * torch.eye(t.shape[-1])
    return {
        "x": lambda: f(3, 4), "y": lambda: f(3, 4), "z0": lambda: f(3, 4), "r": lambda: f(4), "rp": lambda: near(4) + 0.2,
        "c": lambda: f(3, 1), "s": lambda: f(()), "a": lambda: f(2, 3, 4), "b": lambda: f(2, 4, 5), "v": lambda: f(5),
        "w": lambda: f(5), "f3": lambda: f(3), "x5": lambda: f(5, 3), "a4": lambda: f(2, 1, 3, 4), "b4": lambda: f(3, 5, 3),
        "q": lambda: near(3, 4) * 1.8 + 0.2, "q01": lambda: near(3, 4), "u": lambda: near(3, 4) * 1.9 - 0.95,
        "A": lambda: square(3, 3), "B": lambda: square(3, 3), "P": lambda: definite(square(3, 3)),
        "P2": lambda: definite(square(2, 3, 3)), "S": lambda: (lambda t: t + t.mT)(square(3, 3)),
        "k": lambda: ints(-4, 7, 3, 4), "l": lambda: ints(1, 6, 3, 4), "kk": lambda: ints(0, 2, 4, 2), "t": lambda: torch.tensor([2, 0, 3]),
        "t2": lambda: torch.tensor([1, 0]), "t3": lambda: torch.tensor([0, 2, 0]), "ta": lambda: ints(0, 3, 2, 4),
        "tX": lambda: ints(0, 3, 2, 6, 6), "gi": lambda: ints(0, 3, 3, 4), "gi1": lambda: torch.tensor([[0, 2], [3, 1], [1, 0]]),
        "K": lambda: torch.tensor([[3, 9, -2, 5], [8, 1, 0, 7], [-5, 2, 6, 4]]),
        "m": lambda: ints(0, 2, 3, 4) == 1, "g": lambda: ints(0, 2, 3, 4) == 1, "h": lambda: torch.tensor([True, False, True, False]),
        "r3": lambda: torch.tensor([True, False, True]), "m2": lambda: torch.tensor([False, True]), "D": lambda: f(3, 4).double(),
        "E": lambda: torch.tensor([NAN, INF, -INF, 0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 88.0, -104.0, 1e-30, 3e38]),
        "En": lambda: torch.tensor([[1.0, NAN, 3.0, -2.0], [NAN, NAN, 0.5, 4.0], [2.0, 0.0, -1.0, 5.0]]),
        "E0": lambda: torch.tensor([[0.0, 1.0, NAN, INF]] * 3),
        "Z": lambda: f(3, 4) * torch.tensor([[1, 0, 1, 1], [0, 1, 0, 1], [1, 1, 1, 1.0]]) * torch.tensor([[1.0], [1.0], [0.0]]).add(0),
        "T": lambda: torch.tensor([[1.0, 3.0, 3.0, 0.0], [2.0, 2.0, 2.0, 2.0], [-1.0, 0.0, -1.0, -1.0]]),
        "pm": lambda: (ints(0, 2, 3, 4) * 2 - 1).float(), "sv": lambda: torch.tensor([-1.0, -0.5, 0.0, 0.25, 1.5]),
        "empty": lambda: torch.zeros(0, 3), "L": lambda: f(2, 3, 8), "wL": lambda: f(4, 3, 3), "bL": lambda: f(4),
        "X": lambda: f(2, 3, 6, 6), "wX": lambda: f(3, 3, 3, 3), "bX": lambda: f(3), "X6": lambda: f(2, 6, 2, 3), "X4": lambda: f(1, 4, 2, 3),
        "q4": lambda: f(1, 2, 4, 3), "k4": lambda: f(1, 2, 4, 3), "v4": lambda: f(1, 2, 4, 3),
    }


# Targets, weights and running statistics that PyTorch does not differentiate, or that stay integers.
CONSTANT = {"sv", "E0", "En", "pm", "tX"}


def evaluate(expression, values):
    """Its results as a list."""
    scope = {"torch": torch, "nn": nn, "F": F, "math": math, **values}
    out = eval(expression, scope)
    return list(out) if isinstance(out, (tuple, list)) else [out]


def near(t, exact_value=None):
    """The tolerance: 1e-5 relative, plus 2e-6 of the largest number, or 16 times PyTorch's own rounding error."""
    finite = t.detach().double()[torch.isfinite(t)].abs()
    largest = finite.max().item() if finite.numel() else 0.0
    error = 0.0
    if exact_value is not None and exact_value.shape == t.shape:
        off = (t.detach().double() - exact_value.detach().double()).abs()
        off = off[torch.isfinite(off)]
        error = min(off.max().item(), largest) if off.numel() else 0.0
    return {"atol": float(f"{max(2e-6 * largest, 16 * error, 2e-9):.2g}"), "rtol": 1e-5}


def differentiable(t):
    return torch.is_tensor(t) and t.requires_grad


def run_case(expression, values, weights=None):
    """Results, and the gradients of their weighted sum."""
    outputs = evaluate(expression, values)
    leaves = {n: t for n, t in values.items() if t.requires_grad}
    grads = {}
    if weights is None:
        weights = [torch.ones_like(o) for o in outputs if differentiable(o)]
    total = sum((o * w.to(o.dtype)).sum() for o, w in zip([o for o in outputs if differentiable(o)], weights))
    if torch.is_tensor(total):
        total.backward()
        grads = {n: t.grad for n, t in leaves.items() if t.grad is not None}
    return outputs, grads


def case(name, expression, store, seed, constant=frozenset(CONSTANT)):
    g = torch.Generator().manual_seed(seed)
    pool = tensors(g)
    words = set(re.findall(r"[A-Za-z_][A-Za-z_0-9]*", re.sub(r"(\.\s*[A-Za-z_]\w*)|([A-Za-z_]\w*\s*=(?!=))|('[^']*')", " ", expression)))
    base = {n: make() for n, make in pool.items() if n in words}
    fresh = lambda dtype: {
        n: (t.to(dtype) if t.dtype == torch.float32 else t.clone()).clone().requires_grad_(t.is_floating_point() and n not in constant)
        for n, t in base.items()
    }
    values = fresh(torch.float32)
    torch.manual_seed(seed)
    probe, _ = run_case(expression, values)
    weights = [torch.randn(o.shape, generator=g) for o in probe if differentiable(o)]
    values = fresh(torch.float32)
    outputs, grads = run_case(expression, values, weights)
    try:
        wide, wide_grads = run_case(expression, fresh(torch.float64), weights)
    except Exception:
        wide, wide_grads = [None] * len(outputs), {}
    out = {"id": name, "op": re.sub(r"\W+", "_", expression)[:24], "expr": expression, "attrs": {}, "tier": "more", "inputs": [], "outputs": [], "grads": []}
    for n, t in base.items():
        store[f"{name}/in/{n}"] = t
        out["inputs"].append({"name": n, "dtype": NAMES[t.dtype], "shape": list(t.shape), "grad": values[n].requires_grad})
    weights = iter(weights)
    for k, o in enumerate(outputs):
        assert torch.is_tensor(o), f"{type(o)} is no tensor"
        if o.dtype not in NAMES:
            raise TypeError(str(o.dtype))
        store[f"{name}/out/{k}"] = o.detach().clone()
        entry = {"dtype": NAMES[o.dtype], "shape": list(o.shape), "grad": differentiable(o) and bool(grads)}
        if o.is_floating_point():
            entry.update(exact=False, **near(o, wide[k] if torch.is_tensor(wide[k]) else None))
        out["outputs"].append(entry)
        if differentiable(o):
            w = next(weights)
            if grads:
                store[f"{name}/gw/{k}"] = w
    for n, t in grads.items():
        store[f"{name}/grad/{n}"] = t
        out["grads"].append({"name": n, **near(t, wide_grads.get(n))})
    return out


def write(folder, seed, thin):
    """Returns the lines that PyTorch refuses."""
    lines = [l for l in Path(__file__).with_name("expressions.txt").read_text().splitlines() if l.strip() and not l.startswith("#")]
    chosen = [l.removesuffix("#!").rstrip() for i, l in enumerate(lines) if l.endswith("#!") or i % thin == seed % thin]
    cases, store, refused = [], {}, []
    for i, line in enumerate(chosen):
        name, draw = f"e{i}", zlib.crc32(line.encode()) + seed
        # PyTorch gives no gradient to some weights of losses, and to nothing in some functions.
        for constant in (CONSTANT, CONSTANT | {"rp", "q", "f3"}, set(tensors(None))):
            try:
                cases.append(case(name, line, store, draw, constant))
                break
            except Exception as error:
                last = f"{line}: {type(error).__name__} {error}"
        else:
            refused.append(last)
            store = {k: t for k, t in store.items() if not k.startswith(f"{name}/")}
    write_json(folder / "ops.json", {"tensors": "ops.safetensors"}, "cases", cases)
    write_safetensors(folder / "ops.safetensors", store)
    return refused
