#include "servers.h"

/* --- by address -------------------------------------------------------------------------------- */

static uint32_t hash_ip(const struct ip *ip)
{
	uint32_t h = 2166136261u ^ ip->family;
	for (size_t i = 0; i < (ip->family == 6 ? 16 : 4); i++)
		h = (h ^ ip->b[i]) * 16777619u;
	return h ^ h >> 15;
}

static uint16_t *server_bucket(struct servers *s, const struct ip *ip)
{
	return &s->bucket[hash_ip(ip) % SERVERS_BUCKETS];
}

const struct server *servers_find(const struct servers *s, const struct ip *ip)
{
	uint16_t at = s->bucket[hash_ip(ip) % SERVERS_BUCKETS];
	while (at && !ip_equal(&s->server[at - 1].ip, ip))
		at = s->server[at - 1].next;
	return at ? &s->server[at - 1] : NULL;
}

static struct server *get(struct servers *s, const struct ip *ip)
{
	const struct server *found = servers_find(s, ip);
	if (found)
		return &s->server[found - s->server];
	size_t i = s->n < SERVERS_MAX ? s->n++ : s->oldest++ % SERVERS_MAX;
	struct server *sv = &s->server[i];
	if (sv->ip.family) {
		uint16_t *link = server_bucket(s, &sv->ip);
		while (*link != i + 1)
			link = &s->server[*link - 1].next;
		*link = sv->next;
	}
	uint16_t *head = server_bucket(s, ip);
	*sv = (struct server){.ip = *ip, .next = *head};
	*head = (uint16_t)(i + 1);
	return sv;
}

int64_t servers_srtt(const struct server *sv, int64_t now)
{
	return sv && now - sv->heard < SERVER_RTT_NS ? sv->srtt_ns : 0;
}

void servers_note_answer(struct servers *s, const struct ip *ip, int64_t rtt_ns, int64_t now)
{
	struct server *sv = get(s, ip);
	int64_t srtt = servers_srtt(sv, now);
	/* RFC 6298 2.3: seven parts of what was, one of what is */
	sv->srtt_ns = srtt ? (srtt * 7 + rtt_ns) / 8 : rtt_ns;
	if (sv->srtt_ns <= 0)
		sv->srtt_ns = 1;
	sv->heard = now;
	sv->bad_until = 0;
	sv->failed = 0;
}

void servers_note_dead(struct servers *s, const struct ip *ip, int64_t now)
{
	struct server *sv = get(s, ip);
	int64_t wait = SERVER_BAD_NS << sv->failed;
	if (wait < SERVER_BAD_MAX_NS)
		sv->failed++;
	sv->bad_until = now + (wait < SERVER_BAD_MAX_NS ? wait : SERVER_BAD_MAX_NS);
}

void servers_note_plain(struct servers *s, const struct ip *ip)
{
	get(s, ip)->plain = true;
}

/* --- by address and zone ----------------------------------------------------------------------- */

static size_t lame_hash(const struct ip *ip, const struct dname *zone)
{
	return (hash_ip(ip) ^ dname_hash(zone)) % LAME_BUCKETS;
}

static uint16_t lame_find(const struct servers *s, const struct ip *ip, const struct dname *zone)
{
	uint16_t at = s->lame_bucket[lame_hash(ip, zone)];
	while (at && !(ip_equal(&s->lame[at - 1].ip, ip) && dname_equal(&s->lame[at - 1].zone, zone)))
		at = s->lame[at - 1].next;
	return at;
}

void servers_note_lame(struct servers *s, const struct ip *ip, const struct dname *zone, bool resolver, int64_t now)
{
	uint16_t at = lame_find(s, ip, zone);
	if (at) {
		s->lame[at - 1].until = now + SERVER_LAME_NS;
		s->lame[at - 1].resolver = resolver;
		return;
	}
	size_t i = s->n_lame < LAME_MAX ? s->n_lame++ : s->oldest_lame++ % LAME_MAX;
	struct lame *l = &s->lame[i];
	if (l->ip.family) {
		uint16_t *link = &s->lame_bucket[lame_hash(&l->ip, &l->zone)];
		while (*link != i + 1)
			link = &s->lame[*link - 1].next;
		*link = l->next;
	}
	uint16_t *head = &s->lame_bucket[lame_hash(ip, zone)];
	*l = (struct lame){
	    .ip = *ip, .zone = *zone, .until = now + SERVER_LAME_NS, .resolver = resolver, .next = *head};
	*head = (uint16_t)(i + 1);
}

void servers_forget_lame(struct servers *s, const struct ip *ip, const struct dname *zone)
{
	uint16_t at = lame_find(s, ip, zone);
	if (at)
		s->lame[at - 1].until = 0;
}

enum lameness servers_lameness(const struct servers *s, const struct ip *ip, const struct dname *zone, int64_t now)
{
	uint16_t at = lame_find(s, ip, zone);
	if (!at || s->lame[at - 1].until <= now)
		return LAME_NOT;
	return s->lame[at - 1].resolver ? LAME_RESOLVER : LAME;
}

/* --- by family --------------------------------------------------------------------------------- */

void servers_note_family_down(struct servers *s, uint8_t family, int64_t now)
{
	s->family_down[family == 6] = now + SERVER_BAD_NS;
}

bool servers_family_down(const struct servers *s, uint8_t family, int64_t now)
{
	return s->family_down[family == 6] > now;
}
