from collections import namedtuple as _namedtuple

TYPE_CHECKING = False


class TypeVar:
    def __init__(self, name, *constraints, bound=None, covariant=False, contravariant=False,
                 default=None):
        self.__name__ = name
        self.__bound__ = bound
        self.__constraints__ = constraints

    def __repr__(self):
        return f"~{self.__name__}"

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]


class ParamSpec(TypeVar):
    pass


class TypeVarTuple(TypeVar):
    pass


class Generic:
    def __class_getitem__(cls, params):
        return _alias(cls, params)


class Protocol(Generic):
    pass


class _TypedDictMeta(type):
    def __call__(cls, *args, **keywords):
        return dict(*args, **keywords)


class TypedDict(metaclass=_TypedDictMeta):
    def __init_subclass__(cls, total=True):
        cls.__total__ = total


class _NamedTupleMeta(type):
    def __new__(mcls, name, bases, namespace):
        cls = type.__new__(mcls, name, bases, namespace)
        if not bases:
            return cls
        names = list(cls.__annotations__)
        defaults = [namespace[field] for field in names if field in namespace]
        made = _namedtuple(name, names, defaults=defaults, module=namespace.get("__module__"))
        for key, value in namespace.items():
            if key not in names and key not in ("__module__", "__qualname__", "__doc__"):
                setattr(made, key, value)
        made.__annotations__ = cls.__annotations__
        return made


class _NamedTuple(metaclass=_NamedTupleMeta):
    pass


def NamedTuple(typename, fields=(), /, **keywords):
    return _namedtuple(typename, [name for name, _ in fields] or list(keywords))


NamedTuple.__mro_entries__ = lambda bases: (_NamedTuple,)


class NewType:
    def __init__(self, name, tp):
        self.__name__ = name
        self.__supertype__ = tp

    def __call__(self, value):
        return value

    def __repr__(self):
        return f"__main__.{self.__name__}"

    def __or__(self, other):
        return Union[self, other]

    def __ror__(self, other):
        return Union[other, self]


def cast(typ, val):
    return val


def overload(func):
    return func


def final(func):
    return func


def override(func):
    return func


def no_type_check(func):
    return func


def runtime_checkable(cls):
    return cls


def dataclass_transform(**options):
    return lambda cls: cls


def get_type_hints(obj, globalns=None, localns=None, include_extras=False):
    hints = {}
    if isinstance(obj, type):
        for base in reversed(obj.__mro__):
            if base is not object:
                hints.update(getattr(base, "__annotations__", {}))
        return hints
    return dict(obj.__annotations__)


def get_origin(tp):
    return getattr(tp, "__origin__", None)


def get_args(tp):
    return getattr(tp, "__args__", ())


def reveal_type(obj):
    return obj


def assert_never(arg):
    raise AssertionError(f"Expected code to be unreachable, but got: {arg!r}")


AnyStr = TypeVar("AnyStr", bytes, str)
Text = str
