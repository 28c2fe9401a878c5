// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// The tables of the store, as the steps that lead to them.

#pragma once

#include <stdint.h>

enum schema_number { SCHEMA_APPLICATION = 0x424b4844 }; // "BKHD"

// Step i leads from version i to i + 1. Only ever appended to: stores in the field are somewhere on
// the way.
extern const char *const schema_steps[];
extern const uint32_t schema_version; // how many there are
