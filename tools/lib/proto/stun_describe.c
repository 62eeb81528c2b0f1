/* The fields of a STUN message. */
#include "fields.h"
#include "glassnet/proto/stun.h"
#include "glassnet/wire.h"

#define HEADER 20

enum kind { KIND_HEX, KIND_ADDRESS, KIND_TEXT, KIND_NUMBER, KIND_CHANGE, KIND_ERROR, KIND_FINGERPRINT, KIND_TYPES };

static const struct info {
	uint16_t type;
	enum kind kind;
	const char *name, *meaning, *ref;
} infos[] = {
    {STUN_MAPPED_ADDRESS, KIND_ADDRESS, "MAPPED-ADDRESS", "where the question came from, as the server saw it",
        "RFC 8489 14.1"},
    {STUN_XOR_MAPPED_ADDRESS, KIND_ADDRESS, "XOR-MAPPED-ADDRESS",
        "where the question came from, as the server saw it; masked, for some NATs change every address that "
        "they find",
        "RFC 8489 14.2"},
    {STUN_CHANGE_REQUEST, KIND_CHANGE, "CHANGE-REQUEST",
        "whether such an answer comes through tells how the NAT filters", "RFC 5780 7.2"},
    {STUN_SOURCE_ADDRESS, KIND_ADDRESS, "SOURCE-ADDRESS", "where the answer is sent from", "RFC 3489 11.2.5"},
    {STUN_CHANGED_ADDRESS, KIND_ADDRESS, "CHANGED-ADDRESS", "the server's other address and port", "RFC 3489 11.2.3"},
    {STUN_USERNAME, KIND_TEXT, "USERNAME", NULL, "RFC 8489 14.3"},
    {STUN_MESSAGE_INTEGRITY, KIND_HEX, "MESSAGE-INTEGRITY",
        "a keyed hash (HMAC-SHA1): only who knows the password can make it", "RFC 8489 14.5"},
    {STUN_MESSAGE_INTEGRITY_SHA256, KIND_HEX, "MESSAGE-INTEGRITY-SHA256",
        "a keyed hash (HMAC-SHA256): only who knows the password can make it", "RFC 8489 14.6"},
    {STUN_ERROR_CODE, KIND_ERROR, "ERROR-CODE", NULL, "RFC 8489 14.8"},
    {STUN_UNKNOWN_ATTRIBUTES, KIND_TYPES, "UNKNOWN-ATTRIBUTES", "what the server did not understand",
        "RFC 8489 14.13"},
    {STUN_REALM, KIND_TEXT, "REALM", NULL, "RFC 8489 14.9"},
    {STUN_NONCE, KIND_TEXT, "NONCE", NULL, "RFC 8489 14.10"},
    {STUN_PASSWORD_ALGORITHM, KIND_HEX, "PASSWORD-ALGORITHM", NULL, "RFC 8489 14.12"},
    {STUN_PASSWORD_ALGORITHMS, KIND_HEX, "PASSWORD-ALGORITHMS", NULL, "RFC 8489 14.11"},
    {STUN_USERHASH, KIND_HEX, "USERHASH", "the user's name, hidden", "RFC 8489 14.4"},
    {STUN_PRIORITY, KIND_NUMBER, "PRIORITY", "how much the sender would like this way between the two",
        "RFC 8445 16.1"},
    {STUN_USE_CANDIDATE, KIND_HEX, "USE-CANDIDATE", "this way shall be used", "RFC 8445 16.1"},
    {STUN_PADDING, KIND_HEX, "PADDING", NULL, "RFC 5780 7.6"},
    {STUN_RESPONSE_PORT, KIND_NUMBER, "RESPONSE-PORT", "the port that the answer shall go to", "RFC 5780 7.5"},
    {STUN_ALTERNATE_DOMAIN, KIND_TEXT, "ALTERNATE-DOMAIN", NULL, "RFC 8489 14.16"},
    {STUN_SOFTWARE, KIND_TEXT, "SOFTWARE", NULL, "RFC 8489 14.14"},
    {STUN_ALTERNATE_SERVER, KIND_ADDRESS, "ALTERNATE-SERVER", "ask there instead", "RFC 8489 14.15"},
    {STUN_FINGERPRINT, KIND_FINGERPRINT, "FINGERPRINT", "a checksum that tells STUN from what else uses the port",
        "RFC 8489 14.7"},
    {STUN_ICE_CONTROLLED, KIND_HEX, "ICE-CONTROLLED", "the other side decides which way is used", "RFC 8445 16.1"},
    {STUN_ICE_CONTROLLING, KIND_HEX, "ICE-CONTROLLING", "this side decides which way is used", "RFC 8445 16.1"},
    {STUN_RESPONSE_ORIGIN, KIND_ADDRESS, "RESPONSE-ORIGIN", "where the answer is sent from", "RFC 5780 7.3"},
    {STUN_OTHER_ADDRESS, KIND_ADDRESS, "OTHER-ADDRESS",
        "the server's other address and port: from there it answers a CHANGE-REQUEST", "RFC 5780 7.4"},
};

