#include "relay.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "glassnet/addr.h"
#include "glassnet/wire.h"

enum { MAX_LISTENERS = 4, FAIR_ROUNDS = 256 };

struct conn;

/* A leg and the handle that waits for its socket. */
struct side {
	struct leg leg;
	uv_poll_t poll;
	bool polled; /* the handle is initialised */
	int events;  /* what it waits for */
	struct conn *conn;
};

struct conn {
	struct relay *relay;
	struct conn *next;
	const struct relay_service *service;
	struct side victim;
	struct side way[2]; /* to the bank, and to the bank by https when it wants that */
	struct side *bank;  /* the one in use */
	uv_timer_t timer;
	struct exchange exchange;
	struct buf seen[2]; /* what the victim and the bank sent first, where that is looked at */
	struct record record;
	bool ended;
	unsigned open_handles; /* the conn is freed when the last is closed */
};

struct listener {
	uv_poll_t poll;
	int fd;
	struct relay_service service;
	struct relay *relay;
};

struct relay {
	struct relay_config cfg;
	struct listener listeners[MAX_LISTENERS];
	size_t n_listeners;
	struct conn *conns;
	size_t n_conns;
	unsigned last_id;
	struct record *records;
	size_t n_records;
};

/* --- the end of a connection --- */

static void unlink_conn(struct conn *c)
{
	struct conn **p = &c->relay->conns;
	while (*p != c)
		p = &(*p)->next;
	*p = c->next;
	c->relay->n_conns--;
}

static void on_closed(uv_handle_t *h)
{
	struct conn *c = h->data;
	if (--c->open_handles == 0)
		free(c);
}

static void close_side(struct side *s)
{
	if (s->polled)
		uv_close((uv_handle_t *)&s->poll, on_closed);
	s->polled = false;
	leg_close(&s->leg);
}

static void conn_end(struct conn *c, enum outcome outcome)
{
	if (c->ended)
		return;
	c->ended = true;
	struct relay *r = c->relay;
	c->record.outcome = outcome;
	if (c->service->downgrade) {
		c->record.downgraded = true;
		c->record.downgrade = c->exchange.downgrade;
		downgrade_outcome(&c->record.downgrade, &c->seen[0], &c->seen[1]);
	}
	record_fill(&c->record, &c->victim.leg, &c->bank->leg, &c->exchange);
	record_emit(&c->record, r->cfg.trace, r->cfg.self);
	if (r->n_records < RELAY_MAX_RECORDS)
		r->records[r->n_records++] = c->record;
	unlink_conn(c);
	exchange_release(&c->exchange);
	buf_release(&c->seen[0]);
	buf_release(&c->seen[1]);
	close_side(&c->victim);
	close_side(c->bank);
	uv_close((uv_handle_t *)&c->timer, on_closed);
}

/* --- its life --- */

static void conn_pump(struct conn *c);

static void on_poll(uv_poll_t *h, int status, int events)
{
	(void)status; /* an error shows itself at the next read */
	(void)events;
	conn_pump(h->data);
}

static void on_time(uv_timer_t *h)
{
	conn_end(h->data, OUTCOME_TIMEOUT);
}

static bool watch(struct side *s)
{
	if (uv_poll_init(s->conn->relay->cfg.loop, &s->poll, s->leg.fd))
		return false;
	s->polled = true;
	s->poll.data = s->conn;
	s->conn->open_handles++;
	return true;
}

static void wait_for(struct side *s, bool want_read, bool have_output)
{
	if (!s->polled)
		return;
	short want = leg_events(&s->leg, want_read, have_output);
	int events = (want & POLLIN ? UV_READABLE : 0) | (want & POLLOUT ? UV_WRITABLE : 0);
	if (events == s->events)
		return;
	s->events = events;
	if (events)
		uv_poll_start(&s->poll, events, on_poll);
	else
		uv_poll_stop(&s->poll);
}

static void dial_bank(struct conn *c)
{
	struct relay_config *cfg = &c->relay->cfg;
	bool secure = c->exchange.secure;
	int fd = cfg->dial(cfg->dial_ctx, secure ? cfg->strip_port : c->service->port);
	if (fd < 0) {
		exchange_bank_failed(&c->exchange, ERR_NET, strerror(errno));
		return;
	}
	enum err e = leg_open(&c->bank->leg, fd, secure ? cfg->strip_ctx : c->service->client_ctx,
	    secure ? c->exchange.host : cfg->bank_name, true);
	if (c->service->downgrade)
		c->bank->leg.tap = &c->seen[1];
	if (e || !watch(c->bank))
		exchange_bank_failed(&c->exchange, ERR_NOMEM, "out of memory");
}

