#include "answering.h"

#include <stdlib.h>
#include <string.h>

#define STALE_MAX 86400u /* how long after its end an answer may still be given out */
#define STALE_TTL 30u    /* RFC 8767 4 */

static void send_out(struct answering *s, const struct asker *a, size_t len)
{
	if (a->udp)
		udp_send(s, a, len);
	else
		tcp_send(s, a, len);
}

/* The short path. */
static size_t from_store(struct answering *s, const struct asker *a)
{
	uint32_t age;
	const struct stored *st = warm_find(s->warm, &a->q.qname, a->q.qtype, clock_now(s->r->clock), 0, &age);
	return st ? stored_write(s->out, st, &a->q, (struct stored_use){.age = age, .udp = a->udp}) : 0;
}

bool answer_now(struct answering *s, struct asker *a, const uint8_t *pkt, size_t pkt_len, size_t *len)
{
	*len = 0;
	a->s = s;
	if (!request_parse(&a->q, pkt, pkt_len))
		return true;
	if (a->q.rcode) {
		*len = request_refuse(s->out, &a->q, a->q.rcode);
		return true;
	}
	*len = a->q.qtype == LDNS_RR_TYPE_ANY ? request_any(s->out, &a->q) : from_store(s, a);
	if (!*len && !a->q.rd) /* RFC 1035 4.1.1: nobody asked us to go and look */
		*len = request_refuse(s->out, &a->q, LDNS_RCODE_REFUSED);
	return *len > 0;
}

/* Refreshing it failed: what has ended lately is better than nothing (RFC 8767). */
static size_t stale(struct answering *s, const struct asker *a)
{
	uint32_t age;
	const struct stored *st = s->config.serve_stale ? warm_find(s->warm, &a->q.qname, a->q.qtype,
	                                                      clock_now(s->r->clock), STALE_MAX, &age)
	                                                : NULL;
	if (!st)
		return 0;
	ev_decision(s->r->narrator.trace, "stale-answer", "RFC 8767 4",
	    "No server answers. What was known, and ended lately, is given out once more, for %u s.", STALE_TTL);
	return stored_write(s->out, st, &a->q, (struct stored_use){.ttl_max = STALE_TTL, .udp = a->udp});
}

static size_t answer_of(struct answering *s, const struct asker *a, const struct lookup_result *res)
{
	struct stored st;
	size_t len = res && res->outcome != OUTCOME_FAILURE ? 0 : stale(s, a);
	if (len)
		return len;
	if (!res || stored_make(&st, res))
		return request_refuse(s->out, &a->q, LDNS_RCODE_SERVFAIL);
	if (res->outcome != OUTCOME_FAILURE && st.ttl_min > 0)
		(void)warm_put(s->warm, &res->name, res->type, &st, clock_now(s->r->clock));
	len = stored_write(s->out, &st, &a->q, (struct stored_use){.udp = a->udp});
	stored_release(&st);
	return len;
}

static void on_done(void *ctx, const struct lookup_result *res, enum err err)
{
	struct asker *a = ctx;
	send_out(a->s, a, answer_of(a->s, a, err ? NULL : res));
	if (a->connection)
		tcp_drop(a->connection);
	free(a);
}

void answer_later(const struct asker *a)
{
	struct asker *copy = malloc(sizeof(*copy));
	if (!copy)
		return;
	*copy = *a;
	if (copy->connection)
		tcp_hold(copy->connection);
	struct dname low = dname_lower(&a->q.qname);
	jobs_ask(a->s->jobs, &low, a->q.qtype, on_done, copy);
}

enum err server_open(struct answering **out, uv_loop_t *loop, struct resolver *r, const struct server_config *config)
{
	struct answering *s = calloc(1, sizeof(*s));
	*out = s;
	if (!s)
		return ERR_NOMEM;
	*s = (struct answering){.config = *config, .r = r, .loop = loop, .own = config->listen.ip};
	s->jobs = jobs_new(loop, r, config->jobs);
	s->warm = warm_new(config->entries, config->bytes);
	if (!s->jobs || !s->warm)
		return ERR_NOMEM;
	if (config->listen.port == r->config.port) {
		r->config.policy.own = &s->own;
		r->config.policy.n_own = 1;
	}
	enum err e = udp_open(s);
	return e ? e : tcp_open(s);
}

void server_close(struct answering *s)
{
	if (!s)
		return;
	jobs_free(s->jobs);
	udp_close(s);
	tcp_close(s);
	while (uv_run(s->loop, UV_RUN_NOWAIT))
		;
	warm_free(s->warm);
	free(s);
}
