//! Factorisations with several factors: eigenvectors, singular vectors, QR and LU.
//!
//! The tape's nodes have one result each, so every factor is a node of its own. Gradients are linear
//! in those of the factors, so each rule treats the others' as zero and the tape adds them up.

use super::linalg::sizes;
use crate::graph::{Keep, record};
use crate::mode::is_grad_enabled;
use crate::tensor::Tensor;
use tensor_core::{DType, LinalgOp, RawTensor, check};

/// The gradient of a factorised matrix from that of one factor, which is at this place among all.
type Rule = fn(usize, &[Tensor], &Tensor) -> Tensor;

/// The factors as nodes. `again` factorises with history: for gradients of gradients.
#[track_caller]
fn factors<const N: usize>(
    name: &'static str,
    a: &Tensor,
    raws: [RawTensor; N],
    again: fn(&Tensor) -> Vec<Tensor>,
    rule: Rule,
) -> [Tensor; N] {
    if !a.requires_grad() || !is_grad_enabled() {
        return raws.map(Tensor::from_raw);
    }
    // Rules read copies: what the user gets may be written in place.
    let saved: Vec<RawTensor> = raws.iter().map(RawTensor::copy).collect();
    let mut place = 0;
    raws.map(|raw| {
        let (which, saved) = (place, saved.clone());
        place += 1;
        record(name, [a], Keep::FIRST, raw, move |ctx, g| {
            let parts = if is_grad_enabled() {
                again(&ctx.input(0))
            } else {
                saved.iter().cloned().map(Tensor::from_raw).collect()
            };
            [Some(rule(which, &parts, g))]
        })
    })
}

/// The results of a function of matrices that always has some.
#[track_caller]
fn results<const N: usize>(a: &Tensor, op: LinalgOp) -> [RawTensor; N] {
    let all = check::done(op.name(), a.raw().linalg(op, None));
    all.try_into().unwrap_or_else(|_| unreachable!("the operator says how many results it has"))
}

/// `xⱼ − xᵢ` of the last dimension as matrices, with ones on the diagonal.
fn gaps(x: &Tensor) -> Tensor {
    let n = x.dim(-1);
    x.unsqueeze(-2) - x.unsqueeze(-1) + Tensor::eye(n, (x.dtype(), x.device()))
}

impl Tensor {
    /// Eigenvalues, ascending, and eigenvectors as columns of symmetric matrices, of which the lower
    /// triangle is read: `[…, N, N] → […, N], […, N, N]`. A vector's sign is free in mathematics; here
    /// its last nonzero component is positive. PyTorch's `torch.linalg.eigh`.
    #[track_caller]
    pub fn eigh(&self) -> (Tensor, Tensor) {
        sizes("eigh", self, true);
        let raws = results(self, LinalgOp::Eigh { vectors: true });
        let again = |a: &Tensor| {
            let (l, v) = a.eigh();
            vec![l, v]
        };
        let [l, v] = factors("LinalgEighBackward0", self, raws, again, |which, parts, g| {
            let (l, v) = (&parts[0], &parts[1]);
            if which == 0 {
                return v.matmul(&(g.unsqueeze(-1) * v.mt()));
            }
            // Only turns of the vectors count: the skew part, as PyTorch projects it.
            let m = v.mt().matmul(g);
            let turned = (&m - m.mt()) * 0.5 / gaps(l);
            v.matmul(&turned).matmul(&v.mt())
        });
        (l, v)
    }

    /// The eigenvalues of symmetric matrices, ascending.
    #[track_caller]
    pub fn eigvalsh(&self) -> Tensor {
        if self.requires_grad() && is_grad_enabled() {
            return self.eigh().0;
        }
        sizes("eigvalsh", self, true);
        let [values] = results(self, LinalgOp::Eigh { vectors: false });
        Tensor::from_raw(values)
    }

    /// `A = U·diag(S)·Vᵀ` of matrices `[…, M, N]`: U `[…, M, K]`, S `[…, K]` descending, Vᵀ `[…, K, N]`,
    /// K = min(M, N); with `full_matrices` (PyTorch's default is true) U and Vᵀ are square, and the
    /// columns and rows added have no gradient. PyTorch's `torch.linalg.svd`.
    #[track_caller]
    pub fn svd(&self, full_matrices: bool) -> (Tensor, Tensor, Tensor) {
        let (m, n, _) = sizes("svd", self, false);
        let k = m.min(n);
        let raws = results(self, LinalgOp::Svd { vectors: true });
        let again = |a: &Tensor| {
            let (u, s, vt) = a.svd(false);
            vec![u, s, vt]
        };
        let [mut u, s, mut vt] = factors("LinalgSvdBackward0", self, raws, again, svd_rule);
        if full_matrices && m > k {
            u = crate::cat(&[u.clone(), complement(&u.detach())], -1);
        }
        if full_matrices && n > k {
            vt = crate::cat(&[vt.clone(), complement(&vt.detach().mt()).mt()], -2);
        }
        (u, s, vt)
    }

    /// The singular values of matrices, descending.
    #[track_caller]
    pub fn svdvals(&self) -> Tensor {
        if self.requires_grad() && is_grad_enabled() {
            return self.svd(false).1;
        }
        sizes("svdvals", self, false);
        let [values] = results(self, LinalgOp::Svd { vectors: false });
        Tensor::from_raw(values)
    }

