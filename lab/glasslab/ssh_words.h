/* What templates can say of SSH: keys drawn from the seed, a host certificate, and the user that may log in. */
#ifndef GLASSLAB_SSH_WORDS_H
#define GLASSLAB_SSH_WORDS_H

#include <stdbool.h>
#include <stdio.h>

#include "seed.h"

/* The words between @{ and }: word[0] is "ssh-private", "ssh-public", "ssh-certificate", "uid", "gid" or "crypt". False:
 * there is no such thing, or it cannot be made. */
bool ssh_words_put(FILE *out, const struct seed *seed, size_t n, char *const word[]);

#endif
