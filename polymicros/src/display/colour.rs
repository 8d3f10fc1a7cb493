//! From numbers to colours.

use crate::{Error, Result};

/// The ranges of the three cubic ROGSH functions over all orientations, as corrected in the
/// register of readings (Eqs. 8-10). A picture in ROGSH colours maps them to red, green and blue.
pub const ROGSH_RANGES: [[f64; 2]; 3] = [[-0.4564, 0.4564], [-0.5092, 0.7638], [-0.4557, 0.6553]];

/// What stands where there is nothing: masked voxels, phase 0.
pub(super) const NOTHING: [u8; 3] = [228, 228, 228];

/// The colours of series and groups, in order; they repeat after ten.
pub(super) fn series_colour(index: usize) -> [u8; 3] {
    let scheme = colorous::TABLEAU10;
    let colour = scheme[index % scheme.len()];
    [colour.r, colour.g, colour.b]
}

/// A perceptual colour map.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum ColourMap {
    /// Dark blue over green to yellow.
    #[default]
    Viridis,
    /// Black over purple to pale yellow.
    Magma,
    /// White to black.
    Greys,
    /// Blue over white to red, for values about zero.
    BlueRed,
}

impl ColourMap {
    /// The colour at `t`, clamped to 0..=1.
    pub fn rgb(self, t: f64) -> [u8; 3] {
        let t = t.clamp(0.0, 1.0);
        let colour = match self {
            ColourMap::Viridis => colorous::VIRIDIS.eval_continuous(t),
            ColourMap::Magma => colorous::MAGMA.eval_continuous(t),
            ColourMap::Greys => colorous::GREYS.eval_continuous(t),
            ColourMap::BlueRed => colorous::RED_BLUE.eval_continuous(1.0 - t),
        };
        [colour.r, colour.g, colour.b]
    }
}

/// Which values a colour map's two ends stand for.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum ColourRange {
    /// From the smallest to the largest value shown.
    #[default]
    Data,
    /// From minus to plus the largest magnitude shown: the middle of the map is zero.
    Symmetric,
    /// From the first to the second; values beyond take the ends' colours.
    Fixed(f64, f64),
}

impl ColourRange {
    /// The two ends for these values. Values that are not finite are an error.
    pub(super) fn limits(self, what: &str, values: impl Iterator<Item = f32>) -> Result<[f64; 2]> {
        let mut range: Option<[f64; 2]> = None;
        for value in values {
            if !value.is_finite() {
                return Err(Error::value(
                    what,
                    format!("{value}: only finite values have a colour"),
                ));
            }
            let value = f64::from(value);
            let [low, high] = range.unwrap_or([value, value]);
            range = Some([low.min(value), high.max(value)]);
        }
        let data = range.ok_or_else(|| Error::value(what, "no values to show"))?;
        let [low, high] = match self {
            ColourRange::Data => data,
            ColourRange::Symmetric => {
                let size = data[0].abs().max(data[1].abs());
                [-size, size]
            }
            ColourRange::Fixed(low, high) => {
                if !(low.is_finite() && high.is_finite() && low < high) {
                    return Err(Error::value(
                        "colour range",
                        format!("{low} to {high}: the first must be the smaller"),
                    ));
                }
                [low, high]
            }
        };
        // A constant field still needs a range with a width.
        Ok(if low < high {
            [low, high]
        } else {
            let half = if low == 0.0 { 1.0 } else { low.abs() / 2.0 };
            [low - half, low + half]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_map_are_its_ends() {
        assert_eq!(ColourMap::Viridis.rgb(-3.0), ColourMap::Viridis.rgb(0.0));
        let [r, _, b] = ColourMap::BlueRed.rgb(0.0);
        assert!(b > r, "negative is blue");
        let [r, _, b] = ColourMap::BlueRed.rgb(1.0);
        assert!(r > b, "positive is red");
        let middle = ColourMap::BlueRed.rgb(0.5);
        assert!(middle.iter().all(|c| *c > 235), "zero is white: {middle:?}");
    }

    #[test]
    fn ranges_follow_the_data() -> Result<()> {
        let values = [-1.0f32, 3.0, 2.0];
        let limits = |range: ColourRange| range.limits("values", values.into_iter());
        assert_eq!(limits(ColourRange::Data)?, [-1.0, 3.0]);
        assert_eq!(limits(ColourRange::Symmetric)?, [-3.0, 3.0]);
        assert_eq!(limits(ColourRange::Fixed(0.0, 1.0))?, [0.0, 1.0]);
        assert!(limits(ColourRange::Fixed(1.0, 1.0)).is_err());
        let same = ColourRange::Data.limits("values", [2.0f32; 3].into_iter())?;
        assert_eq!(same, [1.0, 3.0]);
        assert!(
            ColourRange::Data
                .limits("values", std::iter::empty())
                .is_err()
        );
        assert!(
            ColourRange::Data
                .limits("values", [f32::NAN].into_iter())
                .is_err()
        );
        Ok(())
    }
}
