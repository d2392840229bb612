//! What the methods of [`Module`](crate::Module) do with a module's tensors and parts. The trait only hands over its
//! lists, so that a module, of which there are many kinds, costs little to compile.

use crate::module::{Module, Role};
use crate::state::StateDict;
use autograd::Tensor;
use tensor_core::{DType, Device, Result, check};

/// A tensor of a module, its name and its role.
type Own<'a> = (&'a str, &'a Tensor, Role);
/// The same with a dotted name, of a module or a part of it.
type Named = (String, Tensor, Role);

/// Every tensor with its dotted name, a module's own before its parts'.
pub(crate) fn named(own: Vec<Own>, parts: Vec<(String, &dyn Module)>) -> Vec<Named> {
    let mut all: Vec<Named> = Vec::new();
    for (name, t, role) in own {
        all.push((name.to_string(), t.clone(), role));
    }
    for (part, module) in parts {
        for (name, t, role) in module.named_tensors() {
            all.push((format!("{part}.{name}"), t, role));
        }
    }
    all
}

/// The parameters among them; one that several parts share counts once, under its first name.
pub(crate) fn parameters(all: Vec<Named>) -> Vec<(String, Tensor)> {
    let mut found: Vec<(String, Tensor)> = Vec::new();
    for (name, tensor, role) in all {
        if role == Role::Parameter && !found.iter().any(|(_, known)| known.is(&tensor)) {
            found.push((name, tensor));
        }
    }
    found
}

/// Without their names.
pub(crate) fn unnamed(all: Vec<(String, Tensor)>) -> Vec<Tensor> {
    all.into_iter().map(|(_, t)| t).collect()
}

/// The buffers among them.
pub(crate) fn buffers(all: Vec<Named>) -> Vec<(String, Tensor)> {
    let buffers = all.into_iter().filter(|(_, _, role)| *role == Role::Buffer);
    buffers.map(|(name, t, _)| (name, t)).collect()
}

/// How many numbers there are in all.
pub(crate) fn numel(all: &[Tensor]) -> usize {
    all.iter().map(Tensor::numel).sum()
}

/// Forgets all gradients.
pub(crate) fn zero_grad(all: &[Tensor]) {
    all.iter().for_each(Tensor::zero_grad);
}

/// Makes all ask for gradients, or freezes them.
pub(crate) fn requires_grad(all: Vec<Tensor>, requires_grad: bool) {
    for tensor in all {
        tensor.requires_grad_(requires_grad);
    }
}

/// Copies by name.
pub(crate) fn copies(all: Vec<Named>) -> StateDict {
    all.into_iter().map(|(name, t, _)| (name, t.detach().copy())).collect()
}

/// Whether all parts are in training mode.
pub(crate) fn all_train(parts: &[(String, &dyn Module)]) -> bool {
    parts.iter().all(|(_, part)| part.is_training())
}

/// Sets the mode of parts.
pub(crate) fn set_mode(parts: &[(String, &dyn Module)], training: bool) {
    parts.iter().for_each(|(_, part)| part.set_mode(training));
}

/// `Name(extra)`, or one line for each part.
pub(crate) fn repr(name: String, extra: String, parts: Vec<(String, &dyn Module)>) -> String {
    print(&name, &extra, parts.into_iter().map(|(name, part)| (name, part.repr())).collect())
}

/// The same of what the parts print, by name.
pub(crate) fn print(name: &str, extra: &str, parts: Vec<(String, String)>) -> String {
    if parts.is_empty() {
        return format!("{name}({extra})");
    }
    let mut text = format!("{name}(\n");
    if !extra.is_empty() {
        text += &format!("  {extra}\n");
    }
    for (part, lines) in parts {
        text += &format!("  ({part}): {}\n", lines.replace('\n', "\n  "));
    }
    text + ")"
}

/// Visits a module and its parts, outermost first, by dotted name.
pub(crate) fn walk<'a>(prefix: &str, module: &'a dyn Module, f: &mut dyn FnMut(&str, &'a dyn Module)) {
    f(prefix, module);
    for (name, child) in module.children() {
        let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        walk(&name, child, f);
    }
}

/// Calls `f` on every part, and last on the module itself.
pub(crate) fn visit(module: &dyn Module, f: &mut dyn FnMut(&dyn Module)) {
    module.children().into_iter().for_each(|(_, child)| visit(child, f));
    f(module);
}

/// Panics unless a module gives as many of its tensors and parts to be changed as it shows: one of the user's own that
/// left some out would silently stay as it is.
#[track_caller]
pub(crate) fn same_lists(name: &str, shown: [usize; 2], given: [usize; 2]) {
    for (what, (shown, given)) in ["tensors", "children"].into_iter().zip(shown.into_iter().zip(given)) {
        if shown != given {
            let problem = format_args!("{what}() lists {shown}, {what}_mut() {given}");
            check::fail(name, problem, "implement both, with the same entries");
        }
    }
}

/// What makes a tensor of another.
pub(crate) type Convert<'a> = dyn FnMut(&Tensor) -> Result<Tensor> + 'a;

/// Replaces tensors by what `f` makes of them.
pub(crate) fn replace(tensors: Vec<&mut Tensor>, f: &mut Convert) -> Result<()> {
    tensors.into_iter().try_for_each(|tensor| f(tensor).map(|new| *tensor = new))
}

/// Replaces the tensors of parts.
#[track_caller]
pub(crate) fn replace_in(parts: Vec<&mut dyn Module>, f: &mut Convert) -> Result<()> {
    for part in parts {
        part.replace_tensors(f)?;
    }
    Ok(())
}

/// A replacement for [`Module::replace_tensors`] that keeps what a tensor is, and makes one of one.
fn converted<'a>(
    convert: impl Fn(&Tensor) -> Result<Tensor> + 'a,
) -> impl FnMut(&Tensor) -> Result<Tensor> + 'a {
    let mut done: Vec<(Tensor, Tensor)> = Vec::new();
    move |old| {
        if let Some((_, new)) = done.iter().find(|(known, _)| known.is(old)) {
            return Ok(new.clone());
        }
        let mut new = convert(&old.detach())?;
        if old.is_parameter() {
            new = new.into_parameter().requires_grad_(old.requires_grad());
        }
        done.push((old.clone(), new.clone()));
        Ok(new)
    }
}

/// [`converted`] to memory of its own.
pub(crate) fn copied() -> impl FnMut(&Tensor) -> Result<Tensor> {
    converted(|t| Ok(t.copy()))
}

/// [`converted`] to floats of another type.
pub(crate) fn cast(dtype: DType) -> impl FnMut(&Tensor) -> Result<Tensor> {
    converted(move |t| Ok(if t.dtype().is_float() { t.to_dtype(dtype) } else { t.clone() }))
}

/// [`converted`] to another device's memory.
pub(crate) fn moved(device: &Device) -> impl FnMut(&Tensor) -> Result<Tensor> {
    // A count of batches is an int64 on the CPU, and the default integer where there is no int64.
    let narrow = |t: &Tensor| t.dtype() == DType::I64 && !device.supports(DType::I64);
    converted(move |t| if narrow(t) { t.to_dtype(DType::I32).to(device) } else { t.to(device) })
}
