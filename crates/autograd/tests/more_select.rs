//! Scans, order statistics, counting and scattering: values worked out by loops here, gradients
//! against differences.

mod more_support;

use autograd::{QuantileMode, Reduce, Tensor, s};
use more_support::{counted, cpu, first, floats, grads, ints, is_index, leaf, near, slope, spread};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tensor_core::DType;

const NAN: f32 = f32::NAN;

#[test]
fn running_products_at_zeros_too() {
    near(&floats(&[2.0, 3.0, 0.0, 5.0]).cumprod(0), &[2.0, 6.0, 0.0, 0.0], 0.0);
    grads("cumprod", &[leaf([3, 5], 0.5, 1.5)], |x| x[0].cumprod(1));
    grads("cumprod", &[leaf([3, 5], 0.5, 1.5)], |x| x[0].cumprod(0));
    let zeros = |at: &[usize]| {
        let mut values = spread(5, 0.5, 1.5).to_vec::<f64>();
        at.iter().for_each(|&i| values[i] = 0.0);
        Tensor::from_vec(values, 5, &cpu()).requires_grad_(true)
    };
    for at in [&[0][..], &[2], &[4], &[1, 3], &[0, 1, 2, 3, 4]] {
        grads("cumprod at zeros", &[zeros(at)], |x| x[0].cumprod(0));
        grads("prod at zeros", &[zeros(at)], |x| x[0].prod());
    }
    grads("prod of dims", &[leaf([2, 3, 2], 0.5, 1.5)], |x| x[0].prod_dim(1, false));
    grads("cumsum of a number", &[leaf((), 0.5, 1.5)], |x| x[0].cumsum(0));
    let long = Tensor::from_vec(vec![1.0f32; 20_000], 20_000, &cpu()).requires_grad_(true);
    long.prod().backward();
    assert!(long.grad().unwrap().to_vec::<f32>().iter().all(|&g| g == 1.0));
}

#[test]
fn running_logarithms_of_sums() {
    let x = spread([2, 7], -3.0, 3.0);
    let values = x.to_vec::<f64>();
    let want: Vec<f64> =
        (0..14).map(|k| values[k / 7 * 7..=k].iter().map(|v| v.exp()).sum::<f64>().ln()).collect();
    near(&x.logcumsumexp(1), &want, 1e-12);
    near(&floats(&[1000.0, 1000.0]).logcumsumexp(0), &[1000.0, 1000.0 + 2f64.ln()], 1e-6);
    near(
        &floats(&[f32::NEG_INFINITY, f32::NEG_INFINITY, 1.0]).logcumsumexp(0),
        &[f64::NEG_INFINITY, f64::NEG_INFINITY, 1.0],
        0.0,
    );
    grads("logcumsumexp", &[leaf([2, 5], -2.0, 2.0)], |x| x[0].logcumsumexp(1));
}

#[test]
fn running_extremes() {
    let x = floats(&[1.0, 3.0, 3.0, 2.0, NAN, 5.0, NAN, 1.0]);
    let nan = f64::NAN;
    let (values, index) = x.cummax(0);
    near(&values, &[1.0, 3.0, 3.0, 3.0, nan, nan, nan, nan], 0.0);
    assert_eq!(index.to_vec::<i32>(), [0, 1, 2, 2, 4, 4, 6, 6]);
    let (values, index) = floats(&[3.0, 4.0, 3.0, 1.0]).cummin(0);
    near(&values, &[3.0, 3.0, 3.0, 1.0], 0.0);
    assert_eq!(index.to_vec::<i32>(), [0, 0, 2, 3]);
    assert!(is_index(&index));
    grads("cummax", &[leaf([3, 6], -2.0, 2.0)], |x| x[0].cummax(1).0);
    grads("cummin", &[leaf([3, 6], -2.0, 2.0)], |x| x[0].cummin(0).0);
}

