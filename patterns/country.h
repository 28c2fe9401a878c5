// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Codes of countries.

#pragma once

#include "dataplane/base/span.h"

// Are the two upper-case letters at `code` an ISO 3166-1 alpha-2 code that is assigned? Kosovo's
// user-assigned XK, which banks use, counts.
bool country_known(const uint8_t *code);
