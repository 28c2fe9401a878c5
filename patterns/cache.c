// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/cache.h"

#include <openssl/evp.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char file_name[] = "databases", new_name[] = "databases.new";
static const uint8_t magic[8] = "BHPATDB1";

// The file: the magic, a SHA-256 over all that follows it, then entries, each a key, the number of
// its bytes, and they.
enum {
	DIGEST = 32,
	HEAD = sizeof(magic) + DIGEST,
	ENTRY_HEAD = CACHE_KEY + sizeof(uint64_t),
};

// ---- reading

static bool is_private(int fd, mode_t type)
{
	struct stat info;

	return fstat(fd, &info) == 0 && (info.st_mode & S_IFMT) == type &&
	       info.st_uid == geteuid() && (info.st_mode & 077) == 0;
}

static int open_folder(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	if (is_private(fd, S_IFDIR))
		return fd;
	close(fd);
	return -EPERM;
}

// The whole file, malloced; NULL when it cannot be had.
static uint8_t *read_whole(int fd, size_t *size)
{
	struct stat info;
	size_t n = 0;

	if (fstat(fd, &info) != 0 || info.st_size < HEAD || info.st_size > CACHE_FILE_MAX)
		return NULL;
	*size = (size_t)info.st_size;
	uint8_t *bytes = malloc(*size);
	while (bytes != NULL && n < *size) {
		ssize_t got = read(fd, bytes + n, *size - n);
		if (got <= 0) {
			free(bytes);
			return NULL;
		}
		n += (size_t)got;
	}
	return bytes;
}

static bool is_whole(const uint8_t *file, size_t size)
{
	uint8_t digest[DIGEST];

	return memcmp(file, magic, sizeof(magic)) == 0 &&
	       EVP_Digest(file + HEAD, size - HEAD, digest, NULL, EVP_sha256(), NULL) == 1 &&
	       memcmp(digest, file + sizeof(magic), DIGEST) == 0;
}

static bool read_entries(struct cache *cache, size_t size)
{
	size_t at = HEAD;

	cache->entries = calloc(CACHE_ENTRIES_MAX, sizeof(cache->entries[0]));
	if (cache->entries == NULL || key_index_init(&cache->index, CACHE_ENTRIES_MAX) != 0)
		return false;
	while (at < size && cache->count < CACHE_ENTRIES_MAX) {
		struct cache_entry *entry = &cache->entries[cache->count];
		uint64_t n;
		if (size - at < ENTRY_HEAD)
			return false;
		memcpy(entry->key, cache->file + at, CACHE_KEY);
		memcpy(&n, cache->file + at + CACHE_KEY, sizeof(n));
		at += ENTRY_HEAD;
		if (n > size - at)
			return false;
		entry->bytes = span_of(cache->file + at, n);
		at += n;
		*key_index_slot(&cache->index, cache->entries, sizeof(*entry), entry->key) =
			(uint32_t)++cache->count;
	}
	return at == size;
}

static void forget(struct cache *cache)
{
	free(cache->file);
	free(cache->entries);
	key_index_fini(&cache->index);
	cache->file = NULL;
	cache->entries = NULL;
	cache->count = 0;
}

void cache_open(const char *folder, struct cache *out)
{
	size_t size = 0;

	*out = (struct cache){.folder = folder == NULL ? NULL : strdup(folder)};
	if (out->folder == NULL)
		return;
	int dir = open_folder(folder);
	if (dir < 0)
		return;
	int fd = openat(dir, file_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && is_private(fd, S_IFREG))
		out->file = read_whole(fd, &size);
	if (fd >= 0)
		close(fd);
	close(dir);
	if (out->file == NULL || !is_whole(out->file, size) || !read_entries(out, size))
		forget(out);
}

void cache_close(struct cache *cache)
{
	forget(cache);
	free(cache->folder);
	cache->folder = NULL;
}

const struct span *cache_find(const struct cache *cache, const uint8_t key[static CACHE_KEY])
{
	if (cache->count == 0)
		return NULL;
	uint32_t slot =
		*key_index_slot(&cache->index, cache->entries, sizeof(cache->entries[0]), key);
	return slot == 0 ? NULL : &cache->entries[slot - 1].bytes;
}

// ---- keys

int key_index_init(struct key_index *index, size_t max)
{
	size_t slots = 64;

	while (slots < 2 * max)
		slots *= 2;
	*index = (struct key_index){calloc(slots, sizeof(index->slots[0])), slots - 1};
	return index->slots == NULL ? -ENOMEM : 0;
}

void key_index_fini(struct key_index *index)
{
	free(index->slots);
	*index = (struct key_index){};
}

