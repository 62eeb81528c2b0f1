/* move, facts. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "glassnet/clock.h"
#include "verbs.h"

#define WAIT_SECONDS 3 /* for an address; DHCP takes milliseconds here */
#define LOOK_MS      10

/* --- move --- */

static json_t *find_named(const json_t *facts, const char *list, const char *name)
{
	size_t i;
	json_t *o;
	json_array_foreach(json_object_get(facts, list), i, o)
	{
		const char *n = json_string_value(json_object_get(o, "name"));
		if (n && strcmp(n, name) == 0)
			return o;
	}
	return NULL;
}

static bool is_network(struct cli *c, const struct lab *lab, const char *name)
{
	char list[512] = "";
	size_t i;
	json_t *o;
	if (find_named(lab_facts(lab), "lans", name))
		return true;
	json_array_foreach(json_object_get(lab_facts(lab), "lans"), i, o) snprintf(list + strlen(list),
	    sizeof list - strlen(list), "%s%s", i ? ", " : "", json_string_value(json_object_get(o, "name")));
	cli_usage(c, "the lab has no network '%s'; it has %s", name, list);
	return false;
}

/* The first address of a host as the facts have it ("192.168.1.134/24"); NULL: it has none. */
static const char *first_address(const json_t *host)
{
	return json_string_value(
	    json_array_get(json_object_get(json_array_get(json_object_get(host, "interfaces"), 0), "addresses"), 0));
}

static bool all_ready(const json_t *host)
{
	size_t i;
	json_t *s;
	json_array_foreach(json_object_get(host, "services"), i, s)
	{
		const char *state = json_string_value(json_object_get(s, "state"));
		if (!state || strcmp(state, "starting") == 0)
			return false;
	}
	return true;
}

static void pause_ms(long ms)
{
	struct timespec t = {.tv_nsec = ms * NS_PER_MS};
	nanosleep(&t, NULL);
}

/* Says where the host is now, and what address it got there. */
static int say_moved(struct cli *c, struct lab *lab, const char *host, const char *lan, long looks)
{
	json_t *request = json_pack("{s:s}", "do", "facts"), *facts = NULL, *h = NULL;
	char why[LAB_WHY_MAX];
	enum err e = ERR_OK;
	do {
		json_decref(facts);
		e = lab_request(lab, request, &facts, NULL, 0, NULL, why);
		h = find_named(facts, "hosts", host);
		if (e != ERR_OK || all_ready(h) || cli_interrupted())
			break;
		pause_ms(LOOK_MS);
	} while (looks-- > 0);
	const char *addr = first_address(h);
	if (e == ERR_OK && !cli_has(c, "quiet"))
		fprintf(c->out,
		    addr ? "%s is in %s now, with the address %s\n"
		         : "%s is in %s now; nobody there has given it an address yet\n",
		    host, lan, addr);
	json_decref(request);
	json_decref(facts);
	return e == ERR_OK ? EXIT_YES : cli_fail(c, e, "the lab does not answer: %s", err_text(e));
}

static int move(struct cli *c, struct lab *lab, const char *host, const char *lan, long looks)
{
	char why[LAB_WHY_MAX];
	json_t *request = json_pack("{s:s,s:s,s:s}", "do", "move", "host", host, "lan", lan), *reply = NULL;
	enum err e = lab_request(lab, request, &reply, NULL, 0, NULL, why);
	json_decref(request);
	json_decref(reply);
	if (e != ERR_OK)
		return cli_fail(c, e, "%s", *why ? why : err_text(e));
	return say_moved(c, lab, host, lan, looks);
}

int verb_move(struct cli *c)
{
	int status = EXIT_USAGE;
	long wait = WAIT_SECONDS;
	if (!cli_number(c, "wait", 0, 3600, &wait))
		return EXIT_USAGE;
	struct lab *lab = open_lab(c, &status);
	if (!lab)
		return status;
	cli_catch_interrupt();
	status = EXIT_USAGE;
	if (find_host(c, lab, c->argv[0]) >= 0 && is_network(c, lab, c->argv[1]))
		status = move(c, lab, c->argv[0], c->argv[1], wait * 1000 / LOOK_MS);
	lab_close(lab);
	return status;
}

/* --- facts --- */

int verb_facts(struct cli *c)
{
	int status;
	struct lab *lab = open_lab(c, &status);
	if (!lab)
		return status;
	json_dumpf(lab_facts(lab), c->out, JSON_INDENT(2)); /* an error stays in the stream, for the end */
	fputc('\n', c->out);
	lab_close(lab);
	return EXIT_YES;
}
