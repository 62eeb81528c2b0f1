#!/usr/bin/env python3
"""Runs the iteration scenarios (tests/unit/dnsview/scenarios, see the README there) against a resolver.

    scenarios.py [--resolver dnsview|unbound] [--bin DIR] [-v] FILE...

It makes a network namespace in which every address is this machine, answers at port 53 of all of them as the scenario
says, over UDP and TCP, starts the resolver at 127.0.0.1:5353 for each scenario and asks it. Prints what differs; exit
status 0: nothing, 1: something, 77: no namespaces here. Nothing but Python's own library is needed."""
import argparse
import ctypes
import json
import os
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

ROOT_HINTS = ". 3600000 NS a.root.\na.root. 3600000 A 198.41.0.4\n"
TYPES = {"A": 1, "NS": 2, "CNAME": 5, "SOA": 6, "PTR": 12, "MX": 15, "TXT": 16, "AAAA": 28, "DNAME": 39, "OPT": 41,
         "DS": 43, "ANY": 255}
RCODES = {"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5, "YXDOMAIN": 6,
          "BADVERS": 16}
FAULTS = {"silent", "closed", "no-edns", "lower", "cut", "query-back", "wrong-id", "wrong-name", "garbage", "loop",
          "strict-case"}


# --- messages ---------------------------------------------------------------------------------------

def type_number(text):
    return TYPES[text] if text in TYPES else int(text[4:])


def name_wire(name):
    return b"".join(bytes([len(l)]) + l.encode() for l in name.rstrip(".").split(".") if l) + b"\0"


def rdata_wire(rtype, words):
    if rtype == "A":
        return socket.inet_aton(words[0])
    if rtype == "AAAA":
        return socket.inet_pton(socket.AF_INET6, words[0])
    if rtype in ("NS", "CNAME", "DNAME", "PTR"):
        return name_wire(words[0])
    if rtype == "SOA":
        return name_wire(words[0]) + name_wire(words[1]) + struct.pack(">5I", *map(int, words[2:7]))
    if rtype == "MX":
        return struct.pack(">H", int(words[0])) + name_wire(words[1])
    if rtype == "DS":
        return struct.pack(">HBB", *map(int, words[:3])) + bytes.fromhex("".join(words[3:]))
    if rtype == "TXT":
        strings = re.findall(r'"([^"]*)"', " ".join(words))
        return b"".join(bytes([len(s)]) + s.encode() for s in strings)
    if words[0] == "\\#":
        return bytes.fromhex("".join(words[2:]))
    raise ValueError("no such record data: " + rtype)


def record(text):
    """(owner, ttl or None, type number, data)"""
    words = text.split()
    ttl = int(words.pop(1)) if words[1].isdigit() else None
    return words[0].lower(), ttl, type_number(words[1]), rdata_wire(words[1], words[2:])


def record_wire(text):
    owner, ttl, rtype, data = record(text)
    return name_wire(owner) + struct.pack(">HHIH", rtype, 1, 3600 if ttl is None else ttl, len(data)) + data


def read_name(wire, pos):
    labels, jumps, end = [], 0, None
    while wire[pos]:
        if wire[pos] >= 0xc0:
            end = end or pos + 2
            pos = (wire[pos] & 0x3f) << 8 | wire[pos + 1]
            jumps += 1
            if jumps > 100:
                raise ValueError("a loop")
            continue
        labels.append(wire[pos + 1:pos + 1 + wire[pos]].decode("latin-1"))
        pos += 1 + wire[pos]
    return ".".join(labels) + ".", end or pos + 1


def plain_data(wire, rtype, pos, length):
    """Data with its names uncompressed, in small letters where they are names."""
    if rtype in (TYPES["NS"], TYPES["CNAME"], TYPES["DNAME"], TYPES["PTR"]):
        return name_wire(read_name(wire, pos)[0])
    if rtype == TYPES["MX"]:
        return wire[pos:pos + 2] + name_wire(read_name(wire, pos + 2)[0])
    if rtype == TYPES["SOA"]:
        a, at = read_name(wire, pos)
        b, at = read_name(wire, at)
        return name_wire(a) + name_wire(b) + wire[at:at + 20]
    return wire[pos:pos + length]


def read_answer(wire):
    """The code and the records of the answer section."""
    flags, questions, answers, authority, additional = struct.unpack(">5H", wire[2:12])
    rcode, records, pos = flags & 15, [], 12
    for _ in range(questions):
        pos = read_name(wire, pos)[1] + 4
    for i in range(answers + authority + additional):
        owner, pos = read_name(wire, pos)
        rtype, rclass, ttl, length = struct.unpack(">HHIH", wire[pos:pos + 10])
        pos += 10
        if i < answers and rtype != 46:
            records.append((owner.lower(), ttl, rtype, plain_data(wire, rtype, pos, length)))
        if rtype == TYPES["OPT"]:
            rcode |= ttl >> 24 << 4
        pos += length
    return rcode, records


