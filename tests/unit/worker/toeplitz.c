// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "tests/unit/worker/toeplitz.h"

#include "dataplane/nic/pool.h"

#include <rte_alarm.h>
#include <rte_ethdev.h>
#include <rte_ring.h>
#include <rte_thash.h>

#include <stdio.h>
#include <string.h>

enum { RETA = 128, KEY = 40, ETH = 14, PORTS = 2 };

struct toeplitz toeplitz;

static struct port {
	uint16_t n_queues;
	struct rte_eth_rss_conf conf; // with the caller's own pointer to the key, as netvsc has it
	uint32_t turn;
} ports[PORTS];

static const uint64_t functions = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |
				  RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_TCP;

int __real_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);
int __wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info);
int __real_rte_eth_dev_configure(
	uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf
);
int __wrap_rte_eth_dev_configure(
	uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf
);
int __wrap_rte_eth_macaddr_get(uint16_t port, struct rte_ether_addr *mac);
int __wrap_rte_eth_dev_rss_hash_update(uint16_t port, struct rte_eth_rss_conf *conf);
int __wrap_rte_eth_dev_rss_hash_conf_get(uint16_t port, struct rte_eth_rss_conf *conf);
int __wrap_rte_eth_dev_callback_register(
	uint16_t port, enum rte_eth_event_type event, rte_eth_dev_cb_fn fn, void *arg
);
int __wrap_rte_eal_alarm_set(uint64_t us, rte_eal_alarm_callback fn, void *arg);
int __wrap_rte_eth_dev_rss_reta_query(
	uint16_t port, struct rte_eth_rss_reta_entry64 *groups, uint16_t size
);

int __wrap_rte_eth_dev_info_get(uint16_t port, struct rte_eth_dev_info *info)
{
	int r = __real_rte_eth_dev_info_get(port, info);

	if (r != 0)
		return r;
	if (toeplitz.driver != NULL)
		info->driver_name = toeplitz.driver;
	if (toeplitz.queues_max != 0)
		info->max_rx_queues = info->max_tx_queues = toeplitz.queues_max;
	if (!toeplitz.hashes)
		return 0;
	info->reta_size = RETA;
	info->hash_key_size = KEY;
	info->flow_type_rss_offloads = functions;
	return 0;
}

int __wrap_rte_eth_dev_configure(
	uint16_t port, uint16_t rx, uint16_t tx, const struct rte_eth_conf *conf
)
{
	struct rte_eth_conf plain = *conf;

	ports[port].n_queues = rx;
	// MANA takes the key only when it is told once more.
	if (toeplitz.driver == NULL)
		ports[port].conf = conf->rx_adv_conf.rss_conf;
	plain.rxmode.mq_mode = RTE_ETH_MQ_RX_NONE;
	plain.rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){0};
	return __real_rte_eth_dev_configure(port, rx, tx, &plain);
}

// net_ring has none.
int __wrap_rte_eth_macaddr_get(uint16_t port, struct rte_ether_addr *mac)
{
	*mac = (struct rte_ether_addr){{2, 0x62, 0x68, 0, 0, (uint8_t)port}};
	return 0;
}

int __wrap_rte_eth_dev_rss_hash_update(uint16_t port, struct rte_eth_rss_conf *conf)
{
	ports[port].conf = *conf;
	return 0;
}

int __wrap_rte_eth_dev_rss_hash_conf_get(uint16_t port, struct rte_eth_rss_conf *conf)
{
	const struct rte_eth_rss_conf *is = &ports[port].conf;

	if (is->rss_key == NULL || conf->rss_key_len < KEY)
		return -EINVAL;
	memcpy(conf->rss_key, is->rss_key, KEY);
	for (size_t i = 0; toeplitz.lies && i < KEY; i++)
		conf->rss_key[i] ^= 0x5a;
	conf->rss_key_len = KEY;
	conf->rss_hf = is->rss_hf;
	return 0;
}

static struct watcher {
	rte_eth_dev_cb_fn fn;
	void *arg;
} watchers[PORTS];
static uint32_t n_watchers;

// Each port of ours wants to hear of all devices once.
int __wrap_rte_eth_dev_callback_register(
	uint16_t port, enum rte_eth_event_type event, rte_eth_dev_cb_fn fn, void *arg
)
{
	if (port == RTE_ETH_ALL && event == RTE_ETH_EVENT_NEW && n_watchers < PORTS)
		watchers[n_watchers++] = (struct watcher){fn, arg};
	return 0;
}

// No time passes between an event and what is done about it later.
int __wrap_rte_eal_alarm_set(uint64_t, rte_eal_alarm_callback fn, void *arg)
{
	fn(arg);
	return 0;
}

void toeplitz_event(void)
{
	for (uint32_t i = 0; i < n_watchers; i++)
		(void)watchers[i].fn(PORTS, RTE_ETH_EVENT_NEW, watchers[i].arg, NULL);
}

// Not the table that one would expect: it must be read.
static uint16_t entry(const struct port *port, uint32_t i)
{
	return (uint16_t)((i ^ i >> 3 ^ 1) % port->n_queues);
}

