//! Writing `.pt` files: pickle protocol 2, one storage for each buffer, entries stored and aligned.

use super::build::MAX_DEPTH;
use super::globals::storage_of;
use crate::atomic::write_atomically;
use crate::error::{Error, Place, Result};
use crate::stored::{Stored, encode};
use crate::tensors::download;
use crate::value::{Dict, Key, Value};
use crate::zip::Writer;
use autograd::Tensor;
use std::collections::HashMap;
use std::path::Path;
use tensor_core::{Layout, RawTensor};

/// The folder of the entries. PyTorch takes the file's name; a fixed one keeps equal values equal bytes.
const TOP: &str = "archive";
/// Storages start at a multiple of this.
const ALIGN: u64 = 64;

/// Writes values as `torch.save` does: a state dict, a tensor, or a checkpoint of plain values.
///
/// As in PyTorch, views of one memory share a storage in the file, and a view brings all the memory
/// that it views: save `x.copy()` for a small piece of something large.
///
/// # Errors
/// When a device fails, values are nested deeper than can be read back, or the file cannot be written;
/// then nothing is.
pub fn save(value: impl Into<Value>, path: impl AsRef<Path>) -> Result<()> {
    let (value, path) = (value.into(), path.as_ref());
    write_atomically(path, |out| {
        let (file, io) = (path.display().to_string(), Error::io(path));
        let mut pickler = Pickler { bytes: vec![0x80, 2], memo: HashMap::new(), storages: Vec::new() };
        pickler.value(&value, &file, 0)?;
        pickler.bytes.push(b'.');

        let mut archive = Writer::new(out);
        let mut entry =
            |name: &str, data: &[u8]| archive.stored(&format!("{TOP}/{name}"), data, ALIGN).map_err(&io);
        entry("data.pkl", &pickler.bytes)?;
        entry(".format_version", b"1")?;
        entry(".storage_alignment", ALIGN.to_string().as_bytes())?;
        entry("byteorder", b"little")?;
        for (key, storage) in pickler.storages.iter().enumerate() {
            let name = format!("data/{key}");
            let whole = storage.with_layout(Layout::contiguous(storage.buffer().len()));
            entry(&name, &encode(&download(&file, &name, &whole)?))?;
        }
        entry("version", b"3\n")?;
        archive.finish().map_err(&io)
    })
}

struct Pickler {
    bytes: Vec<u8>,
    /// Globals by what they are called, and under which number the reader remembers them.
    memo: HashMap<&'static str, u8>,
    /// The memory of the tensors, each once.
    storages: Vec<RawTensor>,
}

impl Pickler {
    fn value(&mut self, value: &Value, file: &str, depth: usize) -> Result<()> {
        if depth > MAX_DEPTH {
            let what = format!("values nested deeper than {MAX_DEPTH}");
            return Err(Error::unsupported(file, Place::File, what));
        }
        let deeper = depth + 1;
        match value {
            Value::None => self.bytes.push(b'N'),
            Value::Bool(value) => self.bool(*value),
            Value::Int(value) => self.int(*value),
            Value::Float(value) => {
                self.bytes.push(b'G');
                self.bytes.extend(value.to_be_bytes());
            }
            Value::Str(text) => self.text(text),
            Value::List(values) => {
                self.bytes.extend(b"](");
                values.iter().try_for_each(|value| self.value(value, file, deeper))?;
                self.bytes.push(b'e');
            }
            Value::Tuple(values) if values.is_empty() => self.bytes.push(b')'),
            Value::Tuple(values) => {
                self.bytes.push(b'(');
                values.iter().try_for_each(|value| self.value(value, file, deeper))?;
                self.bytes.push(b't');
            }
            Value::Dict(dict) => {
                self.bytes.push(b'}');
                self.items(dict, file, deeper)?;
            }
            Value::OrderedDict(dict) => {
                self.ordered_dict();
                self.items(dict, file, deeper)?;
            }
            Value::Tensor(tensor) => self.tensor(tensor),
        }
        Ok(())
    }

