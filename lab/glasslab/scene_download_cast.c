/* What the publisher, mallory's mirror and Alice do where a file is downloaded. */
#include "scene_download.h"

#include <sodium.h>
#include <string.h>

#define MIRROR_DIR "/run/glassnet/mirror"
#define WWW_DIR    "/run/glassnet/www"
#define GOT        "/run/glassnet/" DOWNLOAD_NAME
#define KEY        "/run/glassnet/publisher.pub"
#define COMMENT    "tool.sh, this release"

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
	return run_on(d, host, "cd \"$1\" && hashview sum " DOWNLOAD_NAME " >" DOWNLOAD_LIST, dir, NULL);
}

static bool put_signature(struct download_cast *c, const struct minisign_publisher *who, const char *file)
{
	char signature[MINISIGN_SIGNATURE_TEXT];

	minisign_signature_text(who, file, strlen(file), COMMENT, signature);
	return put(c->d, "mallory", MIRROR_DIR "/" DOWNLOAD_SIGNATURE, signature);
}

static void draw_files(struct download_cast *c)
{
	uint8_t random[8];

	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(c->word, sizeof(c->word), random, sizeof(random));
	randombytes_buf(random, sizeof(random));
	sodium_bin2hex(c->mallorys_word, sizeof(c->mallorys_word), random, sizeof(random));
	minisign_publisher_make(&c->publisher);
	snprintf(c->file, sizeof(c->file), "#!/bin/sh\n# release %s\necho 'all is well'\n", c->word);
	snprintf(c->changed, sizeof(c->changed),
	    "#!/bin/sh\n# release %s\n# %s\necho 'all is well'; send-to-mallory \"$HOME\"/.ssh\n", c->word,
	    c->mallorys_word);
}

/* The laptop has the publisher's public key from long ago. */
static bool publish(struct download_cast *c)
{
	char key[MINISIGN_KEY_TEXT];

	minisign_key_text(&c->publisher, key);
	return put(c->d, "mse-www", WWW_DIR "/" DOWNLOAD_NAME, c->file) && put_list(c->d, "mse-www", WWW_DIR) &&
	       put(c->d, "laptop", KEY, key) && run_on(c->d, "mallory", "mkdir -p \"$1\"", MIRROR_DIR, NULL) &&
	       put(c->d, "mallory", MIRROR_DIR "/" DOWNLOAD_NAME, c->file) && put_list(c->d, "mallory", MIRROR_DIR) &&
	       put_signature(c, &c->publisher, c->file);
}

static bool open_mirror(struct download_cast *c)
{
	static const char *const argv[] = {"busybox", "httpd", "-f", "-p", "80", "-h", MIRROR_DIR, NULL};
	static const char wait[] = "i=0; until curl -s -o /dev/null --max-time 2 " DOWNLOAD_MIRROR DOWNLOAD_LIST
	                           "; do i=$((i + 1)); [ $i -lt 60 ] || exit 1; sleep 0.05; done";

	return demo_start(c->d, &c->mirror, "mallory", DEMO_TEXT, argv, NULL) &&
	       run_on(c->d, "laptop", wait, NULL, NULL);
}

bool download_cast_open(struct download_cast *c, struct demo *d)
{
	static const struct demo_process none = {.pid = -1, .out = -1};

	*c = (struct download_cast){.d = d, .mirror = none, .hashview = none};
	if (sodium_init() < 0)
		return false;
	draw_files(c);
	return publish(c) && open_mirror(c);
}

void download_cast_close(struct download_cast *c)
{
	demo_stop(c->d, &c->mirror);
	demo_process_release(&c->mirror);
	demo_process_release(&c->hashview);
	sodium_memzero(&c->publisher, sizeof(c->publisher));
}

void download_cast_clean(struct demo *d)
{
	(void)run_on(d, "laptop", "rm -f \"$1\" \"$2\"", GOT, KEY);
	(void)run_on(d, "mse-www", "rm -f \"$1/" DOWNLOAD_NAME "\" \"$1/" DOWNLOAD_LIST "\"", WWW_DIR, NULL);
	(void)run_on(d, "mallory", "rm -rf \"$1\"", MIRROR_DIR, NULL);
}

/* --- mallory --- */

bool download_change(struct download_cast *c)
{
	return put(c->d, "mallory", MIRROR_DIR "/" DOWNLOAD_NAME, c->changed) &&
	       put_list(c->d, "mallory", MIRROR_DIR);
}

bool download_sign_as_mallory(struct download_cast *c)
{
	struct minisign_publisher mallory;

	minisign_publisher_make(&mallory);
	bool ok = put_signature(c, &mallory, c->changed);
	sodium_memzero(&mallory, sizeof(mallory));
	return ok;
}

bool download_restore(struct download_cast *c)
{
	return put(c->d, "mallory", MIRROR_DIR "/" DOWNLOAD_NAME, c->file) && put_list(c->d, "mallory", MIRROR_DIR) &&
	       put_signature(c, &c->publisher, c->file);
}

/* --- Alice --- */

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

void download(struct download_cast *c, const char *list, const char *signature, struct download_got *g)
{
	const char *argv[16] = {"hashview", "download", DOWNLOAD_MIRROR DOWNLOAD_NAME, "--to", GOT};
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
	(void)run_on(c->d, "laptop", "rm -f \"$1\"", GOT, NULL);
	demo_process_release(&c->hashview);
	*g = (struct download_got){.status = demo_run(c->d, &c->hashview, "laptop", DEMO_EVENTS, argv, NULL)};
	find_verdict(&c->hashview, "checksum", g->checksum);
	find_verdict(&c->hashview, "signature", g->signature);
	g->kept = run_on(c->d, "laptop", "test -e \"$1\"", GOT, NULL);
	g->publishers = run_on(c->d, "laptop", "grep -qs \"$2\" \"$1\"", GOT, c->word);
	g->mallorys = run_on(c->d, "laptop", "grep -qs \"$2\" \"$1\"", GOT, c->mallorys_word);
}

const char *download_whose(const struct download_got *g)
{
	return !g->kept        ? "no file"
	       : g->mallorys   ? "mallory's file"
	       : g->publishers ? "the publisher's file"
	                       : "another file";
}