/* Reads what one side sent. True if something happened. */
static bool side_input(struct leg *l, struct exchange *x, struct buf *in, void (*look)(struct exchange *),
    void (*end)(struct exchange *))
{
	bool ended_before = l->in_done;
	if (!in || !leg_read(l, in))
		return false;
	if (l->state == LEG_FAILED)
		return true;
	if (l->in_done && !ended_before)
		end(x);
	else
		look(x);
	return true;
}

static bool bank_step(struct conn *c)
{
	struct exchange *x = &c->exchange;
	struct leg *bank = &c->bank->leg;
	struct buf *out = exchange_bank_output(x);
	if (bank->state == LEG_NONE && !c->bank->polled && x->state != EXCHANGE_DONE && (out || x->blind)) {
		dial_bank(c);
		return true;
	}
	bool moved = leg_advance(bank);
	if (out)
		moved |= leg_write(bank, out);
	moved |= side_input(bank, x, exchange_bank_input(x), exchange_from_bank, exchange_bank_end);
	if (x->again) {
		x->again = false;
		close_side(c->bank);
		c->bank = &c->way[1];
		return true;
	}
	if (bank->state == LEG_FAILED && x->state != EXCHANGE_DONE) {
		exchange_bank_failed(x, bank->err, bank->reason[0] ? bank->reason : err_text(bank->err));
		moved = true;
	}
	if (x->blind && c->victim.leg.in_done && x->to_bank.len == 0)
		leg_finish(bank);
	return moved;
}

static bool victim_step(struct conn *c)
{
	struct exchange *x = &c->exchange;
	struct leg *victim = &c->victim.leg;
	bool moved = leg_advance(victim);
	moved |= side_input(victim, x, exchange_victim_input(x), exchange_from_victim, exchange_victim_end);
	struct buf *out = exchange_victim_output(x);
	if (out)
		moved |= leg_write(victim, out);
	if (x->blind && x->bank_ended && x->to_victim.len == 0)
		leg_finish(victim);
	return moved;
}

/* Is it over? Sets how. */
static bool conn_over(const struct conn *c, enum outcome *how)
{
	const struct exchange *x = &c->exchange;
	const struct leg *victim = &c->victim.leg;
	if (victim->state == LEG_FAILED && victim->ssl && victim->received == 0 && x->line[0] == '\0') {
		*how = victim->err == ERR_FORMAT        ? OUTCOME_BAD
		       : victim->err == ERR_UNSUPPORTED ? OUTCOME_NOT_OFFERED
		                                        : OUTCOME_REFUSED;
		return true;
	}
	bool drained = x->to_victim.len == 0 || victim->state == LEG_FAILED;
	if (victim->state == LEG_FAILED || (x->state == EXCHANGE_DONE && drained)) {
		if (x->err)
			*how = x->err == ERR_FORMAT || x->err == ERR_TOO_LONG ? OUTCOME_BAD : OUTCOME_NO_BANK;
		else if (x->blind)
			*how = OUTCOME_PASSED;
		else
			*how = x->line[0] ? OUTCOME_RELAYED : OUTCOME_GONE;
		return true;
	}
	return false;
}

static void conn_pump(struct conn *c)
{
	if (c->ended)
		return;
	unsigned rounds = 0;
	for (bool moved = true; moved && rounds < FAIR_ROUNDS; rounds++) {
		moved = victim_step(c);
		moved |= bank_step(c);
	}
	enum outcome how;
	if (conn_over(c, &how)) {
		conn_end(c, how);
		return;
	}
	/* A fast talker lets the others have their turn; asking for room to write brings us back at once. */
	bool again = rounds == FAIR_ROUNDS;
	wait_for(&c->victim, exchange_victim_input(&c->exchange) != NULL,
	    again || exchange_victim_output(&c->exchange) != NULL);
	wait_for(c->bank, exchange_bank_input(&c->exchange) != NULL, exchange_bank_output(&c->exchange) != NULL);
}

/* --- its begin --- */

static struct conn *conn_new(struct relay *r, const struct relay_service *service, const char *addr)
{
	struct conn *c = calloc(1, sizeof *c);
	if (!c)
		return NULL;
	c->relay = r;
	c->service = service;
	c->bank = &c->way[0];
	c->victim.conn = c->way[0].conn = c->way[1].conn = c;
	leg_init(&c->victim.leg);
	leg_init(&c->way[0].leg);
	leg_init(&c->way[1].leg);
	c->record.id = ++r->last_id;
	c->record.tls = service->server_ctx != NULL || service->blind;
	if (r->cfg.name_victim)
		r->cfg.name_victim(r->cfg.name_ctx, addr, c->record.victim, sizeof c->record.victim);
	else
		escape_text(c->record.victim, sizeof c->record.victim, addr, strlen(addr));
	struct exchange_names names = {c->record.victim, r->cfg.self, r->cfg.bank_name, service->scheme};
	exchange_init(&c->exchange, r->cfg.trace, r->cfg.loot, &names, c->record.id, service->blind, r->cfg.rewrite);
	c->exchange.weaken = service->downgrade;
	buf_init(&c->seen[0], DOWNGRADE_SEEN_MAX);
	buf_init(&c->seen[1], DOWNGRADE_SEEN_MAX);
	if (!c->record.tls)
		c->exchange.strip = r->cfg.strip;
	c->next = r->conns;
	r->conns = c;
	r->n_conns++;
	return c;
}

