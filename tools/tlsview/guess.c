/* What a server speaks, by the first octets it sends. */
#include <string.h>

#include "guess.h"

bool guess_is_tls(const uint8_t *p, size_t len)
{
	return !((len > 0 && (p[0] < 20 || p[0] > 24)) || (len > 1 && p[1] != 3) || (len > 2 && p[2] > 4));
}

static bool starts(const uint8_t *p, size_t len, const char *with)
{
	size_t n = strlen(with);

	return len >= n && memcmp(p, with, n) == 0;
}

const char *guess_protocol(const uint8_t *p, size_t len)
{
	static const struct {
		const char *start, *what;
	} known[] = {
	    {"HTTP/", "HTTP without TLS (http://, not https://)"},
	    {"<!DOCTYPE", "HTTP without TLS (http://, not https://)"},
	    {"<html", "HTTP without TLS (http://, not https://)"},
	    {"SSH-", "SSH"},
	    {"+OK", "POP3 without TLS"},
	    {"* OK", "IMAP without TLS"},
	    {"220", "SMTP or FTP without TLS"},
	    {"RFB ", "VNC"},
	    {"-ERR", "Redis or POP3 without TLS"},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (starts(p, len, known[i].start))
			return known[i].what;
	/* MySQL's greeting: three octets of length, number 0, protocol 10. */
	if (len >= 5 && p[2] == 0 && p[3] == 0 && p[4] == 10)
		return "MySQL without TLS";
	return NULL;
}
