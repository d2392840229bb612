//! The coverage table: the registry as Markdown.

use super::arguments::signature;
use super::{Entry, SECTIONS, full_name};
use std::fmt::Write;

/// The name as a table shows it: `torch.exp`, `x.exp`, `F.relu`.
fn heads(form: &Entry) -> String {
    let mut names = Vec::new();
    let method = |home| format!("{home}.{}", signature(form.name, form.params.get(1..).unwrap_or(&[])));
    for home in form.homes.split(' ') {
        let property = home.ends_with('!');
        let home = home.trim_end_matches('!');
        names.push(match (home, property) {
            ("builtins", _) => signature(form.name, form.params),
            (_, true) => format!("{home}.{}", form.name),
            ("nn.utils", _) => format!("{}.{}", full_name(home), signature(form.name, form.params)),
            ("Tensor" | "optim.Optimizer" | "LRScheduler" | "torch.Generator" | "list", _) => method(home),
            _ if home.starts_with("nn.") => method(home),
            ("F" | "nn" | "optim" | "lr_scheduler" | "math", _) => {
                format!("{home}.{}", signature(form.name, form.params))
            }
            _ => format!("{}.{}", full_name(home), signature(form.name, form.params)),
        });
    }
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

const HEAD: &str = "\
# From PyTorch to Firebrand

This table is printed by the registry of `crates/parity`: the right-hand side is the code that runs when
the left-hand side is called there, by the fixtures of `cargo xtask parity` and in `examples/repl`. A test
(`crates/parity/tests/coverage.rs`) holds this file to it.

Reading it: `torch` is the crate `firebrand` (`use firebrand as torch`), `device()` its default device;
parameters keep PyTorch's names, and a few small types stand between Python's arguments and Rust's
(`Dims` is one or several dimensions, `Each` one size or one for each dimension). `**options` are `dtype=`,
`device=`, `requires_grad=` and `generator=`: in Rust, the last argument of a creation function, or
`.to_dtype(…)` and `.requires_grad_(true)`. `torch.int64` is `DType::I32`, the default integer, unless
asked for: see `docs/parity.md`.
";

/// The table of `docs/from-pytorch.md`: every form of every name, and the code that runs for it.
pub fn coverage() -> String {
    let mut out = String::from(HEAD);
    for (title, section) in SECTIONS {
        let _ = write!(out, "\n## {title}\n\n| PyTorch | Firebrand |\n|---|---|\n");
        for form in section() {
            if form.name.starts_with("__") {
                continue;
            }
            let rust = form.rust.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|");
            let _ = writeln!(out, "| {} | `{rust}` |", heads(&form));
        }
    }
    out
}
