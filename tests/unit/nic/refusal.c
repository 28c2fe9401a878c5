// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What DPDK refuses is told in one line, without its pages of usage.

#include "dataplane/nic/nic.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void a_core_that_is_not_there_is_named_without_usage(void **)
{
	const struct nic_config config = {
		.n_workers = 1,
		.cores = {1000},
		.packets = 512,
		.n_ports = 1,
		.ports = {{.device = "net_ring0", .mtu = 1500}},
	};
	struct nic *nic = NULL;
	const char *why = "";
	char said[64];
	int out[2];

	assert_int_equal(pipe2(out, O_NONBLOCK), 0);
	fflush(stdout);
	int saved = dup(STDOUT_FILENO);
	dup2(out[1], STDOUT_FILENO);
	int r = nic_new(&config, &nic, &why);
	fflush(stdout);
	ssize_t n = read(out[0], said, sizeof(said));
	dup2(saved, STDOUT_FILENO);
	close(saved);
	close(out[0]);
	close(out[1]);
	assert_true(r < 0);
	assert_int_equal(n, -1); // nothing on standard output
	assert_non_null(strstr(why, "--lcores=0@0,1@1000"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_core_that_is_not_there_is_named_without_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
