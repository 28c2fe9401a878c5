// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/recorder/index.h"

#include "controlplane/recorder/index_row.h"

#include <sqlite3.h>

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct session_index {
	pthread_mutex_t lock;
	sqlite3 *db;
	sqlite3_stmt *put;
	bool inside; // a transaction is open
};

static const char schema[] =
	"CREATE TABLE IF NOT EXISTS sessions("
	" n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, epoch INTEGER NOT NULL,"
	" session INTEGER NOT NULL, opened INTEGER, closed INTEGER, issuer TEXT, subject TEXT,"
	" name TEXT, chain TEXT, resource TEXT, client TEXT, database TEXT, user TEXT,"
	" application TEXT, rule TEXT, end TEXT, reason TEXT, policy INTEGER, commands INTEGER,"
	" denied INTEGER, masked INTEGER, rows INTEGER, bytes_in INTEGER, bytes_out INTEGER,"
	" first_segment INTEGER);"
	"CREATE INDEX IF NOT EXISTS sessions_live ON sessions(epoch) WHERE closed IS NULL;"
	"CREATE INDEX IF NOT EXISTS sessions_subject ON sessions(subject, n);"
	"CREATE INDEX IF NOT EXISTS sessions_resource ON sessions(resource, n);"
	"CREATE TABLE IF NOT EXISTS segments(seq INTEGER PRIMARY KEY);";

// What is unknown is NULL (row_bind), and does not replace what is known.
static const char put_sql[] =
	"INSERT INTO sessions(id, epoch, session, opened, closed, issuer, subject, name, chain,"
	" resource, client, database, user, application, rule, end, reason, policy, commands,"
	" denied, masked, rows, bytes_in, bytes_out, first_segment)"
	" VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
	" ON CONFLICT(id) DO UPDATE SET opened=coalesce(opened,excluded.opened),"
	" closed=coalesce(excluded.closed,closed), issuer=coalesce(excluded.issuer,issuer),"
	" subject=coalesce(excluded.subject,subject), name=coalesce(excluded.name,name),"
	" chain=coalesce(excluded.chain,chain), resource=coalesce(excluded.resource,resource),"
	" client=coalesce(excluded.client,client), database=coalesce(excluded.database,database),"
	" user=coalesce(excluded.user,user),"
	" application=coalesce(excluded.application,application),"
	" rule=coalesce(excluded.rule,rule), end=coalesce(excluded.end,end),"
	" reason=coalesce(excluded.reason,reason), policy=coalesce(excluded.policy,policy),"
	" commands=max(coalesce(commands,0),coalesce(excluded.commands,0)),"
	" denied=max(coalesce(denied,0),coalesce(excluded.denied,0)),"
	" masked=max(coalesce(masked,0),coalesce(excluded.masked,0)),"
	" rows=max(coalesce(rows,0),coalesce(excluded.rows,0)),"
	" bytes_in=max(coalesce(bytes_in,0),coalesce(excluded.bytes_in,0)),"
	" bytes_out=max(coalesce(bytes_out,0),coalesce(excluded.bytes_out,0)),"
	" first_segment=coalesce(first_segment,excluded.first_segment)";

