//! Where an axis has its ticks, and what they are called.

/// Ticks in the order of their values.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Ticks {
    /// Labelled positions, in data coordinates.
    pub(super) at: Vec<f64>,
    pub(super) labels: Vec<String>,
    /// Positions without a label.
    pub(super) minor: Vec<f64>,
    /// A power of ten that all labels are to be multiplied with, for the end of the axis.
    pub(super) factor: Option<String>,
}

/// Multiples of 1, 2 or 5 times a power of ten within `low..=high`, about `count` of them.
pub(super) fn linear(low: f64, high: f64, count: usize) -> Ticks {
    let step = step(low, high, count);
    let (first, last) = multiples(low, high, step);
    let at: Vec<f64> = (first..=last).map(|k| k as f64 * step).collect();
    let largest = at
        .iter()
        .fold(0.0, |size: f64, value| size.max(value.abs()));
    let power = largest.max(f64::MIN_POSITIVE).log10().floor();
    let (scale, factor) = if (-3.0..5.0).contains(&power) || largest == 0.0 {
        (1.0, None)
    } else {
        (
            10f64.powf(power),
            Some(format!("×{}", power_of_ten(power as i32))),
        )
    };
    let decimals = (-(step / scale).log10() - 1e-9).ceil().clamp(0.0, 12.0) as usize;
    let labels = at.iter().map(|v| plain(v / scale, decimals)).collect();
    Ticks {
        at,
        labels,
        minor: Vec::new(),
        factor,
    }
}

/// Powers of ten within `low..=high`, both positive; over less than two and a half decades also 2 and 5 times
/// these.
pub(super) fn logarithmic(low: f64, high: f64) -> Ticks {
    let mut ticks = Ticks::default();
    let inside = |value: f64| value >= low * (1.0 - 1e-9) && value <= high * (1.0 + 1e-9);
    let decades = high.log10() - low.log10();
    let few = decades < 2.5;
    // Beyond eight decades every label would collide with the next.
    let every = (decades / 8.0).ceil().max(1.0) as i32;
    for power in low.log10().floor() as i32..=high.log10().ceil() as i32 {
        for digit in 1..10 {
            let value = f64::from(digit) * 10f64.powi(power);
            if !inside(value) {
                continue;
            }
            let labelled = if digit == 1 {
                power.rem_euclid(every) == 0
            } else {
                few && (digit == 2 || digit == 5)
            };
            if labelled {
                ticks.at.push(value);
                ticks.labels.push(if (-3..=4).contains(&power) {
                    plain(value, usize::try_from(-power).unwrap_or(0))
                } else if digit == 1 {
                    power_of_ten(power)
                } else {
                    format!("{digit}×{}", power_of_ten(power))
                });
            } else {
                ticks.minor.push(value);
            }
        }
    }
    if ticks.at.len() < 2 {
        return linear(low, high, 4);
    }
    ticks
}

/// One of the lengths 1, 2 or 5 times a power of ten, not above `most`.
pub(super) fn round_length(most: f64) -> f64 {
    let power = 10f64.powf((most * (1.0 + 1e-9)).log10().floor());
    let digit = [5.0, 2.0, 1.0]
        .into_iter()
        .find(|digit| digit * power <= most * (1.0 + 1e-9));
    digit.unwrap_or(1.0) * power
}

/// A number with so many decimals and a true minus sign.
pub(super) fn plain(value: f64, decimals: usize) -> String {
    let text = format!("{value:.decimals$}");
    match text.strip_prefix('-') {
        Some(digits) if digits.chars().all(|c| c == '0' || c == '.') => digits.to_owned(),
        Some(digits) => format!("−{digits}"),
        None => text,
    }
}

/// The first and the last multiple of a step within a range.
fn multiples(low: f64, high: f64, step: f64) -> (i64, i64) {
    (
        (low / step - 1e-9).ceil() as i64,
        (high / step + 1e-9).floor() as i64,
    )
}

/// The step whose number of ticks comes nearest to `count`, the more where two are as near.
fn step(low: f64, high: f64, count: usize) -> f64 {
    let power = 10f64.powf(((high - low) / count.max(1) as f64).log10().floor());
    let ticks = |digit: f64| {
        let (first, last) = multiples(low, high, digit * power);
        last - first + 1
    };
    let digit = [1.0, 2.0, 5.0, 10.0]
        .into_iter()
        .min_by_key(|digit| ticks(*digit).abs_diff(count as i64));
    digit.unwrap_or(1.0) * power
}

fn power_of_ten(power: i32) -> String {
    let digits = power.to_string();
    let raised = digits.chars().map(|c| match c {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        c => char::from_u32(u32::from(c) - u32::from('0') + u32::from('⁰')).unwrap_or(c),
    });
    format!("10{}", raised.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn labels_read_well() {
        let about_zero = linear(-0.5, 0.5, 5).labels;
        assert_eq!(about_zero, ["−0.4", "−0.2", "0.0", "0.2", "0.4"]);
        assert_eq!(
            linear(-48.0, 48.0, 3).labels,
            ["−40", "−20", "0", "20", "40"]
        );
        assert_eq!(linear(0.0, 128.0, 4).labels, ["0", "50", "100"]);
        let small = linear(0.0, 3.2e-5, 4);
        assert_eq!(small.labels, ["0", "1", "2", "3"]);
        assert_eq!(small.factor.as_deref(), Some("×10⁻⁵"));
        assert_eq!(logarithmic(1.0, 2000.0).labels, ["1", "10", "100", "1000"]);
        assert_eq!(logarithmic(1.0, 30.0).labels, ["1", "2", "5", "10", "20"]);
        assert_eq!(
            logarithmic(1e-8, 1e-5).labels,
            ["10⁻⁸", "10⁻⁷", "10⁻⁶", "10⁻⁵"]
        );
        assert_eq!(logarithmic(0.5, 80.0).labels[..2], ["0.5", "1"]);
    }

    #[test]
    fn bars_have_round_lengths() {
        assert_eq!(round_length(34.0), 20.0);
        assert_eq!(round_length(0.07), 0.05);
        assert_eq!(round_length(10.0), 10.0);
    }

    proptest! {
        #[test]
        fn ticks_lie_within_and_are_neither_few_nor_many(
            low in -1e6..1e6f64, width in 1e-6..1e6f64, count in 3usize..8,
        ) {
            // Where the width is lost in rounding against the position there is no axis to draw.
            prop_assume!(width > 1e-9 * low.abs());
            let high = low + width;
            let ticks = linear(low, high, count);
            prop_assert!(!ticks.at.is_empty() && ticks.at.len() <= 2 * count);
            for value in &ticks.at {
                prop_assert!(*value >= low - 1e-6 * width && *value <= high + 1e-6 * width);
            }
            prop_assert_eq!(ticks.at.len(), ticks.labels.len());
        }
    }
}
