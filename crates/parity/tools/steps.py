"""`optim.json`, `schedules.json`: optimisers, learning rates, clipped gradients, step by step."""

import json
import math

import torch
from torch.optim import lr_scheduler

from common import META, bits, write_json

SHAPES = [[3, 4], [5]]
STEPS = 7  # RAdam can tell the variance from the sixth on
OPTIMIZERS = [
    ("SGD", {"lr": 0.02}), ("SGD", {"lr": 0.02, "momentum": 0.5}), ("SGD", {"lr": 0.01, "momentum": 0.95, "dampening": 0.3}), ("SGD", {"lr": 0.01, "momentum": 0.8, "nesterov": True, "weight_decay": 0.05}), ("SGD", {"lr": 0.01, "maximize": True}), ("SGD", {"lr": 0.05, "momentum": 0.9, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.01}), ("Adam", {"lr": 0.02, "betas": [0.7, 0.9]}), ("Adam", {"eps": 1e-3}), ("Adam", {"lr": 0.01, "weight_decay": 0.3, "amsgrad": True}), ("Adam", {"lr": 0.01, "maximize": True}), ("Adam", {"betas": [0.0, 0.99]}), ("Adam", {"lr": 0.1, "betas": [0.4, 0.5], "eps": 1e-10}),
    ("AdamW", {"lr": 0.05}), ("AdamW", {"lr": 0.01, "weight_decay": 0.0}), ("AdamW", {"lr": 0.01, "amsgrad": True, "weight_decay": 0.5}), ("AdamW", {"maximize": True, "betas": [0.8, 0.9]}),
    ("RMSprop", {}), ("RMSprop", {"lr": 0.02, "alpha": 0.5, "eps": 1e-4}), ("RMSprop", {"lr": 0.005, "momentum": 0.5, "centered": True, "weight_decay": 0.1}), ("RMSprop", {"lr": 0.01, "maximize": True}),
    ("Adagrad", {}), ("Adagrad", {"lr": 0.2, "lr_decay": 0.1}), ("Adagrad", {"lr": 0.05, "weight_decay": 0.1, "eps": 1e-6}), ("Adagrad", {"lr": 0.05, "maximize": True}),
    ("Adadelta", {}), ("Adadelta", {"lr": 0.5, "rho": 0.8, "eps": 1e-4, "weight_decay": 0.1}), ("Adadelta", {"maximize": True}),
    ("Adamax", {}), ("Adamax", {"lr": 0.01, "betas": [0.8, 0.95], "weight_decay": 0.1, "eps": 1e-6}), ("Adamax", {"maximize": True}),
    ("NAdam", {}), ("NAdam", {"lr": 0.01, "weight_decay": 0.1, "momentum_decay": 0.01}), ("NAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}), ("NAdam", {"maximize": True}),
    ("RAdam", {}), ("RAdam", {"lr": 0.01, "weight_decay": 0.1}), ("RAdam", {"lr": 0.01, "weight_decay": 0.1, "decoupled_weight_decay": True}), ("RAdam", {"betas": [0.5, 0.7]}),
    ("Rprop", {}), ("Rprop", {"lr": 0.1, "etas": [0.3, 1.5], "step_sizes": [0.05, 0.2]}), ("Rprop", {"maximize": True}),
    ("ASGD", {}), ("ASGD", {"lr": 0.1, "lambd": 0.05, "alpha": 0.5, "t0": 2, "weight_decay": 0.1}), ("ASGD", {"maximize": True, "lambd": 0.0}),
]


def optim(folder, seed):
    """Parameters after each step."""
    g = torch.Generator().manual_seed(seed)
    f = lambda s: torch.randn(s, generator=g)
    initial = [f(s) for s in SHAPES]
    fixed = [[f(s) for s in SHAPES] for _ in range(STEPS)]
    quadratic = {"c": [torch.rand(s, generator=g) * 2 + 0.2 for s in SHAPES], "t": [f(s) for s in SHAPES]}

    def trajectory(name, args, kind):
        params = [t.clone().requires_grad_() for t in initial]
        opt = getattr(torch.optim, name)(params, foreach=False, **args)
        out = []
        for k in range(STEPS):
            for i, p in enumerate(params):
                p.grad = fixed[k][i].clone() if kind == "fixed" else (quadratic["c"][i] * (p.detach() - quadratic["t"][i]))
            opt.step()
            out.append([bits(p) for p in params])
        return out

    cases = []
    for n, (name, args) in enumerate(OPTIMIZERS):
        for kind in ("fixed", "quadratic"):
            case = {"id": f"{name.lower()}_{n}_{kind}", "optimizer": name, "args": args, "gradient": kind, "steps": STEPS, "params": trajectory(name, args, kind)}
            # A correctly rounded root; PyTorch's own is an ulp off at times.
            torch.Tensor.sqrt = lambda x: SQRT(x.double()).to(x.dtype)
            torch.Tensor.sqrt_ = lambda x: x.copy_(torch.Tensor.sqrt(x))
            exact = trajectory(name, args, kind)
            torch.Tensor.sqrt, torch.Tensor.sqrt_ = SQRT, SQRT_
            if exact != case["params"]:
                case["params_exact_sqrt"] = exact
            case["exact"] = name == "SGD"
            cases.append(case)
    head = {"shapes": SHAPES, "initial": [bits(t) for t in initial], "fixed_gradients": [[bits(t) for t in step] for step in fixed], "quadratic": {k: [bits(t) for t in v] for k, v in quadratic.items()}}
    write_json(folder / "optim.json", head, "trajectories", cases)


SQRT, SQRT_ = torch.Tensor.sqrt, torch.Tensor.sqrt_

SCHEDULERS = [
    ("StepLR", {"step_size": 4}), ("StepLR", {"step_size": 1, "gamma": 0.95}), ("MultiStepLR", {"milestones": [3, 3, 9]}), ("MultiStepLR", {"milestones": [2, 4, 8], "gamma": 0.5}), ("ExponentialLR", {"gamma": 0.5}), ("ExponentialLR", {"gamma": 1.1}),
    ("LinearLR", {"start_factor": 0.5, "end_factor": 0.25, "total_iters": 7}), ("LinearLR", {"total_iters": 1}), ("ConstantLR", {}), ("ConstantLR", {"factor": 0.1, "total_iters": 1}), ("PolynomialLR", {}), ("PolynomialLR", {"total_iters": 13, "power": 0.5}),
    ("CosineAnnealingLR", {"T_max": 5}), ("CosineAnnealingLR", {"T_max": 7, "eta_min": 0.01}), ("CosineAnnealingLR", {"T_max": 1}), ("CosineAnnealingLR", {"T_max": 100}), ("CosineAnnealingWarmRestarts", {"T_0": 4}), ("CosineAnnealingWarmRestarts", {"T_0": 3, "T_mult": 3, "eta_min": 0.01}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 40, "pct_start": 0.5}), ("OneCycleLR", {"max_lr": 0.02, "total_steps": 45, "three_phase": True, "anneal_strategy": "linear", "pct_start": 0.4}), ("OneCycleLR", {"max_lr": 1.0, "epochs": 8, "steps_per_epoch": 4, "base_momentum": 0.8, "max_momentum": 0.9}),
    ("LambdaLR", {"formula": "0.9**epoch"}), ("LambdaLR", {"formula": "min(1, (epoch+1)/5)"}), ("LambdaLR", {"formula": "1 if epoch < 6 else 0.1"}), ("MultiplicativeLR", {"formula": "0.95"}), ("MultiplicativeLR", {"formula": "1-epoch/100"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 5, "cycle_momentum": False}), ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "step_size_down": 4, "mode": "triangular2", "cycle_momentum": False}), ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 4, "mode": "exp_range", "gamma": 0.97, "cycle_momentum": False}), ("CyclicLR", {"base_lr": 0.001, "max_lr": 0.05, "step_size_up": 6}),
    ("SequentialLR", {"schedulers": [["ConstantLR", {"factor": 0.1, "total_iters": 2}], ["ExponentialLR", {"gamma": 0.9}]], "milestones": [4]}), ("SequentialLR", {"schedulers": [["LinearLR", {"total_iters": 4}], ["StepLR", {"step_size": 3}], ["CosineAnnealingLR", {"T_max": 10}]], "milestones": [4, 12]}),
    ("ChainedScheduler", {"schedulers": [["ConstantLR", {"factor": 0.1, "total_iters": 2}], ["ExponentialLR", {"gamma": 0.9}]]}), ("ChainedScheduler", {"schedulers": [["LinearLR", {}], ["StepLR", {"step_size": 4}]]}),
    ("ReduceLROnPlateau", {}), ("ReduceLROnPlateau", {"patience": 0}), ("ReduceLROnPlateau", {"mode": "max", "factor": 0.5, "patience": 2, "threshold": 0.05, "threshold_mode": "abs"}), ("ReduceLROnPlateau", {"patience": 1, "cooldown": 2, "min_lr": 0.001, "eps": 1e-3}),
]


