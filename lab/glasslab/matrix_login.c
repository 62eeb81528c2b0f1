/* Alice's login at the bank, as the cells of the web and of TLS play it. */
#include "matrix_login.h"

#include <string.h>

bool login_prepare(struct matrix *m)
{
	return read_form(m->d, m->password, m->on_wire) && m->password[0] && write_request(m->d);
}

int login_https(struct matrix *m, struct demo_process *p, const char *const options[])
{
	const char *argv[32] = {"tlsview", "connect", BANK ":443", "--send", MATRIX_HTTP};
	size_t n = 5;

	for (size_t i = 0; options && options[i] && n < sizeof(argv) / sizeof(argv[0]) - 1; i++)
		argv[n++] = options[i];
	say_command(m->d, "laptop", argv);
	return demo_run(m->d, p, "laptop", DEMO_SILENT, argv, NULL);
}

/* A program's own result is not the cell's. */
static bool is_no_result(const json_t *ev)
{
	const char *kind = json_string_value(json_object_get(ev, "kind"));

	return kind && strcmp(kind, "result") != 0;
}

struct wire *login_wire(struct matrix *m, const struct demo_process *client, const char *title)
{
	size_t from = 0, deeds = 0;
	struct wire *w = wire_watch(m->d, title, SHOW_DNS | SHOW_WEB, m->on_wire);

	if (client && client->events)
		retell(m->d, client, &from, m->d->apart ? is_check : is_no_result);
	retell(m->d, &m->wifi, &deeds, is_deed_or_lie);
	return w;
}

void login_loot(struct matrix *m, struct outcome *o, const json_t *result)
{
	const char *password = loot_value(result, "password");
	bool has = password && m->password[0] && strcmp(password, m->password) == 0;
	char holds[CELL_TEXT];

	if (has) {
		cell_got(o, true, "the password");
		return;
	}
	holdings_text(result, holds, sizeof(holds));
	cell_got(o, false, "%s", holds);
	cell_not_got(o, "the password");
}
