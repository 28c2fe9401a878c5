// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "patterns/often.h"

static double often_byte(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return 0.02;
	if (c >= 'a' && c <= 'z')
		return 0.03;
	if (c >= 'A' && c <= 'Z')
		return 0.006;
	switch (c) {
	case ' ':
		return 0.12;
	case '"':
	case ',':
	case ':':
	case '-':
	case '.':
	case '\n':
		return 0.02;
	case '=':
	case '/':
	case '_':
	case '{':
	case '}':
	case '[':
	case ']':
	case '(':
	case ')':
		return 0.006;
	}
	return c >= 0x80 ? 0.0005 : 0.001;
}

double often_bytes(const struct byte_set *set)
{
	double sum = 0;
	for (unsigned c = 0; c < 256; c++)
		sum += byte_set_has(set, (uint8_t)c) ? often_byte((uint8_t)c) : 0;
	return sum < 1 ? sum : 1;
}

// What data looks like. Its numbers and words stand for all others.
static const char sample[] =
	"2026-03-05 12:34:56.123 INFO [worker-7] GET /api/v2/orders/8812345/items?page=2 200 5120 18ms\n"
	"2026-11-28T07:08:09.123456Z level=warn msg=\"retry in 250 ms\" attempt=3/10 id=req-5f3a91c2\n"
	"Mar  5 12:34:56 web-01 sshd[20113]: Accepted publickey for deploy port 51122 ssh2\n"
	"05/Mar/2026:12:34:56 +0000 \"POST /v1/users/4711/cart HTTP/1.1\" 201 1234 0.042 \"Mozilla/5.0\"\n"
	"{\"id\": 918273645, \"total\": 129.90, \"qty\": 4, \"ts\": 1772713496123, \"ok\": true, \"v\": null}\n"
	"{\"uuid\":\"3f2504e0-4f89-41d3-9a0c-0305e82c3301\",\"created\":\"2026-03-05T12:34:56+01:00\"}\n"
	"10482733,2026-03-05,EU-WEST,office chair,12,349.00,EUR,shipped,\"leave at the door\"\n"
	"73,2026-12-31 23:59:59.999999+00,monitor 27 inch,0.5,7,1000000,12.345678,-1,1e-5\n"
	"trace=4bf92f3577b34da6a3ce929d0e0e4736 span=00f067aa0ba902b7 sha256:9f86d081884c7d659a2feaa0c55ad015\n"
	"commit 7fd1a60b01f91b314f59955a4e4d4e80d8edf11d v1.22.3-rc1 build 20260305.4 size 64x64 99.5%\n"
	"order 100-2026-0042 invoice INV-2026-00017 sku SKU-04711 batch 2026030512 page 12 of 345\n"
	"took 1234us 56.7ms 3.5s 12345678 rows 123456789012 bytes 4096/8192 KiB 1,234,567 10:15 12-24\n"
	// Every record has a time,
	"2026-03-05 12:34:56,789 DEBUG 2025-12-19T23:08:41Z 2024-06-30T09:15:27.000+02:00 2026/03/05 17:02\n"
	"2026-07-14 06:50:33.471905+00\t2023-10-08 20:11:52\t2026-01-22 15:39:04.5 2026-05-17\n"
	"time=2026-09-02T18:27:46.338Z 12:34:56.123456 IP 2026-04-25 00:00:00 | 2026-08-11 13:44:29.916 |\n"
	// and numbers of every length.
	"3 54 987 6543 21098 765432 1098765 43210987 654321098 7654321098 76543210987 654321098765\n"
	"1,21,301,4012,50123,601234,7012345,80123456,901234567,1012345678,21012345678,301234567890,x,y\n"
	"2.5,31.4,415.92,6535.8,97932.38,462643.3,8327950.2,88419716.9 7\"61\"503\"4012\"50123\"601234\"\n"
	"48213,7712903,31059284,560192837,1029384756,2026-03-05,91746203,30518827,64.50,82930174,550.00\n"
	"k=7012345&l=80123456&m=901234567&n=1012345678 x/7/81/902/1003/20134/301245/4012356/50123467 \n";

// The sample's numbers, or words: which of them have a class at a place, as bits.
struct contexts {
	bool made;
	uint64_t has[KERNEL_FORM][CLASSES][OFTEN_WORDS];
	uint64_t begins[10][OFTEN_WORDS]; // with this digit
};

static bool begins(size_t at, bool word)
{
	uint8_t symbol = kernel_symbol((uint8_t)sample[at]);
	return kernel_symbol((uint8_t)sample[at - 1]) == 0 &&
	       (word ? symbol >= 'a' : symbol == '0');
}

static void make(bool word, struct contexts *out)
{
	size_t n = 0;
	for (size_t at = 1; at + KERNEL_FORM < sizeof(sample) && n < 64 * OFTEN_WORDS; at++) {
		if (!begins(at, word))
			continue;
		for (size_t i = 0; i < KERNEL_FORM; i++)
			out->has[i][kernel_class((uint8_t)sample[at + i])][n / 64] |= UINT64_C(1)
										      << n % 64;
		if (!word)
			out->begins[sample[at] - '0'][n / 64] |= UINT64_C(1) << n % 64;
		n++;
	}
	out->made = true;
}

struct often_form often_form_of(const struct class_form *classes, bool word)
{
	static _Thread_local struct contexts numbers, words;
	struct contexts *contexts = word ? &words : &numbers;
	struct often_form form = {.classes = *classes};
	if (!contexts->made)
		make(word, contexts);
	for (size_t i = 0; i < KERNEL_FORM; i++) {
		for (size_t class = 0; class < CLASSES; class ++) {
			for (size_t k = 0; k < OFTEN_WORDS; k++)
				form.passes[i][k] |= (classes->places[i] >> class & 1) == 0
							     ? 0
							     : contexts->has[i][class][k];
		}
	}
	for (size_t k = 0; k < OFTEN_WORDS; k++) {
		for (size_t digit = 0; digit < 10; digit++)
			form.passes[KERNEL_FORM][k] |=
				(classes->first >> digit & 1) == 0 ? 0 : contexts->begins[digit][k];
		if (word)
			form.passes[KERNEL_FORM][k] = UINT64_MAX;
	}
	return form;
}

void often_form_join(struct often_form *form, const struct often_form *more)
{
	for (size_t i = 0; i < KERNEL_FORM; i++)
		form->classes.places[i] |= more->classes.places[i];
	form->classes.first |= more->classes.first;
	for (size_t i = 0; i <= KERNEL_FORM; i++) {
		for (size_t k = 0; k < OFTEN_WORDS; k++)
			form->passes[i][k] |= more->passes[i][k];
	}
}

double often_form(const struct often_form *form)
{
	// Of two forms that the sample does not have, the stricter one is the rarer.
	double often = 0.001 * __builtin_popcount(form->classes.first) / 10;
	for (size_t i = 1; i < KERNEL_FORM; i++)
		often *= __builtin_popcount(form->classes.places[i]) / (double)CLASSES;
	for (size_t k = 0; k < OFTEN_WORDS; k++) {
		uint64_t passes = UINT64_MAX;
		for (size_t i = 0; i <= KERNEL_FORM; i++)
			passes &= form->passes[i][k];
		often += __builtin_popcountll(passes) / (double)sizeof(sample);
	}
	return often;
}
