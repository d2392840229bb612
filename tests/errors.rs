//! What users read when something is wrong: exact messages, told at the user's own line.

use firebrand::nn::{self, Module};
use firebrand::{DType, Device, Tensor, cat, einsum, optim, s, stack, tensor};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Once;

thread_local! {
    /// Where the last panic of this thread was.
    static PLACE: RefCell<Option<(String, u32)>> = const { RefCell::new(None) };
}

/// The message that `f` panics with, and the file and line it is told at.
fn refusal<R>(f: impl FnOnce() -> R) -> (String, String, u32) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            let place = info.location().map(|at| (at.file().to_string(), at.line()));
            PLACE.with_borrow_mut(|slot| *slot = place);
            usual(info);
        }));
    });
    let caught = catch_unwind(AssertUnwindSafe(f)).err().expect("this must panic");
    let message = match (caught.downcast_ref::<String>(), caught.downcast_ref::<&str>()) {
        (Some(text), _) => text.clone(),
        (_, Some(text)) => text.to_string(),
        _ => unreachable!("panics carry text"),
    };
    let (file, line) = PLACE.with_borrow_mut(Option::take).expect("a panic has a place");
    (message, file, line)
}

macro_rules! golden {
    ($call:expr => $message:expr) => {{
        let line = line!();
        let (message, file, at) = refusal(|| $call);
        assert_eq!(message, $message);
        assert_eq!((file.as_str(), at), (file!(), line), "where it is told: {message}");
    }};
}

