/* certview show: certificates as people need them, and which key signed which. */
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certview.h"
#include "glassnet/line.h"

const struct cli_option show_options[] = {
    {.name = "fields", .help = "walk the DER byte by byte, with the meaning of each field"}, CONNECT_OPTION,
    CLI_TIMEOUT_OPTION, CLI_TRACE_OPTIONS, CLI_END};

static void field(struct trace *t, const char *name, const char *value, const char *meaning, const char *ref)
{
	if (value[0])
		ev_field(
		    t, (struct ev_field){
		           .layer = "certificate", .name = name, .value = value, .meaning = meaning, .ref = ref});
}

static void time_field(struct trace *t, const struct x509_info *c, int64_t now)
{
	char text[200], left[40], all[40];
	bool dates = c->from != INT64_MIN && c->to != INT64_MAX;

	if (!dates)
		snprintf(text, sizeof(text), "a date in it cannot be read");
	else if (now > c->to)
		snprintf(text, sizeof(text), "%s to %s UTC (%s): over for %s", c->not_before, c->not_after,
		    x509_span_text(all, c->to - c->from), x509_span_text(left, now - c->to));
	else if (now < c->from)
		snprintf(text, sizeof(text), "%s to %s UTC (%s): it begins in %s", c->not_before, c->not_after,
		    x509_span_text(all, c->to - c->from), x509_span_text(left, c->from - now));
	else
		snprintf(text, sizeof(text), "%s to %s UTC (%s): %s left", c->not_before, c->not_after,
		    x509_span_text(all, c->to - c->from), x509_span_text(left, c->to - now));
	field(t, "valid", text, NULL, "RFC 5280 4.1.2.5");
}

static void show_info(struct trace *t, const struct x509_info *c, int64_t now)
{
	char version[120];

	snprintf(version, sizeof(version), "%ld, number %s", c->version, c->serial);
	field(t, "who", c->subject[0] ? c->subject : "(empty)", NULL, "RFC 5280 4.1.2.6");
	field(t, "issued by", c->self_issued ? "itself" : c->issuer, NULL, "RFC 5280 4.1.2.4");
	field(
	    t, "for", c->names, c->ca ? NULL : "these names count, the one in \"who\" does not", "RFC 5280 4.2.1.6");
	time_field(t, c, now);
	field(t, "key", c->key, "whoever holds its private half can prove to be the one above", "RFC 5280 4.1.2.7");
	field(t, "may", c->may, NULL, "RFC 5280 4.2.1.3");
	field(t, "signed with", c->signature, NULL, "RFC 5280 4.1.1.2");
	field(t, "version", version, NULL, "RFC 5280 4.1.2.1");
	field(t, "key identifier", c->key_id, NULL, "RFC 5280 4.2.1.2");
	field(t, "issuer's key identifier", c->issuer_key_id, NULL, "RFC 5280 4.2.1.1");
	field(t, "SHA-256", c->sha256, "the fingerprint of all its octets: compare it over another way", NULL);
	field(t, "SHA-1", c->sha1, NULL, NULL);
}

static void show_one(struct trace *t, X509 *x, size_t i, int64_t now, bool fields)
{
	unsigned char *der = NULL;
	struct x509_info c;
	int len = i2d_X509(x, &der);
	size_t at;

	x509_info_from(&c, x);
	ev_recv(
	    t, "file", "certview", "X.509", der, len > 0 ? (size_t)len : 0, "certificate %zu: %s, %d octets", i, c.name, len);
	if (!fields)
		show_info(t, &c, now);
	else if (len > 0 && show_fields(t, der, (size_t)len, &at) != ERR_OK)
		ev_warning(t, "offset %zu: here the bytes are no DER that can be read", at);
	OPENSSL_free(der);
	ERR_clear_error();
}

/* --- who signed which --- */

#define TREE_MAX 64

struct tree {
	struct trace *t;
	const struct cert_set *set;
	size_t n;
	size_t by[TREE_MAX]; /* place of the signer; itself where none is here */
	bool shown[TREE_MAX];
	unsigned depth;
};

static bool signed_by(X509 *x, X509 *by)
{
	bool yes = X509_NAME_cmp(X509_get_issuer_name(x), X509_get_subject_name(by)) == 0 && X509_get0_pubkey(by) &&
	           X509_verify(x, X509_get0_pubkey(by)) == 1;

	ERR_clear_error();
	return yes;
}

static void find_signers(struct tree *tree)
{
	for (size_t i = 0; i < tree->n; i++) {
		tree->by[i] = i;
		for (size_t k = 0; k < tree->n && tree->by[i] == i; k++)
			if (k != i && signed_by(tree->set->x[i], tree->set->x[k]))
				tree->by[i] = k;
	}
}

