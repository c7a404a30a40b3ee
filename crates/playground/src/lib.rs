//! Requests in, responses and events out.
