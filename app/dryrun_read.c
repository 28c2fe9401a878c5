// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Reading the recordings for a dry run: segments to records, records to sessions.

#include "app/dryrun_run.h"
#include "controlplane/recorder/join.h"
#include "controlplane/recorder/json.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum {
	WORKERS_MAX = 256,
	MESSAGE_MAX = 1 << 20, // larger messages are left out
	SESSIONS_MAX = 16384,  // open at once; the beginnings of more are not kept
	INDEX_PAGE = 1000,     // rows of the index at a time: others wait for its lock
};

struct opened {
	session_id id;
	struct judged *session;
};

struct reader {
	struct judge *judge;
	struct dryrun_progress *progress;
	uint64_t epoch; // of the segment that is read
	void *sessions; // tree of struct opened, of this epoch
	size_t n_sessions;
	struct join *joins[WORKERS_MAX]; // made when the worker is first met
	int result;
};

static int compare(const void *a, const void *b)
{
	const struct opened *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static struct opened *find(const struct reader *r, session_id id)
{
	const struct opened key = {.id = id};
	void *node = tfind(&key, &r->sessions, compare);

	return node == NULL ? NULL : *(struct opened **)node;
}

static void forget(struct reader *r, struct opened *entry, const json_t *json)
{
	judged_end(r->judge, entry->session, json);
	(void)tdelete(entry, &r->sessions, compare);
	free(entry);
	r->n_sessions--;
}

static void forget_all(struct reader *r)
{
	while (r->sessions != NULL)
		forget(r, *(struct opened **)r->sessions, NULL);
	for (int i = 0; i < WORKERS_MAX; i++) {
		if (r->joins[i] == NULL)
			continue;
		join_fini(r->joins[i]);
		free(r->joins[i]);
		r->joins[i] = NULL;
	}
}

static void begin(struct reader *r, session_id id, const json_t *json)
{
	char name[SESSION_NAME_SIZE];
	struct opened *entry = find(r, id);

	if (entry != NULL || r->n_sessions == SESSIONS_MAX)
		return;
	entry = calloc(1, sizeof(*entry));
	if (entry == NULL) {
		r->result = -ENOMEM;
		return;
	}
	entry->id = id;
	entry->session = judged_new(r->judge, segment_session_name(r->epoch, id, name), json);
	if (entry->session == NULL || tsearch(entry, &r->sessions, compare) == NULL) {
		judged_end(r->judge, entry->session, NULL);
		free(entry);
		r->result = -ENOMEM;
		return;
	}
	r->n_sessions++;
}

static bool in_range(const struct reader *r, uint64_t time_ns)
{
	return time_ns >= r->judge->from_ns && time_ns < r->judge->to_ns;
}

static void take(struct reader *r, const struct segment_record *record, struct span data)
{
	struct opened *entry = find(r, record->session);
	json_t *json = NULL;

	if (record->type == RECORD_OPEN || record->type == RECORD_VERDICT ||
	    record->type == RECORD_CLOSE)
		json = json_of_record(data);
	switch ((enum record_type)record->type) {
	case RECORD_OPEN:
		if (record->time_ns < r->judge->to_ns)
			begin(r, record->session, json);
		break;
	case RECORD_COMMAND:
		if (entry != NULL)
			judged_command(r->judge, entry->session, record->time_ns, data);
		break;
	case RECORD_VERDICT:
		if (entry != NULL)
			judged_verdict(r->judge, entry->session, record->time_ns, json);
		else if (in_range(r, record->time_ns))
			r->judge->gaps[GAP_BEGINNING]++;
		break;
	case RECORD_ANSWER:
		if (entry != NULL)
			judged_answer(r->judge, entry->session, record->message, data);
		break;
	case RECORD_CLOSE:
		if (entry != NULL)
			forget(r, entry, in_range(r, record->time_ns) ? json : NULL);
		break;
	}
	json_decref(json);
}

static struct join *join_of(struct reader *r, uint16_t worker)
{
	if (worker >= WORKERS_MAX)
		return NULL;
	if (r->joins[worker] == NULL) {
		r->joins[worker] = malloc(sizeof(struct join));
		if (r->joins[worker] != NULL)
			join_init(r->joins[worker], MESSAGE_MAX);
	}
	return r->joins[worker];
}

static void take_frame(struct reader *r, struct span raw)
{
	struct cursor c = cursor_of(raw);
	struct segment_record record;
	struct span whole;

	while (r->result == 0 && cursor_left(&c) > 0 && segment_record_get(&c, &record) == 0) {
		struct join *join = join_of(r, record.worker);
		if (join != NULL && join_add(join, &record, &whole))
			take(r, &record, whole);
	}
}

static bool report(struct reader *r)
{
	return r->progress->report(r->progress->context, r->judge);
}

// What cannot be opened, or is damaged from some place on, ends there: the rest is judged.
static void take_segment(struct reader *r, const char *path)
{
	struct segment_reader *segment;
	uint64_t before = r->progress->done, epoch;
	struct span raw;

	if (segment_open(path, &segment) != 0)
		return;
	epoch = segment_reader_header(segment)->epoch;
	if (epoch != r->epoch)
		forget_all(r); // another life of the process: nothing goes on
	r->epoch = epoch;
	while (r->result == 0 && segment_next(segment, &raw) == SEGMENT_FRAME) {
		take_frame(r, raw);
		r->progress->done = before + segment_reader_offset(segment);
		if (!report(r))
			r->result = -ECANCELED;
	}
	segment_reader_free(segment);
}

// ---- where to begin

struct first {
	const struct judge *judge;
	uint64_t seq;
	int64_t n; // of the last row
	unsigned rows;
};

static bool look(void *context, const struct session_row *row)
{
	struct first *first = context;

	first->n = row->n;
	first->rows++;
	if (row->opened_ns < first->judge->to_ns && row->first_segment != 0 &&
	    (row->closed_ns == 0 || row->closed_ns >= first->judge->from_ns) &&
	    row->first_segment < first->seq)
		first->seq = row->first_segment;
	return true;
}

// The segment in which the earliest session begins that was open in the range.
static int first_segment(const struct judge *judge, struct session_index *index, uint64_t *seq)
{
	struct first first = {.judge = judge, .seq = UINT64_MAX};

	do {
		const struct session_query query = {.limit = INDEX_PAGE, .before = first.n};
		first.rows = 0;
		int r = index_list(index, &query, look, &first);
		if (r != 0)
			return r;
	} while (first.rows == INDEX_PAGE);
	*seq = first.seq;
	return 0;
}

static uint64_t size_of(const char *state, const char *name, char path[static SEGMENT_PATH_MAX])
{
	struct stat st;

	if (segment_path(state, name, path) != 0 || stat(path, &st) != 0)
		return 0;
	return (uint64_t)st.st_size;
}

int dryrun_read(
	struct judge *judge, const char *state, struct session_index *index,
	struct dryrun_progress *progress
)
{
	struct reader reader = {.judge = judge, .progress = progress};
	char path[SEGMENT_PATH_MAX];
	struct segment_file *files;
	uint64_t first;
	size_t n;

	int r = first_segment(judge, index, &first);
	if (r == 0)
		r = segment_list(state, &files, &n);
	if (r != 0)
		return r;
	for (size_t i = 0; i < n; i++)
		if (files[i].seq >= first)
			progress->total += size_of(state, files[i].name, path);
	for (size_t i = 0; i < n && reader.result == 0; i++) {
		if (files[i].seq < first)
			continue;
		uint64_t done = progress->done + size_of(state, files[i].name, path);
		take_segment(&reader, path);
		progress->done = done;
	}
	forget_all(&reader);
	free(files);
	return reader.result;
}
