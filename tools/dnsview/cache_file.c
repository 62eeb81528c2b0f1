#include "cache_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "glassnet/clock.h"
#include "glassnet/wire.h"
#include "message.h"

static const char magic[] = "glassnet-dns-cache 1\n";
#define MAGIC_LEN (sizeof(magic) - 1)

/* --- reading ----------------------------------------------------------------------------------------------
 */

static bool is_negative(uint8_t kind)
{
	return kind == CACHE_NODATA || kind == CACHE_NXDOMAIN;
}

static bool is_proof(uint16_t type)
{
	return type == LDNS_RR_TYPE_NSEC || type == LDNS_RR_TYPE_NSEC3 || type == LDNS_RR_TYPE_RRSIG;
}

/* Only what a cache could have written: records of the name and type, or at most the SOA of a "no". */
static bool records_fit(const struct message *m, uint8_t kind)
{
	for (size_t i = 0; i < m->n_records; i++) {
		const struct record *r = &m->records[i];
		bool signature = r->type == LDNS_RR_TYPE_RRSIG;
		bool beside = r->section == SECTION_AUTHORITY;
		if (!r->rr || (r->section != SECTION_ANSWER && !beside) || r->class != LDNS_RR_CLASS_IN)
			return false;
		if (beside && !is_proof(r->type) && !is_negative(kind))
			return false;
		if (!is_negative(kind) && !beside &&
		    (!dname_equal(&r->owner, &m->qname) || (r->type != m->qtype && !signature)))
			return false;
		if (kind == CACHE_NXDOMAIN && r->type == LDNS_RR_TYPE_SOA && !dname_at_or_below(&m->qname, &r->owner))
			return false;
	}
	return is_negative(kind) || m->n_records > 0;
}

static ldns_rr_list *take_records(struct message *m, enum section section)
{
	ldns_rr_list *rrs = ldns_rr_list_new();
	for (size_t i = 0; rrs && i < m->n_records; i++) {
		if (m->records[i].section != section)
			continue;
		if (!ldns_rr_list_push_rr(rrs, m->records[i].rr))
			break;
		m->records[i].rr = NULL;
	}
	return rrs;
}

static enum err put_entry(struct cache *c, struct rd *r)
{
	uint8_t kind = rd_u8(r);
	int64_t stored = (int64_t)rd_u64(r), expires = (int64_t)rd_u64(r);
	uint8_t family = rd_u8(r);
	const uint8_t *address = rd_bytes(r, 16);
	size_t from_len = rd_u8(r);
	const uint8_t *from_bytes = rd_bytes(r, from_len);
	if (r->bad)
		return ERR_TRUNCATED;
	struct rd from_rd = rd_init(from_bytes, from_len);
	struct dname from;
	struct message m;
	size_t at;
	bool known_kind = kind == CACHE_ANSWER || kind == CACHE_DELEGATION || kind == CACHE_GLUE || is_negative(kind);
	if (!known_kind || (family != 0 && family != 4 && family != 6) || dname_read(&from, &from_rd) || stored < 0 ||
	    expires < stored || expires - stored > CACHE_TTL_MAX * NS_PER_S)
		return ERR_FORMAT;
	size_t len = rd_left(r);
	enum err e = message_parse(&m, rd_bytes(r, len), len, &at);
	if (e)
		return e;
	if (m.n_questions != 1 || m.qclass != LDNS_RR_CLASS_IN || !records_fit(&m, kind)) {
		message_release(&m);
		return ERR_FORMAT;
	}
	struct ip ip = family ? ip_from(family, address) : (struct ip){0};
	struct cache_put p = {.kind = (enum cache_kind)kind,
	    .name = &m.qname,
	    .type = m.qtype,
	    .ttl = (uint32_t)((expires - stored) / NS_PER_S),
	    .rrs = take_records(&m, SECTION_ANSWER),
	    .proof = take_records(&m, SECTION_AUTHORITY),
	    .from = &from,
	    .from_ip = &ip,
	    .now = stored};
	e = cache_put(c, p);
	message_release(&m);
	return e;
}

enum err cache_file_parse(struct cache *c, const uint8_t *buf, size_t len, size_t *at)
{
	*at = 0;
	if (len == 0)
		return ERR_OK;
	if (len < MAGIC_LEN || memcmp(buf, magic, MAGIC_LEN) != 0)
		return ERR_VERSION;
	struct rd r = rd_init(buf, len);
	rd_skip(&r, MAGIC_LEN);
	while (rd_left(&r)) {
		*at = r.pos;
		struct rd entry = rd_sub(&r, rd_u32(&r));
		enum err e = entry.bad ? ERR_TRUNCATED : put_entry(c, &entry);
		if (e)
			return e;
	}
	return ERR_OK;
}

