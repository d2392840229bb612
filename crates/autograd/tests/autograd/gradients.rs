//! Every differentiable operation held against central differences, to second order, alone and in
//! the middle of a graph. One line a case.

use crate::common::{bools, both, cpu, first, given, ints, leaf};
use autograd::{Ellipsis, NewAxis, Tensor, cat, einsum, meshgrid, s, stack};
use tensor_core::Activation;

/// `name: [inputs], |x| result;` — `both` derivatives of each.
macro_rules! cases {
    ($($name:literal: [$($input:expr),+], $f:expr;)+) => {$(
        both($name, &[$($input),+], $f);
    )+};
}

/// A leaf with values on both sides of 0, or in a range.
fn x(shape: &[usize]) -> Tensor {
    leaf(shape, -2.0, 2.0, 1)
}
fn y(shape: &[usize]) -> Tensor {
    leaf(shape, -1.5, 2.5, 2)
}
fn positive(shape: &[usize]) -> Tensor {
    leaf(shape, 0.3, 3.0, 3)
}

#[test]
fn a_literal_on_the_left_needs_no_type() {
    let x = given(&[1.0, 2.0], &[2]);
    assert_eq!((1.0 - &x).abs().to_vec::<f32>(), [0.0, 1.0]);
    assert_eq!((3 * x.square() - 2 / &x).sum().item::<f32>(), 12.0);
}

#[test]
fn functions_of_one_number() {
    cases! {
        "neg": [x(&[5])], |x| -&x[0];
        "abs": [x(&[5])], |x| x[0].abs();
        "sqrt": [positive(&[5])], |x| x[0].sqrt();
        "rsqrt": [positive(&[5])], |x| x[0].rsqrt();
        "square": [x(&[5])], |x| x[0].square();
        "reciprocal": [positive(&[5])], |x| x[0].reciprocal();
        "exp": [x(&[5])], |x| x[0].exp();
        "expm1": [x(&[5])], |x| x[0].expm1();
        "log": [positive(&[5])], |x| x[0].log();
        "log1p": [positive(&[5])], |x| x[0].log1p();
        "sin": [x(&[5])], |x| x[0].sin();
        "cos": [x(&[5])], |x| x[0].cos();
        "tan": [leaf(&[5], -1.1, 1.1, 4)], |x| x[0].tan();
        "erf": [x(&[5])], |x| x[0].erf();
        "relu": [x(&[5])], |x| x[0].relu();
        "gelu": [x(&[5])], |x| x[0].gelu();
        "gelu_tanh": [x(&[5])], |x| x[0].gelu_tanh();
        "silu": [x(&[5])], |x| x[0].silu();
        "sigmoid": [x(&[5])], |x| x[0].sigmoid();
        "tanh": [x(&[5])], |x| x[0].tanh();
        "leaky_relu": [x(&[5])], |x| x[0].leaky_relu(0.1);
        "elu": [x(&[5])], |x| x[0].elu(0.7);
        "softplus": [x(&[5])], |x| x[0].softplus(1.5, 20.0);
        "softplus beyond its threshold": [positive(&[5])], |x| x[0].softplus(2.0, 0.1);
        "activation": [x(&[5])], |x| x[0].activation(Activation::Silu);
        "a matrix's transpose": [x(&[2, 3])], |x| x[0].t().exp();
        "a number": [x(&[])], |x| x[0].exp();
        "nothing": [x(&[0, 3])], |x| x[0].exp();
    }
}

#[test]
fn steps_have_no_slope() {
    type Step = fn(&Tensor) -> Tensor;
    let flat: [(&str, Step); 5] = [
        ("sign", Tensor::sign),
        ("round", Tensor::round),
        ("floor", Tensor::floor),
        ("ceil", Tensor::ceil),
        ("trunc", Tensor::trunc),
    ];
    for (name, f) in flat {
        let x = x(&[5]);
        f(&x).sum().backward();
        assert_eq!(x.grad().expect(name).to_vec::<f64>(), [0.0; 5], "{name}");
    }
}