#[test]
#[rustfmt::skip]
fn shapes() {
    let x = firebrand::zeros([2, 3]);
    let y = firebrand::zeros([3, 2]);
    let v = firebrand::zeros([4]);
    let n = tensor![1, 2, 3];
    let k = tensor(1.0);
    golden!(&x + &v => "add: shapes [2, 3] and [4] do not broadcast: sizes 3 and 4 meet at dimension 1\n      2    3\n      ·    4\n  hint: sizes are aligned at the right and must be equal or 1");
    golden!(&x * &y => "mul: shapes [2, 3] and [3, 2] do not broadcast: sizes 3 and 2 meet at dimension 1\n      2    3\n      3    2\n  hint: the second operand looks transposed: try .t()");
    golden!(x.add(firebrand::zeros([2])) => "add: shapes [2, 3] and [2] do not broadcast: sizes 3 and 2 meet at dimension 1\n      2    3\n      ·    2\n  hint: sizes are aligned at the right; .unsqueeze(…) adds a dimension of size 1 where one is missing");
    golden!(x.maximum(&v) => "maximum: shapes [2, 3] and [4] do not broadcast: sizes 3 and 4 meet at dimension 1\n      2    3\n      ·    4\n  hint: sizes are aligned at the right and must be equal or 1");
    golden!(x.eq(&v) => "eq: shapes [2, 3] and [4] do not broadcast: sizes 3 and 4 meet at dimension 1\n      2    3\n      ·    4\n  hint: sizes are aligned at the right and must be equal or 1");
    golden!(x.matmul(&x) => "matmul: shapes [2, 3] and [2, 3] cannot be multiplied: the inner sizes 3 and 2 differ\n  hint: the second operand looks transposed: try .t() (or .transpose(-2, -1)) on it");
    golden!(x.matmul(&v) => "matmul: shapes [2, 3] and [4] cannot be multiplied: the inner sizes 3 and 4 differ\n  hint: the last size of the first must equal the next-to-last of the second");
    golden!(x.mm(&v) => "mm: needs 2 and 2 dimensions, shapes are [2, 3] and [4]\n  hint: matmul takes every combination of ranks");
    golden!(x.matmul(&k) => "matmul: needs at least one dimension, shapes are [2, 3] and []\n  hint: multiply by a number with *");
    golden!(x.reshape([4, 2]) => "reshape: shape [4, 2] has 8 elements, the tensor of shape [2, 3] has 6\n  hint: the products of the sizes must agree; one size may be -1 to be worked out");
    golden!(x.reshape([4, -1]) => "reshape: 6 elements do not divide into sizes [4, -1]\n  hint: the product of the known sizes must divide the number of elements");
    golden!(x.reshape([-1, -1]) => "reshape: sizes [-1, -1] are not a shape\n  hint: at most one size may be -1");
    golden!(x.t().view([6]) => "view: shape [6] cannot be seen in a tensor of shape [3, 2] and strides [1, 3] without a copy\n  hint: use .reshape(…), which copies when it must");
    golden!(x.item::<f32>() => "item: a tensor of shape [2, 3] has 6 elements, not one\n  hint: reduce it first (.mean(), .sum()), index one element, or take .to_vec()");
    golden!(tensor![vec![1, 2], vec![3]] => "tensor: row 1 has sizes [1], the first has [2]\n  hint: all rows must be equally long");
    golden!(firebrand::from_vec(vec![1.0, 2.0], [3]) => "tensor: 2 elements do not fill shape [3], which has 3\n  hint: the sizes' product must be the number of elements");
    golden!(firebrand::zeros([1, 1, 1]).t() => "t: needs at most 2 dimensions, shape [1, 1, 1] has 3\n  hint: use .transpose(-2, -1) for batches of matrices");
    golden!(cat(&Vec::<Tensor>::new(), 0) => "cat: no tensors to join\n  hint: give at least one");
    golden!(stack(&Vec::<Tensor>::new(), 0) => "stack: no tensors to stack\n  hint: give at least one");
    golden!(firebrand::broadcast_tensors(&[&x, &v]) => "broadcast_tensors: shapes [2, 3] and [4] do not broadcast: sizes 3 and 4 meet at dimension 1\n      2    3\n      ·    4\n  hint: sizes are aligned at the right and must be equal or 1");
    golden!(firebrand::block_diag(&[&x, &firebrand::zeros([1, 1, 1])]) => "block_diag: tensor 1 has shape [1, 1, 1]\n  hint: give matrices");
    golden!(stack(&[&x, &y], 0) => "stack: shapes [2, 3] and [3, 2] differ\n  hint: all shapes must be equal; use cat to join along an existing dimension");
    golden!(x.cross_entropy(&n) => "cross_entropy: scores of shape [2, 3] and targets of shape [3]\n  hint: scores are [N, C] or [N, C, d1, …], targets are class indices [N] or [N, d1, …]");
    golden!(x.cross_entropy(&x) => "cross_entropy: scores of shape [2, 3] and targets of shape [2, 3]\n  hint: probabilities as targets are for nn::loss::cross_entropy");
    golden!(x.cross_entropy(&tensor![0, -100]) => "cross_entropy: target -100 is not one of 3 classes\n  hint: targets run from 0 to 2; nn::loss::cross_entropy ignores those of -100");
    golden!(x.cross_entropy(&tensor![0, 3]) => "cross_entropy: target 3 is not one of 3 classes\n  hint: targets run from 0 to 2");
    golden!(n.one_hot(3) => "one_hot: target 3 is not one of 3 classes\n  hint: targets run from 0 to 2");
    golden!(x.backward() => "backward: this tensor does not require gradients and has no history\n  hint: call .requires_grad_(true) on what you differentiate by, outside no_grad");
    golden!(x.inverse() => "inverse: needs square matrices, shape is [2, 3]\n  hint: the last two dimensions are the matrix");
    golden!(firebrand::zeros([1; 9]) => "a tensor has at most 8 dimensions, got [1, 1, 1, 1, 1, 1, 1, 1, 1]");
    golden!(firebrand::zeros([1; 8]).unsqueeze(0) => "a tensor has at most 8 dimensions, [1, 1, 1, 1, 1, 1, 1, 1] is full");
    golden!(x.dims::<3>() => "dims: shape [2, 3] does not have 3 dimensions");
    golden!(x.set_grad(Some(v.clone())) => "set_grad: a gradient of shape [4] for a tensor of shape [2, 3]");
    golden!(x.solve(&y) => "solve: needs square matrices, shape is [2, 3]\n  hint: the last two dimensions are the matrix");
    golden!(x.diagonal(0, 0, 1).diagonal(0, 0, 1) => "diagonal: needs two dimensions, shape is [2]");
    golden!(v.tril(0) => "tril: needs two dimensions, shape is [4]");
    golden!(x.outer(&v) => "outer: needs 1 and 1 dimensions, shapes are [2, 3] and [4]\n  hint: matmul takes every combination of ranks");
}

