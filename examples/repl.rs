//! PyTorch's own lines, with no Python installed: type `torch.randn(3, 3)`, see what PyTorch prints.
//!
//! ```text
//! cargo run --release -p firebrand-parity --example repl
//! >>> x = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
//! >>> (x ** 2).sum().backward()
//! >>> x.grad
//! tensor([2., 4., 6.])
//! ```
//! Lines are kept in `~/.firebrand_history`. A block (`for …:`, `with …:`) ends with an empty line.

use parity::python::{Session, is_incomplete};
use rustyline::error::ReadlineError;
use rustyline::{DefaultEditor, Result};

fn main() -> Result<()> {
    let mut editor = DefaultEditor::new()?;
    let history = std::env::home_dir().map(|home| home.join(".firebrand_history"));
    if let Some(file) = &history {
        let _ = editor.load_history(file); // none at first
    }
    println!(
        "Firebrand {}: torch, nn, F, optim and math are imported; Ctrl-D leaves.",
        env!("CARGO_PKG_VERSION")
    );
    let mut session = Session::new();
    let mut pending = String::new();
    loop {
        match editor.readline(if pending.is_empty() { ">>> " } else { "... " }) {
            Ok(line) => {
                pending.push_str(&line);
                pending.push('\n');
                if is_incomplete(&pending) {
                    continue;
                }
                let source = std::mem::take(&mut pending);
                if source.trim().is_empty() {
                    continue;
                }
                editor.add_history_entry(source.trim_end())?;
                let (printed, outcome) = session.interact(&source);
                print!("{printed}");
                if let Err(error) = outcome {
                    eprintln!("{error}");
                }
            }
            Err(ReadlineError::Interrupted) => pending.clear(),
            Err(ReadlineError::Eof) => break,
            Err(error) => return Err(error),
        }
    }
    if let Some(file) = &history
        && let Err(error) = editor.save_history(file)
    {
        eprintln!("the history is not kept: {error}");
    }
    Ok(())
}
