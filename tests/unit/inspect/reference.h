// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the gateway reads of a text by itself, against libpg_query's own reading of it.

#pragma once

#include "dataplane/base/span.h"

// NULL, or what differs: the normalised text from what the server's scanner makes of it, or the
// tree from the bytes it was read from. Texts that do not parse are not compared.
const char *reference_compare(struct span text);
