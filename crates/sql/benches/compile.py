"""The select of compile.rs in SQLAlchemy: microseconds for building it, compiling it cold, and from the cache."""

import time

from sqlalchemy import Column, ForeignKey, Integer, MetaData, String, Table, func, select
from sqlalchemy.dialects import sqlite
from sqlalchemy.util import LRUCache

TURNS = 200

metadata = MetaData()


def table(name, *references):
    keys = [Column(f"{other}_id", ForeignKey(f"{other}.id")) for other in references]
    rest = [Column("name", String(50)), Column("price", Integer), Column("count", Integer)]
    return Table(name, metadata, Column("id", Integer, primary_key=True), *keys, *rest)


supplier = table("supplier")
category = table("category")
product = table("product", "category", "supplier")
customer = table("customer")
purchase = table("purchase", "customer")
line = table("line", "purchase", "product")


def statement(price=10):
    return (
        select(customer.c.name, product.c.name, func.sum(line.c.count).label("pieces"))
        .select_from(customer)
        .join(purchase, purchase.c.customer_id == customer.c.id)
        .join(line, line.c.purchase_id == purchase.c.id)
        .join(product, line.c.product_id == product.c.id)
        .join(category, product.c.category_id == category.c.id)
        .join(supplier, product.c.supplier_id == supplier.c.id)
        .where(category.c.name == "books")
        .where(purchase.c.name.in_(["new", "paid"]))
        .where(product.c.price > price)
        .group_by(customer.c.name)
        .group_by(product.c.name)
        .order_by(product.c.name)
        .limit(20)
    )


dialect = sqlite.dialect()
cache = LRUCache(500)


def timed(turn):
    for _ in range(20):
        turn()
    started = time.perf_counter()
    for _ in range(TURNS):
        turn()
    return (time.perf_counter() - started) * 1e6 / TURNS


if __name__ == "__main__":
    print(timed(statement))
    print(timed(lambda: statement().compile(dialect=dialect)))
    print(timed(lambda: statement()._compile_w_cache(dialect, compiled_cache=cache, column_keys=[])))
