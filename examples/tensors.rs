//! Tensors, step by step: PyTorch's first tutorial, printing PyTorch's very text for the same seed.
//!
//! `cargo run --release --example tensors`; what PyTorch prints for the same lines is `tests/golden/tensors.txt`.

use firebrand::{self as torch, DType, s, tensor};

fn main() -> Result<(), torch::Error> {
    // Making tensors.
    println!("{}", tensor![1, 2, 3]);
    println!("{}", tensor![[1.0, 2.0], [3.0, 4.5]]);
    println!("{}", torch::zeros([2, 3]) + 2.0);
    println!("{}", torch::arange(0, 12, 1).reshape([3, 4]));
    println!("{}", torch::linspace(0.0, 1.0, 5));
    println!("{}", torch::eye(3));

    // Random numbers, the same for the same seed.
    torch::manual_seed(0);
    println!("{}", torch::rand([2, 3]));
    println!("{}", torch::randn([3, 3, 3]));
    println!("{}", torch::randint(0, 10, 8));
    println!("{}", torch::randperm(10));

    // Shapes, types and views, which share memory with what they view.
    let x = torch::arange(0, 12, 1).reshape([3, 4]);
    println!("torch.Size({})", x.shape());
    println!("{}", x.t());
    println!("{}", x.i(s![1]));
    println!("{}", x.i(s![.., -1]));
    println!("{}", x.i(s![..; 2, 1..3]));
    println!("{}", x.i(s![x.gt(6)]));
    println!("{}", x.to_dtype(DType::F32).mean());

    // Arithmetic broadcasts, and promotes integers to floats where it must.
    println!("{}", &x + tensor![10, 20, 30, 40]);
    println!("{}", &x / 2);
    println!("{}", &x * 0.5);
    println!("{}", x.gt(5));
    let a = torch::randn([3, 4]);
    let b = torch::randn([4, 2]);
    println!("{}", a.matmul(&b));
    println!("{}", a.sum_dim(0, false));
    println!("{}", a.max_dim(1, false).0);
    println!("{}", a.argmax_dim(1, false));
    println!("{}", a.softmax(1));

    // Writing in place.
    let y = torch::zeros([3, 4]);
    y.assign(s![.., 0], 1.0);
    y.assign(s![1], tensor![5.0, 6.0, 7.0, 8.0]);
    println!("{y}");
    println!("{}", torch::cat(&[&y, &y.flip(&[0])], 1));

    // Large tensors are summarised.
    println!("{}", torch::arange(0, 10000, 1));
    println!("{}", torch::randn([100, 100]));

    // Gradients.
    let w = tensor![1.0, 2.0, 3.0].requires_grad_(true);
    let loss = (&w * &w).sum();
    println!("{loss}");
    loss.backward();
    println!("{}", w.grad().expect("backward has reached w"));
    println!("{w}");

    // Linear regression by the normal equations, β = (XᵀX)⁻¹Xᵀy.
    torch::manual_seed(0);
    let x = torch::randn([10, 5]);
    x.assign(s![.., 0], 1.0);
    let y = torch::randn(10);
    let beta = x.t().matmul(&x).inverse()?.matmul(&x.t().matmul(&y));
    println!("{beta}");
    Ok(())
}