#[test]
fn two_operands_and_broadcasting() {
    let shapes: [(&[usize], &[usize]); 7] = [
        (&[3, 2], &[3, 2]),
        (&[3, 2], &[2]),
        (&[2], &[3, 2]),
        (&[3, 1], &[1, 2]),
        (&[], &[3]),
        (&[2, 1, 2], &[3, 1]),
        (&[0, 2], &[2]),
    ];
    for (a, b) in shapes {
        cases! {
            "add": [x(a), y(b)], |x| &x[0] + &x[1];
            "sub": [x(a), y(b)], |x| &x[0] - &x[1];
            "mul": [x(a), y(b)], |x| &x[0] * &x[1];
            "div": [x(a), positive(b)], |x| &x[0] / &x[1];
            "pow": [positive(a), y(b)], |x| x[0].pow(&x[1]);
            "maximum": [x(a), y(b)], |x| x[0].maximum(&x[1]);
            "minimum": [x(a), y(b)], |x| x[0].minimum(&x[1]);
            "atan2": [x(a), positive(b)], |x| x[0].atan2(&x[1]);
            "where": [x(a), y(b)], |x| x[0].gt(0.2).where_(&x[0], &x[1]);
        }
    }
    first("remainder", &[positive(&[4]), given(&[0.7, 1.1, 2.3, 0.9], &[4])], |x| x[0].remainder(&x[1]));
    both("one tensor twice", &[x(&[3])], |x| &x[0] * &x[0] / (x[0].square() + 1.0) - &x[0]);
}

#[test]
fn numbers_on_either_side() {
    cases! {
        "x + n": [x(&[4])], |x| &x[0] + 2.0;
        "n + x": [x(&[4])], |x| 2.0 + &x[0];
        "x - n": [x(&[4])], |x| &x[0] - 2.0;
        "n - x": [x(&[4])], |x| 2.0 - &x[0];
        "x * n": [x(&[4])], |x| &x[0] * 2.5;
        "n * x": [x(&[4])], |x| 2.5 * &x[0];
        "x / n": [x(&[4])], |x| &x[0] / 2.5;
        "n / x": [positive(&[4])], |x| 2.5 / &x[0];
        "x % n": [positive(&[4])], |x| &x[0] % 0.7;
        "x pow 3": [x(&[4])], |x| x[0].pow(3.0);
        "x pow 2.5": [positive(&[4])], |x| x[0].pow(2.5);
        "x pow -1": [positive(&[4])], |x| x[0].pow(-1.0);
        "x pow 1": [x(&[4])], |x| x[0].pow(1.0);
        "n pow x": [x(&[4])], |x| x[0].pow_of(2.0);
        "maximum with a number": [x(&[4])], |x| x[0].maximum(0.3);
        "minimum with a number": [x(&[4])], |x| x[0].minimum(0.3);
        "atan2 with a number": [x(&[4])], |x| x[0].atan2(0.5);
        "where with a number": [x(&[4])], |x| x[0].lt(0.0).where_(1.0, x[0].square());
        "masked_fill": [x(&[4])], |x| x[0].square().masked_fill(&bools(&[true, false, true, false], &[4]), 3.0);
        "clamp": [x(&[7])], |x| x[0].clamp(-1.0, 1.2);
        "clamp from below": [x(&[7])], |x| x[0].clamp(0.1, None);
    }
}

