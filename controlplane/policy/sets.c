// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/policy/sets.h"

#include <openssl/evp.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Those that living snapshots use; nothing is kept for its own sake.
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t compiled = PTHREAD_COND_INITIALIZER;
static struct shared_set *alive;

// ---- the digest

static int digest_file(EVP_MD_CTX *ctx, int folder, const char *name)
{
	uint8_t piece[16384];
	uint64_t total = 0;
	ssize_t n = 1;

	int fd = openat(folder, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -errno;
	int ok = EVP_DigestUpdate(ctx, name, strlen(name) + 1);
	while (ok == 1 && n > 0) {
		n = read(fd, piece, sizeof(piece));
		if (n > 0)
			ok = EVP_DigestUpdate(ctx, piece, (size_t)n);
		total += n > 0 ? (uint64_t)n : 0;
	}
	close(fd);
	// So that no two folders read as the same bytes.
	if (ok == 1)
		ok = EVP_DigestUpdate(ctx, &total, sizeof(total));
	return ok == 1 && n == 0 ? 0 : -EIO;
}

static int is_visible(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static int digest_folder(EVP_MD_CTX *ctx, const char *folder)
{
	struct dirent **entries = NULL;
	int rc = 0;

	int n = scandir(folder, &entries, is_visible, alphasort);
	if (n < 0)
		return -errno;
	int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		rc = -errno;
	for (int i = 0; i < n; i++) {
		if (rc == 0)
			rc = digest_file(ctx, fd, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	if (fd >= 0)
		close(fd);
	return rc;
}

int sets_library_digest(const char *const *folders, size_t n, uint8_t out[static SETS_DIGEST])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	int rc = -ENOMEM;

	if (ctx != NULL && EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1)
		rc = 0;
	for (size_t i = 0; i < n && rc == 0; i++)
		rc = digest_folder(ctx, folders[i]);
	if (rc == 0 && EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		rc = -EIO;
	EVP_MD_CTX_free(ctx);
	return rc;
}

// ---- the sets

// Called with the lock.
static struct shared_set *find(
	const uint8_t digest[static SETS_DIGEST], const uint16_t *ids, size_t n
)
{
	for (struct shared_set *s = alive; s != NULL; s = s->next)
		if (s->n == n && s->result == 0 && memcmp(s->digest, digest, SETS_DIGEST) == 0 &&
		    memcmp(s->ids, ids, n * sizeof(ids[0])) == 0)
			return s;
	return NULL;
}

static void shared_free(struct shared_set *shared)
{
	if (shared == NULL)
		return;
	pattern_set_free(shared->set);
	free(shared->ids);
	free(shared);
}

// In the list, to be compiled. Called with the lock.
static struct shared_set *shared_new(
	const uint8_t digest[static SETS_DIGEST], const uint16_t *ids, size_t n
)
{
	struct shared_set *shared = calloc(1, sizeof(*shared));

	if (shared != NULL)
		shared->ids = calloc(n + 1, sizeof(ids[0]));
	if (shared == NULL || shared->ids == NULL) {
		shared_free(shared);
		return NULL;
	}
	memcpy(shared->ids, ids, n * sizeof(ids[0]));
	memcpy(shared->digest, digest, SETS_DIGEST);
	shared->n = n;
	shared->refs = 1;
	shared->next = alive;
	alive = shared;
	return shared;
}

// Compile what others may be waiting for.
static void compile(struct shared_set *shared, const struct pattern_lib *lib)
{
	struct pattern_set *set = NULL;
	char why[PATTERN_WHY] = "";

	int result = pattern_set_compile(lib, shared->ids, shared->n, &set, why);
	pthread_mutex_lock(&lock);
	shared->set = set;
	shared->result = result;
	memcpy(shared->why, why, sizeof(why));
	shared->done = true;
	pthread_cond_broadcast(&compiled);
	pthread_mutex_unlock(&lock);
}

int sets_get(
	const struct pattern_lib *lib, const uint8_t digest[static SETS_DIGEST],
	const uint16_t *ids, size_t n, struct shared_set **out, char why[static PATTERN_WHY]
)
{
	bool mine = false;

	pthread_mutex_lock(&lock);
	struct shared_set *shared = find(digest, ids, n);
	if (shared == NULL) {
		shared = shared_new(digest, ids, n);
		mine = shared != NULL;
	} else {
		shared->refs++;
	}
	while (shared != NULL && !mine && !shared->done)
		pthread_cond_wait(&compiled, &lock);
	pthread_mutex_unlock(&lock);
	if (shared == NULL)
		return -ENOMEM;
	if (mine)
		compile(shared, lib);
	int result = shared->result;
	if (result == 0) {
		*out = shared;
	} else {
		memcpy(why, shared->why, PATTERN_WHY);
		sets_put(shared);
	}
	return result;
}

void sets_put(struct shared_set *shared)
{
	if (shared == NULL)
		return;
	pthread_mutex_lock(&lock);
	bool last = --shared->refs == 0;
	if (last) {
		struct shared_set **at = &alive;
		while (*at != shared)
			at = &(*at)->next;
		*at = shared->next;
	}
	pthread_mutex_unlock(&lock);
	if (last)
		shared_free(shared);
}
