//! A tutorial's lines, typed verbatim: the answers are what PyTorch 2.15 prints for them.

use parity::python::Session;

/// `>>> line` and what PyTorch printed for it, line after line.
fn transcript(text: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match (line.strip_prefix(">>> "), pairs.last_mut()) {
            (Some(typed), _) => pairs.push((typed.to_string(), String::new())),
            (None, Some((_, answer))) => {
                answer.push_str(line);
                answer.push('\n');
            }
            (None, None) => panic!("a transcript begins with >>>"),
        }
    }
    pairs
}

#[test]
fn the_tutorials_lines_print_what_pytorch_prints() {
    let pairs = transcript(include_str!("tutorial.txt"));
    assert!(pairs.len() > 40);
    let mut session = Session::new();
    for (typed, expected) in pairs {
        let (printed, outcome) = session.interact(&typed);
        assert_eq!(outcome, Ok(()), "{typed}");
        assert_eq!(printed, expected, "{typed}");
    }
}

#[test]
fn manual_seed_answers_with_its_generator() {
    let (printed, outcome) = Session::new().interact("torch.manual_seed(0)");
    assert_eq!(outcome, Ok(()));
    assert!(printed.starts_with("<torch._C.Generator object"), "{printed}");
}

#[test]
fn mistakes_are_told_as_python_tells_them() {
    let mut session = Session::new();
    for (typed, expected) in [
        ("y", "NameError: name 'y' is not defined"),
        ("torch.nonsense(1)", "AttributeError: module 'torch' has no attribute 'nonsense'"),
        ("torch.ones(2).nonsense", "AttributeError: 'Tensor' object has no attribute 'nonsense'"),
        ("torch.ones(2)[5]", "IndexError: index: index 5 is out of range for dimension 0 of size 2"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("'a' + 1", "TypeError: unsupported operand type(s) for +: 'str' and 'int'"),
        ("torch.exp('a')", "TypeError: exp(): argument 'input' must be Tensor, not str"),
        ("torch.exp()", "TypeError: exp(): missing required argument 'input'"),
        ("torch.ones(2).sum(dim='a')", "TypeError: sum(): no form takes (Tensor, dim=str)"),
        ("import numpy", "ModuleNotFoundError: No module named 'numpy'"),
        ("a, b = torch.ones(3)", "ValueError: too many values to unpack (expected 2, got 3)"),
        (
            "if torch.ones(2): pass",
            "RuntimeError: Boolean value of Tensor with more than one value is ambiguous",
        ),
        ("torch.ones(2, 3) @ torch.ones(2, 3)", "RuntimeError: matmul: "),
        ("1 +", "SyntaxError: "),
        ("torch.inverse(torch.zeros(2, 2))", "torch._C._LinAlgError: "),
    ] {
        let (_, outcome) = session.interact(typed);
        let error = outcome.expect_err(typed).to_string();
        assert!(error.starts_with(expected), "{typed}: {error}");
    }
    // The session goes on after an error.
    assert_eq!(session.interact("1 + 1").0, "2\n");
}

#[test]
fn signatures_are_shown_when_nothing_fits() {
    let error = Session::new().eval("torch.ones(2).max('a')").expect_err("no such form").to_string();
    assert!(
        error.contains("max(input, dim, keepdim=False)") && error.contains("max(input, other)"),
        "{error}"
    );
}
