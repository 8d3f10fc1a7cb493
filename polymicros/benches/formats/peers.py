"""The other side of the benchmark: a stack of .ang slices by numpy's loadtxt and by orix.

    python peers.py loadtxt|orix FOLDER

Started by `cargo bench -p polymicros --bench formats -- --peers`. Prints the seconds that the
reading took, the most memory the process held, the bytes of the result, and the sum of the image
quality over all points.
"""

import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np

IMAGE_QUALITY = 5


def with_loadtxt(paths):
    """All columns of all slices as f32, which is what we keep."""
    first = np.loadtxt(paths[0], dtype=np.float32)
    stack = np.empty((len(paths), *first.shape), np.float32)
    stack[0] = first
    for layer, path in zip(stack[1:], paths[1:]):
        layer[:] = np.loadtxt(path, dtype=np.float32)
    return stack


def with_orix(paths):
    """One crystal map a slice: orix has no stack of files."""
    return [orix.io.load(path) for path in paths]


def size(maps):
    """Bytes of the arrays in the crystal maps."""
    return sum(
        m.rotations.data.nbytes + m.x.nbytes + m.y.nbytes + m.phase_id.nbytes
        + sum(values.nbytes for values in m.prop.values())
        for m in maps
    )


job, folder = sys.argv[1:]
if job == "orix":
    import orix.io
paths = sorted(Path(folder).glob("*.ang"), key=lambda path: int(path.stem.rsplit("_", 1)[1]))

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    start = time.perf_counter()
    result = with_orix(paths) if job == "orix" else with_loadtxt(paths)
    seconds = time.perf_counter() - start

peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
if job == "orix":
    total, held = sum(float(m.prop["iq"].sum(dtype=np.float64)) for m in result), size(result)
else:
    total, held = float(result[..., IMAGE_QUALITY].sum(dtype=np.float64)), result.nbytes
print(seconds, peak, held, total)
