// Runs CUDA kernels on the processor, one thread after the other: what a source needs of CUDA, and
// a program that takes memory, launches and products from its input and writes memory to its
// output. A thread is a context of its own, which gives way at a barrier. Every second launch runs
// blocks and threads in the opposite order, so that a barrier that is missing, or a block that
// counts on another, is seen in the results.

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <string>
#include <tuple>
#include <ucontext.h>
#include <utility>
#include <vector>

struct Index {
    unsigned x, y, z;
};
static Index threadIdx, blockIdx, blockDim, gridDim;

#define __global__
#define __device__
// Blocks run one after the other.
#define __shared__ static

namespace shim {

[[noreturn]] void fail(const std::string &problem) {
    std::fprintf(stderr, "%s\n", problem.c_str());
    std::exit(1);
}

const size_t STACK = 1 << 16;
std::vector<ucontext_t> contexts;
std::vector<std::vector<char>> stacks;
std::vector<int> states; // 0 runs, 1 waits at a barrier, 2 is done
ucontext_t scheduler;
unsigned current;
bool reversed = false;
std::function<void()> body;

// Which of `n` comes `i`-th.
unsigned turn(unsigned i, unsigned n) { return reversed ? n - 1 - i : i; }

void thread_main() {
    body();
    states[current] = 2;
    swapcontext(&contexts[current], &scheduler);
}

// All threads of a block, from barrier to barrier.
void run_block(unsigned threads) {
    if (contexts.size() < threads) {
        contexts.resize(threads);
        stacks.resize(threads, std::vector<char>(STACK));
    }
    states.assign(threads, 0);
    for (unsigned t = 0; t < threads; ++t) {
        getcontext(&contexts[t]);
        contexts[t].uc_stack.ss_sp = stacks[t].data();
        contexts[t].uc_stack.ss_size = STACK;
        contexts[t].uc_link = nullptr;
        makecontext(&contexts[t], thread_main, 0);
    }
    for (;;) {
        unsigned done = 0, waiting = 0;
        for (unsigned i = 0; i < threads; ++i) {
            unsigned t = turn(i, threads);
            if (states[t] == 2) {
                ++done;
                continue;
            }
            states[t] = 0;
            current = t;
            threadIdx = {t, 0, 0};
            swapcontext(&scheduler, &contexts[t]);
            done += states[t] == 2;
            waiting += states[t] == 1;
        }
        if (done == threads) {
            return;
        }
        if (waiting > 0 && done > 0) {
            fail("some threads of a block are done and others wait at a barrier");
        }
    }
}

void barrier() {
    unsigned mine = current;
    states[mine] = 1;
    swapcontext(&contexts[mine], &scheduler);
}

// A number of memory: it knows when it is read and written.
struct Number {
    float value;
    operator float() const;
    Number &operator=(float to);
    Number &operator=(const Number &from) { return *this = (float)from; }
    Number &operator+=(float more) { return *this = (float)*this + more; }
    Number &operator*=(float by) { return *this = (float)*this * by; }
};

// Memory with room on both sides that nobody may touch.
const size_t MARGIN = 256;
struct Memory {
    std::vector<float> numbers;
    size_t size;
    // Of each number, whether a launch has read it (1) and written it (2).
    std::vector<uint8_t> touched;
    float *data() { return numbers.data() + MARGIN; }
};
std::vector<Memory> memories;

// Numbers that launches and products have read and written so far: each once for each of them,
// however many threads did.
uint64_t moved = 0;
std::vector<uint64_t> used; // the memories of a launch

void touch(const Number *number, uint8_t how) {
    auto at = (const float *)number;
    for (auto which : used) {
        auto &memory = memories[which];
        if (at >= memory.data() && at < memory.data() + memory.size) {
            auto &touched = memory.touched[at - memory.data()];
            moved += (touched & how) == 0;
            touched |= how;
            return;
        }
    }
}

Number::operator float() const {
    touch(this, 1);
    return value;
}

Number &Number::operator=(float to) {
    touch(this, 2);
    value = to;
    return *this;
}

const uint32_t UNTOUCHED = 0x7fc0dead; // not a number

void make(size_t size) {
    Memory memory{std::vector<float>(size + 2 * MARGIN, 0.0f), size, {}};
    moved += size;
    for (size_t i = 0; i < MARGIN; ++i) {
        std::memcpy(&memory.numbers[i], &UNTOUCHED, 4);
        std::memcpy(&memory.numbers[MARGIN + size + i], &UNTOUCHED, 4);
    }
    memories.push_back(std::move(memory));
}

void check(const char *what) {
    for (auto &memory : memories) {
        for (size_t i = 0; i < MARGIN && !memory.numbers.empty(); ++i) {
            uint32_t low, high;
            std::memcpy(&low, &memory.numbers[i], 4);
            std::memcpy(&high, &memory.numbers[MARGIN + memory.size + i], 4);
            if (low != UNTOUCHED || high != UNTOUCHED) {
                fail(std::string(what) + " writes outside of its memory");
            }
        }
    }
}

template <class T> T read() {
    T value;
    if (std::fread(&value, sizeof value, 1, stdin) != 1) {
        std::exit(0);
    }
    return value;
}

// An argument as Rust sends it: for memory its number and its first number.
struct Argument {
    uint8_t kind; // 0 memory, 1 count, 2 number
    uint64_t value, first;
};

void take(const Argument &from, Number *&to) {
    if (from.kind != 0) {
        fail("memory expected");
    }
    auto &memory = memories.at(from.value);
    memory.touched.assign(memory.size, 0);
    used.push_back(from.value);
    to = (Number *)memory.data() + from.first;
}
void take(const Argument &from, const Number *&to) {
    Number *memory;
    take(from, memory);
    to = memory;
}
void take(const Argument &from, long long &to) {
    if (from.kind != 1) {
        fail("a count expected");
    }
    to = (long long)from.value;
}
void take(const Argument &from, float &to) {
    if (from.kind != 2) {
        fail("a number expected");
    }
    uint32_t bits = (uint32_t)from.value;
    std::memcpy(&to, &bits, 4);
}

template <class... A, size_t... I>
void launch_all(void (*kernel)(A...), const std::vector<Argument> &arguments, unsigned threads,
                std::index_sequence<I...>) {
    if (arguments.size() != sizeof...(A)) {
        fail("a kernel is given another number of arguments than it takes");
    }
    std::tuple<A...> values;
    used.clear();
    (take(arguments[I], std::get<I>(values)), ...);
    body = [kernel, values] { std::apply(kernel, values); };
    blockDim = {threads, 1, 1};
    reversed = !reversed;
    for (unsigned z = 0; z < gridDim.z; ++z) {
        for (unsigned y = 0; y < gridDim.y; ++y) {
            for (unsigned x = 0; x < gridDim.x; ++x) {
                blockIdx = {turn(x, gridDim.x), turn(y, gridDim.y), turn(z, gridDim.z)};
                run_block(threads);
            }
        }
    }
}

template <class... A>
void launch(void (*kernel)(A...), const std::vector<Argument> &arguments, unsigned threads) {
    launch_all(kernel, arguments, threads, std::index_sequence_for<A...>{});
}

// A matrix as Rust sends it.
struct Matrix {
    uint64_t memory, first, stride, transposed, step;
    float &at(uint64_t product, uint64_t row, uint64_t column) const {
        if (transposed) {
            std::swap(row, column);
        }
        uint64_t i = first + product * step + row * stride + column;
        if (i >= memories.at(memory).size) {
            fail("a product reaches beyond its memory");
        }
        return memories[memory].data()[i];
    }
};

void multiply() {
    uint64_t size[3], products = read<uint64_t>(), add = read<uint64_t>();
    for (auto &n : size) {
        n = read<uint64_t>();
    }
    auto left = read<Matrix>(), right = read<Matrix>(), sum = read<Matrix>();
    moved += products * (size[0] * size[1] + size[1] * size[2] + (add + 1) * size[0] * size[2]);
    for (uint64_t p = 0; p < products; ++p) {
        for (uint64_t r = 0; r < size[0]; ++r) {
            for (uint64_t c = 0; c < size[2]; ++c) {
                double total = add ? sum.at(p, r, c) : 0.0;
                for (uint64_t k = 0; k < size[1]; ++k) {
                    total += (double)left.at(p, r, k) * right.at(p, k, c);
                }
                sum.at(p, r, c) = (float)total;
            }
        }
    }
}

void kernels(const std::string &name, const std::vector<Argument> &arguments, unsigned threads);

int main_loop() {
    for (;;) {
        switch (read<uint8_t>()) {
        case 'z':
            make(read<uint64_t>());
            break;
        case 'w': {
            auto &memory = memories.at(read<uint64_t>());
            if (std::fread(memory.data(), 4, memory.size, stdin) != memory.size) {
                fail("memory is cut off");
            }
            break;
        }
        case 'r': {
            auto &memory = memories.at(read<uint64_t>());
            std::fwrite(memory.data(), 4, memory.size, stdout);
            std::fflush(stdout);
            break;
        }
        case 'f':
            memories.at(read<uint64_t>()) = Memory{{}, 0, {}};
            break;
        case 'c':
            std::fwrite(&moved, sizeof moved, 1, stdout);
            std::fflush(stdout);
            break;
        case 'm':
            multiply();
            break;
        case 'l': {
            std::string name(read<uint64_t>(), ' ');
            if (std::fread(&name[0], 1, name.size(), stdin) != name.size()) {
                fail("a name is cut off");
            }
            auto x = read<uint64_t>(), y = read<uint64_t>(), z = read<uint64_t>();
            gridDim = {(unsigned)x, (unsigned)y, (unsigned)z};
            auto threads = (unsigned)read<uint64_t>();
            std::vector<Argument> arguments(read<uint64_t>());
            for (auto &argument : arguments) {
                argument.kind = read<uint8_t>();
                argument.value = read<uint64_t>();
                argument.first = read<uint64_t>();
            }
            kernels(name, arguments, threads);
            check(name.c_str());
            break;
        }
        default:
            fail("unknown request");
        }
    }
}

} // namespace shim

#define __syncthreads() shim::barrier()
