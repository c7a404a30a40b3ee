class JSONDecodeError(ValueError):
    def __init__(self, msg, doc, pos):
        line = doc.count("\n", 0, pos) + 1
        column = pos - doc.rfind("\n", 0, pos)
        super().__init__(f"{msg}: line {line} column {column} (char {pos})")
        self.msg, self.doc, self.pos = msg, doc, pos
        self.lineno, self.colno = line, column


_escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f",
            "\b": "\\b"}


def _quote(text, ensure_ascii):
    out = ['"']
    for character in text:
        if character in _escapes:
            out.append(_escapes[character])
        elif character < " " or (ensure_ascii and character > "~"):
            code = ord(character)
            if code > 0xFFFF:
                code -= 0x10000
                out.append(f"\\u{0xD800 | code >> 10:04x}\\u{0xDC00 | code & 0x3FF:04x}")
            else:
                out.append(f"\\u{code:04x}")
        else:
            out.append(character)
    out.append('"')
    return "".join(out)


class JSONEncoder:
    def __init__(self, *, skipkeys=False, ensure_ascii=True, check_circular=True, allow_nan=True,
                 sort_keys=False, indent=None, separators=None, default=None):
        self.skipkeys = skipkeys
        self.ensure_ascii = ensure_ascii
        self.allow_nan = allow_nan
        self.sort_keys = sort_keys
        if isinstance(indent, int):
            indent = " " * indent
        self.indent = indent
        if separators is None:
            separators = (", ", ": ") if indent is None else (",", ": ")
        self.item_separator, self.key_separator = separators
        if default is not None:
            self.default = default

    def default(self, o):
        raise TypeError(f"Object of type {o.__class__.__name__} is not JSON serializable")

    def encode(self, o):
        out = []
        self._write(o, 0, out)
        return "".join(out)

    def _write(self, o, level, out):
        if o is None:
            out.append("null")
        elif o is True:
            out.append("true")
        elif o is False:
            out.append("false")
        elif isinstance(o, str):
            out.append(_quote(o, self.ensure_ascii))
        elif isinstance(o, int):
            out.append(int.__repr__(o))
        elif isinstance(o, float):
            out.append(self._float(o))
        elif isinstance(o, dict):
            self._write_dict(o, level, out)
        elif isinstance(o, (list, tuple)):
            self._write_list(o, level, out)
        else:
            if level > 200:
                raise ValueError("Circular reference detected")
            self._write(self.default(o), level + 1, out)

    def _float(self, o):
        if o != o:
            text = "NaN"
        elif o in (float("inf"), float("-inf")):
            text = "Infinity" if o > 0 else "-Infinity"
        else:
            return float.__repr__(o)
        if not self.allow_nan:
            raise ValueError("Out of range float values are not JSON compliant")
        return text

    def _break(self, level):
        return "" if self.indent is None else "\n" + self.indent * level

    def _write_list(self, items, level, out):
        if level > 200:
            raise ValueError("Circular reference detected")
        if not items:
            out.append("[]")
            return
        out.append("[")
        for at, item in enumerate(items):
            out.append((self.item_separator if at else "") + self._break(level + 1))
            self._write(item, level + 1, out)
        out.append(self._break(level) + "]")

    def _key(self, key):
        if isinstance(key, str):
            return key
        if key is None:
            return "null"
        if key is True or key is False:
            return "true" if key else "false"
        if isinstance(key, int):
            return int.__repr__(key)
        if isinstance(key, float):
            return self._float(key)
        if self.skipkeys:
            return None
        raise TypeError("keys must be str, int, float, bool or None, "
                        f"not {key.__class__.__name__}")

    def _write_dict(self, mapping, level, out):
        if level > 200:
            raise ValueError("Circular reference detected")
        if not mapping:
            out.append("{}")
            return
        out.append("{")
        items = sorted(mapping.items()) if self.sort_keys else mapping.items()
        first = True
        for key, value in items:
            key = self._key(key)
            if key is None:
                continue
            out.append(("" if first else self.item_separator) + self._break(level + 1))
            first = False
            out.append(_quote(key, self.ensure_ascii) + self.key_separator)
            self._write(value, level + 1, out)
        out.append(self._break(level) + "}")


def dumps(obj, *, cls=None, **options):
    return (cls or JSONEncoder)(**options).encode(obj)


def dump(obj, fp, **options):
    fp.write(dumps(obj, **options))


