/* Trust anchors: what a validator must know of the root's key beforehand (RFC 4033 5). */
#ifndef DNSVIEW_DNSSEC_ANCHOR_H
#define DNSVIEW_DNSSEC_ANCHOR_H

#include "hints.h"
#include "rr.h"

#define ANCHORS_MAX      8
#define ANCHORS_MAX_FILE 16384 /* octets */

struct anchors {
	unsigned n;
	ldns_rr *rr[ANCHORS_MAX]; /* DS or DNSKEY of the root */
};

/* Reads records in master file form, one a line: DS or DNSKEY, the root's. On an error *where says which line
 * and why, and *out is empty; else the caller releases it. */
enum err anchors_parse(struct anchors *out, const char *text, size_t len, struct hints_error *where) MUST_USE;
/* The same from a file. ERR_IO: errno tells. */
enum err anchors_load(struct anchors *out, const char *path, struct hints_error *where) MUST_USE;
void anchors_release(struct anchors *a);

/* The Internet's, as IANA published them (root-anchors.xml): KSK-2017 and KSK-2024. */
extern const char root_anchors_text[];

/* Where the mini-Internet keeps its own. */
#define LAB_ANCHOR "/run/glassnet/root.ds"

#endif
