/* The matrix: a mirror that gives out another file. Who says which file is the right one, and on which way? */
#include <string.h>

#include "matrix.h"
#include "matrix_find.h"
#include "scene_download.h"

#define MIRROR_LIST      DOWNLOAD_MIRROR DOWNLOAD_LIST
#define MIRROR_SIGNATURE DOWNLOAD_MIRROR DOWNLOAD_SIGNATURE

/* What Alice asks for beside the file: URLs, or NULL. */
struct asked {
	const char *list, *signature;
	bool mallory_signs; /* the signature beside the file is by mallory's own key */
};

static bool has_mallorys_word(void *ctx, const struct packet *p)
{
	const char *word = ctx;

	return memmem(p->bytes + p->payload_off, p->payload_len, word, strlen(word)) != NULL;
}

static void report(struct outcome *o, const struct download_cast *c, const struct download_got *g,
    const struct asked *a, uint64_t packet)
{
	cell_tried(o, packet != 0, "gave out a file of its own%s%s",
	    a->list && strcmp(a->list, MIRROR_LIST) == 0 ? ", and a list of checksums made anew" : "",
	    a->mallory_signs ? ", and a signature by a key of its own" : "");
	if (g->kept && g->mallorys)
		cell_got(o, true, "its file on the laptop, ready to run");
	else
		cell_not_got(o, "its file on the laptop: %s is there", download_whose(g));
	if (a->signature)
		(void)!cell_decided_by(o, &c->hashview, "signature", packet);
	else if (a->list)
		(void)!cell_decided_by(o, &c->hashview, "checksum", packet);
	else
		cell_decided(o, "none", packet, "no check was asked: what came was kept");
}

/* A check that refuses everything has shown nothing: the publisher's own file must pass it. */
static void try_true_file(struct matrix *m, struct outcome *o, struct download_cast *c, const struct asked *a)
{
	struct download_got g = {0};

	ev_heading(&m->d->trace, "The same with the publisher's file");
	if (download_restore(c))
		download(c, a->list, a->signature, &g);
	if (g.status == EXIT_YES && g.kept && g.publishers)
		return;
	ev_warning(&m->d->trace, "the publisher's own file is refused, too");
	o->ran = false;
}

static void play(struct matrix *m, struct outcome *o, const struct asked *a)
{
	struct download_cast c;
	struct download_got g;

	/* The mirror is mallory's own: it needs no airport. */
	if (matrix_home(m) && download_cast_open(&c, m->d) && download_change(&c) &&
	    (!a->mallory_signs || download_sign_as_mallory(&c))) {
		struct packet_find file = {
		    .port = 80, .is = has_mallorys_word, .ctx = c.mallorys_word, .to = "laptop"};
		download(&c, a->list, a->signature, &g);
		packet_find(m->d, "The file, from the mirror", &file);
		report(o, &c, &g, a, file.first);
		if (!o->reached)
			try_true_file(m, o, &c, a);
	} else {
		ev_warning(&m->d->trace, "file, list and mirror could not be prepared");
	}
	download_cast_close(&c);
	download_cast_clean(m->d);
}

static void unchecked(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct asked){0});
}

static void same_mirror(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct asked){.list = MIRROR_LIST});
}

static void elsewhere(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct asked){.list = DOWNLOAD_PUBLISHER DOWNLOAD_LIST});
}

static void signature(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct asked){.signature = MIRROR_SIGNATURE});
}

static void other_key(struct matrix *m, struct outcome *o)
{
	play(m, o, &(struct asked){.signature = MIRROR_SIGNATURE, .mallory_signs = true});
}

static const struct cell cells[] = {
    {"download/unchecked", unchecked},
    {"download/same-mirror", same_mirror},
    {"download/elsewhere", elsewhere},
    {"download/signature", signature},
    {"download/other-key", other_key},
};

const struct cell_family matrix_download = {
    .name = "download", .cells = cells, .n = sizeof(cells) / sizeof(cells[0]), .clean = download_cast_clean};
