// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/catalog/connection.h"

#include "controlplane/secrets/managed.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum wait { POLL_MS = 100 };

// What stands for "the system's" authorities: libpq before 16 has no word for it.
static const char system_authorities[] = "/etc/ssl/certs/ca-certificates.crt";

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// The first line of a message: what follows in it are hints.
static int fail(char why[static CONNECTION_WHY], const char *text)
{
	size_t n = strcspn(text, "\n");

	snprintf(
		why, CONNECTION_WHY, "%.*s", (int)(n < 200 ? n : 200), n == 0 ? "no reason" : text
	);
	return -EIO;
}

// 0 when the socket is ready for `events`; -EIO at the deadline or when told to stop.
static int wait_for(
	PGconn *conn, short events, uint64_t deadline, const bool *stop,
	char why[static CONNECTION_WHY]
)
{
	struct pollfd fd = {.fd = PQsocket(conn), .events = events};

	for (;;) {
		if (__atomic_load_n(stop, __ATOMIC_RELAXED))
			return fail(why, "stopped");
		if (now_ms() >= deadline)
			return fail(why, "no answer in time");
		int n = poll(&fd, 1, POLL_MS);
		if (n > 0)
			return 0;
		if (n < 0 && errno != EINTR)
			return fail(why, strerror(errno));
	}
}

static const char *ssl_mode(enum resource_tls tls)
{
	switch (tls) {
	case RESOURCE_TLS_OFF:
		return "disable";
	case RESOURCE_TLS_REQUIRE:
		return "require";
	case RESOURCE_TLS_VERIFY_CA:
		return "verify-ca";
	case RESOURCE_TLS_VERIFY_FULL:
		break;
	}
	return "verify-full";
}

static PGconn *start_with(const struct resource *resource, const char *password)
{
	bool verify = resource->tls == RESOURCE_TLS_VERIFY_CA ||
		      resource->tls == RESOURCE_TLS_VERIFY_FULL;
	char address[ADDR_TEXT_MAX], port[8];

	addr_text(&resource->address.addr, address);
	snprintf(port, sizeof(port), "%u", resource->address.port);
	// hostaddr: no name service, the address is known. gssencmode: it would ask the network.
	const char *const keys[] = {"host",       "hostaddr",         "port",    "user",
				    "password",   "dbname",           "sslmode", "sslrootcert",
				    "gssencmode", "application_name", NULL};
	const char *const values[] = {
		resource->host,
		address,
		port,
		resource->user,
		password,
		resource->database,
		ssl_mode(resource->tls),
		resource->ca_file[0] != '\0' ? resource->ca_file
		: verify                     ? system_authorities
					     : "",
		"disable",
		"bulkhead catalog",
		NULL};

	return PQconnectStartParams(keys, values, 0);
}

// Out: *conn, NULL when there is no memory. Returns 0 or -EIO with `why`.
static int start(const struct resource *resource, PGconn **conn, char why[static CONNECTION_WHY])
{
	char *token = NULL;

	if (resource->managed != NULL && managed_read(resource->managed, &token) != 0)
		return fail(why, "there is no token of the machine's identity");
	*conn = start_with(resource, token != NULL ? token : resource->password);
	managed_text_free(token);
	return *conn == NULL ? fail(why, "out of memory") : 0;
}

static int finish_login(
	PGconn *conn, uint64_t deadline, const bool *stop, char why[static CONNECTION_WHY]
)
{
	// As after PGRES_POLLING_WRITING, says libpq's manual.
	short events = POLLOUT;

	for (;;) {
		int rc = wait_for(conn, events, deadline, stop, why);
		if (rc != 0)
			return rc;
		switch (PQconnectPoll(conn)) {
		case PGRES_POLLING_OK:
			return 0;
		case PGRES_POLLING_READING:
			events = POLLIN;
			break;
		case PGRES_POLLING_WRITING:
		case PGRES_POLLING_ACTIVE:
			events = POLLOUT;
			break;
		case PGRES_POLLING_FAILED:
			return fail(why, PQerrorMessage(conn));
		}
	}
}

static void ignore_notice(void *, const PGresult *)
{
}

int connection_open(
	const struct resource *resource, const bool *stop, PGconn **out,
	char why[static CONNECTION_WHY]
)
{
	PGconn *conn = NULL;

	int rc = start(resource, &conn, why);
	if (rc != 0)
		return rc;
	// A server's notices are not for our standard error.
	PQsetNoticeReceiver(conn, ignore_notice, NULL);
	if (PQstatus(conn) == CONNECTION_BAD)
		rc = fail(why, PQerrorMessage(conn));
	else
		rc = finish_login(conn, now_ms() + 1000 * CONNECTION_SECONDS, stop, why);
	if (rc == 0 && PQsetnonblocking(conn, 1) != 0)
		rc = fail(why, PQerrorMessage(conn));
	if (rc == 0)
		*out = conn;
	else
		PQfinish(conn);
	return rc;
}

static int send_all(
	PGconn *conn, uint64_t deadline, const bool *stop, char why[static CONNECTION_WHY]
)
{
	for (;;) {
		int left = PQflush(conn);
		if (left == 0)
			return 0;
		if (left < 0)
			return fail(why, PQerrorMessage(conn));
		int rc = wait_for(conn, POLLIN | POLLOUT, deadline, stop, why);
		if (rc != 0)
			return rc;
		if (PQconsumeInput(conn) == 0)
			return fail(why, PQerrorMessage(conn));
	}
}

// Out: *result, NULL when there is no further one.
static int next_result(
	PGconn *conn, uint64_t deadline, const bool *stop, PGresult **result,
	char why[static CONNECTION_WHY]
)
{
	while (PQisBusy(conn)) {
		int rc = wait_for(conn, POLLIN, deadline, stop, why);
		if (rc != 0)
			return rc;
		if (PQconsumeInput(conn) == 0)
			return fail(why, PQerrorMessage(conn));
	}
	*result = PQgetResult(conn);
	return 0;
}

static int read_results(
	PGconn *conn, uint64_t deadline, const bool *stop, PGresult **rows,
	char why[static CONNECTION_WHY]
)
{
	PGresult *result = NULL;

	for (;;) {
		int rc = next_result(conn, deadline, stop, &result, why);
		if (rc != 0 || result == NULL)
			return rc;
		ExecStatusType status = PQresultStatus(result);
		if (status == PGRES_TUPLES_OK && *rows == NULL) {
			*rows = result;
			continue;
		}
		if (status != PGRES_COMMAND_OK)
			rc = fail(why, PQresultErrorMessage(result));
		PQclear(result);
		if (rc != 0)
			return rc;
	}
}

int connection_query(
	PGconn *conn, const bool *stop, const char *sql, int n, const char *const *params,
	PGresult **out, char why[static CONNECTION_WHY]
)
{
	uint64_t deadline = now_ms() + 1000 * CONNECTION_SECONDS;
	PGresult *rows = NULL;

	if (PQsendQueryParams(conn, sql, n, NULL, params, NULL, NULL, 0) == 0)
		return fail(why, PQerrorMessage(conn));
	int rc = send_all(conn, deadline, stop, why);
	if (rc == 0)
		rc = read_results(conn, deadline, stop, &rows, why);
	if (rc == 0)
		*out = rows;
	else
		PQclear(rows);
	return rc;
}
