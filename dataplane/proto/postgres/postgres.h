// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// PostgreSQL's frontend/backend protocol 3.0 (PostgreSQL documentation, chapter "Frontend/Backend
// Protocol"; the clauses named in comments are its sections).

#pragma once

#include "dataplane/proto/proto.h"

extern const struct proto_ops postgres_ops;
