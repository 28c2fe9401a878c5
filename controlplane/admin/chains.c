// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/admin/chains_state.h"
#include "controlplane/identity/node.h"

#include <stdio.h>
#include <stdlib.h>

// Digests: their first bits are as good as any.
static unsigned node_bucket(const struct node_id *id)
{
	return (unsigned)(id->w[0] % CHAINS_BUCKETS);
}

static unsigned session_bucket(session_id id)
{
	return (unsigned)(id * 0x9e3779b97f4a7c15 >> 32) % CHAINS_BUCKETS;
}

struct chains *chains_new(uint32_t sessions)
{
	struct chains *chains = calloc(1, sizeof(*chains));

	if (chains == NULL)
		return NULL;
	list_init(&chains->roots);
	chains->sessions = calloc(sessions, sizeof(*chains->sessions));
	if (chains->sessions == NULL) {
		free(chains);
		return NULL;
	}
	chains->n_sessions = sessions;
	for (uint32_t i = 0; i < sessions; i++) {
		chains->sessions[i].next = chains->free;
		chains->free = &chains->sessions[i];
	}
	return chains;
}

void chains_free(struct chains *chains)
{
	if (chains == NULL)
		return;
	for (unsigned i = 0; i < CHAINS_BUCKETS; i++) {
		while (chains->nodes[i] != NULL) {
			struct chain_node *node = chains->nodes[i];
			chains->nodes[i] = node->next;
			free(node);
		}
	}
	free(chains->sessions);
	free(chains);
}

struct chain_session *chains_session(const struct chains *chains, session_id id)
{
	struct chain_session *s = chains->buckets[session_bucket(id)];

	while (s != NULL && s->id != id)
		s = s->next;
	return s;
}

struct chain_node *chains_node(const struct chains *chains, const struct node_id *id)
{
	struct chain_node *node = chains->nodes[node_bucket(id)];

	while (node != NULL && !node_equal(&node->node, id))
		node = node->next;
	return node;
}

// ---- nodes

static bool is_idle(const struct chain_node *node)
{
	return node->live == 0 && list_empty(&node->children);
}

static void forget(struct chains *chains, struct chain_node *node)
{
	struct chain_node **at = &chains->nodes[node_bucket(&node->node)];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	list_remove(&node->sibling);
	chains->n_nodes--;
	free(node);
}

// Make room: the leaf that was idle longest goes. Rare enough to look at all of them.
static bool forget_oldest(struct chains *chains, const struct chain_node *spare)
{
	struct chain_node *oldest = NULL;

	for (unsigned i = 0; i < CHAINS_BUCKETS; i++) {
		for (struct chain_node *n = chains->nodes[i]; n != NULL; n = n->next) {
			if (n != spare && is_idle(n) &&
			    (oldest == NULL || n->last_ns < oldest->last_ns))
				oldest = n;
		}
	}
	if (oldest != NULL)
		forget(chains, oldest);
	return oldest != NULL;
}

static struct chain_node *node_add(
	struct chains *chains, const struct chain_link *link, struct chain_node *parent,
	uint64_t time_ns
)
{
	if (chains->n_nodes >= CHAINS_NODES_MAX && !forget_oldest(chains, parent))
		return NULL;
	struct chain_node *node = calloc(1, sizeof(*node));
	if (node == NULL)
		return NULL;
	node->node = link->node;
	node->parent = parent;
	node->depth = parent == NULL ? 0 : parent->depth + 1;
	node->first_ns = time_ns;
	list_init(&node->children);
	list_init(&node->open);
	list_append(parent == NULL ? &chains->roots : &parent->children, &node->sibling);
	struct chain_node **bucket = &chains->nodes[node_bucket(&link->node)];
	node->next = *bucket;
	*bucket = node;
	chains->n_nodes++;
	return node;
}

// The node of a link, as it is now.
static struct chain_node *node_touch(
	struct chains *chains, const struct chain_link *link, struct chain_node *parent,
	uint64_t time_ns
)
{
	struct chain_node *node = chains_node(chains, &link->node);

	if (node == NULL)
		node = node_add(chains, link, parent, time_ns);
	if (node == NULL)
		return NULL;
	node->subject = link->subject;
	node->token = link->token;
	node->kind = link->kind;
	node->last_ns = time_ns;
	snprintf(node->issuer, sizeof(node->issuer), "%s", link->issuer);
	snprintf(node->key, sizeof(node->key), "%s", link->key);
	snprintf(node->name, sizeof(node->name), "%s", link->name);
	if (node->parent == NULL) { // the list is in the order of their last activity
		list_remove(&node->sibling);
		list_append(&chains->roots, &node->sibling);
	}
	return node;
}

// ---- sessions

void chains_opened(
	struct chains *chains, session_id id, const char *name, const struct subject *subject,
	uint64_t time_ns
)
{
	struct chain_session *session = chains->free;
	struct chain_node *leaf = NULL;

	if (session == NULL || subject->n_links == 0 || chains_session(chains, id) != NULL)
		return;
	for (uint16_t i = 0; i < subject->n_links; i++) {
		leaf = node_touch(chains, &subject->links[i], leaf, time_ns);
		if (leaf == NULL)
			return;
	}
	chains->free = session->next;
	struct chain_session **bucket = &chains->buckets[session_bucket(id)];
	*session = (struct chain_session){
		.id = id,
		.leaf = leaf,
		.root_token = subject->links[0].token,
		.next = *bucket,
	};
	snprintf(session->name, sizeof(session->name), "%s", name);
	*bucket = session;
	list_append(&leaf->open, &session->of_node);
	leaf->live++;
	leaf->sessions++;
}

// Numbers of a session only grow.
static void add_up(struct chain_session *session, const struct event *event)
{
	struct chain_node *leaf = session->leaf;

	leaf->commands += event->commands - session->commands;
	leaf->rows += event->rows - session->rows;
	leaf->masked += event->masked - session->masked;
	leaf->denied += event->denied - session->denied;
	session->commands = event->commands;
	session->rows = event->rows;
	session->masked = event->masked;
	session->denied = event->denied;
	if (event->time_ns > leaf->last_ns)
		leaf->last_ns = event->time_ns;
}

void chains_progress(struct chains *chains, const struct event *event)
{
	struct chain_session *session = chains_session(chains, event->session);

	if (session != NULL)
		add_up(session, event);
}

void chains_closed(struct chains *chains, const struct event *event)
{
	struct chain_session *session = chains_session(chains, event->session);

	if (session == NULL)
		return;
	add_up(session, event);
	session->leaf->live--;
	list_remove(&session->of_node);
	struct chain_session **at = &chains->buckets[session_bucket(event->session)];
	while (*at != session)
		at = &(*at)->next;
	*at = session->next;
	session->id = 0;
	session->next = chains->free;
	chains->free = session;
}

bool chains_leaf(const struct chains *chains, session_id id, struct node_id *out)
{
	const struct chain_session *session = chains_session(chains, id);

	if (session != NULL)
		*out = session->leaf->node;
	return session != NULL;
}
