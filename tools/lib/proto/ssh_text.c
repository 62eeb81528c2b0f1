/* An SSH segment in one line, and its fields. */
#include <sodium.h>
#include <string.h>

#include "fields.h"
#include "glassnet/proto/ssh.h"
#include "glassnet/wire.h"

/* A run of octets; offset in the segment's data. */
struct span {
	size_t off, len;
};

/* The next string of a payload (RFC 4251 5). False when it is not whole. */
static bool next_string(struct rd *r, size_t base, struct span *out)
{
	uint32_t n = rd_u32(r);

	*out = (struct span){.off = base + r->pos, .len = n};
	rd_skip(r, n);
	return !r->bad;
}

static struct rd payload_of(const uint8_t *p, const struct ssh_item *item)
{
	struct rd r = rd_init(p + item->payload_off, item->payload_len);

	rd_skip(&r, 1);
	return r;
}

static size_t first_name(const uint8_t *names, size_t len)
{
	const uint8_t *comma = memchr(names, ',', len);

	return comma ? (size_t)(comma - names) : len;
}

/* Without the line's end. */
static size_t line_len(const uint8_t *p, const struct ssh_item *item)
{
	size_t n = item->len;

	while (n > 0 && (p[item->off + n - 1] == '\n' || p[item->off + n - 1] == '\r'))
		n--;
	return n;
}

/* The name of its algorithm, which a host key begins with. */
static bool key_name(const uint8_t *p, const struct span *key, struct span *out)
{
	struct rd r = rd_init(p + key->off, key->len);

	return next_string(&r, key->off, out);
}

/* Three strings: host key, public value, signature. Two: a group (RFC 4419 3). */
static bool is_group(const uint8_t *p, const struct ssh_item *item)
{
	struct rd r = payload_of(p, item);
	struct span s;

	return item->type == SSH_KEX_REPLY && !item->partial && next_string(&r, 0, &s) && next_string(&r, 0, &s) &&
	       rd_left(&r) == 0;
}

static const char *name_of(const uint8_t *p, const struct ssh_item *item)
{
	if (item->type == SSH_KEX_INIT && item->payload_len == 5)
		return "KEX_DH_GEX_REQUEST_OLD";
	return is_group(p, item) ? "KEX_DH_GEX_GROUP" : ssh_message_name(item->type);
}

static void add_kexinit(struct text *out, const uint8_t *p, const struct ssh_item *item)
{
	struct ssh_kexinit k;

	ssh_kexinit_read(&k, p, item);
	for (unsigned i = 0; i < k.n && i < 3; i++) {
		text_str(out, i == 0 ? ", first of each list: " : ", ");
		text_peer(out, p + k.lists[i].off, first_name(p + k.lists[i].off, k.lists[i].len));
	}
}

static void add_packet(struct text *out, const uint8_t *p, const struct ssh_item *item)
{
	struct rd r = payload_of(p, item);
	struct span s, name;

	text_str(out, name_of(p, item));
	if (item->type == SSH_KEXINIT)
		add_kexinit(out, p, item);
	if ((item->type == SSH_KEX_REPLY || item->type == SSH_GEX_REPLY) && !is_group(p, item) &&
	    next_string(&r, item->payload_off, &s) && key_name(p, &s, &name)) {
		text_str(out, ", host key ");
		text_peer(out, p + name.off, name.len);
	}
	if (item->type == SSH_DISCONNECT) {
		text_str(out, " reason ");
		text_num(out, rd_u32(&r));
		text_str(out, " ");
		if (next_string(&r, item->payload_off, &s))
			text_peer(out, p + s.off, s.len);
	}
	if (item->type == SSH_NEWKEYS)
		text_str(out, ": from here on this side's packets are encrypted");
}

void ssh_summary(const struct ssh *h, const uint8_t *p, size_t len, struct text *out)
{
	struct ssh_cursor c = ssh_items(p, len);
	struct ssh_item item;

	c.secret = h->keyed;
	text_str(out, "SSH ");
	for (bool any = false; ssh_next(&c, &item) && !out->cut; any = true) {
		text_str(out, any ? "; " : "");
		switch (item.kind) {
		case SSH_ITEM_VERSION:
			text_str(out, "version ");
			text_peer(out, p + item.off, line_len(p, &item));
			break;
		case SSH_ITEM_PACKET:
			add_packet(out, p, &item);
			break;
		case SSH_ITEM_ENCRYPTED:
			text_count(out, item.len, "byte");
			text_str(out, c.secret ? " encrypted" : " encrypted, or the rest of a message");
			break;
		}
		text_str(out, item.partial ? " (goes on in the next segment)" : "");
	}
}

/* --- description -------------------------------------------------------------------------------------------
 */

