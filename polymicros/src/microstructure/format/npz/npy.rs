//! The `.npy` arrays inside an archive.
//!
//! The header is read here, and not by a library, because it comes from outside: its shape is
//! held against the bytes that are there before any memory is asked for, every number type and
//! byte order that NumPy writes is taken, and texts can be read and written.

use std::io::{Read, Write};

/// What an `.npy` header says.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Header {
    /// NumPy's type, such as `<f4`.
    pub descr: String,
    pub fortran: bool,
    pub shape: Vec<usize>,
}

/// A number type that values are wanted in.
pub(super) trait Element: Copy + Send + Sync + 'static {
    /// The types that hold such values, in words.
    const WANTED: &'static str;
    /// The NumPy type that is written.
    const DESCR: &'static str;
    /// Whether a NumPy kind (`f`, `i`, `u`, `b`) may hold such values.
    fn takes(kind: char) -> bool;
    /// The value, unless it is out of range.
    fn from_f64(value: f64) -> Option<Self>;
    fn put(self, out: &mut Vec<u8>);
}

macro_rules! element {
    ($type:ty, $descr:literal, $wanted:literal, $kinds:pat, $from:expr, $bytes:expr) => {
        impl Element for $type {
            const WANTED: &'static str = $wanted;
            const DESCR: &'static str = $descr;
            fn takes(kind: char) -> bool {
                matches!(kind, $kinds)
            }
            fn from_f64(value: f64) -> Option<Self> {
                let convert: fn(f64) -> Option<Self> = $from;
                convert(value)
            }
            fn put(self, out: &mut Vec<u8>) {
                let bytes: fn(Self) -> _ = $bytes;
                out.extend_from_slice(&bytes(self));
            }
        }
    };
}

fn integer_to(value: f64, largest: f64) -> Option<f64> {
    (value.fract() == 0.0 && (0.0..=largest).contains(&value)).then_some(value)
}

element!(
    f32,
    "<f4",
    "numbers",
    'f' | 'i' | 'u',
    |v| Some(v as f32),
    f32::to_le_bytes
);
element!(
    f64,
    "<f8",
    "numbers",
    'f' | 'i' | 'u',
    Some,
    f64::to_le_bytes
);
element!(
    u8,
    "|u1",
    "integers from 0 to 255",
    'i' | 'u' | 'b',
    |v| integer_to(v, 255.0).map(|v| v as u8),
    u8::to_le_bytes
);
element!(
    u32,
    "<u4",
    "integers from 0 to 4294967295",
    'i' | 'u' | 'b',
    |v| integer_to(v, 4_294_967_295.0).map(|v| v as u32),
    u32::to_le_bytes
);
element!(
    bool,
    "|b1",
    "booleans or integers",
    'i' | 'u' | 'b',
    |v| Some(v != 0.0),
    |v: bool| [u8::from(v)]
);

impl Header {
    /// Reads magic, version and header, and checks them.
    pub fn read(bytes: &mut impl Read) -> Result<Self, String> {
        let mut start = [0; 8];
        let short = |_| "the array ends within its header".to_owned();
        bytes.read_exact(&mut start).map_err(short)?;
        if !start.starts_with(b"\x93NUMPY") {
            return Err("not a NumPy array: the magic string is missing".into());
        }
        let length = match start[6] {
            1 => {
                let mut length = [0; 2];
                bytes.read_exact(&mut length).map_err(short)?;
                usize::from(u16::from_le_bytes(length))
            }
            2 | 3 => {
                let mut length = [0; 4];
                bytes.read_exact(&mut length).map_err(short)?;
                u32::from_le_bytes(length) as usize
            }
            version => {
                return Err(format!(
                    "expected NumPy format version 1 to 3, found {version}"
                ));
            }
        };
        // NumPy itself refuses headers beyond 10,000 bytes unless told otherwise.
        if length > 1 << 16 {
            return Err(format!("a header of {length} bytes"));
        }
        let mut text = vec![0; length];
        bytes.read_exact(&mut text).map_err(short)?;
        let text = String::from_utf8_lossy(&text);
        Self::parse(&text).ok_or_else(|| {
            format!(
                "expected a header with descr, fortran_order and shape, found `{}`",
                text.trim()
            )
        })
    }