static const struct info *info_of(uint16_t type)
{
	for (size_t i = 0; i < sizeof(infos) / sizeof(infos[0]); i++)
		if (infos[i].type == type)
			return &infos[i];
	return NULL;
}

static void add_types(struct text *out, struct rd r)
{
	for (bool any = false; rd_left(&r) >= 2; any = true) {
		uint16_t type = rd_u16(&r);
		const struct info *info = info_of(type);
		text_str(out, any ? ", " : "");
		text_str(out, info ? info->name : "0x");
		if (!info)
			text_hex(out, type, 4);
	}
}

/* Of a number of two octets (a port, padded) or four. */
static uint32_t number(const struct stun_attribute *a, struct rd *r)
{
	return a->type == STUN_RESPONSE_PORT ? rd_u16(r) : rd_u32(r);
}

static void add_value(struct text *out, const struct info *info, const uint8_t *p, const struct stun_attribute *a)
{
	struct rd r = rd_init(p + a->data_off, a->len);
	struct endpoint e;
	char hex[100];
	uint32_t v;

	switch (info->kind) {
	case KIND_ADDRESS:
		if (stun_address(&e, p, a))
			text_endpoint(out, &e);
		break;
	case KIND_TEXT:
		text_peer(out, p + a->data_off, a->len);
		break;
	case KIND_NUMBER:
		text_num(out, number(a, &r));
		break;
	case KIND_CHANGE:
		v = rd_u32(&r);
		text_str(out, "address: ");
		text_str(out, v & STUN_CHANGE_IP ? "the other" : "the same");
		text_str(out, ", port: ");
		text_str(out, v & STUN_CHANGE_PORT ? "the other" : "the same");
		break;
	case KIND_ERROR:
		if (a->len < 4)
			break;
		text_num(out, (p[a->data_off + 2] & 7u) * 100u + p[a->data_off + 3]);
		text_str(out, " ");
		text_peer(out, p + a->data_off + 4, a->len - 4);
		break;
	case KIND_TYPES:
		add_types(out, r);
		break;
	case KIND_FINGERPRINT:
	case KIND_HEX:
		text_str(out, a->len ? hex_text(hex, sizeof(hex), p + a->data_off, a->len) : "set");
		break;
	}
}

static void describe_attribute(const struct stun *h, const struct fields *f, const struct stun_attribute *a)
{
	const struct info *info = info_of(a->type);
	char value[1024], name[32];
	struct text v = text_init(value, sizeof(value)), n = text_init(name, sizeof(name));

	if (!info) {
		text_str(&n, "attribute 0x");
		text_hex(&n, a->type, 4);
		hex_text(value, sizeof(value), f->p + a->data_off, a->len);
		field_text(f, a->off, 4 + a->len, name, value,
		    a->type & 0x8000 ? "who does not know it may ignore it"
		                     : "who does not know it must refuse the message",
		    "RFC 8489 14");
		return;
	}
	add_value(&v, info, f->p, a);
	if (info->kind == KIND_FINGERPRINT)
		text_str(&v, h->fingerprint_right ? " (right)" : " (does not match)");
	field_text(f, a->off, 4 + a->len, info->name, value, info->meaning, info->ref);
}

void stun_describe(const struct stun *h, const uint8_t *p, size_t len, size_t base, struct trace *t)
{
	static const char *const classes[] = {"request", "indication", "success response", "error response"};
	struct fields f = {.trace = t, .layer = "STUN", .base = base, .p = p, .depth = 1};
	size_t whole = HEADER + (size_t)h->length, pos = 0;
	struct stun_attribute a;

	if (len < HEADER)
		return;
	field_fmt(&f, 0, 2, "type", NULL, "RFC 8489 5", "0x%03x (%s), %s", h->method,
	    h->method == STUN_BINDING ? "binding" : "of another RFC", classes[h->class]);
	field_num(&f, 2, 2, "length", h->length, "of the attributes, in octets", "RFC 8489 5");
	if (h->cookie)
		field_hex(&f, 4, 4, "magic cookie", "always the same: the sign of STUN", "RFC 8489 5");
	field_hex(&f, h->cookie ? 8 : 4, h->cookie ? 12 : 16, "transaction ID",
	    "random: who answers must have seen the question", h->cookie ? "RFC 8489 5" : "RFC 3489 11.1");
	while (stun_attribute_next(p, whole < len ? whole : len, &pos, &a))
		describe_attribute(h, &f, &a);
}
