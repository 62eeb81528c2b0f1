/* What the tests of whole connections share: authorities that the client trusts, and one connection to a server in a
 * thread. */
#ifndef TLSVIEW_TEST_WORLD_H
#define TLSVIEW_TEST_WORLD_H

#include <fcntl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "events.h"
#include "pki.h"
#include "tls_peer.h"
#include "tlsview/tlsview.h"
#include "torture.h"

#define NOW ((time_t)1780000000) /* the day the tests live on: 28 May 2026 */
#define DAY ((time_t)86400)

static inline int64_t test_now(void *ctx)
{
	(void)ctx;
	return (int64_t)NOW * NS_PER_S;
}
static const struct clock test_clock = {.now = test_now};

/* --- the test's authorities --- */

struct world {
	struct pki_cert root, mid;
	char cafile[64];
};

static const struct pki_spec root_spec = {.cn = "Test Root",
    .ca = true,
    .key_usage = "critical,keyCertSign,cRLSign",
    .from = NOW - 100 * DAY,
    .to = NOW + 100 * DAY};

static inline int make_world(void **state)
{
	struct world *w = calloc(1, sizeof(*w));
	struct pki_spec mid = root_spec;

	pki_make(&w->root, &root_spec);
	mid.cn = "Test Intermediate";
	mid.issuer = &w->root;
	pki_make(&w->mid, &mid);
	pki_write(w->cafile, (const struct pki_cert *[]){&w->root}, 1);
	*state = w;
	return 0;
}

static inline int end_world(void **state)
{
	struct world *w = *state;

	pki_release(&w->root);
	pki_release(&w->mid);
	unlink(w->cafile);
	free(w);
	return 0;
}

static inline struct pki_spec good_leaf(const struct pki_cert *issuer)
{
	return (struct pki_spec){.cn = "bank.example",
	    .names = "DNS:bank.example,DNS:*.bank.example,IP:192.0.2.1",
	    .issuer = issuer,
	    .key_usage = "critical,digitalSignature",
	    .purpose = "serverAuth",
	    .from = NOW - 10 * DAY,
	    .to = NOW + 10 * DAY};
}

/* --- one connection --- */

struct run {
	struct tls_peer peer;
	struct connect_options opt;
	struct result res;
	struct recorder rec;
	enum err err;
};

static const char secret[] = "user=alice&password=sesame";

static inline void prepare(struct run *r, const struct world *w)
{
	*r = (struct run){.opt = {.host = "bank.example",
	                      .port = 443,
	                      .cafile = w->cafile,
	                      .timeout_ns = 5 * NS_PER_S,
	                      .keylog_fd = -1,
	                      .cancel_fd = -1,
	                      .actor = "laptop",
	                      .clock = &test_clock,
	                      .ask = ASK_GIVEN,
	                      .send = (const uint8_t *)secret,
	                      .send_len = sizeof(secret) - 1},
	    .peer = {.reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"}};
}

static inline void connect_to(struct run *r)
{
	struct trace t;
	struct setup setup;

	trace_init(&t, &test_clock, "laptop");
	recorder_attach(&r->rec, &t);
	result_init(&r->res);
	strcpy(r->res.peer, "192.0.2.1:443");
	strcpy(r->res.role, "192.0.2.1");
	tls_peer_start(&r->peer);
	r->err = session_prepare(&r->opt, &setup, &r->res);
	if (r->err == ERR_OK)
		r->err = session_run(&r->opt, &setup, r->peer.fd, r->opt.timeout_ns, &t, &r->res);
	setup_release(&setup);
	tls_peer_join(&r->peer);
	assert_int_equal(trace_release(&t), ERR_OK);
	assert_int_equal(r->err, r->res.err);
}

static inline void finish(struct run *r)
{
	recorder_release(&r->rec);
	result_release(&r->res);
}

/* Connects to a server that shows leaf, behind it the intermediate. */
static inline void show(struct run *r, struct world *w, const struct pki_spec *spec)
{
	struct pki_cert leaf;
	const struct pki_cert *chain[] = {&w->mid};

	pki_make(&leaf, spec);
	r->peer.leaf = &leaf;
	if (spec->issuer == &w->mid) {
		r->peer.chain = chain;
		r->peer.n_chain = 1;
	}
	connect_to(r);
	pki_release(&leaf);
}

static const struct check *failed_with(const struct run *r, const char *id)
{
	for (size_t i = 0; i < r->res.checks.n; i++)
		if (r->res.checks.item[i].verdict == VERDICT_FAIL && strcmp(r->res.checks.item[i].id, id) == 0)
			return &r->res.checks.item[i];
	fprintf(stderr, "no failed check %s; the result: %s\n", id, r->res.text);
	return NULL;
}

/* Refused: by these checks and no others; the server got not one octet of data, and was told why. */
static inline void assert_refused(struct run *r, int alert, const char *id, const char *also)
{
	assert_int_equal(r->err, ERR_NEGATIVE);
	assert_false(r->res.accepted);
	assert_non_null(failed_with(r, id));
	assert_non_null(recorder_find(&r->rec, 0, EV_CHECK, id, NULL));
	assert_non_null(strstr(r->res.text, id));
	if (also) {
		assert_non_null(failed_with(r, also));
		assert_non_null(strstr(r->res.text, also));
	}
	assert_int_equal(checks_failed(&r->res.checks), also ? 2 : 1);
	assert_int_equal(r->peer.n_got, 0);
	assert_int_equal(r->res.data_out, 0);
	assert_int_equal(r->peer.alert, alert);
	assert_non_null(strstr(r->res.text, "No data"));
}

static inline void refused(struct world *w, const struct pki_spec *spec, int alert, const char *id, const char *also)
{
	struct run r;

	prepare(&r, w);
	show(&r, w, spec);
	assert_refused(&r, alert, id, also);
	finish(&r);
}

#endif