    /// The Python dictionary `{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }`.
    fn parse(text: &str) -> Option<Self> {
        let entry = |key: &str| {
            let (_, rest) = text.split_once(&format!("'{key}'"))?;
            Some(rest.trim_start().strip_prefix(':')?.trim_start())
        };
        let (descr, _) = entry("descr")?.strip_prefix('\'')?.split_once('\'')?;
        let order = entry("fortran_order")?;
        let fortran = order.starts_with("True");
        if !fortran && !order.starts_with("False") {
            return None;
        }
        let (shape, _) = entry("shape")?.strip_prefix('(')?.split_once(')')?;
        let shape: Option<Vec<usize>> = shape
            .split(',')
            .map(str::trim)
            .filter(|edge| !edge.is_empty())
            .map(|edge| edge.trim_end_matches('L').parse().ok())
            .collect();
        Some(Header {
            descr: descr.into(),
            fortran,
            shape: shape?,
        })
    }

    /// Writes magic, version and header, padded as NumPy does it.
    fn write(&self, out: &mut impl Write) -> std::io::Result<()> {
        let edges: String = self.shape.iter().map(|edge| format!("{edge}, ")).collect();
        let order = if self.fortran { "True" } else { "False" };
        let mut text = format!(
            "{{'descr': '{}', 'fortran_order': {order}, 'shape': ({}), }}",
            self.descr,
            edges.trim_end()
        );
        let unpadded = 10 + text.len() + 1;
        text.extend(std::iter::repeat_n(
            ' ',
            unpadded.next_multiple_of(64) - unpadded,
        ));
        text.push('\n');
        let length = u16::try_from(text.len()).map_err(std::io::Error::other)?;
        out.write_all(b"\x93NUMPY\x01\x00")?;
        out.write_all(&length.to_le_bytes())?;
        out.write_all(text.as_bytes())
    }

    /// How many values there are, if they take exactly `bytes`.
    fn values(&self, item: usize, bytes: u64) -> Result<usize, String> {
        let values = self
            .shape
            .iter()
            .try_fold(1usize, |n, &edge| n.checked_mul(edge));
        let needed = values.and_then(|n| n.checked_mul(item));
        match (values, needed) {
            (Some(values), Some(needed)) if needed as u64 == bytes => Ok(values),
            _ => Err(format!(
                "its header promises the shape {:?} of {item} bytes each, but {bytes} bytes follow",
                self.shape
            )),
        }
    }

    /// Byte order, kind and bytes of one value: `<f4` is little, `f`, 4.
    fn kind(&self) -> Option<(bool, char, usize)> {
        let mut letters = self.descr.chars();
        let big = match letters.next()? {
            '<' | '|' | '=' => false,
            '>' => true,
            _ => return None,
        };
        Some((big, letters.next()?, letters.as_str().parse().ok()?))
    }

    /// The array's values in the order they are stored. `bytes` are left in the stream.
    pub fn numbers<T: Element>(
        &self,
        stream: &mut impl Read,
        bytes: u64,
    ) -> Result<Vec<T>, String> {
        let wrong = || format!("expected {}, found the type `{}`", T::WANTED, self.descr);
        let (big, kind, size) = self.kind().ok_or_else(wrong)?;
        if !T::takes(kind) {
            return Err(wrong());
        }
        let decode = decoder(kind, size, big).ok_or_else(wrong)?;
        let values = self.values(size, bytes)?;
        let mut out: Vec<T> = Vec::new();
        // The sizes are those of the archive's directory, which may lie, so memory follows the
        // bytes that really come.
        let mut block = vec![0; 1 << 16];
        let mut left = values;
        while left > 0 {
            let now = left.min(block.len() / size);
            let part = &mut block[..now * size];
            stream
                .read_exact(part)
                .map_err(|e| format!("ends after {} of {values} values: {e}", values - left))?;
            if out.len() == out.capacity() {
                // Doubling would leave half of a large array's memory unused.
                out.reserve_exact(left.min(out.len().max(1 << 22)));
            }
            for (k, item) in part.chunks_exact(size).enumerate() {
                let value = decode(item);
                let converted = T::from_f64(value).ok_or_else(|| {
                    let index = values - left + k;
                    format!("expected {}, found {value} as value {index}", T::WANTED)
                })?;
                out.push(converted);
            }
            left -= now;
        }
        Ok(out)
    }

