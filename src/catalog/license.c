// SPDX-License-Identifier: Apache-2.0
/*
 * Licences. The ids are those of the SPDX licence list (spdx.org/licenses) that
 * data, models and code are commonly given under; what is not here is kept as
 * it was written, and the checks say so.
 */
#include "license.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#include "base/cleanup.h"

static const char *const ids[] = {
	"0BSD",
	"AFL-3.0",
	"AGPL-3.0-only",
	"AGPL-3.0-or-later",
	"Apache-2.0",
	"Artistic-2.0",
	"BSD-2-Clause",
	"BSD-3-Clause",
	"BSD-3-Clause-Clear",
	"BSL-1.0",
	"C-UDA-1.0",
	"CC-BY-1.0",
	"CC-BY-2.0",
	"CC-BY-2.5",
	"CC-BY-3.0",
	"CC-BY-4.0",
	"CC-BY-NC-2.0",
	"CC-BY-NC-3.0",
	"CC-BY-NC-4.0",
	"CC-BY-NC-ND-3.0",
	"CC-BY-NC-ND-4.0",
	"CC-BY-NC-SA-2.0",
	"CC-BY-NC-SA-3.0",
	"CC-BY-NC-SA-4.0",
	"CC-BY-ND-4.0",
	"CC-BY-SA-2.0",
	"CC-BY-SA-2.5",
	"CC-BY-SA-3.0",
	"CC-BY-SA-4.0",
	"CC0-1.0",
	"CDLA-Permissive-1.0",
	"CDLA-Permissive-2.0",
	"CDLA-Sharing-1.0",
	"CECILL-2.1",
	"ECL-2.0",
	"EPL-1.0",
	"EPL-2.0",
	"EUPL-1.1",
	"EUPL-1.2",
	"GFDL-1.3-only",
	"GFDL-1.3-or-later",
	"GPL-2.0-only",
	"GPL-2.0-or-later",
	"GPL-3.0-only",
	"GPL-3.0-or-later",
	"ISC",
	"LGPL-2.1-only",
	"LGPL-2.1-or-later",
	"LGPL-3.0-only",
	"LGPL-3.0-or-later",
	"LPPL-1.3c",
	"MIT",
	"MIT-0",
	"MPL-2.0",
	"MS-PL",
	"NCSA",
	"NIST-PD",
	"O-UDA-1.0",
	"ODbL-1.0",
	"ODC-By-1.0",
	"OFL-1.1",
	"OGL-UK-3.0",
	"OSL-3.0",
	"PDDL-1.0",
	"PostgreSQL",
	"PSF-2.0",
	"Python-2.0",
	"Unlicense",
	"W3C",
	"WTFPL",
	"Zlib",
};

/* Other ways to write them, normalised. A family's name without a version is
 * taken for the only version there was when it was the usual way to write it.
 */
static const struct {
	const char *written;
	const char *id;
} aliases[] = {
	{ "apache", "Apache-2.0" },
	{ "apache2", "Apache-2.0" },
	{ "apachesoftware2.0", "Apache-2.0" },
	{ "asl2.0", "Apache-2.0" },
	{ "agpl3.0", "AGPL-3.0-only" },
	{ "bsd", "BSD-3-Clause" },
	{ "bsd2", "BSD-2-Clause" },
	{ "bsd3", "BSD-3-Clause" },
	{ "newbsd", "BSD-3-Clause" },
	{ "simplifiedbsd", "BSD-2-Clause" },
	{ "boost1.0", "BSL-1.0" },
	{ "cc0", "CC0-1.0" },
	{ "cc01.0universal", "CC0-1.0" },
	{ "cdlapermissive", "CDLA-Permissive-1.0" },
	{ "cdlasharing", "CDLA-Sharing-1.0" },
	{ "creativecommonsattribution4.0", "CC-BY-4.0" },
	{ "creativecommonsattribution4.0international", "CC-BY-4.0" },
	{ "creativecommonsattributionsharealike4.0", "CC-BY-SA-4.0" },
	{ "creativecommonsattributionsharealike4.0international",
	  "CC-BY-SA-4.0" },
	{ "creativecommonsattributionsharealike3.0", "CC-BY-SA-3.0" },
	{ "gpl2.0", "GPL-2.0-only" },
	{ "gplv2", "GPL-2.0-only" },
	{ "gpl3.0", "GPL-3.0-only" },
	{ "gplv3", "GPL-3.0-only" },
	{ "gpl3", "GPL-3.0-only" },
	{ "gpl2", "GPL-2.0-only" },
	{ "lgpl2.1", "LGPL-2.1-only" },
	{ "lgpl3.0", "LGPL-3.0-only" },
	{ "mpl2", "MPL-2.0" },
	{ "mozillapublic2.0", "MPL-2.0" },
	{ "odbl", "ODbL-1.0" },
	{ "odcby", "ODC-By-1.0" },
	{ "pddl", "PDDL-1.0" },
	{ "theun", "Unlicense" },
};

static bool word_at(const char *text, const char *word)
{
	return strncmp(text, word, strlen(word)) == 0;
}

/* Lower case, only letters, digits, '.' and '+'; without "license", "the",
 * "version" and the v of v2.0. Too long a text normalises to "". */
