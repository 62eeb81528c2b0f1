/* up, down, status. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "doctor.h"
#include "holder.h"
#include "sheet_work.h"
#include "verbs.h"

#define UP_SECONDS    20 /* for very slow machines; it takes a fraction of one */
#define DOWN_SECONDS  10
#define OPEN_TRIES    20
#define OPEN_PAUSE_NS (10 * NS_PER_MS)

static double seconds_since(const struct timespec *start)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start->tv_sec) + (double)(now.tv_nsec - start->tv_nsec) / (double)NS_PER_S;
}

/* --- up --- */

/* One of that name runs already: that is what was asked for, if it is the same network. */
static int runs_already(struct cli *c, const char *name, const struct topology *t)
{
	struct lab *lab;
	enum err e = lab_open(&lab, name);
	for (int i = 0; e == ERR_CLOSED && i < OPEN_TRIES; i++) { /* it has its name, and does not listen yet */
		nanosleep(&(struct timespec){.tv_nsec = OPEN_PAUSE_NS}, NULL);
		e = lab_open(&lab, name);
	}
	if (e != ERR_OK)
		return cli_fail(
		    c, e, "a lab called \"%s\" runs already, but it cannot be asked: %s", name, err_text(e));
	const char *digest = json_string_value(json_object_get(lab_facts(lab), "topology"));
	bool same = digest && strcmp(digest, t->digest) == 0;
	lab_close(lab);
	if (!same)
		return cli_fail(c, ERR_NEGATIVE,
		    "a lab called \"%s\" runs already, from another topology: `glasslab down` first, or "
		    "--lab NAME",
		    name);
	if (!cli_has(c, "quiet"))
		fprintf(c->out, "the lab \"%s\" runs already\n", name);
	return EXIT_YES;
}

static void say_up(struct cli *c, const char *name, const struct topology *t, const struct timespec *start)
{
	size_t services = 0;
	for (size_t i = 0; i < t->n_hosts; i++)
		services += t->host[i].n_services;
	fprintf(c->out, "the lab \"%s\" is up: %zu hosts, %zu services, all answering after %.2f s\n", name,
	    t->n_hosts, services, seconds_since(start));
}

/* Most of what can fail fails because of the machine: then the doctor knows better what is wrong, and what to
 * do. */
static int say_failed(struct cli *c, enum err e, const struct why *w, const struct topology *t)
{
	struct finding f;
	if ((e != ERR_PERM && e != ERR_UNSUPPORTED) || !doctor_first_failure(t, &f))
		return cli_fail(c, e, "%s", w->text);
	cli_fail(c, e, "this machine cannot %s: %s", f.what, f.text);
	for (char *p = f.remedy, *next; p && *p; p = next) {
		next = strchr(p, '\n');
		if (next)
			*next++ = '\0';
		fprintf(stderr, "    %s\n", p);
	}
	return (int)err_exit(e);
}

int verb_up(struct cli *c)
{
	struct why w = {""};
	struct places places;
	struct topology t;
	struct timespec start;
	clock_gettime(CLOCK_MONOTONIC, &start);
	const char *name = lab_name(c);
	int64_t timeout = UP_SECONDS * NS_PER_S;
	if (!name || !cli_seconds(c, "timeout", 3600, &timeout))
		return EXIT_USAGE;
	char inside[LAB_HOST_MAX];
	if (lab_self(inside) == ERR_OK)
		return cli_fail(c, ERR_NEGATIVE, "this is %s, inside a lab: labs are started outside", inside);
	int status = load_topology(c, &places, &t);
	if (status != EXIT_YES)
		return status;
	struct holder_options o = {name, places.data, places.bin, cli_get(c, "seed"), timeout};
	enum err e = holder_up(&o, &t, &w);
	if (e == ERR_NEGATIVE)
		status = runs_already(c, name, &t);
	else if (e != ERR_OK)
		status = say_failed(c, e, &w, &t);
	else if (!cli_has(c, "quiet"))
		say_up(c, name, &t, &start);
	if (e == ERR_OK)
		work_resume(name);
	topology_release(&t);
	return status;
}

/* --- down --- */

int verb_down(struct cli *c)
{
	int status;
	char why[LAB_WHY_MAX];
	struct lab *lab = open_lab(c, &status);
	if (!lab) /* nothing to stop: what was asked for is so */
		return status == EXIT_NETWORK ? EXIT_NO : status;
	int holder = (int)syscall(SYS_pidfd_open, lab_holder(lab), 0);
	json_t *request = json_pack("{s:s}", "do", "down"), *reply = NULL;
	enum err e = lab_request(lab, request, &reply, NULL, 0, NULL, why);
	json_decref(request);
	json_decref(reply);
	/* It is over when the holder has ended: the kernel lets it end last. */
	struct pollfd p = {.fd = holder, .events = POLLIN};
	if (e == ERR_OK && holder >= 0 && poll(&p, 1, DOWN_SECONDS * 1000) == 0)
		e = ERR_TIMEOUT;
	if (holder >= 0)
		close(holder);
	lab_close(lab);
	return e == ERR_OK ? EXIT_YES : cli_fail(c, e, "the lab does not go down: %s", err_text(e));
}

/* --- status --- */

static const char *text_of(const json_t *o, const char *key)
{
	const char *v = json_string_value(json_object_get(o, key));
	return v ? v : "";
}

#define STATUS_COLUMN 42 /* what a service does */

static bool print_services(FILE *out, const json_t *host, unsigned width)
{
	size_t i;
	json_t *s;
	bool good = true;
	json_array_foreach(json_object_get(host, "services"), i, s)
	{
		const char *state = text_of(s, "state");
		json_int_t pid = json_integer_value(json_object_get(s, "pid"));
		good = good && (strcmp(state, "ready") == 0 || strcmp(state, "done") == 0);
		fprintf(out, "%-12s %-10s %-9s", text_of(host, "name"), text_of(s, "name"), state);
		if (pid)
			fprintf(out, " %5" JSON_INTEGER_FORMAT, pid);
		else
			fprintf(out, "     -");
		fprintf(out, "  ");
		write_wrapped(out, text_of(s, "title"), STATUS_COLUMN, STATUS_COLUMN, width);
	}
	if (i == 0) {
		fprintf(out, "%-12s %-10s %-9s     -  ", text_of(host, "name"), "-", "-");
		write_wrapped(out, text_of(host, "title"), STATUS_COLUMN, STATUS_COLUMN, width);
	}
	return good;
}

int verb_status(struct cli *c)
{
	int status;
	size_t i;
	json_t *host;
	bool good = true;
	struct lab *lab = open_lab(c, &status);
	if (!lab)
		return status == EXIT_NETWORK ? EXIT_NO : status;
	if (!cli_has(c, "quiet"))
		fprintf(c->out, "%-12s %-10s %-9s %5s  %s\n", "HOST", "SERVICE", "STATE", "PID", "WHAT IT DOES");
	json_array_foreach(json_object_get(lab_facts(lab), "hosts"), i, host) good =
	    print_services(c->out, host, cli_style(c).width) && good;
	lab_close(lab);
	return good ? EXIT_YES : EXIT_NO;
}
