#!/usr/bin/env python3
"""Makes capture files as others make them, and as damage makes them: odd-captures.py KEPT FOLDER

Each is written to FOLDER/N.pcap or FOLDER/N.pcapng. From the kept capture dns.pcap: other byte orders, magics, versions
and snap lengths; pcapng blocks of every kind, with wrong lengths, options and interfaces; and, from a fixed seed, files cut
short, with octets changed, taken out and put in. Octet for octet the same every time."""
import os
import random
import struct
import sys

KEPT, FOLDER = sys.argv[1:3]
DNS = open(os.path.join(KEPT, "dns.pcap"), "rb").read()
PACKET = DNS[40:130]


def again(order="<", magic=0xA1B2C3D4, times=1, more=b"", snap=65535, version=(2, 4), link=1):
    out = struct.pack(order + "IHHiIII", magic, *version, 0, 0, snap, link)
    pos = 24
    while pos < len(DNS):
        sec, usec, cap, wire = struct.unpack("<IIII", DNS[pos:pos + 16])
        out += struct.pack(order + "IIII", sec, usec * times, cap, wire) + more + DNS[pos + 16:pos + 16 + cap]
        pos += 16 + cap
    return out


def one(cap, wire):
    """A packet of these lengths, and one behind it."""
    data = b"A" * min(cap, 400000)
    return DNS[:24] + struct.pack("<IIII", 1, 1, cap, wire) + data + struct.pack("<IIII", 1, 1, 4, 4) + b"abcd"


def pcap_files():
    yield again(">")
    for order in "<>":
        yield again(order, magic=0xA1B23C4D, times=1000)
    yield again(magic=0xA1B2CD34, more=bytes(8))
    for snap in (0, 40, 0xFFFFFFFF):
        yield again(snap=snap)
    for version in ((2, 3), (2, 2), (543, 0), (3, 0)):
        yield again(version=version)
    for cap, wire in ((262144, 262144), (262145, 262145), (300000, 300000), (70000, 70000), (0x7FFFFFFF, 1),
                      (0xFFFFFFFF, 1), (10, 5), (0, 0)):
        yield one(cap, wire)
    for n in (24, 23, 4, 0, 30):
        yield DNS[:n]
    yield b"garbage" * 10
    for link in (0, 12, 101, 105, 108, 113, 127, 192, 195, 228, 229, 276, 9, 50):
        yield again(link=link)
    yield DNS[:20] + struct.pack("<I", 0x04000001) + DNS[24:]


class Section:
    """Blocks in one byte order."""

    def __init__(self, order):
        self.e = order

    def pack(self, form, *values):
        return struct.pack(self.e + form, *values)

    def block(self, kind, body):
        body += b"\0" * (-len(body) % 4)
        return self.pack("II", kind, 12 + len(body)) + body + self.pack("I", 12 + len(body))

    def option(self, code, value):
        return self.pack("HH", code, len(value)) + value + b"\0" * (-len(value) % 4)

    def header(self, version=(1, 0)):
        return self.block(0x0A0D0D0A, self.pack("IHHq", 0x1A2B3C4D, *version, -1))

    def interface(self, link=1, snap=262144, options=b""):
        return self.block(1, self.pack("HHI", link, 0, snap) + options)

    def packet(self, data=PACKET, interface=0, cap=None, wire=None, options=b""):
        cap, wire = len(data) if cap is None else cap, len(data) if wire is None else wire
        return self.block(6, self.pack("IIIII", interface, 0, 1000, cap, wire) + data + b"\0" * (-len(data) % 4) + options)

    def simple(self, wire=None):
        return self.block(3, self.pack("I", len(PACKET) if wire is None else wire) + PACKET)

    def old(self):
        return self.block(2, self.pack("HHIIII", 0, 0, 0, 5, len(PACKET), len(PACKET)) + PACKET)


def pcapng_files(order):
    s = Section(order)
    begin, good = s.header() + s.interface(), s.packet()
    yield begin + good + good
    yield begin + s.simple() + s.simple(1000) + s.old()
    yield s.header() + good
    for bad in (s.packet(interface=3), s.packet(cap=200), s.packet(cap=0xFFFFFFFF), s.packet(cap=10), s.packet(wire=5),
                s.packet(b""), s.packet(b"q" * 262145), s.packet(b"q" * 262144),
                s.packet(options=s.pack("HH", 1, 500) + b"abcd"), s.block(0x55, b"x" * 50), s.block(1, b"abc"),
                s.block(0x77, b"z" * (1 << 20)), s.block(0x77, b"z" * (17 << 20)), s.pack("II", 6, 33) + b"x" * 25,
                s.pack("II", 6, 8), s.pack("II", 6, 0x10000000), b"\0\0\0", good[:-2] + b"zz", s.interface() + s.packet(interface=1)):
        yield begin + good + bad + good
    for resolution in (b"\x06", b"\x13", b"\x14", b"\x7f", b"\x80", b"\xbf", b"\xc0", b"\xff", b"\x06\x07"):
        yield s.header() + s.interface(options=s.option(9, resolution)) + good
    for options in (s.option(14, bytes(8)), s.option(14, bytes(4)), s.option(9, b"\6") * 2, s.pack("HH", 2, 500) + b"abcd"):
        yield s.header() + s.interface(options=options) + good
    for version in ((1, 1), (1, 2), (2, 0), (0, 0)):
        yield s.header(version) + s.interface() + good
    for snap in (0, 20, 0xFFFFFFFF):
        yield s.header() + s.interface(snap=snap) + good + s.simple()
    yield from (s.header(), begin, s.header()[:20], b"\x0a\x0d\x0d\x0a", begin + good + begin + good)


def damaged(bases, count):
    rng = random.Random(8)
    for _ in range(count):
        data, way = bytearray(rng.choice(bases)), rng.random()
        if way < 0.3:
            del data[rng.randrange(len(data) + 1):]
        elif way < 0.8:
            for _ in range(rng.randrange(1, 4)):
                data[rng.randrange(min(len(data), 400))] = rng.choice([0, 255, rng.randrange(256)])
        else:
            at = rng.randrange(len(data))
            data[at:at + (rng.randrange(1, 9) if way < 0.9 else 0)] = b"" if way < 0.9 else rng.randbytes(rng.randrange(1, 9))
        yield bytes(data)


files = list(pcap_files()) + [f for order in "<>" for f in pcapng_files(order)]
tidy = [f for f in files if 100 < len(f) < 3000]
for n, data in enumerate(files + list(damaged(tidy, 120))):
    kind = "pcapng" if data[:4] == b"\x0a\x0d\x0d\x0a" else "pcap"
    with open(os.path.join(FOLDER, "%d.%s" % (n, kind)), "wb") as f:
        f.write(data)
