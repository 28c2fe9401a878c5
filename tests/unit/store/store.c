// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/store/page.h"
#include "tests/unit/control/recorder_scratch.h"

#include <sqlite3.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static struct store *open_store(const struct scratch *s)
{
	struct store *store = NULL;
	char why[STORE_WHY];

	int r = store_open(s->path, &store, why);
	if (r != 0)
		print_error("%s\n", why);
	assert_int_equal(r, 0);
	return store;
}

static void path_of(const struct scratch *s, char out[static 512])
{
	snprintf(out, 512, "%s/store.db", s->path);
}

// Something else than the store has the file open.
static sqlite3 *other(const struct scratch *s)
{
	char path[512];
	sqlite3 *db = NULL;

	path_of(s, path);
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	return db;
}

static void sql(sqlite3 *db, const char *text)
{
	assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
}

static const char put_sql[] = "INSERT INTO meta VALUES(?, ?)";

static int put(struct store *store, const char *name, int64_t value)
{
	int r = store_begin(store);
	if (r == 0)
		r = store_run(store, put_sql, STORE_VALUES(store_text(name), store_integer(value)));
	return store_end(store, r);
}

static bool read_one(void *context, const struct store_row *row)
{
	*(int64_t *)context = store_row_integer(row, 0);
	return false;
}

static int64_t get(struct store *store, const char *name)
{
	int64_t value = -1;

	assert_int_equal(
		store_each(
			store, "SELECT value FROM meta WHERE name=?",
			STORE_VALUES(store_text(name)), read_one, &value
		),
		0
	);
	return value;
}

static int64_t count(struct store *store)
{
	int64_t value = -1;

	assert_int_equal(
		store_each(
			store, "SELECT count(*) FROM meta WHERE name LIKE 'k%'", STORE_NO_VALUES,
			read_one, &value
		),
		0
	);
	return value;
}

static void what_was_written_is_there_again(void **)
{
	struct scratch s = scratch_make();
	struct store *store = open_store(&s);

	assert_int_equal(put(store, "k", INT64_MAX), 0);
	store_close(store);
	store = open_store(&s);
	assert_int_equal(get(store, "k"), INT64_MAX);
	assert_int_equal(put(store, "k", 1), -EEXIST);
	assert_int_equal(get(store, "k"), INT64_MAX);
	assert_true(store_health(store).healthy); // the caller's slip, not the store's
	store_close(store);
	scratch_remove(&s);
}

static void what_ends_badly_has_not_happened(void **)
{
	struct scratch s = scratch_make();
	struct store *store = open_store(&s);

	assert_int_equal(store_begin(store), 0);
	assert_int_equal(store_run(store, put_sql, STORE_VALUES(store_text("k"), store_null())), 0);
	assert_true(store_is_inside(store));
	assert_int_equal(store_end(store, -ENOENT), -ENOENT);
	assert_false(store_is_inside(store));
	assert_int_equal(count(store), 0);
	store_close(store);
	scratch_remove(&s);
}

static json_t *value_json(void *context, const struct store_row *row)
{
	unsigned *left = context;

	return (*left)-- == 0 ? NULL : json_integer(store_row_integer(row, 0));
}

static const char page_sql[] = "SELECT value FROM meta WHERE name LIKE ?1 AND (?2=0 OR value<?2)"
			       " ORDER BY value DESC LIMIT ?3";

// A page of at most `limit` values below `before`: its first and its size. Out: *next.
static void page_is(
	struct store *store, unsigned limit, int64_t before, int64_t first, size_t size,
	int64_t wanted_next
)
{
	unsigned left = UINT_MAX;
	const struct store_page page = {limit, value_json, &left};
	json_t *list = NULL;
	int64_t next = -1;

	int r = store_page(
		store, page_sql, STORE_VALUES(store_text("page-%"), store_integer(before)), &page,
		&list, &next
	);
	assert_int_equal(r, 0);
	assert_int_equal(json_array_size(list), size);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(json_integer_value(json_array_get(list, i)), first - (int64_t)i);
	assert_int_equal(next, wanted_next);
	json_decref(list);
}

static void pages_follow_one_another(void **)
{
	struct scratch s = scratch_make();
	struct store *store = open_store(&s);
	unsigned left = 2;
	const struct store_page failing = {5, value_json, &left};
	json_t *list = NULL;
	int64_t next = -1;
	char name[16];

	page_is(store, 2, 0, 0, 0, 0);
	for (int i = 1; i <= 5; i++) {
		snprintf(name, sizeof(name), "page-%d", i);
		assert_int_equal(put(store, name, i), 0);
	}
	page_is(store, 2, 0, 5, 2, 4);
	page_is(store, 2, 4, 3, 2, 2);
	page_is(store, 2, 2, 1, 1, 0);
	page_is(store, 5, 0, 5, 5, 0); // nothing follows a full one
	page_is(store, 0, 0, 5, 5, 0);
	page_is(store, UINT_MAX, 0, 5, 5, 0);
	int r = store_page(
		store, page_sql, STORE_VALUES(store_text("page-%"), store_integer(0)), &failing,
		&list, &next
	);
	assert_int_equal(r, -ENOMEM);
	assert_null(list);
	assert_int_equal(next, -1);
	store_close(store);
	scratch_remove(&s);
}

