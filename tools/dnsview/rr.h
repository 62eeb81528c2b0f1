/* Resource records as ldns has them: their names, types and data as values and texts. */
#ifndef DNSVIEW_RR_H
#define DNSVIEW_RR_H

#include <stdbool.h> /* before ldns, which otherwise defines bool as a signed char: any flag above 0x7f would be false */

#include <ldns/ldns.h>
#include <stddef.h>
#include <stdint.h>

#include "dname.h"

/* The name that an rdf of type DNAME holds, or an owner. */
struct dname dname_from_rdf(const ldns_rdf *rdf);
/* The name in a record's first field: of NS, CNAME, DNAME. */
struct dname rr_target(const ldns_rr *rr);
void rr_set_owner(ldns_rr *rr, const struct dname *name);

/* "A", "TYPE65"; written to out, returned. */
#define TYPE_TEXT 16
char *type_text(char out[static TYPE_TEXT], uint16_t type);
bool type_parse(uint16_t *out, const char *text);                   /* false: not a type */
const char *rcode_text(uint16_t rcode, char out[static TYPE_TEXT]); /* "NXDOMAIN" */

/* The data of a record as text, without owner and type; cut with "..." where it does not fit. Returns out. */
char *rdata_text(char *out, size_t cap, const ldns_rr *rr);

#endif