static void describe_kexinit(const struct fields *f, const struct ssh_item *item)
{
	static const struct {
		const char *name, *meaning;
	} lists[SSH_LISTS] = {
	    {"key exchange", "how to agree on a secret; the client's first one that the server has, too, is used"},
	    {"host key", "how the server may prove who it is"},
	    {"encryption to server", "how the client's packets may be encrypted"},
	    {"encryption to client", "how the server's packets may be encrypted"},
	    {"MAC to server", "what protects them from change, where the encryption does not do so itself"},
	    {"MAC to client", NULL},
	    {"compression to server", NULL},
	    {"compression to client", NULL},
	    {"languages to server", NULL},
	    {"languages to client", NULL},
	};
	struct ssh_kexinit k;

	if (item->payload_len > 16)
		field_hex(f, item->payload_off + 1, 16, "cookie", "random, so that no two key exchanges are alike",
		    "RFC 4253 7.1");
	ssh_kexinit_read(&k, f->p, item);
	for (unsigned i = 0; i < k.n; i++)
		if (k.lists[i].len > 0)
			field_peer(
			    f, k.lists[i].off, k.lists[i].len, lists[i].name, lists[i].meaning, "RFC 4253 7.1");
	if (k.n == SSH_LISTS && k.guessed)
		field_flag(f, k.lists[SSH_LISTS - 1].off + k.lists[SSH_LISTS - 1].len, 1, "first packet follows",
		    true, "the next packet is sent before the other side's lists are known: a guess", "RFC 4253 7.1");
}

/* What the client program shows as the fingerprint of the key. */
static void describe_host_key(const struct fields *f, const struct span *key)
{
	char value[128] = "SHA256:";
	uint8_t hash[crypto_hash_sha256_BYTES];
	struct span name;

	if (key_name(f->p, key, &name))
		field_peer(f, name.off, name.len, "host key", "its kind", "RFC 4253 6.6");
	crypto_hash_sha256(hash, f->p + key->off, key->len);
	sodium_bin2base64(
	    value + 7, sizeof(value) - 7, hash, sizeof(hash), sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
	field_text(f, key->off, key->len, "fingerprint", value,
	    "what ssh shows of a host key: compare it with what the host's owner says", "RFC 4716 4");
}

static void describe_strings(
    const struct fields *f, const struct ssh_item *item, const char *const names[], unsigned n)
{
	struct rd r = payload_of(f->p, item);
	struct span s;

	for (unsigned i = 0; i < n && next_string(&r, item->payload_off, &s); i++) {
		if (strcmp(names[i], "host key") == 0)
			describe_host_key(f, &s);
		else
			field_hex(f, s.off, s.len, names[i],
			    strcmp(names[i], "signature") == 0 ? "over all of the exchange so far: only who "
			                                         "has the host key's secret half can make it"
			                                       : NULL,
			    "RFC 5656 4");
	}
}

static void describe_disconnect(const struct fields *f, const struct ssh_item *item)
{
	struct rd r = payload_of(f->p, item);
	struct span s;

	field_num(f, item->payload_off + 1, 4, "reason", rd_u32(&r), NULL, "RFC 4253 11.1");
	if (next_string(&r, item->payload_off, &s))
		field_peer(f, s.off, s.len, "description", NULL, "RFC 4253 11.1");
}

static void describe_payload(const struct fields *f, const struct ssh_item *item)
{
	static const char *const group[] = {"prime", "generator"};
	static const char *const reply[] = {"host key", "server's public value", "signature"};
	static const char *const init[] = {"client's public value"};

	switch (item->type) {
	case SSH_KEXINIT:
		describe_kexinit(f, item);
		break;
	case SSH_KEX_INIT:
	case SSH_GEX_INIT:
		if (item->payload_len != 5)
			describe_strings(f, item, init, 1);
		break;
	case SSH_KEX_REPLY:
	case SSH_GEX_REPLY:
		if (is_group(f->p, item))
			describe_strings(f, item, group, 2);
		else
			describe_strings(f, item, reply, 3);
		break;
	case SSH_DISCONNECT:
		describe_disconnect(f, item);
		break;
	default:
		break;
	}
}

static void describe_packet(const struct fields *f, const struct ssh_item *item)
{
	struct fields deeper = fields_deeper(f);

	field_text(f, item->off, item->len, "packet", name_of(f->p, item),
	    item->type == SSH_NEWKEYS ? "the sender uses the new keys from the next packet on" : NULL, "RFC 4253 6");
	field_num(&deeper, item->off, 4, "length", item->length, "in octets, without these four", "RFC 4253 6");
	field_num(&deeper, item->off + 4, 1, "padding length", item->padding, NULL, "RFC 4253 6");
	describe_payload(&deeper, item);
}

void ssh_describe(const struct ssh *h, const uint8_t *p, size_t len, size_t base, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "SSH", .base = base, .p = p, .depth = 1};
	struct ssh_cursor c = ssh_items(p, len);
	struct ssh_item item;

	c.secret = h->keyed;
	while (ssh_next(&c, &item))
		switch (item.kind) {
		case SSH_ITEM_VERSION:
			field_peer(&f, item.off, line_len(p, &item), "version",
			    "the protocol's version and the program's name, in the clear for everyone",
			    "RFC 4253 4.2");
			break;
		case SSH_ITEM_PACKET:
			describe_packet(&f, &item);
			break;
		case SSH_ITEM_ENCRYPTED:
			field_hex(&f, item.off, item.len,
			    c.secret ? "encrypted" : "encrypted, or the rest of a message", NULL, "RFC 4253 6.3");
			break;
		}
}
