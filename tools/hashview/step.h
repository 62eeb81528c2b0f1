/* hashview step: SHA-256 round by round, SHA-3 step by step. These two are written to be watched, not to be
 * fast; what they compute is compared with the library. Everything else in hashview uses the library. */
#ifndef HASHVIEW_STEP_H
#define HASHVIEW_STEP_H

#include <stdint.h>

#include "glassnet/trace.h"

/* FIPS 180-4. Events: each block, its 64 words, each round. */
void step_sha256(const uint8_t *text, size_t len, struct trace *t, uint8_t out[static 32]);
/* SHA3-256, FIPS 202. Events: each block, each of 24 rounds with its five steps. */
void step_sha3_256(const uint8_t *text, size_t len, struct trace *t, uint8_t out[static 32]);

#define STEP_TEXT_MAX 1024

/* Runs one of them, and compares. */
enum err step_run(bool sha3, const uint8_t *text, size_t len, struct trace *t) MUST_USE;

#endif
