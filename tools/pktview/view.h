/* What pktview does with the packets of a capture, whatever it comes from. */
#ifndef PKTVIEW_VIEW_H
#define PKTVIEW_VIEW_H

#include <stdbool.h>
#include <stdio.h>

#include "glassnet/capture.h"
#include "glassnet/trace.h"

enum view_form { VIEW_LINES, VIEW_FIELDS, VIEW_LADDER, VIEW_JSON, VIEW_HOSTS, VIEW_FIND, VIEW_FOLLOW, VIEW_NOTHING };

enum view_time { TIME_RELATIVE, TIME_DELTA, TIME_ABSOLUTE };

/* One conversation: a TCP connection by its number, UDP by its ends. */
struct conversation {
	bool known;
	uint64_t connection;    /* 0: UDP */
	struct endpoint end[2]; /* of whom the first packet was, and the other */
	size_t place;
};

struct view_options {
	enum view_form form;
	struct term_style style;
	enum view_time time;
	bool json;          /* VIEW_HOSTS, VIEW_FOLLOW: as JSON lines */
	struct trace *page; /* --html: gets every packet with its fields; or NULL */
	bool raw;           /* every sighting; else a packet that was seen at several hosts is shown once */
	bool hops;          /* … as one arrow a link (ladder, fields, JSON) */
	bool live;          /* lines are wanted at once */
	uint64_t max;       /* packets to show; 0: no end */
	struct conversation
	    *talk;          /* VIEW_FIND: gets that of packet number `only`, or the first; VIEW_FOLLOW: to show */
	const char *keylog; /* what opens TLS records, or NULL */
	size_t keylog_len;
	uint64_t only;      /* the packet of this number, and with VIEW_FIELDS all its octets; 0: all packets */
	int64_t seconds_ns; /* live: how long; 0: no end */
	int stop_fd;        /* readable when the user wants an end; -1: none */
	bool (*stopped)(void);
};

struct view_end {
	enum err err;         /* ERR_OK, or why it ended early */
	bool pcap_failed;     /* … in writing the capture file */
	uint64_t shown, seen; /* what was shown, and packets that passed the filter */
};

/* Shows c's packets on out, and writes them to w when that is not NULL, up to the end. */
struct view_end view_run(struct capture *c, const struct view_options *o, FILE *out, struct pcapng *w);

/* --- line.c: one line a packet */

struct lines {
	FILE *out;
	struct term_style style;
	enum view_time time;
	int64_t before;    /* time of the last line's packet */
	bool hosts;        /* places have names */
	int64_t start;     /* of the first packet; -1: none yet */
	size_t ends_width; /* columns that the two ends have needed so far */
	uint64_t ways[64]; /* hashes of the ways that were told, a ring: on a terminal each is told once */
	size_t n_ways;
};

/* place: where a single sighting was made, or NULL. */
enum err line_write(struct lines *l, const struct journey *j, const struct capture *c, const char *place) MUST_USE;

/* A packet's time as the user wants it: "  12.345678", "+ 0.000012", "2026-11-22T17:00:00.123456Z". Times before the
 * first are negative. Returns out. */
#define VIEW_TIME_TEXT 48
char *view_time_text(
    char out[static VIEW_TIME_TEXT], enum view_time how, int64_t start, int64_t before, int64_t time);

/* --- follow.c: one conversation's octets */

struct follow;
enum err follow_new(struct follow **out, FILE *to, const struct term_style *style, bool json) MUST_USE;
/* A packet of the conversation; side: 0 of whom the first packet was. */
enum err follow_add(
    struct follow *f, const struct packet *p, unsigned side, const char *from, const char *to) MUST_USE;
enum err follow_end(struct follow *f) MUST_USE; /* frees it; NULL is allowed */

/* All octets, sixteen a line: offset, hexadecimal, and the letters among them. */
enum err octets_write(FILE *out, const uint8_t *p, size_t len) MUST_USE;

#endif
