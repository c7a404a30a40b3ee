"""sqlalchemy.orm.scoping: what a scoped session keeps its session in, and its query property."""


class ScopedRegistry:
    def __init__(self, scoped):
        self._scoped = scoped

    def __call__(self):
        return self._scoped()

    def has(self):
        return self._scoped._has()

    def set(self, session):
        self._scoped._set(session)

    def clear(self):
        self._scoped._set(None)


class QueryProperty:
    """`Model.query`: a query of the class it is read from."""

    def __init__(self, scoped, query_cls):
        self._scoped = scoped
        self._query_cls = query_cls

    def __get__(self, instance, owner):
        if self._query_cls is not None:
            return self._query_cls(owner, session=self._scoped())
        return self._scoped().query(owner)
