/* Worksheets that are checked: what one asks, what the learner wrote, what the wire showed.
 *
 *     sheet.c           worksheets/NN-topic.conf: the steps of a worksheet, its hints and known misconceptions
 *     sheet_answers.c   the "Answer N.M: ..." lines of the learner's own copy
 *     sheet_state.c     what is remembered: where the copy is, which steps were passed, which hints were given
 *     sheet_keep.c      a process that keeps the lab's packets while a worksheet is open
 *     sheet_wire.c      what those packets say
 *     sheet_rows.c      the same packets as lines, from host to host
 *     sheet_run.c       what programs in the lab's hosts say; steps that look at the state of a host
 *     sheet_packets.c   steps whose .conf names the packets, and the value
 *     sheet_check.c     step by step: passed, or not yet, and the evidence
 *     sheet_bundle.c    a student's answers and evidence in one file
 *     sheet_again.c     what can be said of a bundle without its lab: what the seed draws, what follows from what
 *     sheet_grade.c     the table that an instructor makes of many
 *
 * Nothing is graded from the text of commands. What was seen while the lab was drawn from another seed does not count. */
#ifndef GLASSLAB_SHEET_H
#define GLASSLAB_SHEET_H

#include <jansson.h>
#include <libconfig.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "glassnet/cli.h"
#include "glassnet/clock.h"
#include "glassnet/lab.h"
#include "seed.h"
#include "topology.h"
#include "why.h"

#define SHEET_MAX_STEPS 32
#define SHEET_HINTS     3
#define SHEET_ID        12   /* "2.4" and a NUL */
#define SHEET_TEXT      512  /* an answer, a sentence */
#define SHEET_SAID      4096 /* what a program in a host prints, as far as it is kept */

/* --- the worksheet --- */

struct sheet_step {
	const char *id, *title, *why;
	const char *test; /* what is looked at: sheet_check.c has the table */
	bool answer;      /* a written answer is wanted */
	const char *hint[SHEET_HINTS];
	config_setting_t *setting; /* the test's own settings */
};

struct sheet {
	unsigned number;
	const char *topic;
	char name[64];        /* "02-dns" */
	char prose[PATH_MAX]; /* worksheets/02-dns.md */
	config_t conf;
	struct sheet_step step[SHEET_MAX_STEPS];
	size_t n_steps;
};

/* Reads worksheet number of the data folder. ERR_NEGATIVE: there is none that can be checked. */
enum err sheet_load(struct sheet *s, const char *data_dir, unsigned number, struct why *w) MUST_USE;
void sheet_release(struct sheet *s);
const struct sheet_step *sheet_find(const struct sheet *s, const char *id);
/* A text of a step's own settings, or NULL. */
const char *step_text(const struct sheet_step *st, const char *key);

/* --- answers --- */

struct sheet_answers {
	struct {
		char id[SHEET_ID], text[SHEET_TEXT];
	} at[SHEET_MAX_STEPS];
	size_t n;
};

/* Lines "Answer 2.1: text". What is not filled in (underscores) is no answer. The last line of an id counts. */
void answers_parse(struct sheet_answers *out, const char *text, size_t len);
enum err answers_read(struct sheet_answers *out, const char *path, struct why *w) MUST_USE;
const char *answers_find(const struct sheet_answers *a, const char *id); /* NULL: none */

/* What is no UTF-8 becomes question marks. */
void text_clean(char *text);

/* --- what is remembered --- */

/* The folder of it all: $XDG_STATE_HOME/glassnet/worksheets (else ~/.local/state/...); state_change() makes it. */
enum err state_folder(char out[static PATH_MAX], struct why *w) MUST_USE;

/* Worksheet number's state: {"worksheet","copy","facts","key","student","evidence":[{"file","key"}],"passed":{},
 * "hints":{}}; NULL: it is not open (or damaged: *w says so, and is "" otherwise). The caller owns it. */
json_t *state_load(unsigned number, struct why *w);
/* Changes it under a lock: change() may do as it likes with the object, which is new (empty) where there is none.
 * Replaced as a whole, or not at all. */
enum err state_change(unsigned number, void (*change)(json_t *state, void *ctx), void *ctx, struct why *w) MUST_USE;
enum err state_remove(unsigned number, struct why *w) MUST_USE;

/* What makes two runs of a lab the same to a learner: "seed:NAME", or for a lab without one its root certificate. */
void lab_key(const json_t *facts, char out[static 160]);

/* --- keeping packets --- */

/* Starts to keep the lab's packets in path, which is new, in a process of its own; it ends with the lab, or when
 * keep_stop() says so, and at KEEP_MAX octets. ERR_NEGATIVE: one keeps them already for this worksheet. */
#define KEEP_MAX (64L << 20)
enum err keep_start(const char *lab_name, unsigned number, const char *path, struct why *w) MUST_USE;
bool keep_sync(unsigned number); /* all that was sent until now is in the file; false: nobody keeps any */
void keep_stop(unsigned number);

/* --- what the wire showed --- */

enum dns_seen_at { AT_LAPTOP, AT_RESOLVER };

struct dns_seen {
	enum dns_seen_at at; /* whose interface it passed */
	uint64_t packet;     /* in its file */
	size_t file;         /* which of the evidence */
	int64_t time;
	bool response, aa, rd;
	uint16_t rcode, type;
	uint32_t ttl; /* of the first answer record of the type that was asked for */
	bool has_answer;
	bool has_soa;             /* it is no answer, and says how long that may be kept: */
	uint32_t negative;        /* the smaller of the SOA's TTL and its minimum (RFC 2308 5) */
	char name[256], data[64]; /* asked for, in small letters; that record's data */
	char peer[LAB_HOST_MAX];  /* the other host */
};

