//! Tables of measured points as text, one point a line: the body of `.ang` and its like.
//!
//! The text is read block by block and each block's lines are parsed in parallel, so that a large
//! file never stands in memory as a whole.

use super::points::Points;
use crate::{Error, Result};
use rayon::prelude::*;
use std::io::{BufRead, Read};
use std::path::Path;

/// What a column of the table holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Role {
    /// `phi1`, `Phi` or `phi2`, by number.
    Euler(usize),
    X,
    Y,
    Phase,
    /// The k-th further number of a point.
    Property(usize),
}

/// How to read a line.
#[derive(Debug)]
pub(super) struct Table {
    pub roles: Vec<Role>,
    pub properties: usize,
    /// What one unit of the file's angles is in radians.
    pub angle: f32,
    /// The numbers that the file gives its phases, in the order of declaration.
    pub phase_numbers: Vec<i64>,
    /// In a file of one phase its number is often left at zero, which is then no mark.
    pub zero_is_first_phase: bool,
    /// A property at or below this value marks a point that is not indexed.
    pub unindexed_at: Option<(usize, f32)>,
    /// Whether an angle of 4 pi marks a point that is not indexed.
    pub four_pi_unindexed: bool,
    /// Whether numbers may have a comma in place of the point.
    pub decimal_comma: bool,
}

/// Bytes of text in work at a time, and bytes parsed by one thread at a time.
const BLOCK: usize = 4 << 20;
const PIECE: usize = 128 << 10;

impl Table {
    /// Reads all points from `text`, whose first line has the number `first_line`.
    pub fn read(&self, text: &mut impl BufRead, path: &Path, first_line: usize) -> Result<Points> {
        let mut points = Points::new(self.properties);
        let mut block = Vec::new();
        let mut line = first_line;
        loop {
            let carried = block.len();
            let read = text
                .take((BLOCK - carried) as u64)
                .read_to_end(&mut block)
                .map_err(|e| Error::io(path, e))?;
            let end = match block.iter().rposition(|&byte| byte == b'\n') {
                Some(last) if read > 0 => last + 1,
                _ if read == 0 => block.len(),
                _ if block.len() < BLOCK => continue,
                _ => {
                    let problem = format!("no line end within {BLOCK} bytes");
                    return Err(Error::format(path, format!("line {line}"), problem));
                }
            };
            let parsed: Vec<_> = pieces(&block[..end])
                .into_par_iter()
                .map(|piece| self.parse(piece))
                .collect();
            let more = parsed.iter().flatten().map(|(part, _)| part.len()).sum();
            points.reserve(more);
            for piece in parsed {
                match piece {
                    Ok((mut part, lines)) => {
                        points.append(&mut part);
                        line += lines;
                    }
                    Err((offset, problem)) => {
                        let place = format!("line {}", line + offset);
                        return Err(Error::format(path, place, problem));
                    }
                }
            }
            block.drain(..end);
            if read == 0 {
                return Ok(points);
            }
        }
    }

    /// The points of a piece of text and its number of lines; or the first wrong line.
    fn parse(&self, text: &[u8]) -> Result<(Points, usize), (usize, String)> {
        let mut points = Points::new(self.properties);
        // Lines are of about one length, and none is shorter than a digit and a blank a column.
        let line = text.len() - from_line_end(text).len() + 1;
        points.reserve(text.len() / line.max(2 * self.roles.len()).max(1) + 1);
        let mut lines = 0;
        let mut rest = without_blanks(text);
        // The text is gone through once: nothing looks for a line's or a number's end beforehand.
        while let Some(&first) = rest.first() {
            rest = match first {
                b'\n' => rest,
                b'#' => from_line_end(rest),
                _ => self.point(rest, &mut points).map_err(|e| (lines, e))?,
            };
            if let Some(next) = rest.strip_prefix(b"\n") {
                lines += 1;
                rest = next;
            }
            rest = without_blanks(rest);
        }
        Ok((points, lines))
    }

