/* tlsview diagnose: connects as anybody would, and puts what fails into causes and remedies. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diagnose.h"
#include "glassnet/proto/tls.h"
#include "remedies.h"
#include "run.h"

static struct cause *add(struct diagnosis *d, const char *id, const char *reason, struct remedy r)
{
	if (d->n == CAUSES_MAX)
		return NULL;
	struct cause *c = &d->cause[d->n++];
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(c->reason, sizeof(c->reason), "%s", reason);
	c->who = r.who;
	c->how = r.how;
	return c;
}

/* Where the server sent what stands above its own certificate, what is missing is trust, not a certificate. */
static struct remedy remedy_for(const struct check *c, const struct result *res)
{
	const char *id = c->id;

	if (strcmp(id, "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY") == 0 && res->chain.n_sent > 1)
		id = "X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN";
	return remedy_for_check(id, c->question, c->depth);
}

void diagnose_result(struct diagnosis *d, const struct result *res)
{
	for (size_t i = 0; i < res->checks.n; i++) {
		const struct check *c = &res->checks.item[i];

		if (c->verdict == VERDICT_FAIL)
			add(d, c->id, c->text, remedy_for(c, res));
	}
	if (d->n || res->err == ERR_OK)
		return;
	if (res->alert_in) {
		const char *name = tls_alert_name(res->alert_in);

		add(d, name ? name : "alert", res->text, remedy_for_alert(res->alert_in));
	} else {
		add(d, err_name(res->err), res->text, remedy_for_error(res->err));
	}
}

static void tell(const struct diagnosis *d, struct trace *t)
{
	for (size_t i = 0; i < d->n; i++) {
		const struct cause *c = &d->cause[i];

		ev_heading(t, d->n > 1 ? "Cause %zu of %zu" : "The cause", i + 1, d->n);
		ev_check(t, c->id, VERDICT_FAIL, NULL, "what is wrong?", "%s", c->reason);
		ev_decision(t, "who", NULL, "who can mend it: %s", c->who);
		ev_decision(t, "how", NULL, "how: %s", c->how);
	}
}

/* The server found nothing in common with us. What would it have shown? A client that takes everything finds out: with
 * that the certificate can be judged. Returns whether it tells more. */
static bool try_anything(const struct connect_options *opt, struct trace *t, struct result *res)
{
	struct connect_options o = *opt;
	struct result *other = calloc(1, sizeof(*other));
	bool more = false;

	if (!other || (res->alert_in != 40 && res->alert_in != 71)) {
		free(other);
		return false;
	}
	o.ciphers = "ALL:COMPLEMENTOFALL:!aNULL:!eNULL:@SECLEVEL=0";
	o.groups = "X25519:P-256:P-384:P-521:secp256k1:P-224:P-192";
	ev_decision(t, "second-try", NULL,
	    "the server ended the handshake because nothing that we offered suits it. Once more, offering also what "
	    "nobody should "
	    "use any more: to see what it has, and to send nothing.");
	if (connect_once(&o, t, other) == ERR_NEGATIVE && checks_failed(&other->checks)) {
		more = true;
		result_release(res);
		*res = *other;
		result_init(other);
	}
	result_release(other);
	free(other);
	return more;
}

/* Is it the certificate, or the way we asked? Another try may tell. */
static void probe(const struct connect_options *opt, struct trace *t, const struct result *res)
{
	struct connect_options o = *opt;
	struct result other;

	if (res->handshake_done || res->alert_in != 70 || (opt->min == 0x0303 && opt->max == 0x0304))
		return;
	result_init(&other);
	o.min = 0x0303;
	o.max = 0x0304;
	if (connect_once(&o, NULL, &other) == ERR_OK)
		ev_decision(
		    t, "other-version", NULL, "with %s it works: the versions were limited by you", other.protocol);
	result_release(&other);
}

enum err diagnose_run(const struct connect_options *opt, struct trace *t, struct result *res, struct diagnosis *d)
{
	enum err e = connect_once(opt, t, res);
	struct remedy none = {NULL, NULL};

	*d = (struct diagnosis){0};
	if (e == ERR_NET && strcmp(res->text, "interrupted") == 0)
		return e;
	if (e != ERR_OK && try_anything(opt, t, res))
		e = res->err;
	diagnose_result(d, res);
	if (e == ERR_OK && d->n == 0)
		return result_set(res, ERR_OK,
		    "nothing is wrong: %s proved its name (%s, %s), its certificate leads to %s", res->name,
		    res->protocol, res->cipher, res->chain.anchor);
	if (d->n == 0)
		add(d, err_name(e), res->text, none);
	tell(d, t);
	probe(opt, t, res);
	return result_set(res, e, "%s is refused: %s (%s). Who can mend it: %s%s", res->name, d->cause[0].reason,
	    d->cause[0].id, d->cause[0].who ? d->cause[0].who : "?", d->n > 1 ? "; and there is more" : "");
}

char *diagnose_json(const struct diagnosis *d, const struct result *res)
{
	json_t *causes = json_array(), *o;

	for (size_t i = 0; i < d->n; i++) {
		const struct cause *c = &d->cause[i];
		json_t *one = json_pack(
		    "{s:s, s:s, s:s?, s:s?}", "id", c->id, "reason", c->reason, "who", c->who, "how", c->how);

		json_array_append_new(causes, one ? one : json_null());
	}
	o = json_pack("{s:b, s:s, s:s, s:o}", "accepted", res->accepted, "name", res->name, "peer", res->peer,
	    "causes", causes);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}
