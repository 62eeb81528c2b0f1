/* What the sources of a capture share: files (pcap by libpcap, pcapng by pcapng_read.c) and live interfaces.
 */
#ifndef CAPTURE_PRIVATE_H
#define CAPTURE_PRIVATE_H

#include <pcap/pcap.h>
#include <stdio.h>

#include "glassnet/capture.h"

#define CAPTURE_MAX_VANTAGES 4096
#define CAPTURE_MAX_NAMES    4096

/* A BPF filter, compiled once for each link type that turns up. An empty text lets everything pass. */
struct filter {
	char *text; /* NULL: everything passes */
	size_t n;
	struct {
		int linktype;
		struct bpf_program prog;
	} progs[8];
};

/* Keeps a copy of text and tries it on Ethernet. msg says what is wrong with it. */
enum err filter_init(struct filter *f, const char *text, char msg[static 256]) MUST_USE;
void filter_release(struct filter *f);
bool filter_pass(struct filter *f, int linktype, const uint8_t *bytes, size_t len, size_t wire_len);

struct named_addr {
	struct ip addr;
	char host[LAB_HOST_MAX];
};

struct capture_ops {
	enum err (*next)(struct capture *c, struct capture_packet *out, int64_t timeout_ns, int stop_fd);
	uint64_t (*dropped)(const struct capture *c);
	void (*close)(struct capture *c);
};

struct capture {
	const struct capture_ops *ops;
	void *source; /* the ops' own */
	struct filter filter;
	struct vantage **vantages; /* pointers, so that those given out stay when the array grows */
	size_t n_vantages, cap_vantages;
	struct named_addr *names;
	bool numeric; /* names are not to be told */
	size_t n_names, cap_names;
	char *keys; /* TLS key log found in the file */
	size_t n_keys;
	uint64_t number; /* of the last packet */
	char error[256];
};

/* An empty capture; *out is NULL where it fails. */
enum err capture_new(
    struct capture **out, const struct capture_ops *ops, const char *filter, char msg[static 256]) MUST_USE;
enum err capture_add_vantage(struct capture *c, const char *host, const char *ifname, int linktype) MUST_USE;
/* The first name of an address stays. Silently does nothing when there are too many. */
/* Does that host have this address, alone or beside others? (Two homes may use one private address.) */
bool capture_has_address(const struct capture *c, const char *host, size_t len, const struct ip *addr);
void capture_add_name(struct capture *c, const struct ip *addr, const char *host, size_t len);
void capture_set_error(struct capture *c, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* --- pcapng_read.c */

struct pcapng_reader;
enum err pcapng_reader_new(struct pcapng_reader **out, FILE *f, const char *path) MUST_USE;
void pcapng_reader_free(struct pcapng_reader *r);
/* Reads blocks up to the next packet that passes the filter. Errors as capture_next(). */
enum err pcapng_reader_next(struct pcapng_reader *r, struct capture *c, struct capture_packet *out) MUST_USE;

/* DLT_ (what libpcap says in memory) and LINKTYPE_ (what is in files) differ for raw IP. */
int linktype_to_dlt(int linktype);
int linktype_from_dlt(int dlt);

/* --- live.c */

/* A live capture without interfaces yet. buffer: octets that the kernel keeps for each. */
enum err live_new(struct capture **out, const char *filter, int buffer, char msg[static 256]) MUST_USE;

/* The capture ends when fd is readable; fd belongs to it. -1: never. */
void live_ends_with(struct capture *c, int fd);

enum live_scan { LIVE_NAMES_ONLY, LIVE_OPEN };

/* Looks at the interfaces of the network namespace that the process is in: learns the host's addresses, and
 * with LIVE_OPEN notes each that is up, but lo, to be opened (only: that one alone, whatever it is). */
enum err live_scan_here(
    struct capture *c, const char *host, const char *only, enum live_scan what, char msg[static 256]) MUST_USE;

/* Opens all that were noted; each becomes a vantage. */
enum err live_open(struct capture *c, char msg[static 256]) MUST_USE;

/* --- traits.c: what pairing knows a packet by */

struct traits {
	uint64_t frame;           /* hash of every octet: equal on both ends of a link */
	uint64_t invariant;       /* hash of what routers and NATs leave alone */
	struct endpoint src, dst; /* of an ICMP echo the identifier stands for both ports */
	uint8_t ttl;
	bool routable; /* IP: the invariant may be compared */
	bool group;    /* to a broadcast or multicast MAC address */
};

void traits_of(struct traits *t, const struct packet *p);

/* A hash of the little that even a changed payload leaves: protocol, IP identification, TCP's numbers. 0: there is
 * nothing of the kind. */
uint64_t traits_skeleton(const struct packet *p);

#endif
