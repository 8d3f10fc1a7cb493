"""The plain way from parameters to a field in PyTorch: Eqs. 2 and 13 to 18 and Algorithm 1.

Started by `cargo bench -p polymicros --bench random_field -- --peers`. Arguments: the parameters
(.npy, mixture x channel x 11), our covariances of channel 0 with each channel (.npy, 3 x n^3, zero
displacement first), threads, n, runs. Prints a line of words and a line of seconds.
"""

import math
import sys
import time

import numpy as np
import torch

set_path, ours_path = sys.argv[1:3]
threads, n, runs = map(int, sys.argv[3:6])
torch.set_num_threads(threads)
parameters = torch.from_numpy(np.load(set_path).reshape(-1, 3, 11)).float()


def kernel(b, g):
    """One exp and one cos for each voxel and mixture, and a dense 3 x 3 form."""
    r = torch.fft.fftfreq(n) * 2 * math.pi
    r = torch.stack(torch.meshgrid(r, r, r, indexing="ij"), dim=-1)
    total = torch.zeros(n, n, n)
    for mixture in parameters:
        p, q = mixture[b], mixture[g]
        a_p, a_q = torch.diag(p[0:3]), torch.diag(q[0:3])
        inverse = torch.linalg.inv(a_p + a_q)
        a = 2 * a_p @ inverse @ a_q
        mean = inverse @ (a_p @ q[3:6] + a_q @ p[3:6])
        apart = p[3:6] - q[3:6]
        w = p[9] * q[9] * torch.exp(-0.25 * apart @ inverse @ apart)
        alpha = w * (2 * math.pi) ** 1.5 * torch.sqrt(torch.linalg.det(a))
        u = r + (p[6:9] - q[6:9])
        decay = torch.exp(-0.5 * ((u @ a) * u).sum(-1))
        total += alpha * decay * torch.cos(u @ mean + p[10] - q[10])
    return total


def field():
    """Algorithm 1 line by line, with complex transforms."""
    f = [torch.fft.fftn(kernel(0, g)) for g in range(3)]
    size = n**3
    amplitude = torch.sqrt(torch.clamp(f[0].real, min=0) / size)
    amplitude[0, 0, 0] = 0
    noise = torch.complex(torch.randn(n, n, n), torch.randn(n, n, n))
    x = torch.fft.fftn(amplitude * noise).real
    spectrum = torch.fft.fftn(x)
    return [x] + [torch.fft.ifftn(f[g] / (f[0] + 1e-12) * spectrum).real for g in (1, 2)]


with torch.inference_mode():
    ours = np.load(ours_path)
    largest = max(float(np.abs(kernel(0, g).numpy() - ours[g]).max()) for g in range(3))
    seconds = []
    for run in range(runs + 1):
        start = time.perf_counter()
        field()
        if run:
            seconds.append(time.perf_counter() - start)
print(f"torch {torch.__version__}, {threads} threads; covariances differ by at most {largest:.1e}")
print(*seconds)
