#!/usr/bin/env python3
"""Two people use the page at once, in a real browser, with a real mouse and keyboard.

    drive.py --url http://127.0.0.1:8000 [--shots DIR]

Needs chromium on the PATH and a host that takes registrations. Ends with `N passed, N failed` and exits with 1 if any failed.
An error on the console or a violation of the Content-Security-Policy fails the run.
"""

import argparse
import json
import os
import secrets

from people import PASSWORD, SEEN, ask, beside, bubble, expect_text, open_conversation, q, run, say, scene, sees, sign_up, start, text_of


def drive(chrome, url, shots):
    mark = secrets.token_hex(3)
    ada_name, ben_name, cyd_name = f"ada_{mark}", f"ben_{mark}", f"cyd_{mark}"
    ada, ben = chrome.page(), chrome.page()
    pages = {"ada": ada, "ben": ben}

    def shoot(page, name):
        if not shots:
            return
        for width, height, phone in ((1280, 800, False), (390, 844, True)):
            for colours in ("light", "dark"):
                page.size(width, height, phone)
                page.scheme(colours, still=True)
                page.shot(os.path.join(shots, f"{name}-{width}x{height}-{colours}.png"))
        page.size(1280, 800)
        page.scheme("light")

    with scene("the page comes with a strict policy"):
        ada.open(url)
        ben.open(url)
        ada.wait("document.body.dataset.screen === 'door'")
        rules = {rule.split()[0]: rule.split()[1:] for rule in ada.policy.split(";") if rule.split()}
        assert rules.get("default-src") == ["'none'"], ada.policy
        assert rules.get("script-src") == ["'self'"], ada.policy
        assert rules.get("style-src") == ["'self'"], ada.policy
        assert rules.get("base-uri") == ["'none'"] and rules.get("form-action") == ["'none'"], ada.policy
        shoot(ada, "door")

    with scene("somebody signs up, with the keyboard alone after the first click"):
        sign_up(ada, ada_name)
        ada.wait("document.body.dataset.screen === 'app'")
        expect_text(ada, "#me-name", ada_name)
        expect_text(ada, "#conversations", "No conversations yet")
        shoot(ada, "empty")

    with scene("a name that is taken is said so"):
        ben.forgiven.append("409")
        sign_up(ben, ada_name)
        expect_text(ben, "#door-error", "taken")

    with scene("a second person signs up"):
        sign_up(ben, ben_name)
        ben.wait("document.body.dataset.screen === 'app'")
        expect_text(ben, "#me-name", ben_name)

    with scene("a conversation is started by name"):
        start(ada, [ben_name])
        expect_text(ada, "#room-title", ben_name)
        expect_text(ada, "#rows .start", ben_name)
        ada.wait("document.activeElement.id === 'composer-text'")

    with scene("it shows up at the other's by itself, with the unread counted"):
        say(ada, "Good morning!")
        sees(ada, "Good morning!")
        say(ada, "Is the kettle on?")
        sees(ada, "Is the kettle on?")
        ben.wait("document.querySelector('.badge')?.firstChild.data === '2'", 20)
        expect_text(ben, ".preview", "Is the kettle on?")
        assert ben.evaluate("document.title").startswith("(2)"), ben.evaluate("document.title")

    with scene("opening it shows the messages, a line above the unread ones, and counts them read"):
        open_conversation(ben, ada_name)
        sees(ben, "Is the kettle on?")
        ben.wait("document.querySelector('.unread')?.nextElementSibling.textContent.includes('Good morning!')")
        ben.wait("!document.querySelector('.badge')")
        ben.reload()
        sees(ben, "Good morning!")
        ben.wait("document.querySelector('.conversations a') && !document.querySelector('.badge')")

    with scene("each sees that the other is here"):
        expect_text(ada, "#room-presence", "Online")
        expect_text(ben, "#room-presence", "Online")

    with scene("typing shows, and ends with the message"):
        ben.click("#composer-text")
        ben.type("Just")
        expect_text(ada, "#typing", f"{ben_name} is typing")
        shoot(ada, "typing")
        ben.type(" boiled.")
        ben.press("Enter")
        sees(ada, "Just boiled.")
        ada.wait("document.getElementById('typing').textContent === ''", 2)

    with scene("a new message is announced to a screen reader"):
        expect_text(ada, "#announcements", f"{ben_name}: Just boiled.")

    with scene("Shift and Enter start a new line"):
        ben.click("#composer-text")
        ben.type("Milk?")
        ben.press("Enter", shift=True)
        ben.type("Sugar?")
        ben.press("Enter")
        sees(ada, "Milk?\nSugar?")

    with scene("what looks like markup is only text"):
        say(ben, "<img src=x onerror=alert(1)> <b>& co</b>")
        sees(ada, "<img src=x onerror=alert(1)> <b>& co</b>")
        assert ada.evaluate("document.querySelectorAll('#rows img, #rows b').length") == 0

    with scene("ArrowUp edits the last message, and Escape lets go"):
        say(ada, "Two sugars, pleas")
        sees(ben, "Two sugars, pleas")
        ada.press("ArrowUp")
        ada.wait("document.getElementById('composer-text').value === 'Two sugars, pleas' && !document.getElementById('editing').hidden")
        ada.press("Escape")
        ada.wait("document.getElementById('composer-text').value === '' && document.getElementById('editing').hidden")
        ada.press("ArrowUp")
        ada.wait("!document.getElementById('editing').hidden")
        ada.type("e")
        ada.press("Enter")
        for page in (ada, ben):
            sees(page, "Two sugars, please")
            assert page.evaluate(f"{bubble('Two sugars, please')}.querySelector('.bubble small') !== null")
            assert page.evaluate(f"{SEEN}.filter((text) => text.startsWith('Two sugars')).length") == 1
        ada.wait("document.getElementById('editing').hidden")

    with scene("a deletion asks first, and is seen by both"):
        say(ada, "Oops, wrong window")
        sees(ben, "Oops, wrong window")
        beside(ada, "Oops, wrong window", "Delete")
        ada.wait("document.getElementById('confirm').open")
        ada.click("#confirm-yes")
        for page in (ada, ben):
            sees(page, "Message deleted")
            page.wait(f"!{SEEN}.includes('Oops, wrong window')")

    with scene("one sees that the other has read"):
        say(ada, "Read me")
        ada.wait(f"{bubble('Read me')}?.querySelector('.seen')?.textContent === 'Read'")
        assert ada.evaluate("document.querySelectorAll('#rows .seen').length") == 1

    with scene("who stops writing is not shown to be typing"):
        ben.click("#composer-text")
        ben.type("Hm")
        expect_text(ada, "#typing", f"{ben_name} is typing")
        ben.evaluate("(() => { const box = document.getElementById('composer-text'); box.value = ''; box.dispatchEvent(new Event('input')) })()")
        ada.wait("document.getElementById('typing').textContent === ''", 2)

    with scene("a reaction is seen by both, and counted"):
        beside(ada, "Just boiled.", "React")
        ada.wait("document.activeElement.closest('#reactions')")
        shoot(ada, "react")
        ada.click("#reactions [aria-label='Heart']")
        for page, pressed in ((ada, "true"), (ben, "false")):
            page.wait(f"{bubble('Just boiled.')}.querySelector('.chip')?.textContent === '❤️1'")
            assert page.evaluate(f"{bubble('Just boiled.')}.querySelector('.chip').ariaPressed") == pressed
        assert ben.evaluate(f"{bubble('Just boiled.')}.querySelector('.chip').title") == ada_name
        ben.evaluate(f"{bubble('Just boiled.')}.querySelector('.chip').click()")
        for page in (ada, ben):
            page.wait(f"{bubble('Just boiled.')}.querySelector('.chip')?.textContent === '❤️2'")

    with scene("pressed again it is taken back"):
        ada.evaluate(f"{bubble('Just boiled.')}.querySelector('.chip').click()")
        for page in (ada, ben):
            page.wait(f"{bubble('Just boiled.')}.querySelector('.chip')?.textContent === '❤️1'")
        ben.reload()
        ben.wait(f"{bubble('Just boiled.')}?.querySelector('.chip[aria-pressed=true]')?.textContent === '❤️1'")

    with scene("an answer quotes, and the quotation leads to what it answers"):
        beside(ben, "Good morning!", "Reply")
        expect_text(ben, "#answered", f"Answering {ada_name}")
        ben.wait("document.activeElement.id === 'composer-text'")
        ben.type("And to you")
        shoot(ben, "answer")
        ben.press("Enter")
        sees(ada, "And to you")
        for page in (ada, ben):
            page.wait(f"{bubble('And to you')}.querySelector('.quote')?.textContent.includes('Good morning!')")
        assert ben.evaluate("document.getElementById('answered').hidden")
        ada.evaluate(f"{bubble('And to you')}.querySelector('.quote').click()")
        ada.wait(f"{bubble('Good morning!')}.classList.contains('found') && document.activeElement === {bubble('Good morning!')}")

    with scene("a name after an @ is made out, one's own most of all"):
        say(ben, f"@{ada_name}, @nobody: mail me@{ada_name}")
        for page, own in ((ada, True), (ben, False)):
            page.wait(f"[...document.querySelectorAll('.mention')].map((name) => name.textContent).join() === {q('@' + ada_name)}")
            assert page.evaluate("document.querySelector('.mention').classList.contains('me')") is own
        shoot(ada, "talk")

    with scene("a reload shows the history"):
        before = ben.evaluate(SEEN)
        ben.reload()
        sees(ben, "Two sugars, please")
        after = ben.evaluate(SEEN)
        assert before == after, f"{before} became {after}"

    with scene("without a network the page says so, and what is written waits"):
        ben.offline(True)
        expect_text(ben, "#connection", "offline")
        say(ben, "Written in a tunnel")
        ben.wait(f"{bubble('Written in a tunnel')}?.classList.contains('waiting')")
        for text in ("One", "Two", "Three"):
            say(ada, text)
            sees(ada, text)
        expect_text(ada, "#room-presence", "Offline", 70)
        assert ben.evaluate(f"{SEEN}.includes('One')") is False
        shoot(ben, "offline")

    with scene("back again, everything arrives exactly once and in order"):
        ben.offline(False)
        sees(ben, "Three")
        sees(ada, "Written in a tunnel")
        ben.wait("!document.querySelector('#rows .waiting')")
        for page in (ada, ben):
            page.wait(f"JSON.stringify({SEEN}.slice(-4)) === {q(json.dumps(['One', 'Two', 'Three', 'Written in a tunnel'], separators=(',', ':')))}")
            assert page.evaluate(f"{SEEN}.filter((text) => ['One', 'Two', 'Three', 'Written in a tunnel'].includes(text)).length") == 4
        expect_text(ada, "#room-presence", "Online")

    with scene("a message that the server refuses can be discarded"):
        ada.click("#composer-text")
        ada.evaluate("(() => { const box = document.getElementById('composer-text'); box.value = 'long '.repeat(200_000); box.dispatchEvent(new Event('input')) })()")
        ada.press("Enter")
        ada.wait("document.querySelector('#rows .failed')", 20)
        expect_text(ada, ".failed .foot", "too long")
        ada.evaluate("document.querySelector('.failed .link:last-of-type').dataset.discard = 1")
        ada.click("[data-discard]")
        ada.wait("!document.querySelector('#rows .failed')")
        say(ada, "Shorter, then")
        sees(ben, "Shorter, then")

    with scene("a long history comes by scrolling up, and the place is kept"):
        ada.forgiven.append("429")
        ada.evaluate("""(async () => {
            const token = sessionStorage.getItem('chat.token'), id = location.hash.slice(4);
            for (let i = 1; i <= 120;) {
                const answer = await fetch(`/api/chat/conversations/${id}/messages`, { method: 'POST',
                    headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' }, body: JSON.stringify({ content: `Line ${i}` }) });
                if (answer.status === 201) i++;
                else if (answer.status !== 429) throw new Error(`${answer.status} ${await answer.text()}`);
                else await new Promise((done) => setTimeout(done, 1000 * answer.headers.get('Retry-After'))); // as the host asks
            }
        })()""")
        sees(ben, "Line 120", 20)
        ben.wait(f"{ask('/api/chat/conversations/')}.then((conversation) => conversation.unread_count === 0)")
        ben.reload()
        sees(ben, "Line 120")
        ben.wait("document.getElementById('timeline').scrollTop === 0")
        assert not ben.evaluate(f"{SEEN}.includes('Line 1')")
        # To the top of what is held: the older page goes above, and what was looked at stays where it was.
        ben.evaluate("""(() => {
            const scroller = document.getElementById('timeline');
            window.watched = document.querySelector('#rows .message');
            scroller.scrollTop = -scroller.scrollHeight;
            window.before = watched.getBoundingClientRect().top;
        })()""")
        ben.wait("document.querySelector('#rows .message') !== watched")
        moved = ben.evaluate("Math.abs(watched.getBoundingClientRect().top - before)")
        assert moved < 2, f"moved by {moved} px"
        for _ in range(6):
            if ben.evaluate(f"{SEEN}.includes('Good morning!')"):
                break
            held = ben.evaluate(f"{SEEN}.length")
            ben.evaluate("document.getElementById('timeline').scrollTop = -1e6")
            ben.wait(f"{SEEN}.length > {held} || document.querySelector('#rows .start')")
        sees(ben, "Good morning!")
        lines = ben.evaluate(f"{SEEN}.filter((text) => text.startsWith('Line '))")
        assert lines == [f"Line {i}" for i in range(1, 121)], lines

    with scene("further up, a new message does not pull one away; a button jumps to it"):
        ben.evaluate("document.getElementById('timeline').scrollTop = -1500")
        ben.wait("!document.getElementById('latest').hidden")
        ben.evaluate("window.kept = [...document.querySelectorAll('.message')].find((row) => row.getBoundingClientRect().top > 200), window.at = kept.getBoundingClientRect().top")
        say(ada, "Are you still up there?")
        sees(ben, "Are you still up there?")
        expect_text(ben, "#latest-count", "1 new")
        assert ben.evaluate("Math.abs(kept.getBoundingClientRect().top - at)") < 2
        ben.click("#latest")
        ben.wait("document.getElementById('latest').hidden && document.getElementById('timeline').scrollTop > -50")

    with scene("the messages can be walked with the arrow keys"):
        ben.evaluate("document.querySelector('.message[tabindex=\"0\"]').focus()")
        last = ben.evaluate("document.activeElement.textContent")
        assert "Are you still up there?" in last, last
        ben.press("ArrowUp")
        assert "Line 120" in ben.evaluate("document.activeElement.textContent")
        ben.press("Escape")
        ben.wait("document.activeElement.id === 'composer-text'")

    with scene("a group of three has a name, and its messages have senders"):
        ben.evaluate(f"""fetch('/api/auth/register', {{ method: 'POST', headers: {{ 'Content-Type': 'application/json' }},
            body: JSON.stringify({{ username: {q(cyd_name)}, password: {q(PASSWORD)} }}) }})""")
        start(ada, [ben_name, cyd_name], f"Garden {mark}")
        expect_text(ada, "#room-title", f"Garden {mark}")
        say(ada, "Who waters the tomatoes?")
        sees(ada, "Who waters the tomatoes?")
        open_conversation(ben, f"Garden {mark}")
        sees(ben, "Who waters the tomatoes?")
        expect_text(ben, "#rows .name", ada_name)
        say(ben, "I do, on Sundays.")
        sees(ada, "I do, on Sundays.")
        expect_text(ada, "#room-presence", f"{ben_name} online")
        shoot(ada, "group")

    with scene("whoever has read it in a group is named, and the newest conversation is the first"):
        ada.wait(f"{bubble('Who waters the tomatoes?')}.querySelector('.seen')?.textContent === {q('Read by ' + ben_name)}")
        expect_text(ada, ".conversations li:first-child .title", f"Garden {mark}")
        ada.wait("document.querySelector('.conversations li:nth-child(2) .avatar.present')")

    with scene("the people of a conversation, and who of them is here"):
        ada.click("#room-people")
        ada.wait("document.querySelectorAll('#people-list li').length === 3")
        expect_text(ada, "#people-list", "Offline")
        ada.press("Escape")
        ada.wait("!document.getElementById('people').open")

    with scene("a draft is kept while another conversation is open"):
        ada.click("#composer-text")
        ada.type("half a thou")
        open_conversation(ada, ben_name)
        ada.wait("document.getElementById('composer-text').value === ''")
        open_conversation(ada, f"Garden {mark}")
        ada.wait("document.getElementById('composer-text').value === 'half a thou'")

    with scene("what was said is found by its words, and a result leads to it"):
        ada.fill("#search-words", "kett")
        ada.wait("document.querySelectorAll('#search-found li').length === 1 && document.getElementById('conversations').hidden")
        expect_text(ada, "#search-found .preview", "You: Is the kettle on?")
        shoot(ada, "search")
        ada.click("#search-words")
        ada.press("ArrowDown")
        ada.press("Enter")
        expect_text(ada, "#room-title", ben_name)
        ada.wait(f"{bubble('Is the kettle on?')}?.classList.contains('found')", 20)
        ada.click("#search-words")
        ada.press("Escape")
        ada.wait("document.getElementById('search-found').hidden && document.querySelectorAll('.conversations a').length > 1")
        open_conversation(ada, f"Garden {mark}")

    with scene("what is nowhere is said so"):
        ada.fill("#search-words", "zebra")
        expect_text(ada, "#search-found", "Nothing found")
        ada.press("Escape")

    with scene("on a phone the list and the conversation are two panes"):
        ben.touch()
        ben.size(390, 844, phone=True)
        ben.wait("document.getElementById('side').offsetWidth === 0 && document.getElementById('room').offsetWidth > 0")
        assert ben.evaluate("document.documentElement.scrollWidth") <= 390
        ben.click("#room-back")
        ben.wait("document.getElementById('side').offsetWidth > 0 && document.getElementById('room').offsetWidth === 0")
        shoot(ben, "list")
        ben.size(390, 844, phone=True)
        open_conversation(ben, ada_name)
        ben.evaluate("history.back()")
        ben.wait("document.getElementById('side').offsetWidth > 0")
        ben.size(1280, 800)

    with scene("a token that is no good leads back to the door"):
        ben.forgiven.append("401")
        ben.evaluate("sessionStorage.setItem('chat.token', 'not.a.token')")
        ben.reload()
        ben.wait("document.body.dataset.screen === 'door'")

    with scene("a wrong password is said so"):
        ben.fill("#door-name", ben_name)
        ben.fill("#door-password", "not the one")
        ben.press("Enter")
        expect_text(ben, "#door-error", "do not match")

    with scene("signing in stays across a new visit when asked to"):
        ben.evaluate("document.getElementById('door-password').value = ''")
        ben.click("#door-stay")
        ben.fill("#door-password", PASSWORD)
        ben.press("Enter")
        ben.wait("document.body.dataset.screen === 'app'")
        assert ben.evaluate("sessionStorage.getItem('chat.token') === null && localStorage.getItem('chat.token') !== null")
        ben.reload()
        ben.wait("document.body.dataset.screen === 'app'")

    with scene("signing out forgets the token"):
        ben.click("#sign-out")
        ben.click("#confirm-yes")
        ben.wait("document.body.dataset.screen === 'door'")
        assert ben.evaluate("sessionStorage.getItem('chat.token') === null && localStorage.getItem('chat.token') === null")

    with scene("the example at the head of chat-client.js does what it says"):
        eve = pages["eve"] = chrome.page()
        eve.forgiven.append("favicon.ico")
        eve.open(url + "healthz")
        eve.run("const { ChatClient } = await import('/chat-client.js');")
        eve.run(f"""const chat_ = new ChatClient(), name = {q("eve_" + mark)}, password = {q(PASSWORD)};
            await chat_.signUp({{ username: name, password }}); await chat_.signIn({{ username: name, password }});
            const conversationId = (await chat_.create({{ name: "Example", isGroup: true, participantIds: [] }})).id;""")
        source = eve.evaluate("fetch('/chat-client.js').then((answer) => answer.text())")
        lines = [line.removeprefix("//   ") for line in source.split("\n") if line.startswith("//   ")]
        example = "\n".join(lines[:lines.index(next(line for line in lines if line.startswith("chat.send("))) + 1])
        for written, meant in (('{ base: "https://chat.example" }', "{}"), ('"ada"', "name"), ('"correct horse"', "password")):
            assert example.count(written) == 1, example
            example = example.replace(written, meant)
        eve.run(example)
        eve.wait("chat.state === 'live' && chat.via === 'websocket'")
        conversation = eve.evaluate("conversationId")
        eve.wait_console(f"{conversation} Example 0")
        eve.wait_console(f"{conversation} eve_{mark}: Hello!")

    with scene("no error on a console, no violation of the policy"):
        found = [f"{name}: {error}" for name, page in pages.items() for error in page.unforgiven()]
        assert not found, "\n     ".join(["", *found])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="where the host listens")
    parser.add_argument("--shots", metavar="DIR", help="take pictures, large and small, light and dark")
    options = parser.parse_args()
    if options.shots:
        os.makedirs(options.shots, exist_ok=True)
    run(lambda chrome: drive(chrome, options.url.rstrip("/") + "/", options.shots))


if __name__ == "__main__":
    main()