class _Reader:
    def __init__(self, text, object_hook, parse_float, parse_int):
        self.text = text
        self.at = 0
        self.object_hook = object_hook
        self.parse_float = parse_float or float
        self.parse_int = parse_int or int

    def fail(self, message, at=None):
        raise JSONDecodeError(message, self.text, self.at if at is None else at)

    def skip(self):
        while self.text[self.at:self.at + 1] in (" ", "\t", "\n", "\r"):
            self.at += 1

    def value(self):
        self.skip()
        character = self.text[self.at:self.at + 1]
        if character == '"':
            return self.string()
        if character == "{":
            return self.object()
        if character == "[":
            return self.array()
        for word, value in (("null", None), ("true", True), ("false", False),
                            ("NaN", float("nan")), ("Infinity", float("inf")),
                            ("-Infinity", float("-inf"))):
            if self.text.startswith(word, self.at):
                self.at += len(word)
                return value
        return self.number()

    def number(self):
        start = self.at
        text = self.text
        at = start
        if text[at:at + 1] == "-":
            at += 1
        digits = at
        while text[at:at + 1].isdigit():
            at += 1
        if at == digits:
            self.fail("Expecting value")
        whole = True
        if text[at:at + 1] == "." and text[at + 1:at + 2].isdigit():
            whole = False
            at += 1
            while text[at:at + 1].isdigit():
                at += 1
        if text[at:at + 1] in ("e", "E"):
            end = at + 1
            if text[end:end + 1] in ("+", "-"):
                end += 1
            if text[end:end + 1].isdigit():
                whole = False
                while text[end:end + 1].isdigit():
                    end += 1
                at = end
        self.at = at
        return self.parse_int(text[start:at]) if whole else self.parse_float(text[start:at])

    def string(self):
        start = self.at
        self.at += 1
        out = []
        while True:
            quote = self.text.find('"', self.at)
            if quote < 0:
                self.fail("Unterminated string starting at", start)
            escape = self.text.find("\\", self.at, quote)
            if escape < 0:
                out.append(self.text[self.at:quote])
                self.at = quote + 1
                return "".join(out)
            out.append(self.text[self.at:escape])
            kind = self.text[escape + 1:escape + 2]
            self.at = escape + 2
            if kind == "u":
                code = self.code()
                if 0xD800 <= code < 0xDC00 and self.text.startswith("\\u", self.at):
                    self.at += 2
                    code = 0x10000 + ((code - 0xD800) << 10) + self.code() - 0xDC00
                out.append(chr(code))
            elif kind in '"\\/bfnrt' and kind:
                out.append({"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}.get(kind, kind))
            else:
                self.fail("Invalid \\escape", escape)

    def code(self):
        digits = self.text[self.at:self.at + 4]
        self.at += 4
        try:
            return int(digits, 16)
        except ValueError:
            self.fail("Invalid \\uXXXX escape", self.at - 5)

    def array(self):
        items = []
        self.at += 1
        self.skip()
        if self.text[self.at:self.at + 1] == "]":
            self.at += 1
            return items
        while True:
            items.append(self.value())
            self.skip()
            character = self.text[self.at:self.at + 1]
            if character == "]":
                self.at += 1
                return items
            if character != ",":
                self.fail("Expecting ',' delimiter")
            self.at += 1

    def object(self):
        result = {}
        self.at += 1
        self.skip()
        if self.text[self.at:self.at + 1] == "}":
            self.at += 1
            return self.object_hook(result) if self.object_hook else result
        while True:
            self.skip()
            if self.text[self.at:self.at + 1] != '"':
                self.fail("Expecting property name enclosed in double quotes")
            key = self.string()
            self.skip()
            if self.text[self.at:self.at + 1] != ":":
                self.fail("Expecting ':' delimiter")
            self.at += 1
            result[key] = self.value()
            self.skip()
            character = self.text[self.at:self.at + 1]
            self.at += 1
            if character == "}":
                return self.object_hook(result) if self.object_hook else result
            if character != ",":
                self.fail("Expecting ',' delimiter", self.at - 1)


def loads(s, *, object_hook=None, parse_float=None, parse_int=None, **options):
    if isinstance(s, bytes):
        s = s.decode("utf-8")
    if not isinstance(s, str):
        raise TypeError("the JSON object must be str, bytes or bytearray, "
                        f"not {s.__class__.__name__}")
    reader = _Reader(s, object_hook, parse_float, parse_int)
    value = reader.value()
    reader.skip()
    if reader.at < len(s):
        reader.fail("Extra data")
    return value


def load(fp, **options):
    return loads(fp.read(), **options)
