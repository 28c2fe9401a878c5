// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the relay lets pass, and what it does not.

#pragma once

#include "dataplane/proto/postgres/state.h"

// The vtable's forward, deny, refuse and notice.
int pg3_forward(struct pg3 *pg, struct proto_msg *msg, struct proto_io *io) must_check;
int pg3_deny(struct pg3 *pg, struct proto_msg *msg, const struct denial *why, struct proto_io *io)
	must_check;
int pg3_refuse(struct pg3 *pg, const struct denial *why, struct proto_io *io) must_check;
int pg3_notice(const struct pg3 *pg, const struct denial *what, struct proto_io *io) must_check;
