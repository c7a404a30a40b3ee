class Error(Exception):
    pass


def copy(x):
    cls = type(x)
    if hasattr(cls, "__copy__"):
        return cls.__copy__(x)
    if isinstance(x, (int, float, str, bytes, tuple, frozenset, type, type(None), type(copy))):
        return x
    if cls in (list, dict, set):
        return x.copy()
    return _rebuild(x, lambda value: value)


def deepcopy(x, memo=None):
    if memo is None:
        memo = {}
    known = memo.get(id(x))
    if known is not None:
        return known[0]
    cls = type(x)
    if cls in (int, float, str, bytes, bool, type(None), type(copy), type):
        return x
    if hasattr(cls, "__deepcopy__"):
        result = cls.__deepcopy__(x, memo)
    elif cls is list:
        result = []
        memo[id(x)] = (result, x)
        for item in x:
            result.append(deepcopy(item, memo))
    elif cls is dict:
        result = {}
        memo[id(x)] = (result, x)
        for key, value in x.items():
            result[deepcopy(key, memo)] = deepcopy(value, memo)
    elif cls is tuple:
        result = tuple([deepcopy(item, memo) for item in x])
    elif cls in (set, frozenset):
        result = cls([deepcopy(item, memo) for item in x])
    elif isinstance(x, type) or not hasattr(x, "__dict__"):
        result = x
    else:
        result = _rebuild(x, lambda value: deepcopy(value, memo), memo)
    memo[id(x)] = (result, x)
    return result


def _rebuild(x, each, memo=None):
    cls = type(x)
    if isinstance(x, (list, dict, set)):
        base = [b for b in cls.__mro__ if b in (list, dict, set)][0]
        result = base.__new__(cls)
        if memo is not None:
            memo[id(x)] = (result, x)
        if isinstance(x, dict):
            for key, value in dict.items(x):
                dict.__setitem__(result, each(key), each(value))
        elif isinstance(x, list):
            list.extend(result, [each(item) for item in x])
        else:
            set.update(result, [each(item) for item in x])
    elif isinstance(x, (tuple, str, int, float)):
        return x
    else:
        result = object.__new__(cls)
        if memo is not None:
            memo[id(x)] = (result, x)
    for name, value in x.__dict__.items():
        result.__dict__[name] = each(value)
    return result
