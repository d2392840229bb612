"""`training.json`: short runs on MNIST, loss by loss."""

import gzip
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

from common import bits, fnv1a64, generator_state, write_json

STANDARD = {"scale": "u8/255", "mean": 0.5, "std": 0.5}
MNIST = {"scale": "u8/255", "mean": 0.1307, "std": 0.3081}
PLAIN = {"scale": "u8/255", "mean": None, "std": None}
RUNS = [
    # id, model, loss, optimizer, seed, batch, epochs, images, preprocessing, loader
    ("one_layer", "Linear(784,10)", "cross_entropy", "SGD(lr=0.1)", 3, 50, 1, [100, 600], PLAIN, {"shuffle": False}),
    ("tanh", "Linear(784,32) Tanh Linear(32,10)", "cross_entropy", "SGD(lr=0.05, momentum=0.9, nesterov=True)", 9, 30, 1, [0, 640], STANDARD, {"drop_last": True}),
    ("rmsprop", "Linear(784,32) Sigmoid Linear(32,10)", "cross_entropy", "RMSprop(lr=0.001)", 11, 100, 2, [500, 600], MNIST, {}),
    ("gelu", "Linear(784,24) GELU Linear(24,24) GELU Linear(24,10)", "cross_entropy", "AdamW(lr=0.001, weight_decay=0.1)", -5, 64, 1, [0, 640], STANDARD, {}),
    ("adagrad", "Linear(784,32) LeakyReLU(0.2) Linear(32,10)", "cross_entropy", "Adagrad(lr=0.01)", 2**40, 64, 1, [0, 640], STANDARD, {}),
    ("dropout", "Linear(784,48) ReLU Dropout(0.5) Linear(48,10)", "cross_entropy", "Adam(lr=0.001, amsgrad=True)", 15, 64, 2, [0, 500], MNIST, {}),
    ("nll", "Linear(784,32) Softplus Linear(32,10) LogSoftmax(dim=1)", "nll_loss", "SGD(lr=0.02, momentum=0.5)", 18, 64, 1, [0, 640], STANDARD, {}),
    ("batch_norm", "Linear(784,32) BatchNorm1d(32) ReLU Linear(32,10)", "cross_entropy", "SGD(lr=0.01)", 17, 64, 1, [0, 640], STANDARD, {}),
    ("layer_norm", "Linear(784,32) LayerNorm(32) SiLU Linear(32,10)", "cross_entropy", "SGD(lr=0.05, momentum=0.9)", 16, 64, 1, [0, 640], STANDARD, {}),
    ("cnn", "Conv2d(1,4,5) ReLU MaxPool2d(2) Flatten Linear(576,10)", "cross_entropy", "SGD(lr=0.02, momentum=0.9)", 19, 32, 1, [0, 320], STANDARD, {}),
    ("cnn_avg", "Conv2d(1,4,3,stride=2,padding=1) Tanh AvgPool2d(2) Flatten Linear(196,10)", "cross_entropy", "Adam(lr=0.002)", 20, 32, 1, [0, 320], STANDARD, {}),
    ("nadam", "Linear(784,16) ELU Linear(16,10)", "cross_entropy", "NAdam(lr=0.002)", 23, 64, 1, [0, 640], STANDARD, {}),
    ("radam", "Linear(784,16) Tanh Linear(16,10)", "cross_entropy", "RAdam(lr=0.002)", 24, 64, 1, [0, 640], STANDARD, {}),
    ("adamax", "Linear(784,16,bias=False) ReLU Linear(16,10)", "cross_entropy", "Adamax(lr=0.002)", 25, 64, 1, [0, 640], STANDARD, {}),
    ("adadelta", "Flatten Linear(784,16) ReLU Linear(16,10)", "cross_entropy", "Adadelta(lr=1.0)", 26, 64, 1, [0, 640], STANDARD, {}),
]