    fn items(&mut self, dict: &Dict, file: &str, depth: usize) -> Result<()> {
        self.bytes.push(b'(');
        for (key, value) in dict.iter() {
            match key {
                Key::Str(name) => self.text(name),
                Key::Int(number) => self.int(*number),
            }
            self.value(value, file, depth)?;
        }
        self.bytes.push(b'u');
        Ok(())
    }

    fn tensor(&mut self, tensor: &Tensor) {
        let parameter = tensor.is_parameter();
        if parameter {
            self.global("torch._utils\n_rebuild_parameter\n");
            self.bytes.push(b'(');
        }
        let mut raw = tensor.raw().clone();
        if raw.layout().strides().iter().any(|&stride| stride < 0) {
            raw = raw.copy(); // PyTorch has no strides that run backwards
        }
        let key = self.storages.iter().position(|s| s.buffer().same(raw.buffer())).unwrap_or_else(|| {
            self.storages.push(raw.clone());
            self.storages.len() - 1
        });
        self.global("torch._utils\n_rebuild_tensor_v2\n");
        self.bytes.extend(b"((");
        self.text("storage");
        self.storage_class(Stored::of(raw.dtype()));
        self.text(&key.to_string());
        self.text("cpu");
        self.int(raw.buffer().len() as i64);
        self.bytes.extend(b"tQ");
        self.int(raw.layout().offset() as i64);
        self.sizes(raw.shape().iter().map(|&size| size as i64));
        self.sizes(raw.layout().strides().iter().map(|&stride| stride as i64));
        self.bool(!parameter && tensor.requires_grad());
        self.ordered_dict();
        self.bytes.extend(b"tR");
        if parameter {
            self.bool(tensor.requires_grad());
            self.ordered_dict();
            self.bytes.extend(b"tR");
        }
    }

    fn sizes(&mut self, sizes: impl Iterator<Item = i64>) {
        self.bytes.push(b'(');
        sizes.for_each(|size| self.int(size));
        self.bytes.push(b't');
    }

    fn ordered_dict(&mut self) {
        self.global("collections\nOrderedDict\n");
        self.bytes.extend(b")R");
    }

    fn storage_class(&mut self, stored: Stored) {
        self.bytes.extend(format!("ctorch\n{}\n", storage_of(stored)).into_bytes());
    }

    /// A global by its two lines, written once and remembered.
    fn global(&mut self, name: &'static str) {
        if let Some(&slot) = self.memo.get(name) {
            self.bytes.extend([b'h', slot]);
            return;
        }
        let slot = self.memo.len() as u8; // there are three of them
        self.memo.insert(name, slot);
        self.bytes.push(b'c');
        self.bytes.extend(name.as_bytes());
        self.bytes.extend([b'q', slot]);
    }

    fn bool(&mut self, value: bool) {
        self.bytes.push(if value { 0x88 } else { 0x89 });
    }

    fn int(&mut self, value: i64) {
        if let Ok(value) = u8::try_from(value) {
            self.bytes.extend([b'K', value]);
        } else if let Ok(value) = u16::try_from(value) {
            self.bytes.push(b'M');
            self.bytes.extend(value.to_le_bytes());
        } else if let Ok(value) = i32::try_from(value) {
            self.bytes.push(b'J');
            self.bytes.extend(value.to_le_bytes());
        } else {
            self.bytes.extend([0x8a, 8]);
            self.bytes.extend(value.to_le_bytes());
        }
    }

    fn text(&mut self, text: &str) {
        if let Ok(len) = u32::try_from(text.len()) {
            self.bytes.push(b'X');
            self.bytes.extend(len.to_le_bytes());
        } else {
            self.bytes.push(0x8d);
            self.bytes.extend((text.len() as u64).to_le_bytes());
        }
        self.bytes.extend(text.as_bytes());
    }
}
