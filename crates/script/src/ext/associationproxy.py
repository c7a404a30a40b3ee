"""sqlalchemy.ext.associationproxy: attributes of related objects, as if they were one's own."""

import operator

_LIST = "list"
_SET = "set"
_DICT = "dict"


class AssociationProxyExtensionType:
    ASSOCIATION_PROXY = "ASSOCIATION_PROXY"


def association_proxy(target_collection, attr, *, creator=None, **_):
    return AssociationProxy(target_collection, attr, creator=creator)


class AssociationProxy:
    is_attribute = True
    extension_type = AssociationProxyExtensionType.ASSOCIATION_PROXY

    def __init__(self, target_collection, attr, *, creator=None, **_):
        self.target_collection = target_collection
        self.value_attr = attr
        self.creator = creator
        self.key = None

    def __set_name__(self, owner, name):
        self.key = name

    def __get__(self, instance, owner=None):
        if owner is None:
            owner = type(instance)
        proxy = AssociationProxyInstance(self, owner)
        return proxy if instance is None else proxy.get(instance)

    def __set__(self, instance, values):
        AssociationProxyInstance(self, type(instance)).set(instance, values)

    def __delete__(self, instance):
        AssociationProxyInstance(self, type(instance)).delete(instance)

    def for_class(self, class_, obj=None):
        return AssociationProxyInstance(self, class_)


class AssociationProxyInstance:
    """A proxy on one class: the SQL side of it."""

    def __init__(self, parent, owner):
        self.parent = parent
        self.owning_class = owner
        self.target_collection = parent.target_collection
        self.value_attr = parent.value_attr
        self.key = parent.key

    @property
    def local_attr(self):
        return getattr(self.owning_class, self.target_collection)

    @property
    def target_class(self):
        return self.local_attr.property.mapper.class_

    @property
    def remote_attr(self):
        return getattr(self.target_class, self.value_attr)

    @property
    def attr(self):
        return (self.local_attr, self.remote_attr)

    @property
    def scalar(self):
        return not self.local_attr.property.uselist

    @property
    def _target_is_object(self):
        return hasattr(getattr(self.remote_attr, "property", None), "mapper")

    def _make(self, *given):
        creator = self.parent.creator or self.target_class
        return creator(*given)

    # Instances

    def get(self, instance):
        target = getattr(instance, self.target_collection)
        if self.scalar:
            return None if target is None else getattr(target, self.value_attr)
        kind = {_LIST: _AssociationList, _SET: _AssociationSet, _DICT: _AssociationDict}[_kind(target)]
        return kind(self, instance)

    def set(self, instance, values):
        if self.scalar:
            target = getattr(instance, self.target_collection)
            if target is None:
                if values is not None:
                    setattr(instance, self.target_collection, self._make(values))
            else:
                setattr(target, self.value_attr, values)
            return
        proxy = self.get(instance)
        if proxy is not values:
            proxy._replace(values)

    def delete(self, instance):
        if self.scalar:
            target = getattr(instance, self.target_collection)
            delattr(target, self.value_attr)
        delattr(instance, self.target_collection)

    # Expressions

    def _exists(self, criterion=None, **kwargs):
        local = self.local_attr
        exists = local.has if self.scalar else local.any
        return exists(**kwargs) if criterion is None else exists(criterion, **kwargs)

    def any(self, criterion=None, **kwargs):
        if self._target_is_object:
            remote = self.remote_attr
            inner = remote.any if remote.property.uselist else remote.has
            return self._exists(inner(criterion, **kwargs) if criterion is not None else inner(**kwargs))
        return self._exists(criterion, **kwargs)

    def has(self, criterion=None, **kwargs):
        return self.any(criterion, **kwargs)

    def contains(self, other, **kwargs):
        if self._target_is_object:
            remote = self.remote_attr
            if remote.property.uselist:
                return self._exists(remote.contains(other))
            return self._exists(remote == other)
        return self._exists(self.remote_attr.contains(other, **kwargs))

    def _compare(self, op, other):
        return self._exists(op(self.remote_attr, other))

    def __eq__(self, other):
        if other is None and not self._target_is_object:
            return self._compare(operator.eq, None) | ~self._exists()
        return self._compare(operator.eq, other)

    def __ne__(self, other):
        return self._compare(operator.ne, other)

    def __lt__(self, other):
        return self._compare(operator.lt, other)

    def __le__(self, other):
        return self._compare(operator.le, other)

    def __gt__(self, other):
        return self._compare(operator.gt, other)

    def __ge__(self, other):
        return self._compare(operator.ge, other)

    def __hash__(self):
        return id(self)

    def __getattr__(self, name):
        method = getattr(self.remote_attr, name)

        def compare(*args, **kwargs):
            return self._exists(method(*args, **kwargs))

        return compare

    def __repr__(self):
        return f"AssociationProxyInstance({self.parent!r})"


