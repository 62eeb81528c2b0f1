/* Reading the command line of tlsview connect and diagnose. */
#include <stdio.h>
#include <string.h>

#include "glassnet/addr.h"
#include "crl.h"
#include "options.h"
#include "pin.h"

uint16_t options_version(const char *text, uint16_t otherwise)
{
	return (uint16_t)(!text ? otherwise : strcmp(text, "1.2") == 0 ? 0x0303 : 0x0304);
}

size_t options_alpn(uint8_t *out, size_t cap, const char *list)
{
	size_t n = 0;

	for (;;) {
		size_t len = strcspn(list, ",");

		if (len == 0 || len > 255 || n + 1 + len > cap)
			return 0;
		out[n] = (uint8_t)len;
		memcpy(out + n + 1, list, len);
		n += 1 + len;
		if (!list[len])
			return n;
		list += len + 1;
	}
}

/* "http://HOST[:PORT][/PATH]": cuts the text. Returns false when it is no URL. */
static bool cut_url(struct connect_options *o, struct option_store *s, const char **host)
{
	char *rest = s->url;

	o->http = strncmp(rest, "http://", 7) == 0;
	if (!o->http && strncmp(rest, "https://", 8) != 0)
		return false;
	*host = rest + (o->http ? 7 : 8);
	char *path = strchr(rest + 8, '/');
	if (path) {
		snprintf(s->path, sizeof(s->path), "%s", path);
		*path = '\0';
		o->path = s->path;
	}
	return true;
}

static bool path_is_clean(const char *p)
{
	for (; p && *p; p++)
		if (*p <= ' ' || *p >= 0x7f)
			return false;
	return true;
}

/* The port that goes without saying. */
static uint16_t usual_port(const struct connect_options *o)
{
	return o->starttls == STARTTLS_SMTP ? 25 : o->starttls == STARTTLS_IMAP ? 143 : 443;
}

static int read_target(struct cli *c, struct connect_options *o, struct option_store *s)
{
	const char *why, *host = c->argv[0];

	if (strlen(host) >= sizeof(s->url))
		return cli_usage(c, "'%.60s...' is no HOST[:PORT]: it is too long", host);
	strcpy(s->url, host);
	bool url = cut_url(o, s, &host);
	if (url && o->http && !cli_has(c, "hsts"))
		return cli_usage(c,
		    "'%s': http:// is not encrypted; give https://, or --hsts FILE to see whether the host insists",
		    c->argv[0]);
	if (target_parse(&s->target, host, &why) != ERR_OK)
		return cli_usage(c, "'%s' is no HOST[:PORT]: %s", host, why);
	if (!path_is_clean(o->path))
		return cli_usage(c, "'%s': write blanks and other letters in the path as %%XX", c->argv[0]);
	o->host = s->target.host;
	o->port = s->target.port;
	/* 443 may stand for "none was given" */
	size_t n = strlen(host);
	if (o->port == 443 && (n < 4 || strcmp(host + n - 4, ":443") != 0))
		o->port = usual_port(o);
	if (o->http && o->port == 80) /* RFC 6797 8.3 */
		o->port = 443;
	return EXIT_YES;
}

static int read_lists(struct cli *c, struct connect_options *o, struct option_store *s)
{
	const char *alpn = cli_get(c, "alpn"), *pin;

	if (alpn && !(o->alpn_len = options_alpn(s->alpn, sizeof(s->alpn), alpn)))
		return cli_usage(c, "--alpn %s: a list of names of protocols is needed, as in h2,http/1.1", alpn);
	o->alpn = s->alpn;
	for (int i = 0; (pin = cli_get_nth(c, "pin", i)); i++) {
		if (!pin_parse(s->pins[i], pin))
			return cli_usage(c, "--pin %s: a SHA-256 is needed, 64 hex digits or base64", pin);
		o->n_pins++;
	}
	o->pins = (const uint8_t(*)[PIN_LEN])s->pins;
	return EXIT_YES;
}

