// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The text of --so_flags: "layout=linux,timestamps=0,rcv_buf=65536".

#pragma once

#include "tests/packetdrill/stack.h"

// Fill in the defaults for scripts, then what `text` (NULL: nothing) says. Returns 0 or -EINVAL,
// having said on stderr what is wrong.
int flags_parse(const char *text, struct stack_config *config) must_check;
