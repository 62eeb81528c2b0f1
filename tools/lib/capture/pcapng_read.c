/* Reading pcapng (draft-ietf-opsawg-pcapng) with what libpcap hides: interface names, comments, names,
 * secrets.
 *
 *     +------------+------------+------ … ------+------------+
 *     | type       | length     | body          | length     |     length counts all of it, a multiple of 4
 *     +------------+------------+------ … ------+------------+
 *
 * The first block is a section header; its byte-order magic says how the section's numbers are written. */
#include <byteswap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/clock.h"
#include "glassnet/wire.h"
#include "private.h"

#define BLOCK_MAX       (16u << 20) /* longer ones are taken for damage */
#define KEYS_MAX        (1u << 20)
#define SNAPLEN_MAX     262144u /* what libpcap, too, takes for the largest packet */
#define BLOCK_IDB       0x00000001u
#define BLOCK_PB        0x00000002u
#define BLOCK_SPB       0x00000003u
#define BLOCK_NRB       0x00000004u
#define BLOCK_EPB       0x00000006u
#define BLOCK_DSB       0x0000000au
#define BLOCK_SHB       0x0a0d0d0au
#define MAGIC           0x1a2b3c4du
#define SECRETS_TLS     0x544c534bu
#define OPT_END         0
#define OPT_COMMENT     1
#define OPT_IF_NAME     2
#define OPT_IF_TSRESOL  9
#define OPT_IF_TSOFFSET 14
#define OPT_EPB_FLAGS   2

struct ng_if {
	size_t vantage;
	int dlt;
	uint32_t snaplen;
	uint64_t per_second; /* units of its time stamps */
	int64_t offset_s;
};

struct pcapng_reader {
	FILE *f;
	const char *path; /* borrowed */
	uint64_t off;     /* of the block in buf */
	uint64_t next_off;
	bool started, swap; /* swap: little endian */
	uint8_t *buf;
	size_t cap;
	struct ng_if *ifs; /* of this section */
	size_t n_ifs, cap_ifs;
	enum err failed;
	char comment[1024];
};

enum err pcapng_reader_new(struct pcapng_reader **out, FILE *f, const char *path)
{
	struct pcapng_reader *r = calloc(1, sizeof *r);
	*out = r;
	if (!r)
		return ERR_NOMEM;
	r->f = f;
	r->path = path;
	return ERR_OK;
}

void pcapng_reader_free(struct pcapng_reader *r)
{
	if (!r)
		return;
	free(r->buf);
	free(r->ifs);
	free(r);
}

static uint16_t u16(const struct pcapng_reader *r, struct rd *b)
{
	uint16_t v = rd_u16(b);
	return r->swap ? bswap_16(v) : v;
}

static uint32_t u32(const struct pcapng_reader *r, struct rd *b)
{
	uint32_t v = rd_u32(b);
	return r->swap ? bswap_32(v) : v;
}

static enum err damaged(struct pcapng_reader *r, struct capture *c, enum err e, const char *why)
{
	capture_set_error(c, "%s: block at offset %llu: %s", r->path, (unsigned long long)r->off, why);
	return r->failed = e;
}

/* Reads n octets to buf + at. The buffer grows with what is really there, not with what a length says. */
static enum err fill(struct pcapng_reader *r, struct capture *c, size_t at, size_t n)
{
	while (n) {
		if (at == r->cap) {
			size_t cap = r->cap ? 2 * r->cap : 65536;
			uint8_t *grown = realloc(r->buf, cap);
			if (!grown)
				return damaged(r, c, ERR_NOMEM, "no memory for it");
			r->buf = grown;
			r->cap = cap;
		}
		size_t want = n < r->cap - at ? n : r->cap - at;
		size_t got = (fread_unlocked)(r->buf + at, 1, want, r->f);
		at += got;
		n -= got;
		if (got < want) {
			if (ferror(r->f))
				return damaged(r, c, ERR_IO, "cannot be read");
			char why[96];
			snprintf(why, sizeof why, "the file ends %zu octets into it, %zu too early", at, n);
			return damaged(r, c, ERR_TRUNCATED, why);
		}
	}
	return ERR_OK;
}

