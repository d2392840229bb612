//! Contractions and linear algebra: values against loops and identities, gradients against differences.

mod more_support;

use autograd::{MatrixNorm, Tensor, cdist, einsum, kron, tensordot};
use more_support::{counted, first, floats, grads, leaf, near, spread};
use tensor_core::DType;

/// A batch of matrices far from singular.
fn sound(shape: [usize; 3]) -> Tensor {
    let eye = Tensor::eye([shape[1], shape[2]], (DType::F64, &more_support::cpu()));
    (spread(shape, -1.0, 1.0) + eye * 2.0).requires_grad_(true)
}

fn close(a: &Tensor, b: &Tensor) {
    assert_eq!(a.shape(), b.shape());
    near(a, &b.to_vec::<f64>(), 1e-10);
}

#[test]
fn einsums_of_any_number_of_operands() {
    let (a, b, c) = (spread([2, 3], -1.0, 1.0), spread([3, 4], -1.0, 1.0), spread([4, 2], -1.0, 1.0));
    close(&einsum("ij,jk,kl->il", &[&a, &b, &c]), &a.mm(&b).mm(&c));
    close(&einsum("ij,jk,ki->", &[&a, &b, &c]), &a.mm(&b).mm(&c).trace());
    close(&einsum("ij,jk,ki", &[&a, &b, &c]), &a.mm(&b).mm(&c).trace());
    let (x, y) = (spread([2, 5, 3, 4], -1.0, 1.0), spread([5, 4, 2], -1.0, 1.0));
    close(&einsum("...ij,...jk->...ik", &[&x, &y]), &x.matmul(&y));
    close(&einsum("...ij,...jk", &[&x, &y]), &x.matmul(&y));
    close(&einsum("a...b->...ba", &[&x]), &x.permute(&[1, 2, 3, 0]));
    close(&einsum("ab...->...", &[&x]), &x.sum_dim([0, 1], false));
    close(&einsum("ii->i", &[&counted([3, 3])]), &counted([3, 3]).diagonal(0, 0, 1));
    close(&einsum("iji->j", &[&counted([2, 3, 2])]), &counted([2, 3, 2]).diagonal(0, 0, 2).sum_dim(1, false));
    close(&einsum("i,j->ij", &[&a.select(0, 0), &b.select(0, 0)]), &a.select(0, 0).outer(&b.select(0, 0)));
    close(&einsum("ba", &[&a]), &a.t());
    close(&einsum("ij,ij->ij", &[&a, &spread([1, 3], 0.0, 1.0)]), &(&a * spread([1, 3], 0.0, 1.0)));
    grads("einsum", &[leaf([2, 3], -1.0, 1.0), leaf([3, 2, 2], -1.0, 1.0), leaf([2, 2], -1.0, 1.0)], |x| {
        einsum("ij,jkl,lm->mik", &[&x[0], &x[1], &x[2]])
    });
}

#[test]
#[should_panic(expected = "'k' stands on the right of \"ij->k\" only")]
fn an_einsum_letter_from_nowhere_is_refused() {
    einsum("ij->k", &[&counted([2, 2])]);
}

#[test]
fn contractions() {
    let (a, b) = (spread([2, 3, 4], -1.0, 1.0), spread([4, 3, 5], -1.0, 1.0));
    close(&tensordot(&a, &b, ([1, 2], [1, 0])), &einsum("ijk,kjl->il", &[&a, &b]));
    close(&tensordot(&a, &b, 1), &einsum("ijk,klm->ijlm", &[&a, &b]));
    close(&tensordot(&a, &b, 0), &einsum("ijk,lmn->ijklmn", &[&a, &b]));
    let block = kron(&counted([1, 2]), &counted([2, 2]));
    near(&block, &[0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 3.0], 0.0);
    near(&kron(&floats(&[1.0, 2.0]), &counted([2, 1])), &[0.0, 0.0, 1.0, 2.0], 0.0);
    near(&floats(&[1.0, 0.0, 0.0]).cross(&floats(&[0.0, 1.0, 0.0]), -1), &[0.0, 0.0, 1.0], 0.0);
    let (u, v) = (spread([3, 2], -1.0, 1.0), spread([3, 2], 0.0, 2.0));
    near(&(u.cross(&v, 0) * &u).sum_dim(0, false), &[0.0, 0.0], 1e-12);
    grads("cross", &[leaf([2, 3], -1.0, 1.0), leaf([1, 3], -1.0, 1.0)], |x| x[0].cross(&x[1], 1));
    grads("kron", &[leaf([2, 1], -1.0, 1.0), leaf([2, 2], -1.0, 1.0)], |x| kron(&x[0], &x[1]));
    grads("tensordot", &[leaf([2, 3], -1.0, 1.0), leaf([2, 3], -1.0, 1.0)], |x| tensordot(&x[0], &x[1], 2));
    grads("trace", &[leaf([2, 3], -1.0, 1.0)], |x| x[0].trace());
    near(&counted([3, 2]).cov(1), &[0.5; 9], 1e-12);
    near(&floats(&[1.0, 2.0, 4.0]).reshape([1, 3]).corrcoef(), &[1.0], 1e-6);
    near(&floats(&[1.0, 4.0, 9.0]).diff(2, -1), &[2.0], 0.0);
}

