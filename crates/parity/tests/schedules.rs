//! The schedules' rates, held to PyTorch's to 1e-12.

use autograd::Tensor;
use nn::optim::{
    Adam, ConstantLR, CosineAnnealingLR, CosineAnnealingWarmRestarts, ExponentialLR, LambdaLR, LinearLR,
    MultiStepLR, OneCycle, OneCycleLR, Optimizer, Plateau, PlateauMode, PolynomialLR, ReduceLROnPlateau,
    Scheduler, SequentialLR, Sgd, StepLR, Threshold,
};
use parity::load;
use serde_json::Value;

/// PyTorch's keyword arguments; one that nobody asked for fails by name.
struct Args<'a>(&'a Value, std::cell::RefCell<Vec<&'static str>>);

impl<'a> Args<'a> {
    fn new(value: &'a Value) -> Self {
        Args(value, std::cell::RefCell::default())
    }
    fn get(&self, key: &'static str) -> Option<&'a Value> {
        self.1.borrow_mut().push(key);
        self.0.get(key)
    }
    fn number(&self, key: &'static str, default: f64) -> f64 {
        self.get(key).map_or(default, |v| v.as_f64().unwrap_or_else(|| panic!("{key} is {v}")))
    }
    fn count(&self, key: &'static str, default: u64) -> u64 {
        self.get(key).map_or(default, |v| v.as_u64().unwrap_or_else(|| panic!("{key} is {v}")))
    }
    fn flag(&self, key: &'static str, default: bool) -> bool {
        self.get(key).map_or(default, |v| v.as_bool().unwrap_or_else(|| panic!("{key} is {v}")))
    }
    fn text(&self, key: &'static str, default: &'a str) -> &'a str {
        self.get(key).map_or(default, |v| v.as_str().unwrap_or_else(|| panic!("{key} is {v}")))
    }
    fn all_read(&self, id: &str) {
        for key in self.0.as_object().expect("arguments").keys() {
            assert!(self.1.borrow().contains(&key.as_str()), "{id}: argument {key} was not read");
        }
    }
}

fn scheduler(name: &str, args: &Args, opt: &mut dyn Optimizer) -> Box<dyn Scheduler> {
    match name {
        "StepLR" => Box::new(StepLR::new(opt, args.count("step_size", 0), args.number("gamma", 0.1))),
        "MultiStepLR" => {
            let milestones = args.get("milestones").expect("milestones").as_array().expect("a list");
            let milestones = milestones.iter().map(|m| m.as_u64().expect("a step")).collect();
            Box::new(MultiStepLR::new(opt, milestones, args.number("gamma", 0.1)))
        }
        "ExponentialLR" => Box::new(ExponentialLR::new(opt, args.number("gamma", 0.1))),
        "LinearLR" => {
            let (start, end) = (args.number("start_factor", 1.0 / 3.0), args.number("end_factor", 1.0));
            Box::new(LinearLR::new(opt, start, end, args.count("total_iters", 5)))
        }
        "ConstantLR" => {
            let factor = args.number("factor", 1.0 / 3.0);
            Box::new(ConstantLR::new(opt, factor, args.count("total_iters", 5)))
        }
        "PolynomialLR" => {
            Box::new(PolynomialLR::new(opt, args.count("total_iters", 5), args.number("power", 1.0)))
        }
        "CosineAnnealingLR" => {
            Box::new(CosineAnnealingLR::new(opt, args.count("T_max", 0), args.number("eta_min", 0.0)))
        }
        "CosineAnnealingWarmRestarts" => {
            let (t_0, t_mult) = (args.count("T_0", 0), args.count("T_mult", 1));
            Box::new(CosineAnnealingWarmRestarts::new(opt, t_0, t_mult, args.number("eta_min", 0.0)))
        }
        "LambdaLR" => {
            assert_eq!(args.text("formula", ""), "1/sqrt(1+epoch)");
            Box::new(LambdaLR::new(opt, |epoch| 1.0 / (1.0 + epoch as f64).sqrt()))
        }
        "OneCycleLR" => {
            let epochs = args.count("epochs", 0) * args.count("steps_per_epoch", 0);
            let steps = args.count("total_steps", epochs);
            let cycle = OneCycle {
                pct_start: args.number("pct_start", 0.3),
                linear: args.text("anneal_strategy", "cos") == "linear",
                cycle_momentum: args.flag("cycle_momentum", true),
                div_factor: args.number("div_factor", 25.0),
                final_div_factor: args.number("final_div_factor", 1e4),
                three_phase: args.flag("three_phase", false),
                ..OneCycle::new(args.number("max_lr", f64::NAN), steps)
            };
            Box::new(OneCycleLR::new(opt, cycle))
        }
        "SequentialLR" => {
            let inner = args.get("schedulers").expect("schedulers").as_array().expect("a list");
            let inner: Vec<Box<dyn Scheduler>> = inner
                .iter()
                .map(|entry| {
                    let name = entry[0].as_str().expect("a name");
                    let args = Args::new(&entry[1]);
                    let made = scheduler(name, &args, opt);
                    args.all_read(name);
                    made
                })
                .collect();
            let milestones = args.get("milestones").expect("milestones").as_array().expect("a list");
            let milestones = milestones.iter().map(|m| m.as_u64().expect("a step")).collect();
            Box::new(SequentialLR::new(opt, inner, milestones))
        }
        other => panic!("no scheduler {other}"),
    }
}

