//! Tests of the whole: readers and judges of the literate suite and the corpus, for every runner of scripts.

pub mod corpus;
pub mod suite;
