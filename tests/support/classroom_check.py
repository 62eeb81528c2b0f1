"""Uses the classroom as a person would, and as nobody should be able to. Arguments: build/bin, the lab, a folder for pictures."""
import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from page_browser import Browser

BIN, LAB, PICTURES = sys.argv[1:4]


def run(*args):
    return subprocess.run([BIN + "/glasslab", *args], capture_output=True, text=True, timeout=30)


def ask(url, method="GET", **headers):
    """status, text"""
    req = urllib.request.Request(url, method=method, headers={k.replace("_", "-"): v for k, v in headers.items()})
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(req, timeout=10) as r:
            return r.status, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def until(what, question, seconds=15):
    end = time.time() + seconds
    while time.time() < end:
        got = question()
        if got:
            return got
        time.sleep(0.05)
    raise SystemExit("waited in vain: " + what)


def expect(what, is_so, seen=""):
    if not is_so:
        raise SystemExit("%s: no %s" % (what, seen))
    print("ok", what)


def strangers(url):
    at = urllib.parse.urlsplit(url)
    root = "http://%s/" % at.netloc
    token = at.path.strip("/")
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    for what, address, headers in [
            ("without the key", root, {}), ("with another key", root + wrong + "/", {}),
            ("with half a key", root + token[:32] + "/", {}),
            ("under a name that somebody points here", url, {"Host": "evil.example"}),
            ("at another port's name", url, {"Host": "127.0.0.1:1"}),
            ("from another site's page", url, {"Origin": "http://evil.example"}),
            ("from a page without an origin", url, {"Origin": "null"})]:
        expect("refused " + what, ask(address, **headers)[0] == 403)
        expect("no scene " + what, ask(address + "scene/lookup", "POST", **headers)[0] == 403)
    expect("let in with the key", ask(url)[0] == 200)
    expect("let in as localhost", ask(url, Host="localhost:%d" % at.port)[0] == 200)
    expect("no such page", ask(url + "../../etc/passwd")[0] in (403, 404))
    expect("no such host", "error" in json.loads(ask(url + "host/-h")[1]))
    expect("no such scene", ask(url + "scene/none", "POST")[0] == 404)
    expect("no such cell", ask(url + "matrix/-x", "POST")[0] == 404 and ask(url + "matrix/..%2f..", "POST")[0] == 404)
    expect("no such packet", ask(url + "packet/99999999")[0] == 404)
    expect("no such method", ask(url, "DELETE")[0] == 405)


def text(b, css):
    return b.js("const e = document.querySelector(arguments[0]); return e ? e.textContent : ''", css)


def press(b, label):
    b.js("""const e = [...document.querySelectorAll('[aria-label]')].find(e => e.getAttribute('aria-label').startsWith(arguments[0]));
        e.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter'}))""", label)


def live_tables(b):
    """The tables of a host change on the page by themselves."""
    hosts = json.loads(run("facts", "--lab", LAB).stdout)["hosts"]
    bank, www = [[a for h in hosts if h["name"] == name for i in h["interfaces"] for a in i["addresses"]][0].split("/")[0]
                 for name in ("bank", "mse-www")]
    run("exec", "--lab", LAB, "laptop", "--", "sh", "-c", "curl -s -o /dev/null --max-time 5 http://%s/" % bank)
    press(b, "home-router:")
    until("the router's NAT table is shown", lambda: "to %s:80" % bank in text(b, "#detail"))
    expect("and what it makes of it", "outside it is 203.0.113.10:" in text(b, "#detail"))
    expect("and how to ask for that", "glasslab exec home-router -- natview table" in text(b, "#detail"))
    run("exec", "--lab", LAB, "laptop", "--", "sh", "-c", "curl -s -o /dev/null --max-time 5 http://%s/" % www)
    until("a new conversation comes by itself", lambda: "to %s:80" % www in text(b, "#detail"))
    press(b, "resolver:")
    until("the resolver is shown", lambda: "resolver" in text(b, "#detail h2") and "Addresses" in text(b, "#detail"))
    expect("its cache is not known yet", "mse-www" not in text(b, "#detail") and "www.mse" not in text(b, "#detail"))
    expect("a host that is no router has no NAT table", "NAT table" not in text(b, "#detail"), text(b, "#detail"))
    run("exec", "--lab", LAB, "laptop", "--", "dig", "+short", "+tries=1", "+time=5", "www.mse.isr.cmu.edu")
    until("what it learnt comes by itself", lambda: "www.mse.isr.cmu.edu." in text(b, "#detail"))
    ttl = "return [...document.querySelectorAll('#detail tr')].filter(r => /www.mse.isr.cmu.edu.A/.test(r.textContent)).map(r => r.children[3].textContent)[0]"
    first = int(until("it has a time to live", lambda: b.js(ttl)))
    until("which counts down", lambda: int(b.js(ttl)) < first)
    b.picture(PICTURES + "/classroom-tables-1280.png")


