//! Reductions, scans and moves along every dimension, writing by index.

use super::{Outcome, Pair};
use firebrand::{DType, Tensor, cpu};

pub fn all(pair: &mut Pair) -> Outcome {
    reds(pair, "along", 1024, 1024)?;
    moves(pair, "move", 1024, 1024)
}

fn reds(pair: &mut Pair, name: &'static str, h: usize, w: usize) -> Outcome {
    let d = &cpu();
    let a = Tensor::randn([h, w], d);
    let p = a.abs() * 0.01 + 1.0;
    let three = a.reshape([16, -1, 64]);
    pair.section(name, &format!("{}p = a.abs() * 0.01 + 1\nt = a.reshape(16, -1, 64)", super::setup(h, w)))?;
    pair.case("a.mean()", || a.mean())?;
    pair.case("a.mean(0)", || a.mean_dim(0, false))?;
    pair.case("t.sum(1)", || three.sum_dim(1, false))?;
    pair.case("t.sum((0, 2))", || three.sum_dim([0, 2], false))?;
    pair.case("t.var((0, 2))", || three.var_dim([0, 2], 1, false))?;
    pair.case("a.var(0)", || a.var_dim(0, 1, false))?;
    pair.case("a.std(0)", || a.std_dim(0, 1, false))?;
    pair.case("a.var()", || a.var())?;
    pair.case("a.norm(dim=0)", || a.norm_dim(2.0, 0, false))?;
    pair.case("a.norm(dim=1)", || a.norm_dim(2.0, 1, false))?;
    pair.case("a.norm(1)", || a.norm(1.0))?;
    pair.case("a.norm(3)", || a.norm(3.0))?;
    pair.case("a.norm(float('inf'))", || a.norm(f64::INFINITY))?;
    pair.case("a.logsumexp(0)", || a.logsumexp(0, false))?;
    pair.case("t.logsumexp(1)", || three.logsumexp(1, false))?;
    pair.case("t.softmax(1)", || three.softmax(1))?;
    pair.case("a.log_softmax(0)", || a.log_softmax(0))?;
    pair.case("p.prod()", || p.prod())?;
    pair.case("p.prod(0)", || p.prod_dim(0, false))?;
    pair.case("p.prod(1)", || p.prod_dim(1, false))?;
    pair.case("a.min()", || a.min())?;
    pair.case("a.max(0)", || a.max_dim(0, false))?;
    pair.case("a.min(1)", || a.min_dim(1, false))?;
    pair.case("a.amax(0)", || a.amax(0, false))?;
    pair.case("a.amax(1)", || a.amax(1, false))?;
    pair.case("t.amax(1)", || three.amax(1, false))?;
    pair.case("a.argmin(0)", || a.argmin_dim(0, false))?;
    pair.case("a.argmin(1)", || a.argmin_dim(1, false))?;
    pair.case("a.argmax()", || a.argmax())?;
    pair.case("torch.aminmax(a)", || a.aminmax([0, 1], false))?;
    pair.case("(a > 0).any(0)", || a.gt(0.0).any_dim(0, false))?;
    pair.case("a.count_nonzero()", || a.count_nonzero())?;
    pair.case("a.count_nonzero(0)", || a.count_nonzero_dim(0))?;
    pair.case("a.nansum(1)", || a.nansum(1, false))?;
    pair.case("p.cumprod(0)", || p.cumprod(0))?;
    pair.case("p.cumprod(1)", || p.cumprod(1))?;
    pair.case("a.logcumsumexp(1)", || a.logcumsumexp(1))?;
    pair.case("a.logcumsumexp(0)", || a.logcumsumexp(0))?;
    pair.case("a.cummax(0)", || a.cummax(0))?;
    pair.case("a.cummax(1)", || a.cummax(1))?;
    pair.case("t.cumsum(1)", || three.cumsum(1))?;
    pair.case("a.sort(0)", || a.sort(0, false))?;
    pair.case("a.argsort(1)", || a.argsort(1, false))?;
    pair.case("a.flatten().sort()", || a.flatten(0, -1).sort(0, false))?;
    pair.case("a.topk(10, 0)", || a.topk(10, 0, true))?;
    pair.case("a.median()", || a.median())?;
    pair.case("a.median(0)", || a.median_dim(0, false))?;
    pair.case("a.kthvalue(5, 1)", || a.kthvalue(5, 1, false))?;
    pair.case("a.quantile(0.3, 1)", || {
        a.quantile_dim(&Tensor::full((), 0.3, d), 1, false, firebrand::QuantileMode::Linear)
    })?;
    pair.case("torch.histc(a, 100, -3, 3)", || a.histc(100, -3.0, 3.0))?;
    pair.case("torch.unique(a)", || a.unique())?;
    pair.case("torch.bucketize(a, t[0,0])", || a.bucketize(&three.select(0, 0).select(0, 0), false))
}