    /// Takes the numbers of one line; what is left begins at the line's end.
    fn point<'a>(&self, text: &'a [u8], points: &mut Points) -> Result<&'a [u8], String> {
        let mut rest = text;
        let mut euler = [0.0f32; 3];
        let (mut x, mut y, mut phase) = (0.0, 0.0, 0);
        for (column, role) in self.roles.iter().enumerate() {
            if matches!(rest.first(), None | Some(b'\n')) {
                return Err(format!(
                    "expected {} numbers, found {column}",
                    self.roles.len()
                ));
            }
            let (value, after) = self.number(rest, column)?;
            match *role {
                Role::Euler(k) => euler[k] = finite(value, column)?,
                Role::X => x = finite(value, column)?,
                Role::Y => y = finite(value, column)?,
                Role::Phase => phase = self.phase(value, column)?,
                Role::Property(k) => points.properties[k].push(value),
            }
            rest = without_blanks(after);
        }
        if !matches!(rest.first(), None | Some(b'\n')) {
            let further = &rest[..rest.len() - from_line_end(rest).len()];
            let words = further.split(u8::is_ascii_whitespace);
            let found = self.roles.len() + words.filter(|word| !word.is_empty()).count();
            return Err(format!(
                "expected {} numbers, found {found}",
                self.roles.len()
            ));
        }
        let four_pi = 4.0 * std::f32::consts::PI;
        let euler = euler.map(|angle| angle * self.angle);
        let mut unindexed =
            self.four_pi_unindexed && euler.iter().any(|angle| (angle - four_pi).abs() < 1e-3);
        if let Some((at, limit)) = self.unindexed_at {
            let value = points.properties.get(at).and_then(|values| values.last());
            unindexed |= value.is_some_and(|&value| value <= limit);
        }
        if unindexed {
            phase = 0;
        }
        points.euler.push(if phase > 0 { euler } else { [0.0; 3] });
        points.x.push(x);
        points.y.push(y);
        points.phase.push(phase);
        Ok(rest)
    }

    fn phase(&self, value: f32, column: usize) -> Result<u8, String> {
        let file_number = value as i64;
        if value.fract() != 0.0 {
            return Err(format!(
                "column {}: expected a phase number, found {value}",
                column + 1
            ));
        }
        if let Some(k) = self.phase_numbers.iter().position(|&n| n == file_number) {
            return Ok(k as u8 + 1);
        }
        match file_number {
            0 if self.zero_is_first_phase => Ok(1),
            // 0 and -1 both mark points that are not indexed.
            -1 | 0 => Ok(0),
            _ => Err(format!(
                "column {}: phase {file_number} is not declared; the header declares {:?}",
                column + 1,
                self.phase_numbers
            )),
        }
    }

    /// The number that the text begins with, and what comes after it.
    fn number<'a>(&self, text: &'a [u8], column: usize) -> Result<(f32, &'a [u8]), String> {
        match fast_float2::parse_partial(text) {
            Ok((value, length)) if text.get(length).is_none_or(u8::is_ascii_whitespace) => {
                Ok((value, &text[length..]))
            }
            _ => self.other_number(text, column),
        }
    }

    /// The same of text that does not begin with a number as Rust writes it.
    #[cold]
    fn other_number<'a>(&self, text: &'a [u8], column: usize) -> Result<(f32, &'a [u8]), String> {
        let length = text.iter().position(u8::is_ascii_whitespace);
        let (word, after) = text.split_at(length.unwrap_or(text.len()));
        let value = self.with_comma(word).ok_or_else(|| {
            let word = String::from_utf8_lossy(&word[..word.len().min(40)]);
            format!("column {}: expected a number, found `{word}`", column + 1)
        })?;
        Ok((value, after))
    }

    /// A number with a comma in place of the point, where that is allowed.
    fn with_comma(&self, word: &[u8]) -> Option<f32> {
        let comma = word.iter().position(|&byte| byte == b',')?;
        let mut word = word.to_vec();
        word[comma] = b'.';
        let value = fast_float2::parse(word).ok()?;
        self.decimal_comma.then_some(value)
    }
}

fn finite(value: f32, column: usize) -> Result<f32, String> {
    if value.is_finite() {
        return Ok(value);
    }
    let column = column + 1;
    Err(format!(
        "column {column}: expected a finite number, found {value}"
    ))
}

/// The text from its first character on that is neither a blank nor a line's end.
fn without_blanks(mut text: &[u8]) -> &[u8] {
    // Columns of one width leave several spaces before a number: eight are looked at together.
    const SPACES: u64 = u64::from_le_bytes([b' '; 8]);
    while let Some(&eight) = text.first_chunk() {
        let spaces = (u64::from_le_bytes(eight) ^ SPACES).trailing_zeros() as usize / 8;
        text = &text[spaces..];
        if spaces < 8 {
            break;
        }
    }
    let blank = |byte: &u8| byte.is_ascii_whitespace() && *byte != b'\n';
    let first = text.iter().position(|byte| !blank(byte));
    &text[first.unwrap_or(text.len())..]
}

/// The text from the end of its first line on.
fn from_line_end(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|&byte| byte == b'\n');
    &text[end.unwrap_or(text.len())..]
}

/// Whether a line holds a point: it is neither blank nor a comment.
pub(super) fn is_point(line: &[u8]) -> bool {
    let first = line.iter().find(|byte| !byte.is_ascii_whitespace());
    first.is_some_and(|&byte| byte != b'#')
}

/// The line of the k-th point, for a message. The file is read again: it is an error's path.
pub(super) fn line_of_point(path: &Path, first_line: usize, k: usize) -> Option<usize> {
    let file = std::fs::File::open(path).ok()?;
    let lines = std::io::BufReader::new(file)
        .split(b'\n')
        .map_while(Result::ok);
    let numbered = (1..).zip(lines).skip(first_line - 1);
    numbered
        .filter(|(_, line)| is_point(line))
        .nth(k)
        .map(|(number, _)| number)
}

