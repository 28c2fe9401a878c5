// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The impairing port: a wire between two interfaces of this namespace that delays, reorders,
// duplicates, loses and marks packets, and has a rate and a queue, each way alike.
//
// What happens to the nth packet of a direction follows from the seed, so that two links with the
// same seed treat their streams alike. ARP passes unharmed, or a test would wait for its retries.
// Ends with SIGTERM and prints what it did.

#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	FRAME_MAX = 9234,
	HEAP_MAX = 1 << 15, // frames on the way in one direction
	BURST = 64,
	ETH_LEN = 14,
	ECN_CE = 3,
	ETHER_OVERHEAD = 24, // preamble, check sequence and gap, which take time as well
};

struct options {
	uint64_t seed;
	uint64_t delay_ns, jitter_ns; // jitter alone keeps the order
	uint64_t held_ns;             // what a reordered packet waits beyond the others
	double loss, reorder, duplicate;
	double rate;          // bits a nanosecond; 0: no limit
	uint64_t queue_bytes; // before the rate
	uint64_t mark_bytes;  // of the queue, from which ECT is marked; 0: never
};

struct frame {
	uint64_t due_ns;
	uint64_t number; // keeps the order of those due at once
	uint32_t len;
	uint8_t bytes[];
};

// One direction.
struct way {
	int in, out; // sockets
	uint64_t random;
	uint64_t free_ns; // when the rate lets the next packet start
	uint64_t last_ns; // the latest due time of a packet in order
	uint64_t next_number;
	struct frame *heap[HEAP_MAX];
	uint32_t n;
	uint64_t packets, bytes, lost, dropped, marked, reordered, duplicated;
};

static struct options options;
static volatile sig_atomic_t stop;

