//! Short decimal numbers, of which tables of points are made.

/// Up to ten to the power of [`MOST_DIGITS`]; all exact.
const POWERS_OF_TEN: [f64; MOST_DIGITS + 1] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
];

/// Whole numbers of so many digits are exact in `f64`.
const MOST_DIGITS: usize = 15;

/// The `f32` nearest to the number that the text begins with, and the number's length, where it is
/// of the simplest form and short: an optional minus, up to 15 digits with at most one point, and
/// the text's end or a blank. None of anything else, which may be a number all the same.
///
/// Digits and power of ten are exact in `f64`, so that their quotient is the nearest `f64`
/// (W. Clinger 1990), and this the nearest `f32` unless it lies halfway between two of them.
pub(super) fn short(text: &[u8]) -> Option<(f32, usize)> {
    let negative = text.first() == Some(&b'-');
    let start = usize::from(negative);
    let (whole, point) = digits(text, start, 0);
    let (value, end) = match text.get(point) {
        Some(b'.') => digits(text, point + 1, whole),
        _ => (whole, point),
    };
    let places = end.saturating_sub(point + 1);
    let count = point - start + places;
    let ends = text.get(end).is_none_or(u8::is_ascii_whitespace);
    if !ends || count == 0 || count > MOST_DIGITS {
        return None;
    }
    let value = value as f64 / POWERS_OF_TEN[places];
    // Of the 29 bits that `f32` lacks, the first alone.
    if value.to_bits() << 35 == 1 << 63 {
        return None;
    }
    let value = value as f32;
    Some((if negative { -value } else { value }, end))
}

/// A whole number with the digits from `at` on appended, and where they end. Too many digits make
/// it wrong.
fn digits(text: &[u8], mut at: usize, mut value: u64) -> (u64, usize) {
    while let Some(digit) = text.get(at).map(|byte| byte.wrapping_sub(b'0'))
        && digit < 10
    {
        value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    (value, at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the standard library, to the last bit.
        #[test]
        fn numbers_are_the_nearest(digits in "[0-9]{1,18}", place in 0usize..20, minus: bool, more in "( .*)?") {
            let mut number = digits.clone();
            if place <= digits.len() {
                number.insert(place, '.');
            }
            if minus {
                number.insert(0, '-');
            }
            let text = format!("{number}{more}");
            match short(text.as_bytes()) {
                Some((value, length)) => {
                    prop_assert_eq!(length, number.len());
                    let expected: f32 = number.parse().map_err(|_| TestCaseError::fail("no number"))?;
                    prop_assert_eq!(value.to_bits(), expected.to_bits());
                }
                None => prop_assert!(digits.len() > 7, "{}", text),
            }
        }
    }

    /// 2^24 + 1 lies halfway between two numbers of `f32`, and what is next to it does not.
    #[test]
    fn what_lies_halfway_and_other_forms_are_left_to_others() {
        for text in [
            "16777217",
            "16777217.000",
            "1e5",
            "1,5",
            "+1",
            ".",
            "-",
            "",
            " 1",
            "1.2.3",
            "nan",
        ] {
            assert_eq!(short(text.as_bytes()), None, "{text}");
        }
        assert_eq!(short(b"16777217.00001\n2"), Some((16_777_218.0, 14)));
        assert_eq!(short(b"-0.50 1"), Some((-0.5, 5)));
        assert_eq!(short(b".5"), Some((0.5, 2)));
        assert_eq!(short(b"5."), Some((5.0, 2)));
    }
}