#[test]
fn scaled_sums_of_products() {
    let (m, a, b) = (leaf([2, 3], -1.0, 1.0), leaf([4, 2, 5], -1.0, 1.0), leaf([4, 5, 3], -1.0, 1.0));
    let all = || [m.clone(), a.clone(), b.clone()];
    close(&m.baddbmm(&a, &b, 0.5, 2.0), &(&m * 0.5 + a.bmm(&b) * 2.0));
    close(&m.addbmm(&a, &b, 0.5, 2.0), &(&m * 0.5 + a.bmm(&b).sum_dim(0, false) * 2.0));
    grads("baddbmm", &all(), |x| x[0].baddbmm(&x[1], &x[2], 0.5, 2.0));
    grads("addbmm", &all(), |x| x[0].addbmm(&x[1], &x[2], 0.5, 2.0));
    let nan = Tensor::full(2, f64::NAN, (DType::F64, &more_support::cpu()));
    near(&nan.addmv(&counted([2, 2]), &counted(2), 0.0, 1.0), &[1.0, 3.0], 0.0);
    near(&counted([2, 2]).addr(&counted(2), &counted(2), 1.0, 10.0), &[0.0, 1.0, 2.0, 13.0], 0.0);
    near(
        &counted([2, 2]).addmm_scaled(&counted([2, 1]), &counted([1, 2]), 2.0, 1.0),
        &[0.0, 2.0, 4.0, 7.0],
        0.0,
    );
}

#[test]
fn distances_and_norms() {
    let rows = || [leaf([2, 3, 4], -1.0, 1.0), leaf([5, 4], 1.5, 2.5)];
    for p in [1.0, 1.5, 2.0, 3.0] {
        let d = cdist(&rows()[0], &rows()[1], p);
        let (x, y) = (rows()[0].to_vec::<f64>(), rows()[1].to_vec::<f64>());
        let want: Vec<f64> = (0..30)
            .map(|k| {
                (0..4).map(|i| (x[k / 5 * 4 + i] - y[k % 5 * 4 + i]).abs().powf(p)).sum::<f64>().powf(1.0 / p)
            })
            .collect();
        near(&d, &want, 1e-12);
        grads("cdist", &rows(), |x| cdist(&x[0], &x[1], p));
    }
    let same = counted([2, 3]).requires_grad_(true);
    for p in [1.0, 1.5, 2.0, 3.0] {
        same.zero_grad();
        cdist(&same, &same, p).sum().backward();
        assert!(same.grad().unwrap().isfinite().all().item::<bool>(), "distance 0, p = {p}");
    }
    near(&floats(&[1.0, 0.0]).cosine_similarity(&floats(&[1.0, 1.0]), 0, 1e-8), &[0.5f64.sqrt()], 1e-6);
    near(&floats(&[3.0, 4.0]).normalize(2.0, 0, 1e-12), &[0.6, 0.8], 1e-6);
    near(&floats(&[3.0, 4.0]).pairwise_distance(&floats(&[0.0, 0.0]), 2.0, 0.0, true), &[5.0], 1e-6);
    let pair = || [leaf([2, 3], 0.2, 1.0), leaf([2, 3], -1.0, -0.1)];
    grads("cosine_similarity", &pair(), |x| x[0].cosine_similarity(&x[1], 1, 1e-8));
    grads("pairwise_distance", &pair(), |x| x[0].pairwise_distance(&x[1], 2.0, 1e-6, false));
    grads("norm", &pair()[..1], |x| x[0].norm_dim(2.5, 1, true));
    near(&floats(&[-3.0, 2.0, 0.0]).norm(0.0), &[2.0], 0.0);
    near(&floats(&[-3.0, 2.0]).vector_norm(f64::INFINITY, (), false), &[3.0], 0.0);
}

