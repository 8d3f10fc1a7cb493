//! Products of matrices whose values are rounded to bf16, summed in f32.
//!
//! All of them are made of one operation, [`TileProduct`]: 16 rows of 32 values times 32 rows of 16
//! columns, added to 16 x 16 sums. Intel's AMX does it in sixteen cycles; elsewhere a loop does the
//! same, so that what a network learns in bf16 on one machine can be used on any.

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
mod each;
mod outer;
mod pairs;
mod panels;
mod portable;
mod product;
mod round;
mod rounded;
#[cfg(test)]
mod tests;
mod tiles;
mod transpose;

pub(in crate::network) use each::each;
pub(in crate::network) use pairs::{MakePairs, NOWHERE, Rows};
pub(in crate::network) use panels::{Panels, pair};
pub(in crate::network) use round::RoundRows;
pub(in crate::network) use rounded::Rounded;
pub(in crate::network) use tiles::{DEPTH, SIDE, Step, TILE, Target, TileProduct};
pub(in crate::network) use transpose::transpose;

pub(super) use outer::outer;
pub(super) use product::product;