static void a_page_is_bounded(void **)
{
	struct scratch s = scratch_make();
	struct store *store = open_store(&s);
	char name[16];

	assert_int_equal(store_begin(store), 0);
	for (int i = 1; i <= STORE_PAGE_MAX + 1; i++) {
		snprintf(name, sizeof(name), "page-%d", i);
		assert_int_equal(
			store_run(store, put_sql, STORE_VALUES(store_text(name), store_integer(i))),
			0
		);
	}
	assert_int_equal(store_end(store, 0), 0);
	page_is(store, 0, 0, STORE_PAGE_MAX + 1, STORE_PAGE_MAX, 2);
	page_is(store, UINT_MAX, 0, STORE_PAGE_MAX + 1, STORE_PAGE_MAX, 2);
	store_close(store);
	scratch_remove(&s);
}

struct seen {
	bool is_null;
	char text[8];
	uint8_t bytes[8];
	size_t n;
};

static bool see(void *context, const struct store_row *row)
{
	struct seen *seen = context;
	struct span bytes = store_row_blob(row, 2);

	seen->is_null = store_row_is_null(row, 0);
	snprintf(seen->text, sizeof(seen->text), "%s", store_row_text(row, 1));
	seen->n = bytes.n;
	memcpy(seen->bytes, bytes.p, bytes.n);
	return true;
}

static void values_come_back_as_they_went(void **)
{
	struct scratch s = scratch_make();
	struct store *store = open_store(&s);
	struct seen seen = {0};

	assert_int_equal(
		store_each(
			store, "SELECT ?, ?, ?",
			STORE_VALUES(store_text(NULL), store_text("text"), store_blob("a\0b", 3)),
			see, &seen
		),
		0
	);
	assert_true(seen.is_null);
	assert_string_equal(seen.text, "text");
	assert_int_equal(seen.n, 3);
	assert_memory_equal(seen.bytes, "a\0b", 3);
	store_close(store);
	scratch_remove(&s);
}

static void it_is_nobody_elses(void **)
{
	struct scratch s = scratch_make();
	char path[512];
	struct stat info;

	mode_t mask = umask(0);
	struct store *store = open_store(&s);
	assert_int_equal(put(store, "k", 1), 0);
	umask(mask);
	path_of(&s, path);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	strcat(path, "-wal");
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	store_close(store);
	scratch_remove(&s);
}

static int refused(const struct scratch *s, char why[static STORE_WHY])
{
	struct store *store = NULL;

	int r = store_open(s->path, &store, why);
	assert_null(store);
	return r;
}

static void a_damaged_one_is_refused_and_left_alone(void **)
{
	struct scratch s = scratch_make();
	char path[512], why[STORE_WHY], bytes[4096];
	struct store *store = open_store(&s);
	char name[16];

	for (unsigned i = 0; i < 500; i++) {
		snprintf(name, sizeof(name), "k%u", i);
		assert_int_equal(put(store, name, i), 0);
	}
	store_close(store);
	path_of(&s, path);
	int fd = open(path, O_RDWR);
	for (off_t at = 4096; pread(fd, bytes, sizeof(bytes), at) == sizeof(bytes); at += 4096) {
		memset(bytes, 0x5a, sizeof(bytes));
		assert_int_equal(pwrite(fd, bytes, sizeof(bytes), at), sizeof(bytes));
	}
	close(fd);
	assert_int_equal(refused(&s, why), ERR_MALFORMED);
	assert_non_null(strstr(why, "restore it from a backup"));
	// And what is no database at all.
	fd = open(path, O_RDWR | O_TRUNC);
	memset(bytes, 'x', sizeof(bytes));
	assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
	assert_int_equal(refused(&s, why), ERR_MALFORMED);
	assert_int_equal(pread(fd, bytes, 1, 0), 1);
	assert_int_equal(bytes[0], 'x');
	close(fd);
	scratch_remove(&s);
}

static void a_newer_ones_and_a_strangers_are_refused(void **)
{
	struct scratch s = scratch_make();
	char why[STORE_WHY];

	store_close(open_store(&s));
	sqlite3 *db = other(&s);
	sql(db, "PRAGMA user_version=9999");
	assert_int_equal(refused(&s, why), ERR_UNSUPPORTED);
	assert_non_null(strstr(why, "newer"));
	sql(db, "PRAGMA user_version=1; PRAGMA application_id=7");
	assert_int_equal(refused(&s, why), ERR_MALFORMED);
	sqlite3_close(db);
	scratch_remove(&s);
}

static void an_older_one_is_brought_up(void **)
{
	struct scratch s = scratch_make();

	// Version 1 knew only meta.
	sqlite3 *db = other(&s);
	sql(db, "CREATE TABLE meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID;"
		"INSERT INTO meta VALUES('k1', 5);"
		"PRAGMA application_id=0x424b4844; PRAGMA user_version=1");
	sqlite3_close(db);
	struct store *store = open_store(&s);
	assert_int_equal(get(store, "k1"), 5);
	assert_int_equal(store_run(store, "SELECT * FROM approvals", STORE_NO_VALUES), 0);
	store_close(store);
	scratch_remove(&s);
}

