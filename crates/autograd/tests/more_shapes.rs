//! Pieces, diagonals, paddings and joins: values by hand, gradients against differences, names as
//! PyTorch prints them.

mod more_support;

use autograd::{
    PadMode, Tensor, block_diag, broadcast_tensors, cartesian_prod, cat, column_stack, dstack, einsum, grad,
    hstack, meshgrid, meshgrid_xy, s, stack, vstack,
};
use more_support::{counted, cpu, floats, grads, ints, leaf, near};
use tensor_core::DType;
use tensor_core::random::Generator;

#[test]
fn splits_by_one_size_or_several() {
    let x = counted([2, 7]);
    let sizes = |parts: Vec<Tensor>| parts.iter().map(|p| p.dim(1)).collect::<Vec<_>>();
    assert_eq!(sizes(x.split(3, 1)), [3, 3, 1]);
    assert_eq!(sizes(x.split([1, 6], -1)), [1, 6]);
    assert_eq!(sizes(x.split(vec![0, 7], 1)), [0, 7]);
    assert_eq!(sizes(x.chunk(3, 1)), [3, 3, 1]);
    assert_eq!(sizes(counted([1, 0]).split(2, 1)), [0]);
    grads("split", &[leaf([2, 5], -1.0, 1.0)], |x| x[0].split([2, 3], 1)[1].square());
    let rows: Vec<f64> = (&x).into_iter().map(|row| row.sum().item()).collect();
    assert_eq!(rows, [21.0, 70.0]);
}

#[test]
#[should_panic(expected = "split: sizes [3, 3] do not add up to the dimension's 7")]
fn sizes_that_do_not_add_up_are_refused() {
    counted([2, 7]).split([3, 3], 1);
}

#[test]
fn what_is_no_view_is_written_without_its_source() {
    let x = counted([2, 2]);
    let number = x.sum();
    let copies = [
        ("flip", x.flip(&[0, 1])),
        ("flip along nothing", x.flip(&[])),
        ("rot90 by nothing", x.rot90(0, [0, 1])),
        ("rot90", x.rot90(1, [0, 1])),
        ("roll by nothing", x.roll(&[0], &[0])),
        ("roll a whole turn", x.roll(&[4], &[])),
        ("repeat once", x.repeat(&[1, 1])),
        ("tile once", x.tile(&[1])),
        ("repeat_interleave once", x.repeat_interleave(1, 0)),
        ("of all", x.repeat_interleave(1, None)),
        ("matrix_power", x.matrix_power(1).unwrap()),
        ("cummax of a number", number.cummax(0).0),
        ("cummin of a number", number.cummin(0).0),
        ("logcumsumexp of a number", number.logcumsumexp(0)),
        ("max of a number", number.max_dim(0, false).0),
        ("min of a number", number.min_dim(0, false).0),
    ];
    for (what, copy) in copies {
        copy.fill_(9);
        assert_eq!((x.to_vec::<f64>(), number.item::<f64>()), (vec![0.0, 1.0, 2.0, 3.0], 6.0), "{what}");
    }
    let alone = counted([1, 2]);
    for (what, copy) in [
        ("cummax", alone.cummax(0).0),
        ("cummin", alone.cummin(0).0),
        ("logcumsumexp", alone.logcumsumexp(0)),
        ("diff by nothing", alone.diff(0, 1)),
    ] {
        copy.fill_(9);
        assert_eq!(alone.to_vec::<f64>(), [0.0, 1.0], "{what} along one");
    }
    let whole = ints(&[1, 2]);
    whole.nan_to_num(0.0, None, None).fill_(9);
    assert_eq!(whole.to_vec::<i32>(), [1, 2], "nan_to_num of integers");
    let row = counted([1, 2]);
    row.repeat_interleave(3, 0).fill_(9);
    assert_eq!(row.to_vec::<f64>(), [0.0, 1.0], "a repeated row");
    // A view it is where a slice says so.
    row.i(s![.., ..; -1]).i(s![0, 0]).fill_(7);
    assert_eq!(row.to_vec::<f64>(), [0.0, 7.0]);
    grads("flip", &[leaf([2, 3], -1.0, 1.0)], |x| x[0].flip(&[1]).square());
    grads("repeat_interleave", &[leaf([1, 3], -1.0, 1.0)], |x| x[0].repeat_interleave(2, 0).square());
}