#[test]
fn eigenvectors_of_symmetric_batches() {
    let sym = |x: &Tensor| x + x.mt();
    let a = sym(&spread([2, 4, 4], -1.0, 1.0));
    let (l, v) = a.eigh();
    close(&(&v * l.unsqueeze(-2)).matmul(&v.mt()), &a);
    assert_eq!(l.to_vec::<f64>(), a.eigvalsh().to_vec::<f64>());
    grads("eigvalsh", &[leaf([2, 3, 3], -1.0, 1.0)], |x| sym(&x[0]).eigvalsh());
    grads("eigh", &[leaf([3, 3], -1.0, 1.0)], |x| sym(&x[0]).eigh().1);
    grads("eigh, both", &[leaf([3, 3], -1.0, 1.0)], |x| {
        let (l, v) = sym(&x[0]).eigh();
        v * l
    });
    let single = a.to_dtype(DType::F32).eigh().0;
    near(&single, &l.to_vec::<f64>(), 1e-6);
}

/// Any matrix with the same symmetric part has the same differences: only PyTorch's own numbers tell.
#[test]
fn the_gradient_of_eigenvectors_is_symmetric_as_pytorchs() {
    let numbers = vec![2.0, 1.0, 0.5, 1.0, -1.0, 0.25, 0.5, 0.25, 3.0];
    let a = Tensor::from_vec(numbers, [3, 3], &more_support::cpu()).requires_grad_(true);
    let weights = (counted([3, 3]) + 1.0).square();
    let (l, v) = a.eigh();
    ((v * l).square() * weights).sum().backward();
    let pytorchs = [
        [5.5905773954266635, 21.18751382168552, 50.662813408719785],
        [21.187513821685528, -29.438619275828803, 30.487634585762557],
        [50.66281340871979, 30.48763458576255, 490.9678438737953],
    ];
    near(&a.grad().unwrap(), pytorchs.as_flattened(), 1e-12);
}

#[test]
fn singular_vectors() {
    for shape in [[2, 4, 3], [2, 3, 4], [1, 3, 3]] {
        let a = spread(shape, -1.0, 1.0);
        let (u, s, vt) = a.svd(false);
        close(&(&u * s.unsqueeze(-2)).matmul(&vt), &a);
        let (full_u, _, full_vt) = a.svd(true);
        let eye = |n| Tensor::eye(n, (DType::F64, &more_support::cpu())).expand_to_batch(shape[0]);
        close(&full_u.mt().matmul(&full_u), &eye(shape[1]));
        close(&full_vt.matmul(&full_vt.mt()), &eye(shape[2]));
        grads("svdvals", &[leaf(shape, -1.0, 1.0)], |x| x[0].svdvals());
        // Signs are free: only products of both sides are smooth functions of the matrix.
        grads("svd", &[leaf(shape, -1.0, 1.0)], |x| {
            let (u, s, vt) = x[0].svd(false);
            (u.square() * s.exp().unsqueeze(-2)).matmul(&vt.square())
                + (&u * s.square().unsqueeze(-2)).matmul(&vt)
        });
    }
}

/// `expand` with a leading batch.
trait ExpandBatch {
    fn expand_to_batch(&self, count: usize) -> Tensor;
}
impl ExpandBatch for Tensor {
    fn expand_to_batch(&self, count: usize) -> Tensor {
        self.expand([count as isize, -1, -1])
    }
}

