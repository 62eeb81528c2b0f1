/* Where messages end in a stream: each protocol says so in its own way. */
#include <string.h>

#include "glassnet/dh.h"
#include "glassnet/proto/dh_frame.h"
#include "glassnet/proto/dns.h"
#include "glassnet/proto/http.h"
#include "glassnet/proto/ssh.h"
#include "glassnet/proto/tls.h"
#include "private.h"

#define TLS_HEADER   5
#define SSH_MAX_LINE 255
#define SSH_MAX      35000 /* RFC 4253 6.1 */
#define MAX_CHUNK    (1u << 30)

static size_t u16(const uint8_t *p)
{
	return (size_t)p[0] << 8 | p[1];
}

/* Frames that begin with their length: head octets, of which len says how many more follow. */
static struct framing by_length(enum proto proto, const uint8_t *data, size_t len, size_t head, size_t at)
{
	struct framing fr = {.proto = proto};

	while (len - fr.whole >= head) {
		size_t n = head + u16(data + fr.whole + at);
		if (n > len - fr.whole) {
			fr.wanted = n;
			return fr;
		}
		fr.whole += n;
	}
	return fr;
}

static struct framing find_tls(struct half *me, const uint8_t *data, size_t len)
{
	struct framing fr = {.proto = PROTO_TLS};

	while (len - fr.whole >= TLS_HEADER && tls_looks_like(data + fr.whole, len - fr.whole)) {
		size_t n = TLS_HEADER + u16(data + fr.whole + 3);
		if (n > len - fr.whole) {
			fr.wanted = n;
			return fr;
		}
		if (data[fr.whole] == TLS_CHANGE_CIPHER_SPEC)
			me->keyed = true;
		else if (tls_is_hello(data + fr.whole, n))
			me->keyed = false;
		fr.whole += n;
	}
	/* what is no record: whatever comes, the decoder says where it is wrong, or nothing claims it */
	if (len - fr.whole >= TLS_HEADER ||
	    (fr.whole < len && (data[fr.whole] < TLS_CHANGE_CIPHER_SPEC || data[fr.whole] > TLS_HEARTBEAT))) {
		fr.proto = fr.whole ? PROTO_TLS : PROTO_DATA;
		fr.whole = len;
	}
	return fr;
}

/* A version line, then packets; encrypted ones have no length that a listener could read. */
static struct framing find_ssh(struct half *me, const uint8_t *data, size_t len)
{
	struct framing fr = {.proto = PROTO_SSH};

	while (fr.whole < len && !me->keyed) {
		const uint8_t *p = data + fr.whole;
		size_t left = len - fr.whole;
		if (ssh_looks_like(p, left) || (left < 4 && memcmp(p, "SSH-", left) == 0)) {
			const uint8_t *end = memchr(p, '\n', left);
			if (!end && left < SSH_MAX_LINE)
				return fr;
			fr.whole += end ? (size_t)(end - p) + 1 : left;
			continue;
		}
		if (left < 6)
			return fr;
		uint32_t n = (uint32_t)u16(p) << 16 | (uint32_t)u16(p + 2);
		if (n < 12 || n > SSH_MAX || (n + 4) % 8 != 0)
			break; /* encrypted, or not from its begin */
		if (n + 4 > left) {
			fr.wanted = n + 4;
			return fr;
		}
		fr.whole += n + 4;
		me->keyed = p[5] == SSH_NEWKEYS && n - p[4] == 2;
	}
	fr.whole = len;
	return fr;
}

/* --- HTTP (RFC 9112 6 and 7) */

