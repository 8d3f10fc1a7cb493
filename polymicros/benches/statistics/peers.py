"""The other side of the benchmark: the same work by scipy, PyTorch and scikit-learn.

Started by `cargo bench -p polymicros --bench statistics -- --peers`, which sends one line
`JOB` for each run on standard input and reads the seconds it took from standard output.
Arguments: the field (3, n, n, n), our six correlations of it, and the vectors, as .npy files.
"""

import importlib.metadata as metadata
import sys
import time

import numpy as np
import scipy.fft
from sklearn.decomposition import PCA

try:
    import torch
except (ImportError, OSError, ValueError) as problem:
    torch = None
    print(f"# PyTorch does not start: {problem}", file=sys.stderr)

THREADS = 2
COMPONENTS = 10
PAIRS = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]

field_path, ours_path, vectors_path = sys.argv[1:]
field = np.load(field_path)
shape = field.shape[1:]
vectors = None


# The six maps are left where each transform puts them, and the factor 1 / S is the transforms'
# own: nothing is done that the numbers do not need.
def with_scipy():
    f = scipy.fft.rfftn(field, axes=(1, 2, 3), norm="forward", workers=THREADS)
    maps = []
    for b, c in PAIRS:
        product = np.conj(f[b])
        product *= f[c]
        maps.append(
            scipy.fft.irfftn(product, s=shape, axes=(0, 1, 2), norm="forward", workers=THREADS, overwrite_x=True)
        )
    return maps


def with_torch():
    with torch.inference_mode():
        f = torch.fft.rfftn(torch.from_numpy(field), dim=(1, 2, 3), norm="forward")
        return [torch.fft.irfftn(torch.conj(f[b]) * f[c], s=shape, norm="forward") for b, c in PAIRS]


def with_sklearn(solver):
    def run():
        global vectors
        if vectors is None:
            vectors = np.load(vectors_path)
        pca = PCA(COMPONENTS, svd_solver=solver, random_state=0)
        return pca.fit_transform(vectors), pca.explained_variance_

    return run


JOBS = {
    "scipy": with_scipy,
    "randomized": with_sklearn("randomized"),
    "arpack": with_sklearn("arpack"),
}
if torch:
    torch.set_num_threads(THREADS)
    JOBS["torch"] = with_torch


def check():
    """The largest difference between our correlations and theirs."""
    ours = np.load(ours_path)
    return [
        max(float(np.abs(mine - np.asarray(theirs)).max()) for mine, theirs in zip(ours, JOBS[job]()))
        for job in ("scipy", "torch")
        if job in JOBS
    ]


names = ["numpy", "scipy", "scikit-learn"] + (["torch"] if torch else [])
print(", ".join(f"{name} {metadata.version(name)}" for name in names), flush=True)
print(" ".join(sorted(JOBS)), flush=True)
print(" ".join(f"{difference:.1e}" for difference in check()), flush=True)
for line in sys.stdin:
    job = JOBS[line.strip()]
    start = time.perf_counter()
    result = job()
    seconds = time.perf_counter() - start
    variances = result[1][:3] if line.strip() in ("randomized", "arpack") else []
    print(seconds, *map(float, variances), flush=True)
    del result
