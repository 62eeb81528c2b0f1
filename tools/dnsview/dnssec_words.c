/* The words of the chain of trust. */
#include <stdio.h>
#include <time.h>

#include "dnssec.h"
#include "dnssec_deny.h"

const char *security_name(enum security s)
{
	static const char *const names[] = {"secure", "insecure", "indeterminate", "bogus"};
	return names[s];
}

static void date_text(char out[static 32], uint32_t when)
{
	time_t t = (time_t)when;
	struct tm tm;
	if (!gmtime_r(&t, &tm) || !strftime(out, 32, "%Y-%m-%d %H:%M UTC", &tm))
		snprintf(out, 32, "%u", when);
}

char *sig_text(char out[static SIG_TEXT], const struct sig_report *r, const struct dname *zone)
{
	char from[32], until[32], name[DNAME_TEXT], key[80];
	date_text(from, r->inception);
	date_text(until, r->expiration);
	dname_text(name, zone);
	snprintf(key, sizeof(key), "key %u (%s)", r->tag, algorithm_name(r->algorithm));
	switch (r->sig) {
	case SIG_RIGHT:
		snprintf(out, SIG_TEXT, "signed by %s, valid from %s to %s", key, from, until);
		break;
	case SIG_NONE:
		snprintf(out, SIG_TEXT, "there is no signature by %.80s, and here there must be one", name);
		break;
	case SIG_SIGNER:
		snprintf(out, SIG_TEXT, "the signature is in another zone's name, not in that of %.80s", name);
		break;
	case SIG_MALFORMED:
		snprintf(out, SIG_TEXT, "the signature contradicts itself or the record");
		break;
	case SIG_UNSUPPORTED:
		snprintf(out, SIG_TEXT, "the signature is by %s, which is not known here", key);
		break;
	case SIG_NO_KEY:
		snprintf(out, SIG_TEXT, "it is signed by %s, which is none of the keys that are vouched for", key);
		break;
	case SIG_WRONG:
		snprintf(
		    out, SIG_TEXT, "the signature by %s does not fit the data: they were changed, or forged", key);
		break;
	case SIG_EARLY:
		snprintf(out, SIG_TEXT, "the signature by %s is valid from %s on, which is yet to come", key, from);
		break;
	case SIG_EXPIRED:
		snprintf(out, SIG_TEXT, "the signature by %s expired: it was valid until %s", key, until);
		break;
	case SIG_BOUND:
		snprintf(out, SIG_TEXT,
		    "so many keys or signatures that no more are tried (KeyTrap is an attack of this kind)");
		break;
	}
	return out;
}

const char *sig_ref(enum sig s)
{
	switch (s) {
	case SIG_RIGHT:
	case SIG_WRONG:
		return "RFC 4035 5.3.3";
	case SIG_UNSUPPORTED:
		return "RFC 4035 5.2";
	case SIG_BOUND:
		return "RFC 4035 5.3.3; CVE-2023-50387";
	default:
		return "RFC 4035 5.3.1";
	}
}

char *denial_text(char out[static DENIAL_TEXT], const struct denial *d)
{
	char owner[DNAME_TEXT], next[DNAME_TEXT];
	if (!d->by) {
		snprintf(out, DENIAL_TEXT, "no signed record proves it");
		return out;
	}
	struct dname o = dname_from_rdf(ldns_rr_owner(d->by));
	dname_text(owner, &o);
	if (ldns_rr_get_type(d->by) == LDNS_RR_TYPE_NSEC) {
		struct dname n = rr_target(d->by);
		dname_text(next, &n);
		snprintf(out, DENIAL_TEXT,
		    d->what == DENIED_TYPE ? "NSEC %s (the next name is %s) lists its types, and this is not one"
		                           : "NSEC: the zone has no name between %s and %s",
		    owner, next);
	} else if (d->what == DENIED_OPT_OUT) {
		snprintf(out, DENIAL_TEXT, "NSEC3 %s leaves out unsigned delegations (opt-out)", owner);
	} else if (d->what == DENIED_BOUND) {
		snprintf(out, DENIAL_TEXT, "NSEC3 with more than %u iterations, which are not computed here",
		    NSEC3_ITERATIONS_MAX);
	} else {
		snprintf(out, DENIAL_TEXT,
		    d->what == DENIED_TYPE ? "NSEC3 %s lists the types of this name's hash, and this is not one"
		                           : "NSEC3 %s and its next leave no room for this name's hash",
		    owner);
	}
	return out;
}

void trust_teach(struct validator *v, enum dnssec_lesson l)
{
	static const char *const lessons[TRUST_LESSONS] = {
	    [TRUST_CHAIN] = "DNSSEC signs data, it hides nothing. Whoever validates needs one key "
	                    "beforehand, the root's; every "
	                    "further key is vouched for by the zone above, so that a chain leads from the "
	                    "root to the answer.",
	    [TRUST_DS] = "A DS record is the parent's word on its child: the digest of the key that the "
	                 "child signs its keys "
	                 "with. The parent signs it, not the child: who can forge the child's answers cannot "
	                 "forge it.",
	    [TRUST_INSECURE] = "Insecure is not wrong: a zone need not be signed. But the parent proves with "
	                       "a signature that there "
	                       "is no DS, so nobody can strip a signed zone of its signatures and pass it "
	                       "off as an unsigned one.",
	    [TRUST_DENIAL] = "A \"no\" must be signed, too, or anybody could make names disappear. NSEC "
	                     "records are signed "
	                     "statements about gaps: between this name and the next there is nothing.",
	    [TRUST_BOGUS] = "Bogus: the answer may be forged, or the zone's owner made a mistake; from here "
	                    "it looks the same. A "
	                    "validating resolver gives no answer then (SERVFAIL).",
	};
	if (v->told & 1u << l)
		return;
	v->told |= 1u << l;
	ev_explain(v->t, "%s", lessons[l]);
}
