// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// SQL makes and drops statements and portals too, unseen but for the command's tag.

#pragma once

#include "dataplane/proto/postgres/state.h"

// A statement of `head` has completed with `tag`. False when the text of `head` cannot have done
// what the tag says.
bool pg3_tag_follow(struct pg3 *pg, const struct answer *head, struct span tag) must_check;