#[test]
#[rustfmt::skip]
fn dimensions_and_indices() {
    let x = firebrand::zeros([2, 3]);
    let y = firebrand::zeros([3, 2]);
    let v = firebrand::zeros([4]);
    let n = tensor![1, 2, 3];
    let k = tensor(1.0);
    golden!(x.expand([-1, 2, 3]) => "expand: size -1 at dimension 0 of [-1, 2, 3]\n  hint: -1 keeps the size of a dimension that is there; new leading ones need a size");
    golden!(v.expand([-2, 4]) => "expand: size -2 at dimension 0 of [-2, 4]\n  hint: -1 keeps the size of a dimension that is there; new leading ones need a size");
    golden!(x.sum_dim(2, false) => "sum: dimension 2 is out of range for a tensor of 2 dimensions\n  hint: use a dimension from -2 to 1");
    golden!(x.sum_dim([0, -2], false) => "sum: dimension -2 is named twice in [0, -2]\n  hint: name each dimension once");
    golden!(x.i(s![5]) => "index: index 5 is out of range for dimension 0 of size 2\n  hint: shape is [2, 3]; indices run from -2 to 1");
    golden!(x.i(s![0, 1, 2]) => "index: 3 dimensions are indexed, the tensor of shape [2, 3] has 2\n  hint: give at most one entry per dimension");
    golden!(x.i(s![&n]) => "index: index 2 is out of range for a dimension of size 2\n  hint: indices run from -2 to 1");
    golden!(x.i(s![tensor![true, false, true]]) => "index: a mask of shape [3] for dimensions of sizes [2]\n  hint: the mask must have the sizes that it masks");
    golden!(x.i(s![0..1; 0]) => "index: a step of 0\n  hint: give a positive or negative step");
    golden!(x.select(0, 2) => "index: index 2 is out of range for dimension 0 of size 2\n  hint: shape is [2, 3]; indices run from -2 to 1");
    golden!(x.gather(1, &tensor![[3]]) => "gather: index 3 is out of range for a dimension of size 3\n  hint: indices run from 0 to 2");
    golden!(x.gather(1, &tensor![[-1]]) => "gather: index -1 is out of range for a dimension of size 3\n  hint: indices run from 0 to 2; .i(s![…]) counts negative ones from the end");
    golden!(x.index_select(0, &tensor![0, -1]) => "index_select: index -1 is out of range for a dimension of size 2\n  hint: indices run from 0 to 1; .i(s![…]) counts negative ones from the end");
    golden!(x.embedding(&tensor![-1]) => "embedding: index -1 is out of range for a dimension of size 2\n  hint: indices run from 0 to 1; .i(s![…]) counts negative ones from the end");
    golden!(x.scatter(0, &tensor![[-2]], &x) => "scatter: index -2 is out of range for a dimension of size 2\n  hint: indices run from 0 to 1; .i(s![…]) counts negative ones from the end");
    golden!(x.take(&tensor![6]) => "take: index 6 is out of range for a dimension of size 6\n  hint: indices run from -6 to 5");
    golden!(x.index_select(0, &tensor![[0], [1]]) => "index_select: the index has shape [2, 1]\n  hint: give one dimension of indices");
    golden!(x.permute(&[0, 0]) => "permute: [0, 0] is not an order of the 2 dimensions of shape [2, 3]\n  hint: name every dimension once");
    golden!(stack(&[&x, &x], 3) => "stack: dimension 3 is out of range for a tensor of 3 dimensions\n  hint: use a dimension from -3 to 2");
    golden!(cat(&[&x, &y], 0) => "cat: tensor 1 of shape [3, 2] does not join [2, 3] along dimension 0\n  hint: all sizes but that dimension's must be equal");
    golden!(x.dim(2) => "dim: dimension 2 is out of range for a tensor of 2 dimensions\n  hint: use a dimension from -2 to 1");
    golden!(k.dim(0) => "dim: a tensor of 0 dimensions is a single number, it has no dimension\n  hint: use .unsqueeze(0) to give it one, or .item() for its value");
    golden!(k.iter().count() => "iter: a tensor of 0 dimensions is a single number, it has no dimension\n  hint: use .unsqueeze(0) to give it one, or .item() for its value");
    golden!(k.unbind(0) => "unbind: a tensor of 0 dimensions is a single number, it has no dimension\n  hint: use .unsqueeze(0) to give it one, or .item() for its value");
    golden!(k.split(1, 0) => "split: a tensor of 0 dimensions is a single number, it has no dimension\n  hint: use .unsqueeze(0) to give it one, or .item() for its value");
    golden!(x.topk(4, 1, true) => "topk: k = 4 of a dimension of size 3\n  hint: k must not exceed the size");
    golden!(x.max_dim(5, true) => "max: dimension 5 is out of range for a tensor of 2 dimensions\n  hint: use a dimension from -2 to 1");
    golden!(firebrand::zeros([0, 3]).max() => "max: a tensor of shape [0, 3] has no elements\n  hint: ask .numel() first, or reduce a dimension that is not empty: .max_dim(dim, keepdim)");
    golden!(firebrand::zeros([0, 3]).amin(0, false) => "amin: dimension 0 of shape [0, 3] is empty: nothing is extreme\n  hint: reduce a dimension that is not empty, or ask .numel() first");
    golden!(firebrand::zeros([0, 3]).max_dim(0, false) => "max: dimension 0 of shape [0, 3] is empty: nothing is extreme\n  hint: reduce a dimension that is not empty, or ask .numel() first");
    golden!(n.pow(-1) => "pow: integers to the power -1 are not integers\n  hint: write the power with a point, -1.0, or convert with .to_dtype(DType::F32)");
    golden!(firebrand::zeros([0, 3]).argmax() => "argmax: a tensor of shape [0, 3] has no elements\n  hint: ask .numel() first, or reduce a dimension that is not empty: .argmax_dim(dim, keepdim)");
    golden!(x.scatter_add(0, &tensor![[0, 1, 2]], &x) => "scatter_add: index 2 is out of range for a dimension of size 2\n  hint: indices run from 0 to 1");
    golden!(x.pad(&[1], 0.0) => "pad: [1] are not pairs for the dimensions of shape [2, 3]\n  hint: give (before, after) for the last dimension, then the one before it, …");
    golden!(x.flatten(1, 0) => "flatten: dimension 1 comes after dimension 0");
    golden!(x.movedim(0, 2) => "movedim: dimension 2 is out of range for a tensor of 2 dimensions\n  hint: use a dimension from -2 to 1");
}