static void on_signal(int)
{
	stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void fail(const char *what)
{
	perror(what);
	exit(1);
}

// splitmix64
static uint64_t next_random(struct way *way)
{
	uint64_t z = way->random += 0x9e3779b97f4a7c15;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

static double fraction(uint64_t random)
{
	return (double)(random >> 11) / (double)(UINT64_C(1) << 53);
}

// ---- the frames on the way, the one due first on top

static bool is_before(const struct frame *a, const struct frame *b)
{
	return a->due_ns < b->due_ns || (a->due_ns == b->due_ns && a->number < b->number);
}

static void heap_push(struct way *way, struct frame *frame)
{
	uint32_t at = way->n++;
	for (; at > 0 && is_before(frame, way->heap[(at - 1) / 2]); at = (at - 1) / 2)
		way->heap[at] = way->heap[(at - 1) / 2];
	way->heap[at] = frame;
}

static struct frame *heap_pop(struct way *way)
{
	struct frame *top = way->heap[0], *last = way->heap[--way->n];
	uint32_t at = 0;
	for (;;) {
		uint32_t child = 2 * at + 1;
		if (child >= way->n)
			break;
		if (child + 1 < way->n && is_before(way->heap[child + 1], way->heap[child]))
			child++;
		if (!is_before(way->heap[child], last))
			break;
		way->heap[at] = way->heap[child];
		at = child;
	}
	way->heap[at] = last;
	return top;
}

static void put(struct way *way, const uint8_t *bytes, uint32_t len, uint64_t due_ns)
{
	if (way->n == HEAP_MAX) {
		way->dropped++;
		return;
	}
	struct frame *frame = malloc(sizeof(*frame) + len);
	if (frame == NULL)
		fail("malloc");
	frame->due_ns = due_ns;
	frame->number = way->next_number++;
	frame->len = len;
	memcpy(frame->bytes, bytes, len);
	heap_push(way, frame);
}

// ---- what happens to a packet

// Of the traffic class byte of IPv4 or IPv6, when it says that marking is understood: mark it.
static bool mark(uint8_t *bytes, uint32_t len)
{
	uint16_t type = (uint16_t)(bytes[12] << 8 | bytes[13]);
	uint8_t *ip = bytes + ETH_LEN;
	if (type == ETHERTYPE_IP && len >= ETH_LEN + 20 && (ip[1] & ECN_CE) != 0) {
		uint8_t added = ECN_CE - (ip[1] & ECN_CE);
		ip[1] |= ECN_CE;
		// RFC 1624: the checksum falls by what the word grew.
		uint32_t sum = (uint32_t)(ip[10] << 8 | ip[11]);
		sum = sum >= added ? sum - added : sum + 0xffff - added;
		ip[10] = (uint8_t)(sum >> 8);
		ip[11] = (uint8_t)sum;
		return true;
	}
	if (type == ETHERTYPE_IPV6 && len >= ETH_LEN + 40 && (ip[1] >> 4 & ECN_CE) != 0) {
		ip[1] |= ECN_CE << 4;
		return true;
	}
	return false;
}

// Its turn in the queue before the rate; false when there is no room. Out: *start, when its last
// bit is on the wire.
static bool queue(struct way *way, uint8_t *bytes, uint32_t len, uint64_t now, uint64_t *start)
{
	*start = now;
	if (options.rate <= 0)
		return true;
	uint64_t free_ns = way->free_ns > now ? way->free_ns : now;
	double queued = (double)(free_ns - now) * options.rate / 8;
	if (queued + len > (double)options.queue_bytes)
		return false;
	if (options.mark_bytes > 0 && queued > (double)options.mark_bytes)
		way->marked += mark(bytes, len);
	way->free_ns = free_ns + (uint64_t)((len + ETHER_OVERHEAD) * 8 / options.rate);
	*start = way->free_ns;
	return true;
}

static void impair(struct way *way, uint8_t *bytes, uint32_t len, uint64_t now)
{
	// Always as many numbers for a packet, so that what one suffers does not change the next.
	double lost = fraction(next_random(way)), late = fraction(next_random(way));
	double twice = fraction(next_random(way)), jitter = fraction(next_random(way));
	uint64_t start;
	way->packets++;
	way->bytes += len;
	if (len < ETH_LEN || (bytes[12] << 8 | bytes[13]) == ETHERTYPE_ARP) {
		put(way, bytes, len, now);
		return;
	}
	if (!queue(way, bytes, len, now, &start)) {
		way->dropped++;
		return;
	}
	if (lost < options.loss) {
		way->lost++;
		return;
	}
	uint64_t due = start + options.delay_ns + (uint64_t)(jitter * (double)options.jitter_ns);
	if (late < options.reorder) {
		way->reordered++;
		due += options.held_ns;
	} else {
		due = due > way->last_ns ? due : way->last_ns;
		way->last_ns = due;
	}
	put(way, bytes, len, due);
	if (twice < options.duplicate) {
		way->duplicated++;
		put(way, bytes, len, due);
	}
}

// ---- sockets

static int open_port(const char *name)
{
	int ignore = 1, size = 64 << 20;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
	if (fd < 0)
		fail("socket");
	struct sockaddr_ll where = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = (int)if_nametoindex(name),
	};
	struct packet_mreq all = {.mr_ifindex = where.sll_ifindex, .mr_type = PACKET_MR_PROMISC};
	if (setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &ignore, sizeof(ignore)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) != 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all)) != 0 ||
	    bind(fd, (struct sockaddr *)&where, sizeof(where)) != 0)
		fail(name);
	return fd;
}

static void take_in(struct way *way)
{
	static uint8_t bytes[FRAME_MAX];
	for (int i = 0; i < BURST; i++) {
		ssize_t n = recv(way->in, bytes, sizeof(bytes), 0);
		if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENETDOWN)
			fail("recv");
		if (n <= 0)
			return;
		impair(way, bytes, (uint32_t)n, now_ns());
	}
}

// What a full device, or a rule of nftables, refuses is lost as on any wire.
static void let_out(struct way *way)
{
	for (uint64_t now = now_ns(); way->n > 0 && way->heap[0]->due_ns <= now; now = now_ns()) {
		struct frame *frame = heap_pop(way);
		(void)!send(way->out, frame->bytes, frame->len, 0);
		free(frame);
	}
}

