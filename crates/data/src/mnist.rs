//! MNIST and Fashion-MNIST: 28 × 28 pixels and ten classes, kept as bytes.
//!
//! Pixels stay bytes in memory and are cast and normalised a batch at a time: as floats the training
//! set alone would be 188 MB.

use crate::dataset::{Dataset, index};
use crate::error::DataError;
use crate::idx::Idx;
use autograd::Tensor;
use std::path::{Path, PathBuf};
use tensor_core::{DType, Device};

/// Rows and columns of an image.
pub const SIDE: usize = 28;

/// The four files, parsed and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MnistFiles {
    /// `[N, 28, 28]`
    pub train_images: Idx,
    /// `[N]`
    pub train_labels: Idx,
    /// `[N, 28, 28]`
    pub test_images: Idx,
    /// `[N]`
    pub test_labels: Idx,
}

/// The files' names, as they are published.
pub(crate) const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
];

/// The file of a name in a folder, plain or gzipped, or with a dot in its name as some archives unpack it.
pub(crate) fn find(folder: &Path, name: &str) -> Option<PathBuf> {
    let candidates = [name.to_string(), format!("{name}.gz"), name.replacen("-idx", ".idx", 1)];
    candidates.iter().map(|c| folder.join(c)).find(|p| p.is_file())
}

impl MnistFiles {
    /// Reads the four files of a folder, plain or `.gz`.
    ///
    /// # Errors
    /// When one is absent, cannot be read, or is not what its name says.
    pub fn from_dir(folder: impl AsRef<Path>) -> Result<Self, DataError> {
        let folder = folder.as_ref();
        let mut parsed = Vec::with_capacity(4);
        for name in NAMES {
            let Some(path) = find(folder, name) else {
                return Err(DataError::Absent { name: name.into(), folder: folder.display().to_string() });
            };
            let file = path.display().to_string();
            let bytes =
                std::fs::read(&path).map_err(|source| DataError::Io { file: file.clone(), source })?;
            parsed.push((file.clone(), Idx::parse(&file, &bytes)?));
        }
        MnistFiles::check(parsed)
    }

    /// Parses the four files' bytes: training images and labels, test images and labels.
    ///
    /// # Errors
    /// When one is not what it should be.
    pub fn from_bytes(files: [&[u8]; 4]) -> Result<Self, DataError> {
        let parsed: Result<Vec<_>, DataError> = NAMES
            .iter()
            .zip(files)
            .map(|(name, bytes)| Ok((name.to_string(), Idx::parse(name, bytes)?)))
            .collect();
        MnistFiles::check(parsed?)
    }

    fn check(parsed: Vec<(String, Idx)>) -> Result<Self, DataError> {
        for pair in parsed.chunks(2) {
            let [(images_file, images), (labels_file, labels)] = pair else { unreachable!("four files") };
            let wrong = |file: &str, found: String, expected: String| {
                Err(DataError::Format { file: file.into(), found, expected })
            };
            if images.dims.len() != 3 || images.dims[1..] != [SIDE, SIDE] {
                return wrong(images_file, format!("sizes {:?}", images.dims), "[N, 28, 28]".into());
            }
            if labels.dims != [images.dims[0]] {
                return wrong(
                    labels_file,
                    format!("sizes {:?}", labels.dims),
                    format!("[{}], one label per image", images.dims[0]),
                );
            }
            if let Some(label) = labels.bytes.iter().find(|&&l| l > 9) {
                return wrong(labels_file, format!("label {label}"), "labels from 0 to 9".into());
            }
        }
        let mut parsed = parsed.into_iter().map(|(_, idx)| idx);
        let mut next = || parsed.next().expect("four files");
        Ok(MnistFiles {
            train_images: next(),
            train_labels: next(),
            test_images: next(),
            test_labels: next(),
        })
    }

    /// The training set on a device, normalised by mean and deviation as it is read.
    pub fn train(&self, mean: f32, std: f32, device: &Device) -> Mnist {
        Mnist::new(&self.train_images, &self.train_labels, mean, std, device)
    }

    /// The test set on a device.
    pub fn test(&self, mean: f32, std: f32, device: &Device) -> Mnist {
        Mnist::new(&self.test_images, &self.test_labels, mean, std, device)
    }
}

/// Images as bytes `[N, 784]` and labels `[N]` on a device. An item is `[784]` floats `(x/255 − mean)/std`,
/// or `[1, 28, 28]` after [`Mnist::images`], and a class.
#[derive(Clone, Debug)]
pub struct Mnist {
    pixels: Tensor,
    labels: Tensor,
    mean: f32,
    std: f32,
    flat: bool,
}

