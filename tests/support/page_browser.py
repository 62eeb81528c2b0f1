"""A browser for the tests of the trace page: Chromium without a window, driven by chromedriver (W3C WebDriver) with
nothing but Python's standard library. It has no network: every name fails, every request is recorded."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
import urllib.request

KEYS = {"left": "\ue012", "up": "\ue013", "right": "\ue014", "down": "\ue015", "end": "\ue010", "home": "\ue011", "escape": "\ue00c", "enter": "\ue007", "tab": "\ue004", "space": " "}


class Browser:
    def __init__(self, also=""):
        """also: an address that it may reach, "127.0.0.1"; else none."""
        self.dir = tempfile.mkdtemp(prefix="glassnet-browser.")
        env = dict(os.environ, HOME=self.dir)
        self.log = open(self.dir + "/driver.log", "w+")
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=self.log, stderr=subprocess.STDOUT, env=env)
        self.base = "http://127.0.0.1:%d" % self._port()
        args = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking",
                "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--disable-extensions",
                "--host-resolver-rules=MAP * ~NOTFOUND" + (also and ", EXCLUDE " + also), "--user-data-dir=" + self.dir + "/profile",
                "--force-device-scale-factor=1", "--hide-scrollbars", "about:blank"]
        if os.getuid() == 0:
            args.append("--no-sandbox")
        caps = {"browserName": "chrome", "goog:chromeOptions": {"args": args},
                "goog:loggingPrefs": {"performance": "ALL", "browser": "ALL"}}
        self.session = None
        got = self._call("POST", "/session", {"capabilities": {"alwaysMatch": caps}})
        self.session = "/session/" + got["sessionId"]

    def _port(self):
        for _ in range(200):
            self.log.seek(0)
            for line in self.log:
                if "started successfully on port" in line:
                    return int(line.split()[-1].rstrip("."))
            time.sleep(0.05)
        raise RuntimeError("chromedriver does not start")

    def _call(self, method, path, body=None):
        data = json.dumps(body if body is not None else {}).encode() if method == "POST" else None
        req = urllib.request.Request(self.base + path, data, {"Content-Type": "application/json"}, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(req, timeout=60) as r:
                return json.load(r)["value"]
        except urllib.error.HTTPError as e:
            raise RuntimeError(e.read().decode()[:600])

    def post(self, path, body=None):
        return self._call("POST", self.session + path, body)

    def open(self, path):
        self.post("/url", {"url": "file://" + os.path.abspath(path)})

    def go(self, url):
        self.post("/url", {"url": url})

    def js(self, code, *args):
        return self.post("/execute/sync", {"script": code, "args": list(args)})

    def later(self, code):
        """code calls done(value)"""
        return self.post("/execute/async", {"script": "const done = arguments[0];" + code, "args": []})

    def cdp(self, cmd, **params):
        return self.post("/goog/cdp/execute", {"cmd": cmd, "params": params})

    def find(self, css):
        return list(self.post("/element", {"using": "css selector", "value": css}).values())[0]

    def click(self, css):
        self.post("/element/%s/click" % self.find(css))

    def hover(self, css):
        origin = {"element-6066-11e4-a52e-4f735466cecf": self.find(css)}
        self.post("/actions", {"actions": [{"type": "pointer", "id": "m", "parameters": {"pointerType": "mouse"}, "actions": [
            {"type": "pointerMove", "duration": 0, "x": 0, "y": 0, "origin": origin}]}]})

    def key(self, *names):
        acts = []
        for n in names:
            acts += [{"type": "keyDown", "value": KEYS.get(n, n)}, {"type": "keyUp", "value": KEYS.get(n, n)}]
        self.post("/actions", {"actions": [{"type": "key", "id": "k", "actions": acts}]})

    def size(self, width, height):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def dark(self, on):
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if on else "light"}])

    def picture(self, path):
        got = self.cdp("Page.captureScreenshot", format="png")
        with open(path, "wb") as f:
            f.write(base64.b64decode(got["data"]))

    def pdf(self, path):
        got = self.cdp("Page.printToPDF", preferCSSPageSize=True, printBackground=False)
        with open(path, "wb") as f:
            f.write(base64.b64decode(got["data"]))

    def requests(self):
        """the addresses of everything that pages asked for since the last call, but what the browser's own first tab does"""
        out = []
        for entry in self.post("/se/log", {"type": "performance"}):
            m = json.loads(entry["message"])["message"]
            if m["method"] == "Network.requestWillBeSent":
                own = m["params"].get("documentURL", "").startswith("chrome:")
                out += [] if own else [m["params"]["request"]["url"]]
        return out

    def complaints(self):
        """what the console says: errors of scripts, refusals by the policy"""
        return [e["message"] for e in self.post("/se/log", {"type": "browser"})]

    def close(self):
        try:
            if self.session:
                self._call("DELETE", self.session)
        finally:
            self.driver.terminate()
            self.driver.wait()
            self.log.close()
            shutil.rmtree(self.dir, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
