#!/usr/bin/env python3
"""Two people talk while the network between one of them and the host is cut, or the host dies: in a real browser.

    cut.py --chatd .build/release/chatd [--rounds 8]

Starts the host itself, with one of the pages behind a gate that can be shut. After each scene both show what the store has: the
same, each message once, and in order. Needs chromium; ends with `N passed, N failed` and exits with 1 if any failed.
"""

import argparse
import json
import os
import pathlib
import random
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request

from chrome import Impatient
from gate import Gate, free_port
from people import SEEN, bubble, expect_text, open_conversation, q, run, say, scene, sees, sign_up, start

CALM = 60  # seconds in which everything must have arrived
ONLINE = "dispatchEvent(new Event('online'))"  # as a device says that its network is back: nobody has to wait for the next try


class Host:
    """A chatd that can be killed and started again, at one address and with one data folder."""

    def __init__(self, chatd, folder):
        self._chatd, self.data, self._log = chatd, folder / "data", folder / "log"
        self.port = free_port()
        self._process = None

    def start(self):
        with open(self._log, "a") as log:
            self._process = subprocess.Popen(
                [self._chatd, "serve", "--data", str(self.data), "--listen", f"127.0.0.1:{self.port}"],
                stdout=log, stderr=log)
        for _ in range(200):
            try:
                return urllib.request.urlopen(f"http://127.0.0.1:{self.port}/readyz", timeout=2).read()
            except OSError:
                time.sleep(0.05)
        raise RuntimeError(f"the host did not start: {self._log.read_text()[-2000:]}")

    def stop(self, by):
        if self._process:
            self._process.send_signal(by)
            self._process.wait(20)
        self._process = None


