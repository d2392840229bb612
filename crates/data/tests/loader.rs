//! The loader's batches, orders and draws, held to PyTorch's.

use autograd::Tensor;
use data::{
    Compose, DataLoader, Dataset, Mnist, Normalize, RandomSampler, Sampler, SequentialSampler, Subset,
    SubsetRandomSampler, TensorDataset, ToTensor, Transform, WeightedRandomSampler, random_split,
    random_split_fractions,
};
use std::sync::{Mutex, MutexGuard, PoisonError};
use tensor_core::random::{Generator, default_generator, manual_seed};
use tensor_core::{DType, Device};

/// Tests that draw from the default generator take turns.
fn seeded(seed: i64) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    manual_seed(seed);
    turn
}

fn cpu() -> Device {
    backend_cpu::device()
}

fn numbers(n: i64) -> TensorDataset<Tensor> {
    TensorDataset::new(Tensor::arange(0, n, 1, &cpu()))
}

fn pass<D: Dataset<Batch = Tensor> + 'static>(loader: &DataLoader<D>) -> Vec<Vec<i64>> {
    loader.iter().map(|batch| batch.to_vec::<i64>()).collect()
}

#[test]
fn shuffled_order_is_torchs_and_the_pass_takes_four_words() {
    let _turn = seeded(0);
    let loader = DataLoader::new(numbers(10), 4).shuffle(true);
    assert_eq!(pass(&loader), [vec![6, 7, 1, 4], vec![2, 0, 9, 8], vec![3, 5]]);
    let after = default_generator().words(1);
    let fresh = Generator::seeded(0);
    fresh.words(4);
    assert_eq!(after, fresh.words(1));
}

#[test]
fn a_pass_in_order_takes_two_words() {
    let _turn = seeded(0);
    let loader = DataLoader::new(numbers(5), 2).drop_last(true);
    assert_eq!(pass(&loader), [[0, 1], [2, 3]]);
    let fresh = Generator::seeded(0);
    fresh.words(2);
    assert_eq!(default_generator().words(1), fresh.words(1));
}

#[test]
fn prefetching_keeps_order_and_draws() {
    let _turn = seeded(7);
    let here = DataLoader::new(numbers(103), 8).shuffle(true);
    let (first, second) = (pass(&here), pass(&here));
    let word = default_generator().words(1);
    manual_seed(7);
    let ahead = DataLoader::new(numbers(103), 8).shuffle(true).prefetch(3);
    assert_eq!(pass(&ahead), first);
    assert_eq!(pass(&ahead), second);
    assert_eq!(default_generator().words(1), word);
    // A pass that is left early neither hangs nor disturbs the next one.
    assert_eq!(ahead.iter().take(1).count(), 1);
    assert_eq!(pass(&ahead).len(), 13);
}

#[test]
fn an_own_generator_gives_the_base_seed_the_order_and_one_order_more() {
    let generator = Generator::seeded(99);
    let loader = DataLoader::new(numbers(10), 4).shuffle(true).generator(&generator);
    assert_eq!(pass(&loader).concat(), [1, 9, 3, 7, 6, 8, 2, 4, 0, 5]);
    let replay = Generator::seeded(99);
    assert_eq!(replay.random_i64(), 3_177_978_388_542_938_147);
    replay.randperm(10);
    replay.randperm(10);
    assert_eq!(generator.words(1), replay.words(1));
}

#[test]
fn passes_know_their_length() {
    let _turn = seeded(0);
    let loader = DataLoader::new(numbers(10), 4);
    let mut batches = loader.iter();
    assert_eq!(batches.len(), 3);
    batches.next();
    assert_eq!(batches.len(), 2);
    assert_eq!(loader.iter().count(), 3);
    let ahead = DataLoader::new(numbers(10), 4).drop_last(true).prefetch(1);
    assert_eq!(ahead.iter().len(), 2);
    assert_eq!(DataLoader::new(numbers(0), 4).shuffle(true).iter().count(), 0);
}

#[test]
fn sampling_with_replacement_draws_blocks() {
    let _turn = seeded(0);
    let sampler = RandomSampler::new(10).replacement(true).num_samples(50);
    let loader = DataLoader::new(numbers(10), 8).sampler(sampler);
    assert_eq!(loader.len(), 7);
    let order = pass(&loader).concat();
    assert_eq!(order[..20], [6, 3, 7, 0, 7, 1, 7, 9, 0, 6, 1, 8, 4, 1, 9, 3, 5, 2, 9, 2]);
    assert_eq!(order.len(), 50);
}