def matrix(b):
    b.click("#tab-matrix")
    b.click("#play-matrix")
    until("the first attack is measured", lambda: text(b, "#cells-table tr[data-id]"))
    rows = "return Object.fromEntries([...document.querySelectorAll('#cells-table tr[data-id]')].map(r => [r.dataset.id, r.children[2].textContent]))"
    until("they are all measured", lambda: "as predicted" in text(b, "#story li:last-child"), 120)
    listed = [line.split()[0] for line in run("demo", "freewifi", "--list").stdout.splitlines()]
    order = b.js("return [...document.querySelectorAll('#cells-table tr[data-id]')].map(r => r.dataset.id)")
    expect("each has its row", listed == order, (listed, order))
    expect("one was not stopped", "NOT STOPPED" in b.js(rows)["http/none"])
    expect("and one was", b.js(rows)["ssh-changed/key"] == "✓ stopped")
    b.picture(PICTURES + "/classroom-matrix-1280.png")
    b.js("document.querySelector('#cells-table tr[data-id=\"dh/compared\"] button').click()")
    until("one is played in detail", lambda: "as predicted" in text(b, "#story li:last-child"), 30)
    expect("with what decided", "what decided: fingerprints: Alice reads" in text(b, "#story"), text(b, "#story"))
    b.go(b.js("return location.href"))
    until("what was measured is there for whoever comes later", lambda: len(b.js(rows)) == len(listed))


def sheets(b):
    """Every worksheet opens, begins, and has its checks on the page."""
    b.click("#tab-sheet")
    numbers = b.js("return [...document.querySelectorAll('#sheets option')].map(o => o.value)")
    expect("there are many worksheets", len(numbers) > 5, numbers)
    for n in numbers:
        b.js("const s = document.getElementById('sheets'); s.value = arguments[0]; s.dispatchEvent(new Event('change'))", n)
        title = b.js("const s = document.getElementById('sheets'); return s.selectedOptions[0].textContent")
        until("worksheet %s is shown" % n, lambda: text(b, "#paper h1") == title)
        run("start", "--lab", LAB, n)
        steps = [e["id"] for e in map(json.loads, run("check", "--lab", LAB, n, "--json").stdout.splitlines()) if e.get("kind") == "check"]
        expect("worksheet %s has steps" % n, steps)
        b.click("#check")
        until("the steps of worksheet %s are on the page" % n,
              lambda: b.js("return [...document.querySelectorAll('#checks li')].map(li => li.dataset.id)") == steps)