int __wrap_rte_eth_dev_rss_reta_query(
	uint16_t port, struct rte_eth_rss_reta_entry64 *groups, uint16_t size
)
{
	for (uint32_t i = 0; i < size; i++) {
		struct rte_eth_rss_reta_entry64 *group = &groups[i / RTE_ETH_RETA_GROUP_SIZE];
		if ((group->mask >> i % RTE_ETH_RETA_GROUP_SIZE & 1) != 0)
			group->reta[i % RTE_ETH_RETA_GROUP_SIZE] = entry(&ports[port], i);
	}
	return 0;
}

// The words that are hashed, in host order. Returns how many; 0: it is no TCP over IP.
static uint32_t tuple_of(const uint8_t *frame, size_t n, uint32_t words[static 9])
{
	uint8_t bytes[36] = {0};
	uint32_t addresses;
	size_t tcp;

	if (n >= ETH + 40 && frame[12] == 0x08 && frame[13] == 0x00 && frame[ETH + 9] == 6) {
		addresses = 8;
		tcp = ETH + 4 * (size_t)(frame[ETH] & 15);
		memcpy(bytes, frame + ETH + 12, addresses);
	} else if (n >= ETH + 60 && frame[12] == 0x86 && frame[13] == 0xdd && frame[ETH + 6] == 6) {
		addresses = 32;
		tcp = ETH + 40;
		memcpy(bytes, frame + ETH + 8, addresses);
	} else {
		return 0;
	}
	if (!toeplitz.ports_unhashed && n >= tcp + 4) {
		memcpy(bytes + addresses, frame + tcp, 4);
		addresses += 4;
	}
	memcpy(words, bytes, sizeof(bytes));
	for (uint32_t i = 0; i < addresses / 4; i++)
		words[i] = rte_be_to_cpu_32(words[i]);
	return addresses / 4;
}

static uint32_t hash_of(const struct port *port, const uint8_t *frame, size_t n)
{
	uint32_t words[9], key[KEY / sizeof(uint32_t)]; // rte_softrss reads words
	uint32_t count = tuple_of(frame, n, words);

	memcpy(key, port->conf.rss_key, KEY);
	for (uint32_t i = 0; toeplitz.moved && i < KEY / sizeof(*key); i++)
		key[i] ^= 0x5aa55aa5;
	return count == 0 ? 0 : rte_softrss(words, count, (const uint8_t *)key);
}

uint16_t toeplitz_queue(uint16_t index, const uint8_t *frame, size_t n)
{
	struct port *port = &ports[index];

	if (!toeplitz.hashes || port->conf.rss_key == NULL)
		return (uint16_t)(port->turn++ % port->n_queues);
	uint32_t hash = hash_of(port, frame, n);
	// What is no TCP comes to the last, which is not the neighbour owner's.
	return hash == 0 ? port->n_queues - 1 : entry(port, hash % RETA);
}

static struct rte_ring *ring_of(uint16_t port, uint16_t queue)
{
	char name[RTE_RING_NAMESIZE];

	snprintf(name, sizeof(name), "ETH_RXTX%u_net_ring%u", queue, port);
	return rte_ring_lookup(name);
}

bool toeplitz_deliver(struct nic *nic, uint16_t index, const uint8_t *frame, size_t n)
{
	struct port *port = &ports[index];
	uint16_t queue = toeplitz_queue(index, frame, n);
	struct pkt *pkt = pkt_get(nic_pool(nic, queue));
	uint8_t *at = pkt == NULL ? NULL : pkt_extend(pkt, (uint32_t)n);

	if (at == NULL) {
		pkt_put(pkt);
		return false;
	}
	memcpy(at, frame, n);
	struct rte_mbuf *mbuf = mbuf_of(pkt);
	mbuf->data_len = (uint16_t)n;
	mbuf->pkt_len = (uint32_t)n;
	mbuf->ol_flags = 0;
	if (toeplitz.hashes && !toeplitz.shows_no_hash && port->conf.rss_key != NULL) {
		mbuf->hash.rss = hash_of(port, frame, n);
		mbuf->ol_flags = RTE_MBUF_F_RX_RSS_HASH;
	}
	if (rte_ring_enqueue(ring_of(index, queue), mbuf) == 0)
		return true;
	pkt_put(pkt);
	return false;
}

size_t toeplitz_sent(uint16_t port, uint16_t queue, uint8_t frame[static TOEPLITZ_FRAME_MAX])
{
	struct rte_mbuf *mbuf;
	void *object;
	size_t n = 0;

	if (rte_ring_dequeue(ring_of(port, queue), &object) != 0)
		return 0;
	for (mbuf = object; mbuf != NULL; mbuf = mbuf->next) {
		if (n + mbuf->data_len > TOEPLITZ_FRAME_MAX)
			break;
		memcpy(frame + n, rte_pktmbuf_mtod(mbuf, void *), mbuf->data_len);
		n += mbuf->data_len;
	}
	rte_pktmbuf_free(object);
	return n;
}
