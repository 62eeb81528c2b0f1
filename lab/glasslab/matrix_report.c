/* What a cell of the matrix uses: its report, and mallory and the laptop at its hands. */
#include <stdarg.h>
#include <string.h>

#include "matrix.h"

/* --- the report --- */

static void add_text(char out[static CELL_TEXT], const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

static void add_text(char out[static CELL_TEXT], const char *fmt, va_list ap)
{
	size_t at = strlen(out);

	if (at > 0 && at + 2 < CELL_TEXT)
		at += (size_t)snprintf(out + at, CELL_TEXT - at, "; ");
	vsnprintf(out + at, CELL_TEXT - at, fmt, ap);
}

void cell_tried(struct outcome *o, bool seen, const char *fmt, ...)
{
	va_list ap;

	o->ran = seen;
	va_start(ap, fmt);
	add_text(o->tried, fmt, ap);
	va_end(ap);
}

void cell_got(struct outcome *o, bool aim, const char *fmt, ...)
{
	va_list ap;

	o->reached |= aim;
	va_start(ap, fmt);
	add_text(o->got, fmt, ap);
	va_end(ap);
}

void cell_not_got(struct outcome *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add_text(o->not_got, fmt, ap);
	va_end(ap);
}

void cell_decided(struct outcome *o, const char *check, uint64_t packet, const char *fmt, ...)
{
	va_list ap;

	snprintf(o->check, sizeof(o->check), "%s", check);
	o->packet = packet;
	va_start(ap, fmt);
	vsnprintf(o->decided, sizeof(o->decided), fmt, ap);
	va_end(ap);
}

static const char *text_of(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s ? s : "";
}

bool cell_decided_by(struct outcome *o, const struct demo_process *p, const char *id, uint64_t packet)
{
	for (size_t i = 0; i < json_array_size(p->events); i++) {
		const json_t *ev = json_array_get(p->events, i);
		bool wanted = id ? strcmp(text_of(ev, "id"), id) == 0 : strcmp(text_of(ev, "verdict"), "fail") == 0;
		if (strcmp(text_of(ev, "kind"), "check") != 0 || !wanted)
			continue;
		cell_decided(o, text_of(ev, "id"), packet, "%s", text_of(ev, "text"));
		return true;
	}
	return false;
}

enum cell_verdict cell_judge(const struct outcome *o)
{
	if (!o->ran)
		return CELL_UNDECIDED;
	if (o->reached)
		return CELL_NOT_STOPPED;
	return *o->decided ? CELL_STOPPED : CELL_UNDECIDED;
}

/* --- the lab --- */

int matrix_sh(struct matrix *m, const char *host, const char *script, const char *arg)
{
	const char *const args[] = {"exec", host, "--", "sh", "-c", script, "sh", arg, NULL};

	return demo_glasslab(m->d, args);
}

static bool start(struct matrix *m, struct demo_process *p, const char *const argv[])
{
	char line[512] = "$ glasslab exec mallory --";
	size_t at = strlen(line);

	for (size_t i = 0; argv[i] && at < sizeof(line); i++)
		at += (size_t)snprintf(line + at, sizeof(line) - at, " %s", argv[i]);
	ev_decision(&m->d->trace, "command", NULL, "%s", line);
	demo_stop(m->d, p);
	demo_process_release(p);
	bool ok =
	    demo_start(m->d, p, "mallory", DEMO_SILENT, argv, NULL) && demo_follow(m->d, p, "decision", "ready");
	if (!ok && !cli_interrupted())
		ev_warning(&m->d->trace, "%s %s did not start", argv[0], argv[1]);
	return ok;
}

bool matrix_freewifi(struct matrix *m, const char *const options[])
{
	const char *argv[24] = {"mallory", "freewifi"};
	size_t n = 2;

	for (size_t i = 0; options && options[i] && n < sizeof(argv) / sizeof(argv[0]) - 1; i++)
		argv[n++] = options[i];
	if (!start(m, &m->wifi, argv))
		return false;
	if (m->at_airport) { /* with the lease that it had here before */
		ev_state(&m->d->trace, "network", "laptop", NULL, "airport", "it is there since an earlier attack");
		return true;
	}
	m->at_airport = true; /* or on its way */
	if (demo_move(m->d, "laptop", "airport") && demo_follow(m->d, &m->wifi, "state", "lease"))
		return true;
	ev_warning(&m->d->trace, "the laptop has no address at the airport");
	return false;
}

bool matrix_middle(struct matrix *m, const char *const argv[])
{
	return start(m, &m->middle, argv);
}

static const json_t *end(struct matrix *m, struct demo_process *p)
{
	demo_stop(m->d, p);
	return p->result;
}

const json_t *matrix_freewifi_end(struct matrix *m)
{
	return end(m, &m->wifi);
}

const json_t *matrix_middle_end(struct matrix *m)
{
	return end(m, &m->middle);
}

bool matrix_home(struct matrix *m)
{
	if (!m->at_airport)
		return true;
	m->at_airport = !demo_move(m->d, "laptop", "home");
	return !m->at_airport;
}