#[test]
#[rustfmt::skip]
fn types() {
    let x = firebrand::zeros([2, 3]);
    let y = firebrand::zeros([3, 2]);
    let n = tensor![1, 2, 3];
    golden!(x.i(s![tensor![0.5]]) => "index: indices must be integers, got float32\n  hint: convert with .to_dtype(DType::I32)");
    golden!(n.mean() => "mean: needs a floating point tensor, got int32\n  hint: convert with .to_dtype(DType::F32)");
    golden!(n.softmax(0) => "softmax: needs a floating point tensor, got int32\n  hint: convert with .to_dtype(DType::F32)");
    golden!(x.matmul(&y.to_dtype(DType::F64)) => "matmul: the operands have different types, float32 and float64\n  hint: convert one with .to_dtype(DType::F64)");
    golden!(tensor![true] - tensor![false] => "sub: is not defined for bool tensors\n  hint: use .logical_xor(…), or convert first");
    golden!(tensor![1, 2].rand_like() => "rand: needs a floating point tensor, got int32\n  hint: convert with .to_dtype(DType::F32)");
    golden!(tensor![1, 2].randn_like() => "randn: needs a floating point tensor, got int32\n  hint: convert with .to_dtype(DType::F32)");
    golden!(tensor![true].neg() => "neg: is not defined for bool tensors\n  hint: use .logical_not(), or convert first");
    golden!(n.floor_divide(0) => "floor_divide: integer division by zero\n  hint: divide floats, or replace the zeros first");
    golden!(firebrand::zeros([2]).to_dtype(DType::U8) + 1 => "add: uint8 tensors hold pixels: they are stored, indexed, compared and cast, not computed with\n  hint: convert with .to_dtype(DType::F32) or .to_dtype(DType::I32)");
    golden!(n.where_(1.0, 2.0) => "where: the condition must be bool, got int32\n  hint: compare first: x.gt(0)");
    golden!(n.clone().requires_grad_(true) => "requires_grad_: only floating point tensors have gradients, this one is int32\n  hint: convert with .to_dtype(DType::F32)");
    golden!(x.masked_select(&tensor![1, 0, 1]) => "masked_select: the mask must be bool, got int32\n  hint: compare first: x.gt(0)");
}

