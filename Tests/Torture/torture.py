"""Hostile clients against a running chatd. See README.md; `run` makes what this needs."""

import argparse
import asyncio
import importlib
import os
import sys
import tempfile

here = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [here, os.path.join(here, os.pardir, "Interop")]

from rig import runner  # noqa: E402

# In this order: by the layers of a connection. `leaks` looks through what all the others were told.
MODULES = (
    "timeouts", "request_lines", "hosts", "methods", "fields", "smuggling", "chunks", "limits", "pipelining", "peers",
    "paths", "upgrades", "frames", "closing", "texts", "json_frames", "floods", "churn", "tokens", "leaks",
)


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--chatd", required=True, help="the server's binary")
    arguments.add_argument("--scratch", help="where its data goes")
    arguments.add_argument("--only", default="", help="a regular expression on module and title")
    arguments.add_argument("--list", action="store_true")
    options = arguments.parse_args()

    for module in MODULES:
        importlib.import_module(f"cases.{module}")
    if options.list:
        for title, _, _, module in runner.CASES:
            print(f"{module}: {title}")
        return 0

    with tempfile.TemporaryDirectory(prefix="torture-", dir=options.scratch) as scratch:
        passed, failed = asyncio.run(runner.run_all(os.path.abspath(options.chatd), scratch, options.only))
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