static bool exec(sqlite3 *db, const char *sql)
{
	return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static int is_ok(void *context, int n, char **values, char **)
{
	bool *whole = context;

	*whole = n == 1 && values[0] != NULL && strcmp(values[0], "ok") == 0;
	return 0;
}

static bool is_whole(sqlite3 *db)
{
	bool whole = false;

	return sqlite3_exec(db, "PRAGMA quick_check(1)", is_ok, &whole, NULL) == SQLITE_OK && whole;
}

static int db_open(const char *path, sqlite3 **out)
{
	sqlite3 *db = NULL;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;

	bool ok = sqlite3_open_v2(path, &db, flags, NULL) == SQLITE_OK;
	if (ok)
		sqlite3_busy_timeout(db, 1000);
	// The segments are the truth: the index need not survive a power failure, only stay whole.
	ok = ok && exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
	bool whole = ok && is_whole(db);
	if (whole && exec(db, schema)) {
		*out = db;
		return 0;
	}
	int code = sqlite3_errcode(db);
	sqlite3_close(db);
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB || (ok && !whole) ? ERR_MALFORMED
										 : -EIO;
}

static int set_aside(const char *path)
{
	static const char *const ends[] = {"-wal", "-shm"};
	char other[SEGMENT_PATH_MAX];

	snprintf(other, sizeof(other), "%.4000s.damaged", path);
	if (rename(path, other) != 0)
		return -EIO;
	for (size_t i = 0; i < 2; i++) {
		snprintf(other, sizeof(other), "%.4000s%s", path, ends[i]);
		unlink(other);
	}
	return 0;
}

static int open_path(const char *path, struct session_index **out)
{
	struct session_index *index = calloc(1, sizeof(*index));
	if (index == NULL)
		return -ENOMEM;
	pthread_mutex_init(&index->lock, NULL);
	int ret = db_open(path, &index->db);
	if (ret == ERR_MALFORMED) {
		ret = set_aside(path);
		if (ret == 0)
			ret = db_open(path, &index->db);
	}
	if (ret == 0 && sqlite3_prepare_v3(
				index->db, put_sql, -1, SQLITE_PREPARE_PERSISTENT, &index->put, NULL
			) != SQLITE_OK)
		ret = -EIO;
	if (ret != 0) {
		index_close(index);
		return ret < -1000 ? -EIO : ret;
	}
	*out = index;
	return 0;
}

int index_open(const char *state, struct session_index **out)
{
	char path[SEGMENT_PATH_MAX];
	int ret = segment_path(state, "bulkhead.db", path);

	return ret != 0 ? ret : open_path(path, out);
}

int index_build(const char *state, struct session_index **out)
{
	char path[SEGMENT_PATH_MAX];
	struct session_index *index = NULL;
	struct segment_file *files = NULL;
	size_t n = 0;

	int ret = segment_list(state, &files, &n);
	if (ret == 0)
		ret = open_path(":memory:", &index);
	for (size_t i = 0; ret == 0 && i < n; i++) {
		ret = segment_path(state, files[i].name, path);
		// One that cannot be read is the verifier's to name.
		if (ret == 0 && index_segment(index, path) == -EIO)
			ret = -EIO;
	}
	free(files);
	if (ret != 0) {
		index_close(index);
		return ret;
	}
	*out = index;
	return 0;
}

void index_close(struct session_index *index)
{
	if (index == NULL)
		return;
	if (index->inside)
		exec(index->db, "COMMIT");
	sqlite3_finalize(index->put);
	sqlite3_close(index->db);
	pthread_mutex_destroy(&index->lock);
	free(index);
}

// A row at a time in a transaction of its own would cost a file write each.
static bool begin(struct session_index *index)
{
	if (!index->inside)
		index->inside = exec(index->db, "BEGIN");
	return index->inside;
}

int index_session_put(struct session_index *index, const struct session_row *row)
{
	pthread_mutex_lock(&index->lock);
	bool ok = begin(index);
	if (ok) {
		row_bind(index->put, row);
		ok = sqlite3_step(index->put) == SQLITE_DONE;
		sqlite3_reset(index->put);
		sqlite3_clear_bindings(index->put);
	}
	pthread_mutex_unlock(&index->lock);
	return ok ? 0 : -EIO;
}

// Run one statement with up to two integers; the lock is held.
static bool run(struct session_index *index, const char *sql, uint64_t a, uint64_t b, bool *row)
{
	sqlite3_stmt *stmt = NULL;

	if (sqlite3_prepare_v2(index->db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return false;
	sqlite3_bind_int64(stmt, 1, (sqlite3_int64)a);
	if (sqlite3_bind_parameter_count(stmt) > 1)
		sqlite3_bind_int64(stmt, 2, (sqlite3_int64)b);
	int code = sqlite3_step(stmt);
	*row = code == SQLITE_ROW;
	sqlite3_finalize(stmt);
	return code == SQLITE_ROW || code == SQLITE_DONE;
}

bool index_has_segment(struct session_index *index, uint64_t seq)
{
	bool row = false;

	pthread_mutex_lock(&index->lock);
	(void)run(index, "SELECT 1 FROM segments WHERE seq=?", seq, 0, &row);
	pthread_mutex_unlock(&index->lock);
	return row;
}

int index_segment_done(struct session_index *index, uint64_t seq)
{
	bool row;

	pthread_mutex_lock(&index->lock);
	bool ok = begin(index) &&
		  run(index, "INSERT OR IGNORE INTO segments VALUES(?)", seq, 0, &row);
	pthread_mutex_unlock(&index->lock);
	return ok ? 0 : -EIO;
}

int index_abandon(struct session_index *index, uint64_t epoch, uint64_t now_ns)
{
	bool row;

	pthread_mutex_lock(&index->lock);
	bool ok = begin(index) && run(index,
				      "UPDATE sessions SET closed=?2, end='lost',"
				      " reason='the gateway stopped without a word'"
				      " WHERE closed IS NULL AND epoch<>?1",
				      epoch, now_ns, &row);
	pthread_mutex_unlock(&index->lock);
	return ok ? 0 : -EIO;
}

int index_commit(struct session_index *index)
{
	pthread_mutex_lock(&index->lock);
	bool ok = !index->inside || exec(index->db, "COMMIT");
	if (ok)
		index->inside = false;
	pthread_mutex_unlock(&index->lock);
	return ok ? 0 : -EIO;
}

static const char list_sql[] =
	"SELECT " ROW_COLUMNS " FROM sessions WHERE (?1=0 OR n<?1) AND (?2=0 OR closed IS NULL)"
	" AND (?3 IS NULL OR subject=?3) AND (?4 IS NULL OR resource=?4) ORDER BY n DESC LIMIT ?5";

int index_list(
	struct session_index *index, const struct session_query *query, index_each_fn each,
	void *context
)
{
	sqlite3_stmt *stmt = NULL;
	struct session_row row;
	int code;

	pthread_mutex_lock(&index->lock);
	code = sqlite3_prepare_v2(index->db, list_sql, -1, &stmt, NULL);
	if (code == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 1, query->before);
		sqlite3_bind_int(stmt, 2, query->live);
		sqlite3_bind_text(stmt, 3, query->subject, -1, SQLITE_STATIC);
		sqlite3_bind_text(stmt, 4, query->resource, -1, SQLITE_STATIC);
		sqlite3_bind_int64(stmt, 5, query->limit);
		while ((code = sqlite3_step(stmt)) == SQLITE_ROW) {
			row_read(stmt, &row);
			if (!each(context, &row)) {
				code = SQLITE_DONE;
				break;
			}
		}
	}
	sqlite3_finalize(stmt);
	pthread_mutex_unlock(&index->lock);
	return code == SQLITE_DONE ? 0 : -EIO;
}

int index_get(struct session_index *index, const char *id, struct session_row *row)
{
	sqlite3_stmt *stmt = NULL;

	pthread_mutex_lock(&index->lock);
	int code = sqlite3_prepare_v2(
		index->db, "SELECT " ROW_COLUMNS " FROM sessions WHERE id=?", -1, &stmt, NULL
	);
	if (code == SQLITE_OK) {
		sqlite3_bind_text(stmt, 1, id, -1, SQLITE_STATIC);
		code = sqlite3_step(stmt);
		if (code == SQLITE_ROW)
			row_read(stmt, row);
	}
	sqlite3_finalize(stmt);
	pthread_mutex_unlock(&index->lock);
	if (code == SQLITE_ROW)
		return 0;
	return code == SQLITE_DONE ? -ENOENT : -EIO;
}
