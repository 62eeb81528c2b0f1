/* The verbs beside connect. */
#ifndef TLSVIEW_VERBS_H
#define TLSVIEW_VERBS_H

#include "glassnet/cli.h"

extern const struct cli_option diagnose_options[];
int verb_diagnose(struct cli *c);

extern const struct cli_option serve_options[];
int verb_serve(struct cli *c);

extern const struct cli_option inside_options[];
int verb_inside(struct cli *c);

#endif
