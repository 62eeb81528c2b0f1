#include "explain_verb.h"

#include <errno.h>
#include <fcntl.h>
#include <pcap/pcap.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "glassnet/capture.h"
#include "glassnet/flow.h"
#include "glassnet/proto/dns.h"
#include "hexdump.h"

#define FILE_MAX ((size_t)256 << 20)

struct explaining {
	struct cli *c;
	const struct explain_request *request;
	struct trace t;
	struct flows *flows;
	unsigned messages, malformed, other; /* other: packets without a DNS message */
};

/* A message, and what is known of how it travelled. */
struct message_at {
	const uint8_t *bytes;
	size_t len;
	char from[ENDPOINT_TEXT], to[ENDPOINT_TEXT]; /* "": not known */
	uint64_t packet;                             /* 0: none */
	int64_t time;
};

/* --- one message ------------------------------------------------------------------------------- */

static void explain_message(struct explaining *x, const struct message_at *at)
{
	struct dns m;
	char room[400];
	struct text label = text_init(room, sizeof(room));
	size_t bad = 0;
	enum err e = dns_parse(&m, at->bytes, at->len, &bad);
	if (at->len >= 12)
		dns_summary(&m, at->bytes, at->len, &label);
	bool response = at->len >= 3 && at->bytes[2] & 0x80;
	const char *asker = "client", *asked = "server";
	emit(&x->t, (struct event){.kind = EV_SEND,
	                .time = at->time,
	                .u.msg = {.from = *at->from  ? at->from
	                                  : response ? asked
	                                             : asker,
	                    .to = *at->to    ? at->to
	                          : response ? asker
	                                     : asked,
	                    .proto = "DNS",
	                    .label = at->len >= 12 ? room : "DNS message, cut short",
	                    .bytes = at->bytes,
	                    .len = at->len,
	                    .packet = at->packet,
	                    .secrecy = SECRECY_CLEAR}});
	if (at->len >= 12)
		dns_describe(&m, at->bytes, at->len, 0, &x->t);
	x->messages++;
	if (!e)
		return;
	x->malformed++;
	ev_warning(
	    &x->t, "The message is malformed: at octet %zu, %s. What follows it cannot be read.", bad, err_text(e));
}

/* --- packets ----------------------------------------------------------------------------------- */

static struct message_at from_packet(const struct packet *p, const uint8_t *bytes, size_t len)
{
	struct message_at at = {.bytes = bytes, .len = len, .packet = p->number, .time = p->time};
	if (p->src.ip.family) {
		endpoint_text(at.from, &p->src);
		endpoint_text(at.to, &p->dst);
	}
	return at;
}

/* Over TCP each message has its length before it; several may stand one behind the other. */
static bool explain_stream(struct explaining *x, const struct packet *p, const uint8_t *data, size_t len)
{
	bool some = false;
	for (size_t pos = 0; len - pos >= DNS_TCP_PREFIX + 12;) {
		size_t n = (size_t)data[pos] << 8 | data[pos + 1], have = len - pos - DNS_TCP_PREFIX;
		struct message_at at = from_packet(p, data + pos + DNS_TCP_PREFIX, n < have ? n : have);
		explain_message(x, &at);
		some = true;
		if (n >= have)
			break;
		pos += DNS_TCP_PREFIX + n;
	}
	return some;
}

static bool is_dns_port(const struct explaining *x, const struct packet *p)
{
	uint16_t own = x->request->port;
	return p->src.port == 53 || p->dst.port == 53 || p->src.port == own || p->dst.port == own;
}

static bool explain_packet(struct explaining *x, struct packet *p)
{
	if (flows_take(x->flows, p, NULL, 0))
		return false;
	if (p->segment && p->segment->proto == PROTO_DNS && p->segment->len)
		return explain_stream(x, p, p->segment->data, p->segment->len);
	if (!is_dns_port(x, p) || p->payload_len == 0)
		return false;
	const uint8_t *payload = p->bytes + p->payload_off;
	if (p->ip_proto == 6) /* of segments whose message is not whole yet, nothing */
		return p->src.port != 53 && p->dst.port != 53 && dns_tcp_looks_like(payload, p->payload_len) &&
		       explain_stream(x, p, payload, p->payload_len);
	if (p->ip_proto != 17)
		return false;
	struct message_at at = from_packet(p, payload, p->payload_len);
	explain_message(x, &at);
	return true;
}

