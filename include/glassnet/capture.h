/* Packets from many places at once: interfaces of this machine, of every host of a lab, or a capture file; merged in
 * time order, and the same packet seen at several places known as one. */
#ifndef GLASSNET_CAPTURE_H
#define GLASSNET_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
#include "glassnet/flow.h"
#include "glassnet/lab.h"
#include "glassnet/packet.h"

/* One interface of one host. */
struct vantage {
	char host[LAB_HOST_MAX]; /* "home-router"; "" when unknown */
	char ifname[32];
	int linktype; /* pcap's DLT_ value */
};

/* A packet at one vantage. bytes belong to the capture and live until the next call. */
struct capture_packet {
	struct packet packet; /* number, time, bytes, linktype set; not parsed yet */
	size_t vantage;       /* index */
	bool outgoing;        /* sent by that host, where the system tells; see has_direction */
	bool has_direction;
	const char *comment; /* from a pcapng file, or NULL */
};

struct capture;

/* --- sources. *msg (at least 256 octets) gets a sentence about what failed, and the remedy. */
enum err capture_open_file(struct capture **out, const char *path, const char *filter, char msg[static 256]) MUST_USE;
enum err capture_open_live(
    struct capture **out, const char *ifname, const char *filter, char msg[static 256]) MUST_USE;

/* Every interface but lo of the given hosts (n_hosts 0: all hosts). Joins the lab's user namespace: the process
 * must have one thread. */
enum err capture_open_lab(struct capture **out, struct lab *lab, const size_t *hosts, size_t n_hosts,
    const char *filter, char msg[static 256]) MUST_USE;
void capture_close(struct capture *c); /* NULL is allowed */

size_t capture_n_vantages(const struct capture *c);
const struct vantage *capture_vantage(const struct capture *c, size_t i);

/* The next packet in time order. Live: waits at most timeout_ns (0: only what is there, which is everything that
 * was sent before the call); holds packets back for a few ms so that other vantages' can be put in order.
 * ERR_TIMEOUT: none came; ERR_CLOSED: end of the file; ERR_TRUNCATED, ERR_FORMAT: the file is damaged here, with
 * the offset and the reason from capture_error(). stop_fd (or -1) ends the wait early when readable. */
enum err capture_next(struct capture *c, struct capture_packet *out, int64_t timeout_ns, int stop_fd) MUST_USE;
const char *capture_error(const struct capture *c);
uint64_t capture_dropped(const struct capture *c); /* packets the kernel had no room for */

/* The TLS key log that the file brought so far (pcapng's decryption secrets); *len 0: none. */
const char *capture_keys(const struct capture *c, size_t *len);

/* The host that an address belongs to, as the lab or the file's name resolution block says; NULL: not known. */
const char *capture_name(const struct capture *c, const struct ip *addr);
bool capture_has_names(const struct capture *c);

/* From now on addresses alone: capture_name() knows none, and a journey's ends are addresses. */
void capture_hide_names(struct capture *c);

/* --- pairing across links and hops --------------------------------------------------------------------- */

/* One packet on its way: everywhere it was seen, in time order. */
struct sighting {
	uint64_t number; /* in the capture */
	size_t vantage;
	int64_t time;
	bool outgoing, has_direction;
	struct packet packet; /* parsed; bytes are the journey's own copy */
};

enum change_field {
	CHANGE_SRC = 1,
	CHANGE_DST = 2,
	CHANGE_SPORT = 4,
	CHANGE_DPORT = 8,
	CHANGE_TTL = 16,
	CHANGE_CHECKSUM = 32,
	CHANGE_PAYLOAD = 64,
	CHANGE_MAC = 128
};

#define JOURNEY_MAX_SIGHTINGS 24

struct journey {
	size_t n;
	struct sighting at[JOURNEY_MAX_SIGHTINGS];
};

/* The checksum of the IPv4 header, and that of UDP, TCP or ICMP. False where the packet has none. */
bool ipv4_checksum(const struct packet *p, uint16_t *out);
bool transport_checksum(const struct packet *p, uint16_t *out);

/* What differs between two sightings of a packet: a mask of enum change_field. */
unsigned sighting_changes(const struct packet *before, const struct packet *after);

