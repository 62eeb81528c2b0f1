/* Passwords and passphrases: from a prompt without echo, or the first line of standard input. Never from the
 * command line, where every user of the machine can read them. */
#ifndef HASHVIEW_SECRET_H
#define HASHVIEW_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "glassnet/err.h"

#define SECRET_MAX 1024

/* Reads one into out, in locked memory that the caller frees with sodium_free(). On a terminal prompt is
 * shown, and the secret asked for twice where twice is set. ERR_FORMAT: it is empty, too long, holds a NUL,
 * or the two differ
 * (*why tells); ERR_CLOSED: interrupted; ERR_IO. */
enum err secret_read(char **out, size_t *len, const char *prompt, bool twice, const char **why) MUST_USE;

#endif