fn plateau(args: &Args, opt: &mut dyn Optimizer) -> ReduceLROnPlateau {
    let by = args.number("threshold", 1e-4);
    let settings = Plateau {
        mode: if args.text("mode", "min") == "max" { PlateauMode::Max } else { PlateauMode::Min },
        factor: args.number("factor", 0.1),
        patience: args.count("patience", 10),
        threshold: match args.text("threshold_mode", "rel") {
            "abs" => Threshold::Absolute(by),
            _ => Threshold::Relative(by),
        },
        cooldown: args.count("cooldown", 0),
        min_lr: args.number("min_lr", 0.0),
        ..Plateau::default()
    };
    ReduceLROnPlateau::new(opt, settings)
}

fn close(id: &str, step: usize, got: f64, want: f64) {
    assert!((got - want).abs() <= 1e-12 * want.abs().max(1e-9), "{id}, step {step}: {got} for {want}");
}

/// Runs a case; halfway the optimizer and the schedule are saved and put back into fresh ones.
fn run(case: &Value, resume: bool) {
    let id = case["id"].as_str().expect("an id");
    let (name, lr) = (case["scheduler"].as_str().expect("a name"), case["base_lr"].as_f64().expect("a rate"));
    let param = || vec![Tensor::ones(1, &backend_cpu::device()).into_parameter()];
    let adam = match case["optimizer"].as_str() {
        Some("Adam") => true,
        Some("SGD") => false,
        other => panic!("{id}: optimizer {other:?}"),
    };
    let make = || -> Box<dyn Optimizer> {
        if adam { Box::new(Adam::new(param(), lr)) } else { Box::new(Sgd::new(param(), lr)) }
    };
    let mut opt = make();
    let args = Args::new(&case["args"]);
    enum Kind {
        Blind(Box<dyn Scheduler>),
        Watching(ReduceLROnPlateau),
    }
    let build = |opt: &mut dyn Optimizer| match name {
        "ReduceLROnPlateau" => Kind::Watching(plateau(&args, opt)),
        _ => Kind::Blind(scheduler(name, &args, opt)),
    };
    let mut schedule = build(&mut *opt);
    args.all_read(id);
    let lrs = case["lrs"].as_array().expect("rates");
    assert!(lrs.len() >= 30, "{id}");
    for (k, want) in lrs.iter().enumerate() {
        close(id, k, opt.lrs()[0], want.as_f64().expect("a rate"));
        if let Some(momenta) = case.get("momentums") {
            close(id, k, opt.momenta().expect("momenta")[0], momenta[k].as_f64().expect("a momentum"));
        }
        opt.step();
        match &mut schedule {
            Kind::Blind(s) => s.step(&mut *opt),
            Kind::Watching(s) => s.step(case["metrics"][k].as_f64().expect("a metric"), &mut *opt),
        }
        if resume && k == 13 {
            let (rates, momenta) = (opt.lrs(), opt.momenta().expect("both have one"));
            opt = make();
            let fresh = build(&mut *opt);
            schedule = match (schedule, fresh) {
                (Kind::Blind(old), Kind::Blind(mut new)) => {
                    new.load_state_dict(&old.state_dict()).expect("its own state");
                    assert_eq!(new.last_lr(), rates, "{id}");
                    Kind::Blind(new)
                }
                (Kind::Watching(old), Kind::Watching(mut new)) => {
                    new.load_state_dict(&old.state_dict()).expect("its own state");
                    Kind::Watching(new)
                }
                _ => unreachable!("one kind"),
            };
            opt.set_lrs(&rates);
            opt.set_momenta(&momenta);
        }
    }
    close(id, lrs.len(), opt.lrs()[0], case["lr_after"].as_f64().expect("a rate"));
}

#[test]
fn rates() {
    let file = load("schedules.json");
    let cases = file["schedulers"].as_array().expect("cases");
    assert_eq!(cases.len(), 21);
    for case in cases {
        run(case, false);
        run(case, true);
    }
}