enum err cache_file_load(struct cache *c, const char *path, size_t *at)
{
	struct stat st;
	enum err e = ERR_IO;
	uint8_t *buf = NULL;
	*at = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return errno == ENOENT ? ERR_OK : ERR_IO;
	if (fstat(fd, &st) != 0)
		goto out;
	e = ERR_FORMAT;
	if (!S_ISREG(st.st_mode))
		goto out;
	e = ERR_TOO_LONG;
	if ((size_t)st.st_size > CACHE_FILE_MAX)
		goto out;
	e = ERR_NOMEM;
	size_t len = 0, size = (size_t)st.st_size;
	buf = malloc(size + 1);
	if (!buf)
		goto out;
	e = ERR_IO;
	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);
		if (n < 0)
			goto out;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	e = cache_file_parse(c, buf, len, at);
out:;
	int saved = errno;
	free(buf);
	close(fd);
	errno = saved;
	return e;
}

/* --- writing ----------------------------------------------------------------------------------------------
 */

/* The records of one section; returns how many. */
static uint16_t put_records(struct wr *w, const struct cache_entry *e, bool authority)
{
	uint16_t n = 0;
	for (struct cache_record r = {0}; cache_record_next(e, &r);) {
		if (r.authority != authority)
			continue;
		wr_bytes(w, r.owner, r.owner_len);
		wr_u16(w, r.type);
		wr_u16(w, LDNS_RR_CLASS_IN);
		wr_u32(w, (uint32_t)((e->expires - e->stored) / NS_PER_S));
		wr_u16(w, r.len);
		wr_bytes(w, r.rdata, r.len);
		n++;
	}
	return n;
}

/* An entry; what does not fit into a message of 65,535 octets is left out (wr is bad then). */
static size_t write_entry(uint8_t *buf, size_t cap, const struct cache_entry *e)
{
	struct wr w = wr_init(buf, cap);
	struct dname from = cache_from(e);
	wr_u32(&w, 0);
	wr_u8(&w, (uint8_t)e->kind);
	wr_u32(&w, (uint32_t)((uint64_t)e->stored >> 32));
	wr_u32(&w, (uint32_t)e->stored);
	wr_u32(&w, (uint32_t)((uint64_t)e->expires >> 32));
	wr_u32(&w, (uint32_t)e->expires);
	wr_u8(&w, e->from_ip.family);
	wr_bytes(&w, e->from_ip.b, 16);
	wr_u8(&w, from.len);
	wr_bytes(&w, from.b, from.len);
	size_t message = w.pos;
	wr_u16(&w, 0);
	wr_u16(&w, 0x8400); /* a response with authority */
	wr_u16(&w, 1);
	wr_u32(&w, 0); /* answers, authority: below */
	wr_u16(&w, 0);
	wr_bytes(&w, e->data, e->name_len);
	wr_u16(&w, e->type);
	wr_u16(&w, LDNS_RR_CLASS_IN);
	uint16_t answers = put_records(&w, e, false), authority = put_records(&w, e, true);
	if (w.bad || w.pos - message > DNS_MESSAGE_MAX)
		return 0;
	struct wr head = wr_init(buf, cap), count = wr_init(buf + message + 6, 4);
	wr_u32(&head, (uint32_t)(w.pos - 4));
	wr_u16(&count, answers);
	wr_u16(&count, authority);
	return w.pos;
}

static enum err write_entries(FILE *f, const struct cache *c, int64_t now)
{
	enum { ROOM = DNS_MESSAGE_MAX + 512 };
	uint8_t *buf = malloc(ROOM);
	if (!buf)
		return ERR_NOMEM;
	fwrite(magic, 1, MAGIC_LEN, f);
	/* the one used last comes last, so that it is the newest again when the file is read */
	const struct cache_entry *e = cache_first(c);
	while (e && cache_next(e))
		e = cache_next(e);
	for (; e; e = e->newer) {
		if (e->kind == CACHE_FAILURE || e->expires <= now)
			continue;
		size_t n = write_entry(buf, ROOM, e);
		fwrite(buf, 1, n, f);
	}
	free(buf);
	return ferror(f) ? ERR_IO : ERR_OK;
}

