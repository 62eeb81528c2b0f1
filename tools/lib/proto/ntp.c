/* NTP (RFC 5905 7.3), on UDP port 123.
 *
 *      0          1         2      3           4             8                  12
 *     +----------+---------+------+-----------+-------------+------------------+--------------+
 *     | LI 2 VN 3| stratum | poll | precision | root delay  | root dispersion  | reference ID |
 *     | mode 3   |         |      |           |             |                  |              |
 *     +----------+---------+------+-----------+-------------+------------------+--------------+
 *      16: reference time 8 | 24: origin time 8 | 32: receive time 8 | 40: transmit time 8
 *      48: extension fields: type 2, length 2, value ... | key ID 4, digest 16 or 20
 */
#include "glassnet/proto/ntp.h"

#include <string.h>

#include "fields.h"
#include "glassnet/wire.h"

#define HEADER         48
#define MAX_AUTH       24 /* what is no longer than this at the end is an authenticator (RFC 7822 7.5.1.4) */
#define CONTROL_HEADER 12
#define PRIVATE_HEADER 8

static enum err bad_at(size_t *at, size_t where, enum err e)
{
	*at = where;
	return e;
}

/* The extension fields and the authenticator behind the header. Before version 4 there is only the latter. */
static enum err read_rest(struct ntp *h, struct rd *r, size_t *at)
{
	while (h->version >= 4 && rd_left(r) > MAX_AUTH) {
		size_t begin = r->pos;
		rd_skip(r, 2);
		uint16_t length = rd_u16(r);
		if (length < 16 || length % 4 != 0)
			return bad_at(at, begin + 2, ERR_FORMAT);
		rd_skip(r, length - 4u);
		if (r->bad)
			return bad_at(at, r->pos, ERR_TRUNCATED);
	}
	h->auth_off = r->pos;
	h->auth_len = rd_left(r);
	return ERR_OK;
}

static void read_header(struct ntp *h, struct rd *r)
{
	h->stratum = rd_u8(r);
	h->poll = (int8_t)rd_u8(r);
	h->precision = (int8_t)rd_u8(r);
	h->delay = rd_u32(r);
	h->dispersion = rd_u32(r);
	const uint8_t *reference = rd_bytes(r, sizeof(h->reference));
	if (reference)
		memcpy(h->reference, reference, sizeof(h->reference));
	h->set = rd_u64(r);
	h->origin = rd_u64(r);
	h->receive = rd_u64(r);
	h->transmit = rd_u64(r);
}

enum err ntp_parse(struct ntp *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);
	uint8_t first = rd_u8(&r);

	*out = (struct ntp){.leap = first >> 6, .version = first >> 3 & 7, .mode = first & 7};
	if (r.bad)
		return bad_at(at, 0, ERR_TRUNCATED);
	if (out->version < 1 || out->version > 4)
		return bad_at(at, 0, ERR_VERSION);
	if (out->mode == NTP_CONTROL || out->mode == NTP_PRIVATE) {
		rd_skip(&r, (out->mode == NTP_CONTROL ? CONTROL_HEADER : PRIVATE_HEADER) - 1);
		*at = r.pos;
		return r.bad ? ERR_TRUNCATED : ERR_OK;
	}
	read_header(out, &r);
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	out->extensions_len = len - HEADER;
	return read_rest(out, &r, at);
}

/* --- words -------------------------------------------------------------------------------------------------
 */

static const char *mode_name(uint8_t mode)
{
	static const char *const names[] = {"reserved", "symmetric active", "symmetric passive", "client", "server",
	    "broadcast", "control message", "private message"};

	return names[mode & 7];
}

static void add_padded(struct text *out, uint64_t v, unsigned digits)
{
	uint64_t limit = 1;

	while (--digits > 0)
		limit *= 10;
	for (; limit > 1 && v < limit; limit /= 10)
		text_str(out, "0");
	text_num(out, v);
}

/* A day's date in the Gregorian calendar, by the count of days since 1970 (H. Hinnant, days_from_civil). */
static void add_date(struct text *out, uint64_t days)
{
	uint64_t z = days + 719468, era = z / 146097, doe = z - era * 146097;
	uint64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	uint64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	uint64_t month = mp < 10 ? mp + 3 : mp - 9;

	add_padded(out, yoe + era * 400 + (month <= 2), 4);
	text_str(out, "-");
	add_padded(out, month, 2);
	text_str(out, "-");
	add_padded(out, doy - (153 * mp + 2) / 5 + 1, 2);
}

