//! The Python names that a `.pt` file may use: nothing but tensors, their storages and types, and
//! containers. Whatever is not in this table is refused where it stands.

use crate::stored::Stored;

/// A name's meaning here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Global {
    OrderedDict,
    /// `torch._utils._rebuild_tensor_v2` and `_v3`, which has the element type among its arguments.
    RebuildTensor {
        typed: bool,
    },
    RebuildParameter,
    Size,
    Device,
    /// A storage's class: its element type, unless it is bytes for a `_v3`.
    Storage(Option<Stored>),
    DType(Stored),
}

/// Storage classes that older files and Firebrand write, with their element types.
const STORAGES: [(&str, Stored); 10] = [
    ("FloatStorage", Stored::F32),
    ("DoubleStorage", Stored::F64),
    ("HalfStorage", Stored::F16),
    ("BFloat16Storage", Stored::BF16),
    ("LongStorage", Stored::I64),
    ("IntStorage", Stored::I32),
    ("ShortStorage", Stored::I16),
    ("CharStorage", Stored::I8),
    ("ByteStorage", Stored::U8),
    ("BoolStorage", Stored::Bool),
];

/// What a name means, if it may be used.
pub(super) fn find(module: &str, name: &str) -> Option<Global> {
    Some(match (module, name) {
        ("collections", "OrderedDict") => Global::OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2") => Global::RebuildTensor { typed: false },
        ("torch._utils", "_rebuild_tensor_v3") => Global::RebuildTensor { typed: true },
        ("torch._utils", "_rebuild_parameter") => Global::RebuildParameter,
        ("torch", "Size") => Global::Size,
        ("torch", "device") => Global::Device,
        ("torch.storage", "UntypedStorage") | ("torch", "UntypedStorage") => Global::Storage(None),
        ("torch", _) => {
            let storage = STORAGES.iter().find(|(class, _)| *class == name);
            match storage {
                Some((_, stored)) => Global::Storage(Some(*stored)),
                None => Global::DType(Stored::ALL.into_iter().find(|stored| stored.name() == name)?),
            }
        }
        _ => return None,
    })
}

/// The storage class of an element type of Firebrand's own.
pub(super) fn storage_of(stored: Stored) -> &'static str {
    let found = STORAGES.iter().find(|(_, s)| *s == stored);
    found.expect("every element type of Firebrand has a storage class").0
}
