/* A lookup's result as JSON: what a program wants to know without reading the story. */
#include <jansson.h>
#include <string.h>

#include "narrative.h"

static json_t *dname_json(const struct dname *n)
{
	char text[DNAME_TEXT];
	return json_string(dname_text(text, n));
}

static json_t *rr_json(const ldns_rr *rr)
{
	char type[TYPE_TEXT], data[4096];
	struct dname owner = dname_from_rdf(ldns_rr_owner(rr));
	return json_pack("{s:o, s:I, s:s, s:s}", "name", dname_json(&owner), "ttl", (json_int_t)ldns_rr_ttl(rr),
	    "type", type_text(type, (uint16_t)ldns_rr_get_type(rr)), "data", rdata_text(data, sizeof(data), rr));
}

static json_t *hop_json(const struct hop *h)
{
	char type[TYPE_TEXT], ip[IP_TEXT];
	const char *outcome = h->err ? err_name(h->err) : response_name(h->response);
	json_t *o = json_pack("{s:o, s:s, s:o, s:o, s:s, s:s, s:s, s:I, s:i, s:I, s:I}", "name", dname_json(&h->name),
	    "type", type_text(type, h->type), "zone", dname_json(&h->zone), "server", dname_json(&h->server),
	    "address", ip_text(ip, &h->to.ip), "transport", h->tcp ? "tcp" : "udp", "outcome", outcome, "rtt_us",
	    (json_int_t)(h->rtt_ns / 1000), "depth", (int)h->depth, "sent", (json_int_t)h->sent, "received",
	    (json_int_t)h->received);
	if (o && h->n_ns) {
		json_t *ns = json_array();
		for (unsigned i = 0; i < h->n_ns; i++)
			json_array_append_new(ns, dname_json(&h->ns[i]));
		json_object_set_new(o, "referral", dname_json(&h->cut));
		json_object_set_new(o, "name_servers", ns);
	}
	return o;
}

static const char *outcome_text(enum outcome o)
{
	switch (o) {
	case OUTCOME_ANSWER:
		return "answer";
	case OUTCOME_NXDOMAIN:
		return "nxdomain";
	case OUTCOME_NODATA:
		return "nodata";
	case OUTCOME_YXDOMAIN:
		return "yxdomain";
	case OUTCOME_FAILURE:
		return "failure";
	}
	return "";
}

char *result_json(const struct lookup_result *res)
{
	char type[TYPE_TEXT];
	json_t *answer = json_array(), *hops = json_array();
	for (size_t i = 0; i < ldns_rr_list_rr_count(res->answer); i++)
		json_array_append_new(answer, rr_json(ldns_rr_list_rr(res->answer, i)));
	for (size_t i = 0; i < res->n_hops; i++)
		json_array_append_new(hops, hop_json(&res->hops[i]));
	json_t *o =
	    json_pack("{s:o, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name", dname_json(&res->name),
	        "type", type_text(type, res->type), "outcome", outcome_text(res->outcome), "rcode",
	        res->outcome == OUTCOME_NXDOMAIN   ? "NXDOMAIN"
	        : res->outcome == OUTCOME_YXDOMAIN ? "YXDOMAIN"
	        : res->outcome == OUTCOME_FAILURE  ? "SERVFAIL"
	                                           : "NOERROR",
	        "answer", answer, "queries", (json_int_t)res->queries, "servers", (json_int_t)res->servers, "saved",
	        (json_int_t)res->saved, "sent", (json_int_t)lookup_octets(res, true), "received",
	        (json_int_t)lookup_octets(res, false), "duration_us", (json_int_t)(res->duration_ns / 1000), "hops",
	        hops);
	char *text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	return text;
}