def look(b, url):
    b.size(1280, 900)
    b.go(url)
    until("the page is live", lambda: text(b, "#state") == "live" and text(b, ".host text"))
    facts = json.loads(run("facts", "--lab", LAB).stdout)
    drawn = b.js("return [...document.querySelectorAll('.host text')].map(e => e.textContent)")
    expect("every host is on the map", {h["name"] for h in facts["hosts"]} <= set(drawn), drawn)

    press(b, "laptop:")
    address = [a for h in facts["hosts"] if h["name"] == "laptop" for i in h["interfaces"] for a in i["addresses"] if "." in a][0]
    until("the laptop's address is shown", lambda: address in text(b, "#detail"))
    expect("and how to ask for it", "glasslab exec laptop -- ip -j address" in text(b, "#detail"))
    live_tables(b)

    press(b, "the link between isp-net and home-router") if "the link between isp-net and home-router" in \
        b.js("return [...document.querySelectorAll('.link')].map(e => e.getAttribute('aria-label'))") else press(b, "the link between home-router and isp-net")
    until("the link's packets are asked for", lambda: "home-router" in text(b, "#passing-title"))
    asked = run("exec", "--lab", LAB, "laptop", "--", "dig", "+short", "bank.example").stdout.strip()
    expect("the bank has an address", asked.count(".") == 3, asked)
    until("the question passes on the page", lambda: "bank.example" in text(b, "#packets"))
    rows = b.js("return [...document.querySelectorAll('#packets button span:nth-child(3)')].map(e => e.textContent)")
    expect("only that link's", all("home-router" in r for r in rows), rows)
    b.js("[...document.querySelectorAll('#packets button')].find(e => /DNS query A bank/.test(e.textContent)).click()")
    until("its fields are shown", lambda: "bank.example" in text(b, "#detail table"))
    expect("and its octets", "bank" in text(b, "#detail pre"), text(b, "#detail pre"))
    b.picture(PICTURES + "/classroom-1280.png")

    b.click("#tab-sheet")
    until("a worksheet is there", lambda: text(b, "#paper h1"))
    b.js("const s = document.getElementById('sheets'); s.value = '2'; s.dispatchEvent(new Event('change'))")
    until("worksheet 2 is there", lambda: "root server" in text(b, "#paper h1"))
    b.click("#check")
    until("it says that it is not open", lambda: "glasslab start 2" in text(b, "#checks"))
    b.click("#begin")
    until("it is begun", lambda: "2.1" in text(b, "#checks"))
    expect("nothing is right yet", "✓" not in text(b, "#checks"), text(b, "#checks"))
    run("exec", "--lab", LAB, "laptop", "--", BIN + "/dnsview", "trace", "--no-cache", "-4", "www.mse.isr.cmu.edu")
    until("a check turns green by itself", lambda: "✓ 2.1" in text(b, "#checks"))
    b.picture(PICTURES + "/classroom-worksheet-1280.png")
    b.click("#tab-scene")
    b.js("[...document.querySelectorAll('#scenes button')].find(e => e.textContent === 'lookup').click()")
    until("the scene is played", lambda: "The scene" in text(b, "#story li:last-child"), 40)
    expect("and came out as predicted", "as predicted" in text(b, "#story li:last-child"), text(b, "#story li:last-child"))
    expect("with its story", "root server" in text(b, "#story"))
    matrix(b)
    sheets(b)
    b.size(400, 800)
    b.dark(True)
    wide = b.js("return document.documentElement.scrollWidth")
    expect("nothing sticks out at 400 px", wide <= 400, wide)
    b.picture(PICTURES + "/classroom-400-dark.png")
    b.click("#tab-matrix")
    wide = b.js("return document.documentElement.scrollWidth")
    expect("nor of the matrix", wide <= 400, wide)
    b.js("document.getElementById('cells-table').scrollIntoView()")
    b.picture(PICTURES + "/classroom-matrix-400-dark.png")
    away = [r for r in b.requests() if not r.startswith((url, "data:"))]
    expect("nothing is fetched from elsewhere", not away, away)
    said = b.complaints()
    expect("the console is silent", not said, said)


def main():
    server = subprocess.Popen([BIN + "/glasslab", "serve", "--lab", LAB, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, text=True)
    try:
        url = next(line.strip() for line in server.stdout if "http://" in line)
        strangers(url)
        with Browser(also="127.0.0.1") as b:
            look(b, url)
            server.send_signal(signal.SIGINT)
            expect("Ctrl-C closes it, with a page open", server.wait(10) == 0)
            until("the page says so", lambda: "gone" in text(b, "#state"))
    finally:
        server.poll() is None and server.kill()
        server.wait()


main()