def idx(folder, name, head):
    """The bytes of an IDX file after its head."""
    path = folder / name
    data = path.read_bytes() if path.exists() else gzip.decompress(Path(f"{path}.gz").read_bytes())
    return np.frombuffer(data, np.uint8, offset=head)


def run(mnist, case, dtype=torch.float32):
    """One run of the protocol that the format describes."""

    def images(kind, span):
        pixels = torch.from_numpy(idx(mnist, f"{kind}-images-idx3-ubyte", 16).reshape(-1, 784)[span[0] : sum(span)].copy()).float() / 255
        labels = torch.from_numpy(idx(mnist, f"{kind}-labels-idx1-ubyte", 8)[span[0] : sum(span)].copy()).long()
        prep = case["preprocessing"]
        if prep["mean"] is not None:
            pixels = (pixels - prep["mean"]) / prep["std"]
        if not case["model"].startswith("Linear"):
            pixels = pixels.reshape(-1, 1, 28, 28)
        return pixels, labels

    torch.manual_seed(case["seed"])
    layers = [eval(f"nn.{l}" if l.endswith(")") else f"nn.{l}()", {"nn": nn}) for l in case["model"].split()]
    model = nn.Sequential(*layers)
    out = {"init": {n: {"shape": list(p.shape), "fnv1a64": fnv1a64(p.detach().numpy().tobytes()), "sum": p.sum().item()} for n, p in model.named_parameters()}}
    model = model.to(dtype)
    optimizer = eval("torch.optim." + case["optimizer"].replace("(", "(model.parameters(), ", 1), {"torch": torch, "model": model})
    x, y = images("train", case["train_images"])
    tx, ty = images("t10k", case["test_images"])
    how = {"shuffle": case.get("shuffle", True), "drop_last": case.get("drop_last", False)}
    loader = DataLoader(TensorDataset(torch.arange(len(x)), x, y), case["batch_size"], **how)
    out.update(base_seeds=[], orders=[], losses=[], test_correct=[], param_norms_after_epoch=[])
    for _ in range(case["epochs"]):
        ahead = torch.Generator()
        ahead.set_state(torch.get_rng_state())
        out["base_seeds"].append(torch.empty((), dtype=torch.int64).random_(generator=ahead).item())
        model.train()
        order = []
        for i, bx, by in loader:
            order += i.tolist()
            logits = model(bx.to(dtype))
            loss = getattr(F, case["loss"])(logits, by)
            optimizer.zero_grad()
            loss.backward()
            if not out["losses"]:
                out["first_step"] = {"logits_row0": bits(logits[0].float()), "grads": {n: {"norm": p.grad.norm().item()} for n, p in model.named_parameters()}}
            optimizer.step()
            out["losses"].append(loss.item())
        out["orders"].append({"fnv1a64": fnv1a64(np.array(order, np.int64).tobytes())})
        model.eval()
        with torch.no_grad():
            out["test_correct"].append((model(tx.to(dtype)).argmax(1) == ty).sum().item())
        out["param_norms_after_epoch"].append({n: p.norm().item() for n, p in model.named_parameters()})
    out["rng_after"] = generator_state()
    return out


def write(folder, mnist):
    cases = []
    for name, model, loss, optimizer, seed, batch, epochs, span, prep, how in RUNS:
        case = {"id": name, "model": model, "optimizer": optimizer, "loss": loss, "seed": seed, "batch_size": batch, "epochs": epochs, "train_images": span, "test_images": [0, 500], "preprocessing": prep, **how}
        single, wide = run(mnist, case), run(mnist, case, torch.float64)
        drift = max(abs(a - b) for a, b in zip(single["losses"], wide["losses"]))
        if drift > 4e-6:
            print(f"{name}: left out, it drifts by {drift:.1e} from its run in double precision")
            continue
        case.update(single, tolerance={"loss_first_50": 2e-5, "loss_all": 5e-5, "test_correct": 1}, max_abs_loss_deviation=drift)
        cases.append(case)
    write_json(folder / "training.json", {}, "cases", cases)
