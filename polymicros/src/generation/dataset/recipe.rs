//! What makes each structure of a dataset.

use super::DatasetSettings;
use crate::generation::Seeds;
use crate::{Error, Result};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Which structure has which statistics and which model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// Each structure has statistics of its own, and models take turns: as many statistics as
    /// there are structures.
    #[default]
    Turns,
    /// Each set of statistics with each model, this many times over (Algorithm 3; the paper's is
    /// 3). Models change fastest, sets of statistics slowest, so that the beginning of a dataset
    /// is a smaller one of the same kind.
    Combined(usize),
}

impl Order {
    /// How many sets of statistics `count` structures of so many models have.
    ///
    /// # Errors
    /// When the count does not come out even.
    pub fn statistics(self, count: usize, models: usize) -> Result<usize> {
        match self {
            Order::Turns => Ok(count),
            Order::Combined(repeats) => {
                let each = repeats.checked_mul(models).unwrap_or(0);
                if each == 0 || !count.is_multiple_of(each) {
                    let problem = format!(
                        "{count} structures are no multiple of {models} models times {repeats} \
                         repeats"
                    );
                    return Err(Error::value("count", problem));
                }
                Ok(count / each)
            }
        }
    }
}

/// What makes one structure; it follows from the settings alone, so that structures can be made in
/// any order and anywhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// Its number in the dataset.
    pub structure: usize,
    /// The number of the local model.
    pub model: usize,
    /// The number of the set of statistics.
    pub statistics: usize,
    /// How often this pair has been made before.
    pub repeat: usize,
    /// What is random.
    pub seeds: Seeds,
}

impl Recipe {
    pub(super) fn new(settings: &DatasetSettings, structure: usize) -> Self {
        let models = settings.models.len();
        let (statistics, repeat) = match settings.order {
            Order::Turns => (structure, 0),
            Order::Combined(repeats) => {
                let pair = structure / models;
                (pair / repeats, pair % repeats)
            }
        };
        // One stream of the generator a structure: streams of one seed are independent.
        let mut rng = ChaCha8Rng::seed_from_u64(settings.seed);
        rng.set_stream(structure as u64 + 1);
        Recipe {
            structure,
            model: structure % models,
            statistics,
            repeat,
            seeds: Seeds {
                random_field: rng.random(),
                refinement: rng.random(),
            },
        }
    }
}

/// A part of a dataset, for machines that work on it side by side: part `k` of `n` makes every
/// `n`-th structure, from the `k`-th on. It is written `k/n`, with `k` from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    part: usize,
    of: usize,
}

impl Shard {
    /// The whole dataset.
    pub const WHOLE: Shard = Shard { part: 1, of: 1 };

    /// Part `part`, counted from 1, of `of`.
    ///
    /// # Errors
    /// When there is no such part.
    pub fn new(part: usize, of: usize) -> Result<Self> {
        if part == 0 || part > of {
            let problem = format!("{part}/{of}: parts are 1/{of} to {of}/{of}");
            return Err(Error::value("shard", problem));
        }
        Ok(Shard { part, of })
    }

    /// Whether a structure is in it.
    pub fn contains(self, structure: usize) -> bool {
        structure % self.of == self.part - 1
    }
}

impl std::str::FromStr for Shard {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let parts = text.split_once('/');
        let number = |text: &str| text.trim().parse().ok();
        match parts.and_then(|(part, of)| Some((number(part)?, number(of)?))) {
            Some((part, of)) => Shard::new(part, of),
            None => Err(Error::value(
                "shard",
                format!("{text:?}: expected k/n, such as 1/4"),
            )),
        }
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn settings(order: Order, count: usize) -> DatasetSettings {
        let text = format!(
            "count = {count}\nedge = 16\nmodels = [{{ name = \"a\" }}, {{ name = \"b\" }}, \
             {{ name = \"c\" }}]"
        );
        let settings: DatasetSettings = toml::from_str(&text).unwrap();
        DatasetSettings { order, ..settings }
    }

    #[test]
    fn all_pairs_are_made_as_often_as_asked() -> Result<()> {
        let combined = settings(Order::Combined(2), 24);
        assert_eq!(combined.statistics()?, 4);
        let all: BTreeSet<_> = (0..24)
            .map(|i| {
                combined
                    .recipe(i)
                    .map(|r| (r.model, r.statistics, r.repeat))
            })
            .collect::<Result<_>>()?;
        let expected: BTreeSet<_> = (0..24).map(|i| (i % 3, i / 3 % 4, i / 12)).collect();
        assert_eq!(all, expected);
        let turns = settings(Order::Turns, 7);
        let found = turns.recipe(5)?;
        assert_eq!((found.model, found.statistics, found.repeat), (2, 5, 0));
        assert!(turns.recipe(7).is_err());
        Ok(())
    }

    #[test]
    fn seeds_differ_and_do_not_depend_on_the_count() -> Result<()> {
        let (small, large) = (settings(Order::Turns, 20), settings(Order::Turns, 60));
        let mut seen = BTreeSet::new();
        for i in 0..20 {
            let seeds = small.recipe(i)?.seeds;
            assert_eq!(seeds, large.recipe(i)?.seeds);
            assert!(seen.insert(seeds.random_field) && seen.insert(seeds.refinement));
        }
        Ok(())
    }

    #[test]
    fn shards_share_the_work() -> Result<()> {
        let shards = ["1/3", "2/3", "3/3"].map(str::parse::<Shard>);
        let shards: Vec<Shard> = shards.into_iter().collect::<Result<_>>()?;
        for i in 0..20 {
            assert_eq!(shards.iter().filter(|shard| shard.contains(i)).count(), 1);
        }
        assert!((0..20).all(|i| Shard::WHOLE.contains(i)));
        for wrong in ["0/2", "3/2", "1", "a/b", "1/0"] {
            assert!(wrong.parse::<Shard>().is_err(), "{wrong}");
        }
        assert_eq!("2/3".parse::<Shard>()?.to_string(), "2/3");
        Ok(())
    }
}