#[test]
fn qr_and_lu_with_gradients() {
    for shape in [[2, 4, 3], [2, 3, 4], [1, 3, 3]] {
        let a = spread(shape, -1.0, 1.0);
        let (q, r) = a.qr();
        close(&q.matmul(&r), &a);
        close(&r, &r.triu(0));
        grads("qr", &[leaf(shape, -1.0, 1.0)], |x| {
            let (q, r) = x[0].qr();
            autograd::cat(&[q.flatten(0, -1), r.flatten(0, -1)], 0)
        });
    }
    for shape in [[2, 3, 3], [2, 4, 3], [2, 3, 4]] {
        let a = sound(shape);
        for a in [a.detach(), a] {
            let (p, l, u) = a.lu();
            close(&p.matmul(&l).matmul(&u), &a);
            close(&l.diagonal(0, -2, -1), &l.diagonal(0, -2, -1).ones_like());
            close(&u, &u.triu(0));
            assert!(l.abs().le(1.0).all().item::<bool>(), "pivots are the largest of their columns");
        }
        grads("lu", &[sound(shape)], |x| {
            let (_, l, u) = x[0].lu();
            l.square().matmul(&u)
        });
    }
}

#[test]
fn solutions_and_inverses() {
    for (upper, left, unit) in
        [(true, true, false), (false, true, true), (true, false, false), (false, false, true)]
    {
        let b = || if left { leaf([2, 3, 2], -1.0, 1.0) } else { leaf([2, 2, 3], -1.0, 1.0) };
        let a = sound([2, 3, 3]);
        let x = a.solve_triangular(&b(), upper, left, unit);
        let eye = Tensor::eye(3, (DType::F64, &more_support::cpu()));
        let triangle = match (upper, unit) {
            (true, false) => a.triu(0),
            (true, true) => a.triu(1) + eye,
            (false, false) => a.tril(0),
            (false, true) => a.tril(-1) + eye,
        };
        close(&if left { triangle.matmul(&x) } else { x.matmul(&triangle) }, &b());
        grads("solve_triangular", &[sound([2, 3, 3]), b()], |x| {
            x[0].solve_triangular(&x[1], upper, left, unit)
        });
    }
    for shape in [[2, 4, 3], [2, 3, 4]] {
        let a = spread(shape, -1.0, 1.0);
        let p = a.pinv(None);
        close(&a.matmul(&p).matmul(&a), &a);
        close(&p.matmul(&a).matmul(&p), &p);
        grads("pinv", &[leaf(shape, -1.0, 1.0)], |x| x[0].pinv(None));
        let b = || leaf([2, shape[1], 2], -1.0, 1.0);
        close(&a.lstsq(&b()).unwrap(), &p.matmul(&b()));
        grads("lstsq", &[leaf(shape, -1.0, 1.0), b()], |x| x[0].lstsq(&x[1]).unwrap());
    }
    let rank_one = counted([2, 1]).matmul(&counted([1, 2]));
    close(&rank_one.matmul(&rank_one.pinv(None)).matmul(&rank_one), &rank_one);
    assert_eq!(rank_one.matrix_rank(None).item::<i32>(), 1);
    let a = sound([1, 3, 3]).select(0, 0);
    let spd = a.matmul(&a.t());
    let b = spread([3, 2], -1.0, 1.0);
    for upper in [false, true] {
        let l = spd.cholesky().unwrap();
        let factor = if upper { l.t() } else { l };
        close(&spd.matmul(&b.cholesky_solve(&factor, upper)), &b);
    }
}

#[test]
fn determinants_and_powers() {
    let a = sound([2, 3, 3]);
    let (sign, log) = a.slogdet();
    close(&(sign * log.exp()), &a.det());
    let (sign, log) = Tensor::zeros([2, 2], (DType::F64, &more_support::cpu())).slogdet();
    assert_eq!((sign.item::<f64>(), log.item::<f64>()), (0.0, f64::NEG_INFINITY));
    grads("slogdet", &[sound([2, 3, 3])], |x| x[0].slogdet().1);
    grads("det", &[sound([2, 3, 3])], |x| x[0].det());
    first("det of a singular matrix", &[counted([3, 3]).requires_grad_(true)], |x| x[0].det());
    let m = a.select(0, 0);
    close(&m.matrix_power(5).unwrap(), &m.matmul(&m).matmul(&m).matmul(&m).matmul(&m));
    close(
        &m.matrix_power(-2).unwrap().matmul(&m).matmul(&m),
        &Tensor::eye(3, (DType::F64, &more_support::cpu())),
    );
    close(&a.matrix_power(0).unwrap().select(0, 1), &Tensor::eye(3, (DType::F64, &more_support::cpu())));
    grads("matrix_power", &[sound([1, 3, 3])], |x| x[0].matrix_power(3).unwrap());
    assert!(counted([3, 3]).matrix_power(-1).is_err());
}