def play(chrome, host, gate, rounds):
    ada, ben = chrome.page(), chrome.page()
    names = {ada: f"ada_{secrets.token_hex(3)}", ben: f"ben_{secrets.token_hex(3)}"}
    for page, port in ((ada, host.port), (ben, gate.port)):
        # What Chromium itself says of a connection that fails. Ours is to have no exception, and to break no rule.
        page.forgiven += ["net::ERR_", "WebSocket connection to", "503", "409"]
        page.open(f"http://127.0.0.1:{port}/")
        sign_up(page, names[page])
        page.wait("document.body.dataset.screen === 'app'")
    start(ada, [names[ben]])
    open_conversation(ben, names[ada])
    said = []

    def talk(*texts):
        for page, text in texts:
            say(page, text)
            said.append(text)

    def stored():
        token = ada.evaluate("sessionStorage.getItem('chat.token')")
        room = ada.evaluate("location.hash.slice(4)")
        request = urllib.request.Request(
            f"http://127.0.0.1:{host.port}/api/chat/conversations/{room}/messages?limit=200",
            headers={"Authorization": f"Bearer {token}"})
        return [message["content"] for message in json.load(urllib.request.urlopen(request, timeout=10))]

    def agree():
        """Both show what the store has: all that was said, once, and what one said in the order of saying it."""
        for page in (ada, ben):
            page.wait(f"{q(said)}.every((text) => {SEEN}.includes(text)) && !document.querySelector('#rows .waiting, #rows .failed')", CALM)
        truth = stored()
        for page in (ada, ben):
            shown = json.dumps(truth, separators=(",", ":"), ensure_ascii=False)
            try:
                page.wait(f"JSON.stringify({SEEN}) === {q(shown)}", 5)
            except Impatient:
                raise AssertionError(f"{names[page]} sees {page.evaluate(SEEN)}, and stored is {truth}") from None
        assert sorted(truth) == sorted(said), f"stored is {truth}, and said was {said}"
        for page in (ada, ben):
            own = [text for text in truth if text.startswith(names[page][:3])]
            assert own == [text for text in said if text.startswith(names[page][:3])], own

    with scene("they talk"):
        talk((ada, "ada: hello"), (ben, "ben: hello"), (ada, "ada: how are things?"))
        agree()

    with scene("the network is cut for a while, and both go on"):
        gate.shut()
        expect_text(ben, "#connection", "Reconnecting", 20)
        talk((ben, "ben: are you there?"), (ada, "ada: yes"), (ben, "ben: I do not see you"), (ada, "ada: nor I you"))
        ben.wait(f"{bubble('ben: I do not see you')}?.classList.contains('waiting')")
        assert not ben.evaluate(f"{SEEN}.includes('ada: yes')")
        gate.open()
        agree()
        ben.wait("!document.querySelector('#connection p')")

    with scene("the browser itself says that there is no network"):
        ben.offline(True)
        expect_text(ben, "#connection", "offline")
        talk((ben, "ben: in a tunnel"), (ada, "ada: again?"), (ben, "ben: a long one"))
        ben.offline(False)
        agree()

    with scene("the network swallows everything, and says nothing of it"):
        gate.swallow()
        talk((ada, "ada: knock, knock"), (ben, "ben: who is there?"))
        expect_text(ben, "#connection", "Reconnecting", 40)
        gate.open()
        agree()

    with scene("the host is killed and comes back"):
        talk((ada, "ada: before"), (ben, "ben: just before"))
        host.stop(signal.SIGKILL)
        for page in (ada, ben):
            expect_text(page, "#connection", "Reconnecting", 20)
        talk((ada, "ada: during"), (ben, "ben: meanwhile"), (ada, "ada: still"))
        host.start()
        agree()

    with scene("the host is told to stop, and says so"):
        host.stop(signal.SIGTERM)
        talk((ada, "ada: was that a goodbye?"), (ben, "ben: see you soon"))
        host.start()
        agree()

    with scene("a data folder that is set back is shown as it is"):
        host.stop(signal.SIGTERM)
        copy = host.data.with_name("copy")
        shutil.copytree(host.data, copy)
        host.start()
        kept = list(said)
        talk((ada, "ada: this will be lost"), (ben, "ben: and this"))
        agree()
        host.stop(signal.SIGKILL)
        shutil.rmtree(host.data)
        copy.rename(host.data)
        said[:] = kept
        host.start()
        for page in (ada, ben):
            page.wait(f"!{SEEN}.includes('ada: this will be lost') && !{SEEN}.includes('ben: and this')", CALM)
        talk((ada, "ada: where were we?"), (ben, "ben: no idea"))
        agree()

    with scene("again and again, in the middle of it all"):
        for number in range(rounds):
            talk((ada, f"ada: line {number}"), (ben, f"ben: line {number}"))
            time.sleep(random.uniform(0, 0.1))
            gate.shut()
            talk((ben, f"ben: cut {number}"), (ada, f"ada: cut {number}"))
            if number % 4 == 3:
                host.stop(signal.SIGKILL)
                host.start()
            gate.open()
            ben.evaluate(ONLINE)
            talk((ben, f"ben: open {number}"))
            time.sleep(random.uniform(0, 0.3))
        agree()

    with scene("where no WebSocket gets through, requests do"):
        gate.open(sockets=False)
        gate.drop()
        talk((ben, "ben: by request"), (ada, "ada: by socket"))
        agree()
        expect_text(ben, "#me-state", "Connected", 20)
        talk((ada, "ada: and another"))
        sees(ben, "ada: and another")
        assert ben.evaluate("document.getElementById('room-presence').textContent") == ""  # polls bring no presence

    with scene("and when it does again, it is taken"):
        gate.open()
        ben.evaluate(ONLINE)
        assert gate.upgraded.wait(20), "no WebSocket was asked for"
        talk((ben, "ben: by socket again"), (ada, "ada: welcome back"))
        agree()

    with scene("no exception, no violation of the policy"):
        found = [f"{names[page]}: {error}" for page in (ada, ben) for error in page.unforgiven()]
        assert not found, "\n     ".join(["", *found])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chatd", default=".build/release/chatd")
    parser.add_argument("--rounds", type=int, default=8, help="how often the network is cut in the scene that does it again and again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="chat-cut-", dir=os.environ.get("CHAT_SCRATCH")) as folder:
        host = Host(options.chatd, pathlib.Path(folder))
        host.start()
        gate = Gate(host.port)
        try:
            run(lambda chrome: play(chrome, host, gate, options.rounds))
        finally:
            gate.close()
            host.stop(signal.SIGKILL)


if __name__ == "__main__":
    main()