def _kind(collection):
    if hasattr(collection, "keys"):
        return _DICT
    if hasattr(collection, "discard"):
        return _SET
    return _LIST


class _Association:
    def __init__(self, proxy, instance):
        self._proxy = proxy
        self._instance = instance

    @property
    def col(self):
        return getattr(self._instance, self._proxy.target_collection)

    def _get(self, member):
        return getattr(member, self._proxy.value_attr)

    def __len__(self):
        return len(self.col)

    def __bool__(self):
        return bool(self.col)

    def __repr__(self):
        return repr(self._plain())

    def __eq__(self, other):
        return self._plain() == other

    def __ne__(self, other):
        return self._plain() != other

    def __hash__(self):
        raise TypeError(f"{type(self).__name__} objects are unhashable")

    def copy(self):
        return self._plain()


class _AssociationList(_Association):
    def _plain(self):
        return [self._get(member) for member in self.col]

    def __iter__(self):
        return iter(self._plain())

    def __contains__(self, value):
        return value in self._plain()

    def __getitem__(self, index):
        return self._plain()[index]

    def __setitem__(self, index, value):
        setattr(self.col[index], self._proxy.value_attr, value)

    def __delitem__(self, index):
        del self.col[index]

    def __add__(self, other):
        return self._plain() + list(other)

    def __iadd__(self, other):
        self.extend(other)
        return self

    def append(self, value):
        self.col.append(self._proxy._make(value))

    def insert(self, index, value):
        self.col.insert(index, self._proxy._make(value))

    def extend(self, values):
        for value in values:
            self.append(value)

    def count(self, value):
        return self._plain().count(value)

    def index(self, value):
        return self._plain().index(value)

    def pop(self, index=-1):
        return self._get(self.col.pop(index))

    def remove(self, value):
        for index, held in enumerate(self._plain()):
            if held == value:
                del self.col[index]
                return
        raise ValueError("value not in list")

    def sort(self, **kwargs):
        raise NotImplementedError("sort")

    def reverse(self):
        raise NotImplementedError("reverse")

    def clear(self):
        while len(self.col):
            self.col.pop()

    def _replace(self, values):
        self.clear()
        self.extend(values)


class _AssociationSet(_Association):
    def _plain(self):
        return {self._get(member) for member in self.col}

    def __iter__(self):
        return iter([self._get(member) for member in self.col])

    def __contains__(self, value):
        return value in self._plain()

    def add(self, value):
        if value not in self:
            self.col.add(self._proxy._make(value))

    def discard(self, value):
        for member in list(self.col):
            if self._get(member) == value:
                self.col.discard(member)
                break

    def remove(self, value):
        for member in list(self.col):
            if self._get(member) == value:
                self.col.discard(member)
                return
        raise KeyError(value)

    def pop(self):
        return self._get(self.col.pop())

    def update(self, *others):
        for other in others:
            for value in other:
                self.add(value)

    def __ior__(self, other):
        self.update(other)
        return self

    def union(self, other):
        return self._plain().union(other)

    __or__ = union

    def difference(self, other):
        return self._plain().difference(other)

    __sub__ = difference

    def intersection(self, other):
        return self._plain().intersection(other)

    __and__ = intersection

    def clear(self):
        for member in list(self.col):
            self.col.discard(member)

    def _replace(self, values):
        wanted = set(values)
        existing = self._plain()
        for value in values:
            if value not in existing:
                self.add(value)
        for value in existing:
            if value not in wanted:
                self.remove(value)


class _AssociationDict(_Association):
    def _plain(self):
        return {key: self._get(self.col[key]) for key in self.col}

    def __iter__(self):
        return iter(self.col)

    def __contains__(self, key):
        return key in self.col

    def __getitem__(self, key):
        return self._get(self.col[key])

    def __setitem__(self, key, value):
        if key in self.col:
            setattr(self.col[key], self._proxy.value_attr, value)
        else:
            self.col[key] = self._proxy._make(key, value)

    def __delitem__(self, key):
        del self.col[key]

    def keys(self):
        return self.col.keys()

    def values(self):
        return [self._get(member) for member in self.col.values()]

    def items(self):
        return [(key, self._get(self.col[key])) for key in self.col]

    def get(self, key, default=None):
        return self[key] if key in self.col else default

    def setdefault(self, key, default=None):
        if key not in self.col:
            self[key] = default
        return self[key]

    def pop(self, key, *default):
        if key not in self.col and default:
            return default[0]
        return self._get(self.col.pop(key))

    def update(self, *given, **kwargs):
        for key, value in dict(*given, **kwargs).items():
            self[key] = value

    def clear(self):
        for key in list(self.col):
            del self.col[key]

    def _replace(self, values):
        for key in list(self.col):
            if key not in values:
                del self.col[key]
        for key, value in values.items():
            self[key] = value
