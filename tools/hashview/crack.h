/* hashview crack: what a stolen password file is worth, by how the passwords were kept. */
#ifndef HASHVIEW_CRACK_H
#define HASHVIEW_CRACK_H

#include "glassnet/trace.h"

/* A word list: what people take for passwords. */
struct words {
	char **word;
	size_t n, cap;
};

void words_release(struct words *w);
/* The built-in list: common words with what people append to them. */
enum err words_builtin(struct words *w) MUST_USE;
/* One word a line; lines over 128 octets and empty ones are left out, and all after WORDS_MAX. */
#define WORDS_MAX ((size_t)2000000)
enum err words_read(struct words *w, FILE *in) MUST_USE;

struct crack_options {
	const struct clock *clock;
	uint32_t memory_kib, passes; /* of Argon2id */
	int64_t argon_ns;            /* measure Argon2id so long, then reckon */
	uint32_t (*random)(uint32_t below);
	bool (*interrupted)(void);
	bool rainbow; /* and explain a rainbow table by one */
};

struct crack_result {
	size_t users, found_plain, found_salted;
	double plain_ns, salted_ns, argon_ns; /* one guess */
	size_t argon_guesses;                 /* measured */
	size_t table_hits, table_tries, table_salted_hits;
};

enum err crack_run(
    const struct words *w, const struct crack_options *o, struct trace *t, struct crack_result *res) MUST_USE;
/* rainbow_story.c */
enum err crack_rainbow(const struct crack_options *o, struct trace *t, struct crack_result *res) MUST_USE;

#endif
