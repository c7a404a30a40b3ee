# Builtins and methods. Every line holds in CPython, too: `python builtins.py` says nothing.

# Numbers.
assert 7 // 2 == 3 and -7 // 2 == -4 and -7 % 3 == 2 and divmod(-7, 2) == (-4, 1)
assert 2 ** 100 == 1267650600228229401496703205376 and 2 ** -1 == 0.5
assert 10 / 4 == 2.5 and 0.1 + 0.2 != 0.3 and round(2.5) == 2 and round(3.14159, 2) == 3.14
assert int("42") == 42 and int(3.9) == 3 and int("ff", 16) == 255 and float("1e3") == 1000.0
assert abs(-3) == 3 and max(1, 5, 2) == 5 and min([4, 2], key=lambda n: -n) == 4 and sum([1, 2], 10) == 13
assert 5 & 3 == 1 and 5 | 3 == 7 and 5 ^ 3 == 6 and ~5 == -6 and 1 << 70 >> 68 == 4
assert repr(1e16) == "1e+16" and repr(0.1) == "0.1" and repr(-0.0) == "-0.0" and str(1.0) == "1.0"
assert hex(255) == "0xff" and bin(5) == "0b101" and oct(8) == "0o10" and 1_000 == 1000
assert True + True == 2 and isinstance(True, int) and bool("") is False
try:
    int("x")
except ValueError as error:
    assert str(error) == "invalid literal for int() with base 10: 'x'"

# Strings.
s = "Hello, World"
assert s[0] == "H" and s[-1] == "d" and s[7:] == "World" and s[::-1] == "dlroW ,olleH" and s[1:9:3] == "eoW"
assert s.upper() == "HELLO, WORLD" and s.lower() == "hello, world" and s.title() == "Hello, World"
assert s.replace("l", "L", 1) == "HeLlo, World" and s.find("o") == 4 and s.rfind("o") == 8 and s.count("l") == 3
assert s.split(", ") == ["Hello", "World"] and " a b ".split() == ["a", "b"] and "a,b,c".rsplit(",", 1) == ["a,b", "c"]
assert "-".join(["a", "b"]) == "a-b" and "  x ".strip() == "x" and "xxabxx".strip("x") == "ab"
assert s.startswith(("He", "x")) and s.endswith("ld") and "7".zfill(3) == "007" and "ab".center(6, "*") == "**ab**"
assert "a\tb".expandtabs(4) == "a   b" and "line1\nline2".splitlines() == ["line1", "line2"]
assert "k=v".partition("=") == ("k", "=", "v") and "abc".isalpha() and "123".isdigit() and "ñ".isidentifier()
assert "%s is %d (%.2f) %r" % ("x", 3, 1.5, "q") == "x is 3 (1.50) 'q'"
assert "{} {1} {name!r:>6}".replace("{} {1}", "{0} {1}").format(1, 2, name="n") == "1 2    'n'"
assert repr("it's") == '"it\'s"' and repr("a\nb") == "'a\\nb'" and repr("é") == "'é'"
assert ord("A") == 65 and chr(233) == "é" and len("é") == 1 and "é".encode() == b"\xc3\xa9"
assert b"ab" + b"c" == b"abc" and b"abc".decode() == "abc" and list(b"ab") == [97, 98]
assert "ab" * 3 == "ababab" and "a" < "b" < "ba" and "x" "y" == "xy"
assert "ação".casefold() == "ação" and "straße".upper() == "STRASSE"

# f-strings.
value, width = 3.14159, 10
assert f"{value:.2f}" == "3.14" and f"{value:{width}.3f}" == "     3.142" and f"{1234567:,}" == "1,234,567"
assert f"{'x':<3}|{'x':>3}|{'x':^3}" == "x  |  x| x " and f"{42:05d} {42:x} {42:b} {42:+d}" == "00042 2a 101010 +42"
assert f"{'a'!r} {value=:.1f} {{}}" == "'a' value=3.1 {}" and f"{0.25:%}" == "25.000000%" and f"{1e10:g}" == "1e+10"

