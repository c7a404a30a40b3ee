class auto:
    def __init__(self):
        self.value = None


class nonmember:
    def __init__(self, value):
        self.value = value


class member(nonmember):
    pass


def _is_member(name, value):
    if name.startswith("_"):
        return False
    if isinstance(value, (property, classmethod, staticmethod, nonmember)):
        return isinstance(value, member)
    if isinstance(value, auto):
        return True
    kind = type(value)
    if kind is type(_is_member) or hasattr(kind, "__get__"):
        return False
    return True


class EnumType(type):
    def __new__(mcls, name, bases, namespace, boundary=None, **keywords):
        members = {}
        rest = {}
        for key, value in namespace.items():
            if bases and _is_member(key, value):
                members[key] = value
            else:
                rest[key] = value.value if isinstance(value, nonmember) else value
        for base in bases:
            known = getattr(base, "_member_map_", None)
            if known:
                raise TypeError(f"<enum {name!r}> cannot extend {base!r}")
        cls = type.__new__(mcls, name, bases, rest, **keywords)
        cls._member_map_ = {}
        cls._value2member_map_ = {}
        cls._member_names_ = []
        cls._unhashable_values_ = []
        data_type = _data_type(bases)
        last = []
        for key, value in members.items():
            if isinstance(value, auto):
                value = cls._generate_next_value_(key, 1, len(cls._member_names_), last)
            elif isinstance(value, member):
                value = value.value
            last.append(value)
            _add_member(cls, data_type, key, value)
        return cls

    def __call__(cls, value, names=None, **keywords):
        if names is not None:
            return _functional(cls, value, names, **keywords)
        return cls.__lookup__(value)

    def __lookup__(cls, value):
        if type(value) is cls:
            return value
        try:
            if value in cls._value2member_map_:
                return cls._value2member_map_[value]
        except TypeError:
            pass
        for item in cls._member_map_.values():
            if item._value_ == value:
                return item
        result = cls._missing_(value)
        if result is not None:
            return result
        raise ValueError(f"{value!r} is not a valid {cls.__qualname__}")

    def __iter__(cls):
        return iter([cls._member_map_[name] for name in cls._member_names_])

    def __reversed__(cls):
        return iter([cls._member_map_[name] for name in cls._member_names_[::-1]])

    def __len__(cls):
        return len(cls._member_names_)

    def __bool__(cls):
        return True

    def __getitem__(cls, name):
        return cls._member_map_[name]

    def __contains__(cls, value):
        if type(value) is cls:
            return True
        if not isinstance(value, Enum):
            raise TypeError(
                "unsupported operand type(s) for 'in': '%s' and '%s'"
                % (type(value).__qualname__, cls.__class__.__qualname__))
        return False

    @property
    def __members__(cls):
        return dict(cls._member_map_)

    def __repr__(cls):
        return f"<enum {cls.__name__!r}>"


EnumMeta = EnumType


def _data_type(bases):
    for base in bases:
        for ancestor in base.__mro__:
            if ancestor in (int, str, float, bytes, tuple):
                return ancestor
    return None


def _add_member(cls, data_type, key, value):
    custom = None
    for ancestor in cls.__mro__:
        if "__new__" in ancestor.__dict__ and ancestor not in (int, str, float, bytes, tuple, object):
            custom = ancestor.__dict__["__new__"]
            break
    args = value if isinstance(value, tuple) else (value,)
    if custom is not None:
        item = cls.__new__(cls, *args)
        if not hasattr(item, "_value_"):
            item._value_ = value
    elif data_type is tuple:
        item = tuple.__new__(cls, value)
        item._value_ = value
    elif data_type is not None:
        item = data_type.__new__(cls, *args)
        item._value_ = data_type(*args)
    else:
        item = object.__new__(cls)
        item._value_ = value
    value = item._value_
    item._name_ = key
    item._sort_order_ = len(cls._member_names_)
    if "__init__" in cls.__dict__ or any(
            "__init__" in base.__dict__ for base in cls.__mro__[1:-1]
            if base.__module__ != "builtins" and base is not Enum):
        item.__init__(*args)
        value = item._value_
    for other in cls._member_map_.values():
        if other._value_ == value and type(other._value_) is type(value):
            cls._member_map_[key] = other
            setattr(cls, key, other)
            return
    cls._member_map_[key] = item
    cls._member_names_.append(key)
    try:
        cls._value2member_map_[value] = item
    except TypeError:
        cls._unhashable_values_.append(value)
    setattr(cls, key, item)


