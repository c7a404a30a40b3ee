//! Tests of the whole: readers and judges of the literate suite and the corpus, and what runs them.

pub mod corpus;
pub mod crowd;
pub mod suite;
