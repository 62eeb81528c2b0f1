/* What is remembered about name servers by address: how fast each is, what it cannot do, and for which zones
 * it is of no use. It outlives a lookup, so that a dead server is not asked again for every name. */
#ifndef DNSVIEW_SERVERS_H
#define DNSVIEW_SERVERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dname.h"
#include "glassnet/addr.h"
#include "glassnet/clock.h"

#define SERVERS_MAX   512
#define LAME_MAX      256
#define SERVER_BAD_NS (60 * NS_PER_S) /* how long a dead or lame server is left alone */

struct server {
	struct ip ip;
	int64_t srtt_ns;   /* smoothed round trip; 0: never answered */
	int64_t bad_until; /* it was dead: ask it last until then */
	bool plain;        /* it does not understand EDNS */
};

struct lame {
	struct ip ip;
	struct dname zone;
	int64_t until;
	bool resolver;
};

struct servers {
	size_t n, n_lame;
	size_t next, next_lame; /* replaced next, once full */
	int64_t family_down[2]; /* no route for IPv4, IPv6 until then */
	struct server server[SERVERS_MAX];
	struct lame lame[LAME_MAX];
};

/* What is known of an address; NULL: nothing. */
const struct server *servers_find(const struct servers *s, const struct ip *ip);

void servers_note_answer(struct servers *s, const struct ip *ip, int64_t rtt_ns);
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
