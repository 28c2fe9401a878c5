// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A configuration that is right, in parts: a test replaces the part it is about.

#pragma once

#include "controlplane/config/config.h"

#define SAMPLE_GATEWAY     \
	"gateway:\n"       \
	"  workers: [0]\n" \
	"  ports:\n"       \
	"    - {device: \"net_tap0\", address: 10.0.1.4/24}\n"
#define SAMPLE_ISSUERS \
	"issuers:\n"   \
	"  - {name: test, issuer: \"https://issuer\", audience: gw, keys: {file: jwks.json}}\n"
#define SAMPLE_RESOURCES                \
	"resources:\n"                  \
	"  - name: orders\n"            \
	"    protocol: postgres\n"      \
	"    address: 127.0.0.1:5432\n" \
	"    tls: off\n"                \
	"    credential: {user: app, password: {env: BULKHEAD_TEST_SECRET}}\n"
// With a database, as column masks need it.
#define SAMPLE_DATABASE SAMPLE_RESOURCES "    database: shop\n"
#define SAMPLE_LISTENERS                                                              \
	"listeners:\n"                                                                \
	"  - {address: 10.0.1.4, port: 5432, protocol: postgres, resource: orders,\n" \
	"     certificate: cert.pem, key: key.pem}\n"
#define SAMPLE_RULES                         \
	"rules:\n"                           \
	"  - name: read\n"                   \
	"    subjects: {groups: [agents]}\n" \
	"    resources: [orders]\n"          \
	"    effects: {allow: [read]}\n"

#define SAMPLE SAMPLE_GATEWAY SAMPLE_ISSUERS SAMPLE_RESOURCES SAMPLE_LISTENERS SAMPLE_RULES

// Parse `text` as the file "t.yaml"; the test fails when it is not right. Free with config_free.
struct config *sample_config(const char *text);
