// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/config/sections.h"
#include "dataplane/api/subject.h"

#include <stdio.h>
#include <string.h>

static const uint64_t ns_per_s = 1000000000;

enum token_service_limit {
	TTL_DEFAULT = 300,
	TTL_MAX_DEFAULT = 3600,
	TTL_MIN = 10,
	ROTATE_DEFAULT = 24 * 3600,
	ROTATE_MIN = 3600, // the keys of a day must fit into a key set
	ROTATE_MAX = 90 * 24 * 3600,
	CHILDREN_DEFAULT = 1000,
	CHILDREN_MAX = 10000,
};

// RFC 8414 2: https, without query and fragment. Nor a path: the gateway's listener is the host's
// root, and the metadata of an issuer with a path would stand elsewhere (3.1).
static bool is_issuer(const char *url)
{
	static const char start[] = "https://";
	const char *host = url + strlen(start);

	return strncmp(url, start, strlen(start)) == 0 && host[0] != '\0' &&
	       strpbrk(host, "/?#@ \\\"") == NULL;
}

static bool read_seconds(
	struct reader *r, const struct node *map, const char *key, uint32_t min, uint32_t max,
	uint32_t *out
)
{
	const struct node *value = tree_get(map, key);
	uint64_t ns;

	if (value == NULL || !read_duration(r, value, key, min * ns_per_s, max * ns_per_s, &ns))
		return false;
	*out = (uint32_t)(ns / ns_per_s);
	return true;
}

static void read_count(
	struct reader *r, const struct node *map, const char *key, uint32_t max, uint32_t *out
)
{
	const struct node *value = tree_get(map, key);
	uint64_t n;

	if (value != NULL && read_number(r, value, key, 1, max, &n))
		*out = (uint32_t)n;
}

static void read_names_of_it(
	struct reader *r, const struct node *node, struct config_token_service *out
)
{
	const struct node *value = read_need(r, node, "`token_service`", "issuer");

	if (value != NULL && read_text(r, value, "issuer", out->issuer, sizeof(out->issuer)) &&
	    !is_issuer(out->issuer))
		read_fail(
			r, value->at,
			"`issuer` must be https://HOST or https://HOST:PORT, without a path"
		);
	value = tree_get(node, "audience");
	if (value != NULL)
		(void)read_text(r, value, "audience", out->audience, sizeof(out->audience));
	else if (strlen(out->issuer) < sizeof(out->audience))
		memcpy(out->audience, out->issuer, strlen(out->issuer) + 1);
	else
		read_fail(r, node->at, "`issuer` is too long to be the audience; add `audience`");
}

static void read_ttl(struct reader *r, const struct node *node, struct config_token_service *out)
{
	out->ttl_max_s = TTL_MAX_DEFAULT;
	(void)read_seconds(r, node, "ttl_max", TTL_MIN, CONFIG_TOKEN_TTL_MAX, &out->ttl_max_s);
	out->ttl_s = out->ttl_max_s < TTL_DEFAULT ? out->ttl_max_s : TTL_DEFAULT;
	(void)read_seconds(r, node, "ttl", TTL_MIN, out->ttl_max_s, &out->ttl_s);
}

void section_token_service(
	struct reader *r, const struct node *node, struct config_token_service *out
)
{
	static const char *const keys[] = {"issuer",  "audience",  "ttl",
					   "ttl_max", "depth_max", "children_max",
					   "keys",    "https",     NULL};
	static const char *const in_keys[] = {"rotate", NULL};
	uint32_t depth = SUBJECT_LINKS_MAX - 1;

	out->at = node->at;
	if (!read_map(r, node, "`token_service`", keys))
		return;
	out->enabled = true;
	out->children_max = CHILDREN_DEFAULT;
	out->rotate_s = ROTATE_DEFAULT;
	read_names_of_it(r, node, out);
	read_ttl(r, node, out);
	read_count(r, node, "depth_max", SUBJECT_LINKS_MAX - 1, &depth);
	out->depth_max = (uint16_t)depth;
	read_count(r, node, "children_max", CHILDREN_MAX, &out->children_max);
	const struct node *value = tree_get(node, "keys");
	if (value != NULL && read_map(r, value, "`keys`", in_keys))
		(void)read_seconds(r, value, "rotate", ROTATE_MIN, ROTATE_MAX, &out->rotate_s);
	value = tree_get(node, "https");
	if (value != NULL)
		section_https(r, value, &out->https);
}
