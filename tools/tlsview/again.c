/* The same server again: what is new each time, what stays, and what a resumed session keeps. RFC 8446 2.2. */
#include <openssl/ssl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "run.h"

struct tally {
	unsigned fresh, kept;
};

static void compare(
    struct trace *t, struct tally *n, const char *name, const uint8_t *a, const uint8_t *b, size_t len)
{
	bool same = sodium_memcmp(a, b, len) == 0;

	n->fresh += !same;
	n->kept += same;
	ev_check(t, name, same ? VERDICT_FAIL : VERDICT_PASS, "RFC 8446 7.1", "is it new?",
	    same ? "%s: the SAME %zu octets as before" : "%s: new, %zu octets, others than before", name, len);
}

/* Every secret of both sessions. The first step without a PSK is the same for everybody: it is made of zeros. */
static struct tally compare_keys(struct trace *t, const struct key_summary *a, const struct key_summary *b)
{
	struct tally n = {0};
	size_t len = a->tls13 && a->schedule.suite ? a->schedule.suite->hash_len : 0;

	if (a->tls13 != b->tls13 || (a->tls13 && a->schedule.suite != b->schedule.suite))
		return n;
	if (a->shared_len && a->shared_len == b->shared_len)
		compare(t, &n, "shared secret", a->shared, b->shared, a->shared_len);
	if (a->has_master && b->has_master)
		compare(t, &n, "master_secret", a->master, b->master, sizeof(a->master));
	for (enum tls_secret i = 0; len && i < TLS_SECRET_COUNT; i++)
		if (a->schedule.known[i] && b->schedule.known[i] && (i != TLS_EARLY_SECRET || b->resumed))
			compare(t, &n, tls_secret_info(i)->name, a->schedule.secret[i], b->schedule.secret[i], len);
	return n;
}

static void compare_certificates(struct trace *t, const struct result *a, const struct result *b)
{
	if (!a->chain.n || !b->chain.n)
		return;
	bool same = strcmp(a->chain.cert[0].info.sha256, b->chain.cert[0].info.sha256) == 0;
	ev_check(t, "same-certificate", same ? VERDICT_PASS : VERDICT_SKIP, NULL, "is the certificate the same?",
	    same ? "the same, SHA-256 %s: it says who the server is, and that does not change"
	         : "another one, SHA-256 %s: behind this name there is more than one server",
	    b->chain.cert[0].info.sha256);
}

/* The third connection takes the second one up. */
static void tell_resumed(struct trace *t, const struct result *before, const struct result *res)
{
	const struct key_summary *a = &before->keys, *b = &res->keys;

	if (!res->resumed) {
		ev_decision(t, "not-resumed", "RFC 8446 4.6.1",
		    "the server did not take the session up again: it gave no ticket, or does not accept it. All was "
		    "done anew.");
		return;
	}
	ev_check(t, "no-certificate-sent", res->chain.n_sent ? VERDICT_FAIL : VERDICT_PASS, "RFC 8446 2.2",
	    "could the certificate be left out?",
	    "%zu certificates were sent: who knows the old secret is the one who proved "
	    "its name then",
	    res->chain.n_sent);
	if (b->tls13 && a->has_psk && b->psk_len) {
		bool same = sodium_memcmp(a->psk, b->used_psk, b->psk_len) == 0;
		ev_check(t, "kept-psk", same ? VERDICT_PASS : VERDICT_FAIL, "RFC 8446 4.6.1", "what is kept?",
		    same ? "the PSK, %zu octets: what OpenSSL began with is what we computed from the ticket of the "
		           "connection before"
		         : "the PSK that OpenSSL began with, %zu octets, is NOT the one that we computed from the "
		           "last ticket",
		    b->psk_len);
	}
	if (b->tls13 && !b->shared_len)
		ev_decision(t, "no-fresh-secret", "RFC 8446 4.2.9",
		    "no new key agreement: who learns the PSK later can read this connection, too (no forward "
		    "secrecy)");
	if (!b->tls13)
		ev_check(t, "kept-master",
		    a->has_master && b->has_master && sodium_memcmp(a->master, b->master, 48) == 0 ? VERDICT_PASS
		                                                                                   : VERDICT_SKIP,
		    "RFC 5246 8.1", "what is kept?",
		    "TLS 1.2 keeps the master_secret itself; only the randoms are new, and the keys made of both");
}

static enum err one(const struct connect_options *opt, struct trace *t, struct result *res, const char *heading)
{
	ev_heading(t, "%s", heading);
	return connect_once(opt, t, res);
}

static enum err say(struct result *last, const struct result *resumed, struct tally n, struct tally r, bool has_third)
{
	char third[200] = " The server gave nothing to come back with.";

	if (has_third && resumed->resumed && !resumed->keys.tls13)
		snprintf(third, sizeof(third),
		    " Resumed a third time without a certificate, from the same master secret.");
	else if (has_third && resumed->resumed)
		snprintf(third, sizeof(third), " Resumed a third time without a certificate: %u of %u secrets new.",
		    r.fresh, r.fresh + r.kept);
	else if (has_third)
		snprintf(third, sizeof(third), " A third time it was not resumed.");
	return result_set(last, n.kept ? ERR_INTERNAL : ERR_OK,
	    "%s proved its name both times. Of %u secrets %u are new; the certificate is what stays.%s", last->name,
	    n.fresh + n.kept, n.fresh, third);
}

enum err again_run(const struct connect_options *opt, struct trace *t, struct result *last)
{
	struct result first, third;
	struct connect_options resume = *opt;
	struct tally n = {0}, r = {0};
	bool has_third = false;

	result_init(&first);
	result_init(&third);
	enum err e = one(opt, t, &first, "The first time");
	if (e == ERR_OK) {
		e = one(opt, t, last, "The second time: everything anew");
		ev_heading(t, "What is new, and what is the same?");
		n = compare_keys(t, &first.keys, &last->keys);
		compare_certificates(t, &first, last);
	} else {
		result_set(last, first.err, "%s", first.text);
		memcpy(&last->checks, &first.checks, sizeof(first.checks));
		memcpy(last->role, first.role, sizeof(first.role));
	}
	if (e == ERR_OK && last->session && SSL_SESSION_is_resumable(last->session)) {
		resume.session = last->session;
		has_third = one(&resume, t, &third, "The third time: the session is resumed") == ERR_OK;
		if (has_third && third.resumed && third.keys.tls13)
			r = compare_keys(t, &last->keys, &third.keys);
		if (has_third)
			tell_resumed(t, last, &third);
	}
	if (e == ERR_OK)
		e = say(last, &third, n, r, has_third);
	result_release(&first);
	result_release(&third);
	return e;
}
