// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of dates and places; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// A day of the calendar on which somebody now alive may have been born, 1900 to 2099: year, month,
// day in this order; day and month in either order and a year of four digits; or a month by name.
bool validator_birth_date(struct span text);
