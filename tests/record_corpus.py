"""Record what real SQLAlchemy makes of the statements of the corpus.

    python tests/record_corpus.py [PATH ...]            rewrite the recorded lines (default: tests/corpus/*.txt)
    python tests/record_corpus.py --check [PATH ...]    change nothing; exit 1 and print a diff where they differ

A file has `#` headings, statements (each line after `> `; the last line is the expression that counts) and
below each what corpus/prologue.py's show() prints of it: `names: text`, one line for each distinct text,
newlines as \\n.  Every statement runs in a namespace of its own.
A file whose first line is `literal` is compiled with literal_binds.
"""

import argparse
import contextlib
import difflib
import io
import re
import sys
import warnings
from pathlib import Path

import sqlalchemy

CORPUS = Path(__file__).resolve().parent / "corpus"


def program(statement: list[str], literal: bool) -> str:
    """The script that runs after the prologue; tests/src/corpus.rs writes the same."""
    *lines, last = statement
    body = "".join(f"    {line}\n" for line in [*lines, f"show(({last}), {literal})"])
    return f'try:\n{body}except Exception as error:\n    print(f"raises: {{type(error).__name__}}: {{escape(error)}}")\n'


def record(statement: list[str], literal: bool, prologue: str) -> str:
    """What the script prints, in a fresh namespace."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        names: dict[str, object] = {"__name__": "__main__"}
        exec(compile(prologue, "prologue.py", "exec"), names)
        exec(compile(program(statement, literal), "statement.py", "exec"), names)
    return re.sub(r"\bat 0x[0-9a-f]+", "at 0x0", printed.getvalue())


def rewrite(text: str, prologue: str) -> tuple[str, int]:
    """The file with its recorded lines made anew, and the number of its statements."""
    literal = text.startswith("literal\n")
    result: list[str] = []
    statement: list[str] = []
    count = 0
    for line in [*text.splitlines(), ""]:
        if statement and not line.startswith("> "):
            try:
                result.append(record(statement, literal, prologue).rstrip("\n"))
            except SyntaxError as error:
                sys.exit(f"{error}: {statement}")
            result.append("")
            statement = []
        if line.startswith("> "):
            count += not statement
            statement.append(line[2:])
            result.append(line)
        elif line.startswith("# ") or line == "literal":
            result += [line, ""]
    return "\n".join(result), count


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--check", action="store_true", help="compare, write nothing")
    arguments.add_argument("paths", nargs="*", type=Path, help="files (default: the corpus)")
    options = arguments.parse_args()
    if not sqlalchemy.__version__.startswith("2.1."):
        print(f"SQLAlchemy 2.1 is needed, this is {sqlalchemy.__version__}", file=sys.stderr)
        return 2
    warnings.simplefilter("ignore")
    prologue = (CORPUS / "prologue.py").read_text(encoding="utf-8")
    total = different = 0
    for path in options.paths or sorted(CORPUS.glob("*.txt")):
        old = path.read_text(encoding="utf-8")
        new, count = rewrite(old, prologue)
        total += count
        if old == new:
            continue
        different += 1
        if options.check:
            sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), new.splitlines(True), str(path), "recorded now"))
        else:
            path.write_text(new, encoding="utf-8")
    verb = "differ" if options.check else "rewritten"
    print(f"{total} statements, {different} files {verb}")
    return 1 if options.check and different else 0


if __name__ == "__main__":
    sys.exit(main())
