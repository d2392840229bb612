"""The PyTorch twin of `examples/mnist.rs`: the same network, data, seed and lines.

    python examples/pytorch/mnist.py --seed 0

What both print side by side is in `docs/parity.md`; with `--double` no digit differs. `data/mnist` is this repository's copy of the four MNIST files. Only PyTorch and NumPy are needed. The loader
draws what `torch.utils.data.DataLoader(shuffle=True)` draws, and takes its batches from tensors in memory.
"""

import argparse
import gzip
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class Mnist(Dataset):
    """Images as `ToTensor()` and `Normalize((0.5,), (0.5,))` give them, flat, with their labels."""

    def __init__(self, folder, name):
        read = lambda kind: gzip.decompress((folder / f"{name}-{kind}-ubyte.gz").read_bytes())
        pixels = np.frombuffer(read("images-idx3"), np.uint8, offset=16).reshape(-1, 28, 28)
        self.pixels = torch.from_numpy(pixels.copy())
        self.labels = torch.from_numpy(np.frombuffer(read("labels-idx1"), np.uint8, offset=8).astype(np.int64))
        self.images = self.pixels.reshape(-1, 784).float().div(255).sub(0.5).div(0.5)

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.images[i], self.labels[i]

    def __getitems__(self, indices):
        """A batch at once: the same as image by image, but faster."""
        return self.images[indices], self.labels[indices]


def look(train):
    print(f"{len(train)} training images; the first is a {train.labels[0]}:")
    for row in train.pixels[0]:
        print("  " + "".join(" ░▒▓█"[int(v) * 4 // 255] for v in row).rstrip())
    print(f"images per class: {torch.bincount(train.labels).tolist()}\n")


def network(hidden):
    layers, inputs = [], 784
    for size in hidden:
        layers += [nn.Linear(inputs, size), nn.ReLU()]
        inputs = size
    return nn.Sequential(*layers, nn.Linear(inputs, 10))


@torch.no_grad()
def evaluate(model, test):
    model.eval()
    correct = (model(test.images).argmax(1) == test.labels).sum().item()
    model.train()
    return correct, len(test)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, default=Path("data/mnist"))
    parser.add_argument("--hidden", default="128,64")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--opt", choices=["sgd", "adam"], default="sgd")
    parser.add_argument("--lr", type=float, default=0.003)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--double", action="store_true")
    parser.add_argument("--threads", type=int, default=0)
    args = parser.parse_args()
    start = time.time()
    if args.threads:
        torch.set_num_threads(args.threads)
    train, test = Mnist(args.data, "train"), Mnist(args.data, "t10k")
    look(train)

    torch.manual_seed(args.seed)
    model = network([int(size) for size in args.hidden.split(",")])
    if args.double:
        model.double()
        for part in (train, test):
            part.images = part.images.double()
    print(f"{model}\n{sum(p.numel() for p in model.parameters())} parameters\n")
    if args.opt == "adam":
        optimizer = optim.Adam(model.parameters(), lr=args.lr)
    else:
        optimizer = optim.SGD(model.parameters(), lr=args.lr, momentum=0.9)

    loader = DataLoader(train, batch_size=args.batch, shuffle=True, collate_fn=lambda batch: batch)
    for epoch in range(1, args.epochs + 1):
        clock, total, steps = time.time(), torch.zeros((), dtype=train.images.dtype), 0
        for images, labels in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            total += loss.detach()
            steps += 1
        seconds = time.time() - clock
        correct, count = evaluate(model, test)
        accuracy = 100 * correct / count
        digits = 10 if args.double else 4
        print(f"epoch {epoch:2}  loss {total.item() / steps:.{digits}f}  test accuracy {accuracy:.2f} %  {seconds:.2f} s")
    correct, count = evaluate(model, test)
    accuracy = 100 * correct / count
    print(f"test accuracy {accuracy:.2f} % ({correct}/{count}) in {time.time() - start:.1f} s")


if __name__ == "__main__":
    main()
