//! Crystal symmetry as file formats write it: numbers for the Laue groups, whose names here are in
//! Hermann-Mauguin notation.

use crate::microstructure::Phase;

/// A phase of which a file tells nothing but that it is there.
pub(super) fn unknown_phase(name: impl Into<String>) -> Phase {
    Phase {
        name: name.into(),
        laue_group: String::new(),
        lattice: None,
    }
}

/// The Laue group of a TSL symmetry number, as in EDAX headers; empty where unknown.
pub(super) fn of_tsl(number: i64) -> &'static str {
    match number {
        43 => "m-3m",
        23 => "m-3",
        62 => "6/mmm",
        6 => "6/m",
        32 => "-3m",
        3 => "-3",
        42 => "4/mmm",
        4 => "4/m",
        22 => "mmm",
        2 | 20 => "2/m",
        1 => "-1",
        _ => "",
    }
}

/// The Laue group of an HKL Channel number, 1 to 11, as in `.ctf` and `.cpr`; empty where unknown.
pub(super) fn of_channel(number: i64) -> &'static str {
    let groups = [
        "-1", "2/m", "mmm", "4/m", "4/mmm", "-3", "-3m", "6/m", "6/mmm", "m-3", "m-3m",
    ];
    let index = usize::try_from(number).ok().and_then(|n| n.checked_sub(1));
    index.and_then(|k| groups.get(k).copied()).unwrap_or("")
}

/// The Laue groups of the DREAM.3D crystal structures 0 to 10.
const DREAM3D: [&str; 11] = [
    "6/mmm", "m-3m", "6/m", "m-3", "-1", "2/m", "mmm", "4/m", "4/mmm", "-3", "-3m",
];

/// DREAM.3D's number for an unknown crystal structure.
pub(super) const UNKNOWN_TO_DREAM3D: u32 = 999;

/// The Laue group of a DREAM.3D crystal structure, 0 to 10; empty where unknown.
pub(super) fn of_dream3d(number: i64) -> &'static str {
    let index = usize::try_from(number).ok();
    index.and_then(|k| DREAM3D.get(k).copied()).unwrap_or("")
}

/// The DREAM.3D crystal structure of a Laue group.
pub(super) fn to_dream3d(laue_group: &str) -> u32 {
    let number = DREAM3D.iter().position(|group| *group == laue_group);
    number.map_or(UNKNOWN_TO_DREAM3D, |k| k as u32)
}

/// The Laue group of a space group number, 1 to 230; empty where unknown.
pub(super) fn of_space_group(number: i64) -> &'static str {
    match number {
        1..=2 => "-1",
        3..=15 => "2/m",
        16..=74 => "mmm",
        75..=88 => "4/m",
        89..=142 => "4/mmm",
        143..=148 => "-3",
        149..=167 => "-3m",
        168..=176 => "6/m",
        177..=194 => "6/mmm",
        195..=206 => "m-3",
        207..=230 => "m-3m",
        _ => "",
    }
}

/// The holohedral Laue group of a crystal system, such as `cubic`; empty where unknown.
pub(super) fn of_crystal_system(name: &str) -> &'static str {
    match name {
        "cubic" => "m-3m",
        "hexagonal" => "6/mmm",
        "trigonal" => "-3m",
        "tetragonal" => "4/mmm",
        "orthorhombic" => "mmm",
        "monoclinic" => "2/m",
        "triclinic" => "-1",
        _ => "",
    }
}