#[test]
fn reductions() {
    let dims: [(&[isize], bool); 7] = [
        (&[0], false),
        (&[1], true),
        (&[-1], false),
        (&[0, 2], false),
        (&[0, -1], true),
        (&[], false),
        (&[], true),
    ];
    for (dims, keepdim) in dims {
        let at = |x: &[Tensor]| x[0].clone();
        cases! {
            "sum": [x(&[2, 3, 2])], |x| at(x).sum_dim(dims, keepdim);
            "mean": [x(&[2, 3, 2])], |x| at(x).mean_dim(dims, keepdim);
            "var": [x(&[2, 3, 2])], |x| at(x).var_dim(dims, 1, keepdim);
            "std": [x(&[2, 3, 2])], |x| at(x).std_dim(dims, 1, keepdim);
            "amax": [x(&[2, 3, 2])], |x| at(x).amax(dims, keepdim);
            "amin": [x(&[2, 3, 2])], |x| at(x).amin(dims, keepdim);
            "logsumexp": [x(&[2, 3, 2])], |x| at(x).logsumexp(dims, keepdim);
            "norm": [x(&[2, 3, 2])], |x| at(x).norm_dim(2.0, dims, keepdim);
            "norm 1": [x(&[2, 3, 2])], |x| at(x).norm_dim(1.0, dims, keepdim);
            "norm 3": [x(&[2, 3, 2])], |x| at(x).norm_dim(3.0, dims, keepdim);
            "norm of infinity": [x(&[2, 3, 2])], |x| at(x).norm_dim(f64::INFINITY, dims, keepdim);
        }
    }
    for dim in [0, 1, -1] {
        for keepdim in [false, true] {
            cases! {
                "prod": [x(&[2, 3, 2])], |x| x[0].prod_dim(dim, keepdim);
                "max": [x(&[2, 3, 2])], |x| x[0].max_dim(dim, keepdim).0;
                "min": [x(&[2, 3, 2])], |x| x[0].min_dim(dim, keepdim).0;
            }
        }
        both("cumsum", &[x(&[2, 3, 2])], |x| x[0].cumsum(dim));
    }
    cases! {
        "sum of all": [x(&[2, 3])], |x| x[0].sum();
        "mean of all": [x(&[2, 3])], |x| x[0].mean();
        "prod of all": [x(&[2, 3])], |x| x[0].prod();
        "var of all": [x(&[2, 3])], |x| x[0].var();
        "std of all": [x(&[2, 3])], |x| x[0].std();
        "population variance": [x(&[2, 3])], |x| x[0].var_dim((), 0, false);
        "max of all": [x(&[2, 3])], |x| x[0].max();
        "min of all": [x(&[2, 3])], |x| x[0].min();
        "norm of all": [x(&[2, 3])], |x| x[0].norm(2.0);
        "sum of a number": [x(&[])], |x| x[0].sum();
        "cumsum of a number": [x(&[])], |x| x[0].cumsum(0);
        "prod of nothing": [x(&[2, 0])], |x| x[0].prod_dim(1, false);
        "sum of a transpose": [x(&[2, 3])], |x| x[0].t().sum_dim(0, false);
        "logsumexp of large numbers": [leaf(&[4], 700.0, 710.0, 5)], |x| x[0].logsumexp(0, false);
        "max of a number": [x(&[])], |x| x[0].max_dim(0, false).0;
    }
}

#[test]
fn prod_at_zeros() {
    cases! {
        "no zero": [given(&[1.5, -2.0, 0.5], &[3])], |x| x[0].prod();
        "one zero": [given(&[1.5, 0.0, 0.5], &[3])], |x| x[0].prod();
        "two zeros": [given(&[0.0, 0.0, 0.5], &[3])], |x| x[0].prod();
        "all zeros": [given(&[0.0, 0.0, 0.0], &[3])], |x| x[0].prod();
        "rows": [given(&[1.5, 0.0, 0.5, 2.0, 3.0, 4.0], &[2, 3])], |x| x[0].prod_dim(1, false);
        "columns": [given(&[1.5, 0.0, 0.5, 0.0, 3.0, 4.0], &[2, 3])], |x| x[0].prod_dim(0, true);
    }
}

#[test]
fn products_of_every_rank() {
    let shapes: [(&[usize], &[usize]); 12] = [
        (&[3], &[3]),
        (&[2, 3], &[3]),
        (&[3], &[3, 2]),
        (&[2, 3], &[3, 2]),
        (&[2, 2, 3], &[3, 2]),
        (&[2, 2, 3], &[3]),
        (&[3], &[2, 3, 2]),
        (&[2, 3], &[2, 3, 2]),
        (&[2, 2, 3], &[2, 3, 2]),
        (&[2, 1, 2, 3], &[2, 3, 2]),
        (&[1, 2, 3], &[2, 3, 2]),
        (&[2, 0], &[0, 2]),
    ];
    for (a, b) in shapes {
        both(&format!("matmul of {a:?} and {b:?}"), &[x(a), y(b)], |x| x[0].matmul(&x[1]));
    }
    cases! {
        "mm": [x(&[2, 3]), y(&[3, 2])], |x| x[0].mm(&x[1]);
        "bmm": [x(&[2, 2, 3]), y(&[2, 3, 1])], |x| x[0].bmm(&x[1]);
        "mv": [x(&[2, 3]), y(&[3])], |x| x[0].mv(&x[1]);
        "dot": [x(&[3]), y(&[3])], |x| x[0].dot(&x[1]);
        "outer": [x(&[2]), y(&[3])], |x| x[0].outer(&x[1]);
        "addmm": [x(&[2]), x(&[2, 3]), y(&[3, 2])], |x| x[0].addmm(&x[1], &x[2]);
        "a matrix with itself": [x(&[3, 3])], |x| x[0].mm(&x[0].t());
        "transposed operands": [x(&[3, 2]), y(&[2, 3])], |x| x[0].t().mm(&x[1].t());
    }
}