#[test]
fn dimensions_move_and_turn() {
    let x = counted([2, 3, 4]);
    assert_eq!(x.movedim(0, -1).shape().dims(), [3, 4, 2]);
    assert_eq!(x.movedim([0, 1], [1, 2]).shape().dims(), [4, 2, 3]);
    near(&x.movedim([0, 1], [1, 2]), &x.permute(&[2, 0, 1]).to_vec::<f64>(), 0.0);
    let m = counted([2, 2]); // 0 1 / 2 3
    near(&m.rot90(1, [0, 1]), &[1.0, 3.0, 0.0, 2.0], 0.0);
    near(&m.rot90(-1, [0, 1]), &[2.0, 0.0, 3.0, 1.0], 0.0);
    near(&m.rot90(2, [0, 1]), &[3.0, 2.0, 1.0, 0.0], 0.0);
    near(&m.flip(&[0, 1]), &[3.0, 2.0, 1.0, 0.0], 0.0);
    assert_eq!(x.unflatten(-1, [2, -1]).shape().dims(), [2, 3, 2, 2]);
    let thin = counted([1, 3, 1, 2]);
    assert_eq!(thin.squeeze_dims([0, 1, 2]).shape().dims(), [3, 2]);
    assert_eq!(thin.mt().shape().dims(), [1, 3, 2, 1]);
    assert_eq!(x.reshape_as(&counted([6, 4])).shape().dims(), [6, 4]);
    grads("rot90", &[leaf([2, 3], -1.0, 1.0)], |x| x[0].rot90(3, [0, 1]));
}

#[test]
fn diagonals_of_any_two_dimensions() {
    let x = counted([2, 3, 4]);
    near(&x.diagonal(1, 1, 2), &[1.0, 6.0, 11.0, 13.0, 18.0, 23.0], 0.0);
    near(&x.diagonal(0, -1, 0), &[0.0, 13.0, 4.0, 17.0, 8.0, 21.0], 0.0);
    near(&floats(&[1.0, 2.0]).diag(1), &[0.0, 1.0, 0.0, 0.0, 0.0, 2.0, 0.0, 0.0, 0.0], 0.0);
    near(&counted([2, 3]).diag(0), &[0.0, 4.0], 0.0);
    let embedded = counted([2, 3]).diag_embed(-1, 0, 2);
    assert_eq!(embedded.shape().dims(), [4, 2, 4]);
    near(&embedded.diagonal(-1, 0, 2), &counted([2, 3]).to_vec::<f64>(), 0.0);
    assert_eq!(embedded.sum().item::<f64>(), 15.0);
    assert_eq!(counted([2, 3]).trace().item::<f64>(), 4.0);
    grads("diagonal", &[leaf([2, 3, 4], -1.0, 1.0)], |x| x[0].diagonal(-1, 0, 2).square());
    grads("diag_embed", &[leaf([2, 3], -1.0, 1.0)], |x| x[0].diag_embed(1, -2, -1).square());
    grads("diag", &[leaf(3, -1.0, 1.0)], |x| x[0].diag(2));
}

#[test]
fn padding_by_every_mode() {
    let x = floats(&[1.0, 2.0, 3.0]);
    near(&x.pad_mode(&[2, 1], PadMode::Reflect), &[3.0, 2.0, 1.0, 2.0, 3.0, 2.0], 0.0);
    near(&x.pad_mode(&[2, 1], PadMode::Replicate), &[1.0, 1.0, 1.0, 2.0, 3.0, 3.0], 0.0);
    near(&x.pad_mode(&[2, 1], PadMode::Circular), &[2.0, 3.0, 1.0, 2.0, 3.0, 1.0], 0.0);
    near(&x.pad_mode(&[1, 0], PadMode::Constant(9.0)), &[9.0, 1.0, 2.0, 3.0], 0.0);
    for mode in [PadMode::Reflect, PadMode::Replicate, PadMode::Circular, PadMode::Constant(0.5)] {
        grads("pad", &[leaf([2, 3, 3], -1.0, 1.0)], |x| x[0].pad_mode(&[2, 1, 0, 2], mode).square());
    }
    near(&x.tile(&[2, 2]), &[1.0, 2.0, 3.0].repeat(4), 0.0);
}

#[test]
#[should_panic(expected = "pad_reflect: padding [3, 0] of dimension 0 of shape [3]")]
fn a_reflection_beyond_the_tensor_is_refused() {
    floats(&[1.0, 2.0, 3.0]).pad_mode(&[3, 0], PadMode::Reflect);
}

#[test]
fn joins_and_grids() {
    let (a, b) = (floats(&[1.0, 2.0]), floats(&[3.0, 4.0]));
    near(&hstack(&[&a, &b]), &[1.0, 2.0, 3.0, 4.0], 0.0);
    assert_eq!(hstack(&[counted([2, 1]), counted([2, 2])]).shape().dims(), [2, 3]);
    assert_eq!(vstack(&[&a, &b]).shape().dims(), [2, 2]);
    near(&block_diag(&[&a, &counted([2, 1])]), &[1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0], 0.0);
    let c = floats(&[5.0, 6.0, 7.0]);
    let shape = |grids: Vec<Tensor>| grids[0].shape().to_vec();
    assert_eq!(shape(meshgrid(&[&a, &c])), [2, 3]);
    assert_eq!(shape(meshgrid_xy(&[&a, &c])), [3, 2]);
    near(&meshgrid_xy(&[&a, &c])[0].select(0, 1), &[1.0, 2.0], 0.0);
    grads("block_diag", &[leaf([2, 1], -1.0, 1.0), leaf(2, -1.0, 1.0)], |x| block_diag(x).square());
    assert_eq!(stack(&[a, b], -1).to_vec::<f32>(), [1.0, 3.0, 2.0, 4.0]);
}

