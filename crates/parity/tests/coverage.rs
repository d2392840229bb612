//! The equivalence table is what the registry prints; what it maps is found by name.

use parity::registry::{coverage, registry};

#[test]
fn the_committed_table_is_the_registrys() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/from-pytorch.md");
    let committed = std::fs::read_to_string(path).unwrap_or_default();
    if std::env::var_os("FIREBRAND_WRITE_DOCS").is_some() {
        std::fs::write(path, coverage()).expect("the folder docs exists");
        return;
    }
    assert!(
        committed == coverage(),
        "docs/from-pytorch.md is not what the registry prints: run this test with FIREBRAND_WRITE_DOCS=1"
    );
}

#[test]
fn names_are_found_under_every_home() {
    for path in
        ["torch.exp", "Tensor.exp", "F.cross_entropy", "Tensor.sum", "nn.Linear", "optim.SGD", "linalg.inv"]
    {
        assert!(registry().contains_key(path), "{path}");
    }
    assert!(registry().len() > 500, "{}", registry().len());
}

#[test]
fn no_form_hides_another_of_the_same_parameters() {
    for (path, function) in registry() {
        let signatures = function.signatures();
        for (i, signature) in signatures.iter().enumerate() {
            let twice = signatures[..i].iter().filter(|s| *s == signature).count();
            // Forms that differ only in types are tried in order; more than three would be a mistake.
            assert!(twice < 3, "{path}: {signature}");
        }
    }
}
