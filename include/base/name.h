// SPDX-License-Identifier: Apache-2.0
/* Names: what may be one, what is only a tool's scratch, and how a title
 * becomes an identifier. The one place where such rules stand. */
#ifndef BASE_NAME_H
#define BASE_NAME_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define NAME_LIMIT 255 /* bytes of one name, as Linux has it */
#define ID_LIMIT 57    /* bytes of an id: what Kubernetes leaves room for */

/* Valid UTF-8 (RFC 3629: no surrogates, no overlong forms), without NUL. */
bool name_is_utf8(const char *text, size_t len);
/* The length of the one character there, or 0: the end, NUL or no UTF-8. */
size_t name_utf8_step(const char *at, size_t left);

/*
 * A name that editors and copying tools use on the way and remove again, or
 * keep for themselves: .name.XXXXXX (rsync), .~name, name~, *.swp *.swo *.swx,
 * 4913, sedXXXXXX, .#name, #name#, *.part, *.tmp, .nfs*, ._*, .DS_Store,
 * .ipynb_checkpoints. Such a name never registers an asset.
 */
bool name_is_scratch(const char *name);

/* .ipynb_checkpoints, where Jupyter keeps copies beside whatever it opens. What
 * is below it is none of an asset's files. */
bool name_is_checkpoints(const char *name, size_t len);

/*
 * The id for a title: runs of anything but a-z 0-9 become one '-', upper case
 * becomes lower, leading and trailing '-' go, at most ID_LIMIT bytes.
 * "Echo Sample" -> "echo-sample". May come out empty.
 * (As MLX derives ids with kfp-tekton's sanitize_k8s_name.)
 */
void name_put_id(const char *title, struct buf *out);
/* Is this an id as it stands: [a-z0-9]([-a-z0-9]*[a-z0-9])?, <= ID_LIMIT. */
bool name_is_id(const char *text);

bool name_has_suffix(const char *name, const char *suffix); /* ASCII case off */

/* A name made fit to be shown in a line of text: control bytes and invalid
 * UTF-8 become \xNN. */
void name_put_shown(const char *name, struct buf *out);

#endif
