class _Missing:
    def __repr__(self):
        return "<dataclasses._MISSING_TYPE object>"


MISSING = _Missing()


class _KwOnly:
    pass


KW_ONLY = _KwOnly()


class FrozenInstanceError(AttributeError):
    pass


class Field:
    def __init__(self, default, default_factory, init, repr, hash, compare, metadata, kw_only):
        self.name = None
        self.type = None
        self.default = default
        self.default_factory = default_factory
        self.init = init
        self.repr = repr
        self.hash = hash
        self.compare = compare
        self.metadata = metadata or {}
        self.kw_only = kw_only
        self.implicit = False

    def __repr__(self):
        return f"Field(name={self.name!r},type={self.type!r},default={self.default!r})"


def field(*, default=MISSING, default_factory=MISSING, init=True, repr=True, hash=None,
          compare=True, metadata=None, kw_only=MISSING):
    if default is not MISSING and default_factory is not MISSING:
        raise ValueError("cannot specify both default and default_factory")
    return Field(default, default_factory, init, repr, hash, compare, metadata, kw_only)


def bind_fields(name, fields, args, kwargs):
    """The values of fields from call arguments, with the errors of a function with such parameters."""
    positional = [f for f in fields if f.init and not f.kw_only]
    keyword = [f for f in fields if f.init and f.kw_only]
    if len(args) > len(positional):
        needed = len([f for f in positional if _required(f)]) + 1
        most = len(positional) + 1
        given = len(args) + 1
        takes = f"{most} positional argument{'' if most == 1 else 's'}"
        if needed != most:
            takes = f"from {needed} to {most} positional arguments"
        raise TypeError(f"{name}() takes {takes} but {given} were given")
    values = {}
    for f, value in zip(positional, args):
        values[f.name] = value
    known = {f.name for f in positional} | {f.name for f in keyword}
    for key, value in kwargs.items():
        if key not in known:
            raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
        if key in values:
            raise TypeError(f"{name}() got multiple values for argument '{key}'")
        values[key] = value
    _check_missing(name, "positional", [f for f in positional if _required(f)], values)
    _check_missing(name, "keyword-only", [f for f in keyword if _required(f)], values)
    return values


def _required(f):
    return f.default is MISSING and f.default_factory is MISSING


def _check_missing(name, kind, fields, values):
    absent = [f"'{f.name}'" for f in fields if f.name not in values]
    if not absent:
        return
    if len(absent) == 1:
        listed = absent[0]
    elif len(absent) == 2:
        listed = " and ".join(absent)
    else:
        listed = ", ".join(absent[:-1]) + ", and " + absent[-1]
    plural = "" if len(absent) == 1 else "s"
    raise TypeError(f"{name}() missing {len(absent)} required {kind} argument{plural}: {listed}")


def _is_class_var(annotation):
    if isinstance(annotation, str):
        return annotation.startswith(("ClassVar", "typing.ClassVar"))
    return repr(getattr(annotation, "__origin__", annotation)) == "typing.ClassVar"


def _collect(cls, kw_only):
    fields = {}
    for base in cls.__mro__[-1:0:-1]:
        for name, f in getattr(base, "__dataclass_fields__", {}).items():
            fields[name] = f
    annotations = cls.__dict__.get("__annotations__", None)
    if annotations is None:
        annotations = cls.__annotations__
    for name, annotation in annotations.items():
        if _is_class_var(annotation):
            continue
        if annotation is KW_ONLY or annotation == "KW_ONLY":
            kw_only = True
            continue
        default = cls.__dict__.get(name, MISSING)
        if isinstance(default, Field):
            f = default
            if f.default is not MISSING:
                setattr(cls, name, f.default)
            else:
                delattr(cls, name)
        else:
            if isinstance(default, (list, dict, set)):
                raise ValueError(f"mutable default {type(default)} for field {name} is not "
                                 "allowed: use default_factory")
            f = field(default=default)
        f.name = name
        f.type = annotation
        if f.kw_only is MISSING:
            f.kw_only = kw_only
        fields[name] = f
    return fields


def dataclass(cls=None, /, *, init=True, repr=True, eq=True, order=False, unsafe_hash=False,
              frozen=False, match_args=True, kw_only=False, slots=False, weakref_slot=False):
    def wrap(cls):
        return _process(cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only)
    return wrap if cls is None else wrap(cls)


def _process(cls, init, repr, eq, order, unsafe_hash, frozen, match_args, kw_only):
    return _finish(cls, _collect(cls, kw_only), f"{cls.__qualname__}.__init__", init, repr, eq, order,
                   unsafe_hash, frozen, match_args)


def _mapped(cls, fields, *, init=True, repr=True, eq=True, order=False, unsafe_hash=False,
            match_args=True, kw_only=False, dataclass_callable=None):
    """Makes a dataclass of a class whose attributes an ORM maps; `fields` are names with options."""
    collected = {}
    for base in cls.__mro__[-1:0:-1]:
        for name, f in base.__dict__.get("__dataclass_fields__", {}).items():
            collected[name] = f
    for name, options in fields:
        f = field(**options)
        f.name = name
        f.implicit = f.default is None
        if f.kw_only is MISSING:
            f.kw_only = kw_only
        collected[name] = f
    return _finish(cls, collected, "__init__", init, repr, eq, order, unsafe_hash, False, match_args)


