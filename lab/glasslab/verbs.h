/* The verbs of glasslab, one function each, and what they share. */
#ifndef GLASSLAB_VERBS_H
#define GLASSLAB_VERBS_H

#include <limits.h>

#include "glassnet/cli.h"
#include "glassnet/lab.h"
#include "topology.h"

/* The topology as facts: what the holder knows of a running lab, as far as the file tells it. */
json_t *facts_from_topology(const struct topology *t);

int verb_up(struct cli *c);
int verb_down(struct cli *c);
int verb_status(struct cli *c);
int verb_exec(struct cli *c);
int verb_shell(struct cli *c);
int verb_move(struct cli *c);
int verb_nat(struct cli *c);
int verb_facts(struct cli *c);
int verb_map(struct cli *c);
int verb_doctor(struct cli *c);
int verb_demo(struct cli *c);
int verb_serve(struct cli *c);
int verb_start(struct cli *c);
int verb_check(struct cli *c);
int verb_hint(struct cli *c);
int verb_progress(struct cli *c);
int verb_reset(struct cli *c);
int verb_bundle(struct cli *c);
int verb_grade(struct cli *c);

/* Where Glassnet's programs and the lab's data are: beside this executable (build/bin and lab), or installed
 * (PREFIX/bin and PREFIX/share/glassnet), or where --data says. */
struct places {
	char bin[PATH_MAX];
	char data[PATH_MAX];
};
enum err places_bin(char out[static PATH_MAX], struct why *w) MUST_USE; /* the first of these alone */
enum err places_find(struct places *out, const char *data_option, struct why *w) MUST_USE;

/* The lab's name as the options and the environment have it; NULL and a message: no good name. */
const char *lab_name(struct cli *c);

/* The topology of the data folder. Says what is wrong otherwise, and gives the exit status. */
int load_topology(struct cli *c, struct places *places, struct topology *t);

/* Opens the lab that the options name. Otherwise says what is wrong, and *status is what the verb returns. */
struct lab *open_lab(struct cli *c, int *status);

/* The host's number; -1 after saying that there is none of that name, and which there are. */
int find_host(struct cli *c, const struct lab *lab, const char *name);

#endif
