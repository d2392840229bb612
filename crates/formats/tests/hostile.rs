//! `.pt` files that no honest program writes. Each is an error with the file and the place.

mod common;

use common::{int, pt, tensor, text, tuple, zip};
use formats::Error;

fn cpu() -> tensor_core::Device {
    backend_cpu::device()
}

fn read(bytes: &[u8]) -> formats::Result<formats::Loaded<formats::Value>> {
    formats::pt::from_bytes("m.pt", bytes, &cpu())
}

fn error(bytes: &[u8]) -> String {
    read(bytes).expect_err("a bad file").to_string()
}

#[test]
fn a_pickle_that_names_os_system() {
    for name in [
        "os\nsystem",
        "posix\nsystem",
        "builtins\neval",
        "torch\nload",
        "torch.nn\nModule",
        "subprocess\nPopen",
    ] {
        let bytes = pt(&[b"c", name.as_bytes(), b"\n", &text("touch /tmp/owned")[..], b"\x85R"].concat());
        let said = error(&bytes);
        assert!(matches!(read(&bytes), Err(Error::Forbidden { .. })));
        let dotted = name.replace('\n', ".");
        assert_eq!(
            said,
            format!(
                "m.pt, byte 2 of data.pkl: the pickle asks for {dotted}, which is neither a tensor, a container \
                 nor a number; nothing was executed"
            )
        );
    }
    // The same by protocol 4's opcode, which takes the name from the stack.
    let said = error(&pt(&[text("os"), text("system"), b"\x93)R".to_vec()].concat()));
    assert!(said.contains("asks for os.system"), "{said}");
    // INST and OBJ, the oldest ways to call, are not known at all.
    assert!(error(&pt(b"(ios\nsystem\n")).contains("opcode 0x69"));
    // What is known cannot be called as something else.
    assert!(error(&pt(b"ctorch\nFloatStorage\n)R")).contains("with 0 arguments"));
}

#[test]
fn recursive_memo_bombs() {
    // A list inside itself.
    let said = error(&pt(b"]q\0h\0a"));
    assert!(said.contains("nested deeper than 100, or inside themselves"), "{said}");
    // Each list holds the one before twice: 2^40 elements from 400 bytes.
    let mut bomb = b"]q\0".to_vec();
    for i in 0..40u8 {
        bomb.extend([b']', b'(', b'h', i, b'h', i, b'e', b'q', i + 1]);
    }
    let said = error(&pt(&[b"(", &bomb[..], b"t"].concat()));
    assert!(said.contains("unpack to a multiple of the file"), "{said}");
    // Lists in lists in lists: neither reading nor dropping may overflow the stack.
    let deep = [vec![b']'; 100_000], vec![b'a'; 99_999]].concat();
    let said = error(&pt(&deep));
    assert!(said.contains("nested deeper") || said.contains("objects"), "{said}");
    // More objects than the pickle's length justifies.
    assert!(error(&pt(&vec![b']'; 1_000_000])).contains("more than 398870 objects"));
    let remembered = [&b"N"[..], &vec![0x94; 1_000_000]].concat();
    assert!(error(&pt(&remembered)).contains("objects to remember"));
}

#[test]
fn absurd_shapes() {
    assert!(read(&pt(&tensor("0", 4, 0, &[2, 2], &[2, 1]))).is_ok(), "the honest one");
    let view = |offset, sizes: &[i64], strides: &[i64]| error(&pt(&tensor("0", 4, offset, sizes, strides)));
    assert!(view(1, &[2, 2], &[2, 1]).contains("up to element 4 of a storage of 4"));
    assert!(view(0, &[2], &[i64::MAX]).contains("up to element 9223372036854775807"));
    assert!(view(i64::MAX, &[i64::MAX], &[i64::MAX]).contains("do not fit in memory"));
    assert!(view(0, &[1 << 40, 1 << 40], &[0, 0]).contains("do not fit in memory"));
    assert!(view(0, &[0, i64::MAX, i64::MAX], &[1, 1, 1]).contains("do not fit in memory"));
    assert!(view(0, &[1 << 40], &[0]).contains("repeat a storage of 4 elements too often"));
    assert!(view(-1, &[2], &[1]).contains("-1 where a size should be"));
    assert!(view(0, &[2], &[-1]).contains("-1 where a size should be"));
    assert!(view(0, &[2, 2], &[1]).contains("2 sizes and 1 strides"));
    assert!(view(0, &[1; 9], &[1; 9]).contains("9 dimensions; a tensor has at most 8"));
    assert!(error(&pt(&tensor("0", 5, 0, &[5], &[1]))).contains("16 bytes where 5 elements of 4 should be"));
    assert!(error(&pt(&tensor("0", i64::MAX, 0, &[5], &[1]))).contains("16 bytes where"));
    // A stride along one element is never taken.
    assert!(read(&pt(&tensor("0", 4, 3, &[1, 1], &[i64::MAX, 7]))).is_ok());
}

