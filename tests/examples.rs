//! The examples, run as their readers run them, with what they print held to what it must be.

mod common;

use common::{example, printed, refused};

#[test]
fn tensors_prints_what_pytorch_prints() {
    assert_eq!(printed(&mut example("tensors")), include_str!("golden/tensors.txt"));
}

#[test]
fn linear_regression_agrees_with_nalgebra() {
    let out = printed(example("linear_regression").arg("--quick"));
    assert!(out.contains("β = tensor([ 0.7518,  0.3491,  0.3506, -0.0825, -0.4613])"), "{out}");
    assert!(out.ends_with("both agree to 0.0001\n"), "{out}");
}

#[test]
fn custom_function_fits_the_sine() {
    let out = printed(&mut example("custom_function"));
    assert!(out.starts_with("the gradient rule agrees with differences\n"), "{out}");
    // PyTorch's tutorial ends at the same numbers.
    assert!(out.contains("step 2000  loss 8.94") && out.contains("-2.2085·P3"), "{out}");
}

#[test]
fn custom_model_learns_and_survives_its_file() {
    let out = printed(&mut example("custom_model"));
    let last = out.lines().last().expect("some output");
    let percent: f64 = last.rsplit(' ').nth(1).and_then(|p| p.parse().ok()).expect("a percentage");
    assert!(last.starts_with("saved, loaded again: test accuracy") && percent >= 97.0, "{out}");
}

#[test]
fn from_pytorch_gives_pytorchs_predictions() {
    printed(&mut example("from_pytorch"));
}

#[test]
fn mnist_learns_from_the_embedded_digits() {
    let json = std::env::temp_dir().join(format!("firebrand-mnist-{}.json", std::process::id()));
    let out = printed(
        example("mnist")
            .args(["--epochs", "2", "--steps", "300", "--opt", "adam", "--lr", "0.001"])
            .arg("--json")
            .arg(&json),
    );
    assert!(out.contains("60000 training images; the first is a 5:"), "{out}");
    assert!(
        out.contains("images per class: [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]"),
        "{out}"
    );
    let last = out.lines().last().expect("some output");
    let words: Vec<&str> = last.split(' ').collect();
    let [_, _, percent, _, count, "in", seconds, "s"] = words[..] else { panic!("the last line is {last}") };
    let percent: f64 = percent.parse().expect("a percentage");
    assert!(last.starts_with("test accuracy ") && count.ends_with("/10000)"), "{last}");
    assert!(percent > 90.0, "{last}");
    assert!(seconds.parse::<f64>().is_ok(), "{last}");

    let line = std::fs::read_to_string(&json).expect("the JSON file");
    std::fs::remove_file(&json).expect("it is ours");
    let value: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
    for key in ["peer", "backend", "hidden", "batch", "opt", "ms_per_step", "loss", "acc"] {
        assert!(value.get(key).is_some(), "no {key} in {line}");
    }
    assert_eq!(value["ms_per_step"].as_array().expect("a list").len(), 2);
}

#[test]
fn mnist_in_double_precision_prints_pytorchs_every_digit() {
    let out = printed(example("mnist").args(["--double", "--epochs", "2", "--device", "cpu"]));
    // What examples/pytorch/mnist.py --double --epochs 2 prints with PyTorch 2.15, but for the times.
    let want = include_str!("golden/mnist_double.txt");
    let timeless = |text: &str| -> Vec<String> {
        let ends = [" %  ", ") in "];
        let of_line =
            |line: &str| ends.iter().fold(line, |l, end| l.split(end).next().unwrap_or(l)).trim_end().into();
        text.lines().map(of_line).collect()
    };
    assert!(want.contains("epoch  2  loss 0.2869039366  test accuracy 91.72 %"), "{want}");
    assert_eq!(timeless(&out), timeless(want));
}

#[test]
fn mnist_refuses_what_it_cannot_use() {
    let absent = refused(example("mnist").args(["--data", "no/such/folder"]));
    assert_eq!(
        absent,
        "error: no train-images-idx3-ubyte (plain or .gz) in no/such/folder; a data folder holds the four MNIST files\n"
    );
    assert!(refused(example("mnist").args(["--opt", "magic"])).contains("[possible values: sgd, adam]"));
    assert!(refused(example("mnist").args(["--batch", "0"])).contains("0 is not in 1.."));
    let unwritable =
        refused(example("mnist").args(["--epochs", "1", "--steps", "1", "--json", "no/such/folder/x.json"]));
    assert!(unwritable.starts_with("error: no/such/folder/x.json: "), "{unwritable}");
}
