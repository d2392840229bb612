//! More functions of elements: values against the standard library's, gradients against differences,
//! kinks against PyTorch's rules.

mod more_support;

use autograd::Tensor;
use more_support::{cpu, first, floats, grads, ints, leaf, near, slope, spread};
use std::f64::consts::{LN_2, PI};
use tensor_core::DType;

type Unary = fn(&Tensor) -> Tensor;
/// A name, the function, the same on a double, and the range it is tried over.
type Case = (&'static str, Unary, fn(f64) -> f64, f64, f64);

#[test]
fn functions_of_one_element() {
    let table: [Case; 20] = [
        ("atan", Tensor::atan, f64::atan, -3.0, 3.0),
        ("asin", Tensor::asin, f64::asin, -0.95, 0.95),
        ("acos", Tensor::acos, f64::acos, -0.95, 0.95),
        ("sinh", Tensor::sinh, f64::sinh, -2.0, 2.0),
        ("cosh", Tensor::cosh, f64::cosh, -2.0, 2.0),
        ("asinh", Tensor::asinh, f64::asinh, -4.0, 4.0),
        ("acosh", Tensor::acosh, f64::acosh, 1.2, 5.0),
        ("atanh", Tensor::atanh, f64::atanh, -0.9, 0.9),
        ("log2", Tensor::log2, f64::log2, 0.2, 9.0),
        ("log10", Tensor::log10, f64::log10, 0.2, 9.0),
        ("exp2", Tensor::exp2, f64::exp2, -3.0, 3.0),
        ("frac", Tensor::frac, f64::fract, 0.1, 0.9),
        ("deg2rad", Tensor::deg2rad, f64::to_radians, -180.0, 180.0),
        ("rad2deg", Tensor::rad2deg, f64::to_degrees, -3.0, 3.0),
        ("logit", |x| x.logit(None), |x| (x / (1.0 - x)).ln(), 0.1, 0.9),
        ("softsign", Tensor::softsign, |x| x / (1.0 + x.abs()), 0.2, 3.0),
        ("tanhshrink", Tensor::tanhshrink, |x| x - x.tanh(), -2.0, 2.0),
        ("mish", Tensor::mish, |x| x * x.exp().ln_1p().tanh(), -3.0, 3.0),
        ("logsigmoid", Tensor::logsigmoid, |x| -(-x).exp().ln_1p(), -3.0, 3.0),
        ("erfc", Tensor::erfc, |x| 1.0 - libm_erf(x), -2.0, 2.0),
    ];
    for (name, f, want, low, high) in table {
        let x = spread([3, 4], low, high);
        let wanted: Vec<f64> = x.to_vec::<f64>().into_iter().map(want).collect();
        near(&f(&x), &wanted, 1e-12);
        near(&f(&x.to_dtype(DType::F32)), &wanted, 2e-6);
        grads(name, &[leaf([3, 4], low, high)], |x| f(&x[0]));
    }
}

/// The error function by its Taylor series, for |x| ≤ 2.
fn libm_erf(x: f64) -> f64 {
    let (mut term, mut sum) = (x, x);
    for n in 1..60 {
        term *= -x * x / n as f64;
        sum += term / (2 * n + 1) as f64;
    }
    sum * 2.0 / PI.sqrt()
}

#[test]
fn exact_places_and_ends() {
    near(&floats(&[8.0, 0.125, 1.0]).log2(), &[3.0, -3.0, 0.0], 0.0);
    near(&floats(&[1000.0, 0.0, -1.0]).log10(), &[3.0, f64::NEG_INFINITY, f64::NAN], 0.0);
    near(&floats(&[89.0, -89.0]).sinh(), &[89f64.sinh(), -(89f64.sinh())], 1e-6);
    near(&floats(&[1e30]).asinh(), &[1e30f64.asinh()], 1e-6);
    near(&floats(&[1.0, -1.0, 2.0]).asin(), &[PI / 2.0, -PI / 2.0, f64::NAN], 1e-7);
    near(&floats(&[f32::INFINITY, -0.0]).atan(), &[PI / 2.0, 0.0], 1e-7);
    near(&ints(&[0, 1]).atan(), &[0.0, PI / 4.0], 1e-7);
    near(&floats(&[-100.0, 100.0]).logsigmoid(), &[-100.0, 0.0], 1e-40);
    near(&floats(&[3.0]).exp2(), &[8.0], 0.0);
    assert_eq!(slope(&[0.0], Tensor::logsigmoid), [0.5]);
    assert_eq!(slope(&[1.0], Tensor::asin), [f32::INFINITY]);
}

#[test]
fn activations_and_their_kinks() {
    let x = [-4.0, -3.0, -1.0, -0.5, 0.0, 0.5, 1.0, 3.0, 4.0f32];
    let t = floats(&x);
    near(&t.hardtanh(-1.0, 1.0), &[-1.0, -1.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.0, 1.0], 0.0);
    assert_eq!(slope(&x, |x| x.hardtanh(-1.0, 1.0)), [0., 0., 0., 1., 1., 1., 0., 0., 0.]);
    assert_eq!(slope(&[0.0, 6.0, 3.0], Tensor::relu6), [0., 0., 1.]);
    near(&t.hardsigmoid(), &[0.0, 0.0, 1.0 / 3.0, 2.5 / 6.0, 0.5, 3.5 / 6.0, 2.0 / 3.0, 1.0, 1.0], 1e-7);
    assert_eq!(slope(&[-3.0, 3.0], Tensor::hardsigmoid), [0., 0.]);
    near(&t.hardswish(), &[0.0, 0.0, -1.0 / 3.0, -1.25 / 6.0, 0.0, 1.75 / 6.0, 2.0 / 3.0, 3.0, 4.0], 1e-7);
    assert_eq!(slope(&[-3.0, 3.0, 0.0, 5.0], Tensor::hardswish), [0., 1., 0.5, 1.]);
    near(&t.softshrink(0.5), &[-3.5, -2.5, -0.5, 0.0, 0.0, 0.0, 0.5, 2.5, 3.5], 0.0);
    near(&t.hardshrink(0.5), &[-4.0, -3.0, -1.0, 0.0, 0.0, 0.0, 1.0, 3.0, 4.0], 0.0);
    assert_eq!(slope(&[-0.5, 0.5, 2.0], |x| x.softshrink(0.5)), [0., 0., 1.]);
    assert_eq!(slope(&[-0.5, 0.5, 2.0], |x| x.hardshrink(0.5)), [0., 0., 1.]);
    near(&t.threshold(0.5, 9.0), &[9.0, 9.0, 9.0, 9.0, 9.0, 9.0, 1.0, 3.0, 4.0], 0.0);
    let (alpha, scale) = (1.673_263_242_354_377_2, 1.050_700_987_355_480_5);
    near(&floats(&[-1.0, 2.0]).selu(), &[scale * alpha * (-1f64).exp_m1(), scale * 2.0], 1e-7);
    near(&floats(&[-1.0, 2.0, 1e30]).celu(2.0), &[2.0 * (-0.5f64).exp_m1(), 2.0, 1e30], 1e-7);
    assert_eq!(slope(&[0.0], |x| x.celu(2.0)), [1.0]);
    assert_eq!(slope(&[0.0], Tensor::selu), [(alpha * scale) as f32]);
    near(&floats(&[-24.0, 1.0]).rrelu(1.0 / 8.0, 1.0 / 3.0, false), &[-5.5, 1.0], 1e-6);
    near(&floats(&[1.0, 2.0, 0.0, 0.0]).glu(-1), &[0.5, 1.0], 1e-7);
    near(&floats(&[0.0, LN_2 as f32]).softmin(0), &[2.0 / 3.0, 1.0 / 3.0], 1e-6);
    let smooth: [(&str, Unary); 5] = [
        ("selu", Tensor::selu),
        ("celu", |x| x.celu(1.5)),
        ("hardswish", Tensor::hardswish),
        ("glu", |x| x.glu(1)),
        ("softshrink", |x| x.softshrink(0.3)),
    ];
    for (name, f) in smooth {
        grads(name, &[leaf([2, 6], -2.5, 2.5)], |x| f(&x[0]));
    }
    let channels = |x: &[Tensor]| x[0].prelu(&x[1]);
    grads("prelu", &[leaf([2, 3, 2], -2.0, 2.0), leaf(3, 0.1, 0.4)], channels);
    grads("prelu of one", &[leaf(5, -2.0, 2.0), leaf(1, 0.1, 0.4)], channels);
}

#[test]
fn remainders_and_quotients_cut_towards_zero() {
    let (a, b) = ([7.5, -7.5, 7.5, -7.5, 5.0f32], [2.0, 2.0, -2.0, -2.0, f32::INFINITY]);
    let want: Vec<f64> = a.iter().zip(&b).map(|(a, b)| f64::from(a % b)).collect();
    near(&floats(&a).fmod(floats(&b)), &want, 0.0);
    near(&ints(&[7, -7, 7, -7]).fmod(ints(&[3, 3, -3, -3])), &[1.0, -1.0, 1.0, -1.0], 0.0);
    near(&floats(&[5.3]).fmod(2.0), &[f64::from(5.3f32 % 2.0)], 0.0);
    near(&floats(&[7.0, -7.0]).div_trunc(2.0), &[3.0, -3.0], 0.0);
    let whole = ints(&[7, -7]).div_trunc(2);
    assert_eq!((whole.to_vec::<i32>(), whole.dtype()), (vec![3, -3], DType::I32));
    first("fmod", &[leaf(4, 3.1, 3.9), leaf(4, 1.1, 1.4)], |x| x[0].fmod(&x[1]));
}

#[test]
fn functions_of_two_elements() {
    near(
        &floats(&[3e30, 0.0, f32::INFINITY]).hypot(&floats(&[4e30, 0.0, 1.0])),
        &[5e30, 0.0, f64::INFINITY],
        1e-6,
    );
    let infinite = floats(&[f32::NEG_INFINITY, 1000.0, f32::INFINITY]);
    near(&infinite.logaddexp(&infinite), &[f64::NEG_INFINITY, 1000.0 + LN_2, f64::INFINITY], 1e-6);
    near(
        &floats(&[0.0, 2.0, 0.0]).xlogy(floats(&[0.0, 3.0, f32::NAN])),
        &[0.0, 2.0 * 3f64.ln(), f64::NAN],
        1e-6,
    );
    let pair = || [leaf([2, 3], 0.3, 2.0), leaf(3, 0.4, 1.7)];
    grads("hypot", &pair(), |x| x[0].hypot(&x[1]));
    grads("logaddexp", &pair(), |x| x[0].logaddexp(&x[1]));
    grads("xlogy", &pair(), |x| x[0].xlogy(&x[1]));
    grads("atan2", &pair(), |x| x[0].atan2(&x[1]));
    grads("lerp", &pair(), |x| x[0].lerp(&x[1], 0.7));
    grads("lerp by a tensor", &[leaf(4, 0.0, 1.0), leaf(4, 1.0, 2.0), leaf(4, 0.0, 1.0)], |x| {
        x[0].lerp(&x[1], &x[2])
    });
    let three = || [leaf([2, 3], 0.3, 2.0), leaf(3, 0.4, 1.7), leaf([2, 1], 0.5, 1.5)];
    grads("addcmul", &three(), |x| x[0].addcmul(&x[1], &x[2], 0.5));
    grads("addcdiv", &three(), |x| x[0].addcdiv(&x[1], &x[2], 0.5));
    near(&floats(&[1.0]).addcmul(&floats(&[2.0]), &floats(&[3.0]), 0.5), &[4.0], 0.0);
    near(&floats(&[1.0]).addcdiv(&floats(&[2.0]), &floats(&[4.0]), 0.5), &[1.25], 0.0);
    near(&floats(&[0.0]).lerp(&floats(&[10.0]), 0.25), &[2.5], 0.0);
    near(&floats(&[-1.0, 0.0, 2.0]).heaviside(&floats(&[0.5])), &[0.0, 0.5, 1.0], 0.0);
    near(&ints(&[1, 2]).add_scaled(&ints(&[10, 20]), 3), &[31.0, 62.0], 0.0);
}

#[test]
fn bits_of_whole_numbers() {
    let values = [0, 1, -1, 5, -77, i32::MAX, i32::MIN, 1 << 20];
    for &b in &[0, 3, -2, i32::MIN, i32::MAX] {
        let x = ints(&values);
        let want = |f: fn(i32, i32) -> i32| values.iter().map(|&a| f(a, b)).collect::<Vec<_>>();
        assert_eq!((&x & b).to_vec::<i32>(), want(|a, b| a & b));
        assert_eq!((&x | b).to_vec::<i32>(), want(|a, b| a | b));
        assert_eq!((&x ^ b).to_vec::<i32>(), want(|a, b| a ^ b));
    }
    assert_eq!((!ints(&values)).to_vec::<i32>(), values.map(|a| !a));
    for by in [0, 1, 7, 30, 31] {
        let x = ints(&values);
        assert_eq!(x.bitwise_left_shift(by).to_vec::<i32>(), values.map(|a| a << by), "<< {by}");
        assert_eq!(x.bitwise_right_shift(by).to_vec::<i32>(), values.map(|a| a >> by), ">> {by}");
    }
    for by in [40, 62, 64, 1000] {
        let signs = values.map(|a| a >> 31);
        assert_eq!(ints(&values).bitwise_right_shift(by).to_vec::<i32>(), signs, ">> {by}");
    }
    let (m, k) = (ints(&[1, 1, 0, 0]).gt(0), ints(&[1, 0, 1, 0]).gt(0));
    assert_eq!((&m & &k).to_vec::<bool>(), [true, false, false, false]);
    assert_eq!((&m | &k).to_vec::<bool>(), [true, true, true, false]);
    assert_eq!((&m ^ &k).to_vec::<bool>(), [false, true, true, false]);
    assert_eq!((!&m).to_vec::<bool>(), [false, false, true, true]);
    assert_eq!(ints(&[12, -18, 0]).gcd(&ints(&[18, 24, 0])).to_vec::<i32>(), [6, 6, 0]);
    assert_eq!(ints(&[4, -6, 0]).lcm(&ints(&[6, 4, 5])).to_vec::<i32>(), [12, 12, 0]);
}

#[test]
#[should_panic(expected = "bitwise_and: is not defined for float32 tensors")]
fn bits_of_floats_are_refused() {
    let _ = floats(&[1.0]) & 1;
}

#[test]
fn closeness_and_replacement() {
    let a = floats(&[1.0, f32::INFINITY, 1.0, f32::NAN]);
    let b = floats(&[1.00001, f32::INFINITY, f32::INFINITY, f32::NAN]);
    assert_eq!(a.isclose(&b, 1e-4, 1e-8, false).to_vec::<bool>(), [true, true, false, false]);
    assert_eq!(a.isclose(&b, 1e-4, 1e-8, true).to_vec::<bool>(), [true, true, false, true]);
    assert!(!floats(&[1.0]).allclose(&floats(&[f32::INFINITY]), 1e-5, 1e-8));
    let odd = floats(&[f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 2.0]);
    near(&odd.nan_to_num(0.5, None, -9.0), &[0.5, f64::from(f32::MAX), -9.0, 2.0], 0.0);
    assert_eq!(odd.isposinf().to_vec::<bool>(), [false, true, false, false]);
    assert_eq!(odd.isneginf().to_vec::<bool>(), [false, false, true, false]);
    assert_eq!(ints(&[1, 2, 3]).clamp(1.5, None).dtype(), DType::F32);
    let bounds = |x: &[Tensor]| x[0].clamp_tensor(Some(&x[1]), Some(&x[2]));
    grads("clamp by tensors", &[leaf(6, -2.0, 2.0), leaf(6, -1.0, -0.5), leaf(6, 0.5, 1.0)], bounds);
}

#[test]
fn nodes_carry_pytorchs_names() {
    let x = Tensor::from_vec(vec![0.5f32, 0.25], 2, &cpu()).requires_grad_(true);
    let named: [(Tensor, &str); 12] = [
        (x.atan(), "AtanBackward0"),
        (x.log2(), "Log2Backward0"),
        (x.mish(), "MishBackward0"),
        (x.selu(), "EluBackward0"),
        (x.relu6(), "HardtanhBackward0"),
        (x.softsign(), "DivBackward0"),
        (x.lerp(&x, 0.5), "LerpBackward0"),
        (x.std(), "StdBackward0"),
        (x.max_dim(0, false).0, "MaxBackward0"),
        (x.sort(0, false).0, "SortBackward0"),
        (x.logsumexp(0, false), "LogsumexpBackward0"),
        (x.cumprod(0), "CumprodBackward0"),
    ];
    for (t, name) in named {
        assert_eq!(t.grad_fn(), Some(name));
    }
    assert_eq!(x.contiguous().grad_fn(), None, "an unchanged leaf keeps its (missing) name");
    assert_eq!(x.roll(&[0], &[0]).grad_fn(), Some("RollBackward0"), "a copy, whatever the shift");
}

#[test]
fn whole_numbers_stay_whole() {
    let x = ints(&[1, 20_000_001]);
    assert_eq!(x.addcmul(&x, &ints(&[1, 1]), 2.0).to_vec::<i32>(), [3, 60_000_003]);
    assert_eq!(x.nansum((), false).to_vec::<i32>(), [20_000_002]);
    let m = x.reshape([1, 2]);
    assert_eq!(ints(&[1]).addmm_scaled(&m, &m.t(), 3.0, 0.0).to_vec::<i32>(), [3]);
    let (weight, bias) = (ints(&[1, 1, 2, 0]).reshape([2, 2]), ints(&[10, 20]));
    assert_eq!(m.linear(&weight, Some(&bias)).to_vec::<i32>(), [20_000_012, 22]);
    let long = Tensor::from_vec(vec![1i64 << 40], [1, 1], &cpu());
    assert_eq!(long.linear(&Tensor::from_vec(vec![3i64], [1, 1], &cpu()), None).to_vec::<i64>(), [3 << 40]);
    near(&ints(&[5]).lgamma(), &[24f64.ln()], 1e-6);
}

#[test]
fn a_layer_of_no_inputs_gives_its_bias() {
    let y = Tensor::zeros([2, 3, 0], &cpu()).linear(&Tensor::zeros([1, 0], &cpu()), Some(&floats(&[7.0])));
    assert_eq!((y.shape().dims(), y.to_vec::<f32>()), (&[2, 3, 1][..], vec![7.0; 6]));
}

#[test]
fn mixed_precision_counts_in_the_wider_one() {
    let (x, y) = (floats(&[0.535_082_4]), Tensor::from_vec(vec![-0.529_983_647], 1, &cpu()));
    let want = (2f64.powf(f64::from(0.535_082_4_f32)) + 2f64.powf(-0.529_983_647)).log2();
    near(&x.logaddexp2(&y), &[want], 1e-15);
    let (two, z) = (ints(&[2]), Tensor::from_vec(vec![0.905_892_996], 1, &cpu()));
    near(&z.xlogy(&two), &[0.905_892_996 * LN_2], 1e-15);
    near(&z.xlog1py(&two), &[0.905_892_996 * 3f64.ln()], 1e-15);
    near(&z.ldexp(&ints(&[200])), &[0.905_892_996 * 2f64.powi(200)], 1e-15);
}

#[test]
fn a_quotient_that_is_cut_has_slopes_of_zero() {
    let x = leaf(3, -1.0, 1.0);
    x.div_trunc(0.0).sum().backward();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), [0.0; 3]);
}

