/* The trace: what happens, as typed events, in one stream. Logic emits, sinks print.
 *
 *     ev_send(t, "laptop", "a.root-servers.net", "DNS", query, len, "query www.example A");
 *     ev_decision(t, "glue-rejected", "RFC 2181 5.4.1", "%s is outside %s", name, zone);
 *
 * Everything in an event is borrowed for the call of emit(): a sink that keeps it copies it. A trace narrates, it
 * never steers: no function may look at it to decide what to do next. A NULL trace, or one without sinks, takes
 * events and drops them, so code that is traced needs no "if". Not for several threads at once. */
#ifndef GLASSNET_TRACE_H
#define GLASSNET_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "glassnet/clock.h"
#include "glassnet/err.h"

/* A new protocol adds no kind. Sinks switch over this without a default. */
enum ev_kind {
	EV_SEND,     /* an actor sends a message */
	EV_RECV,     /* an actor receives a message */
	EV_FIELD,    /* a part of the message before it: name, value, where its bytes are, what it means */
	EV_STATE,    /* something kept changed: cache, NAT table, known hosts, keys */
	EV_DECISION, /* one of several ways was taken, and why */
	EV_CHECK,    /* a question was asked of the data, and the verdict */
	EV_TIMER,    /* time passed, was waited for, or ran out */
	EV_NOTE,     /* a sentence that teaches, or a heading */
	EV_RESULT,   /* what came out in the end */
};

enum verdict { VERDICT_PASS, VERDICT_FAIL, VERDICT_SKIP };

/* What a listener on the path can do with a message. */
enum secrecy { SECRECY_UNKNOWN, SECRECY_CLEAR, SECRECY_ENCRYPTED, SECRECY_TAMPERED };

enum note_level { NOTE_EXPLAIN, NOTE_HEADING, NOTE_WARNING };

struct ev_message {
	const char *from, *to; /* roles, as on the map */
	const char *proto;     /* the highest protocol recognised: "DNS", "TLS" */
	const char *label;     /* one line: what it is */
	const uint8_t *bytes;  /* the message; NULL when not at hand */
	size_t len;            /* octets in bytes, or on the wire when bytes is NULL */
	uint64_t packet;       /* number in the capture, from 1; 0: none */
	enum secrecy secrecy;
	const char *from_addr, *to_addr; /* endpoints as text, or NULL */
};

struct ev_field {
	const char *layer;   /* "DNS header" */
	const char *name;    /* "TTL" */
	const char *value;   /* "172800" */
	const char *meaning; /* one sentence, or NULL */
	const char *ref;     /* "RFC 1035 3.2.1", or NULL */
	size_t off, len;     /* octets within the bytes of the last SEND or RECV; len 0: none */
	unsigned depth;      /* 0 outermost */
};

struct ev_state {
	const char *table;  /* "cache", "NAT table" */
	const char *key;    /* "edu. NS" */
	const char *before; /* NULL: it is new */
	const char *after;  /* NULL: it is gone */
	const char *reason;
};

struct ev_decision {
	const char *id;   /* a stable word: "glue-rejected" */
	const char *ref;  /* or NULL */
	const char *text; /* what was decided, and why */
};

struct ev_check {
	const char *id;   /* a stable word, or the library's name: "X509_V_ERR_CERT_HAS_EXPIRED" */
	const char *what; /* the question: "is the certificate for this name?" */
	enum verdict verdict;
	const char *text; /* what was seen */
	const char *ref;  /* or NULL */
};

struct ev_timer {
	const char *what;
	int64_t ns; /* how long */
	const char *text;
};

struct ev_note {
	enum note_level level;
	const char *text;
};

struct ev_result {
	enum err err;     /* ERR_OK: yes; ERR_NEGATIVE: a valid no; else what went wrong */
	const char *text; /* one line */
	const char *data; /* a JSON object with the particulars, or NULL */
};

struct event {
	enum ev_kind kind;
	uint64_t seq;      /* from 1, set by emit() */
	int64_t time;      /* ns since 1970; 0: emit() fills in the trace's clock */
	const char *actor; /* who this happened to; NULL: the trace's own actor */
	union {
		struct ev_message msg; /* SEND, RECV */
		struct ev_field field;
		struct ev_state state;
		struct ev_decision decision;
		struct ev_check check;
		struct ev_timer timer;
		struct ev_note note;
		struct ev_result result;
	} u;
};

/* A sink. on_event must copy what it keeps. flush writes what is held back (a ladder); both return an error that
 * emit() remembers for trace_release(). release frees ctx. */
struct trace_sink {
	enum err (*on_event)(void *ctx, const struct event *ev);
	enum err (*flush)(void *ctx);
	void (*release)(void *ctx);
	void *ctx;
};

#define TRACE_MAX_SINKS 4

struct trace {
	const struct clock *clock; /* borrowed */
	const char *actor;         /* borrowed: the role that events get which name none */
	uint64_t seq;
	size_t n_sinks;
	struct trace_sink sinks[TRACE_MAX_SINKS];
	enum err first_error; /* of a sink */
	int error_number;     /* errno at that moment, where it is ERR_IO */
};

void trace_init(struct trace *t, const struct clock *clock, const char *actor);

/* Adds a sink, which t then owns. ERR_TOO_LONG when there are too many (the sink is released). */
enum err trace_add(struct trace *t, struct trace_sink sink) MUST_USE;

/* Writes what the sinks hold back. */
enum err trace_flush(struct trace *t);

/* Flushes and releases every sink. Returns the first error any of them had (a full disk, a closed pipe). */
enum err trace_release(struct trace *t) MUST_USE;

/* True when somebody listens: only to save the work of preparing an event, never to decide anything else. */
bool trace_on(const struct trace *t);

