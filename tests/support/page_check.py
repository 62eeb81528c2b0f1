"""What is checked of every trace page, whatever program wrote it."""
import json


def check(what, got, want):
    if got != want:
        raise AssertionError("%s: got %r, expected %r" % (what, got, want))


def events_of(path):
    """the JSON lines of the same run, which the page must agree with; messages with their fields and what changed then"""
    messages = []
    for line in open(path, encoding="utf-8"):
        e = json.loads(line)
        if e.get("kind") in ("send", "recv"):
            messages.append(dict(e, fields=[], states=[]))
        elif e.get("kind") == "field":
            messages[-1]["fields"].append(e)
        elif e.get("kind") == "state" and messages:
            messages[-1]["states"].append(e)
    return messages


def hex_shown(b):
    return b.js("return [...document.querySelectorAll('#hex .octets .byte')].map(e => e.textContent).join('')")


def where(b):
    return b.js("return document.querySelector('#where').textContent")


def shows_message(b, n, m, total):
    check("place", where(b), "%d of %d" % (n + 1, total))
    check("title of message %d" % (n + 1), b.js("return document.querySelector('#detail-title').textContent"), m["label"])
    ends = b.js("return [...document.querySelectorAll('#detail-ends .host')].map(e => e.firstChild.data)")
    check("ends of message %d" % (n + 1), ends, [m["from"], m["to"]])
    check("bytes of message %d" % (n + 1), hex_shown(b), m["bytes"][:4096])
    word = {"clear": "readable"}.get(m.get("secrecy"), m.get("secrecy", ""))
    said = b.js("return [...document.querySelectorAll('#detail-kind .badge')].map(e => e.lastChild.data).join()")
    check("secrecy of message %d" % (n + 1), said, word)
    names = b.js("return [...document.querySelectorAll('#fields .field')].map(e => [e.querySelector('b').textContent, "
                 "e.querySelector('.value').textContent])")
    check("fields of message %d" % (n + 1), names, [[f["name"], f["value"]] for f in m["fields"]])


def shows_state(b, n, messages):
    """what was kept when message n was there, and nothing that came later"""
    kept = {}
    for m in messages[:n]:
        for s in m["states"]:
            kept[s["table"], s["key"]] = s.get("after")
    kept = {k: v for k, v in kept.items() if v is not None}
    for s in messages[n]["states"]:
        kept[s["table"], s["key"]] = s.get("after", "gone")
    shown = b.js("return [...document.querySelectorAll('#state table')].flatMap(t => [...t.rows].map(r => "
                 "[t.caption.firstChild.data, r.cells[0].textContent, [...r.cells[1].childNodes].filter(c => "
                 "c.nodeType === 3).map(c => c.data).join('').trim()]))")
    check("kept at message %d" % (n + 1), sorted(shown), sorted([t, k, v] for (t, k), v in kept.items()))


def click_arrow(b, n):
    """scrolls the ladder, as a user does, until the arrow is there, and clicks it; a page that is laid out anew meanwhile
    has it elsewhere"""
    for attempt in range(4):
        try:
            return find_and_click(b, n)
        except RuntimeError as e:
            if "stale" not in str(e) or attempt == 3:
                raise


def find_and_click(b, n):
    b.js("""const box = document.querySelector('#ladder'), before = document.querySelector('#wanted');
        if (before)
            before.id = 'row-' + before.dataset.i;
        for (let y = 0; y <= box.scrollHeight; y += box.clientHeight / 2) {
            const row = [...document.querySelectorAll('.row.message')].find(e =>
                e.getAttribute('aria-label').startsWith('Message ' + (arguments[0] + 1) + ' of '));
            if (row) { row.id = 'wanted'; row.scrollIntoView({block: 'center'}); return; }
            box.scrollTop = y; box.dispatchEvent(new Event('scroll'));
        }
        throw new Error('no such arrow');""", n)
    b.click("#wanted")


def marks(b, m):
    """a field lights up its bytes, a byte its field"""
    at = [i for i, f in enumerate(m["fields"]) if f.get("len")][-1]
    f = m["fields"][at]
    b.js("document.querySelector('.field[data-f=\"%d\"]').focus()" % at)
    lit = b.js("return [...document.querySelectorAll('#hex .octets .byte.lit')].map(e => Number(e.dataset.i))")
    check("bytes of " + f["name"], lit, list(range(f["off"], f["off"] + f["len"])))
    b.js("document.activeElement.blur(); document.querySelector('#hex').scrollIntoView()")
    check("nothing stays lit", b.js("return document.querySelectorAll('.lit').length"), 0)
    b.hover("#hex .octets .byte[data-i='0']")
    owner = min((g for g in m["fields"] if g.get("len") and g["off"] == 0), key=lambda g: g["len"])
    check("field of byte 0", b.js("return document.querySelector('.field.lit b').textContent"), owner["name"])


def names(b):
    """whatever can be clicked has a name, and the keyboard reaches it"""
    bad = b.js("""return [...document.querySelectorAll('button, input, [role=listbox], [role=option]')].filter(e =>
        !(e.getAttribute('aria-label') || e.getAttribute('aria-labelledby') || e.textContent.trim()) ||
        (e.tabIndex < 0 && e.getAttribute('role') !== 'option')).map(e => e.outerHTML.slice(0, 100))""")
    check("elements without a name", bad, [])


def paper(b, rows):
    b.js("dispatchEvent(new Event('beforeprint'))")
    check("rows on paper", b.js("return document.querySelectorAll('#paper .paper-ladder .row').length"), rows)
    b.js("dispatchEvent(new Event('afterprint'))")
    check("paper afterwards", b.js("return document.querySelector('#paper').childNodes.length"), 0)


def alone(b, path):
    """nothing but the page itself was asked for, and nothing was complained about"""
    # the browser's own first tab is still loading at times; a page from file: can't ask for its address
    tab = "chrome-untrusted://new-tab-page/"
    asked = [u for u in b.requests() if u != "about:blank" and not u.startswith(("file://" + path, tab))]
    check("requests", asked, [])
    check("console", b.complaints(), [])


def pictures(b, folder, name):
    for width, height, dark in ((1280, 900, False), (1280, 900, True), (400, 1400, False), (400, 1400, True)):
        b.dark(dark)
        b.size(width, height)
        b.later("setTimeout(done, 250)")  # the page waits for the end of a resize
        check("no scrolling sideways at %d" % width, b.js("return document.documentElement.scrollWidth <= innerWidth"), True)
        b.picture("%s/%s-%d%s.png" % (folder, name, width, "-dark" if dark else ""))
    b.dark(False)
    b.size(1280, 900)
    b.later("setTimeout(done, 250)")
