/* The file with the session's secrets: nobody else may read it, not even for a moment. */
#ifndef TLSVIEW_KEYLOG_FILE_H
#define TLSVIEW_KEYLOG_FILE_H

#include "glassnet/cli.h"

/* Opens it for appending. Returns an exit status; says what is wrong. */
int keylog_open(struct cli *c, const char *path, int *fd);

#endif
