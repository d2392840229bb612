//! Firebrand's side of `scripts/check_pytorch.py`: reads every file of a folder that Python wrote and
//! writes each again under another name, so that Python can compare.
//!
//! `cargo run -p firebrand-formats --example pytorch_exchange -- FOLDER`

use formats::{Value, numpy, pt, safetensors};
use std::path::Path;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("usage: pytorch_exchange FOLDER")?;
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder)?.map(|entry| entry.map(|e| e.path())).collect::<Result<_, _>>()?;
    paths.sort();
    for path in paths.iter().filter(|path| path.to_string_lossy().contains("from_python")) {
        let back = path.to_string_lossy().replace("from_python", "from_firebrand");
        let notes = exchange(path, Path::new(&back))?;
        println!("{} {}", path.display(), notes.join("; "));
    }
    Ok(())
}

fn exchange(path: &Path, back: &Path) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let cpu = backend_cpu::device();
    let conversions = match path.extension().and_then(|e| e.to_str()) {
        Some("pt") => {
            let loaded = pt::load(path, &cpu)?;
            pt::save(&loaded.value, back)?;
            loaded.conversions
        }
        Some("safetensors") => {
            let loaded = safetensors::load_file(path, &cpu)?;
            safetensors::save_file(&loaded.value, back)?;
            // And the same tensors as a state dict, to be compared with their twin.
            pt::save(Value::from(&loaded.value), back.with_extension("safetensors.pt"))?;
            loaded.conversions
        }
        Some("npy") => {
            let loaded = numpy::load(path, &cpu)?;
            numpy::save(back, &loaded.value)?;
            loaded.conversions
        }
        Some("npz") => {
            let loaded = numpy::load_npz(path, &cpu)?;
            if path.to_string_lossy().contains("compressed") {
                numpy::savez_compressed(back, &loaded.value)?;
            } else {
                numpy::savez(back, &loaded.value)?;
            }
            loaded.conversions
        }
        _ => return Err(format!("{}: no known format", path.display()).into()),
    };
    Ok(conversions.iter().map(ToString::to_string).collect())
}
