/* The end of the story: the way to the answer as a tree, what it cost, and the result. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "narrative.h"

#define PATH_TOLD 60

/* "+--- cmu.edu.": a zone as far to the right as it is deep in the tree; what is asked on the side, further. */
#define TREE_TEXT (DNAME_TEXT + 80)
static char *tree_text(char out[static TREE_TEXT], const struct dname *zone, unsigned depth)
{
	char name[DNAME_TEXT];
	unsigned dashes = 2 * (dname_labels(zone) + 2 * depth);
	if (dashes > 60)
		dashes = 60;
	snprintf(out, TREE_TEXT, "%s%.*s%s%s", dashes ? "+" : "", dashes ? (int)dashes - 1 : 0,
	    "------------------------------------------------------------", dashes ? " " : "",
	    dname_is_root(zone) ? ". (the root)" : dname_text(name, zone));
	return out;
}

static void outcome_words(char out[static DNAME_TEXT + 60], const struct hop *h)
{
	char cut[DNAME_TEXT];
	static const char *const words[] = {[RESPONSE_ANSWER] = "answers",
	    [RESPONSE_ALIAS] = "answers: an alias",
	    [RESPONSE_NXDOMAIN] = "says that there is no such name",
	    [RESPONSE_NODATA] = "says that there is no such record",
	    [RESPONSE_TRUNCATED] = "cut its answer, so it is asked again over TCP",
	    [RESPONSE_NO_EDNS] = "does not understand EDNS, so it is asked again without",
	    [RESPONSE_LAME] = "is lame: it does not serve this zone",
	    [RESPONSE_HEARSAY] = "has nothing but hearsay",
	    [RESPONSE_FAILED] = "gave no usable answer"};
	if (h->err)
		snprintf(out, DNAME_TEXT + 60, "no answer: %s", err_text(h->err));
	else if (h->response == RESPONSE_REFERRAL)
		snprintf(out, DNAME_TEXT + 60, "refers to %s", dname_text(cut, &h->cut));
	else
		snprintf(out, DNAME_TEXT + 60, "%s", words[h->response]);
}

static void tell_hop(struct trace *t, const struct hop *h)
{
	char tree[TREE_TEXT], host[HOST_TEXT], ip[IP_TEXT], words[DNAME_TEXT + 60];
	outcome_words(words, h);
	ev_decision(t, "path", NULL, "%s  %s (%s)%s %s, %.1f ms, %zu + %zu bytes",
	    tree_text(tree, &h->zone, h->depth), host_text(host, &h->server), ip_text(ip, &h->to.ip),
	    h->tcp ? " over TCP" : "", words, (double)h->rtt_ns / (double)NS_PER_MS, h->sent, h->received);
}

/* A branch begins where another name is asked for; where it does not begin at the root, the cache had the rest. */
static void tell_branch(struct trace *t, const struct hop *before, const struct hop *h)
{
	char q[DNAME_TEXT], type[TYPE_TEXT], tree[TREE_TEXT];
	if (before && before->depth == h->depth && dname_equal(&before->zone, &h->zone))
		return;
	if (h->depth && (!before || before->depth < h->depth || !dname_equal(&before->name, &h->name)))
		ev_decision(t, "path-branch", NULL,
		    "%s  … and for its server's address, %s %s:", tree_text(tree, &h->zone, h->depth),
		    dname_text(q, &h->name), type_text(type, h->type));
	bool led =
	    before && !before->err && before->response == RESPONSE_REFERRAL && dname_equal(&before->cut, &h->zone);
	if (!led && !dname_is_root(&h->zone) && (!before || before->depth <= h->depth))
		ev_decision(t, "path-known", NULL, "%s  known from before, and all above it",
		    tree_text(tree, &h->zone, h->depth));
}

static void tell_numbers(struct trace *t, const struct lookup_result *res)
{
	char saved[120] = "The cache saved none.";
	if (res->saved)
		snprintf(saved, sizeof(saved), "What was known already saved %u quer%s.", res->saved,
		    res->saved == 1 ? "y" : "ies");
	ev_decision(t, "numbers", NULL, "%u quer%s to %u server%s; %zu bytes sent, %zu received; %.1f ms. %s",
	    res->queries, res->queries == 1 ? "y" : "ies", res->servers, res->servers == 1 ? "" : "s",
	    lookup_octets(res, true), lookup_octets(res, false), (double)res->duration_ns / (double)NS_PER_MS, saved);
}

