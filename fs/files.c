// SPDX-License-Identifier: Apache-2.0
/* Open files: real ones go straight to the store. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "notify.h"
#include "open.h"
#include "reply.h"
#include "wait.h"
#include "work.h"

void files_open(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	int err = open_handle(req, ino, fi);

	if (err)
		reply_err(req, "open", err);
	else if (fuse_reply_open(req, fi))
		open_release(fs_of(req), fi);
}

static void read_content(fuse_req_t req, struct content *c, size_t size,
			 off_t off)
{
	struct fuse_bufvec data = FUSE_BUFVEC_INIT(size);
	/* who was answered may close the file before we are back */
	struct opening *o = content_begin_read(c, &data.buf[0].fd);

	data.buf[0].flags = FUSE_BUF_IS_FD | FUSE_BUF_FD_SEEK;
	data.buf[0].pos = off;
	fuse_reply_data(req, &data, 0);
	content_end_read(o);
}

void files_read(fuse_req_t req, fuse_ino_t ino, size_t size, off_t off,
		struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	(void)ino;
	switch (h->type) {
	case HANDLE_CONTENT:
		read_content(req, h->content, size, off);
		break;
	case HANDLE_SHOT:
		shot_reply(atomic_load(&h->shot), req, size, off);
		break;
	case HANDLE_WAIT:
		wait_read(req, h, size, off);
		break;
	case HANDLE_CONTROL:
		control_read(h->control, req, size, off);
		break;
	}
}

void files_write(fuse_req_t req, fuse_ino_t ino, const char *buf, size_t size,
		 off_t off, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	ssize_t err = -EBADF;

	(void)ino;
	/* set-user-ID bits are dropped by the kernel, which asks for it apart
	 */
	if (h->type == HANDLE_CONTENT)
		err = content_write(h->content, buf, size, (uint64_t)off,
				    false);
	else if (h->type == HANDLE_CONTROL && fi->writepage)
		err = -EPERM; /* through a mapping: it does not tell whose */
	else if (h->type == HANDLE_CONTROL)
		err = control_write(h->control, buf, size, off, fi->lock_owner,
				    fuse_req_ctx(req));
	if (err < 0)
		reply_err(req, "write", (int)err);
	else
		fuse_reply_write(req, size);
}

/* ---- closing ---- */

struct act {
	struct job job;
	struct fs *fs;
	fuse_req_t req;
	struct control *control;
	int err;
};

static void reply_act(struct job *job)
{
	struct act *act = (struct act *)job;

	reply_err(act->req, "flush", act->err);
	free(act);
}

static void act_then_reply(struct job *job)
{
	struct act *act = (struct act *)job;

	act->err = control_act(act->control);
	act->job.run = reply_act;
	notify_put(act->fs, &act->job);
}

static void flush_control(fuse_req_t req, struct handle *h, uint64_t owner)
{
	struct act *act;

	if (!control_is_due(h->control, owner)) {
		reply_err(req, "flush", 0);
		return;
	}
	act = calloc(1, sizeof(*act));
	if (!act) {
		reply_err(req, "flush", -ENOMEM);
		return;
	}
	*act = (struct act){ .job.run = act_then_reply,
			     .fs = fs_of(req),
			     .req = req,
			     .control = h->control };
	work_put(act->fs->work, &act->job);
}

void files_flush(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	(void)ino;
	if (h->type == HANDLE_CONTENT)
		check_flush(req, h);
	else if (h->type == HANDLE_CONTROL)
		flush_control(req, h, fi->lock_owner);
	else
		reply_err(req, "flush", 0);
}

struct last {
	struct job job;
	struct fs *fs;
	fuse_req_t req;
	struct fuse_file_info fi;
};

/* Who wrote has not closed it itself (its table of descriptors was given up in
 * another way): better late than never. */
static void act_then_release(struct job *job)
{
	struct last *last = (struct last *)job;

	control_act(handle_of(&last->fi)->control);
	open_release(last->fs, &last->fi);
	fuse_reply_err(last->req, 0);
	free(last);
}

void files_release(fuse_req_t req, fuse_ino_t ino, struct fuse_file_info *fi)
{
	struct fs *fs = fs_of(req);
	struct handle *h = handle_of(fi);
	bool due = atomic_load(&h->emptied);
	struct last *last = NULL;
	uid_t uid = h->uid;

	if (h->type == HANDLE_CONTROL && control_is_dirty(h->control))
		last = calloc(1, sizeof(*last));
	if (last) {
		*last = (struct last){
			{ NULL, act_then_release }, fs, req, *fi
		};
		work_put(fs->work, &last->job);
		return;
	}
	if (open_release(fs, fi) || due)
		check_closed(fs, ino, uid);
	fuse_reply_err(req, 0);
}

void files_fsync(fuse_req_t req, fuse_ino_t ino, int datasync,
		 struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	(void)ino;
	/* a control file is acted upon when it is closed, not before */
	if (h->type == HANDLE_CONTENT)
		check_fsync(req, h, datasync);
	else
		reply_err(req, "fsync", 0);
}

/* ---- holes and copies ---- */

void files_fallocate(fuse_req_t req, fuse_ino_t ino, int mode, off_t offset,
		     off_t length, struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);

	(void)ino;
	reply_err(req, "fallocate",
		  h->type == HANDLE_CONTENT
			  ? content_allocate(h->content, mode, (uint64_t)offset,
					     (uint64_t)length)
			  : -EOPNOTSUPP);
}

static int64_t seek_in_text(size_t len, off_t off, int whence)
{
	if (off < 0 || (size_t)off >= len)
		return -ENXIO;
	return whence == SEEK_DATA ? off : (int64_t)len;
}

void files_lseek(fuse_req_t req, fuse_ino_t ino, off_t off, int whence,
		 struct fuse_file_info *fi)
{
	struct handle *h = handle_of(fi);
	struct shot *shot = atomic_load(&h->shot);
	int64_t at;

	(void)ino;
	if (h->type == HANDLE_CONTENT)
		at = content_seek(h->content, (uint64_t)off, whence);
	else if (h->type == HANDLE_CONTROL)
		at = seek_in_text(control_size(h->control), off, whence);
	else
		at = seek_in_text(shot ? shot->len : 0, off, whence);
	if (at < 0)
		reply_err(req, "lseek", (int)at);
	else
		fuse_reply_lseek(req, at);
}

/* EXDEV makes the kernel read and write instead; ENOSYS would do so for ever.
 */
void files_copy(fuse_req_t req, fuse_ino_t ino_in, off_t off_in,
		struct fuse_file_info *fi_in, fuse_ino_t ino_out, off_t off_out,
		struct fuse_file_info *fi_out, size_t len, int flags)
{
	struct handle *from = handle_of(fi_in), *to = handle_of(fi_out);
	ssize_t done = -EXDEV;

	(void)ino_in;
	(void)ino_out;
	if (flags)
		done = -EINVAL;
	else if (from->type == HANDLE_CONTENT && to->type == HANDLE_CONTENT)
		done = content_copy(from->content, (uint64_t)off_in,
				    to->content, (uint64_t)off_out, len);
	if (done < 0)
		reply_err(req, "copy_file_range", (int)done);
	else
		fuse_reply_write(req, (size_t)done);
}
