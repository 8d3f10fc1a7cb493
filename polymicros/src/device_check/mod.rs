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

    /// Of what could not be computed.
    fn failed(what: &str, error: &Error) -> Self {
        Comparison {
            what: format!("{what}: {error}"),
            error: f64::INFINITY,
            tolerance: 0.0,
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

/// Passes that were not timed.
#[derive(Debug, Clone, PartialEq)]
pub struct Untimed {
    /// Their name.
    pub what: String,
    /// Why not.
    pub why: String,
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
    /// What could not be timed: as a rule because the device has too little memory.
    pub untimed: Vec<Untimed>,
}

impl Report {
    /// Whether every result agrees with the processor's.
    pub fn agrees(&self) -> bool {
        !self.comparisons.is_empty() && self.comparisons.iter().all(Comparison::holds)
    }
}

/// Checks a device; `progress` hears what is being done.
///
/// An operation that fails on the device is a result that does not agree.
///
/// # Errors
/// When there is no such device.
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
        let mut add = |what: &str, found: Result<Vec<Comparison>>| match found {
            Ok(found) => comparisons.extend(found),
            Err(error) => comparisons.push(Comparison::failed(what, &error)),
        };
        for operation in Operation::all() {
            let what = operation.name();
            (self.progress)(&what);
            add(&what, operation.compare(device));
        }
        (self.progress)("training step");
        add("training step", runs::training(device));
        (self.progress)("sample");
        add("sample", runs::sample(device).map(|sample| vec![sample]));
        let (mut timings, mut untimed) = (Vec::new(), Vec::new());
        for timed in runs::timed(self.device) {
            let what = timed.name();
            (self.progress)(&what);
            match timed.run(self.device, device) {
                Ok(timing) => timings.push(timing),
                Err(error) => untimed.push(Untimed {
                    what,
                    why: error.to_string(),
                }),
            }
        }
        Ok(Report {
            device: self.device,
            facts: self.device.facts()?,
            comparisons,
            timings,
            untimed,
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
        assert!(!report.timings.is_empty() && report.untimed.is_empty());
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
            untimed: Vec::new(),
        };
        assert!(!report.agrees());
        let failure = Comparison::failed("numbers", &Error::value("memory", "is none"));
        assert!(!failure.holds() && failure.what.contains("is none"));
    }
}