static void pass(struct way ways[static 2])
{
	struct pollfd fds[2] = {
		{.fd = ways[0].in, .events = POLLIN},
		{.fd = ways[1].in, .events = POLLIN},
	};
	while (!stop) {
		uint64_t now = now_ns(), next = now + 100000000;
		for (int i = 0; i < 2; i++) {
			if (ways[i].n > 0 && ways[i].heap[0]->due_ns < next)
				next = ways[i].heap[0]->due_ns;
		}
		uint64_t wait = next > now ? next - now : 0;
		struct timespec pause = {0, (long)wait};
		(void)ppoll(fds, 2, &pause, NULL);
		for (int i = 0; i < 2; i++) {
			take_in(&ways[i]);
			let_out(&ways[i]);
		}
	}
}

static void usage(void)
{
	fputs("usage: link A B [--seed N] [--loss P] [--delay MS] [--jitter MS] [--reorder P] "
	      "[--held MS]\n"
	      "            [--duplicate P] [--rate MBIT] [--queue BYTES] [--mark BYTES]\n"
	      "P: of each packet, 0 to 1; --held: how much later a reordered one comes\n",
	      stderr);
	exit(2);
}

static void read_options(int argc, char **argv)
{
	static const struct option longs[] = {
		{"seed", required_argument, NULL, 's'},
		{"loss", required_argument, NULL, 'l'},
		{"delay", required_argument, NULL, 'd'},
		{"jitter", required_argument, NULL, 'j'},
		{"reorder", required_argument, NULL, 'r'},
		{"held", required_argument, NULL, 'h'},
		{"duplicate", required_argument, NULL, 'u'},
		{"rate", required_argument, NULL, 'm'},
		{"queue", required_argument, NULL, 'q'},
		{"mark", required_argument, NULL, 'e'},
		{0},
	};
	int o;
	options = (struct options){.seed = 1, .queue_bytes = 1 << 18};
	while ((o = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		double value = o == '?' ? 0 : atof(optarg);
		switch (o) {
		case 's':
			options.seed = strtoull(optarg, NULL, 10);
			break;
		case 'l':
			options.loss = value;
			break;
		case 'd':
			options.delay_ns = (uint64_t)(value * 1e6);
			break;
		case 'j':
			options.jitter_ns = (uint64_t)(value * 1e6);
			break;
		case 'r':
			options.reorder = value;
			break;
		case 'h':
			options.held_ns = (uint64_t)(value * 1e6);
			break;
		case 'u':
			options.duplicate = value;
			break;
		case 'm':
			options.rate = value / 1e3;
			break;
		case 'q':
			options.queue_bytes = strtoull(optarg, NULL, 10);
			break;
		case 'e':
			options.mark_bytes = strtoull(optarg, NULL, 10);
			break;
		default:
			usage();
		}
	}
	if (argc - optind != 2)
		usage();
}

int main(int argc, char **argv)
{
	static struct way ways[2];

	read_options(argc, argv);
	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	prctl(PR_SET_TIMERSLACK, 1);
	for (int i = 0; i < 2; i++) {
		ways[i].in = open_port(argv[optind + i]);
		ways[!i].out = ways[i].in;
		ways[i].random = options.seed * 2 + (uint64_t)i;
	}
	printf("seed=%" PRIu64 "\nready\n", options.seed);
	fflush(stdout);
	pass(ways);
	for (int i = 0; i < 2; i++) {
		const struct way *w = &ways[i];
		printf("from=%s packets=%" PRIu64 " bytes=%" PRIu64 " lost=%" PRIu64
		       " dropped=%" PRIu64 " marked=%" PRIu64 " reordered=%" PRIu64
		       " duplicated=%" PRIu64 "\n",
		       argv[optind + i], w->packets, w->bytes, w->lost, w->dropped, w->marked,
		       w->reordered, w->duplicated);
		while (ways[i].n > 0)
			free(heap_pop(&ways[i]));
	}
	return 0;
}
