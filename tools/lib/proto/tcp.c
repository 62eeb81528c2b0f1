/* TCP (RFC 9293 3.1).
 *
 *      0                   1                   2                   3
 *      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 *     +-------------------------------+-------------------------------+
 *     |          source port          |       destination port        |
 *     +-------------------------------+-------------------------------+
 *     |                        sequence number                        |
 *     +---------------------------------------------------------------+
 *     |                     acknowledgment number                     |
 *     +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *     |offset |  res. |C|E|U|A|P|R|S|F|            window             |
 *     +-------+-------+-+-+-+-+-+-+-+-+-------------------------------+
 *     |           checksum            |        urgent pointer         |
 *     +-------------------------------+-------------------------------+
 *     |                      options (offset - 5 words)                |
 */
#include "fields.h"
#include "glassnet/proto/transport.h"
#include "glassnet/wire.h"

#define FIXED 20

enum option { OPT_END, OPT_NOP, OPT_MSS, OPT_SCALE, OPT_SACK_OK, OPT_SACK, OPT_TIMESTAMPS = 8, OPT_FAST_OPEN = 34 };

static void take_option(struct tcp *h, uint8_t kind, struct rd *o)
{
	switch (kind) {
	case OPT_MSS:
		h->mss = rd_u16(o);
		return;
	case OPT_SCALE:
		h->scale = rd_u8(o);
		h->has_scale = !o->bad;
		return;
	case OPT_SACK_OK:
		h->sack_permitted = true;
		return;
	case OPT_TIMESTAMPS:
		h->ts_value = rd_u32(o);
		h->ts_echo = rd_u32(o);
		h->has_timestamps = !o->bad;
		return;
	default:
		return;
	}
}

static enum err read_options(struct tcp *h, const uint8_t *p, size_t *at)
{
	size_t i = FIXED, n = 0;
	bool bad = false;

	while (next_option(p, h->header_len, &i, &n, &bad)) {
		if (p[i] <= OPT_NOP)
			continue;
		struct rd o = rd_init(p + i + 2, n - 2);
		take_option(h, p[i], &o);
		*at = i;
		if (o.bad)
			return ERR_FORMAT;
	}
	*at = i;
	return bad ? ERR_FORMAT : ERR_OK;
}

enum err tcp_parse(struct tcp *out, const uint8_t *p, size_t len, size_t *at)
{
	struct rd r = rd_init(p, len);

	*out = (struct tcp){0};
	out->sport = rd_u16(&r);
	out->dport = rd_u16(&r);
	out->seq = rd_u32(&r);
	out->ack = rd_u32(&r);
	out->header_len = (uint8_t)((rd_u8(&r) >> 4) * 4);
	out->flags = rd_u8(&r);
	out->window = rd_u16(&r);
	out->checksum = rd_u16(&r);
	out->urgent = rd_u16(&r);
	*at = r.pos;
	if (r.bad)
		return ERR_TRUNCATED;
	if (out->header_len < FIXED) {
		*at = 12;
		return ERR_FORMAT;
	}
	if (out->header_len > len) {
		*at = len;
		return ERR_TRUNCATED;
	}
	out->data_len = len - out->header_len;
	return read_options(out, p, at);
}

static const struct {
	uint8_t flag;
	const char *name, *meaning;
} flags[] = {
    {TCP_SYN, "SYN", "opens the connection: my sequence numbers start here"},
    {TCP_FIN, "FIN", "I have nothing more to send"},
    {TCP_RST, "RST", "ends the connection at once: refused, or something is wrong"},
    {TCP_PSH, "PSH", "hand the data to the program now"},
    {TCP_URG, "URG", "there is urgent data"},
    {TCP_ECE, "ECE", "the network reported congestion"},
    {TCP_CWR, "CWR", "I slowed down because of congestion"},
    {TCP_ACK, "ACK", "the acknowledgment number is valid"},
};

#define N_FLAGS (sizeof(flags) / sizeof(flags[0]))

void tcp_summary(const struct tcp *h, struct text *out)
{
	/* what a reader looks for: how connections begin and end; PSH and the like are in the description */
	uint8_t shown = h->flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_URG);
	bool any = false;

	if (!shown && h->data_len == 0)
		shown = h->flags & TCP_ACK;
	else if (shown & TCP_SYN)
		shown |= h->flags & TCP_ACK;
	text_str(out, "TCP ");
	for (size_t i = 0; i < N_FLAGS; i++)
		if (shown & flags[i].flag) {
			text_str(out, any ? "+" : "");
			text_str(out, flags[i].name);
			any = true;
		}
	text_str(out, any ? " " : "");
	text_num(out, h->sport);
	text_str(out, "→");
	text_num(out, h->dport);
	if (h->data_len > 0) {
		text_str(out, ", ");
		text_count(out, h->data_len, "byte");
		text_str(out, " of data");
	}
}

