//! From scattered measured points to a regular grid.

use super::points::Points;

/// How the points of a scan are arranged, as its header declares it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Pattern {
    /// Points on a rectangular grid.
    Square,
    /// Every second row shifted by half a step.
    Hexagonal,
}

/// The scan grid that a header promises.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub pattern: Pattern,
    /// Points in the first, third, … row, and in the second, fourth, … row.
    pub columns: [usize; 2],
    pub rows: usize,
    /// Distance of points in a row, and of rows.
    pub step: [f64; 2],
}

/// A point that is not where the layout wants one.
#[derive(Debug)]
pub(super) enum Misfit {
    /// This point is wrong, and why.
    Point(usize, String),
    /// The points as a whole do not cover the grid.
    Whole(String),
}

/// The pixels of the map that comes out.
#[derive(Debug)]
pub(super) struct Pixels {
    /// Pixels along x and y.
    pub shape: [usize; 2],
    pub spacing: [f64; 2],
    pub origin: [f64; 2],
    /// The measured point of each pixel, x slowest.
    pub source: Vec<u32>,
}

const MISSING: u32 = u32::MAX;

impl Layout {
    /// How many points there must be; `None` where the number overflows.
    pub fn points(&self) -> Option<usize> {
        let odd = self.rows.div_ceil(2).checked_mul(self.columns[0])?;
        let even = (self.rows / 2).checked_mul(self.columns[1])?;
        odd.checked_add(even).filter(|&n| n < MISSING as usize)
    }

    /// Checks that the rows of a hexagonal grid are as far apart as those of one.
    pub fn check_steps(&self) -> Result<(), String> {
        let [x, y] = self.step;
        let expected = x * 0.75f64.sqrt();
        if self.pattern == Pattern::Square
            || self.rows == 1
            || (y - expected).abs() <= 0.02 * expected
        {
            return Ok(());
        }
        Err(format!(
            "expected {expected:.6}, the row distance of a HexGrid of step {x}, found {y}"
        ))
    }

    /// Finds the point of each pixel by the points' coordinates, whatever their order. A
    /// hexagonal scan is resampled to the nearest point, on square pixels of its step in x.
    pub fn place(&self, points: &Points) -> Result<Pixels, Misfit> {
        let total = self.points().ok_or_else(|| {
            Misfit::Whole(format!(
                "{} x {:?} points are too many",
                self.rows, self.columns
            ))
        })?;
        if points.len() != total {
            return Err(Misfit::Whole(format!(
                "expected {total} points up to here ({}), found {}",
                self.describe(),
                points.len()
            )));
        }
        let least =
            |values: &[f32]| f64::from(values.iter().copied().fold(f32::INFINITY, f32::min));
        let origin = [least(&points.x), least(&points.y)];
        let widest = self.columns[0].max(self.columns[1]);
        let mut at = vec![MISSING; widest * self.rows];
        for (index, (&x, &y)) in points.x.iter().zip(&points.y).enumerate() {
            let fail = |problem: String| Misfit::Point(index, problem);
            let row = nearest(f64::from(y) - origin[1], self.step[1], self.rows)
                .ok_or_else(|| fail(self.off_grid("y", y, origin[1], self.step[1], self.rows)))?;
            let start = origin[0] + self.shift(row);
            let columns = self.columns[row % 2];
            let column = nearest(f64::from(x) - start, self.step[0], columns)
                .ok_or_else(|| fail(self.off_grid("x", x, start, self.step[0], columns)))?;
            let cell = &mut at[column * self.rows + row];
            if *cell != MISSING {
                let problem = format!(
                    "a second point at x = {x}, y = {y}; the first is point {}",
                    *cell + 1
                );
                return Err(fail(problem));
            }
            *cell = index as u32;
        }
        Ok(match self.pattern {
            Pattern::Square => Pixels {
                shape: [widest, self.rows],
                spacing: self.spacing(),
                origin,
                source: at,
            },
            Pattern::Hexagonal => self.resample(origin, &at),
        })
    }

    /// Steps, with the other one where a scan of one row or column leaves a step at zero.
    fn spacing(&self) -> [f64; 2] {
        let [x, y] = self.step;
        [if x > 0.0 { x } else { y }, if y > 0.0 { y } else { x }]
    }

    fn shift(&self, row: usize) -> f64 {
        match self.pattern {
            Pattern::Square => 0.0,
            Pattern::Hexagonal => 0.5 * self.step[0] * (row % 2) as f64,
        }
    }

    fn resample(&self, origin: [f64; 2], at: &[u32]) -> Pixels {
        let edge = self.step[0];
        let height = (self.rows - 1) as f64 * self.step[1];
        let shape = [self.columns[0].max(1), (height / edge) as usize + 1];
        let mut source = Vec::with_capacity(shape[0] * shape[1]);
        for column in 0..shape[0] {
            for row in 0..shape[1] {
                let (x, y) = (column as f64 * edge, row as f64 * edge);
                let below = ((y / self.step[1]) as usize).min(self.rows - 1);
                let candidates = [below, (below + 1).min(self.rows - 1)].map(|r| {
                    let last = self.columns[r % 2].saturating_sub(1) as f64;
                    let c = ((x - self.shift(r)) / edge).round().clamp(0.0, last);
                    let dx = c * edge + self.shift(r) - x;
                    let dy = r as f64 * self.step[1] - y;
                    (dx * dx + dy * dy, at[c as usize * self.rows + r])
                });
                let [first, second] = candidates;
                source.push(if second.0 < first.0 {
                    second.1
                } else {
                    first.1
                });
            }
        }
        Pixels {
            shape,
            spacing: [edge; 2],
            origin,
            source,
        }
    }