#[test]
fn norms_of_matrices() {
    let a = Tensor::from_vec(vec![3.0f64, 0.0, 4.0, 5.0], [2, 2], &more_support::cpu());
    let of = |norm| a.matrix_norm(norm, false).item::<f64>();
    let near = |got: f64, want: f64| assert!((got - want).abs() < 1e-12, "{got} {want}");
    near(of(MatrixNorm::Frobenius), 50f64.sqrt());
    near(of(MatrixNorm::Nuclear), 45f64.sqrt() + 5f64.sqrt());
    near(of(MatrixNorm::Order(2.0)), 45f64.sqrt());
    near(of(MatrixNorm::Order(-2.0)), 5f64.sqrt());
    near(of(MatrixNorm::Order(1.0)), 7.0);
    near(of(MatrixNorm::Order(f64::INFINITY)), 9.0);
    near(of(MatrixNorm::Order(f64::NEG_INFINITY)), 3.0);
    near(a.cond().item::<f64>(), 3.0);
    assert_eq!(a.matrix_norm(MatrixNorm::Nuclear, true).shape().dims(), [1, 1]);
    for norm in [MatrixNorm::Frobenius, MatrixNorm::Nuclear, MatrixNorm::Order(2.0), MatrixNorm::Order(1.0)] {
        grads("matrix_norm", &[leaf([2, 3, 4], -1.0, 1.0)], |x| x[0].matrix_norm(norm, false));
    }
}

#[test]
fn the_exponential_of_a_matrix() {
    let turn = Tensor::new(&[[0.0, -3.0], [3.0, 0.0]], &more_support::cpu());
    let (c, s) = (3f64.cos(), 3f64.sin());
    near(&turn.matrix_exp(), &[c, -s, s, c], 1e-12);
    let x = leaf([2, 3, 3], -1.5, 1.5);
    close(
        &x.matrix_exp().matmul(&(-&x).matrix_exp()),
        &Tensor::eye(3, x.device()).to_dtype(DType::F64).expand_as(&x),
    );
    grads("matrix_exp", &[x], |t| t[0].matrix_exp());
}

#[test]
fn what_has_no_inverse_is_told_beside_the_others() {
    let sound = sound([1, 2, 2]).detach();
    let flat = Tensor::new(&[[[1.0, 2.0], [2.0, 4.0]]], &more_support::cpu());
    let (inverse, info) = autograd::cat(&[&sound, &flat], 0).inverse_ex();
    assert_eq!(info.to_vec::<i32>(), [0, 2]);
    close(&inverse.narrow(0, 0, 1), &sound.inverse().unwrap());
    assert!(inverse.select(0, 1).isnan().all().item::<bool>());
    let (_, info) = Tensor::new(&[[-1.0, 0.0], [0.0, 1.0]], &more_support::cpu()).cholesky_ex();
    assert_eq!(info.item::<i32>(), 1);
    grads("cholesky_ex", &[leaf([2, 2], 0.1, 0.4)], |t| {
        let eye = Tensor::eye(2, t[0].device()).to_dtype(DType::F64);
        (&t[0] + t[0].mt() + eye * 2.0).cholesky_ex().0
    });
}

#[test]
fn histograms_by_edges_weights_and_density() {
    let x = floats(&[0.0, 0.5, 1.0, 2.0, 2.5, 4.0, 9.0]);
    let (counts, edges) = x.histogram(4, Some((0.0, 4.0)), None, false);
    assert_eq!(counts.to_vec::<f32>(), [2.0, 1.0, 2.0, 1.0]);
    assert_eq!(edges.to_vec::<f32>(), [0.0, 1.0, 2.0, 3.0, 4.0]);
    let edges = floats(&[0.0, 1.0, 4.0]);
    assert_eq!(x.histogram_of(&edges, Some(&(&x * 2.0)), false).to_vec::<f32>(), [1.0, 19.0]);
    near(&x.histogram_of(&edges, None, true).to_dtype(DType::F64), &[2.0 / 6.0, 4.0 / 18.0], 1e-6);
}