/* A packet, from the host that sent it to the one that got it. */
struct row {
	uint64_t packet; /* in its file */
	int64_t time;    /* ns since 1970 */
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX], label[256];
};

struct rows {
	struct row *at;
	size_t n, cap;
};

/* Adds the packets of a capture file, in order of time. ERR_IO, ERR_FORMAT, ERR_BUDGET (too many). */
enum err rows_read(struct rows *out, const char *path, struct why *w) MUST_USE;
enum err rows_add(struct rows *rows, const struct row *row) MUST_USE; /* copies it */
void rows_release(struct rows *rows);

/* DNS over UDP as the laptop and the provider's resolver saw it, in order of time. */
struct wire {
	struct dns_seen *seen;
	size_t n, cap;
	struct rows rows;    /* only for worksheets with a step that names packets */
	const json_t *facts; /* borrowed */
};

enum err wire_read(struct wire *out, const char *path, size_t file, struct why *w) MUST_USE;
void wire_release(struct wire *w);
const json_t *wire_host(const struct wire *w, const char *name); /* of the facts; or NULL */
bool wire_serves(const struct wire *w, const char *host, const char *zone);

/* --- verdicts --- */

#define SHEET_MAX_SEEN 8

struct finding_of_step {
	enum verdict verdict; /* SKIP: not yet */
	char text[SHEET_TEXT];
	const char *misconception; /* what is said of a wrong answer that is known; or NULL */
	uint64_t packet;           /* the evidence: the packet that is named; 0: none */
	size_t n_rows;
	struct row row[SHEET_MAX_SEEN]; /* the packets that decided */
};

struct sheet_case {
	const struct sheet *sheet;
	const struct sheet_answers *answers;
	const struct wire *wire;
	const json_t *said; /* step by step what a program in the lab said; or NULL */
};

void sheet_judge(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out);

/* --- for the tests of steps --- */

/* The verdict, the packet that decided it (or NULL), and the sentence. */
void step_say(struct finding_of_step *out, enum verdict v, const struct row *seen, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* The tests "packets" and "value". */
void test_packets(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out);
bool step_wants_packets(const struct sheet_step *st);
/* Is what the step says of packets and values as it must be? ERR_FORMAT, and the line. */
enum err step_packets_check(const struct sheet_step *st, struct why *w) MUST_USE;
bool step_counts(const struct sheet_step *st); /* its right answer is a number of packets */
/* Does answer say what value says, as the step wants it (number, host, text)? */
bool step_same(const struct sheet_case *c, const struct sheet_step *st, const char *answer, const char *value);

/* The test "state". */
void test_state(const struct sheet_case *c, const struct sheet_step *st, struct finding_of_step *out);
bool step_is_state(const struct sheet_step *st);
enum err step_state_check(const struct sheet_step *st, struct why *w) MUST_USE;

config_setting_t *step_run(
    const struct sheet_step *st); /* [ "HOST", "PROGRAM", ... ] of a value or a state; or NULL */
const char *step_said(const struct sheet_case *c, const struct sheet_step *st); /* NULL: nobody could be asked */

/* Runs a program that is found on the PATH (NULL: this one) and copies what it prints, as far as there is room. False: it
 * did not end with success in time (patience, in ns); then it and all that it started is killed. */
#define SHEET_PATIENCE (5 * NS_PER_S)
bool hear_program(const char *program, char *const argv[], int64_t patience, char *out, size_t cap) MUST_USE;

const char *step_misconception(const struct sheet_step *st, const char *answer); /* NULL: it is none that is known */

bool answer_same_name(const char *a, const char *b); /* without a last dot, in whatever letters */
bool answer_names_host(const struct wire *w, const char *answer, const char *host);
long long answer_number(const char *text); /* the first whole number in it; -1: there is none */

/* --- without the lab --- */

/* What is the same in every lab: hosts and addresses, and the templates of their files. */
struct again {
	const char *data_dir; /* borrowed */
	struct topology topology;
	json_t *facts;
};

enum err again_open(struct again *a, const char *data_dir, struct why *w) MUST_USE;
void again_close(struct again *a);

/* A step of a bundle, which says of itself that it passed. True: nothing speaks against it; else what does is in blame. */
bool again_step(const struct again *a, const struct sheet *s, const struct sheet_step *st, const json_t *one,
    const struct seed *seed, char blame[static 128]) MUST_USE;

/* --- bundles --- */

#define BUNDLE_SCHEMA  "glassnet-bundle"
#define BUNDLE_VERSION 2
#define CLASS_KEY_MAX  4096

/* The class's key, if the options name one (--class-key). An exit status; what is wrong is said. */
int bundle_class_key(struct cli *c, uint8_t key[static CLASS_KEY_MAX], size_t *len);

/* The digest of a bundle: BLAKE2b-256 of its JSON (sorted, without "digest"), keyed with the student's seed and, where
 * there is one, the class's key. It shows what was changed by hand. Without a class's key it is no proof against
 * somebody who reads this source. */
void bundle_digest(
    const json_t *bundle, const char *student, const uint8_t *class_key, size_t key_len, char hex[static 65]);

#endif
