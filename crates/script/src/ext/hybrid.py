"""sqlalchemy.ext.hybrid: one definition, a value on instances and an expression on classes."""

import functools

from sqlalchemy.sql.elements import ColumnElement


class HybridExtensionType:
    HYBRID_METHOD = "HYBRID_METHOD"
    HYBRID_PROPERTY = "HYBRID_PROPERTY"


class hybrid_method:
    is_attribute = True
    extension_type = HybridExtensionType.HYBRID_METHOD

    def __init__(self, func, expr=None):
        self.func = func
        self.expr = func if expr is None else expr

    @property
    def inplace(self):
        return self

    def __get__(self, instance, owner=None):
        if instance is None:
            return functools.partial(self.expr, owner)
        return functools.partial(self.func, instance)

    def expression(self, expr):
        self.expr = expr
        return self


class _InPlace:
    """Decorators that change a hybrid instead of copying it."""

    def __init__(self, hybrid):
        self._hybrid = hybrid

    def _set(self, **changes):
        for name, value in changes.items():
            setattr(self._hybrid, name, value)
        return self._hybrid

    def getter(self, fget):
        return self._set(fget=fget)

    def setter(self, fset):
        return self._set(fset=fset)

    def deleter(self, fdel):
        return self._set(fdel=fdel)

    def expression(self, expr):
        return self._set(expr=expr)

    def comparator(self, comparator):
        return self._set(custom_comparator=comparator)

    def update_expression(self, meth):
        return self._set(update_expr=meth)


class hybrid_property:
    is_attribute = True
    extension_type = HybridExtensionType.HYBRID_PROPERTY

    def __init__(self, fget, fset=None, fdel=None, expr=None, custom_comparator=None, update_expr=None):
        self.fget = fget
        self.fset = fset
        self.fdel = fdel
        self.expr = expr
        self.custom_comparator = custom_comparator
        self.update_expr = update_expr
        self.__name__ = fget.__name__
        self.__doc__ = fget.__doc__

    def __get__(self, instance, owner=None):
        if instance is not None:
            return self.fget(instance)
        if owner is None:
            return self
        if self.custom_comparator is not None:
            return self.custom_comparator(owner)
        given = (self.fget if self.expr is None else _function(self.expr))(owner)
        if type(given) is not ColumnElement and isinstance(given, ColumnElement):
            return given.label(self.__name__)
        return given

    def __set__(self, instance, value):
        if self.fset is None:
            raise AttributeError("can't set attribute")
        self.fset(instance, value)

    def __delete__(self, instance):
        if self.fdel is None:
            raise AttributeError("can't delete attribute")
        self.fdel(instance)

    def _copy(self, **changes):
        known = {
            "fget": self.fget,
            "fset": self.fset,
            "fdel": self.fdel,
            "expr": self.expr,
            "custom_comparator": self.custom_comparator,
            "update_expr": self.update_expr,
        }
        known.update(changes)
        return hybrid_property(**known)

    @property
    def inplace(self):
        return _InPlace(self)

    @property
    def overrides(self):
        return self

    def getter(self, fget):
        return self._copy(fget=fget)

    def setter(self, fset):
        return self._copy(fset=fset)

    def deleter(self, fdel):
        return self._copy(fdel=fdel)

    def expression(self, expr):
        return self._copy(expr=expr)

    def comparator(self, comparator):
        return self._copy(custom_comparator=comparator)

    def update_expression(self, meth):
        return self._copy(update_expr=meth)


def _function(given):
    """What `@classmethod` wraps, where that stands below `@hybrid.expression`."""
    return getattr(given, "__func__", given)


class Comparator:
    """Base of custom comparators: operators fall back to those of the expression."""

    def __init__(self, expression):
        self.expression = expression

    def __clause_element__(self):
        expression = self.expression
        if isinstance(expression, Comparator):
            return expression.__clause_element__()
        return expression

    def operate(self, op, *other, **kwargs):
        return op(self.__clause_element__(), *other, **kwargs)

    def __eq__(self, other):
        return self.__clause_element__() == other

    def __ne__(self, other):
        return self.__clause_element__() != other

    def __lt__(self, other):
        return self.__clause_element__() < other

    def __le__(self, other):
        return self.__clause_element__() <= other

    def __gt__(self, other):
        return self.__clause_element__() > other

    def __ge__(self, other):
        return self.__clause_element__() >= other

    def __hash__(self):
        return id(self)

    def __getattr__(self, name):
        return getattr(self.__clause_element__(), name)