/* Reads one block to buf; *body is what is between its two lengths. ERR_CLOSED at the end of the file. */
static enum err next_block(struct pcapng_reader *r, struct capture *c, uint32_t *type, struct rd *body)
{
	r->off = r->next_off;
	int first = getc_unlocked(r->f);
	if (first == EOF && !ferror(r->f))
		return r->failed = ERR_CLOSED;
	ungetc(first, r->f);
	enum err e = fill(r, c, 0, 8);
	if (e)
		return e;
	struct rd head = rd_init(r->buf, 8);
	*type = u32(r, &head);
	size_t have = 8;
	if (*type == BLOCK_SHB) { /* a palindrome: it reads the same in both orders. The magic comes before
		                     the length. */
		if ((e = fill(r, c, 8, 4)))
			return e;
		have = 12;
		struct rd magic = rd_init(r->buf + 8, 4);
		uint32_t m = rd_u32(&magic);
		if (m != MAGIC && bswap_32(m) != MAGIC)
			return damaged(r, c, ERR_FORMAT, "a section header without the byte-order magic 1a2b3c4d");
		r->swap = m != MAGIC;
		r->started = true;
	} else if (!r->started) {
		return damaged(r, c, ERR_FORMAT, "no section header, which comes first in pcapng");
	}
	uint32_t len = u32(r, &head);
	if (len < 12 || len % 4 || len < have || len > BLOCK_MAX) {
		char why[96];
		snprintf(why, sizeof why, "its length %lu cannot be (12 to %u, a multiple of 4)", (unsigned long)len,
		    BLOCK_MAX);
		return damaged(r, c, ERR_FORMAT, why);
	}
	if ((e = fill(r, c, have, len - have)))
		return e;
	struct rd tail = rd_init(r->buf + len - 4, 4);
	/* A section header's second length is often wrong, and nobody minds. */
	if (u32(r, &tail) != len && *type != BLOCK_SHB)
		return damaged(r, c, ERR_FORMAT, "the lengths at its begin and end differ");
	*body = rd_init(r->buf + 8, len - 12);
	r->next_off = r->off + len;
	return ERR_OK;
}

/* The next option. False at the end of them. A bad one ends them and sets b->bad. */
static bool next_option(struct pcapng_reader *r, struct rd *b, uint16_t *code, struct rd *value)
{
	if (rd_left(b) < 4)
		return false;
	*code = u16(r, b);
	uint16_t len = u16(r, b);
	if (*code == OPT_END)
		return false;
	*value = rd_sub(b, len);
	rd_skip(b, (4u - len % 4u) % 4u);
	return !b->bad;
}

/* if_tsresol: an exponent of 10, or of 2 with the high bit set. False where a second has no 64-bit number of
 * units. */
static bool units_per_second(uint8_t tsresol, uint64_t *out)
{
	unsigned exp = tsresol & 0x7fu;
	if (tsresol & 0x80 ? exp > 63 : exp > 19)
		return false;
	*out = 1;
	if (tsresol & 0x80)
		*out <<= exp;
	else
		while (exp--)
			*out *= 10;
	return true;
}

/* "HOST IFNAME", or another program's "eth0" */
static enum err add_vantage(struct capture *c, const uint8_t *name, size_t len, int dlt)
{
	char text[LAB_HOST_MAX + 32] = "", *sp;
	if (len >= sizeof text)
		len = sizeof text - 1;
	if (len)
		memcpy(text, name, len);
	sp = strchr(text, ' ');
	if (!sp || sp == text || !sp[1] || strchr(sp + 1, ' '))
		return capture_add_vantage(c, "", text, dlt);
	*sp = '\0';
	return capture_add_vantage(c, text, sp + 1, dlt);
}

/* The version: 1.0, which some write as 1.2. */
static enum err read_section(struct pcapng_reader *r, struct capture *c, struct rd *b)
{
	rd_skip(b, 4);
	uint16_t major = u16(r, b), minor = u16(r, b);
	r->n_ifs = 0;
	if (b->bad || rd_left(b) < 8)
		return damaged(r, c, ERR_TRUNCATED, "a section header too short for its fields");
	if (major == 1 && (minor == 0 || minor == 2))
		return ERR_OK;
	return damaged(r, c, ERR_VERSION, "a section of a version that is not known (1.0 is)");
}

