//! Text with numbers in it.

/// How far two numbers with a fraction may differ, relative to the larger. Instruction sets round
/// sums differently, and figures are printed with three to five digits.
pub const RELATIVE_TOLERANCE: f64 = 2e-3;
/// Below this size a number with a fraction counts as zero: what is left of rounding errors.
pub const NOISE: f64 = 1e-6;

/// What differs between two texts, in words; `None` where they agree. Whole numbers and all words
/// agree exactly, numbers with a fraction or an exponent within [`RELATIVE_TOLERANCE`].
pub fn difference(expected: &str, found: &str) -> Option<String> {
    let mut expected_lines = expected.lines();
    let mut found_lines = found.lines();
    let mut number = 0;
    loop {
        number += 1;
        match (expected_lines.next(), found_lines.next()) {
            (None, None) => return None,
            (Some(a), Some(b)) => {
                if !lines_agree(a, b) {
                    return Some(format!("line {number}: expected `{a}`, found `{b}`"));
                }
            }
            (Some(a), None) => return Some(format!("line {number}: `{a}` is missing")),
            (None, Some(b)) => return Some(format!("line {number}: `{b}` is new")),
        }
    }
}

fn lines_agree(a: &str, b: &str) -> bool {
    let (a, b) = (tokens(a), tokens(b));
    a.len() == b.len()
        && a.iter().zip(&b).all(|(a, b)| match (a, b) {
            (Token::Fraction(a), Token::Fraction(b)) => {
                (a - b).abs() <= RELATIVE_TOLERANCE * a.abs().max(b.abs())
                    || a.abs().max(b.abs()) < NOISE
            }
            (a, b) => a == b,
        })
}

#[derive(Debug, PartialEq)]
enum Token<'a> {
    Fraction(f64),
    Other(&'a str),
}

/// Splits a line into numbers with a fraction or an exponent and everything else. White space is
/// only a separator: the padding of a table depends on the digits beside it.
fn tokens(line: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    for word in line.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let start = rest.find(|c: char| c.is_ascii_digit());
            let Some(start) = start else {
                tokens.push(Token::Other(rest));
                break;
            };
            let signed = start - usize::from(rest[..start].ends_with('-'));
            if signed > 0 {
                tokens.push(Token::Other(&rest[..signed]));
            }
            let length = number_length(&rest[start..]) + start - signed;
            let token = &rest[signed..signed + length];
            let is_fraction = token.contains(['.', 'e']);
            tokens.push(match token.parse::<f64>() {
                Ok(value) if is_fraction => Token::Fraction(value),
                _ => Token::Other(token),
            });
            rest = &rest[signed + length..];
        }
    }
    tokens
}

/// Bytes of the number that `text` starts with: digits, a fraction, an exponent.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| text[from..].bytes().take_while(u8::is_ascii_digit).count();
    let mut length = digits(0);
    if text[length..].starts_with('.') && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if text[length..].starts_with('e') {
        let sign = usize::from(text[length + 1..].starts_with(['-', '+']));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_whole_numbers_agree_exactly() {
        assert_eq!(difference("a 12 b", "a  12  b"), None);
        assert!(difference("a 12 b", "a 13 b").is_some());
        assert!(difference("a", "a\nb").is_some());
        assert!(difference("x: 64 x 64", "y: 64 x 64").is_some());
    }

    #[test]
    fn fractions_agree_within_the_tolerance() {
        assert_eq!(difference("m=-0.51234,", "m=-0.51239,"), None);
        assert!(difference("m=-0.512", "m=0.512").is_some());
        assert!(difference("0.500", "0.510").is_some());
        assert_eq!(difference("1.0e-9", "-3.1e-12"), None);
        assert_eq!(difference("<td>1.2345e3</td>", "<td>1.2346e3</td>"), None);
        assert!(difference("<td>1.2345e3</td>", "<td>1.2345e4</td>").is_some());
    }
}