/* Hands one event to every sink; fills in seq, time and actor. */
void emit(struct trace *t, struct event ev);

/* Short forms. Texts are printf formats; what they make is cut at 1,023 octets. */
void ev_send(struct trace *t, const char *from, const char *to, const char *proto, const void *bytes, size_t len,
    const char *fmt, ...) PRINTF_LIKE(7, 8);
void ev_recv(struct trace *t, const char *from, const char *to, const char *proto, const void *bytes, size_t len,
    const char *fmt, ...) PRINTF_LIKE(7, 8);
void ev_field(struct trace *t, struct ev_field f);
void ev_state(struct trace *t, const char *table, const char *key, const char *before, const char *after,
    const char *fmt, ...) PRINTF_LIKE(6, 7);
void ev_decision(struct trace *t, const char *id, const char *ref, const char *fmt, ...) PRINTF_LIKE(4, 5);
void ev_check(struct trace *t, const char *id, enum verdict verdict, const char *ref, const char *what,
    const char *fmt, ...) PRINTF_LIKE(6, 7);
void ev_timer(struct trace *t, const char *what, int64_t ns, const char *fmt, ...) PRINTF_LIKE(4, 5);
void ev_explain(struct trace *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ev_heading(struct trace *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ev_warning(struct trace *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void ev_result(struct trace *t, enum err err, const char *json, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* --- sinks --------------------------------------------------------------------------------------------- */

/* How the terminal sinks write. Text from peers is escaped whatever this says. */
struct term_style {
	bool colour;        /* colour never carries meaning alone */
	bool utf8;          /* else ASCII arrows and marks */
	unsigned width;     /* columns; 0: not a terminal, nothing is wrapped or cut */
	bool explain;       /* show NOTE_EXPLAIN */
	unsigned verbose;   /* 0: no fields; 1: every field of every message */
	bool quiet;         /* results and warnings only */
	bool absolute_time; /* else seconds since the first event */
	bool delta_time;    /* … or, in lists of packets, since the packet before */
};

/* The narrative: one line or paragraph an event, as it happens. out is borrowed. */
enum err sink_terminal(struct trace_sink *sink, FILE *out, const struct term_style *style) MUST_USE;

/* The ladder: one column a host, an arrow a message, drawn by flush() (or at release) for the messages since the
 * last flush. Only SEND events and RECV events without a SEND make arrows. Hosts named in columns come first, in
 * that order; the others as they appear. Where the width is too small for all columns, each arrow is written as
 * "from -> to" instead. */
struct ladder_options {
	struct term_style style;
	const char *const *columns; /* borrowed; may be NULL */
	size_t n_columns;
	const char *title; /* or NULL */
};
enum err sink_ladder(struct trace_sink *sink, FILE *out, const struct ladder_options *opt) MUST_USE;

/* JSON lines: first {"schema":"glassnet-trace","version":1,...}, then one object an event. */
#define TRACE_SCHEMA_VERSION 1
enum err sink_jsonl(struct trace_sink *sink, FILE *out) MUST_USE;

/* Every field of every message with its place and its octets, one a line under the message; of the other kinds only
 * STATE, NOTE and RESULT. out is borrowed. */
enum err sink_fields(struct trace_sink *sink, FILE *out, const struct term_style *style) MUST_USE;

/* One page of HTML that needs nothing but itself: the map of the hosts, the ladder, the bytes of each message with its
 * fields marked on them, why it was sent, and what was kept then (STATE). It is written by flush() or at release, and
 * atomically; ERR_IO (errno tells) at once where path can't be written. */
enum err sink_html(struct trace_sink *sink, const char *path, const char *title) MUST_USE;

/* The page's map gets the links and networks of a lab: facts is the object that `glasslab facts` prints (jansson;
 * borrowed for the call). Does nothing to any other sink. */
struct json_t;
void sink_html_lab(struct trace_sink *sink, const struct json_t *facts);

/* Several traces in one page of HTML that needs nothing but itself: a table of attacks and protections, each of whose
 * cells opens the page of its trace (as sink_html() makes it). ERR_IO (errno tells) at once where path can't be written;
 * the file is written by trace_book_write(), as a whole or not at all. */
struct trace_book;
enum err trace_book_open(
    struct trace_book **out, const char *path, const char *title, const struct json_t *facts) MUST_USE;
/* The sink of the trace that belongs to the cell with that id; the book must outlive it. */
enum err trace_book_part(struct trace_book *b, struct trace_sink *sink, const char *id, const char *title) MUST_USE;
/* cells: JSON objects {"cell": id, "family", "attack", "protection", "verdict": "stopped", "not stopped" or "undecided",
 * "predicted", "as_predicted", "overruled", "tried", "got", "not_got", "decided_by": {"check", "text"}, "packet",
 * "lesson"}. */
enum err trace_book_write(struct trace_book *b, const char *const cells[], size_t n) MUST_USE;
void trace_book_close(struct trace_book *b); /* NULL is allowed */

/* Hands every event on to another trace, which is borrowed and not flushed. */
struct trace_sink sink_tee(struct trace *to);

/* The way back: reads one line that sink_jsonl() wrote (without its newline) and emits the event again, with its time
 * and actor, so that what another program traced becomes part of t. The header line is checked and emits nothing.
 * ERR_VERSION: another schema or version; ERR_FORMAT: no such line. */
enum err trace_replay(struct trace *t, const char *line, size_t len) MUST_USE;

/* Writes text, which is already escaped, from column at on; lines that follow begin at column indent. Width 0 never
 * breaks. A word that is too
 * long for a line is broken after a comma, or where the line ends. Ends with a newline. */
void write_wrapped(FILE *out, const char *text, unsigned at, unsigned indent, unsigned width);

#endif
