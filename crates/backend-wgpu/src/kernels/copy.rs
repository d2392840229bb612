//! Moving elements: up, between views, between types; filling. How elements are stored is decided here.
//!
//! Floats and integers are 32-bit words; a boolean is a word of 0 or 1, so that kernels write it without a
//! race; bytes are packed four to a word, so that a set of images stays as small as on disk. Kernels that do
//! arithmetic never see bytes: they are unpacked to integers before and packed again after.

use super::{Held, code, flag, fresh, hold, hold_words, over};
use crate::device::Shared;
use crate::pipelines::{Bind, Kernel};
use crate::pool::{Block, lock};
use crate::strided::Strided;
use std::sync::Arc;
use tensor_core::{DType, Element, Error, HostData, Layout, Result, Scalar, View};

const CONVERT: Kernel = Kernel { text: firebrand_shaders::COPY, entry: "convert" };
const FILL: Kernel = Kernel { text: firebrand_shaders::COPY, entry: "fill" };
const PACK: Kernel = Kernel { text: firebrand_shaders::COPY, entry: "pack" };
const STORE_BYTES: Kernel = Kernel { text: firebrand_shaders::COPY, entry: "store_bytes" };

/// Elements up to which single numbers come from a cache of blocks instead of a kernel.
const NUMBERS: usize = 64;

/// A number as the word that stands for it.
pub fn word(value: Scalar, dtype: DType) -> u32 {
    match dtype {
        DType::F32 => f32::from_scalar(value).to_bits(),
        DType::Bool => u32::from(value.to_bool()),
        DType::U8 => u32::from(u8::from_scalar(value)),
        _ => i32::from_scalar(value) as u32,
    }
}

/// Host elements to a block.
pub fn upload(shared: &Arc<Shared>, data: &HostData) -> Result<Arc<Block>> {
    let block = match data {
        HostData::F32(v) => shared.upload(bytemuck::cast_slice(v)),
        HostData::I32(v) => shared.upload(bytemuck::cast_slice(v)),
        HostData::Bool(v) => {
            let words: Vec<u32> = v.iter().map(|&b| b.into()).collect();
            shared.upload(bytemuck::cast_slice(&words))
        }
        HostData::U8(v) if v.len().is_multiple_of(4) => shared.upload(v),
        HostData::U8(v) => {
            let mut whole = v.clone();
            whole.resize(v.len().next_multiple_of(4), 0);
            shared.upload(&whole)
        }
        HostData::F64(_) | HostData::I64(_) => {
            return Err(Error::UnsupportedDType { device: shared.name.clone(), dtype: data.dtype() });
        }
    };
    Ok(Arc::new(block?))
}

/// Where the elements of a view lie in one run of whole words: block, first byte, bytes. Copied there if
/// they do not.
pub fn run_of_words(shared: &Arc<Shared>, x: View) -> Result<(Arc<Block>, u64, u64)> {
    let held = hold(x);
    let size = if x.dtype() == DType::U8 { 1 } else { 4 };
    let (offset, bytes) = ((held.layout.offset() * size) as u64, (x.numel() * size) as u64);
    if held.layout.is_contiguous() && offset.is_multiple_of(4) {
        return Ok((held.block, offset, bytes.next_multiple_of(4)));
    }
    Ok((cast(shared, x, x.dtype())?, 0, bytes.next_multiple_of(4)))
}

/// Words that came down, as elements.
pub fn elements(bytes: &[u8], dtype: DType, len: usize) -> HostData {
    let words = || bytes.chunks_exact(4).map(|c| [c[0], c[1], c[2], c[3]]);
    match dtype {
        DType::F32 => HostData::F32(words().map(f32::from_ne_bytes).collect()),
        DType::Bool => HostData::Bool(words().map(|w| u32::from_ne_bytes(w) != 0).collect()),
        DType::U8 => HostData::U8(bytes[..len].to_vec()),
        _ => HostData::I32(words().map(i32::from_ne_bytes).collect()),
    }
}

/// `len` copies of a number.
pub fn full(shared: &Arc<Shared>, len: usize, dtype: DType, value: Scalar) -> Result<Arc<Block>> {
    let key = (dtype == DType::U8, word(value, dtype));
    if len == 1 {
        if let Some(block) = lock(&shared.numbers).get(&key) {
            return Ok(block.clone());
        }
        let block = Arc::new(shared.upload(&key.1.to_ne_bytes())?);
        let mut numbers = lock(&shared.numbers);
        if numbers.len() < NUMBERS {
            numbers.insert(key, block.clone());
        }
        return Ok(block);
    }
    let (words, value) =
        if dtype == DType::U8 { (len.div_ceil(4), key.1 * 0x0101_0101) } else { (len, key.1) };
    let block = fresh(shared, words)?;
    fill_words(shared, &block, &Layout::contiguous([words]), value)?;
    Ok(block)
}

