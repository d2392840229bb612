//! Hugging Face's safetensors: a length, a JSON header, and the tensors' bytes without gaps.
//!
//! The header is parsed and validated by the `safetensors` crate; a tensor's bytes are read only when
//! it is asked for. Files are written in the tensors' own order, wide element types first so that each
//! is aligned, and the same tensors always make the same bytes.

use crate::atomic::write_atomically;
use crate::error::{Error, Place, Result};
use crate::source::Source;
use crate::stored::{Order, Stored, encode};
use crate::tensors::{Conversion, Loaded, StateDict, download, note, shape, upload};
use autograd::Tensor;
use safetensors::tensor::{Dtype, Metadata, TensorInfo};
use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use tensor_core::{DType, Device};

/// The header's length comes first, in this many bytes.
const LENGTH: u64 = 8;

/// An open safetensors file: names and sizes at once, each tensor when it is asked for.
///
/// ```
/// # fn main() -> formats::Result<()> {
/// use formats::safetensors::{Reader, save_file};
/// let cpu = backend_cpu::device();
/// let weight = autograd::Tensor::from_vec(vec![1.0f32, 2.0], [1, 2], &cpu);
/// let path = std::env::temp_dir().join("firebrand-doc-reader.safetensors");
/// save_file([("fc.weight", &weight)], &path)?;
///
/// let mut file = Reader::open(&path)?;
/// assert_eq!(file.names(), ["fc.weight"]);
/// assert_eq!(file.tensor("fc.weight", &cpu)?.to_vec::<f32>(), [1.0, 2.0]);
/// # std::fs::remove_file(path).unwrap();
/// # Ok(())
/// # }
/// ```
pub struct Reader<'a> {
    source: Source<'a>,
    header: Metadata,
    names: Vec<String>,
    start: u64,
}

impl<'a> Reader<'a> {
    /// Opens a file and reads its header.
    ///
    /// # Errors
    /// When it cannot be read, or is not a safetensors file.
    pub fn open(path: impl AsRef<Path>) -> Result<Reader<'static>> {
        Reader::new(Source::open(path.as_ref())?)
    }

    /// Takes bytes for a file; `file` is its name in errors.
    ///
    /// # Errors
    /// When they are not a safetensors file.
    pub fn from_bytes(file: &str, bytes: &'a [u8]) -> Result<Reader<'a>> {
        Reader::new(Source::bytes(file, bytes))
    }

    fn new(mut source: Source<'a>) -> Result<Self> {
        let length = source.read(0, LENGTH, "the header's length")?;
        let length = u64::from_le_bytes(*length.first_chunk().expect("eight bytes were read"));
        let text = source.read(LENGTH, length, "the header")?;
        let wrong = |place, problem: String| Error::malformed(&source.file, place, problem);
        let header: Metadata = serde_json::from_slice(&text)
            .map_err(|e| wrong(Place::Inside("the header".into(), byte_of(&text, &e)), e.to_string()))?;
        let (start, data) = (LENGTH + length, header.data_len() as u64);
        if source.len - start != data {
            let problem = format!("{} bytes of data, the header gives them {data}", source.len - start);
            return Err(wrong(Place::Byte(start), problem));
        }
        let names = header.offset_keys();
        Ok(Reader { source, header, names, start })
    }

    /// The tensors' names, in the order of their bytes.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The file's own notes: `format` is usually `pt`.
    pub fn metadata(&self) -> BTreeMap<String, String> {
        let notes = self.header.metadata().as_ref();
        notes.map_or_else(BTreeMap::new, |m| m.iter().map(|(k, v)| (k.clone(), v.clone())).collect())
    }

    /// Reads one tensor. [`Reader::dtype_in_file`] tells whether its type widened.
    ///
    /// # Errors
    /// When there is none of that name, its element type has no counterpart, or reading fails.
    pub fn tensor(&mut self, name: &str, device: &Device) -> Result<Tensor> {
        self.load(name, device).map(|(tensor, _)| tensor)
    }

    /// The element type that the file gives a tensor: `F16`.
    pub fn dtype_in_file(&self, name: &str) -> Option<String> {
        self.header.info(name).map(|info| info.dtype.to_string())
    }

    fn load(&mut self, name: &str, device: &Device) -> Result<(Tensor, Stored)> {
        let (file, place) = (self.source.file.clone(), || Place::Name(name.into()));
        let info = self.header.info(name);
        let info = info.ok_or_else(|| Error::malformed(&file, place(), "no tensor of this name"))?;
        let stored = stored(info.dtype).ok_or_else(|| {
            Error::unsupported(&file, place(), format!("element type {} has no counterpart here", info.dtype))
        })?;
        let dims: Vec<u64> = info.shape.iter().map(|&d| d as u64).collect();
        let shape = shape(&file, place(), &dims)?;
        let (from, to) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        let bytes = self.source.read(self.start + from, to - from, "a tensor")?;
        let raw = upload(&file, place(), &bytes, (stored, Order::Little), shape, device)?;
        Ok((Tensor::from_raw(raw), stored))
    }

    /// Reads all tensors.
    ///
    /// # Errors
    /// As [`Reader::tensor`].
    pub fn state_dict(&mut self, device: &Device) -> Result<Loaded<StateDict>> {
        let mut conversions: Vec<Conversion> = Vec::new();
        let mut value = StateDict::with_capacity(self.names.len());
        for name in self.names.clone() {
            let (tensor, stored) = self.load(&name, device)?;
            note(&mut conversions, &name, stored, tensor.dtype());
            value.insert(name, tensor);
        }
        Ok(Loaded { value, conversions })
    }
}

