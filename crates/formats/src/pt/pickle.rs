//! A reader of pickles that builds tensors' descriptions, containers and numbers, and executes nothing.
//!
//! Objects live in one vector and refer to each other by index, so sharing is as cheap as in Python and
//! cycles are harmless. Their number is bounded by the pickle's length; names other than those of
//! [`globals`](super::globals) are an error where they stand.

use super::globals::{Global, find};
use crate::error::{Error, Place, Result};
use std::collections::HashMap;

/// An object's place in [`Pickle::nodes`].
pub(super) type Id = u32;

/// An object.
#[derive(Debug)]
pub(super) enum Node<'a> {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(&'a str),
    List(Vec<Id>),
    Tuple(Vec<Id>),
    Dict {
        ordered: bool,
        items: Vec<(Id, Id)>,
    },
    Global(Global),
    /// A persistent id: the tuple that describes a storage.
    Storage(Id),
    /// A call of `_rebuild_tensor_v2` or `_v3` with a tuple of arguments.
    Tensor {
        args: Id,
        typed: bool,
    },
    /// A call of `_rebuild_parameter`.
    Parameter {
        of: Id,
        requires_grad: bool,
    },
}

/// A pickle's objects, and which of them is the whole.
pub(super) struct Pickle<'a> {
    pub nodes: Vec<Node<'a>>,
    pub root: Id,
}

/// Objects that are made once, before any other: `None`, the bools, the empty tuple, 0 to 255.
const NONE: Id = 0;
const FALSE: Id = 1;
const TRUE: Id = 2;
const EMPTY_TUPLE: Id = 3;
const SMALL_INTS: Id = 4;
/// Objects that a pickle of any length may make; beyond, one for three bytes.
const FREE_OBJECTS: usize = 1 << 16;

/// Reads a pickle; `file` is named in errors.
pub(super) fn read<'a>(file: &str, bytes: &'a [u8]) -> Result<Pickle<'a>> {
    let mut nodes = vec![Node::None, Node::Bool(false), Node::Bool(true), Node::Tuple(Vec::new())];
    nodes.extend((0..256).map(Node::Int));
    let limit = FREE_OBJECTS + bytes.len() / 3;
    let (stack, marks, memo) = (Vec::new(), Vec::new(), HashMap::new());
    let mut machine = Machine { file, bytes, at: 0, op: 0, nodes, stack, marks, memo, limit };
    let root = machine.run()?;
    Ok(Pickle { nodes: machine.nodes, root })
}

struct Machine<'f, 'a> {
    file: &'f str,
    bytes: &'a [u8],
    at: usize,
    /// Where the current opcode stands.
    op: usize,
    nodes: Vec<Node<'a>>,
    stack: Vec<Id>,
    /// The stack's lengths at the open marks.
    marks: Vec<u32>,
    memo: HashMap<u32, Id>,
    limit: usize,
}

