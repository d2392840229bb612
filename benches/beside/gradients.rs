//! Operations, forward and backward.

use super::{Outcome, Pair};
use firebrand::{DType, Tensor, cpu};

pub fn all(pair: &mut Pair) -> Outcome {
    backs(pair)
}

fn backs(pair: &mut Pair) -> Outcome {
    let d = &cpu();
    for (name, h, w) in [("gradient 64 × 256", 64, 256), ("gradient", 1024, 1024)] {
        let x = Tensor::randn([h, w], d).requires_grad_(true);
        let (b, row) = (Tensor::randn([h, w], d), Tensor::randn(w, d));
        let i = Tensor::randint(0, h as i64, [h, w], (DType::I64, d));
        let j = Tensor::randint(0, h as i64, h, (DType::I64, d));
        let k = Tensor::randint(0, w as i64, w, (DType::I64, d));
        pair.section(
            name,
            &format!(
                "h, w = {h}, {w}\nx, b, row = torch.randn(h, w, requires_grad=True), torch.randn(h, w), torch.randn(w)\n\
                 i, j, k = torch.randint(0, h, (h, w)), torch.randint(0, h, (h,)), torch.randint(0, w, (w,))"
            ),
        )?;
        let mut bw = |code: &str, f: &dyn Fn(&Tensor) -> Tensor| {
            pair.named(code, &format!("x.grad = None\n({code}).sum().backward()"), || {
                x.zero_grad();
                f(&x).sum().backward();
            })
        };
        bw("x * row", &|x| x * &row)?;
        bw("x / b", &|x| x / &b)?;
        bw("b / (x * x + 1)", &|x| &b / (x * x + 1.0))?;
        bw("torch.maximum(x, b)", &|x| x.maximum(&b))?;
        bw("x.clamp(-1, 1)", &|x| x.clamp(-1.0, 1.0))?;
        bw("x.abs()", &|x| x.abs())?;
        bw("x.exp()", &|x| x.exp())?;
        bw("x.sin()", &|x| x.sin())?;
        bw("x ** 3", &|x| x.pow(3.0))?;
        bw("x.sum(0)", &|x| x.sum_dim(0, false))?;
        bw("x.mean(1)", &|x| x.mean_dim(1, false))?;
        bw("x.var(1)", &|x| x.var_dim(1, 1, false))?;
        bw("x.std(0)", &|x| x.std_dim(0, 1, false))?;
        bw("x.norm()", &|x| x.norm(2.0))?;
        bw("x.norm(dim=1)", &|x| x.norm_dim(2.0, 1, false))?;
        bw("x.max(1)[0]", &|x| x.max_dim(1, false).0)?;
        bw("x.amax(0)", &|x| x.amax(0, false))?;
        bw("x.prod(1)", &|x| x.prod_dim(1, false))?;
        bw("x.logsumexp(1)", &|x| x.logsumexp(1, false))?;
        bw("x.cumsum(1)", &|x| x.cumsum(1))?;
        bw("x.cumsum(0)", &|x| x.cumsum(0))?;
        bw("x.cumprod(1)", &|x| x.cumprod(1))?;
        bw("x.sort(1)[0]", &|x| x.sort(1, false).0)?;
        bw("x.topk(5, 1)[0]", &|x| x.topk(5, 1, true).0)?;
        bw("x.gather(0, i)", &|x| x.gather(0, &i))?;
        bw("x.index_select(0, j)", &|x| x.index_select(0, &j))?;
        bw("x.index_select(1, k)", &|x| x.index_select(1, &k))?;
        bw("x.scatter_add(0, i, b)", &|x| x.scatter_add(0, &i, &b))?;
        bw("x.masked_fill(b > 0, 0.)", &|x| x.masked_fill(&b.gt(0.0), 0.0))?;
        bw("x[b > 0]", &|x| x.masked_select(&b.gt(0.0)))?;
        bw("torch.where(b > 0, x, b)", &|x| b.gt(0.0).where_(x, &b))?;
        bw("x.flip(1)", &|x| x.flip(&[1]))?;
        bw("x.roll(5, 1)", &|x| x.roll(&[5], &[1]))?;
        bw("x.repeat(2, 2)", &|x| x.repeat(&[2, 2]))?;
        bw("x.tril()", &|x| x.tril(0))?;
        bw("torch.cat([x, b], 1)", &|x| firebrand::cat(&[x, &b], 1))?;
        bw("torch.stack([x, b], 1)", &|x| firebrand::stack(&[x, &b], 1))?;
        bw("F.pad(x, (1, 1, 1, 1))", &|x| x.pad(&[1, 1, 1, 1], 0.0))?;
        bw("F.pad(x[None], (3, 3, 3, 3), 'reflect')", &|x| x.unsqueeze(0).pad_reflect(&[3, 3, 3, 3]))?;
        bw("F.dropout(x, 0.5)", &|x| x.dropout(0.5, true))?;
        bw("F.normalize(x)", &|x| x.normalize(2.0, 1, 1e-12))?;
        bw("F.cosine_similarity(x, b)", &|x| x.cosine_similarity(&b, 1, 1e-8))?;
        bw("x[1:-1, 2:]", &|x| x.narrow(0, 1, h - 2).narrow(1, 2, w - 2))?;
        bw("x.t().contiguous() * 2", &|x| x.t().contiguous() * 2.0)?;
        bw("x @ row", &|x| x.matmul(&row))?;
    }
    Ok(())
}
