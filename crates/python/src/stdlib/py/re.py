IGNORECASE = I = 2
LOCALE = L = 4
MULTILINE = M = 8
DOTALL = S = 16
UNICODE = U = 32
VERBOSE = X = 64
ASCII = A = 256
NOFLAG = 0

_NAMES = {2: "re.IGNORECASE", 8: "re.MULTILINE", 16: "re.DOTALL", 64: "re.VERBOSE"}


class error(Exception):
    def __init__(self, msg, pattern=None, pos=None):
        self.msg = msg
        self.pattern = pattern
        self.pos = pos
        super().__init__(msg)


class Match:
    """One match: spans of the whole and of each group."""

    def __init__(self, pattern, string, pos, endpos, spans):
        self.re = pattern
        self.string = string
        self.pos = pos
        self.endpos = endpos
        self._spans = spans

    def _index(self, group):
        if isinstance(group, str):
            if group not in self.re.groupindex:
                raise IndexError("no such group")
            return self.re.groupindex[group]
        if not 0 <= group < len(self._spans):
            raise IndexError("no such group")
        return group

    def _text(self, group, default=None):
        span = self._spans[self._index(group)]
        return default if span is None else self.string[span[0] : span[1]]

    def group(self, *groups):
        if len(groups) > 1:
            return tuple(self._text(group) for group in groups)
        return self._text(groups[0] if groups else 0)

    def __getitem__(self, group):
        return self._text(group)

    def groups(self, default=None):
        return tuple(self._text(group, default) for group in range(1, len(self._spans)))

    def groupdict(self, default=None):
        return {name: self._text(name, default) for name in self.re.groupindex}

    def span(self, group=0):
        return self._spans[self._index(group)] or (-1, -1)

    def start(self, group=0):
        return self.span(group)[0]

    def end(self, group=0):
        return self.span(group)[1]

    @property
    def lastindex(self):
        ends = [(span[1], -at) for at, span in enumerate(self._spans) if at and span is not None]
        return -max(ends)[1] if ends else None

    @property
    def lastgroup(self):
        for name, at in self.re.groupindex.items():
            if at == self.lastindex:
                return name

    def expand(self, template):
        return "".join(self._text(part, "") if group else part for group, part in _parts(template, self.re))

    def __repr__(self):
        return f"<re.Match object; span={self.span()!r}, match={self.group()!r}>"


class Pattern:
    """A compiled regular expression."""

    def __init__(self, pattern, flags, compiled):
        self.pattern = pattern
        self.flags = flags | UNICODE
        self._compiled = compiled
        names = compiled.names()
        self.groups = len(names) - 1
        self.groupindex = {name: at for at, name in enumerate(names) if name is not None}

    def _find(self, mode, string, pos=0, endpos=None):
        if not isinstance(string, str):
            raise TypeError(f"expected string or bytes-like object, got {type(string).__name__!r}")
        endpos = len(string) if endpos is None else min(endpos, len(string))
        spans = self._compiled.find(mode, string, max(pos, 0), max(endpos, 0))
        return None if spans is None else Match(self, string, pos, endpos, spans)

    def search(self, string, pos=0, endpos=None):
        return self._find("search", string, pos, endpos)

    def match(self, string, pos=0, endpos=None):
        return self._find("match", string, pos, endpos)

    def fullmatch(self, string, pos=0, endpos=None):
        return self._find("fullmatch", string, pos, endpos)

    def finditer(self, string, pos=0, endpos=None):
        while True:
            found = self._find("search", string, pos, endpos)
            if found is None:
                return
            yield found
            start, end = found.span()
            pos = end + 1 if start == end else end

    def findall(self, string, pos=0, endpos=None):
        found = self.finditer(string, pos, endpos)
        if self.groups == 0:
            return [one.group() for one in found]
        if self.groups == 1:
            return [one._text(1, "") for one in found]
        return [one.groups("") for one in found]

    def split(self, string, maxsplit=0):
        parts, at = [], 0
        for count, found in enumerate(self.finditer(string)):
            if maxsplit and count == maxsplit:
                break
            parts.append(string[at : found.start()])
            parts.extend(found.groups())
            at = found.end()
        parts.append(string[at:])
        return parts

    def subn(self, repl, string, count=0):
        parts, at, done = [], 0, 0
        for found in self.finditer(string):
            if count and done == count:
                break
            parts.append(string[at : found.start()])
            parts.append(repl(found) if callable(repl) else found.expand(repl))
            at = found.end()
            done += 1
        parts.append(string[at:])
        return "".join(parts), done

    def sub(self, repl, string, count=0):
        return self.subn(repl, string, count)[0]

    def __eq__(self, other):
        return isinstance(other, Pattern) and (self.pattern, self.flags) == (other.pattern, other.flags)

    def __hash__(self):
        return hash((self.pattern, self.flags))

    def __repr__(self):
        flags = "|".join(name for flag, name in _NAMES.items() if self.flags & flag)
        return f"re.compile({self.pattern!r}, {flags})" if flags else f"re.compile({self.pattern!r})"


