/* A certificate's DER, byte by byte. X.690 8 (BER/DER), RFC 5280 4.1.
 *
 *      tag      length            value
 *     +--------+----------------+------------------ - - -
 *     |cc p nnnnn| 0lllllll      | cc: class, p: holds others, n: kind
 *     +--------+----------------+------------------ - - -
 *
 * The walker knows the shape of a certificate: each element has a context, which says what its children are. Where the
 * shape is not known (or the bytes are another thing) the elements are shown by their kind alone. */
#include <openssl/objects.h>
#include <stdio.h>
#include <string.h>

#include "certview.h"
#include "glassnet/wire.h"

#define DEPTH_MAX    40
#define ELEMENTS_MAX 20000

enum context {
	IN_ANY,
	IN_FILE, /* the certificate itself */
	IN_CERT,
	IN_TBS,
	IN_VERSION,
	IN_ALGORITHM,
	IN_NAME,
	IN_PART,
	IN_ATTRIBUTE,
	IN_VALIDITY,
	IN_KEY,
	IN_EXTENSIONS_BOX,
	IN_EXTENSIONS,
	IN_EXTENSION,
	IN_BASIC,
	IN_NAMES,
};

struct role {
	const char *name, *meaning, *ref;
	enum context inside;
};

struct walker {
	struct trace *t;
	const uint8_t *der;
	unsigned left; /* elements that may still be shown */
	char last_oid[80];
};

struct element {
	uint8_t class, tag;
	bool constructed;
	size_t off, head, len; /* in the whole; head: octets of tag and length */
};

/* --- what a child is --- */

static struct role tbs_role(unsigned i, const struct element *e, bool has_version)
{
	static const struct role roles[] = {
	    {"serialNumber", "its number: no other certificate of this issuer has it", "RFC 5280 4.1.2.2", IN_ANY},
	    {"signature", "how it is signed; the same stands outside again", "RFC 5280 4.1.2.3", IN_ALGORITHM},
	    {"issuer", "who signed it", "RFC 5280 4.1.2.4", IN_NAME},
	    {"validity", "from when to when", "RFC 5280 4.1.2.5", IN_VALIDITY},
	    {"subject", "whose it is", "RFC 5280 4.1.2.6", IN_NAME},
	    {"subjectPublicKeyInfo", "the public key that all this is about", "RFC 5280 4.1.2.7", IN_KEY}};

	if (e->class == 2) {
		if (e->tag == 0)
			return (struct role){"version", "0 stands for 1, 2 for 3", "RFC 5280 4.1.2.1", IN_VERSION};
		if (e->tag == 3)
			return (struct role){"extensions", "what it may do, and for which names", "RFC 5280 4.1.2.9",
			    IN_EXTENSIONS_BOX};
		return (struct role){
		    e->tag == 1 ? "issuerUniqueID" : "subjectUniqueID", "no longer used", "RFC 5280 4.1.2.8", IN_ANY};
	}
	i -= has_version;
	return i < sizeof(roles) / sizeof(roles[0]) ? roles[i] : (struct role){0};
}

static struct role extension_role(const struct walker *w, const struct element *e)
{
	if (e->tag == 6)
		return (struct role){"extnID", "which extension", "RFC 5280 4.2", IN_ANY};
	if (e->tag == 1)
		return (struct role){"critical", "who does not understand it must refuse", "RFC 5280 4.2", IN_ANY};
	if (strcmp(w->last_oid, "X509v3 Basic Constraints") == 0)
		return (struct role){"extnValue", "is it an authority's?", "RFC 5280 4.2.1.9", IN_BASIC};
	if (strcmp(w->last_oid, "X509v3 Subject Alternative Name") == 0)
		return (struct role){"extnValue", "the names that it is for", "RFC 5280 4.2.1.6", IN_NAMES};
	return (struct role){"extnValue", "DER again, inside an octet string", "RFC 5280 4.2", IN_ANY};
}

