//! PyTorch's own files in, every value of them; checkpoints out and in again.

use autograd::{Tensor, s};
use formats::{Dict, StateDict, Value, pt};
use parity::sizes;
use tensor_core::{DType, HostData};

fn cpu() -> tensor_core::Device {
    backend_cpu::device()
}

fn fixture(name: &str) -> formats::Loaded<Value> {
    pt::load(parity::folder().join(name), &cpu()).unwrap_or_else(|e| panic!("{e}"))
}

fn same(a: &Tensor, b: &Tensor) -> bool {
    // Through text, so that NaN equals NaN and −0 differs from 0.
    a.shape() == b.shape() && format!("{:?}", a.to_host().unwrap()) == format!("{:?}", b.to_host().unwrap())
}

#[test]
fn misc_tensors_have_pytorch_s_values_strides_and_offsets() {
    let file = fixture("misc_tensors.pt");
    let want = parity::load("files.json")["misc_tensors"].clone();
    let want = want.as_object().unwrap();
    assert_eq!(file.as_dict().unwrap().len(), want.len());
    for (name, want) in want {
        let tensor = file.get(name.as_str()).and_then(Value::as_tensor).unwrap_or_else(|| panic!("{name}"));
        assert_eq!(tensor.shape().dims(), sizes(&want["shape"]), "{name}");
        let values: Vec<f64> =
            want["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
        if tensor.dtype() == DType::F32 {
            let values: Vec<f32> = values.iter().map(|&v| v as f32).collect();
            assert_eq!(tensor.to_vec::<f32>(), values, "{name}");
        } else {
            assert_eq!(tensor.to_vec::<f64>(), values, "{name}");
        }
        let layout = tensor.raw().layout();
        let strides: Vec<usize> = layout.strides().iter().map(|&stride| stride as usize).collect();
        assert_eq!(strides, sizes(&want["stride"]), "{name}");
        assert_eq!(layout.offset() as u64, want["storage_offset"].as_u64().unwrap(), "{name}");
        let dtype = match want["dtype"].as_str().unwrap() {
            "f16" | "bf16" | "f32" => DType::F32,
            "f64" => DType::F64,
            "i8" | "i16" | "i32" => DType::I32,
            "i64" => DType::I64,
            "u8" => DType::U8,
            "bool" => DType::Bool,
            other => panic!("{other}"),
        };
        assert_eq!(tensor.dtype(), dtype, "{name}");
    }
    let widened: Vec<String> = file.conversions.iter().map(ToString::to_string).collect();
    assert_eq!(
        widened,
        [
            "f16: float16 became float32",
            "bf16: bfloat16 became float32",
            "i16: int16 became int32",
            "i8: int8 became int32"
        ]
    );
    let tensor = |name: &str| file.get(name).and_then(Value::as_tensor).unwrap();
    assert!(tensor("parameter").is_parameter() && tensor("parameter").requires_grad());
    assert!(!tensor("f32").requires_grad());
    // Views of one memory are views of one memory here.
    tensor("matrix").i(s![1, 1]).fill_(-1);
    assert_eq!(tensor("transposed").i(s![1, 1]).item::<f32>(), -1.0);
    assert_eq!(tensor("slice").to_vec::<f32>(), [-1.0, 6.0, 7.0, 8.0]);
}

#[test]
fn the_state_dict_equals_its_safetensors_twin() {
    let state = fixture("cnn_state.pt").state_dict().unwrap();
    let twin =
        formats::safetensors::load_file(parity::folder().join("cnn_state.safetensors"), &cpu()).unwrap();
    assert_eq!(state.len(), twin.len());
    for (name, tensor) in &state {
        assert!(same(tensor, &twin[name]), "{name}");
    }
    let names: Vec<&str> = state.keys().map(String::as_str).collect();
    let order = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var"];
    assert_eq!(names[..6], order, "in the module's order");
    assert_eq!(names[6..], ["1.num_batches_tracked", "5.weight", "5.bias"]);
    let keys = parity::load("files.json")["cnn"]["keys"].clone();
    for (name, want) in keys.as_object().unwrap() {
        assert_eq!(state[name].shape().dims(), sizes(want), "{name}");
    }
}

#[test]
fn the_checkpoint_s_plain_values_are_pytorch_s() {
    let file = fixture("checkpoint.pt");
    let want = parity::load("files.json")["checkpoint"].clone();
    let get = |name: &str| file.get(name).unwrap_or_else(|| panic!("{name} is in {:?}", file.as_dict()));
    assert_eq!(get("epoch").as_i64(), want["epoch"].as_i64());
    assert_eq!(get("loss").as_f64(), want["loss"].as_f64());
    assert_eq!(get("done").as_bool(), want["done"].as_bool());
    assert!(get("best").is_none() && want["best"].is_null());
    assert_eq!(get("tags").to_string(), "['a', 'b']");
    assert_eq!(get("shape").to_string(), "(1, 28, 28)");
    let model = get("model_state_dict").state_dict().unwrap();
    assert_eq!(model.keys().collect::<Vec<_>>(), ["5.weight", "5.bias"]);
    assert_eq!(model["5.weight"].shape().dims(), [10, 676]);
    let group = &get("optimizer_state_dict").get("param_groups").and_then(Value::as_slice).unwrap()[0];
    assert_eq!(group.get("lr").and_then(Value::as_f64), Some(0.01));
    assert_eq!(group.get("params").unwrap().to_string(), "[0, 1]");
}

/// Two values as text, tensors in full, and the kinds of their containers.
fn text(value: &Value) -> String {
    match value {
        Value::Tensor(t) => format!(
            "{:?} {} {} {:?}",
            t.to_host().unwrap(),
            t.is_parameter(),
            t.requires_grad(),
            t.raw().layout()
        ),
        Value::List(v) | Value::Tuple(v) => {
            format!("{} {:?}", value.kind(), v.iter().map(text).collect::<Vec<_>>())
        }
        Value::Dict(d) | Value::OrderedDict(d) => {
            format!("{} {:?}", value.kind(), d.iter().map(|(k, v)| (k, text(v))).collect::<Vec<_>>())
        }
        other => format!("{other:?}"),
    }
}

#[test]
fn checkpoints_come_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("c.pt");
    for name in ["checkpoint.pt", "misc_tensors.pt", "cnn_state.pt"] {
        let first = fixture(name).value;
        pt::save(&first, &path).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let back = pt::load(&path, &cpu()).unwrap();
        assert_eq!(text(&back), text(&first), "{name}");
        pt::save(&back.value, &path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name}: the same values make the same bytes");
    }
}

