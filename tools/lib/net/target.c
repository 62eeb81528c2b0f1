/* HOST:PORT on the command line. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "glassnet/addr.h"
#include "glassnet/target.h"

bool target_is_name(const char *name, const char **why)
{
	size_t label = 0, n = strlen(name);

	*why = "a name has 1 to 253 characters";
	if (n == 0 || n > 253)
		return false;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];

		*why = "write a name with other letters in its ASCII form (xn--...)";
		if (c >= 0x80)
			return false;
		*why = "a name has letters, digits, hyphens and dots";
		if (!isalnum(c) && c != '-' && c != '.' && c != '_')
			return false;
		*why = "between two dots of a name there are 1 to 63 characters";
		if ((c == '.' && label == 0) || label > 63)
			return false;
		label = c == '.' ? 0 : label + 1;
	}
	return label <= 63;
}

static enum err parse_port(uint16_t *out, const char *text, const char **why)
{
	char *end;

	*why = "the port is a number from 1 to 65535";
	errno = 0;
	long v = strtol(text, &end, 10);
	if (errno || !isdigit((unsigned char)*text) || *end || v < 1 || v > 65535)
		return ERR_USAGE;
	*out = (uint16_t)v;
	return ERR_OK;
}

/* Host without its port: it must be an address or a name. */
static enum err take_host(struct target *out, const char *text, size_t len, bool v6_only, const char **why)
{
	struct ip ip;

	*why = "the name is too long";
	if (len >= sizeof(out->host))
		return ERR_USAGE;
	memcpy(out->host, text, len);
	out->host[len] = '\0';
	*why = "that is not an IPv6 address";
	if (ip_parse(&ip, out->host) == ERR_OK)
		return !v6_only || ip.family == 6 ? ERR_OK : ERR_USAGE;
	if (v6_only)
		return ERR_USAGE;
	return target_is_name(out->host, why) ? ERR_OK : ERR_USAGE;
}

enum err target_parse(struct target *out, const char *text, const char **why)
{
	return target_parse_port(out, text, 443, why);
}

enum err target_parse_port(struct target *out, const char *text, uint16_t def_port, const char **why)
{
	const char *colon = strchr(text, ':'), *close = strchr(text, ']');
	enum err e;

	out->port = def_port;
	if (text[0] == '[') {
		*why = "the address is not closed with ]";
		if (!close || (close[1] && close[1] != ':'))
			return ERR_USAGE;
		e = take_host(out, text + 1, (size_t)(close - text) - 1, true, why);
		return e == ERR_OK && close[1] ? parse_port(&out->port, close + 2, why) : e;
	}
	if (colon && strchr(colon + 1, ':')) /* several: a bare IPv6 address */
		return take_host(out, text, strlen(text), true, why);
	e = take_host(out, text, colon ? (size_t)(colon - text) : strlen(text), false, why);
	return e == ERR_OK && colon ? parse_port(&out->port, colon + 1, why) : e;
}
