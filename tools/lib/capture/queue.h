/* Packets of a live capture that wait until none that is older can come: a binary heap by time. */
#ifndef CAPTURE_QUEUE_H
#define CAPTURE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "glassnet/err.h"

struct held {
	int64_t time;
	uint64_t seq; /* arrival, which decides between equal times */
	size_t vantage;
	bool outgoing, has_direction;
	uint32_t len, wire_len;
	uint8_t *bytes; /* owned */
};

struct queue {
	struct held *at;
	size_t n, cap;
};

enum err queue_push(struct queue *q, const struct held *h) MUST_USE;
struct held queue_pop(struct queue *q); /* of the oldest; q must not be empty */
void queue_release(struct queue *q);

#endif
