/* A clock that runs at a rate of its own, for one process and what it starts: preloaded by tools/lab/sync.
 *
 * JAM_CLOCK_PPM is by how many millionths it is fast. The steady clocks (monotonic, raw, coarse, boot time) are scaled from the moment of
 * the start; waits that name an instant on one of them are scaled back, so that they end when they should. The wall clock stays the
 * machine's: a sound server stamps its timing with it, and a player relates it to its own steady clock whenever it reads a stamp, as it would
 * where both are parts of one machine.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

static int (*real_gettime)(clockid_t, struct timespec *);
static int (*real_timedwait)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
static int (*real_clockwait)(pthread_cond_t *, pthread_mutex_t *, clockid_t, const struct timespec *);
static int (*real_nanosleep)(clockid_t, int, const struct timespec *, struct timespec *);
static double rate;                             /* in excess of 1 */
static long long base[16];                      /* by clock, nanoseconds */

static long long to_ns(const struct timespec *t) { return t->tv_sec * 1000000000LL + t->tv_nsec; }

static struct timespec from_ns(long long ns)
{
    struct timespec t = { ns / 1000000000LL, ns % 1000000000LL };
    return t;
}

static int is_steady(clockid_t id)
{
    return id == CLOCK_MONOTONIC || id == CLOCK_MONOTONIC_RAW || id == CLOCK_MONOTONIC_COARSE || id == CLOCK_BOOTTIME;
}

/* The oldest version of the condition variables, which a plain look-up may find, is another type. */
static void *next(const char *name, const char *version)
{
    void *found = version ? dlvsym(RTLD_NEXT, name, version) : NULL;
    return found ? found : dlsym(RTLD_NEXT, name);
}

__attribute__((constructor)) static void prepare(void)
{
    if (real_gettime)
        return;
    int (*gettime)(clockid_t, struct timespec *) = next("clock_gettime", NULL);
    const char *ppm = getenv("JAM_CLOCK_PPM");
    struct timespec now;
    for (clockid_t id = 0; id < 16; id++)
        if (is_steady(id) && gettime(id, &now) == 0)
            base[id] = to_ns(&now);
    rate = ppm ? atof(ppm) * 1e-6 : 0;
    real_timedwait = next("pthread_cond_timedwait", "GLIBC_2.3.2");
    real_clockwait = next("pthread_cond_clockwait", NULL);
    real_nanosleep = next("clock_nanosleep", NULL);
    real_gettime = gettime;
}

/* The machine's instant of one on the scaled clock. */
static struct timespec unscaled(clockid_t id, const struct timespec *t)
{
    return from_ns(base[id] + (long long)((to_ns(t) - base[id]) / (1 + rate)));
}

int clock_gettime(clockid_t id, struct timespec *t)
{
    prepare();
    int result = real_gettime(id, t);
    if (result == 0 && is_steady(id)) {
        long long since = to_ns(t) - base[id];
        *t = from_ns(base[id] + since + (long long)(since * rate));
    }
    return result;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *until)
{
    prepare();
    /* Which clock a condition goes by is told by the instant: only the wall clock has counted a thousand million seconds. */
    struct timespec t = until->tv_sec < 1000000000 ? unscaled(CLOCK_MONOTONIC, until) : *until;
    return real_timedwait(condition, mutex, &t);
}

int pthread_cond_clockwait(pthread_cond_t *condition, pthread_mutex_t *mutex, clockid_t id, const struct timespec *until)
{
    prepare();
    struct timespec t = is_steady(id) ? unscaled(id, until) : *until;
    return real_clockwait(condition, mutex, id, &t);
}

int clock_nanosleep(clockid_t id, int flags, const struct timespec *until, struct timespec *left)
{
    prepare();
    struct timespec t = (flags & TIMER_ABSTIME) && is_steady(id) ? unscaled(id, until) : *until;
    return real_nanosleep(id, flags, &t, left);
}
