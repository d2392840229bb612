//! Operations and layers, one by one, beside PyTorch's:
//! `cargo bench --bench beside -- --python venv/bin/python [NAME …]`.
//!
//! Every case says the same thing twice: a statement of PyTorch, which is its name too, and the call of
//! Firebrand that does the same on tensors of the same shapes. Both are measured in turns in one run ([`pair`]).

mod dims;
mod functions;
mod gradients;
mod layers;
mod losses;
mod modules;
mod optimizers;
mod pair;
mod types;

use firebrand::{DType, Tensor, cpu, manual_seed, no_grad};
use pair::Pair;
use std::error::Error;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> Outcome {
    manual_seed(0);
    let mut pair = Pair::start()?;
    no_grad(|| {
        pointwise(&mut pair)?;
        reductions(&mut pair)?;
        moving(&mut pair)?;
        products(&mut pair)?;
        factorizations(&mut pair)?;
        random(&mut pair)?;
        functions::all(&mut pair)?;
        dims::all(&mut pair)?;
        types::all(&mut pair)
    })?;
    layers::all(&mut pair)?;
    modules::all(&mut pair)?;
    losses::all(&mut pair)?;
    gradients::all(&mut pair)?;
    optimizers::all(&mut pair)
}

/// What PyTorch's side of most sections makes beforehand.
fn setup(h: usize, w: usize) -> String {
    format!(
        "h, w = {h}, {w}\na, b, row = torch.randn(h, w), torch.randn(h, w), torch.randn(w)\np = a.abs() + 0.1\nmask = a > 0\n"
    )
}

fn pointwise(pair: &mut Pair) -> Outcome {
    let (a, b) = (Tensor::randn([1024, 1024], &cpu()), Tensor::randn([1024, 1024], &cpu()));
    let (p, row) = (a.abs(), Tensor::randn(1024, &cpu()));
    pair.section(
        "pointwise",
        "a, b, row = torch.randn(1024, 1024), torch.randn(1024, 1024), torch.randn(1024)\np = a.abs()",
    )?;
    pair.case("a + b", || &a + &b)?;
    pair.case("a + b.t()", || &a + b.t())?;
    pair.case("a + row", || &a + &row)?;
    pair.case("a + row[:, None]", || &a + row.unsqueeze(1))?;
    pair.case("a / b", || &a / &b)?;
    pair.case("a * 2 + 1", || &a * 2.0 + 1.0)?;
    pair.case("a.abs()", || a.abs())?;
    pair.case("a.clamp(-1, 1)", || a.clamp(-1.0, 1.0))?;
    pair.case("a.relu()", || a.relu())?;
    pair.case("a > b", || a.gt(&b))?;
    pair.case("torch.where(a > b, a, b)", || a.gt(&b).where_(&a, &b))?;
    pair.case("p.sqrt()", || p.sqrt())?;
    pair.case("a.exp()", || a.exp())?;
    pair.case("p.log()", || p.log())?;
    pair.case("p.log1p()", || p.log1p())?;
    pair.case("a.sin()", || a.sin())?;
    pair.case("a.tanh()", || a.tanh())?;
    pair.case("a.sigmoid()", || a.sigmoid())?;
    pair.case("a.erf()", || a.erf())?;
    pair.case("a.pow(3)", || a.pow(3.0))?;
    pair.case("p.pow(2.5)", || p.pow(2.5))?;
    pair.case("F.gelu(a)", || a.gelu())?;
    pair.case("F.silu(a)", || a.silu())?;
    pair.case("F.elu(a)", || a.elu(1.0))?;
    pair.case("F.softplus(a)", || a.softplus(1.0, 20.0))?;
    pair.case("F.leaky_relu(a)", || a.leaky_relu(0.01))
}

fn reductions(pair: &mut Pair) -> Outcome {
    let a = Tensor::randn([1024, 1024], &cpu());
    pair.section("reduction", "a = torch.randn(1024, 1024)")?;
    pair.case("a.sum()", || a.sum())?;
    pair.case("a.sum(1)", || a.sum_dim(1, false))?;
    pair.case("a.sum(0)", || a.sum_dim(0, false))?;
    pair.case("a.mean(1)", || a.mean_dim(1, false))?;
    pair.case("a.var(1)", || a.var_dim(1, 1, false))?;
    pair.case("a.std()", || a.std())?;
    pair.case("a.max()", || a.max())?;
    pair.case("a.max(1)", || a.max_dim(1, false))?;
    pair.case("a.argmax(1)", || a.argmax_dim(1, false))?;
    pair.case("a.argmax(0)", || a.argmax_dim(0, false))?;
    pair.case("a.norm()", || a.norm(2.0))?;
    pair.case("a.logsumexp(1)", || a.logsumexp(1, false))?;
    pair.case("a.softmax(1)", || a.softmax(1))?;
    pair.case("a.softmax(0)", || a.softmax(0))?;
    pair.case("a.log_softmax(1)", || a.log_softmax(1))?;
    pair.case("a.cumsum(1)", || a.cumsum(1))?;
    pair.case("a.cumsum(0)", || a.cumsum(0))?;
    pair.case("a.sort(1)", || a.sort(1, false))?;
    pair.case("a.topk(10, 1)", || a.topk(10, 1, true))?;
    pair.case("a.flatten().topk(10)", || a.flatten(0, -1).topk(10, 0, true))?;
    pair.case("a.median(1)", || a.median_dim(1, false))
}

