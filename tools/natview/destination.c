#include <errno.h>
#include <signal.h>
#include <string.h>
#include <strings.h>

#include "glassnet/resolve.h"
#include "whoami.h"

#define HTTP_PORT 80

static bool begins(const char *text, const char *scheme)
{
	return strncasecmp(text, scheme, strlen(scheme)) == 0;
}

/* A path goes into our request as it is: nothing in it may end the line. */
static bool path_is_fit(const char *path)
{
	for (const char *p = path; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

static int parse_url(struct cli *c, struct destination *d, const char *text, const char *rest)
{
	char host[NAME_MAX_TEXT + 16];
	const char *why, *path = rest + strcspn(rest, "/?#");
	if ((size_t)(path - rest) >= sizeof host || strlen(path) + 1 >= sizeof d->path || !path_is_fit(path))
		return cli_usage(c, "'%s' is no URL that can be asked for", text);
	snprintf(host, sizeof host, "%.*s", (int)(path - rest), rest);
	snprintf(d->path, sizeof d->path, "%s%.*s", *path == '/' ? "" : "/", (int)strcspn(path, "#"), path);
	d->http = true;
	if (target_parse_port(&d->target, host, HTTP_PORT, &why) != ERR_OK)
		return cli_usage(c, "'%s' is no URL: %s", text, why);
	return EXIT_YES;
}

int destination_parse(struct cli *c, struct destination *d, const char *text)
{
	const char *why;
	*d = (struct destination){.http = false};
	if (begins(text, "http://"))
		return parse_url(c, d, text, text + strlen("http://"));
	if (begins(text, "https://"))
		return cli_usage(c, "'%s': pages are asked for by http:// here; tlsview shows what https adds", text);
	const char *rest = begins(text, "stun:") ? text + strlen("stun:") : text;
	if (target_parse_port(&d->target, rest, STUN_PORT, &why) != ERR_OK)
		return cli_usage(c, "'%s' is neither stun:HOST[:PORT] nor http://HOST/: %s", text, why);
	return EXIT_YES;
}

int destination_resolve(struct cli *c, struct destination *d, struct deadline end)
{
	struct resolved r;
	uint8_t family = cli_has(c, "ipv4") ? 4 : cli_has(c, "ipv6") ? 6 : 0;
	struct ip ip;
	/* A NAT is mostly met over IPv4, so that is what is asked about where nobody says otherwise. */
	bool literal = ip_parse(&ip, d->target.host) == ERR_OK;
	enum err e = resolve(d->target.host, d->target.port, family || literal ? family : 4, end, &r);
	if (e == ERR_UNREACHABLE && !family && !literal)
		e = resolve(d->target.host, d->target.port, 0, end, &r);
	if (e == ERR_OK) {
		d->at = r.at[0];
		return EXIT_YES;
	}
	if (cli_interrupted())
		return 128 + SIGINT;
	return cli_fail(c, e, "%s: %s", d->target.host, *r.why ? r.why : err_text(e));
}

int no_answer(struct cli *c, const struct destination *d, enum err e, const struct reply *r)
{
	char at[ENDPOINT_TEXT];
	endpoint_text(at, &d->at);
	if (cli_interrupted())
		return 128 + SIGINT;
	if (e == ERR_REFUSED)
		return cli_fail(c, e, "%s: nobody listens there, says %s (ICMP port unreachable)", at, r->who);
	if (e == ERR_UNREACHABLE)
		return cli_fail(
		    c, e, "%s cannot be reached%s%s", at, *r->who ? ", says " : ": ", *r->who ? r->who : err_text(e));
	if (e == ERR_FORMAT)
		return cli_fail(c, e, "%s: %u answer%s came and none was accepted: malformed", at, r->refused,
		    r->refused == 1 ? "" : "s");
	if (e == ERR_TIMEOUT && r->refused)
		return cli_fail(c, e, "%s: %u answer%s came and none was accepted: not from the one who was asked",
		    at, r->refused, r->refused == 1 ? "" : "s");
	if (e == ERR_TIMEOUT)
		return cli_fail(c, e, "%s: no answer, asked %u times", at, r->sent);
	if (e == ERR_NEGATIVE)
		return cli_fail(c, e, "%s: the server answers with error %u", at, r->head.error_code);
	if (e == ERR_BUDGET)
		return cli_fail(c, ERR_NET, "%s: a flood of wrong answers, none was accepted", at);
	return cli_fail(c, e, "%s: %s", at, e == ERR_NET ? strerror(errno) : err_text(e));
}