# Lists and tuples.
items = [3, 1, 2]
items.append(5)
items.extend((4,))
items.insert(0, 9)
assert items == [9, 3, 1, 2, 5, 4] and items.pop() == 4 and items.pop(0) == 9
items.sort()
assert items == [1, 2, 3, 5] and sorted(items, reverse=True) == [5, 3, 2, 1]
items.reverse()
assert items.index(3) == 1 and items.count(3) == 1 and items + [0] == [5, 3, 2, 1, 0]
items[1:3] = ["a", "b", "c"]
assert items == [5, "a", "b", "c", 1] and items[::2] == [5, "b", 1]
items.remove("a")
assert items == [5, "b", "c", 1] and [1, 2] < [1, 3] and (1, 2) + (3,) == (1, 2, 3)
assert sorted(["bb", "a"], key=len) == ["a", "bb"] and list(reversed([1, 2])) == [2, 1]
assert [1, [2]] == [1, [2]] and [0] * 3 == [0, 0, 0] and (1,) == (1,) and repr((1,)) == "(1,)"

# Dicts keep their order; views follow.
d = {"a": 1, "b": 2}
d["c"] = 3
assert list(d) == ["a", "b", "c"] and d.get("z", 0) == 0 and d.setdefault("d", []) == [] and d.pop("a") == 1
assert list(d.items()) == [("b", 2), ("c", 3), ("d", [])] and "b" in d and len(d) == 3
d.update({"b": 9}, e=5)
assert d["b"] == 9 and {**d, "f": 1}["f"] == 1 and {"a": 1} | {"b": 2} == {"a": 1, "b": 2}
assert dict([("x", 1)]) == {"x": 1} and dict(y=2) == {"y": 2} and dict.fromkeys("ab", 0) == {"a": 0, "b": 0}
try:
    d["missing"]
except KeyError as error:
    assert repr(error) == "KeyError('missing')" and str(error) == "'missing'"

# Sets.
assert {1, 2} | {2, 3} == {1, 2, 3} and {1, 2} & {2, 3} == {2} and {1, 2} - {2} == {1} and {1, 2} ^ {2, 3} == {1, 3}
assert {1} <= {1, 2} and {1, 2}.isdisjoint({3}) and frozenset([1, 1]) == {1} and set("aab") == {"a", "b"}

# Iteration tools.
assert list(enumerate("ab", 1)) == [(1, "a"), (2, "b")] and list(zip([1, 2], "ab")) == [(1, "a"), (2, "b")]
assert list(map(str, [1, 2])) == ["1", "2"] and list(filter(None, [0, 1, "", 2])) == [1, 2]
assert any([0, 1]) and all([]) and list(range(5, 0, -2)) == [5, 3, 1] and range(10)[2:5] == range(2, 5)
assert next(iter([]), "default") == "default" and iter([1]).__next__() == 1
assert isinstance(1, (str, int)) and callable(len) and hasattr("", "upper") and getattr(1, "nope", 7) == 7
assert type(1) is int and type(type(1)) is type and id([]) != id(()) and hash("a") == hash("a")

# The standard library a course uses.
import datetime
import decimal
import math
assert math.floor(2.7) == 2 and math.sqrt(16) == 4.0 and math.pi > 3.14 and math.isclose(0.1 + 0.2, 0.3)
day = datetime.date(2024, 2, 28)
assert day + datetime.timedelta(days=2) == datetime.date(2024, 3, 1) and day.isoformat() == "2024-02-28"
moment = datetime.datetime(2024, 1, 2, 3, 4, 5)
assert repr(moment) == "datetime.datetime(2024, 1, 2, 3, 4, 5)" and str(moment) == "2024-01-02 03:04:05"
assert moment.strftime("%Y/%m/%d %H:%M") == "2024/01/02 03:04"
assert datetime.datetime.fromisoformat("2024-01-02T03:04:05") == moment and moment.date() == datetime.date(2024, 1, 2)
assert decimal.Decimal("1.10") + decimal.Decimal("2.2") == decimal.Decimal("3.30") and str(decimal.Decimal("1.10")) == "1.10"
import functools
import itertools
assert functools.reduce(lambda a, b: a * b, [1, 2, 3, 4]) == 24
assert list(itertools.chain([1], [2])) == [1, 2] and list(itertools.islice(itertools.count(5), 2)) == [5, 6]
assert list(itertools.product("ab", [1])) == [("a", 1), ("b", 1)]
from typing import List, Optional
assert Optional[int] is not None and repr(List[int]) == "typing.List[int]"
