/* Connections, from arbitrary segments: each begins with what its header is made of (side and flags, where in the
 * stream, how much data), and its data follows. Small limits, so that they are reached. */
#include <pcap/dlt.h>
#include <stdlib.h>

#include "glassnet/flow.h"
#include "glassnet/packet.h"
#include "glassnet/proto/text.h"
#include "glassnet/wire.h"

#include "proto.h"

#define HEADERS 40

static size_t make_segment(uint8_t *out, const uint8_t *d, size_t len, uint32_t next[2])
{
	static const uint16_t ports[] = {443, 80, 22, 53, 2000, 8443, 25, 7};
	unsigned side = d[0] & 1;
	uint16_t mine = side ? ports[d[1] & 7] : 40000, other = side ? 40000 : ports[d[1] & 7];
	struct wr w = wr_init(out, HEADERS);
	wr_u32(&w, 0x45000000u | (uint32_t)(HEADERS + len));
	wr_u32(&w, 0);
	wr_u32(&w, 0x40060000);
	wr_u32(&w, 0x0a000001u + side);
	wr_u32(&w, 0x0a000002u - side);
	wr_u16(&w, mine);
	wr_u16(&w, other);
	wr_u32(&w, next[side] + (uint32_t)(int8_t)d[2]);
	wr_u32(&w, next[1 - side]);
	wr_u16(&w, (uint16_t)(0x5010 | (d[0] >> 2 & 7)));
	wr_u16(&w, d[0] & 2 ? 1000 : d[3]);
	wr_u32(&w, 0);
	next[side] += (uint32_t)len;
	memcpy(out + HEADERS, d + 5, len);
	return HEADERS + len;
}

/* What was opened has octets of its own: the messages are told with their fields behind them. */
static enum err check_opened_event(void *ctx, const struct event *ev)
{
	size_t *len = ctx;

	if (ev->kind == EV_RECV) {
		must_be_clean(ev->u.msg.label);
		*len = ev->u.msg.len;
	} else if (ev->kind == EV_FIELD) {
		must(ev->u.field.off <= *len && ev->u.field.len <= *len - ev->u.field.off);
		must_be_clean(ev->u.field.value);
	}
	return ERR_OK;
}

static void check_opened(const struct packet *p)
{
	size_t len = 0;
	struct trace t;

	trace_init(&t, &clock_real, "fuzz");
	must(trace_add(&t, (struct trace_sink){
	                       .on_event = check_opened_event, .release = release_nothing, .ctx = &len}) == ERR_OK);
	packet_emit_opened(p, &t, "a", "b");
	end_trace(&t);
}

static void check_packet(const struct packet *p)
{
	char line[400];
	const struct segment *s = p->segment;
	size_t size = p->len;
	struct trace t = checking_trace(&size);

	must(p->n_layers <= PACKET_MAX_LAYERS);
	for (unsigned i = 0; i < p->n_layers; i++) {
		const struct layer *l = &p->layers[i];
		size_t whole = l->stream ? s->len : p->len;
		must(l->off <= whole && l->len <= whole - l->off && l->err_off <= whole);
	}
	(void)packet_secrecy(p);
	must_be_clean(packet_summary(p, line, sizeof(line)));
	if (s)
		must_be_clean(segment_marks_text(s, line, 20));
	packet_describe(p, &t);
	end_trace(&t);
	check_opened(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct flows_limits limits = {.connections = 3, .stream = 600, .octets = 1500};
	uint8_t bytes[HEADERS + 256];
	uint32_t next[2] = {1000, 0xfffffff0};
	struct flows *f;
	size_t at = 0;

	must(flows_new(&f, &limits) == ERR_OK);
	if (size > 0 && data[0] & 0x80)
		must(flows_add_keys(f, (const char *)data, size, NULL) == ERR_OK);
	for (uint64_t n = 1; at + 5 <= size; n++) {
		size_t len = data[at + 4] < size - at - 5 ? data[at + 4] : size - at - 5;
		struct packet p = {.bytes = bytes, .number = n, .time = (int64_t)n * 1000000, .linktype = DLT_RAW};
		p.len = p.wire_len = make_segment(bytes, data + at, len, next);
		if (data[at] & 0x40 && p.len > HEADERS + 8)
			p.len -= 8; /* cut by the capture */
		must(flows_take(f, &p, NULL, data[at] >> 5 & 1) == ERR_OK);
		check_packet(&p);
		at += 5 + len;
	}
	flows_free(f);
	return 0;
}
