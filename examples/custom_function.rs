//! A differentiable operation of your own: its forward pass, its gradient rule, and the proof that they agree.
//!
//! The third Legendre polynomial P₃(x) = ½(5x³ − 3x), as in PyTorch's tutorial "Defining new autograd
//! functions": y = a + b·P₃(c + d·x) is fitted to sin x. `cargo run --release --example custom_function`

use firebrand::{self as torch, Context, DType, Function, Tensor, apply_function, gradcheck, no_grad};

/// P₃, with P₃′(x) = 3/2·(5x² − 1).
struct LegendrePolynomial3;

impl Function for LegendrePolynomial3 {
    fn name(&self) -> &'static str {
        "LegendrePolynomial3Backward"
    }
    fn forward(&self, ctx: &mut Context, inputs: &[&Tensor]) -> Tensor {
        ctx.save(inputs);
        let x = inputs[0];
        (x.pow(3) * 5.0 - x * 3.0) * 0.5
    }
    fn backward(&self, ctx: &Context, grad: &Tensor) -> Vec<Option<Tensor>> {
        let x = &ctx.saved()[0];
        vec![Some(grad * ((x.square() * 5.0 - 1.0) * 1.5))]
    }
}

fn p3(x: &Tensor) -> Tensor {
    apply_function(LegendrePolynomial3, &[x])
}

fn main() -> Result<(), String> {
    // The rule held against differences, in double precision.
    let points = Tensor::randn([5], (DType::F64, &torch::cpu())).requires_grad_(true);
    gradcheck(|inputs| p3(&inputs[0]), &[points], 1e-6, 1e-4)?;
    println!("the gradient rule agrees with differences");

    let x = torch::linspace(-std::f64::consts::PI, std::f64::consts::PI, 2000);
    let y = x.sin();
    let parameter = |value: f64| torch::full((), value).requires_grad_(true);
    let (a, b, c, d) = (parameter(0.0), parameter(-1.0), parameter(0.0), parameter(0.3));
    let parameters = [&a, &b, &c, &d];
    let rate = 5e-6;
    for step in 1..=2000 {
        let prediction = &a + &b * p3(&(&c + &d * &x));
        let loss = (prediction - &y).square().sum();
        if step % 400 == 0 {
            println!("step {step:4}  loss {:.4}", loss.item::<f32>());
        }
        loss.backward();
        no_grad(|| {
            for p in parameters {
                p.sub_(p.grad().expect("backward has reached every parameter") * rate);
                p.zero_grad();
            }
        });
    }
    let [a, b, c, d] = parameters.map(|p| p.item::<f32>());
    println!("y = {a:.4} + {b:.4}·P3({c:.4} + {d:.4}·x)");
    Ok(())
}
