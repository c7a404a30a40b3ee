//! Tests of the whole: the literate suite's reader and judge, for every runner that can run a script.

pub mod suite;
