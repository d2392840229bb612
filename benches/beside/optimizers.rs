//! Steps of optimizers over the parameters of a network of 784, 512, 512 and 10.

use super::{Outcome, Pair};
use firebrand::nn::{self, Module};
use firebrand::optim::{Adadelta, Adagrad, Adam, AdamW, Adamax, NAdam, Optimizer, RAdam, RmsProp, Sgd};
use firebrand::{Tensor, cpu};

pub fn all(pair: &mut Pair) -> Outcome {
    let device = &cpu();
    let m = nn::seq![
        nn::Linear::new(784, 512, device),
        nn::Linear::new(512, 512, device),
        nn::Linear::new(512, 10, device)
    ];
    m.forward(&Tensor::randn([64, 784], device)).sum().backward();
    let mut case = |code: &str, mut optimizer: Box<dyn Optimizer>| {
        let setup = "m = nn.Sequential(nn.Linear(784, 512), nn.Linear(512, 512), nn.Linear(512, 10))\n\
                     m(torch.randn(64, 784)).sum().backward()\nps = m.parameters()";
        pair.section("step 784-512-512-10", &format!("{setup}\no = torch.optim.{code}"))?;
        pair.named(code, "o.step()", || optimizer.step())
    };
    // Rates so small that nothing grows beyond its numbers, however often it is measured.
    let (p, lr) = (|| m.parameters(), 1e-9);
    case("SGD(ps, 1e-9)", Box::new(Sgd::new(p(), lr)))?;
    case("SGD(ps, 1e-9, momentum=0.9)", Box::new(Sgd::new(p(), lr).momentum(0.9)))?;
    case(
        "SGD(ps, 1e-9, 0.9, weight_decay=0.1, nesterov=True)",
        Box::new(Sgd::new(p(), lr).momentum(0.9).weight_decay(0.1).nesterov(true)),
    )?;
    case("Adam(ps, 1e-9)", Box::new(Adam::new(p(), lr)))?;
    case("Adam(ps, 1e-9, weight_decay=0.1)", Box::new(Adam::new(p(), lr).weight_decay(0.1)))?;
    case("Adam(ps, 1e-9, amsgrad=True)", Box::new(Adam::new(p(), lr).amsgrad(true)))?;
    case("AdamW(ps, 1e-9)", Box::new(AdamW::new(p(), lr)))?;
    case("RMSprop(ps, 1e-9)", Box::new(RmsProp::new(p(), lr)))?;
    case(
        "RMSprop(ps, 1e-9, momentum=0.9, centered=True)",
        Box::new(RmsProp::new(p(), lr).momentum(0.9).centered(true)),
    )?;
    case("Adagrad(ps, 1e-9)", Box::new(Adagrad::new(p(), lr)))?;
    case("Adadelta(ps, 1e-9)", Box::new(Adadelta::new(p(), lr)))?;
    case("Adamax(ps, 1e-9)", Box::new(Adamax::new(p(), lr)))?;
    case("NAdam(ps, 1e-9)", Box::new(NAdam::new(p(), lr)))?;
    case("RAdam(ps, 1e-9)", Box::new(RAdam::new(p(), lr)))
}
