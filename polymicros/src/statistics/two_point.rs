//! 2-point statistics and covariances as functions of the displacement.

use super::Pairs;
use crate::buffer::SharedArray;
use crate::microstructure::Grid;
use crate::{Error, Result};
use ndarray::{ArcArray, Array2, Array3, Array4, ArrayView3, Axis, Ix3, Ix4, Slice, s};

/// Whether the mean is in the numbers (paper A.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// 2-point statistics, `f^{βγ}_r` (Eq. 1): the mean is in them.
    Statistics,
    /// Covariances, `Σ^{βγ}_r = f^{βγ}_r - μ^β μ^γ` (Eq. 12).
    Covariance,
}

/// Auto- and cross-correlations of a field's channels for each displacement `r`.
///
/// Values are `f32` in axis order `pair, x, y, z`. Displacement zero is at index 0, positive
/// displacements follow, and the negative ones count back from the end: index `i` of an axis with
/// `n` of them is displacement `i` for `i < n / 2` (rounded up) and `i - n` after. The method
/// [`centred`](Self::centred) puts zero in the middle, to look at.
///
/// A displacement that too few pairs of valid voxels have is marked: its value is NaN. Storage is
/// shared: clones are cheap. Memory of values that nobody holds any more serves the next statistics of
/// that size, since memory fresh from the system costs as much as the transforms.
#[derive(Debug, Clone)]
pub struct TwoPoint {
    grid: Grid,
    channels: Vec<String>,
    pairs: Vec<(usize, usize)>,
    moment: Moment,
    periodic: bool,
    mean: Vec<f64>,
    values: SharedArray<Ix4>,
    counts: Option<ArcArray<u64, Ix3>>,
}

impl TwoPoint {
    /// Periodic statistics or covariances from their values, of shape `(pairs, x, y, z)` with
    /// displacement zero at index 0. `mean` holds one number a channel.
    ///
    /// # Errors
    /// When the number of channels, means, pairs or the shapes do not fit together.
    pub fn new(
        grid: Grid,
        channels: impl IntoIterator<Item = impl Into<String>>,
        pairs: &Pairs,
        moment: Moment,
        mean: Vec<f64>,
        values: Array4<f32>,
    ) -> Result<Self> {
        let channels: Vec<String> = channels.into_iter().map(Into::into).collect();
        let pairs = pairs.among(channels.len())?;
        if mean.len() != channels.len() {
            return Err(Error::shape("means", channels.len(), mean.len()));
        }
        let [x, y, z] = grid.shape;
        if values.shape() != [pairs.len(), x, y, z] {
            return Err(Error::shape(
                "2-point values",
                [pairs.len(), x, y, z],
                values.shape(),
            ));
        }
        Ok(TwoPoint {
            grid,
            channels,
            pairs,
            moment,
            periodic: true,
            mean,
            values: values.as_standard_layout().into_owned().into(),
            counts: None,
        })
    }

    /// What the estimators made of a field; `values` may span fewer or more displacements than the
    /// field has voxels.
    pub(super) fn estimated(
        field: &crate::microstructure::Field,
        pairs: Vec<(usize, usize)>,
        periodic: bool,
        mean: Vec<f64>,
        values: Array4<f32>,
        counts: Option<Array3<u64>>,
    ) -> Self {
        TwoPoint {
            grid: *field.grid(),
            channels: field.channels().to_vec(),
            pairs,
            moment: Moment::Statistics,
            periodic,
            mean,
            values: values.into(),
            counts: counts.map(Array3::into_shared),
        }
    }

    /// The grid of the field that this describes; its spacing is that of the displacements.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The names of the field's channels.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// The pairs of channels `(β, γ)`, in the order of [`values`](Self::values).
    pub fn pairs(&self) -> &[(usize, usize)] {
        &self.pairs
    }

    /// A pair's name, such as `a × b`.
    pub fn pair_name(&self, (b, c): (usize, usize)) -> String {
        let name = |channel: usize| self.channels.get(channel).map_or("?", String::as_str);
        format!("{} × {}", name(b), name(c))
    }

    /// Whether the mean is in the values.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// Whether displacements wrap around the grid.
    pub fn is_periodic(&self) -> bool {
        self.periodic
    }

    /// The mean `μ` of each channel of the field.
    pub fn mean(&self) -> &[f64] {
        &self.mean
    }

    /// All values, `pair, x, y, z`, displacement zero at index 0, standard layout.
    pub fn values(&self) -> &ArcArray<f32, Ix4> {
        &self.values
    }

    /// The number of pairs of valid voxels at each displacement; `None` where each has all voxels.
    pub fn counts(&self) -> Option<&ArcArray<u64, Ix3>> {
        self.counts.as_ref()
    }

    /// The number of displacements along `x, y, z`.
    pub fn displacements(&self) -> [usize; 3] {
        let shape = self.values.shape();
        [shape[1], shape[2], shape[3]]
    }

