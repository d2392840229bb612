//! JSON into Python values.

use crate::python::Value;
use serde_json::Value as Json;

/// A JSON value as Python would hold it.
pub fn to_value(json: &Json) -> Value {
    match json {
        Json::Null => Value::None,
        Json::Bool(v) => Value::Bool(*v),
        Json::Number(n) => {
            n.as_i64().map_or_else(|| Value::Float(n.as_f64().unwrap_or(f64::NAN)), Value::Int)
        }
        Json::String(s) => Value::from(s.as_str()),
        Json::Array(items) => Value::list(items.iter().map(to_value).collect()),
        Json::Object(map) => Value::from(Json::Object(map.clone()).to_string()),
    }
}

/// An object's fields as keyword arguments.
pub fn fields(json: &Json) -> Vec<(String, Value)> {
    let map = json.as_object().into_iter().flatten();
    map.map(|(name, value)| (name.clone(), to_value(value))).collect()
}
