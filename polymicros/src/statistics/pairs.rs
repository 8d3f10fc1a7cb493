//! Which channels are correlated with which.

use crate::{Error, Result};

/// A choice of channel pairs `(β, γ)`.
///
/// Since `f^{βγ}_r = f^{γβ}_{-r}`, one of the two orders of a pair tells both.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Pairs {
    /// All distinct ones, `C (C + 1) / 2`: of three channels 00, 01, 02, 11, 12, 22.
    #[default]
    All,
    /// Those with channel 0, as the paper uses them: of three channels 00, 01, 02.
    WithFirst,
    /// These.
    Chosen(Vec<(usize, usize)>),
}

impl Pairs {
    /// The pairs among this many channels.
    ///
    /// # Errors
    /// When a chosen pair names a channel that does not exist, is there twice (in either order),
    /// or none is chosen.
    pub fn among(&self, channels: usize) -> Result<Vec<(usize, usize)>> {
        match self {
            Pairs::All => Ok((0..channels)
                .flat_map(|b| (b..channels).map(move |c| (b, c)))
                .collect()),
            Pairs::WithFirst => Ok((0..channels).map(|c| (0, c)).collect()),
            Pairs::Chosen(pairs) => {
                for (i, &(b, c)) in pairs.iter().enumerate() {
                    if b.max(c) >= channels {
                        return Err(Error::value(
                            "channel pair",
                            format!("({b}, {c}) of a field with {channels} channels"),
                        ));
                    }
                    if pairs[..i].contains(&(b, c)) || pairs[..i].contains(&(c, b)) {
                        return Err(Error::value("channel pair", format!("({b}, {c}) twice")));
                    }
                }
                if pairs.is_empty() {
                    return Err(Error::value("channel pairs", "none chosen"));
                }
                Ok(pairs.clone())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_channels_have_six_distinct_pairs() -> Result<()> {
        let six = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)];
        assert_eq!(Pairs::All.among(3)?, six);
        assert_eq!(Pairs::WithFirst.among(3)?, six[..3]);
        assert!(Pairs::Chosen(vec![(0, 3)]).among(3).is_err());
        assert!(Pairs::Chosen(vec![(1, 2), (2, 1)]).among(3).is_err());
        assert!(Pairs::Chosen(vec![]).among(3).is_err());
        Ok(())
    }
}
