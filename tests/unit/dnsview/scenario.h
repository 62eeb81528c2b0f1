/* A scenario read from its file: see scenarios/README. */
#ifndef DNSVIEW_TEST_SCENARIO_H
#define DNSVIEW_TEST_SCENARIO_H

#include "net.h"

#define REPLIES_MAX 60
#define STEPS_MAX   40
#define ERAS        4
#define LINES       16

struct scn_reply {
	unsigned era; /* 0: all */
	struct canned canned;
	char server[IP_TEXT], name[256], type[16], flags[80];
	char records[3][6000];
};

enum scn_kind { SCN_ASK, SCN_RAW, SCN_WAIT, SCN_ERA };

struct scn_step {
	enum scn_kind kind;
	unsigned line;
	char name[256], type[16]; /* of a question; name: of raw octets, the digits */
	long number;              /* to wait; the era */
	char rcode[16];
	unsigned n_answer, n_told;
	char answer[LINES][700], told[LINES][40];
	char asked[400], never[400];
	long most;
};

struct scenario {
	char about[300];
	bool strict;
	unsigned n_replies, n_steps;
	struct scn_reply reply[REPLIES_MAX];
	struct scn_step step[STEPS_MAX];
	struct canned script[ERAS + 1][REPLIES_MAX + 1]; /* by era, from 1 */
};

static inline const char *scn_word(const char *p, char *out, size_t cap)
{
	size_t n = strcspn(p + strspn(p, " \t"), " \t");
	p += strspn(p, " \t");
	assert_true(n < cap);
	memcpy(out, p, n);
	out[n] = '\0';
	return p + n + strspn(p + n, " \t");
}

static inline enum how scn_how(const char *word)
{
	static const struct {
		const char *word;
		enum how how;
	} words[] = {{"silent", SILENT}, {"closed", CLOSED}, {"no-edns", NO_EDNS}, {"lower", LOWER}, {"cut", CUT_UDP},
	    {"query-back", QUERY_BACK}, {"wrong-id", WRONG_ID}, {"wrong-name", WRONG_NAME}, {"garbage", GARBAGE},
	    {"loop", LOOP}, {"strict-case", STRICT}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].how;
	return SAY;
}

static inline void scn_reply_line(struct scenario *s, const char *server, const char *p)
{
	char word[64];
	assert_true(s->n_replies < REPLIES_MAX);
	struct scn_reply *r = &s->reply[s->n_replies++];
	snprintf(r->server, sizeof(r->server), "%s", server);
	p = scn_word(p, r->name, sizeof(r->name));
	p = scn_word(p, r->type, sizeof(r->type));
	while (*p) {
		p = scn_word(p, word, sizeof(word));
		if (strncmp(word, "era=", 4) == 0)
			r->era = (unsigned)strtoul(word + 4, NULL, 10);
		else if (scn_how(word) != SAY)
			r->canned.how = scn_how(word);
		else
			snprintf(r->flags + strlen(r->flags), sizeof(r->flags) - strlen(r->flags), "%s ", word);
	}
}

static inline void scn_add(struct scn_reply *r, unsigned section, const char *text)
{
	size_t at = strlen(r->records[section]);
	assert_true((size_t)snprintf(r->records[section] + at, sizeof(r->records[0]) - at, "%s\n", text) <
	            sizeof(r->records[0]) - at);
}

static inline bool scn_record_line(struct scn_reply *r, const char *word, const char *p)
{
	static const char *const sections[] = {"answer", "authority", "additional"};
	char zone[256], ns[256], ip[64], line[700];
	for (unsigned i = 0; r && i < 3; i++) {
		if (strcmp(word, sections[i]) == 0) {
			scn_add(r, i, p);
			return true;
		}
	}
	if (!r || strcmp(word, "referral") != 0)
		return false;
	p = scn_word(p, zone, sizeof(zone));
	p = scn_word(p, ns, sizeof(ns));
	scn_word(p, ip, sizeof(ip));
	snprintf(line, sizeof(line), "%s NS %s", zone, ns);
	scn_add(r, 1, line);
	snprintf(line, sizeof(line), "%s %s %s", ns, strchr(ip, ':') ? "AAAA" : "A", ip);
	scn_add(r, 2, line);
	return true;
}

