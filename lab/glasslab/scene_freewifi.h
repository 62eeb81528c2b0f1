/* The parts of the scene "freewifi": what Alice has to lose, what was on the wire, what mallory holds. */
#ifndef GLASSLAB_SCENE_FREEWIFI_H
#define GLASSLAB_SCENE_FREEWIFI_H

#include "demo.h"

#define BANK      "bank.example"
#define FORM_FILE "/run/glassnet/user/login.form"
#define HTTP_FILE "/run/glassnet/user/login.http"

/* --- what was on the wire in one act --- */

#define STREAM_MAX (32 * 1024)

struct stream {
	size_t len;
	uint8_t data[STREAM_MAX]; /* what does not fit is left out */
};

enum interest { SHOW_DHCP = 1, SHOW_DNS = 2, SHOW_WEB = 4 };

#define MAX_PAIRS 32

struct wire {
	unsigned show;      /* what to draw: a mask of enum interest */
	const char *secret; /* as it would stand in a packet; borrowed */
	size_t packets;     /* all of the act, each counted once however many links it crossed */
	size_t with_secret;
	uint64_t secret_packet; /* the first of them */
	char secret_from[LAB_HOST_MAX], secret_to[LAB_HOST_MAX];
	uint64_t hello_packet;        /* the laptop's first to an https server; 0: none */
	uint64_t answer_packet;       /* the first back from one: ServerHello, and the certificate with it */
	uint64_t alert_packet;        /* its first with an alert: it refused, or ended; 0: none */
	uint64_t server_alert_packet; /* the first alert from one to the laptop; 0: none */
	uint64_t reset_packet;        /* the first that hangs up on a question by http; 0: none */
	uint64_t data_packet;         /* the laptop's last with encrypted data to one that is drawn; 0: none */
	uint64_t lie_packet;          /* mallory's DNS answer for the bank's name; 0: none */
	struct {
		char from[LAB_HOST_MAX], to[LAB_HOST_MAX];
		uint16_t src, dst;
	} ciphertext[MAX_PAIRS]; /* who has been drawn sending nothing but ciphertext to whom: once is enough
	                          */
	size_t n_ciphertext, not_drawn;
	struct stream bank_sent;  /* octets from the bank's port 80 */
	struct stream laptop_got; /* octets to the laptop from a port 80 */
};

/* A demo_wanted; ctx is a struct wire. */
bool wire_look(void *ctx, const struct journey *j, const struct capture *c);

/* A demo_wanted for packets that the act does not rest on. */
bool wire_nothing(void *ctx, const struct journey *j, const struct capture *c);

/* The packets since the last look, drawn as far as show says. The caller frees it; NULL: out of memory. */
struct wire *wire_watch(struct demo *d, const char *title, unsigned show, const char *secret);

/* The lines where two streams of HTTP bodies begin to differ, escaped and cut. False when they do not. */
bool wire_difference(const struct stream *a, const struct stream *b, char *a_line, char *b_line, size_t cap);

/* --- what mallory holds, as its RESULT says --- */

const char *loot_value(const json_t *result, const char *key);           /* NULL: not in it */
const json_t *last_connection(const json_t *result, const char *scheme); /* NULL: none */

/* In full: "user alice, password …; the page changed", "nothing: 321 octets, in them the name bank.example
 * and the alert …". In brief, for the table: "password …, page changed", "the name bank.example". */
void holdings_text(const json_t *result, char *out, size_t cap);
void holdings_brief(const json_t *result, char *out, size_t cap);

/* --- the cast --- */

enum { MAX_ROWS = 8, TEXT = 256 };

/* A row of the table at the end. */
struct row {
	const char *attack, *protection;
	char holds[TEXT], brief[TEXT];
	bool has_password, should_have;
};

/* All that the scene knows. */
struct story {
	struct demo *d;
	char password[TEXT]; /* Alice's, decoded */
	char on_wire[TEXT];  /* as the form has it */
	struct row rows[MAX_ROWS];
	size_t n_rows;
};

/* mallory at work in one act. */
struct attack {
	struct demo_process process;
	size_t told; /* events that the scene has heard of */
};

/* Makes the events of p from *from on, as far as they are wanted, events of the scene. */
typedef bool wanted_event(const json_t *ev);
void retell(struct demo *d, const struct demo_process *p, size_t *from, wanted_event *wanted);
wanted_event is_check, is_failed_check, is_deed, is_deed_or_lie;

/* "$ glasslab exec HOST -- ARGV…", as a learner would type it. */
void say_command(struct demo *d, const char *host, const char *const argv[]);

/* A text of an act in the scene's file. */
const char *act_text(struct story *s, const char *act, const char *what);

/* What Alice has to lose, and the request that would lose it. */
bool read_form(struct demo *d, char password[static TEXT], char on_wire[static TEXT]);
bool write_request(struct demo *d);
/* Runs tlsview on the laptop; p gets its report. The exit status. */
int log_in_by_https(struct story *s, struct demo_process *p, bool insecure, wanted_event *wanted);
bool is_logged_in(const json_t *result);

/* Starts mallory with the attack of an act, waits until its network is open. */
bool start_mallory(struct story *s, struct attack *a, const char *act);
/* Ends mallory, and takes down what it holds: a row of the table. */
const struct row *end_mallory(struct story *s, struct attack *a, const char *act, bool should_have);

#endif
