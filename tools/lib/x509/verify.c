/* One certificate judged: the search, the checks of the path that decides, the result. */
#include <jansson.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/addr.h"
#include "glassnet/line.h"
#include "search.h"

/* --- a path, question by question --- */

static void judge_seals(struct judge *j, unsigned *work)
{
	char text[300], name[80], by[80];
	struct line x = line_on(text, sizeof(text));
	struct cert *const *c = j->c;

	for (size_t i = 0; i + 1 < j->n; i++) {
		x509_short_name(name, sizeof(name), c[i]->x);
		x509_short_name(by, sizeof(by), c[i + 1]->x);
		/* with two names for one signature nobody knows which counts; that is told elsewhere */
		const X509_ALGOR *outer;
		X509_get0_signature(NULL, &outer, c[i]->x);
		bool two = X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(c[i]->x)) != 0;
		if (!two && !seal_good(j->store, c[i], c[i + 1], work))
			judge_fail(j, Q_SIGNED, (int)i, "X509_V_ERR_CERT_SIGNATURE_FAILURE", "RFC 5280 6.1.3 (a) (1)",
			    "%s: the key of %s did not make its signature: it is forged or damaged", name, by);
		line_add(&x, "%s%s by %s", i ? ", " : "", name, by);
	}
	/* a certificate that is all of the path vouches for itself, and must at least do that rightly */
	if (j->n == 1 && c[0]->self_issued && !seal_good(j->store, c[0], c[0], work))
		judge_fail(j, Q_SIGNED, 0, "X509_V_ERR_CERT_SIGNATURE_FAILURE", "RFC 5280 6.1.3 (a) (1)",
		    "it says that it signed itself, and its own key did not make the signature");
	if (j->n > 1)
		judge_pass(j, Q_SIGNED, "RFC 5280 6.1.3 (a) (1)", "%s", text);
	else
		judge_skip(
		    j, Q_SIGNED, "RFC 5280 6.1.3 (a) (1)", "no issuer's certificate is at hand to check it with");
}

static void judge_root(struct judge *j)
{
	struct cert *top = j->c[j->n - 1];
	struct x509_info info;

	x509_info_from(&info, top->x);
	if (j->anchored)
		judge_pass(j, Q_ROOT, "RFC 5280 6.1.1 (d)", "%s%s", info.name,
		    top->self_issued ? ", which is trusted here" : ", which is trusted here, although it is no root");
	else if (top->self_issued && j->n == 1)
		judge_fail(j, Q_ROOT, 0, "X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT", "RFC 5280 6.1.1 (d)",
		    "%s is signed with its own key: nobody vouches for it but itself", info.name);
	else if (top->self_issued)
		judge_fail(j, Q_ROOT, (int)j->n - 1, "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN", "RFC 5280 6.1.1 (d)",
		    "it leads to %s, a root that nobody here has agreed to trust", info.name);
	else
		judge_fail(j, Q_ROOT, (int)j->n - 1, "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
		    "RFC 5280 6.1.1 (d)",
		    "%s says that it was issued by %s, which is not known here: no trusted root, and no intermediate "
		    "certificate that leads to one",
		    info.name, info.issuer);
}

static void judge_length(struct judge *j)
{
	int most = j->rules->max_depth, between = 0;

	for (size_t i = 1; i < j->n - j->anchored; i++)
		between += !j->c[i]->self_issued;
	if (!j->nested && most >= 0 && between > most)
		judge_fail(j, Q_ROOT, -1, "X509_V_ERR_CERT_CHAIN_TOO_LONG", "RFC 5280 6.1",
		    "%d intermediate certificates stand between, and %d are allowed", between, most);
}

static int place_of(const struct cert_set *set, const X509 *x)
{
	for (size_t i = 0; i < set->n; i++)
		if (X509_cmp(set->x[i], x) == 0)
			return (int)i;
	return -1;
}

/* RFC 8446 4.4.2: the leaf first; each following one should certify the one before it (RFC 5246 7.4.2: must). What
 * stands between and leads elsewhere does no harm. */
static void judge_order(struct judge *j)
{
	const struct cert_set *sent = j->rules->sent;
	int last = -1;

	if (!sent || sent->n < 2)
		return;
	for (size_t i = 0; i < j->n; i++) {
		int at = place_of(sent, j->c[i]->x);

		if (at < 0)
			continue;
		if (at < last && web(j)) {
			judge_fail(j, Q_ORDER, (int)i, "chain-order", "RFC 5246 7.4.2",
			    "certificate %d that was sent comes before the one that it signed: the chain is in the "
			    "wrong order",
			    at);
			return;
		}
		last = at;
	}
	judge_pass(j, Q_ORDER, "RFC 8446 4.4.2", "each was followed by the one that signed it");
}

void judge_path(struct judge *j, unsigned *work)
{
	judge_seals(j, work);
	judge_root(j);
	judge_length(j);
	for (size_t i = 0; i < j->n; i++)
		judge_one(j, i);
	judge_passes(j);
	if (!j->nested)
		judge_names(j);
	judge_constraints(j);
	if (!j->nested)
		judge_policies(j);
	judge_status(j);
	if (!j->nested)
		judge_order(j);
	if (j->anchored && j->out->n_failed == 0)
		judge_second(j);
	else
		judge_skip(j, Q_SECOND, "X509_verify_cert(3)", "it is not asked where there is a fault already");
}

/* --- the result --- */

