"""A headless Chromium by the DevTools protocol over its debugging pipe: the standard library is all it takes.

    with Chrome() as chrome:
        page = chrome.page()                       # each page is a browser context of its own: cookies, storage, all
        page.open("http://127.0.0.1:8000/")
        page.wait("document.querySelector('h1')")  # until the expression is truthy, or `Impatient` after a deadline
"""

import fcntl
import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time

DEADLINE = 10.0  # seconds that any one thing may take

KEYS = {
    "Enter": {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"},
    "Tab": {"key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9},
    "Escape": {"key": "Escape", "code": "Escape", "windowsVirtualKeyCode": 27},
    "ArrowUp": {"key": "ArrowUp", "code": "ArrowUp", "windowsVirtualKeyCode": 38},
    "ArrowDown": {"key": "ArrowDown", "code": "ArrowDown", "windowsVirtualKeyCode": 40},
}

# Looks every 20 ms, in the page, until the expression (or what it promises) is truthy. An error means not yet.
WAIT = """(async () => {
    for (const end = performance.now() + %d; performance.now() < end; await new Promise((again) => setTimeout(again, 20))) {
        const value = await (async () => (%s))().catch(() => null);
        if (value) return typeof value === "object" && !Array.isArray(value) ? true : value;
    }
})()"""


class Impatient(Exception):
    """Something did not happen in time."""


class Gone(Exception):
    """The page went elsewhere while we asked it."""


class Chrome:
    def __init__(self):
        binary = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
        if not binary:
            raise SystemExit("no chromium on the PATH")
        self._profile = tempfile.mkdtemp(prefix="chat-page-")
        to_chrome, self._write = os.pipe()
        self._read, from_chrome = os.pipe()
        # Chromium reads 3 and writes 4: lift ours out of the way first, so that neither is overwritten.
        high = [fcntl.fcntl(end, fcntl.F_DUPFD, 20) for end in (to_chrome, from_chrome)]
        os.close(to_chrome)
        os.close(from_chrome)

        def place():
            os.dup2(high[0], 3)
            os.dup2(high[1], 4)

        arguments = [
            binary, "--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._profile}", "--no-first-run",
            "--disable-gpu", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
            "--hide-scrollbars", "--force-color-profile=srgb", "--disable-dev-shm-usage", "--lang=en-GB",
            # Headless, there is no mouse to be found: say that there is one, or `@media (hover: hover)` never holds.
            "--blink-settings=primaryHoverType=2,availableHoverTypes=2,primaryPointerType=4,availablePointerTypes=4",
            *(["--no-sandbox"] if os.geteuid() == 0 else []), "about:blank",
        ]
        self._process = subprocess.Popen(
            arguments, pass_fds=(3, 4), preexec_fn=place, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for end in high:
            os.close(end)
        self._buffer = b""
        self._next = 0
        self._answers = {}
        self._pages = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self._process.pid, signal.SIGKILL)  # the group we made, nobody else's
        self._process.wait()
        shutil.rmtree(self._profile, ignore_errors=True)

    def page(self, width=1280, height=800):
        context = self.call("Target.createBrowserContext")["browserContextId"]
        target = self.call("Target.createTarget", url="about:blank", browserContextId=context, width=width, height=height)["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        page.prepare(width, height)
        return page

    def call(self, method, session=None, **parameters):
        self._next += 1
        number = self._next
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        end = time.monotonic() + DEADLINE * 3
        while number not in self._answers:
            self.pump(end, f"an answer to {method}")
        answer = self._answers.pop(number)
        if "error" in answer:
            text = answer["error"]["message"]
            raise (Gone if "context" in text or "navigated" in text else RuntimeError)(f"{method}: {text}")
        return answer["result"]

    def pump(self, end, what):
        """Takes in whatever Chromium says next."""
        ready, _, _ = select.select([self._read], [], [], max(0, end - time.monotonic()))
        if not ready:
            raise Impatient(f"waited too long for {what}")
        piece = os.read(self._read, 1 << 20)
        if not piece:
            raise Impatient("Chromium is gone")
        *whole, self._buffer = (self._buffer + piece).split(b"\0")
        for text in whole:
            message = json.loads(text)
            if "id" in message:
                self._answers[message["id"]] = message
            elif page := self._pages.get(message.get("sessionId")):
                page.heard(message["method"], message["params"])


class Page:
    def __init__(self, chrome, session):
        self._chrome = chrome
        self._session = session
        self.console = []  # (level, text)
        self.errors = []  # what fails a run
        self.forgiven = []  # pieces of text: an error that holds one is expected
        self.policy = None  # the Content-Security-Policy of the document

    def call(self, method, **parameters):
        return self._chrome.call(method, self._session, **parameters)

    def prepare(self, width, height):
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setFocusEmulationEnabled", enabled=True)  # two windows in use at once
        self.call("Page.addScriptToEvaluateOnNewDocument", source=(
            "document.addEventListener('securitypolicyviolation', (event) =>"
            " console.error('CSP violation:', event.violatedDirective, event.blockedURI, event.sample))"))
        self.size(width, height)

    def heard(self, event, detail):
        if event == "Runtime.consoleAPICalled":
            text = " ".join(str(each.get("value", each.get("description", ""))) for each in detail["args"])
            self.console.append((detail["type"], text))
            if detail["type"] in ("error", "assert"):
                self.errors.append(f"console.{detail['type']}: {text}")
        elif event == "Runtime.exceptionThrown":
            thrown = detail["exceptionDetails"]
            self.errors.append(f"exception: {thrown['text']} {thrown.get('exception', {}).get('description', '')}")
        elif event == "Log.entryAdded" and detail["entry"]["level"] == "error":
            self.errors.append(f"{detail['entry']['source']}: {detail['entry']['text']} {detail['entry'].get('url', '')}")
        elif event == "Network.responseReceived" and detail["type"] == "Document":
            headers = {name.lower(): value for name, value in detail["response"]["headers"].items()}
            self.policy = headers.get("content-security-policy", "")

    def unforgiven(self):
        return [error for error in self.errors if not any(piece in error for piece in self.forgiven)]

    # Looking

    def evaluate(self, expression):
        return self._evaluate(expression, returnByValue=True).get("value")

    def _evaluate(self, expression, **how):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, **how)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            raise RuntimeError(thrown.get("exception", {}).get("description", thrown["text"]))
        return answer["result"]

    def run(self, code):
        """As typed into the console: `await` is allowed, and a `const` is there for the next."""
        self._evaluate(code, replMode=True)

    def wait_console(self, text, deadline=DEADLINE):
        end = time.monotonic() + deadline
        while not any(line == text for _, line in self.console):
            self._chrome.pump(end, f"{text!r} on the console")

    def wait(self, expression, deadline=DEADLINE):
        end = time.monotonic() + deadline
        while (left := end - time.monotonic()) > 0:
            try:
                if value := self.evaluate(WAIT % (min(left, DEADLINE) * 1000, expression)):
                    return value
            except Gone:  # a navigation took the page away: ask the next one
                continue
        raise Impatient(f"never true: {expression}")

    def shot(self, path):
        import base64
        # Two frames, so that what was last changed is painted.
        self.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))

    # Doing

    def open(self, url):
        self.call("Page.navigate", url=url)
        self.wait(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    def reload(self):
        self.evaluate("window.isBeforeReload = true")
        self.call("Page.reload")
        self.wait("!window.isBeforeReload && document.readyState === 'complete'")

    def size(self, width, height, phone=False):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)

    def touch(self):
        """From here on a screen to touch and no mouse. There is no way back: Chromium forgets the mouse we told it of."""
        self.call("Emulation.setTouchEmulationEnabled", enabled=True)

    def scheme(self, name, still=False):
        features = [{"name": "prefers-color-scheme", "value": name}]
        if still:
            features.append({"name": "prefers-reduced-motion", "value": "reduce"})
        self.call("Emulation.setEmulatedMedia", features=features)

    def offline(self, is_offline):
        self.call("Network.emulateNetworkConditions", offline=is_offline, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    def click(self, selector):
        """With the mouse, in the middle of it, once it is there, at rest and not covered."""
        place = self.wait(f"""(() => {{
            const node = document.querySelector({json.dumps(selector)});
            if (!node || node.disabled) return null;
            const box = node.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
            const at = document.elementFromPoint(x, y);
            return box.width > 0 && at && (node.contains(at) || at.contains(node)) ? [x, y] : null;
        }})()""")
        self.move(*place)
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def move(self, x, y):
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def type(self, text):
        self.call("Input.insertText", text=text)

    def fill(self, selector, text):
        self.click(selector)
        self.type(text)

    def press(self, name, shift=False):
        key = dict(KEYS[name], modifiers=8 if shift else 0)
        self.call("Input.dispatchKeyEvent", type="keyDown", **key)
        self.call("Input.dispatchKeyEvent", type="keyUp", **{**key, "text": ""})