#[test]
fn medians_and_kth_values() {
    let x = Tensor::from_vec(vec![3.0f32, 1.0, 2.0, 4.0, 9.0, 7.0, 8.0, NAN], [2, 4], &cpu());
    near(&x.select(0, 0).median(), &[2.0], 0.0);
    let (values, index) = x.median_dim(1, true);
    near(&values, &[2.0, f64::NAN], 0.0);
    assert_eq!((index.to_vec::<i32>(), values.shape().dims()), (vec![2, 3], &[2, 1][..]));
    near(&x.nanmedian(), &[4.0], 0.0);
    near(&ints(&[5, 1, 4, 2]).median(), &[2.0], 0.0);
    let (values, index) = floats(&[5.0, 1.0, 4.0]).kthvalue(2, 0, false);
    assert_eq!((values.item::<f32>(), index.item::<i32>()), (4.0, 2));
    let (values, index) = ints(&[2, 5, 5, 2, 5]).mode(0, false);
    assert_eq!((values.item::<i32>(), index.item::<i32>()), (5, 4));
    let (values, _) = Tensor::new(&[[1, 1], [2, 1], [2, 3]], &cpu()).mode(0, true);
    assert_eq!((values.to_vec::<i32>(), values.shape().dims()), (vec![2, 1], &[1, 2][..]));
    grads("median", &[leaf([3, 5], -2.0, 2.0)], |x| x[0].median_dim(1, false).0);
    grads("median of all", &[leaf([3, 4], -2.0, 2.0)], |x| x[0].median());
    grads("kthvalue", &[leaf([3, 5], -2.0, 2.0)], |x| x[0].kthvalue(2, 0, true).0);
    first("mode", &[leaf([3, 5], -2.0, 2.0)], |x| x[0].mode(1, false).0);
}

#[test]
fn quantiles() {
    let x = floats(&[4.0, 1.0, 3.0, 2.0]);
    near(&x.quantile(&floats(&[0.0, 0.5, 0.6, 1.0])), &[1.0, 2.5, 2.8, 4.0], 1e-6);
    let at = |between| x.quantile_dim(&floats(&[0.5]), 0, false, between).item::<f32>();
    assert_eq!(at(QuantileMode::Lower), 2.0);
    assert_eq!(at(QuantileMode::Higher), 3.0);
    assert_eq!(at(QuantileMode::Nearest), 3.0, "place 1.5 rounds to even");
    assert_eq!(at(QuantileMode::Midpoint), 2.5);
    assert!(floats(&[1.0, NAN]).quantile(&floats(&[0.0])).item::<f32>().is_nan());
    let (x, q) = (spread([3, 4, 2], -1.0, 1.0), spread(5, 0.0, 1.0));
    let linear = |keep| x.quantile_dim(&q, 1, keep, QuantileMode::Linear);
    assert_eq!(linear(false).shape().dims(), [5, 3, 2]);
    assert_eq!(linear(true).shape().dims(), [5, 3, 1, 2]);
    let one = x.quantile_dim(&q.select(0, 3), -2, true, QuantileMode::Linear);
    near(&one, &linear(true).select(0, 3).to_vec::<f64>(), 1e-12);
    let q = spread(3, 0.1, 0.9);
    grads("quantile", &[leaf([3, 4], -1.0, 1.0)], |x| x[0].quantile_dim(&q, 1, false, QuantileMode::Linear));
}

#[test]
fn searching_sorted_sequences() {
    let sequence = floats(&[1.0, 3.0, 3.0, 5.0]);
    let wanted = [0.0, 1.0, 3.0, 4.0, 5.0, 6.0f32];
    assert_eq!(sequence.searchsorted(&floats(&wanted), false).to_vec::<i32>(), [0, 0, 1, 3, 3, 4]);
    assert_eq!(sequence.searchsorted(&floats(&wanted), true).to_vec::<i32>(), [0, 1, 3, 3, 4, 4]);
    let square = floats(&wanted).reshape([2, 3]);
    assert_eq!(square.bucketize(&sequence, false).to_vec::<i32>(), [0, 0, 1, 3, 3, 4]);
    for size in 0..20 {
        let sequence = counted(size);
        let values = spread([2, 5], -1.0, 21.0);
        let want: Vec<i32> = values
            .to_vec::<f64>()
            .iter()
            .map(|&v| (0..size).filter(|&i| (i as f64) < v).count() as i32)
            .collect();
        assert_eq!(sequence.searchsorted(&values, false).to_vec::<i32>(), want);
    }
    let rows = Tensor::new(&[[1.0f32, 2.0], [10.0, 20.0]], &cpu());
    let found = rows.searchsorted(&Tensor::new(&[[1.5f32], [5.0]], &cpu()), false);
    assert_eq!(found.to_vec::<i32>(), [1, 0]);
}

