/* The cast of the scene about downloads, and of the matrix's cells: a publisher, a mirror that is mallory's, and Alice
 * who downloads. */
#ifndef GLASSLAB_SCENE_DOWNLOAD_H
#define GLASSLAB_SCENE_DOWNLOAD_H

#include "demo.h"
#include "minisign_make.h"

#define DOWNLOAD_NAME      "tool.sh"
#define DOWNLOAD_MIRROR    "http://mirror.example/"
#define DOWNLOAD_PUBLISHER "https://www.mse.isr.cmu.edu/"
#define DOWNLOAD_LIST      "CHECKSUMS"
#define DOWNLOAD_SIGNATURE DOWNLOAD_NAME ".minisig"

struct download_cast {
	struct demo *d;
	struct minisign_publisher publisher;
	char word[17], mallorys_word[17]; /* in the publisher's file; in mallory's: drawn anew */
	char file[256], changed[256];
	struct demo_process mirror, hashview;
};

/* What came of one download. */
struct download_got {
	int status;                      /* hashview's */
	bool kept, publishers, mallorys; /* a file is there; with whose words */
	char checksum[8], signature[8];  /* verdicts of hashview's checks; "": not made */
};

/* File and list on the publisher's server, copies of them and the signature on the mirror, which is open; the
 * publisher's public key on the laptop. */
bool download_cast_open(struct download_cast *c, struct demo *d);
void download_cast_close(struct download_cast *c);
void download_cast_clean(struct demo *d);

/* mallory puts its own file in the place of the mirror's, and makes the mirror's list anew. */
bool download_change(struct download_cast *c);
/* … and a signature by a key of its own. */
bool download_sign_as_mallory(struct download_cast *c);
/* The mirror is as it was. */
bool download_restore(struct download_cast *c);

/* Downloads the file as a learner would; list and signature are URLs or NULL. */
void download(struct download_cast *c, const char *list, const char *signature, struct download_got *g);
/* "mallory's file", "no file", … */
const char *download_whose(const struct download_got *g);

#endif
