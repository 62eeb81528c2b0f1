/* Scenes: demonstrations that really happen in the lab, and say of each act what was predicted and what was
 * seen.
 *
 * A scene is a list of acts in C (what is done and what is checked) and a file of prose
 * (lab/scenes/NAME.conf: titles, predictions, explanations). Whatever a scene runs in a host it runs as a
 * learner would, with `glasslab exec`; what that program traces becomes part of the scene's own trace. All
 * packets of the lab are captured meanwhile, and an act shows those that it rests on. A scene that finds
 * something else than predicted ends with EXIT_NO. */
#ifndef GLASSLAB_DEMO_H
#define GLASSLAB_DEMO_H

#include <jansson.h>
#include <libconfig.h>
#include <stdbool.h>
#include <sys/types.h>

#include "glassnet/capture.h"
#include "glassnet/cli.h"
#include "glassnet/lab.h"

struct demo_capture;

struct demo {
	struct cli *cli;
	struct trace trace;
	struct term_style style;
	char lab_name[LAB_NAME_MAX + 1];
	struct lab *lab; /* its facts */
	char self[4096]; /* the path of this program */
	const char *data_dir;
	bool apart; /* nobody watches this part: what happens goes to the trace alone, all of it, for a page */
	config_t prose;
	struct demo_capture *capture; /* all packets of the lab since the scene began */
	unsigned checks, unexpected;  /* predictions that were checked, and that did not come true */
	enum err err;                 /* the first thing that kept the scene from going on */
};

struct scene {
	const char *name;
	const char *summary;
	void (*play)(struct demo *d);  /* sets d->err when the scene can't go on */
	void (*clean)(struct demo *d); /* puts the lab back, also after an interrupt; or NULL */
	/* Its own options of the verb; -1: play, else an exit status. NULL: it has none. */
	int (*options)(struct cli *c, const char *data_dir);
	/* Does it write the page of --html itself, with these options? NULL: no. */
	bool (*own_page)(const struct cli *c);
};

/* The scenes that there are; NULL past the last. */
const struct scene *scene_at(size_t i);

extern const struct scene scene_lookup, scene_freewifi, scene_dh, scene_nat, scene_download, scene_ssh;

/* The verb: plays one scene on the running lab, or on one made for it. */
int demo_main(struct cli *c, const char *lab_name, const char *data_dir, const struct scene *scene);

/* --- prose --- */

/* The heading, the explanation and the prediction of an act: acts.ID.title, .explain (a list), .predict. */
void demo_act(struct demo *d, const char *id);

/* Any other text of the scene's file; "" (and d->err) when it is not there. */
const char *demo_text(struct demo *d, const char *path);

/* --- programs in hosts --- */

enum demo_output {
	DEMO_EVENTS,  /* the program writes JSON lines (it gets --json): they become events of the scene */
	DEMO_RESULTS, /* the same, but only its results are shown; the packets tell the rest */
	DEMO_SILENT,  /* the same, but nothing is shown, not even the command */
	DEMO_TEXT,    /* what it prints is kept in buf */
};

#define DEMO_LINE_MAX  (256 * 1024)
#define DEMO_TEXT_MAX  (1024 * 1024)
#define DEMO_TIMEOUT_S 20

struct demo_process {
	pid_t pid;
	int out; /* its standard output */
	enum demo_output how;
	char *buf; /* text, or the line that is not whole yet */
	size_t len, cap;
	json_t *result; /* data of its last RESULT event, or NULL */
	json_t *events; /* all its events, an array (not for DEMO_TEXT) */
	int status;     /* exit status when it has ended; 128 + N: killed by signal N */
	bool ended;
};

/* Starts argv in host (`glasslab exec HOST -- argv…`). stdin_file is read in the host, or NULL. The command
 * is shown as a learner would type it. false (and d->err) when it can't be started. */
bool demo_start(struct demo *d, struct demo_process *p, const char *host, enum demo_output how,
    const char *const argv[], const char *stdin_file);

/* Reads what p writes until it ends, or until it has emitted an event of that kind and id (NULL: until it
 * ends), or for DEMO_TIMEOUT_S. false on a timeout. */
bool demo_follow(struct demo *d, struct demo_process *p, const char *until_kind, const char *until_id);

/* Starts, follows to the end, returns the exit status (-1: it could not be run, or did not end). */
int demo_run(struct demo *d, struct demo_process *p, const char *host, enum demo_output how, const char *const argv[],
    const char *stdin_file);

/* Ends it with SIGTERM, if it has not ended, and reads what it still has to say. */
void demo_stop(struct demo *d, struct demo_process *p);
void demo_process_release(struct demo_process *p);

/* `glasslab ARGS…` on this lab ("move", "laptop", "airport"); the exit status. */
int demo_glasslab(struct demo *d, const char *const args[]);

/* --- the lab's facts --- */

/* What the facts say of that host (borrowed); NULL: there is none. */
json_t *demo_host_facts(const struct demo *d, const char *host);

/* Is this address on an interface of that host? */
bool demo_has_address(const struct demo *d, const char *host, const char *addr);

/* `glasslab move HOST LAN`, shown as a learner would type it; where the host is now becomes part of the trace. */
bool demo_move(struct demo *d, const char *host, const char *lan);

/* --- packets --- */

/* Every journey since the last call, oldest first: those for which wanted() is true are drawn as a ladder
 * under the title, and handed to it. All packets sent before the call are there. Returns how many were
 * wanted. */
typedef bool demo_wanted(void *ctx, const struct journey *j, const struct capture *c);
size_t demo_packets(struct demo *d, const char *title, demo_wanted *wanted, void *ctx);

/* A search for packets: those of one TCP port are drawn, and a text is looked for in all of them, on every link. */
struct demo_search {
	const char *text; /* borrowed; "" finds nothing */
	uint16_t port;
	size_t packets, with_text;
	uint64_t first;                            /* the number of the first with it; 0: none */
	uint64_t last;                             /* of the last that was drawn */
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX]; /* who sent the first with it to whom */
};
/* Sets all but text and port. Returns how many were drawn. */
size_t demo_search(struct demo *d, const char *title, struct demo_search *s);

/* Who draws all that the terminal has no room for: the page, or NULL. */
struct trace *demo_page(struct demo *d);

/* --- verdicts --- */

/* A prediction held against what was seen. id is a stable word. */
void demo_expect(struct demo *d, const char *id, bool came_true, const char *what, const char *fmt, ...)
    PRINTF_LIKE(5, 6);

#endif
