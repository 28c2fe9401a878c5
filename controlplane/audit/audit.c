// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/audit.h"

#include "controlplane/audit/recover.h"
#include "controlplane/recorder/segment.h"
#include "controlplane/recorder/spool.h"
#include "dataplane/base/log.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

struct audit {
	pthread_mutex_t lock; // of everything below
	char *state;
	struct spool spool;
	struct audit_head head;   // of the last line appended
	struct audit_head pinned; // of the last line on disk: what the head file says
	uint64_t lines, failures;
	bool failing;
	struct log_limit limit;
};

static uint64_t wall_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void failed(struct audit *audit, int ret)
{
	audit->failures++;
	audit->failing = true;
	log_limited(
		&audit->limit, LOG_ERROR, "audit",
		"cannot write the audit log under %s: %s; sessions wait until it can be written",
		audit->state, err_text(ret)
	);
}

static int append(struct audit *audit, const char *type, const json_t *fields)
{
	struct digest hash;
	char *text =
		audit_line_text(audit->head.seq + 1, wall_ns(), type, fields, &audit->head.hash);
	if (text == NULL)
		return -ENOMEM;
	size_t n = strlen(text);
	struct span piece = span_of(text, n);
	int ret = n > AUDIT_LINE_MAX ? -EMSGSIZE : digest_of(&piece, 1, &hash);
	text[n] = '\n'; // in the place of the NUL: line and newline enter the spool together
	if (ret == 0)
		ret = spool_append(&audit->spool, span_of(text, n + 1));
	free(text);
	if (ret != 0)
		return ret == ERR_POOL_EMPTY ? -ENOMEM : ret;
	audit->head.seq++;
	audit->head.hash = hash;
	audit->lines++;
	ret = spool_write(&audit->spool);
	if (ret != 0)
		failed(audit, ret); // it stays in the spool, and audit_sync tries again
	return 0;
}

int audit_write(struct audit *audit, const char *type, json_t *fields)
{
	pthread_mutex_lock(&audit->lock);
	int ret = append(audit, type, fields);
	pthread_mutex_unlock(&audit->lock);
	json_decref(fields);
	return ret;
}

static int sync_locked(struct audit *audit)
{
	int ret = spool_sync(&audit->spool);
	if (ret == 0 && audit->pinned.seq != audit->head.seq)
		ret = audit_head_write(audit->state, &audit->head);
	if (ret != 0) {
		failed(audit, ret);
		return ret;
	}
	audit->pinned = audit->head;
	audit->failing = false;
	return 0;
}

int audit_sync(struct audit *audit)
{
	pthread_mutex_lock(&audit->lock);
	int ret = sync_locked(audit);
	pthread_mutex_unlock(&audit->lock);
	return ret;
}

bool audit_is_healthy(struct audit *audit)
{
	pthread_mutex_lock(&audit->lock);
	bool healthy = !audit->failing;
	pthread_mutex_unlock(&audit->lock);
	return healthy;
}

void audit_stats_get(struct audit *audit, struct audit_stats *out)
{
	pthread_mutex_lock(&audit->lock);
	*out = (struct audit_stats){
		.lines = audit->lines,
		.bytes = spool_end(&audit->spool),
		.waiting = buf_len(&audit->spool.pending),
		.failures = audit->failures,
		.head = audit->pinned,
	};
	pthread_mutex_unlock(&audit->lock);
}

// Say in the log what was found wrong with it.
static int confess(struct audit *audit, const struct audit_recovery *found)
{
	char hash[DIGEST_TEXT_SIZE];
	int ret = 0;

	if (found->torn > 0) {
		log_line(
			LOG_WARN, "audit", "the last line was incomplete: %llu bytes moved to %s",
			(unsigned long long)found->torn, found->side
		);
		json_t *fields = json_pack(
			"{s:I,s:s}", "bytes", (json_int_t)found->torn, "moved_to", found->side
		);
		ret = append(audit, "recovered", fields);
		json_decref(fields);
	}
	if (found->broken == NULL || ret != 0)
		return ret;
	log_line(
		LOG_ERROR, "audit",
		"the audit log is not what it was: %s; run bulkheadctl audit verify", found->broken
	);
	json_t *fields = json_pack(
		"{s:s,s:I,s:s}", "what", found->broken, "pinned_seq", (json_int_t)found->pinned.seq,
		"pinned_hash", digest_text(&found->pinned.hash, hash)
	);
	ret = append(audit, "broken", fields);
	json_decref(fields);
	return ret;
}

static int open_locked(struct audit *audit)
{
	char path[SEGMENT_PATH_MAX];
	struct audit_recovery found;

	int ret = segment_path(audit->state, "audit", path);
	if (ret != 0)
		return ret;
	if (mkdir(path, 0700) != 0 && errno != EEXIST)
		return -errno;
	ret = spool_sync_folder(path);
	if (ret == 0)
		ret = segment_path(audit->state, "audit/audit.log", path);
	if (ret == 0)
		ret = spool_open(&audit->spool, path, 0);
	if (ret != 0)
		return ret;
	if (flock(audit->spool.fd, LOCK_EX | LOCK_NB) != 0)
		return errno == EWOULDBLOCK ? -EBUSY : -errno;
	ret = audit_recover(audit->state, audit->spool.fd, &found);
	if (ret != 0)
		return ret;
	audit->spool.synced = found.size;
	audit->head = found.last;
	ret = confess(audit, &found);
	return ret != 0 ? ret : sync_locked(audit);
}

int audit_open(const char *state, struct audit **out)
{
	struct audit *audit = calloc(1, sizeof(*audit));
	if (audit == NULL)
		return -ENOMEM;
	pthread_mutex_init(&audit->lock, NULL);
	audit->state = strdup(state);
	int ret = audit->state == NULL ? -ENOMEM : open_locked(audit);
	if (ret != 0) {
		spool_fini(&audit->spool);
		pthread_mutex_destroy(&audit->lock);
		free(audit->state);
		free(audit);
		return ret;
	}
	*out = audit;
	return 0;
}

void audit_close(struct audit *audit)
{
	if (audit == NULL)
		return;
	if (audit_sync(audit) != 0)
		log_line(LOG_ERROR, "audit", "closed with lines that are not on disk");
	spool_fini(&audit->spool);
	pthread_mutex_destroy(&audit->lock);
	free(audit->state);
	free(audit);
}
