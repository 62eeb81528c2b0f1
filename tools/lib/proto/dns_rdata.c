/* The data of records: one table says of what parts each type's consists; checking it, writing it as text and
 * describing it all go by the table. A new type is one more entry. */
#include "dns_rdata.h"

#include <stdio.h>
#include <time.h>

#include "glassnet/wire.h"

#define SIGNATURE                                                                                                    \
	{PART_TYPE, "type covered", "which records of the name it signs"},                                           \
	    {PART_U8, "algorithm", "how it is signed"},                                                              \
	    {PART_U8, "labels", "fewer than the name has: made from a wildcard"},                                    \
	    {PART_SECONDS, "original TTL", "what was signed; caches count down"},                                    \
	    {PART_MOMENT, "valid until", "after that it is worth nothing"},                                          \
	    {PART_MOMENT, "valid from", "before that, too"}, {PART_U16, "key tag", "which DNSKEY checks it"},        \
	    {PART_NAME, "signer", "the zone whose key signed"},                                                      \
	{                                                                                                            \
		PART_OCTETS, "signature", "made with the private key, checked with the DNSKEY"                       \
	}

#define SERVICE                                                                                                      \
	{PART_U16, "priority", "0: an alias; else the smallest is tried first"},                                     \
	    {PART_NAME, "target", "where the service is; . is the owner itself"},                                    \
	{                                                                                                            \
		PART_PARAMS, "parameters", "what a client can know before it connects"                               \
	}

static const struct rdata_layout layouts[] = {
    {DNS_A, "RFC 1035 3.4.1", {{PART_IPV4, "address", "where the machine of that name is"}}},
    {DNS_AAAA, "RFC 3596 2.2", {{PART_IPV6, "address", "where the machine of that name is"}}},
    {DNS_NS, "RFC 1035 3.3.11", {{PART_NAME, "name server", "this server has the zone's data"}}},
    {DNS_CNAME, "RFC 1035 3.3.1", {{PART_NAME, "canonical name", "the name is only an alias: look for this one"}}},
    {DNS_PTR, "RFC 1035 3.3.12", {{PART_NAME, "name", "the name of the machine with that address"}}},
    {DNS_SOA, "RFC 1035 3.3.13",
        {{PART_NAME, "primary server", "where the zone is changed"},
            {PART_NAME, "responsible person", "a mail address, its @ written as a dot"},
            {PART_U32, "serial", "grows with each change of the zone"},
            {PART_SECONDS, "refresh", "how often copies of the zone look for a new serial"},
            {PART_SECONDS, "retry", "… and after a failure"},
            {PART_SECONDS, "expire", "a copy that is older is worth nothing"},
            {PART_SECONDS, "minimum",
                "how long a resolver may remember that something does not exist (RFC 2308 4)"}}},
    {DNS_MX, "RFC 1035 3.3.9",
        {{PART_U16, "preference", "the smallest is tried first"},
            {PART_NAME, "mail server", "takes the mail for that name"}}},
    {DNS_TXT, "RFC 1035 3.3.14", {{PART_STRINGS, "text", "whatever the owner wants to say, for programs or people"}}},
    {DNS_SRV, "RFC 2782",
        {{PART_U16, "priority", "the smallest is tried first"}, {PART_U16, "weight", "the share among equals"},
            {PART_U16, "port", "where the service listens"},
            {PART_NAME, "target", "the machine that has the service"}}},
    {DNS_DS, "RFC 4034 5.1",
        {{PART_U16, "key tag", "of the child's DNSKEY"}, {PART_U8, "algorithm", "of that key"},
            {PART_U8, "digest type", "how its digest is made: 2 is SHA-256"},
            {PART_OCTETS, "digest", "the parent vouches for the child's key"}}},
    {DNS_DNSKEY, "RFC 4034 2.1",
        {{PART_U16, "flags", "256 signs the zone's data, 257 signs the keys"}, {PART_U8, "protocol", "always 3"},
            {PART_U8, "algorithm", "what kind of key: 8 is RSA, 13 ECDSA, 15 Ed25519"},
            {PART_OCTETS, "public key", "checks what the private key signed"}}},
    {DNS_RRSIG, "RFC 4034 3.1", {SIGNATURE}},
    {DNS_NSEC, "RFC 4034 4.1",
        {{PART_NAME, "next name", "no name exists between the owner and this one"},
            {PART_TYPES, "types", "what the owner has; nothing else"}}},
    {DNS_NSEC3, "RFC 5155 3.2",
        {{PART_U8, "hash algorithm", "1 is SHA-1"}, {PART_U8, "flags", "1: names without signatures may lie between"},
            {PART_U16, "iterations", "how often a name is hashed once more (RFC 9276: none)"},
            {PART_COUNTED, "salt", "hashed with each name"},
            {PART_COUNTED, "next hash", "no name's hash lies between the owner's and this one"},
            {PART_TYPES, "types", "what the owner has; nothing else"}}},
    {DNS_NSEC3PARAM, "RFC 5155 4.2",
        {{PART_U8, "hash algorithm", "1 is SHA-1"}, {PART_U8, "flags", NULL}, {PART_U16, "iterations", NULL},
            {PART_COUNTED, "salt", NULL}}},
    {DNS_TLSA, "RFC 6698 2.1",
        {{PART_U8, "usage", "3: this very certificate; 2: an authority for it"},
            {PART_U8, "selector", "0: the certificate; 1: its public key"},
            {PART_U8, "matching", "0: itself; 1: its SHA-256"}, {PART_OCTETS, "data", NULL}}},
    {DNS_SVCB, "RFC 9460 2.2", {SERVICE}},
    {DNS_HTTPS, "RFC 9460 9", {SERVICE}},
    {DNS_CAA, "RFC 8659 4.1",
        {{PART_U8, "flags", "128: who does not know the property must not issue"},
            {PART_COUNTED, "property", "issue: who may make certificates for this name"},
            {PART_TEXT, "value", NULL}}},
};

