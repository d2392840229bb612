//! `rng.json`: draws and the generator's state after them, word for word.
//!
//! Each operation of a fixture is a line of Python over the registry, so layers and initialisers are
//! made as a user makes them. Loaders and splits are Firebrand's own types.

use super::{Fixture, Outcome, Rule, Tally, compare, fields, id, list};
use crate::fixture::{decode, element_bytes, fnv1a64, from_safetensors, sizes};
use crate::python::{Session, Value};
use crate::registry::lookup;
use autograd::Tensor;
use data::{DataLoader, Dataset, RandomSampler, random_split, random_split_fractions};
use firebrand::{default_generator, manual_seed};
use safetensors::SafeTensors;
use serde_json::Value as Json;
use tensor_core::random::Generator;
use tensor_core::{DType, HostData, Shape};

/// The Python that an operation stands for; its arguments are variables.
fn python(op: &str, args: &Json) -> Option<String> {
    let has = |key: &str| !args[key].is_null();
    let given = |pairs: &[(&str, &str)]| -> String {
        let words = pairs.iter().filter(|(key, _)| has(key)).map(|(_, text)| *text);
        words.collect::<Vec<_>>().join(", ")
    };
    let layer = |positional: &str, pairs: &[(&str, &str)]| {
        let rest = given(pairs);
        let comma = if rest.is_empty() { "" } else { ", " };
        format!("{op}({positional}{comma}{rest})")
    };
    let filled = |pairs: &[(&str, &str)]| {
        let rest = given(pairs);
        let comma = if rest.is_empty() { "" } else { ", " };
        format!("nn.init.{op}(torch.zeros(shape){comma}{rest})")
    };
    let conv = [("stride", "stride=stride"), ("groups", "groups=groups"), ("bias", "bias=bias")];
    Some(match op {
        "rand" | "randn" if has("dtype") => format!("torch.{op}(shape, dtype=dtype)"),
        "rand" | "randn" => format!("torch.{op}(shape)"),
        "uniform_" => "torch.zeros(shape).uniform_(low, to)".into(),
        "normal_" => "torch.zeros(shape).normal_(mean, std)".into(),
        "normal_transposed_view" => "torch.zeros(shape).t().normal_()".into(),
        "bernoulli_" => "torch.zeros(shape).bernoulli_(p).bool()".into(),
        "bernoulli" => "torch.bernoulli(torch.full(shape, p)).bool()".into(),
        "dropout_mask" => "F.dropout(torch.ones(shape), p)".into(),
        "randint" => "torch.randint(low, high, shape)".into(),
        "randperm" => "torch.randperm(n)".into(),
        "exponential_" => "torch.zeros(shape).exponential_(lambd)".into(),
        "multinomial" => "torch.multinomial(torch.tensor(probs), num_samples, replacement)".into(),
        "nn.Linear" => layer("inputs, out", &[("bias", "bias=bias")]),
        "nn.Conv1d" | "nn.Conv2d" | "nn.Conv3d" | "nn.ConvTranspose1d" | "nn.ConvTranspose2d" => {
            layer("inputs, out, kernel", &conv)
        }
        "nn.Embedding" => layer("n, dim", &[("padding_idx", "padding_idx=padding_idx")]),
        "nn.RNN" | "nn.LSTM" | "nn.GRU" => layer(
            "inputs, hidden",
            &[
                ("layers", "num_layers=layers"),
                ("bidirectional", "bidirectional=bidirectional"),
                ("bias", "bias=bias"),
            ],
        ),
        "nn.MultiheadAttention" => layer("dim, heads", &[]),
        _ if op.starts_with("nn.") && has("n") => layer("n", &[]),
        "kaiming_uniform_" | "kaiming_normal_" => {
            filled(&[("a", "a=a"), ("mode", "mode=mode"), ("nonlinearity", "nonlinearity=nonlinearity")])
        }
        "xavier_uniform_" | "xavier_normal_" => filled(&[("gain", "gain=gain")]),
        "trunc_normal_" => filled(&[("mean", "mean=mean"), ("std", "std=std"), ("a", "a=a"), ("b", "b=b")]),
        _ => {
            let keys = args.as_object().into_iter().flatten().map(|(k, _)| k.as_str());
            let rest: Vec<String> =
                keys.filter(|k| *k != "shape").map(|k| format!("{k}={}", variable(k))).collect();
            let all = |first: &str| [&[first.to_string()], &rest[..]].concat().join(", ");
            match op {
                _ if lookup("init", op).is_some() => format!("nn.init.{op}({})", all("torch.zeros(shape)")),
                _ if op.ends_with('_') => format!("torch.zeros(shape).{op}({})", rest.join(", ")),
                _ if op.ends_with("_like") => format!("torch.{op}({})", all("torch.zeros(shape)")),
                _ if lookup("torch", op).is_some() && has("shape") => {
                    format!("torch.{op}({}, size=shape)", rest.join(", "))
                }
                _ => return None,
            }
        }
    })
}

