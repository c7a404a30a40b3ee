//! Schema, expressions, statements and dialects, compiled to SQL text.
