/* HOST:PORT on the command line. */
#ifndef GLASSNET_TARGET_H
#define GLASSNET_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "glassnet/err.h"

#define NAME_MAX_TEXT 256 /* a DNS name or an address as text, and a NUL */

struct target {
	char host[NAME_MAX_TEXT];
	uint16_t port;
};

/* "bank.example", "bank.example:8443", "192.0.2.1:443", "[2001:db8::1]:443", "2001:db8::1"; port 443 where
 * none is given. ERR_USAGE: it is none of these, and *why says what is wrong. */
enum err target_parse(struct target *out, const char *text, const char **why) MUST_USE;
/* The same with another port where none is given. */
enum err target_parse_port(struct target *out, const char *text, uint16_t def_port, const char **why) MUST_USE;

/* The same with another port where none is given. */
enum err target_parse_port(struct target *out, const char *text, uint16_t def_port, const char **why) MUST_USE;

/* Is it fit to be a host's name? Letters, digits, hyphens and dots, labels of 1 to 63 octets (RFC 1123 2.1);
 * an underscore does no harm. *why says what is wrong. */
bool target_is_name(const char *name, const char **why);

#endif