    /// The array's texts, of NumPy's type `U` or `S`.
    pub fn texts(&self, stream: &mut impl Read, bytes: u64) -> Result<Vec<String>, String> {
        let wrong = || format!("expected text, found the type `{}`", self.descr);
        let (big, kind, width) = self.kind().ok_or_else(wrong)?;
        let item = match kind {
            'U' => width.checked_mul(4).ok_or_else(wrong)?,
            'S' => width,
            _ => return Err(wrong()),
        };
        let values = self.values(item, bytes)?;
        if bytes > 1 << 26 || values > 1 << 20 {
            return Err(format!("{values} texts of {item} bytes are too many"));
        }
        let mut data = Vec::new();
        stream
            .take(bytes)
            .read_to_end(&mut data)
            .map_err(|e| e.to_string())?;
        if data.len() as u64 != bytes {
            return Err(format!("ends after {} of {bytes} bytes", data.len()));
        }
        (0..values)
            .map(|k| {
                let item = &data[k * item..(k + 1) * item];
                let text: Option<String> = match kind {
                    'U' => item
                        .chunks_exact(4)
                        .map(|c| char::from_u32(word(c, big)))
                        .collect(),
                    _ => String::from_utf8(item.to_vec()).ok(),
                };
                let text = text.ok_or_else(|| format!("text {k} is no valid Unicode"))?;
                Ok(text.trim_end_matches('\0').to_owned())
            })
            .collect()
    }
}

fn word(bytes: &[u8], big: bool) -> u32 {
    let bytes = [bytes[0], bytes[1], bytes[2], bytes[3]];
    if big {
        u32::from_be_bytes(bytes)
    } else {
        u32::from_le_bytes(bytes)
    }
}

/// Turns the bytes of one value into a number.
fn decoder(kind: char, size: usize, big: bool) -> Option<fn(&[u8]) -> f64> {
    macro_rules! decode {
        ($type:ty, $size:literal) => {
            if big {
                |b: &[u8]| {
                    <$type>::from_be_bytes(std::array::from_fn::<u8, $size, _>(|k| b[k])) as f64
                }
            } else {
                |b: &[u8]| {
                    <$type>::from_le_bytes(std::array::from_fn::<u8, $size, _>(|k| b[k])) as f64
                }
            }
        };
    }
    Some(match (kind, size) {
        ('f', 4) => decode!(f32, 4),
        ('f', 8) => decode!(f64, 8),
        ('i', 1) => |b| f64::from(b[0] as i8),
        ('i', 2) => decode!(i16, 2),
        ('i', 4) => decode!(i32, 4),
        ('i', 8) => decode!(i64, 8),
        ('u' | 'b', 1) => |b| f64::from(b[0]),
        ('u', 2) => decode!(u16, 2),
        ('u', 4) => decode!(u32, 4),
        ('u', 8) => decode!(u64, 8),
        _ => return None,
    })
}

/// Writes an array of numbers in C order.
pub(super) fn write_numbers<T: Element>(
    out: &mut impl Write,
    shape: &[usize],
    values: impl Iterator<Item = T>,
) -> std::io::Result<()> {
    let header = Header {
        descr: T::DESCR.into(),
        fortran: false,
        shape: shape.to_vec(),
    };
    header.write(out)?;
    let mut block = Vec::with_capacity((1 << 16) + 8);
    for value in values {
        value.put(&mut block);
        if block.len() >= 1 << 16 {
            out.write_all(&block)?;
            block.clear();
        }
    }
    out.write_all(&block)
}

