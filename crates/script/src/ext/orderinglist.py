"""sqlalchemy.ext.orderinglist: a list that writes the position of each member on the member."""

from sqlalchemy.orm.mapped_collection import Adapted


def count_from_0(index, collection):
    return index


def count_from_1(index, collection):
    return index + 1


def count_from_n_factory(start):
    return lambda index, collection: index + start


def ordering_list(attr, count_from=None, ordering_func=None, reorder_on_append=False):
    if ordering_func is None:
        ordering_func = count_from_n_factory(count_from or 0)
    return Adapted(lambda members: OrderingList(attr, ordering_func, reorder_on_append, members))


class OrderingList:
    def __init__(self, ordering_attr=None, ordering_func=None, reorder_on_append=False, members=None):
        self.ordering_attr = ordering_attr
        self.ordering_func = ordering_func or count_from_0
        self.reorder_on_append = reorder_on_append
        self._members = [] if members is None else members

    def _order(self, index, member, reorder=True):
        held = getattr(member, self.ordering_attr)
        if held is not None and not reorder:
            return
        wanted = self.ordering_func(index, self)
        if held != wanted:
            setattr(member, self.ordering_attr, wanted)

    def reorder(self):
        for index, member in enumerate(self._members):
            self._order(index, member, True)

    def append(self, member):
        self._members.append(member)
        self._order(len(self._members) - 1, member, self.reorder_on_append)

    def insert(self, index, member):
        self._members.insert(index, member)
        self.reorder()

    def extend(self, members):
        for member in members:
            self.append(member)

    def remove(self, member):
        self._members.remove(member)
        self.reorder()

    def pop(self, index=-1):
        member = self._members.pop(index)
        self.reorder()
        return member

    def clear(self):
        self._members.clear()

    def __setitem__(self, index, member):
        self._members[index] = member
        self.reorder()

    def __delitem__(self, index):
        del self._members[index]
        self.reorder()

    def __getitem__(self, index):
        return self._members[index]

    def __iter__(self):
        return iter(self._members)

    def __len__(self):
        return len(self._members)

    def __contains__(self, member):
        return member in self._members

    def __repr__(self):
        return repr(self._members)

    def __eq__(self, other):
        return list(self._members) == list(other)

    def index(self, member):
        return self._members.index(member)

    def count(self, member):
        return self._members.count(member)

    def sort(self, **options):
        self._members.sort(**options)

    def reverse(self):
        self._members.reverse()
