//! What the fuzz targets share: handing bytes to one reader.
//!
//! A reader must answer with an error or with a microstructure: it may not panic, and may not take
//! memory that the file does not account for. The targets are built in the folder `polymicros` with
//! cargo-fuzz, which wants a nightly compiler but, without a sanitizer, uses nothing that the stable
//! one lacks. What they find goes to a folder of its own, so that the corpus in the repository stays
//! small:
//!
//! ```text
//! cp ../Cargo.lock fuzz/                          # the versions that the project uses
//! cargo fuzz build -s none
//! mkdir -p fuzz/found/ang
//! ulimit -v 4194304
//! RAYON_NUM_THREADS=1 cargo fuzz run -s none ang fuzz/found/ang fuzz/corpus/ang -- \
//!     -max_total_time=600 -rss_limit_mb=2048 -max_len=20000
//! ```
//!
//! `-s none` leaves the address sanitizer out: the library has no unsafe code, and runs several
//! times as often without. `-rss_limit_mb` sees what memory is used, `ulimit` what is asked for.
//! `corpus.py` beside this folder makes the first inputs again. Inputs whose names begin with
//! `found_` once failed; the library's tests read all of them (`format::attacks`).

use polymicros::microstructure::Field;
use polymicros::microstructure::format::formats;
use std::borrow::Cow;
use std::path::Path;
use std::sync::OnceLock;
use tempfile::TempDir;

/// Reads the bytes, as a file of this name, by the format of this name, and as a field.
///
/// # Panics
/// When the system refuses to write, there is no such format, or the reader panics.
pub fn read(format: &str, name: &str, bytes: &[u8]) {
    let bytes = &*with_its_length(bytes);
    let path = put(name, bytes);
    let format = formats()
        .iter()
        .find(|known| known.name() == format)
        .expect("a format of this name");
    let head = &bytes[..bytes.len().min(4096)];
    format.recognises(&path, head);
    if let Ok(read) = format.read(&path) {
        // Whatever a reader accepts is whole.
        assert_eq!(read.euler().len(), 3 * read.grid().voxels());
        assert!(read.euler().iter().all(|angle| angle.is_finite()));
        assert!(
            read.phase()
                .iter()
                .all(|&phase| usize::from(phase) <= read.phases().len())
        );
    }
}

/// The bytes, and where they are HDF5 of the oldest form, with their own number where it says how
/// long the file is: most changes would get no further than that.
fn with_its_length(bytes: &[u8]) -> Cow<'_, [u8]> {
    let mut bytes = Cow::Borrowed(bytes);
    if bytes.starts_with(b"\x89HDF\r\n\x1a\n\0") && bytes.len() >= 48 {
        let length = (bytes.len() as u64).to_le_bytes();
        bytes.to_mut()[40..48].copy_from_slice(&length);
    }
    bytes
}

/// Reads the bytes as a field.
///
/// # Panics
/// When the system refuses to write, or the reader panics.
pub fn read_field(name: &str, bytes: &[u8]) {
    let path = put(name, bytes);
    if let Ok(field) = Field::open(&path) {
        assert!(field.data().iter().all(|value| value.is_finite()));
    }
}

/// A file of these bytes, in memory where the system has a place for that.
///
/// # Panics
/// When the system refuses.
pub fn put(name: &str, bytes: &[u8]) -> std::path::PathBuf {
    static FOLDER: OnceLock<TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| {
        let memory = Path::new("/dev/shm");
        let made = if memory.is_dir() {
            tempfile::tempdir_in(memory)
        } else {
            tempfile::tempdir()
        };
        made.expect("a temporary folder")
    });
    let path = folder.path().join(name);
    std::fs::write(&path, bytes).expect("a temporary file");
    path
}
