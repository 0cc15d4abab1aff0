// SPDX-License-Identifier: Apache-2.0
/*
 * Release at the end of scope.
 *
 *	AUTO(buf_release) struct buf text = BUF_INIT(BUF_MAX);
 *	AUTO(free_text) char *name = NULL;
 *	*ret_name = TAKE(name);
 *
 * Scopes unwind in reverse: take a lock on the first line of a function, so
 * that all that is declared after it is released before the lock.
 * Never mixed with goto.
 */
#ifndef BASE_CLEANUP_H
#define BASE_CLEANUP_H

#include <pthread.h>
#include <stddef.h>

/* Call fn(&variable) when the variable goes out of scope. */
#define AUTO(fn) __attribute__((cleanup(fn)))

/* The value of a pointer, which is NULL from then on: the caller owns it. */
#define TAKE(ptr)                                                              \
	({                                                                     \
		__typeof__(ptr) taken__ = (ptr);                               \
		(ptr) = NULL;                                                  \
		taken__;                                                       \
	})

/* For AUTO(): free() of a char *, and close() of a descriptor >= 0. */
void free_text(char **text);
void close_fd(int *fd);

static inline void mutex_release(pthread_mutex_t **held)
{
	if (*held)
		pthread_mutex_unlock(*held);
}

static inline void rwlock_release(pthread_rwlock_t **held)
{
	if (*held)
		pthread_rwlock_unlock(*held);
}

static inline pthread_mutex_t *mutex_hold(pthread_mutex_t *m)
{
	pthread_mutex_lock(m);
	return m;
}

static inline pthread_rwlock_t *rwlock_read(pthread_rwlock_t *l)
{
	pthread_rwlock_rdlock(l);
	return l;
}

static inline pthread_rwlock_t *rwlock_write(pthread_rwlock_t *l)
{
	pthread_rwlock_wrlock(l);
	return l;
}

/* Hold a lock till the end of the scope; one of these in a scope. */
#define HOLD(mutex)                                                            \
	AUTO(mutex_release)                                                    \
	__attribute__((unused)) pthread_mutex_t *held__ = mutex_hold(mutex)
#define HOLD_READ(lock)                                                        \
	AUTO(rwlock_release)                                                   \
	__attribute__((unused)) pthread_rwlock_t *held__ = rwlock_read(lock)
#define HOLD_WRITE(lock)                                                       \
	AUTO(rwlock_release)                                                   \
	__attribute__((unused)) pthread_rwlock_t *held__ = rwlock_write(lock)

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#endif
