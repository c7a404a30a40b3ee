"""Record what real SQLAlchemy makes of the statements of the corpus.

    python tests/record_corpus.py [PATH ...]            rewrite the recorded lines (default: tests/corpus/*.txt)
    python tests/record_corpus.py --check [PATH ...]    change nothing; exit 1 and print a diff where they differ

A file has `#` headings, statements (each line after `> `; the last line's value counts) and below each what
corpus/prologue.py's show() prints of it: `names: text`, one line for each distinct text, newlines as \\n.
A file whose first line is `literal` is compiled with literal_binds.
"""

import argparse
import ast
import contextlib
import difflib
import io
import re
import sys
import warnings
from pathlib import Path

import sqlalchemy

CORPUS = Path(__file__).resolve().parent / "corpus"


def record(source: str, names: dict[str, object], literal: bool) -> str:
    """What show() prints of a statement, or the error it raises."""
    names = dict(names)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        try:
            tree = ast.parse(source)
            last = tree.body.pop()
            if not isinstance(last, ast.Expr):
                raise SyntaxError("the last line of a statement must be an expression")
            exec(compile(tree, "statement", "exec"), names)
            value = eval(compile(ast.Expression(last.value), "statement", "eval"), names)
            names["show"](value, literal)
        except SyntaxError:
            raise
        except Exception as error:  # noqa: BLE001 - the error is what we record
            print(f"raises: {type(error).__name__}: {error}".replace("\n", "\\n"))
    return re.sub(r"\bat 0x[0-9a-f]+", "at 0x0", printed.getvalue())


def rewrite(text: str, names: dict[str, object]) -> tuple[str, int]:
    """The file with its recorded lines made anew, and the number of its statements."""
    literal = text.startswith("literal\n")
    result: list[str] = []
    statement: list[str] = []
    count = 0
    for line in [*text.splitlines(), ""]:
        if statement and not line.startswith("> "):
            try:
                result.append(record("\n".join(statement), names, literal).rstrip("\n"))
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
    prologue = CORPUS / "prologue.py"
    total = different = 0
    for path in options.paths or sorted(CORPUS.glob("*.txt")):
        names: dict[str, object] = {}
        exec(compile(prologue.read_text(encoding="utf-8"), str(prologue), "exec"), names)
        old = path.read_text(encoding="utf-8")
        new, count = rewrite(old, names)
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