# --- scenarios --------------------------------------------------------------------------------------

class Reply:
    def __init__(self, server, name, rtype, words):
        self.server, self.name, self.type, self.words = server, name, rtype, set(words)
        self.era = next((int(w[4:]) for w in words if w.startswith("era=")), 0)
        self.fault = next((w for w in words if w in FAULTS), None)
        self.sections = {"answer": [], "authority": [], "additional": []}

    def fits(self, server, name, rtype, era):
        star = self.name.startswith("*.") and (name == self.name[2:] or name.endswith(self.name[1:]))
        return (server == self.server and self.era in (0, era) and (self.name in ("*", name) or star) and
                (self.type == "*" or type_number(self.type) == rtype))


class Scenario:
    def __init__(self, path):
        self.path, self.about, self.replies, self.steps, self.strict = path, "", [], [], False
        server = reply = step = None
        for number, line in enumerate(open(path), 1):
            line = re.sub(r"(^|\s)#.*", "", line).strip()
            word, _, rest = line.partition(" ")
            rest = rest.strip()
            if not word:
                continue
            if word in ("ask", "raw", "wait", "era"):
                step = {"kind": word, "args": rest.split(), "line": number, "answer": [], "told": []}
                self.steps.append(step)
            elif word == "about":
                self.about = rest
            elif word == "strict":
                self.strict = True
            elif word == "server":
                server, reply = str(rest), None
            elif word == "reply":
                name, rtype, *words = rest.split()
                reply = Reply(server, name, rtype, words)
                self.replies.append(reply)
            elif step is not None:
                if word in ("answer", "told"):
                    step[word].append(rest)
                else:
                    step[word] = rest
            elif word == "referral":
                zone, ns, ip = rest.split()
                reply.sections["authority"].append("%s NS %s" % (zone, ns))
                reply.sections["additional"].append("%s %s %s" % (ns, "AAAA" if ":" in ip else "A", ip))
            else:
                reply.sections[word].append(rest)


# --- the servers ------------------------------------------------------------------------------------

class World:
    """What all servers answer; who was asked."""

    def __init__(self):
        self.lock, self.scenario, self.era, self.asked = threading.Lock(), None, 1, []
        # Others ask more than scenarios foresee: the root for its own name servers, and addresses that came as glue.
        self.others, self.failure = False, Reply("", "", "*", ["servfail"])
        self.priming = Reply("198.41.0.4", ".", "NS", ["aa"])
        self.priming.sections = {"answer": [". NS a.root."], "additional": ["a.root. A 198.41.0.4"]}

    def answer(self, wire, server, tcp):
        """The response; None: silence."""
        if len(wire) < 17:
            return None
        name, end = read_name(wire, 12)
        rtype = struct.unpack(">H", wire[end:end + 2])[0]
        edns = wire[11] > 0
        with self.lock:
            self.asked.append(server)
            replies = self.scenario.replies if self.scenario else []
            fits = [r for r in replies if r.fits(server, name.lower(), rtype, self.era)]
        if not fits and self.others:
            fits = [self.priming if (server, name, rtype) == ("198.41.0.4", ".", 2) else self.failure]
        if not fits:
            return None
        return self.make(fits[0], wire[:end + 4], name, edns, tcp)

    def make(self, reply, question, name, edns, tcp):
        fault, sections = reply.fault, reply.sections
        out = bytearray(question)
        rcode = next((RCODES[w.upper()] for w in reply.words if w.upper() in RCODES), 0)
        cut = fault == "cut" and not tcp
        if fault == "silent" or (fault == "closed" and not tcp):
            return None
        if fault == "no-edns" and edns:
            rcode, sections = RCODES["FORMERR"], {}
        if fault == "strict-case" and name != name.lower():
            sections = {"authority": [". 60 NS a.root."]}
        if cut:
            sections = {}
        out[2] = 0x80 | (4 if "aa" in reply.words else 0) | (2 if cut else 0)
        out[3] = rcode | (0x80 if "ra" in reply.words else 0)
        out[4:12] = struct.pack(">4H", 1, *(len(sections.get(s, ())) for s in ("answer", "authority", "additional")))
        for s in ("answer", "authority", "additional"):
            for text in sections.get(s, ()):
                out += record_wire(text)
        if fault == "loop":
            at = len(out)
            out += struct.pack(">HHHIH", 0xc000 | at, 1, 1, 60, 4) + bytes([192, 0, 2, 1])
            out[6:8] = b"\0\1"
        if fault == "lower":
            out[12:len(question) - 4] = question[12:-4].lower()
        if fault == "query-back":
            out[2] &= 0x7f
        if fault == "wrong-id":
            out[0] ^= 0xff
        if fault == "wrong-name":
            out[13] = ord("z" if out[13] == ord("q") else "q")
        if fault == "garbage":
            del out[-1]
        return bytes(out)


