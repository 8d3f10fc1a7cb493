// What surrounds the matrix products of linear attention: the softmax of q over the features of a
// head, and that of k over voxels which are seen slab by slab. Matrices are row-major, a row for
// each voxel; k and v stand beside each other in a row of 2 HIDDEN.

typedef long long Count;

#define FEATURES 32
#define HIDDEN 128

// partial[block, feature] = the largest k of a feature in `depth` rows. Threads: HIDDEN.
extern "C" __global__ void largest(const float *kv, float *partial, Count rows, Count depth) {
    const Count first = (Count)blockIdx.x * depth;
    const Count last = first + depth < rows ? first + depth : rows;
    float most = kv[first * 2 * HIDDEN + threadIdx.x];
    for (Count r = first + 1; r < last; ++r) {
        const float k = kv[r * 2 * HIDDEN + threadIdx.x];
        most = k > most ? k : most;
    }
    partial[(Count)blockIdx.x * HIDDEN + threadIdx.x] = most;
}

// Sums so far are expressed relative to the largest k of a new slab, where that is larger.
// `context` holds, for each feature, its sums with v. One block of HIDDEN threads.
extern "C" __global__ void raise_sums(const float *partial, float *most, float *sum, float *context,
                                 Count blocks) {
    const int feature = threadIdx.x;
    const float before = most[feature];
    float now = before;
    for (Count block = 0; block < blocks; ++block) {
        const float k = partial[block * HIDDEN + feature];
        now = k > now ? k : now;
    }
    if (now > before) {
        // Zero in the first slab, where all sums are.
        const float factor = expf(before - now);
        sum[feature] *= factor;
        for (int e = 0; e < FEATURES; ++e) {
            context[feature * FEATURES + e] *= factor;
        }
        most[feature] = now;
    }
}

// k becomes exp(k - most) rate; without rates where `rated` is zero. Threads: HIDDEN, a block a row.
extern "C" __global__ void exponentials(float *kv, const float *most, const float *rate,
                                        Count rated) {
    const Count i = (Count)blockIdx.x * 2 * HIDDEN + threadIdx.x;
    const float k = expf(kv[i] - most[threadIdx.x]);
    kv[i] = rated ? k * rate[threadIdx.x] : k;
}

// rate = 1 / sum, and sums with v become means. One block of HIDDEN threads.
extern "C" __global__ void means(const float *sum, float *rate, float *context) {
    const int feature = threadIdx.x;
    rate[feature] = 1.0f / sum[feature];
    for (int e = 0; e < FEATURES; ++e) {
        context[feature * FEATURES + e] *= rate[feature];
    }
}

// Softmax of q over the features of each head, times FEATURES^-1/2. A block a row, HIDDEN threads.
extern "C" __global__ void softmax_heads(float *q, float scale) {
    __shared__ float shared[HIDDEN];
    const Count i = (Count)blockIdx.x * HIDDEN + threadIdx.x;
    const int head = threadIdx.x / FEATURES * FEATURES;
    shared[threadIdx.x] = q[i];
    __syncthreads();
    float most = shared[head];
    for (int d = 1; d < FEATURES; ++d) {
        most = shared[head + d] > most ? shared[head + d] : most;
    }
    const float mine = expf(shared[threadIdx.x] - most);
    __syncthreads();
    shared[threadIdx.x] = mine;
    __syncthreads();
    float sum = 0.0f;
    for (int d = 0; d < FEATURES; ++d) {
        sum += shared[head + d];
    }
    q[i] = mine * (scale / sum);
}

// From the gradient of what softmax_heads made to that of what it was made from, in place.
extern "C" __global__ void through_softmax_heads(const float *made, float *gradient,
                                                 float scale) {
    __shared__ float shared[HIDDEN];
    const Count i = (Count)blockIdx.x * HIDDEN + threadIdx.x;
    const int head = threadIdx.x / FEATURES * FEATURES;
    shared[threadIdx.x] = made[i] * gradient[i];
    __syncthreads();
    float mean = 0.0f;
    for (int d = 0; d < FEATURES; ++d) {
        mean += shared[head + d];
    }
    gradient[i] = made[i] * (gradient[i] - mean / scale);
}

// level[feature] = the mean over voxels of k times its gradient. One block of HIDDEN threads.
extern "C" __global__ void levels(const float *by_means, const float *means, float *level) {
    float sum = 0.0f;
    for (int e = 0; e < FEATURES; ++e) {
        sum += by_means[threadIdx.x * FEATURES + e] * means[threadIdx.x * FEATURES + e];
    }
    level[threadIdx.x] = sum;
}

// From the gradient of the softmax over voxels to that of k, in place. A block a row.
extern "C" __global__ void through_softmax_voxels(const float *kv, const float *level,
                                                  float *by_kv) {
    const Count i = (Count)blockIdx.x * 2 * HIDDEN + threadIdx.x;
    by_kv[i] = kv[i] * (by_kv[i] - level[threadIdx.x]);
}
