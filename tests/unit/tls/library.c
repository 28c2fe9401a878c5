// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// One library below several servers and clients, used on another thread than it was made on.

#include "tests/unit/tls/loop.h"

#include <threads.h>

struct job {
	struct tls_server *server;
	struct tls_client *client;
	bool done;
};

static int work(void *arg)
{
	struct job *job = arg;
	for (int i = 0; i < 10; i++) {
		struct end s = loop_end(tls_accept(job->server));
		struct end c = loop_end(tls_connect(job->client));
		loop_run(&c, &s, 0);
		job->done = tls_is_established(s.tls) && tls_is_established(c.tls);
		loop_end_fini(&s);
		loop_end_fini(&c);
	}
	return 0;
}

static struct job job_new(struct world *world, struct tls_library *library)
{
	char chain[AUTHORITY_PATH], key[AUTHORITY_PATH], ca[AUTHORITY_PATH];
	struct tls_certificate certificate = {
		authority_path(world->root, "db", ".pem", chain),
		authority_path(world->root, "db", ".key", key),
	};
	struct tls_server_config server = {
		.library = library,
		.certificates = &certificate,
		.n_certificates = 1,
		.ticket_secret = "an example of a ticket secret",
	};
	struct tls_client_config client = {
		.library = library,
		.verify = TLS_VERIFY_FULL,
		.ca_file = authority_path(world->root, "ca", ".pem", ca),
		.server_name = "db.example",
	};
	struct job job = {};
	const char *why;
	assert_int_equal(tls_server_new(&server, &job.server, &why), 0);
	assert_int_equal(tls_client_new(&client, &job.client, &why), 0);
	return job;
}

static void job_run(struct job *job)
{
	thrd_t thread;
	assert_int_equal(thrd_create(&thread, work, job), thrd_success);
	assert_int_equal(thrd_join(thread, NULL), thrd_success);
	assert_true(job->done);
	tls_server_free(job->server);
	tls_client_free(job->client);
}

// The sanitizers say whether anything is used after it went, or is left behind.
static void a_library_lives_as_long_as_its_users(void **state)
{
	struct tls_library *library = tls_library_new();
	assert_non_null(library);
	struct job one = job_new(*state, library), two = job_new(*state, library);
	tls_library_free(library);
	job_run(&one);
	job_run(&two);
}

static void without_one_each_has_its_own(void **state)
{
	struct job job = job_new(*state, NULL);
	job_run(&job);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_library_lives_as_long_as_its_users),
		cmocka_unit_test(without_one_each_has_its_own),
	};
	return cmocka_run_group_tests_name("library", tests, loop_world_new, loop_world_free);
}
