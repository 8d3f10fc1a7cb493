//! The table, with denoisers that know everything or nothing.

use super::*;
use crate::diffusion::{Batch, Sampler, Schedule};
use crate::microstructure::StandIn;
use ndarray::Axis;

fn sampler() -> Sampler {
    Sampler {
        schedule: Schedule {
            steps: 6,
            ..Schedule::default()
        },
        ..Sampler::default()
    }
}

#[test]
fn a_denoiser_that_knows_the_truth_wins_and_one_that_knows_nothing_loses() -> Result<()> {
    let truth = StandIn::Recrystallised.generate([16; 3], 2)?.rogsh()?;
    let mask = Mask::slices([16; 3], 1, 4, 0)?;
    let known = crate::reconstruction::Known::of(&mask.observe(&truth)?)?;
    let clean = known.centred(&truth)?.insert_axis(Axis(0));
    let oracle = |_: &Batch, _: f64| Ok(clean.clone());
    let ignorant = |x: &Batch, _: f64| Ok(Batch::zeros(x.dim()));
    let baselines = compare_interpolations(&truth, &mask)?;
    assert_eq!(baselines.len(), 4);
    let best = baselines
        .iter()
        .map(|row| row.measures.mean_absolute_error)
        .fold(f64::INFINITY, f64::min);
    for candidate in candidates(sampler(), 0.75) {
        let of = |denoiser: &dyn Denoiser| {
            compare_candidate(&truth, &mask, denoiser, &candidate, 2, 1, &mut |_| Ok(()))
        };
        let rows = of(&oracle)?;
        assert_eq!(rows.len(), 2);
        let error = rows[0].measures.mean_absolute_error;
        assert!(error < 1e-3, "{}: {error}", candidate.name);
        // Grains between two slices, which neither shows, are lost.
        let kept = rows[1].measures.same_orientation;
        assert!(kept > 0.95 && kept < 1.0, "{}: {kept}", candidate.name);
        assert!(rows[0].calibration.is_some());
        let error = of(&ignorant)?[0].measures.mean_absolute_error;
        assert!(error > best, "{}: {error}", candidate.name);
    }
    Ok(())
}

#[test]
fn rows_of_a_method_are_averaged() -> Result<()> {
    let mut rows = Vec::new();
    for axis in 0..2 {
        let truth = StandIn::CoarseBeta.generate([16; 3], 3)?.rogsh()?;
        rows.extend(compare_interpolations(
            &truth,
            &Mask::slices([16; 3], axis, 2, 0)?,
        )?);
    }
    let means = averaged(&rows);
    assert_eq!(means.len(), rows.len() / 2);
    for (k, row) in means.iter().enumerate() {
        let (a, b) = (&rows[k], &rows[k + means.len()]);
        assert_eq!((&row.method, &row.method), (&a.method, &b.method));
        let of = |row: &Row| row.measures.mean_absolute_error;
        assert!((of(row) - 0.5 * (of(a) + of(b))).abs() < 1e-12);
        // Every other slice: missing slices have no missing neighbours.
        assert_eq!(row.measures.seam, None);
    }
    Ok(())
}

#[test]
fn candidates_have_names_of_their_own_and_settings_that_make_sense() -> Result<()> {
    let all = candidates(Sampler::default(), 0.75);
    let ablation = theta_ablation(Sampler::default(), &[0.6, 0.75, 1.0]);
    assert_eq!(
        ablation[0],
        Candidate {
            name: "Algorithm 4, 60 %".into(),
            inpainting: crate::reconstruction::Inpainting {
                theta: 0.6,
                ..Default::default()
            },
        }
    );
    assert_eq!(ablation[1].inpainting, all[0].inpainting);
    for (k, candidate) in all.iter().enumerate() {
        assert!(candidate.inpainting.evaluations()? > 0);
        assert!(all[..k].iter().all(|other| other.name != candidate.name));
    }
    Ok(())
}
