#!/usr/bin/env python3
"""What a person meets on the page only now and then: in a real browser, with others who come by REST.

    corners.py --url http://127.0.0.1:8000 [--shots DIR]

Needs chromium and a host that takes registrations. Ends in `N passed, N failed` and exits with 1 if any failed.
"""

import argparse
import json
import os
import secrets
import urllib.request

from people import SEEN, PASSWORD, bubble, expect_text, open_conversation, q, run, say, scene, sees, sign_up, text_of


class Person:
    """Somebody with an account and no page."""

    def __init__(self, url, name):
        self._url, self.name, self._token = url, f"{name}_{secrets.token_hex(3)}", None
        who = {"username": self.name, "password": PASSWORD}
        self.id = self.ask("POST", "auth/register", who)["id"]
        self._token = self.ask("POST", "auth/login", who)["access_token"]

    def ask(self, method, path, body=None):
        headers = {"Content-Type": "application/json", **({"Authorization": f"Bearer {self._token}"} if self._token else {})}
        request = urllib.request.Request(
            f"{self._url}api/{path}", method=method, headers=headers, data=None if body is None else json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.loads(answer.read() or "null")

    def begin(self, name, *others):
        body = {"name": name, "is_group": True, "participant_ids": [each.id for each in others]}
        return self.ask("POST", "chat/conversations", body)["id"]

    def say(self, room, text, client_id=None):
        body = {"content": text, **({"client_id": client_id} if client_id else {})}
        return self.ask("POST", f"chat/conversations/{room}/messages", body)["id"]

    def unread(self, room):
        return self.ask("GET", f"chat/conversations/{room}")["unread_count"]


def sign_in(page, person):
    page.wait("!document.getElementById('door').hidden")
    if text_of(page, "#door-submit") == "Sign up":
        page.click("#door-switch")
    page.fill("#door-name", person.name)
    page.fill("#door-password", PASSWORD)
    page.press("Enter")
    page.wait("document.body.dataset.screen === 'app'")
    expect_text(page, "#me-state", "Connected")


def row(room):
    return f"document.querySelector('.conversations a[data-id=\"{room}\"]')"


def asked(path):
    """A promise of what the host says there to whoever is signed in."""
    return f"fetch('/api/chat/{path}', {{ headers: {{ Authorization: 'Bearer ' + sessionStorage.getItem('chat.token') }} }}).then((answer) => answer.json())"


def looked_at(room, then):
    """Opens a conversation, and does something the moment that it counts as read: sooner than the page tells the host."""
    return f"""(async () => {{
        {row(room)}.click();
        for (const end = performance.now() + 5000; {row(room)}.querySelector('.badge') && performance.now() < end;)
            await new Promise((again) => setTimeout(again, 5));
        {then}
    }})()"""


def play(chrome, url, shots):
    ada, ben, cyd = (Person(url, name) for name in ("ada", "ben", "cyd"))
    page, mark = chrome.page(), secrets.token_hex(2)
    garden = ben.begin(f"Garden {mark}", ada, cyd)
    kitchen = ben.begin(f"Kitchen {mark}", ada, cyd)
    page.open(url)
    sign_in(page, ada)

    def shoot(name):
        if shots:
            page.shot(os.path.join(shots, f"{name}.png"))

    with scene("messages that bear one client_id are all there, whoever sent them"):
        open_conversation(page, f"Garden {mark}")
        said = [(ada, "1"), (ben, "1"), (cyd, "1"), (ben, "start"), (cyd, "unread"), (ben, "day-0"), (ada, "start")]
        for number, (who, client_id) in enumerate(said):
            who.say(garden, f"{who.name} {number}", client_id)
        texts = [f"{who.name} {number}" for number, (who, _) in enumerate(said)]
        page.wait(f"JSON.stringify({SEEN}) === {q(json.dumps(texts, separators=(',', ':')))}")
        page.reload()
        page.wait(f"JSON.stringify({SEEN}) === {q(json.dumps(texts, separators=(',', ':')))}")
        assert page.evaluate("document.querySelectorAll('#rows .start').length") == 1

    with scene("a message of mine keeps its row from the time it is written"):
        page.evaluate("""new MutationObserver((changes) => {
            for (const { addedNodes } of changes) for (const node of addedNodes) if (node.matches('.waiting')) window.mine = node;
        }).observe(document.getElementById('rows'), { childList: true })""")
        say(page, "One row")
        page.wait(f"{bubble('One row')} && {bubble('One row')} === window.mine && !mine.matches('.waiting')")

    with scene("what was seen is read, also when it was looked at for a moment only"):
        for text in ("Salt?", "Pepper?", "Anything?"):
            ben.say(kitchen, text)
        page.wait(f"{row(kitchen)}?.querySelector('.badge')?.firstChild.data === '3'")
        page.evaluate(looked_at(kitchen, f"{row(garden)}.click();"))
        expect_text(page, "#room-title", f"Garden {mark}")
        page.wait(f"{asked(f'conversations/{kitchen}')}.then(({{ unread_count }}) => unread_count === 0)")

    with scene("what was read without a network is told when there is one again"):
        ben.say(kitchen, "Sugar?")
        page.wait(f"{row(kitchen)}?.querySelector('.badge')")
        page.evaluate("Object.defineProperty(navigator, 'onLine', { value: false, configurable: true }); dispatchEvent(new Event('offline'))")
        expect_text(page, "#connection", "offline")
        page.evaluate(looked_at(kitchen, f"{row(garden)}.click();"))  # the device says so, and requests still get through
        expect_text(page, "#room-title", f"Garden {mark}")
        assert ada.unread(kitchen) == 1, ada.unread(kitchen)
        page.evaluate("delete navigator.onLine; dispatchEvent(new Event('online'))")
        page.wait(f"{asked(f'conversations/{kitchen}')}.then(({{ unread_count }}) => unread_count === 0)")

    with scene("who answers from another device has read here too"):
        ben.say(kitchen, "Tea or coffee?")
        page.wait(f"{row(kitchen)}?.querySelector('.badge')")
        ada.say(kitchen, "Tea")
        expect_text(page, f".conversations a[data-id='{kitchen}'] .preview", "You: Tea")
        page.wait(f"!{row(kitchen)}.querySelector('.badge')", 5)
        ben.say(kitchen, "Right away")
        page.wait(f"{row(kitchen)}?.querySelector('.badge')?.firstChild.data === '1'")

    with scene("a row that changes keeps the keyboard where it was"):
        text = f"{ben.name} 1"
        message = next(each["id"] for each in ben.ask("GET", f"chat/conversations/{garden}/messages") if each["content"] == text)
        ben.ask("PUT", f"chat/messages/{message}/reactions/%F0%9F%8C%B1")
        page.wait(f"{bubble(text)}.querySelector('.chip')")
        page.evaluate(f"{bubble(text)}.querySelector('.chip').focus()")
        cyd.ask("PUT", f"chat/messages/{message}/reactions/%F0%9F%8C%B1")
        page.wait(f"{bubble(text)}.querySelector('.chip').textContent === '🌱2'")
        assert page.evaluate(f"document.activeElement === {bubble(text)}.querySelector('.chip')"), page.evaluate("document.activeElement.outerHTML")
        for who in (ben, cyd):
            who.ask("DELETE", f"chat/messages/{message}/reactions/%F0%9F%8C%B1")
        page.wait(f"!{bubble(text)}.querySelector('.chip')")
        assert page.evaluate(f"document.activeElement === {bubble(text)}")  # the button is gone: its message has it

    with scene("who is removed is told so, and goes on when let in again"):
        for meanwhile in ([], ["Without her"]):
            ben.ask("DELETE", f"chat/conversations/{garden}/members/{ada.id}")
            expect_text(page, "#connection", "not in this conversation")
            page.wait("document.getElementById('composer-text').disabled")
            for text in meanwhile:
                ben.say(garden, text)
            ben.ask("POST", f"chat/conversations/{garden}/members", {"user_id": ada.id})
            page.wait("!document.getElementById('composer-text').disabled && !document.querySelector('#connection p')")
            ben.say(garden, f"Welcome back, {len(meanwhile)}")
            sees(page, f"Welcome back, {len(meanwhile)}")
        say(page, "Glad to be")
        page.wait(f"{bubble('Glad to be')} && !document.querySelector('#rows .waiting')")
        assert page.evaluate(f"{SEEN}.includes('Without her')") is False

    with scene("where a conversation began is said, and where something came before that is not shown"):
        expect_text(page, "#rows .start", "began")
        assert "not shown" not in text_of(page, "#rows .start"), text_of(page, "#rows .start")
        attic = ben.begin(f"Attic {mark}", cyd)
        ben.say(attic, "Before she came")
        ben.ask("POST", f"chat/conversations/{attic}/members", {"user_id": ada.id})
        ben.say(attic, "Since she came")
        open_conversation(page, f"Attic {mark}")
        sees(page, "Since she came")
        expect_text(page, "#rows .start", "What was said before you came is not shown.")
        shoot("late")

    with scene("what is not kept is said not to be"):
        # The host lets go about once a minute; here its word for it is put in, so that nobody waits.
        page.call("Page.addScriptToEvaluateOnNewDocument", source="""{
            const ask = fetch;
            globalThis.fetch = async (...all) => {
                const answer = await ask(...all);
                if (!new URL(all[0]).pathname.endsWith('/api/chat/events')) return answer;
                const text = await answer.text();
                return new Response(text.replaceAll('"last_seq"', '"first_seq":4,"last_seq"'), answer);
            };
        }""")
        page.reload()
        open_conversation(page, f"Kitchen {mark}")
        expect_text(page, "#rows .start", "Earlier messages are not kept.")
        shoot("not-kept")

    with scene("a link that cannot be read leads to the list"):
        page.evaluate("location.hash = '#/c/%'")
        page.wait("document.getElementById('app').dataset.pane === 'list'")
        page.reload()
        page.wait("document.body.dataset.screen === 'app' && document.querySelector('.conversations a')")
        expect_text(page, "#me-state", "Connected")
        assert page.evaluate("document.querySelector('.toast') === null"), text_of(page, ".toast")
        page.evaluate("location.hash = '#/c/'")
        page.wait("document.getElementById('room-open').hidden && !document.getElementById('room-empty').hidden")

    with scene("no error on the console, no violation of the policy"):
        found = page.unforgiven()
        assert not found, "\n     ".join(["", *found])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the host listens")
    parser.add_argument("--shots", metavar="DIR", help="take pictures")
    options = parser.parse_args()
    if options.shots:
        os.makedirs(options.shots, exist_ok=True)
    run(lambda chrome: play(chrome, options.url.rstrip("/") + "/", options.shots))


if __name__ == "__main__":
    main()
