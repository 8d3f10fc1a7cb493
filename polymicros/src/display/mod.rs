//! Pictures for notebooks and files.
