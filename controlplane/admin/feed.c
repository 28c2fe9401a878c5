// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Server-sent events (WHATWG HTML 9.2). Each client has its own bounded copy of what it has not
// read yet; one that does not keep up is cut off and told so by the end of its connection.

#include "controlplane/admin/routes.h"

#include <microhttpd.h>

#include <stdlib.h>
#include <sys/socket.h>

enum { HEARTBEAT_MS = 15000, LOOK_MS = 500, BLOCK = 4096, KERNEL_BYTES = 64 << 10 };

struct follower {
	struct feed *feed;
	struct MHD_Connection *connection;
	const struct admin_ops *ops;
	const struct subject *subject; // NULL: over the socket, without a token
	uint32_t needs;                // roles, any of which; 0: it is the socket that may
	struct buf unread;
	uint64_t beat_ms; // when something was last given to it
	bool suspended;
	bool dropped; // it did not keep up
	struct follower *next, **link;
};

struct feed {
	struct follower *first;
	unsigned n;
	uint64_t looked_ms; // when tokens were last looked at
	bool ending;
};

struct feed *feed_new(void)
{
	return calloc(1, sizeof(struct feed));
}

void feed_free(struct feed *feed)
{
	free(feed);
}

bool feed_has_room(const struct feed *feed)
{
	return feed->n < ADMIN_FOLLOWERS_MAX;
}

bool feed_is_followed(const struct feed *feed)
{
	return feed->n > 0;
}

static void wake(struct follower *follower)
{
	if (!follower->suspended)
		return;
	follower->suspended = false;
	MHD_resume_connection(follower->connection);
}

// The library asks again only when there is room to write: who never reads must be ended from here.
static void drop(struct follower *follower)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(follower->connection, MHD_CONNECTION_INFO_CONNECTION_FD);

	follower->dropped = true;
	if (info != NULL)
		shutdown(info->connect_fd, SHUT_RDWR);
	wake(follower);
}

static void give(struct follower *follower, struct span text)
{
	if (follower->dropped)
		return;
	if (buf_append(&follower->unread, text) != 0)
		drop(follower);
	else
		wake(follower);
}

void feed_tell(struct feed *feed, struct span text)
{
	for (struct follower *f = feed->first; f != NULL; f = f->next)
		give(f, text);
}

// What a new request would be refused, one that lasts may not go on with.
static bool may_stay(const struct follower *f)
{
	if (f->subject == NULL)
		return true;
	return !f->ops->is_over(f->ops->context, f->subject) &&
	       (f->needs == 0 || (f->ops->roles(f->ops->context, f->subject) & f->needs) != 0);
}

static void look(struct feed *feed)
{
	for (struct follower *f = feed->first; f != NULL; f = f->next) {
		if (!f->dropped && !may_stay(f))
			drop(f);
	}
}

void feed_poll(struct feed *feed, uint64_t now_ms)
{
	if (now_ms - feed->looked_ms >= LOOK_MS) {
		feed->looked_ms = now_ms;
		look(feed);
	}
	for (struct follower *f = feed->first; f != NULL; f = f->next) {
		if (now_ms - f->beat_ms < HEARTBEAT_MS)
			continue;
		f->beat_ms = now_ms;
		give(f, SPAN_LIT(":\n\n"));
	}
}

void feed_stop(struct feed *feed)
{
	feed->ending = true;
	for (struct follower *f = feed->first; f != NULL; f = f->next)
		wake(f);
}

// ---- the library's side

static ssize_t read_unread(void *context, uint64_t, char *out, size_t max)
{
	struct follower *follower = context;
	struct span unread = buf_span(&follower->unread);

	if (follower->dropped || follower->feed->ending)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	if (unread.n == 0) {
		follower->suspended = true;
		MHD_suspend_connection(follower->connection);
		return 0;
	}
	size_t n = unread.n < max ? unread.n : max;
	memcpy(out, unread.p, n);
	buf_consume(&follower->unread, n);
	buf_trim(&follower->unread);
	return (ssize_t)n;
}

static void leave(void *context)
{
	struct follower *follower = context;

	*follower->link = follower->next;
	if (follower->next != NULL)
		follower->next->link = follower->link;
	follower->feed->n--;
	if (follower->subject != NULL)
		follower->ops->subject_free(follower->ops->context, follower->subject);
	buf_fini(&follower->unread);
	free(follower);
}

// What the kernel keeps for a client that does not read is bounded, too.
static void bound_kernel(struct MHD_Connection *connection)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	const int n = KERNEL_BYTES;

	if (info != NULL)
		(void)setsockopt(info->connect_fd, SOL_SOCKET, SO_SNDBUF, &n, sizeof(n));
}

static void enter(struct feed *feed, struct follower *follower)
{
	follower->next = feed->first;
	follower->link = &feed->first;
	if (feed->first != NULL)
		feed->first->link = &follower->next;
	feed->first = follower;
	feed->n++;
}

static void take_caller(struct follower *follower, struct request *request)
{
	struct admin_caller *caller = &request->call.caller;

	follower->ops = &request->admin->config.ops;
	follower->subject = caller->subject;
	follower->needs = caller->local ? 0 : request->route->roles;
	caller->subject = NULL;
}

struct MHD_Response *feed_response(struct request *request)
{
	struct feed *feed = request->admin->feed;
	struct MHD_Connection *connection = request->connection;
	struct follower *follower = calloc(1, sizeof(*follower));

	if (follower == NULL)
		return NULL;
	follower->feed = feed;
	follower->connection = connection;
	follower->beat_ms = admin_now_ms();
	buf_init(&follower->unread, NULL, ADMIN_FOLLOWER_BYTES);
	struct MHD_Response *response = MHD_create_response_from_callback(
		MHD_SIZE_UNKNOWN, BLOCK, read_unread, follower, leave
	);
	if (response == NULL) {
		free(follower);
		return NULL;
	}
	bound_kernel(connection);
	take_caller(follower, request);
	enter(feed, follower);
	give(follower, SPAN_LIT("retry: 2000\nevent: hello\ndata: {}\n\n"));
	MHD_add_response_header(response, "Content-Type", "text/event-stream");
	return response;
}
