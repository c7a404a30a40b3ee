//! Finding a statement in the cache allocates nothing, whatever its size.
#![cfg(not(target_family = "wasm"))]

#[path = "support/five_joins.rs"]
mod five_joins;

use five_joins::Shop;
use vidro_sql::cache::{Cache, Origin};
use vidro_sql::compile::CompileOptions;
use vidro_sql::dialect::Dialect;

#[global_allocator]
static ALLOCATOR: dhat::Alloc = dhat::Alloc;

#[test]
fn a_lookup_allocates_nothing() {
    let shop = Shop::new();
    let (sqlite, options) = (Dialect::sqlite(), CompileOptions::default());
    let mut cache = Cache::default();
    let statements: Vec<_> = (0..3).map(|price| shop.select(price).unwrap()).collect();
    for statement in &statements {
        cache.compile(statement, &sqlite, &options, 0.0).unwrap();
    }
    let _profiler = dhat::Profiler::builder().testing().build();
    let before = dhat::HeapStats::get().total_blocks;
    for statement in &statements {
        let (_, origin) = cache.compile(statement, &sqlite, &options, 0.0).unwrap();
        assert_eq!(origin, Origin::Cached(0.0));
    }
    assert_eq!(dhat::HeapStats::get().total_blocks, before);
}
