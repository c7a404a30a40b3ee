"""sqlalchemy.ext.asyncio: engines and sessions to await. The work below is done at once."""

from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import Session, sessionmaker


class AsyncMethodRequired(InvalidRequestError):
    pass


def create_async_engine(url, **options):
    url = make_url(url)
    name = url.get_backend_name()
    if url.drivername not in ("sqlite+aiosqlite", name) and name == "sqlite":
        raise InvalidRequestError(
            f"The asyncio extension requires an async driver to be used. The loaded {url.drivername!r} is not async."
        )
    return AsyncEngine(create_engine(url.set(drivername=name), **options))


class _Managed:
    """What `await` gives and `async with` ends."""

    def __init__(self, start, finish):
        self._start = start
        self._finish = finish
        self._made = None

    def __await__(self):
        return self._begin().__await__()

    async def _begin(self):
        self._made = self._start()
        return self._made

    async def __aenter__(self):
        return await self._begin()

    async def __aexit__(self, kind, error, trace):
        return self._finish(self._made, kind, error, trace)


def _close(made, kind, error, trace):
    made.sync_connection.close()


class AsyncEngine:
    def __init__(self, sync_engine):
        self.sync_engine = sync_engine

    def connect(self):
        return _Managed(lambda: AsyncConnection(self, self.sync_engine.connect()), _close)

    def begin(self):
        def finish(connection, kind, error, trace):
            try:
                transaction = connection.sync_connection.get_transaction()
                if transaction is not None and transaction.is_active:
                    if kind is None:
                        transaction.commit()
                    else:
                        transaction.rollback()
            finally:
                connection.sync_connection.close()

        def start():
            connection = self.sync_engine.connect()
            connection.begin()
            return AsyncConnection(self, connection)

        return _Managed(start, finish)

    async def dispose(self, close=True):
        self.sync_engine.dispose()

    def execution_options(self, **options):
        return AsyncEngine(self.sync_engine.execution_options(**options))

    def __getattr__(self, name):
        return getattr(self.sync_engine, name)


class AsyncTransaction:
    def __init__(self, sync_transaction):
        self.sync_transaction = sync_transaction

    @property
    def is_active(self):
        return self.sync_transaction.is_active

    async def commit(self):
        self.sync_transaction.commit()

    async def rollback(self):
        self.sync_transaction.rollback()

    async def close(self):
        self.sync_transaction.close()


def _end(transaction, kind, error, trace):
    if transaction.is_active:
        if kind is None:
            transaction.sync_transaction.commit()
        else:
            transaction.sync_transaction.rollback()


class _Proxy:
    """Awaits what a connection or session does at once."""

    _transaction = AsyncTransaction

    def __init__(self, proxied):
        self._proxied = proxied

    def begin(self):
        return _Managed(lambda: self._transaction(self._proxied.begin()), _end)

    def begin_nested(self):
        return _Managed(lambda: self._transaction(self._proxied.begin_nested()), _end)

    async def run_sync(self, function, *args, **kwargs):
        return function(self._proxied, *args, **kwargs)

    async def execute(self, *args, **kwargs):
        return self._proxied.execute(*args, **kwargs)

    async def scalar(self, *args, **kwargs):
        return self._proxied.scalar(*args, **kwargs)

    async def scalars(self, *args, **kwargs):
        return self._proxied.scalars(*args, **kwargs)

    async def commit(self):
        self._proxied.commit()

    async def rollback(self):
        self._proxied.rollback()

    async def close(self):
        self._proxied.close()

    def in_transaction(self):
        return self._proxied.in_transaction()

    def in_nested_transaction(self):
        return self._proxied.in_nested_transaction()


class AsyncConnection(_Proxy):
    def __init__(self, engine, sync_connection):
        super().__init__(sync_connection)
        self.engine = engine
        self.sync_engine = engine.sync_engine
        self.sync_connection = sync_connection

    async def exec_driver_sql(self, *args, **kwargs):
        return self.sync_connection.exec_driver_sql(*args, **kwargs)

    def stream(self, *args, **kwargs):
        return _Managed(lambda: AsyncResult(self.sync_connection.execute(*args, **kwargs)), _close_result)

    def stream_scalars(self, *args, **kwargs):
        return _Managed(lambda: AsyncResult(self.sync_connection.scalars(*args, **kwargs)), _close_result)

    async def execution_options(self, **options):
        self.sync_connection.execution_options(**options)
        return self

    @property
    def closed(self):
        return self.sync_connection.closed


