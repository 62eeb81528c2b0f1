/* The questions that are asked of a path, and the list of answers. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "internal.h"

static const struct {
	const char *id, *text;
} questions[Q_QUESTIONS] = {
    [Q_FORM] = {"form", "is each certificate made as the standard says?"},
    [Q_SIGNED] = {"signature", "is each certificate signed with the key of the next one?"},
    [Q_ROOT] = {"trusted-root", "does the path end at a root that is trusted here?"},
    [Q_TIME] = {"dates", "is the day within the dates of each?"},
    [Q_FOR_NAME] = {"name", "is it for the name that was asked for?"},
    [Q_USE] = {"purpose", "may it be used for this?"},
    [Q_ISSUERS] = {"ca", "may those who signed, sign?"},
    [Q_KEY_IDS] = {"key-ids", "do the key identifiers fit together?"},
    [Q_CRITICALS] = {"critical", "is every condition that is marked critical understood?"},
    [Q_STRONG] = {"strength", "are keys and hashes strong enough?"},
    [Q_CONSTRAINED] = {"name-constraints", "did each authority stay within the names that it was given?"},
    [Q_POLICIES] = {"policies", "do the policies allow it?"},
    [Q_STATUS] = {"revocation", "has one of them been taken back since?"},
    [Q_ORDER] = {"order", "were they sent in the order in which they are signed?"},
    [Q_SECOND] = {"openssl", "does OpenSSL say the same?"},
};

const char *path_question_text(enum path_question q)
{
	return questions[q].text;
}

const char *path_question_id(enum path_question q)
{
	return questions[q].id;
}

static void add(struct judge *j, enum verdict v, enum path_question q, int depth, const char *id, const char *ref,
    const char *fmt, va_list ap) PRINTF_LIKE(7, 0);
static void add(struct judge *j, enum verdict v, enum path_question q, int depth, const char *id, const char *ref,
    const char *fmt, va_list ap)
{
	struct checks_list *l = j->out;

	if (v == VERDICT_FAIL) {
		l->n_failed++;
		l->failed |= UINT32_C(1) << q;
	}
	/* The last places are kept for the answers that pass; a failure beyond is counted. */
	if (!l->item || l->n >= PATH_CHECKS_MAX - (v == VERDICT_FAIL ? Q_QUESTIONS : 0))
		return;
	struct path_check *c = &l->item[l->n];
	*c = (struct path_check){.question = q, .verdict = v, .depth = depth};
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(c->ref, sizeof(c->ref), "%s", ref ? ref : "");
	vsnprintf(c->text, sizeof(c->text), fmt, ap);
	for (size_t i = 0; i < l->n; i++) { /* the same, found twice */
		const struct path_check *o = &l->item[i];

		if (o->depth == depth && strcmp(o->id, c->id) == 0 && strcmp(o->text, c->text) == 0) {
			l->n_failed -= v == VERDICT_FAIL;
			return;
		}
	}
	l->n++;
}

void judge_fail(
    struct judge *j, enum path_question q, int depth, const char *id, const char *ref, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(j, VERDICT_FAIL, q, depth, id, ref, fmt, ap);
	va_end(ap);
}

void judge_pass(struct judge *j, enum path_question q, const char *ref, const char *fmt, ...)
{
	va_list ap;

	if (j->out->failed >> q & 1)
		return;
	va_start(ap, fmt);
	add(j, VERDICT_PASS, q, -1, questions[q].id, ref, fmt, ap);
	va_end(ap);
}

void judge_skip(struct judge *j, enum path_question q, const char *ref, const char *fmt, ...)
{
	va_list ap;

	if (j->out->failed >> q & 1)
		return;
	va_start(ap, fmt);
	add(j, VERDICT_SKIP, q, -1, questions[q].id, ref, fmt, ap);
	va_end(ap);
}

const struct path_check *path_first_failed(const struct path_result *r)
{
	for (size_t i = 0; i < r->n_checks; i++)
		if (r->check[i].verdict == VERDICT_FAIL)
			return &r->check[i];
	return NULL;
}

void path_result_release(struct path_result *r)
{
	for (size_t i = 0; i < r->n; i++)
		X509_free(r->path[i]);
	free(r->check);
	*r = (struct path_result){0};
}
