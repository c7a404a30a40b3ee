def pformat(obj, indent=1, width=80, depth=None, *, compact=False, sort_dicts=True):
    return _format(obj, indent, width, 0, 0, sort_dicts)


def pprint(obj, stream=None, indent=1, width=80, depth=None, *, compact=False, sort_dicts=True):
    print(pformat(obj, indent, width, depth, compact=compact, sort_dicts=sort_dicts))


def pp(obj, *args, sort_dicts=False, **keywords):
    pprint(obj, *args, sort_dicts=sort_dicts, **keywords)


def _sorted(items):
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=lambda item: (str(type(item)), id(item)))


def _repr(obj, sort_dicts):
    if type(obj) is dict:
        items = _sort_items(obj) if sort_dicts else obj.items()
        return "{" + ", ".join([f"{_repr(k, sort_dicts)}: {_repr(v, sort_dicts)}"
                                for k, v in items]) + "}"
    if type(obj) is list:
        return "[" + ", ".join([_repr(item, sort_dicts) for item in obj]) + "]"
    if type(obj) is tuple:
        inner = ", ".join([_repr(item, sort_dicts) for item in obj])
        return f"({inner},)" if len(obj) == 1 else f"({inner})"
    return repr(obj)


def _sort_items(obj):
    try:
        return sorted(obj.items(), key=lambda item: item[0])
    except TypeError:
        return sorted(obj.items(), key=lambda item: str(item[0]))


def _format(obj, step, width, column, allowance, sort_dicts):
    text = _repr(obj, sort_dicts)
    if column + len(text) + allowance <= width:
        return text
    inner = column + step
    if type(obj) is dict and obj:
        items = list(_sort_items(obj) if sort_dicts else obj.items())
        parts = []
        for at, (key, value) in enumerate(items):
            head = f"{_repr(key, sort_dicts)}: "
            end = allowance + 1 if at == len(items) - 1 else 1
            parts.append(head + _format(value, step, width, inner + len(head), end, sort_dicts))
        return "{" + " " * (step - 1) + (",\n" + " " * inner).join(parts) + "}"
    if type(obj) in (list, tuple, set) and obj:
        items = list(_sorted(obj) if type(obj) is set else obj)
        opening, closing = {list: "[]", tuple: "()", set: "{}"}[type(obj)]
        parts = []
        for at, item in enumerate(items):
            end = allowance + 1 if at == len(items) - 1 else 1
            parts.append(_format(item, step, width, inner, end, sort_dicts))
        if type(obj) is tuple and len(obj) == 1:
            closing = ",)"
        return opening + " " * (step - 1) + (",\n" + " " * inner).join(parts) + closing
    if type(obj) is str and " " in obj:
        return _format_str(obj, width, column, allowance)
    return text


def _format_str(text, width, column, allowance):
    chunks = []
    current = ""
    for piece in _pieces(text):
        limit = width - column - allowance - (1 if column else 0)
        if current and len(repr(current + piece)) > limit:
            chunks.append(repr(current))
            current = piece
        else:
            current += piece
    chunks.append(repr(current))
    if len(chunks) == 1:
        return chunks[0]
    joined = ("\n" + " " * (column if column else 1)).join(chunks)
    return joined if column else f"({joined})"


def _pieces(text):
    piece = ""
    for character in text:
        if piece and piece[-1] == " " and character != " ":
            yield piece
            piece = ""
        piece += character
    if piece:
        yield piece
