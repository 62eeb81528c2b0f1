#!/usr/bin/env python3
"""Makes a capture for the benchmarks: make-packets.py FILE PACKETS

Two in five packets are DNS (questions and answers of some hundred names over UDP), the others TCP connections, each
with its handshake, a TLS 1.3 hello from each side, application data with acknowledgments, and its end; many of them at
a time, as on a busy link. Octet for octet the same every time. Only the standard library is used."""
import ipaddress
import random
import struct
import sys

LAPTOP, ROUTER = b"\x02\0\0\0\0\x01", b"\x02\0\0\0\0\x02"
FIN, SYN, PSH, ACK = 1, 2, 8, 16
rng = random.Random(4)


def ip(text):
    return ipaddress.ip_address(text).packed


RESOLVER = ip("203.0.113.53")


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    s = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    while s >> 16:
        s = (s & 0xFFFF) + (s >> 16)
    return ~s & 0xFFFF


def frame(src, dst, proto, segment):
    """The transport checksum stands as it does where the network card fills it in: zero. The header's is right."""
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), rng.getrandbits(16), 0x4000, 64, proto, 0, src, dst)
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return ROUTER + LAPTOP + b"\x08\0" + head + segment


def name(text):
    return b"".join(bytes([len(p)]) + p.encode() for p in text.split(".")) + b"\0"


NAMES = [name("%s%d.%s" % (host, i, zone)) for i in range(40) for host in ("www", "mail", "ns")
         for zone in ("cmu.example", "bank.example", "isr.cs.example")]


def dns_pair():
    client = bytes([192, 168, rng.randrange(4), rng.randrange(1, 250)])
    port, ident, question = rng.randrange(1024, 65536), rng.getrandbits(16), rng.choice(NAMES) + b"\0\1\0\1"
    opt = b"\0" + struct.pack(">HHIH", 41, 1232, 0, 0)
    query = struct.pack(">HHHHHH", ident, 0x0100, 1, 0, 0, 1) + question + opt
    answer = struct.pack(">HHHHHH", ident, 0x8180, 1, 2, 0, 1) + question
    for _ in range(2):
        answer += b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 300, 4) + struct.pack(">I", rng.getrandbits(32))
    answer += opt
    yield frame(client, RESOLVER, 17, struct.pack(">HHHH", port, 53, 8 + len(query), 0) + query)
    yield frame(RESOLVER, client, 17, struct.pack(">HHHH", 53, port, 8 + len(answer), 0) + answer)


def ext(kind, data):
    return struct.pack(">HH", kind, len(data)) + data


def record(kind, data):
    return struct.pack(">BHH", kind, 0x0303, len(data)) + data


def hello(server, host, rnd):
    key = ext(51, (b"" if server else struct.pack(">H", 36)) + struct.pack(">HH", 29, 32) + rnd)
    if server:
        exts = ext(43, b"\3\4") + key
        body = b"\3\3" + rnd + b"\x20" + rnd + b"\x13\1\0" + struct.pack(">H", len(exts)) + exts
    else:
        sni = ext(0, struct.pack(">HBH", len(host) + 3, 0, len(host)) + host)
        exts = sni + ext(43, b"\4\3\4\3\3") + ext(10, b"\0\2\0\x1d") + ext(13, b"\0\4\4\3\x08\4") + key
        body = b"\3\3" + rnd + b"\x20" + rnd + b"\0\6\x13\1\x13\2\xc0\x2f\1\0" + struct.pack(">H", len(exts)) + exts
    return record(22, bytes([2 if server else 1]) + struct.pack(">I", len(body))[1:] + body)


NOISE = rng.randbytes(4096)


def connection():
    client = bytes([192, 168, rng.randrange(4), rng.randrange(1, 250)])
    server = bytes([192, 0, 2, rng.randrange(1, 250)])
    ends = [(client, rng.randrange(1024, 65536)), (server, 443)]
    seq = [rng.getrandbits(31), rng.getrandbits(31)]
    stamp = rng.getrandbits(31)

    def segment(who, flags, data=b"", options=b""):
        (src, sport), (dst, dport) = ends[who], ends[1 - who]
        if not options:
            options = b"\1\1\x08\x0a" + struct.pack(">II", stamp, stamp - 1)
        head = struct.pack(">HHIIBBHHH", sport, dport, seq[who], seq[1 - who] if flags & ACK else 0,
                           (20 + len(options)) * 4, flags, 64240, 0, 0)
        seq[who] = (seq[who] + len(data) + (1 if flags & (SYN | FIN) else 0)) & 0xFFFFFFFF
        return frame(src, dst, 6, head + options + data)

    mss = b"\x02\x04\x05\xb4\x04\x02\x08\x0a" + struct.pack(">II", stamp, 0) + b"\1\3\3\7"
    yield segment(0, SYN, options=mss)
    yield segment(1, SYN | ACK, options=mss)
    yield segment(0, ACK)
    rnd = rng.randbytes(32)
    yield segment(0, PSH | ACK, hello(False, b"bank%d.example" % rng.randrange(100), rnd))
    yield segment(1, PSH | ACK, hello(True, b"", rnd) + record(20, b"\1") + record(23, NOISE[:700]))
    yield segment(0, ACK)
    yield segment(0, PSH | ACK, record(20, b"\1") + record(23, NOISE[:53]))
    for _ in range(rng.randrange(1, 12)):
        at = rng.randrange(2048)
        yield segment(0, PSH | ACK, record(23, NOISE[at:at + rng.randrange(60, 200)]))
        yield segment(1, PSH | ACK, record(23, NOISE[at:at + rng.randrange(100, 1200)]))
        yield segment(0, ACK)
    yield segment(0, FIN | ACK)
    yield segment(1, FIN | ACK)
    yield segment(0, ACK)


def packets():
    talks = []
    while True:
        if rng.random() < 0.25:
            yield from dns_pair()
            continue
        if len(talks) < 500:
            talks.append(connection())
        i = rng.randrange(len(talks))
        packet = next(talks[i], None)
        if packet is None:
            talks[i] = talks[-1]
            talks.pop()
        else:
            yield packet


def main():
    path, count = sys.argv[1], int(sys.argv[2])
    with open(path, "wb", 1 << 20) as f:
        f.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        now = 1700000000 * 1000000
        for packet, _ in zip(packets(), range(count)):
            now += rng.randrange(1, 40)
            f.write(struct.pack("<IIII", now // 1000000, now % 1000000, len(packet), len(packet)) + packet)


main()
