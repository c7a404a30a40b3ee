from random import Random

_source = Random()


def token_hex(nbytes=32):
    return f"{_source.getrandbits(nbytes * 8):0{nbytes * 2}x}"


def randbelow(n):
    return _source._randbelow(n)


def choice(seq):
    return _source.choice(seq)


def randbits(k):
    return _source.getrandbits(k)
