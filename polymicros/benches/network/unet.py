"""The network of the paper in PyTorch: what ours is compared with.

    python unet.py --reference OUT.safetensors   a small network's weights and outputs
    python unet.py --serve                       the other side of the benchmark

The module tree has the names of the authors' released weights. Activations are
`batch, channel, x, y, z`, PyTorch's default order.
"""

import argparse
import math
import sys
import time

import torch
import torch.nn.functional as F
from torch import nn

PADDINGS = {"zero": "zeros", "replicate": "replicate", "periodic": "circular"}
HEADS, FEATURES, GROUPS = 4, 32, 4


class StandardisedConv(nn.Conv3d):
    """A 3 x 3 x 3 convolution whose weights are standardised for each output channel."""

    form = "standard"

    def forward(self, x):
        w = self.weight
        mean = w.mean(dim=(1, 2, 3, 4), keepdim=True)
        variance = w.var(dim=(1, 2, 3, 4), keepdim=True, unbiased=False)
        rate = (variance + 1e-5).rsqrt()
        w = (w - mean) * rate if self.form == "standard" else (w - mean) / rate
        return self._conv_forward(x, w, self.bias)


class Half(nn.Module):
    def __init__(self, inputs, outputs, mode):
        super().__init__()
        self.proj = StandardisedConv(inputs, outputs, 3, padding=1, padding_mode=mode)
        self.norm = nn.GroupNorm(GROUPS, outputs)

    def forward(self, x, modulation=None):
        x = self.norm(self.proj(x))
        if modulation is not None:
            scale, shift = modulation
            x = x * (scale + 1) + shift
        return F.silu(x)


class ResidualBlock(nn.Module):
    def __init__(self, inputs, outputs, time, mode):
        super().__init__()
        self.mlp = nn.Sequential(nn.SiLU(), nn.Linear(time, 2 * outputs))
        self.block1 = Half(inputs, outputs, mode)
        self.block2 = Half(outputs, outputs, mode)
        self.res_conv = nn.Conv3d(inputs, outputs, 1) if inputs != outputs else nn.Identity()

    def forward(self, x, t):
        modulation = self.mlp(t)[:, :, None, None, None].chunk(2, dim=1)
        return self.block2(self.block1(x, modulation)) + self.res_conv(x)


class LinearAttention(nn.Module):
    def __init__(self, width):
        super().__init__()
        hidden = HEADS * FEATURES
        self.to_qkv = nn.Conv3d(width, 3 * hidden, 1, bias=False)
        self.to_out = nn.Sequential(nn.Conv3d(hidden, width, 1), nn.GroupNorm(1, width))

    def forward(self, x):
        b, _, *grid = x.shape
        q, k, v = (part.reshape(b, HEADS, FEATURES, -1) for part in self.to_qkv(x).chunk(3, dim=1))
        q = q.softmax(dim=-2) * FEATURES**-0.5
        k = k.softmax(dim=-1)
        context = torch.einsum("bhdn,bhen->bhde", k, v)
        out = torch.einsum("bhde,bhdn->bhen", context, q)
        return self.to_out(out.reshape(b, HEADS * FEATURES, *grid))


class Normalised(nn.Module):
    """`x + fn(norm(x))`."""

    class Inner(nn.Module):
        def __init__(self, width, fn):
            super().__init__()
            self.norm = nn.GroupNorm(1, width)
            self.fn = fn

        def forward(self, x):
            return self.fn(self.norm(x))

    def __init__(self, width, fn):
        super().__init__()
        self.fn = self.Inner(width, fn)

    def forward(self, x):
        return x + self.fn(x)


