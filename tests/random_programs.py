"""Write random session programs as cases of the literate suite; tests/record.py then records them.

    python tests/random_programs.py         rewrites tests/suite/random/*.md without their expectations

The programs follow from the seeds in this file alone.
"""

import random
from pathlib import Path

FOLDER = Path(__file__).resolve().parent / "suite" / "random"
PROGRAMS = 12
STEPS = 24

HEAD = '''from sqlalchemy import Column, ForeignKey, Integer, String, Table, create_engine, inspect
from sqlalchemy.orm import Session, backref, declarative_base, relationship

Base = declarative_base()

'''
TAIL = '''
engine = create_engine('sqlite://')
Base.metadata.create_all(engine)
session = Session(engine)


def step(number, action):
    try:
        result = action()
        if result is not None:
            print(number, result)
    except Exception as error:
        print(number, type(error).__name__, str(error).splitlines()[0].split(' (_')[0])
        if not session.is_active:
            session.rollback()


def state(thing):
    info = inspect(thing)
    words = ('transient', 'pending', 'persistent', 'deleted', 'detached')
    return next(word for word in words if getattr(info, word))


'''
REPR = '''
    def __repr__(self):
        return self.__dict__.get('name', '?')
'''


class Model:
    """A mapping: its text, its variables by class, and its relationships."""

    def __init__(self, text, things, many, one):
        self.text = text
        self.things = things  # class -> variables
        self.many = many  # (class, collection, class of its members)
        self.one = one  # (class, reference, class it refers to)


def one_to_many(rng):
    cascade = rng.choice(["", ", cascade='all'", ", cascade='all, delete-orphan'"])
    null = rng.choice(["", "", ", nullable=False"])
    text = f'''
class Author(Base):
    __tablename__ = 'author'
    id = Column(Integer, primary_key=True)
    name = Column(String)
    books = relationship('Book', back_populates='author'{cascade})
{REPR}

class Book(Base):
    __tablename__ = 'book'
    id = Column(Integer, primary_key=True)
    name = Column(String{rng.choice(["", ", unique=True"])})
    author_id = Column(Integer, ForeignKey('author.id'){null})
    author = relationship('Author', back_populates='books')
{REPR}
'''
    things = {"Author": ["a1", "a2", "a3"], "Book": ["b1", "b2", "b3", "b4"]}
    return Model(text, things, [("Author", "books", "Book")], [("Book", "author", "Author")])


def many_to_many(rng):
    text = f'''
pair = Table(
    'pair',
    Base.metadata,
    Column('post_id', ForeignKey('post.id'), primary_key=True),
    Column('tag_id', ForeignKey('tag.id'), primary_key=True),
)


class Post(Base):
    __tablename__ = 'post'
    id = Column(Integer, primary_key=True)
    name = Column(String)
    tags = relationship('Tag', secondary=pair, back_populates='posts'{rng.choice(["", ", cascade='all'"])})
{REPR}

class Tag(Base):
    __tablename__ = 'tag'
    id = Column(Integer, primary_key=True)
    name = Column(String)
    posts = relationship('Post', secondary=pair, back_populates='tags')
{REPR}
'''
    things = {"Post": ["p1", "p2", "p3"], "Tag": ["t1", "t2", "t3"]}
    return Model(text, things, [("Post", "tags", "Tag"), ("Tag", "posts", "Post")], [])


def tree(rng):
    cascade = rng.choice(["", ", cascade='all'", ", cascade='all, delete-orphan', single_parent=True"])
    text = f'''
class Node(Base):
    __tablename__ = 'node'
    id = Column(Integer, primary_key=True)
    name = Column(String)
    parent_id = Column(Integer, ForeignKey('node.id'))
    children = relationship('Node', backref=backref('parent', remote_side=[id]){cascade})
{REPR}
'''
    things = {"Node": ["n1", "n2", "n3", "n4", "n5"]}
    return Model(text, things, [("Node", "children", "Node")], [("Node", "parent", "Node")])


