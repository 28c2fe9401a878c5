// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

// A main for fuzz targets without libFuzzer. Usage: PROGRAM [-n ROUNDS] [-s SEED] FILE-OR-FOLDER...
// Each file is run as it is; then ROUNDS inputs are made from them by cutting, copying and flipping
// bytes. The seed is printed.

#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 4096, INPUT_MAX = 1 << 18 };

static struct {
	uint8_t *data;
	size_t size;
} inputs[FILES_MAX];
static size_t input_count;
static uint64_t seed = 1;

static void add_file(const char *path)
{
	FILE *file = fopen(path, "re");
	if (file == NULL || input_count == FILES_MAX) {
		fprintf(stderr, "%s: cannot be opened, or one too many\n", path);
		exit(2);
	}
	uint8_t *data = malloc(INPUT_MAX);
	if (data == NULL)
		exit(2);
	inputs[input_count].data = data;
	inputs[input_count++].size = fread(data, 1, INPUT_MAX, file);
	fclose(file);
}

static void add_path(const char *path)
{
	struct stat st;
	char name[4096];
	if (stat(path, &st) != 0) {
		perror(path);
		exit(2);
	}
	if (!S_ISDIR(st.st_mode)) {
		add_file(path);
		return;
	}
	struct dirent **entries = NULL;
	int n = scandir(path, &entries, NULL, alphasort);
	for (int i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%s/%s", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.')
			add_path(name);
		free(entries[i]);
	}
	free(entries);
}

static size_t dice(size_t sides)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return sides == 0 ? 0 : (size_t)(seed % sides);
}

// One input made from another, in memory of exactly its size, so that a sanitizer sees every
// overrun.
static void run_mutated(void)
{
	static uint8_t work[INPUT_MAX];
	size_t from = dice(input_count), n = 0;
	if (input_count > 0) {
		n = inputs[from].size;
		memcpy(work, inputs[from].data, n);
	} else {
		n = dice(512);
		for (size_t i = 0; i < n; i++)
			work[i] = (uint8_t)dice(256);
	}
	for (size_t k = dice(8); k > 0 && n > 0; k--) {
		size_t at = dice(n), to = dice(n), length = dice(n - (at > to ? at : to)) + 1;
		switch (dice(4)) {
		case 0:
			work[at] ^= (uint8_t)(1u << dice(8));
			break;
		case 1:
			work[at] = (uint8_t)dice(256);
			break;
		case 2:
			memmove(work + to, work + at, length);
			break;
		case 3:
			n = at;
			break;
		}
	}
	uint8_t *exact = malloc(n == 0 ? 1 : n);
	if (exact == NULL)
		exit(2);
	memcpy(exact, work, n);
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
}

int main(int argc, char **argv)
{
	unsigned long rounds = 2000;
	for (int c = getopt(argc, argv, "n:s:"); c != -1; c = getopt(argc, argv, "n:s:")) {
		if (c == 'n')
			rounds = strtoul(optarg, NULL, 10);
		else if (c == 's')
			seed = strtoul(optarg, NULL, 10) | 1;
		else
			return 2;
	}
	for (int i = optind; i < argc; i++)
		add_path(argv[i]);
	printf("%zu inputs, %lu made from them, seed %lu\n", input_count, rounds,
	       (unsigned long)seed);
	for (size_t i = 0; i < input_count; i++)
		(void)LLVMFuzzerTestOneInput(inputs[i].data, inputs[i].size);
	for (unsigned long i = 0; i < rounds; i++)
		run_mutated();
	for (size_t i = 0; i < input_count; i++)
		free(inputs[i].data);
	return 0;
}