/// An argument's name as a variable, which Python's keywords cannot be.
fn variable(name: &str) -> &str {
    match name {
        "in" => "inputs",
        "from" => "low",
        other => other,
    }
}

fn evaluate(op: &str, args: &Json) -> Result<Value, String> {
    let line = python(op, args).ok_or_else(|| format!("operation '{op}' is not known"))?;
    let mut session = Session::new();
    for (name, value) in fields(args) {
        let dtype = |s: &str| match s {
            "f32" => DType::F32,
            _ => DType::F64,
        };
        let value = match (name.as_str(), &value) {
            ("dtype", Value::Str(s)) => Value::DType(dtype(s)),
            _ => value,
        };
        session.set(variable(&name), value);
    }
    session.eval(&line).map_err(|e| format!("{line}: {e}"))
}

/// Compares with `{dtype, shape, bits | data}`, or with a checksum and both ends of a long array.
fn matches(what: &str, got: &Tensor, want: &Json) -> Outcome {
    if want["fnv1a64"].is_null() {
        let (shape, data) = decode(want);
        return compare(what, got, &shape, &data, Rule::EXACT);
    }
    let ends = |key: &str| {
        let values = want[key].clone();
        let (key, count) = if want["dtype"].as_str().is_some_and(|d| d.starts_with('f')) {
            ("bits", list(want, key).len())
        } else {
            ("data", list(want, key).len())
        };
        decode(&serde_json::json!({"dtype": want["dtype"], "shape": [count], key: values})).1
    };
    let (head, tail) = (ends("head"), ends("tail"));
    let n = got.numel();
    if got.shape().dims() != sizes(&want["shape"]) {
        return Err(format!("{what}: shape {}, expected {}", got.shape(), want["shape"]));
    }
    let flat = got.flatten(0, -1);
    compare(&format!("{what} head"), &flat.narrow(0, 0, head.len()), &[head.len()], &head, Rule::EXACT)?;
    let last = flat.narrow(0, n - tail.len(), tail.len());
    compare(&format!("{what} tail"), &last, &[tail.len()], &tail, Rule::EXACT)?;
    let host = got.to_host().map_err(|e| e.to_string())?.cast(head.dtype());
    let sum = format!("{:016x}", fnv1a64(element_bytes(&host)));
    let expected = want["fnv1a64"].as_str().unwrap_or("");
    if sum == expected { Ok(()) } else { Err(format!("{what}: checksum {sum}, expected {expected}")) }
}

