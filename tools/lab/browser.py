"""A browser of the rig: Debian's Chromium without a window, driven through its debugging pipe, so that no port is needed and it may live
on any machine of the rig. Clicks are real ones: what a page may do only after a tap, it may do after them."""
import json
import os
import select
import subprocess
import time

from rig import RigError

CHROMIUM = "chromium"


class Browser:
    """One page, in a process of its own with a profile of its own."""

    def __init__(self, rig, name, **where):
        self.name, self.rig = name, rig
        self.folder = os.path.join(rig.folder, f"browser-{name}")
        os.makedirs(self.folder, exist_ok=True)
        pipes = [os.path.join(self.folder, p) for p in ("in", "out")]
        for pipe in pipes:
            if os.path.exists(pipe):
                os.unlink(pipe)
            os.mkfifo(pipe)
        # Both ends at once: nobody waits for the other to open.
        self._in, self._out = (os.open(pipe, os.O_RDWR) for pipe in pipes)
        self._left, self._id, self._session = b"", 0, None
        self.said = []
        flags = ["--headless=new", "--no-sandbox", "--remote-debugging-pipe", f"--user-data-dir={self.folder}/profile", "--no-first-run",
                 "--disable-gpu", "--disable-dev-shm-usage", "--disable-extensions", "--disable-background-networking",
                 "--disable-component-update", "--disable-sync", "--no-default-browser-check", "--window-size=1000,900", "about:blank"]
        rig.start_apart(name, ["bash", "-c", 'exec 3<"$0" 4>"$1"; shift; exec "$@"', *pipes, CHROMIUM, *flags], **where)
        target = self._find_page()
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self.call(f"{domain}.enable")

    def _find_page(self):
        until = time.monotonic() + 40
        while time.monotonic() < until:
            pages = [t for t in self.call("Target.getTargets", seconds=40)["targetInfos"] if t["type"] == "page"]
            if pages:
                return pages[0]["targetId"]
            time.sleep(0.1)
        self.rig.fail("the browser opened no page", self.name)

    def call(self, method, seconds=20, **parameters):
        """Asks the browser for something and waits for the answer."""
        self._id += 1
        message = {"id": self._id, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._in, json.dumps(message).encode() + b"\0")
        until = time.monotonic() + seconds
        while True:
            answer = self._next(until)
            if answer.get("id") == self._id:
                if "error" in answer:
                    raise RigError(f"{self.name}: {method}: {answer['error']['message']}")
                return answer["result"]
            self._take(answer)

    def _next(self, until):
        while b"\0" not in self._left:
            readable, _, _ = select.select([self._out], [], [], max(0, until - time.monotonic()))
            if not readable:
                self.rig.fail(f"the browser {self.name} does not answer", self.name)
            self._left += os.read(self._out, 1 << 20)
            self.rig.check()
        line, _, self._left = self._left.partition(b"\0")
        return json.loads(line)

    def _take(self, event):
        """What a page says by itself: only what went wrong is kept."""
        what = event.get("params", {})
        if event.get("method") == "Runtime.exceptionThrown":
            details = what["exceptionDetails"]
            self.said.append(details.get("exception", {}).get("description") or details["text"])
        elif event.get("method") == "Log.entryAdded" and what["entry"]["level"] == "error":
            self.said.append(what["entry"]["text"] + " " + what["entry"].get("url", ""))

    def evaluate(self, expression):
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise RigError(f"{self.name}: {expression}: {result['exceptionDetails']}")
        return result["result"].get("value")

    def open(self, url):
        result = self.call("Page.navigate", url=url)
        if result.get("errorText"):
            raise RigError(f"{self.name}: {url}: {result['errorText']}")

    def wait(self, expression, seconds, words):
        """Waits until an expression is true."""
        until = time.monotonic() + seconds
        while not self.evaluate(expression):
            if time.monotonic() > until:
                self.rig.fail(f"{self.name}: {words}; the page said: {self.said or 'nothing'}", self.name)
            time.sleep(0.03)

    def click(self, selector):
        """Scrolls something into view and clicks into its middle."""
        place = self.evaluate(f"(() => {{ const e = document.querySelector({json.dumps(selector)}); e.scrollIntoView({{block: 'center'}}); "
                              "const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=place[0], y=place[1], button="left", clickCount=1)

    def screenshot(self, path):
        import base64
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"]))


def version():
    done = subprocess.run([CHROMIUM, "--version"], capture_output=True, text=True, check=False)
    return done.stdout.strip() or "chromium"