/// All tensors of a file, as `safetensors.torch.load_file`.
///
/// # Errors
/// When it cannot be read, is not a safetensors file, or holds element types without a counterpart.
pub fn load_file(path: impl AsRef<Path>, device: &Device) -> Result<Loaded<StateDict>> {
    Reader::open(path)?.state_dict(device)
}

/// Writes tensors by name, as `safetensors.torch.save_file`; the note `format: pt` lets PyTorch read it. They
/// may be a state dict, pairs such as `[("x", &x), ("y", &y)]`, or `model.named_parameters()`.
///
/// # Errors
/// When a name occurs twice, a device fails, or the file cannot be written; then nothing is.
pub fn save_file<N: AsRef<str>, T: Borrow<Tensor>>(
    tensors: impl IntoIterator<Item = (N, T)>,
    path: impl AsRef<Path>,
) -> Result<()> {
    save_file_with(tensors, &BTreeMap::from([("format".into(), "pt".into())]), path)
}

/// Writes tensors by name, with notes of one's own.
///
/// # Errors
/// As [`save_file`].
pub fn save_file_with<N: AsRef<str>, T: Borrow<Tensor>>(
    tensors: impl IntoIterator<Item = (N, T)>,
    metadata: &BTreeMap<String, String>,
    path: impl AsRef<Path>,
) -> Result<()> {
    let path = path.as_ref();
    write_atomically(path, |out| write(tensors, metadata, &path.display().to_string(), out, Error::io(path)))
}

fn write<N: AsRef<str>, T: Borrow<Tensor>>(
    tensors: impl IntoIterator<Item = (N, T)>,
    metadata: &BTreeMap<String, String>,
    file: &str,
    out: &mut dyn Write,
    io: impl Fn(std::io::Error) -> Error,
) -> Result<()> {
    let tensors: Vec<(N, T)> = tensors.into_iter().collect();
    let mut tensors: Vec<(&str, &Tensor)> = tensors.iter().map(|(n, t)| (n.as_ref(), t.borrow())).collect();
    tensors.sort_by_key(|(_, t)| std::cmp::Reverse(t.dtype().size()));
    let mut header = Vec::with_capacity(tensors.len());
    let mut end = 0;
    for (name, tensor) in &tensors {
        let (begin, bytes) = (end, tensor.numel() * tensor.dtype().size());
        end += bytes;
        let (dtype, shape) = (safe(tensor.dtype()), tensor.shape().to_vec());
        header.push((*name, TensorInfo { dtype, shape, data_offsets: (begin, end) }));
    }
    let text = header_text(file, metadata, &header)?;
    out.write_all(&(text.len() as u64).to_le_bytes()).map_err(&io)?;
    out.write_all(text.as_bytes()).map_err(&io)?;
    for (name, tensor) in &tensors {
        out.write_all(&encode(&download(file, name, tensor.raw())?)).map_err(&io)?;
    }
    Ok(())
}

/// The header in the tensors' order, padded so that the data after it is aligned.
fn header_text(
    file: &str,
    notes: &BTreeMap<String, String>,
    tensors: &[(&str, TensorInfo)],
) -> Result<String> {
    let mut names = std::collections::HashSet::new();
    let mut parts = Vec::with_capacity(tensors.len() + 1);
    let json = |part: serde_json::Result<String>| {
        part.map_err(|e| Error::malformed(file, Place::Inside("the header".into(), 0), e.to_string()))
    };
    if !notes.is_empty() {
        parts.push(format!("\"__metadata__\":{}", json(serde_json::to_string(notes))?));
    }
    for (name, info) in tensors {
        if *name == "__metadata__" || !names.insert(*name) {
            let problem = "this name is reserved, or given to two tensors";
            return Err(Error::malformed(file, Place::Name((*name).into()), problem));
        }
        parts.push(format!("{}:{}", json(serde_json::to_string(name))?, json(serde_json::to_string(info))?));
    }
    let mut text = format!("{{{}}}", parts.join(","));
    text.extend(std::iter::repeat_n(' ', text.len().next_multiple_of(LENGTH as usize) - text.len()));
    Ok(text)
}

fn byte_of(text: &[u8], error: &serde_json::Error) -> u64 {
    let lines = text.split_inclusive(|&b| b == b'\n').take(error.line().saturating_sub(1));
    (lines.map(<[u8]>::len).sum::<usize>() + error.column()) as u64
}

fn stored(dtype: Dtype) -> Option<Stored> {
    Some(match dtype {
        Dtype::F16 => Stored::F16,
        Dtype::BF16 => Stored::BF16,
        Dtype::F32 => Stored::F32,
        Dtype::F64 => Stored::F64,
        Dtype::I8 => Stored::I8,
        Dtype::I16 => Stored::I16,
        Dtype::I32 => Stored::I32,
        Dtype::I64 => Stored::I64,
        Dtype::U8 => Stored::U8,
        Dtype::U16 => Stored::U16,
        Dtype::U32 => Stored::U32,
        Dtype::U64 => Stored::U64,
        Dtype::BOOL => Stored::Bool,
        _ => return None,
    })
}

fn safe(dtype: DType) -> Dtype {
    match dtype {
        DType::F32 => Dtype::F32,
        DType::F64 => Dtype::F64,
        DType::I32 => Dtype::I32,
        DType::I64 => Dtype::I64,
        DType::U8 => Dtype::U8,
        DType::Bool => Dtype::BOOL,
    }
}
