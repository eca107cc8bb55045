#!/usr/bin/env python3
"""Runs the JavaScript example of our user's document, `seed_example.js` beside this, in a browser against a host.

    seed_example.py [--url http://localhost:8000]

The file is the document's text, letter for letter. It is run as it stands, in the page that the host serves, with three things
supplied: `token`, the ids of two users for "user-1" and "user-2", and patience: its last statement sends before the socket can
be open, which every browser refuses, so that statement alone is held until `open`. (With another `--url` the address is put in too.)
Passes when the console prints `<username>: Hello everyone!`.
"""

import argparse
import json
import pathlib
import secrets
import sys
import urllib.request

from chrome import Chrome, Impatient

WRITTEN_FOR = "localhost:8000"


def call(url, body, token=None):
    headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    request = urllib.request.Request(url, method="POST" if body else "GET", headers=headers, data=json.dumps(body).encode() if body else None)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def newcomer(url, name):
    who = {"username": f"{name}_{secrets.token_hex(3)}", "password": secrets.token_urlsafe(16)}
    call(f"{url}/api/auth/register", who)
    token = call(f"{url}/api/auth/login", who)["access_token"]
    return call(f"{url}/api/auth/me", None, token)["id"], who["username"], token


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default=f"http://{WRITTEN_FOR}")
    url = parser.parse_args().url.rstrip("/")

    _, name, token = newcomer(url, "seed")
    code = pathlib.Path(__file__).with_name("seed_example.js").read_text()
    for place in ("user-1", "user-2"):
        assert code.count(f'"{place}"') == 1
        code = code.replace(f'"{place}"', json.dumps(newcomer(url, place.replace("-", "_"))[0]))
    code = code.replace(WRITTEN_FOR, url.split("://")[1])
    before, sends, statement = code.partition("ws.send(")
    assert before and statement

    with Chrome() as chrome:
        page = chrome.page()
        page.open(url + "/")
        try:
            page.run(f"const token = {json.dumps(token)};")
            page.run(before)
            page.wait("ws.readyState === WebSocket.OPEN")
            page.run(sends + statement)
            page.wait_console(f"{name}: Hello everyone!")
        except (Impatient, RuntimeError) as problem:
            print(f"FAIL {problem}")
            for line in [*(text for _, text in page.console), *page.errors]:
                print(f"     console: {line}")
            sys.exit(1)
        print(f"ok   the console says {name}: Hello everyone!")


if __name__ == "__main__":
    main()
