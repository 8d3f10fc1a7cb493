// What surrounds the matrix products of a 3 x 3 x 3 convolution: its input unfolded, with whatever
// it sees beyond the edge, and the gradient of that folded back. Activations are in shape member,
// x, y, z, channel.
//
// A slab is a run of planes along x of one or more members: the unfolded input of all voxels would
// be 27 times the input.

typedef long long Count;

#define ZERO 0
#define REPLICATE 1
#define PERIODIC 2
#define TAPS 27

// Which of `n` voxels stands at place `padded` of 0 .. n + 2; -1 if none.
static __device__ int source(int padded, int n, int padding) {
    if (padded >= 1 && padded <= n) {
        return padded - 1;
    }
    if (padding == ZERO) {
        return -1;
    }
    const bool low = padded == 0;
    return low == (padding == REPLICATE) ? 0 : n - 1;
}

// unfolded[voxel of the slab, tap, offset + channel] = the neighbour of the voxel at that tap.
// `unfolded` has `inputs` channels, of which this input has some from `offset` on. With `scale` 2
// the grid nx, ny, nz is that of the input made twice as fine.
// Grid: y z, planes of the slab along x, members of the slab.
extern "C" __global__ void unfold(const float *x, float *unfolded, Count nx, Count ny, Count nz,
                                  Count plane, Count member, Count channels, Count offset,
                                  Count inputs, Count padding, Count scale) {
    const int vy = blockIdx.x / (int)nz, vz = blockIdx.x % (int)nz, vx = (int)plane + blockIdx.y;
    const Count row = ((Count)blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    const Count grid = (nx / scale) * (ny / scale) * (nz / scale);
    const float *from = x + (member + blockIdx.z) * grid * channels;
    float *to = unfolded + row * TAPS * inputs + offset;
    for (int i = threadIdx.x; i < TAPS * (int)channels; i += blockDim.x) {
        const int tap = i / (int)channels, channel = i % (int)channels;
        const int sx = source(vx + tap / 9, (int)nx, (int)padding);
        const int sy = source(vy + tap / 3 % 3, (int)ny, (int)padding);
        const int sz = source(vz + tap % 3, (int)nz, (int)padding);
        float value = 0.0f;
        if (sx >= 0 && sy >= 0 && sz >= 0) {
            const Count at = ((sx / scale) * (ny / scale) + sy / scale) * (nz / scale) + sz / scale;
            value = from[at * channels + channel];
        }
        to[tap * inputs + channel] = value;
    }
}

// The places of 0 .. n + 2 on the fine grid where voxel `i` of the coarse one stands: at most four.
static __device__ int places(int i, int n, int padding, int scale, int *place) {
    int count = 0;
    for (int fine = 0; fine < scale; ++fine) {
        place[count++] = scale * i + fine + 1;
    }
    const int beyond[2] = {0, n + 1};
    for (int end = 0; end < 2; ++end) {
        const int at = source(beyond[end], n, padding);
        if (at >= 0 && at / scale == i) {
            place[count++] = beyond[end];
        }
    }
    return count;
}

// by_x += what a slab of the unfolded input's gradient says of each voxel: its first plane along x
// is `plane`, it has `planes` of them. One thread adds up all that is added to a number, in order.
// Grid: y z of the input, planes of the input from `first` on, members of the slab.
extern "C" __global__ void fold(const float *unfolded, float *by_x, Count nx, Count ny, Count nz,
                                Count plane, Count planes, Count first, Count member,
                                Count channels, Count layout, Count mode) {
    const int padding = (int)mode % 4, scale = (int)mode / 4;
    const int inputs = (int)(layout / 65536), offset = (int)(layout % 65536);
    const int cy = (int)ny / scale, cz = (int)nz / scale;
    const int vx = (int)first + blockIdx.y, vy = blockIdx.x / cz, vz = blockIdx.x % cz;
    int px[4], py[4], pz[4];
    const int many_x = places(vx, (int)nx, padding, scale, px);
    const int many_y = places(vy, (int)ny, padding, scale, py);
    const int many_z = places(vz, (int)nz, padding, scale, pz);
    const Count slab = (Count)blockIdx.z * planes * ny * nz;
    const Count grid = (nx / scale) * cy * cz;
    const Count voxel = ((Count)vx * cy + vy) * cz + vz;
    float *to = by_x + ((member + blockIdx.z) * grid + voxel) * channels;
    for (int channel = threadIdx.x; channel < (int)channels; channel += blockDim.x) {
        float sum = 0.0f;
        for (int a = 0; a < many_x * 3; ++a) {
            const int ox = px[a / 3] - a % 3 - (int)plane;
            if (ox < 0 || ox >= (int)planes) {
                continue;
            }
            for (int b = 0; b < many_y * 3; ++b) {
                const int oy = py[b / 3] - b % 3;
                if (oy < 0 || oy >= (int)ny) {
                    continue;
                }
                for (int c = 0; c < many_z * 3; ++c) {
                    const int oz = pz[c / 3] - c % 3;
                    if (oz < 0 || oz >= (int)nz) {
                        continue;
                    }
                    const Count row = slab + ((Count)ox * ny + oy) * nz + oz;
                    const int tap = (a % 3 * 3 + b % 3) * 3 + c % 3;
                    sum += unfolded[(row * TAPS + tap) * inputs + offset + channel];
                }
            }
        }
        to[channel] += sum;
    }
}

// matrix[tap, input, output] = weight[output, input, tap]. A thread takes every
// (all threads)-th number.
extern "C" __global__ void arrange(const float *weight, float *matrix, Count inputs,
                                   Count outputs) {
    const Count threads = (Count)gridDim.x * blockDim.x, numbers = TAPS * inputs * outputs;
    for (Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x; i < numbers; i += threads) {
        const Count output = i % outputs, input = i / outputs % inputs;
        const Count tap = i / (outputs * inputs);
        matrix[i] = weight[(output * inputs + input) * TAPS + tap];
    }
}

// by_weight[output, input, tap] += by_matrix[tap, input, output].
extern "C" __global__ void arrange_back(const float *by_matrix, float *by_weight, Count inputs,
                                        Count outputs) {
    const Count threads = (Count)gridDim.x * blockDim.x, numbers = TAPS * inputs * outputs;
    for (Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x; i < numbers; i += threads) {
        const Count output = i % outputs, input = i / outputs % inputs;
        const Count tap = i / (outputs * inputs);
        by_weight[(output * inputs + input) * TAPS + tap] += by_matrix[i];
    }
}