static void tell_path(struct trace *t, const struct path_result *r, int64_t at)
{
	for (size_t i = 0; trace_on(t) && i < r->n; i++) {
		struct x509_info c;
		char key[32], text[1400], span[40];

		x509_info_from(&c, r->path[i]);
		snprintf(key, sizeof(key), "certificate %zu", i);
		snprintf(text, sizeof(text), "%s; issued by %s; %s%s; valid %s to %s UTC (%s %s); key %s; SHA-256 %s",
		    c.name, c.self_issued ? "itself" : c.issuer, c.ca ? "an authority" : "for ",
		    c.ca         ? ""
		    : c.names[0] ? c.names
		                 : "no name at all",
		    c.not_before, c.not_after, x509_span_text(span, c.to == INT64_MAX ? 0 : c.to - at),
		    at > c.to ? "too late" : "left", c.key, c.sha256);
		ev_state(t, "path", key, NULL, text, "%s",
		    i == 0                         ? "the certificate in question"
		    : r->anchored && i + 1 == r->n ? "trusted here"
		                                   : "on the way");
	}
}

static void tell_checks(struct trace *t, const struct path_result *r)
{
	for (size_t q = 0; q < Q_QUESTIONS; q++)
		for (size_t i = 0; i < r->n_checks; i++) {
			const struct path_check *c = &r->check[i];

			if (c->question == q)
				ev_check(
				    t, c->id, c->verdict, c->ref, path_question_text(c->question), "%s", c->text);
		}
}

static enum err fill(const struct search *s, struct path_result *out)
{
	out->accepted = s->found;
	out->anchored = s->best_anchored;
	out->candidates = s->candidates;
	out->signatures = s->signatures;
	out->paths = s->paths;
	out->gave_up = s->gave_up;
	out->check = calloc(PATH_CHECKS_MAX, sizeof(*out->check));
	if (!out->check || s->no_memory || !s->have_best)
		return ERR_NOMEM;
	out->n_checks = s->best_list.n;
	out->n_failed = s->best_list.n_failed;
	memcpy(out->check, s->best_item, out->n_checks * sizeof(*out->check));
	for (size_t i = 0; i < s->best_n; i++)
		if (X509_up_ref(s->best[i]->x))
			out->path[out->n++] = s->best[i]->x;
	return out->accepted ? ERR_OK : ERR_NEGATIVE;
}

static bool rules_make_sense(const struct path_rules *r)
{
	struct ip ip;

	return !r->ip || ip_parse(&ip, r->ip) == ERR_OK;
}

enum err path_verify(
    struct path_store *store, X509 *leaf, const struct path_rules *rules, struct trace *t, struct path_result *out)
{
	struct cert *known = pool_find(&store->pool, leaf), *c = known ? known : cert_new(leaf, false);
	struct search *s = calloc(1, sizeof(*s));
	enum err e = ERR_NOMEM;

	*out = (struct path_result){0};
	if (!rules_make_sense(rules))
		e = ERR_USAGE;
	else if (c && s) {
		s->store = store;
		s->rules = rules;
		s->t = t;
		search_run(s, c);
		e = fill(s, out);
	}
	free(s);
	if (!known)
		cert_free(c);
	if (e == ERR_OK || e == ERR_NEGATIVE) {
		tell_path(t, out, rules->at);
		tell_checks(t, out);
	}
	return e;
}

/* --- JSON --- */

static void put(json_t *o, const char *key, const char *text)
{
	json_t *s = json_string(text);

	json_object_set_new(o, key, s ? s : json_string("?"));
}

static json_t *check_json(const struct path_check *c)
{
	static const char *const verdicts[] = {"pass", "fail", "skip"};
	json_t *o = json_object();

	put(o, "question", path_question_id(c->question));
	put(o, "id", c->id);
	put(o, "verdict", verdicts[c->verdict]);
	if (c->depth >= 0)
		json_object_set_new(o, "certificate", json_integer(c->depth));
	put(o, "ref", c->ref);
	put(o, "text", c->text);
	return o;
}

static json_t *cert_json(X509 *x)
{
	struct x509_info c;
	json_t *o = json_object();

	x509_info_from(&c, x);
	put(o, "subject", c.subject);
	put(o, "issuer", c.issuer);
	put(o, "names", c.names);
	put(o, "not_before", c.not_before);
	put(o, "not_after", c.not_after);
	put(o, "key", c.key);
	put(o, "signature", c.signature);
	put(o, "serial", c.serial);
	put(o, "sha256", c.sha256);
	json_object_set_new(o, "ca", json_boolean(c.ca));
	json_object_set_new(o, "self_issued", json_boolean(c.self_issued));
	return o;
}

char *path_result_json(const struct path_result *r)
{
	json_t *o = json_object(), *checks = json_array(), *path = json_array(), *reasons = json_array();

	for (size_t i = 0; i < r->n_checks; i++) {
		json_array_append_new(checks, check_json(&r->check[i]));
		if (r->check[i].verdict == VERDICT_FAIL)
			json_array_append_new(reasons, json_string(r->check[i].id));
	}
	for (size_t i = 0; i < r->n; i++)
		json_array_append_new(path, cert_json(r->path[i]));
	json_object_set_new(o, "accepted", json_boolean(r->accepted));
	json_object_set_new(o, "reasons", reasons);
	json_object_set_new(o, "checks", checks);
	json_object_set_new(o, "path", path);
	json_object_set_new(o, "trusted_root", json_boolean(r->anchored));
	json_object_set_new(o, "candidates", json_integer(r->candidates));
	json_object_set_new(o, "signatures", json_integer(r->signatures));
	json_object_set_new(o, "paths", json_integer(r->paths));
	json_object_set_new(o, "gave_up", json_boolean(r->gave_up));
	char *text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}