#[test]
fn einstein_sums() {
    let two: [(&str, &[usize], &[usize]); 8] = [
        ("ij,jk->ik", &[2, 3], &[3, 2]),
        ("bij,bjk->bik", &[2, 2, 3], &[2, 3, 2]),
        ("i,i->", &[3], &[3]),
        ("i,j->ij", &[2], &[3]),
        ("ij,j->i", &[2, 3], &[3]),
        ("ij,ij->ij", &[2, 3], &[2, 3]),
        ("ij,kl->jk", &[2, 3], &[2, 2]),
        ("ij,jk", &[2, 3], &[3, 2]),
    ];
    for (equation, a, b) in two {
        both(equation, &[x(a), y(b)], |x| einsum(equation, &[&x[0], &x[1]]));
    }
    for (equation, shape) in [("ij->ji", &[2, 3]), ("ij->i", &[2, 3]), ("ii->i", &[3, 3]), ("ii->", &[3, 3])]
    {
        both(equation, &[x(shape)], |x| einsum(equation, &[&x[0]]));
    }
}

#[test]
fn shapes() {
    cases! {
        "reshape": [x(&[2, 3])], |x| x[0].reshape([3, -1]);
        "reshape of a transpose": [x(&[2, 3])], |x| x[0].t().reshape([6]);
        "view": [x(&[2, 3])], |x| x[0].view([6]);
        "t": [x(&[2, 3])], |x| x[0].t();
        "transpose": [x(&[2, 3, 2])], |x| x[0].transpose(0, -1);
        "permute": [x(&[2, 3, 2])], |x| x[0].permute(&[2, 0, 1]);
        "movedim": [x(&[2, 3, 2])], |x| x[0].movedim(0, 2);
        "expand": [x(&[3, 1])], |x| x[0].expand([2, -1, 4]);
        "expand_as": [x(&[3])], |x| x[0].expand_as(&ints(&[0; 6], &[2, 3]));
        "squeeze": [x(&[1, 3, 1])], |x| x[0].squeeze();
        "squeeze_dim": [x(&[1, 3, 1])], |x| x[0].squeeze_dim(0);
        "unsqueeze": [x(&[3])], |x| x[0].unsqueeze(-1);
        "flatten": [x(&[2, 3, 2])], |x| x[0].flatten(1, -1);
        "narrow": [x(&[2, 5])], |x| x[0].narrow(1, 1, 3);
        "select": [x(&[2, 3])], |x| x[0].select(1, -1);
        "flip": [x(&[2, 3])], |x| x[0].flip(&[0, 1]);
        "unbind": [x(&[5, 2])], |x| { let v = x[0].unbind(0); &v[0] * v[1].exp() + &v[2] * &v[4] };
        "split": [x(&[5, 2])], |x| { let v = x[0].split(2, 0); &v[0] * &v[1] + v[2].sum() };
        "chunk": [x(&[7])], |x| { let v = x[0].chunk(3, 0); &v[0] * &v[1] * &v[2] };
        "diagonal": [x(&[3, 4])], |x| x[0].diagonal(1, 0, 1);
        "diagonal below": [x(&[3, 4])], |x| x[0].diagonal(-1, 0, 1);
        "copy": [x(&[3])], |x| x[0].copy();
        "contiguous": [x(&[2, 3])], |x| x[0].t().contiguous();
        "iter": [x(&[3, 2])], |x| x[0].iter().map(|row| row.exp()).reduce(|a, b| a * b).unwrap();
        "tril": [x(&[3, 4])], |x| x[0].tril(0);
        "triu": [x(&[2, 3, 3])], |x| x[0].triu(1);
    }
}

