//! PyTorch's files: a ZIP archive of a pickle, `data.pkl`, and one entry for each storage.
//!
//! Reading builds tensors, containers and numbers, and executes nothing, as
//! `torch.load(weights_only=True)` does. Views come over as views: tensors that share a storage in the
//! file share memory here. What is written, `torch.load(weights_only=True)` reads; the same values
//! always make the same bytes.

mod build;
mod globals;
mod pickle;
mod write;

pub use write::save;

use crate::error::{Error, Place, Result};
use crate::source::Source;
use crate::stored::Order;
use crate::tensors::Loaded;
use crate::value::Value;
use crate::zip::Archive;
use std::path::Path;
use tensor_core::Device;

/// Reads a file that `torch.save` wrote: a state dict or a checkpoint of plain values.
///
/// ```
/// # fn main() -> formats::Result<()> {
/// use formats::pt;
/// let cpu = backend_cpu::device();
/// let weight = autograd::Tensor::from_vec(vec![1.0f32, 2.0], [1, 2], &cpu);
/// let state = formats::StateDict::from_iter([("fc.weight".to_string(), weight)]);
/// let path = std::env::temp_dir().join("firebrand-doc.pt");
/// pt::save(&state, &path)?;
///
/// let state = pt::load(&path, &cpu)?.state_dict()?;
/// assert_eq!(state["fc.weight"].to_vec::<f32>(), [1.0, 2.0]);
/// # std::fs::remove_file(path).unwrap();
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// When it cannot be read, is not such a file (those of before PyTorch 1.6 are not), names Python objects
/// other than tensors, containers and numbers, or has element types without a counterpart.
pub fn load(path: impl AsRef<Path>, device: &Device) -> Result<Loaded<Value>> {
    load_source(Source::open(path.as_ref())?, device)
}

/// Reads such a file from its bytes; `file` is its name in errors.
///
/// # Errors
/// As [`load`].
pub fn from_bytes(file: &str, bytes: &[u8], device: &Device) -> Result<Loaded<Value>> {
    load_source(Source::bytes(file, bytes), device)
}

fn load_source(mut source: Source, device: &Device) -> Result<Loaded<Value>> {
    let start = source.read(0, source.len.min(2), "the file's start")?;
    if start.first() == Some(&0x80) {
        let what = "a bare pickle, as PyTorch before 1.6 wrote; read it with PyTorch and save it again: \
                    torch.save(torch.load(file), file)";
        return Err(Error::unsupported(&source.file, Place::Byte(0), what));
    }
    let mut archive = Archive::new(source)?;
    let file = archive.file().to_string();
    let top = archive.names().find_map(|name| name.strip_suffix("/data.pkl").map(String::from));
    let Some(top) = top.filter(|top| !top.contains('/')) else {
        return Err(Error::malformed(&file, Place::File, "a ZIP archive without data.pkl: not PyTorch's"));
    };
    if archive.entry(&format!("{top}/constants.pkl")).is_some() {
        let what = "a TorchScript program; save its state_dict() instead";
        return Err(Error::unsupported(&file, Place::Name(format!("{top}/constants.pkl")), what));
    }
    let order = match archive.entry(&format!("{top}/byteorder")) {
        None => Order::Little,
        Some(_) => match archive.read(&format!("{top}/byteorder"))?.as_slice() {
            b"little" => Order::Little,
            b"big" => Order::Big,
            _ => {
                return Err(Error::malformed(
                    &file,
                    Place::Name("byteorder".into()),
                    "neither little nor big",
                ));
            }
        },
    };
    let bytes = read_stored(&mut archive, &format!("{top}/data.pkl"))?;
    let pickle = pickle::read(&file, &bytes)?;
    build::Builder::new(&mut archive, &top, order, device, &pickle, bytes.len()).run()
}

/// An entry's bytes; PyTorch stores them as they are, so nothing here can unpack to more than the file.
fn read_stored(archive: &mut Archive, name: &str) -> Result<Vec<u8>> {
    if archive.entry(name).is_some_and(|entry| !entry.is_stored()) {
        let what = "a packed entry; PyTorch stores its entries as they are";
        return Err(Error::unsupported(archive.file(), Place::Name(name.into()), what));
    }
    archive.read(name)
}
