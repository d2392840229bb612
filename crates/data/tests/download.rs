//! The download, held against a server that misbehaves in every way.
#![cfg(feature = "download")]

use data::{DataError, Dataset, Mirror, Mnist};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::sync::{Arc, Mutex};

const NAMES: [&str; 4] = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
];

/// Two training images and one test image, as MNIST's files would hold them.
fn files() -> HashMap<&'static str, Vec<u8>> {
    let images = |n: u8| {
        [&[0, 0, 8, 3, 0, 0, 0, n, 0, 0, 0, 28, 0, 0, 0, 28][..], &vec![n; n as usize * 784]].concat()
    };
    let labels = |n: u8| [&[0, 0, 8, 1, 0, 0, 0, n][..], &vec![7; n as usize]].concat();
    let pack = |bytes: Vec<u8>| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        gz.write_all(&bytes).unwrap();
        gz.finish().unwrap()
    };
    NAMES.into_iter().zip([images(2), labels(2), images(1), labels(1)].map(pack)).collect()
}

/// What the server does instead of sending a file.
#[derive(Clone, Copy, PartialEq)]
enum Fault {
    None,
    Absent,
    /// It closes the connection halfway through the length it announced.
    HangUp,
    /// It announces and sends half.
    Short,
    Corrupt,
    /// It sends more than there should be.
    Long,
}

/// Serves the files on a port of its own, one of them with a fault; counts requests.
fn serve(fault_in: usize, fault: Fault) -> (Mirror, Arc<Mutex<usize>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/data/", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(0));
    let count = requests.clone();
    std::thread::spawn(move || {
        let files = files();
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
            let request = lines.next().unwrap().unwrap();
            lines.take_while(|line| line.as_ref().is_ok_and(|l| !l.is_empty())).for_each(drop);
            *count.lock().unwrap() += 1;
            let name = request.split(' ').nth(1).unwrap().rsplit('/').next().unwrap();
            let Some(at) = NAMES.iter().position(|n| *n == name) else { continue };
            let mut body = files[name].clone();
            let mut announced = body.len();
            let mut status = "200 OK";
            if at == fault_in {
                match fault {
                    Fault::None => {}
                    Fault::Absent => status = "404 Not Found",
                    Fault::HangUp => body.truncate(announced / 2),
                    Fault::Short => {
                        body.truncate(announced / 2);
                        announced = body.len();
                    }
                    Fault::Corrupt => {
                        let middle = body.len() / 2;
                        body[middle] ^= 1;
                    }
                    Fault::Long => {
                        body.extend([0; 1000]);
                        announced = body.len();
                    }
                }
            }
            // The client may hang up on what it does not like.
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Length: {announced}\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(&body);
        }
    });
    let published = files();
    let mirror = Mirror::mnist().base_url(url).progress(false).files(NAMES.map(|name| {
        let bytes = &published[name];
        let hex = Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect();
        (bytes.len() as u64, hex)
    }));
    (mirror, requests)
}

fn listing(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        folder.read_dir().unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn good_files_arrive_once_and_load() {
    let (mirror, requests) = serve(0, Fault::None);
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("not/yet/there");
    let options = Mnist::open(&inner).download_from(&mirror).unwrap();
    let train = options.load(&backend_cpu::device()).unwrap();
    assert_eq!((train.len(), train.class_counts()[7]), (2, 2));
    assert_eq!(listing(&inner).len(), 4);
    assert_eq!(*requests.lock().unwrap(), 4);
    options.download_from(&mirror).unwrap();
    assert_eq!(*requests.lock().unwrap(), 4, "what is there is not fetched again");
}

#[test]
fn a_plain_file_counts_as_there() {
    let (mirror, requests) = serve(0, Fault::None);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("train-labels-idx1-ubyte"), [0, 0, 8, 1, 0, 0, 0, 2, 1, 2]).unwrap();
    mirror.fetch(folder.path()).unwrap();
    assert_eq!(*requests.lock().unwrap(), 3);
}

#[test]
fn a_faulty_file_is_named_and_leaves_nothing() {
    for (fault, says) in [
        (Fault::Absent, "404"),
        (Fault::HangUp, "bytes"),
        (Fault::Short, "expected"),
        (Fault::Corrupt, "SHA-256"),
        (Fault::Long, "at least"),
    ] {
        let (mirror, _) = serve(1, fault);
        let folder = tempfile::tempdir().unwrap();
        let error = mirror.fetch(folder.path()).unwrap_err();
        let text = error.to_string();
        assert!(text.starts_with("http://127.0.0.1:") && text.contains(NAMES[1]), "{text}");
        assert!(text.contains(says), "{text}");
        let checked = matches!(fault, Fault::Short | Fault::Corrupt | Fault::Long);
        assert_eq!(matches!(error, DataError::Checksum { .. }), checked, "{text}");
        assert_eq!(listing(folder.path()), [NAMES[0]], "{text}: the first came whole, nothing else is left");
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let folder = tempfile::tempdir().unwrap();
    let error = Mirror::mnist().base_url(url).fetch(folder.path()).unwrap_err();
    assert!(matches!(error, DataError::Download { .. }), "{error}");
    assert!(listing(folder.path()).is_empty());
}

#[test]
fn a_folder_that_cannot_be_is_an_error() {
    let (mirror, _) = serve(0, Fault::None);
    let file = tempfile::NamedTempFile::new().unwrap();
    let error = mirror.fetch(file.path().join("data")).unwrap_err();
    assert!(matches!(error, DataError::Io { .. }), "{error}");
}
