//! Products of matrices and the affine layer, forward and back.
//!
//! Two kernels: `matmul.wgsl` tiles through workgroup memory; `direct.wgsl` keeps to registers, for software
//! adapters and for products with few rows. A tall K with few tiles is cut into pieces.

use super::{fresh, hold, over};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::Block;
use crate::recorder::Launch;
use crate::strided::{MOST_GROUPS, MOST_TURNS};
use std::fmt;
use std::sync::Arc;
use tensor_core::{Activation, DType, Layout, Result, Shape, View};

const TILED: Kernel = Kernel { text: firebrand_shaders::MATMUL, entry: "product" };
const JOIN: Kernel = Kernel { text: firebrand_shaders::MATMUL, entry: "join" };
const DIRECT: Kernel = Kernel { text: firebrand_shaders::DIRECT, entry: "product" };
const LANES: Kernel = Kernel { text: firebrand_shaders::LANES, entry: "product" };
const INTEGERS: Kernel = Kernel { text: firebrand_shaders::INTEGERS, entry: "product" };

/// Rows of a workgroup of `direct.wgsl`, and its columns.
const DIRECT_TILE: (usize, usize) = (16, 32);
/// The same of `lanes.wgsl`.
const LANES_TILE: (usize, usize) = (32, 32);
/// Tiles that keep a GPU busy; fewer are cut along K.
const ENOUGH_TILES: usize = 256;
/// The least length of K that is worth a piece.
const LEAST_PIECE: usize = 128;

/// A matrix, or a batch of them, as a kernel reads it.
struct Matrix<'a> {
    block: &'a Arc<Block>,
    layout: Layout,
}

impl Matrix<'_> {
    /// Offset, and strides of batch, row and column.
    fn words(&self) -> [u32; 4] {
        let s = self.layout.strides();
        [self.layout.offset() as u32, s[0] as u32, s[1] as u32, s[2] as u32]
    }
}

/// A product and what is fused with it.
struct Product<'a> {
    a: Matrix<'a>,
    b: Matrix<'a>,
    /// The result whose activation's derivative multiplies `a`, shaped as `a`.
    mask: Option<(Matrix<'a>, Activation)>,
    /// What is added, shaped as the product.
    bias: Option<Matrix<'a>>,
    act: Option<Activation>,
    /// Whether the sums of the rows of `a` are wanted as well.
    sums: bool,
}

fn act_code(act: Option<Activation>) -> Option<f64> {
    match act {
        None => Some(0.0),
        Some(Activation::Relu) => Some(1.0),
        Some(Activation::Sigmoid) => Some(2.0),
        Some(Activation::Tanh) => Some(3.0),
        Some(_) => None,
    }
}

/// Whether products apply this activation, and its derivative, on their way.
pub fn fuses(act: Option<Activation>) -> bool {
    act_code(act).is_some()
}

/// Which kernel makes a product, in what tiles, and in how many pieces along K.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plan {
    /// In registers alone: `direct.wgsl` or `lanes.wgsl`.
    Direct,
    /// Through workgroup memory: `matmul.wgsl` in workgroups of `side` × `side`, `pieces` along K.
    Tiled {
        /// Invocations along one side; a tile is four times that.
        side: usize,
        /// Pieces of K.
        pieces: usize,
    },
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Plan::Direct => f.write_str("direct"),
            Plan::Tiled { side, pieces: 1 } => write!(f, "tiles of {0}×{0}", 4 * side),
            Plan::Tiled { side, pieces } => write!(f, "tiles of {0}×{0}, K in {pieces}", 4 * side),
        }
    }
}

/// The choice: by the adapter and the sizes alone, so that the same program sums in the same order.
pub fn plan(software: bool, batch: usize, m: usize, n: usize, k: usize, sums: bool) -> Plan {
    let least = k.div_ceil(MOST_TURNS);
    if least <= 1 && (software || m.min(n) <= 4) {
        return Plan::Direct;
    }
    let tiles = |side: usize| batch * m.div_ceil(4 * side) * n.div_ceil(4 * side);
    let side = if tiles(16) >= ENOUGH_TILES / 4 { 16 } else { 8 };
    let wanted = ENOUGH_TILES / tiles(side).max(1);
    let pieces = if sums { 1 } else { wanted.min(k / LEAST_PIECE).clamp(1, 64).max(least) };
    Plan::Tiled { side, pieces }
}