fn moves(pair: &mut Pair, name: &'static str, h: usize, w: usize) -> Outcome {
    let d = &cpu();
    let (a, b) = (Tensor::randn([h, w], d), Tensor::randn([h, w], d));
    let i = Tensor::randint(0, h as i64, [h, w], (DType::I64, d));
    let c = Tensor::randint(0, w as i64, [h, w], (DType::I64, d));
    let j = Tensor::randint(0, h as i64, h, (DType::I64, d));
    let k = Tensor::randint(0, w as i64, w, (DType::I64, d));
    let mask = a.gt(0.0);
    pair.section(
        name,
        &format!(
            "{}i, c = torch.randint(0, h, (h, w)), torch.randint(0, w, (h, w))\n\
             j, k = torch.randint(0, h, (h,)), torch.randint(0, w, (w,))",
            super::setup(h, w)
        ),
    )?;
    pair.case("a.gather(0, i)", || a.gather(0, &i))?;
    pair.case("a.scatter(0, i, b)", || a.scatter(0, &i, &b))?;
    pair.case("a.scatter(1, c, b)", || a.scatter(1, &c, &b))?;
    pair.case("a.scatter_add(0, i, b)", || a.scatter_add(0, &i, &b))?;
    pair.case("a.scatter_add(1, c, b)", || a.scatter_add(1, &c, &b))?;
    pair.case("a.index_add(0, j, b)", || a.index_add(0, &j, &b, 1.0))?;
    pair.case("a.index_add(1, k, b)", || a.index_add(1, &k, &b, 1.0))?;
    pair.case("a.index_copy(0, j, b)", || a.index_copy(0, &j, &b))?;
    pair.case("a.index_fill(1, k, 2.)", || a.index_fill(1, &k, 2.0))?;
    pair.case("a.take(c)", || a.take(&c))?;
    pair.case("a.masked_fill(mask, 0.)", || a.masked_fill(&mask, 0.0))?;
    pair.case("a.masked_scatter(mask, b)", || a.masked_scatter(&mask, &b))?;
    pair.case("torch.where(mask, a, 0.)", || mask.where_(&a, 0.0))?;
    pair.case("mask.nonzero()", || mask.nonzero())?;
    pair.case("a.flip(0)", || a.flip(&[0]))?;
    pair.case("a.flip(0, 1)", || a.flip(&[0, 1]))?;
    pair.case("a.roll(5, 0)", || a.roll(&[5], &[0]))?;
    pair.case("a.rot90()", || a.rot90(1, [0, 1]).contiguous())?;
    pair.case("a.repeat(2, 2)", || a.repeat(&[2, 2]))?;
    pair.case("a[:, :8].repeat(1, 16)", || a.narrow(1, 0, 8).repeat(&[1, 16]))?;
    pair.case("a.repeat_interleave(2, 0)", || a.repeat_interleave(2, 0))?;
    pair.case("a.repeat_interleave(2, 1)", || a.repeat_interleave(2, 1))?;
    pair.case("F.pad(a[None], (3, 3, 3, 3), 'reflect')", || a.unsqueeze(0).pad_reflect(&[3, 3, 3, 3]))?;
    pair.case("F.pad(a[None], (3, 3, 3, 3), 'replicate')", || a.unsqueeze(0).pad_replicate(&[3, 3, 3, 3]))?;
    pair.case("F.pad(a[None], (3, 3, 3, 3), 'circular')", || a.unsqueeze(0).pad_circular(&[3, 3, 3, 3]))?;
    pair.case("torch.stack([a, b], 0)", || firebrand::stack(&[&a, &b], 0))?;
    pair.case("torch.stack([a, b], 1)", || firebrand::stack(&[&a, &b], 1))?;
    pair.case("torch.cat([a.t(), b.t()], 0)", || firebrand::cat(&[a.t(), b.t()], 0))?;
    pair.case("a.triu(1)", || a.triu(1))?;
    pair.case("a[:, ::2].contiguous()", || a.reshape([h as isize, -1, 2]).select(2, 0).contiguous())?;
    pair.case("a.reshape(h, -1, 4).permute(2, 0, 1).contiguous()", || {
        a.reshape([h as isize, -1, 4]).permute(&[2, 0, 1]).contiguous()
    })?;
    pair.case("a.reshape(4, -1, w).transpose(0, 1).contiguous()", || {
        a.reshape([4, -1, w as isize]).transpose(0, 1).contiguous()
    })?;
    pair.case("a.diagonal().contiguous()", || a.diagonal(0, 0, 1).contiguous())?;
    pair.case("torch.diag(a[0])", || a.select(0, 0).diag(0))?;
    pair.case("a[None].expand(4, h, w).contiguous()", || {
        a.unsqueeze(0).expand([4, h as isize, w as isize]).contiguous()
    })?;
    pair.case("a.unfold(1, 8, 4).contiguous()", || a.unfold(1, 8, 4).contiguous())?;
    pair.case("torch.zeros_like(a)", || a.zeros_like())?;
    pair.case("torch.eye(h)", || Tensor::eye(h, d))?;
    pair.case("torch.arange(h * w)", || Tensor::arange(0, (h * w) as i64, 1, d))?;
    pair.case("torch.linspace(0, 1, h * w)", || Tensor::linspace(0.0, 1.0, h * w, d))?;
    pair.case("F.one_hot(j, w)", || j.one_hot(w))
}
