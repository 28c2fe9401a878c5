// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "dataplane/proto/postgres/postgres.h"
#include "dataplane/proto/proto.h"

static const struct proto_ops *const table[] = {&postgres_ops};

const struct proto_ops *proto_find(const char *name)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i]->name, name) == 0)
			return table[i];
	return NULL;
}

size_t proto_state_max(void)
{
	size_t max = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i]->state_size > max)
			max = table[i]->state_size;
	return max;
}

const char *proto_bad_name(enum proto_bad bad)
{
	switch (bad) {
	case PROTO_BAD_NONE:
		return "none";
	case PROTO_BAD_LENGTH:
		return "length";
	case PROTO_BAD_MALFORMED:
		return "malformed";
	case PROTO_BAD_TYPE:
		return "type";
	case PROTO_BAD_ORDER:
		return "order";
	case PROTO_BAD_PLAINTEXT:
		return "plaintext";
	case PROTO_BAD_BEFORE_TLS:
		return "before-tls";
	case PROTO_BAD_VERSION:
		return "version";
	case PROTO_BAD_AUTHENTICATION:
		return "authentication";
	case PROTO_BAD_TLS_REFUSED:
		return "tls-refused";
	case PROTO_BAD_PARAMETER:
		return "parameter";
	case PROTO_BAD_LIMIT:
		return "limit";
	case PROTO_BAD_COUNT:
		break;
	}
	return "unknown";
}
