def wraps(wrapped, assigned=(), updated=()):
    def decorate(wrapper):
        return update_wrapper(wrapper, wrapped)
    return decorate


def update_wrapper(wrapper, wrapped, assigned=(), updated=()):
    for name in ("__module__", "__name__", "__qualname__", "__doc__"):
        try:
            setattr(wrapper, name, getattr(wrapped, name))
        except AttributeError:
            pass
    try:
        wrapper.__dict__.update(wrapped.__dict__)
    except AttributeError:
        pass
    wrapper.__wrapped__ = wrapped
    return wrapper


class partial:
    def __init__(self, func, /, *args, **keywords):
        if not callable(func):
            raise TypeError("the first argument must be callable")
        if isinstance(func, partial):
            args = func.args + args
            keywords = {**func.keywords, **keywords}
            func = func.func
        self.func = func
        self.args = args
        self.keywords = keywords

    def __call__(self, /, *args, **keywords):
        return self.func(*self.args, *args, **{**self.keywords, **keywords})

    def __repr__(self):
        parts = [repr(self.func)]
        parts += [repr(arg) for arg in self.args]
        parts += [f"{name}={value!r}" for name, value in self.keywords.items()]
        return f"functools.partial({', '.join(parts)})"


class partialmethod:
    def __init__(self, func, /, *args, **keywords):
        self.func = func
        self.args = args
        self.keywords = keywords

    def __get__(self, instance, owner=None):
        return partial(self.func, instance, *self.args, **self.keywords)


_absent = object()


def reduce(function, iterable, initial=_absent, /):
    iterator = iter(iterable)
    if initial is _absent:
        try:
            value = next(iterator)
        except StopIteration:
            raise TypeError("reduce() of empty iterable with no initial value") from None
    else:
        value = initial
    for item in iterator:
        value = function(value, item)
    return value


class _CacheInfo:
    def __init__(self, hits, misses, maxsize, currsize):
        self.hits, self.misses, self.maxsize, self.currsize = hits, misses, maxsize, currsize

    def __repr__(self):
        return (f"CacheInfo(hits={self.hits}, misses={self.misses}, "
                f"maxsize={self.maxsize}, currsize={self.currsize})")


def lru_cache(maxsize=128, typed=False):
    if callable(maxsize):
        return _cached(maxsize, 128)
    return lambda function: _cached(function, maxsize)


def cache(function, /):
    return _cached(function, None)


def _cached(function, maxsize):
    store = {}
    counts = [0, 0]

    def wrapper(*args, **keywords):
        key = (args, tuple(keywords.items())) if keywords else args
        if key in store:
            counts[0] += 1
            value = store.pop(key)
            store[key] = value
            return value
        counts[1] += 1
        value = function(*args, **keywords)
        if maxsize != 0:
            store[key] = value
            if maxsize is not None and len(store) > maxsize:
                del store[next(iter(store))]
        return value

    def cache_info():
        return _CacheInfo(counts[0], counts[1], maxsize, len(store))

    def cache_clear():
        store.clear()
        counts[0] = counts[1] = 0

    wrapper.cache_info = cache_info
    wrapper.cache_clear = cache_clear
    return update_wrapper(wrapper, function)


class cached_property:
    def __init__(self, func):
        self.func = func
        self.attrname = None
        self.__doc__ = func.__doc__

    def __set_name__(self, owner, name):
        self.attrname = name

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        cache = instance.__dict__
        if self.attrname in cache:
            return cache[self.attrname]
        value = self.func(instance)
        cache[self.attrname] = value
        return value


def total_ordering(cls):
    names = {"__lt__", "__le__", "__gt__", "__ge__"}
    own = [name for name in ("__lt__", "__le__", "__gt__", "__ge__")
           if any(name in base.__dict__ for base in cls.__mro__[:-1])]
    if not own:
        raise ValueError("must define at least one ordering operation: < > <= >=")
    root = own[0]

    def define(name, function):
        if name not in own:
            function.__name__ = name
            setattr(cls, name, function)

    if root == "__lt__":
        define("__gt__", lambda a, b: _not_or(a.__lt__(b), a, b, False))
        define("__le__", lambda a, b: _or_equal(a.__lt__(b), a, b))
        define("__ge__", lambda a, b: _negate(a.__lt__(b)))
    elif root == "__le__":
        define("__ge__", lambda a, b: _not_or(a.__le__(b), a, b, True))
        define("__lt__", lambda a, b: _and_differs(a.__le__(b), a, b))
        define("__gt__", lambda a, b: _negate(a.__le__(b)))
    elif root == "__gt__":
        define("__lt__", lambda a, b: _not_or(a.__gt__(b), a, b, False))
        define("__ge__", lambda a, b: _or_equal(a.__gt__(b), a, b))
        define("__le__", lambda a, b: _negate(a.__gt__(b)))
    else:
        define("__le__", lambda a, b: _not_or(a.__ge__(b), a, b, True))
        define("__gt__", lambda a, b: _and_differs(a.__ge__(b), a, b))
        define("__lt__", lambda a, b: _negate(a.__ge__(b)))
    return cls


def _negate(result):
    return result if result is NotImplemented else not result


def _or_equal(result, a, b):
    return result if result is NotImplemented else result or a == b


def _and_differs(result, a, b):
    return result if result is NotImplemented else result and a != b


def _not_or(result, a, b, with_equal):
    if result is NotImplemented:
        return result
    return (not result or a == b) if with_equal else (not result and a != b)


def cmp_to_key(compare):
    class K:
        def __init__(self, obj):
            self.obj = obj

        def __lt__(self, other):
            return compare(self.obj, other.obj) < 0

        def __gt__(self, other):
            return compare(self.obj, other.obj) > 0

        def __eq__(self, other):
            return compare(self.obj, other.obj) == 0

    return K


def singledispatch(function):
    registry = {object: function}

    def dispatch(cls):
        for base in cls.__mro__:
            if base in registry:
                return registry[base]
        return function

    def register(cls, implementation=None):
        if implementation is None:
            if isinstance(cls, type):
                return lambda implementation: register(cls, implementation)
            implementation = cls
            annotations = list(implementation.__annotations__.values())
            cls = annotations[0]
        registry[cls] = implementation
        return implementation

    def wrapper(*args, **keywords):
        return dispatch(type(args[0]))(*args, **keywords)

    wrapper.register = register
    wrapper.dispatch = dispatch
    wrapper.registry = registry
    return update_wrapper(wrapper, function)