impl<'a> Machine<'_, 'a> {
    fn run(&mut self) -> Result<Id> {
        loop {
            self.op = self.at;
            let opcode = self.array::<1>()?[0];
            match opcode {
                b'.' => {
                    let root = self.pop()?;
                    let done = self.at == self.bytes.len() && self.stack.is_empty() && self.marks.is_empty();
                    return if done { Ok(root) } else { Err(self.wrong("it stops before its end")) };
                }
                0x80 => {
                    if self.array::<1>()?[0] > 5 {
                        return Err(self.wrong("a pickle protocol above 5"));
                    }
                }
                0x95 => drop(self.array::<8>()?), // FRAME
                b'N' => self.stack.push(NONE),
                0x88 => self.stack.push(TRUE),
                0x89 => self.stack.push(FALSE),
                b')' => self.stack.push(EMPTY_TUPLE),
                b'K' => {
                    let value = self.array::<1>()?[0];
                    self.stack.push(SMALL_INTS + Id::from(value));
                }
                b'M' => {
                    let value = u16::from_le_bytes(self.array()?);
                    self.push(Node::Int(value.into()))?;
                }
                b'J' => {
                    let value = i32::from_le_bytes(self.array()?);
                    self.push(Node::Int(value.into()))?;
                }
                0x8a => self.long()?,
                b'G' => {
                    let value = f64::from_be_bytes(self.array()?);
                    self.push(Node::Float(value))?;
                }
                b'X' => {
                    let len = u32::from_le_bytes(self.array()?);
                    self.string(len.into())?;
                }
                0x8c => {
                    let len = self.array::<1>()?[0];
                    self.string(len.into())?;
                }
                0x8d => {
                    let len = u64::from_le_bytes(self.array()?);
                    self.string(len)?;
                }
                b']' => self.push(Node::List(Vec::new()))?,
                b'}' => self.push(Node::Dict { ordered: false, items: Vec::new() })?,
                b'(' => self.marks.push(self.stack.len() as u32),
                b't' => {
                    let items = self.pop_mark()?;
                    self.push(Node::Tuple(items))?;
                }
                0x85..=0x87 => {
                    let mut items = [NONE; 3];
                    let count = usize::from(opcode - 0x84);
                    for item in items[..count].iter_mut().rev() {
                        *item = self.pop()?;
                    }
                    self.push(Node::Tuple(items[..count].to_vec()))?;
                }
                b'a' => {
                    let item = self.pop()?;
                    self.list()?.push(item);
                }
                b'e' => {
                    let items = self.pop_mark()?;
                    self.list()?.extend(items);
                }
                b's' => {
                    let (value, key) = (self.pop()?, self.pop()?);
                    self.dict()?.push((key, value));
                }
                b'u' => {
                    let items = self.pop_mark()?;
                    let (pairs, odd) = items.as_chunks::<2>();
                    if !odd.is_empty() {
                        return Err(self.wrong("a key without a value"));
                    }
                    self.dict()?.extend(pairs.iter().map(|&[key, value]| (key, value)));
                }
                b'q' => {
                    let slot = self.array::<1>()?[0];
                    self.memoize(slot.into())?;
                }
                b'r' => {
                    let slot = u32::from_le_bytes(self.array()?);
                    self.memoize(slot)?;
                }
                0x94 => self.memoize(self.memo.len() as u32)?,
                b'h' => {
                    let slot = self.array::<1>()?[0];
                    self.recall(slot.into())?;
                }
                b'j' => {
                    let slot = u32::from_le_bytes(self.array()?);
                    self.recall(slot)?;
                }
                b'c' => {
                    let (module, name) = (self.line()?, self.line()?);
                    self.global(module, name)?;
                }
                0x93 => {
                    let (name, module) = (self.pop()?, self.pop()?);
                    match (&self.nodes[module as usize], &self.nodes[name as usize]) {
                        (&Node::Str(module), &Node::Str(name)) => self.global(module, name)?,
                        _ => return Err(self.wrong("a global whose name is no text")),
                    }
                }
                b'Q' => {
                    let id = self.pop()?;
                    self.push(Node::Storage(id))?;
                }
                b'R' => self.reduce()?,
                b'b' => {
                    // State of an object: of a module's state dict, `_metadata`, which nothing here needs.
                    self.pop()?;
                    if !matches!(self.top()?, Node::Dict { ordered: true, .. }) {
                        return Err(self.wrong("state for something that is no OrderedDict"));
                    }
                }
                other => return Err(self.wrong(format!("opcode {other:#04x}, which no such file needs"))),
            }
        }
    }

    fn reduce(&mut self) -> Result<()> {
        let (args_id, function) = (self.pop()?, self.pop()?);
        let Node::Global(function) = self.nodes[function as usize] else {
            return Err(self.wrong("a call of something that is no function"));
        };
        let Node::Tuple(args) = &self.nodes[args_id as usize] else {
            return Err(self.wrong("a call whose arguments are no tuple"));
        };
        let node = match (function, args.as_slice()) {
            (Global::OrderedDict, []) => Node::Dict { ordered: true, items: Vec::new() },
            (Global::RebuildTensor { typed }, _) => Node::Tensor { args: args_id, typed },
            (Global::RebuildParameter, &[of, requires_grad, _]) => {
                Node::Parameter { of, requires_grad: requires_grad == TRUE }
            }
            (Global::Size, &[sizes]) | (Global::Device, &[sizes, ..]) => {
                self.stack.push(sizes); // the tuple, the device's name
                return Ok(());
            }
            _ => return Err(self.wrong(format!("{function:?} with {} arguments", args.len()))),
        };
        self.push(node)
    }

    fn global(&mut self, module: &str, name: &str) -> Result<()> {
        match find(module, name) {
            Some(global) => self.push(Node::Global(global)),
            None => {
                let name = format!("{module}.{name}");
                Err(Error::Forbidden { file: self.file.into(), place: self.place(), name })
            }
        }
    }

    fn long(&mut self) -> Result<()> {
        let len = self.array::<1>()?[0];
        let digits = self.take(len.into())?;
        let fill = if digits.last().is_some_and(|&b| b >= 0x80) { 0xff } else { 0 };
        let mut wide = [fill; 8];
        if digits.len() > wide.len() {
            let what = "an integer beyond 64 bits";
            return Err(Error::unsupported(self.file, self.place(), what));
        }
        wide[..digits.len()].copy_from_slice(digits);
        self.push(Node::Int(i64::from_le_bytes(wide)))
    }

    fn string(&mut self, len: u64) -> Result<()> {
        let bytes = self.take(len)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => self.push(Node::Str(text)),
            Err(_) => Err(self.wrong("a text that is not UTF-8")),
        }
    }

    fn line(&mut self) -> Result<&'a str> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&b| b == b'\n');
        let line = end.and_then(|end| std::str::from_utf8(&rest[..end]).ok());
        let line = line.ok_or_else(|| self.wrong("a name without an end"))?;
        self.at += line.len() + 1;
        Ok(line)
    }

    fn push(&mut self, node: Node<'a>) -> Result<()> {
        if self.nodes.len() >= self.limit {
            return Err(self.wrong(format!("more than {} objects", self.limit)));
        }
        self.stack.push(self.nodes.len() as Id);
        self.nodes.push(node);
        Ok(())
    }

    /// The stack's top, if the innermost mark is not above it.
    fn last(&self) -> Result<Id> {
        match self.stack.last() {
            Some(&id) if self.stack.len() > self.marks.last().map_or(0, |&m| m as usize) => Ok(id),
            _ => Err(self.wrong("it takes more from the stack than there is")),
        }
    }

    fn pop(&mut self) -> Result<Id> {
        let id = self.last()?;
        self.stack.pop();
        Ok(id)
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>> {
        let mark = self.marks.pop().ok_or_else(|| self.wrong("no mark on the stack"))?;
        Ok(self.stack.split_off(mark as usize))
    }

    fn top(&mut self) -> Result<&mut Node<'a>> {
        let id = self.last()?;
        Ok(&mut self.nodes[id as usize])
    }

    fn list(&mut self) -> Result<&mut Vec<Id>> {
        let wrong = self.wrong("items for something that is no list");
        if let Node::List(items) = self.top()? { Ok(items) } else { Err(wrong) }
    }

    fn dict(&mut self) -> Result<&mut Vec<(Id, Id)>> {
        let wrong = self.wrong("entries for something that is no dict");
        if let Node::Dict { items, .. } = self.top()? { Ok(items) } else { Err(wrong) }
    }

    fn memoize(&mut self, slot: u32) -> Result<()> {
        let id = self.last()?;
        self.memo.insert(slot, id);
        if self.memo.len() > self.limit {
            return Err(self.wrong(format!("more than {} objects to remember", self.limit)));
        }
        Ok(())
    }

    fn recall(&mut self, slot: u32) -> Result<()> {
        match self.memo.get(&slot) {
            Some(&id) => self.stack.push(id),
            None => return Err(self.wrong(format!("nothing was remembered as {slot}"))),
        }
        Ok(())
    }

    fn take(&mut self, len: u64) -> Result<&'a [u8]> {
        let end = usize::try_from(len).ok().and_then(|len| self.at.checked_add(len));
        let part = end.and_then(|end| self.bytes.get(self.at..end));
        let part = part.ok_or_else(|| self.wrong("cut short"))?;
        self.at += part.len();
        Ok(part)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(*self.take(N as u64)?.first_chunk().expect("N bytes were taken"))
    }

    fn place(&self) -> Place {
        Place::Inside("data.pkl".into(), self.op as u64)
    }

    fn wrong(&self, problem: impl Into<String>) -> Error {
        Error::malformed(self.file, self.place(), problem)
    }
}
