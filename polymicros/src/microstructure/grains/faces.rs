//! Pairs of voxels that share a face.

/// Calls `visit(axis, a, b)` for each face between a voxel `a` of the plane `x` and the next one
/// `b` along each axis, both as indices into data in axis order `x, y, z`. In a periodic box the
/// last voxel's next is the first, where an axis has more than one.
pub(super) fn of_plane(
    shape: [usize; 3],
    periodic: bool,
    x: usize,
    mut visit: impl FnMut(usize, usize, usize),
) {
    let [nx, ny, nz] = shape;
    let next = |at: usize, edge: usize| match at + 1 {
        next if next < edge => Some(next),
        _ if periodic && edge > 1 => Some(0),
        _ => None,
    };
    let index = |x: usize, y: usize, z: usize| (x * ny + y) * nz + z;
    let next_x = next(x, nx);
    for y in 0..ny {
        let next_y = next(y, ny);
        for z in 0..nz {
            let here = index(x, y, z);
            if let Some(x) = next_x {
                visit(0, here, index(x, y, z));
            }
            if let Some(y) = next_y {
                visit(1, here, index(x, y, z));
            }
            if let Some(z) = next(z, nz) {
                visit(2, here, index(x, y, z));
            }
        }
    }
}