fn fill_words(shared: &Arc<Shared>, block: &Arc<Block>, layout: &Layout, value: u32) -> Result<()> {
    let mut params = Strided::new(&[layout, layout, layout, layout]);
    params.s[0] = value;
    let constants = [("FLAT", flag(params.flat()))];
    over(shared, FILL, &constants, &[Bind::Write(2, block)], &params.words(), (params.n, 256))
}

/// In place: fills what a view sees.
pub fn fill(shared: &Arc<Shared>, dst: View, value: Scalar) -> Result<()> {
    if dst.dtype() == DType::U8 {
        let one = Held { block: full(shared, 1, DType::I32, value)?, layout: Layout::contiguous(()) };
        let layout = one.layout.expand(dst.layout.shape()).expect("a number expands to any shape");
        return store_bytes(shared, &Held { layout, ..one }, dst);
    }
    let block = storage(dst).write()?;
    fill_words(shared, &block, dst.layout, word(value, dst.dtype()))
}

fn storage<'a>(view: View<'a>) -> &'a crate::pool::GpuStorage {
    view.buffer.storage()
}

/// In place: writes `src` to where `dst` sees its buffer.
pub fn copy(shared: &Arc<Shared>, src: View, dst: View) -> Result<()> {
    let from = hold_words(shared, src)?;
    if dst.dtype() == DType::U8 {
        return store_bytes(shared, &from, dst);
    }
    // While `from` holds the block, writing to the same buffer goes to a copy of it.
    let to = storage(dst).write()?;
    let params = Strided::new(&[&from.layout, &from.layout, &from.layout, dst.layout]);
    let constants = [("FROM", 1.0), ("TO", 1.0), ("FLAT", flag(params.flat()))];
    let binds = [Bind::Read(1, &from.block), Bind::Write(2, &to)];
    over(shared, CONVERT, &constants, &binds, &params.words(), (params.n, 256))
}

/// Integers to bytes in place.
fn store_bytes(shared: &Arc<Shared>, from: &Held, dst: View) -> Result<()> {
    let to = storage(dst).write()?;
    let params = Strided::new(&[&from.layout, &from.layout, &from.layout, dst.layout]);
    let binds = [Bind::Read(1, &from.block), Bind::Write(2, &to)];
    let constants = [("FLAT", flag(params.flat()))];
    over(shared, STORE_BYTES, &constants, &binds, &params.words(), (params.n, 256))
}

/// A view's elements as another type, row-major; the same type is a copy. Not to bytes.
pub fn convert(shared: &Arc<Shared>, x: &Held, from: DType, to: DType) -> Result<Arc<Block>> {
    let out = Layout::contiguous(*x.layout.shape());
    let block = fresh(shared, out.numel())?;
    let params = Strided::new(&[&x.layout, &x.layout, &x.layout, &out]);
    // Equal types are words to be moved: one pipeline for all.
    let (from, to) = if from == to { (DType::I32, DType::I32) } else { (from, to) };
    let constants = [("FROM", code(from)), ("TO", code(to)), ("FLAT", flag(params.flat()))];
    let binds = [Bind::Read(1, &x.block), Bind::Write(2, &block)];
    over(shared, CONVERT, &constants, &binds, &params.words(), (params.n, 256))?;
    Ok(block)
}

/// Integers, row-major from the start of their block, as bytes.
pub fn pack(shared: &Arc<Shared>, words: &Arc<Block>, len: usize) -> Result<Arc<Block>> {
    let block = fresh(shared, len.div_ceil(4))?;
    let line = Layout::contiguous([len.div_ceil(4)]);
    let mut params = Strided::new(&[&line]);
    params.len = len;
    let binds = [Bind::Read(1, words), Bind::Write(2, &block)];
    over(shared, PACK, &[], &binds, &params.words(), (params.n, 256))?;
    Ok(block)
}

/// Converts elements as `Tensor.to(dtype)`.
pub fn cast(shared: &Arc<Shared>, x: View, dtype: DType) -> Result<Arc<Block>> {
    let held = hold(x);
    if dtype != DType::U8 {
        return convert(shared, &held, x.dtype(), dtype);
    }
    if x.dtype() == DType::U8 && held.layout.is_contiguous() && held.layout.offset().is_multiple_of(4) {
        let words = Layout::contiguous([x.numel().div_ceil(4)]);
        let layout = Layout::new(*words.shape(), &[1], held.layout.offset() / 4);
        return convert(shared, &Held { layout, ..held }, DType::I32, DType::I32);
    }
    let words = convert(shared, &held, x.dtype(), DType::I32)?;
    pack(shared, &words, x.numel())
}

/// A copy of a whole block.
pub fn duplicate(block: &Arc<Block>) -> Result<Arc<Block>> {
    let words = Layout::contiguous([(block.memory().size / 4) as usize]);
    convert(block.shared(), &Held { block: block.clone(), layout: words }, DType::I32, DType::I32)
}
