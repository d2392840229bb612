//! Every reader over mutated real files: no panic, whatever the bytes.
//!
//! `FIREBRAND_MUTATIONS` sets how many mutations each format gets (2,000 by default); the outcome of a
//! run of 100,000 is in `docs/interop.md`. Archives are also mutated inside, behind their checksums.

mod common;
#[path = "../../../fuzz/targets.rs"]
mod targets;

use autograd::Tensor;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;

/// One change to a file; places are taken modulo its length.
#[derive(Clone, Debug)]
enum Mutation {
    FlipBit(usize, u8),
    Set(usize, u8),
    /// A number of 1, 2, 4 or 8 bytes that tends to break arithmetic.
    Number(usize, u8, u64),
    Cut(usize),
    Remove(usize, usize),
    Insert(usize, Vec<u8>),
    /// Copies a run of bytes over another place.
    Copy(usize, usize, usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let numbers =
        [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff, i64::MAX as u64, u64::MAX];
    prop_oneof![
        4 => (any::<usize>(), 0..8u8).prop_map(|(at, bit)| Mutation::FlipBit(at, bit)),
        4 => (any::<usize>(), any::<u8>()).prop_map(|(at, value)| Mutation::Set(at, value)),
        3 => (any::<usize>(), 0..4u8, prop::sample::select(numbers.to_vec()))
            .prop_map(|(at, size, value)| Mutation::Number(at, size, value)),
        1 => any::<usize>().prop_map(Mutation::Cut),
        1 => (any::<usize>(), 1..64usize).prop_map(|(at, len)| Mutation::Remove(at, len)),
        1 => (any::<usize>(), vec(any::<u8>(), 1..16)).prop_map(|(at, bytes)| Mutation::Insert(at, bytes)),
        2 => (any::<usize>(), any::<usize>(), 1..128usize).prop_map(|(from, to, len)| Mutation::Copy(from, to, len)),
    ]
}

fn mutate(bytes: &mut Vec<u8>, mutation: &Mutation) {
    let len = bytes.len();
    if len == 0 {
        return;
    }
    match mutation {
        Mutation::FlipBit(at, bit) => bytes[at % len] ^= 1 << bit,
        Mutation::Set(at, value) => bytes[at % len] = *value,
        Mutation::Number(at, size, value) => {
            let at = at % len;
            let end = len.min(at + (1 << size));
            bytes[at..end].copy_from_slice(&value.to_le_bytes()[..end - at]);
        }
        Mutation::Cut(at) => bytes.truncate(at % len),
        Mutation::Remove(at, count) => drop(bytes.drain(at % len..len.min(at % len + count))),
        Mutation::Insert(at, new) => drop(bytes.splice(at % len..at % len, new.iter().copied())),
        Mutation::Copy(from, to, count) => {
            let (from, to) = (from % len, to % len);
            bytes.copy_within(from..from + (*count).min(len - from.max(to)), to);
        }
    }
}

/// Runs `read` on mutations of each seed, until the number asked for is reached.
fn attack(name: &str, seeds: &[Vec<u8>], read: impl Fn(&[u8]) -> bool) {
    for seed in seeds {
        assert!(read(seed), "{name}: a seed of {} bytes is a good file", seed.len());
    }
    let cases = std::env::var("FIREBRAND_MUTATIONS").map_or(2000, |n| n.parse().expect("a number"));
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 2000, ..Config::default() };
    let good = Cell::new(0u32);
    let strategy = (0..seeds.len(), vec(mutation(), 1..6));
    TestRunner::new(config)
        .run(&strategy, |(seed, mutations)| {
            let mut bytes = seeds[seed].clone();
            mutations.iter().for_each(|mutation| mutate(&mut bytes, mutation));
            good.set(good.get() + u32::from(read(&bytes)));
            Ok(())
        })
        .unwrap_or_else(|error| panic!("{name}: {error}"));
    println!("{name}: {cases} mutations, {} still good files, the others typed errors", good.get());
    assert!(good.get() < cases, "no mutation was noticed");
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(parity::folder().join(name)).unwrap()
}

/// Small tensors of every type, through a writer and back as bytes.
fn written(write: impl Fn(&std::path::Path, &[(String, Tensor)]) -> formats::Result<()>) -> Vec<u8> {
    let cpu = backend_cpu::device();
    let tensors = [
        ("matrix".to_string(), Tensor::from_vec(vec![0.5f32; 6], [2, 3], &cpu)),
        ("count".to_string(), Tensor::from_vec(vec![7i64], (), &cpu)),
        ("flags".to_string(), Tensor::from_vec(vec![true, false], 2, &cpu)),
        ("pixels".to_string(), Tensor::from_vec(vec![9u8; 4], [2, 2], &cpu).t()),
    ];
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("seed");
    write(&path, &tensors).unwrap();
    std::fs::read(path).unwrap()
}

fn npy_seeds() -> Vec<Vec<u8>> {
    (0..4).map(|i| written(|path, t| formats::numpy::save(path, &t[i].1))).collect()
}

#[test]
fn idx() {
    let plain = [&[0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4][..], &[7; 24]].concat();
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    std::io::Write::write_all(&mut gz, &plain).unwrap();
    attack("idx", &[plain, gz.finish().unwrap()], targets::idx);
}

#[test]
fn safetensors() {
    let small = written(|path, t| formats::safetensors::save_file(t.iter().map(|(n, t)| (n, t)), path));
    attack("safetensors", &[small, fixture("cnn_state.safetensors")], targets::safetensors);
}

#[test]
fn npy() {
    attack("npy", &npy_seeds(), targets::npy);
}

#[test]
fn npz() {
    let plain = written(|path, t| formats::numpy::savez(path, t.iter().map(|(n, t)| (n, t))));
    let packed = written(|path, t| formats::numpy::savez_compressed(path, t.iter().map(|(n, t)| (n, t))));
    attack("npz", &[plain, packed], targets::npz);
    let inside = |bytes: &[u8]| targets::npz(&common::zip(&[("a.npy", bytes)]));
    attack("npz, inside", &npy_seeds(), inside);
}

#[test]
fn pt() {
    let small = written(|path, t| formats::pt::save(t.iter().cloned().collect::<formats::StateDict>(), path));
    attack("pt", &[small, fixture("misc_tensors.pt"), fixture("checkpoint.pt")], targets::pt);
    // The pickle itself: the first entry, and the storages that it needs.
    let pickle = |file: &str| {
        let bytes = fixture(file);
        let start = bytes.windows(2).position(|w| w == [0x80, 2]).expect("a pickle");
        let end = bytes.windows(4).position(|w| w == b"PK\x07\x08").expect("its end");
        bytes[start..end].to_vec()
    };
    let keys: Vec<String> = (0..14).map(|key| format!("m/data/{key}")).collect();
    let sizes = [8, 16, 4, 4, 16, 8, 4, 2, 2, 2, 4, 0, 48, 8];
    let storages: Vec<Vec<u8>> = sizes.iter().map(|&size| vec![1; size]).collect();
    let inside = |bytes: &[u8]| {
        let mut entries = vec![("m/data.pkl", bytes)];
        entries.extend(keys.iter().map(String::as_str).zip(storages.iter().map(Vec::as_slice)));
        targets::pt(&common::zip(&entries))
    };
    attack("pt, inside", &[pickle("misc_tensors.pt")], inside);
}
