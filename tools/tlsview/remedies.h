/* What helps against what. */
#ifndef TLSVIEW_REMEDIES_H
#define TLSVIEW_REMEDIES_H

#include <stdint.h>

#include "glassnet/err.h"

struct remedy {
	const char *who, *how;
};

/* By the check that failed, or, where there is no row for it, by the question; depth: of the certificate. */
struct remedy remedy_for_check(const char *id, const char *question, int depth);
/* By the alert that the server ended with. */
struct remedy remedy_for_alert(uint8_t alert);
/* By what went wrong before or beside TLS. */
struct remedy remedy_for_error(enum err e);

#endif
