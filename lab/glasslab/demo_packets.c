/* The packets that an act rests on: paired across the lab, chosen by the scene, drawn as a ladder. */
#include <stdlib.h>
#include <string.h>

#include "demo.h"
#include "demo_capture.h"

#define WINDOW   (200 * NS_PER_MS) /* between two sightings of one packet */
#define MAX_OPEN 4096

struct trace *demo_page(struct demo *d)
{
	return d->apart ? &d->trace : cli_page(d->cli);
}

struct choosing {
	struct demo *d;
	struct trace trace; /* only the ladder; or the scene's own trace for JSON */
	struct trace *to;
	struct pairing *pairing;
	const struct capture *capture;
	demo_wanted *wanted;
	void *ctx;
	size_t n;
	enum err err;
};

static void on_journey(void *ctx, const struct journey *j)
{
	struct choosing *ch = ctx;

	if (!ch->wanted(ch->ctx, j, ch->capture))
		return;
	ch->n++;
	/* What the page shows of a packet when it is clicked the terminal has no room for. */
	struct trace *page = demo_page(ch->d);
	bool tee = ch->to == &ch->d->trace; /* the page listens there */
	journey_emit(j, ch->capture, ch->to, page && tee ? JOURNEY_FIELDS : 0);
	if (page && !tee)
		journey_emit(j, ch->capture, page, JOURNEY_FIELDS);
}

static void on_packet(void *ctx, const struct capture *capture, const struct capture_packet *p)
{
	struct choosing *ch = ctx;

	ch->capture = capture;
	if (ch->err == ERR_OK)
		ch->err = pairing_add(ch->pairing, capture, p);
}

/* In JSON the packets are events of the scene; on a terminal they are a picture under the act. */
static enum err open_picture(struct choosing *ch, const char *title)
{
	struct trace_sink sink;
	struct ladder_options opt = {.style = ch->d->style, .title = title};

	ch->to = &ch->d->trace;
	if (ch->d->apart)
		ev_heading(ch->to, "%s", title);
	if (ch->d->apart || cli_has(ch->d->cli, "json"))
		return ERR_OK;
	if (cli_page(ch->d->cli))
		ev_heading(cli_page(ch->d->cli), "%s", title);
	ch->to = &ch->trace;
	trace_init(&ch->trace, &clock_real, "glasslab");
	if (ch->d->style.quiet)
		return ERR_OK;
	enum err e = sink_ladder(&sink, ch->d->cli->out, &opt);
	return e == ERR_OK ? trace_add(&ch->trace, sink) : e;
}

size_t demo_packets(struct demo *d, const char *title, demo_wanted *wanted, void *ctx)
{
	struct choosing ch = {.d = d, .wanted = wanted, .ctx = ctx};

	ch.err = open_picture(&ch, title);
	if (ch.err == ERR_OK)
		ch.err = pairing_new(&ch.pairing, WINDOW, MAX_OPEN, on_journey, &ch);
	if (ch.err == ERR_OK) {
		enum err e = demo_capture_drain(d->capture, on_packet, &ch);
		ch.err = ch.err == ERR_OK ? e : ch.err;
		pairing_flush(ch.pairing);
	}
	pairing_free(ch.pairing);
	enum err e = trace_release(&ch.trace);
	if (d->err == ERR_OK)
		d->err = ch.err != ERR_OK ? ch.err : e;
	return ch.n;
}

/* --- one text, one port --- */

static bool look_for(void *ctx, const struct journey *j, const struct capture *c)
{
	struct demo_search *s = ctx;
	bool found = false;

	if (j->n == 0)
		return false;
	s->packets++;
	for (size_t i = 0; i < j->n && !found; i++) /* a text may be readable on one link and not on another */
		found = s->text[0] &&
		        memmem(j->at[i].packet.bytes, j->at[i].packet.len, s->text, strlen(s->text)) != NULL;
	if (found && s->with_text++ == 0) {
		s->first = j->at[0].number;
		journey_ends(j, c, s->from, s->to);
	}
	const struct packet *p = &j->at[0].packet;
	bool drawn = p->ip_proto == 6 && p->payload_len > 0 && (p->src.port == s->port || p->dst.port == s->port);
	if (drawn)
		s->last = j->at[0].number;
	return drawn;
}

size_t demo_search(struct demo *d, const char *title, struct demo_search *s)
{
	*s = (struct demo_search){.text = s->text, .port = s->port};
	return demo_packets(d, title, look_for, s);
}
