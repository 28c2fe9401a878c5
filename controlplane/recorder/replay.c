// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/replay.h"

#include "controlplane/recorder/join.h"

#include <stdio.h>
#include <stdlib.h>

enum { MESSAGE_MAX = 512 << 20 };

struct search {
	const char *id;
	uint64_t epoch; // of the segments with the session
	session_id session;
	bool known; // session is set
	bool stopped;
	struct join join; // the session lives on one worker: one is enough
	const atomic_bool *stop;
	replay_fn each;
	void *context;
	struct replay_end *end;
};

// Is it the record's session that is looked for? Names are hashes, so the first match is kept.
static bool is_it(struct search *search, uint64_t epoch, session_id session)
{
	char name[SESSION_NAME_SIZE];

	if (search->known)
		return search->epoch == epoch && search->session == session;
	if (strcmp(segment_session_name(epoch, session, name), search->id) != 0)
		return false;
	search->known = true;
	search->epoch = epoch;
	search->session = session;
	return true;
}

static void take(struct search *search, const struct segment_record *record)
{
	struct span whole;

	if (!join_add(&search->join, record, &whole))
		return;
	struct replay_message message = {
		.type = record->type,
		.message = record->message,
		.strict = (record->flags & RECORD_IS_STRICT) != 0,
		.time_ns = record->time_ns,
		.text = whole,
	};
	search->end->messages++;
	search->end->closed = record->type == RECORD_CLOSE;
	search->stopped = !search->each(search->context, &message) || record->type == RECORD_CLOSE;
}

static void take_frame(struct search *search, uint64_t epoch, struct span raw)
{
	struct cursor c = cursor_of(raw);
	struct segment_record record;

	while (!search->stopped && cursor_left(&c) > 0 && segment_record_get(&c, &record) == 0) {
		if (is_it(search, epoch, record.session))
			take(search, &record);
	}
}

static int take_segment(struct search *search, const char *path, const char *name)
{
	struct segment_reader *reader;
	enum segment_step step;
	struct span raw;

	int ret = segment_open(path, &reader);
	if (ret == ERR_TRUNCATED || ret == ERR_MALFORMED) {
		snprintf(search->end->damaged, sizeof(search->end->damaged), "%s", name);
		search->end->how = SEGMENT_TORN;
		return 0;
	}
	if (ret != 0)
		return ret;
	uint64_t epoch = segment_reader_header(reader)->epoch;
	while ((step = segment_next(reader, &raw)) == SEGMENT_FRAME && !search->stopped) {
		take_frame(search, epoch, raw);
		search->stopped |= search->stop != NULL && atomic_load(search->stop);
	}
	segment_reader_free(reader);
	if (step == SEGMENT_TORN || step == SEGMENT_DAMAGED || step == SEGMENT_FAILED) {
		snprintf(search->end->damaged, sizeof(search->end->damaged), "%s", name);
		search->end->how = step;
	}
	return 0;
}

int replay_session(
	const char *state, const char *id, uint64_t first, const atomic_bool *stop, replay_fn each,
	void *context, struct replay_end *end
)
{
	struct search search =
		{.id = id, .stop = stop, .each = each, .context = context, .end = end};
	char path[SEGMENT_PATH_MAX];
	struct segment_file *files;
	size_t n;

	*end = (struct replay_end){0};
	int ret = segment_list(state, &files, &n);
	if (ret != 0)
		return ret;
	join_init(&search.join, MESSAGE_MAX);
	for (size_t i = 0; ret == 0 && i < n && !search.stopped; i++) {
		if (files[i].seq < first)
			continue;
		ret = segment_path(state, files[i].name, path);
		if (ret == 0)
			ret = take_segment(&search, path, files[i].name);
	}
	join_fini(&search.join);
	free(files);
	return ret;
}
