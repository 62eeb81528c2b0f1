/* Signed zones for the scripted network: keys, records with their signatures as text. */
#ifndef DNSVIEW_TEST_SIGNED_H
#define DNSVIEW_TEST_SIGNED_H

#include "net.h"

struct signer {
	ldns_key *key;
	ldns_key_list *list;
	ldns_rr *dnskey;
	uint32_t from, until;
};

static inline void signer_up(struct signer *s, const char *zone)
{
	s->key = ldns_key_new_frm_algorithm(LDNS_SIGN_ECDSAP256SHA256, 256);
	assert_non_null(s->key);
	ldns_key_set_pubkey_owner(s->key, ldns_dname_new_frm_str(zone));
	ldns_key_set_flags(s->key, 257);
	s->dnskey = ldns_key2rr(s->key);
	ldns_key_set_keytag(s->key, ldns_calc_keytag(s->dnskey));
	s->list = ldns_key_list_new();
	ldns_key_list_push_key(s->list, s->key);
	s->from = 500;
	s->until = 5000;
}

static inline void signer_down(struct signer *s)
{
	ldns_key_list_free(s->list);
	ldns_rr_free(s->dnskey);
}

static inline ldns_rr *rr_of(const char *text)
{
	ldns_rr *rr;
	if (ldns_rr_new_frm_str(&rr, text, 3600, NULL, NULL) != LDNS_STATUS_OK)
		fail_msg("bad record: %s", text);
	return rr;
}

static inline ldns_rr_list *rrs_of(const char *text)
{
	ldns_rr_list *list = ldns_rr_list_new();
	char copy[4096], *save = NULL;
	snprintf(copy, sizeof(copy), "%s", text);
	for (char *p = strtok_r(copy, "\n", &save); p; p = strtok_r(NULL, "\n", &save))
		ldns_rr_list_push_rr(list, rr_of(p));
	return list;
}

static inline ldns_rr_list *sigs_of(struct signer *s, ldns_rr_list *rrset)
{
	ldns_key_set_inception(s->key, s->from);
	ldns_key_set_expiration(s->key, s->until);
	ldns_key_set_use(s->key, true);
	ldns_key_set_origttl(s->key, ldns_rr_ttl(ldns_rr_list_rr(rrset, 0)));
	ldns_rr_list *sigs = ldns_sign_public(rrset, s->list);
	assert_non_null(sigs);
	return sigs;
}

/* Appends the RRset and its signature to text. */
static inline void put_signed(struct signer *s, char *text, size_t cap, const char *rrset)
{
	ldns_rr_list *list = rrs_of(rrset), *sigs = sigs_of(s, list);
	char *a = ldns_rr_list2str(list), *b = ldns_rr_list2str(sigs);
	size_t len = strlen(text);
	assert_true((size_t)snprintf(text + len, cap - len, "%s%s", a, b) < cap - len);
	free(a);
	free(b);
	ldns_rr_list_deep_free(list);
	ldns_rr_list_deep_free(sigs);
}

static inline void rr_line(char *out, size_t cap, ldns_rr *rr)
{
	char *text = ldns_rr2str(rr);
	snprintf(out, cap, "%s", text);
	free(text);
}

static inline void ds_line(struct signer *s, char *out, size_t cap)
{
	ldns_rr *ds = ldns_key_rr2ds(s->dnskey, LDNS_SHA256);
	rr_line(out, cap, ds);
	ldns_rr_free(ds);
}

#endif
