CRITICAL = FATAL = 50
ERROR = 40
WARNING = WARN = 30
INFO = 20
DEBUG = 10
NOTSET = 0

_names = {50: "CRITICAL", 40: "ERROR", 30: "WARNING", 20: "INFO", 10: "DEBUG", 0: "NOTSET"}
_loggers = {}
_hook = []


def on_level(callback):
    """For the host: called with a logger's name and level whenever a level is set."""
    _hook.append(callback)


def getLevelName(level):
    if isinstance(level, str):
        for number, name in _names.items():
            if name == level:
                return number
    return _names.get(level, f"Level {level}")


def _number(level):
    if isinstance(level, str):
        number = getLevelName(level)
        if not isinstance(number, int):
            raise ValueError(f"Unknown level: {level!r}")
        return number
    return level


class Handler:
    def __init__(self, level=NOTSET):
        self.level = level
        self.formatter = None

    def setLevel(self, level):
        self.level = _number(level)

    def setFormatter(self, formatter):
        self.formatter = formatter


class StreamHandler(Handler):
    def __init__(self, stream=None):
        super().__init__()
        self.stream = stream


class FileHandler(StreamHandler):
    pass


class NullHandler(Handler):
    pass


class Formatter:
    def __init__(self, fmt=None, datefmt=None, style="%"):
        self._fmt = fmt


class Filter:
    def __init__(self, name=""):
        self.name = name


class Logger:
    def __init__(self, name, level=NOTSET):
        self.name = name
        self.level = level
        self.handlers = []
        self.propagate = True
        self.disabled = False

    def setLevel(self, level):
        self.level = _number(level)
        for callback in _hook:
            callback(self.name, self.level)

    def getEffectiveLevel(self):
        if self.level:
            return self.level
        name = self.name
        while "." in name:
            name = name.rpartition(".")[0]
            if name in _loggers and _loggers[name].level:
                return _loggers[name].level
        return root.level

    def isEnabledFor(self, level):
        return level >= self.getEffectiveLevel()

    def addHandler(self, handler):
        self.handlers.append(handler)

    def removeHandler(self, handler):
        if handler in self.handlers:
            self.handlers.remove(handler)

    def hasHandlers(self):
        return bool(self.handlers)

    def getChild(self, suffix):
        return getLogger(f"{self.name}.{suffix}")

    def log(self, level, msg, *args, **kwargs):
        pass

    def debug(self, msg, *args, **kwargs):
        self.log(DEBUG, msg, *args)

    def info(self, msg, *args, **kwargs):
        self.log(INFO, msg, *args)

    def warning(self, msg, *args, **kwargs):
        self.log(WARNING, msg, *args)

    warn = warning

    def error(self, msg, *args, **kwargs):
        self.log(ERROR, msg, *args)

    def exception(self, msg, *args, **kwargs):
        self.log(ERROR, msg, *args)

    def critical(self, msg, *args, **kwargs):
        self.log(CRITICAL, msg, *args)

    def __repr__(self):
        return f"<Logger {self.name} ({_names.get(self.getEffectiveLevel(), '?')})>"


root = Logger("root", WARNING)


def getLogger(name=None):
    if not name or name == "root":
        return root
    if name not in _loggers:
        _loggers[name] = Logger(name)
    return _loggers[name]


def basicConfig(**options):
    if "level" in options:
        root.setLevel(options["level"])


def debug(msg, *args, **kwargs):
    root.debug(msg, *args)


def info(msg, *args, **kwargs):
    root.info(msg, *args)


def warning(msg, *args, **kwargs):
    root.warning(msg, *args)


def error(msg, *args, **kwargs):
    root.error(msg, *args)


def exception(msg, *args, **kwargs):
    root.exception(msg, *args)


def critical(msg, *args, **kwargs):
    root.critical(msg, *args)


def disable(level=CRITICAL):
    pass


def captureWarnings(capture):
    pass
