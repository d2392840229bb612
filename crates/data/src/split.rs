//! Cutting a dataset into random parts, as `torch.utils.data.random_split`.

use crate::dataset::{Dataset, Subset};
use tensor_core::check;
use tensor_core::random::{Generator, default_generator};

/// Cuts a dataset into parts of given lengths, at random: one `randperm` of the generator.
///
/// # Panics
/// When the lengths do not add up to the dataset's.
#[track_caller]
pub fn random_split<D: Dataset + Clone>(
    dataset: &D,
    lengths: &[usize],
    generator: Option<&Generator>,
) -> Vec<Subset<D>> {
    if lengths.iter().sum::<usize>() != dataset.len() {
        check::fail(
            "random_split",
            format_args!("lengths {lengths:?} do not add up to the dataset's {}", dataset.len()),
            "use random_split_fractions for shares",
        );
    }
    let order = generator.cloned().unwrap_or_else(default_generator).randperm(dataset.len());
    let mut rest = order.as_slice();
    lengths
        .iter()
        .map(|&len| {
            let (now, later) = rest.split_at(len);
            rest = later;
            Subset { dataset: dataset.clone(), indices: now.to_vec() }
        })
        .collect()
}

/// As [`random_split`], by fractions that add up to 1: each is rounded down, and what is left is dealt
/// out one by one from the first.
///
/// # Panics
/// When a fraction is not one, or they do not add up to 1.
#[track_caller]
pub fn random_split_fractions<D: Dataset + Clone>(
    dataset: &D,
    fractions: &[f64],
    generator: Option<&Generator>,
) -> Vec<Subset<D>> {
    let total: f64 = fractions.iter().sum();
    if fractions.iter().any(|f| !(0.0..=1.0).contains(f)) || (total - 1.0).abs() > 1e-9 {
        check::fail(
            "random_split",
            format_args!("fractions {fractions:?} add up to {total}"),
            "give shares from 0 to 1 that add up to 1",
        );
    }
    let mut lengths: Vec<usize> =
        fractions.iter().map(|f| (dataset.len() as f64 * f).floor() as usize).collect();
    let left = dataset.len().saturating_sub(lengths.iter().sum());
    (0..left).for_each(|i| lengths[i % fractions.len()] += 1);
    random_split(dataset, &lengths, generator)
}
