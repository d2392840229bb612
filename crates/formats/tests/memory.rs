//! A hostile file takes memory in proportion to its own size. One test, since the count is the process's.

mod common;

use peak_alloc::PeakAlloc;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Bytes that a file may take for each of its own, and whatever its size: room for 65,536 small objects.
const MULTIPLE: usize = 64;
const FREE: usize = 16 << 20;

#[test]
fn no_file_takes_more_than_a_multiple_of_its_size() {
    let cpu = backend_cpu::device();
    let many = 2_000_000;
    let refers: Vec<u8> = [&b"]q\0("[..], &b"h\x01".repeat(many), b"e"].concat();
    let mut files = vec![
        ("empty lists", common::pt(&b"]".repeat(many))),
        ("empty dicts", common::pt(&b"}".repeat(many))),
        ("marks", common::pt(&b"(".repeat(many))),
        ("memo", common::pt(&[&b"N"[..], &[0x94].repeat(many)].concat())),
        ("ints", common::pt(&[&b"]("[..], &b"K\x07".repeat(many), b"e"].concat())),
        ("floats", common::pt(&[&b"]("[..], &b"G12345678".repeat(many / 4), b"e"].concat())),
        ("nones", common::pt(&[&b"]("[..], &b"N".repeat(many), b"e"].concat())),
        (
            "one text, often",
            common::pt(&[&common::text(&"x".repeat(5000))[..], b"q\x01", &refers, b"\x86"].concat()),
        ),
        ("one list, often", common::pt(&[&b"](NNNNNNNNeq\x01"[..], &refers, b"\x86"].concat())),
        ("repeated element", common::pt(&common::tensor("0", 4, 0, &[1 << 23], &[0]))),
        ("absurd sizes", common::pt(&common::tensor("0", 4, 0, &[1 << 40], &[0]))),
    ];
    // The smallest elements, which widen the most.
    let storage = vec![1u8; many];
    let pickle = common::tensor("0", many as i64, 0, &[many as i64], &[1]);
    let class = pickle.windows(12).position(|w| w == b"FloatStorage").expect("a class");
    let pickle = [&pickle[..class], b"CharStorage", &pickle[class + 12..]].concat();
    let pickle = [&b"\x80\x02"[..], &pickle, b"."].concat();
    files.push(("bytes that widen", common::zip(&[("m/data.pkl", &pickle), ("m/data/0", &storage)])));
    for (name, bytes) in files {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let outcome = formats::pt::from_bytes("m.pt", &bytes, &cpu).map(drop).map_err(|e| e.to_string());
        let peak = MEMORY.peak_usage() - before;
        println!("{name}: {} bytes, peak {peak} ({} to one), {outcome:?}", bytes.len(), peak / bytes.len());
        assert!(peak <= MULTIPLE * bytes.len() + FREE, "{name}: {} bytes took {peak}", bytes.len());
    }

    // safetensors headers of many small parts, and a zip directory of many entries.
    let header = format!(
        "{{\"__metadata__\":{{{}\"z\":\"\"}}}}",
        (0..100_000).map(|i| format!("\"{i}\":\"\",")).collect::<String>()
    );
    let wide = format!(
        "{{\"a\":{{\"dtype\":\"F32\",\"shape\":[{}1],\"data_offsets\":[0,0]}}}}",
        "0,".repeat(1_000_000)
    );
    let names: Vec<String> = (0..20_000).map(|i| format!("{i:05}")).collect();
    let entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    let files = [
        ("many notes", [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat()),
        ("many sizes", [&(wide.len() as u64).to_le_bytes()[..], wide.as_bytes()].concat()),
        ("many entries", common::zip(&entries)),
        ("a header that says it is long", [&u64::MAX.to_le_bytes()[..], b"{}"].concat()),
    ];
    for (name, bytes) in files {
        MEMORY.reset_peak_usage();
        let before = MEMORY.current_usage();
        let safe = formats::safetensors::Reader::from_bytes("m", &bytes).map(drop).is_ok();
        let npz = formats::numpy::npz_from_bytes("m", &bytes, &cpu).map(drop).is_ok();
        let peak = MEMORY.peak_usage() - before;
        println!("{name}: {} bytes, peak {peak} ({} to one), {safe} {npz}", bytes.len(), peak / bytes.len());
        assert!(peak <= MULTIPLE * bytes.len() + FREE, "{name}: {} bytes took {peak}", bytes.len());
    }
}
