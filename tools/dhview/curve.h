/* Bits against time: the three searches measured on this machine, a straight line through them, and how far
 * it carries. */
#ifndef DHVIEW_CURVE_H
#define DHVIEW_CURVE_H

#include <stdio.h>

#include "glassnet/clock.h"
#include "glassnet/trace.h"
#include "crack.h"

#define CURVE_MAX 64

struct curve_point {
	enum crack_method method;
	unsigned bits;  /* of the group's order */
	double seconds; /* mean of CURVE_TARGETS searches */
	double steps;   /* likewise */
};
#define CURVE_TARGETS 12

struct curve {
	struct curve_point at[CURVE_MAX];
	size_t n;
};

/* log2(seconds) = intercept + slope * bits, by least squares over n points. */
struct curve_line {
	double intercept, slope;
	double scatter;           /* standard deviation of the points about the line, in log2 seconds */
	double mean_bits, spread; /* mean of the bits, sum of their squared distances from it */
	size_t n;
};

struct curve_measure {
	int64_t (*now_ns)(void *ctx); /* a clock that only goes forward */
	bool (*stop)(void *ctx);      /* asked now and then: true ends the measuring; or NULL */
	void (*progress)(void *ctx, enum crack_method m, unsigned bits); /* or NULL */
	void *ctx;
	unsigned max_bits[CRACK_METHODS]; /* the largest group for each */
};

/* Groups from 12 bits on, every fourth size. ERR_TIMEOUT when stopped: what was measured is in c. */
enum err curve_measure(struct curve *c, const struct curve_measure *m) MUST_USE;

/* A line through the points of one method that took over 10 microseconds. ERR_NEGATIVE: fewer than three. */
enum err curve_fit(struct curve_line *l, const struct curve *c, enum crack_method m) MUST_USE;

/* log2 of the seconds at that many bits; *margin: half the width of the 95 % prediction interval (Student's
 * t). */
double curve_predict(const struct curve_line *l, double bits, double *margin);

/* "12 ms", "3.4 hours", "10^291 years" from log2 of seconds. Returns out. */
char *curve_duration(char *out, size_t cap, double log2_seconds);

/* The multiplications a second that the largest searches did; 0: not measured. */
double curve_rate(const struct curve *c, enum crack_method m);

/* Emits the points, the lines and what follows for 2048 bits and Curve25519. */
void curve_tell(const struct curve *c, struct trace *t);

/* The chart, a line of text a row; width 0: 80 columns. */
void curve_draw(const struct curve *c, FILE *out, unsigned width);

#endif
