//! The measured points of a map, column by column.

use super::identity;
use super::layout::{Layout, Misfit, Pixels};
use crate::microstructure::{Grid, LengthUnit, Microstructure, Phase};
use crate::{Error, Result};
use ndarray::{Array3, Array4};
use std::path::Path;

/// Measured points in file order. All columns have the same length.
#[derive(Debug, Default)]
pub(super) struct Points {
    /// Bunge Euler angles in radians; zero where not indexed.
    pub euler: Vec<[f32; 3]>,
    pub x: Vec<f32>,
    pub y: Vec<f32>,
    /// 0 is "not indexed", k is the k-th declared phase.
    pub phase: Vec<u8>,
    pub properties: Vec<Vec<f32>>,
}

impl Points {
    pub fn new(properties: usize) -> Self {
        Points {
            properties: vec![Vec::new(); properties],
            ..Points::default()
        }
    }

    pub fn len(&self) -> usize {
        self.phase.len()
    }

    /// Makes room for so many more points.
    pub fn reserve(&mut self, more: usize) {
        self.euler.reserve(more);
        self.x.reserve(more);
        self.y.reserve(more);
        self.phase.reserve(more);
        for values in &mut self.properties {
            values.reserve(more);
        }
    }

    pub fn append(&mut self, other: &mut Points) {
        self.euler.append(&mut other.euler);
        self.x.append(&mut other.x);
        self.y.append(&mut other.y);
        self.phase.append(&mut other.phase);
        for (mine, theirs) in self.properties.iter_mut().zip(&mut other.properties) {
            mine.append(theirs);
        }
    }
}

/// All that makes a map: points, their arrangement, and what a header declares. Lengths are in
/// micrometres.
pub(super) struct MapParts {
    pub points: Points,
    pub layout: Layout,
    pub phases: Vec<Phase>,
    /// The names of the points' properties.
    pub properties: Vec<String>,
}

impl MapParts {
    /// The map. Each column of the points is let go once it is on the grid; `place_of` says
    /// where in the file the k-th point stands.
    pub fn into_map(
        self,
        path: &Path,
        place_of: impl Fn(usize) -> String,
    ) -> Result<Microstructure> {
        let pixels = self.layout.place(&self.points).map_err(|misfit| {
            let (k, problem) = match misfit {
                Misfit::Point(k, problem) => (k, problem),
                Misfit::Whole(problem) => (self.points.len().saturating_sub(1), problem),
            };
            Error::format(path, place_of(k), problem)
        })?;
        let Points {
            euler,
            x,
            y,
            phase,
            properties,
        } = self.points;
        drop((x, y));
        let Pixels {
            shape: [nx, ny],
            spacing: [dx, dy],
            origin,
            source,
        } = pixels;
        let mut grid = Grid::with_spacing([nx, ny, 1], [dx, dy, dx], LengthUnit::Micrometre)?;
        grid.origin = [origin[0], origin[1], 0.0];

        let at = |pixel: usize| source[pixel] as usize;
        let angles = {
            let mut angles = Array4::<f32>::zeros((3, nx, ny, 1));
            for (channel, mut plane) in angles.outer_iter_mut().enumerate() {
                for (pixel, angle) in plane.iter_mut().enumerate() {
                    *angle = euler[at(pixel)][channel];
                }
            }
            angles
        };
        drop(euler);
        let mut pixel = 0..source.len();
        let phase = Array3::from_shape_simple_fn((nx, ny, 1), || {
            pixel.next().map_or(0, |pixel| phase[at(pixel)])
        });
        let mask = phase.mapv(|phase| phase > 0);

        let (name, from) = identity(path);
        let mut map = Microstructure::new(name, from, grid, angles)?
            .with_phases(self.phases, phase)?
            .with_mask(mask)?;
        for (name, values) in self.properties.into_iter().zip(properties) {
            let mut pixel = 0..source.len();
            let values = Array3::from_shape_simple_fn((nx, ny, 1), || {
                pixel.next().map_or(0.0, |pixel| values[at(pixel)])
            });
            map = map.with_property(name, values)?;
        }
        Ok(map)
    }
}
