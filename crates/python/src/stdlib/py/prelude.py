"""Built-ins that drive iteration: in Python, so that the machine can pause inside them."""


def __drain__(iterable):
    items = []
    for item in iterable:
        items.append(item)
    return items


def any(iterable, /):
    for item in iterable:
        if item:
            return True
    return False


def all(iterable, /):
    for item in iterable:
        if not item:
            return False
    return True
