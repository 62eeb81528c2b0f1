/* dhview's frames (glassnet/dh.h).
 *
 *     frame   length 2 | type 1 | body
 *     HELLO   1 | "GNDH" | version 1 | flags 1 | group 2 | nonce 32 | length 2 | public key
 *     RECORD  2 | number 8 | ciphertext | tag 16
 */
#include "glassnet/proto/dh_frame.h"

#include <string.h>

#include "fields.h"
#include "glassnet/dh.h"
#include "glassnet/wire.h"

#define HEAD   3 /* length and type */
#define NUMBER 8
#define TAG    16
#define SOURCE "glassnet/dh.h"

bool dh_frame_looks_like(const uint8_t *p, size_t len)
{
	return len >= HEAD + 4 && p[2] == DH_HELLO && memcmp(p + HEAD, "GNDH", 4) == 0;
}

/* The frame at *pos: false at the end, and where it is no whole frame (then *e, or ERR_OK where it only goes on). */
static bool next_frame(const uint8_t *p, size_t len, size_t *pos, size_t *whole, enum err *e)
{
	*e = ERR_OK;
	if (*pos >= len)
		return false;
	*e = dh_frame(p + *pos, len - *pos, whole);
	if (*e == ERR_OK)
		return true;
	if (*e == ERR_TRUNCATED)
		*e = ERR_OK;
	return false;
}

enum err dh_frames_parse(struct dh_frames *out, const uint8_t *p, size_t len, size_t *at)
{
	size_t pos = 0, whole = 0;
	enum err e;

	*out = (struct dh_frames){0};
	for (; next_frame(p, len, &pos, &whole, &e); pos += whole) {
		struct dh_hello hello;
		size_t where = 2;
		uint8_t type = p[pos + 2];
		if (type == DH_HELLO)
			e = dh_hello_parse(&hello, p + pos, whole, &where);
		else if (type != DH_RECORD || whole < HEAD + NUMBER + TAG)
			e = ERR_FORMAT;
		*at = pos + where;
		if (e != ERR_OK)
			return e;
		out->hellos += type == DH_HELLO;
		out->records += type == DH_RECORD;
	}
	*at = pos;
	out->partial = e == ERR_OK && pos < len;
	return e;
}

void dh_frames_summary(const struct dh_frames *h, const uint8_t *p, size_t len, struct text *out)
{
	struct dh_hello hello;
	size_t pos = 0, whole = 0, at;
	enum err e;

	text_str(out, "DH");
	for (bool any = false; next_frame(p, len, &pos, &whole, &e) && !out->cut; pos += whole, any = true) {
		text_str(out, any ? "; " : " ");
		if (p[pos + 2] == DH_HELLO && dh_hello_parse(&hello, p + pos, whole, &at) == ERR_OK) {
			text_str(out, "HELLO, ");
			text_str(out, dh_group_name(hello.group));
			text_str(out, ", a public key of ");
			text_count(out, hello.len, "byte");
			text_str(out, hello.auth ? ", to be signed" : "");
		} else if (p[pos + 2] == DH_RECORD && whole >= HEAD + NUMBER + TAG) {
			struct rd r = rd_init(p + pos + HEAD, NUMBER);
			text_str(out, "record ");
			text_num(out, rd_u64(&r));
			text_str(out, ", ");
			text_count(out, whole - HEAD - NUMBER - TAG, "byte");
			text_str(out, " encrypted");
		}
	}
	text_str(out, h->partial ? " (goes on in the next segment)" : "");
}

static void describe_hello(const struct fields *f, size_t off, const struct dh_hello *h)
{
	field_text(f, off + 3, 4, "magic", "GNDH", "what tells the protocol from others", SOURCE);
	field_num(f, off + 7, 1, "version", DH_VERSION, NULL, SOURCE);
	field_flag(f, off + 8, 1, "signed", h->auth, "the sender will sign the exchange, and wants the same", SOURCE);
	field_fmt(f, off + 9, 2, "group", "in which group both calculate", "RFC 8446 4.2.7", "0x%04x (%s)", h->group,
	    dh_group_name(h->group));
	field_hex(f, off + 11, DH_NONCE, "nonce", "makes this exchange differ from every other", SOURCE);
	field_num(f, off + 43, 2, "key length", h->len, NULL, SOURCE);
	field_hex(
	    f, off + 45, h->len, "public key", "a listener may have it: the secret does not follow from it", SOURCE);
}

static void describe_record(const struct fields *f, size_t off, size_t whole)
{
	struct rd r = rd_init(f->p + off + HEAD, NUMBER);

	field_num(
	    f, off + HEAD, NUMBER, "number", rd_u64(&r), "what is repeated, left out or moved is noticed", SOURCE);
	field_hex(f, off + HEAD + NUMBER, whole - HEAD - NUMBER - TAG, "encrypted", "only who has the key reads it",
	    "RFC 8439 2.8");
	field_hex(f, off + whole - TAG, TAG, "tag", "shows that nobody changed the record", "RFC 8439 2.8");
}

void dh_frames_describe(const struct dh_frames *h, const uint8_t *p, size_t len, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "DH", .base = base, .p = p, .depth = 1}, d = fields_deeper(&f);
	struct dh_hello hello;
	size_t pos = 0, whole = 0, at;
	enum err e;

	(void)h;
	for (; next_frame(p, len, &pos, &whole, &e); pos += whole) {
		uint8_t type = p[pos + 2];
		field_num(&f, pos, 2, "length", whole - 2, "octets behind these two", SOURCE);
		field_fmt(&f, pos + 2, 1, "type", NULL, SOURCE, "%u (%s)", type,
		    type == DH_HELLO    ? "HELLO"
		    : type == DH_RECORD ? "RECORD"
		                        : "unknown");
		if (type == DH_HELLO && dh_hello_parse(&hello, p + pos, whole, &at) == ERR_OK)
			describe_hello(&d, pos, &hello);
		else if (type == DH_RECORD && whole >= HEAD + NUMBER + TAG)
			describe_record(&d, pos, whole);
		else
			return;
	}
}
