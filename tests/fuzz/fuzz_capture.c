/* Capture files, pairing and journeys: whatever is in a file must end in packets or an error. */
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "glassnet/capture.h"

struct fuzz {
	struct capture *c;
	struct trace t;
};

static void on_journey(void *ctx, const struct journey *j)
{
	struct fuzz *f = ctx;
	char via[300];
	journey_via(j, f->c, via, sizeof via);
	journey_emit(j, f->c, &f->t, JOURNEY_FIELDS);
	journey_emit(j, f->c, &f->t, JOURNEY_HOPS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[40], msg[256];
	struct fuzz f = {0};
	struct pairing *p;
	struct capture_packet cp;
	int fd = memfd_create("capture", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	trace_init(&f.t, &clock_real, "fuzz");
	if (capture_open_file(&f.c, path, "not port 22", msg) == ERR_OK) {
		if (pairing_new(&p, 1000, 16, on_journey, &f))
			abort();
		while (capture_next(f.c, &cp, 0, -1) == ERR_OK)
			if (pairing_add(p, f.c, &cp))
				abort();
		pairing_flush(p);
		pairing_free(p);
		capture_close(f.c);
	}
	if (trace_release(&f.t))
		abort();
	close(fd);
	return 0;
}