#[test]
fn every_kind_of_value_and_number() {
    let ints = [0, 1, 255, 256, 65535, 65536, -1, i64::from(i32::MIN), 1 << 31, 1 << 40, i64::MAX, i64::MIN];
    let base = Tensor::from_vec((0..12).collect::<Vec<i32>>(), [3, 4], &cpu());
    let mut dict = Dict::new();
    dict.insert("ints", ints.to_vec());
    dict.insert("floats", vec![0.1, -0.0, f64::INFINITY, f64::MIN_POSITIVE, f64::NAN]);
    dict.insert("texts", vec!["", "é\n'\"", "日本"]);
    dict.insert("nothing", None::<i64>);
    dict.insert("empty", Value::Tuple(vec![]));
    dict.insert("one", Value::Tuple(vec![Value::from(true), Value::List(vec![]), Value::from(Dict::new())]));
    dict.insert(0, Value::OrderedDict(Dict::new()));
    dict.insert(-7, &base);
    dict.insert("rows", base.i(s![1.., ..]));
    dict.insert("expanded", Tensor::zeros([1], &cpu()).expand([3]));
    dict.insert("scalar", Tensor::from_vec(vec![2.5f64], (), &cpu()).requires_grad_(true));
    dict.insert("parameter", Tensor::zeros([2], &cpu()).into_parameter());
    dict.insert("frozen", Tensor::zeros([2], &cpu()).into_parameter().requires_grad_(false));
    dict.insert("empty tensor", Tensor::zeros([2, 0], &cpu()));
    let (value, folder) = (Value::from(dict), tempfile::tempdir().unwrap());
    let path = folder.path().join("all.pt");
    pt::save(&value, &path).unwrap();
    let back = pt::load(&path, &cpu()).unwrap();
    assert_eq!(text(&back), text(&value));
    let tensor = |name: &str| back.get(name).and_then(Value::as_tensor).unwrap().raw().buffer().clone();
    assert!(tensor("rows").same(back.get(-7).unwrap().as_tensor().unwrap().raw().buffer()), "one storage");

    // Backward strides, which PyTorch lacks, are written forward.
    pt::save(base.flip(&[1]), &path).unwrap();
    let back = pt::load(&path, &cpu()).unwrap();
    assert!(same(back.as_tensor().unwrap(), &base.flip(&[1])));
}