/// Writes texts as NumPy's type `U`: an array of one axis, or a single text without axes.
pub(super) fn write_texts(
    out: &mut impl Write,
    shape: &[usize],
    texts: &[&str],
) -> std::io::Result<()> {
    let width = texts
        .iter()
        .map(|text| text.chars().count())
        .max()
        .unwrap_or(0)
        .max(1);
    let header = Header {
        descr: format!("<U{width}"),
        fortran: false,
        shape: shape.to_vec(),
    };
    header.write(out)?;
    for text in texts {
        let padding = std::iter::repeat('\0');
        for letter in text.chars().chain(padding).take(width) {
            out.write_all(&u32::from(letter).to_le_bytes())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::ShapeBuilder;
    use ndarray_npy::{ReadNpyExt, WriteNpyExt};
    use proptest::prelude::*;

    proptest! {
        /// What we write, ndarray-npy reads; what it writes, in either order, we read.
        #[test]
        fn arrays_are_those_of_ndarray_npy(
            shape in proptest::array::uniform3(1usize..5), fortran: bool, seed in -9i32..9,
        ) {
            let count: usize = shape.iter().product();
            let values: Vec<f32> = (0..count).map(|k| (k as i32 * seed) as f32 / 7.0).collect();
            let mut ours = Vec::new();
            write_numbers(&mut ours, &shape, values.iter().copied())?;
            let theirs = ndarray::Array3::<f32>::read_npy(&ours[..]).map_err(fail)?;
            prop_assert_eq!(theirs.shape(), shape);
            prop_assert_eq!(theirs.into_raw_vec_and_offset().0, values.clone());

            let array = ndarray::Array3::from_shape_vec(shape.set_f(fortran), values.clone()).map_err(fail)?;
            let mut bytes = Vec::new();
            array.write_npy(&mut bytes).map_err(fail)?;
            let mut stream = &bytes[..];
            let header = Header::read(&mut stream).map_err(TestCaseError::fail)?;
            let single = count == shape.iter().copied().max().unwrap_or(1);
            prop_assert!(header.fortran == fortran || single);
            prop_assert_eq!(&header.shape[..], &shape[..]);
            let left = stream.len() as u64;
            prop_assert_eq!(header.numbers::<f32>(&mut stream, left).map_err(TestCaseError::fail)?, values);
        }
    }

    fn fail(error: impl std::fmt::Display) -> TestCaseError {
        TestCaseError::fail(error.to_string())
    }

    #[test]
    fn every_number_type_in_both_byte_orders_is_decoded() {
        // 0x3fc00000 is 1.5 as a float, by IEEE 754.
        let cases: [(char, usize, &[u8], f64); 5] = [
            ('f', 4, &[0x00, 0x00, 0xc0, 0x3f], 1.5),
            ('i', 2, &[0xfe, 0xff], -2.0),
            ('u', 2, &[0xfe, 0xff], 65534.0),
            ('i', 1, &[0xff], -1.0),
            ('u', 8, &[1, 1, 0, 0, 0, 0, 0, 0], 257.0),
        ];
        for (kind, size, little, value) in cases {
            let big: Vec<u8> = little.iter().rev().copied().collect();
            assert_eq!(decoder(kind, size, false).map(|d| d(little)), Some(value));
            assert_eq!(decoder(kind, size, true).map(|d| d(&big)), Some(value));
        }
    }

    #[test]
    fn a_shape_beyond_the_bytes_asks_for_no_memory() {
        let header = Header {
            descr: "<f4".into(),
            fortran: false,
            shape: vec![1 << 40, 1 << 10],
        };
        assert!(header.numbers::<f32>(&mut &[0u8; 8][..], 8).is_err());
        // An archive's directory may promise the bytes and not have them.
        assert!(header.numbers::<f32>(&mut &[0u8; 8][..], 1 << 52).is_err());
    }
}
