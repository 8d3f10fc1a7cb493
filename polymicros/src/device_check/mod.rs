//! Whether a device computes what the processor does, and how fast: for the first run on a GPU.
//!
//! Every operation of the network, a training step and a sample are computed on the device and on
//! the processor. Errors are the largest difference over the largest value.

mod operations;
mod runs;

use crate::network::cost::{Passes, Workload};
use crate::network::{Device, DeviceWork, Facts, NetworkDevice};
use crate::{Error, Result};
use operations::Operation;

/// One result on the device beside the processor's.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// What was computed.
    pub what: String,
    /// The largest difference over the largest value; infinite where there is a value that is no
    /// finite number.
    pub error: f64,
    /// What rounding and the order of sums may come to.
    pub tolerance: f64,
}

impl Comparison {
    fn new(what: impl Into<String>, found: &[f32], expected: &[f32], tolerance: f64) -> Self {
        let mut error = 0.0f64;
        let mut largest = f64::MIN_POSITIVE;
        for (found, expected) in found.iter().zip(expected) {
            let difference = f64::from((found - expected).abs());
            error = error.max(if difference.is_finite() {
                difference
            } else {
                f64::INFINITY
            });
            largest = largest.max(f64::from(expected.abs()));
        }
        Comparison {
            what: what.into(),
            error: if found.len() == expected.len() {
                error / largest
            } else {
                f64::INFINITY
            },
            tolerance,
        }
    }

    /// Whether the error is within the tolerance.
    pub fn holds(&self) -> bool {
        self.error <= self.tolerance
    }
}

/// How long passes of a network took.
#[derive(Debug, Clone)]
pub struct Timing {
    /// The network and its input.
    pub workload: Workload,
    /// Its name.
    pub what: String,
    /// Which passes.
    pub passes: Passes,
    /// The median of some runs.
    pub seconds: f64,
    /// Bytes of the device's memory that were taken for the backward pass, where it can say so.
    pub kept: Option<f64>,
}

impl Timing {
    /// Operations a second, by the cost model.
    pub fn rate(&self) -> f64 {
        self.workload.cost(self.passes).operations / self.seconds
    }
}

/// All that was found.
#[derive(Debug, Clone)]
pub struct Report {
    /// The device.
    pub device: Device,
    /// What a card says of itself; nothing of the processor.
    pub facts: Option<Facts>,
    /// Results beside the processor's.
    pub comparisons: Vec<Comparison>,
    /// Times.
    pub timings: Vec<Timing>,
}

impl Report {
    /// Whether every result agrees with the processor's.
    pub fn agrees(&self) -> bool {
        !self.comparisons.is_empty() && self.comparisons.iter().all(Comparison::holds)
    }
}

/// Checks a device; `progress` hears what is being done.
///
/// # Errors
/// When there is no such device, or an operation fails on it.
pub fn check(device: Device, progress: &mut dyn FnMut(&str)) -> Result<Report> {
    let device = device.resolve();
    device.run(Work { device, progress })
}

struct Work<'a> {
    device: Device,
    progress: &'a mut dyn FnMut(&str),
}

impl DeviceWork for Work<'_> {
    type Output = Report;
    type Error = Error;

    fn on<D: NetworkDevice>(self, device: &D) -> Result<Report> {
        let mut comparisons = Vec::new();
        for operation in Operation::all() {
            (self.progress)(&operation.name());
            comparisons.extend(operation.compare(device)?);
        }
        (self.progress)("a training step");
        comparisons.extend(runs::training(device)?);
        (self.progress)("a sample");
        comparisons.push(runs::sample(device)?);
        let mut timings = Vec::new();
        for timed in runs::timed(self.device) {
            (self.progress)(&timed.name());
            timings.push(timed.run(self.device, device)?);
        }
        Ok(Report {
            device: self.device,
            facts: self.device.facts()?,
            comparisons,
            timings,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_agrees_with_itself() {
        let mut said = Vec::new();
        let report = check(Device::Cpu, &mut |what| said.push(what.to_owned())).unwrap();
        assert!(report.agrees());
        assert!(report.comparisons.iter().all(|one| one.error == 0.0));
        assert!(report.comparisons.len() > 30 && said.len() > 10);
        assert!(report.timings.iter().all(|timing| timing.rate() > 1e6));
        assert!(report.facts.is_none());
    }

    #[test]
    fn one_wrong_number_is_seen() {
        let of = |found: &[f32]| Comparison::new("numbers", found, &[1.0, -4.0, 0.5], 1e-3);
        assert!(of(&[1.0, -4.0, 0.5]).holds());
        assert!((of(&[1.0, -4.0, 0.7]).error - 0.05).abs() < 1e-6);
        for wrong in [
            &[1.0, -4.0, 0.7][..],
            &[1.0, f32::NAN, 0.5],
            &[f32::INFINITY, -4.0, 0.5],
            &[1.0, -4.0],
        ] {
            assert!(!of(wrong).holds(), "{wrong:?}");
        }
        let report = Report {
            device: Device::Cpu,
            facts: None,
            comparisons: vec![of(&[1.0, -4.0, 0.5]), of(&[0.0, -4.0, 0.5])],
            timings: Vec::new(),
        };
        assert!(!report.agrees());
    }
}