#[test]
fn joining() {
    cases! {
        "cat": [x(&[2, 3]), y(&[1, 3])], |x| cat(x, 0);
        "cat of one tensor twice": [x(&[2, 3])], |x| cat(&[&x[0], &x[0].exp(), &x[0]], -1);
        "stack": [x(&[2, 3]), y(&[2, 3])], |x| stack(x, 1);
        "stack at the end": [x(&[2]), y(&[2])], |x| stack(x, -1);
        "repeat": [x(&[2, 1])], |x| x[0].repeat(&[2, 2, 3]);
        "tile": [x(&[2, 3])], |x| x[0].tile(&[2]);
        "pad": [x(&[2, 3])], |x| x[0].pad(&[1, 2, 0, 1], 0.5);
        "roll": [x(&[2, 3])], |x| x[0].roll(&[1, -2], &[0, 1]);
        "roll flat": [x(&[2, 3])], |x| x[0].roll(&[4], &[]);
        "meshgrid": [x(&[2]), y(&[3])], |x| { let grids = meshgrid(x); &grids[0] * grids[1].exp() };
    }
}

#[test]
fn indexing() {
    let (twice, pair) = (ints(&[2, 0, 2], &[3]), ints(&[0, 1, 1, 2], &[2, 2]));
    let mask = bools(&[true, false, true, false, true, true], &[2, 3]);
    cases! {
        "a place": [x(&[3, 4])], |x| x[0].i(s![1]);
        "from the end": [x(&[3, 4])], |x| x[0].i(s![.., -1]);
        "a range": [x(&[3, 4])], |x| x[0].i(s![1.., 0..3]);
        "a step": [x(&[3, 7])], |x| x[0].i(s![.., 1..; 2]);
        "backwards": [x(&[3, 4])], |x| x[0].i(s![..; -1, ..; -2]);
        "a new axis": [x(&[3, 4])], |x| x[0].i(s![NewAxis, 0, NewAxis]);
        "an ellipsis": [x(&[2, 3, 2])], |x| x[0].i(s![Ellipsis, 0]);
        "an index tensor": [x(&[3, 4])], |x| x[0].i(s![&twice]);
        "an index tensor after a range": [x(&[3, 4])], |x| x[0].i(s![1.., &twice]);
        "an index of two dimensions": [x(&[3, 2])], |x| x[0].i(s![&pair]);
        "two index tensors": [x(&[3, 4])], |x| x[0].i(s![&twice, ints(&[1, 3, 1], &[3])]);
        "two index tensors apart": [x(&[3, 2, 4])], |x| x[0].i(s![&twice, .., ints(&[1, 3, 1], &[3])]);
        "negative indices": [x(&[3, 4])], |x| x[0].i(s![ints(&[-1, 0, -1], &[3])]);
        "a mask": [x(&[2, 3])], |x| x[0].i(s![&mask]);
        "a mask of rows": [x(&[2, 3])], |x| x[0].i(s![bools(&[false, true], &[2])]);
        "masked_select": [x(&[2, 3])], |x| x[0].masked_select(&mask);
        "index_select": [x(&[3, 4])], |x| x[0].index_select(0, &twice);
        "index_select of columns": [x(&[2, 3])], |x| x[0].index_select(1, &twice);
        "gather": [x(&[3, 2])], |x| x[0].gather(0, &pair);
        "scatter_add": [x(&[3, 2]), y(&[3, 4])], |x| x[0].scatter_add(0, &pair, &x[1]);
        "an element": [x(&[2, 2])], |x| x[0].i(s![0, 1]);
    }
}

#[test]
fn assignment() {
    let twice = ints(&[2, 0], &[2]);
    let into = |x: &Tensor| x.square();
    cases! {
        "a number to a place": [x(&[3, 4])], |x| { let t = into(&x[0]); t.assign(s![1], 2.0); t };
        "a row": [x(&[3, 2]), y(&[2])], |x| { let t = into(&x[0]); t.assign(s![0], &x[1]); t.exp() };
        "a column, broadcast": [x(&[3, 2]), y(&[1])], |x| { let t = into(&x[0]); t.assign(s![.., 1], &x[1]); t };
        "steps": [x(&[5]), y(&[2])], |x| { let t = into(&x[0]); t.assign(s![1..; 2], x[1].exp()); t };
        "an index tensor": [x(&[3, 2]), y(&[2, 2])], |x| { let t = into(&x[0]); t.assign(s![&twice], &x[1]); t };
        "a mask": [x(&[3]), y(&[2])], |x| {
            let t = into(&x[0]);
            t.assign(s![bools(&[true, false, true], &[3])], &x[1]);
            t
        };
        "in place": [x(&[3]), y(&[3])], |x| { let t = into(&x[0]); t.mul_(&x[1]); t.add_(1.0); t.sub_(&x[0]); t.div_(2.0); t };
        "a constant becomes a function": [y(&[2])], |x| {
            let t = Tensor::zeros([3], (tensor_core::DType::F64, &cpu()));
            t.assign(s![0..2], &x[0]);
            t
        };
    }
}

