// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// Where from and when a rule speaks: `from:` and `when:`.

#include "controlplane/config/sections.h"

#include <string.h>

enum { NETWORKS_MAX = 256, DAY_MINUTES = 1440, ALL_DAYS = 0x7f };

// ---- from

// Whether all of `inner` is in `outer`.
static bool contains(const struct rule_network *outer, const struct rule_network *inner)
{
	return outer->bits <= inner->bits &&
	       addr_has_prefix(&inner->addr, &outer->addr, outer->bits);
}

bool section_networks_cover(
	const struct rule_network *outer, uint16_t n, const struct rule_network *inner
)
{
	for (uint16_t i = 0; i < n; i++)
		if (contains(&outer[i], inner))
			return true;
	return false;
}

static bool has_host_bits(const struct rule_network *network)
{
	for (unsigned i = network->bits; i < 128; i++)
		if ((network->addr.b[i / 8] >> (7 - i % 8) & 1) != 0)
			return true;
	return false;
}

static bool read_network(struct reader *r, const struct node *node, struct rule_network *out)
{
	char text[ADDR_TEXT_MAX] = "";
	struct ip_addr addr;
	uint8_t bits = 0;

	if (!read_text(r, node, "from", text, sizeof(text)))
		return false;
	int rc = strchr(text, '/') != NULL ? addr_parse_prefix(text, &addr, &bits)
					   : addr_parse(text, &addr);
	if (rc != 0) {
		read_fail(
			r, node->at, "`from` must be a network such as 10.0.1.0/24, or an address"
		);
		return false;
	}
	if (strchr(text, '/') == NULL)
		bits = ADDR_BITS;
	else if (addr_is_v4(&addr))
		bits = (uint8_t)(ADDR_MAPPED_BITS + bits);
	*out = (struct rule_network){addr, bits};
	if (has_host_bits(out)) {
		read_fail(
			r, node->at,
			"`%s` has bits behind its prefix: nothing tells which network is meant",
			text
		);
		return false;
	}
	return true;
}

void section_from(struct reader *r, const struct node *node, struct config_rule *out)
{
	if (!read_list(r, node, "`from`", NETWORKS_MAX))
		return;
	if (node->n == 0)
		read_fail(r, node->at, "`from` is empty; write a network or remove it");
	struct rule_network *list = arena_array(r->arena, node->n, sizeof(*list));
	if (list == NULL) {
		r->no_memory = true;
		return;
	}
	out->networks = list;
	for (const struct node *item = node->first; item != NULL; item = item->next) {
		if (!read_network(r, item, &list[out->n_networks]))
			continue;
		for (uint16_t i = 0; i < out->n_networks; i++)
			if (contains(&list[i], &list[out->n_networks]) ||
			    contains(&list[out->n_networks], &list[i]))
				read_fail(
					r, item->at,
					"`%.48s` and another network of `from` overlap; keep the larger",
					item->text
				);
		out->n_networks++;
	}
}

// ---- when

static void read_days(struct reader *r, const struct node *node, struct rule_when *out)
{
	static const struct word days[] = {{"mon", 0}, {"tue", 1}, {"wed", 2}, {"thu", 3},
					   {"fri", 4}, {"sat", 5}, {"sun", 6}, {NULL, 0}};
	int day;

	out->days = 0;
	if (!read_list(r, node, "`days`", 7))
		return;
	if (node->n == 0)
		read_fail(r, node->at, "`days` is empty: the rule can never match; name a day");
	for (const struct node *item = node->first; item != NULL; item = item->next) {
		if (!read_word(r, item, "days", days, &day))
			continue;
		if ((out->days >> day & 1) != 0)
			read_fail(
				r, item->at, "`%s` is in `days` twice; remove one", days[day].text
			);
		out->days |= (uint8_t)(1 << day);
	}
}

// "08:30", up to 24:00. Returns what follows, or NULL.
static const char *clock_time(const char *text, uint16_t *minutes)
{
	unsigned digit[4];

	for (unsigned i = 0; i < 5; i++) {
		bool colon = i == 2;
		if (colon ? text[i] != ':' : text[i] < '0' || text[i] > '9')
			return NULL;
		if (!colon)
			digit[i > 2 ? i - 1 : i] = (unsigned)(text[i] - '0');
	}
	unsigned hour = digit[0] * 10 + digit[1], minute = digit[2] * 10 + digit[3];
	if (minute > 59 || hour * 60 + minute > DAY_MINUTES)
		return NULL;
	*minutes = (uint16_t)(hour * 60 + minute);
	return text + 5;
}

static void read_hours(struct reader *r, const struct node *node, struct rule_when *out)
{
	char text[32];
	uint16_t from = 0, to = 0;

	if (!read_text(r, node, "hours", text, sizeof(text)))
		return;
	const char *rest = clock_time(text, &from);
	rest = rest != NULL && *rest == '-' ? clock_time(rest + 1, &to) : NULL;
	if (rest == NULL || *rest != '\0' || from == DAY_MINUTES || to == 0) {
		read_fail(
			r, node->at,
			"`hours` must be a time of day until another, such as 08:00-18:00 or "
			"22:00-24:00"
		);
		return;
	}
	if (from == to) {
		read_fail(
			r, node->at,
			"`hours` ends when it begins: the rule can never match; correct "
			"it, or remove it for the whole day"
		);
		return;
	}
	out->from = from;
	out->to = to;
}

static void read_zone(struct reader *r, const struct node *node, struct rule_when *out)
{
	enum { EAST_MAX = 14 * 60, WEST_MAX = 12 * 60 };
	char text[16];
	uint16_t minutes = 0;

	if (!read_text(r, node, "zone", text, sizeof(text)) || strcmp(text, "UTC") == 0)
		return;
	bool east = text[0] == '+';
	const char *rest = east || text[0] == '-' ? clock_time(text + 1, &minutes) : NULL;
	if (rest == NULL || *rest != '\0' || minutes > (east ? EAST_MAX : WEST_MAX)) {
		read_fail(
			r, node->at,
			"`zone` must be UTC or a distance from it such as +01:00; names of zones are "
			"not known here"
		);
		return;
	}
	out->zone = (int16_t)(east ? minutes : -minutes);
}

void section_when(struct reader *r, const struct node *node, struct rule_when *out)
{
	static const char *const keys[] = {"days", "hours", "zone", NULL};

	if (!read_map(r, node, "`when`", keys))
		return;
	*out = (struct rule_when){.days = ALL_DAYS, .to = DAY_MINUTES};
	const struct node *days = tree_get(node, "days"), *hours = tree_get(node, "hours");
	const struct node *zone = tree_get(node, "zone");
	if (days != NULL)
		read_days(r, days, out);
	if (hours != NULL)
		read_hours(r, hours, out);
	if (zone != NULL)
		read_zone(r, zone, out);
	if (hours == NULL && (days == NULL || out->days == ALL_DAYS))
		read_fail(
			r, node->at, "`when` is always; give some `days` or `hours`, or remove it"
		);
}
