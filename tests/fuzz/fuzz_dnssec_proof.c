// needs: tools/dnsview
/* Any bytes as a signed response: its keys and signatures are tried, its NSEC and NSEC3 records taken as a
 * proof. */
#include <stdlib.h>

#include "dnsview/dnssec_deny.h"
#include "dnsview/dnssec_verify.h"
#include "dnsview/message.h"

static void try_all(const struct message *m, ldns_rr_list *all)
{
	struct proof p = {.zone = dname_root()};
	unsigned budget = CRYPTO_MAX;
	bool usable[64];
	ldns_rr_list *keys = ldns_rr_list_new(), *sigs = ldns_rr_list_new(), *ds = ldns_rr_list_new();
	for (size_t i = 0; i < ldns_rr_list_rr_count(all); i++) {
		ldns_rr *rr = ldns_rr_list_rr(all, i);
		ldns_rr_type t = ldns_rr_get_type(rr);
		if (t == LDNS_RR_TYPE_DNSKEY && ldns_rr_list_rr_count(keys) < 64)
			ldns_rr_list_push_rr(keys, rr);
		if (t == LDNS_RR_TYPE_RRSIG)
			ldns_rr_list_push_rr(sigs, rr);
		if (t == LDNS_RR_TYPE_DS)
			ldns_rr_list_push_rr(ds, rr);
		if ((t == LDNS_RR_TYPE_NSEC || t == LDNS_RR_TYPE_NSEC3) && p.n < PROOF_MAX)
			p.rr[p.n++] = rr;
	}
	keys_vouched(keys, ds, usable, &budget);
	for (size_t i = 0; i < m->n_records && i < 8; i++) {
		struct dname parent = dname_parent(&m->records[i].owner);
		ldns_rr_list *one = ldns_rr_list_new();
		if (m->records[i].rr)
			ldns_rr_list_push_rr(one, m->records[i].rr);
		rrset_verify(one, sigs, keys, NULL, &parent, 1700000000, &budget);
		p.zone = parent;
		deny(&p, &m->qname, m->qtype);
		deny(&p, &m->qname, LDNS_RR_TYPE_DS);
		deny_closer(&p, &m->qname, dname_labels(&parent));
		ldns_rr_list_free(one);
	}
	ldns_rr_list_free(keys);
	ldns_rr_list_free(sigs);
	ldns_rr_list_free(ds);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct message m;
	size_t at;
	if (message_parse(&m, data, size, &at))
		return 0;
	ldns_rr_list *all = ldns_rr_list_new();
	for (size_t i = 0; i < m.n_records; i++)
		if (m.records[i].rr)
			ldns_rr_list_push_rr(all, m.records[i].rr);
	if (m.n_questions)
		try_all(&m, all);
	ldns_rr_list_free(all);
	message_release(&m);
	return 0;
}
