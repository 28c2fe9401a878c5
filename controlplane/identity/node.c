// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/identity/node.h"

#include "controlplane/recorder/digest.h"

// `word` ends in NUL, and so does `name`: where one stops and the next begins is part of it.
static struct node_id node_of(struct span word, const char *name, struct span id)
{
	const struct span pieces[] = {word, span_of(name, strlen(name) + 1), id};
	struct digest digest;
	struct node_id out;

	// Without memory for it there is no id: what is compared with it never matches, and nobody
	// gets in on it, as an id of zeros is refused where one is needed (node_is_none).
	if (digest_of(pieces, sizeof(pieces) / sizeof(pieces[0]), &digest) != 0)
		return (struct node_id){{0, 0}};
	memcpy(&out, digest.b, sizeof(out));
	return out;
}

struct node_id node_of_subject(const char *issuer, const char *key)
{
	return node_of(span_of("subject", 8), issuer, span_str(key));
}

struct node_id node_of_token(const char *iss, struct span id)
{
	return node_of(span_of("token", 6), iss, id);
}

struct node_id node_of_resource(const char *name)
{
	return node_of(span_of("resource", 9), name, (struct span){NULL, 0});
}

struct node_id node_of_rule(const char *name)
{
	return node_of(span_of("rule", 5), name, (struct span){NULL, 0});
}

const char *node_text(const struct node_id *id, char out[static NODE_TEXT_SIZE])
{
	char text[DIGEST_TEXT_SIZE];
	struct digest digest = {0};

	memcpy(digest.b, id, sizeof(*id));
	digest_text(&digest, text);
	memcpy(out, text, NODE_TEXT_SIZE - 1);
	out[NODE_TEXT_SIZE - 1] = '\0';
	return out;
}

bool node_parse(struct span text, struct node_id *out)
{
	char padded[DIGEST_TEXT_SIZE];
	struct digest digest;

	if (text.n != NODE_TEXT_SIZE - 1)
		return false;
	memset(padded, '0', sizeof(padded));
	memcpy(padded, text.p, text.n);
	if (!digest_parse(span_of(padded, DIGEST_TEXT_SIZE - 1), &digest))
		return false;
	memcpy(out, digest.b, sizeof(*out));
	return true;
}