static enum err read_interface(struct pcapng_reader *r, struct capture *c, struct rd *b)
{
	struct ng_if ni = {.vantage = c->n_vantages, .per_second = 1000000};
	ni.dlt = linktype_to_dlt(u16(r, b));
	rd_skip(b, 2);
	ni.snaplen = u32(r, b);
	if (ni.snaplen == 0 || ni.snaplen > SNAPLEN_MAX)
		ni.snaplen = SNAPLEN_MAX;
	if (b->bad)
		return damaged(r, c, ERR_TRUNCATED, "an interface block too short for its fields");
	struct rd value, name = rd_init("", 0);
	uint16_t code;
	bool has_resolution = false;
	while (next_option(r, b, &code, &value)) {
		if (code == OPT_IF_NAME) {
			name = value;
		} else if (code == OPT_IF_TSRESOL) {
			if (rd_left(&value) != 1 || has_resolution)
				return damaged(r, c, ERR_FORMAT,
				    "an interface's clock (if_tsresol) is not said once, in one octet");
			has_resolution = true;
			if (!units_per_second(rd_u8(&value), &ni.per_second))
				return damaged(
				    r, c, ERR_FORMAT, "an interface whose clock is finer than can be (if_tsresol)");
		} else if (code == OPT_IF_TSOFFSET) {
			if (rd_left(&value) != 8)
				return damaged(r, c, ERR_FORMAT,
				    "an interface's time offset (if_tsoffset) is not of eight octets");
			uint64_t v = rd_u64(&value);
			ni.offset_s = (int64_t)(r->swap ? bswap_64(v) : v);
		}
	}
	if (b->bad)
		return damaged(r, c, ERR_TRUNCATED, "an option runs past the end of its interface block");
	if (r->n_ifs == r->cap_ifs) {
		size_t cap = r->cap_ifs ? 2 * r->cap_ifs : 16;
		struct ng_if *grown = realloc(r->ifs, cap * sizeof *grown);
		if (!grown)
			return damaged(r, c, ERR_NOMEM, "no memory for it");
		r->ifs = grown;
		r->cap_ifs = cap;
	}
	enum err e = add_vantage(c, name.buf, rd_left(&name), ni.dlt);
	if (e)
		return damaged(r, c, e, "too many interfaces");
	r->ifs[r->n_ifs++] = ni;
	return ERR_OK;
}

static void read_names(struct pcapng_reader *r, struct capture *c, struct rd *b)
{
	while (rd_left(b) >= 4) {
		uint16_t type = u16(r, b), len = u16(r, b);
		struct rd rec = rd_sub(b, len);
		rd_skip(b, (4u - len % 4u) % 4u);
		if (type == 0 || b->bad)
			return;
		size_t alen = type == 1 ? 4 : type == 2 ? 16 : 0;
		const uint8_t *addr = alen ? rd_bytes(&rec, alen) : NULL;
		const uint8_t *name = addr ? rd_bytes(&rec, rd_left(&rec)) : NULL;
		if (!name)
			continue;
		struct ip ip = ip_from(alen == 4 ? 4 : 6, addr);
		capture_add_name(c, &ip, (const char *)name, strnlen((const char *)name, rec.len - alen));
	}
}

static void read_secrets(struct pcapng_reader *r, struct capture *c, struct rd *b)
{
	uint32_t type = u32(r, b), len = u32(r, b);
	const uint8_t *data = b->bad ? NULL : rd_bytes(b, len);
	if (type != SECRETS_TLS || !data || len == 0 || len > KEYS_MAX - c->n_keys)
		return;
	char *grown = realloc(c->keys, c->n_keys + len);
	if (!grown)
		return;
	memcpy(grown + c->n_keys, data, len);
	c->keys = grown;
	c->n_keys += len;
}

#define TIME_MAX (INT64_MAX / 2) /* 2116; differences of two such times are numbers, too */