const struct rdata_layout *rdata_layout_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (layouts[i].type == type)
			return &layouts[i];
	return NULL;
}

struct rdata_walk rdata_walk_begin(const uint8_t *p, size_t len, const struct dns_rr *rr)
{
	const struct rdata_layout *layout = rdata_layout_of(rr->type);

	return (struct rdata_walk){.part = layout ? layout->parts : NULL,
	    .p = p,
	    .len = len,
	    .pos = rr->rdata_off,
	    .end = rr->rdata_off + rr->rdata_len};
}

static bool stop(struct rdata_walk *w, size_t where, enum err e)
{
	w->err = e;
	w->err_off = where;
	return false;
}

/* The octets of a part of fixed size; 0: it has none. */
static size_t fixed_size(enum part_kind kind)
{
	switch (kind) {
	case PART_IPV4:
	case PART_U32:
	case PART_SECONDS:
	case PART_MOMENT:
		return 4;
	case PART_IPV6:
		return 16;
	case PART_U8:
		return 1;
	case PART_U16:
	case PART_TYPE:
		return 2;
	case PART_NAME:
	case PART_STRINGS:
	case PART_TYPES:
	case PART_COUNTED:
	case PART_PARAMS:
	case PART_TEXT:
	case PART_OCTETS:
	case PART_END:
		break;
	}
	return 0;
}

/* Strings, and windows of a bitmap, must fill what is left exactly; head octets come before each one's
 * octets, the last of them is the length. */
static bool check_rest(struct rdata_walk *w, size_t head)
{
	for (size_t i = w->pos; i < w->end; i += head + w->p[i + head - 1])
		if (i + head > w->end || w->p[i + head - 1] > w->end - i - head)
			return stop(w, i, ERR_FORMAT);
	return true;
}

