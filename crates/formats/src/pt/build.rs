//! From a pickle's objects to values: tensors get their storages, containers are copied out.
//!
//! Objects that are shared in the pickle are copied, tensors and texts excepted, so the result is a
//! tree. Its size and depth are bounded: a pickle of a few bytes that refers to itself again and again
//! is an error, not a full memory or a full stack.

use super::globals::Global;
use super::pickle::{Id, Node, Pickle};
use super::read_stored;
use crate::error::{Error, Place, Result};
use crate::stored::{Order, Stored};
use crate::tensors::{Conversion, Loaded, note, shape, upload};
use crate::value::{Dict, Key, Value};
use crate::zip::Archive;
use autograd::Tensor;
use std::collections::HashMap;
use std::sync::Arc;
use tensor_core::{Device, Layout, RawTensor, Shape};

/// Containers inside containers, at most.
pub(super) const MAX_DEPTH: usize = 100;
/// Values that any file may hold; beyond, one for each byte of its pickle.
const FREE_VALUES: usize = 1 << 16;
/// Elements that a view may repeat beyond its storage's own (by strides of 0).
const FREE_REPEATS: usize = 1 << 24;

pub(super) struct Builder<'b, 'a> {
    archive: &'b mut Archive<'a>,
    file: String,
    top: &'b str,
    order: Order,
    device: &'b Device,
    nodes: &'b [Node<'b>],
    root: Id,
    storages: HashMap<(&'b str, Stored), RawTensor>,
    tensors: HashMap<Id, (Tensor, Stored)>,
    texts: HashMap<Id, Arc<str>>,
    conversions: Vec<Conversion>,
    /// The keys on the way to the value being built.
    path: Vec<String>,
    left: usize,
}

impl<'b, 'a> Builder<'b, 'a> {
    pub fn new(
        archive: &'b mut Archive<'a>,
        top: &'b str,
        order: Order,
        device: &'b Device,
        pickle: &'b Pickle<'b>,
        pickle_len: usize,
    ) -> Self {
        Builder {
            file: archive.file().into(),
            archive,
            top,
            order,
            device,
            nodes: &pickle.nodes,
            root: pickle.root,
            storages: HashMap::new(),
            tensors: HashMap::new(),
            texts: HashMap::new(),
            conversions: Vec::new(),
            path: Vec::new(),
            left: FREE_VALUES + pickle_len,
        }
    }

    pub fn run(mut self) -> Result<Loaded<Value>> {
        let value = self.value(self.root)?;
        Ok(Loaded { value, conversions: self.conversions })
    }

    fn node(&self, id: Id) -> &'b Node<'b> {
        &self.nodes[id as usize]
    }

    fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::malformed(&self.file, Place::Name(self.path.join(".")), problem)
    }

    fn value(&mut self, id: Id) -> Result<Value> {
        Ok(match self.node(id) {
            Node::None => Value::None,
            Node::Bool(value) => Value::Bool(*value),
            Node::Int(value) => Value::Int(*value),
            Node::Float(value) => Value::Float(*value),
            Node::Str(text) => Value::Str(self.text(id, text)),
            Node::List(items) => Value::List(self.values(items)?),
            Node::Tuple(items) => Value::Tuple(self.values(items)?),
            Node::Dict { ordered: false, items } => Value::Dict(self.dict(items)?),
            Node::Dict { ordered: true, items } => Value::OrderedDict(self.dict(items)?),
            Node::Tensor { .. } | Node::Parameter { .. } => Value::Tensor(self.tensor(id)?),
            Node::Global(Global::DType(stored)) => Value::from(format!("torch.{}", stored.name())),
            Node::Global(_) | Node::Storage(_) => return Err(self.wrong("a class or a storage, not a value")),
        })
    }

    fn text(&mut self, id: Id, text: &str) -> Arc<str> {
        self.texts.entry(id).or_insert_with(|| text.into()).clone()
    }

    /// Runs `build` for a part of the current value, under its key.
    fn inside<T>(&mut self, key: String, build: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.path.len() >= MAX_DEPTH {
            return Err(
                self.wrong(format!("containers nested deeper than {MAX_DEPTH}, or inside themselves"))
            );
        }
        self.path.push(key);
        let built = build(self)?;
        self.path.pop();
        Ok(built)
    }

    /// Counts the parts of a container before there is room for them.
    fn charge(&mut self, parts: usize) -> Result<()> {
        self.left = self.left.checked_sub(parts).ok_or_else(|| {
            self.wrong("objects that refer to each other so often that they unpack to a multiple of the file")
        })?;
        Ok(())
    }

    fn values(&mut self, items: &[Id]) -> Result<Vec<Value>> {
        self.charge(items.len())?;
        let mut values = Vec::with_capacity(items.len());
        for (i, &id) in items.iter().enumerate() {
            values.push(self.inside(i.to_string(), |b| b.value(id))?);
        }
        Ok(values)
    }

    fn dict(&mut self, items: &[(Id, Id)]) -> Result<Dict> {
        self.charge(items.len())?;
        let mut dict = Dict::new();
        for &(key, value) in items {
            let key = match self.node(key) {
                Node::Str(text) => Key::Str(self.text(key, text)),
                Node::Int(number) => Key::Int(*number),
                _ => {
                    let what = "a key that is neither a text nor a whole number";
                    return Err(Error::unsupported(&self.file, Place::Name(self.path.join(".")), what));
                }
            };
            let value = self.inside(crate::error::short(&key.to_string()), |b| b.value(value))?;
            dict.insert(key, value);
        }
        Ok(dict)
    }

    /// A tensor; the same one each time that the file refers to it.
    fn tensor(&mut self, id: Id) -> Result<Tensor> {
        if let Some((tensor, stored)) = self.tensors.get(&id) {
            note(&mut self.conversions, &self.path.join("."), *stored, tensor.dtype());
            return Ok(tensor.clone());
        }
        let (call, parameter) = match self.node(id) {
            Node::Parameter { of, requires_grad } => (*of, Some(*requires_grad)),
            _ => (id, None),
        };
        let Node::Tensor { args, typed } = self.node(call) else {
            return Err(self.wrong("a parameter of something that is no tensor"));
        };
        let (raw, stored, requires_grad) = self.rebuild(*args, *typed)?;
        note(&mut self.conversions, &self.path.join("."), stored, raw.dtype());
        let float = raw.dtype().is_float();
        let tensor = Tensor::from_raw(raw);
        let tensor = match parameter {
            Some(requires_grad) if float => tensor.into_parameter().requires_grad_(requires_grad),
            _ => tensor.requires_grad_(requires_grad && float),
        };
        self.tensors.insert(id, (tensor.clone(), stored));
        Ok(tensor)
    }

    /// Storage, offset, sizes, strides, whether it wants gradients, hooks, and for `_v3` the element type.
    fn rebuild(&mut self, args: Id, typed: bool) -> Result<(RawTensor, Stored, bool)> {
        let Node::Tuple(args) = self.node(args) else { return Err(self.wrong("a tensor without arguments")) };
        let &[storage, offset, sizes, strides, requires_grad, _, ref rest @ ..] = args.as_slice() else {
            return Err(self.wrong(format!("a tensor with {} arguments, not 6", args.len())));
        };
        let (Node::Storage(description), Node::Bool(requires_grad)) =
            (self.node(storage), self.node(requires_grad))
        else {
            return Err(self.wrong("a tensor without a storage"));
        };
        let dtype = match rest.first().map(|&id| self.node(id)) {
            Some(Node::Global(Global::DType(stored))) if typed => Some(*stored),
            _ if typed => return Err(self.wrong("a tensor without an element type")),
            _ => None,
        };
        let (storage, stored) = self.storage(*description, dtype)?;
        let (offset, sizes, strides) = (self.size(offset)?, self.sizes(sizes)?, self.sizes(strides)?);
        let layout = self.layout(storage.numel(), offset, &sizes, &strides)?;
        Ok((storage.with_layout(layout), stored, *requires_grad))
    }

    /// `('storage', class, key, location, number of elements)`, read once and kept.
    fn storage(&mut self, description: Id, dtype: Option<Stored>) -> Result<(RawTensor, Stored)> {
        let Node::Tuple(parts) = self.node(description) else {
            return Err(self.wrong("a storage without a description"));
        };
        let &[_, class, key, _, count, ..] = parts.as_slice() else {
            return Err(self.wrong(format!("a storage described by {} parts, not 5", parts.len())));
        };
        let (&Node::Global(Global::Storage(class)), &Node::Str(key)) = (self.node(class), self.node(key))
        else {
            return Err(self.wrong("a storage of no known class"));
        };
        let Some(stored) = dtype.or(class) else {
            return Err(self.wrong("a storage without an element type"));
        };
        if let Some(storage) = self.storages.get(&(key, stored)) {
            return Ok((storage.clone(), stored));
        }
        let entry = format!("{}/data/{key}", self.top);
        let bytes = read_stored(self.archive, &entry)?;
        let unit = class.map_or(1, Stored::size) as u64; // of the count
        let (count, have) = (self.size(count)?, bytes.len() as u64);
        if count.checked_mul(unit) != Some(have) || !have.is_multiple_of(stored.size() as u64) {
            let problem = format!("{have} bytes where {count} elements of {unit} should be");
            return Err(Error::malformed(&self.file, Place::Name(entry), problem));
        }
        let shape = Shape::from(bytes.len() / stored.size());
        let place = Place::Name(entry);
        let storage = upload(&self.file, place, &bytes, (stored, self.order), shape, self.device)?;
        self.storages.insert((key, stored), storage.clone());
        Ok((storage, stored))
    }

    fn size(&self, id: Id) -> Result<u64> {
        match self.node(id) {
            Node::Int(value) => {
                u64::try_from(*value).map_err(|_| self.wrong(format!("{value} where a size should be")))
            }
            _ => Err(self.wrong("no number where a size should be")),
        }
    }

    fn sizes(&self, id: Id) -> Result<Vec<u64>> {
        let Node::Tuple(items) = self.node(id) else {
            return Err(self.wrong("no tuple where sizes should be"));
        };
        items.iter().map(|&item| self.size(item)).collect()
    }

    /// A view of `len` elements, checked to stay inside.
    fn layout(&self, len: usize, offset: u64, sizes: &[u64], strides: &[u64]) -> Result<Layout> {
        if sizes.len() != strides.len() {
            return Err(self.wrong(format!("{} sizes and {} strides", sizes.len(), strides.len())));
        }
        let shape = shape(&self.file, Place::Name(self.path.join(".")), sizes)?;
        if shape.numel() == 0 {
            return Ok(Layout::contiguous(shape));
        }
        let reach = |(&size, &stride): (&u64, &u64)| u128::from(size - 1) * u128::from(stride);
        let last = u128::from(offset) + sizes.iter().zip(strides).map(reach).sum::<u128>();
        if last >= len as u128 {
            return Err(self.wrong(format!("a view up to element {last} of a storage of {len}")));
        }
        if shape.numel() > len + FREE_REPEATS {
            return Err(self.wrong(format!("sizes {sizes:?} repeat a storage of {len} elements too often")));
        }
        // A stride along a single element is never taken, and may be anything in the file.
        let steps =
            sizes.iter().zip(strides).map(|(&size, &stride)| if size == 1 { 1 } else { stride as isize });
        Ok(Layout::new(shape, &steps.collect::<Vec<_>>(), offset as usize))
    }
}