static void a_lock_is_told_and_passes(void **)
{
	struct scratch s = scratch_make();
	struct store *store = open_store(&s);
	sqlite3 *db = other(&s);

	sql(db, "BEGIN EXCLUSIVE");
	for (unsigned i = 0; i < 20; i++) // a wait for the first only
		assert_int_equal(put(store, "k", 1), -EBUSY);
	struct store_health health = store_health(store);
	assert_false(health.healthy);
	assert_int_equal(health.error, -EBUSY);
	assert_int_equal(health.failures, 20);
	assert_non_null(strstr(health.why, "locked"));
	store_probe(store);
	assert_false(store_health(store).healthy);
	sql(db, "COMMIT");
	store_probe(store);
	assert_true(store_health(store).healthy);
	assert_int_equal(put(store, "k", 1), 0);
	sqlite3_close(db);
	store_close(store);
	scratch_remove(&s);
}

static void a_full_disk_is_told_and_loses_nothing(void **)
{
	struct scratch s = scratch_make();
	struct store *store = open_store(&s);
	struct rlimit before, small = {.rlim_cur = 256 << 10};
	char name[16];
	int64_t n = 0;
	int r = 0;

	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	while (r == 0 && n < 10000) {
		snprintf(name, sizeof(name), "k%u", (unsigned)n);
		r = put(store, name, n);
		n += r == 0;
	}
	assert_int_equal(r, -ENOSPC);
	assert_false(store_health(store).healthy);
	assert_int_equal(store_health(store).error, -ENOSPC);
	assert_int_equal(count(store), n);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	store_probe(store);
	assert_true(store_health(store).healthy);
	store_close(store);
	store = open_store(&s);
	assert_int_equal(count(store), n);
	store_close(store);
	scratch_remove(&s);
}

// Commits as fast as it can and says each number once it is safe.
static void storm(const struct scratch *s, int out)
{
	struct store *store = NULL;
	char why[STORE_WHY], name[16];

	if (store_open(s->path, &store, why) != 0)
		_exit(1);
	for (unsigned i = 0;; i++) {
		snprintf(name, sizeof(name), "k%u", i);
		if (put(store, name, i) != 0 || write(out, &i, sizeof(i)) != sizeof(i))
			_exit(1);
	}
}

static void kill_9_loses_nothing_that_was_committed(void **)
{
	struct scratch s = scratch_make();
	unsigned said = 0, last = 0;
	int pipes[2];

	assert_int_equal(pipe(pipes), 0);
	pid_t child = fork();
	if (child == 0)
		storm(&s, pipes[1]);
	close(pipes[1]);
	while (last < 50 && read(pipes[0], &last, sizeof(last)) == sizeof(last))
		said++;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	while (read(pipes[0], &last, sizeof(last)) == sizeof(last))
		said++;
	assert_true(said > 50);
	struct store *store = open_store(&s);
	int64_t n = count(store);
	assert_in_range(n, said, said + 1); // the last may be safe, and nobody told
	store_close(store);
	close(pipes[0]);
	scratch_remove(&s);
}

static int64_t find_bytes(const char *path, const char *what)
{
	static char bytes[1 << 20];
	int fd = open(path, O_RDONLY);

	ssize_t n = fd < 0 ? 0 : read(fd, bytes, sizeof(bytes));
	if (fd >= 0)
		close(fd);
	return memmem(bytes, (size_t)n, what, strlen(what)) != NULL;
}

static void what_is_erased_is_in_no_file(void **)
{
	struct scratch s = scratch_make();
	struct store *store = open_store(&s);
	char path[512], wal[520];

	path_of(&s, path);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	assert_int_equal(put(store, "k-very-secret-text", 1), 0);
	assert_true(find_bytes(path, "very-secret") || find_bytes(wal, "very-secret"));
	assert_int_equal(
		store_run(store, "DELETE FROM meta WHERE name LIKE 'k%'", STORE_NO_VALUES), 0
	);
	store_checkpoint(store);
	assert_false(find_bytes(path, "very-secret"));
	assert_false(find_bytes(wal, "very-secret"));
	store_close(store);
	scratch_remove(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_written_is_there_again),
		cmocka_unit_test(what_ends_badly_has_not_happened),
		cmocka_unit_test(values_come_back_as_they_went),
		cmocka_unit_test(pages_follow_one_another),
		cmocka_unit_test(a_page_is_bounded),
		cmocka_unit_test(it_is_nobody_elses),
		cmocka_unit_test(a_damaged_one_is_refused_and_left_alone),
		cmocka_unit_test(a_newer_ones_and_a_strangers_are_refused),
		cmocka_unit_test(an_older_one_is_brought_up),
		cmocka_unit_test(a_lock_is_told_and_passes),
		cmocka_unit_test(a_full_disk_is_told_and_loses_nothing),
		cmocka_unit_test(kill_9_loses_nothing_that_was_committed),
		cmocka_unit_test(what_is_erased_is_in_no_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
