//! URL, driver, pool, connection, transaction and result.
