/* dnsview trace --all: every server of every zone on the way is asked the same; where they disagree, who and how. */
#ifndef DNSVIEW_SURVEY_H
#define DNSVIEW_SURVEY_H

#include "resolver.h"

/* res: the lookup whose way is surveyed. ERR_OK: all that answered say the same; ERR_NEGATIVE: they do not; else why
 * nothing can be said. */
enum err survey(struct resolver *r, struct exchange ex, const struct lookup_result *res);

#endif