static int explain_capture(struct explaining *x, const char *path)
{
	struct capture *cap;
	struct capture_packet cp;
	char msg[256];
	enum err e = capture_open_file(&cap, path, "", msg);
	if (e)
		return cli_fail(x->c, e, "%s", msg);
	while (!cli_interrupted() && (e = capture_next(cap, &cp, 0, -1)) == ERR_OK)
		x->other += !explain_packet(x, &cp.packet);
	int status = EXIT_YES;
	if (e != ERR_OK && e != ERR_CLOSED)
		status = cli_fail(x->c, e, "%s: %s", x->request->file, capture_error(cap));
	capture_close(cap);
	return status;
}

/* --- octets without a capture around them ------------------------------------------------------ */

/* tcpdump -X begins with the IP header, -XX with Ethernet's. A DNS message is neither: its checksum would not fit. */
static bool is_packet(const uint8_t *b, size_t len, int *linktype)
{
	static const struct {
		int linktype;
		size_t header;
	} ways[] = {{DLT_RAW, 0}, {DLT_EN10MB, 14}};
	for (unsigned i = 0; i < 2; i++) {
		struct packet p = {
		    .bytes = b, .len = len, .wire_len = len, .linktype = ways[i].linktype, .number = 1};
		if (len < ways[i].header + 28)
			continue;
		packet_parse(&p);
		bool ip = p.src.ip.family && p.payload_len && (p.ip_proto == 17 || p.ip_proto == 6);
		*linktype = ways[i].linktype;
		if (ip && (p.src.port == 53 || p.dst.port == 53 || packet_top(&p)->err == ERR_OK))
			return true;
	}
	return false;
}

static void explain_octets(struct explaining *x, const uint8_t *b, size_t len)
{
	int linktype;
	size_t bad;
	struct dns m;
	struct message_at at = {.bytes = b, .len = len};
	bool dns = dns_parse(&m, b, len, &bad) == ERR_OK && m.end == len;
	if (!dns && is_packet(b, len, &linktype)) {
		struct packet p = {.bytes = b, .len = len, .wire_len = len, .linktype = linktype};
		x->other += !explain_packet(x, &p);
		return;
	}
	if (len > DNS_TCP_PREFIX + 65535) {
		ev_warning(&x->t, "%zu octets are too many for a DNS message, which has 65,535 at most.", len);
		x->messages++;
		x->malformed++;
		return;
	}
	bool prefixed = len > DNS_TCP_PREFIX + 12 && ((size_t)b[0] << 8 | b[1]) == len - DNS_TCP_PREFIX;
	if (!dns && prefixed) {
		at.bytes += DNS_TCP_PREFIX;
		at.len -= DNS_TCP_PREFIX;
		ev_heading(
		    &x->t, "The first two octets are the message's length: so it travels over TCP (RFC 1035 4.2.2)");
	}
	explain_message(x, &at);
}

static int explain_text(struct explaining *x, const char *text, size_t len)
{
	struct hexdump h;
	struct hexdump_error where;
	enum err e = hexdump_parse(&h, text, len, &where);
	if (e == ERR_FORMAT) {
		cli_warn(x->c, "%s: line %u, column %u: %s", x->request->file, where.line, where.column, where.why);
		return EXIT_MALFORMED;
	}
	if (e)
		return cli_fail(x->c, e, "%s", x->request->file);
	for (size_t i = 0; i < h.n; i++) {
		if (h.n > 1)
			ev_heading(&x->t, "Line %u", h.piece[i].line);
		explain_octets(x, h.bytes + h.piece[i].off, h.piece[i].len);
	}
	hexdump_release(&h);
	return EXIT_YES;
}

/* --- files ------------------------------------------------------------------------------------- */

static int read_all(struct explaining *x, char **out, size_t *len)
{
	bool in = strcmp(x->request->file, "-") == 0;
	FILE *f = in ? stdin : fopen(x->request->file, "re");
	size_t cap = 0, n = 0, got = 0;
	char *buf = NULL;
	*out = NULL;
	*len = 0;
	if (!f)
		return cli_fail(x->c, ERR_IO, "%s: %s", x->request->file, strerror(errno));
	do {
		if (n == cap) {
			char *more = realloc(buf, cap = cap ? 2 * cap : 1 << 16);
			if (!more || cap > FILE_MAX) {
				free(more ? more : buf);
				if (!in)
					fclose(f);
				return cli_fail(x->c, more ? ERR_TOO_LONG : ERR_NOMEM, "%s", x->request->file);
			}
			buf = more;
		}
		got = fread(buf + n, 1, cap - n, f);
		n += got;
	} while (got && !cli_interrupted());
	int failed = ferror(f) ? errno : 0;
	if (!in)
		fclose(f);
	*out = buf;
	*len = n;
	return failed ? cli_fail(x->c, ERR_IO, "%s: %s", x->request->file, strerror(failed)) : EXIT_YES;
}

