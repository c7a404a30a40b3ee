def format_exc(limit=None, chain=True):
    return _format_handled()


def print_exc(limit=None, file=None, chain=True):
    print(_format_handled(), end="")


def format_exception(exc, /, value=None, tb=None, limit=None, chain=True):
    return [_format(exc if value is None else value)]


def format_exception_only(exc, /, value=None):
    exc = exc if value is None else value
    text = str(exc)
    name = type(exc).__name__
    return [f"{name}: {text}\n" if text else f"{name}\n"]


def print_exception(exc, /, value=None, tb=None, limit=None, file=None, chain=True):
    print(_format(exc if value is None else value), end="")
