// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Validators of hosts, telephones, vehicles and places; see validator.h.

#pragma once

#include "dataplane/base/span.h"

// SIM card (ITU-T E.118): issuer prefix 89, Luhn digit over 19 or 20 digits.
bool validator_iccid(struct span text);
// IMEI (3GPP TS 23.003 6.2.1): fifteen digits, the last by Luhn.
bool validator_imei(struct span text);
// IMSI (ITU-T E.212): a mobile country code of a geographic region or of a shared network.
bool validator_imsi(struct span text);
// What inet_pton takes for IPv6, with a digit and two groups at least: `a::b` names a thing in many
// a programming language. And ::1.
bool validator_ipv6(struct span text);
// A MAC address, neither all zeros nor broadcast; with dashes or dots it has a letter, because
// numbers are parted so too.
bool validator_mac(struct span text);
// Vehicle identification number (ISO 3779; 49 CFR 565.15): the check digit in place 9.
bool validator_vin(struct span text);
