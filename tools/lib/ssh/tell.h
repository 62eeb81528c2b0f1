/* SSH's messages, told to a trace. */
#ifndef GLASSNET_LIB_SSH_TELL_H
#define GLASSNET_LIB_SSH_TELL_H

#include "glassnet/ssh_transport.h"

/* A message went out or came in. meaning of its fields goes with it, unless it is secret. */
void sshtell_message(struct sshtr *tr, bool out, const uint8_t *payload, size_t len, bool secret, const char *label);
void sshtell_version(struct sshtr *tr, bool out, const char *line);
/* Both KEXINITs are there: what was chosen, and why. */
void sshtell_choice(struct sshtr *tr, const struct sshkexinit *ours, const struct sshkexinit *theirs);
void sshtell_no_choice(
    struct sshtr *tr, const struct sshkexinit *ours, const struct sshkexinit *theirs, enum sshlist w);
/* The exchange hash, and what went into it. */
void sshtell_hash(struct sshtr *tr, const struct sshkex_input *in, size_t n);
void sshtell_signature(struct sshtr *tr, bool good, const char *why);
void sshtell_newkeys(struct sshtr *tr, bool out, enum sshcipher c);

/* Lessons: each is given once. */
enum sshlesson {
	LESSON_VERSION,
	LESSON_KEXINIT,
	LESSON_ECDH,
	LESSON_HASH,
	LESSON_SIGNATURE,
	LESSON_STRICT,
	LESSON_NEWKEYS,
	LESSON_REKEY
};
void sshtell_lesson(struct sshtr *tr, enum sshlesson which);

#endif
