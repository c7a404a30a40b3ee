//! What the page and the core say to each other.
