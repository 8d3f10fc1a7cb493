use super::*;
use crate::diffusion::{Batch, Sampler, Schedule};
use crate::reconstruction::sections::tests::cells;
use std::cell::Cell;

fn settings(seed: u64) -> EnsembleSettings {
    EnsembleSettings {
        expansion: Expansion {
            sampler: Sampler {
                schedule: Schedule {
                    steps: 3,
                    ..Schedule::default()
                },
                ..Sampler::default()
            },
            ..Expansion::default()
        },
        seed,
        target: "cells".into(),
        model: "white".into(),
        precision: crate::network::Arithmetic::F32,
    }
}

#[test]
fn an_ensemble_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let target = OrthogonalStatistics::of_volume(&cells([8, 8, 8], 9, 1)).unwrap();
    let calls = Cell::new(0);
    let denoiser = |x: &Batch, _: f64| {
        calls.set(calls.get() + 1);
        Ok(x.mapv(|v| 0.1 * v))
    };
    let ensemble = Ensemble::open(folder.path(), settings(5)).unwrap();
    assert_eq!(ensemble.missing(3), [0, 1, 2]);
    let first = ensemble.make(0, &denoiser, &target, |_| Ok(())).unwrap();
    // Interrupted in its second step.
    let stopped = ensemble.make(1, &denoiser, &target, |done| match done {
        2 => Err(Error::value("sampling", "stopped")),
        _ => Ok(()),
    });
    assert!(stopped.is_err());
    assert_eq!(ensemble.missing(3), [1, 2]);

    let resumed = Ensemble::open(folder.path(), settings(5)).unwrap();
    let before = calls.get();
    for index in resumed.missing(2) {
        resumed.make(index, &denoiser, &target, |_| Ok(())).unwrap();
    }
    assert_eq!(
        calls.get() - before,
        settings(5).expansion.sampler.evaluations()
    );
    assert_eq!(resumed.field(0).unwrap().data(), first.field.data());
    assert_ne!(resumed.field(1).unwrap().data(), first.field.data());
    let log = resumed.log(1).unwrap();
    assert_eq!((log.seed, log.steps.len()), (6, 3));

    let other = Ensemble::open(folder.path(), settings(6)).unwrap_err();
    assert!(other.to_string().contains("other settings"));
}