def schedules(folder, seed):
    """Rates before each step, and gradients clipped."""
    g = torch.Generator().manual_seed(seed)
    cases = []

    def make(name, args, opt):
        args = dict(args)
        if "schedulers" in args:
            args["schedulers"] = [make(n, a, opt) for n, a in args["schedulers"]]
        if "formula" in args:
            formula = args.pop("formula")
            args["lr_lambda"] = lambda epoch: eval(formula, {"epoch": epoch, "sqrt": math.sqrt, "math": math})
        if name == "ChainedScheduler":
            return lr_scheduler.ChainedScheduler(optimizer=opt, **args)
        return getattr(lr_scheduler, name)(opt, **args)

    for n, (name, args) in enumerate(SCHEDULERS):
        cycled = name == "OneCycleLR" or (name == "CyclicLR" and args.get("cycle_momentum", True))
        kind = "Adam" if cycled and n % 2 else "SGD"
        base = [0.1, 0.05, 0.3][n % 3]
        p = torch.zeros(1, requires_grad=True)
        p.grad = torch.zeros(1)
        opt = getattr(torch.optim, kind)([p], lr=base, **({"momentum": 0.9} if cycled and kind == "SGD" else {}))
        s = make(name, args, opt)
        case = {"id": f"{name}_{n}", "scheduler": name, "args": args, "base_lr": base, "optimizer": kind, "lrs": []}
        metrics = (torch.rand(30, generator=g) + torch.linspace(2, 1.2, 30)).tolist() if name == "ReduceLROnPlateau" else None
        momenta = []
        for k in range(30):
            group = opt.param_groups[0]
            case["lrs"].append(float(group["lr"]))
            momenta.append(group["momentum"] if kind == "SGD" else group["betas"][0])
            opt.step()
            s.step(metrics[k]) if metrics else s.step()
        case["lr_after"] = float(opt.param_groups[0]["lr"])
        if cycled:
            case["momentums"] = momenta
        if metrics:
            case["metrics"] = metrics
        cases.append(case)
    clips = []
    for n, (kind, amount, norm) in enumerate([("norm", 0.3, 2.0), ("norm", 100.0, 2.0), ("norm", 1.5, 1.0), ("norm", 1.0, 3.0), ("norm", 0.2, "inf"), ("norm", 1.0, 0.5), ("value", 0.2, None), ("value", 3.0, None), ("norm", 0.0, 2.0)]):
        shapes = [[4, 2], [3], [1], []]
        grads = [torch.randn(s, generator=g) * 2 for s in shapes]
        ps = [torch.zeros(s, requires_grad=True) for s in shapes]
        for p, d in zip(ps, grads):
            p.grad = d.clone()
        case = {"id": f"{kind}_{n}", "kind": kind, "shapes": shapes, "grads": [bits(d) for d in grads]}
        if kind == "norm":
            total = torch.nn.utils.clip_grad_norm_(ps, amount, float(norm), foreach=False)
            case.update(max_norm=amount, norm_type=norm, total_norm=total.item())
        else:
            torch.nn.utils.clip_grad_value_(ps, amount)
            case["clip_value"] = amount
        case["clipped"] = [bits(p.grad) for p in ps]
        clips.append(case)
    dump = lambda c: ",\n".join(json.dumps(v, separators=(",", ":")) for v in c)
    (folder / "schedules.json").write_text(f'{{"meta":{json.dumps(META)},\n"schedulers":[\n{dump(cases)}\n],\n"clipping":[\n{dump(clips)}\n]}}\n')
