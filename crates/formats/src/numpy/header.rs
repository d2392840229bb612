//! The header of a `.npy` file: a magic number, a version, a length, and a Python dict literal
//! `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.

use super::{Shape, Stored};
use crate::stored::Order;

const MAGIC: &[u8] = b"\x93NUMPY";
/// The data after the header starts at a multiple of this.
const ALIGN: usize = 64;

/// What a header says.
pub(super) struct Header {
    pub stored: Stored,
    pub order: Order,
    pub fortran_order: bool,
    pub shape: Vec<u64>,
    /// Bytes before the elements.
    pub len: usize,
}

/// What is wrong with a header, and where.
pub(super) struct Fault {
    pub at: usize,
    pub unsupported: bool,
    pub problem: String,
}

impl Header {
    /// Reads the header at a file's start.
    pub fn parse(bytes: &[u8]) -> Result<Header, Fault> {
        let fault = |at, problem: &str| Err(Fault { at, unsupported: false, problem: problem.into() });
        if !bytes.starts_with(MAGIC) {
            return fault(0, "not a .npy file: it does not start with \\x93NUMPY");
        }
        let (start, len) = match (bytes.get(6), bytes.get(8..10), bytes.get(8..12)) {
            (Some(1), Some(&[a, b]), _) => (10, usize::from(u16::from_le_bytes([a, b]))),
            (Some(2 | 3), _, Some(&[a, b, c, d])) => (12, u32::from_le_bytes([a, b, c, d]) as usize),
            (Some(1..=3) | None, ..) => return fault(bytes.len(), "cut short in the header"),
            (Some(version), ..) => return fault(6, &format!("version {version}; 1 to 3 are known")),
        };
        let Some(text) = bytes.get(start..).and_then(|rest| rest.get(..len)) else {
            return fault(bytes.len(), &format!("cut short: the header takes {len} bytes"));
        };
        let (mut descr, mut fortran_order, mut shape) = (None, None, None);
        let mut text = Text { bytes: text, at: 0, start };
        text.expect(b'{')?;
        while !text.eat(b'}') {
            let at = text.at;
            let key = text.string()?;
            text.expect(b':')?;
            let fresh = match key {
                b"descr" => descr.replace((text.start + text.at, text.descr()?)).is_none(),
                b"fortran_order" => fortran_order.replace(text.boolean()?).is_none(),
                b"shape" => shape.replace(text.tuple()?).is_none(),
                _ => false,
            };
            if !fresh {
                return fault(start + at, "a key that is unknown, or there twice");
            }
            if !text.eat(b',') {
                text.expect(b'}')?;
                break;
            }
        }
        if !text.bytes[text.at..].iter().all(u8::is_ascii_whitespace) {
            return fault(start + text.at, "more after the header's dict");
        }
        let (Some((at, descr)), Some(fortran_order), Some(shape)) = (descr, fortran_order, shape) else {
            return fault(start, "the header lacks 'descr', 'fortran_order' or 'shape'");
        };
        let (stored, order) = element(descr).map_err(|problem| Fault { at, unsupported: true, problem })?;
        Ok(Header { stored, order, fortran_order, shape, len: start + len })
    }

    /// A header of version 1, as `numpy.save` writes it.
    pub fn text(descr: &str, fortran_order: bool, shape: &Shape) -> Vec<u8> {
        let sizes: Vec<String> = shape.iter().map(usize::to_string).collect();
        let comma = if sizes.len() == 1 { "," } else { "" };
        let order = if fortran_order { "True" } else { "False" };
        let mut dict = format!(
            "{{'descr': '{descr}', 'fortran_order': {order}, 'shape': ({}{comma}), }}",
            sizes.join(", ")
        );
        let total = (10 + dict.len() + 1).next_multiple_of(ALIGN);
        dict.extend(std::iter::repeat_n(' ', total - 11 - dict.len()));
        dict.push('\n');
        let mut bytes = [MAGIC, &[1, 0], &(dict.len() as u16).to_le_bytes()].concat();
        bytes.extend(dict.as_bytes());
        bytes
    }
}

/// NumPy's array-protocol type string: byte order, kind, bytes.
fn element(descr: &[u8]) -> Result<(Stored, Order), String> {
    let text = String::from_utf8_lossy(descr);
    let (order, kind) = match descr {
        [b'<' | b'|' | b'=', kind @ ..] => (Order::Little, kind),
        [b'>', kind @ ..] => (Order::Big, kind),
        kind => (Order::Little, kind),
    };
    let stored = match kind {
        b"f2" => Stored::F16,
        b"f4" => Stored::F32,
        b"f8" => Stored::F64,
        b"i1" => Stored::I8,
        b"i2" => Stored::I16,
        b"i4" => Stored::I32,
        b"i8" => Stored::I64,
        b"u1" => Stored::U8,
        b"u2" => Stored::U16,
        b"u4" => Stored::U32,
        b"u8" => Stored::U64,
        b"b1" | b"?" => Stored::Bool,
        b"O" => return Err("an object array: its pickles are not executed".into()),
        _ => return Err(format!("element type {:?} has no counterpart here", crate::error::short(&text))),
    };
    Ok((stored, order))
}

/// The dict literal, token by token.
struct Text<'a> {
    bytes: &'a [u8],
    at: usize,
    start: usize,
}

impl<'a> Text<'a> {
    fn fault<T>(&self, problem: &str) -> Result<T, Fault> {
        Err(Fault { at: self.start + self.at, unsupported: false, problem: problem.into() })
    }

    fn eat(&mut self, want: u8) -> bool {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        let found = self.bytes.get(self.at) == Some(&want);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, want: u8) -> Result<(), Fault> {
        if self.eat(want) { Ok(()) } else { self.fault(&format!("{:?} is expected here", char::from(want))) }
    }

    fn string(&mut self) -> Result<&'a [u8], Fault> {
        let quote = if self.eat(b'"') {
            b'"'
        } else {
            self.expect(b'\'')?;
            b'\''
        };
        let rest = &self.bytes[self.at..];
        match rest.iter().position(|&b| b == quote) {
            Some(end) => {
                self.at += end + 1;
                Ok(&rest[..end])
            }
            None => self.fault("a string without an end"),
        }
    }

    fn descr(&mut self) -> Result<&'a [u8], Fault> {
        if self.eat(b'[') {
            let problem = "an array of records has no counterpart here".into();
            return Err(Fault { at: self.start + self.at - 1, unsupported: true, problem });
        }
        self.string()
    }

    fn boolean(&mut self) -> Result<bool, Fault> {
        self.eat(0); // skips spaces
        for (word, value) in [(&b"True"[..], true), (b"False", false)] {
            if self.bytes[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(value);
            }
        }
        self.fault("True or False is expected here")
    }

    fn tuple(&mut self) -> Result<Vec<u64>, Fault> {
        self.expect(b'(')?;
        let mut sizes = Vec::new();
        while !self.eat(b')') {
            sizes.push(self.number()?);
            self.eat(b'L'); // Python 2's long integers
            if !self.eat(b',') {
                self.expect(b')')?;
                break;
            }
        }
        Ok(sizes)
    }

    fn number(&mut self) -> Result<u64, Fault> {
        let digits = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = std::str::from_utf8(&self.bytes[self.at..self.at + digits]).unwrap_or_default();
        match text.parse() {
            Ok(value) => {
                self.at += digits;
                Ok(value)
            }
            Err(_) => self.fault("a size is expected here, below 2⁶⁴"),
        }
    }
}
