//! What a terminal says to scripts that cannot run: a clear error at a place, and never a crash.