def _functional(cls, name, names, start=1, module=None, type=None, **keywords):
    if isinstance(names, str):
        names = names.replace(",", " ").split()
    body = {}
    for index, item in enumerate(names):
        if isinstance(item, str):
            body[item] = index + start
        else:
            body[item[0]] = item[1]
    if isinstance(names, dict):
        body = dict(names)
    return EnumType.__new__(EnumType, name, (cls,), body)


class Enum(metaclass=EnumType):
    @property
    def name(self):
        return self._name_

    @property
    def value(self):
        return self._value_

    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        for value in last_values[::-1]:
            try:
                return value + 1
            except TypeError:
                pass
        return start

    @classmethod
    def _missing_(cls, value):
        return None

    def __repr__(self):
        return f"<{self.__class__.__name__}.{self._name_}: {self._value_!r}>"

    def __str__(self):
        return f"{self.__class__.__name__}.{self._name_}"

    def __format__(self, specification):
        return format(str(self), specification)

    def __hash__(self):
        return hash(self._name_)

    def __eq__(self, other):
        if self is other:
            return True
        base = _data_type((type(self),))
        if base is not None:
            value = other._value_ if isinstance(other, Enum) else other
            return self._value_ == value
        return NotImplemented

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __dir__(self):
        return ["__class__", "__doc__", "__module__", "name", "value"]


class ReprEnum(Enum):
    pass


class IntEnum(int, ReprEnum):
    def __str__(self):
        return repr(self._value_)

    def __format__(self, specification):
        return format(self._value_, specification)

    def __hash__(self):
        return hash(self._value_)


class StrEnum(str, ReprEnum):
    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        return name.lower()

    def __str__(self):
        return self._value_

    def __format__(self, specification):
        return format(self._value_, specification)

    def __hash__(self):
        return hash(self._value_)


class Flag(Enum):
    @staticmethod
    def _generate_next_value_(name, start, count, last_values):
        highest = 0
        for value in last_values:
            highest = max(highest, value)
        return 1 if highest == 0 else 1 << highest.bit_length()

    @classmethod
    def _missing_(cls, value):
        if not isinstance(value, int):
            return None
        item = int.__new__(cls, value) if issubclass(cls, int) else object.__new__(cls)
        item._value_ = value
        names = [m._name_ for m in cls._member_map_.values() if m._value_ and m._value_ & value == m._value_]
        item._name_ = "|".join(names) if names else None
        cls._value2member_map_[value] = item
        return item

    def __or__(self, other):
        return self.__class__(self._value_ | getattr(other, "_value_", other))

    def __and__(self, other):
        return self.__class__(self._value_ & getattr(other, "_value_", other))

    def __xor__(self, other):
        return self.__class__(self._value_ ^ getattr(other, "_value_", other))

    def __invert__(self):
        everything = 0
        for item in self.__class__._member_map_.values():
            everything |= item._value_
        return self.__class__(everything & ~self._value_)

    def __contains__(self, other):
        return other._value_ & self._value_ == other._value_

    def __bool__(self):
        return bool(self._value_)

    def __iter__(self):
        return iter([m for m in self.__class__ if m._value_ & self._value_ == m._value_])

    def __str__(self):
        if self._name_ is None:
            return f"{self.__class__.__name__}({self._value_})"
        return f"{self.__class__.__name__}.{self._name_}"

    def __repr__(self):
        if self._name_ is None:
            return f"<{self.__class__.__name__}: {self._value_}>"
        return f"<{self.__class__.__name__}.{self._name_}: {self._value_}>"


class IntFlag(int, Flag):
    def __str__(self):
        return repr(self._value_)

    def __hash__(self):
        return hash(self._value_)


def unique(enumeration):
    aliases = [f"{name} -> {item._name_}" for name, item in enumeration._member_map_.items()
               if name != item._name_]
    if aliases:
        raise ValueError(f"duplicate values found in {enumeration!r}: {', '.join(aliases)}")
    return enumeration


verify = unique