#[test]
fn counting() {
    near(&floats(&[1.0, 2.0, 1.0]).histc(4, 0.0, 3.0), &[0.0, 2.0, 1.0, 0.0], 0.0);
    near(&floats(&[-1.0, 0.0, 3.0, 9.0, NAN]).histc(3, 0.0, 3.0), &[1.0, 0.0, 1.0], 0.0);
    near(&floats(&[1.0, 2.0, 3.0]).histc(2, 0.0, 0.0), &[1.0, 2.0], 0.0);
    assert_eq!(ints(&[0, 5, 2, 5]).bincount(None, 0).to_vec::<i32>(), [1, 0, 1, 0, 0, 2]);
    near(&ints(&[1, 1]).bincount(Some(&floats(&[0.5, 0.25])), 4), &[0.0, 0.75, 0.0, 0.0], 0.0);
    assert_eq!(Tensor::zeros(0, (DType::I32, &cpu())).bincount(None, 2).to_vec::<i32>(), [0, 0]);
    let (values, inverse, counts) = Tensor::new(&[[3, 1], [2, 3]], &cpu()).unique_all();
    assert_eq!(values.to_vec::<i32>(), [1, 2, 3]);
    assert_eq!((inverse.to_vec::<i32>(), inverse.shape().dims()), (vec![2, 0, 1, 2], &[2, 2][..]));
    assert_eq!(counts.to_vec::<i32>(), [1, 1, 2]);
    let (values, which, counts) = floats(&[1.0, 1.0, 2.0, 1.0]).unique_consecutive();
    near(&values, &[1.0, 2.0, 1.0], 0.0);
    assert_eq!((which.to_vec::<i32>(), counts.to_vec::<i32>()), (vec![0, 0, 1, 2], vec![2, 1, 1]));
    assert_eq!(Tensor::zeros(0, &cpu()).unique().numel(), 0);
    assert_eq!(ints(&[1, 0, 1]).gt(0).unique().to_vec::<bool>(), [false, true]);
    let places = Tensor::new(&[[0, 7], [8, 0]], &cpu()).nonzero();
    assert_eq!((places.to_vec::<i32>(), places.shape().dims()), (vec![0, 1, 1, 0], &[2, 2][..]));
    assert_eq!(Tensor::full((), 3.0, &cpu()).nonzero().shape().dims(), [1, 0]);
    assert_eq!(Tensor::new(&[[0, 7], [8, 0]], &cpu()).nonzero_tuple()[1].to_vec::<i32>(), [1, 0]);
    assert_eq!(ints(&[1, 0, 2]).reshape([1, 3]).count_nonzero_dim(0).to_vec::<i32>(), [1, 0, 1]);
    near(&floats(&[1.0, NAN, 3.0]).nansum((), false), &[4.0], 0.0);
    near(&floats(&[1.0, NAN, 3.0]).nanmean(0, true), &[2.0], 0.0);
    assert_eq!(slope(&[1.0, NAN], |x| x.nansum((), false)), [1.0, 0.0]);
    let (low, high) = floats(&[2.0, -1.0]).aminmax((), false);
    assert_eq!((low.item::<f32>(), high.item::<f32>()), (-1.0, 2.0));
    grads("var_mean", &[leaf([2, 4], -1.0, 1.0)], |x| {
        let (var, mean) = x[0].var_mean(1, 1, true);
        var * mean
    });
}

