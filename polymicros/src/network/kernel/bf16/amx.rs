//! Products of tiles by Intel's AMX.
//!
//! Rust 1.95 has no stable functions for it, only the assembler: this file is all of the library that
//! is not safe Rust on the processor. Each pass configures the tiles, uses them and releases them
//! again, so that nothing is left behind in the thread, whatever runs there next.
#![allow(unsafe_code)]

use super::tiles::{Block, SIDE, Step, Sums, TileProduct};
use std::arch::asm;
use std::arch::x86_64::{__cpuid, __cpuid_count};
use std::sync::OnceLock;

/// What `ldtilecfg` reads: all eight tiles are of 16 rows of 64 bytes.
#[repr(C, align(64))]
struct Configuration {
    palette: u8,
    start_row: u8,
    reserved: [u8; 14],
    row_bytes: [u16; 16],
    rows: [u8; 16],
}

static CONFIGURATION: Configuration = Configuration {
    palette: 1,
    start_row: 0,
    reserved: [0; 14],
    row_bytes: [64, 64, 64, 64, 64, 64, 64, 64, 0, 0, 0, 0, 0, 0, 0, 0],
    rows: [16, 16, 16, 16, 16, 16, 16, 16, 0, 0, 0, 0, 0, 0, 0, 0],
};

/// Whether the processor has AMX for bf16 and the system lets this process use it.
pub(super) fn available() -> bool {
    static AVAILABLE: OnceLock<bool> = OnceLock::new();
    *AVAILABLE.get_or_init(|| supported() && permitted())
}

fn supported() -> bool {
    const FEATURES: u32 = 7;
    const BF16_AND_TILES: u32 = 1 << 22 | 1 << 24;
    __cpuid(0).eax >= FEATURES && __cpuid_count(FEATURES, 0).edx & BF16_AND_TILES == BF16_AND_TILES
}

/// Asks Linux for the tiles, which it keeps for all threads of the process only after that. It
/// refuses where the system does not save them.
fn permitted() -> bool {
    const ARCH_PRCTL: isize = 158;
    const REQUEST_PERMISSION: usize = 0x1023;
    const TILE_DATA: usize = 18;
    let result: isize;
    // SAFETY: the call reads and writes no memory of this process, and the registers that system
    // calls change are named.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") ARCH_PRCTL => result,
            in("rdi") REQUEST_PERMISSION,
            in("rsi") TILE_DATA,
            out("rcx") _,
            out("r11") _,
            options(nostack),
        );
    }
    result == 0
}

/// As [`TileProduct::run`], which has checked that all tiles lie within their operands. To be called
/// only where AMX is [`available`].
pub(super) fn run(product: &TileProduct, block: &Block, sums: &mut Sums) {
    debug_assert!(available());
    if product.steps.is_empty() {
        *sums = Sums::zeros();
        return;
    }
    match *block {
        Block::Tall { left, right } => tall(product, left, right, sums),
        Block::Square { left, right } => square(product, left, right, sums),
    }
}

const BYTES: usize = size_of::<u16>();
/// From one row of a right tile, or of sums, to the next.
const ROW: usize = 64;
const _: () = assert!(ROW == SIDE * size_of::<f32>() && size_of::<Step>() == 16);