#[test]
fn more_samples_than_items_begin_a_new_order() {
    let generator = Generator::seeded(3);
    let sampler = RandomSampler::new(4).num_samples(10).generator(&generator);
    let replay = Generator::seeded(3);
    let want: Vec<i64> = (0..3).flat_map(|_| replay.randperm(4)).take(10).collect();
    assert_eq!(sampler.order().collect::<Vec<_>>(), want);
    assert_eq!(generator.words(1), replay.words(1));
}

#[test]
fn subset_sampler_is_one_randperm_of_the_default_generator() {
    let _turn = seeded(0);
    let sampler = SubsetRandomSampler::new((0..10).map(|i| 100 + i));
    let order: Vec<i64> = sampler.order().collect();
    assert_eq!(order, [4, 1, 7, 5, 3, 9, 0, 8, 6, 2].map(|i| 100 + i));
}

#[test]
fn weighted_sampler_follows_its_weights() {
    let generator = Generator::seeded(1);
    let sampler = WeightedRandomSampler::new([1.0, 0.0, 3.0], 40_000).generator(&generator);
    let mut counts = [0f64; 3];
    sampler.order().for_each(|i| counts[i as usize] += 1.0);
    assert_eq!(counts[1], 0.0);
    // Four standard deviations of a binomial with p = ¼ are 346.
    assert!((counts[0] - 10_000.0).abs() < 346.0, "{counts:?}");
    let replay = Generator::seeded(1);
    replay.words(2 * 40_000); // one double each
    assert_eq!(generator.words(1), replay.words(1));
    let mut all: Vec<i64> = WeightedRandomSampler::new([1.0; 5], 5).replacement(false).order().collect();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4]);
}

#[test]
fn splits_are_cut_from_one_permutation() {
    let _turn = seeded(0);
    let order = Generator::seeded(0).randperm(10);
    let parts = random_split(&numbers(10), &[7, 3], None);
    assert_eq!([&parts[0].indices[..], &parts[1].indices[..]].concat(), order);
    let generator = Generator::seeded(5);
    let lengths: Vec<usize> = random_split_fractions(&numbers(11), &[0.5, 0.25, 0.25], Some(&generator))
        .iter()
        .map(Dataset::len)
        .collect();
    assert_eq!(lengths, [6, 3, 2]); // 5 + 2 + 2, two left over dealt from the first
}

#[test]
fn columns_come_in_the_form_they_were_given() {
    let _turn = seeded(0);
    let x = Tensor::arange(0, 6, 1, &cpu());
    let y = &x * 10;
    let (a, b) = TensorDataset::new((x.clone(), y.clone())).batch(&[5, 0]);
    assert_eq!((a.to_vec::<i32>(), b.to_vec::<i32>()), (vec![5, 0], vec![50, 0]));
    let list = TensorDataset::new(vec![x.clone(), y.clone()]).batch(&[2]);
    assert_eq!(list[1].to_vec::<i32>(), [20]);
    let [_, b] = TensorDataset::new([x.clone(), y.clone()]).batch(&[3]);
    assert_eq!(b.to_vec::<i32>(), [30]);
    let even = Subset::new(TensorDataset::new((x, y)), [0, 2, 4]);
    assert_eq!(even.batch(&[2]).1.to_vec::<i32>(), [40]);
}

#[test]
#[should_panic(expected = "columns of lengths [6, 5]")]
fn columns_of_unequal_length_are_refused() {
    TensorDataset::new((Tensor::zeros(6, &cpu()), Tensor::zeros(5, &cpu())));
}

#[test]
#[should_panic(expected = "a sampler and shuffle(true) both give an order")]
fn two_orders_are_refused() {
    let _ = DataLoader::new(numbers(3), 1).sampler(SequentialSampler::new(3)).shuffle(true);
}

struct Broken;

impl Dataset for Broken {
    type Batch = i64;
    fn len(&self) -> usize {
        10
    }
    fn batch(&self, indices: &[i64]) -> i64 {
        assert!(indices[0] < 4, "item {} cannot be read", indices[0]);
        indices[0]
    }
}

