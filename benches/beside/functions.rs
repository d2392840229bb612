//! Functions of an element or two that are asked for less often, at a million elements.

use super::{Outcome, Pair};
use firebrand::{Tensor, cpu};

pub fn all(pair: &mut Pair) -> Outcome {
    f32s(pair, "function", 1024, 1024)
}

fn f32s(pair: &mut Pair, name: &'static str, h: usize, w: usize) -> Outcome {
    let d = &cpu();
    let (a, b, row) = (Tensor::randn([h, w], d), Tensor::randn([h, w], d), Tensor::randn(w, d));
    let p = a.abs() + 0.1;
    let u = &p / (&p + 1.0);
    pair.section(name, &format!("{}u = p / (p + 1)", super::setup(h, w)))?;
    pair.case("torch.maximum(a, b)", || a.maximum(&b))?;
    pair.case("a == b", || a.eq(&b))?;
    pair.case("a > 0", || a.gt(0.0))?;
    pair.case("a % b", || a.remainder(&b))?;
    pair.case("a // b", || a.floor_divide(&b))?;
    pair.case("torch.fmod(a, b)", || a.fmod(&b))?;
    pair.case("p ** b", || p.pow(&b))?;
    pair.case("2 ** a", || a.pow_of(2.0))?;
    pair.case("torch.atan2(a, b)", || a.atan2(&b))?;
    pair.case("torch.hypot(a, b)", || a.hypot(&b))?;
    pair.case("torch.logaddexp(a, b)", || a.logaddexp(&b))?;
    pair.case("torch.lerp(a, b, 0.3)", || a.lerp(&b, 0.3))?;
    pair.case("torch.addcmul(a, b, p)", || a.addcmul(&b, &p, 1.0))?;
    pair.case("torch.copysign(a, b)", || a.copysign(&b))?;
    pair.case("torch.isclose(a, b)", || a.isclose(&b, 1e-5, 1e-8, false))?;
    pair.case("torch.xlogy(a, p)", || a.xlogy(&p))?;
    pair.case("-a", || -&a)?;
    pair.case("a.square()", || a.square())?;
    pair.case("a.sign()", || a.sign())?;
    pair.case("a.floor()", || a.floor())?;
    pair.case("a.round()", || a.round())?;
    pair.case("a.trunc()", || a.trunc())?;
    pair.case("a.frac()", || a.frac())?;
    pair.case("a.isnan()", || a.isnan())?;
    pair.case("a.isfinite()", || a.isfinite())?;
    pair.case("a.signbit()", || a.signbit())?;
    pair.case("p.rsqrt()", || p.rsqrt())?;
    pair.case("a.reciprocal()", || a.reciprocal())?;
    pair.case("a.exp2()", || a.exp2())?;
    pair.case("a.expm1()", || a.expm1())?;
    pair.case("p.log2()", || p.log2())?;
    pair.case("p.log10()", || p.log10())?;
    pair.case("a.cos()", || a.cos())?;
    pair.case("a.tan()", || a.tan())?;
    pair.case("u.asin()", || u.asin())?;
    pair.case("u.acos()", || u.acos())?;
    pair.case("a.atan()", || a.atan())?;
    pair.case("a.sinh()", || a.sinh())?;
    pair.case("a.cosh()", || a.cosh())?;
    pair.case("a.asinh()", || a.asinh())?;
    pair.case("u.atanh()", || u.atanh())?;
    pair.case("a.erfc()", || a.erfc())?;
    pair.case("u.erfinv()", || u.erfinv())?;
    pair.case("p.lgamma()", || p.lgamma())?;
    pair.case("p.digamma()", || p.digamma())?;
    pair.case("a.i0()", || a.i0())?;
    pair.case("u.logit()", || u.logit(None))?;
    pair.case("a.nan_to_num()", || a.nan_to_num(0.0, None, None))?;
    pair.case("a.sinc()", || a.sinc())?;
    pair.case("torch.outer(row, row)", || row.outer(&row))?;
    pair.case("torch.kron(a[:16, :16], b[:32, :64])", || {
        firebrand::kron(&a.narrow(0, 0, 16).narrow(1, 0, 16), &b.narrow(0, 0, 32).narrow(1, 0, 64))
    })?;
    pair.case("torch.cdist(a[:64], b[:64])", || {
        firebrand::cdist(&a.narrow(0, 0, 64), &b.narrow(0, 0, 64), 2.0)
    })?;
    pair.case("F.cosine_similarity(a, b)", || a.cosine_similarity(&b, 1, 1e-8))?;
    pair.case("F.normalize(a)", || a.normalize(2.0, 1, 1e-12))?;
    pair.case("F.dropout(a, 0.5)", || a.dropout(0.5, true))?;
    pair.case("a.diff()", || a.diff(1, -1))?;
    pair.case("torch.einsum('ij,j->i', a, row)", || firebrand::einsum("ij,j->i", &[&a, &row]))?;
    pair.case("torch.einsum('ij,ij->', a, b)", || firebrand::einsum("ij,ij->", &[&a, &b]))?;
    pair.case("a.add_(b, alpha=0)", || a.add_(&b * 0.0).clone())?;
    pair.case("a.mul_(1)", || a.mul_(1.0).clone())
}
