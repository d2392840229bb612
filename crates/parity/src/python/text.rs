//! Values as Python prints them.

use super::Value;
use tensor_core::DType;

/// `repr(v)` of a Python float: the shortest digits that read back, exponents from 1e16 and below 1e-4.
pub fn python_float(v: f64) -> String {
    if v.is_nan() {
        return "nan".into();
    }
    if v.is_infinite() {
        return if v > 0.0 { "inf".into() } else { "-inf".into() };
    }
    let magnitude = v.abs();
    if magnitude != 0.0 && !(1e-4..1e16).contains(&magnitude) {
        let text = format!("{v:e}");
        let (digits, exponent) = text.split_once('e').expect("an exponent");
        let exponent: i32 = exponent.parse().expect("a number");
        return format!("{digits}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    format!("{v:?}")
}

/// PyTorch's name of an element type; the default integer stands for `torch.int64`.
pub(crate) fn dtype_name(dtype: DType) -> &'static str {
    if dtype == DType::I32 { "torch.int64" } else { dtype.torch_name() }
}

/// `repr(value)`.
pub fn repr(value: &Value) -> String {
    let join = |items: &[Value]| items.iter().map(repr).collect::<Vec<_>>().join(", ");
    match value {
        Value::None => "None".into(),
        Value::Bool(v) => if *v { "True" } else { "False" }.into(),
        Value::Int(v) => v.to_string(),
        Value::Float(v) => python_float(*v),
        Value::Str(v) => {
            let quote = if v.contains('\'') && !v.contains('"') { '"' } else { '\'' };
            let inner = v.replace('\\', "\\\\").replace('\n', "\\n");
            format!("{quote}{}{quote}", if quote == '\'' { inner.replace('\'', "\\'") } else { inner })
        }
        Value::List(items) => format!("[{}]", join(&items.borrow())),
        Value::Tuple(items) if items.len() == 1 => format!("({},)", repr(&items[0])),
        Value::Tuple(items) => format!("({})", join(items)),
        Value::Named(kind, items) => {
            let lines = kind.fields.iter().zip(items.iter()).map(|(f, v)| format!("{f}={}", repr(v)));
            format!("torch.return_types.{}(\n{})", kind.name, lines.collect::<Vec<_>>().join(",\n"))
        }
        Value::Dict(items) => {
            let pairs = items.borrow();
            let pairs = pairs.iter().map(|(k, v)| format!("{}: {}", repr(k), repr(v)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
        Value::Size(shape) => {
            let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
            format!("torch.Size([{}])", sizes.join(", "))
        }
        Value::Slice(parts) => format!("slice({})", join(&**parts)),
        Value::Ellipsis => "Ellipsis".into(),
        Value::Tensor(t) => t.to_string(),
        Value::DType(d) => dtype_name(*d).into(),
        Value::Device(d) => format!("{d:?}"),
        Value::Generator(_) => "<torch._C.Generator object>".into(),
        Value::Module(m) => m.get().repr(),
        Value::Loss(l) => l.repr().into(),
        Value::Optimizer(o) => o.borrow().repr(),
        Value::Scheduler(..) => "<torch.optim.lr_scheduler object>".into(),
        Value::Function(f) => format!("<built-in function {}>", f.short_name()),
        Value::Method(of, f) => format!("<built-in method {} of {} object>", f.short_name(), of.type_name()),
        Value::Namespace(name) => format!("<module '{name}'>"),
        Value::GradMode(_) => "<torch.no_grad object>".into(),
    }
}

/// `str(value)`, as `print` writes it.
pub fn str_of(value: &Value) -> String {
    match value {
        Value::Str(v) => v.to_string(),
        other => repr(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_print_as_python_prints_them() {
        for (v, text) in [
            (1.0, "1.0"),
            (0.1, "0.1"),
            (1e-5, "1e-05"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (0.0001, "0.0001"),
            (0.6931471824645996, "0.6931471824645996"),
            (-0.0, "-0.0"),
            (f64::INFINITY, "inf"),
            (1e15, "1000000000000000.0"),
        ] {
            assert_eq!(python_float(v), text);
        }
    }

    #[test]
    fn containers_print_as_python_prints_them() {
        let one = Value::tuple(vec![Value::Int(1)]);
        assert_eq!(repr(&Value::list(vec![one, Value::from("it's")])), "[(1,), \"it's\"]");
        assert_eq!(repr(&Value::Size(tensor_core::Shape::new(&[2, 3]))), "torch.Size([2, 3])");
    }
}
