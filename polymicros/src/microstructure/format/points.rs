//! The measured points of a map, column by column.

use super::identity;
use super::layout::Pixels;
use crate::Result;
use crate::microstructure::{Grid, LengthUnit, Microstructure, Phase};
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

    pub fn append(&mut self, other: &mut Points) {
        self.euler.append(&mut other.euler);
        self.x.append(&mut other.x);
        self.y.append(&mut other.y);
        self.phase.append(&mut other.phase);
        for (mine, theirs) in self.properties.iter_mut().zip(&mut other.properties) {
            mine.append(theirs);
        }
    }

    /// The map that these points make. Each column is let go once it is on the grid.
    pub fn into_map(
        self,
        path: &Path,
        pixels: Pixels,
        unit: LengthUnit,
        phases: Vec<Phase>,
        property_names: &[String],
    ) -> Result<Microstructure> {
        let Points {
            euler,
            x,
            y,
            phase,
            properties,
        } = self;
        drop((x, y));
        let Pixels {
            shape: [nx, ny],
            spacing: [dx, dy],
            origin,
            source,
        } = pixels;
        let mut grid = Grid::with_spacing([nx, ny, 1], [dx, dy, dx], unit)?;
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
            .with_phases(phases, phase)?
            .with_mask(mask)?;
        for (name, values) in property_names.iter().zip(properties) {
            let mut pixel = 0..source.len();
            let values = Array3::from_shape_simple_fn((nx, ny, 1), || {
                pixel.next().map_or(0.0, |pixel| values[at(pixel)])
            });
            map = map.with_property(name, values)?;
        }
        Ok(map)
    }
}