/// Every function over a list takes tensors, references, and a vector or a slice of either.
#[test]
fn lists_hold_tensors_or_references() {
    let (a, b) = (floats(&[1.0, 2.0]), floats(&[3.0, 4.0]));
    let (owned, refs) = (vec![a.clone(), b.clone()], vec![&a, &b]);
    let one = |t: Tensor| vec![(t.shape().to_vec(), t.to_vec::<f32>())];
    let many = |all: Vec<Tensor>| all.into_iter().flat_map(one).collect::<Vec<_>>();
    macro_rules! alike {
        ($($told:ident $name:ident($($more:expr)?);)+) => {$(
            let results = [
                $told($name(&[a.clone(), b.clone()] $(, $more)?)),
                $told($name(&[&a, &b] $(, $more)?)),
                $told($name(&owned $(, $more)?)),
                $told($name(&owned[..] $(, $more)?)),
                $told($name(&refs $(, $more)?)),
            ];
            for other in &results[1..] {
                assert_eq!(&results[0], other, stringify!($name));
            }
        )+};
    }
    alike! {
        one cat(0);
        one stack(1);
        one hstack();
        one vstack();
        one dstack();
        one column_stack();
        one cartesian_prod();
        one block_diag();
        many meshgrid();
        many meshgrid_xy();
        many broadcast_tensors();
    }
    let outer = [1.0, 2.0, 2.0, 4.0];
    near(&einsum("i,j->ij", &[a.clone(), a.clone()]), &outer, 0.0);
    near(&einsum("i,j->ij", &[&a, &a]), &outer, 0.0);
    let x = leaf(2, 1.0, 2.0);
    let y = x.square().sum();
    let slope = |grads: Vec<Option<Tensor>>| grads[0].as_ref().expect("a gradient").to_vec::<f64>();
    assert_eq!(slope(grad(&[&y], &[&x], true)), slope(grad(&[y], &[x], true)));
}

#[test]
fn creation() {
    near(&Tensor::eye([2, 3], &cpu()), &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0], 0.0);
    near(&Tensor::eye(2, &cpu()), &[1.0, 0.0, 0.0, 1.0], 0.0);
    assert_eq!(ints(&[0, 2]).one_hot(None).to_vec::<i32>(), [1, 0, 0, 0, 0, 1]);
    assert_eq!(ints(&[1]).one_hot(3).to_vec::<i32>(), [0, 1, 0]);
    assert_eq!(Tensor::tril_indices(2, 3, 0, &cpu()).to_vec::<i32>(), [0, 1, 1, 0, 0, 1]);
    assert_eq!(Tensor::triu_indices(2, 3, 1, &cpu()).to_vec::<i32>(), [0, 0, 1, 1, 2, 2]);
}

#[test]
fn nodes_carry_pytorchs_names() {
    let x = counted([2, 3]).to_dtype(DType::F32).requires_grad_(true);
    let v = floats(&[1.0, 2.0, 3.0]).requires_grad_(true);
    let w = floats(&[1.0, 2.0]).requires_grad_(true);
    let batch = || x.expand([4, -1, -1]);
    let named: [(Tensor, &str); 22] = [
        (x.mm(&x.t()), "MmBackward0"),
        (x.matmul(&v), "MvBackward0"),
        (v.matmul(&v), "DotBackward0"),
        (w.matmul(&x), "SqueezeBackward4"),
        (batch().matmul(&batch().mt()), "UnsafeViewBackward0"),
        (batch().matmul(&x.t()), "UnsafeViewBackward0"),
        (batch().bmm(&batch().mt()), "BmmBackward0"),
        (w.addmm(&x, &x.t()), "AddmmBackward0"),
        (x.i(s![0]), "SelectBackward0"),
        (x.i(s![.., 0]), "SelectBackward0"),
        (x.i(s![0, ..]), "SelectBackward0"),
        (x.i(s![1.., ..]), "SliceBackward0"),
        (x.i(s![0, 1..]), "SliceBackward0"),
        (x.i(s![.., autograd::NewAxis]), "UnsqueezeBackward0"),
        (x.i(s![&ints(&[0, 1])]), "IndexBackward0"),
        (x.i(s![&x.gt(0.5)]), "IndexBackward0"),
        (x.masked_select(&x.gt(0.5)), "MaskedSelectBackward0"),
        (x.split(2, 1).remove(0), "SplitBackward0"),
        (x.unbind(0).remove(0), "UnbindBackward0"),
        (stack(std::slice::from_ref(&x), 0), "StackBackward0"),
        (x.repeat(&[2, 1]), "RepeatBackward0"),
        (x.unsqueeze(0).squeeze(), "SqueezeBackward0"),
    ];
    for (t, name) in named {
        assert_eq!(t.grad_fn(), Some(name));
    }
}

