/* The matrix: http, which anybody on the way reads, and the ways to make a victim use it. */
#include <stdlib.h>
#include <string.h>

#include "matrix.h"
#include "matrix_login.h"

/* mallory relays http, reads the form and changes the page. */
static void http_none(struct matrix *m, struct outcome *o)
{
	static const char *const curl[] = {
	    "curl", "--silent", "--show-error", "--max-time", "10", "--data", "@-", "http://" BANK "/login", NULL};
	char sent[CELL_TEXT / 2], seen[CELL_TEXT / 2];
	struct demo_process p;

	if (!matrix_freewifi(m, NULL))
		return;
	(void)demo_run(m->d, &p, "laptop", DEMO_TEXT, curl, MATRIX_FORM);
	const json_t *result = login_end(m);
	struct wire *w = wire_watch(m->d, "http at the airport", SHOW_DNS | SHOW_WEB, m->on_wire);
	cell_tried(
	    o, last_connection(result, "http") != NULL, "relayed the laptop's http, read it and changed the page");
	login_loot(m, o, result);
	if (w && o->reached)
		cell_decided(
		    o, "none", w->secret_packet, "no check was asked: http has none; the password stands in packets");
	if (w && w->bank_sent.len > 0 && wire_difference(&w->bank_sent, &w->laptop_got, sent, seen, sizeof(sent)))
		cell_got(o, false, "changed \"%s\" into \"%s\"", sent, seen);
	free(w);
	demo_process_release(&p);
}

static const struct cell cells[] = {
    {"http/none", http_none},
};

const struct cell_family matrix_web = {
    .name = "web", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .prepare = login_prepare};
