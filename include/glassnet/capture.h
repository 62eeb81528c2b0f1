/* Packets from many places at once: interfaces of this machine, of every host of a lab, or a capture file; merged in
 * time order, and the same packet seen at several places known as one. */
#ifndef GLASSNET_CAPTURE_H
#define GLASSNET_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"
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
	const char *comment;  /* from a pcapng file, or NULL */
};

struct capture;

/* --- sources. *msg (at least 256 octets) gets a sentence about what failed, and the remedy. */
enum err capture_open_file(struct capture **out, const char *path, const char *filter, char msg[static 256]) MUST_USE;
enum err capture_open_live(struct capture **out, const char *ifname, const char *filter, char msg[static 256]) MUST_USE;

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

/* --- pairing across links and hops --------------------------------------------------------------------- */

/* One packet on its way: everywhere it was seen, in time order. */
struct sighting {
	uint64_t number; /* in the capture */
	size_t vantage;
	int64_t time;
	bool outgoing;
	struct packet packet; /* parsed; bytes are the journey's own copy */
};

enum change_field { CHANGE_SRC = 1, CHANGE_DST = 2, CHANGE_SPORT = 4, CHANGE_DPORT = 8, CHANGE_TTL = 16,
	CHANGE_CHECKSUM = 32, CHANGE_PAYLOAD = 64, CHANGE_MAC = 128 };

#define JOURNEY_MAX_SIGHTINGS 24

struct journey {
	size_t n;
	struct sighting at[JOURNEY_MAX_SIGHTINGS];
};

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
enum err pairing_add(struct pairing *p, const struct capture *c, const struct capture_packet *cp) MUST_USE;
void pairing_flush(struct pairing *p);
void pairing_free(struct pairing *p);

/* Emits a journey as events: one SEND an arrow of the ladder (host to host), with what a router changed as STATE
 * and, when asked, FIELDs. */
void journey_emit(const struct journey *j, const struct capture *c, struct trace *t, bool fields);

/* --- pcapng (draft-ietf-opsawg-pcapng) -------------------------------------------------------------------- */

struct pcapng;
enum err pcapng_create(struct pcapng **out, const char *path) MUST_USE; /* "-": stdout */
/* Interfaces get their number in the order of these calls; the name is "HOST IFNAME". */
enum err pcapng_interface(struct pcapng *w, const struct vantage *v) MUST_USE;
enum err pcapng_name(struct pcapng *w, const struct ip *addr, const char *name) MUST_USE; /* name resolution block */
enum err pcapng_tls_keys(struct pcapng *w, const char *keylog, size_t len) MUST_USE; /* decryption secrets block */
enum err pcapng_packet(struct pcapng *w, const struct capture_packet *p, const char *comment) MUST_USE;
enum err pcapng_close(struct pcapng *w) MUST_USE; /* flushes; leaves a whole file whenever it is called */

#endif