/* Parameters must fill what is left, their keys in rising order (RFC 9460 2.2). */
static bool check_params(struct rdata_walk *w)
{
	struct rd r = rd_init(w->p, w->end);
	long last = -1;

	rd_skip(&r, w->pos);
	while (!r.bad && r.pos < w->end) {
		size_t at = r.pos;
		long key = rd_u16(&r);
		rd_skip(&r, rd_u16(&r));
		if (r.bad || key <= last)
			return stop(w, at, ERR_FORMAT);
		last = key;
	}
	return true;
}

bool rdata_walk_next(struct rdata_walk *w, const struct rdata_part **part, size_t *off, size_t *n)
{
	if (!w->part || w->err != ERR_OK)
		return false;
	if (w->part->kind == PART_END)
		return w->pos == w->end ? false : stop(w, w->pos, ERR_FORMAT);
	size_t next = w->pos + fixed_size(w->part->kind);
	if (w->part->kind == PART_NAME) {
		w->err = dns_name_skip(w->p, w->len, &next, &w->err_off);
		if (w->err != ERR_OK)
			return false;
	} else if (w->part->kind == PART_COUNTED) {
		if (w->pos >= w->end || w->p[w->pos] > w->end - w->pos - 1)
			return stop(w, w->pos, ERR_FORMAT);
		next = w->pos + 1U + w->p[w->pos];
	} else if (next == w->pos) {
		if (w->part->kind == PART_PARAMS && !check_params(w))
			return false;
		if ((w->part->kind == PART_STRINGS && !check_rest(w, 1)) ||
		    (w->part->kind == PART_TYPES && !check_rest(w, 2)))
			return false;
		next = w->end;
	}
	if (next > w->end)
		return stop(w, w->pos, ERR_FORMAT);
	*part = w->part++;
	*off = w->pos;
	*n = next - w->pos;
	w->pos = next;
	return true;
}

enum err dns_rdata_check(const uint8_t *p, size_t len, const struct dns_rr *rr, size_t *at)
{
	struct rdata_walk w = rdata_walk_begin(p, len, rr);
	const struct rdata_part *part;
	size_t off, n;

	while (rdata_walk_next(&w, &part, &off, &n))
		continue;
	if (w.err != ERR_OK)
		*at = w.err_off;
	return w.err;
}

static void moment_text(struct text *out, uint32_t seconds)
{
	char tmp[32];
	time_t when = (time_t)seconds;
	struct tm tm;

	if (gmtime_r(&when, &tm) && strftime(tmp, sizeof(tmp), "%Y-%m-%dT%H:%M:%SZ", &tm) > 0)
		text_str(out, tmp);
}

static void strings_text(struct text *out, const uint8_t *p, size_t off, size_t n)
{
	for (size_t i = off; i < off + n && !out->cut; i += 1U + p[i]) {
		text_str(out, i > off ? " \"" : "\"");
		text_peer(out, p + i + 1, p[i]);
		text_str(out, "\"");
	}
}

/* Window number, octets, then one bit a type, the highest bit first. */
static void types_text(struct text *out, const uint8_t *p, size_t off, size_t n)
{
	bool any = false;

	for (size_t i = off; i + 2 <= off + n; i += 2U + p[i + 1])
		for (unsigned bit = 0; bit < p[i + 1] * 8U && !out->cut; bit++)
			if (p[i + 2 + bit / 8] & (0x80U >> bit % 8)) {
				text_str(out, any ? " " : "");
				dns_type_text(out, (uint16_t)((unsigned)p[i] << 8 | bit));
				any = true;
			}
}

static void octets_text(struct text *out, const uint8_t *p, size_t n)
{
	char hex[72];

	text_str(out, hex_text(hex, sizeof(hex), p, n));
}

/* A word as one, all else in hexadecimal; "-" for nothing, as in a zone file. */
static void counted_text(struct text *out, const struct rdata_part *part, const uint8_t *p, size_t n)
{
	if (n <= 1)
		text_str(out, "-");
	else if (part->name[0] == 'p') /* CAA's property */
		text_peer(out, p + 1, n - 1);
	else
		octets_text(out, p + 1, n - 1);
}

