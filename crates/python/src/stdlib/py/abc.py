def abstractmethod(function):
    function.__isabstractmethod__ = True
    return function


class ABCMeta(type):
    def register(cls, subclass):
        return subclass


class ABC(metaclass=ABCMeta):
    pass


abstractproperty = property
