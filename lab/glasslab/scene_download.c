/* The scene "download": a mirror whose file mallory changed. The checksum from the mirror lies, the one from the
 * publisher's https page tells, and the publisher's signature tells wherever it lies.
 *
 * The file, what mallory puts into it, and the publisher's key are made anew for each scene: what the laptop keeps is
 * told by a word that stands nowhere else. */
#include <sodium.h>
#include <string.h>

#include "demo.h"
#include "minisign_make.h"

#define MIRROR     "http://mirror.example/"
#define PUBLISHER  "https://www.mse.isr.cmu.edu/"
#define NAME       "tool.sh"
#define MIRROR_DIR "/run/glassnet/mirror"
#define WWW_DIR    "/run/glassnet/www"
#define GOT        "/run/glassnet/tool.sh"
#define KEY        "/run/glassnet/publisher.pub"

enum { FILE_TEXT = 256 };

struct scene_download {
	struct demo *d;
	struct minisign_publisher publisher;
	char word[17], mallorys_word[17]; /* in the publisher's file; in mallory's */
	char file[FILE_TEXT], changed[FILE_TEXT];
	struct demo_process mirror;
	size_t seen; /* packets between the laptop and the mirror, in the last act */
};

/* --- files in hosts --- */

static bool run_on(struct demo *d, const char *host, const char *script, const char *a, const char *b)
{
	const char *const argv[] = {"exec", host, "--", "sh", "-c", script, "sh", a ? a : "", b ? b : "", NULL};

	return demo_glasslab(d, argv) == 0;
}

static bool put(struct demo *d, const char *host, const char *path, const char *text)
{
	return run_on(d, host, "printf %s \"$2\" >\"$1\"", path, text);
}

/* The list of checksums beside the file, as anybody makes one who has the file. */
static bool put_list(struct demo *d, const char *host, const char *dir)
{
	return run_on(d, host, "cd \"$1\" && hashview sum " NAME " >CHECKSUMS", dir, NULL);
}

static bool draw_files(struct scene_download *s)
{
	uint8_t random[8];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(s->word, sizeof(s->word), random, sizeof(random));
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(s->mallorys_word, sizeof(s->mallorys_word), random, sizeof(random));
	minisign_publisher_make(&s->publisher);
	snprintf(s->file, sizeof(s->file), "#!/bin/sh\n# release %s\necho 'all is well'\n", s->word);
	snprintf(s->changed, sizeof(s->changed),
	    "#!/bin/sh\n# release %s\n# %s\necho 'all is well'; send-to-mallory \"$HOME\"/.ssh\n", s->word,
	    s->mallorys_word);
	return true;
}

/* The publisher's own server has the file and its list; the laptop has the publisher's public key from long ago. */
static bool publish(struct scene_download *s)
{
	char key[MINISIGN_KEY_TEXT], signature[MINISIGN_SIGNATURE_TEXT];

	minisign_key_text(&s->publisher, key);
	minisign_signature_text(&s->publisher, s->file, strlen(s->file), "tool.sh, this release", signature);
	return put(s->d, "mse-www", WWW_DIR "/" NAME, s->file) && put_list(s->d, "mse-www", WWW_DIR) &&
	       put(s->d, "laptop", KEY, key) && run_on(s->d, "mallory", "mkdir -p \"$1\"", MIRROR_DIR, NULL) &&
	       put(s->d, "mallory", MIRROR_DIR "/" NAME, s->file) && put_list(s->d, "mallory", MIRROR_DIR) &&
	       put(s->d, "mallory", MIRROR_DIR "/" NAME ".minisig", signature);
}

static bool open_mirror(struct scene_download *s)
{
	static const char *const argv[] = {"busybox", "httpd", "-f", "-p", "80", "-h", MIRROR_DIR, NULL};
	static const char wait[] = "i=0; until curl -s -o /dev/null --max-time 2 " MIRROR
	                           "CHECKSUMS; do i=$((i + 1)); [ $i -lt 60 ] || exit 1; sleep 0.05; done";

	return demo_start(s->d, &s->mirror, "mallory", DEMO_TEXT, argv, NULL) &&
	       run_on(s->d, "laptop", wait, NULL, NULL);
}