    /// The displacement, in voxels, at an index of [`values`](Self::values).
    pub fn displacement(&self, index: [usize; 3]) -> [isize; 3] {
        let shape = self.displacements();
        std::array::from_fn(|axis| signed(index[axis], shape[axis]))
    }

    /// The value of `f^{βγ}` at a displacement in voxels. `None` where it was not computed or is
    /// marked. Periodic displacements wrap around.
    pub fn at(&self, (b, c): (usize, usize), displacement: [isize; 3]) -> Option<f32> {
        let (pair, mirrored) = self.find((b, c))?;
        let shape = self.displacements();
        let mut index = [pair, 0, 0, 0];
        for axis in 0..3 {
            let n = shape[axis] as isize;
            let r = if mirrored {
                -displacement[axis]
            } else {
                displacement[axis]
            };
            if !self.periodic && r.abs() > n / 2 {
                return None;
            }
            index[axis + 1] = r.rem_euclid(n) as usize;
        }
        Some(self.values[index]).filter(|value| !value.is_nan())
    }

    /// `f^{βγ}` with displacement zero at index 0, also of a pair stored in the other order.
    ///
    /// # Errors
    /// When the pair was not computed.
    pub fn map(&self, pair: (usize, usize)) -> Result<Array3<f32>> {
        let (stored, mirrored) = self.found(pair)?;
        let map = self.values.index_axis(Axis(0), stored);
        Ok(if mirrored {
            rolled(map, |i, n| (n - i) % n)
        } else {
            map.to_owned()
        })
    }

    /// `f^{βγ}` with displacement zero in the middle, at index `n / 2` (rounded down) of each axis.
    ///
    /// # Errors
    /// When the pair was not computed.
    pub fn centred(&self, pair: (usize, usize)) -> Result<Array3<f32>> {
        let (stored, mirrored) = self.found(pair)?;
        let map = self.values.index_axis(Axis(0), stored);
        Ok(if mirrored {
            rolled(map, |i, n| (2 * n - (i + n - n / 2) % n) % n)
        } else {
            rolled(map, |i, n| (i + n - n / 2) % n)
        })
    }

    /// The plane of `f^{βγ}` through displacement zero, perpendicular to `axis` (0, 1, 2 for
    /// x, y, z), with zero in the middle of both remaining axes.
    ///
    /// # Errors
    /// When the pair was not computed, or the axis is none.
    pub fn slice(&self, pair: (usize, usize), axis: usize) -> Result<Array2<f32>> {
        if axis > 2 {
            return Err(Error::value(
                "axis",
                format!("{axis}: 0, 1 or 2 for x, y, z"),
            ));
        }
        let (stored, mirrored) = self.found(pair)?;
        let map = self.values.index_axis(Axis(0), stored);
        // Only the plane is turned, not the volume.
        let plane = map.slice_axis(Axis(axis), Slice::from(0..1));
        let plane = if mirrored {
            rolled(plane, |i, n| (2 * n - (i + n - n / 2) % n) % n)
        } else {
            rolled(plane, |i, n| (i + n - n / 2) % n)
        };
        Ok(plane.index_axis_move(Axis(axis), 0))
    }

    /// The same as covariances: `Σ^{βγ} = f^{βγ} - μ^β μ^γ` (Eq. 12).
    pub fn to_covariance(&self) -> TwoPoint {
        self.shifted(Moment::Covariance, -1.0)
    }

    /// The same as 2-point statistics: `f^{βγ} = Σ^{βγ} + μ^β μ^γ` (Eq. 12).
    pub fn to_statistics(&self) -> TwoPoint {
        self.shifted(Moment::Statistics, 1.0)
    }

    fn shifted(&self, moment: Moment, sign: f64) -> TwoPoint {
        let mut shifted = self.clone();
        if moment != self.moment {
            shifted.moment = moment;
            for (i, &(b, c)) in self.pairs.iter().enumerate() {
                let shift = sign * self.mean[b] * self.mean[c];
                shifted
                    .values
                    .slice_mut(s![i, .., .., ..])
                    .mapv_inplace(|value| (f64::from(value) + shift) as f32);
            }
        }
        shifted
    }

    fn found(&self, pair: (usize, usize)) -> Result<(usize, bool)> {
        self.find(pair).ok_or_else(|| {
            Error::value(
                "channel pair",
                format!("{pair:?} is not among those computed: {:?}", self.pairs),
            )
        })
    }

    /// Where the pair is stored, and whether it is there as `(γ, β)`.
    fn find(&self, (b, c): (usize, usize)) -> Option<(usize, bool)> {
        let position = |pair| self.pairs.iter().position(|stored| *stored == pair);
        position((b, c))
            .map(|i| (i, false))
            .or_else(|| position((c, b)).map(|i| (i, true)))
    }
}

