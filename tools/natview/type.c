/* type: how does the NAT on the way behave? The tests are in behaviour.c; here are the options and the verdict. */
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "behaviour.h"
#include "recorder.h"
#include "whoami.h"

#define TIMEOUT_NS   (30 * NS_PER_S)
#define RTO_NS       (250 * NS_PER_MS)
#define LIFETIME_MAX 86400.0 /* seconds */

static const char *change_name(enum change c)
{
	switch (c) {
	case CHANGE_UNTRIED:
		return "untried";
	case CHANGE_HONOURED:
		return "honoured";
	case CHANGE_IGNORED:
		return "ignored";
	case CHANGE_REFUSED:
		return "refused";
	case CHANGE_UNSEEN:
		return "unseen";
	}
	return "";
}

static json_t *finding_json(enum finding f)
{
	return f == FINDING_UNKNOWN ? json_null() : json_boolean(f == FINDING_YES);
}

static char *as_json(const struct behaviour *b)
{
	char local[ENDPOINT_TEXT], mapped[ENDPOINT_TEXT];
	json_t *o = json_pack("{s:b,s:s,s:s,s:s,s:s,s:s,s:o}", "nat", b->nat, "mapping",
	    b->nat ? dependence_name(b->mapping) : "none", "filtering", dependence_name(b->filtering),
	    "change_request", change_name(b->change), "local", endpoint_text(local, &b->local), "mapped",
	    endpoint_text(mapped, &b->mapped), "hairpin", finding_json(b->hairpin));
	if (classic_name(b))
		json_object_set_new(o, "classic", json_string(classic_name(b)));
	if (b->nat) {
		json_object_set_new(o, "port_preserved", json_boolean(b->kept == b->sockets));
		json_object_set_new(o, "ports_kept", json_integer(b->kept));
		json_object_set_new(o, "ports_seen", json_integer(b->sockets));
	}
	if (b->hairpin == FINDING_YES)
		json_object_set_new(o, "hairpin_source", json_string(b->hairpin_outside ? "outside" : "inside"));
	if (b->lifetime == FINDING_YES) {
		json_object_set_new(o, "lifetime_at_least_s", json_real((double)b->alive_ns / 1e9));
		if (b->dead_ns)
			json_object_set_new(o, "lifetime_at_most_s", json_real((double)b->dead_ns / 1e9));
	}
	if (*b->why)
		json_object_set_new(o, "why_unknown", json_string(b->why));
	char *text = json_dumps(o, JSON_COMPACT);
	json_decref(o);
	return text;
}

/* --- in words ----------------------------------------------------------------------------------------------------- */

static const char *mapping_means(enum dependence d)
{
	switch (d) {
	case DEPENDS_ON_NOTHING:
		return "one outside port for one socket, whoever it talks to";
	case DEPENDS_ON_ADDRESS:
		return "another outside port for each other address";
	case DEPENDS_ON_PORT:
		return "another outside port for each other address and port";
	case DEPENDS_UNKNOWN:
		break;
	}
	return "";
}

static const char *filtering_means(enum dependence d)
{
	switch (d) {
	case DEPENDS_ON_NOTHING:
		return "whoever knows the outside port may send to it";
	case DEPENDS_ON_ADDRESS:
		return "who was written to may answer, from any port";
	case DEPENDS_ON_PORT:
		return "who was written to may answer, from that very port";
	case DEPENDS_UNKNOWN:
		break;
	}
	return "";
}

static void say_dependence(struct trace *t, const struct behaviour *b)
{
	if (b->nat && b->mapping != DEPENDS_UNKNOWN)
		ev_decision(t, "mapping", "RFC 4787 4.1", "Mapping: %s (%s).", mapping_means(b->mapping),
		    dependence_name(b->mapping));
	else
		ev_decision(t, "mapping", "RFC 4787 4.1", "Mapping: %s%s.",
		    b->nat ? "not known; " : "none, there is no NAT", b->nat ? b->why : "");
	if (b->filtering != DEPENDS_UNKNOWN)
		ev_decision(t, "filtering", "RFC 4787 5", "Filtering%s: %s (%s).",
		    b->nat ? "" : ", by a firewall if any", filtering_means(b->filtering),
		    dependence_name(b->filtering));
	else
		ev_decision(t, "filtering", "RFC 4787 5", "Filtering: not known; %s.", b->why);
}