fn product(shared: &Arc<Shared>, x: &Product) -> Result<(Arc<Block>, Option<Arc<Block>>)> {
    let [batch, m, k] = [0, 1, 2].map(|axis| x.a.layout.shape()[axis]);
    let n = x.b.layout.shape()[2];
    let out = fresh(shared, batch * m * n)?;
    let sums = if x.sums { Some(fresh(shared, m)?) } else { None };
    let nothing = shared.unused(0)?;
    let scratch = shared.unused(1)?;
    let plan = plan(shared.software, batch, m, n, k, x.sums);
    let pieces = if let Plan::Tiled { pieces, .. } = plan { pieces } else { 1 };
    let chunk = k.div_ceil(pieces);
    let finish =
        [("ACT", act_code(x.act).expect("the caller asked")), ("BIAS", super::flag(x.bias.is_some()))];
    let plain = [("ACT", 0.0), ("BIAS", 0.0)];
    let mut constants = Vec::from(if pieces > 1 { plain } else { finish });
    let mask = x.mask.as_ref().map(|(_, act)| act_code(Some(*act)).expect("the caller asked"));
    constants.extend([("MASK", mask.unwrap_or(0.0)), ("SUMS", super::flag(x.sums))]);
    let (kernel, tile) = match plan {
        Plan::Direct if shared.software && shared.lanes_of_8 => (LANES, LANES_TILE),
        Plan::Direct => (DIRECT, DIRECT_TILE),
        Plan::Tiled { side, .. } => {
            let along = |stride: isize| super::flag(stride == 1);
            constants.push(("SIDE", side as f64));
            constants.push(("A_ALONG_K", along(x.a.layout.strides()[2])));
            constants.push(("B_ALONG_K", along(x.b.layout.strides()[1])));
            (TILED, (4 * side, 4 * side))
        }
    };
    let target = if pieces > 1 { fresh(shared, pieces * batch * m * n)? } else { out.clone() };
    let bias = x.bias.as_ref();
    let params = |base: [usize; 3]| {
        let mut words = vec![m as u32, n as u32, k as u32, pieces as u32];
        words.extend(x.a.words());
        words.extend(x.b.words());
        words.extend(x.mask.as_ref().map_or([0; 4], |(y, _)| y.words()));
        words.extend(bias.map_or([0; 4], Matrix::words));
        words.extend(base.map(|v| v as u32));
        words.extend([chunk as u32, batch as u32]);
        words
    };
    let binds = [
        Bind::Read(1, x.a.block),
        Bind::Read(2, x.b.block),
        Bind::Read(3, x.mask.as_ref().map_or(&nothing, |(y, _)| y.block)),
        Bind::Read(4, bias.map_or(&nothing, |b| b.block)),
        Bind::Write(5, &target),
        Bind::Write(6, sums.as_ref().unwrap_or(&scratch)),
    ];
    // One dispatch, but for shapes beyond the most workgroups along a dimension.
    let most = MOST_GROUPS as usize;
    for b0 in (0..batch).step_by(most / pieces) {
        for r0 in (0..m).step_by(most * tile.0) {
            for c0 in (0..n).step_by(most * tile.1) {
                let groups = [
                    (n - c0).div_ceil(tile.1).min(most),
                    (m - r0).div_ceil(tile.0).min(most),
                    (batch - b0).min(most / pieces) * pieces,
                ];
                shared.launch(&Launch {
                    kernel,
                    constants: &constants,
                    binds: &binds,
                    params: &params([c0, r0, b0]),
                    groups: groups.map(|v| v as u32),
                })?;
            }
        }
    }
    if pieces > 1 {
        let binds =
            [Bind::Read(1, &target), Bind::Read(4, bias.map_or(&nothing, |b| b.block)), Bind::Write(5, &out)];
        over(shared, JOIN, &finish, &binds, &params([0; 3]), (batch * m * n, 256))?;
    }
    Ok((out, sums))
}

/// `[B, M, K] · [B, K, N]` of floats or integers.
pub fn matmul(shared: &Arc<Shared>, a: View, b: View) -> Result<Arc<Block>> {
    let (x, y) = (hold(a), hold(b));
    let dtype = a.dtype();
    let (a, b) = (Matrix { block: &x.block, layout: x.layout }, Matrix { block: &y.block, layout: y.layout });
    if dtype == DType::F32 {
        return Ok(product(shared, &Product { a, b, mask: None, bias: None, act: None, sums: false })?.0);
    }
    let [batch, m, k] = [0, 1, 2].map(|axis| x.layout.shape()[axis]);
    let n = y.layout.shape()[2];
    let out = fresh(shared, batch * m * n)?;
    let binds = [Bind::Read(1, a.block), Bind::Read(2, b.block), Bind::Write(3, &out)];
    for first in (0..k.max(1)).step_by(MOST_TURNS) {
        let mut params = vec![m as u32, n as u32, k as u32, batch as u32];
        params.extend(a.words());
        params.extend(b.words());
        params.extend([first as u32, (first + MOST_TURNS).min(k) as u32]);
        over(shared, INTEGERS, &[], &binds, &params, (batch * m * n, 64))?;
    }
    Ok(out)
}

