//! Mapping, session, unit of work and loading.