void ntp_time(uint64_t timestamp, struct text *out)
{
	const uint64_t to_1970 = 2208988800u; /* from 1900, in seconds */
	uint64_t s = timestamp >> 32, micro = (timestamp & 0xffffffff) * 1000000 >> 32;

	s += s & 0x80000000 ? 0 : (uint64_t)1 << 32;
	if (s < to_1970) { /* 1968 and 1969 */
		add_padded(out, s, 1);
		text_str(out, " s since 1900");
		return;
	}
	s -= to_1970;
	add_date(out, s / 86400);
	text_str(out, " ");
	add_padded(out, s / 3600 % 24, 2);
	text_str(out, ":");
	add_padded(out, s / 60 % 60, 2);
	text_str(out, ":");
	add_padded(out, s % 60, 2);
	text_str(out, ".");
	add_padded(out, micro, 6);
}

/* Four letters, padded with zeros or blanks: a clock, or the word of a kiss-o'-death. */
static void add_code(struct text *out, const uint8_t code[static 4])
{
	size_t n = 4;

	while (n > 0 && (code[n - 1] == 0 || code[n - 1] == ' '))
		n--;
	text_peer(out, code, n);
}

/* The codes that ask for a change of behaviour (RFC 5905 7.4). */
static const struct {
	char code[5];
	const char *text;
} kisses[] = {{"RATE", "you ask too often"}, {"DENY", "you may not ask here"}, {"RSTR", "you may not ask here"},
    {"INIT", "I do not know the time yet"}, {"STEP", "my clock has just been set"},
    {"ACST", "from an anycast server"}, {"AUTH", "the authenticator is wrong"},
    {"CRYP", "the authenticator is wrong"}, {"NTSN", "your cookie is not known"}};

static const char *kiss_text(const uint8_t code[static 4])
{
	for (size_t i = 0; i < sizeof(kisses) / sizeof(kisses[0]); i++)
		if (memcmp(kisses[i].code, code, 4) == 0)
			return kisses[i].text;
	return NULL;
}

static void add_kiss(const struct ntp *h, struct text *out)
{
	const char *why = kiss_text(h->reference);

	text_str(out, "kiss-o'-death ");
	add_code(out, h->reference);
	text_str(out, why ? ": " : "");
	text_str(out, why ? why : "");
}

void ntp_summary(const struct ntp *h, struct text *out)
{
	text_str(out, "NTP ");
	if (h->mode == NTP_CLIENT) {
		text_str(out, "client: what time is it?");
		return;
	}
	if (h->mode == NTP_CONTROL || h->mode == NTP_PRIVATE) {
		text_str(out, mode_name(h->mode));
		return;
	}
	if (h->mode == NTP_SERVER && h->stratum == 0) {
		add_kiss(h, out);
		return;
	}
	text_str(out, mode_name(h->mode));
	text_str(out, ": ");
	if (h->transmit == 0)
		text_str(out, "no time");
	else
		ntp_time(h->transmit, out);
	text_str(out, h->transmit ? " UTC, stratum " : ", stratum ");
	text_num(out, h->stratum);
	text_str(out, h->leap == 3 ? ", clock not set" : "");
}

/* --- description -------------------------------------------------------------------------------------------
 */

static void describe_power(const struct fields *f, size_t off, const char *name, int8_t power, const char *meaning)
{
	char value[40];
	struct text t = text_init(value, sizeof(value));

	text_str(&t, power < 0 ? "2^-" : "2^");
	text_num(&t, (uint64_t)(power < 0 ? -(int)power : power));
	text_str(&t, " s");
	field_text(f, off, 1, name, value, meaning, "RFC 5905 7.3");
}

static void describe_span(const struct fields *f, size_t off, const char *name, uint32_t v, const char *meaning)
{
	field_fmt(f, off, 4, name, meaning, "RFC 5905 7.3", "%u.%06u s", v >> 16,
	    (unsigned)((uint64_t)(v & 0xffff) * 1000000 >> 16));
}