static void show_branch(struct tree *tree, size_t i)
{
	char name[128], issuer[400], indent[6 * TREE_MAX + 1];
	struct x509_info c;
	bool top = tree->by[i] == i;
	size_t n = 0;

	if (tree->shown[i])
		return;
	tree->shown[i] = true;
	for (unsigned d = 1; d < tree->depth; d++)
		n += (size_t)snprintf(indent + n, sizeof(indent) - n, "──");
	indent[n] = '\0';
	x509_info_from(&c, tree->set->x[i]);
	snprintf(name, sizeof(name), "%s", c.name);
	snprintf(issuer, sizeof(issuer), "%s", c.issuer);
	if (!top)
		ev_decision(tree->t, "signed", NULL, "└─%s certificate %zu: %s, signed with the key of the one above",
		    indent, i, name);
	else if (signed_by(tree->set->x[i], tree->set->x[i]))
		ev_decision(tree->t, "self-signed", NULL, "certificate %zu: %s, signed with its own key", i, name);
	else
		ev_decision(tree->t, "signer-not-here", NULL,
		    "certificate %zu: %s, signed by %s, whose certificate is not here%s", i, name, issuer,
		    c.self_issued ? ", or not rightly" : "");
	tree->depth++;
	for (size_t k = 0; k < tree->n; k++)
		if (k != i && tree->by[k] == i)
			show_branch(tree, k);
	tree->depth--;
}

static void show_tree(struct trace *t, const struct cert_set *set)
{
	struct tree tree = {.t = t, .set = set, .n = set->n < TREE_MAX ? set->n : TREE_MAX};

	ev_heading(t, "Which key signed which");
	find_signers(&tree);
	for (size_t i = 0; i < tree.n; i++)
		if (tree.by[i] == i)
			show_branch(&tree, i);
	for (size_t i = 0; i < tree.n; i++) /* two that signed each other hang below nobody */
		show_branch(&tree, i);
	if (set->n > tree.n)
		ev_warning(t, "%zu more are not in the tree", set->n - tree.n);
}

void show_certs(struct trace *t, const struct cert_set *set, int64_t now)
{
	for (size_t i = 0; i < set->n; i++)
		show_one(t, set->x[i], i, now, false);
	show_tree(t, set);
}

/* --- the verb --- */

/* As cli_trace_open(), but what is shown are fields, which others print with -v alone. */
static enum err open_trace(struct cli *c, struct trace *t, bool fields)
{
	struct term_style style = cli_style(c);
	struct trace_sink sink;
	enum err e = cli_page_open(c);

	trace_init(t, &clock_real, "certview");
	style.verbose = 1;
	style.explain = !cli_has(c, "no-explain");
	if (e == ERR_OK)
		e = cli_has(c, "json")               ? sink_jsonl(&sink, c->out)
		    : fields && !cli_has(c, "quiet") ? sink_fields(&sink, c->out, &style)
		                                     : sink_terminal(&sink, c->out, &style);
	if (e == ERR_OK)
		e = trace_add(t, sink);
	if (e == ERR_OK && cli_page(c))
		e = trace_add(t, sink_tee(cli_page(c)));
	return e;
}

static enum err get_certs(struct cli *c, struct cert_set *set, int64_t timeout, struct trace *t, struct trouble *w)
{
	const char *from = c->argv[0];
	struct fetched f;

	if (!input_is_server(from))
		return input_certs(set, from, w);
	enum err e = input_fetch(&f, from, cli_get(c, "connect"), timeout, t, w);
	*set = f.certs;
	f.certs = (struct cert_set){0};
	fetched_release(&f);
	return e;
}

int verb_show(struct cli *c)
{
	struct cert_set set = {0};
	struct trouble w = {0};
	struct trace t;
	struct x509_info info;
	int64_t timeout = 10 * NS_PER_S, now = clock_now(&clock_real) / NS_PER_S;
	bool fields = cli_has(c, "fields");
	char left[40];

	if (!cli_seconds(c, "timeout", 3600, &timeout))
		return EXIT_USAGE;
	cli_catch_interrupt();
	enum err e = open_trace(c, &t, fields);
	if (e == ERR_OK)
		e = get_certs(c, &set, timeout, &t, &w);
	if (e == ERR_OK) {
		for (size_t i = 0; fields && i < set.n; i++)
			show_one(&t, set.x[i], i, now, true);
		if (!fields)
			show_certs(&t, &set, now);
		x509_info_from(&info, set.x[0]);
		ev_result(&t, e, NULL, "%zu certificate%s; the first is %s's, for %s, %s%s", set.n,
		    set.n == 1 ? "" : "s", info.name, info.names[0] ? info.names : "no host",
		    now > info.to     ? "over for "
		    : now < info.from ? "not valid for another "
		                      : "valid for another ",
		    x509_span_text(left, now > info.to     ? now - info.to
		                         : now < info.from ? info.from - now
		                                           : info.to - now));
	}
	cert_set_release(&set);
	int status = cli_trace_close(c, &t, cli_interrupted() ? 130 : (int)err_exit(e));
	if (e != ERR_OK && !cli_interrupted())
		cli_fail(c, e, "%s", w.text[0] ? w.text : err_text(e));
	return status;
}
