//! NumPy's files: `.npy`, one array, and `.npz`, a ZIP archive of them.
//!
//! Versions 1 to 3, C and Fortran order, either byte order; C order, little endian and version 1 are
//! written (Fortran order for a tensor that is laid out so, as `numpy.save` does). The header is a
//! Python dict of three known keys, read by a hundred lines in `header`; the `npyz` crate reads it
//! with a parser generator and big integers, `ndarray-npy` needs ndarray. Object arrays hold pickles
//! and are refused.

mod header;

use crate::atomic::write_atomically;
use crate::error::{Error, Place, Result};
use crate::source::Source;
use crate::stored::{Stored, encode};
use crate::tensors::{Conversion, Loaded, StateDict, download, note, shape, upload};
use crate::zip::{Archive, Writer};
use autograd::Tensor;
use header::Header;
use std::borrow::Borrow;
use std::path::Path;
use tensor_core::{DType, Device, RawTensor, Shape};

/// Reads an array, as `numpy.load`.
///
/// ```
/// # fn main() -> formats::Result<()> {
/// let cpu = backend_cpu::device();
/// let path = std::env::temp_dir().join("firebrand-doc.npy");
/// formats::numpy::save(&path, &autograd::Tensor::from_vec(vec![1, 2, 3], 3, &cpu))?;
/// let loaded = formats::numpy::load(&path, &cpu)?;
/// assert_eq!(loaded.to_vec::<i32>(), [1, 2, 3]);
/// assert!(loaded.conversions.is_empty());
/// # std::fs::remove_file(path).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When it cannot be read, is not a `.npy` file, or its elements have no counterpart.
pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Loaded<Tensor>> {
    load_source(Source::open(path.as_ref())?, device)
}

/// Reads an array from a file's bytes; `file` is its name in errors.
///
/// # Errors
/// As [`load`].
pub fn from_bytes(file: &str, bytes: &[u8], device: &Device) -> Result<Loaded<Tensor>> {
    load_source(Source::bytes(file, bytes), device)
}

fn load_source(mut source: Source, device: &Device) -> Result<Loaded<Tensor>> {
    let bytes = source.read(0, source.len, "the file")?;
    let mut conversions = Vec::new();
    let value = parse(&source.file, None, &bytes, device, &mut conversions)?;
    Ok(Loaded { value, conversions })
}

/// Writes an array, as `numpy.save`.
///
/// # Errors
/// When the device fails or the file cannot be written; then nothing is.
pub fn save(path: impl AsRef<Path>, tensor: &Tensor) -> Result<()> {
    let path = path.as_ref();
    write_atomically(path, |out| {
        let bytes = npy_bytes(&path.display().to_string(), "array", tensor)?;
        out.write_all(&bytes).map_err(Error::io(path))
    })
}

/// How much a compressed `.npz` may unpack to: 64 times its own size, and a mebibyte.
fn default_limit(len: u64) -> u64 {
    len.saturating_mul(64).saturating_add(1 << 20)
}

/// Reads all arrays of a `.npz`, as `numpy.load`. One that unpacks to more than 64 times its size and a
/// mebibyte is refused; [`load_npz_within`] takes another limit.
///
/// # Errors
/// As [`load`], and when it unpacks to too much.
pub fn load_npz(path: impl AsRef<Path>, device: &Device) -> Result<Loaded<StateDict>> {
    let source = Source::open(path.as_ref())?;
    let limit = default_limit(source.len);
    load_archive(source, device, limit)
}

/// Reads all arrays of a `.npz` that unpacks to no more than `limit` bytes.
///
/// # Errors
/// As [`load_npz`].
pub fn load_npz_within(path: impl AsRef<Path>, device: &Device, limit: u64) -> Result<Loaded<StateDict>> {
    load_archive(Source::open(path.as_ref())?, device, limit)
}

/// Reads a `.npz` from its bytes; `file` is its name in errors.
///
/// # Errors
/// As [`load_npz`].
pub fn npz_from_bytes(file: &str, bytes: &[u8], device: &Device) -> Result<Loaded<StateDict>> {
    load_archive(Source::bytes(file, bytes), device, default_limit(bytes.len() as u64))
}

fn load_archive(source: Source, device: &Device, limit: u64) -> Result<Loaded<StateDict>> {
    let mut archive = Archive::new(source)?;
    let names: Vec<String> = archive.names().map(String::from).collect();
    let mut size = 0u64;
    for name in &names {
        size = size.saturating_add(archive.entry(name).map_or(0, |entry| entry.size));
        if size > limit {
            let (file, place) = (archive.file().into(), Place::Name(name.clone()));
            return Err(Error::TooLarge { file, place, size, limit });
        }
    }
    let (mut value, mut conversions) = (StateDict::with_capacity(names.len()), Vec::new());
    for entry in names {
        let bytes = archive.read(&entry)?;
        let name = entry.strip_suffix(".npy").unwrap_or(&entry);
        let tensor = parse(archive.file(), Some(name), &bytes, device, &mut conversions)?;
        value.insert(name.into(), tensor);
    }
    Ok(Loaded { value, conversions })
}

