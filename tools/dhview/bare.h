/* X25519 bare (RFC 7748): for vectors, and for looking at it. */
#ifndef DHVIEW_BARE_H
#define DHVIEW_BARE_H

#include "glassnet/trace.h"

#define X25519_LEN 32

/* 64 hexadecimal digits, white space around them allowed. ERR_FORMAT: *at is the place of what is no such
 * digit, or where the text ends too early or goes on too long. */
enum err bare_parse(uint8_t out[static X25519_LEN], const char *text, size_t len, size_t *at) MUST_USE;

/* The private number times the point (NULL: the base point, so a public key), and what is to be known of the
 * point. ERR_NEGATIVE: the point has small order, the result would be zero. */
enum err bare_run(const uint8_t private_key[static X25519_LEN], const uint8_t *public_key, struct trace *t,
    uint8_t out[static X25519_LEN]) MUST_USE;

/* RFC 7748 5.2 and 6.1, with the iterated test to that number (1, 1000 or 1000000; smaller ones are compared
 * on the way), and the points of small order. ERR_NEGATIVE: something came out wrong. progress may be NULL;
 * it returns true to stop (ERR_CLOSED). */
enum err bare_self_test(struct trace *t, long iterations, bool (*progress)(void *ctx, long done), void *ctx) MUST_USE;

#endif
