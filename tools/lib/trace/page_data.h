/* The events of a trace page as compact JSON. */
#ifndef GLASSNET_TRACE_PAGE_DATA_H
#define GLASSNET_TRACE_PAGE_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/trace.h"

/* Text that grows. After a failed allocation it takes nothing more, and says so. */
struct page_text {
	char *s;
	size_t len, cap;
	bool failed;
};

void page_put(struct page_text *t, const char *s, size_t len);
void page_puts(struct page_text *t, const char *s);
void page_put_number(struct page_text *t, int64_t v);

/* s, with its quotes, fit to stand within <script>: no '<', no control character, UTF-8 only. What is no text
 * for the eye (terminal escapes, bidirectional overrides, broken UTF-8) stands as \xNN. */
void page_put_string(struct page_text *t, const char *s);

/* Every text is kept once: fields repeat their names and meanings from message to message. */
struct page_strings {
	char **text;
	size_t n, cap;
	uint32_t *slot; /* hash table of places in text, 0: free */
	size_t slots;
	bool failed;
};

/* The place of that text, from 1; 0: NULL. */
uint32_t page_intern(struct page_strings *st, const char *text);
void page_strings_put(const struct page_strings *st, struct page_text *out);
void page_strings_release(struct page_strings *st);

#define PAGE_MAX_MESSAGES 20000
#define PAGE_MAX_BYTES    ((size_t)128 << 20)

/* The events so far. A page is for eyes: what comes after the limits above is counted, not kept. */
struct page_data {
	struct page_text events;
	struct page_strings strings;
	int64_t start; /* of the first event */
	size_t n, messages, left_out;
};

enum err page_data_add(struct page_data *p, const struct event *ev) MUST_USE;

/* The whole as one JSON object. lab: what page_lab_put() wrote, or NULL. */
enum err page_data_put(const struct page_data *p, const char *title, const char *lab, struct page_text *out) MUST_USE;
void page_data_release(struct page_data *p);

#endif
