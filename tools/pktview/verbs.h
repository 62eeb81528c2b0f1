/* What the verbs share: main.c has the tables, file_verbs.c and live_verb.c what they do. */
#ifndef PKTVIEW_VERBS_H
#define PKTVIEW_VERBS_H

#include "glassnet/capture.h"
#include "glassnet/cli.h"
#include "view.h"

#define FILTER_MAX 2048

/* The filter: the arguments from the given one on, as one text. */
int join_filter(struct cli *c, int from, char out[static FILTER_MAX]);

/* What the options ask for. *keylog is the key log's text, which the caller frees with free_keylog(). */
int options_of(struct cli *c, struct view_options *o, char **keylog);
void free_keylog(struct view_options *o, char *keylog); /* wipes */

/* Shows it all, closes it all, and says what went wrong. */
int run_view(struct cli *c, struct capture *cap, struct view_options *o);

int verb_live(struct cli *c);
int verb_read(struct cli *c);
int verb_show(struct cli *c);
int verb_follow(struct cli *c);
int verb_page(struct cli *c);
int verb_diff(struct cli *c);

#endif