/// Writes arrays by name, as `numpy.savez`: of a state dict, of pairs such as `[("x", &x), ("y", &y)]`, of
/// `model.named_parameters()`.
///
/// # Errors
/// When a device fails or the file cannot be written; then nothing is.
pub fn savez<N: AsRef<str>, T: Borrow<Tensor>>(
    path: impl AsRef<Path>,
    tensors: impl IntoIterator<Item = (N, T)>,
) -> Result<()> {
    write_npz(path.as_ref(), tensors, false)
}

/// Writes arrays by name, packed by deflate, as `numpy.savez_compressed`.
///
/// # Errors
/// As [`savez`].
pub fn savez_compressed<N: AsRef<str>, T: Borrow<Tensor>>(
    path: impl AsRef<Path>,
    tensors: impl IntoIterator<Item = (N, T)>,
) -> Result<()> {
    write_npz(path.as_ref(), tensors, true)
}

fn write_npz<N: AsRef<str>, T: Borrow<Tensor>>(
    path: &Path,
    tensors: impl IntoIterator<Item = (N, T)>,
    deflate: bool,
) -> Result<()> {
    let (file, io) = (path.display().to_string(), Error::io(path));
    write_atomically(path, |out| {
        let mut archive = Writer::new(out);
        let mut seen = std::collections::HashSet::new();
        for (name, tensor) in tensors {
            let entry = format!("{}.npy", name.as_ref());
            let bytes = npy_bytes(&file, name.as_ref(), tensor.borrow())?;
            let written =
                if deflate { archive.deflated(&entry, &bytes) } else { archive.stored(&entry, &bytes, 64) };
            written.map_err(&io)?;
            if !seen.insert(entry) {
                let problem = "two arrays of this name";
                return Err(Error::malformed(&file, Place::Name(name.as_ref().into()), problem));
            }
        }
        archive.finish().map_err(&io)
    })
}

/// Parses a `.npy` file's bytes; `name` is the array's in an archive.
fn parse(
    file: &str,
    name: Option<&str>,
    bytes: &[u8],
    device: &Device,
    conversions: &mut Vec<Conversion>,
) -> Result<Tensor> {
    let place = |at: usize| match name {
        Some(name) => Place::Inside(format!("{name:?}"), at as u64),
        None => Place::Byte(at as u64),
    };
    let header = Header::parse(bytes).map_err(|fault| {
        let place = place(fault.at);
        match fault.unsupported {
            true => Error::unsupported(file, place, fault.problem),
            false => Error::malformed(file, place, fault.problem),
        }
    })?;
    let mut dims = header.shape;
    if header.fortran_order {
        dims.reverse();
    }
    let shape = shape(file, place(0), &dims)?;
    let (data, want) = (&bytes[header.len..], shape.numel() * header.stored.size());
    if data.len() != want {
        let problem = format!("{} bytes of elements, sizes {:?} take {want}", data.len(), &*shape);
        return Err(Error::malformed(file, place(header.len), problem));
    }
    let raw = upload(file, place(header.len), data, (header.stored, header.order), shape, device)?;
    note(conversions, name.unwrap_or_default(), header.stored, raw.dtype());
    let raw = if header.fortran_order { reversed(&raw) } else { raw };
    Ok(Tensor::from_raw(raw))
}

/// The same memory with its dimensions in reverse order.
fn reversed(raw: &RawTensor) -> RawTensor {
    let order: Vec<usize> = (0..raw.rank()).rev().collect();
    raw.with_layout(raw.layout().permute(&order))
}

fn npy_bytes(file: &str, name: &str, tensor: &Tensor) -> Result<Vec<u8>> {
    let raw = tensor.raw();
    let fortran_order = !raw.layout().is_contiguous() && reversed(raw).layout().is_contiguous();
    let data = download(file, name, &if fortran_order { reversed(raw) } else { raw.clone() })?;
    let mut bytes = Header::text(descr(raw.dtype()), fortran_order, raw.shape());
    bytes.extend(encode(&data));
    Ok(bytes)
}

fn descr(dtype: DType) -> &'static str {
    match dtype {
        DType::F32 => "<f4",
        DType::F64 => "<f8",
        DType::I32 => "<i4",
        DType::I64 => "<i8",
        DType::U8 => "|u1",
        DType::Bool => "|b1",
    }
}