#[test]
fn the_last_write_wins() {
    let x = Tensor::zeros([2, 3], &cpu());
    let index = Tensor::new(&[[0, 2, 0], [1, 1, 1]], &cpu());
    let src = Tensor::from_vec((1..=6).map(|v| v as f32).collect(), [2, 3], &cpu());
    near(&x.scatter(1, &index, &src), &[3.0, 0.0, 2.0, 0.0, 6.0, 0.0], 0.0);
    near(&x.scatter(0, &index.clamp(0.0, 1.0), &src), &[1.0, 0.0, 3.0, 4.0, 5.0, 6.0], 0.0);
    near(&x.scatter_value(1, &ints(&[2, 0]).reshape([2, 1]), 7.0), &[0.0, 0.0, 7.0, 7.0, 0.0, 0.0], 0.0);
    near(&x.index_fill(1, &ints(&[1]), 4), &[0.0, 4.0, 0.0, 0.0, 4.0, 0.0], 0.0);
    near(&x.index_copy(1, &ints(&[2, 0]), &src.narrow(1, 0, 2)), &[2.0, 0.0, 1.0, 5.0, 0.0, 4.0], 0.0);
    let added = x.index_add(0, &ints(&[1, 1]), &src, 2.0);
    near(&added, &[0.0, 0.0, 0.0, 10.0, 14.0, 18.0], 0.0);
    near(&src.take(&ints(&[5, 0, -1])), &[6.0, 1.0, 6.0], 0.0);
    let order = src.argsort(1, true);
    near(&src.take_along_dim(&order, 1), &[3.0, 2.0, 1.0, 6.0, 5.0, 4.0], 0.0);
    near(&src.take_along_dim(&ints(&[2]).reshape([1, 1]), 1), &[3.0, 6.0], 0.0);
    let mask = src.gt(2.0);
    near(&x.masked_scatter(&mask, &src), &[0.0, 0.0, 1.0, 2.0, 3.0, 4.0], 0.0);
    near(&src.masked_select(&mask), &[3.0, 4.0, 5.0, 6.0], 0.0);
    near(&floats(&[1.0, 2.0]).repeat_interleave(2, None), &[1.0, 1.0, 2.0, 2.0], 0.0);
    near(&src.repeat_interleave(2, 1).select(0, 0), &[1.0, 1.0, 2.0, 2.0, 3.0, 3.0], 0.0);
    near(&floats(&[1.0, 2.0]).repeat_interleave_each(&ints(&[1, 2]), 0), &[1.0, 2.0, 2.0], 0.0);
}

#[test]
fn scattered_gradients() {
    let index = Tensor::new(&[[0, 2, 0], [1, 1, 3]], &cpu());
    let pair = || [leaf([2, 4], 0.4, 1.6), leaf([2, 4], 0.5, 1.9)];
    grads("scatter", &pair(), |x| x[0].scatter(1, &index, &x[1]));
    grads("scatter of a number", &[leaf([2, 4], -1.0, 1.0)], |x| x[0].scatter_value(1, &index, 2.0));
    for reduce in [Reduce::Sum, Reduce::Prod, Reduce::Mean, Reduce::Amax, Reduce::Amin] {
        for include_self in [true, false] {
            let f = |x: &[Tensor]| x[0].scatter_reduce(1, &index, &x[1], reduce, include_self);
            grads(&format!("scatter_reduce {reduce:?} {include_self}"), &pair(), f);
        }
    }
    let rows = || [leaf([4, 2], -1.0, 1.0), leaf([3, 2], -1.0, 1.0)];
    let at = ints(&[0, 3, 0]);
    grads("index_add", &rows(), |x| x[0].index_add(0, &at, &x[1], 0.5));
    grads("index_copy", &rows(), |x| x[0].index_copy(0, &at, &x[1]));
    grads("index_fill", &[leaf([4, 2], -1.0, 1.0)], |x| x[0].index_fill(0, &at, 0.5));
    grads("take", &[leaf([4, 2], -1.0, 1.0)], |x| x[0].take(&at));
    grads("repeat_interleave", &[leaf([3, 2], -1.0, 1.0)], |x| x[0].repeat_interleave(3, 0));
    let mask = counted([2, 3]).gt(2.0);
    grads("masked_scatter", &[leaf([2, 3], -1.0, 1.0), leaf(4, -1.0, 1.0)], |x| {
        x[0].masked_scatter(&mask, &x[1])
    });
    grads("masked_select", &[leaf([2, 3], -1.0, 1.0)], |x| x[0].masked_select(&mask));
}