def chain(rng):
    first = rng.choice(["", ", cascade='all'", ", cascade='all, delete-orphan'"])
    second = rng.choice(["", ", cascade='all'", ", cascade='all, delete-orphan'"])
    text = f'''
class Shop(Base):
    __tablename__ = 'shop'
    id = Column(Integer, primary_key=True)
    name = Column(String)
    orders = relationship('Order', back_populates='shop'{first})
{REPR}

class Order(Base):
    __tablename__ = 'order'
    id = Column(Integer, primary_key=True)
    name = Column(String)
    shop_id = Column(Integer, ForeignKey('shop.id'))
    shop = relationship('Shop', back_populates='orders')
    lines = relationship('Line', back_populates='order'{second})
{REPR}

class Line(Base):
    __tablename__ = 'line'
    id = Column(Integer, primary_key=True)
    name = Column(String, nullable=False)
    order_id = Column(Integer, ForeignKey('order.id'))
    order = relationship('Order', back_populates='lines')
{REPR}
'''
    things = {"Shop": ["s1", "s2"], "Order": ["o1", "o2", "o3"], "Line": ["l1", "l2", "l3"]}
    many = [("Shop", "orders", "Order"), ("Order", "lines", "Line")]
    return Model(text, things, many, [("Order", "shop", "Shop"), ("Line", "order", "Order")])


def action(rng, model, number):
    """The text of one random thing to do."""
    kind = rng.choices(
        ["many", "one", "name", "add", "delete", "flush", "commit", "rollback", "query", "expire", "expunge", "look"],
        [26, 14, 10, 12, 9, 8, 8, 3, 6, 3, 1, 6],
    )[0]
    cls = rng.choice(list(model.things))
    thing = rng.choice(model.things[cls])
    if kind == "one" and not model.one:
        kind = "many"
    if kind == "many":
        cls, name, member_cls = rng.choice(model.many)
        owner = rng.choice(model.things[cls])
        members = [m for m in model.things[member_cls] if m != owner]
        member = rng.choice(members)
        way = rng.choice(["append", "append", "append", "remove", "assign", "len"])
        if way == "assign":
            some = sorted(rng.sample(members, rng.randint(0, 2)))
            return f"setattr({owner}, '{name}', [{', '.join(some)}])"
        if way == "len":
            return f"len({owner}.{name})"
        return f"{owner}.{name}.{way}({member})"
    if kind == "one":
        cls, name, target_cls = rng.choice(model.one)
        owner = rng.choice(model.things[cls])
        target = rng.choice([t for t in model.things[target_cls] if t != owner] + ["None"])
        return f"setattr({owner}, '{name}', {target})"
    if kind == "name":
        return f"setattr({thing}, 'name', '{thing}-{number}')"
    if kind in ("flush", "commit", "rollback"):
        return f"session.{kind}()"
    if kind == "query":
        return f"session.query({cls}).order_by({cls}.id).all()"
    if kind == "look":
        return f"state({thing})"
    return f"session.{kind}({thing})"


def program(model, rng):
    lines = [HEAD + model.text + TAIL.rstrip("\n"), "", ""]
    for cls, names in model.things.items():
        lines += [f"{name} = {cls}(name='{name}')" for name in names]
    first = [name for names in model.things.values() for name in names]
    lines.append(f"session.add_all([{', '.join(sorted(rng.sample(first, rng.randint(1, len(first)))))}])")
    for number in range(1, STEPS + 1):
        lines.append(f"step({number}, lambda: {action(rng, model, number)})")
    lines.append(f"step({STEPS + 1}, lambda: session.commit())")
    return "\n".join(lines) + "\n"


def main():
    FOLDER.mkdir(exist_ok=True)
    makers = [one_to_many, many_to_many, tree, chain]
    for maker in makers:
        title = maker.__name__.replace("_", " ")
        text = f"level: later\n\n# Random programs: {title}\n\nMade by tests/random_programs.py; nobody wrote these.\n"
        for seed in range(1, PROGRAMS + 1):
            rng = random.Random(f"{maker.__name__} {seed}")
            text += f"\n## Program {seed}\n\n```python\n{program(maker(rng), rng)}```\n"
        (FOLDER / f"{maker.__name__}.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
