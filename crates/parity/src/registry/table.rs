//! The coverage table: the registry as Markdown.

use super::arguments::signature;
use super::{Entry, SECTIONS, full_name};
use std::fmt::Write;

/// The name as a table shows it: `torch.exp`, `x.exp`, `F.relu`.
fn heads(form: &Entry) -> String {
    let mut names = Vec::new();
    for home in form.homes.split(' ') {
        let property = home.ends_with('!');
        let home = home.trim_end_matches('!');
        names.push(match (home, property) {
            ("builtins", _) => signature(form.name, form.params),
            (_, true) => format!("{home}.{}", form.name),
            ("Tensor" | "nn.Module" | "optim.Optimizer" | "LRScheduler" | "torch.Generator" | "list", _) => {
                format!("{home}.{}", signature(form.name, form.params.get(1..).unwrap_or(&[])))
            }
            ("F" | "nn" | "optim" | "lr_scheduler" | "math", _) => format!("{home}.{}", signature(form.name, form.params)),
            _ => format!("{}.{}", full_name(home), signature(form.name, form.params)),
        });
    }
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// The table of `docs/from-pytorch.md`: every form of every name, and the code that runs for it.
pub fn coverage() -> String {
    let mut out = String::new();
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