fn step(step: &Json) -> Outcome {
    let (op, args, out) = (step["op"].as_str().ok_or("no op")?, &step["args"], &step["out"]);
    let equal = |got: Json, want: &Json, what: &str| {
        if got == *want { Ok(()) } else { Err(format!("{what}: {got}, expected {want}")) }
    };
    match op {
        "manual_seed" => {
            let seed = &args["seed"];
            let seed = seed.as_i64().map(i128::from).or(seed.as_u64().map(i128::from)).ok_or("no seed")?;
            manual_seed(seed);
            Ok(())
        }
        "raw_u32" => {
            let n = args["n"].as_u64().ok_or("no n")? as usize;
            let words: Vec<i64> = default_generator().words(n).into_iter().map(i64::from).collect();
            matches(op, &Tensor::from_vec(words, n, &firebrand::cpu()), out)
        }
        // `torch.zeros(shape, dtype=torch.int64).random_()`, whose numbers no GPU's integer holds.
        "random_i64" => {
            let zeros = Tensor::zeros(Shape::new(&sizes(&args["shape"])), (DType::I64, &firebrand::cpu()));
            zeros.random_();
            matches(op, &zeros, out)
        }
        "dataloader" => dataloader(args, out),
        "random_split" => {
            let numbers = Numbers(args["n"].as_u64().ok_or("no n")? as usize);
            let lengths = list(args, "lengths");
            let parts = if lengths.iter().all(Json::is_u64) {
                random_split(&numbers, &sizes(&args["lengths"]), None)
            } else {
                let shares: Vec<f64> = lengths.iter().filter_map(Json::as_f64).collect();
                random_split_fractions(&numbers, &shares, None)
            };
            for (k, (part, want)) in parts.iter().zip(out.as_array().ok_or("no parts")?).enumerate() {
                equal(serde_json::json!(part.indices), want, &format!("part {k}"))?;
            }
            Ok(())
        }
        _ => match evaluate(op, args)? {
            Value::Tensor(t) => matches(op, &t, out),
            Value::Module(m) => {
                let named = m.get().named_parameters();
                let want = out.as_object().ok_or("no parameters")?;
                let names: Vec<&String> = named.iter().map(|(name, _)| name).collect();
                if names.len() != want.len() {
                    return Err(format!(
                        "{op} has {names:?}, expected {:?}",
                        want.keys().collect::<Vec<_>>()
                    ));
                }
                named.iter().try_for_each(|(name, t)| matches(name, t, &out[name.as_str()]))
            }
            other => Err(format!("{op} gives a {}", other.type_name())),
        },
    }
}

/// The numbers 0 to n − 1 as a dataset.
#[derive(Clone)]
struct Numbers(usize);

impl Dataset for Numbers {
    type Batch = Vec<i64>;
    fn len(&self) -> usize {
        self.0
    }
    fn batch(&self, indices: &[i64]) -> Vec<i64> {
        indices.to_vec()
    }
}

fn dataloader(args: &Json, out: &Json) -> Outcome {
    let number = |key: &str| args[key].as_u64().map(|v| v as usize);
    let flag = |key: &str| args[key].as_bool() == Some(true);
    let n = number("n").ok_or("no n")?;
    let mut loader =
        DataLoader::new(Numbers(n), number("batch_size").unwrap_or(1)).drop_last(flag("drop_last"));
    let own = args["generator_seed"].as_i64().map(|seed| {
        let own = Generator::new();
        own.manual_seed(seed);
        own
    });
    if flag("replacement") {
        let sampler = RandomSampler::new(n).replacement(true);
        loader = loader.sampler(match number("num_samples") {
            Some(count) => sampler.num_samples(count),
            None => sampler,
        });
    } else {
        loader = loader.shuffle(flag("shuffle"));
    }
    if let Some(own) = &own {
        loader = loader.generator(own);
    }
    for (epoch, want) in list(out, "epochs").iter().enumerate() {
        // The base seed is the first int64 of the pass: a copy of the generator tells it beforehand.
        let source = own.clone().unwrap_or_else(default_generator);
        let ahead = Generator::new();
        ahead.set_state(&source.get_state()).map_err(|e| e.to_string())?;
        let base_seed = ahead.random_i64();
        let batches: Vec<Vec<i64>> = loader.iter().collect();
        let lengths: Vec<usize> = batches.iter().map(Vec::len).collect();
        let ends = serde_json::json!([lengths.first(), lengths.last(), lengths.len()]);
        if base_seed != want["base_seed"].as_i64().ok_or("no base_seed")? || ends != want["batch_sizes"] {
            return Err(format!(
                "epoch {epoch}: base seed {base_seed}, batches {ends}; expected {}, {}",
                want["base_seed"], want["batch_sizes"]
            ));
        }
        let order = batches.concat();
        let count = order.len();
        matches(
            &format!("epoch {epoch} order"),
            &Tensor::from_vec(order, count, &firebrand::cpu()),
            &want["order"],
        )?;
    }
    Ok(())
}