#[test]
fn scattered_reductions() {
    let (x, index) = (floats(&[10.0, 10.0, 10.0]), ints(&[0, 0, 2]));
    let src = floats(&[2.0, 3.0, 20.0]);
    let at = |reduce, own| x.scatter_reduce(0, &index, &src, reduce, own);
    near(&at(Reduce::Sum, true), &[15.0, 10.0, 30.0], 0.0);
    near(&at(Reduce::Sum, false), &[5.0, 10.0, 20.0], 0.0);
    near(&at(Reduce::Prod, true), &[60.0, 10.0, 200.0], 0.0);
    near(&at(Reduce::Prod, false), &[6.0, 10.0, 20.0], 0.0);
    near(&at(Reduce::Mean, true), &[5.0, 10.0, 15.0], 0.0);
    near(&at(Reduce::Mean, false), &[2.5, 10.0, 20.0], 0.0);
    near(&at(Reduce::Amax, true), &[10.0, 10.0, 20.0], 0.0);
    near(&at(Reduce::Amin, false), &[2.0, 10.0, 20.0], 0.0);
    // Ties share; a zero that stands alone gets the product of the others.
    let tied = floats(&[1.0]).requires_grad_(true);
    let two = floats(&[1.0, 0.0]).requires_grad_(true);
    tied.scatter_reduce(0, &ints(&[0, 0]), &two, Reduce::Amax, true).sum().backward();
    assert_eq!(tied.grad().unwrap().to_vec::<f32>(), [0.5]);
    assert_eq!(two.grad().unwrap().to_vec::<f32>(), [0.5, 0.0]);
    let src = floats(&[0.0, 3.0, 4.0]).requires_grad_(true);
    floats(&[2.0]).scatter_reduce(0, &ints(&[0, 0, 0]), &src, Reduce::Prod, true).sum().backward();
    assert_eq!(src.grad().unwrap().to_vec::<f32>(), [24.0, 0.0, 0.0]);
}

#[test]
fn negative_indices_count_from_the_end_only_where_pytorch_lets_them() {
    let x = Tensor::from_vec((1..=6).map(|v| v as f32).collect(), [2, 3], &cpu());
    let minus = ints(&[-1]);
    // What PyTorch 2.15 accepts.
    near(&x.i(s![.., &minus]), &[3.0, 6.0], 0.0);
    near(&x.take(&ints(&[-6, -1])), &[1.0, 6.0], 0.0);
    near(&x.take_along_dim(&minus.reshape([1, 1]), 1), &[3.0, 6.0], 0.0);
    near(&x.take_along_dim(&minus, None), &[6.0], 0.0);
    near(&x.index_fill(1, &minus, 0.0), &[1.0, 2.0, 0.0, 4.0, 5.0, 0.0], 0.0);
    near(&x.put(&minus, &floats(&[9.0]), false), &[1.0, 2.0, 3.0, 4.0, 5.0, 9.0], 0.0);
    near(&x.put(&minus, &floats(&[9.0]), true), &[1.0, 2.0, 3.0, 4.0, 5.0, 15.0], 0.0);
    // What it refuses.
    let wide = minus.reshape([1, 1]);
    let row = x.narrow(0, 0, 1);
    let refused: [(&str, &dyn Fn() -> Tensor); 9] = [
        ("gather", &|| x.gather(0, &wide)),
        ("index_select", &|| x.index_select(0, &minus)),
        ("embedding", &|| x.embedding(&minus)),
        ("scatter", &|| x.scatter(0, &wide, &x)),
        ("scatter", &|| x.scatter_value(0, &wide, 1.0)),
        ("scatter_add", &|| x.scatter_add(0, &wide, &x)),
        ("scatter_reduce", &|| x.scatter_reduce(0, &wide, &x, Reduce::Amax, true)),
        ("index_add", &|| x.index_add(0, &minus, &row, 1.0)),
        ("index_copy", &|| x.index_copy(0, &minus, &row)),
    ];
    for (k, (op, f)) in refused.into_iter().enumerate() {
        let told = catch_unwind(AssertUnwindSafe(f)).expect_err(op);
        let told = told.downcast::<String>().unwrap();
        let begins = format!("{op}: index -1 is out of range for a dimension of size 2\n");
        assert!(told.starts_with(&begins) && told.contains(".i(s![…])"), "{k}: {told}");
    }
}

#[test]
#[should_panic(expected = "scatter: index 3 is out of range for a dimension of size 3")]
fn an_index_beyond_the_end_is_refused() {
    floats(&[0.0; 3]).scatter_value(0, &ints(&[3]), 1.0);
}

#[test]
fn whole_numbers_are_scaled_as_whole_numbers() {
    // Beyond 2²⁴, where singles skip some.
    let (x, src) = (ints(&[1, 0]), ints(&[20_000_001]));
    assert_eq!(x.index_add(0, &ints(&[0]), &src, 2.0).to_vec::<i32>(), [40_000_003, 0]);
}

