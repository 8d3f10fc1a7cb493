"""Reads a dataset's store with zarr-python and with xarray: peers.py STORE OURS PARAMETERS EDGE.

OURS holds the last structure as the library reads it, PARAMETERS its kernel's 132 numbers. Fails
where either library finds something else, or warns.
"""

import sys
import time
import warnings

import numpy as np
import xarray as xr
import zarr

warnings.simplefilter("error")
store, ours, parameters, edge = sys.argv[1:]
ours, parameters, edge = np.load(ours), np.load(parameters), int(edge)


def decoded(codes, table, mean):
    """Values of mean zero, channel first, from codes of x, y, z."""
    values = table[codes] - mean
    return np.moveaxis(values, -1, 0)


def last_of(data):
    """The last structure of a mapping of arrays, as values of mean zero."""
    if "rogsh" in data:
        return np.asarray(data["rogsh"][-1])
    codes = np.asarray(data["codes"][-1])
    return decoded(codes, np.asarray(data["table"][:]), np.asarray(data["mean"][-1]))


group = zarr.open_group(store, mode="r")
count = group["model"].shape[0]
np.testing.assert_allclose(last_of(group), ours, atol=1e-6)

dataset = xr.open_zarr(store)
voxels = dataset["rogsh" if "rogsh" in dataset else "codes"]
space = ("x", "y", "z")
assert voxels.dims == (("structure", "channel") if "rogsh" in dataset else ("structure",)) + space
assert dataset.sizes["structure"] == count and dataset.sizes["x"] == edge
assert {"model", "statistics", "repeat"} <= set(voxels.coords)
np.testing.assert_allclose(last_of(dataset), ours, atol=1e-6)
chosen = dataset["parameters"].isel(set=int(dataset["statistics"][-1]))
np.testing.assert_array_equal(chosen.values.ravel(), parameters)
assert np.isfinite(dataset["deviation"]).all() and (dataset["grains"] > 0).all()

start = time.perf_counter()
name = voxels.name
for structure in range(count):
    group[name][structure]
seconds = time.perf_counter() - start
megabytes = 12e-6 * count * edge**3
print(f"  zarr-python {zarr.__version__} and xarray {xr.__version__} read the same values;")
print(f"  zarr-python at {megabytes / seconds:.0f} MB/s of values")