uint32_t *key_index_slot(
	const struct key_index *index, const void *list, size_t size,
	const uint8_t key[static CACHE_KEY]
)
{
	size_t at;

	memcpy(&at, key, sizeof(at));
	for (;; at++) {
		uint32_t *slot = &index->slots[at & index->mask];
		if (*slot == 0 ||
		    memcmp((const uint8_t *)list + (*slot - 1) * size, key, CACHE_KEY) == 0)
			return slot;
	}
}

// ---- writing

struct writer {
	int fd;
	int result;
	EVP_MD_CTX *digest;
	size_t size;
	uint8_t buffer[64 * 1024];
	size_t n;
};

static void flush(struct writer *w)
{
	for (size_t at = 0; at < w->n && w->result == 0;) {
		ssize_t put = write(w->fd, w->buffer + at, w->n - at);
		if (put < 0)
			w->result = -errno;
		else
			at += (size_t)put;
	}
	w->n = 0;
}

static void put(struct writer *w, const void *bytes, size_t n)
{
	const uint8_t *from = bytes;

	if (EVP_DigestUpdate(w->digest, bytes, n) != 1)
		w->result = -EIO;
	w->size += n;
	while (n > 0) {
		size_t part = sizeof(w->buffer) - w->n < n ? sizeof(w->buffer) - w->n : n;
		memcpy(w->buffer + w->n, from, part);
		w->n += part;
		from += part;
		n -= part;
		if (w->n == sizeof(w->buffer))
			flush(w);
	}
}

static bool put_entry(struct writer *w, const struct cache_entry *entry)
{
	uint64_t n = entry->bytes.n;

	if (n > CACHE_FILE_MAX || w->size > CACHE_FILE_MAX - ENTRY_HEAD - n)
		return false;
	put(w, entry->key, CACHE_KEY);
	put(w, &n, sizeof(n));
	put(w, entry->bytes.p, n);
	return true;
}

static int put_all(
	struct writer *w, const struct cache *cache, const struct cache_entry *entries, size_t n
)
{
	struct key_index index;
	size_t count = 0;

	if (key_index_init(&index, n) != 0)
		return -ENOMEM;
	w->size = HEAD;
	for (size_t i = 0; i < n && count < CACHE_ENTRIES_MAX; i++) {
		*key_index_slot(&index, entries, sizeof(entries[0]), entries[i].key) =
			(uint32_t)i + 1;
		count += put_entry(w, &entries[i]);
	}
	for (size_t i = 0; i < cache->count && count < CACHE_ENTRIES_MAX; i++) {
		const struct cache_entry *old = &cache->entries[i];
		if (*key_index_slot(&index, entries, sizeof(entries[0]), old->key) == 0)
			count += put_entry(w, old);
	}
	flush(w);
	key_index_fini(&index);
	return w->result;
}

static int put_head(struct writer *w)
{
	uint8_t head[HEAD] = {};

	memcpy(head, magic, sizeof(magic));
	if (EVP_DigestFinal_ex(w->digest, head + sizeof(magic), NULL) != 1)
		return -EIO;
	return pwrite(w->fd, head, sizeof(head), 0) == sizeof(head) ? 0 : -EIO;
}

static int write_file(
	int fd, const struct cache *cache, const struct cache_entry *entries, size_t n
)
{
	struct writer *w = calloc(1, sizeof(*w));
	int result = -ENOMEM;

	if (w != NULL)
		w->digest = EVP_MD_CTX_new();
	if (w != NULL && w->digest != NULL) {
		w->fd = fd;
		result = lseek(fd, HEAD, SEEK_SET) < 0 ? -errno : 0;
		if (result == 0 && EVP_DigestInit_ex(w->digest, EVP_sha256(), NULL) != 1)
			result = -EIO;
		if (result == 0)
			result = put_all(w, cache, entries, n);
		if (result == 0)
			result = put_head(w);
		EVP_MD_CTX_free(w->digest);
	}
	free(w);
	return result;
}

int cache_keep(const struct cache *cache, const struct cache_entry *entries, size_t n)
{
	int result = 0;

	if (cache->folder == NULL)
		return 0;
	if (mkdir(cache->folder, 0700) != 0 && errno != EEXIST)
		return -errno;
	int dir = open_folder(cache->folder);
	if (dir < 0)
		return dir;
	(void)unlinkat(dir, new_name, 0);
	int fd = openat(dir, new_name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		result = -errno;
	if (result == 0)
		result = write_file(fd, cache, entries, n);
	// A crash must not leave a name without its bytes: the digest would say so, at a price.
	if (result == 0 && fsync(fd) != 0)
		result = -errno;
	if (fd >= 0)
		close(fd);
	if (result == 0 && renameat(dir, new_name, dir, file_name) != 0)
		result = -errno;
	if (result != 0)
		(void)unlinkat(dir, new_name, 0);
	close(dir);
	return result;
}