#[test]
fn bytes_are_not_summed_where_they_are_scattered() {
    let x = Tensor::full(3, 200, (DType::U8, &cpu()));
    let (at, one) = (ints(&[0]), Tensor::full(1, 1, (DType::U8, &cpu())));
    type Case<'a> = (&'a str, &'a dyn Fn() -> Tensor);
    let cases: [Case; 4] = [
        ("scatter_add", &|| x.scatter_add(0, &at, &one)),
        ("index_add", &|| x.index_add(0, &at, &one, 1.0)),
        ("put", &|| x.put(&at, &one, true)),
        ("scatter_reduce", &|| x.scatter_reduce(0, &at, &one, Reduce::Sum, true)),
    ];
    for (what, sum) in cases {
        assert!(catch_unwind(AssertUnwindSafe(sum)).is_err(), "{what}");
    }
    assert_eq!(x.scatter(0, &at, &one).to_vec::<u8>(), [1, 200, 200]);
}

#[test]
fn what_an_index_names_is_written_not_added() {
    let bytes = Tensor::full(3, 200, (DType::U8, &cpu()));
    bytes.assign(s![ints(&[0, 2, 2])], -2);
    assert_eq!(bytes.to_vec::<u8>(), [254, 200, 254]);
    let zeros = floats(&[1.0, 1.0]);
    zeros.assign(s![ints(&[1])], -0.0);
    assert!(zeros.to_vec::<f32>()[1].is_sign_negative());
    let x = leaf(3, -1.0, 1.0);
    let y = &x * 1.0;
    let value = leaf(2, -1.0, 1.0);
    y.assign(s![ints(&[2, 2])], &value);
    assert_eq!(y.grad_fn(), Some("IndexPutBackward0"));
    y.sum().backward();
    assert_eq!(x.grad().unwrap().to_vec::<f64>(), [1.0, 1.0, 0.0]);
    assert_eq!(value.grad().unwrap().to_vec::<f64>(), [0.0, 1.0], "the last write counts");
}

#[test]
fn a_view_whose_base_is_gone_is_written_in_place() {
    let x = leaf([2, 3], -1.0, 1.0);
    let gradient = || x.grad().map(|g| g.to_vec::<f64>());
    // What indexing, rolling and turning give are tensors of their own, though their last step was a view.
    let rows = x.i(s![ints(&[1, 1])]);
    rows.mul_(3.0);
    rows.sum().backward();
    assert_eq!(gradient(), Some(vec![0.0, 0.0, 0.0, 6.0, 6.0, 6.0]));
    x.zero_grad();
    let turned = x.rot90(1, [0, 1]).roll(&[2], &[]);
    turned.add_(&turned).assign(s![0], 0.0);
    assert_eq!((turned.select(0, 0).to_vec::<f64>(), turned.is_leaf()), (vec![0.0; 2], false));
    turned.square().sum().backward();
    let (want, squares) = (gradient().unwrap(), x.detach() * 8.0);
    assert_eq!(want.iter().filter(|&&g| g == 0.0).count(), 2);
    for (got, want) in want.iter().zip(squares.to_vec::<f64>()).filter(|(got, _)| **got != 0.0) {
        assert!((got - want).abs() < 1e-12, "{got} is not {want}");
    }
}

#[test]
fn a_view_whose_base_or_elements_are_shared_is_not() {
    let x = leaf(4, -1.0, 1.0);
    let base = &x * 2.0;
    let refused = |f: &dyn Fn()| catch_unwind(AssertUnwindSafe(f)).is_err();
    assert!(refused(&|| drop(base.narrow(0, 0, 2).add_(1.0).clone())), "the base would not learn of it");
    assert!(
        refused(&|| drop((&x * 2.0).narrow(0, 0, 1).expand([3]).add_(1.0).clone())),
        "one element, three places"
    );
    assert!(
        refused(&|| drop((&x * 2.0).unfold(0, 2, 1).narrow(0, 0, 2).add_(1.0).clone())),
        "windows overlap"
    );
    let kept = (&x * 2.0).exp().narrow(0, 0, 2); // the exponential's rule reads what it gave
    assert!(refused(&|| drop(kept.add_(1.0).clone())));
}