/// Four left tiles, in turn in tiles 4 and 5, times one right tile in tile 6.
fn tall(product: &TileProduct, left: [usize; 4], right: usize, sums: &mut Sums) {
    let steps = product.steps.as_ptr_range();
    // SAFETY: AMX is available. The loads are those that `TileProduct::check` found within the
    // operands, the steps are read from first to last, and the four tiles that are stored are those
    // of `sums`. All registers that change are named; flags may change by default.
    unsafe {
        asm!(
            "ldtilecfg [{x}]",
            "2:",
            "mov {x}, qword ptr [{step} + 8]",
            "lea {x}, [{right} + 2 * {x}]",
            "tileloadd tmm6, [{x} + {row}]",
            "mov {x}, qword ptr [{step}]",
            "lea {x}, [{left} + 2 * {x}]",
            "tileloadd tmm4, [{x} + {stride}]",
            "lea {y}, [{x} + {second}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm5, [{y} + {stride}]",
            "lea {y}, [{x} + {third}]",
            "tdpbf16ps tmm1, tmm5, tmm6",
            "tileloadd tmm4, [{y} + {stride}]",
            "lea {y}, [{x} + {fourth}]",
            "tdpbf16ps tmm2, tmm4, tmm6",
            "tileloadd tmm5, [{y} + {stride}]",
            "tdpbf16ps tmm3, tmm5, tmm6",
            "add {step}, 16",
            "cmp {step}, {end}",
            "jb 2b",
            "tilestored [{sums} + {row}], tmm0",
            "tilestored [{sums} + {row} + 1024], tmm1",
            "tilestored [{sums} + {row} + 2048], tmm2",
            "tilestored [{sums} + {row} + 3072], tmm3",
            "tilerelease",
            step = inout(reg) steps.start => _,
            end = in(reg) steps.end,
            left = in(reg) product.left.as_ptr().wrapping_add(left[0]),
            // The differences may be negative: addresses wrap.
            second = in(reg) left[1].wrapping_sub(left[0]).wrapping_mul(BYTES),
            third = in(reg) left[2].wrapping_sub(left[0]).wrapping_mul(BYTES),
            fourth = in(reg) left[3].wrapping_sub(left[0]).wrapping_mul(BYTES),
            stride = in(reg) product.stride * BYTES,
            right = in(reg) product.right.as_ptr().wrapping_add(right),
            row = in(reg) ROW,
            sums = in(reg) sums.0.as_mut_ptr(),
            x = inout(reg) &CONFIGURATION => _,
            y = out(reg) _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}

/// Two left tiles, in tiles 4 and 5, times two right tiles in tiles 6 and 7.
fn square(product: &TileProduct, left: [usize; 2], right: [usize; 2], sums: &mut Sums) {
    let steps = product.steps.as_ptr_range();
    // SAFETY: as in `tall`.
    unsafe {
        asm!(
            "ldtilecfg [{x}]",
            "2:",
            "mov {x}, qword ptr [{step}]",
            "mov {y}, qword ptr [{step} + 8]",
            "lea {x}, [{left} + 2 * {x}]",
            "lea {y}, [{right} + 2 * {y}]",
            "tileloadd tmm4, [{x} + {stride}]",
            "tileloadd tmm6, [{y} + {row}]",
            "add {x}, {below}",
            "add {y}, {beside}",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "tileloadd tmm7, [{y} + {row}]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "tileloadd tmm5, [{x} + {stride}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
            "add {step}, 16",
            "cmp {step}, {end}",
            "jb 2b",
            "tilestored [{sums} + {row}], tmm0",
            "tilestored [{sums} + {row} + 1024], tmm1",
            "tilestored [{sums} + {row} + 2048], tmm2",
            "tilestored [{sums} + {row} + 3072], tmm3",
            "tilerelease",
            step = inout(reg) steps.start => _,
            end = in(reg) steps.end,
            left = in(reg) product.left.as_ptr().wrapping_add(left[0]),
            below = in(reg) left[1].wrapping_sub(left[0]).wrapping_mul(BYTES),
            stride = in(reg) product.stride * BYTES,
            right = in(reg) product.right.as_ptr().wrapping_add(right[0]),
            beside = in(reg) right[1].wrapping_sub(right[0]).wrapping_mul(BYTES),
            row = in(reg) ROW,
            sums = in(reg) sums.0.as_mut_ptr(),
            x = inout(reg) &CONFIGURATION => _,
            y = out(reg) _,
            out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
            out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
            options(nostack),
        );
    }
}