fn moving(pair: &mut Pair) -> Outcome {
    let (a, b) = (Tensor::randn([1024, 1024], &cpu()), Tensor::randn([1024, 1024], &cpu()));
    let i = Tensor::randint(0, 1024, [1024, 1024], (DType::I64, &cpu()));
    let j = Tensor::randint(0, 1024, 1024, (DType::I64, &cpu()));
    let mask = a.gt(0.0);
    pair.section(
        "moving",
        "a, b = torch.randn(1024, 1024), torch.randn(1024, 1024)\n\
         i, j = torch.randint(0, 1024, (1024, 1024)), torch.randint(0, 1024, (1024,))\nmask = a > 0",
    )?;
    pair.case("a.clone()", || a.copy())?;
    pair.case("a.t().contiguous()", || a.t().contiguous())?;
    pair.case("torch.cat([a, b], 0)", || firebrand::cat(&[a.clone(), b.clone()], 0))?;
    pair.case("torch.cat([a, b], 1)", || firebrand::cat(&[a.clone(), b.clone()], 1))?;
    pair.case("torch.stack([a, b], 2)", || firebrand::stack(&[a.clone(), b.clone()], 2))?;
    pair.case("a.roll(5, 1)", || a.roll(&[5], &[1]))?;
    pair.case("a.flip(1)", || a.flip(&[1]))?;
    pair.case("a.gather(1, i)", || a.gather(1, &i))?;
    pair.case("a.index_select(0, j)", || a.index_select(0, &j))?;
    pair.case("a.index_select(1, j)", || a.index_select(1, &j))?;
    pair.case("a[mask]", || a.masked_select(&mask))?;
    pair.case("a.tril()", || a.tril(0))?;
    pair.case("F.pad(a, (1, 1, 1, 1))", || a.pad(&[1, 1, 1, 1], 0.0))?;
    pair.case("a.double()", || a.to_dtype(DType::F64))
}

fn products(pair: &mut Pair) -> Outcome {
    let square = |n| Tensor::randn([n, n], &cpu());
    let (a, b, row) = (square(1024), square(1024), Tensor::randn(1024, &cpu()));
    let (c, d) = (Tensor::randn([512, 16, 16], &cpu()), Tensor::randn([64, 128, 64], &cpu()));
    let f = a.to_dtype(DType::F64);
    pair.section(
        "product",
        "a, b, row = torch.randn(1024, 1024), torch.randn(1024, 1024), torch.randn(1024)\n\
         c, d = torch.randn(512, 16, 16), torch.randn(64, 128, 64)\nf = a.double()",
    )?;
    pair.case("a @ b", || a.matmul(&b))?;
    pair.case("a.t() @ b", || a.t().matmul(&b))?;
    pair.case("f @ f", || f.matmul(&f))?;
    pair.case("a @ row", || a.matmul(&row))?;
    pair.case("a.t() @ row", || a.t().matmul(&row))?;
    pair.case("row @ row", || row.matmul(&row))?;
    pair.case("torch.outer(row, row)", || row.outer(&row))?;
    pair.case("torch.bmm(c, c)", || c.bmm(&c))?;
    pair.case("d @ d.transpose(1, 2)", || d.matmul(&d.transpose(1, 2)))?;
    pair.case("torch.einsum('bij,bkj->bik', d, d)", || firebrand::einsum("bij,bkj->bik", &[&d, &d]))
}

fn factorizations(pair: &mut Pair) -> Outcome {
    for (n, setup) in [(64, "n = 64"), (256, "n = 256")] {
        let a = Tensor::randn([n, n], &cpu());
        let s = a.matmul(&a.t()) + Tensor::eye(n, &cpu());
        let tall = Tensor::randn([4 * n, n], &cpu());
        let section = if n == 64 { "linalg 64" } else { "linalg 256" };
        let made = "\na, tall = torch.randn(n, n), torch.randn(4 * n, n)\ns = a @ a.t() + torch.eye(n)";
        pair.section(section, &format!("L = torch.linalg\n{setup}{made}"))?;
        pair.case("L.cholesky(s)", || s.cholesky())?;
        pair.case("L.inv(a)", || a.inverse())?;
        pair.case("L.solve(a, s)", || a.solve(&s))?;
        pair.case("L.det(a)", || a.det())?;
        pair.case("L.lstsq(tall, tall[:, :1]).solution", || tall.lstsq(&tall.narrow(1, 0, 1)))?;
        pair.case("L.qr(a)", || a.qr())?;
        pair.case("L.eigh(s)", || s.eigh())?;
        pair.case("L.svd(a)", || a.svd(true))?;
    }
    Ok(())
}

fn random(pair: &mut Pair) -> Outcome {
    pair.section("random", "p = torch.full((1024, 1024), 0.3)")?;
    let p = Tensor::full([1024, 1024], 0.3, &cpu());
    pair.case("torch.rand(1024, 1024)", || firebrand::rand([1024, 1024]))?;
    pair.case("torch.randn(1024, 1024)", || firebrand::randn([1024, 1024]))?;
    pair.case("torch.randint(0, 10, (1024, 1024))", || firebrand::randint(0, 10, [1024, 1024]))?;
    pair.case("torch.randperm(60000)", || firebrand::randperm(60000))?;
    pair.case("torch.bernoulli(p)", || p.bernoulli())?;
    pair.case("F.dropout(p, 0.5)", || p.dropout(0.5, true))
}