static void normalise(const char *text, char *to, size_t room)
{
	static const char *const noise[] = { "license", "licence", "version" };
	char low[128];
	size_t len = 0;
	size_t out = 0;

	to[0] = 0;
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (!isalnum(c) && c != '.' && c != '+')
			continue;
		if (len + 1 >= sizeof(low))
			return;
		low[len++] = (char)tolower(c);
	}
	low[len] = 0;
	for (size_t i = 0; i < len;) {
		size_t skip = 0;

		for (size_t n = 0; n < ARRAY_SIZE(noise) && i; n++)
			if (word_at(low + i, noise[n]))
				skip = strlen(noise[n]);
		if (low[i] == 'v' && isdigit((unsigned char)low[i + 1]))
			skip = 1;
		if (!skip && out + 1 < room)
			to[out++] = low[i];
		i += skip ? skip : 1;
	}
	to[out] = 0;
}

const char *license_find(const char *name)
{
	char wanted[128];
	char known[128];

	normalise(name, wanted, sizeof(wanted));
	if (!wanted[0])
		return NULL;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++) {
		normalise(ids[i], known, sizeof(known));
		if (!strcmp(wanted, known))
			return ids[i];
	}
	for (size_t i = 0; i < ARRAY_SIZE(aliases); i++)
		if (!strcmp(wanted, aliases[i].written))
			return aliases[i].id;
	return NULL;
}

static bool is_id(const char *text, size_t len)
{
	if (len > 11 && word_at(text, "LicenseRef-"))
		return true;
	for (size_t i = 0; i < ARRAY_SIZE(ids); i++)
		if (strlen(ids[i]) == len && !memcmp(ids[i], text, len))
			return true;
	return false;
}

/* SPDX specification, annex D: ids joined by AND and OR, in brackets or not.
 * Only the words are looked at, not the grammar between them. */
bool license_is_spdx(const char *text)
{
	bool any = false;

	while (*text) {
		size_t len = strcspn(text, " ()");

		if (!len) {
			text++;
			continue;
		}
		if (!(len == 2 && word_at(text, "OR")) &&
		    !(len == 3 && word_at(text, "AND"))) {
			if (!is_id(text, len))
				return false;
			any = true;
		}
		text += len;
	}
	return any;
}

/* What the first lines of a licence say; the first row of which all parts are
 * there counts. */
static const struct {
	const char *part[2];
	const char *id;
} phrases[] = {
	{ { "Apache License", "Version 2.0" }, "Apache-2.0" },
	{ { "GNU AFFERO GENERAL PUBLIC LICENSE", "Version 3" },
	  "AGPL-3.0-only" },
	{ { "GNU LESSER GENERAL PUBLIC LICENSE", "Version 3" },
	  "LGPL-3.0-only" },
	{ { "GNU LESSER GENERAL PUBLIC LICENSE", "Version 2.1" },
	  "LGPL-2.1-only" },
	{ { "GNU GENERAL PUBLIC LICENSE", "Version 3" }, "GPL-3.0-only" },
	{ { "GNU GENERAL PUBLIC LICENSE", "Version 2" }, "GPL-2.0-only" },
	{ { "Mozilla Public License", "2.0" }, "MPL-2.0" },
	{ { "Community Data License Agreement", "Permissive, Version 2.0" },
	  "CDLA-Permissive-2.0" },
	{ { "Community Data License Agreement", "Permissive, Version 1.0" },
	  "CDLA-Permissive-1.0" },
	{ { "Community Data License Agreement", "Sharing, Version 1.0" },
	  "CDLA-Sharing-1.0" },
	{ { "CC0 1.0 Universal", "" }, "CC0-1.0" },
	{ { "Attribution-NonCommercial-ShareAlike 4.0", "" },
	  "CC-BY-NC-SA-4.0" },
	{ { "Attribution-NonCommercial 4.0", "" }, "CC-BY-NC-4.0" },
	{ { "Attribution-ShareAlike 4.0", "" }, "CC-BY-SA-4.0" },
	{ { "Attribution-ShareAlike 3.0", "" }, "CC-BY-SA-3.0" },
	{ { "Attribution 4.0 International", "" }, "CC-BY-4.0" },
	{ { "MIT License", "" }, "MIT" },
	{ { "Permission is hereby granted, free of charge", "above copyright" },
	  "MIT" },
	{ { "Redistribution and use in source and binary forms",
	    "Neither the name" },
	  "BSD-3-Clause" },
	{ { "Redistribution and use in source and binary forms", "" },
	  "BSD-2-Clause" },
	{ { "This is free and unencumbered software", "" }, "Unlicense" },
};

const char *license_find_text(const char *text)
{
	static const char tag[] = "SPDX-License-Identifier:";
	const char *at = strstr(text, tag);

	if (at) {
		char name[64];
		size_t len;

		at += strlen(tag);
		at += strspn(at, " \t");
		len = strcspn(at, "\r\n */");
		if (len < sizeof(name)) {
			memcpy(name, at, len);
			name[len] = 0;
			return license_find(name);
		}
	}
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (strcasestr(text, phrases[i].part[0]) &&
		    strcasestr(text, phrases[i].part[1]))
			return phrases[i].id;
	return NULL;
}