def _finish(cls, fields, init_name, init, repr, eq, order, unsafe_hash, frozen, match_args):
    listed = list(fields.values())
    seen_default = None
    for f in listed:
        if f.init and not f.kw_only:
            if not _required(f):
                seen_default = f
            elif seen_default is not None:
                raise TypeError(f"non-default argument {f.name!r} follows default argument")
    cls.__dataclass_fields__ = fields
    own = cls.__dict__
    if init and "__init__" not in own:
        cls.__init__ = _make_init(init_name, listed, frozen)
    if repr and "__repr__" not in own:
        shown = [f.name for f in listed if f.repr]
        running = set()

        def __repr__(self):
            if id(self) in running:
                return "..."
            running.add(id(self))
            try:
                parts = ", ".join([f"{name}={getattr(self, name)!r}" for name in shown])
            finally:
                running.discard(id(self))
            return f"{type(self).__qualname__}({parts})"
        cls.__repr__ = __repr__
    compared = [f.name for f in listed if f.compare]

    def key(self):
        return tuple([getattr(self, name) for name in compared])

    if eq and "__eq__" not in own:
        def __eq__(self, other):
            if other.__class__ is self.__class__:
                return key(self) == key(other)
            return NotImplemented
        cls.__eq__ = __eq__
        if "__hash__" not in own:
            if frozen or unsafe_hash:
                hashed = [f.name for f in listed if (f.compare if f.hash is None else f.hash)]
                cls.__hash__ = lambda self: hash(tuple([getattr(self, n) for n in hashed]))
            else:
                cls.__hash__ = None
    elif unsafe_hash:
        cls.__hash__ = lambda self: hash(key(self))
    if order:
        _set_order(cls, key)
    if frozen:
        def __setattr__(self, name, value):
            raise FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name):
            raise FrozenInstanceError(f"cannot delete field {name!r}")
        cls.__setattr__ = __setattr__
        cls.__delattr__ = __delattr__
    if match_args:
        cls.__match_args__ = tuple([f.name for f in listed if f.init and not f.kw_only])
    return cls


def _make_init(name, listed, frozen):
    def __init__(self, *args, **kwargs):
        values = bind_fields(name, listed, args, kwargs)
        post = []
        for f in listed:
            if f.name in values:
                value = values[f.name]
            elif f.implicit:
                continue
            elif f.default is not MISSING:
                value = f.default
            elif f.default_factory is not MISSING:
                value = f.default_factory()
            else:
                continue
            if frozen:
                object.__setattr__(self, f.name, value)
            else:
                setattr(self, f.name, value)
        if hasattr(self, "__post_init__"):
            self.__post_init__()
    return __init__


def _set_order(cls, key):
    def compare(symbol, function):
        def method(self, other):
            if other.__class__ is self.__class__:
                return function(key(self), key(other))
            return NotImplemented
        method.__name__ = symbol
        setattr(cls, symbol, method)
    compare("__lt__", lambda a, b: a < b)
    compare("__le__", lambda a, b: a <= b)
    compare("__gt__", lambda a, b: a > b)
    compare("__ge__", lambda a, b: a >= b)


def is_dataclass(obj):
    cls = obj if isinstance(obj, type) else type(obj)
    return hasattr(cls, "__dataclass_fields__")


def fields(obj):
    try:
        return tuple(obj.__dataclass_fields__.values())
    except AttributeError:
        raise TypeError("must be called with a dataclass type or instance") from None


def asdict(obj, *, dict_factory=dict):
    if not is_dataclass(obj) or isinstance(obj, type):
        raise TypeError("asdict() should be called on dataclass instances")
    return _asdict(obj, dict_factory)


def _asdict(obj, factory):
    if is_dataclass(obj) and not isinstance(obj, type):
        return factory([(f.name, _asdict(getattr(obj, f.name), factory)) for f in fields(obj)])
    if isinstance(obj, (list, tuple)):
        return type(obj)([_asdict(item, factory) for item in obj])
    if isinstance(obj, dict):
        return {_asdict(k, factory): _asdict(v, factory) for k, v in obj.items()}
    return obj


def astuple(obj, *, tuple_factory=tuple):
    return tuple_factory([_astuple(getattr(obj, f.name)) for f in fields(obj)])


def _astuple(obj):
    if is_dataclass(obj) and not isinstance(obj, type):
        return astuple(obj)
    if isinstance(obj, (list, tuple)):
        return type(obj)([_astuple(item) for item in obj])
    if isinstance(obj, dict):
        return {_astuple(k): _astuple(v) for k, v in obj.items()}
    return obj


def replace(obj, /, **changes):
    for f in fields(obj):
        if f.init and f.name not in changes:
            changes[f.name] = getattr(obj, f.name)
    return type(obj)(**changes)


def make_dataclass(cls_name, fields, *, bases=(), namespace=None, **options):
    names = {}
    body = dict(namespace or {})
    for item in fields:
        if isinstance(item, str):
            names[item] = object
        else:
            names[item[0]] = item[1]
            if len(item) == 3:
                body[item[0]] = item[2]
    cls = type(cls_name, tuple(bases), body)
    cls.__annotations__ = names
    return dataclass(cls, **options)
