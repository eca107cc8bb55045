"""What a person sees on the page and does with it, and how a run of scenes is told: for the scripts beside this."""

import contextlib
import json
import sys
import time

from chrome import Chrome, Impatient

passed, failed = [], []
HOPELESS = 4  # failures after which the rest is not tried: each scene goes on from the one before
PASSWORD = "a long enough secret"


class Hopeless(Exception):
    pass


@contextlib.contextmanager
def scene(name):
    try:
        yield
    except (AssertionError, Impatient, RuntimeError) as problem:
        failed.append(name)
        print(f"FAIL {name}\n     {type(problem).__name__}: {problem}", flush=True)
        if len(failed) >= HOPELESS:
            raise Hopeless from None
    else:
        passed.append(name)
        print(f"ok   {name}", flush=True)


def q(text):
    return json.dumps(text)


# What a person sees

SEEN = "[...document.querySelectorAll('#rows .message .bubble > p')].map((p) => p.textContent)"


def sees(page, text, deadline=10):
    page.wait(f"{SEEN}.includes({q(text)})", deadline)


def text_of(page, selector):
    return page.evaluate(f"document.querySelector({q(selector)})?.textContent ?? null")


def expect_text(page, selector, text, deadline=10):
    page.wait(f"document.querySelector({q(selector)})?.textContent.includes({q(text)})", deadline)


def ask(path):
    """A promise of what the host says at `path` and the id of the open conversation."""
    token = "sessionStorage.getItem('chat.token')"
    return f"fetch('{path}' + location.hash.slice(4), {{ headers: {{ Authorization: 'Bearer ' + {token} }} }}).then((answer) => answer.json())"


def bubble(text):
    return f"[...document.querySelectorAll('#rows .message')].find((row) => row.querySelector('.bubble > p').textContent === {q(text)})"


# What a person does

def sign_up(page, name):
    page.wait("!document.getElementById('door').hidden")
    if text_of(page, "#door-submit") != "Sign up":
        page.click("#door-switch")
    page.evaluate("for (const id of ['door-name', 'door-password']) document.getElementById(id).value = ''")
    page.fill("#door-name", name)
    page.press("Tab")
    page.type(PASSWORD)
    page.press("Enter")


def say(page, text):
    page.click("#composer-text")
    page.type(text)
    page.press("Enter")


def open_conversation(page, title):
    row = page.wait(f"[...document.querySelectorAll('.conversations a')].find((a) => a.querySelector('.title').firstChild.data === {q(title)})?.dataset.id", 20)
    page.click(f".conversations a[data-id={q(row)}]")
    expect_text(page, "#room-title", title)
    return row


def start(page, names, title=None):
    page.click("#new-conversation")
    page.wait("document.getElementById('start').open")
    for name in names:
        page.fill("#start-name", name)
        page.wait(f"document.querySelector('#start-found [aria-selected=true]')?.textContent.includes({q(name)})")
        page.press("Enter")
    if title:
        page.fill("#start-group-name", title)
    page.click("#start-submit")
    page.wait("!document.getElementById('start').open")


def beside(page, text, label):
    """Points at a message and presses one of the buttons that show beside it."""
    page.wait(f"{bubble(text)}")
    x, y = page.evaluate(f"(() => {{ const box = {bubble(text)}.querySelector('.bubble').getBoundingClientRect(); return [box.x + 8, box.y + 8] }})()")
    page.move(x, y)
    page.evaluate(f"document.querySelectorAll('[data-pressed]').forEach((old) => delete old.dataset.pressed), {bubble(text)}.querySelector('[aria-label={label}]').dataset.pressed = 1")
    page.click("[data-pressed]")


def run(play):
    """Plays the scenes in a browser, and ends as every runner does."""
    began = time.monotonic()
    with Chrome() as chrome:
        try:
            play(chrome)
        except Hopeless:
            print("the rest was not tried")
    print(f"in {time.monotonic() - began:.1f} s")
    print(f"{len(passed)} passed, {len(failed)} failed")
    sys.exit(1 if failed else 0)