def _close_result(result, kind, error, trace):
    result._result.close()


class AsyncResult:
    """A result whose rows are awaited."""

    def __init__(self, result):
        self._result = result

    def scalars(self, *args):
        return AsyncResult(self._result.scalars(*args))

    def mappings(self):
        return AsyncResult(self._result.mappings())

    def unique(self, *args):
        return AsyncResult(self._result.unique(*args))

    def columns(self, *args):
        return AsyncResult(self._result.columns(*args))

    def yield_per(self, count):
        return AsyncResult(self._result.yield_per(count))

    def keys(self):
        return self._result.keys()

    async def all(self):
        return self._result.all()

    async def fetchall(self):
        return self._result.fetchall()

    async def fetchone(self):
        return self._result.fetchone()

    async def fetchmany(self, size=None):
        return self._result.fetchmany(size)

    async def first(self):
        return self._result.first()

    async def one(self):
        return self._result.one()

    async def one_or_none(self):
        return self._result.one_or_none()

    async def scalar(self):
        return self._result.scalar()

    async def scalar_one(self):
        return self._result.scalar_one()

    async def scalar_one_or_none(self):
        return self._result.scalar_one_or_none()

    async def close(self):
        self._result.close()

    async def partitions(self, size=None):
        for part in self._result.partitions(size):
            yield part

    def __aiter__(self):
        self._rows = iter(self._result)
        return self

    async def __anext__(self):
        for row in self._rows:
            return row
        raise StopAsyncIteration


class AsyncSessionTransaction(AsyncTransaction):
    pass


def _prebuffered(options):
    """The same options, and that a result keeps its rows for as long as it lives itself."""
    given = options.get("execution_options") or {}
    return dict(options, execution_options=dict(given, prebuffer_rows=True))


class AsyncSession(_Proxy):
    sync_session_class = Session
    _transaction = AsyncSessionTransaction

    def __init__(self, bind=None, *, sync_session_class=None, **options):
        bind = getattr(bind, "sync_engine", bind)
        self.bind = bind
        self.sync_session = (sync_session_class or self.sync_session_class)(bind=bind, **options)
        super().__init__(self.sync_session)

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, error, trace):
        self.sync_session.close()

    async def execute(self, *args, **kwargs):
        return self.sync_session.execute(*args, **_prebuffered(kwargs))

    async def scalars(self, *args, **kwargs):
        return self.sync_session.scalars(*args, **_prebuffered(kwargs))

    async def stream(self, *args, **kwargs):
        return AsyncResult(self.sync_session.execute(*args, **kwargs))

    async def stream_scalars(self, *args, **kwargs):
        return AsyncResult(self.sync_session.scalars(*args, **kwargs))

    async def get(self, *args, **kwargs):
        return self.sync_session.get(*args, **kwargs)

    async def get_one(self, *args, **kwargs):
        return self.sync_session.get_one(*args, **kwargs)

    async def merge(self, *args, **kwargs):
        return self.sync_session.merge(*args, **kwargs)

    async def refresh(self, *args, **kwargs):
        self.sync_session.refresh(*args, **kwargs)

    async def delete(self, instance):
        self.sync_session.delete(instance)

    async def flush(self, objects=None):
        self.sync_session.flush(objects)

    aclose = _Proxy.close

    async def reset(self):
        self.sync_session.reset()

    def __contains__(self, instance):
        return instance in self.sync_session

    def __iter__(self):
        return iter(self.sync_session)

    def __getattr__(self, name):
        return getattr(self.sync_session, name)


class async_sessionmaker:
    def __init__(self, bind=None, *, class_=AsyncSession, **options):
        self.kw = dict(options, bind=bind)
        self.class_ = class_

    def __class_getitem__(cls, item):
        return cls

    def __call__(self, **options):
        return self.class_(**dict(self.kw, **options))

    def begin(self):
        session = self()

        def start():
            session.sync_session.begin()
            return session

        def finish(session, kind, error, trace):
            try:
                if kind is None:
                    session.sync_session.commit()
                else:
                    session.sync_session.rollback()
            finally:
                session.sync_session.close()

        return _Managed(start, finish)

    def configure(self, **options):
        self.kw.update(options)


class _AwaitableAttributes:
    def __init__(self, instance):
        self._instance = instance

    def __getattr__(self, name):
        return _read(self._instance, name)


async def _read(instance, name):
    return getattr(instance, name)


class AsyncAttrs:
    @property
    def awaitable_attrs(self):
        return _AwaitableAttributes(self)