#[test]
fn floats_do_not_fit_in_place_into_whole_numbers() {
    let x = ints(&[7, 8]);
    type Case<'a> = (&'a str, &'a dyn Fn() -> Tensor);
    let cases: [Case; 4] = [
        ("add_", &|| x.add_(0.5).clone()),
        ("div_", &|| x.div_(2).clone()),
        ("mul_", &|| x.mul_(floats(&[1.0, 2.0])).clone()),
        ("apply_", &|| x.apply_(|x| x.clamp(0.5, 7.5)).clone()),
    ];
    for (what, write) in cases {
        let refused = std::panic::catch_unwind(std::panic::AssertUnwindSafe(write));
        let text = *refused.expect_err(what).downcast::<String>().unwrap();
        assert!(
            text.contains(&format!("{what}: a result of float32 does not fit in place into int32")),
            "{text}"
        );
    }
    assert_eq!(x.to_vec::<i32>(), [7, 8]);
    // What loses nothing of its kind does: truth into numbers, a wide float into a narrow one.
    assert_eq!(x.apply_(|x| x.gt(7)).to_vec::<i32>(), [0, 1]);
    let y = floats(&[1.0]);
    assert_eq!(y.add_(Tensor::from_vec(vec![0.5f64], 1, &cpu())).to_vec::<f32>(), [1.5]);
}

