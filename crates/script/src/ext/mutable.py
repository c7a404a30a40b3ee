"""sqlalchemy.ext.mutable: values that tell their objects when they change inside."""

from sqlalchemy import event
from sqlalchemy.orm import Mapper
from sqlalchemy.orm.attributes import flag_modified, set_committed_value
from sqlalchemy.types import to_instance


class MutableBase:
    @property
    def _parents(self):
        """The states of the objects that hold this value, and the attribute of each."""
        own = self.__dict__
        if "_parents" not in own:
            own["_parents"] = {}
        return own["_parents"]

    @classmethod
    def coerce(cls, key, value):
        if value is None:
            return None
        raise ValueError(f"Attribute '{key}' does not accept objects of type {type(value)}")

    @classmethod
    def _get_listen_keys(cls, attribute):
        return {attribute.key}

    @classmethod
    def _listen_on_attribute(cls, attribute, coerce, parent_cls):
        key = attribute.key
        keys = cls._get_listen_keys(attribute)

        def load(state, *_):
            value = state.dict.get(key)
            if value is None:
                return
            if coerce:
                value = cls.coerce(key, value)
                set_committed_value(state.obj(), key, value)
            value._parents[state] = key

        def load_attributes(state, context, attributes):
            if not attributes or keys.intersection(attributes):
                load(state)

        def replace(state, value, old, initiator):
            if value is old:
                return value
            if not isinstance(value, cls):
                value = cls.coerce(key, value)
            if value is not None:
                value._parents[state] = key
            if isinstance(old, cls):
                old._parents.pop(state, None)
            return value

        event.listen(parent_cls, "load", load, raw=True, propagate=True)
        event.listen(parent_cls, "refresh", load_attributes, raw=True, propagate=True)
        event.listen(parent_cls, "refresh_flush", load_attributes, raw=True, propagate=True)
        event.listen(attribute, "set", replace, raw=True, retval=True, propagate=True)


class Mutable(MutableBase):
    def changed(self):
        for state, key in list(self._parents.items()):
            parent = state.obj()
            if parent is not None:
                flag_modified(parent, key)

    @classmethod
    def associate_with_attribute(cls, attribute):
        cls._listen_on_attribute(attribute, True, attribute.class_)

    @classmethod
    def _associate(cls, fits):
        """Follows each mapped column that fits, once for a class and those below it."""
        followed = []

        def listen(mapper, class_):
            for prop in mapper.column_attrs:
                column = prop.columns[0] if prop.columns else None
                if column is None or any(column is known for known in followed):
                    continue
                if fits(column.type):
                    followed.append(column)
                    cls.associate_with_attribute(getattr(class_, prop.key))

        event.listen(Mapper, "mapper_configured", listen)

    @classmethod
    def associate_with(cls, sqltype):
        cls._associate(lambda given: isinstance(given, sqltype))

    @classmethod
    def as_mutable(cls, sqltype):
        sqltype = to_instance(sqltype)
        cls._associate(lambda given: given is sqltype)
        return sqltype


def _coerced(cls, plain, key, value):
    if isinstance(value, cls):
        return value
    if isinstance(value, plain):
        return cls(value)
    return Mutable.coerce(key, value)


class MutableDict(Mutable, dict):
    @classmethod
    def coerce(cls, key, value):
        return _coerced(cls, dict, key, value)

    def __setitem__(self, key, value):
        dict.__setitem__(self, key, value)
        self.changed()

    def __delitem__(self, key):
        dict.__delitem__(self, key)
        self.changed()

    def __ior__(self, other):
        self.update(other)
        return self

    def setdefault(self, *args):
        result = dict.setdefault(self, *args)
        self.changed()
        return result

    def update(self, *args, **kwargs):
        dict.update(self, *args, **kwargs)
        self.changed()

    def pop(self, *args):
        result = dict.pop(self, *args)
        self.changed()
        return result

    def popitem(self):
        result = dict.popitem(self)
        self.changed()
        return result

    def clear(self):
        dict.clear(self)
        self.changed()


class MutableList(Mutable, list):
    @classmethod
    def coerce(cls, key, value):
        return _coerced(cls, list, key, value)

    def __setitem__(self, index, value):
        list.__setitem__(self, index, value)
        self.changed()

    def __delitem__(self, index):
        list.__delitem__(self, index)
        self.changed()

    def __iadd__(self, other):
        self.extend(other)
        return self

    def __imul__(self, times):
        self[:] = list(self) * times
        return self

    def append(self, item):
        list.append(self, item)
        self.changed()

    def extend(self, items):
        list.extend(self, items)
        self.changed()

    def insert(self, index, item):
        list.insert(self, index, item)
        self.changed()

    def remove(self, item):
        list.remove(self, item)
        self.changed()

    def pop(self, *args):
        result = list.pop(self, *args)
        self.changed()
        return result

    def clear(self):
        list.clear(self)
        self.changed()

    def sort(self, **kwargs):
        list.sort(self, **kwargs)
        self.changed()

    def reverse(self):
        list.reverse(self)
        self.changed()


class MutableSet(Mutable, set):
    @classmethod
    def coerce(cls, key, value):
        return _coerced(cls, set, key, value)

    def __ior__(self, other):
        self.update(other)
        return self

    def __iand__(self, other):
        self.intersection_update(other)
        return self

    def __ixor__(self, other):
        self.symmetric_difference_update(other)
        return self

    def __isub__(self, other):
        self.difference_update(other)
        return self

    def add(self, item):
        set.add(self, item)
        self.changed()

    def remove(self, item):
        set.remove(self, item)
        self.changed()

    def discard(self, item):
        set.discard(self, item)
        self.changed()

    def pop(self):
        result = set.pop(self)
        self.changed()
        return result

    def clear(self):
        set.clear(self)
        self.changed()

    def update(self, *others):
        set.update(self, *others)
        self.changed()

    def intersection_update(self, *others):
        set.intersection_update(self, *others)
        self.changed()

    def difference_update(self, *others):
        set.difference_update(self, *others)
        self.changed()

    def symmetric_difference_update(self, other):
        set.symmetric_difference_update(self, other)
        self.changed()