#[test]
fn a_state_dict_is_an_ordered_dict_and_other_values_say_what_they_are() {
    let state: StateDict = ["z", "a"]
        .map(|name| (name.to_string(), Tensor::from_vec(vec![1u8], 1, &cpu())))
        .into_iter()
        .collect();
    let value = Value::from(&state);
    assert_eq!(value.kind(), "an OrderedDict");
    assert_eq!(value.state_dict().unwrap().keys().collect::<Vec<_>>(), ["z", "a"]);
    let mut dict = Dict::new();
    dict.insert("epoch", 3);
    let error = Value::from(dict).state_dict().unwrap_err().to_string();
    assert_eq!(error, "\"epoch\" is an int, not a tensor under a name");
    assert_eq!(
        Value::from(3).state_dict().unwrap_err().to_string(),
        "\"the value\" is an int, not a dict of tensors"
    );
}

#[test]
fn newer_types_come_as_untyped_storages() {
    // torch.save({'w': tensor([1, 65535], dtype=torch.uint16)}): `_rebuild_tensor_v3`.
    let hooks = b"ccollections\nOrderedDict\n)R".to_vec();
    let storage = common::tuple(&[
        common::text("storage"),
        b"ctorch.storage\nUntypedStorage\n".to_vec(),
        common::text("0"),
        common::text("cpu"),
        common::int(4),
    ]);
    let args = common::tuple(&[
        [storage, b"Q".to_vec()].concat(),
        common::int(0),
        common::tuple(&[common::int(2)]),
        common::tuple(&[common::int(1)]),
        vec![0x89],
        hooks,
        b"ctorch\nuint16\n".to_vec(),
    ]);
    let pickle =
        [&[0x80, 2][..], b"}", &common::text("w"), b"ctorch._utils\n_rebuild_tensor_v3\n", &args, b"Rs."]
            .concat();
    let bytes = common::zip(&[("m/data.pkl", &pickle), ("m/data/0", &[1, 0, 0xff, 0xff])]);
    let file = pt::from_bytes("m.pt", &bytes, &cpu()).unwrap();
    assert_eq!(file.get("w").unwrap().as_tensor().unwrap().to_host().unwrap(), HostData::I32(vec![1, 65535]));
    assert_eq!(file.conversions[0].to_string(), "w: uint16 became int32");
    // A big-endian machine's file.
    let bytes =
        common::zip(&[("m/data.pkl", &pickle), ("m/byteorder", b"big"), ("m/data/0", &[0, 1, 0xff, 0xff])]);
    let file = pt::from_bytes("m.pt", &bytes, &cpu()).unwrap();
    assert_eq!(file.get("w").unwrap().as_tensor().unwrap().to_host().unwrap(), HostData::I32(vec![1, 65535]));
}

mod common;