#[test]
fn a_panic_in_the_thread_reaches_the_loop() {
    let _turn = seeded(0);
    let loader = DataLoader::new(Broken, 2).prefetch(2);
    let mut batches = loader.iter();
    assert_eq!((batches.next(), batches.next()), (Some(0), Some(2)));
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| batches.next())).unwrap_err();
    assert_eq!(panic.downcast_ref::<String>().unwrap(), "item 4 cannot be read");
    assert_eq!(batches.next(), None);
}

#[test]
fn transforms_are_the_fused_normalisation_bit_for_bit() {
    let _turn = seeded(0);
    let pixels: Vec<u8> = (0..=255).collect();
    let images = Tensor::from_vec(pixels, [4, 8, 8], &cpu());
    let labels = Tensor::arange(0, 4, 1, &cpu());
    let (mean, std) = (0.1307f32, 0.3081f32);
    let transform = Compose::new(vec![Box::new(ToTensor), Box::new(Normalize::new([mean], [std]))]);
    let dataset = TensorDataset::new((images.clone(), labels)).transform(transform);
    let (x, y) = dataset.batch(&[2, 0]);
    assert_eq!(x.shape().dims(), [2, 1, 8, 8]);
    assert_eq!(y.to_vec::<i32>(), [2, 0]);
    let want: Vec<f32> = (128..192).chain(0..64).map(|v| (v as f32 / 255.0 - mean) / std).collect();
    assert_eq!(x.to_vec::<f32>(), want);
    let fused = images.normalize_pixels(mean, std).to_vec::<f32>();
    assert_eq!(fused[128..192], want[..64]);
}

#[test]
fn channels_come_first_and_have_their_own_mean() {
    let _turn = seeded(0);
    let image = Tensor::from_vec(vec![0u8, 51, 102, 153, 204, 255], [1, 1, 2, 3], &cpu());
    let x = ToTensor.apply(&image);
    assert_eq!(x.shape().dims(), [1, 3, 1, 2]);
    assert_eq!(x.to_vec::<f32>(), [0.0, 0.6, 0.2, 0.8, 0.4, 1.0]);
    let x = Normalize::new([0.0, 0.2, 0.4], [1.0, 2.0, 0.5]).apply(&x);
    let want = [0.0, 0.6, 0.0, (0.8f32 - 0.2) / 2.0, 0.0, (1.0f32 - 0.4) / 0.5];
    assert_eq!(x.to_vec::<f32>(), want);
}

#[test]
fn pixels_stay_bytes_until_they_are_fetched() {
    let _turn = seeded(0);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");
    let train = Mnist::open(folder).normalize(0.5, 0.5).load(&cpu()).unwrap();
    let test = Mnist::open(folder).train(false).load(&cpu()).unwrap();
    assert_eq!((train.len(), test.len()), (60_000, 10_000));
    assert_eq!(train.pixels().dtype(), DType::U8);
    assert_eq!(train.labels().i(&[(..10).into()]).to_vec::<i32>(), [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
    assert_eq!(train.class_counts(), [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]);
    let (images, labels) = test.batch(&[0, 1]);
    assert_eq!((images.shape().dims(), labels.to_vec::<i32>()), (&[2usize, 784][..], vec![7, 2]));
    let images = test.clone().images().batch(&[0]).0;
    assert_eq!(images.shape().dims(), [1, 1, 28, 28]);
    let bytes = test.pixels().select(0, 0).to_vec::<u8>();
    let want: Vec<f32> = bytes.iter().map(|&v| f32::from(v) / 255.0).collect();
    assert_eq!(images.to_vec::<f32>(), want);
}

#[test]
fn fetching_ahead_and_training_share_the_threads() {
    let _turn = seeded(0);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../data/mnist");
    let test = std::sync::Arc::new(Mnist::open(folder).train(false).load(&cpu()).unwrap());
    let run = |prefetch: usize| {
        let loader = DataLoader::new(test.clone(), 500).prefetch(prefetch);
        let weight = Tensor::ones([784, 64], &cpu());
        let pass = loader
            .iter()
            .map(|(images, labels)| (images.matmul(&weight).sum().item::<f32>(), labels.to_vec::<i32>()));
        pass.collect::<Vec<_>>()
    };
    assert_eq!(run(3), run(0), "the same batches, the same bits");
}