/* Collects packets and gives journeys: both ends of a link are one arrow, a router's two sides and a NAT's are one
 * packet whose changed fields are known. A journey is given out when window_ns have passed since its last sighting,
 * or at pair_flush(). NAT is recognised by what it leaves alone (IP id or flow label, transport checksum's change,
 * sequence numbers, payload) together with the router's two interfaces, never by a table that the lab would have to
 * hand over. Memory is bounded: with more than max_open journeys the oldest is given out early. */
struct pairing;
enum err pairing_new(struct pairing **out, int64_t window_ns, size_t max_open,
    void (*on_journey)(void *ctx, const struct journey *j), void *ctx) MUST_USE;
/* From now on the first packet of each journey is a part of its connection (flows_take(), with the last one as its other
 * ends). Borrowed. */
void pairing_follow(struct pairing *p, struct flows *flows);
enum err pairing_add(struct pairing *p, const struct capture *c, const struct capture_packet *cp) MUST_USE;
/* Gives out what is complete at this time of the packets' clock: for a live capture on which no packet came. */
void pairing_advance(struct pairing *p, int64_t now);
void pairing_flush(struct pairing *p);
void pairing_free(struct pairing *p);

/* The two ends: hosts where they are known, else addresses. Each text is cut to LAB_HOST_MAX. */
void journey_ends(
    const struct journey *j, const struct capture *c, char from[static LAB_HOST_MAX], char to[static LAB_HOST_MAX]);

/* The hosts between the ends, and what a NAT changed there: "home-router (NAT: source 192.168.1.100:40000 →
 * 203.0.113.10:40000), isp, core"; "" when there are none. Returns out. */
char *journey_via(const struct journey *j, const struct capture *c, char *out, size_t cap);

/* Emits a journey as events. JOURNEY_HOPS: one SEND an arrow of the full ladder (host to host), with what each
 * router changed as STATE; without it one SEND from the first host to the last, its label ending with
 * "via home-router (NAT), isp, core", and a STATE for each NAT (JOURNEY_CHANGES: for everything that
 * each router changed). JOURNEY_FIELDS: FIELDs after each SEND. */
enum journey_flags { JOURNEY_FIELDS = 1, JOURNEY_HOPS = 2, JOURNEY_CHANGES = 4 };
void journey_emit(const struct journey *j, const struct capture *c, struct trace *t, unsigned flags);

/* --- two captures of the same packets ------------------------------------------------------------------ */

/* Packets taken at two places, found again by what routers and NATs leave alone; where nothing is the same but the IP
 * identification, ports and sequence number, the payload was changed. Both sides are kept: not for live captures. */
struct comparison;
enum err comparison_new(struct comparison **out) MUST_USE;
void comparison_free(struct comparison *c); /* NULL is allowed */
/* place: 0 or 1. ERR_TOO_LONG over 512 MB of packets. */
enum err comparison_add(struct comparison *c, unsigned place, const struct capture_packet *cp) MUST_USE;
/* Gives out every packet once, in the order of the first place, then those of the second alone. One of a and b is NULL
 * where a packet is at one place only. Ends early, and returns that, where found does not return ERR_OK. */
enum err comparison_run(struct comparison *c,
    enum err (*found)(void *ctx, const struct packet *a, const struct packet *b), void *ctx) MUST_USE;

/* --- pcapng (draft-ietf-opsawg-pcapng) -------------------------------------------------------------------- */

struct pcapng;
enum err pcapng_create(struct pcapng **out, const char *path) MUST_USE; /* "-": stdout */
/* Every block is written at once, so that the file is whole whenever the program ends. Interfaces get their number in
 * the order of these calls; the name is "HOST IFNAME". A packet's vantage is such a number. */
enum err pcapng_interface(struct pcapng *w, const struct vantage *v) MUST_USE;
enum err pcapng_name(struct pcapng *w, const struct ip *addr, const char *name) MUST_USE; /* name resolution block */
enum err pcapng_tls_keys(struct pcapng *w, const char *keylog, size_t len) MUST_USE; /* decryption secrets block */
/* The names and secrets that c has by now, and w does not: those of a file turn up while it is read. */
enum err capture_copy_meta(const struct capture *c, struct pcapng *w) MUST_USE;
enum err pcapng_packet(struct pcapng *w, const struct capture_packet *p, const char *comment) MUST_USE;
enum err pcapng_close(struct pcapng *w) MUST_USE; /* NULL is allowed */

#endif
