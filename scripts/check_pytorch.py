"""Holds Firebrand's files against real PyTorch, NumPy and safetensors, in both directions.

    python3 -m venv venv && venv/bin/pip install torch numpy safetensors
    venv/bin/python scripts/check_pytorch.py

Python writes files of every kind; Firebrand reads each and writes it again; Python reads that (with
weights_only=True) and compares every value, element type, stride and container. Run by hand: the
results are in docs/interop.md.
"""
import collections, pathlib, subprocess, sys, tempfile, zipfile
import numpy as np
import safetensors.torch
import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent
WIDER = {torch.float16: torch.float32, torch.bfloat16: torch.float32, torch.int8: torch.int32,
         torch.int16: torch.int32, torch.uint16: torch.int32, torch.uint32: torch.int64, torch.uint64: torch.int64}
compared = 0


def same(a, b, where="", strides=True):
    global compared
    if isinstance(a, torch.Tensor):
        compared += 1
        want = WIDER.get(a.dtype, a.dtype)
        assert b.dtype == want, (where, a.dtype, b.dtype)
        assert a.shape == b.shape, (where, a.shape, b.shape)
        if strides and a.numel() > 0:
            assert all(s == t for s, t, n in zip(a.stride(), b.stride(), a.shape) if n > 1), (where, a.stride(), b.stride())
            assert a.storage_offset() == b.storage_offset(), where
        assert torch.equal(torch.nan_to_num(a.detach().to(want)), torch.nan_to_num(b.detach())), (where, a, b)
        assert (isinstance(a, torch.nn.Parameter), a.requires_grad) == (isinstance(b, torch.nn.Parameter), b.requires_grad), where
        return
    assert type(a) is type(b), (where, type(a), type(b))
    if isinstance(a, dict):
        assert list(a) == list(b), (where, list(a), list(b))
        for key in a:
            same(a[key], b[key], f"{where}.{key}", strides)
    elif isinstance(a, (list, tuple)):
        assert len(a) == len(b), where
        for i, (x, y) in enumerate(zip(a, b)):
            same(x, y, f"{where}.{i}", strides)
    else:
        compared += 1
        assert a == b or a != a and b != b, (where, a, b)


def objects():
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU(),
                              torch.nn.Flatten(), torch.nn.Linear(676, 10), torch.nn.LSTM(10, 3, 2))
    adam = torch.optim.Adam(net[4].parameters(), 1e-3)
    net[4](torch.randn(2, 676)).sum().backward()
    adam.step()
    base = torch.arange(24.).reshape(2, 3, 4)
    types = [torch.float16, torch.bfloat16, torch.float32, torch.float64, torch.int8, torch.int16, torch.int32,
             torch.int64, torch.uint8, torch.uint16, torch.uint32, torch.uint64, torch.bool]
    return {
        "state_dict": net.state_dict(),
        "adam": adam.state_dict(),
        "checkpoint": {"epoch": 3, "model": net.state_dict(), "optimizer": adam.state_dict(), "rng": torch.get_rng_state(),
                       "best": None, "done": True, "big": 1 << 40, "neg": -5, "low": -2**63, "loss": float("nan"),
                       "inf": float("inf"), "nested": [1, (2, [3.5, "é"]), {}, (), []], 7: {8: "int keys"},
                       "ordered": collections.OrderedDict(a=1), "labels": ["a long label, repeated"] * 1000},
        "types": {str(t): torch.tensor([0, 1, 100]).to(t) for t in types},
        "views": {"base": base, "t": base.transpose(0, 2), "slice": base[1, 1:], "step": base[:, :, ::2],
                  "expand": base[0, 0, :1].expand(5), "scalar": base[1, 2, 3], "empty": base[:0],
                  "grad": torch.ones(2, requires_grad=True), "param": torch.nn.Parameter(torch.ones(2)),
                  "frozen": torch.nn.Parameter(torch.ones(2), requires_grad=False)},
        "tensor": torch.randn(3, 4),
        "many": {f"w{i}": torch.full((3,), float(i)) for i in range(1000)},
    }


def arrays():
    out = {f"{np.dtype(kind).name}_{'big' if order == '>' else 'little'}": np.array([[0, 1, 2], [3, 4, 100]]).astype(order + kind)
           for order in "<>" for kind in ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "?")}
    out["fortran"] = np.asfortranarray(np.arange(12.).reshape(3, 4))
    out["scalar"] = np.array(2.5, np.float32)
    out["empty"] = np.zeros((0, 3), np.int64)
    return out


def same_array(a, b, where):
    global compared
    compared += 1
    want = {"float16": "float32", "int8": "int32", "int16": "int32", "uint16": "int32", "uint32": "int64",
            "uint64": "int64"}.get(a.dtype.name, a.dtype.name)
    assert b.dtype.name == want and a.shape == b.shape and np.array_equal(a, b), (where, a.dtype, b.dtype)
    assert a.flags.f_contiguous == b.flags.f_contiguous, where


def main():
    folder = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp())
    values, named = objects(), arrays()
    for name, value in values.items():
        torch.save(value, folder / f"{name}.from_python.pt")
    torch.serialization.set_crc32_options(False)
    torch.save(values["types"], folder / "no_checksums.from_python.pt")
    torch.serialization.set_crc32_options(True)
    flat = {k: v.contiguous().clone() for k, v in values["state_dict"].items()} | \
           {k: v for k, v in values["types"].items()}
    safetensors.torch.save_file(flat, folder / "flat.from_python.safetensors", {"format": "pt"})
    for name, array in named.items():
        np.save(folder / f"{name}.from_python.npy", array)
    with open(folder / "version3.from_python.npy", "wb") as f:
        np.lib.format.write_array(f, named["fortran"], version=(3, 0))
    np.savez(folder / "all.from_python.npz", **named)
    np.savez_compressed(folder / "all_compressed.from_python.npz", **named)

    subprocess.run(["cargo", "run", "-q", "-p", "firebrand-formats", "--example", "pytorch_exchange", "--", folder],
                   cwd=ROOT, check=True)

    for name, value in values.items():
        back = torch.load(folder / f"{name}.from_firebrand.pt", weights_only=True)
        same(value, back, name)
        zipfile.ZipFile(folder / f"{name}.from_firebrand.pt").testzip()
    views = torch.load(folder / "views.from_firebrand.pt", weights_only=True)
    assert views["t"].untyped_storage().data_ptr() == views["base"].untyped_storage().data_ptr(), "storages are shared"
    torch.load(folder / "state_dict.from_firebrand.pt", weights_only=True, mmap=True)
    same(values["types"], torch.load(folder / "no_checksums.from_firebrand.pt", weights_only=True), "no_checksums")
    back = safetensors.torch.load_file(folder / "flat.from_firebrand.safetensors")
    same(dict(sorted(flat.items())), dict(sorted(back.items())), "safetensors", strides=False)
    twin = torch.load(folder / "flat.from_firebrand.safetensors.pt", weights_only=True)
    same(dict(sorted(back.items())), dict(sorted(twin.items())), "twin")
    for name, array in named.items():
        same_array(array, np.load(folder / f"{name}.from_firebrand.npy"), name)
    same_array(named["fortran"], np.load(folder / "version3.from_firebrand.npy"), "version3")
    for archive in ("all", "all_compressed"):
        back = np.load(folder / f"{archive}.from_firebrand.npz")
        assert list(back) == list(named)
        for name, array in named.items():
            same_array(array, back[name], name)
    print(f"torch {torch.__version__}, numpy {np.__version__}, safetensors {safetensors.__version__}: "
          f"{compared} values and tensors compared, all equal")


main()
