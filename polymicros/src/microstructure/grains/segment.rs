//! Connected voxels.

use super::{array, faces};
use crate::{Error, Result};
use ndarray::Array3;
use rayon::prelude::*;

/// Numbers of the connected parts, from 1 in the order of their first voxels; 0 outside. Two
/// neighbours are connected where both are `inside` and `same` says so.
///
/// # Errors
/// When no voxel is inside, or there are more voxels than 32 bits count.
pub(super) fn connected(
    shape: [usize; 3],
    periodic: bool,
    inside: &[bool],
    same: impl Fn(usize, usize) -> bool + Sync,
) -> Result<Array3<u32>> {
    let voxels = u32::try_from(inside.len())
        .map_err(|_| Error::value("segmentation", "more than 2^32 voxels"))?;
    // Comparing is the costly part, and is done in parallel; joining costs next to nothing.
    let links: Vec<Vec<(u32, u32)>> = (0..shape[0])
        .into_par_iter()
        .map(|x| {
            let mut links = Vec::new();
            faces::of_plane(shape, periodic, x, |_, a, b| {
                if inside[a] && inside[b] && same(a, b) {
                    links.push((a as u32, b as u32));
                }
            });
            links
        })
        .collect();
    let mut parent: Vec<u32> = (0..voxels).collect();
    for (a, b) in links.into_iter().flatten() {
        let (a, b) = (root(&mut parent, a), root(&mut parent, b));
        // The smaller index stays the root, so that a part is known by its first voxel.
        parent[a.max(b) as usize] = a.min(b);
    }
    let mut labels = vec![0u32; inside.len()];
    let mut count = 0;
    for at in 0..inside.len() {
        if !inside[at] {
            continue;
        }
        let first = root(&mut parent, at as u32) as usize;
        if first == at {
            count += 1;
            labels[at] = count;
        } else {
            labels[at] = labels[first];
        }
    }
    if count == 0 {
        return Err(Error::value(
            "segmentation",
            "no voxel carries an orientation",
        ));
    }
    array(shape, labels)
}

fn root(parent: &mut [u32], mut at: u32) -> u32 {
    while parent[at as usize] != at {
        // Each voxel on the way is moved nearer to the root.
        let up = parent[parent[at as usize] as usize];
        parent[at as usize] = up;
        at = up;
    }
    at
}
