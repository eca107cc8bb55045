"""What a case may find wrong, and how it says so."""

import json
import re

TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


class Failed(AssertionError):
    """What was promised and did not happen."""


def parse(text):
    """JSON with the order of its fields; a field that comes twice is a failure."""
    def pairs(items):
        names = [name for name, _ in items]
        if len(names) != len(set(names)):
            raise Failed(f"a field comes twice: {names}")
        return dict(items)

    return json.loads(text, object_pairs_hook=pairs)


def equal(found, expected, what):
    if found != expected:
        raise Failed(f"{what}: expected {shown(expected)}, got {shown(found)}")


def holds(condition, what):
    if not condition:
        raise Failed(what)


def fields(found, expected, what="the fields in order"):
    equal(list(found), expected, what)


def is_timestamp(text, what="the timestamp"):
    holds(isinstance(text, str) and TIMESTAMP.fullmatch(text), f"{what} {text!r} is not RFC 3339 with six digits and Z")


def tiles(numbers, first, last, what):
    """Every number from first to last, once, in order."""
    equal(list(numbers), list(range(first, last + 1)), what)


def shown(value):
    text = repr(value)
    return text if len(text) <= 600 else text[:300] + f" … ({len(text)} characters) … " + text[-300:]