class SpaceToDepth(nn.Module):
    def forward(self, x):
        b, c, nx, ny, nz = x.shape
        x = x.reshape(b, c, nx // 2, 2, ny // 2, 2, nz // 2, 2)
        return x.permute(0, 1, 3, 5, 7, 2, 4, 6).reshape(b, 8 * c, nx // 2, ny // 2, nz // 2)


class TimeWaves(nn.Module):
    def __init__(self, base):
        super().__init__()
        self.base = base

    def forward(self, t):
        half = self.base // 2
        rates = torch.exp(torch.arange(half, device=t.device) * -(math.log(10000) / (half - 1)))
        angles = t[:, None] * rates[None, :]
        return torch.cat((angles.sin(), angles.cos()), dim=-1)


class UNet(nn.Module):
    def __init__(self, base, multipliers, channels=3, padding="replicate"):
        super().__init__()
        mode = PADDINGS[padding]
        widths = [base, *(base * m for m in multipliers)]
        time = 4 * base
        pairs = list(zip(widths, widths[1:]))
        cube = lambda a, b: nn.Conv3d(a, b, 3, padding=1, padding_mode=mode)
        block = lambda a, b: ResidualBlock(a, b, time, mode)
        self.init_conv = nn.Conv3d(channels, base, 1)
        self.time_mlp = nn.Sequential(
            TimeWaves(base), nn.Linear(base, time), nn.GELU(), nn.Linear(time, time)
        )
        self.downs = nn.ModuleList()
        for level, (a, b) in enumerate(pairs):
            last = level == len(pairs) - 1
            down = cube(a, b) if last else nn.Sequential(SpaceToDepth(), nn.Conv3d(8 * a, b, 1))
            attention = Normalised(a, LinearAttention(a))
            self.downs.append(nn.ModuleList([block(a, a), block(a, a), attention, down]))
        self.mid_block1 = block(widths[-1], widths[-1])
        self.mid_attn = Normalised(widths[-1], nn.Identity())
        self.mid_block2 = block(widths[-1], widths[-1])
        self.ups = nn.ModuleList()
        for level, (a, b) in enumerate(reversed(pairs)):
            last = level == len(pairs) - 1
            up = cube(b, a) if last else nn.Sequential(nn.Upsample(scale_factor=2), cube(b, a))
            attention = Normalised(b, LinearAttention(b))
            self.ups.append(nn.ModuleList([block(a + b, b), block(a + b, b), attention, up]))
        self.final_res_block = block(2 * base, base)
        self.final_conv = nn.Conv3d(base, channels, 1)

    def forward(self, x, t):
        t = self.time_mlp(t)
        x = first = self.init_conv(x)
        skips = []
        for block1, block2, attention, down in self.downs:
            x = block1(x, t)
            skips.append(x)
            x = attention(block2(x, t))
            skips.append(x)
            x = down(x)
        x = self.mid_block2(self.mid_attn(self.mid_block1(x, t)), t)
        for block1, block2, attention, up in self.ups:
            x = block1(torch.cat((x, skips.pop()), dim=1), t)
            x = block2(torch.cat((x, skips.pop()), dim=1), t)
            x = up(attention(x))
        return self.final_conv(self.final_res_block(torch.cat((x, first), dim=1), t))


def reference(path):
    """Weights of a small network and what it makes of an input, in every padding and form."""
    from safetensors.torch import save_file

    torch.manual_seed(11)
    tensors = {}
    weights = UNet(4, (1, 2)).state_dict()
    # Biases and norms away from their starts, so that every one of them shows.
    weights = {name: w + 0.1 * torch.randn_like(w) for name, w in weights.items()}
    x, t = torch.randn(2, 3, 4, 6, 8), torch.tensor([-0.4, 0.3])
    tensors |= {f"weights/{name}": w for name, w in weights.items()}
    tensors |= {"x": x, "t": t}
    for padding in PADDINGS:
        network = UNet(4, (1, 2), padding=padding)
        network.load_state_dict(weights)
        for form in ("standard", "authors"):
            for module in network.modules():
                if isinstance(module, StandardisedConv):
                    module.form = form
            with torch.no_grad():
                tensors[f"y/{padding}/{form}"] = network(x, t).contiguous()
    save_file(tensors, path)


def serve():
    """One job a line: `forward|step BASE MULTIPLIERS EDGE BATCH` or `conv C_IN C_OUT EDGE` or
    `product N`; the answer is the seconds it took."""
    torch.set_num_threads(2)
    made = {}
    print(f"torch {torch.__version__}", flush=True)
    for line in sys.stdin:
        job = tuple(line.split())
        if job not in made:
            made[job] = prepare(*job)
        start = time.perf_counter()
        made[job]()
        print(time.perf_counter() - start, flush=True)


def prepare(kind, *sizes):
    if kind == "product":
        (n,) = map(int, sizes)
        a, b = torch.randn(n, n), torch.randn(n, n)
        return lambda: a @ b
    if kind.startswith("conv"):
        inputs, outputs, edge = map(int, sizes)
        conv = nn.Conv3d(inputs, outputs, 3, padding=1, padding_mode="replicate")
        x = torch.randn(1, inputs, edge, edge, edge, requires_grad=True)
        if kind == "conv":
            return lambda: without_gradients(conv, x)
        gradient = torch.randn(1, outputs, edge, edge, edge)
        return lambda: conv(x).backward(gradient)
    base, multipliers, edge, batch = sizes
    network = UNet(int(base), tuple(map(int, multipliers.split(","))))
    x = torch.randn(int(batch), 3, int(edge), int(edge), int(edge))
    t = torch.zeros(int(batch))
    if kind == "forward":
        return lambda: without_gradients(network, x, t)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4)

    def step():
        optimiser.zero_grad()
        network(x, t).square().mean().backward()
        optimiser.step()

    return step


def without_gradients(f, *inputs):
    with torch.inference_mode():
        return f(*inputs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference")
    parser.add_argument("--serve", action="store_true")
    arguments = parser.parse_args()
    if arguments.reference:
        reference(arguments.reference)
    if arguments.serve:
        serve()
