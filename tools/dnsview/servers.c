#include "servers.h"

const struct server *servers_find(const struct servers *s, const struct ip *ip)
{
	for (size_t i = 0; i < s->n; i++)
		if (ip_equal(&s->server[i].ip, ip))
			return &s->server[i];
	return NULL;
}

static struct server *get(struct servers *s, const struct ip *ip)
{
	for (size_t i = 0; i < s->n; i++)
		if (ip_equal(&s->server[i].ip, ip))
			return &s->server[i];
	size_t i = s->n < SERVERS_MAX ? s->n++ : s->next++ % SERVERS_MAX;
	s->server[i] = (struct server){.ip = *ip};
	return &s->server[i];
}

void servers_note_answer(struct servers *s, const struct ip *ip, int64_t rtt_ns)
{
	struct server *sv = get(s, ip);
	/* RFC 6298 2.3: seven parts of what was, one of what is */
	sv->srtt_ns = sv->srtt_ns ? (sv->srtt_ns * 7 + rtt_ns) / 8 : rtt_ns;
	if (sv->srtt_ns <= 0)
		sv->srtt_ns = 1;
	sv->bad_until = 0;
}

void servers_note_dead(struct servers *s, const struct ip *ip, int64_t now)
{
	get(s, ip)->bad_until = now + SERVER_BAD_NS;
}

void servers_note_plain(struct servers *s, const struct ip *ip)
{
	get(s, ip)->plain = true;
}

void servers_note_lame(struct servers *s, const struct ip *ip, const struct dname *zone, bool resolver, int64_t now)
{
	struct lame *l = NULL;
	for (size_t i = 0; i < s->n_lame && !l; i++)
		if (ip_equal(&s->lame[i].ip, ip) && dname_equal(&s->lame[i].zone, zone))
			l = &s->lame[i];
	if (!l)
		l = &s->lame[s->n_lame < LAME_MAX ? s->n_lame++ : s->next_lame++ % LAME_MAX];
	*l = (struct lame){.ip = *ip, .zone = *zone, .until = now + SERVER_BAD_NS, .resolver = resolver};
}

void servers_forget_lame(struct servers *s, const struct ip *ip, const struct dname *zone)
{
	for (size_t i = 0; i < s->n_lame; i++)
		if (ip_equal(&s->lame[i].ip, ip) && dname_equal(&s->lame[i].zone, zone))
			s->lame[i].until = 0;
}

enum lameness servers_lameness(const struct servers *s, const struct ip *ip, const struct dname *zone, int64_t now)
{
	for (size_t i = 0; i < s->n_lame; i++)
		if (s->lame[i].until > now && ip_equal(&s->lame[i].ip, ip) && dname_equal(&s->lame[i].zone, zone))
			return s->lame[i].resolver ? LAME_RESOLVER : LAME;
	return LAME_NOT;
}

void servers_note_family_down(struct servers *s, uint8_t family, int64_t now)
{
	s->family_down[family == 6] = now + SERVER_BAD_NS;
}

bool servers_family_down(const struct servers *s, uint8_t family, int64_t now)
{
	return s->family_down[family == 6] > now;
}
