// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/secrets/secret.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static void put(const char *name, const char *text, size_t n, mode_t mode, char path[static 128])
{
	snprintf(path, 128, "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, n, file), n);
	fclose(file);
	assert_int_equal(chmod(path, mode), 0);
}

static void a_file_loses_one_line_break(void **)
{
	char path[128], out[SECRET_MAX], why[SECRET_WHY];

	put("a", "se cret\r\n", 9, 0600, path);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, path, out, why), 0);
	assert_string_equal(out, "se cret");
	put("b", "x\n\n", 3, 0640, path);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, path, out, why), 0);
	assert_string_equal(out, "x\n");
}

static void a_file_that_cannot_be_a_secret_is_refused(void **)
{
	char path[128], out[SECRET_MAX] = "kept", why[SECRET_WHY], text[SECRET_MAX + 4];

	memset(text, 'x', sizeof(text));
	put("open", "x", 1, 0604, path);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, path, out, why), ERR_CONFIG);
	put("empty", "\n", 1, 0600, path);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, path, out, why), ERR_CONFIG);
	put("nul", "a\0b", 3, 0600, path);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, path, out, why), ERR_CONFIG);
	put("long", text, SECRET_MAX, 0600, path);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, path, out, why), ERR_CONFIG);
	put("longer", text, sizeof(text), 0600, path);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, path, out, why), ERR_CONFIG);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, folder, out, why), ERR_CONFIG);
	assert_int_equal(secret_get(CONFIG_SECRET_FILE, "/nowhere", out, why), ERR_CONFIG);
	assert_string_equal(out, "kept");
}

static void the_environment_is_read(void **)
{
	char out[SECRET_MAX], why[SECRET_WHY];

	setenv("BULKHEAD_TEST_SECRET", "s", 1);
	assert_int_equal(secret_get(CONFIG_SECRET_ENV, "BULKHEAD_TEST_SECRET", out, why), 0);
	assert_string_equal(out, "s");
	unsetenv("BULKHEAD_TEST_SECRET");
	assert_int_equal(
		secret_get(CONFIG_SECRET_ENV, "BULKHEAD_TEST_SECRET", out, why), ERR_CONFIG
	);
	assert_string_equal(why, "environment variable BULKHEAD_TEST_SECRET is not set");
}

static void a_key_is_made_once(void **)
{
	uint8_t a[SECRET_KEY_SIZE], b[SECRET_KEY_SIZE], none[SECRET_KEY_SIZE] = {0};
	char path[128], why[SECRET_WHY];
	struct stat info;

	assert_int_equal(secret_key_load(folder, "key", a, why), 0);
	assert_int_equal(secret_key_load(folder, "key", b, why), 0);
	assert_memory_equal(a, b, sizeof(a));
	assert_memory_not_equal(a, none, sizeof(a));
	snprintf(path, sizeof(path), "%s/key", folder);
	assert_int_equal(stat(path, &info), 0);
	assert_int_equal(info.st_mode & 0777, 0600);
	put("key", "short", 5, 0600, path);
	assert_int_equal(secret_key_load(folder, "key", a, why), ERR_CONFIG);
	assert_memory_equal(a, b, sizeof(a));
	assert_int_equal(secret_key_load("/nowhere", "key", a, why), ERR_CONFIG);
}

static void a_file_is_created_once(void **)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/new", folder);
	assert_int_equal(secret_file_create(path, "a", 1), 0);
	assert_int_equal(secret_file_create(path, "b", 1), -EEXIST);
}

static int enter(void **)
{
	snprintf(folder, sizeof(folder), "/tmp/bulkhead-secret-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static int leave(void **)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_loses_one_line_break),
		cmocka_unit_test(a_file_that_cannot_be_a_secret_is_refused),
		cmocka_unit_test(the_environment_is_read),
		cmocka_unit_test(a_key_is_made_once),
		cmocka_unit_test(a_file_is_created_once),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
