/* What a server answered: is that all of it, and what does it say? */
#ifndef TLSVIEW_REPLY_H
#define TLSVIEW_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Is p a whole HTTP response, so that there is nothing more to wait for? False also when it is not HTTP. */
bool reply_is_whole(const uint8_t *p, size_t len);

/* Its begin for people: the status and the text without markup of an HTTP response, else the octets; escaped,
 * on one line, cut to cap. "" when there is no reply. Returns out. */
char *reply_text(char *out, size_t cap, const uint8_t *p, size_t len);

#endif
