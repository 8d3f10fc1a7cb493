// Group normalisation with scale and shift, SiLU and a residual, in one pass over memory each for
// the moments and for the result. Activations are in shape batch, voxel, channel.
//
// Once the moments of a group are known, everything up to SiLU is one factor and one summand for
// each channel of each member of the batch, as in the CPU's kernel.

typedef long long Count;

#define CHANNELS 32
#define VOXELS 8
#define THREADS (CHANNELS * VOXELS)

// Two sums of a channel over the voxels that this block's threads have seen, to
// partial[member, block, which, channel].
static __device__ void write_sums(float one, float two, float (*shared)[THREADS], float *partial,
                                  Count channel, Count channels) {
    shared[0][threadIdx.x] = one;
    shared[1][threadIdx.x] = two;
    __syncthreads();
    const int which = threadIdx.x / CHANNELS;
    if (which < 2 && channel < channels) {
        float total = 0.0f;
        for (int r = 0; r < VOXELS; ++r) {
            total += shared[which][r * CHANNELS + threadIdx.x % CHANNELS];
        }
        const Count block = (Count)blockIdx.z * gridDim.x + blockIdx.x;
        partial[(block * 2 + which) * channels + channel] = total;
    }
}

// Sums of x - pivot and of its square, the pivot being the channel's value at the first voxel: a
// mean far from zero costs no digits.
// Grid: blocks of `depth` voxels, tiles of CHANNELS channels, members.
extern "C" __global__ void moment_sums(const float *x, float *partial, Count voxels,
                                       Count channels, Count depth) {
    __shared__ float shared[2][THREADS];
    const Count channel = (Count)blockIdx.y * CHANNELS + threadIdx.x % CHANNELS;
    const float *member = x + (Count)blockIdx.z * voxels * channels;
    const Count first = (Count)blockIdx.x * depth;
    const Count last = first + depth < voxels ? first + depth : voxels;
    float one = 0.0f, two = 0.0f;
    if (channel < channels) {
        const float pivot = member[channel];
        for (Count v = first + threadIdx.x / CHANNELS; v < last; v += VOXELS) {
            const float difference = member[v * channels + channel] - pivot;
            one += difference;
            two += difference * difference;
        }
    }
    write_sums(one, two, shared, partial, channel, channels);
}

// The sum of `mine` over the threads of a block.
static __device__ double block_sum(double mine, double *shared) {
    shared[threadIdx.x] = mine;
    __syncthreads();
    for (int half = THREADS / 2; half > 0; half /= 2) {
        if ((int)threadIdx.x < half) {
            shared[threadIdx.x] += shared[threadIdx.x + half];
        }
        __syncthreads();
    }
    const double total = shared[0];
    __syncthreads();
    return total;
}

// One of the two sums of a channel over all blocks.
static __device__ double channel_sum(const float *partial, Count member, Count blocks, int which,
                                     Count channel, Count channels) {
    double total = 0.0;
    for (Count block = 0; block < blocks; ++block) {
        total += partial[((member * blocks + block) * 2 + which) * channels + channel];
    }
    return total;
}

// moments[member, group] = mean, one over the deviation. Grid: groups, members.
extern "C" __global__ void moments(const float *x, const float *partial, float *moments,
                                   Count voxels, Count channels, Count blocks, float epsilon) {
    __shared__ double shared[THREADS];
    const Count member = blockIdx.y, width = channels / gridDim.x;
    const Count first = blockIdx.x * width;
    const float *pivots = x + member * voxels * channels;
    double mean = 0.0;
    for (Count c = first + threadIdx.x; c < first + width; c += THREADS) {
        mean += pivots[c] + channel_sum(partial, member, blocks, 0, c, channels) / voxels;
    }
    mean = block_sum(mean, shared) / width;
    double variance = 0.0;
    for (Count c = first + threadIdx.x; c < first + width; c += THREADS) {
        const double d = channel_sum(partial, member, blocks, 0, c, channels) / voxels;
        const double square = channel_sum(partial, member, blocks, 1, c, channels) / voxels;
        const double between = pivots[c] + d - mean;
        variance += square - d * d + between * between;
    }
    variance = block_sum(variance, shared) / width;
    if (threadIdx.x == 0) {
        float *to = moments + (member * gridDim.x + blockIdx.x) * 2;
        to[0] = (float)mean;
        to[1] = (float)(1.0 / sqrt((variance > 0.0 ? variance : 0.0) + epsilon));
    }
}

// factors[member] = a factor for each channel, then a summand for each.
// Grid: tiles of THREADS channels, members. `modulation` is read where `modulated` is not zero.
extern "C" __global__ void factors(const float *moments, const float *gamma, const float *beta,
                                   const float *modulation, float *factors, Count channels,
                                   Count groups, Count modulated) {
    const Count c = (Count)blockIdx.x * THREADS + threadIdx.x, member = blockIdx.y;
    if (c >= channels) {
        return;
    }
    const float *moment = moments + (member * groups + c / (channels / groups)) * 2;
    float scale = 1.0f, shift = 0.0f;
    if (modulated) {
        scale += modulation[member * 2 * channels + c];
        shift = modulation[member * 2 * channels + channels + c];
    }
    const float factor = moment[1] * gamma[c];
    factors[member * 2 * channels + c] = factor * scale;
    factors[(member * 2 + 1) * channels + c] = (beta[c] - moment[0] * factor) * scale + shift;
}

