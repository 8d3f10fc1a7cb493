//! Sums and copies on a GPU.

use super::queue::{Argument, Queue, Shape, Source};

/// `sums.cu`.
pub(in crate::network) const SOURCE: Source = Source {
    name: "sums",
    text: include_str!("sums.cu"),
    kernels: &["column_sums", "add_rows", "fill_rows", "add", "fill"],
};

/// Threads of a block where nothing else decides.
const THREADS: usize = 256;
/// Columns and rows that a block of `sums.cu` sees at once.
const COLUMNS: usize = 32;
const ROWS: usize = 8;
/// Blocks that sums are cut into, at most: enough for every processor of a GPU.
const BLOCKS: usize = 512;

/// Rows for each block, so that there are enough blocks and each has something to add.
pub(in crate::network) fn depth(rows: usize) -> usize {
    rows.div_ceil(BLOCKS).max(8 * ROWS)
}

/// Some columns of a matrix.
pub(in crate::network) struct Columns<'a, B> {
    pub memory: &'a B,
    /// The first number.
    pub first: usize,
    pub rows: usize,
    pub columns: usize,
    /// From one row to the next.
    pub stride: usize,
}

/// `to += ` the sum of each column.
pub(in crate::network) fn add_column_sums<Q: Queue>(
    queue: &Q,
    values: &Columns<Q::Memory>,
    to: &mut Q::Memory,
) -> Result<(), Q::Error> {
    let Columns { rows, columns, .. } = *values;
    let depth = depth(rows);
    let blocks = rows.div_ceil(depth);
    let mut partial = queue.zeros(blocks * columns)?;
    let shape = Shape {
        blocks: [blocks, columns.div_ceil(COLUMNS), 1],
        threads: COLUMNS * ROWS,
    };
    queue.launch(
        &SOURCE,
        "column_sums",
        shape,
        &mut [
            Argument::In(values.memory, values.first),
            Argument::Out(&mut partial, 0),
            Argument::Count(rows),
            Argument::Count(columns),
            Argument::Count(values.stride),
            Argument::Count(depth),
        ],
    )?;
    add_rows(queue, &partial, [blocks, columns], to)
}

/// `to += ` the sum of the rows of a matrix of `[rows, columns]`.
pub(in crate::network) fn add_rows<Q: Queue>(
    queue: &Q,
    values: &Q::Memory,
    [rows, columns]: [usize; 2],
    to: &mut Q::Memory,
) -> Result<(), Q::Error> {
    let shape = Shape {
        blocks: [columns.div_ceil(THREADS), 1, 1],
        threads: THREADS,
    };
    queue.launch(
        &SOURCE,
        "add_rows",
        shape,
        &mut [
            Argument::In(values, 0),
            Argument::Out(to, 0),
            Argument::Count(rows),
            Argument::Count(columns),
        ],
    )
}

/// Rows of `to` from number `first` on become `row`.
pub(in crate::network) fn fill_rows<Q: Queue>(
    queue: &Q,
    row: &Q::Memory,
    to: &mut Q::Memory,
    first: usize,
    [rows, columns]: [usize; 2],
) -> Result<(), Q::Error> {
    let shape = Shape {
        blocks: [rows.div_ceil(ROWS), 1, 1],
        threads: COLUMNS * ROWS,
    };
    queue.launch(
        &SOURCE,
        "fill_rows",
        shape,
        &mut [
            Argument::In(row, 0),
            Argument::Out(to, first),
            Argument::Count(rows),
            Argument::Count(columns),
        ],
    )
}

/// One thread for each of a number of things, at most as many as keep a GPU busy.
pub(in crate::network) fn spread(numbers: usize) -> Shape {
    Shape {
        blocks: [numbers.div_ceil(THREADS).clamp(1, 8 * BLOCKS), 1, 1],
        threads: THREADS,
    }
}

/// `to += from`, of which the numbers from `first` on are taken.
pub(in crate::network) fn add<Q: Queue>(
    queue: &Q,
    from: &Q::Memory,
    first: usize,
    to: &mut Q::Memory,
    numbers: usize,
) -> Result<(), Q::Error> {
    queue.launch(
        &SOURCE,
        "add",
        spread(numbers),
        &mut [
            Argument::In(from, first),
            Argument::Out(to, 0),
            Argument::Count(numbers),
        ],
    )
}

/// All of `to` becomes `value`.
pub(in crate::network) fn fill<Q: Queue>(
    queue: &Q,
    to: &mut Q::Memory,
    numbers: usize,
    value: f32,
) -> Result<(), Q::Error> {
    queue.launch(
        &SOURCE,
        "fill",
        spread(numbers),
        &mut [
            Argument::Out(to, 0),
            Argument::Count(numbers),
            Argument::Number(value),
        ],
    )
}
