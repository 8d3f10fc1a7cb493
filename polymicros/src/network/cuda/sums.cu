// Sums and copies that several operations need. Matrices are row-major.

typedef long long Count;

#define COLUMNS 32
#define ROWS 8

// partial[block, column] = the sum of a column over `depth` rows of a matrix.
// Grid: blocks of rows, tiles of COLUMNS columns. Threads: COLUMNS x ROWS.
extern "C" __global__ void column_sums(const float *values, float *partial, Count rows,
                                       Count columns, Count stride, Count depth) {
    __shared__ float shared[ROWS][COLUMNS];
    const int lane = threadIdx.x % COLUMNS, row = threadIdx.x / COLUMNS;
    const Count column = (Count)blockIdx.y * COLUMNS + lane;
    const Count first = (Count)blockIdx.x * depth;
    const Count last = first + depth < rows ? first + depth : rows;
    float sum = 0.0f;
    if (column < columns) {
        for (Count r = first + row; r < last; r += ROWS) {
            sum += values[r * stride + column];
        }
    }
    shared[row][lane] = sum;
    __syncthreads();
    if (row == 0 && column < columns) {
        float total = 0.0f;
        for (int r = 0; r < ROWS; ++r) {
            total += shared[r][lane];
        }
        partial[(Count)blockIdx.x * columns + column] = total;
    }
}

// to[column] += the sum of a column over all rows. One thread for each column.
extern "C" __global__ void add_rows(const float *values, float *to, Count rows, Count columns) {
    const Count column = (Count)blockIdx.x * blockDim.x + threadIdx.x;
    if (column >= columns) {
        return;
    }
    double total = 0.0;
    for (Count r = 0; r < rows; ++r) {
        total += values[r * columns + column];
    }
    to[column] += (float)total;
}

// Every row of `to` becomes `row`. Grid: blocks of ROWS rows. Threads: COLUMNS x ROWS.
extern "C" __global__ void fill_rows(const float *row, float *to, Count rows, Count columns) {
    const Count r = (Count)blockIdx.x * ROWS + threadIdx.x / COLUMNS;
    if (r >= rows) {
        return;
    }
    for (Count column = threadIdx.x % COLUMNS; column < columns; column += COLUMNS) {
        to[r * columns + column] = row[column];
    }
}

// to += from. A thread takes every (all threads)-th number.
extern "C" __global__ void add(const float *from, float *to, Count numbers) {
    const Count threads = (Count)gridDim.x * blockDim.x;
    for (Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x; i < numbers; i += threads) {
        to[i] += from[i];
    }
}

// All of `to` becomes `value`.
extern "C" __global__ void fill(float *to, Count numbers, float value) {
    const Count threads = (Count)gridDim.x * blockDim.x;
    for (Count i = (Count)blockIdx.x * blockDim.x + threadIdx.x; i < numbers; i += threads) {
        to[i] = value;
    }
}
