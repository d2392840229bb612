//! Doubles, integers, booleans, and the casts between them.

use super::{Outcome, Pair};
use firebrand::{DType, Tensor, cpu};

const SIZE: (usize, usize) = (1024, 1024);

pub fn all(pair: &mut Pair) -> Outcome {
    f64s(pair, "f64", SIZE.0, SIZE.1)?;
    integers(pair, "i64", SIZE.0, SIZE.1, DType::I64, "torch.int64")?;
    integers(pair, "i32", SIZE.0, SIZE.1, DType::I32, "torch.int32")?;
    bools(pair, "bool", SIZE.0, SIZE.1)?;
    casts(pair)
}

fn f64s(pair: &mut Pair, name: &'static str, h: usize, w: usize) -> Outcome {
    let d = (DType::F64, &cpu());
    let (a, b, row) = (Tensor::randn([h, w], d), Tensor::randn([h, w], d), Tensor::randn(w, d));
    let p = a.abs() + 0.1;
    pair.section(
        name,
        &format!("{}a, b, row, p = a.double(), b.double(), row.double(), p.double()", super::setup(h, w)),
    )?;
    pair.case("a + b", || &a + &b)?;
    pair.case("a * row", || &a * &row)?;
    pair.case("a / b", || &a / &b)?;
    pair.case("a > b", || a.gt(&b))?;
    pair.case("torch.where(a > b, a, b)", || a.gt(&b).where_(&a, &b))?;
    pair.case("a.clamp(-1, 1)", || a.clamp(-1.0, 1.0))?;
    pair.case("a.relu()", || a.relu())?;
    pair.case("p.sqrt()", || p.sqrt())?;
    pair.case("a.exp()", || a.exp())?;
    pair.case("p.log()", || p.log())?;
    pair.case("a.sin()", || a.sin())?;
    pair.case("a.tanh()", || a.tanh())?;
    pair.case("a.sigmoid()", || a.sigmoid())?;
    pair.case("a.erf()", || a.erf())?;
    pair.case("p.pow(2.5)", || p.pow(2.5))?;
    pair.case("F.gelu(a)", || a.gelu())?;
    pair.case("a.sum()", || a.sum())?;
    pair.case("a.sum(0)", || a.sum_dim(0, false))?;
    pair.case("a.sum(1)", || a.sum_dim(1, false))?;
    pair.case("a.mean(1)", || a.mean_dim(1, false))?;
    pair.case("a.var(1)", || a.var_dim(1, 1, false))?;
    pair.case("a.var(0)", || a.var_dim(0, 1, false))?;
    pair.case("a.max()", || a.max())?;
    pair.case("a.max(1)", || a.max_dim(1, false))?;
    pair.case("a.argmax(0)", || a.argmax_dim(0, false))?;
    pair.case("a.softmax(1)", || a.softmax(1))?;
    pair.case("a.softmax(0)", || a.softmax(0))?;
    pair.case("a.cumsum(1)", || a.cumsum(1))?;
    pair.case("a.cumsum(0)", || a.cumsum(0))?;
    pair.case("a.sort(1)", || a.sort(1, false))?;
    pair.case("a @ row", || a.matmul(&row))
}

fn integers(pair: &mut Pair, name: &'static str, h: usize, w: usize, t: DType, python: &str) -> Outcome {
    let d = (t, &cpu());
    let (a, b, row) = (
        Tensor::randint(1, 100, [h, w], d),
        Tensor::randint(1, 100, [h, w], d),
        Tensor::randint(1, 100, w, d),
    );
    pair.section(
        name,
        &format!("h, w = {h}, {w}\na, b, row = [torch.randint(1, 100, s, dtype={python}) for s in ((h, w), (h, w), (w,))]"),
    )?;
    pair.case("a + b", || &a + &b)?;
    pair.case("a * b", || &a * &b)?;
    pair.case("a - row", || &a - &row)?;
    pair.case("a / b", || &a / &b)?;
    pair.case("a // b", || a.floor_divide(&b))?;
    pair.case("a % b", || a.remainder(&b))?;
    pair.case("a + 3", || &a + 3)?;
    pair.case("a > b", || a.gt(&b))?;
    pair.case("a == 3", || a.eq(3))?;
    pair.case("torch.where(a > b, a, b)", || a.gt(&b).where_(&a, &b))?;
    pair.case("torch.maximum(a, b)", || a.maximum(&b))?;
    pair.case("a & b", || a.bitwise_and(&b))?;
    pair.case("a.sum()", || a.sum())?;
    pair.case("a.sum(0)", || a.sum_dim(0, false))?;
    pair.case("a.sum(1)", || a.sum_dim(1, false))?;
    pair.case("a.prod(1)", || a.prod_dim(1, false))?;
    pair.case("a.max()", || a.max())?;
    pair.case("a.amax(1)", || a.amax(1, false))?;
    pair.case("a.amax(0)", || a.amax(0, false))?;
    pair.case("a.argmax(1)", || a.argmax_dim(1, false))?;
    pair.case("a.cumsum(1)", || a.cumsum(1))?;
    pair.case("a.sort(1)", || a.sort(1, false))?;
    pair.case("torch.unique(a)", || a.unique())?;
    pair.case("torch.bincount(a.flatten())", || a.flatten(0, -1).bincount(None, 0))?;
    pair.case("a.t().contiguous()", || a.t().contiguous())?;
    pair.case("torch.cat([a, b], 1)", || firebrand::cat(&[&a, &b], 1))
}

fn bools(pair: &mut Pair, name: &'static str, h: usize, w: usize) -> Outcome {
    let a = Tensor::randn([h, w], &cpu()).gt(0.0);
    let b = Tensor::randn([h, w], &cpu()).gt(0.0);
    pair.section(name, &format!("{}a, b = a > 0, b > 0\n", super::setup(h, w)))?;
    pair.case("a & b", || a.logical_and(&b))?;
    pair.case("a | b", || a.bitwise_or(&b))?;
    pair.case("torch.logical_not(a)", || a.logical_not())?;
    pair.case("a == b", || a.eq(&b))?;
    pair.case("a.sum()", || a.sum())?;
    pair.case("a.sum(1)", || a.sum_dim(1, false))?;
    pair.case("a.sum(0)", || a.sum_dim(0, false))?;
    pair.case("a.any()", || a.any())?;
    pair.case("a.any(1)", || a.any_dim(1, false))?;
    pair.case("a.all(0)", || a.all_dim(0, false))?;
    pair.case("a.count_nonzero()", || a.count_nonzero())?;
    pair.case("a.nonzero()", || a.nonzero())?;
    pair.case("a.float()", || a.to_dtype(DType::F32))?;
    pair.case("a.long()", || a.to_dtype(DType::I64))?;
    pair.case("a.flip(1)", || a.flip(&[1]))
}

fn casts(pair: &mut Pair) -> Outcome {
    let types = [
        (DType::F32, "torch.float32"),
        (DType::F64, "torch.float64"),
        (DType::I32, "torch.int32"),
        (DType::I64, "torch.int64"),
        (DType::U8, "torch.uint8"),
        (DType::Bool, "torch.bool"),
    ];
    for (from, f) in types {
        let a = (Tensor::rand([1024, 1024], &cpu()) * 100.0).to_dtype(from);
        pair.section("cast", &format!("a = (torch.rand(1024, 1024) * 100).to({f})"))?;
        for (to, t) in types {
            if from != to {
                pair.named(&format!("{f} {t}"), &format!("a.to({t})"), || a.to_dtype(to))?;
            }
        }
    }
    Ok(())
}