def _parts(template, pattern):
    """A replacement's pieces: (False, text) and (True, group)."""
    escapes = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\"}
    parts, at = [], 0
    while at < len(template):
        char = template[at]
        after = template[at + 1 : at + 2]
        if char != "\\" or not after:
            parts.append((False, char))
            at += 1
        elif after == "g":
            close = template.find(">", at)
            if template[at + 2 : at + 3] != "<" or close < 0:
                raise error("missing <" if template[at + 2 : at + 3] != "<" else "missing >, unterminated name")
            name = template[at + 3 : close]
            if not name.isdigit() and name not in pattern.groupindex:
                raise IndexError(f"unknown group name {name!r}")
            parts.append((True, _known(int(name), pattern) if name.isdigit() else name))
            at = close + 1
        elif after.isdigit() and after != "0":
            digits = template[at + 1 : at + 3]
            digits = digits if digits.isdigit() else after
            parts.append((True, _known(int(digits), pattern)))
            at += 1 + len(digits)
        elif after in escapes:
            parts.append((False, escapes[after]))
            at += 2
        elif after.isalpha():
            raise error(f"bad escape \\{after} at position {at}")
        else:
            parts.append((False, char + after))
            at += 2
    return parts


def _known(group, pattern):
    if group > pattern.groups:
        raise error(f"invalid group reference {group}")
    return group


_cache = {}


def compile(pattern, flags=0):
    if isinstance(pattern, Pattern):
        if flags:
            raise ValueError("cannot process flags argument with a compiled pattern")
        return pattern
    if isinstance(pattern, bytes):
        raise TypeError("patterns of bytes are not supported here: decode() them first")
    flags = int(flags)
    known = _cache.get((pattern, flags))
    if known is None:
        compiled = _compile(pattern, flags)
        if isinstance(compiled, str):
            raise error(compiled, pattern)
        known = Pattern(pattern, flags, compiled)
        if len(_cache) >= 512:
            _cache.clear()
        _cache[pattern, flags] = known
    return known


def purge():
    _cache.clear()


def search(pattern, string, flags=0):
    return compile(pattern, flags).search(string)


def match(pattern, string, flags=0):
    return compile(pattern, flags).match(string)


def fullmatch(pattern, string, flags=0):
    return compile(pattern, flags).fullmatch(string)


def findall(pattern, string, flags=0):
    return compile(pattern, flags).findall(string)


def finditer(pattern, string, flags=0):
    return compile(pattern, flags).finditer(string)


def split(pattern, string, maxsplit=0, flags=0):
    return compile(pattern, flags).split(string, maxsplit)


def sub(pattern, repl, string, count=0, flags=0):
    return compile(pattern, flags).sub(repl, string, count)


def subn(pattern, repl, string, count=0, flags=0):
    return compile(pattern, flags).subn(repl, string, count)


def escape(pattern):
    return "".join("\\" + char if char in "()[]{}?*+-|^$\\.&~# \t\n\r\v\f" else char for char in pattern)
