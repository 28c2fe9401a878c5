// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// application/x-www-form-urlencoded, as RFC 6749 appendix B has it.

#pragma once

#include "controlplane/sts/sts.h"

// Decode `text`, n bytes, where it lies. Out: params, at most `max`, which point into it;
// *n_params. Returns 0; ERR_MALFORMED, a % without two hex digits behind it; ERR_LIMIT, more than
// `max`.
int form_decode(char *text, size_t n, struct sts_param *params, size_t max, size_t *n_params)
	must_check;
