/* The packets that an act rests on: paired across the lab, chosen by the scene, drawn as a ladder. */
#include <stdlib.h>

#include "demo.h"
#include "demo_capture.h"

#define WINDOW   (200 * NS_PER_MS) /* between two sightings of one packet */
#define MAX_OPEN 4096

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
	struct trace *page = cli_page(ch->d->cli);
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
	if (cli_has(ch->d->cli, "json"))
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
