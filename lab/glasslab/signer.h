/* The lab's signed zones (RFC 4033). A zone is signed when its file has a DNSKEY record, which the template
 * @{dnskey ZONE} fills in; @{ds ZONE} is what the parent says of it. Each zone has one key for everything,
 * ECDSA on P-256 with SHA-256 (RFC 6605), drawn from the lab's seed: whoever serves a zone can sign it, and
 * nobody has to wait for a child's key. Signatures are made when the lab comes up. */
#ifndef GLASSLAB_SIGNER_H
#define GLASSLAB_SIGNER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "seed.h"
#include "why.h"

/* The data of the zone's DNSKEY, and of the DS that fits it (SHA-256), in master file form. False: zone is no
 * name, or OpenSSL failed. */
bool signer_put_dnskey(FILE *out, const struct seed *s, const char *zone);
bool signer_put_ds(FILE *out, const struct seed *s, const char *zone);

/* Replaces the zone file at path by itself signed, with NSEC records, from a little before now (seconds since
 * 1970) for 30 days. Does nothing to a zone without DNSKEY. A comment in the file may ask for something else:
 *
 *     ;signer: expired     the signatures ended a day ago: the zone of somebody who forgot to sign again
 *     ;signer: nsec3       NSEC3 records (RFC 5155) without salt and further rounds (RFC 9276 3.1), opt-out */
enum err signer_sign(const char *path, const struct seed *s, const char *zone, int64_t now, struct why *w) MUST_USE;

#endif
