"""The set-up that every statement of the corpus sees, and what is printed of a statement.

Real SQLAlchemy and Vidro both run this file, then one statement, then show(its value)."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
import enum
import uuid

from sqlalchemy import *
from sqlalchemy import types
from sqlalchemy.dialects import mysql, oracle, postgresql, sqlite
from sqlalchemy.engine import URL, make_url
from sqlalchemy.schema import AddConstraint, CreateColumn, CreateIndex, CreateSchema, CreateSequence, CreateTable
from sqlalchemy.schema import DropConstraint, DropIndex, DropSchema, DropSequence, DropTable
from sqlalchemy.sql import column, operators, table
from sqlalchemy.types import TypeEngine


class Status(enum.Enum):
    draft = 1
    live = 2


meta = MetaData()
user = Table(
    "user_account",
    meta,
    Column("id", Integer, primary_key=True),
    Column("name", String(30), nullable=False),
    Column("fullname", String),
)
address = Table(
    "address",
    meta,
    Column("id", Integer, primary_key=True),
    Column("email_address", String(60), nullable=False),
    Column("user_id", ForeignKey("user_account.id"), nullable=False),
)
order = Table(
    "order",
    meta,
    Column("id", Integer, primary_key=True),
    Column("user_id", ForeignKey("user_account.id")),
    Column("total", Numeric(10, 2)),
    Column("weight", Float),
    Column("paid", Boolean, default=False),
    Column("placed", DateTime),
    Column("due", Date),
    Column("at", Time),
    Column("note", Text, server_default="none"),
    Column("data", JSON),
    Column("status", Enum(Status)),
    Column("key", Uuid),
    Column("raw", LargeBinary),
)
item = Table(
    "item",
    meta,
    Column("order_id", ForeignKey("order.id"), primary_key=True),
    Column("position", Integer, primary_key=True),
    Column("product", String(40)),
    Column("quantity", Integer, default=1, onupdate=2),
)
node = Table("node", meta, Column("id", Integer, primary_key=True), Column("parent_id", ForeignKey("node.id")), Column("data", String))

u, a, o, i = user.c, address.c, order.c, item.c
x, y, z = column("x", Integer), column("y", Integer), column("z", Integer)
s, t = column("s", String), column("t", String)
b = column("b", Boolean)
d = column("d", DateTime)
j = column("j", JSON)

dialects = {
    "sqlite": sqlite.dialect(),
    "postgresql": postgresql.dialect(),
    "mysql": mysql.dialect(),
    "mariadb": make_url("mariadb+mysqldb://").get_dialect()(),
    "oracle": oracle.dialect(),
}


def escape(text):
    return str(text).replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t")


def attempt(function):
    """The text, or the error's; nothing where SQLAlchemy only stumbles over another dialect's construct."""
    try:
        return function()
    except exc.UnsupportedCompilationError:
        return "! UnsupportedCompilationError"
    except AttributeError:
        return ""
    except Exception as error:
        return f"! {type(error).__name__}: {error}"


def show(value, literal=False):
    """Prints one line for each distinct form of the value."""
    if isinstance(value, TypeEngine):
        forms = {name: attempt(lambda: value.compile(dialect=dialect)) for name, dialect in dialects.items()}
        forms["repr"] = repr(value)
    elif not hasattr(value, "compile"):
        forms = {"value": repr(value)}
    else:
        options = {"literal_binds": True} if literal else {"render_postcompile": True}
        forms = {"str": attempt(lambda: str(value))}
        if not literal:
            forms["params"] = attempt(lambda: str(getattr(value.compile(), "params", None) or ""))
        for name, dialect in dialects.items():
            forms[name] = attempt(lambda: str(value.compile(dialect=dialect, compile_kwargs=options)))
    lines = {}
    for name, text in forms.items():
        if text:
            lines.setdefault(text, []).append(name)
    for text, names in lines.items():
        print(f"{' '.join(names)}: {escape(text)}")
