/* Alice's login at the bank, as the cells of the web and of TLS play it. */
#include "matrix_login.h"

#include <string.h>

bool login_prepare(struct matrix *m)
{
	return read_form(m->d, m->password, m->on_wire) && m->password[0] && write_request(m->d);
}

static bool is_any(const json_t *ev)
{
	(void)ev;
	return true;
}

int login_https(struct matrix *m, struct demo_process *p, const char *const options[])
{
	const char *argv[32] = {"tlsview", "connect", BANK ":443", "--send", MATRIX_HTTP};
	size_t n = 5, from = 0;

	for (size_t i = 0; options && options[i] && n < sizeof(argv) / sizeof(argv[0]) - 1; i++)
		argv[n++] = options[i];
	say_command(m->d, "laptop", argv);
	int status = demo_run(m->d, p, "laptop", DEMO_SILENT, argv, NULL);
	retell(m->d, p, &from, m->d->apart ? is_check : is_any);
	return status;
}

const json_t *login_end(struct matrix *m)
{
	const json_t *result = matrix_freewifi_end(m);
	size_t from = 0;

	retell(m->d, &m->wifi, &from, is_deed_or_lie);
	return result;
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
