class CancelledError(BaseException):
    pass


TimeoutError = TimeoutError


class Task:
    def __init__(self, coro):
        self._coro = coro
        self._done = False
        self._result = None
        self._error = None

    def _run(self):
        if self._done:
            return
        self._done = True
        try:
            self._result = _drive(self._coro)
        except Exception as error:
            self._error = error

    def __await__(self):
        if not self._done:
            self._done = True
            try:
                self._result = yield from _steps(self._coro)
            except Exception as error:
                self._error = error
        return self.result()

    def result(self):
        if self._error is not None:
            raise self._error
        return self._result

    def done(self):
        return self._done

    def cancel(self, msg=None):
        return False


def _steps(coro):
    value = None
    while True:
        try:
            step = coro.send(value)
        except StopIteration as stop:
            return stop.value
        value = yield step


def _drive(coro):
    while True:
        try:
            coro.send(None)
        except StopIteration as stop:
            return stop.value


def run(main, *, debug=None):
    if not hasattr(main, "send"):
        raise ValueError(f"a coroutine was expected, got {main!r}")
    return _drive(main)


async def sleep(delay, result=None):
    return result


async def gather(*awaitables, return_exceptions=False):
    results = []
    for awaitable in awaitables:
        if return_exceptions:
            try:
                results.append(await awaitable)
            except Exception as error:
                results.append(error)
        else:
            results.append(await awaitable)
    return results


async def wait_for(awaitable, timeout):
    return await awaitable


def create_task(coro, *, name=None):
    return Task(coro)


ensure_future = create_task


async def to_thread(function, /, *args, **keywords):
    return function(*args, **keywords)


def iscoroutine(obj):
    return type(obj).__name__ == "coroutine"


class _Loop:
    def run_until_complete(self, coro):
        return _drive(coro)

    def close(self):
        pass


def get_event_loop():
    return _Loop()


new_event_loop = get_running_loop = get_event_loop


def set_event_loop(loop):
    pass


class Lock:
    async def __aenter__(self):
        return None

    async def __aexit__(self, *exc_info):
        return None


class TaskGroup:
    def __init__(self):
        self._tasks = []

    def create_task(self, coro, *, name=None):
        task = Task(coro)
        self._tasks.append(task)
        return task

    async def __aenter__(self):
        return self

    async def __aexit__(self, kind, value, traceback):
        if kind is None:
            for task in self._tasks:
                await task
        return False