/* A new file in the old one's place, whole or not at all. */
static enum err replace_file(const char *path, const struct cache *c, int64_t now)
{
	char tmp[CACHE_PATH_MAX + 8];
	snprintf(tmp, sizeof(tmp), "%s.XXXXXX", path);
	int fd = mkostemp(tmp, O_CLOEXEC);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "w");
	if (!f) {
		if (fd >= 0)
			close(fd);
		return ERR_IO;
	}
	enum err e = write_entries(f, c, now);
	if (!e && (fflush(f) != 0 || fsync(fd) != 0))
		e = ERR_IO;
	int saved = errno;
	if (fclose(f) != 0 && !e) {
		e = ERR_IO;
		saved = errno;
	}
	if (!e && rename(tmp, path) != 0) {
		e = ERR_IO;
		saved = errno;
	}
	if (e)
		unlink(tmp);
	errno = saved;
	return e;
}

/* The lock is a file of its own, since the cache itself is replaced. -1: errno tells. */
static int lock_file(const char *path)
{
	char lock[CACHE_PATH_MAX + 8];
	snprintf(lock, sizeof(lock), "%s.lock", path);
	int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	int rc;
	while ((rc = flock(fd, LOCK_EX)) != 0 && errno == EINTR)
		;
	if (rc == 0)
		return fd;
	close(fd);
	return -1;
}

static enum err add_learnt(struct cache *to, const struct cache *from, int64_t offset_ns)
{
	for (const struct cache_entry *e = cache_first(from); e; e = cache_next(e)) {
		if (e->lookup == 0 || e->kind == CACHE_FAILURE)
			continue;
		struct dname name = cache_name(e), from_name = cache_from(e);
		uint32_t ttl = (uint32_t)((e->expires - e->stored) / NS_PER_S);
		struct cache_put p = {.kind = (enum cache_kind)e->kind,
		    .name = &name,
		    .type = e->type,
		    .ttl = ttl,
		    .rrs = cache_rrs(e, CACHE_IN, ttl),
		    .proof = cache_rrs(e, CACHE_BESIDE, ttl),
		    .from = &from_name,
		    .from_ip = &e->from_ip,
		    .now = e->stored - offset_ns};
		enum err err = cache_put(to, p);
		if (err)
			return err;
	}
	return ERR_OK;
}

enum err cache_file_save(const struct cache *c, const struct cache_save *s, size_t *at)
{
	*at = 0;
	int lock = lock_file(s->path);
	if (lock < 0)
		return ERR_IO;
	struct cache *all = cache_new(CACHE_FILE_ENTRIES);
	enum err e = all ? cache_file_load(all, s->path, at) : ERR_NOMEM;
	if (e && e != ERR_NOMEM && e != ERR_IO && s->replace)
		e = ERR_OK; /* what could be read of it is kept */
	if (!e)
		e = add_learnt(all, c, s->offset_ns);
	if (!e)
		e = replace_file(s->path, all, s->now);
	cache_free(all);
	close(lock);
	return e;
}

enum err cache_file_flush(const char *path, const struct dname *name, int64_t now, size_t *gone, size_t *at)
{
	*gone = *at = 0;
	if (access(path, F_OK) != 0 && errno == ENOENT)
		return ERR_OK;
	int lock = lock_file(path);
	if (lock < 0)
		return ERR_IO;
	struct cache *c = cache_new(CACHE_FILE_ENTRIES);
	enum err e = c ? cache_file_load(c, path, at) : ERR_NOMEM;
	if (!e)
		*gone = cache_forget(c, name, now);
	if (!e)
		e = replace_file(path, c, now);
	cache_free(c);
	close(lock);
	return e;
}

/* --- where ------------------------------------------------------------------------------------------------
 */

bool cache_file_default(char out[static CACHE_PATH_MAX], bool in_lab)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	int n = -1;
	if (in_lab) /* each host has its own /run, which goes when the lab goes */
		n = snprintf(out, CACHE_PATH_MAX, "/run/glassnet/cache/dns");
	else if (xdg && *xdg == '/')
		n = snprintf(out, CACHE_PATH_MAX, "%s/glassnet/dns", xdg);
	else if (home && *home == '/')
		n = snprintf(out, CACHE_PATH_MAX, "%s/.cache/glassnet/dns", home);
	return n > 0 && n < CACHE_PATH_MAX;
}

enum err cache_file_make_folder(const char *path)
{
	char part[CACHE_PATH_MAX];
	snprintf(part, sizeof(part), "%s", path);
	for (char *p = part + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(part, 0700) != 0 && errno != EEXIST)
			return ERR_IO;
		*p = '/';
	}
	return ERR_OK;
}