def serve_udp(world, sock):
    while True:
        wire, control, _, client = sock.recvmsg(65535, 256)
        server = socket.inet_ntoa(control[0][2][8:12])
        response = world.answer(wire, server, False)
        if response is not None:
            sock.sendmsg([response], [(socket.IPPROTO_IP, 8, struct.pack("=I4s4s", 0, socket.inet_aton(server), b""))],
                         0, client)


def serve_connection(world, sock):
    server = sock.getsockname()[0]
    try:
        while True:
            head = sock.recv(2, socket.MSG_WAITALL)
            if len(head) < 2:
                break
            response = world.answer(sock.recv(struct.unpack(">H", head)[0], socket.MSG_WAITALL), server, True)
            if response is None:
                break
            sock.sendall(struct.pack(">H", len(response)) + response)
    except OSError:
        pass
    sock.close()


def serve_tcp(world, sock):
    while True:
        threading.Thread(target=serve_connection, args=(world, sock.accept()[0]), daemon=True).start()


def start_servers(world):
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IP, 8, 1)  # IP_PKTINFO: which address was asked
    udp.bind(("0.0.0.0", 53))
    tcp = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    tcp.bind(("0.0.0.0", 53))
    tcp.listen(50)
    threading.Thread(target=serve_udp, args=(world, udp), daemon=True).start()
    threading.Thread(target=serve_tcp, args=(world, tcp), daemon=True).start()


def enter_namespace():
    """A user and network namespace of our own, where every IPv4 address is ours."""
    libc = ctypes.CDLL(None, use_errno=True)
    uid, gid = os.getuid(), os.getgid()
    if libc.unshare(0x10000000 | 0x40000000) != 0:
        print("no namespaces here: %s" % os.strerror(ctypes.get_errno()))
        sys.exit(77)
    for path, text in (("setgroups", "deny"), ("uid_map", "0 %d 1" % uid), ("gid_map", "0 %d 1" % gid)):
        with open("/proc/self/" + path, "w") as f:
            f.write(text)
    for args in ("link set lo up", "route add local 0.0.0.0/0 dev lo"):
        if subprocess.call(["ip"] + args.split()):
            print("the namespace's network cannot be set up")
            sys.exit(77)


# --- the resolver -----------------------------------------------------------------------------------

UNBOUND = """server:
 do-daemonize: no
 username: ""
 chroot: ""
 directory: "{dir}"
 pidfile: ""
 use-syslog: no
 logfile: "{dir}/log"
 interface: 127.0.0.1@5353
 do-ip6: no
 root-hints: "{dir}/hints"
 module-config: "iterator"
 qname-minimisation: no
 do-not-query-localhost: no
 target-fetch-policy: "0 0 0 0 0"
"""


class Resolver:
    def __init__(self, kind, bin_dir):
        self.kind, self.dir = kind, tempfile.mkdtemp(prefix="glassnet-scenario.")
        self.trace, self.offset = os.path.join(self.dir, "trace"), 0
        self.write("hints", ROOT_HINTS)
        self.write("offset", "+0\n")
        self.write("unbound.conf", UNBOUND.format(dir=self.dir))
        args = [os.path.join(bin_dir, "dnsview"), "serve", "--listen", "127.0.0.1:5353", "--root-hints",
                os.path.join(self.dir, "hints"), "--clock-offset", os.path.join(self.dir, "offset"), "--trace", self.trace]
        if kind == "unbound":
            args = ["unbound", "-d", "-c", os.path.join(self.dir, "unbound.conf")]
        self.log = open(os.path.join(self.dir, "out"), "w")
        self.process = subprocess.Popen(args, stdout=self.log, stderr=self.log)
        self.wait_ready()

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path + ".new", "w") as f:
            f.write(text)
        os.replace(path + ".new", path)

    def wait_ready(self):
        for _ in range(200):
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
                if s.connect_ex(("127.0.0.1", 5353)) == 0:
                    return
            if self.process.poll() is not None:
                break
            time.sleep(0.02)
        raise RuntimeError("the resolver does not start: " + open(self.log.name).read())

    def ask(self, wire, seconds):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
            s.connect(("127.0.0.1", 5353))
            s.send(wire)
            if not select.select([s], [], [], seconds)[0]:
                return None
            return s.recv(65535)

    def move_clock(self, seconds):
        self.offset += seconds
        self.write("offset", "+%d\n" % self.offset)

    def story(self):
        """The decisions that were told so far."""
        told = []
        for line in open(self.trace):
            if '"decision"' in line and line.endswith("\n"):
                told.append(json.loads(line)["id"])
        return told

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
        status = self.process.returncode
        output = open(self.log.name).read()
        for name in os.listdir(self.dir):
            os.unlink(os.path.join(self.dir, name))
        os.rmdir(self.dir)
        if status not in (0, -signal.SIGTERM) or "Sanitizer" in output or "runtime error" in output:
            raise RuntimeError("the resolver ended with %d: %s" % (status, output[-2000:]))