static int read_where(struct cli *c, struct connect_options *o)
{
	const char *via = cli_get(c, "connect"), *why;
	struct ip ip;

	o->name = cli_get(c, "name");
	if (o->name && ip_parse(&ip, o->name) != ERR_OK && !target_is_name(o->name, &why))
		return cli_usage(c, "--name %s: %s", o->name, why);
	if (via && endpoint_parse(&o->via, via, o->port) != ERR_OK)
		return cli_usage(
		    c, "--connect %s: an address is needed, as in 192.0.2.1:443 or [2001:db8::1]:443", via);
	if (cli_has(c, "ipv4") && cli_has(c, "ipv6"))
		return cli_usage(c, "-4 and -6 exclude each other");
	o->family = cli_has(c, "ipv4") ? 4 : cli_has(c, "ipv6") ? 6 : 0;
	if (via && o->family && o->via.ip.family != o->family)
		return cli_usage(c, "--connect %s is not an IPv%d address", via, o->family);
	return EXIT_YES;
}

static int read_versions(struct cli *c, struct connect_options *o)
{
	const char *tls = cli_get(c, "tls");

	if (tls && (cli_has(c, "min") || cli_has(c, "max")))
		return cli_usage(c, "--tls stands for --min and --max together: give it alone");
	o->min = options_version(tls ? tls : cli_get(c, "min"), 0x0303);
	o->max = options_version(tls ? tls : cli_get(c, "max"), 0x0304);
	return o->min <= o->max ? EXIT_YES : cli_usage(c, "--min is newer than --max: no version is left to offer");
}

/* Does anybody watch, or is only the result wanted? */
static bool is_quick(const struct cli *c)
{
	return cli_has(c, "quiet") && !cli_has(c, "json") && !cli_has(c, "html") && !cli_has(c, "ladder") &&
	       !cli_has(c, "again") && !cli_has(c, "listener") && !cli_has(c, "secrets");
}

int options_connect(struct cli *c, struct connect_options *o, struct option_store *s)
{
	const char *starttls = cli_get(c, "starttls");

	o->starttls = !starttls ? STARTTLS_NONE : strcmp(starttls, "smtp") == 0 ? STARTTLS_SMTP : STARTTLS_IMAP;
	o->hsts = cli_get(c, "hsts");
	int status = read_target(c, o, s);
	if (status == EXIT_YES)
		status = read_where(c, o);
	if (status == EXIT_YES)
		status = read_versions(c, o);
	if (status == EXIT_YES)
		status = read_lists(c, o, s);
	if (status != EXIT_YES)
		return status;
	o->cafile = cli_get(c, "cafile");
	o->crl = cli_get(c, "crl");
	o->crl_soft = cli_has(c, "crl-soft");
	if (o->crl_soft && (!o->crl || !crl_is_url(o->crl)))
		return cli_usage(c, "--crl-soft is for lists that are fetched: give --crl http://...");
	o->ciphers = cli_get(c, "ciphers");
	o->groups = cli_get(c, "groups");
	o->insecure = cli_has(c, "insecure");
	o->secrets = cli_has(c, "secrets");
	o->listener = cli_has(c, "listener");
	o->again = cli_has(c, "again");
	o->client_cert = cli_get(c, "client-cert");
	o->client_key = cli_get(c, "client-key");
	if (o->client_key && !o->client_cert)
		return cli_usage(c, "--client-key needs --client-cert");
	if (o->again && o->listener)
		return cli_usage(c, "--again compares secrets, and a listener has none: --listener excludes it");
	o->quick = is_quick(c);
	o->ask = cli_has(c, "send")                                   ? ASK_GIVEN
	         : cli_has(c, "no-request") || (o->quick && !o->hsts) ? ASK_NOTHING
	                                                              : ASK_USUAL;
	return cli_seconds(c, "timeout", 3600, &o->timeout_ns) ? EXIT_YES : EXIT_USAGE;
}