    fn describe(&self) -> String {
        match self.pattern {
            Pattern::Square => format!("{} columns x {} rows", self.columns[0], self.rows),
            Pattern::Hexagonal => format!(
                "{} rows of {} and {} columns in turn",
                self.rows, self.columns[0], self.columns[1]
            ),
        }
    }

    fn off_grid(&self, axis: &str, found: f32, start: f64, step: f64, count: usize) -> String {
        let pattern = match self.pattern {
            Pattern::Square => "square",
            Pattern::Hexagonal => "hexagonal",
        };
        format!(
            "{axis} = {found} is no point of the {pattern} grid: expected {start} + k {step} with k below {count}"
        )
    }
}

/// The number of the grid point at this offset, where there is one within a quarter of a step.
fn nearest(offset: f64, step: f64, count: usize) -> Option<usize> {
    if count == 1 && offset.abs() <= 0.25 * step {
        return Some(0);
    }
    let steps = offset / step;
    // What is below zero, or no number, becomes 0, and is then near enough or not.
    let whole = (steps + 0.5) as usize;
    let fits = (steps - whole as f64).abs() <= 0.25 && whole < count;
    fits.then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(layout: &Layout) -> Points {
        let mut points = Points::new(0);
        for row in 0..layout.rows {
            for column in 0..layout.columns[row % 2] {
                points
                    .x
                    .push((column as f64 * layout.step[0] + layout.shift(row)) as f32 + 3.0);
                points.y.push((row as f64 * layout.step[1]) as f32 - 7.0);
                points.euler.push([0.0; 3]);
                points.phase.push(1);
            }
        }
        points
    }

    proptest! {
        /// Against brute force: each pixel carries the nearest of all points.
        #[test]
        fn hexagonal_scans_go_to_the_nearest_point(
            rows in 1usize..9, odd in 2usize..9, less in 0usize..2, step in 0.1..3.0f64,
        ) {
            let layout = Layout {
                pattern: Pattern::Hexagonal,
                columns: [odd, odd - less],
                rows,
                step: [step, step * 0.75f64.sqrt()],
            };
            let points = scan(&layout);
            let Ok(pixels) = layout.place(&points) else {
                return Err(TestCaseError::fail("the scan does not close"));
            };
            for (pixel, &source) in pixels.source.iter().enumerate() {
                let x = pixels.origin[0] + (pixel / pixels.shape[1]) as f64 * pixels.spacing[0];
                let y = pixels.origin[1] + (pixel % pixels.shape[1]) as f64 * pixels.spacing[1];
                let distance = |k: usize| (f64::from(points.x[k]) - x).hypot(f64::from(points.y[k]) - y);
                let best = (0..points.len()).map(distance).fold(f64::INFINITY, f64::min);
                prop_assert!(distance(source as usize) <= best + 1e-5 * step);
            }
        }

        #[test]
        fn the_order_of_points_does_not_matter(seed in 0usize..1000, columns in 1usize..7, rows in 1usize..7) {
            let layout = Layout { pattern: Pattern::Square, columns: [columns; 2], rows, step: [0.3, 0.7] };
            let points = scan(&layout);
            // Stepping by a number coprime to the length is a permutation.
            let n = points.len();
            let stride = (1 + seed..).find(|k| gcd(*k, n) == 1).unwrap_or(1);
            let order: Vec<usize> = (0..n).map(|k| (k * stride + seed) % n).collect();
            let mut shuffled = Points::new(0);
            for &k in &order {
                shuffled.x.push(points.x[k]);
                shuffled.y.push(points.y[k]);
                shuffled.euler.push([0.0; 3]);
                shuffled.phase.push(1);
            }
            let Ok(pixels) = layout.place(&shuffled) else {
                return Err(TestCaseError::fail("the scan does not close"));
            };
            for (pixel, &source) in pixels.source.iter().enumerate() {
                let (column, row) = (pixel / rows, pixel % rows);
                prop_assert_eq!(order[source as usize], row * columns + column);
            }
        }
    }

    fn gcd(a: usize, b: usize) -> usize {
        if b == 0 { a } else { gcd(b, a % b) }
    }

    #[test]
    fn points_between_grid_points_and_twice_are_named() {
        let layout = Layout {
            pattern: Pattern::Square,
            columns: [3; 2],
            rows: 2,
            step: [1.0, 1.0],
        };
        let mut points = scan(&layout);
        points.x[4] += 0.4;
        assert!(matches!(layout.place(&points), Err(Misfit::Point(4, _))));
        points.x[4] = points.x[3];
        assert!(matches!(layout.place(&points), Err(Misfit::Point(4, _))));
    }
}