    /// `A = Q·R` of matrices `[…, M, N]`: Q `[…, M, K]` with orthonormal columns, R `[…, K, N]` upper
    /// triangular, K = min(M, N), with LAPACK's signs. PyTorch's `torch.linalg.qr`.
    #[track_caller]
    pub fn qr(&self) -> (Tensor, Tensor) {
        let (m, n, _) = sizes("qr", self, false);
        if m < n {
            // The square part decides; the other columns are what Q makes of them.
            let (q, r) = self.narrow(-1, 0, m).qr();
            let rest = q.mt().matmul(&self.narrow(-1, m, n - m));
            return (q, crate::cat(&[r, rest], -1));
        }
        let raws = results(self, LinalgOp::Qr);
        let again = |a: &Tensor| {
            let (q, r) = a.qr();
            vec![q, r]
        };
        let [q, r] = factors("LinalgQrBackward0", self, raws, again, |which, parts, g| {
            // (∂Q + Q·sym(M))·R⁻ᵀ with M = R·∂Rᵀ − ∂Qᵀ·Q, whose lower triangle is mirrored.
            let (q, r) = (&parts[0], &parts[1]);
            let m = if which == 0 { -g.mt().matmul(q) } else { r.matmul(&g.mt()) };
            let inner = q.matmul(&(m.tril(0) + m.tril(-1).mt()));
            let inner = if which == 0 { g + inner } else { inner };
            r.solve_triangular(&inner.mt(), true, true, false).mt()
        });
        (q, r)
    }

    /// As [`Tensor::qr`] with Q square, `[…, M, M]`, and R `[…, M, N]`: `torch.linalg.qr(mode='complete')`. With
    /// more rows than columns the factors are constants, as their gradient is not defined.
    #[track_caller]
    pub fn qr_complete(&self) -> (Tensor, Tensor) {
        let (m, n, _) = sizes("qr_complete", self, false);
        if m <= n {
            return self.qr();
        }
        // Columns of zeros turn nothing: Q's other columns are what LAPACK's reflections leave.
        let zeros = Tensor::zeros(self.shape().with(self.rank() - 1, m - n), (self.dtype(), self.device()));
        let (q, r) = crate::cat(&[self.detach(), zeros], -1).qr();
        (q, r.narrow(-1, 0, n).contiguous())
    }

    /// `A = P·L·U` of matrices `[…, M, N]` with partial pivoting, K = min(M, N): P permutes rows, L
    /// `[…, M, K]` is lower triangular with ones on its diagonal, U `[…, K, N]` upper triangular. PyTorch's
    /// `torch.linalg.lu`.
    #[track_caller]
    pub fn lu(&self) -> (Tensor, Tensor, Tensor) {
        let (m, n, _) = sizes("lu", self, false);
        let raws: [RawTensor; 3] = results(self, LinalgOp::Lu);
        if m != n && self.requires_grad() && is_grad_enabled() {
            // The square part in pivoted order decides; the other rows and columns are solved for.
            let [p, ..] = raws;
            let p = Tensor::from_raw(p);
            let ordered = p.mt().matmul(self);
            let k = m.min(n);
            let (_, l, u) = ordered.narrow(-2, 0, k).narrow(-1, 0, k).lu();
            if m > n {
                let rest = u.solve_triangular(&ordered.narrow(-2, k, m - k), true, false, false);
                return (p, crate::cat(&[l, rest], -2), u);
            }
            let rest = l.solve_triangular(&ordered.narrow(-1, k, n - k), false, true, true);
            return (p, l, crate::cat(&[u, rest], -1));
        }
        let again = |a: &Tensor| {
            let (p, l, u) = a.lu();
            vec![p.detach(), l, u]
        };
        let [p, l, u] = factors("LinalgLuBackward0", self, raws, again, |which, parts, g| {
            // P·L⁻ᵀ·(tril(Lᵀ·∂L, −1) + triu(∂U·Uᵀ))·U⁻ᵀ
            let (p, l, u) = (&parts[0], &parts[1], &parts[2]);
            let inner = match which {
                0 => return g * 0.0,
                1 => l.mt().matmul(g).tril(-1),
                _ => g.matmul(&u.mt()).triu(0),
            };
            let right = u.solve_triangular(&inner.mt(), true, true, false).mt();
            p.matmul(&l.mt().solve_triangular(&right, true, true, true))
        });
        (p.detach(), l, u)
    }
}

/// Columns that make the orthonormal ones of `[…, M, K]` a basis: `[…, M, M − K]`, the last that QR of them leaves.
fn complement(columns: &Tensor) -> Tensor {
    let (m, k) = (columns.dim(-2), columns.dim(-1));
    columns.qr_complete().0.narrow(-1, k, m - k)
}

fn svd_rule(which: usize, parts: &[Tensor], g: &Tensor) -> Tensor {
    let (u, s, vt) = (&parts[0], &parts[1], &parts[2]);
    let skew = |x: Tensor| &x - x.mt();
    let gaps = gaps(&s.square());
    match which {
        0 => {
            let inner = skew(u.mt().matmul(g)) / gaps * s.unsqueeze(-2);
            let mut grad = u.matmul(&inner);
            if u.dim(-2) > u.dim(-1) {
                let scaled = g / s.unsqueeze(-2);
                grad = grad + &scaled - u.matmul(&u.mt().matmul(&scaled));
            }
            grad.matmul(vt)
        }
        1 => (u * g.unsqueeze(-2)).matmul(vt),
        _ => {
            let inner = skew(vt.matmul(&g.mt())) / gaps;
            let mut grad = (s.unsqueeze(-1) * inner).matmul(vt);
            if vt.dim(-1) > vt.dim(-2) {
                let scaled = g / s.unsqueeze(-1);
                grad = grad + &scaled - scaled.matmul(&vt.mt()).matmul(vt);
            }
            u.matmul(&grad)
        }
    }
}

/// The smallest number that still counts beside the largest singular value, per unit of size.
pub(super) fn epsilon(dtype: DType) -> f64 {
    if dtype == DType::F64 { f64::EPSILON } else { f64::from(f32::EPSILON) }
}
