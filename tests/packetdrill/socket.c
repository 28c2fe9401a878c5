// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/packetdrill/socket.h"

#include "dataplane/tcp/conn.h"

#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

// netinet/tcp.h has them, beside names of states that tcp.h here has too.
enum { OPTION_NODELAY = 1, OPTION_MAXSEG = 2 };

enum { MSS_UNCONNECTED = 536 };

static struct endpoint endpoint_of(const struct sockaddr *addr)
{
	struct endpoint endpoint = {0};
	if (addr->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;
		memcpy(&in6, addr, sizeof(in6));
		memcpy(endpoint.addr.b, &in6.sin6_addr, sizeof(endpoint.addr.b));
		endpoint.port = ntohs(in6.sin6_port);
	} else {
		struct sockaddr_in in;
		memcpy(&in, addr, sizeof(in));
		if (in.sin_addr.s_addr != 0)
			endpoint.addr = addr_from_v4(in.sin_addr.s_addr);
		endpoint.port = ntohs(in.sin_port);
	}
	return endpoint;
}

static void endpoint_put(
	const struct endpoint *endpoint, int family, struct sockaddr *addr, socklen_t *len
)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(endpoint->port)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(endpoint->port)};
	if (addr == NULL || len == NULL)
		return;
	if (family == AF_INET6) {
		memcpy(&in6.sin6_addr, endpoint->addr.b, sizeof(in6.sin6_addr));
		memcpy(addr, &in6, sizeof(in6));
		*len = sizeof(in6);
	} else {
		in.sin_addr.s_addr = addr_v4(&endpoint->addr);
		memcpy(addr, &in, sizeof(in));
		*len = sizeof(in);
	}
}

struct socket *socket_find(struct sockets *sockets, int fd)
{
	for (int i = 0; i < SOCKETS_MAX; i++) {
		if (sockets->all[i].used && sockets->all[i].fd == fd)
			return &sockets->all[i];
	}
	return NULL;
}

static struct socket *socket_new(struct sockets *sockets)
{
	for (int i = 0; i < SOCKETS_MAX; i++) {
		if (sockets->all[i].used)
			continue;
		int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
		if (fd < 0)
			return NULL;
		sockets->all[i] = (struct socket){.used = true, .fd = fd};
		return &sockets->all[i];
	}
	return NULL;
}