static const char *option_name(uint8_t kind)
{
	switch (kind) {
	case OPT_END:
		return "end of options";
	case OPT_NOP:
		return "no operation";
	case OPT_MSS:
		return "maximum segment size";
	case OPT_SCALE:
		return "window scale";
	case OPT_SACK_OK:
		return "selective acknowledgment permitted";
	case OPT_SACK:
		return "selective acknowledgment";
	case OPT_TIMESTAMPS:
		return "timestamps";
	case OPT_FAST_OPEN:
		return "fast open";
	default:
		return "unknown";
	}
}

static void describe_option(const struct tcp *h, const struct fields *f, size_t i, size_t len)
{
	uint8_t kind = f->p[i];

	if (kind == OPT_MSS)
		field_num(f, i, len, "maximum segment size", h->mss, "the most data I take in one segment",
		    "RFC 9293 3.7.1");
	else if (kind == OPT_SCALE)
		field_fmt(f, i, len, "window scale", "my windows count in units of this many octets", "RFC 7323 2",
		    "%u (times %lu)", h->scale, 1UL << (h->scale > 14 ? 14 : h->scale));
	else if (kind == OPT_TIMESTAMPS)
		field_fmt(f, i, len, "timestamps",
		    "the sender's clock, and the last one it saw of yours: measures round trips", "RFC 7323 3",
		    "%u, echo %u", h->ts_value, h->ts_echo);
	else
		field_fmt(f, i, len, "option", NULL, "RFC 9293 3.2", "%u (%s)", kind, option_name(kind));
}

static void describe_options(const struct tcp *h, const struct fields *f)
{
	struct fields d = fields_deeper(f);

	size_t i = FIXED, n = 0;
	bool bad = false;

	while (next_option(f->p, h->header_len, &i, &n, &bad))
		describe_option(h, &d, i, n);
	if (bad)
		field_text(&d, i, h->header_len - i, "option", "malformed",
		    "its length cannot be: nothing behind it can be read", "RFC 9293 3.2");
}

void tcp_describe(const struct tcp *h, const uint8_t *p, size_t base, enum checksum_state sum, struct trace *t)
{
	struct fields f = {.trace = t, .layer = "TCP", .base = base, .p = p, .depth = 1};
	struct fields d = fields_deeper(&f);

	field_num(&f, 0, 2, "source port", h->sport, "which program sent it", "RFC 9293 3.1");
	field_num(&f, 2, 2, "destination port", h->dport, "which program it is for", "RFC 9293 3.1");
	field_num(&f, 4, 4, "sequence number", h->seq, "the number of the first octet of data in the stream",
	    "RFC 9293 3.4");
	field_num(&f, 8, 4, "acknowledgment number", h->ack,
	    h->flags & TCP_ACK ? "the next octet that the sender expects: all before it has arrived" : "not valid",
	    "RFC 9293 3.4");
	field_num(
	    &f, 12, 1, "header length", h->header_len, "octets; the options make it more than 20", "RFC 9293 3.1");
	field_fmt(&f, 13, 1, "flags", NULL, "RFC 9293 3.1", "0x%02x", h->flags);
	for (size_t i = 0; i < N_FLAGS; i++)
		if (h->flags & flags[i].flag)
			field_flag(&d, 13, 1, flags[i].name, true, flags[i].meaning, "RFC 9293 3.1");
	field_num(&f, 14, 2, "window", h->window, "how much the sender can take before the next acknowledgment",
	    "RFC 9293 3.8.6");
	field_fmt(&f, 16, 2, "checksum",
	    sum == CHECKSUM_BEGUN
	        ? "the sending machine left the rest to its network card, which works after the capture"
	        : NULL,
	    "RFC 9293 3.1", "0x%04x (%s)", h->checksum,
	    sum == CHECKSUM_RIGHT   ? "right"
	    : sum == CHECKSUM_BEGUN ? "only begun"
	    : sum == CHECKSUM_WRONG ? "does not match"
	                            : "not checked: not all octets are here");
	field_num(&f, 18, 2, "urgent pointer", h->urgent, NULL, "RFC 9293 3.8.5");
	if (h->header_len > FIXED) {
		field_fmt(&f, FIXED, h->header_len - (size_t)FIXED, "options", NULL, "RFC 9293 3.2", "%d octets",
		    h->header_len - FIXED);
		describe_options(h, &f);
	}
}
