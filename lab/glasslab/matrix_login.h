/* What the cells of the web and of TLS share: Alice logs in at her bank, and mallory is after her password. */
#ifndef GLASSLAB_MATRIX_LOGIN_H
#define GLASSLAB_MATRIX_LOGIN_H

#include "matrix.h"
#include "scene_freewifi.h"

/* Reads what Alice has to lose, and makes the request that would lose it. */
bool login_prepare(struct matrix *m);

/* One login by `tlsview connect bank.example:443 --send …`; options end with NULL. p gets its report. */
int login_https(struct matrix *m, struct demo_process *p, const char *const options[]);

/* After the attack: its packets, then what the client checked (NULL: it says nothing of itself), then what mallory did. The
 * caller frees it; NULL: out of memory. */
struct wire *login_wire(struct matrix *m, const struct demo_process *client, const char *title);

/* What mallory holds of the login: the password, compared with Alice's, or what little it is. */
void login_loot(struct matrix *m, struct outcome *o, const json_t *result);

#endif
