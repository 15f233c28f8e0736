"""Ways to damage a file."""

from collections.abc import Callable
from random import Random

Mutation = Callable[[bytearray, bytes, Random], bytearray]
_INTERESTING = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff", b"\x80\0\0\0", b"\0\0\xff\xff", b"\x01\0\0\0")


def mutated(data: bytes, other: bytes, random: Random) -> bytes:
    """Return *data* damaged in one to four ways, some with pieces of *other*."""
    damaged = bytearray(data)
    for _ in range(random.randint(1, 4)):
        damaged = random.choice(_MUTATIONS)(damaged, other, random)
    return bytes(damaged)


def _flip(data: bytearray, _other: bytes, random: Random) -> bytearray:
    for _ in range(random.choice((1, 3, 20))):
        if data:
            data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    return data


def _flip_near_the_start(data: bytearray, _other: bytes, random: Random) -> bytearray:
    at = random.randrange(min(len(data), 200) or 1)
    data[at : at + 1] = random.randbytes(1)
    return data


def _set_number(data: bytearray, _other: bytes, random: Random) -> bytearray:
    at = random.randrange(len(data) or 1)
    number = random.choice(_INTERESTING)[: random.choice((1, 2, 4))]
    data[at : at + len(number)] = number
    return data


def _cut(data: bytearray, _other: bytes, random: Random) -> bytearray:
    return data[: random.randrange(len(data) or 1)]


def _remove(data: bytearray, _other: bytes, random: Random) -> bytearray:
    at = random.randrange(len(data) or 1)
    del data[at : at + random.choice((1, 4, 100, 2000))]
    return data


def _repeat(data: bytearray, _other: bytes, random: Random) -> bytearray:
    at, length = random.randrange(len(data) or 1), random.choice((1, 12, 300))
    data[at:at] = data[at : at + length] * random.choice((1, 2, 50))
    return data


def _splice(data: bytearray, other: bytes, random: Random) -> bytearray:
    at, start, length = random.randrange(len(data) or 1), random.randrange(len(other)), random.choice((8, 100, 3000))
    data[at : at + length] = other[start : start + length]
    return data


def _overwrite(data: bytearray, _other: bytes, random: Random) -> bytearray:
    at, length = random.randrange(len(data) or 1), random.choice((16, 500))
    data[at : at + length] = random.choice((bytes(length), random.randbytes(length)))
    return data


_MUTATIONS: tuple[Mutation, ...] = (
    _flip, _flip_near_the_start, _set_number, _cut, _remove, _repeat, _splice, _overwrite,
)  # fmt: skip
