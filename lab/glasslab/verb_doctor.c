/* doctor: can this machine have a lab? */
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "verbs.h"

struct report {
	FILE *out;
	bool utf8;
};

static void put_lines(FILE *out, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		fprintf(out, "        %.*s\n", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void put_finding(void *ctx, const struct finding *f)
{
	const struct report *r = ctx;
	const char *yes = r->utf8 ? "✓" : "ok", *no = r->utf8 ? "✗" : "NO";
	fprintf(r->out, "%s %s", f->good ? yes : f->skipped ? "-" : no, f->what);
	if (f->skipped)
		fprintf(r->out, " (not tried: see above)");
	else if (!f->good)
		fprintf(r->out, ": %s", f->text);
	fputc('\n', r->out);
	if (!f->good && *f->remedy) {
		fprintf(r->out, "    What to do:\n");
		put_lines(r->out, f->remedy);
	}
}

int verb_doctor(struct cli *c)
{
	struct places places;
	struct topology t;
	struct report r = {c->out, cli_style(c).utf8};
	int status = load_topology(c, &places, &t);
	if (status != EXIT_YES)
		return status;
	fprintf(c->out, "What the lab needs of this machine, tried:\n");
	bool good = doctor_examine(&t, put_finding, &r);
	fprintf(c->out, good ? "All is there: glasslab up will work.\n"
	                     : "glasslab up will not work before this is put right.\n");
	topology_release(&t);
	return good ? EXIT_YES : EXIT_NO;
}
