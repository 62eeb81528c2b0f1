/* The list of answers. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "checks.h"

static const struct {
	const char *id, *question, *ref;
} questions[Q_COUNT] = {
    [Q_SHOWN] = {"certificate", "did the server show a certificate?", "RFC 8446 4.4.2"},
    [Q_AGREED] = {"agreement", "is the key agreement strong enough?", "RFC 7919"},
    [Q_KEY] = {"certificate-verify", "does the server hold the private key?", "RFC 8446 4.4.3"},
    [Q_FINISHED] = {"finished", "did both sides see the same handshake?", "RFC 8446 4.4.4"},
    [Q_KEYS] = {"keys", "are the keys those that we compute?", "RFC 8446 7.1"},
    [Q_PIN] = {"pin", "is it a key that was pinned?", "RFC 7469 2.6"},
    [Q_HSTS] = {"hsts", "does the host insist on https?", "RFC 6797 8"},
    [Q_LISTS] = {"revocation-lists", "could the lists of revoked certificates be had?", "RFC 5280 6.3.3"},
    [Q_VERSION] = {"version", "is there a safe version of TLS that both speak?", "RFC 8996"},
};

const char *question_id(enum question q)
{
	return questions[q].id;
}

static struct check *next(struct checks *c)
{
	if (c->n < CHECKS_MAX)
		return &c->item[c->n++];
	c->full = true;
	return NULL;
}

void checks_add(struct checks *c, struct trace *t, enum question q, const char *id, enum verdict v, int depth,
    const char *fmt, ...)
{
	struct check one = {.question = questions[q].id, .verdict = v, .depth = depth}, *kept = next(c);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(one.text, sizeof(one.text), fmt, ap);
	va_end(ap);
	snprintf(one.id, sizeof(one.id), "%s", id);
	if (kept)
		*kept = one;
	ev_check(t, id, v, questions[q].ref, questions[q].question, "%s", one.text);
}

void checks_take(struct checks *c, const struct path_result *path, int only)
{
	for (size_t i = 0; i < path->n_checks; i++) {
		const struct path_check *p = &path->check[i];
		struct check *one = only < 0 || (int)p->question == only ? next(c) : NULL;

		if (!one)
			continue;
		*one = (struct check){
		    .question = path_question_id(p->question), .verdict = p->verdict, .depth = p->depth};
		memcpy(one->id, p->id, sizeof(one->id));
		memcpy(one->text, p->text, sizeof(one->text));
	}
}

void checks_forget_skipped(struct checks *c, const char *question)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].verdict != VERDICT_SKIP || strcmp(c->item[i].question, question) != 0)
			c->item[n++] = c->item[i];
	c->n = n;
}

const struct check *checks_first_failed(const struct checks *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (c->item[i].verdict == VERDICT_FAIL)
			return &c->item[i];
	return NULL;
}

size_t checks_failed(const struct checks *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->item[i].verdict == VERDICT_FAIL;
	return n;
}

bool checks_has(const struct checks *c, const char *id)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->item[i].id, id) == 0)
			return true;
	return false;
}

bool checks_said_no(const struct checks *c, const char *question)
{
	for (size_t i = 0; i < c->n; i++)
		if (strcmp(c->item[i].question, question) == 0 && c->item[i].verdict == VERDICT_FAIL)
			return true;
	return false;
}
