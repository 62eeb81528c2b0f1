#include "stun_site.h"

#define SOFTWARE     "natview " GLASSNET_VERSION
#define UNKNOWN_MAX  16     /* attributes that an error names */
#define MUST_KNOW    0x8000 /* types below must be understood (RFC 8489 14) */
#define CODE_UNKNOWN 420

struct request {
	struct stun head;
	uint16_t response_port; /* 0: none asked for */
	size_t n_unknown;
	uint16_t unknown[UNKNOWN_MAX];
};

struct endpoint stun_place_at(const struct stun_site *s, struct stun_place p)
{
	return (struct endpoint){.ip = s->ip[p.ip], .port = s->port[p.port]};
}

static bool has_two(const struct stun_site *s)
{
	return s->ip[1].family != 0;
}

/* Everything that is understood without being needed counts as known: credentials, for one, which nobody asked for. */
static bool known(uint16_t type)
{
	switch (type) {
	case STUN_MAPPED_ADDRESS:
	case STUN_CHANGE_REQUEST:
	case STUN_SOURCE_ADDRESS:
	case STUN_CHANGED_ADDRESS:
	case STUN_USERNAME:
	case STUN_MESSAGE_INTEGRITY:
	case STUN_MESSAGE_INTEGRITY_SHA256:
	case STUN_USERHASH:
	case STUN_REALM:
	case STUN_NONCE:
	case STUN_PRIORITY:
	case STUN_USE_CANDIDATE:
	case STUN_PADDING:
	case STUN_RESPONSE_PORT:
		return true;
	default:
		return type >= MUST_KNOW;
	}
}

static void note_unknown(struct request *r, uint16_t type)
{
	if (r->n_unknown < UNKNOWN_MAX)
		r->unknown[r->n_unknown++] = type;
}

static enum err read_request(const struct stun_site *s, const uint8_t *p, size_t len, struct request *r, size_t *off)
{
	struct stun_attribute a;
	size_t pos = 0;
	enum err e = stun_parse(&r->head, p, len, off);
	if (e != ERR_OK)
		return e;
	if (r->head.class != STUN_REQUEST || r->head.method != STUN_BINDING ||
	    (r->head.has_fingerprint && !r->head.fingerprint_right))
		return ERR_NEGATIVE;
	while (stun_attribute_next(p, len, &pos, &a)) {
		struct rd value = rd_init(p + a.data_off, a.len);
		if (!known(a.type))
			note_unknown(r, a.type);
		else if (a.type == STUN_RESPONSE_PORT)
			r->response_port = rd_u16(&value);
	}
	/* Who cannot answer from elsewhere says so (RFC 5780 6.1): silence would look like a NAT that filters. */
	if (r->head.has_change && (r->head.change & STUN_CHANGE_IP) && !has_two(s))
		note_unknown(r, STUN_CHANGE_REQUEST);
	return ERR_OK;
}

static void put_unknown(struct wr *w, const struct request *r)
{
	uint8_t list[2 * UNKNOWN_MAX];
	struct wr value = wr_init(list, sizeof list);
	for (size_t i = 0; i < r->n_unknown; i++)
		wr_u16(&value, r->unknown[i]);
	stun_put_error(w, CODE_UNKNOWN, "Unknown Attribute");
	stun_put(w, STUN_UNKNOWN_ATTRIBUTES, list, value.pos);
}

/* RFC 3489 has other names for three of the addresses, and knows no masked one. */
static void put_addresses(struct wr *w, const struct stun_site *s, const struct request *r, struct stun_place from,
    struct stun_place asked, const struct endpoint *client)
{
	struct stun_place other = {!asked.ip, !asked.port};
	struct endpoint origin = stun_place_at(s, from), elsewhere = stun_place_at(s, other);
	stun_put_address(w, STUN_MAPPED_ADDRESS, client);
	if (r->head.cookie)
		stun_put_address(w, STUN_XOR_MAPPED_ADDRESS, client);
	stun_put_address(w, r->head.cookie ? STUN_RESPONSE_ORIGIN : STUN_SOURCE_ADDRESS, &origin);
	if (has_two(s))
		stun_put_address(w, r->head.cookie ? STUN_OTHER_ADDRESS : STUN_CHANGED_ADDRESS, &elsewhere);
}

enum err stun_site_answer(const struct stun_site *s, struct stun_place at, const struct endpoint *from,
    const uint8_t *p, size_t len, struct stun_answer *out, size_t *off)
{
	struct request r = {.response_port = 0};
	enum err e = read_request(s, p, len, &r, off);
	if (e != ERR_OK)
		return e;
	bool refused = r.n_unknown > 0;
	struct wr w = wr_init(out->bytes, sizeof out->bytes);
	out->to = *from;
	out->from = at;
	if (!refused && r.head.has_change)
		out->from = (struct stun_place){at.ip ^ ((r.head.change & STUN_CHANGE_IP) != 0),
		    at.port ^ ((r.head.change & STUN_CHANGE_PORT) != 0)};
	if (!refused && r.response_port)
		out->to.port =
		    r.response_port; /* of the same host only: nobody can be sent what he did not ask for */
	stun_begin(&w, STUN_BINDING, refused ? STUN_ERROR : STUN_SUCCESS, p + 4);
	if (refused)
		put_unknown(&w, &r);
	else
		put_addresses(&w, s, &r, out->from, at, from);
	if (r.head.cookie)
		stun_put(&w, STUN_SOFTWARE, SOFTWARE, sizeof SOFTWARE - 1);
	if (r.head.has_fingerprint)
		stun_put_fingerprint(&w);
	out->len = stun_end(&w);
	return out->len ? ERR_OK : ERR_TOO_LONG;
}
