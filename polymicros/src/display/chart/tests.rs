use super::super::encode::tests::decode;
use super::*;
use proptest::prelude::*;

#[test]
fn points_lie_where_the_axes_say() -> Result<()> {
    let colour = [10, 200, 30];
    let chart = Chart::new("x", "y")
        .points("", &[1.0, 10.0, 100.0], &[0.0, 5.0, 10.0])
        .coloured(colour)
        .log_x();
    let picture = chart.picture()?;
    let read = decode(picture.png())?;
    assert_eq!((picture.width(), picture.height()), (700, 400));
    assert_eq!((read.width, read.height), (700, 400));
    // On the log axis the points are evenly spaced: find their centres by the discs' pixels.
    let like = |c: [u8; 3]| c[1].abs_diff(c[0]) > 60 && c[1].abs_diff(c[2]) > 60;
    let columns: Vec<usize> = (0..700)
        .filter(|x| (0..400).any(|y| like(read.at(*x as f64, y as f64))))
        .collect();
    let mut centres = Vec::new();
    for run in columns.chunk_by(|a, b| b - a == 1) {
        centres.push((run[0] + run[run.len() - 1]) as f64 / 2.0);
    }
    assert_eq!(centres.len(), 3, "{centres:?}");
    let steps = [centres[1] - centres[0], centres[2] - centres[1]];
    assert!((steps[0] - steps[1]).abs() <= 1.0, "{centres:?}");
    Ok(())
}

#[test]
fn bars_reach_their_heights() -> Result<()> {
    let colour = [0, 0, 200];
    let pale = colour.map(|c: u8| (u16::from(c) / 2 + 127) as u8);
    let picture = Chart::new("size", "share")
        .bars("", &[0.0, 1.0, 2.0], &[1.0, 2.0])
        .coloured(colour)
        .y_range(0.0, 4.0)
        .picture()?;
    let read = decode(picture.png())?;
    let tall = |x: usize| {
        (0..read.height)
            .filter(|y| read.at(x as f64, *y as f64) == pale)
            .count()
    };
    let heights: Vec<usize> = (0..read.width).map(tall).collect();
    let high = heights.iter().copied().max().unwrap_or(0);
    assert!(high > 100, "{high}");
    let low = heights
        .iter()
        .copied()
        .filter(|h| *h > 0 && *h < high - 2)
        .min();
    assert!(
        low.is_some_and(|low| (2 * low).abs_diff(high) <= 2),
        "{low:?} {high}"
    );
    Ok(())
}

#[test]
fn what_cannot_be_drawn_is_named() {
    let message = |chart: Chart| {
        chart
            .picture()
            .map_or_else(|e| e.to_string(), |_| String::new())
    };
    let new = || Chart::new("x", "y");
    for (chart, part) in [
        (new(), "no series"),
        (new().line("a", &[], &[]), "no values"),
        (
            new().line("a", &[1.0, 2.0], &[1.0]),
            "series `a`: expected 2, found 1",
        ),
        (
            new().points("b", &[1.0, f64::NAN], &[1.0, 2.0]),
            "x[1] = NaN",
        ),
        (
            new().line("c", &[0.0, 2.0], &[1.0, 2.0]).log_x(),
            "x[0] = 0: positive",
        ),
        (
            new().bars("d", &[0.0, 1.0], &[1.0, 2.0]),
            "expected 1, found 2",
        ),
        (new().bars("d", &[0.0, 0.0, 1.0], &[1.0, 2.0]), "must grow"),
        (new().line("e", &[1.0], &[1.0]).y_range(2.0, 1.0), "y range"),
        (new().line("e", &[1.0], &[1.0]).level(f64::NAN, ""), "level"),
    ] {
        let text = message(chart);
        assert!(text.contains(part), "{text:?} does not say {part:?}");
    }
    assert!(charts(&[], 2).is_err());
}

#[test]
fn constant_and_single_values_are_drawn() -> Result<()> {
    Chart::new("x", "y")
        .line("flat", &[0.0, 1.0], &[3.0, 3.0])
        .picture()?;
    Chart::new("x", "y")
        .points("one", &[5.0], &[0.0])
        .picture()?;
    Chart::new("x", "y")
        .bars("none", &[0.0, 1.0], &[0.0])
        .picture()?;
    Chart::new("x", "y")
        .points("one", &[5.0], &[2.0])
        .log_x()
        .log_y()
        .picture()?;
    Ok(())
}

proptest! {
    #[test]
    fn clipping_keeps_what_is_inside(
        a in (-1.0..2.0f64, -1.0..2.0f64), b in (-1.0..2.0f64, -1.0..2.0f64),
    ) {
        // Against walking along the segment in small steps.
        let inside = |p: (f64, f64)| (0.0..=1.0).contains(&p.0) && (0.0..=1.0).contains(&p.1);
        let steps = 2000;
        let walked = (0..=steps).filter(|k| {
            let t = f64::from(*k) / f64::from(steps);
            inside((a.0 + t * (b.0 - a.0), a.1 + t * (b.1 - a.1)))
        });
        let expected = walked.count() as f64 / f64::from(steps);
        let length = (b.0 - a.0).hypot(b.1 - a.1);
        let found = clip(a, b).map_or(0.0, |(p, q)| (q.0 - p.0).hypot(q.1 - p.1) / length);
        prop_assert!((found - expected).abs() < 2e-3, "{found} {expected}");
        let unit = -1e-9..1.0 + 1e-9;
        let stays = clip(a, b).is_none_or(|(p, q)| {
            [p.0, p.1, q.0, q.1].iter().all(|share| unit.contains(share))
        });
        prop_assert!(stays);
    }
}
