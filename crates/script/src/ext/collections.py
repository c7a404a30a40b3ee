"""sqlalchemy.orm.mapped_collection: sets and dictionaries over the list that the ORM keeps."""


class InstrumentedSet:
    """A relationship as a set of objects."""

    def __init__(self, members):
        self._members = members

    def __iter__(self):
        return iter(list(self._members))

    def __len__(self):
        return len(self._members)

    def __bool__(self):
        return len(self._members) > 0

    def __contains__(self, member):
        return any(member is held for held in self._members)

    def __repr__(self):
        inner = ", ".join(repr(member) for member in self._members)
        return f"InstrumentedSet({{{inner}}})" if inner else "InstrumentedSet()"

    def __eq__(self, other):
        return set(self) == set(other)

    def __hash__(self):
        raise TypeError("unhashable type: 'InstrumentedSet'")

    def copy(self):
        return set(self)

    def add(self, member):
        if member not in self:
            self._members.append(member)

    def remove(self, member):
        if member not in self:
            raise KeyError(member)
        self._members.remove(member)

    def discard(self, member):
        if member in self:
            self._members.remove(member)

    def pop(self):
        if not self:
            raise KeyError("pop from an empty set")
        return self._members.pop()

    def clear(self):
        for member in list(self):
            self.remove(member)

    def update(self, *others):
        for other in others:
            for member in list(other):
                self.add(member)

    def difference_update(self, *others):
        for other in others:
            for member in list(other):
                self.discard(member)

    def intersection_update(self, *others):
        for member in self.difference(set(self).intersection(*others)):
            self.remove(member)

    def symmetric_difference_update(self, other):
        want = set(self).symmetric_difference(other)
        for member in list(self):
            if member not in want:
                self.remove(member)
        self.update(want)

    def __ior__(self, other):
        self.update(other)
        return self

    def __isub__(self, other):
        self.difference_update(other)
        return self

    def __iand__(self, other):
        self.intersection_update(other)
        return self

    def __ixor__(self, other):
        self.symmetric_difference_update(other)
        return self

    def union(self, *others):
        return set(self).union(*others)

    def difference(self, *others):
        return set(self).difference(*others)

    def intersection(self, *others):
        return set(self).intersection(*others)

    def symmetric_difference(self, other):
        return set(self).symmetric_difference(other)

    def issubset(self, other):
        return set(self).issubset(other)

    def issuperset(self, other):
        return set(self).issuperset(other)

    def isdisjoint(self, other):
        return set(self).isdisjoint(other)

    __or__ = union
    __sub__ = difference
    __and__ = intersection
    __xor__ = symmetric_difference
    __le__ = issubset
    __ge__ = issuperset


class KeyFuncDict:
    """A relationship as a dictionary; the key is made of each member."""

    def __init__(self, keyfunc, members=None, **_):
        self.keyfunc = keyfunc
        self._members = [] if members is None else members

    def _plain(self):
        return {self.keyfunc(member): member for member in self._members}

    def __iter__(self):
        return iter(self._plain())

    def __len__(self):
        return len(self._plain())

    def __bool__(self):
        return len(self._members) > 0

    def __contains__(self, key):
        return key in self._plain()

    def __getitem__(self, key):
        return self._plain()[key]

    def __repr__(self):
        return repr(self._plain())

    def __eq__(self, other):
        return self._plain() == (other._plain() if isinstance(other, KeyFuncDict) else other)

    def __hash__(self):
        raise TypeError("unhashable type: 'KeyFuncDict'")

    def __setitem__(self, key, member):
        held = self._plain().get(key)
        if held is not None and held is not member:
            self._members.remove(held)
        if held is not member:
            self._members.append(member)

    def __delitem__(self, key):
        self._members.remove(self[key])

    def set(self, member):
        self[self.keyfunc(member)] = member

    def remove(self, member):
        del self[self.keyfunc(member)]

    def get(self, key, default=None):
        return self._plain().get(key, default)

    def keys(self):
        return self._plain().keys()

    def values(self):
        return self._plain().values()

    def items(self):
        return self._plain().items()

    def copy(self):
        return self._plain()

    def pop(self, key, *default):
        if key not in self and default:
            return default[0]
        member = self[key]
        self._members.remove(member)
        return member

    def popitem(self):
        key = list(self)[-1]
        return key, self.pop(key)

    def setdefault(self, key, default=None):
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *given, **kwargs):
        for key, member in dict(*given, **kwargs).items():
            self[key] = member

    def clear(self):
        for key in list(self):
            del self[key]


MappedCollection = KeyFuncDict


class Adapted:
    """A collection class that is known by how it shows a list of members."""

    def __init__(self, show):
        self.show = show


def attribute_keyed_dict(attr_name, *, ignore_unpopulated_attribute=False):
    return keyfunc_mapping(lambda member: getattr(member, attr_name))


def keyfunc_mapping(keyfunc, *, ignore_unpopulated_attribute=False):
    return Adapted(lambda members: KeyFuncDict(keyfunc, members))


def column_keyed_dict(mapping_spec, *, ignore_unpopulated_attribute=False):
    columns = list(mapping_spec) if isinstance(mapping_spec, (list, tuple)) else [mapping_spec]

    def key(member):
        found = tuple(getattr(member, column.key) for column in columns)
        return found if isinstance(mapping_spec, (list, tuple)) else found[0]

    return keyfunc_mapping(key)


attribute_mapped_collection = attribute_keyed_dict
mapped_collection = keyfunc_mapping
column_mapped_collection = column_keyed_dict


def adapt(collection_class, members):
    """The members of a relationship as its collection class shows them."""
    if isinstance(collection_class, Adapted):
        return collection_class.show(members)
    if isinstance(collection_class, type):
        if issubclass(collection_class, set):
            return InstrumentedSet(members)
        if issubclass(collection_class, KeyFuncDict):
            made = collection_class()
            made._members = members
            return made
    return members