enum err relay_accept(struct relay *r, int fd, const char *addr, const struct relay_service *service)
{
	struct conn *c = r->n_conns < RELAY_MAX_CONNECTIONS ? conn_new(r, service, addr) : NULL;
	if (!c) {
		enum err e = r->n_conns < RELAY_MAX_CONNECTIONS ? ERR_NOMEM : ERR_BUDGET;
		close(fd);
		return e;
	}
	uv_timer_init(r->cfg.loop, &c->timer);
	c->timer.data = c;
	c->open_handles = 1;
	uv_timer_start(&c->timer, on_time, r->cfg.limit_ms, 0);
	enum err e = leg_open(&c->victim.leg, fd, service->server_ctx, NULL, false);
	if (service->downgrade)
		c->victim.leg.tap = &c->seen[0];
	if (e || !watch(&c->victim)) {
		conn_end(c, OUTCOME_STOPPED);
		return ERR_NOMEM;
	}
	conn_pump(c);
	return ERR_OK;
}

static void on_incoming(uv_poll_t *h, int status, int events)
{
	(void)events;
	struct listener *l = h->data;
	if (status)
		return;
	for (int i = 0; i < RELAY_MAX_CONNECTIONS; i++) {
		struct sockaddr_storage sa;
		socklen_t len = sizeof sa;
		int fd = accept4(l->fd, (struct sockaddr *)&sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		struct endpoint from;
		char text[IP_TEXT] = "?";
		if (endpoint_from_sockaddr(&from, (struct sockaddr *)&sa, len) == ERR_OK)
			ip_text(text, &from.ip);
		if (relay_accept(l->relay, fd, text, &l->service))
			ev_warning(
			    l->relay->cfg.trace, "a connection from %s was turned away: too many at once", text);
	}
}

enum err relay_listen(struct relay *r, int fd, const struct relay_service *service)
{
	struct listener *l = &r->listeners[r->n_listeners];
	if (r->n_listeners == MAX_LISTENERS || uv_poll_init(r->cfg.loop, &l->poll, fd)) {
		close(fd);
		return ERR_BUDGET;
	}
	r->n_listeners++;
	l->fd = fd;
	l->service = *service;
	l->relay = r;
	l->poll.data = l;
	return uv_poll_start(&l->poll, UV_READABLE, on_incoming) ? ERR_INTERNAL : ERR_OK;
}

/* --- the relay --- */

enum err relay_new(struct relay **out, const struct relay_config *config)
{
	struct relay *r = calloc(1, sizeof *r);
	if (r)
		r->records = calloc(RELAY_MAX_RECORDS, sizeof *r->records);
	if (!r || !r->records) {
		free(r);
		return ERR_NOMEM;
	}
	r->cfg = *config;
	*out = r;
	return ERR_OK;
}

void relay_stop(struct relay *r)
{
	while (r->conns) {
		struct conn *c = r->conns;
		conn_pump(c); /* what is there already counts */
		/* who has said all that he had to say waits for the bank's goodbye only */
		bool passed = c->service->blind && c->victim.leg.in_done && c->exchange.to_bank.len == 0;
		conn_end(c, passed ? OUTCOME_PASSED : OUTCOME_STOPPED); /* nothing where it has ended by itself */
	}
	for (size_t i = 0; i < r->n_listeners; i++) {
		uv_close((uv_handle_t *)&r->listeners[i].poll, NULL);
		close(r->listeners[i].fd);
	}
	r->n_listeners = 0;
}

void relay_free(struct relay *r)
{
	if (!r)
		return;
	free(r->records);
	free(r);
}

size_t relay_n_records(const struct relay *r)
{
	return r->n_records;
}

const struct record *relay_record(const struct relay *r, size_t i)
{
	return i < r->n_records ? &r->records[i] : NULL;
}

json_t *relay_json(const struct relay *r)
{
	json_t *all = json_array();
	for (size_t i = 0; all && i < r->n_records; i++)
		if (json_array_append_new(all, record_json(&r->records[i]))) {
			json_decref(all);
			return NULL;
		}
	return all;
}