# --- running ----------------------------------------------------------------------------------------

def same(got, want):
    owner, ttl, rtype, data = record(want)
    return got[0] == owner and got[2] == rtype and got[3].lower() == data.lower() and ttl in (None, got[1], got[1] + 1)


def check_ask(step, rcode, records, asked, told, resolver):
    want = RCODES[step["expect"]]
    if rcode != want:
        return "code %d, not %d" % (rcode, want)
    left = list(records)
    for text in step["answer"]:
        hit = [r for r in left if same(r, text)]
        if not hit:
            return "no record %s in %s" % (text, records)
        left.remove(hit[0])
    if left:
        return "not expected: %s" % left
    if resolver.kind != "dnsview":
        return None
    if "asked" in step and " ".join(asked) != step["asked"].replace("nobody", ""):
        return "asked %s, not %s" % (" ".join(asked) or "nobody", step["asked"])
    if "never" in step and set(step["never"].split()) & set(asked):
        return "asked %s" % asked
    if "most" in step and len(asked) > int(step["most"]):
        return "%d queries" % len(asked)
    missing = [t for t in step["told"] if t not in told]
    return "the story has no %s" % missing if missing else None


def run_ask(step, world, resolver):
    name, rtype = step["args"]
    query = struct.pack(">6H", 0x4711, 0x0100, 1, 0, 0, 0) + name_wire(name) + struct.pack(">2H", type_number(rtype), 1)
    before = len(resolver.story()) if resolver.kind == "dnsview" else 0
    with world.lock:
        world.asked = []
    wire = resolver.ask(query, 12)
    if wire is None:
        return "no answer"
    rcode, records = read_answer(wire)
    if wire[2] & 2:
        return "cut"
    with world.lock:
        asked = list(world.asked)
    told = resolver.story()[before:] if resolver.kind == "dnsview" else []
    return check_ask(step, rcode, records, asked, told, resolver)


def run_raw(step, resolver):
    wire = resolver.ask(bytes.fromhex(step["args"][0]), 0.3)
    got = "NONE" if wire is None else next(k for k, v in RCODES.items() if v == read_answer(wire)[0])
    return None if got == step["expect"] else "%s, not %s" % (got, step["expect"])


def run(path, world, options):
    scenario = Scenario(path)
    with world.lock:
        world.scenario, world.era = scenario, 1
    resolver = Resolver(options.resolver, options.bin)
    why = None
    try:
        for step in scenario.steps:
            if step["kind"] == "ask":
                why = run_ask(step, world, resolver)
            elif step["kind"] == "raw":
                why = run_raw(step, resolver)
            elif step["kind"] == "wait":
                resolver.move_clock(int(step["args"][0]))
                if resolver.kind != "dnsview":
                    return "skipped: only dnsview's clock can be moved"
            else:
                with world.lock:
                    world.era = int(step["args"][0])
            if why:
                return "line %d: %s" % (step["line"], why)
    finally:
        resolver.stop()
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--resolver", choices=("dnsview", "unbound"), default="dnsview")
    parser.add_argument("--bin", default="build/bin")
    parser.add_argument("-v", action="store_true")
    parser.add_argument("files", nargs="+")
    options = parser.parse_args()
    enter_namespace()
    world = World()
    world.others = options.resolver != "dnsview"
    start_servers(world)
    good = 0
    for path in options.files:
        why = run(path, world, options)
        good += why is None
        if why or options.v:
            print("%-28s %s" % (os.path.basename(path), why or "ok"), flush=True)
    print("%d of %d scenarios as expected" % (good, len(options.files)))
    return 0 if good == len(options.files) else 1


if __name__ == "__main__":
    sys.exit(main())