static struct role role_of(
    const struct walker *w, enum context in, unsigned i, const struct element *e, bool has_version)
{
	switch (in) {
	case IN_FILE:
		return (struct role){
		    "Certificate", "what is signed, how, and the signature", "RFC 5280 4.1", IN_CERT};
	case IN_CERT:
		return i == 0 ? (struct role){"tbsCertificate", "to be signed: all that the issuer vouches for",
		                    "RFC 5280 4.1.2", IN_TBS}
		       : i == 1
		           ? (struct role){"signatureAlgorithm", "how it is signed", "RFC 5280 4.1.1.2", IN_ALGORITHM}
		           : (struct role){"signatureValue", "made with the issuer's private key over tbsCertificate",
		                 "RFC 5280 4.1.1.3", IN_ANY};
	case IN_TBS:
		return tbs_role(i, e, has_version);
	case IN_ALGORITHM:
		return i == 0 ? (struct role){"algorithm", NULL, "RFC 5280 4.1.1.2", IN_ANY}
		              : (struct role){"parameters", NULL, "RFC 5280 4.1.1.2", IN_ANY};
	case IN_NAME:
		return (struct role){
		    "RelativeDistinguishedName", "one part of the name", "RFC 5280 4.1.2.4", IN_PART};
	case IN_PART:
		return (struct role){"AttributeTypeAndValue", NULL, "RFC 5280 4.1.2.4", IN_ATTRIBUTE};
	case IN_ATTRIBUTE:
		return i == 0 ? (struct role){"type", NULL, NULL, IN_ANY}
		              : (struct role){"value", NULL, NULL, IN_ANY};
	case IN_VALIDITY:
		return i == 0 ? (struct role){"notBefore", "the first second", "RFC 5280 4.1.2.5", IN_ANY}
		              : (struct role){
		                    "notAfter", "the last second; it still counts", "RFC 5280 4.1.2.5", IN_ANY};
	case IN_KEY:
		return i == 0 ? (struct role){"algorithm", "what kind of key", "RFC 5280 4.1.2.7", IN_ALGORITHM}
		              : (struct role){"subjectPublicKey", "the key itself", "RFC 5280 4.1.2.7", IN_ANY};
	case IN_EXTENSIONS_BOX:
		return (struct role){"Extensions", NULL, "RFC 5280 4.2", IN_EXTENSIONS};
	case IN_EXTENSIONS:
		return (struct role){"Extension", NULL, "RFC 5280 4.2", IN_EXTENSION};
	case IN_EXTENSION:
		return extension_role(w, e);
	case IN_BASIC:
		return e->tag == 1   ? (struct role){"cA", "it may sign certificates", "RFC 5280 4.2.1.9", IN_ANY}
		       : e->tag == 2 ? (struct role){"pathLenConstraint", "how many authorities may follow",
		                           "RFC 5280 4.2.1.9", IN_ANY}
		                     : (struct role){"BasicConstraints", NULL, "RFC 5280 4.2.1.9", IN_BASIC};
	case IN_NAMES:
		if (e->class == 2)
			return (struct role){e->tag == 2   ? "dNSName"
			                     : e->tag == 7 ? "iPAddress"
			                     : e->tag == 1 ? "rfc822Name"
			                     : e->tag == 6 ? "uniformResourceIdentifier"
			                     : e->tag == 4 ? "directoryName"
			                                   : "another kind of name",
			    NULL, "RFC 5280 4.2.1.6", IN_ANY};
		return (struct role){"GeneralNames", NULL, "RFC 5280 4.2.1.6", IN_NAMES};
	case IN_VERSION:
	case IN_ANY:
		break;
	}
	return (struct role){0};
}

/* --- its value --- */

static const char *kind_name(const struct element *e, char out[static 32])
{
	static const char *const names[31] = {[1] = "BOOLEAN",
	    [2] = "INTEGER",
	    [3] = "BIT STRING",
	    [4] = "OCTET STRING",
	    [5] = "NULL",
	    [6] = "OBJECT IDENTIFIER",
	    [10] = "ENUMERATED",
	    [12] = "UTF8String",
	    [16] = "SEQUENCE",
	    [17] = "SET",
	    [18] = "NumericString",
	    [19] = "PrintableString",
	    [20] = "T61String",
	    [22] = "IA5String",
	    [23] = "UTCTime",
	    [24] = "GeneralizedTime",
	    [26] = "VisibleString",
	    [28] = "UniversalString",
	    [30] = "BMPString"};

	if (e->class == 0 && e->tag < 31 && names[e->tag])
		return names[e->tag];
	snprintf(out, 32, "%s %u",
	    e->class == 0   ? "kind"
	    : e->class == 2 ? "context"
	    : e->class == 1 ? "application"
	                    : "private",
	    e->tag);
	return out;
}

static void oid_text(char *out, size_t cap, const uint8_t *p, size_t len)
{
	uint8_t head[140] = {6, (uint8_t)len};
	const unsigned char *at = head;

	out[0] = '\0';
	if (len < 128) {
		memcpy(head + 2, p, len);
		ASN1_OBJECT *o = d2i_ASN1_OBJECT(NULL, &at, (long)len + 2);
		if (o)
			OBJ_obj2txt(out, (int)cap, o, 0);
		ASN1_OBJECT_free(o);
	}
	if (!out[0])
		snprintf(out, cap, "no identifier");
}

static bool is_text(const struct element *e)
{
	return e->class == 0 ? e->tag == 12 || (e->tag >= 18 && e->tag <= 26 && e->tag != 21)
	                     : e->class == 2 && !e->constructed && (e->tag == 1 || e->tag == 2 || e->tag == 6);
}