impl Mnist {
    fn new(images: &Idx, labels: &Idx, mean: f32, std: f32, device: &Device) -> Self {
        let pixels = Tensor::from_slice(&images.bytes, [images.dims[0], SIDE * SIDE], device);
        let labels = Tensor::from_slice(&labels.bytes, labels.dims[0], device).to_dtype(DType::I32);
        Mnist { pixels, labels, mean, std, flat: true }
    }

    /// The dataset of a folder's files: `Mnist::open("data/mnist").train(false).load(&device)?`.
    pub fn open(folder: impl Into<PathBuf>) -> MnistOptions {
        MnistOptions::new(folder.into(), Source::Mnist)
    }

    /// The same items as images: `[N, 1, 28, 28]`.
    #[must_use]
    pub fn images(self) -> Self {
        Mnist { flat: false, ..self }
    }

    /// The pixels as bytes, `[N, 784]`.
    pub fn pixels(&self) -> &Tensor {
        &self.pixels
    }

    /// The classes, `[N]`.
    pub fn labels(&self) -> &Tensor {
        &self.labels
    }

    /// How many images each class has.
    pub fn class_counts(&self) -> [usize; 10] {
        let mut counts = [0; 10];
        self.labels.to_vec::<i32>().into_iter().for_each(|l| counts[l as usize] += 1);
        counts
    }
}

impl Dataset for Mnist {
    type Batch = (Tensor, Tensor);
    fn len(&self) -> usize {
        self.labels.numel()
    }

    fn batch(&self, indices: &[i64]) -> (Tensor, Tensor) {
        let index = index(indices, &self.pixels);
        let (images, labels) = self.pixels.fetch_batch(&self.labels, &index, self.mean, self.std);
        (if self.flat { images } else { images.reshape(vec![indices.len(), 1, SIDE, SIDE]) }, labels)
    }
}

/// Fashion-MNIST (Xiao, Rasul & Vollgraf 2017): the same form as MNIST, pictures of clothes.
#[derive(Clone, Copy, Debug)]
pub struct FashionMnist;

impl FashionMnist {
    /// What the ten classes are.
    pub const CLASSES: [&str; 10] = [
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    ];

    /// The dataset of a folder's files: `FashionMnist::open("data/fashion").load(&device)?`.
    pub fn open(folder: impl Into<PathBuf>) -> MnistOptions {
        MnistOptions::new(folder.into(), Source::FashionMnist)
    }
}

/// Which of the two datasets a folder holds, for what they are published under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Mnist,
    FashionMnist,
}

/// Which part of a dataset to read, and how.
///
/// ```no_run
/// # fn main() -> Result<(), data::DataError> {
/// use data::{DataLoader, Mnist};
/// let cpu = backend_cpu::device();
/// let train = Mnist::open("data/mnist").normalize(0.5, 0.5).load(&cpu)?;
/// for (images, labels) in &DataLoader::new(train, 64).shuffle(true) {
///     println!("{} {}", images.shape(), labels.shape());
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct MnistOptions {
    pub(crate) folder: PathBuf,
    #[cfg_attr(not(feature = "download"), expect(dead_code, reason = "only the download asks for it"))]
    pub(crate) source: Source,
    train: bool,
    mean: f32,
    std: f32,
}

impl MnistOptions {
    fn new(folder: PathBuf, source: Source) -> Self {
        MnistOptions { folder, source, train: true, mean: 0.0, std: 1.0 }
    }

    /// The training set (at first), or the test set.
    #[must_use]
    pub fn train(self, train: bool) -> Self {
        MnistOptions { train, ..self }
    }

    /// Pixels become `(x/255 − mean)/std`; at first 0 and 1.
    #[must_use]
    pub fn normalize(self, mean: f32, std: f32) -> Self {
        MnistOptions { mean, std, ..self }
    }

    /// Reads the folder's files, plain or `.gz`, and puts the bytes on a device.
    ///
    /// # Errors
    /// When one of the four files is absent, cannot be read, or is not what its name says.
    pub fn load(&self, device: &Device) -> Result<Mnist, DataError> {
        let files = MnistFiles::from_dir(&self.folder)?;
        let make = if self.train { MnistFiles::train } else { MnistFiles::test };
        Ok(make(&files, self.mean, self.std, device))
    }
}