#[test]
fn ends_and_tails() {
    // 1 − erf(x) has no digits left there.
    let tail = floats(&[3.0, 5.0, 9.0]).erfc().to_vec::<f64>();
    for (got, want) in
        tail.iter().zip([2.209_049_699_858_544e-5, 1.537_459_794_428_035e-12, 4.137_031_746_513_81e-37])
    {
        assert!((got / want - 1.0).abs() < 1e-6, "{got} is not {want}");
    }
    grads("erfc", &[leaf(4, -2.0, 2.0)], |x| x[0].erfc());
    for x in [-1.0, -2.0, -3e9, -1e38, 0.5] {
        assert!(floats(&[x]).acosh().item::<f32>().is_nan(), "acosh {x}");
    }
    // Where there is no angle, its gradient is 0; where there is no logit, NaN.
    let (y, x) = (floats(&[0.0, 1.0]).requires_grad_(true), floats(&[0.0, 0.0]).requires_grad_(true));
    y.atan2(&x).sum().backward();
    assert_eq!(
        (y.grad().unwrap().to_vec(), x.grad().unwrap().to_vec()),
        (vec![0.0f32, 0.0], vec![0.0f32, -1.0])
    );
    let ends = [-0.1, 0.0, 0.5, 1.0, 1.2];
    let slopes: Vec<f64> = slope(&ends, |x| x.logit(None)).iter().map(|&v| f64::from(v)).collect();
    near(
        &Tensor::from_slice(&slopes, 5, &cpu()),
        &[f64::NAN, f64::INFINITY, 4.0, f64::INFINITY, f64::NAN],
        1e-6,
    );
    assert_eq!(slope(&ends, |x| x.logit(0.1)), [0.0, 0.0, 4.0, 0.0, 0.0]);
    assert_eq!(ints(&[0, 1, -3]).threshold(0.5, 2.7).to_vec::<i32>(), [2, 1, 2]);
}
