"""Draws a folder of parity fixtures: what PyTorch computes, prints, draws and trains.

The numbers of `fixtures/parity-more` were made by PyTorch 2.15.0 (CPU, x86-64 with AVX2, one thread) and this
script, whose format is that of `fixtures/parity`; no product or test needs PyTorch. To draw them again, or other
ones with another seed and a smaller `--thin`:

    python crates/parity/tools/fixtures.py fixtures/parity-more --seed 7 --thin 8
    cargo xtask parity fixtures/parity-more

`expressions.txt` and `modules.txt` list what is evaluated and printed; optimizers, schedules, training runs and
programs of draws stand in `steps.py`, `runs.py` and `draws.py`.
"""

import argparse
from pathlib import Path

import draws
import ops
import runs
import steps
import texts


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--thin", type=int, default=8, help="one of so many expressions and texts is drawn")
    parser.add_argument("--mnist", type=Path, default=Path("data/mnist"))
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    for line in ops.write(args.folder, args.seed, args.thin):
        print("PyTorch refuses", line)
    draws.write(args.folder, args.seed)
    texts.display(args.folder, args.seed, max(args.thin // 2, 1))
    texts.reprs(args.folder)
    steps.optim(args.folder, args.seed)
    steps.schedules(args.folder, args.seed)
    runs.write(args.folder, args.mnist)


main()
