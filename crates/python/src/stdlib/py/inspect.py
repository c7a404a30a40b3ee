def isclass(obj):
    return isinstance(obj, type)


def isfunction(obj):
    return type(obj).__name__ == "function"


def ismethod(obj):
    return type(obj).__name__ == "method"


def iscoroutinefunction(obj):
    return False


def getdoc(obj):
    return getattr(obj, "__doc__", None)


def cleandoc(doc):
    from textwrap import dedent
    first, _, rest = doc.partition("\n")
    return (first.strip() + "\n" + dedent(rest)).strip()


def getmembers(obj, predicate=None):
    result = []
    for name in dir(obj):
        value = getattr(obj, name, None)
        if predicate is None or predicate(value):
            result.append((name, value))
    return result