/* --- one download --- */

struct got {
	int status;
	bool kept, publishers, mallorys; /* a file is there; with whose words */
	char checksum[8], signature[8];  /* verdicts of hashview's checks; "": not made */
};

static void find_verdict(const struct demo_process *p, const char *id, char out[static 8])
{
	out[0] = '\0';
	for (size_t i = 0; i < json_array_size(p->events); i++) {
		const json_t *e = json_array_get(p->events, i);
		const char *is = json_string_value(json_object_get(e, "id")),
		           *v = json_string_value(json_object_get(e, "verdict"));
		if (is && v && strcmp(is, id) == 0)
			snprintf(out, 8, "%s", v);
	}
}

/* Downloads NAME as a learner would; list and signature are URLs or NULL. */
static void download(struct scene_download *s, const char *list, const char *signature, struct got *g)
{
	const char *argv[16] = {"hashview", "download", MIRROR NAME, "--to", GOT};
	struct demo_process p;
	size_t n = 5;

	if (list) {
		argv[n++] = "--checksum";
		argv[n++] = list;
	}
	if (signature) {
		argv[n++] = "--signature";
		argv[n++] = signature;
		argv[n++] = "--key";
		argv[n++] = KEY;
	}
	(void)run_on(s->d, "laptop", "rm -f \"$1\"", GOT, NULL);
	*g = (struct got){.status = demo_run(s->d, &p, "laptop", DEMO_EVENTS, argv, NULL)};
	find_verdict(&p, "checksum", g->checksum);
	find_verdict(&p, "signature", g->signature);
	demo_process_release(&p);
	g->kept = run_on(s->d, "laptop", "test -e \"$1\"", GOT, NULL);
	g->publishers = run_on(s->d, "laptop", "grep -qs \"$2\" \"$1\"", GOT, s->word);
	g->mallorys = run_on(s->d, "laptop", "grep -qs \"$2\" \"$1\"", GOT, s->mallorys_word);
}

static const char *whose(const struct got *g)
{
	return !g->kept        ? "no file"
	       : g->mallorys   ? "mallory's file"
	       : g->publishers ? "the publisher's file"
	                       : "another file";
}

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
	struct got g;

	demo_act(s->d, "honest");
	bool ready = draw_files(s) && publish(s) && open_mirror(s);
	demo_expect(s->d, "published", ready, "are file, list, signature and mirror there?", "%s",
	    ready ? "file and list on the publisher's server, copies on the mirror, the signature beside them"
	          : "no");
	if (!ready || !goes_on(s))
		return;
	download(s, MIRROR "CHECKSUMS", MIRROR NAME ".minisig", &g);
	show_packets(s, "From the mirror, by http: anybody on the way can read it");
	demo_expect(s->d, "honest-kept", g.status == EXIT_YES && g.publishers && !g.mallorys,
	    "is it taken, and is it the publisher's?", "exit status %d, kept: %s", g.status, whose(&g));
}

static void act_changed(struct scene_download *s)
{
	struct got g;

	demo_act(s->d, "changed");
	bool ready = put(s->d, "mallory", MIRROR_DIR "/" NAME, s->changed) && put_list(s->d, "mallory", MIRROR_DIR);
	demo_expect(s->d, "changed", ready, "did mallory change the file, and make the list anew?", "%s",
	    ready ? "both, in a second; the signature stays as it is, mallory can't make one" : "no");
	download(s, MIRROR "CHECKSUMS", NULL, &g);
	show_packets(s, "File and list from the same hands");
	demo_expect(s->d, "list-lies", strcmp(g.checksum, "pass") == 0,
	    "does the mirror's list agree with the mirror's file?", "the check says: %s", g.checksum);
	demo_expect(s->d, "attack-worked", g.status == EXIT_YES && g.mallorys, "is mallory's file taken?",
	    "exit status %d, kept: %s", g.status, whose(&g));
}

