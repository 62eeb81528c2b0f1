/* The scene "download": a mirror whose file mallory changed. The checksum from the mirror lies, the one from the
 * publisher's https page tells, and the publisher's signature tells wherever it lies.
 *
 * The file, what mallory puts into it, and the publisher's key are made anew for each scene: what the laptop keeps is
 * told by a word that stands nowhere else. */
#include <string.h>

#include "scene_download.h"

#define LIST      DOWNLOAD_MIRROR DOWNLOAD_LIST
#define SIGNATURE DOWNLOAD_MIRROR DOWNLOAD_SIGNATURE

struct scene_download {
	struct demo *d;
	struct download_cast cast;
	size_t seen; /* packets between the laptop and the mirror, in the last act */
};

/* --- the packets --- */

static bool of_the_mirror(void *ctx, const struct journey *j, const struct capture *c)
{
	struct scene_download *s = ctx;
	char from[LAB_HOST_MAX], to[LAB_HOST_MAX];

	if (j->n == 0)
		return false;
	const struct packet *p = &j->at[0].packet;
	journey_ends(j, c, from, to);
	bool is = p->ip_proto == 6 && p->payload_len > 0 &&
	          ((strcmp(from, "laptop") == 0 && strcmp(to, "mallory") == 0) ||
	              (strcmp(from, "mallory") == 0 && strcmp(to, "laptop") == 0));
	s->seen += is;
	return is;
}

static void show_packets(struct scene_download *s, const char *title)
{
	s->seen = 0;
	demo_packets(s->d, title, of_the_mirror, s);
}

/* --- acts --- */

static bool goes_on(const struct scene_download *s)
{
	return s->d->err == ERR_OK && !cli_interrupted();
}

static void act_honest(struct scene_download *s)
{
	struct download_got g;

	demo_act(s->d, "honest");
	bool ready = download_cast_open(&s->cast, s->d);
	demo_expect(s->d, "published", ready, "are file, list, signature and mirror there?", "%s",
	    ready ? "file and list on the publisher's server, copies on the mirror, the signature beside them"
	          : "no");
	if (!ready || !goes_on(s))
		return;
	download(&s->cast, LIST, SIGNATURE, &g);
	show_packets(s, "From the mirror, by http: anybody on the way can read it");
	demo_expect(s->d, "honest-kept", g.status == EXIT_YES && g.publishers && !g.mallorys,
	    "is it taken, and is it the publisher's?", "exit status %d, kept: %s", g.status, download_whose(&g));
}

static void act_changed(struct scene_download *s)
{
	struct download_got g;

	demo_act(s->d, "changed");
	bool ready = download_change(&s->cast);
	demo_expect(s->d, "changed", ready, "did mallory change the file, and make the list anew?", "%s",
	    ready ? "both, in a second; the signature stays as it is, mallory can't make one" : "no");
	download(&s->cast, LIST, NULL, &g);
	show_packets(s, "File and list from the same hands");
	demo_expect(s->d, "list-lies", strcmp(g.checksum, "pass") == 0,
	    "does the mirror's list agree with the mirror's file?", "the check says: %s", g.checksum);
	demo_expect(s->d, "attack-worked", g.status == EXIT_YES && g.mallorys, "is mallory's file taken?",
	    "exit status %d, kept: %s", g.status, download_whose(&g));
}

static void act_publisher(struct scene_download *s)
{
	struct download_got g;

	demo_act(s->d, "publisher");
	download(&s->cast, DOWNLOAD_PUBLISHER DOWNLOAD_LIST, NULL, &g);
	show_packets(s, "The file from the mirror; the list comes from elsewhere, by https");
	demo_expect(s->d, "list-tells", g.status == EXIT_NO && strcmp(g.checksum, "fail") == 0,
	    "does the publisher's list tell?", "the check says: %s, exit status %d", g.checksum, g.status);
	demo_expect(s->d, "not-kept", !g.kept, "is nothing kept?", "%s", download_whose(&g));
}

static void act_signature(struct scene_download *s)
{
	struct download_got g;

	demo_act(s->d, "signature");
	download(&s->cast, NULL, SIGNATURE, &g);
	show_packets(s, "File and signature from the same hands");
	demo_expect(s->d, "signature-tells", g.status == EXIT_NO && strcmp(g.signature, "fail") == 0 && !g.kept,
	    "does the publisher's signature tell?", "the check says: %s, exit status %d, kept: %s", g.signature,
	    g.status, download_whose(&g));
	bool ready = download_sign_as_mallory(&s->cast);
	download(&s->cast, NULL, SIGNATURE, &g);
	show_packets(s, "With a signature by mallory's own key");
	demo_expect(s->d, "other-key", ready && g.status == EXIT_NO && strcmp(g.signature, "fail") == 0 && !g.kept,
	    "does a signature by another key help mallory?", "no: the check says %s, exit status %d, kept: %s",
	    g.signature, g.status, download_whose(&g));
}

static void act_again(struct scene_download *s)
{
	struct download_got g;

	demo_act(s->d, "again");
	bool ready = download_restore(&s->cast);
	download(&s->cast, DOWNLOAD_PUBLISHER DOWNLOAD_LIST, SIGNATURE, &g);
	show_packets(s, "The true file again");
	demo_expect(s->d, "both-agree",
	    ready && g.status == EXIT_YES && strcmp(g.checksum, "pass") == 0 && strcmp(g.signature, "pass") == 0 &&
	        g.publishers && !g.mallorys,
	    "do both agree now, and is the file the publisher's?", "list: %s, signature: %s, kept: %s", g.checksum,
	    g.signature, download_whose(&g));
}

/* --- the whole --- */

static void play(struct demo *d)
{
	static void (*const acts[])(struct scene_download *) = {
	    act_honest, act_changed, act_publisher, act_signature, act_again};
	struct scene_download s = {.d = d};

	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]) && goes_on(&s); i++) {
		acts[i](&s);
		if (s.cast.mirror.pid < 0)
			break;
	}
	download_cast_close(&s.cast);
}

const struct scene scene_download = {.name = "download",
    .summary = "a mirror whose file mallory changed: which checksum lies, which tells, and what a signature is worth",
    .play = play,
    .clean = download_cast_clean};
