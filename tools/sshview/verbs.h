/* The verbs, and what they share of the options. */
#ifndef SSHVIEW_VERBS_H
#define SSHVIEW_VERBS_H

#include "glassnet/cli.h"
#include "sshview.h"

/* Each says what is wrong and returns an exit status; EXIT_YES: go on. */
int options_target(struct cli *c, struct connect_options *o, const char *text);
int options_offer(struct cli *c, struct sshoffer *offer, bool *hostkey_given);
int options_known(struct cli *c, struct connect_options *o, char own[static 4096]);

int verb_connect(struct cli *c);
int verb_known_hosts(struct cli *c);
int verb_scan(struct cli *c);
int verb_fingerprint(struct cli *c);
int verb_keygen(struct cli *c);
int verb_authorize(struct cli *c);

#endif