static inline struct scn_step *scn_new_step(struct scenario *s, const char *word, const char *p, unsigned line)
{
	static const char *const kinds[] = {"ask", "raw", "wait", "era"};
	for (unsigned k = 0; k < 4; k++) {
		if (strcmp(word, kinds[k]) != 0)
			continue;
		assert_true(s->n_steps < STEPS_MAX);
		struct scn_step *st = &s->step[s->n_steps++];
		*st = (struct scn_step){.kind = (enum scn_kind)k, .line = line, .most = -1};
		if (k >= 2)
			st->number = strtol(p, NULL, 10);
		else
			scn_word(scn_word(p, st->name, sizeof(st->name)), st->type, sizeof(st->type));
		return st;
	}
	return NULL;
}

static inline bool scn_step_line(struct scn_step *st, const char *word, const char *p)
{
	if (strcmp(word, "expect") == 0)
		snprintf(st->rcode, sizeof(st->rcode), "%s", p);
	else if (strcmp(word, "answer") == 0 && st->n_answer < LINES)
		snprintf(st->answer[st->n_answer++], sizeof(st->answer[0]), "%s", p);
	else if (strcmp(word, "told") == 0 && st->n_told < LINES)
		snprintf(st->told[st->n_told++], sizeof(st->told[0]), "%s", p);
	else if (strcmp(word, "asked") == 0)
		snprintf(st->asked, sizeof(st->asked), "%s", p);
	else if (strcmp(word, "never") == 0)
		snprintf(st->never, sizeof(st->never), "%s", p);
	else if (strcmp(word, "most") == 0)
		st->most = strtol(p, NULL, 10);
	else
		return false;
	return true;
}

static inline void scn_make_scripts(struct scenario *s)
{
	for (unsigned era = 1; era <= ERAS; era++) {
		unsigned n = 0;
		for (unsigned i = 0; i < s->n_replies; i++) {
			struct scn_reply *r = &s->reply[i];
			if (r->era && r->era != era)
				continue;
			s->script[era][n] = (struct canned){r->server, r->name, r->type, r->flags, r->records[0],
			    r->records[1], r->records[2], r->canned.how};
			n++;
		}
	}
}

/* A # at the begin of a word; not the one of "\# 3 010203". */
static inline void scn_uncomment(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
	for (char *p = line; *p; p++) {
		if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t')) {
			*p = '\0';
			return;
		}
	}
}

static inline void scn_read(struct scenario *s, const char *path)
{
	char line[900], word[64], server[IP_TEXT] = "";
	struct scn_reply *reply = NULL;
	struct scn_step *step = NULL;
	FILE *f = fopen(path, "re");
	memset(s, 0, sizeof(*s));
	assert_non_null(f);
	for (unsigned n = 1; fgets(line, sizeof(line), f); n++) {
		scn_uncomment(line);
		for (size_t len = strlen(line); len && (line[len - 1] == ' ' || line[len - 1] == '\t'); len--)
			line[len - 1] = '\0';
		const char *p = scn_word(line, word, sizeof(word));
		if (!*word)
			continue;
		struct scn_step *next = scn_new_step(s, word, p, n);
		if (next) {
			step = next;
		} else if (strcmp(word, "about") == 0) {
			snprintf(s->about, sizeof(s->about), "%s", p);
		} else if (strcmp(word, "strict") == 0) {
			s->strict = true;
		} else if (strcmp(word, "server") == 0) {
			scn_word(p, server, sizeof(server));
			reply = NULL;
		} else if (strcmp(word, "reply") == 0) {
			scn_reply_line(s, server, p);
			reply = &s->reply[s->n_replies - 1];
		} else if (!(step ? scn_step_line(step, word, p) : scn_record_line(reply, word, p))) {
			fail_msg("%s:%u: what is this? %s", path, n, line);
		}
	}
	fclose(f);
	scn_make_scripts(s);
}

#endif
