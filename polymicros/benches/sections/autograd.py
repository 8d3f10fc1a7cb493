"""The other side of the benchmark: the gradient of the mismatch by PyTorch's autograd.

Started by `cargo bench -p polymicros --bench sections -- --peers`, which sends a line for each run
on standard input and reads the seconds it took from standard output. Arguments: the field
(3, n, n, n), the target's three planes (6, n, n) each perpendicular to x, y and z, and our gradient,
as .npy files.
"""

import sys
import time

import numpy as np
import torch

THREADS = 2
PAIRS = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]

torch.set_num_threads(THREADS)


def resident(line):
    with open("/proc/self/status") as status:
        return next(int(entry.split()[1]) / 1024 for entry in status if entry.startswith(line))


paths = sys.argv[1:]
values = torch.from_numpy(np.load(paths[0]))
values -= values.mean(dim=(1, 2, 3), keepdim=True)
target = [torch.from_numpy(np.load(path)) for path in paths[1:4]]
before = resident("VmRSS")


def gradient():
    """Through the whole statistics of each pair, of which three planes are compared."""
    field = values.clone().requires_grad_()
    shape = field.shape[1:]
    spectrum = torch.fft.rfftn(field, dim=(1, 2, 3), norm="forward")
    error, count = 0.0, 0
    for pair, (b, c) in enumerate(PAIRS):
        f = torch.fft.irfftn(torch.conj(spectrum[b]) * spectrum[c], s=shape, norm="forward")
        for plane, wanted in zip((f[0], f[:, 0], f[:, :, 0]), target):
            error = error + (plane - wanted[pair]).square().sum()
            count += plane.numel()
    error = error / count
    error.backward()
    return error.item(), field.grad


error, found = gradient()
peak = resident("VmHWM")
ours = torch.from_numpy(np.load(paths[4]))
difference = ((found - ours).abs().max() / ours.abs().max()).item()
print(f"torch {torch.__version__}", flush=True)
print(error, difference, before, peak, flush=True)
for line in sys.stdin:
    start = time.perf_counter()
    gradient()
    print(time.perf_counter() - start, flush=True)
