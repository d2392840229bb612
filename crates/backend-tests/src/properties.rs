//! Random chains of views and random sizes of products.

use crate::Tolerance;
use crate::products::matmul_once;
use crate::samples::doubles;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tensor_core::{DType, Device, HostData, RawTensor, ReduceOp, Shape, UnaryOp};

/// One step of a chain; numbers are taken modulo what is possible.
#[derive(Clone, Debug)]
enum Step {
    Transpose(usize, usize),
    Slice(usize, usize, usize, usize),
    Flip(usize),
    Select(usize, usize),
    Unsqueeze(usize),
    Expand(usize, usize),
    Reshape(usize),
    Diagonal(isize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let n = 0usize..64;
    prop::collection::vec(
        prop_oneof![
            (n.clone(), n.clone()).prop_map(|(a, b)| Step::Transpose(a, b)),
            (n.clone(), n.clone(), n.clone(), 1usize..4).prop_map(|(a, s, l, by)| Step::Slice(a, s, l, by)),
            n.clone().prop_map(Step::Flip),
            (n.clone(), n.clone()).prop_map(|(a, i)| Step::Select(a, i)),
            n.clone().prop_map(Step::Unsqueeze),
            (n.clone(), 0usize..4).prop_map(|(a, times)| Step::Expand(a, times)),
            n.prop_map(Step::Reshape),
            (-2isize..3).prop_map(Step::Diagonal),
        ],
        0..8,
    )
}

/// A tensor as this test sees it: sizes and elements, nothing else.
#[derive(Clone, Debug)]
struct Plain {
    shape: Vec<usize>,
    values: Vec<f64>,
}

impl Plain {
    /// The tensor of `shape` whose element at `at` is this one's at `from(at)`.
    fn pick(&self, shape: Vec<usize>, from: impl Fn(&[usize]) -> Vec<usize>) -> Plain {
        let mut values = Vec::new();
        let mut at = vec![0; shape.len()];
        for _ in 0..shape.iter().product::<usize>() {
            let place = from(&at).iter().zip(&self.shape).fold(0, |place, (&i, &size)| place * size + i);
            values.push(self.values[place]);
            for axis in (0..at.len()).rev() {
                at[axis] += 1;
                if at[axis] < shape[axis] {
                    break;
                }
                at[axis] = 0;
            }
        }
        Plain { shape, values }
    }
}

/// One step taken by both.
fn follow(x: RawTensor, p: Plain, step: &Step) -> (RawTensor, Plain) {
    let rank = p.shape.len();
    let with = |axis: usize, i: usize| {
        move |at: &[usize]| {
            let mut at = at.to_vec();
            at[axis] = i;
            at
        }
    };
    match *step {
        Step::Transpose(a, b) if rank > 0 => {
            let (a, b) = (a % rank, b % rank);
            let mut shape = p.shape.clone();
            shape.swap(a, b);
            let swapped = |at: &[usize]| {
                let mut at = at.to_vec();
                at.swap(a, b);
                at
            };
            (x.transpose(a, b), p.pick(shape, swapped))
        }
        Step::Slice(axis, start, len, by) if rank > 0 => {
            let axis = axis % rank;
            let size = p.shape[axis];
            let start = if size == 0 { 0 } else { start % size };
            let most = (size - start).div_ceil(by);
            let len = if most == 0 { 0 } else { len % (most + 1) };
            let mut shape = p.shape.clone();
            shape[axis] = len;
            (
                x.slice(axis, start, len, by as isize),
                p.pick(shape, |at| with(axis, start + at[axis] * by)(at)),
            )
        }
        Step::Flip(axis) if rank > 0 => {
            let axis = axis % rank;
            let size = p.shape[axis];
            (x.flip(axis), p.pick(p.shape.clone(), |at| with(axis, size - 1 - at[axis])(at)))
        }
        Step::Select(axis, index) if rank > 0 && p.shape[axis % rank] > 0 => {
            let axis = axis % rank;
            let index = index % p.shape[axis];
            let mut shape = p.shape.clone();
            shape.remove(axis);
            let inserted = |at: &[usize]| {
                let mut at = at.to_vec();
                at.insert(axis, index);
                at
            };
            (x.select(axis, index), p.pick(shape, inserted))
        }
        Step::Unsqueeze(axis) if rank < 6 => {
            let axis = axis % (rank + 1);
            let mut shape = p.shape.clone();
            shape.insert(axis, 1);
            (x.unsqueeze(axis), Plain { shape, values: p.values })
        }
        Step::Expand(axis, times) if rank > 0 && p.shape[axis % rank] == 1 && p.values.len() < 2000 => {
            let axis = axis % rank;
            let mut shape = p.shape.clone();
            shape[axis] = times;
            (x.expand(&Shape::new(&shape)), p.pick(shape, with(axis, 0)))
        }
        Step::Reshape(how) => {
            // Merge two neighbours, or split a size; the elements stay in order.
            let mut shape = p.shape.clone();
            if rank >= 2 && how.is_multiple_of(2) {
                let axis = how / 2 % (rank - 1);
                let next = shape.remove(axis + 1);
                shape[axis] *= next;
            } else if let Some(axis) = (0..rank).find(|&a| shape[a] > 2 && shape[a].is_multiple_of(2))
                && rank < 6
            {
                shape[axis] /= 2;
                shape.insert(axis + 1, 2);
            }
            (x.reshape(&Shape::new(&shape)), Plain { shape, values: p.values })
        }
        Step::Diagonal(offset) if rank >= 2 => {
            let (rows, cols) = (p.shape[0] as isize, p.shape[1] as isize);
            let len = (rows + offset.min(0)).min(cols - offset.max(0)).max(0) as usize;
            let mut shape = p.shape[2..].to_vec();
            shape.push(len);
            let from = |at: &[usize]| {
                let i = at[at.len() - 1];
                let (row, col) =
                    if offset >= 0 { (i, i + offset as usize) } else { (i + offset.unsigned_abs(), i) };
                [&[row, col], &at[..at.len() - 1]].concat()
            };
            (x.diagonal(offset, 0, 1), p.pick(shape, from))
        }
        _ => (x, p),
    }
}

/// Cases tried; a device that takes long for each is asked fewer.
fn runner(cases: u32) -> TestRunner {
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
}

/// Any chain of views shows the elements that it should, to downloads and to kernels.
pub fn view_chains(device: &Device, _: &Tolerance) {
    let start = prop::collection::vec(1usize..6, 0..4);
    runner(400)
        .run(&(start, steps()), |(shape, steps)| {
            let count: usize = shape.iter().product();
            let values: Vec<f64> = (0..count).map(|i| i as f64 + 1.0).collect();
            let data = HostData::F64(values.clone()).cast(DType::F32);
            let mut x = RawTensor::from_host(&data, &shape[..], device).expect("an upload");
            let mut p = Plain { shape, values };
            for step in &steps {
                (x, p) = follow(x, p, step);
                prop_assert_eq!(x.shape().dims(), &p.shape[..]);
            }
            prop_assert_eq!(doubles(x.to_host().expect("a download")), p.values.clone());
            let negated: Vec<f64> = p.values.iter().map(|v| -v).collect();
            prop_assert_eq!(doubles(x.unary(UnaryOp::Neg).to_host().expect("a download")), negated);
            let sum = x.reduce(ReduceOp::Sum, tensor_core::Axes::all(x.rank()), false).item().to_f64();
            prop_assert_eq!(sum, p.values.iter().sum::<f64>());
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}

/// Products of any sizes and layouts.
pub fn matmul_shapes(device: &Device, tolerance: &Tolerance) {
    runner(100)
        .run(&(0usize..4, 0usize..40, 0usize..70, 0usize..70, 0u64..1000), |(batch, m, k, n, seed)| {
            matmul_once(device, tolerance, [batch, m, k, n], seed);
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{error}"));
}