static void describe_time(const struct fields *f, size_t off, const char *name, uint64_t v, const char *meaning)
{
	char value[64];
	struct text t = text_init(value, sizeof(value));

	if (v == 0) {
		field_text(f, off, 8, name, "none", meaning, "RFC 5905 7.3");
		return;
	}
	ntp_time(v, &t);
	text_str(&t, " UTC");
	field_text(f, off, 8, name, value, meaning, "RFC 5905 7.3");
}

static void describe_reference(const struct ntp *h, const struct fields *f)
{
	struct ip ip = ip_from(4, h->reference);
	char value[64];
	struct text t = text_init(value, sizeof(value));

	if (h->stratum > 1) {
		text_ip(&t, &ip);
		field_text(f, 12, 4, "reference ID", value,
		    "the server that this one has its time from (of an IPv6 address: a hash)", "RFC 5905 7.3");
		return;
	}
	add_code(&t, h->reference);
	if (h->stratum == 0)
		field_text(f, 12, 4, h->mode == NTP_SERVER ? "kiss code" : "reference ID", value,
		    h->mode == NTP_SERVER ? kiss_text(h->reference) : NULL, "RFC 5905 7.4");
	else
		field_text(f, 12, 4, "reference ID", value, "the clock itself, GPS for example", "RFC 5905 7.3");
}

static void describe_rest(const struct ntp *h, const struct fields *f, size_t len)
{
	struct rd r = rd_init(f->p, len);

	rd_skip(&r, HEADER);
	while (h->version >= 4 && rd_left(&r) > MAX_AUTH) {
		size_t begin = r.pos;
		uint16_t type = rd_u16(&r), length = rd_u16(&r);
		if (length < 16 || length % 4 != 0)
			return;
		rd_skip(&r, length - 4u);
		if (r.bad)
			return;
		field_fmt(f, begin, length, "extension", NULL, "RFC 7822 3", "type 0x%04x, %u bytes", type, length);
	}
	if (h->auth_len > 0)
		field_hex(f, h->auth_off, h->auth_len, "authenticator",
		    "key number and digest: only who has the key can make it", "RFC 5905 7.3");
}

static const char *stratum_text(uint8_t stratum)
{
	return stratum == 0   ? "unknown or not said"
	       : stratum == 1 ? "has a clock of its own"
	       : stratum < 16 ? "so many steps from a clock"
	                      : "not synchronized";
}

void ntp_describe(const struct ntp *h, const uint8_t *p, size_t len, size_t base, struct trace *t)
{
	static const char *const leaps[] = {
	    "none", "the last minute has 61 s", "the last minute has 59 s", "unknown: the clock is not set"};
	struct fields f = {.trace = t, .layer = "NTP", .base = base, .p = p, .depth = 1};

	if (len < 1)
		return;
	field_fmt(&f, 0, 1, "leap second", NULL, "RFC 5905 7.3", "%u (%s)", h->leap, leaps[h->leap & 3]);
	field_num(&f, 0, 1, "version", h->version, NULL, "RFC 5905 7.3");
	field_fmt(&f, 0, 1, "mode", NULL, "RFC 5905 7.3", "%u (%s)", h->mode, mode_name(h->mode));
	if (h->mode == NTP_CONTROL || h->mode == NTP_PRIVATE || len < HEADER)
		return;
	field_fmt(&f, 1, 1, "stratum", "how far from a clock that shows the true time", "RFC 5905 7.3", "%u (%s)",
	    h->stratum, stratum_text(h->stratum));
	describe_power(&f, 2, "poll", h->poll, "the longest time between two questions");
	describe_power(&f, 3, "precision", h->precision, "of the sender's clock");
	describe_span(&f, 4, "root delay", h->delay, "there and back to the clock at the root");
	describe_span(&f, 8, "root dispersion", h->dispersion, "how wrong the time may be");
	describe_reference(h, &f);
	describe_time(&f, 16, "reference time", h->set, "when the sender's clock was last set");
	describe_time(&f, 24, "origin time", h->origin,
	    "the transmit time of the question, sent back: it tells the client which question this answers");
	describe_time(&f, 32, "receive time", h->receive, "when the question came");
	describe_time(&f, 40, "transmit time", h->transmit, "when this was sent, by the sender's clock");
	describe_rest(h, &f, len);
}
