// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// How far something slow has come: on standard error, when that is a terminal, one line that is
// written again and again; nothing anywhere else.

#pragma once

// Show this, unless a line was shown less than a tenth of a second ago.
void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Wipe the line, before anything else is written.
void progress_end(void);