/// Splits text at line ends into pieces of roughly one size.
fn pieces(mut text: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    while text.len() > PIECE {
        let Some(end) = text[PIECE..].iter().position(|&byte| byte == b'\n') else {
            break;
        };
        let (piece, rest) = text.split_at(PIECE + end + 1);
        pieces.push(piece);
        text = rest;
    }
    pieces.push(text);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write;

    fn table() -> Table {
        let mut roles = [0, 1, 2].map(Role::Euler).to_vec();
        roles.extend([Role::X, Role::Y, Role::Phase, Role::Property(0)]);
        Table {
            roles,
            properties: 1,
            angle: 1.0,
            phase_numbers: vec![1],
            zero_is_first_phase: true,
            unindexed_at: None,
            four_pi_unindexed: false,
            decimal_comma: false,
        }
    }

    /// A table larger than a block, with blank lines, comments and both line ends in it.
    fn text(points: usize) -> (String, usize) {
        let (mut text, mut lines) = (String::new(), 0);
        for k in 0..points {
            if k % 1000 == 7 {
                text += "\n# a comment\n";
                lines += 2;
            }
            let end = if k % 2 == 0 { "\r\n" } else { "\n" };
            let _ = write!(
                text,
                "0.125 0.25 0.5  {}.0\t{}.0 0 {k}.25 {end}",
                k % 512,
                k / 512
            );
            lines += 1;
        }
        assert!(text.len() > BLOCK + PIECE);
        (text, lines)
    }

    #[test]
    fn blocks_and_pieces_join_without_a_seam() -> Result<()> {
        let (text, _) = text(150_000);
        let points = table().read(&mut text.as_bytes(), Path::new("t"), 1)?;
        assert_eq!(points.len(), 150_000);
        for k in 0..points.len() {
            assert_eq!(points.properties[0][k], k as f32 + 0.25);
            assert_eq!(
                [points.x[k], points.y[k]],
                [k % 512, k / 512].map(|n| n as f32)
            );
        }
        Ok(())
    }

    proptest! {
        /// Against the standard library's numbers, whatever separates them.
        #[test]
        fn numbers_are_the_nearest_and_blanks_do_not_matter(
            rows in proptest::collection::vec(
                (proptest::array::uniform7(-1e3f32..1e3), 0usize..4, any::<bool>()), 1..20,
            ),
            comma: bool,
        ) {
            let table = Table { decimal_comma: comma, ..table() };
            let mut text = String::new();
            let mut expected = Vec::new();
            for (mut numbers, style, last) in rows {
                numbers[5] = 1.0;
                let words = numbers.map(|number| match style {
                    0 => format!("{number}"),
                    1 => format!("{number:e}"),
                    2 => format!("{number:9.3}"),
                    _ => format!("{number:+.30}"),
                });
                expected.push(words.clone().map(|word| word.trim().parse::<f32>().unwrap_or(f32::NAN)));
                let line = words.join(["\t", "  ", " \t ", "\x0c "][style]);
                text += &if comma { line.replace('.', ",") } else { line };
                text += if last { " \r\n" } else { "\n\n" };
            }
            let points = table
                .read(&mut text.as_bytes(), Path::new("t"), 1)
                .map_err(|e| TestCaseError::fail(e.to_string()))?;
            prop_assert_eq!(points.len(), expected.len());
            for (k, numbers) in expected.iter().enumerate() {
                prop_assert_eq!(&points.euler[k][..], &numbers[..3]);
                prop_assert_eq!([points.x[k], points.y[k]], [numbers[3], numbers[4]]);
                prop_assert_eq!(points.properties[0][k], numbers[6]);
            }
        }
    }

    /// Whatever the first line, no more room is made than the text can hold points for.
    #[test]
    fn a_short_first_line_reserves_no_more_than_the_text_can_hold() {
        let text = format!("\n{}", "0 0 0 0 0 1 0\n".repeat(1000));
        let (points, lines) = table().parse(text.as_bytes()).unwrap_or_default();
        assert_eq!((points.len(), lines), (1000, 1001));
        assert!(points.euler.capacity() <= text.len() / 14 + 1);
    }

    #[test]
    fn lines_are_counted_across_blocks() {
        let (mut text, lines) = text(150_000);
        text += "0 0 0 0 0 0\n";
        let read = table().read(&mut text.as_bytes(), Path::new("t"), 33);
        let message = read.map_or_else(|e| e.to_string(), |p| format!("{} points", p.len()));
        assert_eq!(
            message,
            format!("t: line {}: expected 7 numbers, found 6", 33 + lines)
        );
    }
}
