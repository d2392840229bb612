//! The gradients of slices that meet in one place, whatever becomes of the passes that write them.

use autograd::{Tensor, grad, gradcheck, gradgradcheck};
use std::panic::{AssertUnwindSafe, catch_unwind};

fn cube() -> Tensor {
    let numbers: Vec<f64> = (0..24).map(|i| f64::from(i) / 8.0 - 1.0).collect();
    Tensor::from_vec(numbers, [4, 3, 2], &backend_cpu::device()).requires_grad_(true)
}

/// Slices multiplied by their number plus one and summed; slice 2 is not used.
fn weighted(x: &Tensor, dim: isize) -> Tensor {
    let slices = x.unbind(dim);
    let used = slices.iter().enumerate().filter(|(i, _)| *i != 2);
    used.map(|(i, slice)| slice.sum() * (i + 1) as f64).reduce(|a, b| a + b).unwrap()
}

#[test]
fn slices_write_side_by_side() {
    for dim in 0..3 {
        let x = cube();
        weighted(&x, dim).backward();
        let got = x.grad().unwrap();
        for (i, slice) in got.unbind(dim).iter().enumerate() {
            let want = if i == 2 { 0.0 } else { (i + 1) as f64 };
            assert!(slice.to_vec::<f64>().iter().all(|&v| v == want), "slice {i} of {dim}: {slice}");
        }
    }
}

#[test]
fn passes_do_not_meet() {
    let x = cube();
    let slices = x.unbind(0);
    let old = &slices[0] * 2.0; // its turn comes last of all
    let y = old.sum() + (&slices[3] * 5.0).sum();
    // This pass breaks off when slice 3 has written and slice 0 has not.
    let stop = old.register_hook(|_| panic!("stop"));
    assert!(catch_unwind(AssertUnwindSafe(|| y.backward_retain())).is_err());
    assert!(x.grad().is_none(), "a pass that broke off leaves gradients alone");
    old.remove_hook(stop);
    let want: Vec<f64> = (0..24).map(|i| [2.0, 0.0, 0.0, 5.0][i / 6]).collect();
    y.backward_retain();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), want);
    y.backward();
    let twice: Vec<f64> = want.iter().map(|v| 2.0 * v).collect();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), twice);
}

#[test]
fn slices_of_slices_and_both_orders_of_derivatives() {
    let product = |x: &[Tensor]| {
        let rows = x[0].unbind(0);
        let inner = rows[1].unbind(1);
        &rows[0] * &rows[3] + (&inner[0] * &inner[1]).unsqueeze(1)
    };
    assert!(gradcheck(product, &[cube()], 1e-6, 1e-5).is_ok());
    assert!(gradgradcheck(product, &[cube()], 1e-6, 1e-5).is_ok());
    let x = cube();
    let first = grad(&[product(std::slice::from_ref(&x)).square().sum()], &[&x], false)[0].clone().unwrap();
    assert_eq!(first.shape(), x.shape());
}
