//! The cache of compiled statements, by structure.