static int hex_digit(uint8_t c)
{
	return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* The octets of a body in chunks from pos on, up to behind its end; 0: it is not whole yet, or is none. */
static size_t chunks_end(const uint8_t *data, size_t len, size_t pos)
{
	for (;;) {
		size_t n = 0, digits = 0;
		while (pos < len && hex_digit(data[pos]) >= 0 && n < MAX_CHUNK) {
			n = n * 16 + (size_t)hex_digit(data[pos++]);
			digits++;
		}
		const uint8_t *line = pos < len ? memchr(data + pos, '\n', len - pos) : NULL;
		if (!line || digits == 0)
			return 0;
		pos = (size_t)(line - data) + 1;
		if (n > 0) {
			if (n + 2 > len - pos)
				return 0;
			pos += n + 2;
			continue;
		}
		/* trailers, up to an empty line */
		for (;;) {
			line = pos < len ? memchr(data + pos, '\n', len - pos) : NULL;
			if (!line)
				return 0;
			size_t end = (size_t)(line - data);
			bool last = end == pos || (end == pos + 1 && data[pos] == '\r');
			pos = end + 1;
			if (last)
				return pos;
		}
	}
}

static bool has_body(const struct http *h, bool head_asked)
{
	return !(h->response && (head_asked || h->status < 200 || h->status == 204 || h->status == 304));
}

/* One message at data: its octets, 0 where it is not whole; *wanted as framing has it. */
static size_t http_message(bool *head_asked, const uint8_t *data, size_t len, size_t *wanted)
{
	struct http h;
	size_t at, end;
	enum err e = http_parse(&h, data, len, &at);

	*wanted = 0;
	if (e == ERR_TRUNCATED)
		return 0;
	if (e != ERR_OK)
		return len; /* malformed: shown as it is */
	end = h.body_off;
	if (has_body(&h, *head_asked)) {
		if (h.chunked)
			end = chunks_end(data, len, h.body_off);
		else if (h.has_length && h.content_length > len - h.body_off) {
			*wanted =
			    h.content_length < SIZE_MAX - h.body_off ? h.body_off + (size_t)h.content_length : 0;
			return 0;
		} else if (h.has_length)
			end = h.body_off + (size_t)h.content_length;
		else if (h.response)
			end = len; /* up to the connection's end */
	}
	*head_asked = h.response ? *head_asked && end == 0 : http_span_is(data, h.method, "HEAD");
	return end;
}

struct framing http_messages_find(bool *head_asked, const uint8_t *data, size_t len)
{
	struct framing fr = {.proto = PROTO_HTTP};

	while (fr.whole < len && http_looks_like(data + fr.whole, len - fr.whole)) {
		size_t n = http_message(head_asked, data + fr.whole, len - fr.whole, &fr.wanted);
		if (n == 0)
			return fr;
		fr.whole += n;
	}
	if (fr.whole < len && !http_may_begin(data + fr.whole, len - fr.whole)) {
		fr.proto = fr.whole ? PROTO_HTTP : PROTO_DATA;
		fr.whole = len;
	}
	return fr;
}

/* --- all */

/* A few octets that may be the begin of what is known with more behind them; PROTO_NONE: they are not. */
static enum proto may_become(const struct packet *p, const uint8_t *data, size_t len)
{
	if (len == 0)
		return PROTO_NONE;
	bool dns = p->src.port == 53 || p->dst.port == 53;

	if (dns && (len < 2 || (len < 14 && u16(data) >= 12)))
		return PROTO_DNS;
	if (len < TLS_HEADER && data[0] >= TLS_CHANGE_CIPHER_SPEC && data[0] <= TLS_HEARTBEAT &&
	    (len < 2 || data[1] == 3))
		return PROTO_TLS;
	if (len < 5 && memcmp(data, "SSH-2", len) == 0)
		return PROTO_SSH;
	return http_may_begin(data, len) ? PROTO_HTTP : PROTO_NONE;
}

static enum proto recognise(struct flow *f, const struct packet *p, const uint8_t *data, size_t len)
{
	enum proto now = packet_stream_proto(p, data, len);

	/* A connection keeps its protocol, but may change to TLS (STARTTLS, CONNECT). */
	if (now == PROTO_TLS || f->proto == PROTO_NONE || f->proto == PROTO_DATA)
		return now;
	return f->proto;
}

struct framing messages_find(struct flow *f, unsigned side, const struct packet *p, const uint8_t *data, size_t len)
{
	struct half *me = &f->half[side];
	enum proto proto = f->proto == PROTO_TLS || f->proto == PROTO_SSH ? f->proto : recognise(f, p, data, len);

	if (proto == PROTO_DATA) {
		enum proto later = f->proto == PROTO_NONE ? may_become(p, data, len) : PROTO_NONE;
		if (later != PROTO_NONE)
			return (struct framing){.proto = later};
	} else {
		f->proto = proto;
	}
	switch (proto) {
	case PROTO_TLS:
		return find_tls(me, data, len);
	case PROTO_SSH:
		return find_ssh(me, data, len);
	case PROTO_HTTP:
		return http_messages_find(&f->head_asked, data, len);
	case PROTO_DNS:
		return by_length(PROTO_DNS, data, len, DNS_TCP_PREFIX, 0);
	case PROTO_DH:
		return by_length(PROTO_DH, data, len, 2, 0);
	default:
		return (struct framing){.proto = PROTO_DATA, .whole = len};
	}
}
