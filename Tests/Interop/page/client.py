#!/usr/bin/env python3
"""What chat-client.js promises to those who build on it alone: in a browser, without the page.

    client.py --url http://127.0.0.1:8000

Where a proxy or a network has to fail, the browser's `fetch` or `WebSocket` is put in a wrapper that does. Needs chromium and a
host that takes registrations. Ends in `N passed, N failed` and exits with 1 if any failed.
"""

import argparse
import secrets

from people import PASSWORD, q, run, scene

# `heard(chat, type)` is the growing list of an event's details; `refusing(answers)` makes the next posts of a message be
# answered so, by something in front of the host; `withoutSockets()` leaves long-polling.
TOOLS = """
const { ChatClient } = await import("/chat-client.js");
const heard = (chat, type) => { const all = []; chat.addEventListener(type, ({ detail }) => all.push(detail)); return all; };
const clients = [];
const client = async (name) => {
    const chat = new ChatClient();
    clients.push(chat);
    await chat.signIn({ username: name, password });
    return chat;
};
const theirs = { fetch, WebSocket };
const plain = () => { for (const each of clients.splice(0)) each.stop(); Object.assign(globalThis, theirs); };
const refusing = (...answers) => {
    globalThis.fetch = async (url, options) => {
        const isPost = options?.method === "POST" && new URL(url).pathname.endsWith("/messages");
        const [status, headers = {}] = (isPost && answers.shift()) || [];
        return status ? new Response("<h1>Not now</h1>", { status, headers }) : theirs.fetch.call(globalThis, url, options);
    };
};
const withoutSockets = () => {
    globalThis.WebSocket = class { constructor() { setTimeout(() => this.onclose?.({ code: 1006, reason: "" })); } close() {} };
};
"""


def play(chrome, url):
    page, name = chrome.page(), f"ada_{secrets.token_hex(3)}"
    page.forgiven += ["favicon.ico", "422"]
    page.open(url + "healthz")
    page.run(f"const name = {q(name)}, password = {q(PASSWORD)};")
    page.run(TOOLS)
    page.run("""const first = new ChatClient();
        await first.signUp({ username: name, password }); await first.signIn({ username: name, password });
        const room = (await first.create({ name: "Example", isGroup: true, participantIds: [] })).id;""")

    def begins(number, *before):
        """A new client, live, in the constant of that name."""
        page.run(f"plain(); {' '.join(before)} const {number} = await client(name); const {number}Sent = heard({number}, 'sent'), "
                 f"{number}Messages = heard({number}, 'message'); {number}.start();")
        page.wait(f"{number}.state === 'live'")

    with scene("by WebSocket each message of ours is said to be sent, once"):
        begins("a")
        page.run("const aKeys = ['one', 'two', 'three'].map((text) => a.send(room, text));")
        page.wait("aSent.length === 3 && aMessages.length === 3")
        assert page.evaluate("JSON.stringify(aSent.map(({ client_id }) => client_id)) === JSON.stringify(aKeys)")
        assert page.evaluate("aSent.every(({ type, content, seq }, i) => type === 'message' && content === ['one', 'two', 'three'][i] && seq === aMessages[i].seq)")
        page.run("a.send(room, 'four');")
        page.wait("aMessages.length === 4 && a.pending(room).length === 0")
        assert page.evaluate("aSent.length") == 4

    with scene("and by polls"):
        begins("b", "withoutSockets();")
        assert page.evaluate("b.via") == "polling"
        page.run("b.send(room, 'five'); b.send(room, 'six');")
        page.wait("bSent.length === 2 && bMessages.length === 2")
        assert page.evaluate("bSent.every(({ message_id }, i) => message_id === bMessages[i].message_id)")

    with scene("a message stays in the outbox while a proxy says that the host is away"):
        begins("c", "withoutSockets();")
        page.run("const cStates = new Set(); c.addEventListener('pending', () => c.pending(room).forEach(({ state }) => cStates.add(state)));"
                 "refusing([502], [429, { 'Retry-After': 'soon' }]); c.send(room, 'seven');")
        page.wait("cSent.length === 1")
        assert page.evaluate("[...cStates].sort().join()") == "sending,waiting"

    with scene("but not for ever, when it is never anything else"):
        begins("d", "withoutSockets();")
        page.run("setTimeout_ = setTimeout; globalThis.setTimeout = (act, delay, ...all) => setTimeout_(act, delay / 50, ...all);"
                 "refusing(...Array(20).fill([503])); d.send(room, 'eight');")
        page.wait("d.pending(room)[0]?.state === 'failed'")
        page.run("globalThis.setTimeout = setTimeout_;")
        assert page.evaluate("d.pending(room)[0].error.code") == "internal"

    with scene("a refusal of the host's own is final at once"):
        begins("e", "withoutSockets();")
        page.run("e.send(room, ' ');")
        page.wait("e.pending(room)[0]?.state === 'failed'")
        assert page.evaluate("e.pending(room)[0].error.code") == "message_empty"

    with scene("who signs in again does not wait for what the last one was told to wait for"):
        begins("f", "withoutSockets();")
        page.run("refusing([429, { 'Retry-After': '3600' }]); f.send(room, 'nine');")
        page.wait("f.pending(room)[0]?.state === 'waiting'")
        page.run("f.signOut(); await f.signIn({ username: name, password }); f.start();")
        page.wait("f.state === 'live'")
        page.run("f.send(room, 'ten');")
        page.wait("fSent.length === 1", 5)

    with scene("a pong before the replay does not move the position past it"):
        page.run("""plain();
            let pings = 0;
            globalThis.WebSocket = class {
                readyState = 1;
                constructor() { globalThis.socket = this; setTimeout(() => this.says({ type: "hello", cursor: "head", limits: { frame_bytes: 9999, message_bytes: 999 } })); }
                says(frame) { this.onmessage?.({ data: JSON.stringify(frame) }); }
                send(text) {
                    if (JSON.parse(text).type !== "ping") return;
                    pings++;
                    this.says({ type: "pong", cursor: "head" });
                }
                close() {}
            };
            const g = await client(name);
            g.start({ cursor: "kept" });""")
        page.wait("g.wake(), pings > 0")
        assert page.evaluate("g.cursor") == "kept"
        page.run("""socket.says({ type: "message", conversation_id: room, seq: 2, pos: 2, cursor: "two", content: "" });""")
        assert page.evaluate("g.cursor") == "two"
        page.run("""socket.says({ type: "caught_up", cursor: "three" });""")
        page.run("""g.wake();""")
        assert page.evaluate("g.cursor") == "head"
        page.run("plain();")

    with scene("no error on the console"):
        found = page.unforgiven()
        assert not found, "\n     ".join(["", *found])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the host listens")
    options = parser.parse_args()
    run(lambda chrome: play(chrome, options.url.rstrip("/") + "/"))


if __name__ == "__main__":
    main()
