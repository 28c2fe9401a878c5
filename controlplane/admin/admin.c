// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/admin.h"

#include "controlplane/admin/request.h"

#include <microhttpd.h>

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 64, TIMEOUT_S = 10, BACKLOG = 16, POLLS = 8 };

const char *request_argument(const struct request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, name);
}

uint32_t request_uid(const struct request *request)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ucred peer;
	socklen_t n = sizeof(peer);

	if (info == NULL || getsockopt(info->connect_fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0)
		return UINT32_MAX; // nobody
	return peer.uid;
}

static enum MHD_Result send_answer(struct request *request, struct answer *answer)
{
	const char *type = "application/json";
	char *text = NULL;
	size_t n = 0;

	if (answer->json != NULL) {
		text = json_dumps(answer->json, JSON_COMPACT | JSON_ENSURE_ASCII);
		n = text == NULL ? 0 : strlen(text);
	} else {
		type = answer->type;
		n = buf_len(&answer->text);
		text = malloc(n + 1);
		if (text != NULL && n > 0)
			memcpy(text, buf_span(&answer->text).p, n);
	}
	json_decref(answer->json);
	buf_fini(&answer->text);
	if (text == NULL)
		return MHD_NO; // closes the connection
	struct MHD_Response *response =
		MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);
	if (response == NULL) {
		free(text);
		return MHD_NO;
	}
	MHD_add_response_header(response, "Content-Type", type);
	MHD_add_response_header(response, "Cache-Control", "no-store");
	enum MHD_Result result = MHD_queue_response(request->connection, answer->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result work(struct request *request, bool local)
{
	const struct admin_ops *ops = &request->admin->config.ops;
	struct answer answer = {0};
	uint32_t uid = local ? request_uid(request) : 0;

	request->admin->requests++;
	if (local && uid != 0 && uid != geteuid()) {
		answer_error(&answer, MHD_HTTP_FORBIDDEN, "only root and the gateway's own user");
		ops->called(ops->context, uid, request->method, request->path, answer.status);
	} else {
		routes_handle(request, local, &answer);
	}
	return send_answer(request, &answer);
}

static enum MHD_Result take(
	struct admin *admin, bool local, struct MHD_Connection *connection, const char *url,
	const char *method, const char *data, size_t *n, void **state
)
{
	struct request *request = *state;

	if (request == NULL) { // the headers: more may come
		request = calloc(1, sizeof(*request));
		if (request == NULL)
			return MHD_NO;
		request->admin = admin;
		request->connection = connection;
		buf_init(&request->body, NULL, ADMIN_BODY_MAX);
		*state = request;
		return MHD_YES;
	}
	if (*n > 0) {
		if (buf_append(&request->body, span_of(data, *n)) != 0)
			request->too_long = true;
		*n = 0;
		return MHD_YES;
	}
	request->method = method;
	request->path = url;
	return work(request, local);
}

static enum MHD_Result take_local(
	void *admin, struct MHD_Connection *connection, const char *url, const char *method,
	const char *, const char *data, size_t *n, void **state
)
{
	return take(admin, true, connection, url, method, data, n, state);
}

static enum MHD_Result take_remote(
	void *admin, struct MHD_Connection *connection, const char *url, const char *method,
	const char *, const char *data, size_t *n, void **state
)
{
	return take(admin, false, connection, url, method, data, n, state);
}

static void forget(void *, struct MHD_Connection *, void **state, enum MHD_RequestTerminationCode)
{
	struct request *request = *state;

	if (request == NULL)
		return;
	if (request->body.data != NULL)
		explicit_bzero(request->body.data, request->body.cap);
	buf_fini(&request->body);
	free(request);
	*state = NULL;
}

// A socket that nobody listens on is what a killed process left behind.
static int stale_remove(const struct sockaddr_un *address)
{
	struct stat st;

	if (lstat(address->sun_path, &st) != 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	int ret = connect(fd, (const struct sockaddr *)address, sizeof(*address));
	int error = errno;
	close(fd);
	if (ret == 0 || error == EAGAIN)
		return -EADDRINUSE;
	return unlink(address->sun_path) == 0 ? 0 : -errno;
}

static int listen_local(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	int ret = stale_remove(&address);
	if (ret != 0)
		return ret;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	// Nobody can connect between bind and listen: the mode is right before the door opens.
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
	    chmod(path, 0600) != 0 || listen(fd, BACKLOG) != 0) {
		ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

static int listen_remote(const struct endpoint *endpoint)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
	bool is_v4 = addr_is_v4(&endpoint->addr);
	int on = 1;

	if (is_v4)
		v4.sin_addr.s_addr = addr_v4(&endpoint->addr);
	memcpy(&v6.sin6_addr, endpoint->addr.b, sizeof(v6.sin6_addr));
	int fd = socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	const struct sockaddr *address =
		is_v4 ? (const struct sockaddr *)&v4 : (const struct sockaddr *)&v6;
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
	    bind(fd, address, is_v4 ? sizeof(v4) : sizeof(v6)) != 0 || listen(fd, BACKLOG) != 0) {
		int ret = -errno;
		close(fd);
		return ret;
	}
	return fd;
}

// No thread: it runs in admin_poll. Takes `fd`.
static int serve(struct admin *admin, int fd, MHD_AccessHandlerCallback handler, void **out)
{
	if (fd < 0)
		return fd;
	struct MHD_Daemon *daemon = MHD_start_daemon(
		MHD_USE_EPOLL, 0, NULL, NULL, handler, admin, MHD_OPTION_LISTEN_SOCKET, fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_S, MHD_OPTION_NOTIFY_COMPLETED,
		forget, NULL, MHD_OPTION_END
	);
	if (daemon == NULL) {
		close(fd);
		return -ENOMEM;
	}
	*out = daemon;
	return 0;
}

int admin_new(const struct admin_config *config, struct admin **out)
{
	struct admin *admin = calloc(1, sizeof(*admin));
	if (admin == NULL)
		return -ENOMEM;
	admin->config = *config;
	int ret = serve(admin, listen_local(config->socket), take_local, &admin->local);
	if (ret == 0) {
		admin->socket = strdup(config->socket);
		ret = admin->socket == NULL ? -ENOMEM : 0;
	}
	if (ret == 0 && config->metrics != NULL)
		ret = serve(admin, listen_remote(config->metrics), take_remote, &admin->remote);
	if (ret != 0) {
		admin_free(admin);
		return ret;
	}
	*out = admin;
	return 0;
}

void admin_poll(struct admin *admin)
{
	// A request takes several turns: reading, answering, closing.
	for (int i = 0; i < POLLS; i++) {
		uint64_t before = admin->requests;
		MHD_run(admin->local);
		if (admin->remote != NULL)
			MHD_run(admin->remote);
		if (admin->requests == before)
			break;
	}
}

void admin_free(struct admin *admin)
{
	if (admin == NULL)
		return;
	if (admin->local != NULL)
		MHD_stop_daemon(admin->local);
	if (admin->remote != NULL)
		MHD_stop_daemon(admin->remote);
	if (admin->socket != NULL)
		unlink(admin->socket);
	free(admin->socket);
	free(admin);
}