static void act_publisher(struct scene_download *s)
{
	struct got g;

	demo_act(s->d, "publisher");
	download(s, PUBLISHER "CHECKSUMS", NULL, &g);
	show_packets(s, "The file from the mirror; the list comes from elsewhere, by https");
	demo_expect(s->d, "list-tells", g.status == EXIT_NO && strcmp(g.checksum, "fail") == 0,
	    "does the publisher's list tell?", "the check says: %s, exit status %d", g.checksum, g.status);
	demo_expect(s->d, "not-kept", !g.kept, "is nothing kept?", "%s", whose(&g));
}

static void act_signature(struct scene_download *s)
{
	struct minisign_publisher mallory;
	char signature[MINISIGN_SIGNATURE_TEXT];
	struct got g;

	demo_act(s->d, "signature");
	download(s, NULL, MIRROR NAME ".minisig", &g);
	show_packets(s, "File and signature from the same hands");
	demo_expect(s->d, "signature-tells", g.status == EXIT_NO && strcmp(g.signature, "fail") == 0 && !g.kept,
	    "does the publisher's signature tell?", "the check says: %s, exit status %d, kept: %s", g.signature,
	    g.status, whose(&g));
	minisign_publisher_make(&mallory);
	minisign_signature_text(&mallory, s->changed, strlen(s->changed), "tool.sh, this release", signature);
	sodium_memzero(&mallory, sizeof(mallory));
	bool ready = put(s->d, "mallory", MIRROR_DIR "/" NAME ".minisig", signature);
	download(s, NULL, MIRROR NAME ".minisig", &g);
	show_packets(s, "With a signature by mallory's own key");
	demo_expect(s->d, "other-key", ready && g.status == EXIT_NO && strcmp(g.signature, "fail") == 0 && !g.kept,
	    "does a signature by another key help mallory?", "no: the check says %s, exit status %d, kept: %s",
	    g.signature, g.status, whose(&g));
}

static void act_again(struct scene_download *s)
{
	char signature[MINISIGN_SIGNATURE_TEXT];
	struct got g;

	demo_act(s->d, "again");
	minisign_signature_text(&s->publisher, s->file, strlen(s->file), "tool.sh, this release", signature);
	bool ready = put(s->d, "mallory", MIRROR_DIR "/" NAME, s->file) &&
	             put(s->d, "mallory", MIRROR_DIR "/" NAME ".minisig", signature);
	download(s, PUBLISHER "CHECKSUMS", MIRROR NAME ".minisig", &g);
	show_packets(s, "The true file again");
	demo_expect(s->d, "both-agree",
	    ready && g.status == EXIT_YES && strcmp(g.checksum, "pass") == 0 && strcmp(g.signature, "pass") == 0 &&
	        g.publishers && !g.mallorys,
	    "do both agree now, and is the file the publisher's?", "list: %s, signature: %s, kept: %s", g.checksum,
	    g.signature, whose(&g));
}

/* --- the whole --- */

static void play(struct demo *d)
{
	static void (*const acts[])(struct scene_download *) = {
	    act_honest, act_changed, act_publisher, act_signature, act_again};
	struct scene_download s = {.d = d, .mirror = {.pid = -1, .out = -1}};

	if (sodium_init() < 0)
		d->err = ERR_INTERNAL;
	for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]) && goes_on(&s); i++) {
		acts[i](&s);
		if (s.mirror.pid < 0)
			break;
	}
	demo_stop(d, &s.mirror);
	demo_process_release(&s.mirror);
	sodium_memzero(&s.publisher, sizeof(s.publisher));
}

static void clean(struct demo *d)
{
	(void)run_on(d, "laptop", "rm -f \"$1\" \"$2\"", GOT, KEY);
	(void)run_on(d, "mse-www", "rm -f \"$1/" NAME "\" \"$1/CHECKSUMS\"", WWW_DIR, NULL);
	(void)run_on(d, "mallory", "rm -rf \"$1\"", MIRROR_DIR, NULL);
}

const struct scene scene_download = {.name = "download",
    .summary = "a mirror whose file mallory changed: which checksum lies, which tells, and what a signature is worth",
    .play = play,
    .clean = clean};
