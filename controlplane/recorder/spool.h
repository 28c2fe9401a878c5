// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// An append-only file that is honest about what is on disk.
//
// Bytes stay in memory until fdatasync has succeeded: after a failed one Linux drops the dirty
// pages and a second call would succeed without having written anything, so all that is not known
// to be on disk is written again first. A full disk is retried in the same way, from the byte where
// it stopped.

#pragma once

#include "dataplane/base/buf.h"
#include "dataplane/base/err.h"

struct spool {
	int fd;
	uint64_t synced;    // bytes of the file that are on disk
	struct buf pending; // the bytes behind them
	size_t written;     // of pending: given to the kernel
};

enum { SPOOL_PENDING_MAX = 8 << 20 };

// Open or create `path` (0600) for appending behind its first `size` bytes; creating it makes its
// name durable too. Out: *spool; close with spool_fini. Returns 0 or -errno.
int spool_open(struct spool *spool, const char *path, uint64_t size) must_check;

// Closes; what is pending is lost. Accepts a zeroed spool.
void spool_fini(struct spool *spool);

// Take a copy of `bytes`, all or nothing. Returns 0, or ERR_LIMIT when SPOOL_PENDING_MAX bytes
// would wait for the disk, ERR_POOL_EMPTY when memory is short.
int spool_append(struct spool *spool, struct span bytes) must_check;

// Give pending bytes to the kernel: a killed process loses none of them. Returns 0 or -errno; call
// again later.
int spool_write(struct spool *spool) must_check;

// Write, then fdatasync. Returns 0: all is on disk; or -errno: call again later.
int spool_sync(struct spool *spool) must_check;

// The file's length once everything is written.
static inline uint64_t spool_end(const struct spool *spool)
{
	return spool->synced + buf_len(&spool->pending);
}

static inline bool spool_is_synced(const struct spool *spool)
{
	return buf_len(&spool->pending) == 0;
}

// Make the entries of the folder that holds `path` durable. Returns 0 or -errno.
int spool_sync_folder(const char *path) must_check;
