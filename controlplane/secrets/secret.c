// SPDX-License-Identifier: BSD-3-Clause
// Copyright (c) 2026, the Bulkhead authors

#include "controlplane/secrets/secret.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

static const char *file_fault(int rc)
{
	switch (rc) {
	case -EACCES:
		return "cannot be read, or is open to every user";
	case -EINVAL:
		return "is not a regular file";
	case -EFBIG:
		return "is too long";
	default:
		return err_text(rc);
	}
}

static int from_file(const char *path, char out[static SECRET_MAX], char why[static SECRET_WHY])
{
	char text[SECRET_MAX + 1] = ""; // room for "\r\n" behind the longest secret
	size_t n = 0;

	int rc = secret_file_read(path, text, sizeof(text), &n);
	if (rc != 0) {
		snprintf(why, SECRET_WHY, "%.100s %s", path, file_fault(rc));
		return ERR_CONFIG;
	}
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0 && text[n - 1] == '\r')
		n--;
	if (n == 0 || n >= SECRET_MAX || memchr(text, '\0', n) != NULL) {
		snprintf(
			why, SECRET_WHY, "%.100s must hold 1 to %d bytes, none of them 0", path,
			SECRET_MAX - 1
		);
		rc = ERR_CONFIG;
	} else {
		memcpy(out, text, n);
		out[n] = '\0';
	}
	explicit_bzero(text, sizeof(text));
	return rc;
}

static int from_env(const char *name, char out[static SECRET_MAX], char why[static SECRET_WHY])
{
	const char *value = getenv(name);

	if (value == NULL || value[0] == '\0' || strlen(value) >= SECRET_MAX) {
		snprintf(
			why, SECRET_WHY, "environment variable %.64s %s", name,
			value == NULL ? "is not set" : "is empty or too long"
		);
		return ERR_CONFIG;
	}
	memcpy(out, value, strlen(value) + 1);
	return 0;
}

int secret_get(
	enum config_secret kind, const char *name, char out[static SECRET_MAX],
	char why[static SECRET_WHY]
)
{
	switch (kind) {
	case CONFIG_SECRET_NONE:
		out[0] = '\0';
		return 0;
	case CONFIG_SECRET_FILE:
		return from_file(name, out, why);
	case CONFIG_SECRET_ENV:
		return from_env(name, out, why);
	case CONFIG_SECRET_MANAGED: // of no fixed text (managed.h)
		break;
	}
	return ERR_CONFIG;
}

static int make_key(const char *path)
{
	uint8_t key[SECRET_KEY_SIZE];

	if (getrandom(key, sizeof(key), 0) != (ssize_t)sizeof(key))
		return -EIO;
	int rc = secret_file_create(path, key, sizeof(key));
	explicit_bzero(key, sizeof(key));
	return rc == -EEXIST ? 0 : rc;
}

int secret_key_load(
	const char *state, const char *name, uint8_t out[static SECRET_KEY_SIZE],
	char why[static SECRET_WHY]
)
{
	char path[CONFIG_PATH_MAX];
	uint8_t key[SECRET_KEY_SIZE];
	size_t n = 0;

	int length = snprintf(path, sizeof(path), "%s/%s", state, name);
	int rc = length < 0 || (size_t)length >= sizeof(path) ? -ENAMETOOLONG : 0;
	if (rc == 0)
		rc = secret_file_read(path, key, sizeof(key), &n);
	if (rc == -ENOENT) {
		rc = make_key(path);
		if (rc == 0)
			rc = secret_file_read(path, key, sizeof(key), &n);
	}
	if (rc == 0 && n != sizeof(key))
		rc = -EINVAL;
	if (rc == 0)
		memcpy(out, key, sizeof(key));
	else
		snprintf(why, SECRET_WHY, "%.80s/%.40s %s", state, name, file_fault(rc));
	explicit_bzero(key, sizeof(key));
	return rc == 0 ? 0 : ERR_CONFIG;
}