#[test]
#[rustfmt::skip]
fn devices() {
    let x = firebrand::zeros([2, 3]);
    let other = Device::new(backend_cpu::Cpu::default());
    let far = Tensor::zeros([2, 3], &other);
    golden!(&x + &far => "add: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(x.matmul(&far.t()) => "matmul: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(cat(&[&x, &far], 0) => "cat: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(x.gather(1, &Tensor::zeros([2, 1], (DType::I32, &other))) => "gather: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(x.i(s![&Tensor::zeros([2], (DType::I32, &other))]) => "index_select: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(x.assign(s![0], far.i(s![0])) => "copy_: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(x.linear(&far, None) => "linear: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(x.cross_entropy(&Tensor::zeros([2], (DType::I32, &other))) => "cross_entropy: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(x.unsqueeze(0).conv1d(&firebrand::zeros([1, 2, 2]), Some(&Tensor::zeros([1], &other)), ()) => "conv1d: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
    golden!(tensor![true].where_(&x, &far) => "where: tensors are on different devices: cpu and cpu\n  hint: move one with .to(&device)");
}

#[test]
#[rustfmt::skip]
fn arguments() {
    let x = firebrand::zeros([2, 3]);
    let v = firebrand::zeros([4]);
    let _k = tensor(1.0);
    golden!(x.expand([2, 2]) => "expand: shape [2, 3] does not expand to [2, 2]\n  hint: only dimensions of size 1, and new leading ones, can be repeated");
    golden!(x.split(0, 0) => "split: pieces of size 0\n  hint: give a positive size");
    golden!(firebrand::randint(5, 5, [2]) => "randint: no whole number is in [5, 5)\n  hint: low must be less than high");
    golden!(firebrand::arange(0, 5, -1) => "arange: from 0 to 5 by -1\n  hint: the step must not be 0 and must lead from start to end");
    golden!(firebrand::arange(0, 5, 0) => "arange: from 0 to 5 by 0\n  hint: the step must not be 0 and must lead from start to end");
    golden!(einsum("ij,jk->ik", &[&x, &x]) => "einsum: 'j' is 3 and 2 in \"ij,jk->ik\"");
    golden!(einsum("ij->k", &[&x]) => "einsum: 'k' stands on the right of \"ij->k\" only");
    golden!(einsum("i->i", &[&x]) => "einsum: \"i\" of \"i->i\" does not name the dimensions of a tensor of rank 2\n  hint: one letter per dimension, and ... for those without a name");
    golden!(einsum("ii->i", &[&x]) => "einsum: 'i' is 2 and 3 in one operand");
    golden!(x.repeat(&[2]) => "repeat: 1 repeats for 2 dimensions\n  hint: give a number for every dimension, or use tile");
    golden!(x.assign(s![0], &v) => "expand: shape [4] does not expand to [3]\n  hint: only dimensions of size 1, and new leading ones, can be repeated");
}

#[test]
#[rustfmt::skip]
fn layers_and_data() {
    let x = firebrand::zeros([2, 3]);
    let y = firebrand::zeros([3, 2]);
    let v = firebrand::zeros([4]);
    let cpu = firebrand::cpu();
    golden!(nn::Dropout::new(1.5) => "Dropout: 1.5 is not a probability\n  hint: give a number from 0 to 1");
    golden!(nn::Linear::new(3, 4, &cpu).forward(&v) => "linear: input of shape [4] does not fit a layer of 3 inputs (weight [4, 3])\n  hint: the last dimension must be 3");
    golden!(nn::Linear::new(4, 4, &cpu).forward(&firebrand::zeros([5, 2, 2])) => "linear: input of shape [5, 2, 2] does not fit a layer of 4 inputs (weight [4, 4])\n  hint: flatten it first: .flatten(1, -1) gives [5, 4]");
    golden!(nn::Linear::new(4, 4, &cpu).forward(&firebrand::zeros([5, 4]).to_dtype(DType::F64)) => "linear: the input is float64, the weight float32\n  hint: convert the input with .to_dtype(DType::F32)");
    golden!(data::DataLoader::new(data::TensorDataset::new(vec![x.clone()]), 0) => "DataLoader: batches of 0 items\n  hint: give a positive batch_size");
    golden!(data::TensorDataset::new(vec![x.clone(), v.clone()]) => "TensorDataset: columns of lengths [2, 4]\n  hint: all must be equally long");
    golden!(optim::Sgd::new(Vec::<Tensor>::new(), 0.1) => "SGD: got an empty parameter list\n  hint: pass model.parameters()");
    golden!(nn::loss::mse_loss(&x, &y, nn::loss::Reduction::Mean) => "mse_loss: input of shape [2, 3] and target of shape [3, 2]\n  hint: input and target have one number for each other's");
}

/// No memory is told at the user's line, with the tensor that has no room, and the program goes on.
#[test]
fn memory_that_is_not_there() {
    const SIDE: usize = 1 << 25; // 2⁵² bytes: more than an address can name
    let one = firebrand::zeros([1]);
    let told = |f: &dyn Fn() -> Tensor, op: &str, shape: &str, bytes: &str| {
        let (message, file, _) = refusal(f);
        let start = format!(
            "{op}: a float32 tensor of shape {shape} does not fit: device cpu is out of memory: {bytes}"
        );
        assert!(message.starts_with(&start), "{message}");
        assert_eq!(file, file!(), "where it is told: {message}");
    };
    let asked = "4503599627370496 bytes asked for, ";
    told(&|| firebrand::zeros([SIDE, SIDE]), "full", "[33554432, 33554432]", asked);
    told(&|| one.expand([SIDE as isize, SIDE as isize]) + 1.0, "add", "[33554432, 33554432]", asked);
    told(
        &|| firebrand::zeros([SIDE; 3]),
        "full",
        "[33554432, 33554432, 33554432]",
        "18446744073709551615 bytes",
    );
    assert_eq!((one + 1.0).item::<f32>(), 1.0);
}

/// What comes from outside is a typed error, with a message as good.
#[test]
fn matrices_that_do_not_do() {
    let singular = tensor![[1.0, 2.0], [2.0, 4.0]];
    let told = |result: Result<Tensor, firebrand::Error>| result.expect_err("an error").to_string();
    assert_eq!(told(singular.inverse()), "linalg.inv: the matrix is singular: pivot 1 is zero");
    assert_eq!(
        told(singular.solve(&tensor![1.0, 2.0])),
        "linalg.solve: the matrix is singular: pivot 1 is zero"
    );
    let batch = stack(&[firebrand::eye(2), singular], 0);
    assert_eq!(told(batch.inverse()), "linalg.inv: the matrix at batch index 1 is singular: pivot 1 is zero");
    assert_eq!(
        told(tensor![[1.0, 0.0], [0.0, -1.0]].cholesky()),
        "linalg.cholesky: the matrix is not positive-definite: the leading minor of order 2 is not positive"
    );
}

#[test]
fn files_that_do_not_do() {
    use firebrand::data::MnistFiles;
    let told = |folder: &std::path::Path| MnistFiles::from_dir(folder).expect_err("an error").to_string();
    let folder = std::env::temp_dir().join(format!("firebrand-errors-{}", std::process::id()));
    let at = folder.display().to_string();
    assert_eq!(
        told(&folder),
        format!(
            "no train-images-idx3-ubyte (plain or .gz) in {at}; a data folder holds the four MNIST files"
        )
    );
    std::fs::create_dir_all(&folder).expect("a folder");
    let name = folder.join("train-images-idx3-ubyte");
    let file = name.display().to_string();
    for (bytes, message) in [
        (&[0u8, 0][..], "found 2 bytes, expected an IDX header of at least 4 bytes".to_string()),
        (&[1, 0, 8, 3], "found magic bytes 01 00, expected 00 00, as every IDX file starts".into()),
        (&[0, 0, 13, 3], "found element type 0x0d, expected 0x08, unsigned bytes".into()),
        (&[0, 0, 8, 3, 0, 0], "found 6 bytes, expected a header of 16 bytes".into()),
        (&[0, 0, 8, 1, 0, 0, 0, 9, 1, 2], "found 2 bytes of data, expected 9, for sizes [9]".into()),
    ] {
        std::fs::write(&name, bytes).expect("a file");
        assert_eq!(told(&folder), format!("{file}: {message}"));
    }
    std::fs::write(&name, [0x1f, 0x8b, 8, 0, 0]).expect("a file");
    assert!(told(&folder).starts_with(&format!("{file}: corrupt gzip data: ")));
    std::fs::remove_dir_all(&folder).expect("the folder goes");
}

#[test]
fn state_dicts_that_do_not_fit() {
    let cpu = firebrand::cpu();
    let (small, large) = (nn::Linear::new(2, 3, &cpu), nn::Linear::new(4, 3, &cpu));
    let before = small.weight.to_vec::<f32>();
    let mut state = large.state_dict();
    state.shift_remove("bias");
    state.insert("extra".into(), firebrand::zeros([1]));
    let error = small.load_state_dict(&state, true).expect_err("an error");
    assert_eq!(
        error.to_string(),
        "the state dict does not fit Linear:\n  missing: bias\n  unexpected: extra\n  \
         of another shape: weight (here [3, 2], there [3, 4])"
    );
    assert_eq!(small.weight.to_vec::<f32>(), before, "nothing was changed");
}

#[test]
fn other_arguments() {
    let error = Vec::<f32>::try_from(&firebrand::zeros([2, 2])).expect_err("an error");
    assert_eq!(error.to_string(), "a vector holds one dimension, this tensor has shape [2, 2]");
    let error = firebrand::Generator::seeded(0).set_state(&[1, 2, 3]).expect_err("an error");
    assert!(error.to_string().starts_with("generator state: "), "{error}");
}