#[test]
fn tensors_become_arrays_of_their_sizes() {
    let x = counted([2, 3]);
    let rows: [[f64; 3]; 2] = (&x).try_into().unwrap();
    assert_eq!(rows, [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]);
    let row: [i32; 3] = (&x.select(0, 1)).try_into().unwrap();
    assert_eq!(row, [3, 4, 5]);
    let error = <[f64; 2]>::try_from(&x).unwrap_err().to_string();
    assert_eq!(error, "an array of sizes [2] does not hold a tensor of shape [2, 3]");
    assert!(Vec::<f64>::try_from(&x).is_err());
}

/// What PyTorch prints with `dtype=torch.float64`, and integers beyond the default one.
#[test]
fn ranges_of_doubles_and_of_long_integers() {
    let cpu = backend_cpu::device();
    let doubles = (DType::F64, &cpu);
    let values = |t: Tensor| t.to_vec::<f64>();
    let sevenths = [0.0, 1.0 / 6.0, 1.0 / 3.0, 0.5, 0.6666666666666667, 0.8333333333333334, 1.0];
    assert_eq!(values(Tensor::linspace(0.0, 1.0, 7, doubles)), sevenths);
    let sixths = [-1.0, -0.19999999999999996, 0.6000000000000001, 1.4, 2.2, 3.0];
    assert_eq!(values(Tensor::linspace(-1.0, 3.0, 6, doubles)), sixths);
    assert_eq!(values(Tensor::linspace(0.1, 1.0, 1, doubles)), [0.1]);
    assert!((values(Tensor::logspace(0.0, 1.0, 3, 10.0, doubles))[1] - 3.1622776601683795).abs() < 1e-15);
    assert_eq!(values(Tensor::arange_as(0, 1, 0.3, doubles)), [0.0, 0.3, 0.6, 0.8999999999999999]);
    assert_eq!(Tensor::arange_as(0, 5, 2, &cpu).dtype(), DType::F32);

    let long = Tensor::arange(1i64 << 40, (1i64 << 40) + 3, 1, &cpu);
    assert_eq!((long.dtype(), long.to_vec::<i64>()[2]), (DType::I64, (1 << 40) + 2));
    assert_eq!(Tensor::arange(i64::from(i32::MAX), 1i64 << 31, 1, &cpu).dtype(), DType::I32);
    let generator = Generator::seeded(0);
    let drawn = Tensor::randint(0, 1 << 40, 3, (&generator, &cpu));
    assert_eq!(drawn.to_vec::<i64>(), [741280623151, 506137267392, 291447657211]);
}

#[test]
fn nothing_joins_anything() {
    let (none, x) = (Tensor::zeros(0, &cpu()), leaf([2, 3], -1.0, 1.0));
    let joined = cat(&[&none, &x, &none], 1);
    assert_eq!((joined.shape().dims(), joined.to_vec::<f64>()), (&[2, 3][..], x.to_vec::<f64>()));
    assert_eq!(cat(&[&none, &none], 0).shape().dims(), [0]);
    assert_eq!(cat(&[&none, &ints(&[1])], 0).dtype(), DType::F32, "its type counts");
    let none = none.requires_grad_(true);
    cat(&[&none, &x, &x], 0).sum().backward();
    assert_eq!(none.grad().unwrap().shape().dims(), [0]);
}

#[test]
#[should_panic(expected = "cat: tensor 1 of shape [2, 0] does not join [2, 3] along dimension 0")]
fn only_a_vector_of_nothing_joins_anything() {
    cat(&[counted([2, 3]), counted([2, 0])], 0);
}

#[test]
#[should_panic(expected = "meshgrid: a tensor of shape [2, 2] has no single axis")]
fn a_matrix_is_no_axis() {
    meshgrid(&[counted([2, 2]), counted([2])]);
}

#[test]
fn differences_and_areas_of_nothing_are_nothing() {
    let none = counted([2, 0]);
    assert_eq!(none.diff(1, 1).shape().dims(), [2, 0]);
    assert_eq!(none.trapezoid(None, 1.0, 1).to_vec::<f64>(), [0.0, 0.0]);
    assert_eq!(none.cumulative_trapezoid(None, 1.0, 1).shape().dims(), [2, 0]);
    assert_eq!(counted(()).unfold(0, 1, 1).shape().dims(), [1]);
}
