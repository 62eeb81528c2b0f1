/* What is remembered about name servers by address: how fast each is, what it cannot do, and for which zones
 * it is of no use. It outlives a lookup, so that a dead server is not asked again for every name. Everything is
 * found by hashing, and all of it is bounded: the oldest makes room. A struct of zeros is empty. */
#ifndef DNSVIEW_SERVERS_H
#define DNSVIEW_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/addr.h"
#include "glassnet/clock.h"

#define SERVERS_MAX     4096
#define LAME_MAX        1024
#define SERVERS_BUCKETS 4096 /* each a power of two */
#define LAME_BUCKETS    1024

#define SERVER_BAD_NS     (10 * NS_PER_S)  /* how long a server that failed is left alone; twice as long each time */
#define SERVER_BAD_MAX_NS (640 * NS_PER_S) /* … but not longer */
#define SERVER_LAME_NS    (60 * NS_PER_S)  /* … for one zone */
#define SERVER_RTT_NS     (900 * NS_PER_S) /* how long a round trip is worth knowing; then others get a chance */

struct server {
	struct ip ip;
	bool plain;        /* it does not understand EDNS */
	uint8_t failed;    /* how often, one after the other */
	uint16_t next;     /* in its bucket; 1 + index, 0: the end */
	int64_t srtt_ns;   /* smoothed round trip; 0: never answered, or too long ago */
	int64_t heard;     /* when it answered last */
	int64_t bad_until; /* it was dead: ask it last until then */
};

struct lame {
	struct ip ip;
	uint16_t next;
	struct dname zone;
	int64_t until;
	bool resolver;
};

struct servers {
	size_t n, n_lame;
	size_t oldest, oldest_lame; /* replaced next, once full */
	int64_t family_down[2];     /* no route for IPv4, IPv6 until then */
	uint16_t bucket[SERVERS_BUCKETS], lame_bucket[LAME_BUCKETS];
	struct server server[SERVERS_MAX];
	struct lame lame[LAME_MAX];
};

/* What is known of an address; NULL: nothing. */
const struct server *servers_find(const struct servers *s, const struct ip *ip);
/* Its smoothed round trip; 0: not known. */
int64_t servers_srtt(const struct server *sv, int64_t now);

/* It answered after rtt_ns: nothing of its failures counts any more. */
void servers_note_answer(struct servers *s, const struct ip *ip, int64_t rtt_ns, int64_t now);
/* It did not: left alone for a while, each time twice as long. */
void servers_note_dead(struct servers *s, const struct ip *ip, int64_t now);
void servers_note_plain(struct servers *s, const struct ip *ip);
/* resolver: it is somebody's resolver, so it may still serve for want of a better one. */
void servers_note_lame(struct servers *s, const struct ip *ip, const struct dname *zone, bool resolver, int64_t now);
void servers_forget_lame(struct servers *s, const struct ip *ip, const struct dname *zone);
enum lameness { LAME_NOT, LAME, LAME_RESOLVER };
enum lameness servers_lameness(const struct servers *s, const struct ip *ip, const struct dname *zone, int64_t now);

void servers_note_family_down(struct servers *s, uint8_t family, int64_t now);
bool servers_family_down(const struct servers *s, uint8_t family, int64_t now);

#endif
