//! Tiles of rows whose heights the compiler knows.

/// Cuts rows into tiles of nearly equal height, at most `$most`: a last one of a row or two would wait
/// on itself. For each, `$tile` is called with its height as the last constant, and `$from` names its
/// first row among the arguments.
macro_rules! each_tile {
    (
        $from:ident of $rows:expr, at most $most:ident:
        $this:ident.$tile:ident::<$simd:ident, $wide:ident>($($argument:expr),*)
    ) => {
        let rows = $rows;
        let tiles = rows.div_ceil($most);
        for tile in 0..tiles {
            let $from = tile * rows / tiles;
            match (tile + 1) * rows / tiles - $from {
                1 => $this.$tile::<$simd, $wide, 1>($($argument),*),
                2 if 2 <= $most => $this.$tile::<$simd, $wide, 2>($($argument),*),
                3 if 3 <= $most => $this.$tile::<$simd, $wide, 3>($($argument),*),
                4 if 4 <= $most => $this.$tile::<$simd, $wide, 4>($($argument),*),
                5 if 5 <= $most => $this.$tile::<$simd, $wide, 5>($($argument),*),
                6 if 6 <= $most => $this.$tile::<$simd, $wide, 6>($($argument),*),
                7 if 7 <= $most => $this.$tile::<$simd, $wide, 7>($($argument),*),
                8 if 8 <= $most => $this.$tile::<$simd, $wide, 8>($($argument),*),
                9 if 9 <= $most => $this.$tile::<$simd, $wide, 9>($($argument),*),
                10 if 10 <= $most => $this.$tile::<$simd, $wide, 10>($($argument),*),
                11 if 11 <= $most => $this.$tile::<$simd, $wide, 11>($($argument),*),
                _ => $this.$tile::<$simd, $wide, $most>($($argument),*),
            }
        }
    };
}

pub(super) use each_tile;
