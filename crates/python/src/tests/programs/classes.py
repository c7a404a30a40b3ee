# Classes. Every line holds in CPython, too: `python classes.py` says nothing.

class Animal:
    kind = "animal"
    def __init__(self, name):
        self.name = name
    def speak(self):
        return f"{self.name} makes a sound"
    def __repr__(self):
        return f"{type(self).__name__}({self.name!r})"

class Dog(Animal):
    kind = "dog"
    def speak(self):
        return super().speak() + ": woof"

rex = Dog("Rex")
assert repr(rex) == "Dog('Rex')" and rex.speak() == "Rex makes a sound: woof"
assert isinstance(rex, Animal) and issubclass(Dog, Animal) and not isinstance(rex, int)
assert Dog.__mro__ == (Dog, Animal, object) and Dog.__name__ == "Dog"
rex.kind = "puppy"
assert (rex.kind, Dog.kind) == ("puppy", "dog")
assert rex.__dict__ == {"name": "Rex", "kind": "puppy"}

# Multiple inheritance in C3 order.
class A:
    def who(self):
        return ["A"]
class B(A):
    def who(self):
        return ["B"] + super().who()
class C(A):
    def who(self):
        return ["C"] + super().who()
class D(B, C):
    def who(self):
        return ["D"] + super().who()
assert D().who() == ["D", "B", "C", "A"]

# Properties, class methods, static methods.
class Temperature:
    count = 0
    def __init__(self, celsius):
        self._celsius = celsius
        type(self).count += 1
    @property
    def fahrenheit(self):
        return self._celsius * 9 / 5 + 32
    @fahrenheit.setter
    def fahrenheit(self, value):
        self._celsius = (value - 32) * 5 / 9
    @classmethod
    def boiling(cls):
        return cls(100)
    @staticmethod
    def is_cold(celsius):
        return celsius < 10
t = Temperature.boiling()
assert t.fahrenheit == 212.0 and Temperature.count == 1 and Temperature.is_cold(5)
t.fahrenheit = 32
assert t._celsius == 0.0
try:
    Temperature.boiling().nothing
except AttributeError as error:
    assert str(error) == "'Temperature' object has no attribute 'nothing'"

# Operators.
class Vector:
    def __init__(self, *parts):
        self.parts = parts
    def __add__(self, other):
        return Vector(*[a + b for a, b in zip(self.parts, other.parts)])
    def __mul__(self, by):
        return Vector(*[p * by for p in self.parts])
    __rmul__ = __mul__
    def __eq__(self, other):
        return isinstance(other, Vector) and self.parts == other.parts
    def __hash__(self):
        return hash(self.parts)
    def __lt__(self, other):
        return self.parts < other.parts
    def __neg__(self):
        return self * -1
    def __len__(self):
        return len(self.parts)
    def __getitem__(self, index):
        return self.parts[index]
    def __contains__(self, part):
        return part in self.parts
    def __bool__(self):
        return any(self.parts)
    def __call__(self, index):
        return self.parts[index]
v = Vector(1, 2)
assert v + Vector(3, 4) == Vector(4, 6) and 2 * v == v * 2 == Vector(2, 4)
assert -v == Vector(-1, -2) and len(v) == 2 and v[1] == 2 and 2 in v and v(0) == 1
assert not Vector(0, 0) and {v: 1}[Vector(1, 2)] == 1 and sorted([Vector(2), Vector(1)])[0] == Vector(1)
assert list(v) == [1, 2]

# Iterators, attribute hooks, descriptors, __init_subclass__, __set_name__.
class Countdown:
    def __init__(self, start):
        self.start = start
    def __iter__(self):
        return self
    def __next__(self):
        if self.start <= 0:
            raise StopIteration
        self.start -= 1
        return self.start
assert list(Countdown(3)) == [2, 1, 0]
class Lazy:
    def __getattr__(self, name):
        return name.upper()
    def __setattr__(self, name, value):
        super().__setattr__(name, value * 2)
lazy = Lazy()
lazy.x = 4
assert (lazy.x, lazy.y) == (8, "Y")
class Typed:
    def __set_name__(self, owner, name):
        self.name = "_" + name
    def __get__(self, instance, owner):
        return self if instance is None else getattr(instance, self.name)
    def __set__(self, instance, value):
        if not isinstance(value, int):
            raise TypeError(f"{self.name[1:]} wants an int")
        setattr(instance, self.name, value)
class Point:
    x = Typed()
p = Point()
p.x = 3
assert p.x == 3 and isinstance(Point.x, Typed)
try:
    p.x = "no"
except TypeError as error:
    assert str(error) == "x wants an int"
class Registered:
    known = []
    def __init_subclass__(cls, tag=None, **kw):
        super().__init_subclass__(**kw)
        Registered.known.append((cls.__name__, tag))
class One(Registered, tag="first"):
    pass
assert Registered.known == [("One", "first")]

# Decorators with arguments, in the order Python applies them.
def tagged(tag):
    def wrap(function):
        def inner(*args):
            return (tag, function(*args))
        return inner
    return wrap
@tagged("a")
@tagged("b")
def plus(x, y):
    return x + y
assert plus(1, 2) == ("a", ("b", 3))

# Dataclasses, enums, named tuples.
from dataclasses import dataclass, field
from enum import Enum
from collections import defaultdict, namedtuple, Counter, OrderedDict

@dataclass(order=True)
class Item:
    price: float
    name: str = "item"
    tags: list = field(default_factory=list)
assert repr(Item(1.5, "x")) == "Item(price=1.5, name='x', tags=[])"
assert Item(1) == Item(1) and Item(1) < Item(2)
class Color(Enum):
    RED = 1
    GREEN = 2
assert Color.RED.name == "RED" and Color(2) is Color.GREEN and [c.value for c in Color] == [1, 2]
assert repr(Color.RED) == "<Color.RED: 1>" and Color["RED"] is Color.RED
Pair = namedtuple("Pair", "left right")
assert Pair(1, right=2) == (1, 2) and Pair(1, 2).right == 2 and repr(Pair(1, 2)) == "Pair(left=1, right=2)"
groups = defaultdict(list)
groups["a"].append(1)
assert dict(groups) == {"a": [1]}
assert Counter("abca").most_common(1) == [("a", 2)]
