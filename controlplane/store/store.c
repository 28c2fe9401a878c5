// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/store/store.h"

#include "controlplane/store/schema.h"
#include "controlplane/store/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 4096 };

static int exec(struct store *store, const char *sql)
{
	errno = 0;
	if (sqlite3_exec(store->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	return store_failed(store, sqlite3_extended_errcode(store->db));
}

// ---- transactions

int store_begin(struct store *store)
{
	int r = exec(store, "BEGIN IMMEDIATE");

	if (r == 0)
		sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	return r;
}

bool store_is_inside(const struct store *store)
{
	return sqlite3_get_autocommit(store->db) == 0;
}

int store_end(struct store *store, int result)
{
	if (result == 0) {
		result = exec(store, "COMMIT");
		if (result == 0)
			store->health.healthy = true;
	}
	// SQLite itself has rolled back after some failures.
	if (result != 0 && store_is_inside(store))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}

void store_checkpoint(struct store *store)
{
	sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
}

// ---- open

static int read_number(void *out, int n, char **values, char **)
{
	if (n == 1 && values[0] != NULL)
		*(int64_t *)out = strtoll(values[0], NULL, 10);
	return 0;
}

static int64_t number(struct store *store, const char *sql)
{
	int64_t value = -1;

	if (sqlite3_exec(store->db, sql, read_number, &value, NULL) != SQLITE_OK)
		return -1;
	return value;
}

static int read_verdict(void *out, int n, char **values, char **)
{
	if (n == 1 && values[0] != NULL)
		snprintf(out, STORE_WHY, "%s", values[0]);
	return 0;
}

static bool is_whole(struct store *store, char verdict[static STORE_WHY])
{
	int code = sqlite3_exec(store->db, "PRAGMA quick_check(1)", read_verdict, verdict, NULL);

	if (code != SQLITE_OK)
		snprintf(verdict, STORE_WHY, "%s", sqlite3_errmsg(store->db));
	return code == SQLITE_OK && strcmp(verdict, "ok") == 0;
}

static int damaged(const char *path, const char *verdict, char why[static STORE_WHY])
{
	snprintf(
		why, STORE_WHY,
		"%.100s is damaged (%.60s). It holds approvals and revocations: restore it from a "
		"backup, or move it away to start without them",
		path, verdict
	);
	return ERR_MALFORMED;
}

// Is it ours, whole, and of a version that is known? Out: *version.
static int examine(
	struct store *store, const char *path, int64_t *version, char why[static STORE_WHY]
)
{
	char verdict[STORE_WHY] = "";

	if (!is_whole(store, verdict)) {
		int code = sqlite3_errcode(store->db);
		if (code == SQLITE_BUSY || code == SQLITE_LOCKED)
			return store_failed(store, code);
		return damaged(path, verdict, why);
	}
	int64_t application = number(store, "PRAGMA application_id");
	int64_t tables = number(store, "SELECT count(*) FROM sqlite_master");
	*version = number(store, "PRAGMA user_version");
	if (application != SCHEMA_APPLICATION && (application != 0 || tables != 0)) {
		snprintf(
			why, STORE_WHY, "%.100s is some other program's database; move it away",
			path
		);
		return ERR_MALFORMED;
	}
	if (*version < 0 || (tables != 0 && *version == 0))
		return damaged(path, "no version", why);
	if (*version > (int64_t)schema_version) {
		snprintf(
			why, STORE_WHY,
			"%.100s was written by a newer Bulkhead (schema %lld, this one knows %u): "
			"run that one, or restore an older backup",
			path, (long long)*version, schema_version
		);
		return ERR_UNSUPPORTED;
	}
	return 0;
}

static int migrate(struct store *store, int64_t version)
{
	char mark[96];

	for (uint32_t step = (uint32_t)version; step < schema_version; step++) {
		snprintf(
			mark, sizeof(mark), "PRAGMA application_id=%d; PRAGMA user_version=%u",
			SCHEMA_APPLICATION, step + 1
		);
		int r = store_begin(store);
		if (r == 0)
			r = exec(store, schema_steps[step]);
		if (r == 0)
			r = exec(store, mark);
		r = store_end(store, r);
		if (r != 0)
			return r;
	}
	return 0;
}

// SQLite gives the files beside it the mode of the first.
static int make_private(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return -errno;
	int r = fchmod(fd, 0600) != 0 ? -errno : 0;
	close(fd);
	return r;
}

static int open_db(struct store *store, const char *path, char why[static STORE_WHY])
{
	int64_t version = 0;
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW;

	int code = sqlite3_open_v2(path, &store->db, flags, NULL);
	if (store->db == NULL)
		return -ENOMEM;
	if (code != SQLITE_OK)
		return store_failed(store, code);
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, STORE_BUSY_MS);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	int r = examine(store, path, &version, why);
	if (r == 0)
		r =
			exec(store, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
				    "PRAGMA secure_delete=ON; PRAGMA foreign_keys=ON");
	if (r == 0)
		r = migrate(store, version);
	return r;
}

int store_open(const char *state, struct store **out, char why[static STORE_WHY])
{
	char path[PATH_SIZE];

	why[0] = '\0';
	int length = snprintf(path, sizeof(path), "%s/store.db", state);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		snprintf(why, STORE_WHY, "the path of the state folder is too long");
		return -ENAMETOOLONG;
	}
	struct store *store = calloc(1, sizeof(*store));
	int r = store == NULL ? -ENOMEM : make_private(path);
	if (r == 0)
		r = open_db(store, path, why);
	if (r == 0) {
		store->health.healthy = true;
		*out = store;
		return 0;
	}
	if (why[0] == '\0')
		snprintf(
			why, STORE_WHY, "%.100s: %.100s", path,
			store != NULL && store->health.why[0] != '\0' ? store->health.why
								      : err_text(r)
		);
	store_close(store);
	return r;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	for (unsigned i = 0; i < store->n_statements; i++)
		sqlite3_finalize(store->statements[i].prepared);
	sqlite3_close(store->db);
	free(store);
}

// ---- health

struct store_health store_health(const struct store *store)
{
	return store->health;
}

void store_probe(struct store *store)
{
	if (store->health.healthy || store_is_inside(store))
		return;
	int r = store_begin(store);
	if (r == 0)
		r = store_run(
			store, "UPDATE meta SET value=value+1 WHERE name='probe'", STORE_NO_VALUES
		);
	if (store_end(store, r) != 0)
		return; // noted; the next call tries again
}
