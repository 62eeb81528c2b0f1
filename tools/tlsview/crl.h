/* Lists of revoked certificates (RFC 5280 5): from a file, or fetched over http, as a CA publishes them. */
#ifndef TLSVIEW_CRL_H
#define TLSVIEW_CRL_H

#include <stdbool.h>

#include "tlsview.h"

#define CRL_SIZE_MAX ((size_t)4 << 20) /* of a list that is fetched */

bool crl_is_url(const char *where);

/* From now on the status of each certificate is asked for in the lists at opt->crl (RFC 5280 6.3): what they do not know of
 * is refused, too. A list that cannot be fetched is ERR_NEGATIVE, unless opt->crl_soft: then nothing is asked. ERR_IO or
 * ERR_FORMAT: the file cannot be read, or there is no list in what was read; res says so. */
enum err crl_load(
    struct path_store *store, const struct connect_options *opt, struct trace *t, struct result *res) MUST_USE;

#endif
