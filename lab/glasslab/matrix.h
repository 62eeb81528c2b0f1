/* The matrix: attacks against protections. Each cell is played for real in the lab, and its verdict is measured.
 *
 * A family (the web, TLS, DNS, …) is a table of cells in C and a file of prose (lab/scenes/matrix/NAME.conf). A cell
 * plays its attack and reports what it observed, by the cell_…() functions; it never says how the attack ended. The
 * verdict is drawn from the report:
 *
 *     not stopped   the attack was seen to happen, and mallory reached what it was after
 *     stopped       it was seen to happen, mallory did not reach it, and a check is known that decided
 *     undecided     all else: what did not run, or failed for no known reason, has shown nothing
 *
 * It is then held against the prediction in the file of prose. Nothing but observations may stand in a report: what
 * mallory's RESULT holds compared with the secret, what the victim's program checked, what is in the packets. */
#ifndef GLASSLAB_MATRIX_H
#define GLASSLAB_MATRIX_H

#include "demo.h"

#define CELL_TEXT     512
#define MATRIX_FOLDER "/run/glassnet/user/matrix" /* on the laptop, empty when a cell begins; gone in the end */

/* Alice's login: form and password. MATRIX_HTTP is the request as a browser sends it, with the form. */
#define MATRIX_FORM "/run/glassnet/user/login.form"
#define MATRIX_HTTP "/run/glassnet/user/login.http"

enum cell_verdict { CELL_UNDECIDED, CELL_STOPPED, CELL_NOT_STOPPED };

/* What was observed in one cell. */
struct outcome {
	bool ran;       /* the attack was seen to happen */
	bool overruled; /* the check that decided said no, and the victim went on */
	bool reached;   /* mallory has what it was after */
	char tried[CELL_TEXT], got[CELL_TEXT], not_got[CELL_TEXT];
	char check[64], decided[CELL_TEXT]; /* which check decided, and what it said */
	uint64_t packet;                    /* in which packet of the lab that is seen; 0: in none */
};

struct matrix;

struct cell {
	const char *id; /* "strip/hsts" */
	void (*run)(struct matrix *m, struct outcome *o);
};

/* What is known of a cell: its prose (borrowed), what was observed, and the verdict. */
#define MATRIX_MAX 64
struct matrix_row {
	const char *id, *family, *attack, *protection, *explain, *lesson, *predict;
	struct outcome outcome;
	const char *verdict; /* "stopped", "not stopped", "undecided" */
};

struct cell_family {
	const char *name; /* of its file of prose */
	const struct cell *cells;
	size_t n;
	bool (*prepare)(struct matrix *m); /* before its first cell; or NULL. false: its cells are undecided */
	void (*clean)(struct demo *d);     /* puts the lab back, after its last cell or an interrupt; or NULL */
};

/* The families that there are, in the order in which they are played; NULL past the last. */
const struct cell_family *matrix_family(size_t i);

extern const struct cell_family matrix_web, matrix_dns, matrix_tls, matrix_ca, matrix_suites, matrix_ssh, matrix_dh,
    matrix_download;

struct matrix {
	struct demo *d;             /* of the cell that is played: what is traced here becomes its page */
	struct demo_process wifi;   /* mallory's network, while it is open */
	struct demo_process middle; /* another of mallory's programs */
	bool at_airport;
	bool ready;                       /* what the family needs is there */
	char password[256], on_wire[256]; /* Alice's password, and as the form has it: only to compare */
};

/* --- the report --- */

/* What mallory tried, and whether it was seen to happen: a victim's packet came to mallory, a lie was sent. */
void cell_tried(struct outcome *o, bool seen, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* What mallory has of it; aim: that is what it was after. May be called more than once. */
void cell_got(struct outcome *o, bool aim, const char *fmt, ...) PRINTF_LIKE(3, 4);
void cell_not_got(struct outcome *o, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Which check decided: its id, as the program that asked names it (X509_V_ERR_HOSTNAME_MISMATCH), the packet in which that
 * is seen, and what it found. For an attack that nothing stopped: which check was asked and passed, or that none was. */
void cell_decided(struct outcome *o, const char *check, uint64_t packet, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* The same, where the check is an event of a program that has run: the first that failed, or the one with that id. false:
 * there is none such, and nothing is taken down. */
bool cell_decided_by(struct outcome *o, const struct demo_process *p, const char *id, uint64_t packet);

/* The verdict that follows from the report, and from nothing else. */
enum cell_verdict cell_judge(const struct outcome *o);

/* --- the lab --- */

/* Starts `mallory freewifi OPTIONS…` (NULL at the end), waits until its network is open, and brings the laptop there.
 * false: it is not so, and the cell is undecided. */
bool matrix_freewifi(struct matrix *m, const char *const options[]);

/* Starts another of mallory's programs ({"mallory", "ssh", NULL}) and waits until it is ready; needs matrix_freewifi(). */
bool matrix_middle(struct matrix *m, const char *const argv[]);

/* End them (the engine does, too, after each cell); what their RESULT holds, borrowed until the next start. NULL: none. */
const json_t *matrix_freewifi_end(struct matrix *m);
const json_t *matrix_middle_end(struct matrix *m);

/* Brings the laptop home, if it is not there. */
bool matrix_home(struct matrix *m);

/* `sh -c SCRIPT sh ARG` in a host, unseen; its exit status. */
int matrix_sh(struct matrix *m, const char *host, const char *script, const char *arg);

/* --- the whole; for the scene "freewifi" --- */

/* Plays all cells, or the one of --cell in full detail. Each counts as one prediction of the scene. */
void matrix_play(struct demo *d);
void matrix_clean(struct demo *d);

/* --list, and whether --cell names one. -1: go on; else an exit status. */
int matrix_options(struct cli *c, const char *data_dir);

/* --html is the page of the whole matrix, not that of one cell or of the story. */
bool matrix_has_page(const struct cli *c);

#endif
