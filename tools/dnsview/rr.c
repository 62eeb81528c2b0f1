#include "rr.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct dname dname_from_rdf(const ldns_rdf *rdf)
{
	struct dname n = dname_root();
	size_t len = rdf ? ldns_rdf_size(rdf) : 0;
	if (len == 0 || len > DNAME_MAX)
		return n;
	n.len = (uint8_t)len;
	memcpy(n.b, ldns_rdf_data(rdf), len);
	return n;
}

struct dname rr_target(const ldns_rr *rr)
{
	return dname_from_rdf(ldns_rr_rdf(rr, 0));
}

void rr_set_owner(ldns_rr *rr, const struct dname *name)
{
	ldns_rdf_deep_free(ldns_rr_owner(rr));
	ldns_rr_set_owner(rr, ldns_dname_new_frm_data(name->len, name->b));
}

char *type_text(char out[static TYPE_TEXT], uint16_t type)
{
	const ldns_rr_descriptor *d = ldns_rr_descript(type);
	if (d && d->_name && d->_type == type)
		snprintf(out, TYPE_TEXT, "%s", d->_name);
	else
		snprintf(out, TYPE_TEXT, "TYPE%u", type);
	return out;
}

bool type_parse(uint16_t *out, const char *text)
{
	if (strncasecmp(text, "TYPE", 4) == 0 && isdigit((unsigned char)text[4])) { /* RFC 3597 5 */
		char *end;
		unsigned long v = strtoul(text + 4, &end, 10);
		if (*end || v == 0 || v > UINT16_MAX || strlen(text) > 9)
			return false;
		*out = (uint16_t)v;
		return true;
	}
	for (unsigned t = 1; t < UINT16_MAX; t = t == 1024 ? 32767 : t + 1) {
		const ldns_rr_descriptor *d = ldns_rr_descript((uint16_t)t);
		if (d && d->_type == t && d->_name && strcasecmp(d->_name, text) == 0) {
			*out = (uint16_t)t;
			return true;
		}
		if (t > 33000)
			break;
	}
	return false;
}

const char *rcode_text(uint16_t rcode, char out[static TYPE_TEXT])
{
	static const char *const names[] = {"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
	    "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};
	if (rcode < sizeof(names) / sizeof(names[0]))
		return names[rcode];
	if (rcode == 16)
		return "BADVERS";
	snprintf(out, TYPE_TEXT, "RCODE%u", rcode);
	return out;
}

char *rdata_text(char *out, size_t cap, const ldns_rr *rr)
{
	out[0] = '\0';
	ldns_buffer *b = ldns_buffer_new(256);
	if (!b)
		return out;
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		if (i)
			ldns_buffer_printf(b, " ");
		if (ldns_rdf2buffer_str(b, ldns_rr_rdf(rr, i)) != LDNS_STATUS_OK)
			break;
		if (ldns_buffer_position(b) > cap)
			break;
	}
	size_t n = ldns_buffer_position(b), room = cap - 1;
	bool cut = n > room;
	memcpy(out, ldns_buffer_begin(b), cut ? room : n);
	out[cut ? room : n] = '\0';
	if (cut && room >= 3)
		memcpy(out + room - 3, "...", 3);
	ldns_buffer_free(b);
	return out;
}