#[test]
fn order_and_networks() {
    let (target, w) = (ints(&[2, 0, 1], &[3]), y(&[2, 4]));
    cases! {
        "sort": [x(&[2, 5])], |x| x[0].sort(1, false).0;
        "sort, descending": [x(&[4, 2])], |x| x[0].sort(0, true).0;
        "topk": [x(&[2, 5])], |x| x[0].topk(2, -1, true).0;
        "topk, smallest": [x(&[5])], |x| x[0].topk(3, 0, false).0;
        "softmax": [x(&[2, 3])], |x| x[0].softmax(-1);
        "softmax of columns": [x(&[2, 3, 2])], |x| x[0].softmax(1);
        "softmax of a number": [x(&[])], |x| x[0].softmax(0);
        "log_softmax": [x(&[2, 3])], |x| x[0].log_softmax(1);
        "log_softmax of columns": [x(&[2, 3])], |x| x[0].log_softmax(0);
        "cross_entropy": [x(&[3, 3])], |x| x[0].cross_entropy(&target);
        "linear": [x(&[3, 4]), w, y(&[2])], |x| x[0].linear(&x[1], Some(&x[2]));
        "linear without a bias": [x(&[3, 4]), y(&[2, 4])], |x| x[0].linear(&x[1], None);
        "linear of three dimensions": [x(&[2, 3, 4]), y(&[2, 4]), y(&[2])], |x| x[0].linear(&x[1], Some(&x[2]));
        "linear of a vector": [x(&[4]), y(&[2, 4]), y(&[2])], |x| x[0].linear(&x[1], Some(&x[2]));
        "linear and relu": [x(&[3, 4]), y(&[2, 4]), y(&[2])],
            |x| x[0].linear_act(&x[1], Some(&x[2]), Some(Activation::Relu));
        "linear and tanh": [x(&[3, 4]), leaf(&[2, 4], -0.5, 0.5, 6)],
            |x| x[0].linear_act(&x[1], None, Some(Activation::Tanh));
        "linear and sigmoid": [x(&[3, 4]), y(&[2, 4]), y(&[2])],
            |x| x[0].linear_act(&x[1], Some(&x[2]), Some(Activation::Sigmoid));
    }
}

#[test]
fn linear_algebra() {
    /// Far from singular.
    fn matrix(shape: &[usize], seed: usize) -> Tensor {
        let n = shape[shape.len() - 1];
        let eye = Tensor::eye(n, (tensor_core::DType::F64, &cpu())) * 3.0;
        (leaf(shape, -1.0, 1.0, seed).detach() + eye).requires_grad_(true)
    }
    let spd = |x: &Tensor| x.matmul(&x.transpose(-2, -1));
    cases! {
        "inverse": [matrix(&[3, 3], 1)], |x| x[0].inverse().unwrap();
        "inverse of a batch": [matrix(&[2, 2, 2], 2)], |x| x[0].inverse().unwrap();
        "inverse of a transpose": [matrix(&[3, 3], 1)], |x| x[0].t().inverse().unwrap();
        "solve": [matrix(&[3, 3], 3), y(&[3])], |x| x[0].solve(&x[1]).unwrap();
        "solve for a matrix": [matrix(&[3, 3], 3), y(&[3, 2])], |x| x[0].solve(&x[1]).unwrap();
        "solve for a batch": [matrix(&[2, 2, 2], 3), y(&[2, 2, 1])], |x| x[0].solve(&x[1]).unwrap();
        "det": [matrix(&[3, 3], 4)], |x| x[0].det();
        "det of a batch": [matrix(&[2, 2, 2], 4)], |x| x[0].det();
        "cholesky": [matrix(&[3, 3], 5)], |x| spd(&x[0]).cholesky().unwrap();
        "cholesky of a batch": [matrix(&[2, 2, 2], 6)], |x| spd(&x[0]).cholesky().unwrap();
    }
}
