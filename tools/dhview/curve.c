#include "curve.h"

#include <math.h>
#include <string.h>

enum { FIRST_BITS = 12, STEP_BITS = 4 };

/* --- measuring --- */

/* The group of squares modulo the first safe prime p = 2q + 1 where q has that many bits: its order is q. */
static struct puzzle group_of(unsigned bits)
{
	uint64_t p = safe_prime_from(UINT64_C(1) << bits);

	return (struct puzzle){.p = p, .g = 4, .order = p / 2};
}

static enum err measure_point(const struct curve_measure *m, struct curve_point *at)
{
	struct puzzle z = group_of(at->bits);
	const struct crack_bounds b = {.stop = m->stop, .ctx = m->ctx};
	struct cracked c;

	for (unsigned i = 0; i < CURVE_TARGETS; i++) {
		/* secrets spread evenly over the group */
		uint64_t x = z.order / CURVE_TARGETS * i + z.order / (2 * CURVE_TARGETS) + 1;
		z.target = mod_pow(z.g, x, z.p);
		int64_t begin = m->now_ns(m->ctx);
		enum err e = crack(at->method, &z, &b, &c);
		if (e != ERR_OK)
			return e;
		at->seconds += (double)(m->now_ns(m->ctx) - begin) / 1e9 / CURVE_TARGETS;
		at->steps += (double)c.steps / CURVE_TARGETS;
	}
	return ERR_OK;
}

enum err curve_measure(struct curve *c, const struct curve_measure *m)
{
	c->n = 0;
	for (enum crack_method k = 0; k < CRACK_METHODS; k++)
		for (unsigned bits = FIRST_BITS; bits <= m->max_bits[k] && c->n < CURVE_MAX; bits += STEP_BITS) {
			if (m->progress)
				m->progress(m->ctx, k, bits);
			c->at[c->n] = (struct curve_point){.method = k, .bits = bits};
			enum err e = measure_point(m, &c->at[c->n]);
			if (e != ERR_OK)
				return e;
			c->n++;
		}
	return ERR_OK;
}

double curve_rate(const struct curve *c, enum crack_method m)
{
	double rate = 0;

	for (size_t i = 0; i < c->n; i++)
		if (c->at[i].method == m && c->at[i].seconds > 0)
			rate = c->at[i].steps / c->at[i].seconds;
	return rate;
}

/* --- the line --- */

static bool counts(const struct curve_point *p, enum crack_method m)
{
	return p->method == m && p->seconds > 1e-5;
}

enum err curve_fit(struct curve_line *l, const struct curve *c, enum crack_method m)
{
	double x = 0, y = 0, xy = 0, error = 0;

	*l = (struct curve_line){0};
	for (size_t i = 0; i < c->n; i++)
		if (counts(&c->at[i], m)) {
			l->n++;
			x += c->at[i].bits;
			y += log2(c->at[i].seconds);
		}
	if (l->n < 3)
		return ERR_NEGATIVE;
	x /= (double)l->n;
	y /= (double)l->n;
	for (size_t i = 0; i < c->n; i++)
		if (counts(&c->at[i], m)) {
			l->spread += (c->at[i].bits - x) * (c->at[i].bits - x);
			xy += (c->at[i].bits - x) * (log2(c->at[i].seconds) - y);
		}
	l->mean_bits = x;
	l->slope = xy / l->spread;
	l->intercept = y - l->slope * x;
	for (size_t i = 0; i < c->n; i++)
		if (counts(&c->at[i], m)) {
			double off = log2(c->at[i].seconds) - l->intercept - l->slope * c->at[i].bits;
			error += off * off;
		}
	l->scatter = sqrt(error / (double)(l->n - 2));
	return ERR_OK;
}

double curve_predict(const struct curve_line *l, double bits, double *margin)
{
	/* Student's t, two-sided 95 %, for 1, 2, … degrees of freedom */
	static const double t95[] = {12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26, 2.23};
	size_t df = l->n - 3, last = sizeof(t95) / sizeof(t95[0]) - 1;
	double away = bits - l->mean_bits;

	*margin = t95[df < last ? df : last] * l->scatter * sqrt(1 + 1 / (double)l->n + away * away / l->spread);
	return l->intercept + l->slope * bits;
}

char *curve_duration(char *out, size_t cap, double log2_seconds)
{
	static const struct {
		double seconds;
		const char *name;
	} units[] = {{1e-6, "µs"}, {1e-3, "ms"}, {1, "s"}, {60, "minutes"}, {3600, "hours"}, {86400, "days"},
	    {31557600, "years"}};
	double log10_years = log2_seconds * log10(2) - log10(31557600);
	size_t i = sizeof(units) / sizeof(units[0]) - 1;

	if (log10_years >= 4) {
		snprintf(out, cap, "10^%.0f years", log10_years);
		return out;
	}
	double s = exp2(log2_seconds);
	while (i > 0 && s < units[i].seconds)
		i--;
	snprintf(out, cap, "%.3g %s", s / units[i].seconds, units[i].name);
	return out;
}

/* --- what is said of it --- */

static void tell_line(const struct curve *c, struct trace *t, enum crack_method m)
{
	struct curve_line l;

	if (curve_fit(&l, c, m) == ERR_OK)
		ev_decision(t, "slope", NULL,
		    "%s: one bit more costs %.2f times the time (measured over %zu sizes; theory: %.2f)",
		    crack_name(m), exp2(l.slope), l.n, m == CRACK_EXHAUSTIVE ? 2.0 : sqrt(2));
}

