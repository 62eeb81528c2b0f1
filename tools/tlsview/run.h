/* One connection as a part of something larger. */
#ifndef TLSVIEW_RUN_H
#define TLSVIEW_RUN_H

#include "tlsview.h"

/* As connect_run(), without the event that ends a trace. */
enum err connect_once(const struct connect_options *opt, struct trace *t, struct result *res);

/* Twice, and a third time resumed: the outcome of the second is in last. */
enum err again_run(const struct connect_options *opt, struct trace *t, struct result *last);

#endif
