"""Other people's clients against a running chatd. See README.md; `run` makes what this needs."""

import argparse
import asyncio
import importlib
import os
import pkgutil
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import cases  # noqa: E402
from support import runner  # noqa: E402


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--chatd", required=True, help="the server's binary")
    arguments.add_argument("--scratch", help="where its data goes")
    arguments.add_argument("--only", default="", help="a regular expression on module and title")
    arguments.add_argument("--lines", type=int, default=12, help="how much of a failed case's exchange is printed")
    arguments.add_argument("--list", action="store_true")
    options = arguments.parse_args()

    for module in pkgutil.iter_modules(cases.__path__):
        importlib.import_module(f"cases.{module.name}")
    if options.list:
        for title, _, function in runner.CASES:
            print(f"{function.__module__.rpartition('.')[2]}: {title}")
        return 0

    with tempfile.TemporaryDirectory(prefix="interop-", dir=options.scratch) as scratch:
        house = runner.House(os.path.abspath(options.chatd), scratch, "sqlite")
        house.shown = options.lines
        passed, failed = asyncio.run(runner.run_all(house, options.only))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