/// Whether the default generator stands where the fixture says.
pub(super) fn state_is(want: &Json) -> Outcome {
    let generator = default_generator();
    let (left, next, cached) = generator.position();
    // A double that a library's sine made: another library's may be an ulp or two away.
    let expected = want["cached_normal"].as_str().and_then(|s| u64::from_str_radix(s, 16).ok());
    let cached = match (cached, expected) {
        (Some(v), Some(bits)) if v.to_bits().abs_diff(bits) <= 4 => Some(format!("{bits:016x}")),
        (cached, _) => cached.map(|v| format!("{:016x}", v.to_bits())),
    };
    let got = serde_json::json!({
        "left": left, "next": next, "next_u32": generator.words(4), "cached_normal": cached,
    });
    if got == *want { Ok(()) } else { Err(format!("generator after: {got}, expected {want}")) }
}

/// Runs every program, the saved state, and the long arrays beside the file.
pub(super) fn run(fixture: &Fixture, tally: &mut Tally) {
    for case in list(&fixture.json, "cases") {
        tally.case(id(case), || {
            let seed = case["seed"].as_i64().map(i128::from).or(case["seed"].as_u64().map(i128::from));
            manual_seed(seed.ok_or("no seed")?);
            list(case, "steps").iter().try_for_each(step)?;
            state_is(&case["after"])
        });
    }
    let blob = &fixture.json["state_blob"];
    if blob.is_object() {
        tally.case("state_blob", || {
            let made =
                blob["made_by"].as_str().ok_or("no made_by")?.replace("manual_seed", "torch.manual_seed");
            let made = made.replace("rand(", "torch.rand(").replace("randn(", "torch.randn(");
            Session::new().run(&made).map_err(|e| e.to_string())?;
            let state = default_generator().get_state();
            let sum = format!("{:016x}", fnv1a64(state.iter().copied()));
            let want = blob["fnv1a64"].as_str().unwrap_or("");
            if sum == want { Ok(()) } else { Err(format!("checksum {sum}, expected {want}")) }
        });
    }
    large(fixture, tally);
}

/// `rng_large_seedS.safetensors`: `rand_N`, then `randn_N`; `randperm_N` after a fresh seed.
fn large(fixture: &Fixture, tally: &mut Tally) {
    let Ok(folder) = std::fs::read_dir(&fixture.folder) else { return };
    let mut names: Vec<String> =
        folder.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    for name in names.iter().filter(|n| fixture.name == "rng.json" && n.starts_with("rng_large_seed")) {
        tally.case(name, || {
            let seed = name["rng_large_seed".len()..].trim_end_matches(".safetensors");
            let seed: i64 = seed.parse().map_err(|_| format!("no seed in {name}"))?;
            let bytes = std::fs::read(fixture.folder.join(name)).map_err(|e| e.to_string())?;
            let file = SafeTensors::deserialize(&bytes).map_err(|e| e.to_string())?;
            let mut keys: Vec<&str> = file.names().into_iter().collect();
            keys.sort_by_key(|k| (k.starts_with("randperm"), k.starts_with("randn")));
            manual_seed(seed);
            for key in keys {
                let (shape, want): (Vec<usize>, HostData) = from_safetensors(&file, key)?;
                if key.starts_with("randperm") {
                    manual_seed(seed);
                }
                let op = key.split('_').next().unwrap_or(key);
                let args = if op == "randperm" {
                    serde_json::json!({"n": shape[0]})
                } else {
                    serde_json::json!({"shape": shape})
                };
                let Value::Tensor(got) = evaluate(op, &args)? else { return Err("not a tensor".into()) };
                compare(key, &got, &shape, &want, Rule::EXACT)?;
            }
            Ok(())
        });
    }
}
