/* HSTS around a connection: is http allowed, may a refusal be ignored, what did the server say for next time?
 * RFC 6797 8. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "glassnet/addr.h"
#include "glassnet/proto/http.h"
#include "hsts.h"

static int64_t now_s(const struct clock *clock)
{
	return clock_now(clock) / NS_PER_S;
}

static enum err cannot(struct result *res, enum err e, const char *path, size_t line)
{
	if (e == ERR_FORMAT)
		return result_set(
		    res, e, "%s, line %zu: not a line of an HSTS file (host \"YYYYMMDD HH:MM:SS\")", path, line);
	if (e == ERR_TOO_LONG)
		return result_set(res, e, "%s: more than %d hosts", path, HSTS_HOSTS_MAX);
	return result_set(res, e, "%s: %s", path, e == ERR_IO ? strerror(errno) : err_text(e));
}

enum err hsts_before(
    const char *path, bool http, bool *insists, const struct clock *clock, struct trace *t, struct result *res)
{
	struct hsts h;
	size_t line;
	char until[HSTS_UNTIL_TEXT];
	enum err e = hsts_read(&h, path, &line);

	*insists = false;
	if (e != ERR_OK)
		return cannot(res, e, path, line);
	const struct hsts_host *one = hsts_find(&h, res->name, now_s(clock));
	if (one) {
		*insists = true;
		checks_add(&res->checks, t, Q_HSTS, "hsts-known", VERDICT_PASS, -1,
		    "%s%s said so on an earlier visit; it holds until %s%s", one->name,
		    one->subdomains ? " (for its subdomains, too)" : "", hsts_until_text(until, one->until),
		    http ? ": http:// becomes https:// here, before anything is sent" : "");
	} else if (http) {
		checks_add(&res->checks, t, Q_HSTS, "hsts-unknown", VERDICT_FAIL, -1,
		    "nothing is known of %s: a browser would now ask over http, in the clear, and whoever is on the "
		    "way could "
		    "answer",
		    res->name);
		e = result_set(res, ERR_NEGATIVE,
		    "refused: http://%s would go in the clear, and nobody knows that the host insists on https. Ask "
		    "for https "
		    "once, and it can say so (Strict-Transport-Security). Nothing was sent.",
		    res->name);
	} else {
		checks_add(&res->checks, t, Q_HSTS, "hsts-unknown", VERDICT_SKIP, -1,
		    "nothing is known of %s yet: this is the first visit, or what it said is over", res->name);
	}
	hsts_release(&h);
	return e;
}

static enum err learn(
    const char *path, int64_t age, bool subdomains, int64_t now, struct trace *t, struct result *res)
{
	struct hsts_host before;
	char was[HSTS_UNTIL_TEXT + 24] = "", until[HSTS_UNTIL_TEXT], is[HSTS_UNTIL_TEXT + 24];
	size_t line;
	enum err e = hsts_remember(path, res->name, age, subdomains, now, &before, &line);

	if (e != ERR_OK)
		return cannot(res, e, path, line);
	if (before.name[0])
		snprintf(was, sizeof(was), "%s%s", hsts_until_text(until, before.until),
		    before.subdomains ? ", with subdomains" : "");
	snprintf(is, sizeof(is), "%s%s", hsts_until_text(until, now + age), subdomains ? ", with subdomains" : "");
	if (age > 0 || before.name[0])
		ev_state(t, "HSTS", res->name, was[0] ? was : NULL, age > 0 ? is : NULL,
		    age > 0 ? "the server says: for the next %lld seconds come by https only"
		            : "the server says max-age=%lld: forget it",
		    (long long)age);
	return ERR_OK;
}

enum err hsts_after(const char *path, const struct clock *clock, struct trace *t, struct result *res)
{
	struct http h;
	struct http_header header;
	struct ip ip;
	int64_t age;
	bool subdomains;
	size_t at;

	if (!res->reply || http_parse(&h, res->reply, res->data_in, &at) != ERR_OK ||
	    !http_header_find(&h, res->reply, "Strict-Transport-Security", &header)) {
		ev_decision(t, "no-hsts", "RFC 6797 8.1", "the server says nothing of Strict-Transport-Security");
		return ERR_OK;
	}
	if (ip_parse(&ip, res->name) == ERR_OK) {
		ev_decision(
		    t, "hsts-ignored", "RFC 6797 8.1.1", "an address cannot insist on https, only a name can");
		return ERR_OK;
	}
	if (!hsts_header(res->reply + header.value.off, header.value.len, &age, &subdomains)) {
		ev_decision(t, "hsts-malformed", "RFC 6797 6.1",
		    "its Strict-Transport-Security is not well-formed, and counts for nothing");
		return ERR_OK;
	}
	return learn(path, age, subdomains, now_s(clock), t, res);
}
