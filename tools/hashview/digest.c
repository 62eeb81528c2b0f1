/* One file to its fingerprints. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ahead.h"
#include "digest.h"

/* Large enough to make system calls cheap, small enough to stay in a core's second-level cache between the
 * kernel's copy and the hash function. (Mapping the file instead saves the copy and pays with page faults: it
 * was not faster here, and a file that shrinks while it is mapped kills the program.) */
#define BUFFER ((size_t)128 * 1024)

/* From this size on a thread that reads ahead is worth what it costs to start it. */
#define AHEAD_MIN (4 * 1024 * 1024)

struct digester {
	struct hasher hasher[ALGO_COUNT];
	algo_set ready;
	uint8_t *buf;
};

struct digester *digester_new(void)
{
	struct digester *d = NULL;

	if (posix_memalign((void **)&d, _Alignof(struct digester), sizeof(*d)) != 0)
		return NULL;
	memset(d, 0, sizeof(*d));
	if (posix_memalign((void **)&d->buf, 4096, BUFFER) != 0) {
		free(d);
		return NULL;
	}
	return d;
}

void digester_free(struct digester *d)
{
	if (!d)
		return;
	for (enum algo a = 0; a < ALGO_COUNT; a++)
		if (d->ready & ALGO_BIT(a))
			hasher_release(&d->hasher[a]);
	free(d->buf);
	free(d);
}

static bool begin(struct digester *d, algo_set algos)
{
	for (enum algo a = 0; a < ALGO_COUNT; a++) {
		if (!(algos & ALGO_BIT(a)))
			continue;
		if (!(d->ready & ALGO_BIT(a))) {
			if (hasher_init(&d->hasher[a], a) != ERR_OK)
				return false;
			d->ready |= ALGO_BIT(a);
		}
		if (!hasher_begin(&d->hasher[a]))
			return false;
	}
	return true;
}

static bool update(struct digester *d, algo_set algos, const uint8_t *data, size_t len, atomic_ullong *octets)
{
	for (enum algo a = 0; a < ALGO_COUNT; a++)
		if ((algos & ALGO_BIT(a)) && !hasher_update(&d->hasher[a], data, len))
			return false;
	if (octets)
		atomic_fetch_add_explicit(octets, (unsigned long long)len, memory_order_relaxed);
	return true;
}

/* 0, or an errno. ahead: read by a thread of its own, or NULL. */
static int read_all(struct digester *d, int fd, struct ahead *ahead, algo_set algos, atomic_ullong *octets)
{
	const uint8_t *data = d->buf;

	for (;;) {
		ssize_t n = ahead ? ahead_next(ahead, &data) : read(fd, d->buf, BUFFER);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		if (n == 0)
			return 0;
		if (!update(d, algos, data, (size_t)n, octets))
			return ENOTSUP;
	}
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

void digester_run(struct digester *d, struct digest_job *job, atomic_ullong *octets)
{
	bool standard = strcmp(job->path, "-") == 0;
	int fd = standard ? STDIN_FILENO : open(job->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat before, after;

	job->error = fd < 0 ? errno : 0;
	job->changed = false;
	if (fd < 0)
		return;
	bool known = fstat(fd, &before) == 0 && S_ISREG(before.st_mode);
	if (known && before.st_size > (off_t)BUFFER)
		posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	struct ahead *ahead = known && job->ahead && before.st_size >= AHEAD_MIN ? ahead_new(fd) : NULL;
	job->error = begin(d, job->algos) ? read_all(d, fd, ahead, job->algos, octets) : ENOTSUP;
	ahead_free(ahead);
	if (known && job->error == 0 && fstat(fd, &after) == 0)
		job->changed = !same_state(&before, &after);
	if (!standard)
		close(fd);
	for (enum algo a = 0; job->error == 0 && a < ALGO_COUNT; a++)
		if ((job->algos & ALGO_BIT(a)) && !hasher_final(&d->hasher[a], job->digest[a]))
			job->error = ENOTSUP;
}