static void value_text(struct walker *w, char *out, size_t cap, const struct element *e)
{
	const uint8_t *p = w->der + e->off + e->head;
	char kind[32];
	const char *name = kind_name(e, kind);
	size_t n = (size_t)snprintf(out, cap, "%s", name);

	if (e->constructed) {
		snprintf(out + n, cap - n, ", %zu octets inside", e->len);
		return;
	}
	if (e->class == 0 && e->tag == 6) {
		oid_text(w->last_oid, sizeof(w->last_oid), p, e->len);
		snprintf(out + n, cap - n, " %s", w->last_oid);
	} else if (e->class == 0 && e->tag == 1 && e->len == 1) {
		snprintf(out + n, cap - n, " %s", p[0] ? "TRUE" : "FALSE");
	} else if (is_text(e) && e->len) {
		out[n++] = ' ';
		escape_text(out + n, cap - n < 160 ? cap - n : 160, p, e->len);
	} else if (e->len) {
		out[n++] = ' ';
		hex_text(out + n, cap - n < 120 ? cap - n : 120, p, e->len);
	}
}

/* --- the walk --- */

/* One element's head. ERR_FORMAT: indefinite or overlong lengths are no DER. */
static enum err read_head(struct rd *r, size_t base, struct element *e)
{
	size_t start = r->pos;
	uint8_t first = rd_u8(r), n = 0;
	uint64_t len;

	*e = (struct element){
	    .class = first >> 6, .tag = first & 31, .constructed = (first & 32) != 0, .off = base + start};
	if (e->tag == 31) /* tags of several octets stand in no certificate */
		return ERR_FORMAT;
	len = rd_u8(r);
	if (len == 0x80)
		return ERR_FORMAT;
	if (len > 0x80) {
		n = (uint8_t)(len & 0x7f);
		if (n > 4)
			return ERR_TOO_LONG;
		for (len = 0; n; n--)
			len = len << 8 | rd_u8(r);
	}
	e->head = r->pos - start;
	if (r->bad || len > rd_left(r))
		return ERR_TRUNCATED;
	e->len = (size_t)len;
	return ERR_OK;
}

static enum err walk(struct walker *w, size_t base, size_t len, enum context in, unsigned depth, size_t *at);

/* An octet string that holds one element of DER, or a bit string that does. */
static bool holds_der(const struct walker *w, const struct element *e, enum context in, size_t *skip)
{
	struct element inside;

	*skip = e->class == 0 && e->tag == 3 ? 1 : 0;
	if (e->class != 0 || (e->tag != 4 && e->tag != 3) || e->len < *skip + 2 ||
	    (e->tag == 4 && in != IN_EXTENSION))
		return false;
	const uint8_t *p = w->der + e->off + e->head + *skip;
	struct rd r = rd_init(p, e->len - *skip);
	return p[0] == 0x30 || in == IN_EXTENSION
	           ? read_head(&r, 0, &inside) == ERR_OK && inside.head + inside.len == e->len - *skip
	           : false;
}

static enum err show_one(
    struct walker *w, const struct element *e, const struct role *role, enum context in, unsigned depth, size_t *at)
{
	char text[400], kind[32];
	size_t skip;

	value_text(w, text, sizeof(text), e);
	ev_field(w->t, (struct ev_field){.layer = "DER",
	                   .name = role->name ? role->name : kind_name(e, kind),
	                   .value = text,
	                   .meaning = role->meaning,
	                   .ref = role->ref,
	                   .off = e->off,
	                   .len = e->constructed ? e->head : e->head + e->len,
	                   .depth = depth});
	if (e->constructed)
		return walk(w, e->off + e->head, e->len, role->inside, depth + 1, at);
	if (holds_der(w, e, in, &skip))
		return walk(w, e->off + e->head + skip, e->len - skip, role->inside, depth + 1, at);
	return ERR_OK;
}

static enum err walk(struct walker *w, size_t base, size_t len, enum context in, unsigned depth, size_t *at)
{
	struct rd r = rd_init(w->der + base, len);
	bool has_version = false;
	enum err e = ERR_OK;

	*at = base;
	if (depth > DEPTH_MAX)
		return ERR_TOO_LONG;
	for (unsigned i = 0; e == ERR_OK && rd_left(&r) > 0; i++) {
		struct element one;

		*at = base + r.pos;
		if (w->left-- == 0)
			return ERR_TOO_LONG;
		e = read_head(&r, base, &one);
		if (e != ERR_OK)
			return e;
		has_version = has_version || (i == 0 && one.class == 2 && one.tag == 0);
		struct role role = role_of(w, in, i, &one, has_version);
		e = show_one(w, &one, &role, in, depth, at);
		rd_skip(&r, one.len);
	}
	return e;
}

enum err show_fields(struct trace *t, const uint8_t *der, size_t len, size_t *at)
{
	struct walker w = {.t = t, .der = der, .left = ELEMENTS_MAX};

	return walk(&w, 0, len, IN_FILE, 0, at);
}
