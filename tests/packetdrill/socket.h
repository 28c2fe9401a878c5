// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Sockets over tcp/, as far as scripts ask for them. Nothing here blocks: what would, returns
// -EAGAIN (-EINPROGRESS for connect), and the caller decides to wait.

#pragma once

#include "tests/packetdrill/stack.h"

#include <sys/socket.h>
#include <sys/types.h>

enum socket_limit {
	SOCKETS_MAX = 256,
	SOCKET_BACKLOG_MAX = 64,
};

struct socket {
	int fd; // a real one: packetdrill closes what a script leaves open by itself
	bool used, nonblocking, listening, connecting, error_told, read_shut, linger_reset;
	int family;
	struct endpoint local;
	struct tcp_conn *conn;
	uint32_t n_backlog;
	struct tcp_conn *backlog[SOCKET_BACKLOG_MAX]; // of a listener; accepted by tcp/
};

struct sockets {
	struct stack *stack;
	struct socket all[SOCKETS_MAX];
};

// NULL when `fd` is none.
struct socket *socket_find(struct sockets *sockets, int fd);

// All return what the system call of that name would, with -errno for an error.
int socket_open(struct sockets *sockets, int family, int type);
int socket_bind(struct socket *socket, const struct sockaddr *addr);
int socket_listen(struct sockets *sockets, struct socket *socket);
int socket_accept(
	struct sockets *sockets, struct socket *socket, struct sockaddr *addr, socklen_t *len
);
int socket_connect(struct sockets *sockets, struct socket *socket, const struct sockaddr *addr);
// After -EINPROGRESS: 0 when it is done.
int socket_connected(struct socket *socket);
ssize_t socket_read(struct socket *socket, void *to, size_t n, bool peek);
ssize_t socket_write(struct socket *socket, const void *from, size_t n);
int socket_close(struct sockets *sockets, struct socket *socket);
int socket_shutdown(struct socket *socket, int how);
int socket_get(struct socket *socket, int level, int name, void *value, socklen_t *len);
int socket_set(struct socket *socket, int level, int name, const void *value, socklen_t len);
// Bytes to be read (FIONREAD) or not yet acknowledged (SIOCOUTQ).
int socket_control(struct socket *socket, unsigned long request, int *value);
// POLLIN and so on, whatever was asked for.
short socket_events(struct socket *socket);
// Give accepted connections to their listeners.
void sockets_sort(struct sockets *sockets);
