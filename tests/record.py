"""Record the expectations of the literate suite from real SQLAlchemy.

    python tests/record.py [PATH ...]            rewrite the expected fences of these files (default: all)
    python tests/record.py --check [PATH ...]    change nothing; exit 1 and print a diff where they differ

Any Python with SQLAlchemy 2.1 will do.  What a file looks like is told in tests/suite/README.md.
The `plan` fence is Vidro's own and is kept as it stands.
"""

import argparse
import difflib
import io
import logging
import multiprocessing
import os
import re
import sys
import tempfile
import traceback
import types
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy
from sqlalchemy import event
from sqlalchemy.orm import InstanceState, dependency, identity, unitofwork
from sqlalchemy.orm import session as orm_session
from sqlalchemy.pool import Pool
from sqlalchemy.sql import schema
from sqlalchemy.util import OrderedSet, topological

SUITE = Path(__file__).resolve().parent / "suite"
KEPT = ("plan",)
RECORDED = ("output", "sql", "states", "tables", "error")
LEVELS = ("issue-2", "later")
NOT_SUITE = ("README.md", "progress.md")


class AddedFirst(OrderedSet):
    """A set in order of addition that prints as a plain one."""

    def __repr__(self) -> str:
        return "{" + ", ".join(map(repr, self)) + "}" if self else "set()"

    __str__ = __repr__


# Where SQLAlchemy promises no order (rows of a `secondary` table, indexes of a table) it iterates sets and
# so follows memory addresses.  Ordered sets settle it: order of add(), then of change, then of creation.
for module in (dependency, identity, orm_session, schema, topological, unitofwork):
    module.set = AddedFirst


# ---------------------------------------------------------------- the files


@dataclass
class Case:
    """One `##` section: its text up to the end of the script, the script, and the fences after it."""

    head: list[str]
    info: list[str] = field(default_factory=list)
    source: str = ""
    fences: dict[str, str] = field(default_factory=dict)


class Malformed(Exception):
    """A suite file that does not follow the format."""