static void tell_extrapolation(const struct curve_line *l, struct trace *t, const char *what, double bits)
{
	char middle[48], low[48], high[48];
	double margin, y = curve_predict(l, bits, &margin);

	ev_decision(t, "extrapolated", NULL,
	    "Pollard's rho in a group of %s: %s if the line went on (95 %% interval of the fit: %s to %s)", what,
	    curve_duration(middle, sizeof(middle), y), curve_duration(low, sizeof(low), y - margin),
	    curve_duration(high, sizeof(high), y + margin));
}

void curve_tell(const struct curve *c, struct trace *t)
{
	char name[64], value[48];
	struct curve_line l;
	double rate = curve_rate(c, CRACK_RHO);

	for (size_t i = 0; i < c->n; i++) {
		snprintf(name, sizeof(name), "%s, %u bits", crack_name(c->at[i].method), c->at[i].bits);
		curve_duration(value, sizeof(value), log2(c->at[i].seconds));
		ev_field(t, (struct ev_field){.layer = "curve", .name = name, .value = value});
	}
	for (enum crack_method m = 0; m < CRACK_METHODS; m++)
		tell_line(c, t, m);
	if (curve_fit(&l, c, CRACK_RHO) != ERR_OK || rate <= 0)
		return;
	tell_extrapolation(&l, t, "252 bits, as Curve25519's", 252);
	tell_extrapolation(&l, t, "2047 bits, as a 2048-bit p's", 2047);
	ev_explain(t, "The interval says only how well the measured points fix a straight line, so far outside of "
	              "them. It does "
	              "not know of faster machines (ten years have brought a few bits), of many machines (a million "
	              "are 20 "
	              "bits), or of a better method, and each of these moves the answer more than the fit does.");
	ev_explain(t,
	    "For 2048 bits a better method is known: the number field sieve, which this program does not "
	    "have. Its "
	    "record is 795 bits (2019, about 3,100 core years); NIST rates 2048 bits at about 2^112 "
	    "operations "
	    "(SP 800-57 part 1): %s at the %.0f million multiplications a second measured here.",
	    curve_duration(value, sizeof(value), 112 - log2(rate)), rate / 1e6);
	ev_explain(t,
	    "For Curve25519 nothing better than rho is known: about 2^126 steps, %s at that speed, and a "
	    "step on the "
	    "curve costs several times what a step here does. A large quantum computer would change both "
	    "(Shor's algorithm): none has broken more than toy sizes.",
	    curve_duration(value, sizeof(value), 126 - log2(rate)));
}

/* --- the chart --- */

enum { ROWS = 14, LABEL = 10, COLUMNS_MAX = 100 };

static void put_row(FILE *out, int row, double low, double high, const char *cells)
{
	char label[48] = "";

	if (row % 3 == 0)
		curve_duration(label, sizeof(label), high - (high - low) * row / (ROWS - 1));
	size_t pad = strstr(label, "µ") ? LABEL + 1 : LABEL; /* two octets, one column */
	fprintf(out, "  %*s |%s\n", (int)pad, label, cells);
}

static void put_axis(FILE *out, size_t columns, unsigned first, unsigned last)
{
	char line[COLUMNS_MAX + 8];

	memset(line, '-', columns);
	line[columns] = '\0';
	fprintf(out, "  %*s +%s\n", LABEL, "", line);
	memset(line, ' ', sizeof(line));
	for (unsigned bits = first; bits <= last; bits += STEP_BITS) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%u", bits);
		memcpy(line + (columns - 4) * (bits - first) / (last - first), text, (size_t)n);
	}
	line[columns] = '\0';
	fprintf(out, "  %*s  %s\n", LABEL, "bits", line);
}

void curve_draw(const struct curve *c, FILE *out, unsigned width)
{
	static const char marks[] = {'x', 'o', '*'};
	char cells[ROWS][COLUMNS_MAX + 1];
	size_t columns = (width == 0 ? 80 : width < 40 ? 40 : width) - LABEL - 5;
	double low = HUGE_VAL, high = -HUGE_VAL;
	unsigned last = FIRST_BITS + STEP_BITS;

	if (columns > COLUMNS_MAX)
		columns = COLUMNS_MAX;
	for (size_t i = 0; i < c->n; i++) {
		low = fmin(low, log2(c->at[i].seconds));
		high = fmax(high, log2(c->at[i].seconds));
		last = c->at[i].bits > last ? c->at[i].bits : last;
	}
	if (c->n == 0 || !(high > low))
		return;
	for (size_t r = 0; r < ROWS; r++) {
		memset(cells[r], ' ', columns);
		cells[r][columns] = '\0';
	}
	for (size_t i = 0; i < c->n; i++) {
		size_t x = (columns - 4) * (c->at[i].bits - FIRST_BITS) / (last - FIRST_BITS);
		long r = lround((high - log2(c->at[i].seconds)) / (high - low) * (ROWS - 1));
		while (cells[r][x] != ' ' && x + 1 < columns)
			x++;
		cells[r][x] = marks[c->at[i].method];
	}
	fputc('\n', out);
	for (int r = 0; r < ROWS; r++)
		put_row(out, r, low, high, cells[r]);
	put_axis(out, columns, FIRST_BITS, last);
	fprintf(out, "  x %s   o %s   * %s\n", crack_name(0), crack_name(1), crack_name(2));
}
