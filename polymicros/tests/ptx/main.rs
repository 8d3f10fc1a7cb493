//! Every CUDA source compiles to PTX and on to machine code, with NVIDIA's own compilers, for the
//! cards of the paper. That needs neither a GPU nor a driver, but Python and wheels from PyPI.

#[path = "../../benches/python/mod.rs"]
mod python;

use std::path::{Path, PathBuf};
use std::process::Command;

/// All `.cu` files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension().is_some_and(|ending| ending == "cu") {
            found.push(path);
        }
    }
    Ok(())
}

/// The names of the kernels in a source, in order.
fn kernels(source: &str) -> Vec<&str> {
    source
        .split("__global__ void ")
        .skip(1)
        .filter_map(|rest| rest.split('(').next())
        .collect()
}

#[test]
fn every_kernel_compiles_for_the_cards_of_the_paper() {
    let wheels = ["nvidia-cuda-nvrtc-cu12", "nvidia-cuda-nvcc-cu12"];
    let imports = "import nvidia.cuda_nvrtc, nvidia.cuda_nvcc";
    let python = match python::environment("nvrtc", &wheels, imports) {
        Ok(python) => python,
        Err(error) => {
            println!("skipped: no Python with NVRTC ({error})");
            return;
        }
    };
    let mut files = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    sources(&root.join("src/network"), &mut files).unwrap();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    for (virtual_card, card) in [("compute_80", "sm_80"), ("compute_90", "sm_90")] {
        let output = Command::new(&python)
            .arg(root.join("tests/ptx/compile.py"))
            .arg(virtual_card)
            .args(&files)
            .output()
            .unwrap();
        let problem = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{problem}");
        let told = String::from_utf8(output.stdout).unwrap();
        assert_eq!(told.lines().count(), files.len());
        for (line, file) in told.lines().zip(&files) {
            let source = std::fs::read_to_string(file).unwrap();
            let names = kernels(&source).join(" ");
            assert_eq!(line, format!("{}: {card} {names}", file.display()));
        }
    }
}