int socket_open(struct sockets *sockets, int family, int type)
{
	if ((type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != SOCK_STREAM)
		return -EPROTONOSUPPORT;
	struct socket *socket = socket_new(sockets);
	if (socket == NULL)
		return -EMFILE;
	socket->family = family;
	socket->nonblocking = (type & SOCK_NONBLOCK) != 0;
	return socket->fd;
}

int socket_bind(struct socket *socket, const struct sockaddr *addr)
{
	socket->local = endpoint_of(addr);
	return 0;
}

int socket_listen(struct sockets *sockets, struct socket *socket)
{
	int result = tcp_listen(sockets->stack->tcp, &socket->local, socket);
	if (result != 0)
		return -EADDRINUSE;
	socket->listening = true;
	return 0;
}

void sockets_sort(struct sockets *sockets)
{
	uint32_t events;
	struct tcp_conn *conn;
	while ((conn = tcp_event(sockets->stack->tcp, &events)) != NULL) {
		struct socket *listener = tcp_conn_cookie(conn);
		if (!sockets->stack->config.quick_acks)
			conn->quick_acks = 0;
		if ((events & TCP_EV_ACCEPTED) == 0)
			continue;
		if (listener == NULL || !listener->listening ||
		    listener->n_backlog == SOCKET_BACKLOG_MAX) {
			tcp_abort(conn);
			tcp_release(conn);
			continue;
		}
		listener->backlog[listener->n_backlog++] = conn;
	}
}

int socket_accept(
	struct sockets *sockets, struct socket *socket, struct sockaddr *addr, socklen_t *len
)
{
	if (!socket->listening)
		return -EINVAL;
	if (socket->n_backlog == 0)
		return -EAGAIN;
	struct socket *accepted = socket_new(sockets);
	if (accepted == NULL)
		return -EMFILE;
	accepted->family = socket->family;
	accepted->conn = socket->backlog[0];
	memmove(socket->backlog, socket->backlog + 1,
		--socket->n_backlog * sizeof(struct tcp_conn *));
	struct endpoint remote = tcp_conn_remote(accepted->conn);
	endpoint_put(&remote, socket->family, addr, len);
	return accepted->fd;
}

static bool is_established(const struct socket *socket)
{
	return socket->conn != NULL && tcp_conn_state(socket->conn) != TCP_SYN_SENT &&
	       tcp_conn_state(socket->conn) != TCP_SYN_RECEIVED;
}

int socket_connected(struct socket *socket)
{
	if (tcp_conn_error(socket->conn) != 0) {
		socket->error_told = true;
		return tcp_conn_error(socket->conn);
	}
	return is_established(socket) ? 0 : -EINPROGRESS;
}

int socket_connect(struct sockets *sockets, struct socket *socket, const struct sockaddr *addr)
{
	if (socket->conn == NULL) {
		struct endpoint remote = endpoint_of(addr);
		int result = tcp_connect(
			sockets->stack->tcp, &remote, socket, sockets->stack->now_us, &socket->conn
		);
		return result == 0 ? -EINPROGRESS : -EHOSTUNREACH;
	}
	int result = socket_connected(socket);
	return result == 0 ? -EISCONN : result == -EINPROGRESS ? -EALREADY : result;
}

// The error a connection ended with is told once.
static int error_take(struct socket *socket)
{
	if (socket->conn == NULL || socket->error_told)
		return 0;
	int error = tcp_conn_error(socket->conn);
	socket->error_told = error != 0;
	return error;
}

ssize_t socket_read(struct socket *socket, void *to, size_t n, bool peek)
{
	size_t got = 0;
	if (socket->conn == NULL)
		return -ENOTCONN;
	if (peek && socket->conn->rcv_bytes > 0)
		return (ssize_t)min_u32(socket->conn->rcv_bytes, (uint32_t)n);
	while (got < n) {
		struct span bytes = span_first(tcp_peek(socket->conn), n - got);
		if (bytes.n == 0)
			break;
		memcpy((uint8_t *)to + got, bytes.p, bytes.n);
		got += bytes.n;
		tcp_consume(socket->conn, bytes.n);
	}
	if (got > 0 || n == 0)
		return (ssize_t)got;
	int error = error_take(socket);
	if (error != 0)
		return error;
	if (tcp_conn_fin_received(socket->conn) || socket->read_shut || socket->error_told)
		return 0;
	return -EAGAIN;
}

ssize_t socket_write(struct socket *socket, const void *from, size_t n)
{
	if (socket->conn == NULL)
		return -EPIPE;
	int error = error_take(socket);
	if (error != 0)
		return error;
	if (socket->error_told || (socket->conn->flags & CONN_FIN_WANTED) != 0)
		return -EPIPE;
	size_t took = tcp_send(socket->conn, span_of(from, n));
	return took == 0 && n > 0 ? -EAGAIN : (ssize_t)took;
}

static void conn_leave(struct tcp_conn *conn, bool reset)
{
	if (reset)
		tcp_abort(conn);
	tcp_release(conn);
}

int socket_close(struct sockets *sockets, struct socket *socket)
{
	if (socket->listening) {
		tcp_unlisten(sockets->stack->tcp, &socket->local);
		for (uint32_t i = 0; i < socket->n_backlog; i++)
			conn_leave(socket->backlog[i], true);
	}
	if (socket->conn != NULL)
		conn_leave(socket->conn, socket->linger_reset);
	(void)close(socket->fd);
	socket->used = false;
	return 0;
}

int socket_shutdown(struct socket *socket, int how)
{
	if (!is_established(socket) || tcp_conn_state(socket->conn) == TCP_CLOSED)
		return -ENOTCONN;
	if (how == SHUT_RD || how == SHUT_RDWR)
		socket->read_shut = true;
	if (how == SHUT_WR || how == SHUT_RDWR)
		tcp_shutdown(socket->conn);
	return 0;
}

int socket_get(struct socket *socket, int level, int name, void *value, socklen_t *len)
{
	int answer = 0;
	if (*len < sizeof(answer))
		return -EINVAL;
	if (level == SOL_SOCKET && name == SO_ERROR)
		answer = -error_take(socket);
	else if (level == SOL_SOCKET && name == SO_ACCEPTCONN)
		answer = socket->listening;
	else if (level == IPPROTO_TCP && name == OPTION_MAXSEG)
		answer = socket->conn == NULL ? MSS_UNCONNECTED : socket->conn->mss;
	else
		return -ENOPROTOOPT;
	memcpy(value, &answer, sizeof(answer));
	*len = sizeof(answer);
	return 0;
}

int socket_set(struct socket *socket, int level, int name, const void *value, socklen_t len)
{
	if (level == SOL_SOCKET && name == SO_LINGER) {
		struct linger linger;
		if (len < sizeof(linger))
			return -EINVAL;
		memcpy(&linger, value, sizeof(linger));
		socket->linger_reset = linger.l_onoff != 0 && linger.l_linger == 0;
		return 0;
	}
	// The library works as with TCP_NODELAY; its buffers are the configuration's.
	if (level == SOL_SOCKET && (name == SO_REUSEADDR || name == SO_SNDBUF || name == SO_RCVBUF))
		return 0;
	return level == IPPROTO_TCP && name == OPTION_NODELAY ? 0 : -ENOPROTOOPT;
}

int socket_control(struct socket *socket, unsigned long request, int *value)
{
	if (socket->conn == NULL || value == NULL)
		return -EINVAL;
	if (request == FIONREAD)
		*value = (int)socket->conn->rcv_bytes;
	else if (request == SIOCOUTQ)
		*value = (int)tcp_send_pending(socket->conn);
	else
		return -ENOTTY;
	return 0;
}

short socket_events(struct socket *socket)
{
	short events = 0;
	if (socket->listening)
		return socket->n_backlog > 0 ? POLLIN | POLLRDNORM : 0;
	if (socket->conn == NULL)
		return POLLOUT | POLLHUP;
	bool fin = tcp_conn_fin_received(socket->conn);
	bool gone = tcp_conn_error(socket->conn) != 0;
	if (socket->conn->rcv_bytes > 0 || fin || gone)
		events |= POLLIN | POLLRDNORM;
	if (fin)
		events |= POLLRDHUP;
	if (gone)
		events |= POLLERR | POLLHUP | POLLRDHUP;
	if (gone || (is_established(socket) && tcp_send_room(socket->conn) > 0))
		events |= POLLOUT | POLLWRNORM;
	return events;
}
