//! Products of tiles by Intel's AMX.
//!
//! Rust 1.95 has no stable functions for it, only the assembler: this file is all of the library that
//! is not safe Rust on the processor. Each list of blocks configures the tiles, uses them and releases
//! them again, so that nothing is left behind in the thread, whatever runs there next.
#![allow(unsafe_code)]

use super::tiles::{Block, Form};
use super::{SIDE, Step, Target, TileProduct};
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

/// What the loops below read, by offset.
#[repr(C)]
struct Arguments {
    left: *const u16,
    right: *const u16,
    output: *mut f32,
    /// Bytes from a row to the next.
    left_stride: usize,
    output_stride: usize,
    first_step: *const Step,
    steps_end: *const Step,
    blocks_end: *const Block,
}

/// As [`TileProduct::run_blocks`], which has checked that all tiles lie within their operands and the
/// target, and that there are steps and blocks. To be called only where AMX is [`available`].
pub(super) fn run(product: &TileProduct, form: Form, blocks: &[Block], target: &mut Target) {
    debug_assert!(available() && !product.steps.is_empty() && !blocks.is_empty());
    let steps = product.steps.as_ptr_range();
    let blocks = blocks.as_ptr_range();
    let arguments = Arguments {
        left: product.left.as_ptr(),
        right: product.right.as_ptr(),
        output: target.values.as_mut_ptr(),
        left_stride: product.stride * size_of::<u16>(),
        output_stride: target.stride * size_of::<f32>(),
        first_step: steps.start,
        steps_end: steps.end,
        blocks_end: blocks.end,
    };
    match form {
        Form::Tall => tall(blocks.start, &arguments),
        Form::Square => square(blocks.start, &arguments),
    }
}

const _: () = {
    assert!(size_of::<Step>() == 16 && size_of::<Block>() == 80);
    assert!(SIDE * size_of::<f32>() == 64);
};

/// The loops of both forms: over blocks, and over the steps of each. What differs is which registers
/// get places of the operands before the steps, and the products of a step.
macro_rules! blocks {
    ($block:ident, $arguments:ident, [$($places:literal,)*], [$($products:literal,)*]) => {
        // SAFETY: AMX is available. The loads and stores are those that `TileProduct::check` found
        // within the operands and the target, and the steps, blocks and arguments are read where
        // they lie. All registers that change are named; flags may change by default.
        unsafe {
            asm!(
                "ldtilecfg [{x}]",
                "mov {stride}, qword ptr [{arguments} + 24]",
                "2:",
                "mov {x}, qword ptr [{arguments}]",
                "mov {y}, qword ptr [{arguments} + 8]",
                $($places,)*
                "mov {step}, qword ptr [{arguments} + 40]",
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "3:",
                "mov {x}, qword ptr [{step}]",
                "mov {y}, qword ptr [{step} + 8]",
                $($products,)*
                "add {step}, 16",
                "cmp {step}, qword ptr [{arguments} + 48]",
                "jb 3b",
                "mov {x}, qword ptr [{arguments} + 16]",
                "mov {y}, qword ptr [{arguments} + 32]",
                "mov {a}, qword ptr [{block} + 48]",
                "lea {a}, [{x} + 4 * {a}]",
                "tilestored [{a} + {y}], tmm0",
                "mov {a}, qword ptr [{block} + 56]",
                "lea {a}, [{x} + 4 * {a}]",
                "tilestored [{a} + {y}], tmm1",
                "mov {a}, qword ptr [{block} + 64]",
                "lea {a}, [{x} + 4 * {a}]",
                "tilestored [{a} + {y}], tmm2",
                "mov {a}, qword ptr [{block} + 72]",
                "lea {a}, [{x} + 4 * {a}]",
                "tilestored [{a} + {y}], tmm3",
                "add {block}, 80",
                "cmp {block}, qword ptr [{arguments} + 56]",
                "jb 2b",
                "tilerelease",
                block = inout(reg) $block => _,
                arguments = in(reg) $arguments,
                // From one row of a right tile to the next.
                row = in(reg) 64usize,
                x = inout(reg) &CONFIGURATION => _,
                y = out(reg) _,
                z = out(reg) _,
                step = out(reg) _,
                stride = out(reg) _,
                a = out(reg) _,
                b = out(reg) _,
                c = out(reg) _,
                d = out(reg) _,
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    };
}

/// Four left tiles, in turn in tiles 4 and 5, times one right tile in tile 6.
fn tall(block: *const Block, arguments: &Arguments) {
    blocks!(
        block,
        arguments,
        [
            "mov {a}, qword ptr [{block}]",
            "lea {a}, [{x} + 2 * {a}]",
            "mov {b}, qword ptr [{block} + 8]",
            "lea {b}, [{x} + 2 * {b}]",
            "mov {c}, qword ptr [{block} + 16]",
            "lea {c}, [{x} + 2 * {c}]",
            "mov {d}, qword ptr [{block} + 24]",
            "lea {d}, [{x} + 2 * {d}]",
        ],
        [
            // The place of the block's right tile is read again: no register is left for it.
            "add {y}, qword ptr [{block} + 32]",
            "mov {z}, qword ptr [{arguments} + 8]",
            "lea {z}, [{z} + 2 * {y}]",
            "tileloadd tmm6, [{z} + {row}]",
            "lea {z}, [{a} + 2 * {x}]",
            "tileloadd tmm4, [{z} + {stride}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "lea {z}, [{b} + 2 * {x}]",
            "tileloadd tmm5, [{z} + {stride}]",
            "tdpbf16ps tmm1, tmm5, tmm6",
            "lea {z}, [{c} + 2 * {x}]",
            "tileloadd tmm4, [{z} + {stride}]",
            "tdpbf16ps tmm2, tmm4, tmm6",
            "lea {z}, [{d} + 2 * {x}]",
            "tileloadd tmm5, [{z} + {stride}]",
            "tdpbf16ps tmm3, tmm5, tmm6",
        ]
    );
}

/// Two left tiles, in tiles 4 and 5, times two right tiles in tiles 6 and 7.
fn square(block: *const Block, arguments: &Arguments) {
    blocks!(
        block,
        arguments,
        [
            "mov {a}, qword ptr [{block}]",
            "lea {a}, [{x} + 2 * {a}]",
            "mov {b}, qword ptr [{block} + 8]",
            "lea {b}, [{x} + 2 * {b}]",
            "mov {c}, qword ptr [{block} + 32]",
            "lea {c}, [{y} + 2 * {c}]",
            "mov {d}, qword ptr [{block} + 40]",
            "lea {d}, [{y} + 2 * {d}]",
        ],
        [
            "lea {z}, [{a} + 2 * {x}]",
            "tileloadd tmm4, [{z} + {stride}]",
            "lea {z}, [{c} + 2 * {y}]",
            "tileloadd tmm6, [{z} + {row}]",
            "tdpbf16ps tmm0, tmm4, tmm6",
            "lea {z}, [{d} + 2 * {y}]",
            "tileloadd tmm7, [{z} + {row}]",
            "tdpbf16ps tmm1, tmm4, tmm7",
            "lea {z}, [{b} + 2 * {x}]",
            "tileloadd tmm5, [{z} + {stride}]",
            "tdpbf16ps tmm2, tmm5, tmm6",
            "tdpbf16ps tmm3, tmm5, tmm7",
        ]
    );
}
