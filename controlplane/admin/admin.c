// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/admin.h"

#include "controlplane/admin/https.h"
#include "controlplane/admin/listen.h"
#include "controlplane/admin/request.h"
#include "controlplane/admin/serve.h"

#include <microhttpd.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CONNECTIONS_MAX = 64, // of a entrance: a flood on one leaves the others alone
	ADDRESS_MAX = 32,     // of one address
	IDLE_S = 10,
	PATIENCE_MS = 30000, // for a request to come in, and again for its answer to go out
	MEMORY = 32 << 10,   // of a connection: its request's headers fit in
	POLLS = 8,
	SWEEP_MS = 1000,
};

uint64_t admin_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

// No thread: it runs in admin_poll. Takes `fd`.
static int serve(struct entrance *entrance, int fd)
{
	const struct https *https = entrance->https;
	unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME;
	struct MHD_OptionItem secure[] = {
		{MHD_OPTION_HTTPS_PRIORITIES, 0, NULL},
		{MHD_OPTION_HTTPS_MEM_CERT, 0, NULL},
		{MHD_OPTION_HTTPS_MEM_KEY, 0, NULL},
		{MHD_OPTION_PER_IP_CONNECTION_LIMIT, ADDRESS_MAX, NULL},
		{MHD_OPTION_END, 0, NULL},
	};
	struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};

	if (fd < 0)
		return fd;
	if (https != NULL) {
		const char *texts[] = {
			https_priorities, https_certificate_pem(https), https_key_pem(https)};
		for (size_t i = 0; i < 3; i++) // the library does not write to them
			memcpy(&secure[i].ptr_value, &texts[i], sizeof(texts[i]));
		flags |= MHD_USE_TLS;
	}
	entrance->daemon = MHD_start_daemon(
		flags, 0, NULL, NULL, serve_request, entrance, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP,
		1, MHD_OPTION_NOTIFY_CONNECTION, serve_peer, entrance, MHD_OPTION_NOTIFY_COMPLETED,
		serve_end, NULL, MHD_OPTION_ARRAY, https != NULL ? secure : plain, MHD_OPTION_END
	);
	if (entrance->daemon != NULL)
		return 0;
	close(fd);
	return -ENOMEM;
}

static int fail(int result, const char *what, char *why)
{
	if (result != 0 && why[0] == '\0')
		snprintf(why, ADMIN_WHY, "%s: %s", what, err_text(result));
	return result;
}

static int serve_https(
	struct admin *admin, enum entrance_kind kind, const struct config_https *files, char *why
)
{
	struct entrance *entrance = &admin->entrances[kind];
	char text[ADDR_TEXT_MAX];

	if (files == NULL)
		return 0;
	int r = https_new(files, &entrance->https, why);
	if (r == 0)
		r = serve(entrance, listen_remote(&files->address));
	if (entrance->https != NULL)
		https_forget_pem(entrance->https);
	return fail(r, endpoint_text(&files->address, text), why);
}

static int open_entrances(struct admin *admin, char *why)
{
	const struct admin_config *config = &admin->config;
	char text[ADDR_TEXT_MAX];

	int r = serve(&admin->entrances[ENTRANCE_LOCAL], listen_local(config->socket));
	if (r != 0)
		return fail(r, config->socket, why);
	admin->socket = strdup(config->socket);
	if (admin->socket == NULL)
		return fail(-ENOMEM, config->socket, why);
	if (config->metrics != NULL) {
		r = serve(&admin->entrances[ENTRANCE_METRICS], listen_remote(config->metrics));
		if (r != 0)
			return fail(r, endpoint_text(config->metrics, text), why);
	}
	r = serve_https(admin, ENTRANCE_API, config->https, why);
	return r != 0 ? r : serve_https(admin, ENTRANCE_TOKENS, config->tokens, why);
}