static void say_rest(struct trace *t, const struct behaviour *b)
{
	ev_decision(t, "port", "RFC 4787 4.2.1",
	    "Ports: %u of %u sockets kept their own port outside (port preservation).", b->kept, b->sockets);
	if (b->hairpin != FINDING_UNKNOWN)
		ev_decision(t, "hairpin", "RFC 4787 6", "Hairpin: from inside to its own outside address %s%s.",
		    b->hairpin == FINDING_YES ? "a packet gets through" : "nothing gets through",
		    b->hairpin != FINDING_YES ? ""
		    : b->hairpin_outside      ? ", with the sender's outside address"
		                              : ", but with the sender's inside address");
	if (b->lifetime != FINDING_YES)
		ev_decision(t, "lifetime", "RFC 4787 4.3", "Lifetime of a binding: not known.");
	else if (b->dead_ns)
		ev_decision(t, "lifetime", "RFC 4787 4.3",
		    "Lifetime of a binding nobody uses: more than %.1f s, less than %.1f s.",
		    (double)b->alive_ns / 1e9, (double)b->dead_ns / 1e9);
	else
		ev_decision(t, "lifetime", "RFC 4787 4.3",
		    "Lifetime of a binding nobody uses: more than %.1f s (--lifetime 200 looks for its end).",
		    (double)b->alive_ns / 1e9);
}

static enum err conclude(struct trace *t, const struct behaviour *b)
{
	const char *classic = classic_name(b);
	char *json = as_json(b);
	bool known = b->filtering != DEPENDS_UNKNOWN && (!b->nat || b->mapping != DEPENDS_UNKNOWN);
	enum err e = known || !b->nat ? ERR_OK : ERR_NEGATIVE;
	ev_heading(t, "What was found");
	if (b->rewritten)
		ev_warning(t, "Addresses inside the messages are changed on the way (an application layer gateway).");
	say_dependence(t, b);
	if (b->nat)
		say_rest(t, b);
	if (!b->nat && b->filtering == DEPENDS_ON_NOTHING)
		ev_result(t, e, json, "No NAT, and nothing filtered: others see this machine as it sees itself.");
	else if (!b->nat)
		ev_result(t, e, json, "No NAT: others see this machine as it sees itself. Filtering: %s.",
		    dependence_name(b->filtering));
	else
		ev_result(t, e, json, "A NAT with %s mapping and %s filtering%s%s%s.",
		    b->mapping == DEPENDS_UNKNOWN ? "an unknown" : dependence_name(b->mapping),
		    b->filtering == DEPENDS_UNKNOWN ? "unknown" : dependence_name(b->filtering), classic ? " (" : "",
		    classic ? classic : "", classic ? ")" : "");
	free(json);
	return e;
}

/* --- the verb ----------------------------------------------------------------------------------------------------------- */

static int run(struct cli *c, struct study *s, const struct destination *d)
{
	struct recorder record;
	struct behaviour b;
	struct reply r;
	char at[ENDPOINT_TEXT];
	int status = recorder_open_towards(c, &record, &d->at.ip, "udp or icmp or icmp6");
	if (status != EXIT_YES)
		return status;
	ev_heading(
	    s->asker.t, "What does the NAT do between here and %s, %s?", d->target.host, endpoint_text(at, &d->at));
	enum err e = behaviour_study(s, &b, &r);
	if (e != ERR_OK)
		status = no_answer(c, d, e, &r);
	else if (cli_interrupted())
		status = 128 + SIGINT;
	else if (deadline_left(s->asker.end) == 0)
		status = cli_fail(c, ERR_TIMEOUT, "not all tests were done in time (--timeout)");
	else
		status = (int)err_exit(conclude(s->asker.t, &b));
	return recorder_close(c, &record, status);
}

int verb_type(struct cli *c)
{
	struct trace t;
	char me[NAME_TEXT];
	struct destination d;
	struct study s = {.lifetime_ns = 0};
	int64_t timeout = TIMEOUT_NS;
	if (sodium_init() < 0)
		return cli_fail(c, ERR_INTERNAL, "no source of randomness");
	int status = destination_parse(c, &d, c->argv[0]);
	if (status == EXIT_YES && d.http)
		status = cli_usage(c, "'%s': a NAT's behaviour is asked of a STUN server: stun:HOST", c->argv[0]);
	if (status == EXIT_YES && cli_has(c, "ipv4") && cli_has(c, "ipv6"))
		status = cli_usage(c, "-4 and -6 exclude each other");
	if (status == EXIT_YES &&
	    (!cli_seconds(c, "timeout", 3600, &timeout) || !cli_seconds(c, "lifetime", LIFETIME_MAX, &s.lifetime_ns)))
		status = EXIT_USAGE;
	if (status != EXIT_YES)
		return status;
	cli_catch_interrupt();
	struct deadline end = deadline_in(timeout + s.lifetime_ns, cli_interrupt_fd());
	status = destination_resolve(c, &d, end);
	if (status != EXIT_YES)
		return status;
	enum err e = cli_trace_open(c, &t, &clock_real, own_name(me));
	s.asker = (struct asker){.t = &t, .me = me, .server = d.target.host, .end = end, .rto_ns = RTO_NS};
	s.server = d.at;
	status = e == ERR_OK ? run(c, &s, &d) : (int)err_exit(e);
	return cli_trace_close(c, &t, status);
}