def parse(path: Path) -> tuple[list[str], list[Case]]:
    """Split a file into its preamble and its cases."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or lines[0] not in [f"level: {level}" for level in LEVELS]:
        raise Malformed(f"{path}:1: the first line must be one of: level: {', '.join(LEVELS)}")
    preamble: list[str] = []
    cases: list[Case] = []
    at = 0
    while at < len(lines):
        line = lines[at]
        if line.startswith("```"):
            info = line[3:].split()
            end = at + 1
            while end < len(lines) and lines[end] != "```":
                end += 1
            if end == len(lines) or not info or not cases:
                raise Malformed(f"{path}:{at + 1}: stray or unfinished fence")
            case, body = cases[-1], "\n".join(lines[at + 1 : end]) + "\n"
            if info[0] == "python" and not case.source:
                case.info, case.source = info[1:], body
                case.head += lines[at : end + 1]
            elif info[0] in RECORDED + KEPT and case.source and info[0] not in case.fences:
                case.fences[info[0]] = body
            else:
                raise Malformed(f"{path}:{at + 1}: unexpected fence {info[0]!r}")
            at = end
        elif line.startswith("## "):
            cases.append(Case([line]))
        elif not cases:
            preamble.append(line)
        elif not cases[-1].source:
            cases[-1].head.append(line)
        elif line.strip():
            raise Malformed(f"{path}:{at + 1}: text after the script of a case")
        at += 1
    for case in cases:
        if not case.source:
            raise Malformed(f"{path}: no script under {case.head[0]!r}")
    return preamble, cases


def render(preamble: list[str], cases: list[Case]) -> str:
    """Write a file back: each case with its fences in one fixed order."""
    parts = ["\n".join(preamble).rstrip("\n")]
    for case in cases:
        parts.append("\n".join(case.head).rstrip("\n"))
        for kind in RECORDED + KEPT:
            if case.fences.get(kind):
                parts.append(f"```{kind}\n{case.fences[kind]}```")
    return "\n\n".join(parts) + "\n"


# ---------------------------------------------------------------- one script


def run(job: tuple[str, tuple[str, ...]]) -> dict[str, str]:
    """Run one script in this (fresh) process and return its expected fences."""
    source, without = job
    seen = Observer()
    warnings.simplefilter("ignore")
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    error = ""
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        real, sys.stdout = sys.stdout, io.StringIO()
        try:
            exec(compile(source, "script.py", "exec"), module.__dict__)
        except SystemExit:
            pass
        except BaseException as problem:  # noqa: BLE001 - whatever the script raises is what we record
            error = describe(problem)
        output, sys.stdout = sys.stdout.getvalue(), real
        found = {
            "output": output,
            "sql": "" if "echo=True" in source else fold_schema(seen.messages),
            "states": states(module.__dict__),
            "tables": seen.tables(),
            "error": error,
        }
        os.chdir("/")
    return {
        kind: normalise(text if text.endswith("\n") else text + "\n")
        for kind, text in found.items()
        if text and kind not in without
    }


class Observer(logging.Handler):
    """Keeps each line the engines log and each connection they open, and prints nothing."""

    def __init__(self) -> None:
        super().__init__(logging.INFO)
        self.messages: list[str] = []
        self.connections: list = []
        logger = logging.getLogger("sqlalchemy.engine")
        logger.setLevel(logging.INFO)
        logger.propagate = False
        logger.addHandler(self)
        event.listen(Pool, "connect", lambda raw, _record: self.connections.append(raw))

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno == logging.INFO:
            self.messages.append(record.getMessage())

    def tables(self) -> str:
        """The rows of each table as they stand on the connection the script used."""
        lines: list[str] = []
        files: set[str] = set()
        for raw in self.connections:
            try:
                file = raw.execute("PRAGMA database_list").fetchone()[2]
                if file and file in files:
                    continue
                files.add(file)
                names = raw.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table'"
                    " AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid"
                ).fetchall()
                for (name,) in names:
                    lines += table(raw, name)
            except raw.ProgrammingError:
                continue  # The script closed this connection.
        return "\n".join(lines)


def table(raw, name: str) -> list[str]:
    quoted = '"' + name.replace('"', '""') + '"'
    columns = raw.execute(f"PRAGMA table_info({quoted})").fetchall()
    key = [column[1] for column in sorted(columns, key=lambda c: c[5]) if column[5]]
    order = ", ".join('"' + column.replace('"', '""') + '"' for column in key) or "rowid"
    rows = raw.execute(f"SELECT * FROM {quoted} ORDER BY {order}").fetchall()
    lines = [f"{name} ({', '.join(column[1] for column in columns)})"]
    return lines + ["  " + ", ".join(map(literal, row)) for row in rows]


def literal(value: object) -> str:
    """A SQLite value as SQLite would read it."""
    if value is None:
        return "NULL"
    if isinstance(value, bytes):
        return f"x'{value.hex()}'"
    if isinstance(value, str):
        return "'" + value.replace("'", "''").replace("\n", "\\n") + "'"
    return repr(value)


def states(names: dict[str, object]) -> str:
    """The state of each mapped instance that a global variable holds, in order of assignment."""
    lines = []
    for name, value in names.items():
        state = None if isinstance(value, type) else getattr(value, "_sa_instance_state", None)
        if not isinstance(state, InstanceState):
            continue
        word = next(
            word
            for word in ("transient", "pending", "persistent", "deleted", "detached")
            if getattr(state, word)
        )
        key = ""
        if state.key is not None:
            key = f" ({', '.join([state.key[0].__name__, *map(repr, state.key[1])])})"
        lines.append(f"{name}: {word}{key}")
    return "\n".join(lines)


def describe(problem: BaseException) -> str:
    """`line N: package.Class: message`, N being the last line of the script in the traceback."""
    if isinstance(problem, SyntaxError) and problem.filename == "script.py":
        number = problem.lineno
    else:
        frames = traceback.extract_tb(problem.__traceback__)
        number = [frame.lineno for frame in frames if frame.filename == "script.py"][-1]
    kind = type(problem)
    name = kind.__qualname__
    if kind.__module__ not in ("builtins", "__main__"):
        name = f"{kind.__module__}.{name}"
    message = problem.msg if isinstance(problem, SyntaxError) else str(problem)
    return f"line {number}: {name}: {message}".rstrip(": ")


SCHEMA = ("PRAGMA main.table_info", "PRAGMA temp.table_info", "CREATE ", "DROP ")


def fold_schema(messages: list[str]) -> str:
    """Join the log lines; a transaction that only creates or drops tables becomes one line."""
    lines: list[str] = []
    at = 0
    while at < len(messages):
        end = at
        if messages[at] == "BEGIN (implicit)":
            while end < len(messages) and messages[end] not in ("COMMIT", "ROLLBACK"):
                end += 1
        inside = [text.strip() for text in messages[at + 1 : end] if not text.startswith("[")]
        if end < len(messages) and inside and all(text.startswith(SCHEMA) for text in inside):
            done = [text.split("(")[0].lower().split() for text in inside if text[0] != "P"]
            names = [f"{words[0]} {words[words.index('index') + 1] if 'index' in words else words[2]}" for words in done]
            lines.append(f"-- schema: {', '.join(names) or 'nothing to do'}")
            at = end + 1
        else:
            lines.append(messages[at])
            at += 1
    return "\n".join(lines)


NOISE = (
    (re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} (?=[A-Z]+ sqlalchemy\.)", re.M), "2000-01-01 00:00:00,000 "),
    (re.compile(r"\[generated in [\d.e+-]+s"), "[generated in 0.00000s"),
    (re.compile(r"\[no key [\d.e+-]+s"), "[no key 0.00000s"),
    (re.compile(r"\[cached since [\d.e+-]+s ago"), "[cached since 0.000s ago"),
    (re.compile(r"\bat 0x[0-9a-fA-F]+"), "at 0x0"),
    (re.compile(r"\(/[^()]*\.py\)"), "(unknown location)"),
)


def normalise(text: str) -> str:
    """Replace times and addresses, which differ from run to run."""
    for pattern, replacement in NOISE:
        text = pattern.sub(replacement, text)
    return text


# ---------------------------------------------------------------- the command


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments.add_argument("paths", nargs="*", type=Path, help="files or folders (default: the suite)")
    options = arguments.parse_args()
    if not sqlalchemy.__version__.startswith("2.1."):
        print(f"SQLAlchemy 2.1 is needed, this is {sqlalchemy.__version__}", file=sys.stderr)
        return 2
    files: list[Path] = []
    for path in options.paths or [SUITE]:
        files += sorted(path.rglob("*.md")) if path.is_dir() else [path]
    files = [file.resolve() for file in files if file.name not in NOT_SUITE]
    try:
        parsed = [(file, *parse(file)) for file in files]
    except Malformed as problem:
        print(problem, file=sys.stderr)
        return 2

    cases = [case for _, _, some in parsed for case in some]
    jobs = [(case.source, tuple(word.removeprefix("without=") for word in case.info)) for case in cases]
    start = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    with multiprocessing.get_context(start).Pool(2, maxtasksperchild=1) as pool:
        for case, fences in zip(cases, pool.imap(run, jobs, chunksize=1)):
            kept = {kind: case.fences[kind] for kind in KEPT if kind in case.fences}
            case.fences = fences | kept

    different = 0
    for file, preamble, some in parsed:
        old, new = file.read_text(encoding="utf-8"), render(preamble, some)
        if old == new:
            continue
        different += 1
        if options.check:
            sys.stdout.writelines(
                difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(file), "recorded now")
            )
        else:
            file.write_text(new, encoding="utf-8")
    verb = "differ" if options.check else "rewritten"
    print(f"{len(cases)} cases in {len(files)} files, {different} {verb}")
    return 1 if options.check and different else 0


if __name__ == "__main__":
    sys.exit(main())