static void addresses_text(struct text *out, uint8_t family, const uint8_t *p, size_t n)
{
	size_t each = family == 4 ? 4 : 16;

	for (size_t i = 0; i + each <= n && !out->cut; i += each) {
		struct ip ip = ip_from(family, p + i);
		text_str(out, i ? "," : "");
		text_ip(out, &ip);
	}
}

/* "alpn=h3,h2 port=8443 ipv4hint=192.0.2.1 key7=…" (RFC 9460 14.3.2); what check_params() let pass. */
static void params_text(struct text *out, const uint8_t *p, size_t len)
{
	static const char *const names[] = {
	    "mandatory", "alpn", "no-default-alpn", "port", "ipv4hint", "ech", "ipv6hint"};
	struct rd r = rd_init(p, len);

	for (bool any = false; rd_left(&r) >= 4 && !out->cut; any = true) {
		uint16_t key = rd_u16(&r), n = rd_u16(&r);
		const uint8_t *v = rd_bytes(&r, n);
		if (!v)
			return;
		text_str(out, any ? " " : "");
		text_str(out, key < 7 ? names[key] : "key");
		if (key >= 7)
			text_num(out, key);
		text_str(out, n ? "=" : "");
		if (key == 1) {
			for (size_t i = 0; i < n && v[i] < n - i; i += 1U + v[i]) {
				text_str(out, i ? "," : "");
				text_peer(out, v + i + 1, v[i]);
			}
		} else if (key == 3 && n == 2) {
			text_num(out, (unsigned)v[0] << 8 | v[1]);
		} else if (key == 4 || key == 6) {
			addresses_text(out, key == 4 ? 4 : 6, v, n);
		} else if (n) {
			octets_text(out, v, n);
		}
	}
}

void rdata_part_text(
    struct text *out, const struct rdata_part *part, const uint8_t *p, size_t len, size_t off, size_t n)
{
	struct rd r = rd_init(p + off, n);
	struct ip ip;

	switch (part->kind) {
	case PART_IPV4:
	case PART_IPV6:
		ip = ip_from(part->kind == PART_IPV4 ? 4 : 6, p + off);
		text_ip(out, &ip);
		break;
	case PART_NAME:
		dns_name_text(out, p, len, off);
		break;
	case PART_U8:
		text_num(out, rd_u8(&r));
		break;
	case PART_U16:
		text_num(out, rd_u16(&r));
		break;
	case PART_U32:
	case PART_SECONDS:
		text_num(out, rd_u32(&r));
		break;
	case PART_MOMENT:
		moment_text(out, rd_u32(&r));
		break;
	case PART_TYPE:
		dns_type_text(out, rd_u16(&r));
		break;
	case PART_STRINGS:
		strings_text(out, p, off, n);
		break;
	case PART_TYPES:
		types_text(out, p, off, n);
		break;
	case PART_COUNTED:
		counted_text(out, part, p + off, n);
		break;
	case PART_PARAMS:
		params_text(out, p + off, n);
		break;
	case PART_TEXT:
		text_str(out, "\"");
		text_peer(out, p + off, n);
		text_str(out, "\"");
		break;
	case PART_OCTETS:
		octets_text(out, p + off, n);
		break;
	case PART_END:
		break;
	}
}

void dns_rdata_text(struct text *out, const uint8_t *p, size_t len, const struct dns_rr *rr)
{
	struct rdata_walk w = rdata_walk_begin(p, len, rr);
	const struct rdata_part *part;
	size_t off, n;
	bool any = false;

	if (!w.part) {
		text_count(out, rr->rdata_len, "octet");
		return;
	}
	while (rdata_walk_next(&w, &part, &off, &n) && !out->cut) {
		text_str(out, any && n > 0 ? " " : "");
		rdata_part_text(out, part, p, len, off, n);
		any = true;
	}
}