static int64_t to_ns(const struct ng_if *ni, uint64_t units)
{
	__int128 rest = (__int128)(units % ni->per_second) * NS_PER_S / (__int128)ni->per_second;
	__int128 ns = ((__int128)(units / ni->per_second) + ni->offset_s) * NS_PER_S + rest;
	return ns < 0 ? 0 : ns > TIME_MAX ? TIME_MAX : (int64_t)ns;
}

static enum err read_packet(
    struct pcapng_reader *r, struct capture *c, uint32_t type, struct rd *b, struct capture_packet *out)
{
	uint32_t ifn = 0, caplen, wire;
	uint64_t units = 0;
	if (type != BLOCK_SPB) {
		ifn = type == BLOCK_PB ? u16(r, b) : u32(r, b);
		if (type == BLOCK_PB)
			rd_skip(b, 2);
		units = (uint64_t)u32(r, b) << 32;
		units |= u32(r, b);
		caplen = u32(r, b);
		wire = u32(r, b);
	} else {
		caplen = wire = u32(r, b);
	}
	if (ifn >= r->n_ifs)
		return damaged(r, c, ERR_FORMAT, "a packet of an interface that no block described");
	const struct ng_if *ni = &r->ifs[ifn];
	if (type == BLOCK_SPB) {
		if (caplen > ni->snaplen)
			caplen = ni->snaplen;
		if (caplen > rd_left(b))
			return damaged(r, c, ERR_TRUNCATED, "the packet is longer than its block");
	}
	if (caplen > ni->snaplen)
		return damaged(r, c, ERR_FORMAT, "a packet longer than its interface's limit (snaplen)");
	const uint8_t *data = rd_bytes(b, caplen);
	if (!data)
		return damaged(r, c, ERR_TRUNCATED, "the packet is longer than its block");
	rd_skip(b, (4u - caplen % 4u) % 4u);
	out->packet = (struct packet){.time = to_ns(ni, units),
	    .number = ++c->number,
	    .bytes = data,
	    .len = caplen,
	    .wire_len = wire < caplen ? caplen : wire,
	    .linktype = ni->dlt};
	out->vantage = ni->vantage;
	struct rd value;
	uint16_t code;
	while (type == BLOCK_EPB && next_option(r, b, &code, &value)) {
		if (code == OPT_COMMENT && !out->comment) {
			size_t n = rd_left(&value) < sizeof r->comment - 1 ? rd_left(&value) : sizeof r->comment - 1;
			memcpy(r->comment, value.buf, n);
			r->comment[n] = '\0';
			out->comment = r->comment;
		} else if (code == OPT_EPB_FLAGS && rd_left(&value) == 4) {
			uint32_t dir = u32(r, &value) & 3; /* 1 inbound, 2 outbound */
			out->has_direction = dir == 1 || dir == 2;
			out->outgoing = dir == 2;
		}
	}
	return ERR_OK; /* an option that runs past its block costs nothing but the options behind it */
}

enum err pcapng_reader_next(struct pcapng_reader *r, struct capture *c, struct capture_packet *out)
{
	while (!r->failed) {
		uint32_t type;
		struct rd body;
		if (next_block(r, c, &type, &body))
			break;
		switch (type) {
		case BLOCK_SHB:
			if (read_section(r, c, &body))
				return r->failed;
			break;
		case BLOCK_IDB:
			if (read_interface(r, c, &body))
				return r->failed;
			break;
		case BLOCK_NRB:
			read_names(r, c, &body);
			break;
		case BLOCK_DSB:
			read_secrets(r, c, &body);
			break;
		case BLOCK_EPB:
		case BLOCK_PB:
		case BLOCK_SPB:
			*out = (struct capture_packet){0};
			if (read_packet(r, c, type, &body, out))
				return r->failed;
			if (filter_pass(&c->filter, out->packet.linktype, out->packet.bytes, out->packet.len,
			        out->packet.wire_len))
				return ERR_OK;
			break;
		default: /* what other programs add is skipped, as the format asks */
			break;
		}
	}
	return r->failed;
}
