//! The times that the paper states, and what was done in them.

use super::{Card, MathMode, Passes, Workload};
use crate::network::UNetConfig;

/// A time that the paper states.
#[derive(Debug, Clone)]
pub struct Claim {
    /// What was done.
    pub what: &'static str,
    /// The network and its input.
    pub workload: Workload,
    /// How often: training steps or evaluations of one member of a batch.
    pub count: f64,
    /// What each is.
    pub passes: Passes,
    /// The card that did it.
    pub card: Card,
    /// How many of them.
    pub cards: f64,
    /// How long it took.
    pub seconds: f64,
}

impl Claim {
    /// Seconds that the passes take by this model at the full peak of the cards.
    pub fn at_peak(&self, mode: MathMode) -> f64 {
        let batches = self.count / self.workload.batch as f64;
        let one = self.workload.seconds(self.passes, &self.card, mode, 1.0);
        one * batches / self.cards
    }

    /// The share of the cards' peak that multiplications alone ask for, in the time that the paper
    /// states.
    pub fn share(&self, mode: MathMode) -> f64 {
        let one = self.workload.cost(self.passes).operations / self.workload.batch as f64;
        one * self.count / (self.card.peak(mode) * self.cards * self.seconds)
    }
}

const HOUR: f64 = 3600.0;

/// All four: appendices B.2 and C, with section 3.2's 10,000 patches a structure.
pub fn claims() -> [Claim; 4] {
    let training = Claim {
        what: "local model, 10,000 patches of 32^3, 200 epochs",
        workload: Workload::new(UNetConfig::paper_local(), 32, 16),
        count: 200.0 * 10_000.0,
        passes: Passes::Training,
        card: Card::A100,
        cards: 1.0,
        seconds: 18.0 * HOUR,
    };
    [
        Claim {
            what: "foundation model, 50,000 patches of 32^3, 200 epochs",
            workload: Workload::new(UNetConfig::paper_foundation(), 32, 24),
            count: 200.0 * 50_000.0,
            card: Card::H200,
            cards: 8.0,
            seconds: 5.0 * HOUR,
            ..training.clone()
        },
        Claim {
            what: "foundation model, 30,000 volumes of 128^3, 50 epochs",
            workload: Workload::new(UNetConfig::paper_foundation(), 128, 3),
            count: 50.0 * 30_000.0,
            card: Card::H200,
            cards: 8.0,
            seconds: 72.0 * HOUR,
            ..training.clone()
        },
        Claim {
            what: "one structure of 128^3, refined by a local model from step 12 of 25 (2 minutes, \
                   with 1.5 s for its random field)",
            workload: Workload::new(UNetConfig::paper_local(), 128, 1),
            // Two a step from step 12 to 25, but one in the last (Algorithm 2).
            count: 25.0,
            passes: Passes::Evaluation,
            // Without the 1.5 s of the random field.
            seconds: 120.0 - 1.5,
            ..training.clone()
        },
        training,
    ]
}