/// `[B, M, K] · [B, K, N] + [B, M, N]` of floats.
pub fn matmul_add(shared: &Arc<Shared>, a: View, b: View, c: View) -> Result<Arc<Block>> {
    let (a, b, c) = (hold(a), hold(b), hold(c));
    let [a, b, c] = [&a, &b, &c].map(|held| Matrix { block: &held.block, layout: held.layout });
    Ok(product(shared, &Product { a, b, mask: None, bias: Some(c), act: None, sums: false })?.0)
}

/// `act(x·wᵀ + b)`, the activation one that [`fuses`].
pub fn linear(
    shared: &Arc<Shared>,
    x: View,
    w: View,
    b: Option<View>,
    act: Option<Activation>,
) -> Result<Arc<Block>> {
    let (x, w, bias) = (hold(x), hold(w), b.map(hold));
    let shape = Shape::new(&[1, x.layout.shape()[0], w.layout.shape()[0]]);
    let each_row = |bias: &Layout| bias.expand(&shape).expect("a number for each output");
    let layer = Product {
        a: Matrix { block: &x.block, layout: x.layout.unsqueeze(0) },
        b: Matrix { block: &w.block, layout: w.layout.transpose(0, 1).unsqueeze(0) },
        mask: None,
        bias: bias.as_ref().map(|b| Matrix { block: &b.block, layout: each_row(&b.layout) }),
        act,
        sums: false,
    };
    Ok(product(shared, &layer)?.0)
}

/// Whether [`linear_backward`] does this batch: the sums of rows are not cut into pieces, and without inputs
/// there is no tile to make them in.
pub fn sums_on_the_way(rows: usize, inputs: usize) -> bool {
    inputs > 0 && rows <= MOST_TURNS
}

/// The wanted gradients of [`linear`], `g = act′(y)·grad` being formed as it is read: `g·w`, then `gᵀ·x` with
/// the sums of the rows of `gᵀ` in one.
pub fn linear_backward(
    shared: &Arc<Shared>,
    x: View,
    w: View,
    y: Option<(View, Activation)>,
    grad: View,
    wants: [bool; 3],
) -> Result<[Option<Arc<Block>>; 3]> {
    let (x, w, g) = (hold(x), hold(w), hold(grad));
    let y = y.map(|(view, act)| (hold(view), act));
    let side = |transposed: bool| {
        let turn = |layout: &Layout| if transposed { layout.transpose(0, 1) } else { *layout }.unsqueeze(0);
        let a = Matrix { block: &g.block, layout: turn(&g.layout) };
        let mask = y.as_ref().map(|(y, act)| (Matrix { block: &y.block, layout: turn(&y.layout) }, *act));
        (a, mask)
    };
    let back = |transposed: bool, with: &super::Held, sums: bool| {
        let (a, mask) = side(transposed);
        let b = Matrix { block: &with.block, layout: with.layout.unsqueeze(0) };
        product(shared, &Product { a, b, mask, bias: None, act: None, sums })
    };
    let dx = if wants[0] { Some(back(false, &w, false)?.0) } else { None };
    let (dw, db) = if wants[1] || wants[2] {
        let (dw, db) = back(true, &x, wants[2])?;
        (wants[1].then_some(dw), db)
    } else {
        (None, None)
    };
    Ok([dx, dw, db])
}

#[cfg(test)]
mod tests {
    use super::{Plan, plan};

    #[test]
    fn plans_by_size() {
        assert_eq!(plan(false, 1, 4096, 4096, 4096, false), Plan::Tiled { side: 16, pieces: 1 });
        assert_eq!(plan(true, 1, 4096, 4096, 4096, false), Plan::Direct);
        assert_eq!(plan(false, 1, 1, 4096, 4096, false), Plan::Direct);
        // Beyond the longest loop every product is cut.
        assert_eq!(plan(true, 1, 33, 17, 100_003, false), Plan::Tiled { side: 8, pieces: 64 });
        assert_eq!(plan(true, 1, 4096, 4096, 40_000, false), Plan::Tiled { side: 16, pieces: 3 });
        // The first layer of the notebook's network has 8 small tiles, and K for 6 pieces.
        assert_eq!(plan(false, 1, 64, 128, 784, false), Plan::Tiled { side: 8, pieces: 6 });
        assert_eq!(plan(false, 1, 64, 128, 784, true), Plan::Tiled { side: 8, pieces: 1 });
    }
}