int admin_new(const struct admin_config *config, struct admin **out, char *why)
{
	struct admin *admin = calloc(1, sizeof(*admin));

	if (admin == NULL)
		return fail(-ENOMEM, "admin", why);
	admin->config = *config;
	limiter_init(&admin->limiter);
	for (int i = 0; i < ENTRANCE_COUNT; i++)
		admin->entrances[i] = (struct entrance){.admin = admin, .kind = i};
	admin->feed = feed_new();
	admin->history = history_new();
	admin->jobs = jobs_new();
	int r = -ENOMEM;
	if (admin->feed != NULL && admin->history != NULL && admin->jobs != NULL)
		r = open_entrances(admin, why);
	if (r != 0) {
		(void)fail(r, "admin", why);
		admin_free(admin);
		return r;
	}
	*out = admin;
	return 0;
}

static int reload(struct https *https, const struct config_https *files, char *why)
{
	if (https == NULL || !files->enabled)
		return 0;
	int r = https_reload(https, files, why);
	if (r == 0)
		https_forget_pem(https);
	return r;
}

int admin_https_reload(struct admin *admin, const struct config_https *https, char *why)
{
	return reload(admin->entrances[ENTRANCE_API].https, https, why);
}

int admin_tokens_reload(struct admin *admin, const struct config_https *tokens, char *why)
{
	return reload(admin->entrances[ENTRANCE_TOKENS].https, tokens, why);
}

// ---- the loop's part

// Who takes too long is cut off: the library's own timeout begins anew with each byte.
static void sweep(struct admin *admin, uint64_t now_ms)
{
	for (int i = 0; i < ENTRANCE_COUNT; i++) {
		for (struct peer *p = admin->entrances[i].peers; p != NULL; p = p->next) {
			if (p->waits || now_ms - p->since_ms < PATIENCE_MS)
				continue;
			const union MHD_ConnectionInfo *info = MHD_get_connection_info(
				p->connection, MHD_CONNECTION_INFO_CONNECTION_FD
			);
			if (info != NULL)
				shutdown(info->connect_fd, SHUT_RDWR);
		}
	}
}

static void tick(struct admin *admin)
{
	uint64_t now_ms = admin_now_ms();
	json_t *sample = history_poll(admin->history, admin, now_ms);

	if (sample != NULL)
		admin_tell(admin, "stats", sample);
	feed_poll(admin->feed, now_ms);
	if (now_ms - admin->swept_ms < SWEEP_MS)
		return;
	admin->swept_ms = now_ms;
	sweep(admin, now_ms);
}

void admin_poll(struct admin *admin)
{
	tick(admin);
	serve_resume(admin);
	// A request takes several turns: reading, answering, closing.
	for (int i = 0; i < POLLS; i++) {
		uint64_t before = admin->requests;
		for (int k = 0; k < ENTRANCE_COUNT; k++) {
			if (admin->entrances[k].daemon != NULL)
				MHD_run(admin->entrances[k].daemon);
		}
		if (admin->requests == before)
			break;
	}
}

bool admin_is_followed(const struct admin *admin)
{
	return admin != NULL && feed_is_followed(admin->feed);
}

void admin_tell(struct admin *admin, const char *event, json_t *data)
{
	char *text = data == NULL ? NULL : json_dumps(data, JSON_COMPACT | JSON_ENSURE_ASCII);
	char *line = NULL;

	json_decref(data);
	if (text != NULL && asprintf(&line, "event: %s\ndata: %s\n\n", event, text) >= 0) {
		feed_tell(admin->feed, span_str(line));
		free(line);
	}
	free(text);
}

void admin_free(struct admin *admin)
{
	if (admin == NULL)
		return;
	jobs_free(admin->jobs);
	admin->jobs = NULL;
	if (admin->feed != NULL)
		feed_stop(admin->feed);
	serve_resume(admin); // none may be suspended when the library stops
	for (int i = 0; i < ENTRANCE_COUNT; i++) {
		if (admin->entrances[i].daemon != NULL)
			MHD_stop_daemon(admin->entrances[i].daemon);
		https_free(admin->entrances[i].https);
	}
	if (admin->socket != NULL)
		unlink(admin->socket);
	feed_free(admin->feed);
	history_free(admin->history);
	free(admin->socket);
	free(admin);
}
