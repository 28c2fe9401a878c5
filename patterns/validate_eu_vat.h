// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Value added tax numbers of the European Union; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// VAT identification number (Council Directive 2006/112/EC article 215): a member state's prefix,
// and behind it what that state's check digits allow.
bool validator_eu_vat(struct span text);
