//! The gradients of slices and pieces that meet in one place, whatever becomes of the passes that write them.

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

/// Pieces of every kind, two of them with parts of which nothing is used.
fn of_pieces(x: &Tensor) -> Tensor {
    let (chunks, split, halves) = (x.chunk(3, 0), x.split([1, 3], 0), x.tensor_split(2, 1));
    assert_eq!((chunks.len(), halves[0].shape().dims()), (2, &[4, 2, 2][..]));
    let product = (&chunks[0] * &chunks[1]).sum() + split[1].pow(3.0).sum() * 0.5;
    product + (halves[0].narrow(1, 0, 1) * halves[1].exp()).sum()
}

#[test]
fn pieces_have_pytorchs_derivatives() {
    let near = |got: &Tensor, want: [f64; 24]| {
        let got = got.to_vec::<f64>();
        assert!(got.iter().zip(want).all(|(g, w)| (g - w).abs() <= 1e-12 * w.abs().max(1.0)), "{got:?}");
    };
    let x = cube();
    let y = of_pieces(&x);
    assert!((y.item::<f64>() - 29.567827958110414).abs() < 1e-12);
    let first = [
        1.1065306597126334,
        1.3122892787909723,
        0.75,
        0.875,
        0.3934693402873666,
        0.5236218810578993,
        2.6277754166877414,
        2.8534289146182013,
        1.5,
        1.6484375,
        1.5227436458280645,
        1.904063573172725,
        2.093281828459045,
        2.791154348918031,
        0.09375,
        0.5234375,
        2.3591409142295223,
        3.4485730305737694,
        7.848352676005732,
        9.231756620330113,
        3.375,
        4.0859375,
        12.037003345007165,
        14.614563790453905,
    ];
    let of_squares = [
        4.663866094000472,
        6.3020681078189735,
        0.1875,
        1.046875,
        5.583268933432181,
        8.071201281383235,
        15.665525315665834,
        21.864233858403715,
        6.75,
        9.408203125,
        32.12876223533349,
        41.12410072856868,
        21.31852656065114,
        34.33611287301984,
        1.921875,
        4.498046875,
        32.73485395616373,
        54.797773967297104,
        202.6545392239548,
        272.46670394711174,
        33.375,
        43.134765625,
        392.9327541880604,
        550.6912492073261,
    ];
    let again = grad(&[&y], &[&x], true)[0].clone().unwrap();
    near(&again, first);
    near(grad(&[again.square().sum()], &[&x], false)[0].as_ref().unwrap(), of_squares);
    of_pieces(&x).backward();
    near(&x.grad().unwrap(), first);
    assert!(gradgradcheck(|x| of_pieces(&x[0]), &[cube()], 1e-6, 1e-5).is_ok());
}

#[test]
fn pieces_that_nothing_uses_have_zeros() {
    let x = cube();
    x.split([1, 2, 1], 0)[1].sum().backward();
    let want: Vec<f64> = (0..24).map(|i| f64::from((6..18).contains(&i))).collect();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), want);
    // An empty piece, a piece that is all, and one whose gradient alone is asked for.
    let x = cube();
    let pieces = x.split([0, 4], 0);
    let y = pieces[0].sum() + (&pieces[1] * 2.0).sum();
    assert_eq!(grad(&[&y], &[&pieces[1]], false)[0].as_ref().unwrap().to_vec::<f64>(), [2.0; 24]);
    let x = cube();
    let pieces = x.split([0, 4], 0);
    (pieces[0].sum() + (&pieces[1] * 2.0).sum()).backward();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), [2.0; 24]);
}

#[test]
fn pieces_that_overlap_are_summed() {
    // Places that go back: 0..2, nothing, 1..3.
    let x = cube();
    let pieces = x.tensor_split([2, 1], 1);
    assert_eq!(pieces.iter().map(|t| t.dim(1)).collect::<Vec<_>>(), [2, 0, 2]);
    (pieces[0].sum() + (&pieces[2] * 10.0).sum()).backward();
    let want: Vec<f64> = (0..24).map(|i| [1.0, 11.0, 10.0][i / 2 % 3]).collect();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), want);
}

#[test]
fn pieces_are_not_written_where_their_base_would_not_learn() {
    let makers: [fn(&Tensor) -> Vec<Tensor>; 4] =
        [|x| x.split(2, 0), |x| x.chunk(2, 0), |x| x.unbind(0), |x| x.tensor_split(2, 0)];
    for make in makers {
        let base = cube() * 1.0;
        let pieces = make(&base);
        let told = catch_unwind(AssertUnwindSafe(|| pieces[0].add_(1.0).numel())).unwrap_err();
        let told = told.downcast_ref::<String>().unwrap();
        assert!(told.contains("a view with history is written in place"), "{told}");
        base.add_(1.0);
        let told = catch_unwind(AssertUnwindSafe(|| pieces[0].sum())).unwrap_err();
        let told = told.downcast_ref::<String>().unwrap();
        assert!(told.contains("written in place after the view was taken"), "{told}");
        // Without a graph a piece is the base's memory.
        let (base, plain) = (base.detach(), make(&base.detach()));
        let before = base.sum().item::<f64>();
        plain[0].fill_(before);
        assert_eq!(base.flatten(0, -1).to_vec::<f64>()[0], before);
    }
}
