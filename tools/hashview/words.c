/* The word list. */
#include <stdlib.h>
#include <string.h>

#include "crack.h"

#define WORD_MAX 128

static const char *const bases[] = {"password", "dragon", "monkey", "letmein", "football", "baseball", "master",
    "shadow", "sunshine", "princess", "welcome", "login", "admin", "flower", "summer", "winter", "spring", "autumn",
    "charlie", "michael", "jennifer", "jordan", "harley", "ranger", "hunter", "buster", "soccer", "hockey", "george",
    "andrew", "daniel", "jessica", "pepper", "ginger", "cookie", "banana", "orange", "purple", "yellow", "silver",
    "golden", "diamond", "phoenix", "tigger", "maggie", "freedom", "secret", "whatever", "trustno", "starwars",
    "computer", "internet", "samsung", "google", "hello", "qwerty", "asdfgh", "zxcvbn", "abc", "iloveyou", "lovely",
    "angel", "family", "london", "berlin", "paris", "pittsburgh", "carnegie", "student", "teacher", "campus",
    "library"};
static const char *const tails[] = {"", "1", "12", "123", "1234", "!", "1!", "123!", "2023", "2024", "2025", "2026",
    "99", "00", "01", "007", "69", "77", "88", "11", "22", "321", "666", "777", ".", "?", "*", "#1"};

void words_release(struct words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->word[i]);
	free(w->word);
	*w = (struct words){0};
}

static enum err add(struct words *w, const char *text, size_t len)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? w->cap * 2 : 1024;
		char **more = realloc(w->word, cap * sizeof(*more));
		if (!more)
			return ERR_NOMEM;
		w->word = more;
		w->cap = cap;
	}
	w->word[w->n] = strndup(text, len);
	return w->word[w->n] ? (w->n++, ERR_OK) : ERR_NOMEM;
}

enum err words_builtin(struct words *w)
{
	char text[WORD_MAX];
	enum err e = ERR_OK;

	for (size_t i = 0; i < sizeof(bases) / sizeof(bases[0]); i++)
		for (size_t k = 0; k < sizeof(tails) / sizeof(tails[0]); k++)
			for (int capital = 0; capital < 2 && e == ERR_OK; capital++) {
				int n = snprintf(text, sizeof(text), "%s%s", bases[i], tails[k]);
				if (capital)
					text[0] = (char)(text[0] - 'a' + 'A');
				e = add(w, text, (size_t)n);
			}
	return e;
}

enum err words_read(struct words *w, FILE *in)
{
	char line[WORD_MAX + 2];
	bool rest = false; /* of a line that was too long */
	enum err e = ERR_OK;

	while (e == ERR_OK && w->n < WORDS_MAX && fgets(line, sizeof(line), in)) {
		size_t len = strcspn(line, "\r\n");
		bool whole = strchr(line, '\n') || feof(in);
		if (whole && !rest && len > 0)
			e = add(w, line, len);
		rest = !whole;
	}
	return e == ERR_OK && ferror(in) ? ERR_IO : e;
}
