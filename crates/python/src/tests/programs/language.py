# Statements and expressions. Every line holds in CPython, too: `python language.py` says nothing.

# Unpacking, chained assignment, augmented assignment.
a, (b, *c), d = 1, (2, 3, 4), 5
assert (a, b, c, d) == (1, 2, [3, 4], 5)
x = y = []
y.append(1)
assert x is y and x == [1]
x += (2, 3)
assert y == [1, 2, 3]
first, *rest = "abc"
assert (first, rest) == ("a", ["b", "c"])
assert (n := 3) + n == 6

# Comparisons chain and evaluate each operand once.
seen = []
def look(value):
    seen.append(value)
    return value
assert look(1) < look(2) < look(3) and not look(1) < look(0) < look(9)
assert seen == [1, 2, 3, 1, 0]
assert 1 in [1, 2] and 3 not in (1, 2) and "b" in "abc" and "k" in {"k": 1}
assert (1 if [] else 2) == 2
assert (0 or "x") == "x" and (1 and 0) == 0 and (not "") is True

# Loops with else, break and continue.
found = None
for i in range(10):
    if i % 2:
        continue
    if i == 6:
        found = i
        break
else:
    found = "none"
assert found == 6
for i in []:
    pass
else:
    found = "empty"
assert found == "empty"
count = 0
while True:
    count += 1
    if count == 5:
        break
assert count == 5

# Functions: defaults, keyword-only, positional-only, stars, closures, recursion.
def f(a, b=2, /, c=3, *args, d, e=5, **kw):
    return (a, b, c, args, d, e, kw)
assert f(1, d=4) == (1, 2, 3, (), 4, 5, {})
assert f(1, 9, 8, 7, 6, d=4, z=0) == (1, 9, 8, (7, 6), 4, 5, {"z": 0})
assert f(*[1, 2], **{"c": 0, "d": 1}) == (1, 2, 0, (), 1, 5, {})
def counter():
    total = 0
    def add(by=1):
        nonlocal total
        total += by
        return total
    return add
add = counter()
assert [add(), add(5), add()] == [1, 6, 7]
def shared(value, into=[]):
    into.append(value)
    return into
shared(1)
assert shared(2) == [1, 2]
assert (lambda a, *b: (a, b))(1, 2, 3) == (1, (2, 3))
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
assert fib(15) == 610
level = 0
def deepen():
    global level
    level = level + 1
deepen()
assert level == 1

# Comprehensions have a scope of their own.
i = "kept"
assert [i * j for i in range(3) for j in range(3) if i != j] == [0, 0, 0, 2, 0, 2]
assert i == "kept"
assert {k: v for k, v in zip("ab", (1, 2))} == {"a": 1, "b": 2}
assert {len(w) for w in ("a", "bb", "cc")} == {1, 2}
assert sum(n * n for n in range(4)) == 14
assert [[r[i] for r in [[1, 2], [3, 4]]] for i in range(2)] == [[1, 3], [2, 4]]

# Generators, sends, delegation, and what they return.
def echo():
    got = yield "ready"
    while got is not None:
        got = yield got * 2
    return "done"
g = echo()
assert next(g) == "ready" and g.send(4) == 8
try:
    g.send(None)
except StopIteration as stop:
    assert stop.value == "done"
else:
    assert False
def outer():
    result = yield from inner()
    yield result
def inner():
    yield 1
    yield 2
    return 3
assert list(outer()) == [1, 2, 3]
def closing():
    try:
        yield 1
    finally:
        seen.append("closed")
g = closing()
next(g)
g.close()
assert seen[-1] == "closed"

# Exceptions: matching, chaining, finally, re-raising, else.
def risky(kind):
    steps = []
    try:
        steps.append("try")
        if kind:
            raise kind("boom")
    except (KeyError, ValueError) as error:
        steps.append(type(error).__name__)
    except ArithmeticError:
        steps.append("arithmetic")
    else:
        steps.append("else")
    finally:
        steps.append("finally")
    return steps
assert risky(None) == ["try", "else", "finally"]
assert risky(KeyError) == ["try", "KeyError", "finally"]
assert risky(ZeroDivisionError) == ["try", "arithmetic", "finally"]
try:
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise RuntimeError("outer") from error
except RuntimeError as error:
    assert isinstance(error.__cause__, ZeroDivisionError) and str(error) == "outer"
def early():
    for n in (1, 2):
        try:
            return n
        finally:
            seen.append(n)
assert early() == 1 and seen[-1] == 1
class Trouble(Exception):
    def __init__(self, code):
        super().__init__(f"code {code}")
        self.code = code
try:
    raise Trouble(7)
except Trouble as error:
    assert (error.code, str(error), error.args) == (7, "code 7", ("code 7",))

# Context managers see the exception and may swallow it.
class Managed:
    def __init__(self, swallow):
        self.swallow, self.log = swallow, []
    def __enter__(self):
        self.log.append("in")
        return self
    def __exit__(self, kind, value, trace):
        self.log.append(kind.__name__ if kind else None)
        return self.swallow
with Managed(True) as first, Managed(False) as second:
    raise ValueError
assert first.log == ["in", "ValueError"] and second.log == ["in", "ValueError"]

# Deleting and asserting.
names = {"a": 1, "b": 2}
del names["a"]
assert names == {"b": 2}
items = list(range(6))
del items[1:3], items[-1]
assert items == [0, 3, 4]
try:
    assert names == {}, "not empty"
except AssertionError as error:
    assert str(error) == "not empty"

# Structural pattern matching.
def describe(value):
    match value:
        case 0 | 1:
            return "bit"
        case int(n) if n < 0:
            return "negative"
        case [first, *others]:
            return ("list", first, others)
        case {"name": str(name), **rest}:
            return (name, rest)
        case None:
            return "none"
        case _:
            return "other"
assert [describe(v) for v in (1, -5, [1, 2, 3], {"name": "x", "k": 1}, None, 2.5)] == [
    "bit", "negative", ("list", 1, [2, 3]), ("x", {"k": 1}), "none", "other"]
