// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// What the admin API asks of the rest, a file a noun. Each function fills in its operations.

#pragma once

#include "app/control.h"

void api_revocations(struct admin_ops *ops);
void api_sessions(struct admin_ops *ops);
void api_dryrun(struct admin_ops *ops);
void api_token_service(struct admin_ops *ops);