/// The displacement at index `i` of `n`.
pub(crate) fn signed(i: usize, n: usize) -> isize {
    if i < n.div_ceil(2) {
        i as isize
    } else {
        i as isize - n as isize
    }
}

/// The map whose entry `i` of each axis is entry `source(i, n)` of the given one.
fn rolled(map: ArrayView3<'_, f32>, source: impl Fn(usize, usize) -> usize) -> Array3<f32> {
    let (nx, ny, nz) = map.dim();
    let along_z: Vec<usize> = (0..nz).map(|z| source(z, nz)).collect();
    let mut rolled = Array3::zeros((nx, ny, nz));
    for (x, mut plane) in rolled.outer_iter_mut().enumerate() {
        for (y, mut row) in plane.outer_iter_mut().enumerate() {
            let from = map.slice(s![source(x, nx), source(y, ny), ..]);
            for (value, z) in row.iter_mut().zip(&along_z) {
                *value = from[*z];
            }
        }
    }
    rolled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbered(shape: [usize; 3]) -> Result<TwoPoint> {
        let grid = Grid::new(shape)?;
        let [x, y, z] = shape;
        let values = Array4::from_shape_fn((3, x, y, z), |(p, x, y, z)| {
            (1000 * p + 100 * x + 10 * y + z) as f32
        });
        TwoPoint::new(
            grid,
            ["a", "b"],
            &Pairs::All,
            Moment::Statistics,
            vec![2.0, -3.0],
            values,
        )
    }

    #[test]
    fn centred_is_numpy_fftshift() -> Result<()> {
        // numpy: np.fft.fftshift(np.arange(4)) = [2 3 0 1], of arange(5) = [3 4 0 1 2].
        let maps = numbered([4, 5, 1])?;
        let centred = maps.centred((0, 0))?;
        let along_x: Vec<f32> = (0..4).map(|x| centred[[x, 2, 0]]).collect();
        let along_y: Vec<f32> = (0..5).map(|y| centred[[2, y, 0]]).collect();
        assert_eq!(along_x, [200.0, 300.0, 0.0, 100.0]);
        assert_eq!(along_y, [30.0, 40.0, 0.0, 10.0, 20.0]);
        assert_eq!(maps.displacement([2, 3, 0]), [-2, -2, 0]);
        assert_eq!(maps.slice((0, 0), 2)?, centred.index_axis(Axis(2), 0));
        Ok(())
    }

    #[test]
    fn the_other_order_of_a_pair_is_its_mirror_image() -> Result<()> {
        let maps = numbered([4, 5, 6])?;
        let (map, mirrored) = (maps.map((0, 1))?, maps.map((1, 0))?);
        let (centred, slice) = (maps.centred((1, 0))?, maps.slice((1, 0), 0)?);
        for ((x, y, z), value) in map.indexed_iter() {
            let [i, j, k] = [(4 - x) % 4, (5 - y) % 5, (6 - z) % 6];
            assert_eq!(mirrored[[i, j, k]], *value);
            let r = [signed(i, 4), signed(j, 5), signed(k, 6)];
            assert_eq!(maps.at((1, 0), r), Some(*value));
            let at = |axis: usize, n: isize| (r[axis] + n / 2) as usize;
            assert_eq!(centred[[at(0, 4), at(1, 5), at(2, 6)]], *value);
            if i == 0 {
                assert_eq!(slice[[at(1, 5), at(2, 6)]], *value);
            }
        }
        assert!(maps.map((0, 2)).is_err());
        assert!(maps.slice((0, 0), 3).is_err());
        Ok(())
    }

    #[test]
    fn covariances_and_statistics_differ_by_the_product_of_the_means() -> Result<()> {
        let maps = numbered([2, 3, 4])?;
        let covariance = maps.to_covariance();
        assert_eq!(covariance.moment(), Moment::Covariance);
        assert_eq!(covariance.at((0, 1), [0, 0, 0]), Some(1000.0 + 6.0));
        assert_eq!(covariance.at((1, 1), [0, 0, 1]), Some(2001.0 - 9.0));
        assert_eq!(covariance.to_covariance().values(), covariance.values());
        assert_eq!(covariance.to_statistics().values(), maps.values());
        Ok(())
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() -> Result<()> {
        let grid = Grid::cube(2)?;
        let values = || Array4::<f32>::zeros((3, 2, 2, 2));
        let new = |channels: &[&str], mean: usize, values| {
            let channels = channels.iter().copied();
            let mean = vec![0.0; mean];
            TwoPoint::new(
                grid,
                channels,
                &Pairs::All,
                Moment::Covariance,
                mean,
                values,
            )
        };
        assert!(new(&["a", "b"], 2, values()).is_ok());
        assert!(new(&["a", "b"], 1, values()).is_err());
        assert!(new(&["a"], 1, values()).is_err());
        Ok(())
    }
}
