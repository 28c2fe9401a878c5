// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/audit/line.h"
#include "controlplane/recorder/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

enum { HEAD_MAX = 256 };

int audit_head_read(const char *state, struct audit_head *head)
{
	char path[SEGMENT_PATH_MAX], text[HEAD_MAX];
	struct digest hash;

	int ret = segment_path(state, "audit/head", path);
	if (ret != 0)
		return ret;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	ssize_t n = read(fd, text, sizeof(text));
	ret = n < 0 ? -errno : 0;
	close(fd);
	if (ret != 0)
		return ret;
	json_t *json = json_loadb(text, (size_t)n, JSON_REJECT_DUPLICATES, NULL);
	const json_t *seq = json_object_get(json, "seq");
	const json_t *text_json = json_object_get(json, "hash");
	struct span bytes = span_of(json_string_value(text_json), json_string_length(text_json));
	bool ok =
		json_is_integer(seq) && json_integer_value(seq) >= 0 && digest_parse(bytes, &hash);
	if (ok)
		*head = (struct audit_head){(uint64_t)json_integer_value(seq), hash};
	json_decref(json);
	return ok ? 0 : ERR_MALFORMED;
}

int audit_head_write(const char *state, const struct audit_head *head)
{
	char path[SEGMENT_PATH_MAX], fresh[SEGMENT_PATH_MAX];
	char text[HEAD_MAX], hash[DIGEST_TEXT_SIZE];

	int ret = segment_path(state, "audit/head", path);
	if (ret == 0)
		ret = segment_path(state, "audit/head.new", fresh);
	if (ret != 0)
		return ret;
	int n = snprintf(
		text, sizeof(text), "{\"seq\":%llu,\"hash\":\"%s\"}\n",
		(unsigned long long)head->seq, digest_text(&head->hash, hash)
	);
	int fd = open(fresh, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	ssize_t written = write(fd, text, (size_t)n);
	ret = written == n ? 0 : (written < 0 ? -errno : -ENOSPC);
	if (close(fd) != 0 && ret == 0)
		ret = -errno;
	if (ret == 0 && rename(fresh, path) != 0)
		ret = -errno;
	return ret;
}
