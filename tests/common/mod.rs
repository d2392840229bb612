//! Running examples: found beside the test's own program, with what they say.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::path::PathBuf;
use std::process::{Command, Output};

/// An example's program, which cargo built beside this test's own.
pub fn example(name: &str) -> Command {
    let mut folder: PathBuf = std::env::current_exe().expect("this program has a path");
    folder.pop(); // deps
    folder.pop();
    let path = folder.join("examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.is_file(), "{} is not built", path.display());
    let mut command = Command::new(path);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("FIREBRAND_DEVICE");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("examples print UTF-8")
}

/// Runs an example that must succeed; what it printed.
pub fn printed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().expect("the example runs");
    assert!(status.success(), "{status}\n{}{}", text(&stdout), text(&stderr));
    text(&stdout)
}

/// Runs an example that must fail with one clear line; that line.
pub fn refused(command: &mut Command) -> String {
    let Output { status, stderr, .. } = command.output().expect("the example runs");
    assert!(!status.success(), "it succeeded");
    let message = text(&stderr);
    assert!(!message.contains("panicked"), "a panic is no message: {message}");
    message
}
