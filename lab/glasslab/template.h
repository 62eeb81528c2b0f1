/* Configuration files with @{...} in them, filled in for one host of one lab.
 *
 *     @{run}                     /run/glassnet, the host's own tmpfs
 *     @{host} @{title}           its name and title
 *     @{zones}                   knotd's list of the host's zones
 *     @{ip4 HOST} @{ip6 HOST}    a host's first address (without HOST: this one's)
 *     @{mac HOST}                the hardware address of a host's first interface
 *     @{dnskey ZONE} @{ds ZONE}  the data of these records for a zone's key (signer.h)
 *     @{word WHAT}               16 letters drawn from the seed (a password)
 *     @{ssh-private WHAT}        an Ed25519 key in OpenSSH's format, drawn from the seed; its public half:
 *     @{ssh-public WHAT}         "ssh-ed25519 AAAA... WHAT"
 *     @{ssh-certificate WHAT CA NAME}  a host certificate for that key and NAME, signed by the key CA
 *     @{uid} @{gid}              of the user that everything in the lab runs as
 *     @{crypt WHAT}              @{word WHAT} as /etc/shadow keeps it
 *     @{number WHAT MIN MAX}     a number drawn from the seed (a TTL, an account number) */
#ifndef GLASSLAB_TEMPLATE_H
#define GLASSLAB_TEMPLATE_H

#include <stdio.h>

#include "seed.h"
#include "topology.h"

#define HOST_RUN   "/run/glassnet" /* in every host */
#define WORD_CHARS 16

struct template_ctx {
	const struct topology *t; /* borrowed, all three */
	const struct topo_host *host;
	const struct seed *seed;
};

/* Writes text to out with everything filled in. name is what messages call the text: ERR_FORMAT with
 * "NAME:LINE: …" where something between @{ and } is not known; ERR_IO where out fails. */
enum err template_fill(
    FILE *out, const char *text, const char *name, const struct template_ctx *ctx, struct why *w) MUST_USE;

/* The same into a buffer. ERR_TOO_LONG where it does not fit. */
enum err template_text(char *out, size_t cap, const char *text, const char *name, const struct template_ctx *ctx,
    struct why *w) MUST_USE;

#endif