static __device__ float sigmoid(float z) {
    return 1.0f / (1.0f + expf(-z));
}

// y = x factor + summand, through SiLU where `silu` is not zero, plus the residual where there is
// one. Grid: blocks of `depth` voxels, 1, members.
extern "C" __global__ void normalise(const float *x, const float *factors, const float *residual,
                                     float *y, Count voxels, Count channels, Count depth,
                                     Count silu, Count added) {
    const Count member = (Count)blockIdx.z * voxels * channels;
    const float *factor = factors + (Count)blockIdx.z * 2 * channels;
    const Count first = (Count)blockIdx.x * depth;
    const Count last = first + depth < voxels ? first + depth : voxels;
    for (Count v = first + threadIdx.x / CHANNELS; v < last; v += VOXELS) {
        for (Count c = threadIdx.x % CHANNELS; c < channels; c += CHANNELS) {
            const Count i = member + v * channels + c;
            float z = x[i] * factor[c] + factor[channels + c];
            if (silu) {
                z *= sigmoid(z);
            }
            y[i] = added ? z + residual[i] : z;
        }
    }
}

// The gradient goes back through SiLU, in place; and its sums, alone and times x.
// Grid: blocks of `depth` voxels, tiles of CHANNELS channels, members.
extern "C" __global__ void gradient_sums(const float *x, const float *factors, float *gradient,
                                         float *partial, Count voxels, Count channels,
                                         Count depth, Count silu) {
    __shared__ float shared[2][THREADS];
    const Count channel = (Count)blockIdx.y * CHANNELS + threadIdx.x % CHANNELS;
    const Count member = (Count)blockIdx.z * voxels * channels;
    const Count first = (Count)blockIdx.x * depth;
    const Count last = first + depth < voxels ? first + depth : voxels;
    float one = 0.0f, two = 0.0f;
    if (channel < channels) {
        const float factor = factors[(Count)blockIdx.z * 2 * channels + channel];
        const float summand = factors[((Count)blockIdx.z * 2 + 1) * channels + channel];
        for (Count v = first + threadIdx.x / CHANNELS; v < last; v += VOXELS) {
            const Count i = member + v * channels + channel;
            float g = gradient[i];
            if (silu) {
                const float z = x[i] * factor + summand;
                const float s = sigmoid(z);
                g *= s + z * s * (1.0f - s);
                gradient[i] = g;
            }
            one += g;
            two += g * x[i];
        }
    }
    write_sums(one, two, shared, partial, channel, channels);
}

// From these sums: by_parameters[member] = the gradients of gamma, then of beta; those of scale and
// shift are added to by_modulation; slopes[member] = for each channel what x is multiplied by in
// its own gradient, then what is added. Grid: groups, members.
extern "C" __global__ void gradients(const float *partial, const float *moments,
                                     const float *gamma, const float *beta,
                                     const float *modulation, float *by_parameters,
                                     float *by_modulation, float *slopes, Count voxels,
                                     Count channels, Count blocks, Count modulated) {
    __shared__ double shared[THREADS];
    const Count member = blockIdx.y, width = channels / gridDim.x;
    const Count from = blockIdx.x * width, place = member * 2 * channels;
    const float *moment = moments + (member * gridDim.x + blockIdx.x) * 2;
    const double mean = moment[0], rate = moment[1];
    double level = 0.0, pull = 0.0;
    for (Count c = from + threadIdx.x; c < from + width; c += THREADS) {
        const double sum = channel_sum(partial, member, blocks, 0, c, channels);
        const double with_x = channel_sum(partial, member, blocks, 1, c, channels);
        const double along = rate * (with_x - mean * sum);
        const double scale = modulated ? 1.0f + modulation[place + c] : 1.0f;
        by_parameters[place + c] = (float)(scale * along);
        by_parameters[place + channels + c] = (float)(scale * sum);
        if (modulated) {
            by_modulation[place + c] += (float)(gamma[c] * along + beta[c] * sum);
            by_modulation[place + channels + c] += (float)sum;
        }
        const double weight = gamma[c] * scale / ((double)voxels * width);
        level += weight * sum;
        pull += weight * along;
    }
    level = block_sum(level, shared);
    pull = block_sum(pull, shared);
    const double slope = -rate * rate * pull;
    for (Count c = from + threadIdx.x; c < from + width; c += THREADS) {
        slopes[place + c] = (float)slope;
        slopes[place + channels + c] = (float)(-rate * level - mean * slope);
    }
}

// by_x += gradient factor + x slope + offset. Grid: blocks of `depth` voxels, 1, members.
extern "C" __global__ void input_gradient(const float *x, const float *gradient,
                                          const float *factors, const float *slopes, float *by_x,
                                          Count voxels, Count channels, Count depth) {
    const Count member = (Count)blockIdx.z * voxels * channels;
    const float *factor = factors + (Count)blockIdx.z * 2 * channels;
    const float *slope = slopes + (Count)blockIdx.z * 2 * channels;
    const Count first = (Count)blockIdx.x * depth;
    const Count last = first + depth < voxels ? first + depth : voxels;
    for (Count v = first + threadIdx.x / CHANNELS; v < last; v += VOXELS) {
        for (Count c = threadIdx.x % CHANNELS; c < channels; c += CHANNELS) {
            const Count i = member + v * channels + c;
            by_x[i] += gradient[i] * factor[c] + x[i] * slope[c] + slope[channels + c];
        }
    }
}
