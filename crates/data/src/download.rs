//! Fetching MNIST and Fashion-MNIST, feature `download`.
//!
//! A file appears in the folder whole and checked, or not at all: it is written under a temporary name,
//! its size and SHA-256 are compared with the published ones, it is synced, and then renamed.

use crate::error::DataError;
use crate::mnist::{MnistOptions, NAMES, Source, find};
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use std::io::{Read, Write};
use std::path::Path;
use std::time::Duration;

/// Bytes read at a time.
const CHUNK: usize = 1 << 16;

/// Where the four files are, and what they must be.
///
/// ```
/// use data::Mirror;
/// let near = Mirror::mnist().base_url("http://localhost:8000/mnist");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    base_url: String,
    files: [Published; 4],
    progress: bool,
}

/// Size and checksum of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Published {
    bytes: u64,
    sha256: String,
}

impl Mirror {
    fn published(base_url: &str, files: [(u64, &str); 4]) -> Self {
        let files = files.map(|(bytes, sha256)| Published { bytes, sha256: sha256.into() });
        Mirror { base_url: base_url.into(), files, progress: true }
    }

    /// MNIST as PyTorch's mirror publishes it.
    pub fn mnist() -> Self {
        Mirror::published(
            "https://ossci-datasets.s3.amazonaws.com/mnist",
            [
                (9_912_422, "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
                (28_881, "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
                (1_648_877, "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
                (4_542, "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
            ],
        )
    }

    /// Fashion-MNIST as Zalando Research publishes it.
    pub fn fashion_mnist() -> Self {
        Mirror::published(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
            [
                (26_421_880, "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
                (29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
                (4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
                (5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
            ],
        )
    }

    /// The same files from another place.
    #[must_use]
    pub fn base_url(self, url: impl Into<String>) -> Self {
        Mirror { base_url: url.into(), ..self }
    }

    /// Other files: size and hexadecimal SHA-256 of training images and labels, test images and labels,
    /// each gzipped.
    #[must_use]
    pub fn files(self, files: [(u64, String); 4]) -> Self {
        Mirror { files: files.map(|(bytes, sha256)| Published { bytes, sha256 }), ..self }
    }

    /// Whether a bar shows how far it is; it does to begin with, on a terminal.
    #[must_use]
    pub fn progress(self, progress: bool) -> Self {
        Mirror { progress, ..self }
    }

    /// Fetches those of the four files that a folder lacks, plain or gzipped. Makes the folder if need be.
    ///
    /// # Errors
    /// When a server does not answer or does not send what is expected, and when the folder cannot be
    /// written. Files that came whole before that stay; no other file is left.
    pub fn fetch(&self, folder: impl AsRef<Path>) -> Result<(), DataError> {
        let folder = folder.as_ref();
        let io = |source| DataError::Io { file: folder.display().to_string(), source };
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .timeout_connect(Some(Duration::from_secs(30)))
            .timeout_recv_response(Some(Duration::from_secs(60)))
            .build()
            .into();
        for (name, published) in NAMES.iter().zip(&self.files) {
            if find(folder, name).is_none() {
                std::fs::create_dir_all(folder).map_err(io)?;
                let url = format!("{}/{name}.gz", self.base_url.trim_end_matches('/'));
                self.fetch_one(&agent, &url, published, folder, &format!("{name}.gz"))?;
            }
        }
        Ok(())
    }

    fn fetch_one(
        &self,
        agent: &ureq::Agent,
        url: &str,
        published: &Published,
        folder: &Path,
        name: &str,
    ) -> Result<(), DataError> {
        let target = folder.join(name);
        let io = |source| DataError::Io { file: target.display().to_string(), source };
        let failed = |reason: String| DataError::Download { url: url.into(), reason };
        let mut answer = agent.get(url).call().map_err(|e| failed(e.to_string()))?;
        // One byte more than it should be, to notice that there are more.
        let mut body = answer.body_mut().as_reader().take(published.bytes + 1);
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(io)?;
        let bar = self.bar(published.bytes, name);
        let (mut hash, mut size, mut chunk) = (Sha256::new(), 0, vec![0; CHUNK]);
        loop {
            let count = body.read(&mut chunk).map_err(|e| failed(format!("after {size} bytes: {e}")))?;
            if count == 0 {
                break;
            }
            hash.update(&chunk[..count]);
            file.write_all(&chunk[..count]).map_err(io)?;
            size += count as u64;
            bar.set_position(size);
        }
        bar.finish_and_clear();
        let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if size != published.bytes || found != published.sha256 {
            let at_least = if size > published.bytes { "at least " } else { "" };
            return Err(DataError::Checksum {
                url: url.into(),
                found: format!("{at_least}{size} bytes with SHA-256 {found}"),
                expected: format!("{} bytes with SHA-256 {}", published.bytes, published.sha256),
            });
        }
        file.as_file().sync_all().map_err(io)?;
        file.persist(&target).map_err(|e| io(e.error))?;
        Ok(())
    }

    fn bar(&self, bytes: u64, name: &str) -> ProgressBar {
        if !self.progress {
            return ProgressBar::hidden();
        }
        let style = ProgressStyle::with_template("{msg} [{bar:30}] {bytes}/{total_bytes} {bytes_per_sec}")
            .expect("a template that is tested")
            .progress_chars("=> ");
        ProgressBar::new(bytes).with_style(style).with_message(name.to_string())
    }
}

impl MnistOptions {
    /// Fetches the files that the folder lacks from where the dataset is published.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), data::DataError> {
    /// let cpu = backend_cpu::device();
    /// let train = data::FashionMnist::open("data/fashion").download()?.load(&cpu)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// As [`Mirror::fetch`].
    pub fn download(self) -> Result<Self, DataError> {
        let mirror = match self.source {
            Source::Mnist => Mirror::mnist(),
            Source::FashionMnist => Mirror::fashion_mnist(),
        };
        self.download_from(&mirror)
    }

    /// Fetches the files that the folder lacks from elsewhere.
    ///
    /// # Errors
    /// As [`Mirror::fetch`].
    pub fn download_from(self, mirror: &Mirror) -> Result<Self, DataError> {
        mirror.fetch(&self.folder)?;
        Ok(self)
    }
}
