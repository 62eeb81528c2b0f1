/* What the verbs of worksheets share: an open worksheet with all that belongs to it, and the beginning of one. */
#ifndef GLASSLAB_SHEET_WORK_H
#define GLASSLAB_SHEET_WORK_H

#include "sheet.h"

struct work {
	struct sheet sheet;
	json_t *state; /* owned */
	struct sheet_answers answers;
	struct wire wire;
	struct finding_of_step found[SHEET_MAX_STEPS]; /* of each step */
	size_t passed;
	bool unkept; /* the lab runs, and nobody kept its packets until now */
};

/* Reads everything, keeps the packets from now on if nobody did, and judges every step; what was passed is remembered.
 * ERR_NEGATIVE: the worksheet is not open. The lab need not run: what it showed is kept. */
enum err work_load(
    struct work *k, const char *data_dir, unsigned number, const char *lab_name, struct why *w) MUST_USE;
void work_release(struct work *k);

/* Opens a worksheet: the copy (made if it is not there), what is remembered, and the packets, if the lab runs (*kept).
 * copy: where; *made: it was not there. */
enum err work_begin(
    const struct sheet *s, const char *copy, const char *lab_name, bool *made, bool *kept, struct why *w) MUST_USE;

/* After `glasslab up`: the packets of every worksheet that is open in this lab are kept again. */
void work_resume(const char *lab_name);

/* Asks the running lab, whose key is given, what the steps of the worksheet want to know of it, and remembers it. */
enum err work_ask(const struct sheet *sheet, const char *lab, const char *key, struct why *w) MUST_USE;

#endif