static bool is_capture(const char *b, size_t len)
{
	static const uint8_t magic[][4] = {{0xd4, 0xc3, 0xb2, 0xa1}, {0xa1, 0xb2, 0xc3, 0xd4},
	    {0x4d, 0x3c, 0xb2, 0xa1}, {0xa1, 0xb2, 0x3c, 0x4d}, {0x0a, 0x0d, 0x0d, 0x0a}};
	for (size_t i = 0; i < sizeof(magic) / sizeof(magic[0]); i++)
		if (len >= 4 && memcmp(b, magic[i], 4) == 0)
			return true;
	return false;
}

static bool is_text(const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)b[i] < 0x20 && !strchr("\t\r\n\f", b[i] ? b[i] : 'x'))
			return false;
	return !memchr(b, 0, len);
}

/* libpcap reads files only: what came through a pipe becomes one. */
static int explain_captured_octets(struct explaining *x, const char *b, size_t len)
{
	char path[40];
	int fd = memfd_create("capture", MFD_CLOEXEC);
	for (size_t done = 0; fd >= 0 && done < len;) {
		ssize_t n = write(fd, b + done, len - done);
		if (n <= 0)
			break;
		done += (size_t)n;
	}
	if (fd < 0)
		return cli_fail(x->c, ERR_IO, "%s: %s", x->request->file, strerror(errno));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	int status = explain_capture(x, path);
	close(fd);
	return status;
}

static int explain_file(struct explaining *x)
{
	char *b = NULL;
	size_t len = 0;
	int status = read_all(x, &b, &len);
	if (status)
		; /* said already */
	else if (is_capture(b, len))
		status = explain_captured_octets(x, b, len);
	else if (is_text(b, len))
		status = explain_text(x, b, len);
	else
		explain_octets(x, (const uint8_t *)b, len);
	free(b);
	return status;
}

/* --- the verb ---------------------------------------------------------------------------------- */

/* On a terminal or in a file, each field under its message; what other forms there are as everywhere. */
static enum err open_trace(struct explaining *x)
{
	struct trace_sink sink;
	if (cli_has(x->c, "json") || cli_has(x->c, "quiet"))
		return cli_trace_open(x->c, &x->t, &clock_real, "dnsview");
	struct term_style style = cli_style(x->c);
	style.explain = !cli_has(x->c, "no-explain");
	trace_init(&x->t, &clock_real, "dnsview");
	enum err e = cli_page_open(x->c);
	if (!e)
		e = sink_fields(&sink, x->c->out, &style);
	if (!e)
		e = trace_add(&x->t, sink);
	if (!e && cli_page(x->c))
		e = trace_add(&x->t, sink_tee(cli_page(x->c)));
	return e;
}

static int tell_result(struct explaining *x)
{
	char json[120];
	enum err e = x->malformed ? ERR_FORMAT : x->messages ? ERR_OK : ERR_NEGATIVE;
	snprintf(json, sizeof(json), "{\"messages\":%u,\"malformed\":%u,\"other_packets\":%u}", x->messages,
	    x->malformed, x->other);
	ev_result(&x->t, e, json, "%u DNS message%s%s", x->messages, x->messages == 1 ? "" : "s",
	    x->malformed  ? ", some of it malformed"
	    : x->messages ? ""
	                  : ": there is none in it");
	return (int)err_exit(e);
}

int explain_run(struct cli *c, const struct explain_request *r)
{
	struct explaining *x = calloc(1, sizeof(*x));
	if (!x || flows_new(&x->flows, &flows_limits)) {
		free(x);
		return cli_fail(c, ERR_NOMEM, "the decoder could not be set up");
	}
	x->c = c;
	x->request = r;
	cli_catch_interrupt();
	enum err e = open_trace(x);
	int status = e ? cli_fail(c, e, "the output could not be set up") : explain_file(x);
	if (!status)
		status = tell_result(x);
	status = cli_trace_close(c, &x->t, status);
	flows_free(x->flows);
	free(x);
	return status;
}