#[test]
fn keys_name_entries_and_never_paths() {
    for key in ["../../../etc/passwd", "/etc/passwd", "1", "", "0/../0"] {
        let said = error(&pt(&tensor(key, 4, 0, &[4], &[1])));
        assert!(said.contains("the archive has no such entry"), "{key}: {said}");
    }
}

#[test]
fn machines_that_are_led_astray() {
    let cases: [(&[u8], &str); 16] = [
        (b"", "takes more from the stack"),
        (b"0", "opcode 0x30"),
        (b"NN", "stops before its end"),
        (b"N.N", "stops before its end"),
        (b"(", "takes more from the stack"),
        (b"t", "no mark"),
        (b"Na", "takes more from the stack"),
        (b"NNa", "no list"),
        (b"NNNs", "no dict"),
        (b"}(Nu", "a key without a value"),
        (b"h\x05", "nothing was remembered as 5"),
        (b"q\0", "takes more from the stack"),
        (b"X\xff\xff\xff\xff", "cut short"),
        (b"X\x01\0\0\0\xff", "not UTF-8"),
        (b"\x8a\xff", "cut short"),
        (b"c", "a name without an end"),
    ];
    for (opcodes, want) in cases {
        let said = error(&pt(opcodes));
        assert!(said.starts_with("m.pt, byte ") && said.contains(" of data.pkl: "), "{said}");
        assert!(said.contains(want), "{opcodes:?}: {said}");
    }
    assert!(error(&pt(b"}(NNu")).contains("neither a text nor a whole number"));
    assert!(error(&pt(b"NQ")).contains("not a value"));
    assert!(error(&pt(b"}Nb")).contains("no OrderedDict"));
    assert!(error(&pt(&[&[0x8a, 9][..], &[0xff; 8], &[0]].concat())).contains("beyond 64 bits"));
    assert!(error(&pt(&[tuple(&[int(1)]), b"NR".to_vec()].concat())).contains("no function"));
    assert!(error(&pt(b"ctorch._utils\n_rebuild_tensor_v2\n)R")).contains("0 arguments, not 6"));
}

#[test]
fn other_archives_and_old_files_say_what_they_are() {
    assert!(error(b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.").contains("before 1.6"));
    assert!(error(&zip(&[("a.npy", b"")])).contains("without data.pkl"));
    assert!(error(&zip(&[("m/data.pkl", b"\x80\x02N."), ("m/constants.pkl", b"")])).contains("TorchScript"));
    assert!(error(b"").contains("no ZIP archive"));
    assert!(error(b"GIF89a and so on, for long enough").contains("no ZIP archive"));
    assert!(
        error(&zip(&[("m/data.pkl", b"\x80\x02N."), ("m/byteorder", b"middle")]))
            .contains("neither little nor big")
    );
    assert!(
        error(&zip(&[("m/data.pkl", b"\x80\x02N."), ("m/data.pkl", b"\x80\x02N.")])).contains("two entries")
    );
}

#[test]
fn truncated_at_every_byte() {
    for (name, step) in [("misc_tensors.pt", 1), ("checkpoint.pt", 17)] {
        let whole = std::fs::read(parity::folder().join(name)).unwrap();
        for cut in (0..whole.len()).step_by(step) {
            assert!(read(&whole[..cut]).is_err(), "{name}, {cut} bytes of {}", whole.len());
        }
    }
}

#[test]
fn a_flipped_bit_is_an_error_or_changes_nothing() {
    let whole = std::fs::read(parity::folder().join("misc_tensors.pt")).unwrap();
    let text = |loaded: &formats::Loaded<formats::Value>| loaded.to_string();
    let (good, mut noticed) = (text(&read(&whole).unwrap()), 0);
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << (at % 8);
        match read(&bytes) {
            Err(_) => noticed += 1,
            Ok(loaded) => assert_eq!(text(&loaded), good, "byte {at}"),
        }
    }
    assert!(noticed > whole.len() / 4, "{noticed} of {}", whole.len());
}