void tell_path(struct lookup *l)
{
	struct trace *t = l->tell->trace;
	const struct lookup_result *res = l->res;
	if (!trace_on(t))
		return;
	ev_heading(t, "The way, and what it cost");
	for (size_t i = 0; i < res->n_hops && i < PATH_TOLD; i++) {
		tell_branch(t, i ? &res->hops[i - 1] : NULL, &res->hops[i]);
		tell_hop(t, &res->hops[i]);
	}
	if (res->n_hops > PATH_TOLD)
		ev_decision(t, "path", NULL, "… and %zu more", res->n_hops - PATH_TOLD);
	tell_numbers(t, res);
}

/* --- the result -------------------------------------------------------------------------------- */

#define RESULT_TEXT 900

static void answer_text(char out[static RESULT_TEXT], const struct lookup_result *res)
{
	char owner[DNAME_TEXT], type[TYPE_TEXT], data[400];
	size_t at = 0, n = ldns_rr_list_rr_count(res->answer), i = 0;
	for (out[0] = '\0'; i < n && at < RESULT_TEXT / 2; i++) {
		const ldns_rr *rr = ldns_rr_list_rr(res->answer, i);
		struct dname name = dname_from_rdf(ldns_rr_owner(rr));
		at += (size_t)snprintf(out + at, RESULT_TEXT - at, "%s%s %u %s %s", i ? "; " : "",
		    dname_text(owner, &name), (unsigned)ldns_rr_ttl(rr),
		    type_text(type, (uint16_t)ldns_rr_get_type(rr)), rdata_text(data, sizeof(data), rr));
	}
	if (i < n && at < RESULT_TEXT)
		snprintf(out + at, RESULT_TEXT - at, "; and %zu more", n - i);
}

/* "5 queries, all answered, 3.1 ms" */
static void cost_text(char out[static 120], const struct lookup_result *res)
{
	unsigned answered = 0;
	char share[40];
	for (size_t i = 0; i < res->n_hops; i++)
		answered += res->hops[i].err == ERR_OK;
	share[0] = '\0';
	if (answered != res->queries)
		snprintf(share, sizeof(share), ", %u answered", answered);
	if (res->queries)
		snprintf(out, 120, "%u quer%s%s, %.1f ms", res->queries, res->queries == 1 ? "y" : "ies", share,
		    (double)res->duration_ns / (double)NS_PER_MS);
	else
		snprintf(out, 120, "0 queries%s", res->outcome == OUTCOME_FAILURE ? "" : ", from the cache");
}

void tell_result(struct lookup *l)
{
	if (!trace_on(l->tell->trace))
		return;
	const struct lookup_result *res = l->res;
	char text[RESULT_TEXT], cost[120], name[DNAME_TEXT], type[TYPE_TEXT];
	char *json = result_json(res);
	cost_text(cost, res);
	dname_text(name, &res->last);
	type_text(type, res->type);
	if (res->outcome == OUTCOME_ANSWER) {
		answer_text(text, res);
		ev_result(l->tell->trace, res->err, json, "%s (%s)", text, cost);
	} else if (res->outcome == OUTCOME_NXDOMAIN) {
		ev_result(l->tell->trace, res->err, json, "%s does not exist (NXDOMAIN; %s)", name, cost);
	} else if (res->outcome == OUTCOME_YXDOMAIN) {
		ev_result(l->tell->trace, res->err, json, "%s has an alias that is too long to exist (YXDOMAIN; %s)",
		    name, cost);
	} else if (res->outcome == OUTCOME_NODATA) {
		ev_result(l->tell->trace, res->err, json, "%s exists, but has no %s record (%s)", name, type, cost);
	} else {
		ev_result(l->tell->trace, res->err, json, "no answer for %s %s: %s (%s)",
		    dname_text(name, &res->name), type, res->why[0] ? res->why : err_text(res->err), cost);
	}
	free(json);
}
